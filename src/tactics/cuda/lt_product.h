// A product of matrices by cuBLASLt, in the terms of the other products' tactics.
#pragma once

#include <memory>

#include "device/cuda/cublaslt.h"
#include "tactics/cuda/kernel_call.h"

namespace ingot::cuda {

// What of an epilogue is part of the product: y = relu(a * b + residual + bias).
struct LtEpilogue {
  bool bias = false, relu = false, residual = false;
};

class LtProduct {
 public:
  ~LtProduct();
  // For the sizes and strides of `parameters`; the residual lies as y does, the bias has the type of the output. By `algorithm` where it
  // fits, else by the rank-th of the ways that the library proposes. An error of kind unsupported where there is none.
  static Result<std::unique_ptr<LtProduct>> make(CudaDevice& device, const ProductParameters& parameters, DataType type, DataType output,
                                                 bool tf32, const LtEpilogue& epilogue, const void* bias, const LtAlgorithm* algorithm,
                                                 int rank);
  size_t workspace_bytes() const { return candidate_.workspace_bytes > 0 ? candidate_.workspace_bytes + kWorkspaceAlignment : 0; }
  const LtAlgorithm& algorithm() const { return candidate_.algorithm; }
  // The sums are multiplied by `scale`.
  Status run(const void* a, const void* b, const void* residual, void* y, float scale, void* workspace, Stream stream) const;

 private:
  struct Descriptions;
  LtProduct();
  // An error of kind unsupported where equal rows get other bits.
  Status check_rows(CudaDevice& device, DataType type, DataType output) const;
  const CublasLt* lt_ = nullptr;
  void* handle_ = nullptr;
  std::unique_ptr<Descriptions> descriptions_;
  LtCandidate candidate_{};
  ProductParameters parameters_{};
  int64_t outer_ = 1;  // products besides those that lie evenly
  int64_t element_ = 4, y_element_ = 4;
  bool residual_ = false;
};

}  // namespace ingot::cuda
