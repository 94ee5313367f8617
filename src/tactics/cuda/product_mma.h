// Products on tensor cores with any epilogue in the same kernel: what the tactics of matrix products and convolutions share.
#pragma once

#include "tactics/cuda/product_code.h"
#include "tactics/cuda/tensor_core.h"

namespace ingot::cuda {

// What a block makes, and each of its warps; see kernels/product_mma.cu.
struct MmaTile {
  int rows, columns, warp_rows, warp_columns, step, stages;
};
constexpr MmaTile kMmaTiles[] = {{128, 128, 64, 64, 32, 3}, {128, 128, 64, 32, 32, 3}, {128, 64, 64, 32, 32, 4},
                                 {128, 32, 32, 32, 32, 4},  {64, 64, 32, 32, 64, 3},   {32, 32, 16, 16, 64, 4}};
constexpr int kMmaTileCount = static_cast<int>(sizeof kMmaTiles / sizeof kMmaTiles[0]);

// y = finish(a * b^T): input 1 of the problem is a constant; depth and columns are multiples of 8, and the tile is not far larger than the
// product that is tuned for.
Status accepts_mma(const Problem& problem, const EpilogueFields& fields, const MmaTile& tile, int64_t rows, int64_t columns, int64_t depth);

// Rows that are windows: lines of taps, elements of each, and whether 8 of those lie on 16 bytes.
struct MmaWindows {
  int64_t lines = 0, line = 0;
  bool aligned = false;
};

class MmaProduct {
 public:
  static Result<MmaProduct> make(CudaDevice& device, const Problem& problem, const EpilogueFields& fields, const MmaTile& tile,
                                 const MmaWindows* windows = nullptr);
  // `p` has sizes, strides and pointers; `windows` says where windows lie.
  Status run(const ProductParameters& p, const WindowRows& windows, Stream stream) const;

 private:
  KernelFunction kernel_;
  MmaTile tile_{};
  bool has_windows_ = false;
};

// Of one product whose pointers are left for the run.
struct MmaLaunch final : Launch {
  MmaProduct product;
  ProductParameters parameters{};
  WindowRows windows{};
  Operands operands;
  size_t inputs = 0;

  Status run(const RunArguments& arguments) const override;
};

}  // namespace ingot::cuda
