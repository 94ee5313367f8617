// cpu.grid_sample: of planes of float. What points read, and with which weights, is found once for all channels; then a few planes at a
// time are read, which the second-level cache holds.
#include "operators/grid_sample.h"

#include <algorithm>
#include <cmath>

#include "tactics/cpu/sample_loops.h"
#include "tactics/layout.h"

namespace ingot {
namespace {

constexpr int64_t kPoints = 256;      // that one part finds places for
constexpr int64_t kSlab = 16 * 1024;  // points whose places are known at once
constexpr int64_t kChunk = 1024;      // points that are sampled from one plane after the other
constexpr int64_t kPartPoints = 4096;
constexpr int64_t kPlaneBytes = 256 << 10;  // of planes that are read together
constexpr int64_t kAloneSamples = 4096;     // not worth waking another thread
constexpr int kMostTaps = 4;                // along an axis

double reflect(double x, double low, double high) {
  const double range = high - low;
  if (range <= 0) return low;
  const double turn = std::fmod(std::abs(x - low), 2 * range);
  return low + (turn > range ? 2 * range - turn : turn);
}

double cubic(double distance) {
  constexpr double a = -0.75;
  const double x = std::abs(distance);
  if (x <= 1) return ((a + 2) * x - (a + 3)) * x * x + 1;
  if (x < 2) return ((a * x - 5 * a) * x + 8 * a) * x - 4 * a;
  return 0;
}

struct Taps {
  int64_t index[kMostTaps];
  float weight[kMostTaps];  // 0 where 0 is read
};

// As the reference finds them.
Taps taps_at(const GridSample& op, double position, int64_t length) {
  const auto size = static_cast<double>(length);
  const double low = op.align_corners ? 0 : -0.5, high = op.align_corners ? size - 1 : size - 0.5;
  double x = op.align_corners ? (position + 1) / 2 * (size - 1) : ((position + 1) * size - 1) / 2;
  if (!(std::abs(x) < 1e15)) x = op.padding == SamplePadding::kZeros || std::isnan(x) ? -10 : std::clamp(x, -1e15, 1e15);
  if (op.mode == SampleMode::kNearest) x = std::nearbyint(x);
  if (x < low || x > high) {
    if (op.padding == SamplePadding::kBorder) x = std::clamp(x, 0.0, size - 1);
    if (op.padding == SamplePadding::kReflection) x = reflect(x, low, high);
  }
  Taps taps;
  const auto put = [&](int k, int64_t index, double weight) {
    const bool inside = index >= 0 && index < length;
    if (!inside && op.padding == SamplePadding::kReflection)
      index = static_cast<int64_t>(std::nearbyint(reflect(static_cast<double>(index), low, high)));
    taps.index[k] = std::clamp<int64_t>(index, 0, length - 1);
    taps.weight[k] = inside || op.padding != SamplePadding::kZeros ? static_cast<float>(weight) : 0;
  };
  const double base = std::floor(x), ratio = x - base;
  const auto first = static_cast<int64_t>(base);
  if (op.mode == SampleMode::kNearest) {
    put(0, static_cast<int64_t>(std::nearbyint(x)), 1);
  } else if (op.mode == SampleMode::kLinear) {
    put(0, first, 1 - ratio);
    put(1, first + 1, ratio);
  } else {
    for (int k = 0; k < 4; ++k) put(k, first + k - 1, cubic(k - 1 - ratio));
  }
  return taps;
}

struct GridSampleLaunch final : Launch {
  GridSample op;
  const Array* constants[2] = {};
  int64_t batches = 0, channels = 0, rows = 1, columns = 1, points = 0;
  int64_t taps = 1, slab = 0, group = 1;  // points of a slab, planes that are read together
  const SampleLoops* loops = nullptr;

  size_t workspace_bytes() const override { return static_cast<size_t>(taps * taps * slab) * (sizeof(int32_t) + sizeof(float)); }

  void find_places(const float* grid, int64_t first, int64_t last, int32_t* places, float* weights) const {
    for (int64_t p = first; p < last; ++p) {
      const Taps across = taps_at(op, grid[2 * p], columns), down = taps_at(op, grid[2 * p + 1], rows);
      for (int64_t i = 0; i < taps; ++i) {
        for (int64_t j = 0; j < taps; ++j) {
          places[(i * taps + j) * slab + p] = static_cast<int32_t>(down.index[i] * columns + across.index[j]);
          weights[(i * taps + j) * slab + p] = down.weight[i] * across.weight[j];
        }
      }
    }
  }

  // Points [first, last) of a slab, of channels [channel, end).
  void sample_points(const float* x, const int32_t* places, const float* weights, float* y, int64_t channel, int64_t end, int64_t first,
                     int64_t last) const {
    for (int64_t chunk = first; chunk < last; chunk += kChunk) {
      for (int64_t c = channel; c < end; ++c)
        loops->elements(x + c * rows * columns, places + chunk, weights + chunk, taps * taps, slab, y + c * points + chunk,
                        std::min(kChunk, last - chunk));
    }
  }

  Status run(const RunArguments& arguments) const override {
    const auto* x = static_cast<const float*>(constants[0] ? constants[0]->data() : arguments.inputs[0]);
    const auto* grid = static_cast<const float*>(constants[1] ? constants[1]->data() : arguments.inputs[1]);
    auto* y = static_cast<float*>(arguments.outputs[0]);
    if (channels == 0) return Ok{};
    auto* places = static_cast<int32_t*>(arguments.workspace);
    auto* weights = reinterpret_cast<float*>(places + taps * taps * slab);
    const bool is_small = points * channels * taps <= kAloneSamples;
    for (int64_t batch = 0; batch < batches; ++batch) {
      for (int64_t start = 0; start < points; start += slab) {
        const int64_t count = std::min(slab, points - start);
        const float *planes = x + batch * channels * rows * columns, *at = grid + (batch * points + start) * 2;
        float* to = y + batch * channels * points + start;
        if (is_small) {
          find_places(at, 0, count, places, weights);
          sample_points(planes, places, weights, to, 0, channels, 0, count);
          continue;
        }
        arguments.pool->run((count + kPoints - 1) / kPoints, [&](int64_t part, int) {
          find_places(at, part * kPoints, std::min(count, (part + 1) * kPoints), places, weights);
        });
        const int64_t pieces = (count + kPartPoints - 1) / kPartPoints;
        arguments.pool->run((channels + group - 1) / group * pieces, [&](int64_t part, int) {
          const int64_t channel = part / pieces * group, first = part % pieces * kPartPoints;
          sample_points(planes, places, weights, to, channel, std::min(channels, channel + group), first,
                        std::min(count, first + kPartPoints));
        });
      }
    }
    return Ok{};
  }
};

struct GridSampleKernel final : Kernel {
  GridSample op;
  Array constants[2];

  Result<std::unique_ptr<Launch>> launch(const std::vector<Shape>& inputs, const std::vector<Shape>&) const override {
    auto launch = std::make_unique<GridSampleLaunch>();
    const Shape &shape = inputs[0], &grid = inputs[1];
    launch->op = op;
    for (size_t i = 0; i < 2; ++i) launch->constants[i] = constants[i].data() ? &constants[i] : nullptr;
    launch->batches = shape[0];
    launch->channels = shape[1];
    launch->rows = shape[2];
    launch->columns = shape[3];
    launch->points = grid[1] * grid[2];
    launch->slab = std::min(kSlab, launch->points);
    launch->taps = op.mode == SampleMode::kNearest ? 1 : op.mode == SampleMode::kLinear ? 2 : 4;
    launch->group = std::clamp<int64_t>(kPlaneBytes / std::max<int64_t>(4, shape[2] * shape[3] * 4), 1, 16);
    launch->loops = &sample_loops();
    if (grid[0] != shape[0]) return invalid("a grid " + to_text(grid) + " does not go with an input " + to_text(shape));
    TRY_ASSIGN(const int64_t total, volume(Shape{shape[0], shape[1], launch->points}));
    if (total > 0 && launch->rows * launch->columns == 0) return invalid("an input " + to_text(shape) + " has no elements to sample");
    if (launch->rows * launch->columns > INT32_MAX) return unsupported("planes of " + to_text(shape) + " are too large for grid_sample");
    return std::unique_ptr<Launch>(std::move(launch));
  }
};

struct GridSamplePlanes final : LinearTactic {
  std::string_view name() const override { return "cpu.grid_sample"; }

  Status accepts(const Problem& problem) const override {
    REQUIRES(dynamic_cast<const GridSample*>(problem.op), std::string(problem.op->name()) + " is no grid_sample");
    REQUIRES(problem.inputs[0].rank() == 4, "planes are not of two axes");
    for (size_t i = 0; i < 2; ++i)
      REQUIRES(problem.inputs[i].type == DataType::kFloat,
               "input " + std::to_string(i) + " is " + std::string(name_of(problem.inputs[i].type)));
    return all_linear(problem);
  }

  Result<std::unique_ptr<Kernel>> prepare(const Problem& problem, const std::vector<PackedWeights>&) const override {
    auto kernel = std::make_unique<GridSampleKernel>();
    kernel->op = static_cast<const GridSample&>(*problem.op);
    for (size_t i = 0; i < 2; ++i) {
      if (is_constant(problem, i)) kernel->constants[i] = problem.constants[i];
    }
    return std::unique_ptr<Kernel>(std::move(kernel));
  }

  std::optional<double> estimate_ms(const Problem& problem) const override {
    if (problem.opt_inputs.size() < 2) return std::nullopt;
    return 0.002 +
           static_cast<double>(volume(problem.opt_inputs[1]).value_or(0)) * (1e-5 + 2e-6 * static_cast<double>(problem.opt_inputs[0][1]));
  }
};

}  // namespace

TACTIC(GridSamplePlanes, cpu, grid_sample)

}  // namespace ingot
