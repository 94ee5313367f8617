// cpu.reduce: any axes of a dense tensor of floats, halves or bf16; rows where the innermost dim is reduced, columns where it is kept.
#include "operators/reduce.h"

#include <algorithm>
#include <cmath>

#include "tactics/cpu/broadcast_loop.h"
#include "tactics/cpu/expression_tiles.h"
#include "tactics/cpu/row_kernels.h"
#include "tactics/cpu/scaled_rows.h"

namespace ingot {
namespace {

constexpr int64_t kColumns = 64;
constexpr int64_t kChunk = 4096;  // elements of other types that are converted at a time
constexpr int64_t kPartElements = 16 * 1024;
constexpr float kInfinity = __builtin_inff();

RowSum sum_of(ReduceKind kind) {
  switch (kind) {
    case ReduceKind::kMax: return RowSum::kMax;
    case ReduceKind::kMin: return RowSum::kMin;
    case ReduceKind::kProduct: return RowSum::kProduct;
    case ReduceKind::kL1: return RowSum::kL1;
    case ReduceKind::kL2:
    case ReduceKind::kSumSquare: return RowSum::kSquares;
    default: return RowSum::kSum;
  }
}
float neutral(RowSum sum) {
  return sum == RowSum::kMax ? -kInfinity : sum == RowSum::kMin ? kInfinity : sum == RowSum::kProduct ? 1.0f : 0.0f;
}
float join(RowSum sum, float a, float b) {
  if (sum == RowSum::kProduct) return a * b;
  if (sum == RowSum::kMax) return a != a || a > b ? a : b;
  if (sum == RowSum::kMin) return a != a || a < b ? a : b;
  return a + b;
}

struct LoopDim {
  int64_t size, from, to;  // strides in elements
};

// Walks a few dims, last one fastest, calling body(from offset, to offset).
template <class Body>
void walk(const LoopDim* dims, size_t count, int64_t from, int64_t to, Body&& body) {
  if (count == 0) return body(from, to);
  for (int64_t i = 0; i < dims[0].size; ++i) walk(dims + 1, count - 1, from + i * dims[0].from, to + i * dims[0].to, body);
}

struct ReduceKernel;

struct ReduceLaunch final : Launch {
  const ReduceKernel& kernel;
  std::vector<LoopDim> kept, reduced;  // outside the innermost dim, outermost first
  LoopDim inner{1, 1, 0};
  bool rows = true;  // the innermost dim is reduced
  int64_t total = 0, reduced_count = 1, outputs = 0, units = 0, parts = 1;
  std::optional<BroadcastLoop> finish;

  explicit ReduceLaunch(const ReduceKernel& kernel) : kernel(kernel) {}
  size_t workspace_bytes() const override;
  Status run(const RunArguments& arguments) const override;
  float final_value(float sum, float largest) const;
  float row_total(const char* x, int64_t at) const;
  void column_totals(const char* x, int64_t at, int64_t width, float* sums) const;
  void unit(const char* x, float* y, int64_t index) const;
};

struct ReduceKernel final : Kernel {
  Reduce op;
  DataType type = DataType::kFloat, output_type = DataType::kFloat;
  Format format = Format::kLinear, output_format = Format::kLinear;
  std::vector<Format> extra_formats;
  std::vector<DataType> extra_types;
  std::vector<Array> constants;
  std::optional<CompiledExpression> epilogue;
  ScaledRows convert;
  int bytes = 4;

  bool direct() const { return !epilogue && output_type == DataType::kFloat; }

  Result<std::unique_ptr<Launch>> launch(const std::vector<Shape>& inputs, const std::vector<Shape>& outputs) const override {
    auto launch = std::make_unique<ReduceLaunch>(*this);
    const Shape& shape = inputs[0];
    const auto rank = static_cast<int64_t>(shape.size());
    std::vector<bool> is_reduced(shape.size(), false);
    for (int64_t axis : op.axes) is_reduced[static_cast<size_t>(axis < 0 ? axis + rank : axis)] = true;
    const Shape strides = memory_strides(format, shape), output_strides = memory_strides(output_format, outputs[0]);
    std::vector<LoopDim> dims;
    std::vector<bool> flags;
    std::vector<size_t> order;
    for (size_t d = 0; d < shape.size(); ++d) order.push_back(d);
    std::stable_sort(order.begin(), order.end(), [&](size_t a, size_t b) { return strides[a] > strides[b]; });
    std::vector<int64_t> to(shape.size(), 0);
    for (size_t d = 0, at = 0; d < shape.size(); ++d) {
      if (!is_reduced[d]) to[d] = output_strides[op.keepdims ? d : at++];
    }
    for (size_t d : order) {
      if (is_reduced[d]) launch->reduced_count *= shape[d];
      if (shape[d] == 1) continue;
      const LoopDim dim{shape[d], strides[d], to[d]};
      const bool fits =
          !dims.empty() && flags.back() == is_reduced[d] && dims.back().from == dim.from * dim.size && dims.back().to == dim.to * dim.size;
      if (fits)
        dims.back() = {dims.back().size * dim.size, dim.from, dim.to};
      else
        dims.push_back(dim), flags.push_back(is_reduced[d]);
    }
    TRY_ASSIGN(launch->total, volume(shape));
    TRY_ASSIGN(launch->outputs, volume(outputs[0]));
    launch->rows = dims.empty() || flags.back();
    launch->units = 1;
    if (!dims.empty()) {
      launch->inner = dims.back();
      for (size_t i = 0; i + 1 < dims.size(); ++i) {
        (flags[i] ? launch->reduced : launch->kept).push_back(dims[i]);
        if (!flags[i]) launch->units *= dims[i].size;
      }
      if (!launch->rows) launch->units *= (launch->inner.size + kColumns - 1) / kColumns;
    }
    launch->parts = std::clamp<int64_t>(launch->total / kPartElements, 1, std::max<int64_t>(1, launch->units));
    if (epilogue) {
      std::vector<Shape> shapes{outputs[0]};
      std::vector<Format> formats{output_format};
      for (size_t i = 1; i < inputs.size(); ++i) {
        shapes.push_back(inputs[i]);
        formats.push_back(extra_formats[i]);
      }
      TRY_ASSIGN(launch->finish, BroadcastLoop::make(outputs[0], output_format, shapes, formats, CompiledExpression::kTile));
    }
    return std::unique_ptr<Launch>(std::move(launch));
  }
};

size_t ReduceLaunch::workspace_bytes() const { return kernel.direct() ? 0 : static_cast<size_t>(outputs) * sizeof(float); }

float ReduceLaunch::final_value(float sum, float largest) const {
  switch (kernel.op.kind) {
    case ReduceKind::kMean: return sum / static_cast<float>(reduced_count);
    case ReduceKind::kL2: return std::sqrt(sum);
    case ReduceKind::kLogSum: return std::log(sum);
    // An infinite maximum is the result: shifting by it gives inf - inf.
    case ReduceKind::kLogSumExp: return std::isinf(largest) ? largest : largest + std::log(sum);
    default: return sum;
  }
}

// Sum of one row and of those behind it along the outer reduced dims.
float ReduceLaunch::row_total(const char* x, int64_t at) const {
  const RowKernels& kernels = row_kernels();
  const bool is_float = kernel.type == DataType::kFloat;
  alignas(64) float chunk[kChunk];
  const auto each = [&](auto&& body) {
    walk(reduced.data(), reduced.size(), at, 0, [&](int64_t from, int64_t) {
      if (is_float) return body(reinterpret_cast<const float*>(x) + from, inner.size);
      for (int64_t first = 0; first < inner.size; first += kChunk) {
        const int64_t count = std::min(kChunk, inner.size - first);
        kernel.convert.in.run(x + (from + first) * kernel.bytes, chunk, count);
        body(chunk, count);
      }
    });
  };
  if (kernel.op.kind == ReduceKind::kLogSumExp) {
    float largest = -kInfinity, sum = 0;
    each([&](const float* row, int64_t count) { largest = join(RowSum::kMax, largest, kernels.reduce(RowSum::kMax, row, count)); });
    if (!std::isinf(largest)) each([&](const float* row, int64_t count) { sum += kernels.sum_exp(row, count, largest); });
    return final_value(sum, largest);
  }
  const RowSum kind = sum_of(kernel.op.kind);
  float sum = neutral(kind);
  each([&](const float* row, int64_t count) { sum = join(kind, sum, kernels.reduce(kind, row, count)); });
  return final_value(sum, 0);
}

void ReduceLaunch::column_totals(const char* x, int64_t at, int64_t width, float* sums) const {
  const RowKernels& kernels = row_kernels();
  const bool is_float = kernel.type == DataType::kFloat;
  alignas(64) float chunk[kChunk];
  const LoopDim last = reduced.empty() ? LoopDim{1, 0, 0} : reduced.back();
  const size_t outer = reduced.empty() ? 0 : reduced.size() - 1;
  const auto each = [&](auto&& body) {
    walk(reduced.data(), outer, at, 0, [&](int64_t from, int64_t) {
      if (is_float) return body(reinterpret_cast<const float*>(x) + from, last.from, last.size);
      for (int64_t first = 0; first < last.size; first += kChunk / kColumns) {
        const int64_t count = std::min(kChunk / kColumns, last.size - first);
        for (int64_t r = 0; r < count; ++r)
          kernel.convert.in.run(x + (from + (first + r) * last.from) * kernel.bytes, chunk + r * width, width);
        body(chunk, width, count);
      }
    });
  };
  if (kernel.op.kind == ReduceKind::kLogSumExp) {
    alignas(64) float largest[kColumns], shift[kColumns];
    std::fill(largest, largest + width, -kInfinity);
    std::fill(sums, sums + width, 0.0f);
    each([&](const float* rows, int64_t stride, int64_t count) {
      kernels.reduce_columns(RowSum::kMax, rows, stride, count, largest, width);
    });
    for (int64_t j = 0; j < width; ++j) shift[j] = std::isinf(largest[j]) ? 0 : largest[j];
    each([&](const float* rows, int64_t stride, int64_t count) { kernels.sum_exp_columns(rows, stride, count, shift, sums, width); });
    for (int64_t j = 0; j < width; ++j) sums[j] = final_value(sums[j], largest[j]);
    return;
  }
  const RowSum kind = sum_of(kernel.op.kind);
  std::fill(sums, sums + width, neutral(kind));
  each([&](const float* rows, int64_t stride, int64_t count) { kernels.reduce_columns(kind, rows, stride, count, sums, width); });
  for (int64_t j = 0; j < width; ++j) sums[j] = final_value(sums[j], 0);
}

void ReduceLaunch::unit(const char* x, float* y, int64_t index) const {
  int64_t rest = index, block = 0, from = 0, to = 0;
  if (!rows) {
    const int64_t blocks = (inner.size + kColumns - 1) / kColumns;
    block = rest % blocks;
    rest /= blocks;
  }
  for (size_t d = kept.size(); d-- > 0;) {
    const int64_t i = rest % kept[d].size;
    rest /= kept[d].size;
    from += i * kept[d].from;
    to += i * kept[d].to;
  }
  if (rows) {
    y[to] = row_total(x, from);
    return;
  }
  const int64_t first = block * kColumns, width = std::min(kColumns, inner.size - first);
  alignas(64) float sums[kColumns];
  column_totals(x, from + first, width, sums);
  for (int64_t j = 0; j < width; ++j) y[to + (first + j) * inner.to] = sums[j];
}

Status ReduceLaunch::run(const RunArguments& arguments) const {
  if (outputs == 0) return Ok{};
  const auto* x = static_cast<const char*>(kernel.constants[0].data() ? kernel.constants[0].data() : arguments.inputs[0]);
  auto* y = static_cast<float*>(kernel.direct() ? arguments.outputs[0] : arguments.workspace);
  if (total == 0) {
    const float value = final_value(neutral(sum_of(kernel.op.kind)), -kInfinity);
    std::fill(y, y + outputs, value);
  } else {
    arguments.pool->run(parts, [&](int64_t part, int) {
      for (int64_t u = units * part / parts; u < units * (part + 1) / parts; ++u) unit(x, y, u);
    });
  }
  if (kernel.direct()) return Ok{};
  auto* out = static_cast<char*>(arguments.outputs[0]);
  if (!kernel.epilogue) {
    kernel.convert.out.run(y, out, outputs);
    return Ok{};
  }
  const int64_t output_bytes = bits_of(kernel.output_type) / 8;
  const size_t count = kernel.extra_types.size();
  finish->run(0, finish->pieces(), [&](int64_t output, const int64_t* offsets, int64_t row_count, int64_t columns) {
    CompiledExpression::Input operands[BroadcastLoop::kMostInputs];
    for (size_t i = 0; i < count; ++i) {
      const auto strides = finish->strides(i);
      const auto* data = i == 0 ? reinterpret_cast<const char*>(y)
                                : static_cast<const char*>(kernel.constants[i].data() ? kernel.constants[i].data() : arguments.inputs[i]);
      const int64_t size = i == 0 ? 4 : bits_of(kernel.extra_types[i]) / 8;
      operands[i] = {data + offsets[i] * size, strides.column, strides.row};
    }
    kernel.epilogue->run(operands, out + output * output_bytes, row_count, columns);
  });
  return Ok{};
}

struct ReduceRows final : Tactic {
  std::string_view name() const override { return "cpu.reduce"; }

  static Result<CompiledExpression> compile(const Problem& problem, const Reduce& op) {
    std::vector<DataType> types;
    for (const TensorType& input : problem.inputs) types.push_back(input.type);
    if (op.input_scale != 0) types[0] = DataType::kFloat;
    return CompiledExpression::compile(op.epilogue, types, problem.outputs[0].type, 1);
  }

  Status accepts(const Problem& problem) const override {
    const auto* op = dynamic_cast<const Reduce*>(problem.op);
    REQUIRES(op, std::string(problem.op->name()) + " is no reduction");
    TRY(accepts_scaled_input(problem, *op));
    REQUIRES(op->epilogue.empty() || op->output_scale == 0, "an epilogue before a scaled output");
    REQUIRES(problem.inputs.size() <= BroadcastLoop::kMostInputs, "there are more than 16 inputs");
    for (size_t i = 0; i < problem.inputs.size(); ++i) {
      REQUIRES(is_present(problem, i), "input " + std::to_string(i) + " is left out");
      const Format format = input_format(problem, i);
      REQUIRES(has_strides(format) && channel_group(format) == 1, "the format is " + std::string(name_of(format)));
    }
    const Format format = output_format(problem, 0);
    REQUIRES(has_strides(format) && channel_group(format) == 1, "the format is " + std::string(name_of(format)));
    REQUIRES(format == Format::kLinear || op->keepdims, "the output loses dims, so its channels are no longer the second");
    if (!op->epilogue.empty()) {
      auto compiled = compile(problem, *op);
      if (!compiled.ok()) return std::move(compiled).error();
    }
    return Ok{};
  }

  std::vector<Formats> proposals(const Problem& problem) const override {
    Formats linear = linear_formats(problem);
    std::vector<Formats> result{linear};
    if (problem.inputs.empty() || problem.inputs[0].rank() < 3 || is_constant(problem, 0)) return result;
    Formats last = linear;
    last.inputs[0] = Format::kChannelsLast;
    const bool keeps = problem.outputs[0].rank() == problem.inputs[0].rank();
    if (keeps) last.outputs[0] = Format::kChannelsLast;
    for (size_t i = 1; keeps && i < problem.inputs.size(); ++i) {
      if (!is_constant(problem, i) && problem.inputs[i].rank() == problem.outputs[0].rank()) last.inputs[i] = Format::kChannelsLast;
    }
    result.push_back(std::move(last));
    return result;
  }

  Result<std::unique_ptr<Kernel>> prepare(const Problem& problem, const std::vector<PackedWeights>&) const override {
    auto kernel = std::make_unique<ReduceKernel>();
    kernel->op = static_cast<const Reduce&>(*problem.op);
    kernel->type = problem.inputs[0].type;
    kernel->output_type = problem.outputs[0].type;
    kernel->format = input_format(problem, 0);
    kernel->output_format = output_format(problem, 0);
    kernel->constants = problem.constants;
    kernel->constants.resize(problem.inputs.size());
    for (size_t i = 0; i < problem.inputs.size(); ++i) {
      kernel->extra_formats.push_back(input_format(problem, i));
      kernel->extra_types.push_back(problem.inputs[i].type);
    }
    if (!kernel->op.epilogue.empty()) {
      TRY_ASSIGN(kernel->epilogue, compile(problem, kernel->op));
    }
    kernel->convert = ScaledRows::make(kernel->op, kernel->type, kernel->output_type);
    kernel->bytes = bits_of(kernel->type) / 8;
    return std::unique_ptr<Kernel>(std::move(kernel));
  }

  std::optional<double> estimate_ms(const Problem& problem) const override {
    if (problem.opt_inputs.empty()) return std::nullopt;
    return 0.002 + static_cast<double>(volume(problem.opt_inputs[0]).value_or(0)) * 0.15e-6;
  }
};

}  // namespace

TACTIC(ReduceRows, cpu, reduce)

}  // namespace ingot
