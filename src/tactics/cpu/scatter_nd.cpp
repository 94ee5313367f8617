// cpu.scatter_nd: the data are copied, then slices go in by their order. Threads share long slices by columns, so that slices which fall
// on the same place meet in the same order on any number of threads.
#include "operators/scatter_nd.h"

#include "tactics/cpu/indices.h"
#include "tactics/cpu/scatter_into.h"

namespace ingot {
namespace {

constexpr int64_t kPartElements = 16 * 1024;
constexpr int64_t kLeastColumns = 32;
constexpr size_t kMostTuple = 8;

struct ScatterNdLaunch final : Launch {
  const IndexedOperands* operands = nullptr;
  DataType type = DataType::kFloat;
  ScatterReduction reduction = ScatterReduction::kNone;
  size_t tuple = 1;
  int64_t lengths[kMostTuple] = {}, strides[kMostTuple] = {};
  int64_t block = 1, tuples = 0, parts = 1, bytes = 0;

  template <class T, ScatterReduction kReduction>
  void scatter(T* y, const Indices& indices, const T* updates, int64_t first, int64_t last, WrongIndex& wrong) const {
    for (int64_t t = 0; t < tuples; ++t) {
      int64_t offset = 0;
      for (size_t k = 0; k < tuple; ++k) {
        const int64_t at = t * static_cast<int64_t>(tuple) + static_cast<int64_t>(k);
        offset += wrong.checked(indices[at], lengths[k], at) * strides[k];
      }
      const T* from = updates + t * block;
      T* to = y + offset;
      if constexpr (kReduction == ScatterReduction::kNone) {
        if (last - first > 8) {
          std::memcpy(to + first, from + first, static_cast<size_t>(last - first) * sizeof(T));
          continue;
        }
      }
      for (int64_t i = first; i < last; ++i) to[i] = joined(to[i], from[i], kReduction);
    }
  }

  Status run(const RunArguments& arguments) const override {
    copy_by_all(*arguments.pool, operands->at(arguments, 0), arguments.outputs[0], bytes);
    const Indices indices = operands->indices(arguments);
    WrongIndex wrong;
    with_scatter(type, reduction, [&](auto element, auto how) {
      using T = decltype(element);
      arguments.pool->run(tuples == 0 ? 0 : parts, [&](int64_t part, int) {
        scatter<T, how()>(static_cast<T*>(arguments.outputs[0]), indices, static_cast<const T*>(operands->at(arguments, 2)),
                          block * part / parts, block * (part + 1) / parts, wrong);
      });
    });
    return wrong.status("scatter_nd", indices);
  }
};

struct ScatterNdKernel final : Kernel {
  ScatterNd op;
  IndexedOperands operands;

  Result<std::unique_ptr<Launch>> launch(const std::vector<Shape>& inputs, const std::vector<Shape>&) const override {
    auto launch = std::make_unique<ScatterNdLaunch>();
    const Shape &data = inputs[0], &picks = inputs[1];
    const Shape strides = memory_strides(Format::kLinear, data);
    launch->tuple = static_cast<size_t>(picks.back());
    TRY_ASSIGN(const int64_t updates, volume(inputs[2]));
    for (size_t k = 0; k < launch->tuple; ++k) {
      launch->lengths[k] = data[k];
      launch->strides[k] = strides[k];
      if (updates > 0 && data[k] == 0) return invalid("scatter_nd: there is no room in " + to_text(data));
    }
    for (size_t d = launch->tuple; d < data.size(); ++d) launch->block *= data[d];
    if (updates > 0) {
      launch->tuples = 1;
      for (size_t d = 0; d + 1 < picks.size(); ++d) launch->tuples *= picks[d];
    }
    TRY_ASSIGN(const int64_t elements, volume(data));
    launch->bytes = elements * bits_of(operands.type()) / 8;
    launch->parts = std::clamp<int64_t>(updates / kPartElements, 1, std::max<int64_t>(1, launch->block / kLeastColumns));
    launch->type = operands.type();
    launch->reduction = op.reduction;
    launch->operands = &operands;
    return std::unique_ptr<Launch>(std::move(launch));
  }
};

struct ScatterNdBlocks final : LinearTactic {
  std::string_view name() const override { return "cpu.scatter_nd"; }

  Status accepts(const Problem& problem) const override {
    const auto* op = dynamic_cast<const ScatterNd*>(problem.op);
    REQUIRES(op, std::string(problem.op->name()) + " is no scatter_nd");
    const Dim tuple = problem.inputs[1].dims.back();
    REQUIRES(tuple.is_constant() && tuple.value() >= 1 && tuple.value() <= static_cast<int64_t>(kMostTuple),
             "tuples are not of 1 to 8 indices");
    return accepts_scatter(problem, op->reduction);
  }

  Result<std::unique_ptr<Kernel>> prepare(const Problem& problem, const std::vector<PackedWeights>&) const override {
    return indexed_kernel<ScatterNdKernel>(problem);
  }

  std::optional<double> estimate_ms(const Problem& problem) const override {
    if (problem.opt_inputs.size() < 3) return std::nullopt;
    return 0.003 + static_cast<double>(volume(problem.opt_inputs[2]).value_or(0) + volume(problem.opt_inputs[0]).value_or(0)) * 1e-6;
  }
};

}  // namespace

TACTIC(ScatterNdBlocks, cpu, scatter_nd)

}  // namespace ingot
