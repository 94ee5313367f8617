// cpu.gather_elements: element by element along one axis, row by row of the indices.
#include "operators/gather_elements.h"

#include <algorithm>

#include "operators/moving.h"
#include "tactics/cpu/indices.h"
#include "tactics/layout.h"

namespace ingot {
namespace {

constexpr int64_t kPartElements = 8 * 1024;
constexpr int64_t kMostRank = 8;

struct GatherElementsLaunch final : Launch {
  const IndexedOperands* operands = nullptr;
  DataType type = DataType::kFloat;
  Shape rows;     // dims of the indices but for the last
  Shape strides;  // of x along these, 0 along the axis
  int64_t row_count = 0, columns = 1, parts = 1;
  int64_t length = 1, axis_stride = 1, column_stride = 0;

  template <class T, class Index>
  void gather(const T* x, const Index* indices, T* y, int64_t first, int64_t last, WrongIndex& wrong) const {
    int64_t at[kMostRank];
    for (int64_t d = static_cast<int64_t>(rows.size()) - 1, rest = first; d >= 0; rest /= rows[static_cast<size_t>(d)], --d)
      at[d] = rest % rows[static_cast<size_t>(d)];
    for (int64_t row = first; row < last; ++row) {
      int64_t base = 0;
      for (size_t d = 0; d < rows.size(); ++d) base += at[d] * strides[d];
      const Index* from = indices + row * columns;
      T* to = y + row * columns;
      for (int64_t j = 0; j < columns; ++j)
        to[j] = x[base + wrong.checked(from[j], length, row * columns + j) * axis_stride + j * column_stride];
      for (size_t d = rows.size(); d-- > 0 && ++at[d] == rows[d];) at[d] = 0;
    }
  }

  Status run(const RunArguments& arguments) const override {
    const void* x = operands->at(arguments, 0);
    const Indices indices = operands->indices(arguments);
    WrongIndex wrong;
    with_element_of(type, [&](auto element) {
      using T = decltype(element);
      arguments.pool->run(row_count == 0 ? 0 : parts, [&](int64_t part, int) {
        const int64_t first = row_count * part / parts, last = row_count * (part + 1) / parts;
        if (indices.wide)
          gather(static_cast<const T*>(x), static_cast<const int64_t*>(indices.data), static_cast<T*>(arguments.outputs[0]), first, last,
                 wrong);
        else
          gather(static_cast<const T*>(x), static_cast<const int32_t*>(indices.data), static_cast<T*>(arguments.outputs[0]), first, last,
                 wrong);
      });
    });
    return wrong.status("gather_elements", indices);
  }
};

struct GatherElementsKernel final : Kernel {
  GatherElements op;
  IndexedOperands operands;

  Result<std::unique_ptr<Launch>> launch(const std::vector<Shape>& inputs, const std::vector<Shape>&) const override {
    auto launch = std::make_unique<GatherElementsLaunch>();
    const Shape &data = inputs[0], &picks = inputs[1];
    TRY_ASSIGN(const int64_t along, normalize_axis(op.axis, static_cast<int64_t>(data.size())));
    const auto axis = static_cast<size_t>(along), last = data.size() - 1;
    for (size_t d = 0; d < data.size(); ++d) {
      if (d != axis && picks[d] > data[d])
        return invalid("indices " + to_text(picks) + " are larger than data " + to_text(data) + " along axis " + std::to_string(d));
    }
    const Shape all = memory_strides(Format::kLinear, data);
    for (size_t d = 0; d < last; ++d) {
      launch->rows.push_back(picks[d]);
      launch->strides.push_back(d == axis ? 0 : all[d]);
    }
    launch->length = data[axis];
    launch->axis_stride = all[axis];
    launch->column_stride = axis == last ? 0 : 1;
    launch->columns = picks[last];
    TRY_ASSIGN(const int64_t total, volume(picks));
    if (total > 0 && launch->length == 0) return invalid("gather_elements: there is nothing to gather from " + to_text(data));
    launch->row_count = total == 0 ? 0 : total / launch->columns;
    launch->parts = std::clamp<int64_t>(total / kPartElements, 1, std::max<int64_t>(1, launch->row_count));
    launch->type = operands.type();
    launch->operands = &operands;
    return std::unique_ptr<Launch>(std::move(launch));
  }
};

struct GatherElementsRows final : LinearTactic {
  std::string_view name() const override { return "cpu.gather_elements"; }

  Status accepts(const Problem& problem) const override {
    REQUIRES(dynamic_cast<const GatherElements*>(problem.op), std::string(problem.op->name()) + " is no gather_elements");
    REQUIRES(bits_of(problem.inputs[0].type) >= 8, std::string(name_of(problem.inputs[0].type)) + " elements are smaller than a byte");
    REQUIRES(problem.inputs[0].rank() >= 1 && problem.inputs[0].rank() <= kMostRank, "the rank is over 8");
    return all_linear(problem);
  }

  Result<std::unique_ptr<Kernel>> prepare(const Problem& problem, const std::vector<PackedWeights>&) const override {
    return indexed_kernel<GatherElementsKernel>(problem);
  }

  std::optional<double> estimate_ms(const Problem& problem) const override {
    if (problem.opt_inputs.size() < 2) return std::nullopt;
    return 0.002 + static_cast<double>(volume(problem.opt_inputs[1]).value_or(0)) * 1e-6;
  }
};

}  // namespace

TACTIC(GatherElementsRows, cpu, gather_elements)

}  // namespace ingot
