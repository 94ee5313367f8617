// concat(concat(a, b), c) => concat(a, b, c); slice(concat(a, b)) => the part it cuts out; concat(slice(x), slice(x)) => x or one slice
// where they stand side by side
#include <algorithm>

#include "operators/concat.h"
#include "operators/slice.h"
#include "optimize/edit.h"
#include "optimize/pattern.h"
#include "testing/example.h"

namespace ingot {
namespace {

struct Range {
  int64_t axis, start, end;
};

std::optional<Range> range_of(const Tensor* tensor) {
  const auto* slice = producer_as<Slice>(tensor);
  if (!slice) return std::nullopt;
  const Layer& layer = *tensor->producer();
  if (layer.inputs().size() != 1 || slice->starts.size() != 1 || slice->axes.size() != 1 || slice->sized) return std::nullopt;
  if (!slice->steps.empty() && slice->steps[0] != 1) return std::nullopt;
  const Dims& dims = layer.input(0)->type.dims;
  auto axis = normalize_axis(slice->axes[0], static_cast<int64_t>(dims.size()));
  if (!axis.ok() || !dims[static_cast<size_t>(*axis)].is_constant()) return std::nullopt;
  const int64_t length = dims[static_cast<size_t>(*axis)].value();
  const auto clamp = [&](int64_t at) { return std::clamp<int64_t>(at < 0 ? at + length : at, 0, length); };
  const Range range{*axis, clamp(slice->starts[0]), slice->ends[0] == INT64_MIN ? 0 : clamp(slice->ends[0])};
  return range.start < range.end ? std::optional(range) : std::nullopt;
}

Slice slice_of(const Range& range) {
  Slice slice;
  slice.axes = {range.axis};
  slice.starts = {range.start};
  slice.ends = {range.end};
  return slice;
}

Result<Tensor*> flattened(const Layer& layer, Network& network) {
  const int64_t rank = layer.output()->type.rank();
  TRY_ASSIGN(const int64_t axis, normalize_axis(layer.as<Concat>()->axis, rank));
  std::vector<Tensor*> parts;
  bool any = false;
  for (Tensor* input : layer.inputs()) {
    const auto* inner = producer_as<Concat>(input);
    const auto inner_axis = inner ? normalize_axis(inner->axis, rank) : Result<int64_t>(int64_t{-1});
    if (inner && inner_axis.ok() && *inner_axis == axis && is_used_once(*input)) {
      parts.insert(parts.end(), input->producer()->inputs().begin(), input->producer()->inputs().end());
      any = true;
    } else {
      parts.push_back(input);
    }
  }
  if (!any) return nullptr;
  return network.add(Concat(axis), parts);
}

// Neighbours that are cut from one tensor side by side are one slice of it.
Result<Tensor*> rejoined(const Layer& layer, Network& network) {
  TRY_ASSIGN(const int64_t axis, normalize_axis(layer.as<Concat>()->axis, layer.output()->type.rank()));
  std::vector<Tensor*> parts;
  bool any = false;
  for (size_t i = 0; i < layer.inputs().size();) {
    const auto first = range_of(layer.input(i));
    size_t next = i + 1;
    int64_t end = first ? first->end : 0;
    for (; first && first->axis == axis && next < layer.inputs().size(); ++next) {
      const auto more = range_of(layer.input(next));
      if (!more || more->axis != axis || more->start != end ||
          layer.input(next)->producer()->input(0) != layer.input(i)->producer()->input(0)) {
        break;
      }
      end = more->end;
    }
    if (next == i + 1) {
      parts.push_back(layer.input(i));
    } else {
      TRY_ASSIGN(Tensor * whole, network.add(slice_of({axis, first->start, end}), {layer.input(i)->producer()->input(0)}));
      parts.push_back(whole);
      any = true;
    }
    i = next;
  }
  if (!any) return nullptr;
  if (parts.size() == 1) return parts[0];
  return network.add(Concat(axis), parts);
}

// The part of a concatenation that a slice lies in; null where it cuts through several.
Result<Tensor*> part_of_concat(const Tensor* tensor, Network& network) {
  const auto range = range_of(tensor);
  const Tensor* whole = tensor->producer()->input(0);
  const auto* concat = producer_as<Concat>(whole);
  if (!range || !concat) return nullptr;
  TRY_ASSIGN(const int64_t axis, normalize_axis(concat->axis, whole->type.rank()));
  if (axis != range->axis) return nullptr;
  int64_t at = 0;
  for (Tensor* part : whole->producer()->inputs()) {
    const Dim& length = part->type.dims[static_cast<size_t>(axis)];
    if (!length.is_constant()) return nullptr;
    const int64_t end = at + length.value();
    if (range->start >= at && range->end <= end) {
      if (range->start == at && range->end == end) return part;
      return network.add(slice_of({axis, range->start - at, range->end - at}), {part});
    }
    at = end;
  }
  return nullptr;
}

}  // namespace

FUSION(simplify_slices) {
  auto concat = Pattern::any().where([](const Tensor& tensor) { return producer_as<Concat>(&tensor) != nullptr; });
  fusions.push_back({"simplify_slices", concat, [=](const Match& m, Network& network) { return flattened(m.layer(concat), network); }});
  fusions.push_back({"simplify_slices", concat, [=](const Match& m, Network& network) { return rejoined(m.layer(concat), network); }});
  auto x = Pattern::any();
  auto slice = Pattern::of<Slice>(x);
  fusions.push_back({"simplify_slices", slice, [=](const Match& m, Network& network) { return part_of_concat(m[slice], network); }});
}

EXAMPLE("nested concatenations are one") {
  expect_rewrite("simplify_slices", R"(
    input x [n, 2]
    input z [n, 3]
    a = concat(x, z) axis=1
    y = concat(a, x) axis=-1
    output y)",
                 R"(
    input x [n, 2]
    input z [n, 3]
    y = concat(x, z, x) axis=1
    output y)");
}

EXAMPLE("a slice of a concatenation is a slice of a part") {
  expect_rewrite("simplify_slices", R"(
    input x [n, 2]
    input z [n, 3]
    a = concat(x, z) axis=1
    y = slice(a) axes=[1] starts=[3] ends=[5]
    output y)",
                 R"(
    input x [n, 2]
    input z [n, 3]
    y = slice(z) axes=[1] starts=[1] ends=[3]
    output y)");
}

EXAMPLE("slices that are put together again are one slice") {
  expect_rewrite("simplify_slices", R"(
    input x [n, 5]
    a = slice(x) axes=[1] starts=[0] ends=[2]
    b = slice(x) axes=[1] starts=[2] ends=[4]
    y = concat(a, b) axis=1
    output y)",
                 R"(
    input x [n, 5]
    y = slice(x) axes=[1] starts=[0] ends=[4]
    output y)");
}

EXAMPLE("slices in another order stay") {
  expect_unchanged("simplify_slices", R"(
    input x [n, 4]
    a = slice(x) axes=[1] starts=[0] ends=[2]
    b = slice(x) axes=[1] starts=[2] ends=[4]
    y = concat(b, a) axis=1
    output y)");
}

EXAMPLE("a slice through two parts stays") {
  expect_unchanged("simplify_slices", R"(
    input x [n, 2]
    input z [n, 3]
    a = concat(x, z) axis=1
    y = slice(a) axes=[1] starts=[1] ends=[4]
    output y)");
}

}  // namespace ingot
