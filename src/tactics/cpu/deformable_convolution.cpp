// cpu.deformable_convolution: for each row of the output the elements that its windows read, then rows of these by the weights. Where a
// window reads is found once for all channels that share offsets.
#include "operators/deformable_convolution.h"

#include <algorithm>
#include <cmath>

#include "tactics/cpu/plain_tactic.h"
#include "tactics/cpu/row_kernels.h"

namespace ingot {
namespace {

constexpr int64_t kMostOutputs = 1 << 20;

// A place between four elements of a plane; those outside have the weight 0.
struct Place {
  int32_t at[4];
  float weight[4];
};

Place place_of(double y, double x, int64_t rows, int64_t columns, double scale) {
  Place place{};
  if (!(y > -1 && x > -1 && y < static_cast<double>(rows) && x < static_cast<double>(columns))) return place;
  const double top = std::floor(y), left = std::floor(x);
  for (int corner = 0; corner < 4; ++corner) {
    const int64_t row = static_cast<int64_t>(top) + corner / 2, column = static_cast<int64_t>(left) + corner % 2;
    if (row < 0 || row >= rows || column < 0 || column >= columns) continue;
    const double down = corner / 2 ? y - top : 1 - (y - top), right = corner % 2 ? x - left : 1 - (x - left);
    place.at[corner] = static_cast<int32_t>(row * columns + column);
    place.weight[corner] = static_cast<float>(down * right * scale);
  }
  return place;
}

// Sizes of one problem, and how one part's workspace is cut.
struct Sizes {
  int64_t channels, height, width, outs, per_group, kernel_height, kernel_width, taps, rows, columns;

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
        columns(output[3]) {}
  int64_t read_floats() const { return (per_group * taps * columns + 15) / 16 * 16; }
  int64_t place_bytes() const { return (taps * columns * static_cast<int64_t>(sizeof(Place)) + 63) / 64 * 64; }
  int64_t part_bytes() const {
    return read_floats() * static_cast<int64_t>(sizeof(float)) + place_bytes() + (per_group * taps * 8 + 63) / 64 * 64;
  }
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

  static void row(const PlainCall& call, const Sizes& sizes, int64_t n, int64_t r, std::byte* scratch) {
    const auto& op = call.as<DeformableConvolution>();
    auto* read = reinterpret_cast<float*>(scratch);
    auto* places = reinterpret_cast<Place*>(scratch + static_cast<size_t>(sizes.read_floats()) * sizeof(float));
    auto** lines = reinterpret_cast<const float**>(reinterpret_cast<std::byte*>(places) + sizes.place_bytes());
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
            places[tap * columns + c] = place_of(top + static_cast<double>(down[c]), left + static_cast<double>(down[plane + c]),
                                                 sizes.height, sizes.width, scale ? static_cast<double>(scale[c]) : 1.0);
          }
        }
        known = own;
        const float* x = call.from<float>(0) + (n * sizes.channels + channel) * sizes.height * sizes.width;
        float* to = read + k * sizes.taps * columns;
        for (int64_t i = 0; i < sizes.taps * columns; ++i) {
          const Place& p = places[i];
          to[i] = p.weight[0] * x[p.at[0]] + p.weight[1] * x[p.at[1]] + p.weight[2] * x[p.at[2]] + p.weight[3] * x[p.at[3]];
        }
      }
      for (int64_t t = 0; t < terms; ++t) lines[t] = read + t * columns;
      for (int64_t m = group * group_outs; m < (group + 1) * group_outs; ++m) {
        float* y = call.to<float>(0) + (n * sizes.outs + m) * plane + r * columns;
        blend_rows()(lines, call.from<float>(1) + m * terms, terms, y, columns);
        for (int64_t c = 0; bias && c < columns; ++c) y[c] += bias[m];
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
