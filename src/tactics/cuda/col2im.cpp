// cuda.col2im: each element of the image gathers what the blocks have for it.
#include "operators/col2im.h"

#include "tactics/cuda/call.h"

namespace ingot::cuda {
namespace {

constexpr size_t kMostAxes = 4;

struct Col2ImGather final : CallTactic {
  std::string_view name() const override { return "cuda.col2im"; }
  Status takes(const Problem& problem) const override {
    REQUIRES(dynamic_cast<const Col2Im*>(problem.op), std::string(problem.op->name()) + " is no col2im");
    REQUIRES(problem.constants.size() > 2 && problem.constants[2].data(), "the dims of a block are no constants");
    REQUIRES(problem.outputs[0].dims.size() <= 2 + kMostAxes, "there are more than " + std::to_string(kMostAxes) + " axes");
    return all_linear(problem);
  }
  Result<Call> call(CudaDevice& device, const Problem& problem, const std::vector<Shape>& inputs,
                    const std::vector<Shape>& outputs) const override {
    const auto& op = static_cast<const Col2Im&>(*problem.op);
    const Shape block = problem.constants[2].integers(), &x = inputs[0], &y = outputs[0];
    Call call;
    TRY_ASSIGN(call.parameters.count, volume(y));
    int64_t elements = 1, blocks = 1;
    for (size_t d = 0; d < block.size(); ++d) {
      const int64_t dilation = op.dilations.empty() ? 1 : op.dilations[d], stride = op.strides.empty() ? 1 : op.strides[d];
      const int64_t before = op.pads.empty() ? 0 : op.pads[d], after = op.pads.empty() ? 0 : op.pads[block.size() + d];
      if (block[d] < 1 || block[d] > INT32_MAX || y[2 + d] > INT32_MAX)
        return invalid("blocks " + to_text(block) + " of an image " + to_text(y) + " are too large");
      const int64_t room = y[2 + d] + before + after - dilation * (block[d] - 1) - 1, count = room < 0 ? 0 : room / stride + 1;
      const int64_t own[] = {y[2 + d], block[d], count, dilation, stride, before};
      std::copy(std::begin(own), std::end(own), call.parameters.sizes + 6 * d);
      if (__builtin_mul_overflow(elements, block[d], &elements) || __builtin_mul_overflow(blocks, count, &blocks))
        return invalid("blocks " + to_text(block) + " are too large");
    }
    if (x[1] != y[1] * elements || x[2] != blocks)
      return invalid("an image " + to_text(y) + " has " + std::to_string(blocks) + " blocks " + to_text(block) + ", but the input is " +
                     to_text(x));
    const DataType type = problem.inputs[0].type;
    TRY(call.add(
        device, "col2im",
        storage_definition("X", type) + "typedef X Y;\n" + store_definition(type) + "#define AXES " + std::to_string(block.size()) + "\n",
        "col2im", call.parameters.count));
    return call;
  }
};

}  // namespace
}  // namespace ingot::cuda

namespace ingot {
TACTIC(cuda::Col2ImGather, cuda, col2im)
}  // namespace ingot
