// Reductions, softmax and products of matrices.
#include "operators/reduce.h"

#include <algorithm>

#include "import/tensorflow/node.h"
#include "operators/arg_reduce.h"
#include "operators/flatten.h"
#include "operators/matmul.h"
#include "operators/softmax.h"

namespace ingot {
namespace {

// Axes of TensorFlow's image in the order of planes.
int64_t plane_axis(int64_t axis) {
  static constexpr int64_t kPlace[] = {0, 2, 3, 1};
  return kPlace[axis];
}

template <ReduceKind kKind>
Result<TfValue> reduce(const TfOp& op) {
  TRY(op.expects(1, 2));
  Reduce reduce;
  reduce.kind = kKind;
  TRY_ASSIGN(reduce.axes, op.axes("axes", 1, op.rank(0)));
  TRY_ASSIGN(reduce.keepdims, op.flag("keep_dims", false));
  if (reduce.axes.empty() && op.is_uff()) return invalid("it names no axes");
  std::sort(reduce.axes.begin(), reduce.axes.end());
  // Height and width go, or axes stay as 1: then the order of the others is the same in planes.
  const bool planes = op.value(0).is_planes && (reduce.keepdims || reduce.axes == std::vector<int64_t>{1, 2});
  TRY_ASSIGN(Tensor * x, planes ? op.planes(0) : op.tensor(0));
  if (planes) {
    for (int64_t& axis : reduce.axes) axis = plane_axis(axis);
    std::sort(reduce.axes.begin(), reduce.axes.end());
  }
  if (reduce.axes.empty()) return op.value(0);
  TRY_ASSIGN(Tensor * y, op.add(reduce, {x}));
  return TfValue{y, planes && reduce.keepdims};
}

template <bool kSmallest>
Result<TfValue> arg_reduce(const TfOp& op) {
  TRY(op.expects(1, 2));
  ArgReduce reduce;
  reduce.smallest = kSmallest;
  reduce.keepdims = false;
  TRY_ASSIGN(std::vector<int64_t> axes, op.axes("axis", 1, op.rank(0)));
  reduce.axis = axes.empty() ? 0 : axes[0];
  TRY_ASSIGN(Tensor * x, op.tensor(0));
  const auto* type = op.node().find<TfType>("output_type");
  const bool narrow = op.is_uff() || (type && type->type == DataType::kInt32);
  TRY_ASSIGN(Tensor * y, op.add(reduce, {x}, narrow ? "int64" : nullptr));
  if (narrow) {
    TRY_ASSIGN(y, op.add(Elementwise::cast(DataType::kInt32), {y}));
  }
  return TfValue{y};
}

// Along the last axis. UFF's axis is 0 where TensorFlow told none.
template <bool kLog>
Result<TfValue> softmax(const TfOp& op) {
  TRY(op.expects(1, 2));
  int64_t axis = op.rank(0) - 1;
  if (op.is_uff()) {
    TRY_ASSIGN(int64_t told, op.integer("axis", 0));
    if (told > 0 && told < op.rank(0)) axis = told;
  }
  if (axis < 0) return invalid("it takes no scalar");
  const bool planes = op.value(0).is_planes;
  TRY_ASSIGN(Tensor * x, planes ? op.planes(0) : op.tensor(0));
  TRY_ASSIGN(Tensor * y, op.add(Softmax(planes ? plane_axis(axis) : axis, kLog), {x}));
  return TfValue{y, planes};
}

Result<TfValue> matmul(const TfOp& op) {
  TRY(op.expects(2, 2));
  MatMul product;
  TRY_ASSIGN(product.transpose_a, op.flag("transpose_a", false));
  TRY_ASSIGN(product.transpose_b, op.flag("transpose_b", false));
  TRY_ASSIGN(Tensor * a, op.tensor(0));
  TRY_ASSIGN(Tensor * b, op.tensor(1));
  if (a->type.rank() > 2) {
    TRY_ASSIGN(a, op.add(Flatten{}, {a}, "flat"));
  }
  TRY_ASSIGN(Tensor * y, op.add(product, {a, b}));
  return TfValue{y};
}

Result<TfValue> batch_matmul(const TfOp& op) {
  TRY(op.expects(2, 2));
  MatMul product;
  TRY_ASSIGN(product.transpose_a, op.flag("adj_x", false));
  TRY_ASSIGN(product.transpose_b, op.flag("adj_y", false));
  TRY_ASSIGN(Tensor * a, op.tensor(0));
  TRY_ASSIGN(Tensor * b, op.tensor(1));
  TRY_ASSIGN(Tensor * y, op.add(product, {a, b}));
  return TfValue{y};
}

}  // namespace

TF_OPERATORS(reduce) {
  catalogue.add("Sum", one_tf_output<reduce<ReduceKind::kSum>>);
  catalogue.add("Mean", one_tf_output<reduce<ReduceKind::kMean>>);
  catalogue.add("Max", one_tf_output<reduce<ReduceKind::kMax>>);
  catalogue.add("Min", one_tf_output<reduce<ReduceKind::kMin>>);
  catalogue.add("Prod", one_tf_output<reduce<ReduceKind::kProduct>>);
  catalogue.add("Any", one_tf_output<reduce<ReduceKind::kMax>>);
  catalogue.add("All", one_tf_output<reduce<ReduceKind::kMin>>);
  catalogue.add("ArgMax", one_tf_output<arg_reduce<false>>);
  catalogue.add("ArgMin", one_tf_output<arg_reduce<true>>);
  catalogue.add("Softmax", one_tf_output<softmax<false>>);
  catalogue.add("LogSoftmax", one_tf_output<softmax<true>>);
  catalogue.add("MatMul", one_tf_output<matmul>);
  catalogue.add("BatchMatMul", one_tf_output<batch_matmul>);
  catalogue.add("BatchMatMulV2", one_tf_output<batch_matmul>);
  catalogue.add("BatchMatMulV3", one_tf_output<batch_matmul>);
}

}  // namespace ingot
