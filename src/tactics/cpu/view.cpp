// cpu.view: reshapes, squeezes and transposes whose bytes stay where they are. The memory planner lets the output share its input's
// memory; where the addresses differ all the same, the bytes are copied.
#include <algorithm>
#include <cstring>

#include "operators/transpose.h"
#include "tactics/layout.h"

namespace ingot {
namespace {

bool keeps_element_order(std::string_view name) {
  return name == "reshape" || name == "squeeze" || name == "unsqueeze" || name == "flatten" || name == "identity" || name == "reformat";
}

// Axes in the order of memory, outermost first, without those of one element.
std::vector<int64_t> memory_order(const Dims& dims, Format format) {
  const auto rank = static_cast<int64_t>(dims.size());
  std::vector<int64_t> order;
  const bool last = rank >= 3 && format != Format::kLinear;
  for (int64_t d = 0; d < rank; ++d) {
    if (!(last && d == 1) && !dims[d].is(1)) order.push_back(d);
  }
  if (last && !dims[1].is(1)) order.push_back(1);
  return order;
}

bool is_linear_in_effect(const Dims& dims, Format format) {
  const auto order = memory_order(dims, format);
  return std::is_sorted(order.begin(), order.end());
}

std::vector<int64_t> permutation_of(const Operator& op, int64_t rank) {
  auto permutation = static_cast<const Transpose&>(op).permutation;
  if (permutation.empty()) {
    for (int64_t d = rank - 1; d >= 0; --d) permutation.push_back(d);
  }
  return permutation;
}

bool keeps_bytes(const Problem& problem, Format from, Format to) {
  const Dims &x = problem.inputs[0].dims, &y = problem.outputs[0].dims;
  if (problem.op->name() == "transpose") {
    if (!has_strides(from) || !has_strides(to) || channel_group(from) > 1 || channel_group(to) > 1) return false;
    const auto permutation = permutation_of(*problem.op, problem.inputs[0].rank());
    if (permutation.size() != x.size()) return false;
    auto target = memory_order(y, to);
    for (int64_t& axis : target) axis = permutation[axis];
    return target == memory_order(x, from);
  }
  if (x == y && from == to) return true;
  if (channel_group(from) > 1 || channel_group(to) > 1) return false;
  if (is_linear_in_effect(x, from) && is_linear_in_effect(y, to)) return true;
  if (x == y) return memory_order(x, from) == memory_order(y, to);
  // Spatial dims may be merged and split as long as the channels stay innermost.
  return x.size() >= 3 && y.size() >= 3 && is_channels_last(from) && is_channels_last(to) && x[0] == y[0] && x[1] == y[1];
}

struct ViewLaunch final : Launch {
  const Array* constant = nullptr;
  size_t bytes = 0;

  Status run(const RunArguments& arguments) const override {
    const void* from = constant ? constant->data() : arguments.inputs[0];
    void* to = arguments.outputs[0];
    if (from == to || bytes == 0) return Ok{};
    constexpr size_t kPiece = 64 * 1024;
    const auto pieces = static_cast<int64_t>((bytes + kPiece - 1) / kPiece);
    arguments.pool->run(pieces, [&](int64_t piece, int) {
      const size_t begin = static_cast<size_t>(piece) * kPiece;
      std::memcpy(static_cast<char*>(to) + begin, static_cast<const char*>(from) + begin, std::min(kPiece, bytes - begin));
    });
    return Ok{};
  }
};

struct ViewKernel final : Kernel {
  DataType type = DataType::kFloat;
  Format format = Format::kLinear;
  Array constant;

  Result<std::unique_ptr<Launch>> launch(const std::vector<Shape>&, const std::vector<Shape>& outputs) const override {
    auto launch = std::make_unique<ViewLaunch>();
    TRY_ASSIGN(launch->bytes, storage_bytes(type, format, outputs[0]));
    if (constant.data()) launch->constant = &constant;
    return std::unique_ptr<Launch>(std::move(launch));
  }
};

struct View final : Tactic {
  std::string_view name() const override { return "cpu.view"; }

  Status accepts(const Problem& problem) const override {
    REQUIRES(keeps_element_order(problem.op->name()) || problem.op->name() == "transpose",
             std::string(problem.op->name()) + " changes values or their order");
    REQUIRES(!problem.inputs.empty() && problem.outputs.size() == 1 && is_present(problem, 0),
             "it has other inputs or outputs than a view");
    REQUIRES(problem.inputs[0].type == problem.outputs[0].type, "the element type changes");
    REQUIRES(keeps_bytes(problem, input_format(problem, 0), output_format(problem, 0)),
             "elements change their places from " + std::string(name_of(input_format(problem, 0))) + " " + problem.inputs[0].text() +
                 " to " + std::string(name_of(output_format(problem, 0))) + " " + problem.outputs[0].text());
    return Ok{};
  }

  std::vector<Formats> proposals(const Problem& problem) const override {
    std::vector<Formats> result;
    if (problem.inputs.empty() || problem.outputs.empty()) return result;
    for (Format from : {Format::kLinear, Format::kChannelsLast}) {
      for (Format to : {Format::kLinear, Format::kChannelsLast}) {
        if (from != Format::kLinear && (problem.inputs[0].rank() < 3 || is_constant(problem, 0))) continue;
        if (to != Format::kLinear && problem.outputs[0].rank() < 3) continue;
        if (!keeps_bytes(problem, from, to)) continue;
        Formats formats{std::vector<Format>(problem.inputs.size(), Format::kLinear), {to}};
        formats.inputs[0] = from;
        result.push_back(std::move(formats));
      }
    }
    return result;
  }

  Result<std::unique_ptr<Kernel>> prepare(const Problem& problem, const std::vector<PackedWeights>&) const override {
    auto kernel = std::make_unique<ViewKernel>();
    kernel->type = problem.outputs[0].type;
    kernel->format = output_format(problem, 0);
    if (is_constant(problem, 0)) kernel->constant = problem.constants[0];
    return std::unique_ptr<Kernel>(std::move(kernel));
  }

  std::optional<double> estimate_ms(const Problem&) const override { return 0.0001; }
};

}  // namespace

TACTIC(View, cpu, view)

}  // namespace ingot
