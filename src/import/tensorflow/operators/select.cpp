// Operators that pick, order and place elements, and further ones of exports.
#include <algorithm>

#include "import/tensorflow/node.h"
#include "operators/cumulative.h"
#include "operators/einsum.h"
#include "operators/expand.h"
#include "operators/fill.h"
#include "operators/gather_nd.h"
#include "operators/linspace.h"
#include "operators/onehot.h"
#include "operators/scatter_nd.h"
#include "operators/size.h"
#include "operators/slice.h"
#include "operators/topk.h"
#include "operators/trilu.h"
#include "operators/unsqueeze.h"

namespace ingot {
namespace {

Result<int64_t> one_integer(const TfOp& op, size_t index, const char* what) {
  TRY_ASSIGN(std::vector<int64_t> numbers, op.integers(index, what));
  if (numbers.size() != 1) return invalid(std::string(what) + " are " + std::to_string(numbers.size()) + " numbers; one is wanted");
  return numbers[0];
}

Result<TfValue> gather_nd(const TfOp& op) {
  TRY(op.expects(2, 2));
  TRY_ASSIGN(Tensor * x, op.tensor(0));
  TRY_ASSIGN(Tensor * indices, op.tensor(1));
  GatherNd gather;
  TRY_ASSIGN(gather.batch_dims, op.integer("batch_dims", 0));
  TRY_ASSIGN(Tensor * y, op.add(gather, {x, indices}));
  return TfValue{y};
}

// TopK has k as an attribute, TopKV2 as an input.
Result<std::vector<TfValue>> top_k(const TfOp& op) {
  TRY(op.expects(1, 2));
  auto top = std::make_unique<TopK>();
  top->index_type = DataType::kInt32;
  std::vector<Tensor*> inputs(1);
  TRY_ASSIGN(inputs[0], op.tensor(0));
  if (op.input_count() == 1) {
    TRY_ASSIGN(top->k, op.integer("k", 1));
  } else if (op.is_constant(1)) {
    TRY_ASSIGN(top->k, one_integer(op, 1, "k"));
  } else {
    inputs.push_back(nullptr);
    TRY_ASSIGN(inputs[1], op.tensor(1));
    top->symbol = op.network().make_symbol("k");
  }
  TRY_ASSIGN(Layer * layer, op.network().add_layer(std::move(top), inputs, op.node().name));
  return std::vector<TfValue>{{layer->output(0)}, {layer->output(1)}};
}

// Inputs: indices, depth, the value where they point, the value elsewhere.
Result<TfValue> one_hot(const TfOp& op) {
  TRY(op.expects(4, 4));
  OneHot hot;
  TRY_ASSIGN(hot.axis, op.integer("axis", -1));
  hot.symbol = op.network().make_symbol("depth");
  TRY_ASSIGN(Tensor * indices, op.tensor(0));
  TRY_ASSIGN(Tensor * depth, op.tensor(1));
  TRY_ASSIGN(Array on, op.constant(2, "the value on"));
  TRY_ASSIGN(Array off, op.constant(3, "the value off"));
  if (on.count() != 1 || off.count() != 1) return invalid("the values on and off are one number each");
  TRY_ASSIGN(Array values, Array::make(on.type(), {2}));
  values.set_number(0, off.number(0));
  values.set_number(1, on.number(0));
  TRY_ASSIGN(Tensor * y, op.add(hot, {indices, depth, op.add_constant(values, "values")}));
  return TfValue{y};
}

template <CumulativeKind kKind>
Result<TfValue> cumulative(const TfOp& op) {
  TRY(op.expects(2, 2));
  Cumulative sum;
  sum.kind = kKind;
  TRY_ASSIGN(int64_t axis, one_integer(op, 1, "the axis"));
  TRY_ASSIGN(sum.axis, normalize_axis(axis, op.rank(0)));
  TRY_ASSIGN(sum.exclusive, op.flag("exclusive", false));
  TRY_ASSIGN(sum.reverse, op.flag("reverse", false));
  TRY_ASSIGN(Tensor * x, op.tensor(0));
  TRY_ASSIGN(Tensor * y, op.add(sum, {x}));
  return TfValue{y};
}

Result<TfValue> reverse(const TfOp& op) {
  TRY(op.expects(2, 2));
  TRY_ASSIGN(Tensor * x, op.tensor(0));
  TRY_ASSIGN(std::vector<int64_t> axes, op.axes("axis", 1, op.rank(0)));
  if (axes.empty()) return op.value(0);
  Slice slice;
  for (int64_t axis : axes) {
    slice.axes.push_back(axis);
    slice.starts.push_back(INT64_MAX);
    slice.ends.push_back(INT64_MIN);
    slice.steps.push_back(-1);
  }
  TRY_ASSIGN(Tensor * y, op.add(slice, {x}));
  return TfValue{y};
}

Result<TfValue> broadcast_to(const TfOp& op) {
  TRY(op.expects(2, 2));
  TRY_ASSIGN(Tensor * x, op.tensor(0));
  Expand expand;
  if (op.is_constant(1)) {
    TRY_ASSIGN(std::vector<int64_t> dims, op.integers(1, "the dims"));
    expand.dims = DimList(dims);
    TRY_ASSIGN(Tensor * y, op.add(expand, {x}));
    return TfValue{y};
  }
  TRY_ASSIGN(Tensor * dims, op.tensor(1));
  expand.symbol = op.network().make_symbol("broadcast");
  TRY_ASSIGN(Tensor * y, op.add(expand, {x, dims}));
  return TfValue{y};
}

// The dims that two lists of dims broadcast to.
Result<TfValue> broadcast_args(const TfOp& op) {
  TRY(op.expects(2, 2));
  const auto a = op.elements(0), b = op.elements(1);
  if (!a || !b) return unsupported("the dims that it joins are not known");
  TRY_ASSIGN(Dims dims, broadcast(*a, *b));
  if (!all_constant(dims)) return unsupported("the dims that it joins, " + to_text(*a) + " and " + to_text(*b) + ", are not known");
  TfValue value;
  value.is_constant = true;
  value.constant = Array::of(op.type(0).type, {static_cast<int64_t>(dims.size())}, constant_shape(dims));
  return value;
}

// Inputs: the first, the last, the count.
Result<TfValue> linspace(const TfOp& op) {
  TRY(op.expects(3, 3));
  TRY_ASSIGN(Array first, op.constant(0, "the start"));
  TRY_ASSIGN(Array last, op.constant(1, "the stop"));
  TRY_ASSIGN(int64_t count, one_integer(op, 2, "the count"));
  if (first.count() != 1 || last.count() != 1) return invalid("start and stop are one number each");
  if (count < 1 || count > (int64_t{1} << 24)) return invalid("the count is " + std::to_string(count));
  TfValue value;
  value.is_constant = true;
  TRY_ASSIGN(value.constant, Array::make(first.type(), {count}));
  const double from = first.number(0), to = last.number(0);
  for (int64_t i = 0; i < count; ++i)
    value.constant.set_number(i, count == 1 ? from : from + (to - from) * static_cast<double>(i) / static_cast<double>(count - 1));
  return value;
}

Result<TfValue> einsum(const TfOp& op) {
  TRY(op.expects(1, SIZE_MAX));
  TRY_ASSIGN(std::string equation, op.word("equation", ""));
  std::vector<Tensor*> inputs;
  for (size_t i = 0; i < op.input_count(); ++i) {
    TRY_ASSIGN(Tensor * input, op.tensor(i));
    inputs.push_back(input);
  }
  TRY_ASSIGN(Tensor * y, op.add(Einsum(equation), inputs));
  return TfValue{y};
}

// Zeros of the wanted dims, to which updates are added at places that are named twice. Inputs: indices, updates, dims.
Result<TfValue> scatter_nd(const TfOp& op) {
  TRY(op.expects(3, 3));
  TRY_ASSIGN(Tensor * indices, op.tensor(0));
  TRY_ASSIGN(Tensor * updates, op.tensor(1));
  TRY_ASSIGN(Tensor * dims, op.tensor(2));
  Fill fill;
  fill.value = Array::of(updates->type.type, {1}, std::vector<double>{0});
  fill.symbol = op.network().make_symbol("scatter");
  TRY_ASSIGN(Tensor * zeros, op.add(fill, {dims}, "zeros"));
  ScatterNd scatter;
  scatter.reduction = ScatterReduction::kAdd;
  TRY_ASSIGN(Tensor * y, op.add(scatter, {zeros, indices, updates}));
  return TfValue{y};
}

// Inputs: x, indices, updates.
template <ScatterReduction kReduction>
Result<TfValue> tensor_scatter(const TfOp& op) {
  TRY(op.expects(3, 3));
  std::vector<Tensor*> inputs;
  for (size_t i = 0; i < 3; ++i) {
    TRY_ASSIGN(Tensor * input, op.tensor(i));
    inputs.push_back(input);
  }
  ScatterNd scatter;
  scatter.reduction = kReduction;
  TRY_ASSIGN(Tensor * y, op.add(scatter, inputs));
  return TfValue{y};
}

Result<TfValue> size(const TfOp& op) {
  TRY(op.expects(1, 1));
  TRY_ASSIGN(Tensor * x, op.tensor(0));
  TRY_ASSIGN(Tensor * y, op.add(SizeOf{}, {x}, "size"));
  const auto* type = op.node().find<TfType>("out_type");
  if (type && type->type == DataType::kInt64) return TfValue{y};
  TRY_ASSIGN(y, op.add(Elementwise::cast(DataType::kInt32), {y}));
  return TfValue{y};
}

// Keeps `lower` diagonals below and `upper` above the main one; negative keeps all.
Result<TfValue> band_part(const TfOp& op) {
  TRY(op.expects(3, 3));
  TRY_ASSIGN(int64_t lower, one_integer(op, 1, "the lower band"));
  TRY_ASSIGN(int64_t upper, one_integer(op, 2, "the upper band"));
  TRY_ASSIGN(Tensor * x, op.tensor(0));
  Trilu trilu;
  if (lower >= 0) {
    trilu.upper = true;
    trilu.k = -lower;
    TRY_ASSIGN(x, op.add(trilu, {x}, "lower"));
  }
  if (upper >= 0) {
    trilu.upper = false;
    trilu.k = upper;
    TRY_ASSIGN(x, op.add(trilu, {x}, "upper"));
  }
  return TfValue{x};
}

Result<TfValue> invert_permutation(const TfOp& op) {
  TRY(op.expects(1, 1));
  TRY_ASSIGN(std::vector<int64_t> order, op.integers(0, "the permutation"));
  std::vector<int64_t> inverse(order.size(), -1);
  for (size_t i = 0; i < order.size(); ++i) {
    if (order[i] < 0 || order[i] >= static_cast<int64_t>(order.size()) || inverse[static_cast<size_t>(order[i])] >= 0)
      return invalid("it is no permutation");
    inverse[static_cast<size_t>(order[i])] = static_cast<int64_t>(i);
  }
  TfValue value;
  value.is_constant = true;
  value.constant = Array::of(op.type(0).type, {static_cast<int64_t>(inverse.size())}, inverse);
  return value;
}

}  // namespace

TF_OPERATORS(select) {
  catalogue.add("GatherNd", one_tf_output<gather_nd>);
  catalogue.add("TopK", top_k);
  catalogue.add("TopKV2", top_k);
  catalogue.add("OneHot", one_tf_output<one_hot>);
  catalogue.add("Cumsum", one_tf_output<cumulative<CumulativeKind::kSum>>);
  catalogue.add("Cumprod", one_tf_output<cumulative<CumulativeKind::kProduct>>);
  catalogue.add("ReverseV2", one_tf_output<reverse>);
  catalogue.add("BroadcastTo", one_tf_output<broadcast_to>);
  catalogue.add("BroadcastArgs", one_tf_output<broadcast_args>);
  catalogue.add("LinSpace", one_tf_output<linspace>);
  catalogue.add("Einsum", one_tf_output<einsum>);
  catalogue.add("ScatterNd", one_tf_output<scatter_nd>);
  catalogue.add("TensorScatterUpdate", one_tf_output<tensor_scatter<ScatterReduction::kNone>>);
  catalogue.add("TensorScatterAdd", one_tf_output<tensor_scatter<ScatterReduction::kAdd>>);
  catalogue.add("Size", one_tf_output<size>);
  catalogue.add("MatrixBandPart", one_tf_output<band_part>);
  catalogue.add("InvertPermutation", one_tf_output<invert_permutation>);
}

}  // namespace ingot
