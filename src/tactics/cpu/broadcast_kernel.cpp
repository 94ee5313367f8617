#include "tactics/cpu/broadcast_kernel.h"

#include <algorithm>

#include "tactics/cpu/broadcast_loop.h"

namespace ingot {
namespace {

constexpr double kPartNanoseconds = 3000;  // that are worth a part, by estimate

struct BroadcastLaunch final : Launch {
  const CompiledExpression& expression;
  const std::vector<Array>& constants;
  BroadcastLoop loop;
  std::vector<int> element_bytes;
  int output_bytes = 4;
  int64_t parts = 1;

  BroadcastLaunch(const CompiledExpression& expression, const std::vector<Array>& constants)
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

struct BroadcastKernel final : Kernel {
  CompiledExpression expression;
  std::vector<Array> constants;
  std::vector<Format> formats;
  Format output_format = Format::kLinear;
  std::vector<int> element_bytes;
  std::vector<bool> present;
  int output_bytes = 4;
  BroadcastShape shape_of;

  Result<std::unique_ptr<Launch>> launch(const std::vector<Shape>& given, const std::vector<Shape>& outputs) const override {
    auto launch = std::make_unique<BroadcastLaunch>(expression, constants);
    std::vector<Shape> inputs;
    for (size_t i = 0; i < present.size(); ++i)
      inputs.push_back(!present[i] ? Shape{} : shape_of ? shape_of(i, given[i], outputs[0]) : given[i]);
    TRY_ASSIGN(launch->loop, BroadcastLoop::make(outputs[0], output_format, inputs, formats, CompiledExpression::kTile));
    launch->element_bytes = element_bytes;
    launch->output_bytes = output_bytes;
    const double nanoseconds = static_cast<double>(launch->loop.elements()) * (0.15 + expression.cost());
    launch->parts =
        std::clamp<int64_t>(static_cast<int64_t>(nanoseconds / kPartNanoseconds), 1, std::max<int64_t>(1, launch->loop.pieces()));
    return std::unique_ptr<Launch>(std::move(launch));
  }
};

}  // namespace

std::unique_ptr<Kernel> broadcast_kernel(const Problem& problem, CompiledExpression expression, BroadcastShape shape_of) {
  auto kernel = std::make_unique<BroadcastKernel>();
  kernel->expression = std::move(expression);
  kernel->shape_of = std::move(shape_of);
  kernel->constants = problem.constants;
  kernel->constants.resize(problem.inputs.size());
  for (size_t i = 0; i < problem.inputs.size(); ++i) {
    kernel->formats.push_back(input_format(problem, i));
    kernel->element_bytes.push_back(bits_of(problem.inputs[i].type) / 8);
    kernel->present.push_back(is_present(problem, i));
  }
  kernel->output_format = output_format(problem, 0);
  kernel->output_bytes = bits_of(problem.outputs[0].type) / 8;
  return kernel;
}

Status accepts_broadcast(const Problem& problem) {
  REQUIRES(problem.inputs.size() <= BroadcastLoop::kMostInputs, "there are more than 16 inputs");
  for (size_t i = 0; i < problem.inputs.size(); ++i) {
    const Format format = input_format(problem, i);
    REQUIRES(has_strides(format) && channel_group(format) == 1, "input " + std::to_string(i) + " is " + std::string(name_of(format)));
    REQUIRES(!is_constant(problem, i) || format == Format::kLinear, "a constant is not linear");
  }
  const Format format = output_format(problem, 0);
  REQUIRES(has_strides(format) && channel_group(format) == 1, "the output is " + std::string(name_of(format)));
  return Ok{};
}

std::vector<Tactic::Formats> broadcast_formats(const Problem& problem) {
  Tactic::Formats linear = Tactic::linear_formats(problem);
  std::vector<Tactic::Formats> result{linear};
  const int64_t rank = problem.outputs[0].rank();
  if (rank < 3) return result;
  Tactic::Formats last = linear;
  last.outputs[0] = Format::kChannelsLast;
  for (size_t i = 0; i < problem.inputs.size(); ++i) {
    if (is_present(problem, i) && !is_constant(problem, i) && problem.inputs[i].rank() == rank) last.inputs[i] = Format::kChannelsLast;
  }
  result.push_back(std::move(last));
  return result;
}

std::optional<double> broadcast_estimate_ms(const Problem& problem, const CompiledExpression& expression) {
  if (problem.opt_inputs.empty()) return std::nullopt;
  double bytes = 0, most = 0;
  for (size_t i = 0; i < problem.opt_inputs.size() && i < problem.inputs.size(); ++i) {
    const auto count = static_cast<double>(volume(problem.opt_inputs[i]).value_or(0));
    bytes += count * bits_of(problem.inputs[i].type) / 8;
    most = std::max(most, count);
  }
  bytes += most * bits_of(problem.outputs[0].type) / 8;
  return 0.001 + bytes / 25e6 + most * expression.cost() / 1e6;
}

}  // namespace ingot
