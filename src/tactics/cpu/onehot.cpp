// cpu.onehot: slices filled with the off value, then one element of each line set.
#include "operators/onehot.h"

#include <algorithm>
#include <cstring>

#include "operators/moving.h"
#include "tactics/cpu/indices.h"
#include "tactics/layout.h"

namespace ingot {
namespace {

constexpr int64_t kPartElements = 16 * 1024;

struct OneHotLaunch final : Launch {
  const Array* constants[3] = {};
  DataType type = DataType::kFloat;
  bool wide = false;
  int64_t outer = 0, depth = 0, inner = 1, parts = 1;

  template <class T>
  void fill(const Indices& indices, const T* values, T* y, int64_t first, int64_t last) const {
    std::fill(y + first * depth * inner, y + last * depth * inner, values[0]);
    for (int64_t row = first; row < last; ++row) {
      for (int64_t i = 0; i < inner; ++i) {
        int64_t index = indices[row * inner + i];
        if (index < 0) index += depth;
        if (index >= 0 && index < depth) y[(row * depth + index) * inner + i] = values[1];
      }
    }
  }

  Status run(const RunArguments& arguments) const override {
    const auto input = [&](size_t i) { return constants[i] ? constants[i]->data() : arguments.inputs[i]; };
    const Indices indices{input(0), wide};
    with_element_of(type, [&](auto element) {
      using T = decltype(element);
      arguments.pool->run(outer == 0 ? 0 : parts, [&](int64_t part, int) {
        fill(indices, static_cast<const T*>(input(2)), static_cast<T*>(arguments.outputs[0]), outer * part / parts,
             outer * (part + 1) / parts);
      });
    });
    return Ok{};
  }
};

struct OneHotKernel final : Kernel {
  OneHot op;
  DataType type = DataType::kFloat;
  bool wide = false;
  Array constants[3];

  Result<std::unique_ptr<Launch>> launch(const std::vector<Shape>& inputs, const std::vector<Shape>& outputs) const override {
    auto launch = std::make_unique<OneHotLaunch>();
    TRY_ASSIGN(const int64_t along, normalize_axis(op.axis, static_cast<int64_t>(inputs[0].size()) + 1));
    const auto axis = static_cast<size_t>(along);
    TRY_ASSIGN(const int64_t count, volume(inputs[0]));
    for (size_t d = axis; d < inputs[0].size(); ++d) launch->inner *= inputs[0][d];
    launch->outer = count == 0 ? 0 : count / launch->inner;
    launch->depth = outputs[0][axis];
    launch->parts = std::clamp<int64_t>(count * launch->depth / kPartElements, 1, std::max<int64_t>(1, launch->outer));
    launch->type = type;
    launch->wide = wide;
    for (size_t i = 0; i < 3; ++i) launch->constants[i] = constants[i].data() ? &constants[i] : nullptr;
    return std::unique_ptr<Launch>(std::move(launch));
  }
};

struct OneHotFill final : LinearTactic {
  std::string_view name() const override { return "cpu.onehot"; }

  Status accepts(const Problem& problem) const override {
    REQUIRES(dynamic_cast<const OneHot*>(problem.op), std::string(problem.op->name()) + " is no onehot");
    REQUIRES(problem.inputs[0].type == DataType::kInt64 || problem.inputs[0].type == DataType::kInt32,
             "indices are " + std::string(name_of(problem.inputs[0].type)));
    REQUIRES(bits_of(problem.inputs[2].type) >= 8, std::string(name_of(problem.inputs[2].type)) + " elements are smaller than a byte");
    // A depth that only the run tells comes with the shape of the output alone where it is bound exactly.
    REQUIRES(is_constant(problem, 1) || problem.inputs[1].values, "the depth is known only at run time");
    return all_linear(problem);
  }

  Result<std::unique_ptr<Kernel>> prepare(const Problem& problem, const std::vector<PackedWeights>&) const override {
    auto kernel = std::make_unique<OneHotKernel>();
    kernel->op = static_cast<const OneHot&>(*problem.op);
    kernel->type = problem.inputs[2].type;
    kernel->wide = problem.inputs[0].type == DataType::kInt64;
    for (size_t i = 0; i < 3; ++i) {
      if (is_constant(problem, i)) kernel->constants[i] = problem.constants[i];
    }
    return std::unique_ptr<Kernel>(std::move(kernel));
  }

  std::optional<double> estimate_ms(const Problem& problem) const override {
    if (problem.opt_inputs.empty()) return std::nullopt;
    return 0.002 + static_cast<double>(volume(problem.opt_inputs[0]).value_or(0)) * 1e-4;
  }
};

}  // namespace

TACTIC(OneHotFill, cpu, onehot)

}  // namespace ingot
