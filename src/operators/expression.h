// Scalar expressions over tensor elements: what elementwise layers, fused pointwise chains and epilogues compute.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/data_type.h"
#include "network/operator.h"

namespace ingot {

// Arity, words and formulas stand in one table in expression.cpp.
enum class ScalarOp : uint8_t {
  // One operand. a and b are the constants of the node.
  kIdentity,
  kAbs,
  kNeg,
  kExp,
  kLog,
  kSqrt,
  kReciprocal,
  kSin,
  kCos,
  kTan,
  kAsin,
  kAcos,
  kAtan,
  kSinh,
  kCosh,
  kAsinh,
  kAcosh,
  kAtanh,
  kErf,
  kFloor,
  kCeil,
  kRound /* half to even */,
  kSign,
  kNot,
  kBitNot,
  kIsInf,
  kIsNan,
  kRelu,
  kSigmoid,
  kTanh,
  kSoftsign,
  kGelu /* erf */,
  kGeluTanh,
  kSilu,
  kMish,
  kHardSwish,
  kLeakyRelu /* x<0 ? a*x : x */,
  kElu /* x<0 ? a*(e^x-1) : x */,
  kSelu /* b*(x<0 ? a*(e^x-1) : x) */,
  kCelu /* max(0,x)+min(0,a*(e^(x/a)-1)) */,
  kSoftplus /* b*log(1+e^(a*x)) */,
  kClip /* min(max(x,a),b) */,
  kHardSigmoid /* min(max(a*x+b,0),1) */,
  kScaledTanh /* a*tanh(b*x) */,
  kThresholdedRelu /* x>a ? x : 0 */,
  kShrink /* x<-a ? x+b : x>a ? x-b : 0 */,
  kAffine /* a*x+b */,
  kSwish /* x*sigmoid(a*x) */,
  kSnap /* a*min(max(round(x/a),-128),127): quantized to int8 with the scale a, and back */,
  kCast, /* to the node's type, as ONNX Cast-19: truncates to integers, saturates fp8 */
  // Two operands.
  kAdd,
  kSub,
  kMul,
  kDiv,
  kPow,
  kMin,
  kMax,
  kFloorDiv,
  kMod /* sign of divisor */,
  kFmod /* sign of dividend */,
  kAnd,
  kOr,
  kXor,
  kBitAnd,
  kBitOr,
  kBitXor,
  kShiftLeft,
  kShiftRight,
  kEqual,
  kLess,
  kGreater,
  kLessEqual,
  kGreaterEqual,
  kPrelu /* x<0 ? x*slope : x */,
  kSumOfSquares /* x*x + y*y */,
  // Three operands.
  kSelect /* condition ? x : y */,
  kCount
};

std::string_view name_of(ScalarOp op);
Result<ScalarOp> scalar_op_from_name(std::string_view name);
int arity_of(ScalarOp op);
bool is_comparison(ScalarOp op);  // result is bool
bool is_logical(ScalarOp op);     // operands and result are bool
// Which of the constants a and b the function reads (0, 1 or 2), and their usual values.
int constant_count_of(ScalarOp op);
double default_a_of(ScalarOp op);
double default_b_of(ScalarOp op);
// The result's type for operands of these types; an error says which types the function takes.
Result<DataType> infer_scalar_op(ScalarOp op, const std::vector<DataType>& operands, DataType to);

// A list of nodes in order of computation; operands are inputs (negative: ~index) or earlier nodes (>= 0). The last node is the result.
// An expression without nodes is its input 0.
struct Expression {
  struct Node {
    ScalarOp op = ScalarOp::kIdentity;
    int32_t operands[3] = {0, 0, 0};
    float a = 0, b = 0;
    DataType to = DataType::kFloat;  // of kCast
    bool is_constant = false;        // the number a and no operation
    bool operator==(const Node&) const = default;
  };
  std::vector<Node> nodes;

  static int32_t input(int index) { return ~index; }
  int input_count() const;  // 1 + the highest input that is read; 1 where there are no nodes
  int32_t add(ScalarOp op, int32_t x, int32_t y = 0, int32_t z = 0, float a = 0, float b = 0);
  int32_t add_constant(float value);
  bool empty() const { return nodes.empty(); }

  // "relu(add(x0, mul(x1, 2)))"; shared nodes are written once: "t0 = exp(x0); div(t0, add(t0, 1))". Constants of a function follow its
  // operands, the type of a cast too: "clip(x0, a=0, b=6)", "cast(x0, to=half)". The text of an empty expression is "x0".
  std::string text() const;
  static Result<Expression> parse(std::string_view text);
  FieldValue to_field() const { return text(); }
  Status set_from_field(const FieldValue& field);

  // The result's type for inputs of these types; an error names the node. A constant takes the type of the operands beside it.
  Result<DataType> infer(const std::vector<DataType>& inputs) const;
  // The reference on real numbers, not rounded but by casts. See evaluate_expression for one that follows the types.
  double evaluate_float(const double* inputs) const;
  bool operator==(const Expression&) const = default;
};

// One node over arrays with NumPy broadcasting: the reference of elementwise layers and of fused chains.
Result<Array> evaluate_scalar_op(ScalarOp op, const Arrays& inputs, double a, double b, DataType to);
Result<Array> evaluate_expression(const Expression& expression, const Arrays& inputs);
// The function on floats, rounded once.
float evaluate_scalar(ScalarOp op, float x, float y, float z, float a, float b);

}  // namespace ingot
