// cpu.roi_align: a region's samples are placed once for a block of channels, whose planes are then read one after the other.
#include "operators/roi_align.h"

#include <algorithm>
#include <cmath>

#include "tactics/cpu/indices.h"
#include "tactics/layout.h"

namespace ingot {
namespace {

constexpr int64_t kChannels = 64;
constexpr int64_t kSamples = 512;      // placed before channels read them
constexpr double kMostSamples = 4096;  // the reference's bound

struct Corner {
  int64_t low = 0, high = 0;
  float ratio = 0;  // of high
  bool inside = false;
};

Corner corner_at(double x, int64_t length) {
  if (!(x >= -1 && x <= static_cast<double>(length))) return {};
  x = std::max(x, 0.0);
  const auto low = static_cast<int64_t>(x);
  if (low >= length - 1) return {length - 1, length - 1, 0, true};
  return {low, low + 1, static_cast<float>(x - static_cast<double>(low)), true};
}

// One sample: its corners in a plane and their weights, all 0 where it lies outside.
struct Sample {
  int32_t places[4];
  float weights[4];
};

// Samples that lie next to each other and belong to one cell.
struct Run {
  int64_t cell, first, count;
  bool starts, ends;  // the cell
};

struct RoiAlignLaunch final : Launch {
  RoiAlign op;
  const Array* constants[3] = {};
  bool wide = false;
  int64_t regions = 0, batches = 1, channels = 1, rows = 1, columns = 1, blocks = 1;

  void unit(const float* x, const float* region, int64_t batch, float* y, int64_t first) const {
    const double offset = op.half_pixel ? 0.5 : 0;
    const auto edge = [&](int64_t k) { return static_cast<double>(region[k]) * op.scale - offset; };
    const double left = edge(0), top = edge(1);
    double wide_by = edge(2) - left, high_by = edge(3) - top;
    if (!op.half_pixel) wide_by = std::max(wide_by, 1.0), high_by = std::max(high_by, 1.0);
    const double cell_height = high_by / static_cast<double>(op.height), cell_width = wide_by / static_cast<double>(op.width);
    const auto samples_of = [&](double cell) {
      return op.samples > 0 ? op.samples : static_cast<int64_t>(std::clamp(std::ceil(cell), 0.0, kMostSamples));
    };
    const int64_t down = samples_of(cell_height), across = samples_of(cell_width), taken = down * across;
    const int64_t count = std::min(kChannels, channels - first), plane = rows * columns, cells = op.height * op.width;
    const float* from = x + (batch * channels + first) * plane;
    float* to = y + first * cells;
    if (taken == 0) {
      std::fill(to, to + count * cells, 0.0f);
      return;
    }
    Sample samples[kSamples];
    Run runs[kSamples];
    int64_t sample_count = 0, run_count = 0;
    const float share = 1 / static_cast<float>(taken);
    const auto flush = [&] {
      for (int64_t c = 0; c < count; ++c) {
        const float* at = from + c * plane;
        for (int64_t r = 0; r < run_count; ++r) {
          float& result = to[c * cells + runs[r].cell];
          const float before = runs[r].starts ? (op.maximum ? -__builtin_inff() : 0.0f) : result;
          const float after = op.maximum ? largest(at, samples + runs[r].first, runs[r].count, before)
                                         : sum(at, samples + runs[r].first, runs[r].count, before);
          result = runs[r].ends && !op.maximum ? after * share : after;
        }
      }
      sample_count = run_count = 0;
    };
    for (int64_t cell = 0; cell < cells; ++cell) {
      const auto row = static_cast<double>(cell / op.width), column = static_cast<double>(cell % op.width);
      Run run{cell, sample_count, 0, true, false};
      for (int64_t i = 0; i < down; ++i) {
        const Corner v = corner_at(top + cell_height * (row + (static_cast<double>(i) + 0.5) / static_cast<double>(down)), rows);
        for (int64_t j = 0; j < across; ++j) {
          const Corner h = corner_at(left + cell_width * (column + (static_cast<double>(j) + 0.5) / static_cast<double>(across)), columns);
          if (sample_count == kSamples) {
            runs[run_count++] = run;
            flush();
            run = {cell, 0, 0, false, false};
          }
          if (v.inside && h.inside) {
            samples[sample_count] = {{static_cast<int32_t>(v.low * columns + h.low), static_cast<int32_t>(v.low * columns + h.high),
                                      static_cast<int32_t>(v.high * columns + h.low), static_cast<int32_t>(v.high * columns + h.high)},
                                     {(1 - v.ratio) * (1 - h.ratio), (1 - v.ratio) * h.ratio, v.ratio * (1 - h.ratio), v.ratio * h.ratio}};
          } else {
            samples[sample_count] = {{-1, -1, -1, -1}, {0, 0, 0, 0}};
          }
          ++sample_count;
          ++run.count;
        }
      }
      run.ends = true;
      runs[run_count++] = run;
      if (run_count == kSamples) flush();
    }
    flush();
  }

  static float sum(const float* at, const Sample* samples, int64_t count, float before) {
    for (int64_t s = 0; s < count; ++s) {
      const auto& [p, w] = samples[s];
      if (p[0] >= 0) before += (w[0] * at[p[0]] + w[1] * at[p[1]]) + (w[2] * at[p[2]] + w[3] * at[p[3]]);
    }
    return before;
  }
  // ONNX takes the largest of the weighted corners, not of their sums; those of a sample outside are 0.
  static float largest(const float* at, const Sample* samples, int64_t count, float before) {
    for (int64_t s = 0; s < count; ++s) {
      const auto& [p, w] = samples[s];
      for (int k = 0; k < 4; ++k) before = std::max(before, p[0] >= 0 ? w[k] * at[p[k]] : 0.0f);
    }
    return before;
  }

  Status run(const RunArguments& arguments) const override {
    const auto input = [&](size_t i) { return constants[i] ? constants[i]->data() : arguments.inputs[i]; };
    const auto *x = static_cast<const float*>(input(0)), *places = static_cast<const float*>(input(1));
    const Indices owners{input(2), wide};
    for (int64_t r = 0; r < regions; ++r) {
      if (owners[r] < 0 || owners[r] >= batches)
        return invalid("roi_align: region " + std::to_string(r) + " is of batch " + std::to_string(owners[r]) + ", but there are " +
                       std::to_string(batches));
    }
    auto* y = static_cast<float*>(arguments.outputs[0]);
    arguments.pool->run(regions * blocks, [&](int64_t part, int) {
      const int64_t r = part / blocks;
      unit(x, places + 4 * r, owners[r], y + r * channels * op.height * op.width, part % blocks * kChannels);
    });
    return Ok{};
  }
};

struct RoiAlignKernel final : Kernel {
  RoiAlign op;
  bool wide = false;
  Array constants[3];

  Result<std::unique_ptr<Launch>> launch(const std::vector<Shape>& inputs, const std::vector<Shape>&) const override {
    auto launch = std::make_unique<RoiAlignLaunch>();
    const Shape& shape = inputs[0];
    launch->op = op;
    launch->wide = wide;
    for (size_t i = 0; i < 3; ++i) launch->constants[i] = constants[i].data() ? &constants[i] : nullptr;
    launch->batches = shape[0];
    launch->channels = shape[1];
    launch->rows = shape[2];
    launch->columns = shape[3];
    launch->regions = inputs[1][0];
    if (launch->rows * launch->columns > INT32_MAX)
      return unsupported("a plane " + to_text(shape) + " has places that need more than 32 bits");
    launch->blocks = (launch->channels + kChannels - 1) / kChannels;
    if (inputs[2] != Shape{launch->regions})
      return invalid("there are " + std::to_string(launch->regions) + " regions, and batches " + to_text(inputs[2]));
    if (launch->regions * launch->channels > 0 && (launch->rows == 0 || launch->columns == 0))
      return invalid("an input " + to_text(shape) + " has no elements to sample");
    return std::unique_ptr<Launch>(std::move(launch));
  }
};

struct RoiAlignBlocks final : LinearTactic {
  std::string_view name() const override { return "cpu.roi_align"; }

  Status accepts(const Problem& problem) const override {
    REQUIRES(dynamic_cast<const RoiAlign*>(problem.op), std::string(problem.op->name()) + " is no roi_align");
    for (size_t i = 0; i < 2; ++i)
      REQUIRES(problem.inputs[i].type == DataType::kFloat,
               "input " + std::to_string(i) + " is " + std::string(name_of(problem.inputs[i].type)));
    return all_linear(problem);
  }

  Result<std::unique_ptr<Kernel>> prepare(const Problem& problem, const std::vector<PackedWeights>&) const override {
    auto kernel = std::make_unique<RoiAlignKernel>();
    kernel->op = static_cast<const RoiAlign&>(*problem.op);
    kernel->wide = problem.inputs[2].type == DataType::kInt64;
    for (size_t i = 0; i < 3; ++i) {
      if (is_constant(problem, i)) kernel->constants[i] = problem.constants[i];
    }
    return std::unique_ptr<Kernel>(std::move(kernel));
  }

  std::optional<double> estimate_ms(const Problem& problem) const override {
    if (problem.opt_inputs.size() < 2) return std::nullopt;
    const auto& op = static_cast<const RoiAlign&>(*problem.op);
    return 0.002 + static_cast<double>(problem.opt_inputs[1][0] * problem.opt_inputs[0][1] * op.height * op.width) * 1e-5;
  }
};

}  // namespace

TACTIC(RoiAlignBlocks, cpu, roi_align)

}  // namespace ingot
