// cpu.normalization: layer, RMS, instance and group normalization over regions that are contiguous in memory, with the epilogue fused.
#include "operators/normalization.h"

#include <algorithm>
#include <cmath>

#include "tactics/cpu/expression_tiles.h"
#include "tactics/cpu/float_constant.h"
#include "tactics/cpu/row_buffer.h"
#include "tactics/cpu/row_kernels.h"
#include "tactics/cpu/scaled_rows.h"

namespace ingot {
namespace {

constexpr int64_t kPartElements = 8 * 1024;

bool by_channel(NormalizationKind kind) { return kind == NormalizationKind::kInstance || kind == NormalizationKind::kGroup; }

// Axes in the order of memory, outermost first.
std::vector<size_t> memory_order(size_t rank, Format format) {
  std::vector<size_t> order;
  const bool last = rank >= 3 && is_channels_last(format);
  for (size_t d = 0; d < rank; ++d) {
    if (!(last && d == 1)) order.push_back(d);
  }
  if (last) order.push_back(1);
  return order;
}

std::vector<bool> region_of(const Normalization& op, int64_t rank) {
  std::vector<bool> region(static_cast<size_t>(rank), false);
  for (int64_t axis : op.axes) region[static_cast<size_t>(axis < 0 ? axis + rank : axis)] = true;
  return region;
}

struct NormalizationKernel;

struct NormalizationLaunch final : Launch {
  const NormalizationKernel& kernel;
  int64_t rows = 0, length = 1, parts = 1;
  int64_t segment = 1, segments = 1, groups = 1;  // by channel: a row is `segments` channels of `segment` elements
  std::vector<float> scale, bias;                 // constants spread over a row in the order of memory

  explicit NormalizationLaunch(const NormalizationKernel& kernel) : kernel(kernel) {}
  int64_t buffered() const;
  size_t parameter_bytes() const;
  size_t workspace_bytes() const override { return parameter_bytes() + RowBuffer::workspace_bytes(buffered(), parts); }
  Status run(const RunArguments& arguments) const override;
  void run_rows(const RunArguments& arguments, int64_t part, const float* scales, const float* biases) const;
};

struct NormalizationKernel final : Kernel {
  Normalization op;
  DataType type = DataType::kFloat, output_type = DataType::kFloat, residual_type = DataType::kFloat;
  Format format = Format::kLinear;
  FloatVector scale, bias;
  Dims scale_dims, bias_dims;
  Array constant, residual;
  std::optional<CompiledExpression> epilogue;
  ScaledRows convert;

  bool direct() const { return type == DataType::kFloat && output_type == DataType::kFloat && !epilogue; }

  Result<std::unique_ptr<Launch>> launch(const std::vector<Shape>& inputs, const std::vector<Shape>&) const override {
    auto launch = std::make_unique<NormalizationLaunch>(*this);
    const Shape& shape = inputs[0];
    TRY_ASSIGN(const int64_t total, volume(shape));
    if (by_channel(op.kind)) {
      launch->groups = op.kind == NormalizationKind::kGroup ? op.groups : shape[1];
      for (size_t d = 2; d < shape.size(); ++d) launch->segment *= shape[d];
      launch->segments = launch->groups > 0 ? shape[1] / launch->groups : 0;
      launch->length = launch->segment * launch->segments;
    } else {
      const auto region = region_of(op, static_cast<int64_t>(shape.size()));
      for (size_t d = 0; d < shape.size(); ++d) launch->length *= region[d] ? shape[d] : 1;
      launch->scale = spread(scale, scale_dims, shape, region);
      launch->bias = spread(bias, bias_dims, shape, region);
    }
    launch->rows = launch->length > 0 ? total / launch->length : 0;
    launch->parts = std::clamp<int64_t>(total / kPartElements, 1, std::max<int64_t>(1, launch->rows));
    launch->parts = RowBuffer::bounded_parts(launch->buffered(), launch->parts);
    return std::unique_ptr<Launch>(std::move(launch));
  }

  // A constant parameter by element of the region in the order of memory; empty where it is none.
  std::vector<float> spread(const FloatVector& vector, const Dims& dims, const Shape& shape, const std::vector<bool>& region) const {
    std::vector<float> row;
    if (!vector.known()) return row;
    const Shape own = constant_shape(dims), own_strides = row_major_strides(own);
    std::vector<size_t> axes;
    Shape sizes;
    for (size_t d : memory_order(shape.size(), format)) {
      if (!region[d]) continue;
      axes.push_back(d);
      sizes.push_back(shape[d]);
    }
    const size_t skipped = shape.size() - own.size();
    for (IndexWalk walk(sizes); !walk.done(); walk.next()) {
      int64_t at = 0;
      for (size_t i = 0; i < axes.size(); ++i) {
        if (axes[i] >= skipped && own[axes[i] - skipped] != 1) at += walk.index()[i] * own_strides[axes[i] - skipped];
      }
      row.push_back(vector.values()[static_cast<size_t>(at)]);
    }
    return row;
  }
};

int64_t NormalizationLaunch::buffered() const { return kernel.direct() ? 0 : length; }
size_t NormalizationLaunch::parameter_bytes() const {
  const int64_t count = by_channel(kernel.op.kind) ? segments * groups : length;
  return static_cast<size_t>(kernel.scale.scratch_floats(count) + kernel.bias.scratch_floats(count)) * sizeof(float);
}

Status NormalizationLaunch::run(const RunArguments& arguments) const {
  if (rows == 0) return Ok{};
  auto* scratch = static_cast<float*>(arguments.workspace);
  const int64_t count = by_channel(kernel.op.kind) ? segments * groups : length;
  const float* scales = kernel.scale.get(arguments, scratch, count);
  const float* biases = kernel.bias.get(arguments, scratch, count);
  if (!scale.empty()) scales = scale.data();
  if (!bias.empty()) biases = bias.data();
  arguments.pool->run(parts, [&](int64_t part, int) { run_rows(arguments, part, scales, biases); });
  return Ok{};
}

void NormalizationLaunch::run_rows(const RunArguments& arguments, int64_t part, const float* scales, const float* biases) const {
  const RowKernels& kernels = row_kernels();
  const auto* x = static_cast<const char*>(kernel.constant.data() ? kernel.constant.data() : arguments.inputs[0]);
  const auto* residual = static_cast<const char*>(kernel.residual.data()                                  ? kernel.residual.data()
                                                  : kernel.epilogue && kernel.epilogue->input_count() > 1 ? arguments.inputs[3]
                                                                                                          : nullptr);
  auto* y = static_cast<char*>(arguments.outputs[0]);
  const int64_t bytes = bits_of(kernel.type) / 8, output_bytes = bits_of(kernel.output_type) / 8,
                residual_bytes = bits_of(kernel.residual_type) / 8;
  const bool direct = kernel.direct(), rms = kernel.op.kind == NormalizationKind::kRms;
  RowBuffer buffer(buffered(), static_cast<char*>(arguments.workspace) + parameter_bytes(), part);
  for (int64_t r = rows * part / parts; r < rows * (part + 1) / parts; ++r) {
    const auto* row = reinterpret_cast<const float*>(x + r * length * bytes);
    if (kernel.type != DataType::kFloat) {
      kernel.convert.in.run(x + r * length * bytes, buffer.row(), length);
      row = buffer.row();
    }
    float mean = 0, variance = 0;
    if (rms)
      variance = kernels.reduce(RowSum::kSquares, row, length) / static_cast<float>(length);
    else
      kernels.moments(row, length, &mean, &variance);
    const auto factor = static_cast<float>(1.0 / std::sqrt(static_cast<double>(variance) + kernel.op.epsilon));
    float* out = direct ? reinterpret_cast<float*>(y) + r * length : buffer.row();
    if (by_channel(kernel.op.kind)) {
      const int64_t channel = r % groups * segments;
      for (int64_t s = 0; s < segments; ++s)
        kernels.normalize_evenly(row + s * segment, mean, factor * (scales ? scales[channel + s] : 1.0f),
                                 biases ? biases[channel + s] : 0.0f, out + s * segment, segment);
    } else {
      kernels.normalize(row, mean, factor, scales, biases, out, length);
    }
    if (direct) continue;
    if (kernel.epilogue) {
      const CompiledExpression::Input operands[2] = {{out, 1, 0}, {residual ? residual + r * length * residual_bytes : nullptr, 1, 0}};
      if (kernel.op.output_scale == 0) {
        kernel.epilogue->run(operands, y + r * length * output_bytes, 1, length);
        continue;
      }
      kernel.epilogue->run(operands, out, 1, length);
    }
    kernel.convert.out.run(out, y + r * length * output_bytes, length);
  }
}

struct NormalizationRows final : Tactic {
  std::string_view name() const override { return "cpu.normalization"; }

  Status accepts(const Problem& problem) const override {
    const auto* op = dynamic_cast<const Normalization*>(problem.op);
    REQUIRES(op, std::string(problem.op->name()) + " is no normalization");
    TRY(accepts_scaled_input(problem, *op));
    const TensorType& x = problem.inputs[0];
    const Format format = input_format(problem, 0);
    REQUIRES(has_strides(format) && channel_group(format) == 1, "the format is " + std::string(name_of(format)));
    REQUIRES(format == output_format(problem, 0), "input and output have different formats");
    const bool has_residual = is_present(problem, 3);
    if (has_residual) {
      REQUIRES(problem.inputs[3].dims == x.dims, "the residual has dims " + to_text(problem.inputs[3].dims) + ", not those of x");
      REQUIRES(input_format(problem, 3) == format, "the residual has another format than x");
    }
    for (size_t i = 1; i < 3 && i < problem.inputs.size(); ++i) {
      if (!is_present(problem, i)) continue;
      REQUIRES(input_format(problem, i) == Format::kLinear, "parameters are not linear");
      REQUIRES(load_row(problem.inputs[i].type), std::string(name_of(problem.inputs[i].type)) + " has no rows");
    }
    if (by_channel(op->kind)) {
      REQUIRES(format == Format::kLinear, "channels lie innermost");
    } else {
      const auto region = region_of(*op, x.rank());
      const auto order = memory_order(static_cast<size_t>(x.rank()), format);
      bool inside = false;
      for (size_t d : order) {
        REQUIRES(region[d] || !inside || x.dims[d].is(1), "the region is not contiguous in memory");
        inside = inside || (region[d] && !x.dims[d].is(1));
      }
      for (size_t i = 1; i < 3; ++i) {
        if (is_present(problem, i)) TRY(check_parameter(problem, i, region, format));
      }
    }
    if (!op->epilogue.empty()) {
      auto compiled = compile(problem, *op);
      if (!compiled.ok()) return std::move(compiled).error();
    }
    return Ok{};
  }

  static Status check_parameter(const Problem& problem, size_t input, const std::vector<bool>& region, Format format) {
    const Dims &own = problem.inputs[input].dims, &x = problem.inputs[0].dims;
    REQUIRES(own.size() <= x.size(), "a parameter has more dims than x");
    const size_t skipped = x.size() - own.size();
    bool whole = true;  // one value for each element of the region
    for (size_t d = 0; d < x.size(); ++d) {
      const Dim dim = d < skipped ? Dim(1) : own[d - skipped];
      REQUIRES(region[d] || dim.is(1), "a parameter varies outside the region");
      if (region[d]) whole = whole && dim == x[d];
    }
    if (is_constant(problem, input)) return Ok{};
    REQUIRES(whole && format == Format::kLinear, "a parameter that is no constant does not have one value an element");
    return Ok{};
  }

  static Result<CompiledExpression> compile(const Problem& problem, const Normalization& op) {
    std::vector<DataType> types{op.input_scale != 0 ? DataType::kFloat : problem.inputs[0].type};
    if (is_present(problem, 3)) types.push_back(problem.inputs[3].type);
    return CompiledExpression::compile(op.epilogue, types, op.output_scale != 0 ? DataType::kFloat : problem.outputs[0].type, 1);
  }

  std::vector<Formats> proposals(const Problem& problem) const override {
    Formats linear = linear_formats(problem);
    std::vector<Formats> result{linear};
    if (problem.inputs.empty() || problem.inputs[0].rank() < 3 || is_constant(problem, 0)) return result;
    Formats last = linear;
    last.inputs[0] = last.outputs[0] = Format::kChannelsLast;
    if (is_present(problem, 3) && !is_constant(problem, 3)) last.inputs[3] = Format::kChannelsLast;
    result.push_back(std::move(last));
    return result;
  }

  Result<std::unique_ptr<Kernel>> prepare(const Problem& problem, const std::vector<PackedWeights>&) const override {
    auto kernel = std::make_unique<NormalizationKernel>();
    kernel->op = static_cast<const Normalization&>(*problem.op);
    kernel->type = problem.inputs[0].type;
    kernel->output_type = problem.outputs[0].type;
    kernel->format = input_format(problem, 0);
    kernel->scale = FloatVector(problem, 1);
    kernel->bias = FloatVector(problem, 2);
    if (kernel->scale.present()) kernel->scale_dims = problem.inputs[1].dims;
    if (kernel->bias.present()) kernel->bias_dims = problem.inputs[2].dims;
    if (is_constant(problem, 0)) kernel->constant = problem.constants[0];
    if (is_present(problem, 3)) kernel->residual_type = problem.inputs[3].type;
    if (is_constant(problem, 3)) kernel->residual = problem.constants[3];
    if (!kernel->op.epilogue.empty()) {
      TRY_ASSIGN(kernel->epilogue, compile(problem, kernel->op));
    }
    kernel->convert = ScaledRows::make(kernel->op, kernel->type, kernel->output_type);
    return std::unique_ptr<Kernel>(std::move(kernel));
  }

  std::optional<double> estimate_ms(const Problem& problem) const override {
    if (problem.opt_inputs.empty()) return std::nullopt;
    return 0.002 + static_cast<double>(volume(problem.opt_inputs[0]).value_or(0)) * 0.35e-6;
  }
};

}  // namespace

TACTIC(NormalizationRows, cpu, normalization)

}  // namespace ingot
