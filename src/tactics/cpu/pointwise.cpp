// cpu.pointwise: elementwise layers and fused chains, tile by tile in L1, with broadcasting in any mix of layouts.
#include "operators/pointwise.h"

#include "tactics/cpu/broadcast_loop.h"
#include "tactics/cpu/expression_tiles.h"

namespace ingot {
namespace {

constexpr int64_t kPartElements = 16 * 1024;

Result<CompiledExpression> compile(const Problem& problem) {
  std::vector<DataType> types;
  for (const TensorType& input : problem.inputs) types.push_back(input.type);
  return CompiledExpression::compile(*problem.op, types, problem.outputs[0].type);
}

struct PointwiseLaunch final : Launch {
  const CompiledExpression& expression;
  const std::vector<Array>& constants;
  BroadcastLoop loop;
  std::vector<int> element_bytes;
  int output_bytes = 4;
  int64_t parts = 1;

  PointwiseLaunch(const CompiledExpression& expression, const std::vector<Array>& constants)
      : expression(expression), constants(constants) {}

  Status run(const RunArguments& arguments) const override {
    const size_t count = element_bytes.size();
    const char* addresses[BroadcastLoop::kMostInputs];
    for (size_t i = 0; i < count; ++i)
      addresses[i] = static_cast<const char*>(constants[i].data() ? constants[i].data() : arguments.inputs[i]);
    auto* out = static_cast<char*>(arguments.outputs[0]);
    arguments.pool->run(parts, [&](int64_t part, int) {
      CompiledExpression::Input inputs[BroadcastLoop::kMostInputs];
      for (size_t i = 0; i < count; ++i) {
        const auto strides = loop.strides(i);
        inputs[i] = {nullptr, strides.column, strides.row};
      }
      loop.run(loop.pieces() * part / parts, loop.pieces() * (part + 1) / parts,
               [&](int64_t output, const int64_t* offsets, int64_t rows, int64_t columns) {
                 for (size_t i = 0; i < count; ++i) inputs[i].data = addresses[i] + offsets[i] * element_bytes[i];
                 expression.run(inputs, out + output * output_bytes, rows, columns);
               });
    });
    return Ok{};
  }
};

struct PointwiseKernel final : Kernel {
  CompiledExpression expression;
  std::vector<Array> constants;
  std::vector<Format> formats;
  Format output_format = Format::kLinear;
  std::vector<int> element_bytes;
  int output_bytes = 4;

  Result<std::unique_ptr<Launch>> launch(const std::vector<Shape>& inputs, const std::vector<Shape>& outputs) const override {
    auto launch = std::make_unique<PointwiseLaunch>(expression, constants);
    TRY_ASSIGN(launch->loop, BroadcastLoop::make(outputs[0], output_format, inputs, formats, CompiledExpression::kTile));
    launch->element_bytes = element_bytes;
    launch->output_bytes = output_bytes;
    launch->parts = std::clamp<int64_t>(launch->loop.elements() / kPartElements, 1, std::max<int64_t>(1, launch->loop.pieces()));
    return std::unique_ptr<Launch>(std::move(launch));
  }
};

struct PointwiseTiles final : Tactic {
  std::string_view name() const override { return "cpu.pointwise"; }

  Status accepts(const Problem& problem) const override {
    REQUIRES(dynamic_cast<const Pointwise*>(problem.op) || dynamic_cast<const Elementwise*>(problem.op),
             std::string(problem.op->name()) + " is no pointwise operator");
    REQUIRES(problem.inputs.size() <= BroadcastLoop::kMostInputs, "there are more than 16 inputs");
    for (size_t i = 0; i < problem.inputs.size(); ++i) {
      REQUIRES(is_present(problem, i), "input " + std::to_string(i) + " is left out");
      REQUIRES(has_strides(input_format(problem, i)) && channel_group(input_format(problem, i)) == 1,
               "input " + std::to_string(i) + " is " + std::string(name_of(input_format(problem, i))));
    }
    REQUIRES(has_strides(output_format(problem, 0)) && channel_group(output_format(problem, 0)) == 1,
             "the output is " + std::string(name_of(output_format(problem, 0))));
    auto compiled = compile(problem);
    if (!compiled.ok()) return std::move(compiled).error();
    return Ok{};
  }

  // All linear; or channels last, where inputs of a lower rank than the output stay linear.
  std::vector<Formats> proposals(const Problem& problem) const override {
    Formats linear{std::vector<Format>(problem.inputs.size(), Format::kLinear), {Format::kLinear}};
    std::vector<Formats> result{linear};
    const int64_t rank = problem.outputs[0].rank();
    if (rank < 3) return result;
    Formats last = linear;
    last.outputs[0] = Format::kChannelsLast;
    for (size_t i = 0; i < problem.inputs.size(); ++i) {
      if (is_present(problem, i) && !is_constant(problem, i) && problem.inputs[i].rank() == rank) last.inputs[i] = Format::kChannelsLast;
    }
    result.push_back(std::move(last));
    return result;
  }

  Result<std::unique_ptr<Kernel>> prepare(const Problem& problem, const std::vector<PackedWeights>&) const override {
    auto kernel = std::make_unique<PointwiseKernel>();
    TRY_ASSIGN(kernel->expression, compile(problem));
    kernel->constants = problem.constants;
    kernel->constants.resize(problem.inputs.size());
    for (size_t i = 0; i < problem.inputs.size(); ++i) {
      kernel->formats.push_back(input_format(problem, i));
      kernel->element_bytes.push_back(bits_of(problem.inputs[i].type) / 8);
    }
    kernel->output_format = output_format(problem, 0);
    kernel->output_bytes = bits_of(problem.outputs[0].type) / 8;
    return std::unique_ptr<Kernel>(std::move(kernel));
  }

  std::optional<double> estimate_ms(const Problem& problem) const override {
    auto compiled = compile(problem);
    if (!compiled.ok() || problem.opt_inputs.empty()) return std::nullopt;
    double bytes = 0, most = 0;
    for (size_t i = 0; i < problem.opt_inputs.size() && i < problem.inputs.size(); ++i) {
      const auto count = static_cast<double>(volume(problem.opt_inputs[i]).value_or(0));
      bytes += count * bits_of(problem.inputs[i].type) / 8;
      most = std::max(most, count);
    }
    bytes += most * bits_of(problem.outputs[0].type) / 8;
    return 0.001 + bytes / 25e6 + most * compiled->cost() / 1e6;
  }
};

}  // namespace

TACTIC(PointwiseTiles, cpu, pointwise)

}  // namespace ingot
