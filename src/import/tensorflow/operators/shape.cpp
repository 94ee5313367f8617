// Operators that move elements or speak of dims.
#include "operators/shape.h"

#include <algorithm>
#include <climits>

#include "import/tensorflow/node.h"
#include "operators/concat.h"
#include "operators/fill.h"
#include "operators/flatten.h"
#include "operators/gather.h"
#include "operators/range.h"
#include "operators/reshape.h"
#include "operators/slice.h"
#include "operators/squeeze.h"
#include "operators/tile.h"
#include "operators/transpose.h"
#include "operators/unsqueeze.h"

namespace ingot {
namespace {

Result<TfValue> reshape(const TfOp& op) {
  TRY(op.expects(2, 2));
  TRY_ASSIGN(Tensor * x, op.tensor(0));
  if (op.is_constant(1)) {
    TRY_ASSIGN(std::vector<int64_t> dims, op.integers(1, "the dims"));
    Reshape reshape(dims);
    reshape.zero_copies = op.is_uff();
    // A batch of 1 that the file wrote down stands for any.
    if (op.batch_is_open() && !dims.empty() && dims[0] == 1 && x->type.rank() > 0 && !x->type.dims[0].is_constant())
      reshape.dims.dims[0] = input_dim(0);
    // Dims that are all known stand as numbers, as in other formats.
    if (const auto types = reshape.infer({x->type}); types.ok()) {
      const Dims& made = types->front().dims;
      const bool known = std::all_of(made.begin(), made.end(), [](const Dim& dim) { return dim.is_constant(); });
      if (known) reshape = Reshape::between(x->type.dims, made).value_or(reshape);
    }
    TRY_ASSIGN(Tensor * y, op.add(reshape, {x}));
    return TfValue{y};
  }
  Reshape reshape;
  reshape.zero_copies = op.is_uff();
  if (const auto dims = op.elements(1)) {
    // Without a second input where the dims follow from the first; -1 is what remains.
    Dims wanted = *dims;
    const bool open = std::any_of(wanted.begin(), wanted.end(), [](const Dim& dim) { return dim.is(-1); });
    if (!open) {
      if (const auto direct = Reshape::between(x->type.dims, wanted)) {
        TRY_ASSIGN(Tensor * y, op.add(*direct, {x}));
        return TfValue{y};
      }
    }
  }
  TRY_ASSIGN(Tensor * dims, op.tensor(1));
  reshape.symbol = op.network().make_symbol("reshape");
  TRY_ASSIGN(Tensor * y, op.add(reshape, {x, dims}));
  return TfValue{y};
}

Result<TfValue> flatten(const TfOp& op) {
  TRY(op.expects(1, 2));
  TRY_ASSIGN(Tensor * x, op.tensor(0));
  TRY_ASSIGN(Tensor * y, op.add(Flatten{}, {x}));
  return TfValue{y};
}

// A change between the orders of images is none where the value is in the other one already.
Result<TfValue> transpose(const TfOp& op) {
  TRY(op.expects(1, 2));
  std::vector<int64_t> permutation;
  if (op.has("permutation")) {
    TRY_ASSIGN(permutation, op.list("permutation", {}));
  } else {
    TRY_ASSIGN(permutation, op.integers(1, "the permutation"));
  }
  if (permutation == std::vector<int64_t>{0, 3, 1, 2} && op.rank(0) == 4) {
    TRY_ASSIGN(Tensor * y, op.planes(0));
    return TfValue{y};
  }
  if (permutation == std::vector<int64_t>{0, 2, 3, 1} && op.rank(0) == 4 && !op.value(0).is_planes) {
    TRY_ASSIGN(Tensor * x, op.tensor(0));
    return TfValue{x, true};
  }
  TRY_ASSIGN(Tensor * x, op.tensor(0));
  TRY_ASSIGN(Tensor * y, op.add(Transpose(permutation), {x}));
  return TfValue{y};
}

Result<TfValue> squeeze(const TfOp& op) {
  TRY(op.expects(1, 1));
  TRY_ASSIGN(std::vector<int64_t> axes, op.list(op.has("squeeze_dims") ? "squeeze_dims" : "axes", {}));
  for (int64_t& axis : axes) {
    TRY_ASSIGN(axis, normalize_axis(axis, op.rank(0)));
  }
  std::sort(axes.begin(), axes.end());
  // Without height and width, planes and images are the same.
  const bool planes = op.value(0).is_planes && axes == std::vector<int64_t>{1, 2};
  TRY_ASSIGN(Tensor * x, planes ? op.planes(0) : op.tensor(0));
  TRY_ASSIGN(Tensor * y, op.add(Squeeze(planes ? std::vector<int64_t>{2, 3} : axes), {x}));
  return TfValue{y};
}

Result<TfValue> expand_dims(const TfOp& op) {
  TRY(op.expects(1, 2));
  TRY_ASSIGN(std::vector<int64_t> axes, op.axes(op.has("axis") ? "axis" : "axes", 1, op.rank(0) + 1));
  if (axes.size() != 1) return invalid("there are " + std::to_string(axes.size()) + " axes; one is wanted");
  TRY_ASSIGN(Tensor * x, op.tensor(0));
  TRY_ASSIGN(Tensor * y, op.add(Unsqueeze(axes), {x}));
  return TfValue{y};
}

// Inputs are values and, for ConcatV2, the axis behind them; for Concat before them.
Result<TfValue> concat(const TfOp& op) {
  const bool before = op.node().op == "Concat", told = op.has("axis") && !op.is_constant(op.input_count() - 1);
  const bool by_attribute = told || (op.is_uff() && op.has("axis"));
  TRY(op.expects(by_attribute ? 1 : 2, SIZE_MAX));
  const size_t first = before && !by_attribute ? 1 : 0, end = by_attribute || before ? op.input_count() : op.input_count() - 1;
  int64_t axis = 0;
  if (by_attribute) {
    TRY_ASSIGN(axis, op.integer("axis", 0));
  } else {
    TRY_ASSIGN(std::vector<int64_t> axes, op.integers(before ? 0 : end, "the axis"));
    if (axes.size() != 1) return invalid("there are " + std::to_string(axes.size()) + " axes; one is wanted");
    axis = axes[0];
  }
  TRY_ASSIGN(axis, normalize_axis(axis, op.rank(first)));
  bool planes = false;
  for (size_t i = first; i < end; ++i) planes = planes || op.value(i).is_planes;
  std::vector<Tensor*> parts;
  for (size_t i = first; i < end; ++i) {
    TRY_ASSIGN(Tensor * part, planes ? op.planes(i) : op.tensor(i));
    parts.push_back(part);
  }
  static constexpr int64_t kPlace[] = {0, 2, 3, 1};
  TRY_ASSIGN(Tensor * y, op.add(Concat(planes ? kPlace[axis] : axis), parts));
  return TfValue{y, planes};
}

// Values one behind the other along a new axis.
Result<TfValue> pack(const TfOp& op) {
  TRY(op.expects(1, SIZE_MAX));
  TRY_ASSIGN(int64_t axis, op.integer("axis", 0));
  TRY_ASSIGN(axis, normalize_axis(axis, op.rank(0) + 1));
  std::vector<Tensor*> parts;
  for (size_t i = 0; i < op.input_count(); ++i) {
    TRY_ASSIGN(Tensor * part, op.tensor(i));
    TRY_ASSIGN(part, op.add(Unsqueeze({axis}), {part}, "part"));
    parts.push_back(part);
  }
  TRY_ASSIGN(Tensor * y, op.add(Concat(axis), parts));
  return TfValue{y};
}

Result<Slice> cut(int64_t axis, int64_t begin, int64_t end) {
  Slice slice;
  slice.axes = {axis};
  slice.starts = {begin};
  slice.ends = {end};
  return slice;
}

Result<std::vector<TfValue>> unpack(const TfOp& op) {
  TRY(op.expects(1, 1));
  TRY_ASSIGN(int64_t axis, op.integer("axis", 0));
  TRY_ASSIGN(axis, normalize_axis(axis, op.rank(0)));
  TRY_ASSIGN(Tensor * x, op.tensor(0));
  const Dim& count = x->type.dims[static_cast<size_t>(axis)];
  if (!count.is_constant() || count.value() > 65536)
    return unsupported("the length of axis " + std::to_string(axis) + " of " + x->type.text() + " has to be known");
  std::vector<TfValue> parts;
  for (int64_t i = 0; i < count.value(); ++i) {
    TRY_ASSIGN(Slice slice, cut(axis, i, i + 1));
    TRY_ASSIGN(Tensor * part, op.add(slice, {x}, "part"));
    TRY_ASSIGN(part, op.add(Squeeze({axis}), {part}));
    parts.push_back({part});
  }
  return parts;
}

// Split reads the axis first, SplitV last.
Result<std::vector<TfValue>> split(const TfOp& op) {
  const bool sized = op.node().op == "SplitV";
  TRY(op.expects(sized ? 3 : 2, sized ? 3 : 2));
  const size_t source = sized ? 0 : 1;
  TRY_ASSIGN(std::vector<int64_t> axes, op.integers(sized ? 2 : 0, "the axis"));
  if (axes.size() != 1) return invalid("there are " + std::to_string(axes.size()) + " axes; one is wanted");
  TRY_ASSIGN(int64_t axis, normalize_axis(axes[0], op.rank(source)));
  const bool planes = op.value(source).is_planes;
  static constexpr int64_t kPlace[] = {0, 2, 3, 1};
  if (planes) axis = kPlace[axis];
  TRY_ASSIGN(Tensor * x, planes ? op.planes(source) : op.tensor(source));
  const Dim& length = x->type.dims[static_cast<size_t>(axis)];
  if (!length.is_constant())
    return unsupported("the length of axis " + std::to_string(axis) + " of " + x->type.text() + " has to be known");
  std::vector<int64_t> sizes;
  if (sized) {
    TRY_ASSIGN(sizes, op.integers(1, "the sizes"));
    int64_t rest = length.value(), open = 0;
    for (int64_t size : sizes) size < 0 ? ++open : rest -= size;
    for (int64_t& size : sizes) size = size < 0 ? rest : size;
    if (open > 1 || rest < 0) return invalid("the sizes do not add up to " + length.text());
  } else {
    TRY_ASSIGN(int64_t count, op.integer("num_split", 1));
    if (count < 1 || count > 65536 || length.value() % count != 0)
      return invalid(length.text() + " elements do not split into " + std::to_string(count));
    sizes.assign(static_cast<size_t>(count), length.value() / count);
  }
  std::vector<TfValue> parts;
  int64_t begin = 0;
  for (int64_t size : sizes) {
    TRY_ASSIGN(Slice slice, cut(axis, begin, begin + size));
    TRY_ASSIGN(Tensor * part, op.add(slice, {x}));
    parts.push_back({part, planes});
    begin += size;
  }
  return parts;
}

// Begins and sizes; a size of -1 is what remains.
Result<TfValue> slice(const TfOp& op) {
  TRY(op.expects(3, 3));
  TRY_ASSIGN(std::vector<int64_t> begins, op.integers(1, "the begins"));
  TRY_ASSIGN(std::vector<int64_t> sizes, op.integers(2, "the sizes"));
  if (static_cast<int64_t>(begins.size()) != op.rank(0) || sizes.size() != begins.size())
    return invalid("there are " + std::to_string(begins.size()) + " begins and " + std::to_string(sizes.size()) + " sizes for " +
                   op.type(0).text());
  Slice slice;
  for (size_t d = 0; d < begins.size(); ++d) {
    if (begins[d] < 0 || sizes[d] < -1 || begins[d] > INT32_MAX || sizes[d] > INT32_MAX)
      return invalid("begins and sizes are out of range");
    slice.axes.push_back(static_cast<int64_t>(d));
    slice.starts.push_back(begins[d]);
    slice.ends.push_back(sizes[d] < 0 ? INT64_MAX : begins[d] + sizes[d]);
  }
  TRY_ASSIGN(Tensor * x, op.tensor(0));
  TRY_ASSIGN(Tensor * y, op.add(slice, {x}));
  return TfValue{y};
}

// x[begin:end:stride, ...] with masks, by bit: begin or end left out, an ellipsis, a new axis, an index that drops its axis.
Result<TfValue> strided_slice(const TfOp& op) {
  TRY(op.expects(4, 4));
  TRY_ASSIGN(std::vector<int64_t> begins, op.integers(1, "the begins"));
  TRY_ASSIGN(std::vector<int64_t> ends, op.integers(2, "the ends"));
  TRY_ASSIGN(std::vector<int64_t> steps, op.integers(3, "the strides"));
  if (begins.size() != ends.size() || begins.size() != steps.size() || begins.size() > 32)
    return invalid("begins, ends and strides differ in number");
  TRY_ASSIGN(int64_t begin_mask, op.integer("begin_mask", 0));
  TRY_ASSIGN(int64_t end_mask, op.integer("end_mask", 0));
  TRY_ASSIGN(int64_t ellipsis, op.integer("ellipsis_mask", 0));
  TRY_ASSIGN(int64_t new_axis, op.integer("new_axis_mask", 0));
  TRY_ASSIGN(int64_t shrink, op.integer("shrink_axis_mask", 0));
  const auto bit = [](int64_t mask, size_t i) { return (mask >> i & 1) != 0; };
  int64_t named = 0;
  for (size_t i = 0; i < begins.size(); ++i) named += bit(ellipsis, i) || bit(new_axis, i) ? 0 : 1;
  const int64_t rank = op.rank(0);
  if (named > rank) return invalid("it slices " + std::to_string(named) + " axes of " + op.type(0).text());
  Slice slice;
  std::vector<int64_t> dropped, added;
  int64_t axis = 0, place = 0;  // of x, of y with the dropped axes left out
  for (size_t i = 0; i < begins.size(); ++i) {
    if (bit(ellipsis, i)) {
      axis += rank - named;
      place += rank - named;
      continue;
    }
    if (bit(new_axis, i)) {
      added.push_back(place++);
      continue;
    }
    if (bit(shrink, i)) {
      slice.axes.push_back(axis);
      slice.starts.push_back(begins[i]);
      slice.ends.push_back(begins[i] == -1 ? INT64_MAX : begins[i] + 1);
      slice.steps.push_back(1);
      dropped.push_back(axis++);
      continue;
    }
    if (steps[i] == 0) return invalid("a stride is 0");
    slice.axes.push_back(axis++);
    slice.starts.push_back(!bit(begin_mask, i) ? begins[i] : steps[i] > 0 ? 0 : INT64_MAX);
    slice.ends.push_back(!bit(end_mask, i) ? ends[i] : steps[i] > 0 ? INT64_MAX : INT64_MIN);
    slice.steps.push_back(steps[i]);
    ++place;
  }
  TRY_ASSIGN(Tensor * y, op.tensor(0));
  if (!slice.axes.empty()) {
    TRY_ASSIGN(y, op.add(slice, {y}, dropped.empty() && added.empty() ? nullptr : "slice"));
  }
  if (!dropped.empty()) {
    TRY_ASSIGN(y, op.add(Squeeze(dropped), {y}));
  }
  if (!added.empty()) {
    TRY_ASSIGN(y, op.add(Unsqueeze(added), {y}));
  }
  return TfValue{y};
}

Result<TfValue> shape(const TfOp& op) {
  TRY(op.expects(1, 1));
  ShapeOf shape;
  const auto* type = op.node().find<TfType>("out_type");
  shape.to = type && type->type == DataType::kInt64 ? DataType::kInt64 : DataType::kInt32;
  TRY_ASSIGN(Tensor * x, op.tensor(0));
  TRY_ASSIGN(Tensor * y, op.add(shape, {x}));
  return TfValue{y};
}

Result<TfValue> rank(const TfOp& op) {
  TRY(op.expects(1, 1));
  TfValue value;
  value.is_constant = true;
  value.constant = Array::of(DataType::kInt32, {}, std::vector<int64_t>{op.rank(0)});
  return value;
}

// Along the axis of the third input or the attribute; Gather along the first.
Result<TfValue> gather(const TfOp& op) {
  TRY(op.expects(2, 3));
  int64_t axis = 0;
  if (op.input_count() == 3) {
    TRY_ASSIGN(std::vector<int64_t> axes, op.integers(2, "the axis"));
    if (axes.size() != 1) return invalid("there are " + std::to_string(axes.size()) + " axes; one is wanted");
    axis = axes[0];
  } else {
    TRY_ASSIGN(axis, op.integer("axis", 0));
  }
  TRY_ASSIGN(int64_t batch_dims, op.integer("batch_dims", 0));
  TRY_ASSIGN(Tensor * x, op.tensor(0));
  TRY_ASSIGN(Tensor * indices, op.tensor(1));
  Gather gather(axis);
  if (batch_dims < 0) batch_dims += indices->type.rank();
  if (batch_dims < 0 || batch_dims > indices->type.rank()) return invalid("batch_dims is " + std::to_string(batch_dims));
  gather.batch_dims = batch_dims;
  // The axis of batch_dims is behind the batches where none is told.
  if (axis == 0 && batch_dims > 0) gather.axis = batch_dims;
  TRY_ASSIGN(Tensor * y, op.add(gather, {x, indices}));
  return TfValue{y};
}

Result<TfValue> tile(const TfOp& op) {
  TRY(op.expects(2, 2));
  Tile tile;
  TRY_ASSIGN(tile.repeats, op.integers(1, "the repeats"));
  TRY_ASSIGN(Tensor * x, op.tensor(0));
  TRY_ASSIGN(Tensor * y, op.add(tile, {x}));
  return TfValue{y};
}

Result<TfValue> fill(const TfOp& op) {
  TRY(op.expects(2, 2));
  Fill fill;
  TRY_ASSIGN(fill.value, op.constant(1, "the value"));
  if (fill.value.count() != 1) return invalid("the value is " + to_text(fill.value.shape()) + "; one number is wanted");
  TRY_ASSIGN(fill.value, fill.value.reshaped({1}));
  TRY_ASSIGN(Tensor * dims, op.tensor(0));
  fill.symbol = op.network().make_symbol("fill");
  TRY_ASSIGN(Tensor * y, op.add(fill, {dims}));
  return TfValue{y};
}

Result<TfValue> range(const TfOp& op) {
  TRY(op.expects(3, 3));
  Range range;
  range.symbol = op.network().make_symbol("range");
  std::vector<Tensor*> inputs;
  for (size_t i = 0; i < 3; ++i) {
    TRY_ASSIGN(Tensor * input, op.tensor(i));
    inputs.push_back(input);
  }
  TRY_ASSIGN(Tensor * y, op.add(range, inputs));
  return TfValue{y};
}

template <bool kOnes>
Result<TfValue> like(const TfOp& op) {
  TRY(op.expects(1, 1));
  TRY_ASSIGN(Tensor * x, op.tensor(0));
  TRY_ASSIGN(Tensor * dims, op.add(ShapeOf{}, {x}, "dims"));
  Fill fill;
  fill.value = Array::of(x->type.type, {1}, std::vector<double>{kOnes ? 1. : 0.});
  fill.symbol = op.network().make_symbol("fill");
  TRY_ASSIGN(Tensor * y, op.add(fill, {dims}));
  return TfValue{y};
}

}  // namespace

TF_OPERATORS(shape) {
  catalogue.add("Reshape", one_tf_output<reshape>);
  catalogue.add("Flatten", one_tf_output<flatten>);
  catalogue.add("Transpose", one_tf_output<transpose>);
  catalogue.add("Squeeze", one_tf_output<squeeze>);
  catalogue.add("ExpandDims", one_tf_output<expand_dims>);
  catalogue.add("Concat", one_tf_output<concat>);
  catalogue.add("ConcatV2", one_tf_output<concat>);
  catalogue.add("Pack", one_tf_output<pack>);
  catalogue.add("Unpack", unpack);
  catalogue.add("Split", split);
  catalogue.add("SplitV", split);
  catalogue.add("Slice", one_tf_output<slice>);
  catalogue.add("StridedSlice", one_tf_output<strided_slice>);
  catalogue.add("Shape", one_tf_output<shape>);
  catalogue.add("Rank", one_tf_output<rank>);
  catalogue.add("Gather", one_tf_output<gather>);
  catalogue.add("GatherV2", one_tf_output<gather>);
  catalogue.add("ResourceGather", one_tf_output<gather>);
  catalogue.add("Tile", one_tf_output<tile>);
  catalogue.add("Fill", one_tf_output<fill>);
  catalogue.add("Range", one_tf_output<range>);
  catalogue.add("ZerosLike", one_tf_output<like<false>>);
  catalogue.add("OnesLike", one_tf_output<like<true>>);
}

}  // namespace ingot
