// cpu.cumulative: running sums and products along one axis; many lines at a time where the axis is not innermost.
#include "operators/cumulative.h"

#include <algorithm>

#include "tactics/cpu/column_steps.h"
#include "tactics/cpu/convert_rows.h"
#include "tactics/layout.h"

namespace ingot {
namespace {

constexpr int64_t kColumns = 1024;  // of a block that goes down all rows: long enough for memory to be read in streams
constexpr int64_t kChunk = 512;
constexpr int64_t kPartElements = 16 * 1024;

struct CumulativeLaunch final : Launch {
  Cumulative op;
  const Array* constant = nullptr;
  DataType type = DataType::kFloat;
  LoadRow load = nullptr;  // null for integers
  StoreRow store = nullptr;
  const ColumnSteps* steps = nullptr;
  int64_t length = 0, inner = 1, units = 0, parts = 1;

  // Floats go through rows of floats and are summed as doubles; integers wrap.
  template <class T>
  void fetch(const char* at, T* row, int64_t count) const {
    if constexpr (std::is_same_v<T, float>)
      load(at, row, count);
    else
      std::copy_n(reinterpret_cast<const T*>(at), count, row);
  }
  template <class T>
  void put(const T* row, char* at, int64_t count) const {
    if constexpr (std::is_same_v<T, float>)
      store(row, at, count);
    else
      std::copy_n(row, count, reinterpret_cast<T*>(at));
  }

  template <class T, bool kAdds>
  void unit(const char* x, char* y, int64_t index) const {
    using Sum = std::conditional_t<std::is_same_v<T, float>, double, T>;
    constexpr Sum kStart = kAdds ? 0 : 1;
    const int64_t bytes = bits_of(type) / 8;
    const auto join = [](Sum& sum, T value) { kAdds ? sum += static_cast<Sum>(value) : sum *= static_cast<Sum>(value); };
    if (inner == 1) {
      const int64_t line = index * length * bytes;
      alignas(64) T row[kChunk];
      Sum sum = kStart;
      for (int64_t done = 0; done < length; done += kChunk) {
        const int64_t count = std::min(kChunk, length - done), first = op.reverse ? length - done - count : done;
        fetch(x + line + first * bytes, row, count);
        for (int64_t i = 0; i < count; ++i) {
          T& at = row[op.reverse ? count - 1 - i : i];
          const Sum before = sum;
          join(sum, at);
          at = static_cast<T>(op.exclusive ? before : sum);
        }
        put(row, y + line + first * bytes, count);
      }
      return;
    }
    const int64_t blocks = (inner + kColumns - 1) / kColumns, first = index % blocks * kColumns, width = std::min(kColumns, inner - first);
    const int64_t start = (index / blocks * length * inner + first) * bytes;
    alignas(64) T row[kColumns];
    alignas(64) Sum sums[kColumns];
    std::fill(sums, sums + width, kStart);
    for (int64_t k = 0; k < length; ++k) {
      const int64_t at = start + (op.reverse ? length - 1 - k : k) * inner * bytes;
      if constexpr (std::is_same_v<T, float>) {
        const auto step = steps->running[kAdds ? 0 : 1][op.exclusive ? 1 : 0];
        if (type == DataType::kFloat) {
          step(reinterpret_cast<const float*>(x + at), sums, reinterpret_cast<float*>(y + at), width);
        } else {
          fetch(x + at, row, width);
          step(row, sums, row, width);
          put(row, y + at, width);
        }
        continue;
      }
      fetch(x + at, row, width);
      for (int64_t i = 0; i < width; ++i) {
        const Sum before = sums[i];
        join(sums[i], row[i]);
        row[i] = static_cast<T>(op.exclusive ? before : sums[i]);
      }
      put(row, y + at, width);
    }
  }

  Status run(const RunArguments& arguments) const override {
    const auto* x = static_cast<const char*>(constant ? constant->data() : arguments.inputs[0]);
    auto* y = static_cast<char*>(arguments.outputs[0]);
    const bool adds = op.kind == CumulativeKind::kSum;
    arguments.pool->run(units == 0 ? 0 : parts, [&](int64_t part, int) {
      for (int64_t u = units * part / parts; u < units * (part + 1) / parts; ++u) {
        if (load)
          adds ? unit<float, true>(x, y, u) : unit<float, false>(x, y, u);
        else if (type == DataType::kInt64)
          adds ? unit<uint64_t, true>(x, y, u) : unit<uint64_t, false>(x, y, u);
        else
          adds ? unit<uint32_t, true>(x, y, u) : unit<uint32_t, false>(x, y, u);
      }
    });
    return Ok{};
  }
};

struct CumulativeKernel final : Kernel {
  Cumulative op;
  DataType type = DataType::kFloat;
  Array constant;

  Result<std::unique_ptr<Launch>> launch(const std::vector<Shape>& inputs, const std::vector<Shape>&) const override {
    auto launch = std::make_unique<CumulativeLaunch>();
    const Shape& shape = inputs[0];
    TRY_ASSIGN(const int64_t axis, normalize_axis(op.axis, static_cast<int64_t>(shape.size())));
    TRY_ASSIGN(const int64_t total, volume(shape));
    launch->op = op;
    launch->type = type;
    launch->steps = &column_steps();
    launch->length = shape[static_cast<size_t>(axis)];
    for (size_t d = static_cast<size_t>(axis) + 1; d < shape.size(); ++d) launch->inner *= shape[d];
    const int64_t outer = total == 0 ? 0 : total / launch->length / launch->inner;
    launch->units = launch->inner == 1 ? outer : outer * ((launch->inner + kColumns - 1) / kColumns);
    launch->parts = std::clamp<int64_t>(total / kPartElements, 1, std::max<int64_t>(1, launch->units));
    if (is_floating(type)) {
      launch->load = load_row(type);
      launch->store = store_row(type);
    }
    if (constant.data()) launch->constant = &constant;
    return std::unique_ptr<Launch>(std::move(launch));
  }
};

struct CumulativeLines final : LinearTactic {
  std::string_view name() const override { return "cpu.cumulative"; }

  Status accepts(const Problem& problem) const override {
    REQUIRES(dynamic_cast<const Cumulative*>(problem.op), std::string(problem.op->name()) + " is not cumulative");
    const DataType type = problem.inputs[0].type;
    REQUIRES(type == DataType::kFloat || type == DataType::kHalf || type == DataType::kBf16 || type == DataType::kInt32 ||
                 type == DataType::kInt64,
             std::string(name_of(type)) + " is not summed");
    return all_linear(problem);
  }

  Result<std::unique_ptr<Kernel>> prepare(const Problem& problem, const std::vector<PackedWeights>&) const override {
    auto kernel = std::make_unique<CumulativeKernel>();
    kernel->op = static_cast<const Cumulative&>(*problem.op);
    kernel->type = problem.inputs[0].type;
    if (is_constant(problem, 0)) kernel->constant = problem.constants[0];
    return std::unique_ptr<Kernel>(std::move(kernel));
  }

  std::optional<double> estimate_ms(const Problem& problem) const override {
    if (problem.opt_inputs.empty()) return std::nullopt;
    return 0.002 + static_cast<double>(volume(problem.opt_inputs[0]).value_or(0)) * 1e-6;
  }
};

}  // namespace

TACTIC(CumulativeLines, cpu, cumulative)

}  // namespace ingot
