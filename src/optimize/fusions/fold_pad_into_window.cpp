// convolution(pad(x, 0), w) => convolution(x, w) with larger pads; average pooling that counts its padding likewise; padding with -inf goes
// into maximum pooling
#include <cmath>

#include "operators/convolution.h"
#include "operators/pad.h"
#include "operators/pool.h"
#include "optimize/edit.h"
#include "optimize/pattern.h"
#include "testing/example.h"

namespace ingot {
namespace {

// The window with the pads of `pad` added; nothing where those are no constant, not spatial, or of another value.
template <class Op>
std::optional<Op> padded(Op window, const Pad& pad, const Layer& layer, double value) {
  const auto rank = static_cast<size_t>(layer.input(0)->type.rank());
  if (layer.inputs().size() != 1 || pad.mode != PadMode::kConstant || pad.value != value || pad.pads.size() != 2 * rank || rank < 3)
    return std::nullopt;
  if (window.auto_pad != AutoPad::kNone) return std::nullopt;
  const size_t spatial = rank - 2;
  window.pads_begin.resize(spatial, 0);
  window.pads_end.resize(spatial, 0);
  for (size_t axis = 0; axis < rank; ++axis) {
    const int64_t before = pad.pads[axis], after = pad.pads[rank + axis];
    if (before < 0 || after < 0 || (axis < 2 && (before != 0 || after != 0))) return std::nullopt;
    if (axis < 2) continue;
    window.pads_begin[axis - 2] += before;
    window.pads_end[axis - 2] += after;
  }
  return window;
}

bool has_pads(const Window& window) {
  for (const auto* pads : {&window.pads_begin, &window.pads_end}) {
    for (int64_t pad : *pads) {
      if (pad != 0) return true;
    }
  }
  return false;
}

}  // namespace

FUSION(fold_pad_into_window, kFoldPadding) {
  auto x = Pattern::any(), w = Pattern::any();
  auto pad = Pattern::of<Pad>(x).used_once();
  auto convolution = Pattern::of<Convolution>(pad, w).with_more_inputs();
  fusions.push_back({"fold_pad_into_window", convolution, [=](const Match& m, Network& network) -> Result<Tensor*> {
                       auto op = padded(m.op<Convolution>(convolution), m.op<Pad>(pad), m.layer(pad), 0);
                       if (!op) return nullptr;
                       std::vector<Tensor*> inputs = m.layer(convolution).inputs();
                       inputs[0] = m[x];
                       return network.add(*op, inputs);
                     }});
  auto pool = Pattern::of<Pool>(pad);
  fusions.push_back({"fold_pad_into_window", pool, [=](const Match& m, Network& network) -> Result<Tensor*> {
                       Pool op = m.op<Pool>(pool);
                       const bool averages = op.kind == PoolKind::kAverage && (op.count_include_pad || !has_pads(op)) && !op.ceil_mode;
                       const bool takes_maximum = op.kind == PoolKind::kMax && !op.with_indices;
                       if (!averages && !takes_maximum) return nullptr;
                       auto wide = padded(op, m.op<Pad>(pad), m.layer(pad), averages ? 0 : -INFINITY);
                       if (!wide) return nullptr;
                       wide->count_include_pad = averages;
                       return network.add(*wide, {m[x]});
                     }});
}

EXAMPLE("zeros around a convolution's input are its padding") {
  expect_rewrite("fold_pad_into_window", R"(
    input x [n, 1, 3]
    weights w float [2, 1, 2] = 1 2 3 4
    a = pad(x) pads=[0, 0, 1, 0, 0, 2]
    y = convolution(a, w) pads_begin=[0] pads_end=[1]
    output y)",
                 R"(
    input x [n, 1, 3]
    weights w float [2, 1, 2] = 1 2 3 4
    y = convolution(x, w) pads_begin=[1] pads_end=[3]
    output y)");
}

EXAMPLE("zeros around an average are counted") {
  expect_rewrite("fold_pad_into_window", R"(
    input x [n, 1, 4]
    a = pad(x) pads=[0, 0, 1, 0, 0, 1]
    y = pool(a) kind=average kernel=[2] strides=[2]
    output y)",
                 R"(
    input x [n, 1, 4]
    y = pool(x) kind=average kernel=[2] strides=[2] pads_begin=[1] pads_end=[1] count_include_pad=true
    output y)");
}

EXAMPLE("padding with another value stays") {
  expect_unchanged("fold_pad_into_window", R"(
    input x [n, 1, 3]
    weights w float [2, 1, 2] = 1 2 3 4
    a = pad(x) pads=[0, 0, 1, 0, 0, 2] value=1
    y = convolution(a, w)
    output y)");
}

EXAMPLE("zeros before a maximum stay") {
  expect_unchanged("fold_pad_into_window", R"(
    input x [n, 1, 3]
    a = pad(x) pads=[0, 0, 1, 0, 0, 1]
    y = pool(a) kernel=[2]
    output y)");
}

}  // namespace ingot
