// cpu.pool: maxima and averages over windows. Channels last: a row of channels for each output position. Linear: rows of a window are
// combined as vectors, columns one by one.
#include "operators/pool.h"

#include <algorithm>
#include <limits>

#include "tactics/cpu/convert_rows.h"
#include "tactics/cpu/row_kernels.h"
#include "tactics/cpu/scaled_rows.h"
#include "tactics/layout.h"

namespace ingot {
namespace {

constexpr int64_t kMostTaps = 256;
constexpr int64_t kMostWidth = 8192;  // of a linear row
constexpr int64_t kPartElements = 8 * 1024;

// One spatial dim; those that are missing have length 1.
struct Axis {
  int64_t length = 1, output = 1, kernel = 1, stride = 1, dilation = 1, begin = 0, end = 0;

  // Taps of output position i: positions start + k * dilation for k in [first, last) lie inside.
  int64_t start(int64_t i) const { return i * stride - begin; }
  int64_t first(int64_t i) const {
    const int64_t at = start(i);
    return at >= 0 ? 0 : std::min(kernel, (-at + dilation - 1) / dilation);
  }
  int64_t last(int64_t i) const {
    const int64_t room = length - start(i);
    return room <= 0 ? 0 : std::min(kernel, (room + dilation - 1) / dilation);
  }
  // Taps inside x and its padding: those behind the padding's end do not count.
  int64_t padded(int64_t i) const {
    const int64_t room = length + end - start(i);
    return room <= 0 ? 0 : std::min(kernel, (room + dilation - 1) / dilation);
  }
};

struct PoolLaunch final : Launch {
  const Array* constant = nullptr;
  PoolTaps taps = nullptr;
  LoadRow load = nullptr;
  StoreRow store = nullptr;
  PoolTaps float_taps = nullptr;
  bool average = false, include_pad = false, channels_last = false;
  int bytes = 4, output_bytes = 4;
  ScaledRows convert;  // of scaled averages
  bool is_scaled = false;
  DataType type = DataType::kFloat;
  int64_t batch = 0, channels = 0;
  Axis axes[3];  // depth, height, width
  int64_t units = 0, parts = 1;

  float divisor(int64_t inside, int64_t padded) const { return static_cast<float>(include_pad ? padded : inside); }
  // What a window without a tap gives.
  float nothing() const { return average ? 0.0f : -std::numeric_limits<float>::infinity(); }

  // The mean of pixels with scales around it, a block of channels at a time.
  void scaled_average(const void* const* list, int64_t count, char* out, float divisor) const {
    constexpr int64_t kBlock = 512;
    alignas(64) float sums[kBlock], next[kBlock];
    for (int64_t first = 0; first < channels; first += kBlock) {
      const int64_t n = std::min(kBlock, channels - first);
      std::fill(sums, sums + n, 0.0f);
      for (int64_t t = 0; t < count; ++t) {
        convert.in.run(static_cast<const char*>(list[t]) + first * bytes, next, n);
        for (int64_t i = 0; i < n; ++i) sums[i] += next[i];
      }
      for (int64_t i = 0; i < n && count > 0; ++i) sums[i] /= divisor;
      convert.out.run(sums, out + first * output_bytes, n);
    }
  }

  // One output row of channels-last pixels.
  void pixels(const char* x, char* y, int64_t unit) const {
    const Axis &depth = axes[0], &height = axes[1], &width = axes[2];
    const int64_t h = unit % height.output, d = unit / height.output % depth.output, n = unit / height.output / depth.output;
    const char* image = x + n * depth.length * height.length * width.length * channels * bytes;
    char* out = y + ((n * depth.output + d) * height.output + h) * width.output * channels * output_bytes;
    const void* list[kMostTaps];
    for (int64_t w = 0; w < width.output; ++w, out += channels * output_bytes) {
      int64_t count = 0;
      for (int64_t kd = depth.first(d); kd < depth.last(d); ++kd) {
        for (int64_t kh = height.first(h); kh < height.last(h); ++kh) {
          const int64_t row = (depth.start(d) + kd * depth.dilation) * height.length + height.start(h) + kh * height.dilation;
          for (int64_t kw = width.first(w); kw < width.last(w); ++kw)
            list[count++] = image + (row * width.length + width.start(w) + kw * width.dilation) * channels * bytes;
        }
      }
      if (is_scaled) {
        scaled_average(list, count, out, divisor(count, depth.padded(d) * height.padded(h) * width.padded(w)));
      } else if (count > 0) {
        taps(list, count, out, channels, divisor(count, depth.padded(d) * height.padded(h) * width.padded(w)));
      } else {
        const float empty = nothing();
        for (int64_t c = 0; c < channels; ++c) store(&empty, out + c * bytes, 1);
      }
    }
  }

  // One output row of a plane: the rows of the window become one row of floats first.
  void plane_row(const char* x, char* y, int64_t unit) const {
    const Axis &depth = axes[0], &height = axes[1], &width = axes[2];
    const int64_t h = unit % height.output, d = unit / height.output % depth.output, plane = unit / height.output / depth.output;
    const char* image = x + plane * depth.length * height.length * width.length * bytes;
    char* out = y + unit * width.output * bytes;
    const void* list[kMostTaps];
    alignas(64) float combined[kMostWidth], converted[kMostWidth], result[kMostWidth];
    int64_t count = 0;
    for (int64_t kd = depth.first(d); kd < depth.last(d); ++kd) {
      for (int64_t kh = height.first(h); kh < height.last(h); ++kh) {
        const int64_t row = (depth.start(d) + kd * depth.dilation) * height.length + height.start(h) + kh * height.dilation;
        list[count++] = image + row * width.length * bytes;
      }
    }
    if (type == DataType::kFloat) {
      if (count > 0) float_taps(list, count, combined, width.length, 1.0f);
    } else {
      for (int64_t t = 0; t < count; ++t) {
        load(list[t], t == 0 ? combined : converted, width.length);
        const void* pair[2] = {combined, converted};
        if (t > 0) float_taps(pair, 2, combined, width.length, 1.0f);
      }
    }
    float* target = type == DataType::kFloat ? reinterpret_cast<float*>(out) : result;
    const int64_t outer_padded = depth.padded(d) * height.padded(h);
    for (int64_t w = 0; w < width.output; ++w) {
      const int64_t first = width.first(w), last = width.last(w);
      if (count == 0 || first >= last) {
        target[w] = nothing();
        continue;
      }
      const float* at = combined + width.start(w);
      float total = at[first * width.dilation];
      if (average) {
        for (int64_t k = first + 1; k < last; ++k) total += at[k * width.dilation];
        total /= divisor(count * (last - first), outer_padded * width.padded(w));
      } else {
        for (int64_t k = first + 1; k < last; ++k) {
          const float value = at[k * width.dilation];
          total = total != total || total > value ? total : value;
        }
      }
      target[w] = total;
    }
    if (type != DataType::kFloat) store(result, out, width.output);
  }

  Status run(const RunArguments& arguments) const override {
    const auto* x = static_cast<const char*>(constant ? constant->data() : arguments.inputs[0]);
    auto* y = static_cast<char*>(arguments.outputs[0]);
    arguments.pool->run(parts, [&](int64_t part, int) {
      for (int64_t u = units * part / parts; u < units * (part + 1) / parts; ++u) {
        if (channels_last)
          pixels(x, y, u);
        else
          plane_row(x, y, u);
      }
    });
    return Ok{};
  }
};

struct PoolKernel final : Kernel {
  Pool op;
  DataType type = DataType::kFloat, output_type = DataType::kFloat;
  Format format = Format::kLinear;
  Array constant;

  Result<std::unique_ptr<Launch>> launch(const std::vector<Shape>& inputs, const std::vector<Shape>& outputs) const override {
    auto launch = std::make_unique<PoolLaunch>();
    const Shape& x = inputs[0];
    const size_t spatial = x.size() - 2;
    const Shape lengths(x.begin() + 2, x.end());
    const auto pads = op.pads_for(lengths, op.kernel);
    for (size_t d = 0; d < spatial; ++d)
      launch->axes[3 - spatial + d] = {lengths[d],     outputs[0][d + 2], op.kernel[d], op.stride(d),
                                       op.dilation(d), pads.begin[d],     pads.end[d]};
    launch->batch = x[0];
    launch->channels = x[1];
    launch->average = op.kind == PoolKind::kAverage;
    launch->include_pad = op.count_include_pad;
    launch->channels_last = format != Format::kLinear;
    launch->type = type;
    launch->bytes = bits_of(type) / 8;
    launch->output_bytes = bits_of(output_type) / 8;
    launch->is_scaled = op.is_scaled();
    if (launch->is_scaled) launch->convert = ScaledRows::make(op, type, output_type);
    launch->taps = pool_taps(type, launch->average);
    launch->float_taps = pool_taps(DataType::kFloat, launch->average);
    launch->load = load_row(type);
    launch->store = store_row(type);
    if (constant.data()) launch->constant = &constant;
    TRY_ASSIGN(const int64_t total, volume(outputs[0]));
    launch->units =
        total == 0 ? 0 : launch->batch * launch->axes[0].output * launch->axes[1].output * (launch->channels_last ? 1 : launch->channels);
    launch->parts = std::clamp<int64_t>(total / kPartElements, 1, std::max<int64_t>(1, launch->units));
    return std::unique_ptr<Launch>(std::move(launch));
  }
};

struct PoolWindows final : Tactic {
  std::string_view name() const override { return "cpu.pool"; }

  Status accepts(const Problem& problem) const override {
    const auto* op = dynamic_cast<const Pool*>(problem.op);
    REQUIRES(op, std::string(problem.op->name()) + " is no pool");
    if (op->is_scaled()) {
      TRY(accepts_scaled_input(problem, *op));
      REQUIRES(op->kind == PoolKind::kAverage && is_channels_last(input_format(problem, 0)), "only channels-last averages have scales");
    }
    REQUIRES(op->kind == PoolKind::kMax || op->kind == PoolKind::kAverage, "only maxima and averages are taken");
    REQUIRES(!op->with_indices, "the indices of the maxima are wanted");
    const TensorType& x = problem.inputs[0];
    REQUIRES(pool_taps(x.type, false), std::string(name_of(x.type)) + " has no kernel");
    REQUIRES(op->kernel.size() <= 3, "there are more than 3 spatial dims");
    int64_t taps = 1;
    for (int64_t length : op->kernel) taps *= std::min<int64_t>(length, kMostTaps + 1);
    REQUIRES(taps <= kMostTaps, "the window has more than 256 taps");
    const Format format = input_format(problem, 0);
    REQUIRES(has_strides(format) && channel_group(format) == 1, "the format is " + std::string(name_of(format)));
    REQUIRES(format == output_format(problem, 0), "input and output have different formats");
    if (format == Format::kLinear) {
      const Dim &width = x.dims.back(), &output = problem.outputs[0].dims.back();
      REQUIRES(width.is_constant() && output.is_constant() && width.value() <= kMostWidth && output.value() <= kMostWidth,
               "a row may be longer than 8192");
    }
    return Ok{};
  }

  Result<std::unique_ptr<Kernel>> prepare(const Problem& problem, const std::vector<PackedWeights>&) const override {
    auto kernel = std::make_unique<PoolKernel>();
    kernel->op = static_cast<const Pool&>(*problem.op);
    kernel->type = problem.inputs[0].type;
    kernel->output_type = problem.outputs[0].type;
    kernel->format = input_format(problem, 0);
    if (is_constant(problem, 0)) kernel->constant = problem.constants[0];
    return std::unique_ptr<Kernel>(std::move(kernel));
  }

  std::optional<double> estimate_ms(const Problem& problem) const override {
    if (problem.opt_inputs.empty()) return std::nullopt;
    const auto count = static_cast<double>(volume(problem.opt_inputs[0]).value_or(0));
    return 0.002 + count * (input_format(problem, 0) == Format::kLinear ? 0.8e-6 : 0.3e-6);
  }
};

}  // namespace

TACTIC(PoolWindows, cpu, pool)

}  // namespace ingot
