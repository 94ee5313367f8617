// cuda.grid_sample: a thread for each element of the output.
#include "operators/grid_sample.h"

#include "tactics/cuda/call.h"
#include "tactics/cuda/expression_code.h"

namespace ingot::cuda {
namespace {

constexpr int64_t kMostAxes = 6;

struct GridSampleElements final : CallTactic {
  std::string_view name() const override { return "cuda.grid_sample"; }
  Status takes(const Problem& problem) const override {
    REQUIRES(dynamic_cast<const GridSample*>(problem.op), std::string(problem.op->name()) + " is no grid_sample");
    REQUIRES(problem.inputs[0].rank() - 2 <= kMostAxes, "more than " + std::to_string(kMostAxes) + " axes");
    REQUIRES(is_floating(problem.inputs[0].type), "elements are no floating-point numbers");
    REQUIRES(input_format(problem, 1) == Format::kLinear && output_format(problem, 0) == Format::kLinear,
             "the grid or the output is not linear");
    return Ok{};
  }
  Result<Call> call(CudaDevice& device, const Problem& problem, const std::vector<Shape>& inputs,
                    const std::vector<Shape>& outputs) const override {
    const auto& op = static_cast<const GridSample&>(*problem.op);
    Call call;
    const Shape &x = inputs[0], &y = outputs[0];
    const size_t axes = x.size() - 2;
    TRY_ASSIGN(call.parameters.count, volume(y));
    if (call.parameters.count == 0) return call;
    TRY_ASSIGN(const int64_t elements, volume(x));
    if (elements == 0) return invalid("an input " + to_text(x) + " has no elements to sample");
    auto& sizes = call.parameters.sizes;
    sizes[0] = x[1];
    sizes[1] = call.parameters.count / y[0] / y[1];
    const Shape strides = memory_strides(input_format(problem, 0), x);
    for (size_t axis = 0; axis < axes; ++axis) {
      sizes[2 + axis] = x[2 + axis];
      sizes[8 + axis] = strides[2 + axis];
    }
    sizes[14] = strides[1];
    sizes[15] = strides[0];
    const int taps = op.mode == SampleMode::kNearest ? 1 : op.mode == SampleMode::kLinear ? 2 : 4;
    const std::string code =
        storage_definition("X", problem.inputs[0].type) + storage_definition("GRID", problem.inputs[1].type) + "typedef " +
        compute_type(problem.inputs[0].type) + " REAL;\n#define STORE(value) store<X>(value)\n#define AXES " + std::to_string(axes) +
        "\n#define TAPS " + std::to_string(taps) +
        "\n#define MODE_LINEAR 0\n#define MODE_NEAREST 1\n#define MODE_CUBIC 2\n#define PADDING_ZEROS 0\n#define PADDING_BORDER 1\n"
        "#define PADDING_REFLECTION 2\n#define MODE " +
        std::to_string(static_cast<int>(op.mode)) + "\n#define PADDING " + std::to_string(static_cast<int>(op.padding)) +
        "\n#define ALIGN_CORNERS " + std::to_string(op.align_corners) + "\n";
    TRY(call.add(device, "grid_sample", code, "grid_sample", call.parameters.count));
    return call;
  }
};

}  // namespace
}  // namespace ingot::cuda

namespace ingot {
TACTIC(cuda::GridSampleElements, cuda, grid_sample)
}  // namespace ingot
