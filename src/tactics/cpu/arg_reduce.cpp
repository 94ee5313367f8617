// cpu.arg_reduce: the place of the largest or smallest element along any axis; many lines at a time where the axis is not innermost.
#include "operators/arg_reduce.h"

#include <algorithm>

#include "tactics/cpu/column_steps.h"
#include "tactics/cpu/convert_rows.h"
#include "tactics/cpu/integer_tiles.h"
#include "tactics/cpu/place_of_best.h"
#include "tactics/layout.h"

namespace ingot {
namespace {

constexpr int64_t kColumns = 512;
constexpr int64_t kChunk = 1024;
constexpr int64_t kPartElements = 16 * 1024;

struct ArgReduceLaunch final : Launch {
  const Array* constant = nullptr;
  DataType type = DataType::kFloat;
  bool smallest = false, last = false;
  int64_t outer = 0, length = 1, inner = 1;
  LoadRow load = nullptr;  // null for integers
  ColumnSteps::Better step = nullptr;
  int64_t units = 0, parts = 1;

  template <class T>
  bool better(T value, T best) const {
    if (smallest ? value < best : value > best) return true;
    return last && !(value < best) && !(value > best);
  }
  template <class T>
  void fetch(const char* at, T* row, int64_t count) const {
    if constexpr (std::is_same_v<T, float>)
      load(at, row, count);
    else
      load_integers(type, at, 1, row, count);
  }

  // Chunk by chunk: the best value of each, and where it stands if it is better than those before. False where one is NaN.
  bool best_of_line(const char* line, int64_t* y) const {
    const RowKernels& kernels = row_kernels();
    const LineLoops& loops = line_loops();
    const int bytes = bits_of(type) / 8;
    alignas(64) float row[kChunk];
    float best = 0;
    for (int64_t first = 0; first < length; first += kChunk) {
      const int64_t count = std::min(kChunk, length - first);
      const auto* x = reinterpret_cast<const float*>(line + first * bytes);
      if (type != DataType::kFloat) load(line + first * bytes, row, count), x = row;
      float own;
      int64_t place = place_of_best(kernels, loops, x, count, smallest, &own);
      if (place < 0) return false;
      if (first > 0 && !better(own, best)) continue;
      for (int64_t i = count - 1; last && i > place; --i) {
        if (x[i] == own) place = i;
      }
      best = own;
      *y = first + place;
    }
    return true;
  }

  template <class T>
  void unit(const char* x, int64_t* y, int64_t index) const {
    const int bytes = bits_of(type) / 8;
    if (inner == 1) {
      const char* line = x + index * length * bytes;
      if constexpr (std::is_same_v<T, float>) {
        if (best_of_line(line, &y[index])) return;
      }
      alignas(64) T row[kChunk];
      T best{};
      int64_t place = 0;
      for (int64_t first = 0; first < length; first += kChunk) {
        const int64_t count = std::min(kChunk, length - first);
        fetch(line + first * bytes, row, count);
        if (first == 0) best = row[0];
        for (int64_t i = first == 0 ? 1 : 0; i < count; ++i) {
          if (better(row[i], best)) best = row[i], place = first + i;
        }
      }
      y[index] = place;
      return;
    }
    const int64_t blocks = (inner + kColumns - 1) / kColumns, row_index = index / blocks, first = index % blocks * kColumns;
    const int64_t width = std::min(kColumns, inner - first);
    const char* from = x + (row_index * length * inner + first) * bytes;
    alignas(64) T row[kColumns], best[kColumns];
    int64_t* places = y + row_index * inner + first;
    if constexpr (std::is_same_v<T, float>) {
      alignas(64) int32_t narrow[kColumns] = {};
      fetch(from, best, width);
      for (int64_t k = 1; k < length; ++k) {
        const char* at = from + k * inner * bytes;
        if (type != DataType::kFloat) fetch(at, row, width);
        step(type == DataType::kFloat ? reinterpret_cast<const float*>(at) : row, best, narrow, static_cast<int32_t>(k), width);
      }
      std::copy(narrow, narrow + width, places);
      return;
    }
    fetch(from, best, width);
    std::fill(places, places + width, 0);
    for (int64_t k = 1; k < length; ++k) {
      fetch(from + k * inner * bytes, row, width);
      for (int64_t i = 0; i < width; ++i) {
        if (better(row[i], best[i])) best[i] = row[i], places[i] = k;
      }
    }
  }

  Status run(const RunArguments& arguments) const override {
    const auto* x = static_cast<const char*>(constant ? constant->data() : arguments.inputs[0]);
    auto* y = static_cast<int64_t*>(arguments.outputs[0]);
    arguments.pool->run(parts, [&](int64_t part, int) {
      for (int64_t u = units * part / parts; u < units * (part + 1) / parts; ++u) {
        if (load)
          unit<float>(x, y, u);
        else
          unit<int64_t>(x, y, u);
      }
    });
    return Ok{};
  }
};

struct ArgReduceKernel final : Kernel {
  ArgReduce op;
  DataType type = DataType::kFloat;
  Format format = Format::kLinear;
  Array constant;

  Result<std::unique_ptr<Launch>> launch(const std::vector<Shape>& inputs, const std::vector<Shape>&) const override {
    auto launch = std::make_unique<ArgReduceLaunch>();
    const Shape& shape = inputs[0];
    TRY_ASSIGN(const int64_t axis, normalize_axis(op.axis, static_cast<int64_t>(shape.size())));
    TRY_ASSIGN(const int64_t total, volume(shape));
    launch->length = shape[static_cast<size_t>(axis)];
    if (launch->length > INT32_MAX)
      return unsupported("an axis of " + std::to_string(launch->length) + " elements is too long for arg_reduce");
    launch->inner = memory_strides(format, shape)[static_cast<size_t>(axis)];
    launch->outer = total == 0 ? 0 : total / launch->length / launch->inner;
    launch->type = type;
    launch->smallest = op.smallest;
    launch->last = op.last;
    launch->step = column_steps().better[op.smallest ? 1 : 0][op.last ? 1 : 0];
    launch->load = is_floating(type) || type == DataType::kBool ? load_row(type) : nullptr;
    if (constant.data()) launch->constant = &constant;
    launch->units = total == 0 ? 0 : launch->inner == 1 ? launch->outer : launch->outer * ((launch->inner + kColumns - 1) / kColumns);
    launch->parts = std::clamp<int64_t>(total / kPartElements, 1, std::max<int64_t>(1, launch->units));
    return std::unique_ptr<Launch>(std::move(launch));
  }
};

struct ArgReduceLines final : Tactic {
  std::string_view name() const override { return "cpu.arg_reduce"; }

  Status accepts(const Problem& problem) const override {
    const auto* op = dynamic_cast<const ArgReduce*>(problem.op);
    REQUIRES(op, std::string(problem.op->name()) + " is no arg_reduce");
    const DataType type = problem.inputs[0].type;
    REQUIRES(type != DataType::kDouble && type != DataType::kUint64 && bits_of(type) >= 8 && !is_rare_float(type),
             std::string(name_of(type)) + " is not compared");
    const Format format = input_format(problem, 0);
    REQUIRES(output_format(problem, 0) == Format::kLinear, "the output is not linear");
    REQUIRES(!is_constant(problem, 0) || format == Format::kLinear, "a constant is not linear");
    if (format != Format::kLinear) {
      // Where channels are reduced, the pixels stand in the order of the output.
      TRY_ASSIGN(const int64_t axis, normalize_axis(op->axis, problem.inputs[0].rank()));
      REQUIRES(format == Format::kChannelsLast && axis == 1, "the input is " + std::string(name_of(format)) + " and its channels are kept");
    }
    return Ok{};
  }
  std::vector<Formats> proposals(const Problem& problem) const override {
    std::vector<Formats> result{{{Format::kLinear}, {Format::kLinear}}};
    if (!problem.inputs.empty() && problem.inputs[0].rank() >= 3 && !is_constant(problem, 0))
      result.push_back({{Format::kChannelsLast}, {Format::kLinear}});
    return result;
  }

  Result<std::unique_ptr<Kernel>> prepare(const Problem& problem, const std::vector<PackedWeights>&) const override {
    auto kernel = std::make_unique<ArgReduceKernel>();
    kernel->op = static_cast<const ArgReduce&>(*problem.op);
    kernel->type = problem.inputs[0].type;
    kernel->format = input_format(problem, 0);
    if (is_constant(problem, 0)) kernel->constant = problem.constants[0];
    return std::unique_ptr<Kernel>(std::move(kernel));
  }

  std::optional<double> estimate_ms(const Problem& problem) const override {
    if (problem.opt_inputs.empty()) return std::nullopt;
    return 0.002 + static_cast<double>(volume(problem.opt_inputs[0]).value_or(0)) * 1e-6;
  }
};

}  // namespace

TACTIC(ArgReduceLines, cpu, arg_reduce)

}  // namespace ingot
