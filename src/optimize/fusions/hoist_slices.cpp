// slice(move(x)) => move(slice(x)); gather(x, number) => reshape(slice(x)): so that slices stand right behind what they cut
#include <algorithm>

#include "operators/gather.h"
#include "operators/reshape.h"
#include "operators/slice.h"
#include "operators/transpose.h"
#include "optimize/axis_view.h"
#include "optimize/edit.h"
#include "optimize/pattern.h"
#include "testing/example.h"

namespace ingot {
namespace {

// A slice along one axis by known numbers in steps of 1: [start, end) of a dim of known length.
struct Range {
  int64_t axis, start, end;
};

std::optional<Range> range_of_slice(const Layer& layer) {
  const auto* slice = layer.as<Slice>();
  if (!slice || layer.inputs().size() != 1 || slice->starts.size() != 1 || slice->axes.size() > 1 || slice->mode != SliceMode::kDefault) {
    return std::nullopt;
  }
  if (!slice->steps.empty() && slice->steps[0] != 1) return std::nullopt;
  const Dims& dims = layer.input(0)->type.dims;
  auto axis = normalize_axis(slice->axes.empty() ? 0 : slice->axes[0], static_cast<int64_t>(dims.size()));
  if (!axis.ok() || !dims[static_cast<size_t>(*axis)].is_constant()) return std::nullopt;
  const int64_t length = dims[static_cast<size_t>(*axis)].value();
  const auto clamp = [&](int64_t at) { return std::min(std::max<int64_t>(at < 0 ? at + length : at, 0), length); };
  Range range{*axis, slice->starts[0], 0};
  if (slice->sized) {
    range.end = range.start + slice->ends[0];
  } else {
    range.start = clamp(range.start);
    range.end = slice->ends[0] == INT64_MIN ? 0 : clamp(slice->ends[0]);
  }
  if (range.start < 0 || range.end > length || range.start >= range.end) return std::nullopt;
  return range;
}

Slice slice_of(const Range& range) {
  Slice slice;
  slice.axes = {range.axis};
  slice.starts = {range.start};
  slice.ends = {range.end};
  return slice;
}

// Where the elements of axis `range.axis` behind a reshape stand in one dim before it, one run of them.
std::optional<Range> before_reshape(const Dims& before, const Dims& after, const Range& range) {
  // Equal volumes to the left: the axis begins where a dim of `before` begins.
  Dim left = 1;
  for (int64_t i = 0; i < range.axis; ++i) left = left * after[static_cast<size_t>(i)];
  Dim volume_before = 1;
  for (size_t axis = 0; axis < before.size(); ++axis) {
    if (volume_before == left && !before[axis].is(1)) {
      auto inner = divide_exactly(before[axis], after[static_cast<size_t>(range.axis)]);
      if (!inner || !inner->is_constant()) return std::nullopt;
      return Range{static_cast<int64_t>(axis), range.start * inner->value(), range.end * inner->value()};
    }
    volume_before = volume_before * before[axis];
  }
  return std::nullopt;
}

Result<Tensor*> hoist(const Layer& layer, Network& network) {
  const auto range = range_of_slice(layer);
  const Layer* move = layer.input(0)->producer();
  if (!range || !move || !is_move(*move)) return nullptr;
  Tensor* x = move->input(0);
  if (const auto* transpose = move->as<Transpose>()) {
    TRY_ASSIGN(std::vector<int64_t> permutation, transpose->resolve(x->type.rank()));
    TRY_ASSIGN(Tensor * part, network.add(slice_of({permutation[static_cast<size_t>(range->axis)], range->start, range->end}), {x}));
    return network.add(*transpose, {part});
  }
  const auto before = before_reshape(x->type.dims, layer.input(0)->type.dims, *range);
  if (!before) return nullptr;
  TRY_ASSIGN(Tensor * part, network.add(slice_of(*before), {x}));
  auto reshape = Reshape::between(part->type.dims, layer.output()->type.dims);
  if (!reshape) return nullptr;
  return network.add(*reshape, {part});
}

}  // namespace

FUSION(hoist_slices, kCancelMoves, kRecognizeAttention) {
  auto x = Pattern::any();
  auto slice = Pattern::of<Slice>(x);
  fusions.push_back({"hoist_slices", slice, [=](const Match& m, Network& network) { return hoist(m.layer(slice), network); }});

  auto index = Pattern::constant();
  auto gather = Pattern::of<Gather>(x, index);
  fusions.push_back({"hoist_slices", gather, [=](const Match& m, Network& network) -> Result<Tensor*> {
                       const auto& op = m.op<Gather>(gather);
                       const Array& at = m[index]->constant;
                       if (op.batch_dims != 0 || at.count() != 1 || m[x]->type.values) return nullptr;
                       TRY_ASSIGN(const int64_t axis, normalize_axis(op.axis, m[x]->type.rank()));
                       const Dim& length = m[x]->type.dims[static_cast<size_t>(axis)];
                       int64_t start = at.integer(0);
                       if (start < 0) {
                         if (!length.is_constant()) return nullptr;
                         start += length.value();
                       }
                       if (start < 0 || (length.is_constant() && start >= length.value())) return nullptr;
                       // An index behind an open length fails at run time; a slice would be empty instead.
                       if (!length.is_constant()) return nullptr;
                       TRY_ASSIGN(Tensor * part, network.add(slice_of({axis, start, start + 1}), {m[x]}));
                       auto reshape = Reshape::between(part->type.dims, m[gather]->type.dims);
                       if (!reshape) return nullptr;
                       return network.add(*reshape, {part});
                     }});
}

EXAMPLE("a slice of transposed parts is a slice of the whole") {
  expect_rewrite("hoist_slices", R"(
    input x [n, s, 6]
    weights one int64 [] = 1
    a = reshape(x) dims=[0, 0, 3, 2]
    t = transpose(a) permutation=[2, 0, 1, 3]
    y = gather(t, one) axis=0
    output y)",
                 R"(
    input x [n, s, 6]
    b = slice(x) axes=[2] starts=[2] ends=[4]
    c = reshape(b) dims=[0, 0, 1, 2]
    d = transpose(c) permutation=[2, 0, 1, 3]
    y = reshape(d) dims="[-1, d2, 2]"
    output y)");
}

EXAMPLE("a slice of inner parts stays behind the reshape") {
  expect_unchanged("hoist_slices", R"(
    input x [n, 6]
    a = reshape(x) dims=[0, 3, 2]
    y = slice(a) axes=[2] starts=[0] ends=[1]
    output y)");
}

EXAMPLE("a gather with several indices stays") {
  expect_unchanged("hoist_slices", R"(
    input x [4, 6]
    weights at int64 [2] = 1 3
    y = gather(x, at) axis=0
    output y)");
}

}  // namespace ingot
