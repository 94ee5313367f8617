// The ONNX operators that are scalar functions, or short chains of them.
#include <fmt/format.h>

#include <cmath>
#include <limits>

#include "operators/elementwise.h"
#include "operators/onnx_input.h"
#include "operators/onnx_types.h"
#include "operators/register.h"
#include "operators/unsqueeze.h"

namespace ingot {
namespace {

// Before version 7 a second operand of fewer dims stood where the attribute `axis` says (at the end where it is left out), and a slope of
// PRelu belonged to the channels; dims of 1 behind it make that NumPy's broadcasting.
Result<Tensor*> align_second(const OnnxNode& node, Network& network, Tensor* x, Tensor* y) {
  const int64_t rank = x->type.rank(), own = y->type.rank();
  TRY_ASSIGN(const int64_t broadcast, node.integer("broadcast", 0));
  const bool is_slope = node.op_type() == "PRelu";
  if (own == 0 || own >= rank || (is_slope && y->type.dims[0].is(1))) return y;
  if (!is_slope && !broadcast) {
    return invalid(fmt::format("operands {} and {} differ in rank, and the attribute broadcast is not set", to_text(x->type.dims),
                               to_text(y->type.dims)));
  }
  TRY_ASSIGN(int64_t axis, node.integer("axis", is_slope ? 1 : rank - own));
  TRY_ASSIGN(axis, normalize_axis(axis, rank));
  if (axis + own > rank) {
    return invalid(fmt::format("an operand {} at axis {} does not fit into {}", to_text(y->type.dims), axis, to_text(x->type.dims)));
  }
  std::vector<int64_t> behind;
  for (int64_t i = own; i < rank - axis; ++i) behind.push_back(i);
  if (behind.empty()) return y;
  return network.add(Unsqueeze(behind), {y});
}

// An operator whose inputs are the function's operands and that has no attributes.
template <ScalarOp kOp>
Result<Tensor*> plain(const OnnxNode& node, Network& network) {
  std::vector<Tensor*> operands;
  for (int i = 0; i < arity_of(kOp); ++i) {
    TRY_ASSIGN(Tensor * operand, required_input(node, static_cast<size_t>(i)));
    operands.push_back(operand);
  }
  if (arity_of(kOp) == 2 && node.opset() < 7) {
    TRY_ASSIGN(operands[1], align_second(node, network, operands[0], operands[1]));
  }
  return network.add(Elementwise(kOp), operands);
}

// The names of the attributes that hold a and b, and their values where they are left out.
struct Constants {
  const char* a = nullptr;
  double a_default = 0;
  const char* b = nullptr;
  double b_default = 0;
};

Result<Tensor*> with_constants(const OnnxNode& node, Network& network, ScalarOp op, const Constants& names) {
  TRY_ASSIGN(Tensor * x, required_input(node, 0));
  Elementwise layer(op);
  TRY_ASSIGN(layer.a, node.number(names.a, names.a_default));
  if (names.b) {
    TRY_ASSIGN(layer.b, node.number(names.b, names.b_default));
  }
  return network.add(layer, {x});
}

Result<Tensor*> leaky_relu(const OnnxNode& node, Network& network) {
  return with_constants(node, network, ScalarOp::kLeakyRelu, {"alpha", 0.01});
}
Result<Tensor*> elu(const OnnxNode& node, Network& network) { return with_constants(node, network, ScalarOp::kElu, {"alpha", 1}); }
Result<Tensor*> celu(const OnnxNode& node, Network& network) { return with_constants(node, network, ScalarOp::kCelu, {"alpha", 1}); }
Result<Tensor*> selu(const OnnxNode& node, Network& network) {
  if (node.opset() < 6) return with_constants(node, network, ScalarOp::kSelu, {"alpha", 1.6732, "gamma", 1.0507});
  return with_constants(node, network, ScalarOp::kSelu, {"alpha", default_a_of(ScalarOp::kSelu), "gamma", default_b_of(ScalarOp::kSelu)});
}
Result<Tensor*> hard_sigmoid(const OnnxNode& node, Network& network) {
  return with_constants(node, network, ScalarOp::kHardSigmoid, {"alpha", 0.2, "beta", 0.5});
}
Result<Tensor*> thresholded_relu(const OnnxNode& node, Network& network) {
  return with_constants(node, network, ScalarOp::kThresholdedRelu, {"alpha", 1});
}

// Integers go through float, as their shrinking may leave a fraction to cut off.
Result<Tensor*> shrink(const OnnxNode& node, Network& network) {
  TRY_ASSIGN(Tensor * x, required_input(node, 0));
  Elementwise layer(ScalarOp::kShrink);
  TRY_ASSIGN(layer.a, node.number("lambd", 0.5));
  TRY_ASSIGN(layer.b, node.number("bias", 0));
  const DataType type = x->type.type;
  if (is_floating(type)) return network.add(layer, {x});
  TRY_ASSIGN(x, network.add(Elementwise::cast(DataType::kFloat), {x}));
  TRY_ASSIGN(x, network.add(layer, {x}));
  return network.add(Elementwise::cast(type), {x});
}

Result<Tensor*> swish(const OnnxNode& node, Network& network) {
  TRY_ASSIGN(Tensor * x, required_input(node, 0));
  TRY_ASSIGN(const double alpha, node.number("alpha", 1));
  return network.add(alpha == 1 ? Elementwise(ScalarOp::kSilu) : Elementwise(ScalarOp::kSwish, alpha), {x});
}

// swish(a) * b
Result<Tensor*> swish_gate(const OnnxNode& node, Network& network) {
  TRY_ASSIGN(Tensor * gate, swish(node, network));
  TRY_ASSIGN(Tensor * x, required_input(node, 1));
  return network.add(Elementwise(ScalarOp::kMul), {gate, x});
}

Result<Tensor*> gelu(const OnnxNode& node, Network& network) {
  TRY_ASSIGN(Tensor * x, required_input(node, 0));
  TRY_ASSIGN(const std::string approximate, node.word("approximate", "none"));
  if (approximate != "none" && approximate != "tanh") return invalid("approximate is '" + approximate + "'; it is none or tanh");
  return network.add(Elementwise(approximate == "tanh" ? ScalarOp::kGeluTanh : ScalarOp::kGelu), {x});
}

Result<Tensor*> is_inf(const OnnxNode& node, Network& network) {
  TRY_ASSIGN(Tensor * x, required_input(node, 0));
  TRY_ASSIGN(const int64_t negative, node.integer("detect_negative", 1));
  TRY_ASSIGN(const int64_t positive, node.integer("detect_positive", 1));
  if (!negative && !positive) return network.add(Elementwise(ScalarOp::kLess), {x, x});  // never
  return network.add(Elementwise(ScalarOp::kIsInf, negative && positive ? 0 : positive ? 1 : -1), {x});
}

Result<Tensor*> mod(const OnnxNode& node, Network& network) {
  TRY_ASSIGN(Tensor * x, required_input(node, 0));
  TRY_ASSIGN(Tensor * y, required_input(node, 1));
  TRY_ASSIGN(const int64_t fmod, node.integer("fmod", 0));
  return network.add(Elementwise(fmod ? ScalarOp::kFmod : ScalarOp::kMod), {x, y});
}

Result<Tensor*> bit_shift(const OnnxNode& node, Network& network) {
  TRY_ASSIGN(Tensor * x, required_input(node, 0));
  TRY_ASSIGN(Tensor * y, required_input(node, 1));
  TRY_ASSIGN(const std::string direction, node.word("direction", ""));
  if (direction != "LEFT" && direction != "RIGHT") return invalid("direction is '" + direction + "'; it is LEFT or RIGHT");
  return network.add(Elementwise(direction == "LEFT" ? ScalarOp::kShiftLeft : ScalarOp::kShiftRight), {x, y});
}

// The bounds are attributes before version 11 and inputs from there on; those that are not constant become min and max layers.
Result<Tensor*> clip(const OnnxNode& node, Network& network) {
  TRY_ASSIGN(Tensor * x, required_input(node, 0));
  Elementwise layer(ScalarOp::kClip);
  if (node.opset() < 11) {
    TRY_ASSIGN(layer.a, node.number("min", layer.a));
    TRY_ASSIGN(layer.b, node.number("max", layer.b));
    // Writers that want no bound give the type's limits.
    if (layer.a <= -std::numeric_limits<float>::max()) layer.a = -INFINITY;
    if (layer.b >= std::numeric_limits<float>::max()) layer.b = INFINITY;
    return network.add(layer, {x});
  }
  Tensor* y = x;
  bool has_constant_bound = false;
  for (size_t i = 1; i < 3; ++i) {
    Tensor* bound = i < node.input_count() ? node.input(i) : nullptr;
    if (!bound) continue;
    if (node.is_constant(i)) {
      TRY_ASSIGN(const Array value, node.constant(i));
      if (value.count() != 1) return invalid(fmt::format("a bound of Clip is one number, not {}", to_text(value.shape())));
      const int64_t exact = int64_t{1} << 53;
      const bool fits = is_floating(value.type()) || (value.integer(0) <= exact && value.integer(0) >= -exact);
      if (fits) {
        (i == 1 ? layer.a : layer.b) = value.number(0);
        has_constant_bound = true;
        continue;
      }
    }
    if (has_constant_bound) {  // the lower bound first: the upper one wins where they cross
      TRY_ASSIGN(y, network.add(layer, {y}));
      has_constant_bound = false;
      layer = Elementwise(ScalarOp::kClip);
    }
    TRY_ASSIGN(y, network.add(Elementwise(i == 1 ? ScalarOp::kMax : ScalarOp::kMin), {y, bound}));
  }
  if (has_constant_bound || y == x) return network.add(layer, {y});
  return y;
}

Result<Tensor*> cast_to(Network& network, const OnnxNode& node, Tensor* x, DataType to) {
  TRY_ASSIGN(const int64_t saturate, node.integer("saturate", 1));
  TRY_ASSIGN(const std::string round_mode, node.word("round_mode", "up"));
  if (round_mode != "up" && round_mode != "down" && round_mode != "nearest") {
    return invalid("round_mode is '" + round_mode + "'; it is up, down or nearest");
  }
  Elementwise layer = Elementwise::cast(to);
  layer.a = saturate ? 0 : 1;
  if (to == DataType::kE8m0) layer.b = round_mode == "down" ? 1 : round_mode == "nearest" ? 2 : 0;
  return network.add(layer, {x});
}

// Before version 6 the type is a word.
Result<Tensor*> cast(const OnnxNode& node, Network& network) {
  TRY_ASSIGN(Tensor * x, required_input(node, 0));
  if (node.opset() < 6) {
    TRY_ASSIGN(const std::string word, node.word("to", ""));
    TRY_ASSIGN(const DataType to, data_type_from_onnx_word(word));
    return cast_to(network, node, x, to);
  }
  TRY_ASSIGN(const int64_t number, node.integer("to", 0));
  TRY_ASSIGN(const DataType to, data_type_from_onnx(number));
  return cast_to(network, node, x, to);
}

Result<Tensor*> cast_like(const OnnxNode& node, Network& network) {
  TRY_ASSIGN(Tensor * x, required_input(node, 0));
  TRY_ASSIGN(Tensor * like, required_input(node, 1));
  return cast_to(network, node, x, like->type.type);
}

// Folds any number of operands from the left; one alone is itself.
Result<Tensor*> fold(const OnnxNode& node, Network& network, ScalarOp op) {
  TRY_ASSIGN(Tensor * y, required_input(node, 0));
  if (node.input_count() == 1) return network.add(Elementwise(ScalarOp::kIdentity), {y});
  for (size_t i = 1; i < node.input_count(); ++i) {
    TRY_ASSIGN(Tensor * x, required_input(node, i));
    TRY_ASSIGN(y, network.add(Elementwise(op), {y, x}));
  }
  return y;
}

template <ScalarOp kOp>
Result<Tensor*> variadic(const OnnxNode& node, Network& network) {
  return fold(node, network, kOp);
}

Result<Tensor*> mean(const OnnxNode& node, Network& network) {
  TRY_ASSIGN(Tensor * sum, fold(node, network, ScalarOp::kAdd));
  if (node.input_count() == 1) return sum;
  return network.add(Elementwise(ScalarOp::kDiv), {sum, add_scalar(network, sum, static_cast<double>(node.input_count()))});
}

// The exponent of an integer base is cast where it is of another integer type; a base keeps its type.
Result<Tensor*> pow(const OnnxNode& node, Network& network) {
  TRY_ASSIGN(Tensor * x, required_input(node, 0));
  TRY_ASSIGN(Tensor * y, required_input(node, 1));
  if (node.opset() < 7) {
    TRY_ASSIGN(y, align_second(node, network, x, y));
  }
  if (is_floating(x->type.type) && x->type.type != y->type.type) {
    TRY_ASSIGN(y, network.add(Elementwise::cast(x->type.type), {y}));
  }
  return network.add(Elementwise(ScalarOp::kPow), {x, y});
}

// In inference dropout is the identity; its mask is true everywhere.
Result<std::vector<Tensor*>> dropout(const OnnxNode& node, Network& network) {
  TRY_ASSIGN(Tensor * x, required_input(node, 0));
  if (node.opset() >= 12 && node.input_count() > 2 && node.input(2)) {
    TRY_ASSIGN(const Array training, constant_input(node, 2, "training_mode"));
    bool drops = training.count() > 0 && training.integer(0) != 0;
    if (drops && node.input_count() > 1 && node.input(1)) {
      TRY_ASSIGN(const Array ratio, constant_input(node, 1, "the ratio"));
      drops = ratio.count() > 0 && ratio.number(0) != 0;
    }
    if (drops) return unsupported("Dropout in training mode drops at random; inference takes training_mode = false");
  }
  TRY_ASSIGN(Tensor * y, network.add(Elementwise(ScalarOp::kIdentity), {x}));
  std::vector<Tensor*> outputs{y};
  if (node.output_count() > 1 && node.output_is_used(1)) {
    // x == x, or x is not a number: true for every element, of x's shape.
    TRY_ASSIGN(Tensor * mask, network.add(Elementwise(ScalarOp::kEqual), {x, x}));
    TRY_ASSIGN(Tensor * strange, network.add(Elementwise(ScalarOp::kIsNan), {x}));
    TRY_ASSIGN(mask, network.add(Elementwise(ScalarOp::kOr), {mask, strange}));
    if (node.opset() < 10) {
      TRY_ASSIGN(mask, network.add(Elementwise::cast(x->type.type), {mask}));
    }
    outputs.push_back(mask);
  }
  return outputs;
}

}  // namespace

REGISTER_OPERATORS(elementwise_onnx) {
#define PLAIN(op_type, op) catalogue.add_onnx(op_type, one_output<plain<ScalarOp::op>>)
  PLAIN("Identity", kIdentity);
  PLAIN("Abs", kAbs);
  PLAIN("Neg", kNeg);
  PLAIN("Exp", kExp);
  PLAIN("Log", kLog);
  PLAIN("Sqrt", kSqrt);
  PLAIN("Reciprocal", kReciprocal);
  PLAIN("Sin", kSin);
  PLAIN("Cos", kCos);
  PLAIN("Tan", kTan);
  PLAIN("Asin", kAsin);
  PLAIN("Acos", kAcos);
  PLAIN("Atan", kAtan);
  PLAIN("Sinh", kSinh);
  PLAIN("Cosh", kCosh);
  PLAIN("Asinh", kAsinh);
  PLAIN("Acosh", kAcosh);
  PLAIN("Atanh", kAtanh);
  PLAIN("Erf", kErf);
  PLAIN("Floor", kFloor);
  PLAIN("Ceil", kCeil);
  PLAIN("Round", kRound);
  PLAIN("Sign", kSign);
  PLAIN("Not", kNot);
  PLAIN("BitwiseNot", kBitNot);
  PLAIN("IsNaN", kIsNan);
  PLAIN("Relu", kRelu);
  PLAIN("Sigmoid", kSigmoid);
  PLAIN("Tanh", kTanh);
  PLAIN("Softsign", kSoftsign);
  PLAIN("Softplus", kSoftplus);
  PLAIN("Mish", kMish);
  PLAIN("HardSwish", kHardSwish);
  PLAIN("Add", kAdd);
  PLAIN("Sub", kSub);
  PLAIN("Mul", kMul);
  PLAIN("Div", kDiv);
  PLAIN("And", kAnd);
  PLAIN("Or", kOr);
  PLAIN("Xor", kXor);
  PLAIN("BitwiseAnd", kBitAnd);
  PLAIN("BitwiseOr", kBitOr);
  PLAIN("BitwiseXor", kBitXor);
  PLAIN("Equal", kEqual);
  PLAIN("Less", kLess);
  PLAIN("Greater", kGreater);
  PLAIN("LessOrEqual", kLessEqual);
  PLAIN("GreaterOrEqual", kGreaterEqual);
  PLAIN("PRelu", kPrelu);
  PLAIN("Where", kSelect);
#undef PLAIN
  catalogue.add_onnx("LeakyRelu", one_output<leaky_relu>);
  catalogue.add_onnx("Elu", one_output<elu>);
  catalogue.add_onnx("Celu", one_output<celu>);
  catalogue.add_onnx("Selu", one_output<selu>);
  catalogue.add_onnx("HardSigmoid", one_output<hard_sigmoid>);
  catalogue.add_onnx("ThresholdedRelu", one_output<thresholded_relu>);
  catalogue.add_onnx("Shrink", one_output<shrink>);
  catalogue.add_onnx("Swish", one_output<swish>);
  catalogue.add_onnx("SwiGLU", one_output<swish_gate>);
  catalogue.add_onnx("Gelu", one_output<gelu>);
  catalogue.add_onnx("IsInf", one_output<is_inf>);
  catalogue.add_onnx("Mod", one_output<mod>);
  catalogue.add_onnx("BitShift", one_output<bit_shift>);
  catalogue.add_onnx("Clip", one_output<clip>);
  catalogue.add_onnx("Cast", one_output<cast>);
  catalogue.add_onnx("CastLike", one_output<cast_like>);
  catalogue.add_onnx("Sum", one_output<variadic<ScalarOp::kAdd>>);
  catalogue.add_onnx("Min", one_output<variadic<ScalarOp::kMin>>);
  catalogue.add_onnx("Max", one_output<variadic<ScalarOp::kMax>>);
  catalogue.add_onnx("Mean", one_output<mean>);
  catalogue.add_onnx("Pow", one_output<pow>);
  catalogue.add_onnx("Dropout", dropout);
}

}  // namespace ingot
