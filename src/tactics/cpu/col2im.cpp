// cpu.col2im: each plane of the image by one thread, its blocks added row by row.
#include "operators/col2im.h"

#include <algorithm>
#include <cstring>

#include "tactics/cpu/line_loops.h"
#include "tactics/cpu/plain_tactic.h"

namespace ingot {
namespace {

constexpr size_t kMostAxes = 3;

// One spatial axis; those that are missing in front have one element.
struct Axis {
  int64_t image = 1, block = 1, dilation = 1, stride = 1, pad = 0, count = 1;
  // The places along the axis whose block element `k` lies inside of the image.
  int64_t first(int64_t k) const { return k * dilation >= pad ? 0 : (pad - k * dilation + stride - 1) / stride; }
  int64_t end(int64_t k) const {
    const int64_t last = image - 1 + pad - k * dilation;
    return last < 0 ? 0 : std::min(count, last / stride + 1);
  }
};

struct Col2ImPlanes final : PlainTactic {
  std::string_view name() const override { return "cpu.col2im"; }

  Status accepts(const Problem& problem) const override {
    REQUIRES(dynamic_cast<const Col2Im*>(problem.op), std::string(problem.op->name()) + " is no col2im");
    REQUIRES(problem.outputs[0].rank() <= 2 + static_cast<int64_t>(kMostAxes), "there are more than three spatial axes");
    for (size_t i = 1; i < 3; ++i) REQUIRES(is_constant(problem, i), "the dims of the image or of a block are known only at run time");
    return accepts_plain_floats(problem, {0});
  }

  static void plane(const LineLoops& loops, const Axis* axes, const float* x, float* y) {
    std::memset(y, 0, static_cast<size_t>(axes[0].image * axes[1].image * axes[2].image) * sizeof(float));
    const int64_t blocks = axes[0].count * axes[1].count * axes[2].count;
    const Axis& inner = axes[2];
    for (int64_t a = 0; a < axes[0].block; ++a) {
      for (int64_t b = 0; b < axes[1].block; ++b) {
        for (int64_t c = 0; c < inner.block; ++c, x += blocks) {
          const int64_t first = inner.first(c), end = inner.end(c), shift = c * inner.dilation - inner.pad;
          for (int64_t i = axes[0].first(a); i < axes[0].end(a); ++i) {
            for (int64_t j = axes[1].first(b); j < axes[1].end(b); ++j) {
              const int64_t row = (i * axes[0].stride + a * axes[0].dilation - axes[0].pad) * axes[1].image + j * axes[1].stride +
                                  b * axes[1].dilation - axes[1].pad;
              const float* from = x + (i * axes[1].count + j) * inner.count;
              float* to = y + row * inner.image + shift;
              if (inner.stride == 1) {
                if (first < end) loops.add(from + first, to + first, end - first);
              } else {
                for (int64_t k = first; k < end; ++k) to[k * inner.stride] += from[k];
              }
            }
          }
        }
      }
    }
  }

  Status run(const PlainCall& call) const override {
    const auto& op = call.as<Col2Im>();
    const Shape& shape = call.inputs[0];
    const size_t own = call.outputs[0].size() - 2;
    Axis axes[kMostAxes];
    int64_t elements = 1, blocks = 1;
    for (size_t i = 0; i < own; ++i) {
      Axis& axis = axes[kMostAxes - own + i];
      axis.image = call.outputs[0][2 + i];
      axis.block = call.integer(2, static_cast<int64_t>(i));
      if (!op.dilations.empty()) axis.dilation = op.dilations[i];
      if (!op.strides.empty()) axis.stride = op.strides[i];
      if (!op.pads.empty()) axis.pad = op.pads[i];
      const int64_t padded = axis.image + (op.pads.empty() ? 0 : op.pads[i] + op.pads[own + i]);
      const int64_t reach = axis.dilation * (axis.block - 1) + 1;
      axis.count = padded < reach ? 0 : (padded - reach) / axis.stride + 1;
      elements *= axis.block;
      blocks *= axis.count;
    }
    if (shape[1] != call.outputs[0][1] * elements)
      return invalid(std::to_string(shape[1]) + " rows are no multiple of the " + std::to_string(elements) + " elements of a block");
    if (blocks != shape[2])
      return invalid("an image " + to_text(call.outputs[0]) + " has " + std::to_string(blocks) + " blocks, but the input " +
                     to_text(shape) + " has " + std::to_string(shape[2]));
    const int64_t planes = call.outputs[0][0] * call.outputs[0][1], size = axes[0].image * axes[1].image * axes[2].image;
    const LineLoops& loops = line_loops();
    call.share(planes, 2 * elements * blocks, [&](int64_t first, int64_t last) {
      for (int64_t p = first; p < last; ++p) plane(loops, axes, call.from<float>(0) + p * elements * blocks, call.to<float>(0) + p * size);
    });
    return Ok{};
  }
};

}  // namespace

TACTIC(Col2ImPlanes, cpu, col2im)

}  // namespace ingot
