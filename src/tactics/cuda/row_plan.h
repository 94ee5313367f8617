// Which threads work on which rows of a tensor: what reductions, softmax and normalization share.
#pragma once

#include "tactics/cuda/kernel_call.h"

namespace ingot::cuda {

// One dim of a tensor: its size and its strides in x, in y, and in further tensors.
struct RowDim {
  int64_t size = 1, x = 0, y = 0;
  std::vector<int64_t> extra;
  bool in_row = false;
};

struct RowPlan {
  RowParameters parameters{};
  size_t outer_rank = 1, row_rank = 1;
  int lanes = 32;
  GridSize grid;

  // `dims` from outermost to innermost in x's memory.
  static Result<RowPlan> make(const std::vector<RowDim>& dims, size_t extras);
  // The kernel's definitions of ranks and lanes.
  std::string definitions() const;
};

// x's dims in the order of memory, without strides of others.
std::vector<RowDim> row_dims(const Shape& shape, Format format, const std::vector<bool>& in_row);
// What such kernels share, and the kernel.
std::string row_kernel_source(std::string_view name, const std::string& definitions);
// "-infinity" of a compute type, as code.
std::string least_code(const std::string& real);

// A kernel that takes rows of input 0 to output 0. Inputs behind the first are the plan's further tensors.
struct RowLaunch final : Launch {
  KernelFunction kernel;
  RowPlan plan;
  Operands operands;
  size_t extras = 0;

  Status run(const RunArguments& arguments) const override {
    RowParameters p = plan.parameters;
    p.x = operands.at(arguments, 0);
    p.y = arguments.outputs[0];
    for (size_t i = 0; i < extras; ++i) p.extra[i] = operands.at(arguments, i + 1);
    return kernel.launch(plan.grid, 256, arguments.stream, p);
  }
};

}  // namespace ingot::cuda
