// cpu.gather: slices of a linear tensor by index; blocks of bytes are copied.
#include "operators/gather.h"

#include <algorithm>
#include <atomic>
#include <cstring>

#include "tactics/layout.h"

namespace ingot {
namespace {

constexpr int64_t kPartBytes = 48 * 1024;

struct GatherLaunch final : Launch {
  const Array* x_constant = nullptr;
  const Array* indices_constant = nullptr;
  int64_t batches = 1, outer = 1, length = 1, picks = 1, block = 1;  // block in bytes
  bool wide = false;                                                 // int64 indices
  int64_t units = 0, parts = 1;

  int64_t index_at(const void* indices, int64_t i) const {
    return wide ? static_cast<const int64_t*>(indices)[i] : static_cast<const int32_t*>(indices)[i];
  }

  Status run(const RunArguments& arguments) const override {
    const auto* x = static_cast<const char*>(x_constant ? x_constant->data() : arguments.inputs[0]);
    const void* indices = indices_constant ? indices_constant->data() : arguments.inputs[1];
    auto* y = static_cast<char*>(arguments.outputs[0]);
    std::atomic<int64_t> wrong{-1};
    arguments.pool->run(parts, [&](int64_t part, int) {
      for (int64_t unit = units * part / parts; unit < units * (part + 1) / parts; ++unit) {
        const int64_t pick = unit % picks, row = unit / picks, batch = row / outer;
        int64_t index = index_at(indices, batch * picks + pick);
        if (index < -length || index >= length) {
          wrong.store(batch * picks + pick, std::memory_order_relaxed);
          index = 0;
          if (length == 0) continue;
        }
        if (index < 0) index += length;
        std::memcpy(y + unit * block, x + (row * length + index) * block, static_cast<size_t>(block));
      }
    });
    if (const int64_t at = wrong.load(std::memory_order_relaxed); at >= 0)
      return invalid("gather: index " + std::to_string(index_at(indices, at)) + " lies outside of an axis of " + std::to_string(length) +
                     " elements");
    return Ok{};
  }
};

struct GatherKernel final : Kernel {
  Gather op;
  Array x, indices;
  bool wide = false;
  DataType type = DataType::kFloat;

  Result<std::unique_ptr<Launch>> launch(const std::vector<Shape>& inputs, const std::vector<Shape>& outputs) const override {
    auto launch = std::make_unique<GatherLaunch>();
    const Shape& shape = inputs[0];
    TRY_ASSIGN(const int64_t along, normalize_axis(op.axis, static_cast<int64_t>(shape.size())));
    const auto axis = static_cast<size_t>(along),
               batch_dims = static_cast<size_t>(op.batch_dims < 0 ? op.batch_dims + static_cast<int64_t>(inputs[1].size()) : op.batch_dims);
    for (size_t d = 0; d < batch_dims; ++d) launch->batches *= shape[d];
    for (size_t d = batch_dims; d < axis; ++d) launch->outer *= shape[d];
    for (size_t d = batch_dims; d < inputs[1].size(); ++d) launch->picks *= inputs[1][d];
    launch->block = bits_of(type) / 8;
    for (size_t d = axis + 1; d < shape.size(); ++d) launch->block *= shape[d];
    launch->length = shape[axis];
    TRY_ASSIGN(const int64_t total, volume(outputs[0]));
    launch->units = total == 0 ? 0 : launch->batches * launch->outer * launch->picks;
    launch->parts = std::clamp<int64_t>(total * bits_of(type) / 8 / kPartBytes, 1, std::max<int64_t>(1, launch->units));
    launch->wide = wide;
    if (x.data()) launch->x_constant = &x;
    if (indices.data()) launch->indices_constant = &indices;
    return std::unique_ptr<Launch>(std::move(launch));
  }
};

struct GatherBlocks final : Tactic {
  std::string_view name() const override { return "cpu.gather"; }

  Status accepts(const Problem& problem) const override {
    REQUIRES(dynamic_cast<const Gather*>(problem.op), std::string(problem.op->name()) + " is no gather");
    REQUIRES(bits_of(problem.inputs[0].type) >= 8, std::string(name_of(problem.inputs[0].type)) + " elements are smaller than a byte");
    return all_linear(problem);
  }
  std::vector<Formats> proposals(const Problem& problem) const override {
    return {{std::vector<Format>(problem.inputs.size(), Format::kLinear), {Format::kLinear}}};
  }

  Result<std::unique_ptr<Kernel>> prepare(const Problem& problem, const std::vector<PackedWeights>&) const override {
    auto kernel = std::make_unique<GatherKernel>();
    kernel->op = static_cast<const Gather&>(*problem.op);
    kernel->type = problem.inputs[0].type;
    kernel->wide = problem.inputs[1].type == DataType::kInt64;
    if (is_constant(problem, 0)) kernel->x = problem.constants[0];
    if (is_constant(problem, 1)) kernel->indices = problem.constants[1];
    return std::unique_ptr<Kernel>(std::move(kernel));
  }

  std::optional<double> estimate_ms(const Problem& problem) const override {
    if (problem.opt_inputs.size() < 2) return std::nullopt;
    return 0.002 + static_cast<double>(volume(problem.opt_inputs[1]).value_or(0)) * 1e-4;
  }
};

}  // namespace

TACTIC(GatherBlocks, cpu, gather)

}  // namespace ingot
