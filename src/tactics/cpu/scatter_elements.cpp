// cpu.scatter_elements: the data are copied, then the updates go in. Lines along the axis never meet, so threads share the lines;
// within one, updates come in their order.
#include "operators/scatter_elements.h"

#include "tactics/cpu/indices.h"
#include "tactics/cpu/scatter_into.h"

namespace ingot {
namespace {

constexpr int64_t kPartElements = 8 * 1024;
constexpr int64_t kMostRank = 8;

struct ScatterElementsLaunch final : Launch {
  const IndexedOperands* operands = nullptr;
  DataType type = DataType::kFloat;
  ScatterReduction reduction = ScatterReduction::kNone;
  Shape outer, inner;                  // dims of the indices before the axis, and behind it
  Shape outer_strides, inner_strides;  // of the data
  int64_t outer_count = 0, inner_count = 1, picks = 0, length = 1, axis_stride = 1, bytes = 0;
  bool inner_is_whole = true;  // the data's inner dims are the indices'
  int64_t parts = 1;

  static int64_t offset_of(int64_t index, const Shape& dims, const Shape& strides) {
    int64_t offset = 0;
    for (size_t d = dims.size(); d-- > 0; index /= dims[d]) offset += index % dims[d] * strides[d];
    return offset;
  }

  // Units are pairs of an outer index and one of `pieces` ranges of inner indices.
  template <class T, ScatterReduction kReduction>
  void scatter(T* y, const Indices& indices, const T* updates, int64_t row, int64_t first, int64_t last, WrongIndex& wrong) const {
    const int64_t base = offset_of(row, outer, outer_strides);
    for (int64_t k = 0; k < picks; ++k) {
      const int64_t from = (row * picks + k) * inner_count;
      for (int64_t j = first; j < last; ++j) {
        const int64_t place = wrong.checked(indices[from + j], length, from + j);
        T& target = y[base + place * axis_stride + (inner_is_whole ? j : offset_of(j, inner, inner_strides))];
        target = joined(target, updates[from + j], kReduction);
      }
    }
  }

  Status run(const RunArguments& arguments) const override {
    copy_by_all(*arguments.pool, operands->at(arguments, 0), arguments.outputs[0], bytes);
    const Indices indices = operands->indices(arguments);
    WrongIndex wrong;
    const int64_t pieces = std::clamp<int64_t>(parts / std::max<int64_t>(1, outer_count), 1, std::max<int64_t>(1, inner_count / 16));
    const int64_t units = outer_count * pieces, shares = std::min(parts, units);
    with_scatter(type, reduction, [&](auto element, auto how) {
      using T = decltype(element);
      arguments.pool->run(shares, [&](int64_t share, int) {
        for (int64_t u = units * share / shares; u < units * (share + 1) / shares; ++u) {
          const int64_t piece = u % pieces;
          scatter<T, how()>(static_cast<T*>(arguments.outputs[0]), indices, static_cast<const T*>(operands->at(arguments, 2)), u / pieces,
                            inner_count * piece / pieces, inner_count * (piece + 1) / pieces, wrong);
        }
      });
    });
    return wrong.status("scatter_elements", indices);
  }
};

struct ScatterElementsKernel final : Kernel {
  ScatterElements op;
  IndexedOperands operands;

  Result<std::unique_ptr<Launch>> launch(const std::vector<Shape>& inputs, const std::vector<Shape>&) const override {
    auto launch = std::make_unique<ScatterElementsLaunch>();
    const Shape &data = inputs[0], &picks = inputs[1];
    if (picks != inputs[2]) return invalid("indices " + to_text(picks) + " and updates " + to_text(inputs[2]) + " differ");
    TRY_ASSIGN(const int64_t along, normalize_axis(op.axis, static_cast<int64_t>(data.size())));
    const auto axis = static_cast<size_t>(along);
    const Shape strides = memory_strides(Format::kLinear, data);
    TRY_ASSIGN(const int64_t total, volume(picks));
    launch->outer_count = total > 0 ? 1 : 0;
    for (size_t d = 0; d < data.size(); ++d) {
      if (d != axis && picks[d] > data[d])
        return invalid("indices " + to_text(picks) + " are larger than data " + to_text(data) + " along axis " + std::to_string(d));
      if (d < axis) {
        launch->outer.push_back(picks[d]);
        launch->outer_strides.push_back(strides[d]);
        launch->outer_count *= picks[d];
      } else if (d > axis) {
        launch->inner.push_back(picks[d]);
        launch->inner_strides.push_back(strides[d]);
        launch->inner_count *= picks[d];
        launch->inner_is_whole = launch->inner_is_whole && picks[d] == data[d];
      }
    }
    launch->picks = picks[axis];
    launch->length = data[axis];
    if (total > 0 && launch->length == 0) return invalid("scatter_elements: there is no room in " + to_text(data));
    launch->axis_stride = strides[axis];
    TRY_ASSIGN(const int64_t elements, volume(data));
    launch->bytes = elements * bits_of(operands.type()) / 8;
    launch->parts = std::max<int64_t>(1, total / kPartElements);
    launch->type = operands.type();
    launch->reduction = op.reduction;
    launch->operands = &operands;
    return std::unique_ptr<Launch>(std::move(launch));
  }
};

struct ScatterElementsLines final : LinearTactic {
  std::string_view name() const override { return "cpu.scatter_elements"; }

  Status accepts(const Problem& problem) const override {
    const auto* op = dynamic_cast<const ScatterElements*>(problem.op);
    REQUIRES(op, std::string(problem.op->name()) + " is no scatter_elements");
    REQUIRES(problem.inputs[0].rank() >= 1 && problem.inputs[0].rank() <= kMostRank, "the rank is over 8");
    return accepts_scatter(problem, op->reduction);
  }

  Result<std::unique_ptr<Kernel>> prepare(const Problem& problem, const std::vector<PackedWeights>&) const override {
    return indexed_kernel<ScatterElementsKernel>(problem);
  }

  std::optional<double> estimate_ms(const Problem& problem) const override {
    if (problem.opt_inputs.size() < 2) return std::nullopt;
    return 0.003 + static_cast<double>(volume(problem.opt_inputs[1]).value_or(0) + volume(problem.opt_inputs[0]).value_or(0)) * 1e-6;
  }
};

}  // namespace

TACTIC(ScatterElementsLines, cpu, scatter_elements)

}  // namespace ingot
