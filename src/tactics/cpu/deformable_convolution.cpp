// cpu.deformable_convolution: for each row of the output the elements that its windows read, then rows of these by the weights. Where a
// window reads is found once for all channels that share offsets.
#include "operators/deformable_convolution.h"

#include <algorithm>
#include <cmath>

#include "tactics/cpu/plain_tactic.h"
#include "tactics/cpu/sample_loops.h"
#include "tactics/cpu/tile_kernel.h"

namespace ingot {
namespace {

constexpr int64_t kMostOutputs = 1 << 20;

// Elements that are read together: neighbours of a row, where there are two.
int64_t together(int64_t columns) { return columns > 1 ? 2 : 1; }

// The four elements of a plane around a place, a pair of each of two rows, those outside with the weight 0. The second pair is an entry
// `pitch` behind the first.
void find_place(double y, double x, int64_t rows, int64_t columns, double scale, int32_t* at, float* weight, int64_t pitch) {
  const int64_t pair = together(columns);
  for (int64_t t = 0; t < 2; ++t) {
    at[t * pitch] = 0;
    for (int64_t k = 0; k < pair; ++k) weight[t * pitch * pair + k] = 0;
  }
  if (!(y > -1 && x > -1 && y < static_cast<double>(rows) && x < static_cast<double>(columns))) return;
  const double top = std::floor(y), left = std::floor(x);
  const auto first = static_cast<int64_t>(left), base = std::clamp<int64_t>(first, 0, columns - pair);
  for (int64_t t = 0; t < 2; ++t) {
    const int64_t row = static_cast<int64_t>(top) + t;
    if (row < 0 || row >= rows) continue;
    const double down = (t != 0 ? y - top : 1 - (y - top)) * scale;
    at[t * pitch] = static_cast<int32_t>(row * columns + base);
    for (int64_t k = 0; k < pair; ++k) {
      const double right = base + k == first ? 1 - (x - left) : base + k == first + 1 ? x - left : 0;
      weight[t * pitch * pair + k] = static_cast<float>(down * right);
    }
  }
}

// Sizes of one problem, and how one part's workspace is cut.
struct Sizes {
  int64_t channels, height, width, outs, per_group, kernel_height, kernel_width, taps, rows, columns;
  int64_t pitch;  // of a row of elements, in whole panels

  Sizes(const std::vector<Shape>& inputs, const Shape& output)
      : channels(inputs[0][1]),
        height(inputs[0][2]),
        width(inputs[0][3]),
        outs(inputs[1][0]),
        per_group(inputs[1][1]),
        kernel_height(inputs[1][2]),
        kernel_width(inputs[1][3]),
        taps(kernel_height * kernel_width),
        rows(output[2]),
        columns(output[3]),
        pitch((output[3] + kPanelColumns - 1) / kPanelColumns * kPanelColumns) {}
  int64_t read_floats() const { return per_group * taps * pitch; }
  // Pairs of one of the two rows, and of both; each has two weights.
  int64_t row_places() const { return taps * pitch; }
  int64_t place_count() const { return 2 * row_places(); }
  int64_t part_bytes() const { return (read_floats() + 3 * place_count()) * 4; }
  int64_t cost() const { return per_group * taps * columns * 2; }
};

struct DeformableConvolutionRows final : PlainTactic {
  std::string_view name() const override { return "cpu.deformable_convolution"; }

  Status accepts(const Problem& problem) const override {
    const auto* op = dynamic_cast<const DeformableConvolution*>(problem.op);
    REQUIRES(op, std::string(problem.op->name()) + " is no deformable_convolution");
    const Dims& w = problem.inputs[1].dims;
    REQUIRES(op->groups == 1 || w[1].value() * op->groups % op->offset_groups == 0, "groups of channels and of offsets do not meet");
    REQUIRES(w[0].value() > 0 && w[1].value() > 0 && w[2].value() > 0 && w[3].value() > 0 && w[0].value() <= kMostOutputs,
             "the weights are empty or too many");
    return accepts_plain_floats(problem, {0, 1, 2, 3, 4});
  }
  size_t workspace_bytes(const Operator&, const std::vector<Shape>& inputs, const std::vector<Shape>& outputs) const override {
    const Sizes sizes(inputs, outputs[0]);
    return static_cast<size_t>(PlainCall::parts_for(outputs[0][0] * sizes.rows, sizes.cost()) * sizes.part_bytes());
  }

  static Finish plain_finish() {
    static constexpr float kNone[kPanelColumns] = {};
    Finish finish;
    finish.bias = kNone;
    finish.is_plain = true;
    return finish;
  }

  // y = w * read for `outs` rows of weights; rows of y are a plane apart.
  static void multiply(const TileKernel& tiles, const Finish& finish, const float* w, const float* read, const Sizes& sizes, int64_t outs,
                       float* y) {
    constexpr int64_t kMostTileRows = 64;
    const int64_t terms = sizes.per_group * sizes.taps;
    const void* a[kMostTileRows];
    void* c[kMostTileRows];
    Tile tile{};
    tile.taps = 1;
    tile.k = terms;
    tile.b_stride = sizes.pitch * 4;
    tile.finish = &finish;
    for (int64_t first = 0; first < sizes.columns; first += kPanelColumns) {
      tile.b = read + first;
      tile.columns = static_cast<int>(std::min<int64_t>(kPanelColumns, sizes.columns - first));
      const int64_t most = std::min<int64_t>(tiles.most_rows, kMostTileRows), count = (outs + most - 1) / most;
      for (int64_t t = 0; t < count; ++t) {
        const int64_t from = outs * t / count, end = outs * (t + 1) / count;
        for (int64_t m = from; m < end; ++m) {
          a[m - from] = w + m * terms;
          c[m - from] = y + m * sizes.rows * sizes.columns + first;
        }
        tile.a = a;
        tile.c = c;
        tile.a_stride = end - from;
        tile.rows = static_cast<int>(end - from);
        tiles.run(tile);
      }
    }
  }

  static void row(const PlainCall& call, const Sizes& sizes, int64_t n, int64_t r, std::byte* scratch) {
    const auto& op = call.as<DeformableConvolution>();
    auto* read = reinterpret_cast<float*>(scratch);
    auto* places = reinterpret_cast<int32_t*>(read + sizes.read_floats());
    auto* weights = reinterpret_cast<float*>(places + sizes.place_count());
    const int64_t pair = together(sizes.width);
    const auto sample = pair == 2 ? sample_loops().pairs : sample_loops().elements;
    const TileKernel tiles = tile_kernel(Product::kFloat, current_isa());
    const Finish finish = plain_finish();
    const int64_t columns = sizes.columns, plane = sizes.rows * columns, per_offsets = sizes.channels / op.offset_groups;
    const float* offsets = call.from<float>(2) + n * op.offset_groups * sizes.taps * 2 * plane + r * columns;
    const float* mask = call.in[4] ? call.from<float>(4) + n * op.offset_groups * sizes.taps * plane + r * columns : nullptr;
    const float* bias = call.inputs.size() > 3 ? call.from<float>(3) : nullptr;
    const int64_t terms = sizes.per_group * sizes.taps, group_outs = sizes.outs / op.groups;
    for (int64_t group = 0; group < op.groups; ++group) {
      int64_t known = -1;  // whose offsets `places` follow
      for (int64_t k = 0; k < sizes.per_group; ++k) {
        const int64_t channel = group * sizes.per_group + k, own = channel / per_offsets;
        for (int64_t tap = 0; own != known && tap < sizes.taps; ++tap) {
          const float* down = offsets + (own * sizes.taps + tap) * 2 * plane;
          const float* scale = mask ? mask + (own * sizes.taps + tap) * plane : nullptr;
          const auto top = static_cast<double>(r * op.strides[0] - op.pads[0] + tap / sizes.kernel_width * op.dilations[0]);
          for (int64_t c = 0; c < columns; ++c) {
            const auto left = static_cast<double>(c * op.strides[1] - op.pads[1] + tap % sizes.kernel_width * op.dilations[1]);
            const int64_t entry = tap * sizes.pitch + c;
            find_place(top + static_cast<double>(down[c]), left + static_cast<double>(down[plane + c]), sizes.height, sizes.width,
                       scale ? static_cast<double>(scale[c]) : 1.0, places + entry, weights + entry * pair, sizes.row_places());
          }
          for (int64_t c = columns; c < sizes.pitch; ++c) {  // nothing is beside the row
            const int64_t entry = tap * sizes.pitch + c;
            find_place(-2, -2, sizes.height, sizes.width, 0, places + entry, weights + entry * pair, sizes.row_places());
          }
        }
        known = own;
        const float* x = call.from<float>(0) + (n * sizes.channels + channel) * sizes.height * sizes.width;
        sample(x, places, weights, 2, sizes.row_places(), read + k * sizes.row_places(), sizes.row_places());
      }
      multiply(tiles, finish, call.from<float>(1) + group * group_outs * terms, read, sizes, group_outs,
               call.to<float>(0) + (n * sizes.outs + group * group_outs) * plane + r * columns);
      for (int64_t m = group * group_outs; bias && m < (group + 1) * group_outs; ++m) {
        float* y = call.to<float>(0) + (n * sizes.outs + m) * plane + r * columns;
        for (int64_t c = 0; c < columns; ++c) y[c] += bias[m];
      }
    }
  }

  Status run(const PlainCall& call) const override {
    const auto& op = call.as<DeformableConvolution>();
    const Shape& output = call.outputs[0];
    const Sizes sizes(call.inputs, output);
    const int64_t places = op.offset_groups * sizes.taps;
    if (!call.has_shape(2, {output[0], 2 * places, sizes.rows, sizes.columns}) ||
        (call.inputs.size() > 3 && !call.has_shape(3, {sizes.outs})) ||
        (call.inputs.size() > 4 && !call.has_shape(4, {output[0], places, sizes.rows, sizes.columns})) ||
        sizes.channels != sizes.per_group * op.groups || sizes.channels % op.offset_groups != 0 || sizes.height * sizes.width > INT32_MAX)
      return invalid("bias, mask or offsets do not go with an output " + to_text(output));
    call.share(sizes.columns == 0 ? 0 : output[0] * sizes.rows, sizes.cost(), [&](int64_t first, int64_t last, int64_t part) {
      auto* scratch = static_cast<std::byte*>(call.workspace) + part * sizes.part_bytes();
      for (int64_t unit = first; unit < last; ++unit) row(call, sizes, unit / sizes.rows, unit % sizes.rows, scratch);
    });
    return Ok{};
  }
};

}  // namespace

TACTIC(DeformableConvolutionRows, cpu, deformable_convolution)

}  // namespace ingot
