// cpu.pool: maxima, averages and norms over windows. Channels last: a row of channels for each output position. Linear: rows of a window
// become one row, which is dealt out by the stride, so that its columns are combined as rows, too.
#include "operators/pool.h"

#include <algorithm>
#include <cmath>
#include <limits>

#include "tactics/cpu/convert_rows.h"
#include "tactics/cpu/line_loops.h"
#include "tactics/cpu/row_kernels.h"
#include "tactics/cpu/scaled_rows.h"
#include "tactics/layout.h"

namespace ingot {
namespace {

constexpr int64_t kMostTaps = 256;
constexpr int64_t kMostWidth = 8192;  // of a linear row and what pads it
constexpr int64_t kPartElements = 8 * 1024;
constexpr int64_t kBlockElements = 2048;  // of linear rows that are worked on at once
constexpr int64_t kMostBlockRows = 64;

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
  // From the first position that a window sees to the last.
  int64_t reach() const { return (output - 1) * stride + (kernel - 1) * dilation + 1; }
};

struct PoolLaunch final : Launch {
  const Array* constant = nullptr;
  PoolTaps taps = nullptr;
  LoadRow load = nullptr;
  StoreRow store = nullptr;
  PoolTaps float_maxima = nullptr, float_sums = nullptr;
  const LineLoops* loops = nullptr;
  PoolKind kind = PoolKind::kMax;
  int64_t p = 2;
  double blend_factor = 0;
  bool average = false, include_pad = false, channels_last = false;
  int bytes = 4, output_bytes = 4;
  ScaledRows convert;  // of scaled averages
  bool is_scaled = false;
  DataType type = DataType::kFloat;
  int64_t batch = 0, channels = 0;
  Axis axes[3];                        // depth, height, width
  std::vector<float> column_divisors;  // by column: how many columns of the window count
  bool even_columns = true;            // they are the same
  int64_t pitch = 1, block_rows = 1;   // of linear rows: floats of one with its padding, and how many make a block
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

  // The rows of x in the window of one output row of a plane, and how many rows an average counts.
  int64_t rows_of(const char* x, int64_t unit, const void** list, int64_t* counted) const {
    const Axis &depth = axes[0], &height = axes[1], &width = axes[2];
    const int64_t h = unit % height.output, d = unit / height.output % depth.output, plane = unit / height.output / depth.output;
    const char* image = x + plane * depth.length * height.length * width.length * bytes;
    int64_t count = 0;
    for (int64_t kd = depth.first(d); kd < depth.last(d); ++kd) {
      for (int64_t kh = height.first(h); kh < height.last(h); ++kh) {
        const int64_t row = (depth.start(d) + kd * depth.dilation) * height.length + height.start(h) + kh * height.dilation;
        list[count++] = image + row * width.length * bytes;
      }
    }
    *counted = include_pad ? depth.padded(d) * height.padded(h) : count;
    return count;
  }

  // Maxima or averages of `rows` output rows from `first` on: each becomes a row of floats, with what never counts in place of the
  // padding; then all rows are dealt out by the stride at once, so that each column of the window is one long row.
  void combine(const char* x, int64_t first, int64_t rows, bool averages, float* target) const {
    const Axis& width = axes[2];
    alignas(64) float combined[kMostWidth + 64], other[kMostWidth + 64], dealt[kMostWidth + 64];
    const float nothing = averages ? 0.0f : -std::numeric_limits<float>::infinity();
    const PoolTaps join = averages ? float_sums : float_maxima;
    const void* list[kMostTaps];
    int64_t counted[kMostBlockRows];
    bool even = even_columns;
    for (int64_t r = 0; r < rows; ++r) {
      const int64_t count = rows_of(x, first + r, list, &counted[r]);
      even = even && counted[r] == counted[0] && count > 0;
      float *row = combined + r * pitch, *inside = row + width.begin;
      std::fill(row, inside, nothing);
      if (count == 0) {
        std::fill(inside, inside + width.length, nothing);
      } else if (type == DataType::kFloat) {
        join(list, count, inside, width.length, 1.0f);
      } else {
        for (int64_t t = 0; t < count; ++t) {
          load(list[t], t == 0 ? inside : other, width.length);
          const void* pair[2] = {inside, other};
          if (t > 0) join(pair, 2, inside, width.length, 1.0f);
        }
      }
      if (inside + width.length < row + pitch) std::fill(inside + width.length, row + pitch, nothing);
    }
    const int64_t row_room = pitch / width.stride, room = rows * row_room;
    const float* from = combined;
    if (width.stride > 1) loops->deal(combined, width.stride, dealt, room), from = dealt;
    const void* columns[kMostTaps];
    for (int64_t k = 0; k < width.kernel; ++k) {
      const int64_t at = k * width.dilation;
      columns[k] = from + at % width.stride * room + at / width.stride;
    }
    // Behind a row's outputs stands what nobody asked for; the last row has none.
    const int64_t total = (rows - 1) * row_room + width.output;
    float* joined = row_room == width.output ? target : other;
    join(columns, width.kernel, joined, total, averages && even ? static_cast<float>(counted[0]) * column_divisors[0] : 1.0f);
    for (int64_t r = 0; r < rows; ++r) {
      float* to = target + r * width.output;
      if (joined != target) std::copy_n(joined + r * row_room, width.output, to);
      if (averages && !even) loops->divide(column_divisors.data(), static_cast<float>(std::max<int64_t>(1, counted[r])), to, width.output);
    }
  }

  // Norms of one output row, in double: powers of floats run out of their range.
  void norms(const char* x, int64_t unit, float* target) const {
    const Axis& width = axes[2];
    const void* list[kMostTaps];
    int64_t counted = 0;
    const int64_t count = rows_of(x, unit, list, &counted);
    alignas(64) float converted[kMostWidth];
    double sums[kMostWidth];
    std::fill(sums, sums + width.length, 0.0);
    for (int64_t t = 0; t < count; ++t) {
      const auto* row = static_cast<const float*>(list[t]);
      if (type != DataType::kFloat) load(list[t], converted, width.length), row = converted;
      if (p <= 2) {
        loops->add_powers(row, p, sums, width.length);
      } else {
        for (int64_t i = 0; i < width.length; ++i) sums[i] += std::pow(std::fabs(static_cast<double>(row[i])), static_cast<double>(p));
      }
    }
    for (int64_t w = 0; w < width.output; ++w) {
      double total = 0;
      for (int64_t k = width.first(w); k < width.last(w); ++k) total += sums[width.start(w) + k * width.dilation];
      target[w] = static_cast<float>(p == 1 ? total : p == 2 ? std::sqrt(total) : std::pow(total, 1.0 / static_cast<double>(p)));
    }
  }

  // Output rows [first, last) of planes.
  void plane_rows(const char* x, char* y, int64_t first, int64_t last) const {
    const int64_t width = axes[2].output;
    alignas(64) float result[kMostWidth], maxima[kMostWidth];
    for (int64_t unit = first; unit < last; unit += block_rows) {
      const int64_t rows = std::min(block_rows, last - unit), count = rows * width;
      char* out = y + unit * width * bytes;
      float* target = type == DataType::kFloat ? reinterpret_cast<float*>(out) : result;
      if (kind == PoolKind::kLp) {
        for (int64_t r = 0; r < rows; ++r) norms(x, unit + r, target + r * width);
      } else {
        combine(x, unit, rows, kind != PoolKind::kMax, target);
      }
      if (kind == PoolKind::kBlend) {
        combine(x, unit, rows, false, maxima);
        const auto factor = static_cast<float>(blend_factor), rest = static_cast<float>(1 - blend_factor);
        for (int64_t i = 0; i < count; ++i) target[i] = rest * maxima[i] + factor * target[i];
      }
      if (type != DataType::kFloat) store(result, out, count);
    }
  }

  Status run(const RunArguments& arguments) const override {
    const auto* x = static_cast<const char*>(constant ? constant->data() : arguments.inputs[0]);
    auto* y = static_cast<char*>(arguments.outputs[0]);
    arguments.pool->run(parts, [&](int64_t part, int) {
      const int64_t first = units * part / parts, last = units * (part + 1) / parts;
      if (!channels_last) return plane_rows(x, y, first, last);
      for (int64_t u = first; u < last; ++u) pixels(x, y, u);
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
    launch->kind = op.kind;
    launch->p = op.p;
    launch->blend_factor = op.blend_factor;
    launch->average = op.kind == PoolKind::kAverage;
    launch->include_pad = op.count_include_pad;
    launch->channels_last = format != Format::kLinear;
    launch->type = type;
    launch->bytes = bits_of(type) / 8;
    launch->output_bytes = bits_of(output_type) / 8;
    launch->is_scaled = op.is_scaled();
    if (launch->is_scaled) launch->convert = ScaledRows::make(op, type, output_type);
    launch->taps = pool_taps(type, launch->average);
    launch->float_maxima = pool_taps(DataType::kFloat, false);
    launch->float_sums = pool_taps(DataType::kFloat, true);
    launch->loops = &line_loops();
    const Axis& width = launch->axes[2];
    launch->pitch =
        std::max<int64_t>(1, (std::max(width.reach(), width.begin + width.length) + width.stride - 1) / width.stride * width.stride);
    launch->block_rows = std::clamp<int64_t>(kBlockElements / launch->pitch, 1, kMostBlockRows);
    for (int64_t w = 0; w < width.output; ++w) {
      const int64_t counted = op.count_include_pad ? width.padded(w) : width.last(w) - width.first(w);
      launch->column_divisors.push_back(static_cast<float>(std::max<int64_t>(1, counted)));
      launch->even_columns = launch->even_columns && launch->column_divisors.back() == launch->column_divisors[0];
    }
    launch->load = load_row(type);
    launch->store = store_row(type);
    if (constant.data()) launch->constant = &constant;
    TRY_ASSIGN(const int64_t total, volume(outputs[0]));
    launch->units =
        total == 0 ? 0 : launch->batch * launch->axes[0].output * launch->axes[1].output * (launch->channels_last ? 1 : launch->channels);
    TRY_ASSIGN(const int64_t read, volume(x));
    launch->parts = std::clamp<int64_t>((launch->channels_last ? total : std::max(total, read)) / kPartElements, 1,
                                        std::max<int64_t>(1, launch->units));
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
      const size_t last = op->kernel.size() - 1;
      const Window::Pads pads = op->pads_for(Shape(op->kernel.size(), width.value()), op->kernel);
      const Axis axis{width.value(), output.value(), op->kernel[last], op->stride(last), op->dilation(last), 0, 0};
      REQUIRES(pads.begin[last] + width.value() + axis.stride <= kMostWidth && axis.reach() + axis.stride <= kMostWidth,
               "a padded row may be longer than 8192");
    } else {
      REQUIRES(op->kind == PoolKind::kMax || op->kind == PoolKind::kAverage, "only maxima and averages are taken of pixels");
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
    return 0.002 + count * (input_format(problem, 0) == Format::kLinear ? 0.4e-6 : 0.3e-6);
  }
};

}  // namespace

TACTIC(PoolWindows, cpu, pool)

}  // namespace ingot
