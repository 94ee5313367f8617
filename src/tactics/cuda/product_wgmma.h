// Products by the warp groups of sm_90a with any epilogue in the same kernel; see kernels/product_wgmma.cu.
#pragma once

#include "tactics/cuda/product_code.h"

namespace ingot::cuda {

// What a warp group makes, whether the two of a block share a tile or take turns, the blocks of a cluster, and steps on their way.
struct WgmmaShape {
  int group_rows, columns;
  bool together;
  int cluster_rows, cluster_columns, stages;
};
constexpr WgmmaShape kWgmmaShapes[] = {
    {64, 256, true, 1, 1, 4}, {128, 128, false, 1, 1, 6}, {128, 192, false, 1, 1, 5}, {128, 192, false, 2, 1, 5}};
constexpr int kWgmmaShapeCount = static_cast<int>(sizeof kWgmmaShapes / sizeof kWgmmaShapes[0]);

// y = finish(a * b): a has dense rows, b is a constant; depth is a multiple of 8, and columns are one of 32.
Status accepts_wgmma(const Problem& problem, const EpilogueFields& fields, const WgmmaShape& shape, int64_t rows, int64_t columns,
                     int64_t depth);

class WgmmaProduct {
 public:
  // The weights are [columns, depth], or [depth, columns] where `depth_first`.
  static Result<WgmmaProduct> make(CudaDevice& device, const Problem& problem, const EpilogueFields& fields, const WgmmaShape& shape,
                                   int64_t columns, int64_t depth, bool depth_first);
  // `p` has sizes, strides and pointers, but for b.
  Status run(const ProductParameters& p, Stream stream) const;

 private:
  CudaDevice* device_ = nullptr;
  KernelFunction kernel_;
  WgmmaShape shape_{};
  DataType type_ = DataType::kHalf;
  DeviceMemory weights_;
};

// Of one product whose pointers are left for the run.
struct WgmmaLaunch final : Launch {
  WgmmaProduct product;
  ProductParameters parameters{};
  Operands operands;
  size_t inputs = 0;

  Status run(const RunArguments& arguments) const override;
};

}  // namespace ingot::cuda
