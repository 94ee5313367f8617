// cuBLASLt, found at run time: matrix products by NVIDIA's kernels. The declarations are our own, of the calls that are used.
#pragma once

#include <cstddef>
#include <cstdint>

#include "device/cuda/cuda_device.h"

namespace ingot::cuda {

// How to run a product: opaque, the same for equal problems under one version of the library.
struct LtAlgorithm {
  uint64_t data[8];
};
struct LtCandidate {
  LtAlgorithm algorithm;
  size_t workspace_bytes;
  int state;  // 0 where the others count
  float waves;
  int reserved[4];
};

// The library's numbers for what it is told.
constexpr int kLtFloat = 0, kLtHalf = 2, kLtBf16 = 14;  // element types
constexpr int kLtComputeFloat = 68, kLtComputeTf32 = 77;
constexpr int kLtTransposeA = 3, kLtTransposeB = 4, kLtEpilogue = 7, kLtBiasPointer = 8, kLtBiasType = 26;  // of a product
constexpr int kLtBatchCount = 5, kLtBatchStride = 6;                                                        // of a matrix
constexpr int kLtMostWorkspace = 1, kLtReductionSchemes = 3, kLtAlignmentA = 5, kLtAlignmentB = 6, kLtAlignmentC = 7,
              kLtAlignmentD = 8;                                              // of wishes
constexpr int kLtEpilogueNone = 1, kLtEpilogueRelu = 2, kLtEpilogueBias = 4;  // added up, but none
constexpr int kLtOperationNone = 0, kLtOperationTranspose = 1;
// Partial sums meet in a workspace, in one order; not in the output.
constexpr unsigned kLtOrderedReductions = 2 | 4;

struct CublasLt {
  int (*create)(void** handle);
  size_t (*version_call)();
  int (*product_create)(void** product, int compute, int scale_type);
  int (*product_set)(void* product, int attribute, const void* value, size_t bytes);
  int (*product_destroy)(void* product);
  int (*matrix_create)(void** matrix, int type, uint64_t rows, uint64_t columns, int64_t leading);
  int (*matrix_set)(void* matrix, int attribute, const void* value, size_t bytes);
  int (*matrix_destroy)(void* matrix);
  int (*wishes_create)(void** wishes);
  int (*wishes_set)(void* wishes, int attribute, const void* value, size_t bytes);
  int (*wishes_destroy)(void* wishes);
  int (*candidates)(void* handle, void* product, void* a, void* b, void* c, void* d, void* wishes, int most, LtCandidate* found,
                    int* count);
  int (*check)(void* handle, void* product, void* a, void* b, void* c, void* d, const LtAlgorithm* algorithm, LtCandidate* result);
  int (*run)(void* handle, void* product, const void* alpha, const void* a_data, void* a, const void* b_data, void* b, const void* beta,
             const void* c_data, void* c, void* d_data, void* d, const LtAlgorithm* algorithm, void* workspace, size_t workspace_bytes,
             CuStream stream);

  // An error that names the call, or Ok for 0.
  static Status status(const char* call, int code);
};

// Loaded once; an error says that it is missing.
Result<const CublasLt*> cublaslt();
// The library's state for a device, made at the first call.
Result<void*> cublaslt_handle(CudaDevice& device);

}  // namespace ingot::cuda
