// cpu.gather: slices of a linear tensor by index; blocks of bytes are copied.
#include "operators/gather.h"

#include <algorithm>
#include <cstring>

#include "tactics/cpu/indices.h"
#include "tactics/layout.h"

namespace ingot {
namespace {

constexpr int64_t kPartBytes = 48 * 1024;

struct GatherLaunch final : Launch {
  const IndexedOperands* operands = nullptr;
  int64_t batches = 1, outer = 1, length = 1, picks = 1, block = 1;  // block in bytes
  int64_t units = 0, parts = 1;

  Status run(const RunArguments& arguments) const override {
    const auto* x = static_cast<const char*>(operands->at(arguments, 0));
    const Indices indices = operands->indices(arguments);
    auto* y = static_cast<char*>(arguments.outputs[0]);
    WrongIndex wrong;
    arguments.pool->run(parts, [&](int64_t part, int) {
      for (int64_t unit = units * part / parts; unit < units * (part + 1) / parts; ++unit) {
        const int64_t row = unit / picks, at = row / outer * picks + unit % picks, index = wrong.checked(indices[at], length, at);
        if (length > 0) std::memcpy(y + unit * block, x + (row * length + index) * block, static_cast<size_t>(block));
      }
    });
    if (!wrong.any()) return Ok{};  // the text below takes memory
    return wrong.status("gather", indices, "an axis of " + std::to_string(length) + " elements");
  }
};

struct GatherKernel final : Kernel {
  Gather op;
  IndexedOperands operands;

  Result<std::unique_ptr<Launch>> launch(const std::vector<Shape>& inputs, const std::vector<Shape>& outputs) const override {
    auto launch = std::make_unique<GatherLaunch>();
    const Shape& shape = inputs[0];
    TRY_ASSIGN(const int64_t along, normalize_axis(op.axis, static_cast<int64_t>(shape.size())));
    const auto axis = static_cast<size_t>(along),
               batch_dims = static_cast<size_t>(op.batch_dims < 0 ? op.batch_dims + static_cast<int64_t>(inputs[1].size()) : op.batch_dims);
    for (size_t d = 0; d < batch_dims; ++d) launch->batches *= shape[d];
    for (size_t d = batch_dims; d < axis; ++d) launch->outer *= shape[d];
    for (size_t d = batch_dims; d < inputs[1].size(); ++d) launch->picks *= inputs[1][d];
    launch->block = bits_of(operands.type()) / 8;
    for (size_t d = axis + 1; d < shape.size(); ++d) launch->block *= shape[d];
    launch->length = shape[axis];
    TRY_ASSIGN(const int64_t total, volume(outputs[0]));
    launch->units = total == 0 ? 0 : launch->batches * launch->outer * launch->picks;
    launch->parts = std::clamp<int64_t>(total * bits_of(operands.type()) / 8 / kPartBytes, 1, std::max<int64_t>(1, launch->units));
    launch->operands = &operands;
    return std::unique_ptr<Launch>(std::move(launch));
  }
};

struct GatherBlocks final : LinearTactic {
  std::string_view name() const override { return "cpu.gather"; }

  Status accepts(const Problem& problem) const override {
    REQUIRES(dynamic_cast<const Gather*>(problem.op), std::string(problem.op->name()) + " is no gather");
    REQUIRES(bits_of(problem.inputs[0].type) >= 8, std::string(name_of(problem.inputs[0].type)) + " elements are smaller than a byte");
    return all_linear(problem);
  }

  Result<std::unique_ptr<Kernel>> prepare(const Problem& problem, const std::vector<PackedWeights>&) const override {
    return indexed_kernel<GatherKernel>(problem);
  }

  std::optional<double> estimate_ms(const Problem& problem) const override {
    if (problem.opt_inputs.size() < 2) return std::nullopt;
    return 0.002 + static_cast<double>(volume(problem.opt_inputs[1]).value_or(0)) * 1e-4;
  }
};

}  // namespace

TACTIC(GatherBlocks, cpu, gather)

}  // namespace ingot
