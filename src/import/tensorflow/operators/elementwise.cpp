// Operators of one element each, and those that only hand values on.
#include "import/tensorflow/node.h"
#include "operators/reshape.h"

namespace ingot {
namespace {

template <ScalarOp kOp>
Result<TfValue> unary(const TfOp& op) {
  TRY(op.expects(1, 1));
  return op.elementwise(Elementwise(kOp), 1);
}

template <ScalarOp kOp>
Result<TfValue> binary(const TfOp& op) {
  TRY(op.expects(2, 2));
  return op.elementwise(Elementwise(kOp), 2);
}

// The function `second` of the result of `first`.
template <ScalarOp kFirst, ScalarOp kSecond>
Result<TfValue> chain(const TfOp& op) {
  const auto count = static_cast<size_t>(arity_of(kFirst));
  TRY(op.expects(count, count));
  TRY_ASSIGN(TfValue inner, op.elementwise(Elementwise(kFirst), count));
  TRY_ASSIGN(inner.tensor, op.add(Elementwise(kSecond), {inner.tensor}, "then"));
  return inner;
}

Result<TfValue> square(const TfOp& op) {
  TRY(op.expects(1, 1));
  const bool planes = op.value(0).is_planes;
  TRY_ASSIGN(Tensor * x, planes ? op.planes(0) : op.tensor(0));
  TRY_ASSIGN(Tensor * y, op.add(Elementwise(ScalarOp::kMul), {x, x}));
  return TfValue{y, planes};
}

// (x - y)^2.
Result<TfValue> squared_difference(const TfOp& op) {
  TRY(op.expects(2, 2));
  TRY_ASSIGN(TfValue difference, op.elementwise(Elementwise(ScalarOp::kSub), 2));
  TRY_ASSIGN(difference.tensor, op.add(Elementwise(ScalarOp::kMul), {difference.tensor, difference.tensor}, "square"));
  return difference;
}

// log(1 + x) and exp(x) - 1.
Result<TfValue> log1p(const TfOp& op) {
  TRY(op.expects(1, 1));
  TRY_ASSIGN(TfValue inner, op.elementwise(Elementwise(ScalarOp::kAffine, 1, 1), 1));
  TRY_ASSIGN(inner.tensor, op.add(Elementwise(ScalarOp::kLog), {inner.tensor}, "log"));
  return inner;
}
Result<TfValue> expm1(const TfOp& op) {
  TRY(op.expects(1, 1));
  TRY_ASSIGN(TfValue inner, op.elementwise(Elementwise(ScalarOp::kExp), 1));
  TRY_ASSIGN(inner.tensor, op.add(Elementwise(ScalarOp::kAffine, 1, -1), {inner.tensor}, "minus 1"));
  return inner;
}

// x / y, and 0 where y is 0.
Result<TfValue> div_no_nan(const TfOp& op) {
  TRY(op.expects(2, 2));
  TRY_ASSIGN(Tensor * x, op.tensor(0));
  TRY_ASSIGN(Tensor * y, op.tensor(1));
  Tensor* zero = op.scalar(x->type.type, 0);
  TRY_ASSIGN(Tensor * quotient, op.add(Elementwise(ScalarOp::kDiv), {x, y}, "quotient"));
  TRY_ASSIGN(Tensor * is_zero, op.add(Elementwise(ScalarOp::kEqual), {y, zero}, "is zero"));
  TRY_ASSIGN(Tensor * result, op.add(Elementwise(ScalarOp::kSelect), {is_zero, zero, quotient}));
  return TfValue{result};
}

Result<TfValue> is_finite(const TfOp& op) {
  TRY(op.expects(1, 1));
  TRY_ASSIGN(Tensor * x, op.tensor(0));
  TRY_ASSIGN(Tensor * infinite, op.add(Elementwise(ScalarOp::kIsInf), {x}, "infinite"));
  TRY_ASSIGN(Tensor * no_number, op.add(Elementwise(ScalarOp::kIsNan), {x}, "no number"));
  TRY_ASSIGN(Tensor * either, op.add(Elementwise(ScalarOp::kOr), {infinite, no_number}, "either"));
  TRY_ASSIGN(Tensor * y, op.add(Elementwise(ScalarOp::kNot), {either}));
  return TfValue{y};
}

// Inputs: x, the least, the most.
Result<TfValue> clip_by_value(const TfOp& op) {
  TRY(op.expects(3, 3));
  TRY_ASSIGN(TfValue inner, op.elementwise(Elementwise(ScalarOp::kMax), 2));
  TRY_ASSIGN(Tensor * most, inner.is_planes && op.rank(2) > 0 ? op.planes(2) : op.tensor(2));
  TRY_ASSIGN(inner.tensor, op.add(Elementwise(ScalarOp::kMin), {inner.tensor, most}, "most"));
  return inner;
}

Result<TfValue> relu6(const TfOp& op) {
  TRY(op.expects(1, 1));
  return op.elementwise(Elementwise(ScalarOp::kClip, 0, 6), 1);
}

Result<TfValue> leaky_relu(const TfOp& op) {
  TRY(op.expects(1, 1));
  TRY_ASSIGN(double alpha, op.number("alpha", 0.2));
  return op.elementwise(Elementwise(ScalarOp::kLeakyRelu, alpha), 1);
}

// TensorFlow's elu has a slope of 1.
Result<TfValue> elu(const TfOp& op) {
  TRY(op.expects(1, 1));
  return op.elementwise(Elementwise(ScalarOp::kElu, 1), 1);
}

Result<TfValue> cast(const TfOp& op) {
  TRY(op.expects(1, 1));
  const auto* to = op.node().find<TfType>("DstT");
  if (!to || !to->type) return unsupported("it casts to a type that is no number");
  return op.elementwise(Elementwise::cast(*to->type), 1);
}

// The bias [C] lies along the last axis, or axis 1 of NCHW.
Result<TfValue> bias_add(const TfOp& op) {
  TRY(op.expects(2, 2));
  if (!op.channels_first() || op.rank(0) < 3 || op.rank(1) != 1) return op.elementwise(Elementwise(ScalarOp::kAdd), 2);
  TRY_ASSIGN(Tensor * x, op.tensor(0));
  Tensor* bias = nullptr;
  Dims dims(static_cast<size_t>(op.rank(0)), Dim(1));
  dims[1] = op.type(1).dims[0];
  if (op.is_constant(1) && all_constant(dims)) {
    TRY_ASSIGN(Array array, op.constant(1, "the bias"));
    TRY_ASSIGN(array, array.reshaped(constant_shape(dims)));
    bias = op.add_constant(array, "bias");
  } else {
    TRY_ASSIGN(bias, op.tensor(1));
    dims[1] = input_dim(0);
    TRY_ASSIGN(bias, op.add(Reshape(dims), {bias}, "bias"));
  }
  TRY_ASSIGN(Tensor * y, op.add(Elementwise(ScalarOp::kAdd), {x, bias}));
  return TfValue{y};
}

Result<TfValue> add_n(const TfOp& op) {
  TRY(op.expects(1, 1024));
  if (op.input_count() == 1) return op.value(0);
  TRY_ASSIGN(TfValue sum, op.elementwise(Elementwise(ScalarOp::kAdd), 2));
  for (size_t i = 2; i < op.input_count(); ++i) {
    TRY_ASSIGN(Tensor * next, sum.is_planes ? op.planes(i) : op.tensor(i));
    TRY_ASSIGN(sum.tensor, op.add(Elementwise(ScalarOp::kAdd), {sum.tensor, next}, "more"));
  }
  return sum;
}

Result<TfValue> select(const TfOp& op) {
  TRY(op.expects(3, 3));
  return op.elementwise(Elementwise(ScalarOp::kSelect), 3);
}

Result<TfValue> hand_on(const TfOp& op) {
  TRY(op.expects(1, 1));
  return op.value(0);
}

// Only a constant default is ever taken: keep_prob, is_training and the like.
Result<TfValue> with_default(const TfOp& op) {
  TRY(op.expects(1, 1));
  if (!op.value(0).is_constant) return unsupported("its default is no constant; name the node as an input");
  return op.value(0);
}

}  // namespace

TF_OPERATORS(elementwise) {
  for (const char* name : {"Identity", "StopGradient", "CheckNumerics", "PreventGradient", "Snapshot", "ReadVariableOp", "EnsureShape"})
    catalogue.add(name, one_tf_output<hand_on>);
  catalogue.add("PlaceholderWithDefault", one_tf_output<with_default>);
  catalogue.add("BiasAdd", one_tf_output<bias_add>);
  catalogue.add("AddN", one_tf_output<add_n>);
  catalogue.add("Cast", one_tf_output<cast>);
  catalogue.add("Select", one_tf_output<select>);
  catalogue.add("SelectV2", one_tf_output<select>);
  catalogue.add("Square", one_tf_output<square>);
  catalogue.add("SquaredDifference", one_tf_output<squared_difference>);
  catalogue.add("Relu6", one_tf_output<relu6>);
  catalogue.add("Log1p", one_tf_output<log1p>);
  catalogue.add("Expm1", one_tf_output<expm1>);
  catalogue.add("DivNoNan", one_tf_output<div_no_nan>);
  catalogue.add("IsFinite", one_tf_output<is_finite>);
  catalogue.add("ClipByValue", one_tf_output<clip_by_value>);
  catalogue.add("IsInf", one_tf_output<unary<ScalarOp::kIsInf>>);
  catalogue.add("TruncateMod", one_tf_output<binary<ScalarOp::kFmod>>);
  catalogue.add("BitwiseAnd", one_tf_output<binary<ScalarOp::kBitAnd>>);
  catalogue.add("BitwiseOr", one_tf_output<binary<ScalarOp::kBitOr>>);
  catalogue.add("BitwiseXor", one_tf_output<binary<ScalarOp::kBitXor>>);
  catalogue.add("LeakyRelu", one_tf_output<leaky_relu>);
  catalogue.add("Elu", one_tf_output<elu>);
  catalogue.add("Rsqrt", one_tf_output<chain<ScalarOp::kSqrt, ScalarOp::kReciprocal>>);
  catalogue.add("NotEqual", one_tf_output<chain<ScalarOp::kEqual, ScalarOp::kNot>>);
  catalogue.add("Neg", one_tf_output<unary<ScalarOp::kNeg>>);
  catalogue.add("Exp", one_tf_output<unary<ScalarOp::kExp>>);
  catalogue.add("Log", one_tf_output<unary<ScalarOp::kLog>>);
  catalogue.add("Abs", one_tf_output<unary<ScalarOp::kAbs>>);
  catalogue.add("Sqrt", one_tf_output<unary<ScalarOp::kSqrt>>);
  catalogue.add("Reciprocal", one_tf_output<unary<ScalarOp::kReciprocal>>);
  catalogue.add("Inv", one_tf_output<unary<ScalarOp::kReciprocal>>);
  catalogue.add("Sin", one_tf_output<unary<ScalarOp::kSin>>);
  catalogue.add("Cos", one_tf_output<unary<ScalarOp::kCos>>);
  catalogue.add("Tan", one_tf_output<unary<ScalarOp::kTan>>);
  catalogue.add("Sinh", one_tf_output<unary<ScalarOp::kSinh>>);
  catalogue.add("Cosh", one_tf_output<unary<ScalarOp::kCosh>>);
  catalogue.add("Asin", one_tf_output<unary<ScalarOp::kAsin>>);
  catalogue.add("Acos", one_tf_output<unary<ScalarOp::kAcos>>);
  catalogue.add("Atan", one_tf_output<unary<ScalarOp::kAtan>>);
  catalogue.add("Asinh", one_tf_output<unary<ScalarOp::kAsinh>>);
  catalogue.add("Acosh", one_tf_output<unary<ScalarOp::kAcosh>>);
  catalogue.add("Atanh", one_tf_output<unary<ScalarOp::kAtanh>>);
  catalogue.add("Erf", one_tf_output<unary<ScalarOp::kErf>>);
  catalogue.add("Ceil", one_tf_output<unary<ScalarOp::kCeil>>);
  catalogue.add("Floor", one_tf_output<unary<ScalarOp::kFloor>>);
  catalogue.add("Round", one_tf_output<unary<ScalarOp::kRound>>);
  catalogue.add("Rint", one_tf_output<unary<ScalarOp::kRound>>);
  catalogue.add("Sign", one_tf_output<unary<ScalarOp::kSign>>);
  catalogue.add("LogicalNot", one_tf_output<unary<ScalarOp::kNot>>);
  catalogue.add("IsNan", one_tf_output<unary<ScalarOp::kIsNan>>);
  catalogue.add("Relu", one_tf_output<unary<ScalarOp::kRelu>>);
  catalogue.add("Sigmoid", one_tf_output<unary<ScalarOp::kSigmoid>>);
  catalogue.add("Tanh", one_tf_output<unary<ScalarOp::kTanh>>);
  catalogue.add("Selu", one_tf_output<unary<ScalarOp::kSelu>>);
  catalogue.add("Softsign", one_tf_output<unary<ScalarOp::kSoftsign>>);
  catalogue.add("Softplus", one_tf_output<unary<ScalarOp::kSoftplus>>);
  for (const char* name : {"Add", "AddV2"}) catalogue.add(name, one_tf_output<binary<ScalarOp::kAdd>>);
  catalogue.add("Sub", one_tf_output<binary<ScalarOp::kSub>>);
  catalogue.add("Mul", one_tf_output<binary<ScalarOp::kMul>>);
  for (const char* name : {"Div", "RealDiv"}) catalogue.add(name, one_tf_output<binary<ScalarOp::kDiv>>);
  catalogue.add("FloorDiv", one_tf_output<binary<ScalarOp::kFloorDiv>>);
  catalogue.add("FloorMod", one_tf_output<binary<ScalarOp::kMod>>);
  catalogue.add("Pow", one_tf_output<binary<ScalarOp::kPow>>);
  catalogue.add("Minimum", one_tf_output<binary<ScalarOp::kMin>>);
  catalogue.add("Maximum", one_tf_output<binary<ScalarOp::kMax>>);
  catalogue.add("Equal", one_tf_output<binary<ScalarOp::kEqual>>);
  catalogue.add("Less", one_tf_output<binary<ScalarOp::kLess>>);
  catalogue.add("LessEqual", one_tf_output<binary<ScalarOp::kLessEqual>>);
  catalogue.add("Greater", one_tf_output<binary<ScalarOp::kGreater>>);
  catalogue.add("GreaterEqual", one_tf_output<binary<ScalarOp::kGreaterEqual>>);
  catalogue.add("LogicalAnd", one_tf_output<binary<ScalarOp::kAnd>>);
  catalogue.add("LogicalOr", one_tf_output<binary<ScalarOp::kOr>>);
}

}  // namespace ingot
