// What the attentions on tensor cores share: what they take, the definitions of their kernels, and their launch.
#pragma once

#include "tactics/cuda/attention_geometry.h"
#include "tactics/cuda/library_product.h"

namespace ingot::cuda {

// Attention of half or bf16 on linear tensors of one type; then the geometry of the shapes to tune for.
Result<AttentionParameters> accepts_attention_cores(const Problem& problem);

struct AttentionCoresLaunch final : Launch {
  KernelFunction kernel;
  AttentionGeometry geometry;
  Operands operands;
  bool packed = false, has_mask = false;
  int rows = 64, threads = 128;  // of a block

  Status run(const RunArguments& arguments) const override;
};

// A launch for these shapes that lacks its kernel.
struct AttentionCores {
  CudaDevice* device = nullptr;
  Problem problem;
  Attention op;
  Operands operands;

  static Result<AttentionCores> make(const Problem& problem);
  std::unique_ptr<AttentionCoresLaunch> launch(const std::vector<Shape>& shapes, const std::vector<Shape>& outputs) const;
  // Rows of the mask differ, and are read 16 bytes at a time.
  bool has_mask_tiles(const AttentionCoresLaunch& launch) const;
  // T, MASK and what stands beside the numbers of a kernel; with its own `numbers` and the text that both kernels share.
  std::string code(const AttentionCoresLaunch& launch, const std::vector<std::pair<const char*, int64_t>>& numbers) const;
};

}  // namespace ingot::cuda
