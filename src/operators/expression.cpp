#include "operators/expression.h"

#include <fmt/format.h>

#include <charconv>
#include <cmath>
#include <limits>
#include <map>

#include "operators/epilogue.h"
#include "operators/scalar_functions.h"

namespace ingot {
namespace {

// What a function takes, and what it gives.
enum class Kind : uint8_t {
  kAny,         // any type, the same out
  kNumeric,     // numbers, the same type out
  kFloating,    // floating point, the same out
  kPower,       // base and exponent may differ; the base's type out
  kBits,        // integers, the same out
  kBoolean,     // bools
  kClassify,    // floating point in, bool out
  kComparison,  // numbers (equal: bools too) in, bool out
  kChoose,      // a bool and two of one type, which comes out
};

struct Row {
  ScalarOp op;
  std::string_view word;
  int arity;
  Kind kind;
  int constants = 0;
  double a = 0, b = 0;  // usual values of the constants
};

constexpr double kInfinity = std::numeric_limits<double>::infinity();

constexpr Row kRows[] = {
    {ScalarOp::kIdentity, "identity", 1, Kind::kAny},
    {ScalarOp::kAbs, "abs", 1, Kind::kNumeric},
    {ScalarOp::kNeg, "neg", 1, Kind::kNumeric},
    {ScalarOp::kExp, "exp", 1, Kind::kFloating},
    {ScalarOp::kLog, "log", 1, Kind::kFloating},
    {ScalarOp::kSqrt, "sqrt", 1, Kind::kFloating},
    {ScalarOp::kReciprocal, "reciprocal", 1, Kind::kFloating},
    {ScalarOp::kSin, "sin", 1, Kind::kFloating},
    {ScalarOp::kCos, "cos", 1, Kind::kFloating},
    {ScalarOp::kTan, "tan", 1, Kind::kFloating},
    {ScalarOp::kAsin, "asin", 1, Kind::kFloating},
    {ScalarOp::kAcos, "acos", 1, Kind::kFloating},
    {ScalarOp::kAtan, "atan", 1, Kind::kFloating},
    {ScalarOp::kSinh, "sinh", 1, Kind::kFloating},
    {ScalarOp::kCosh, "cosh", 1, Kind::kFloating},
    {ScalarOp::kAsinh, "asinh", 1, Kind::kFloating},
    {ScalarOp::kAcosh, "acosh", 1, Kind::kFloating},
    {ScalarOp::kAtanh, "atanh", 1, Kind::kFloating},
    {ScalarOp::kErf, "erf", 1, Kind::kFloating},
    {ScalarOp::kFloor, "floor", 1, Kind::kNumeric},
    {ScalarOp::kCeil, "ceil", 1, Kind::kNumeric},
    {ScalarOp::kRound, "round", 1, Kind::kNumeric},
    {ScalarOp::kSign, "sign", 1, Kind::kNumeric},
    {ScalarOp::kNot, "not", 1, Kind::kBoolean},
    {ScalarOp::kBitNot, "bit_not", 1, Kind::kBits},
    {ScalarOp::kIsInf, "is_inf", 1, Kind::kClassify, 1, 0},
    {ScalarOp::kIsNan, "is_nan", 1, Kind::kClassify},
    {ScalarOp::kRelu, "relu", 1, Kind::kNumeric},
    {ScalarOp::kSigmoid, "sigmoid", 1, Kind::kFloating},
    {ScalarOp::kTanh, "tanh", 1, Kind::kFloating},
    {ScalarOp::kSoftsign, "softsign", 1, Kind::kFloating},
    {ScalarOp::kGelu, "gelu", 1, Kind::kFloating},
    {ScalarOp::kGeluTanh, "gelu_tanh", 1, Kind::kFloating},
    {ScalarOp::kSilu, "silu", 1, Kind::kFloating},
    {ScalarOp::kMish, "mish", 1, Kind::kFloating},
    {ScalarOp::kHardSwish, "hard_swish", 1, Kind::kFloating},
    {ScalarOp::kLeakyRelu, "leaky_relu", 1, Kind::kFloating, 1, 0.01},
    {ScalarOp::kElu, "elu", 1, Kind::kFloating, 1, 1},
    {ScalarOp::kSelu, "selu", 1, Kind::kFloating, 2, 1.67326319217681884765625, 1.05070102214813232421875},
    {ScalarOp::kCelu, "celu", 1, Kind::kFloating, 1, 1},
    {ScalarOp::kSoftplus, "softplus", 1, Kind::kFloating, 2, 1, 1},
    {ScalarOp::kClip, "clip", 1, Kind::kNumeric, 2, -kInfinity, kInfinity},
    {ScalarOp::kHardSigmoid, "hard_sigmoid", 1, Kind::kFloating, 2, 0.2, 0.5},
    {ScalarOp::kScaledTanh, "scaled_tanh", 1, Kind::kFloating, 2, 1, 1},
    {ScalarOp::kThresholdedRelu, "thresholded_relu", 1, Kind::kFloating, 1, 1},
    {ScalarOp::kShrink, "shrink", 1, Kind::kFloating, 2, 0.5, 0},
    {ScalarOp::kAffine, "affine", 1, Kind::kFloating, 2, 1, 0},
    {ScalarOp::kSwish, "swish", 1, Kind::kFloating, 1, 1},
    {ScalarOp::kSnap, "snap", 1, Kind::kFloating, 1, 1},
    {ScalarOp::kCast, "cast", 1, Kind::kAny},
    {ScalarOp::kAdd, "add", 2, Kind::kNumeric},
    {ScalarOp::kSub, "sub", 2, Kind::kNumeric},
    {ScalarOp::kMul, "mul", 2, Kind::kNumeric},
    {ScalarOp::kDiv, "div", 2, Kind::kNumeric},
    {ScalarOp::kPow, "pow", 2, Kind::kPower},
    {ScalarOp::kMin, "min", 2, Kind::kNumeric},
    {ScalarOp::kMax, "max", 2, Kind::kNumeric},
    {ScalarOp::kFloorDiv, "floor_div", 2, Kind::kNumeric},
    {ScalarOp::kMod, "mod", 2, Kind::kNumeric},
    {ScalarOp::kFmod, "fmod", 2, Kind::kNumeric},
    {ScalarOp::kAnd, "and", 2, Kind::kBoolean},
    {ScalarOp::kOr, "or", 2, Kind::kBoolean},
    {ScalarOp::kXor, "xor", 2, Kind::kBoolean},
    {ScalarOp::kBitAnd, "bit_and", 2, Kind::kBits},
    {ScalarOp::kBitOr, "bit_or", 2, Kind::kBits},
    {ScalarOp::kBitXor, "bit_xor", 2, Kind::kBits},
    {ScalarOp::kShiftLeft, "shift_left", 2, Kind::kBits},
    {ScalarOp::kShiftRight, "shift_right", 2, Kind::kBits},
    {ScalarOp::kEqual, "equal", 2, Kind::kComparison},
    {ScalarOp::kLess, "less", 2, Kind::kComparison},
    {ScalarOp::kGreater, "greater", 2, Kind::kComparison},
    {ScalarOp::kLessEqual, "less_equal", 2, Kind::kComparison},
    {ScalarOp::kGreaterEqual, "greater_equal", 2, Kind::kComparison},
    {ScalarOp::kPrelu, "prelu", 2, Kind::kNumeric},
    {ScalarOp::kSumOfSquares, "sum_of_squares", 2, Kind::kNumeric},
    {ScalarOp::kSelect, "select", 3, Kind::kChoose},
};

constexpr bool rows_follow_the_enum() {
  for (size_t i = 0; i < std::size(kRows); ++i) {
    if (static_cast<size_t>(kRows[i].op) != i) return false;
  }
  return std::size(kRows) == static_cast<size_t>(ScalarOp::kCount);
}
static_assert(rows_follow_the_enum());

const Row& row_of(ScalarOp op) { return kRows[op < ScalarOp::kCount ? static_cast<size_t>(op) : 0]; }

constexpr size_t kMostNodes = 1 << 16;  // of a text from outside
constexpr int kDeepestText = 48;        // calls nested in text; deeper ones go through a name

// "0.5", "-inf": reads back as the same float.
std::string number_text(float value) { return fmt::format("{}", value); }

// Reads expressions as Expression::text writes them.
class Parser {
 public:
  explicit Parser(std::string_view text) : text_(text) {}

  Result<Expression> parse() {
    int32_t result = Expression::input(0);
    while (true) {
      const size_t start = at_;
      const std::string_view name = word();
      if (!name.empty() && accept('=')) {
        TRY_ASSIGN(const int32_t value, operand(0));
        names_[std::string(name)] = value;
        if (!accept(';')) return fail("';' and the result");
        continue;
      }
      at_ = start;
      TRY_ASSIGN(result, operand(0));
      break;
    }
    skip();
    if (at_ != text_.size()) return fail("the end");
    auto& nodes = expression_.nodes;
    if (result < 0 && nodes.empty() && result == Expression::input(0)) return std::move(expression_);
    // The result is the last node.
    if (result != static_cast<int32_t>(nodes.size()) - 1) expression_.add(ScalarOp::kIdentity, result);
    return std::move(expression_);
  }

 private:
  Error fail(const std::string& wanted) const {
    return invalid(fmt::format("expression '{}': at {} there should be {}", text_.substr(0, 200), at_, wanted));
  }
  void skip() {
    while (at_ < text_.size() && text_[at_] == ' ') ++at_;
  }
  bool accept(char c) {
    skip();
    if (at_ >= text_.size() || text_[at_] != c) return false;
    ++at_;
    return true;
  }
  std::string_view word() {
    skip();
    const size_t start = at_;
    while (at_ < text_.size() && (std::isalnum(static_cast<unsigned char>(text_[at_])) || text_[at_] == '_')) ++at_;
    return text_.substr(start, at_ - start);
  }
  Result<float> number() {
    skip();
    float value = 0;
    const auto [end, code] = std::from_chars(text_.data() + at_, text_.data() + text_.size(), value);
    if (code != std::errc()) return fail("a number");
    at_ = static_cast<size_t>(end - text_.data());
    return value;
  }

  Result<int32_t> operand(int depth) {
    if (depth > 4 * kDeepestText) return fail("less nesting");
    if (expression_.nodes.size() >= kMostNodes) return fail("fewer operations");
    skip();
    const size_t start = at_;
    const std::string_view name = word();
    if (name.size() >= 2 && name[0] == 'x' && std::isdigit(static_cast<unsigned char>(name[1]))) {
      int32_t index = 0;
      const auto [end, code] = std::from_chars(name.data() + 1, name.data() + name.size(), index);
      if (code != std::errc() || end != name.data() + name.size() || index > 1 << 16) return fail("an input x0, x1, ...");
      return Expression::input(index);
    }
    if (const auto known = names_.find(name); known != names_.end()) return known->second;
    if (name.empty() || !accept('(')) {
      at_ = start;
      TRY_ASSIGN(const float value, number());
      return expression_.add_constant(value);
    }
    auto op = scalar_op_from_name(name);
    if (!op.ok()) return std::move(op).error().within(fmt::format("expression '{}'", text_.substr(0, 200)));
    const Row& row = row_of(*op);
    Expression::Node node;
    node.op = *op;
    if (row.constants > 0) node.a = static_cast<float>(row.a);
    if (row.constants > 1) node.b = static_cast<float>(row.b);
    for (int i = 0; i < row.arity; ++i) {
      if (i > 0 && !accept(',')) return fail(fmt::format("',' and operand {} of {}", i + 1, name));
      TRY_ASSIGN(node.operands[i], operand(depth + 1));
    }
    while (accept(',')) {
      const std::string_view key = word();
      if (!accept('=')) return fail("'a=', 'b=' or 'to='");
      if (key == "a") {
        TRY_ASSIGN(node.a, number());
      } else if (key == "b") {
        TRY_ASSIGN(node.b, number());
      } else if (key == "to") {
        TRY_ASSIGN(node.to, data_type_from_name(word()));
      } else {
        return fail("'a=', 'b=' or 'to='");
      }
    }
    if (!accept(')')) return fail("')'");
    expression_.nodes.push_back(node);
    return static_cast<int32_t>(expression_.nodes.size()) - 1;
  }

  std::string_view text_;
  size_t at_ = 0;
  Expression expression_;
  std::map<std::string, int32_t, std::less<>> names_;
};

std::string types_text(const std::vector<DataType>& types) {
  std::string text;
  for (DataType type : types) text += (text.empty() ? "" : ", ") + std::string(name_of(type));
  return text;
}

}  // namespace

std::string_view name_of(ScalarOp op) { return row_of(op).word; }

Result<ScalarOp> scalar_op_from_name(std::string_view name) {
  for (const Row& row : kRows) {
    if (row.word == name) return row.op;
  }
  return invalid(fmt::format("'{}' is no scalar function", name));
}

int arity_of(ScalarOp op) { return row_of(op).arity; }
bool is_comparison(ScalarOp op) { return row_of(op).kind == Kind::kComparison; }
bool is_logical(ScalarOp op) { return row_of(op).kind == Kind::kBoolean; }
int constant_count_of(ScalarOp op) { return row_of(op).constants; }
double default_a_of(ScalarOp op) { return row_of(op).a; }
double default_b_of(ScalarOp op) { return row_of(op).b; }

Result<DataType> infer_scalar_op(ScalarOp op, const std::vector<DataType>& types, DataType to) {
  const Row& row = row_of(op);
  if (static_cast<int>(types.size()) != row.arity) {
    return invalid(fmt::format("{} has {} inputs; it takes {}", row.word, types.size(), row.arity));
  }
  const auto refuse = [&](std::string_view wanted) {
    return invalid(fmt::format("{} takes {}, not {}", row.word, wanted, types_text(types)));
  };
  const DataType first = types[0];
  const bool same = types.size() < 2 || types[1] == first;
  switch (row.kind) {
    case Kind::kAny: return op == ScalarOp::kCast ? to : first;
    case Kind::kNumeric:
      if (first == DataType::kBool || !same) return refuse(row.arity == 1 ? "numbers" : "two numbers of one type");
      return first;
    case Kind::kFloating:
      if (!is_floating(first) || !same) return refuse("floating-point numbers");
      return first;
    case Kind::kPower:
      if (first == DataType::kBool || types[1] == DataType::kBool) return refuse("numbers");
      return first;
    case Kind::kBits:
      if (!is_integer(first) || !same) return refuse(row.arity == 1 ? "integers" : "two integers of one type");
      return first;
    case Kind::kBoolean:
      if (first != DataType::kBool || !same) return refuse("bools");
      return first;
    case Kind::kClassify:
      if (!is_floating(first)) return refuse("floating-point numbers");
      return DataType::kBool;
    case Kind::kComparison:
      if (!same || (first == DataType::kBool && op != ScalarOp::kEqual)) return refuse("two numbers of one type");
      return DataType::kBool;
    case Kind::kChoose:
      if (first != DataType::kBool || types[1] != types[2]) return refuse("a bool and two values of one type");
      return types[1];
  }
  return internal("unknown scalar function");
}

int Expression::input_count() const {
  if (nodes.empty()) return 1;
  int count = 0;
  for (const Node& node : nodes) {
    if (node.is_constant) continue;
    for (int i = 0; i < arity_of(node.op); ++i) {
      if (node.operands[i] < 0) count = std::max(count, ~node.operands[i] + 1);
    }
  }
  return count;
}

int32_t Expression::add(ScalarOp op, int32_t x, int32_t y, int32_t z, float a, float b) {
  Node node;
  node.op = op;
  const int32_t operands[] = {x, y, z};
  for (int i = 0; i < arity_of(op); ++i) node.operands[i] = operands[i];
  node.a = a;
  node.b = b;
  nodes.push_back(node);
  return static_cast<int32_t>(nodes.size()) - 1;
}

int32_t Expression::add_constant(float value) {
  Node node;
  node.a = value;
  node.is_constant = true;
  nodes.push_back(node);
  return static_cast<int32_t>(nodes.size()) - 1;
}

std::string Expression::text() const {
  if (nodes.empty()) return "x0";
  // How often each node is read by nodes that the result needs.
  std::vector<int> reads(nodes.size(), 0);
  reads.back() = 1;
  for (size_t i = nodes.size(); i-- > 0;) {
    if (reads[i] == 0 || nodes[i].is_constant) continue;
    for (int k = 0; k < arity_of(nodes[i].op); ++k) {
      if (nodes[i].operands[k] >= 0) ++reads[static_cast<size_t>(nodes[i].operands[k])];
    }
  }
  std::string definitions;
  std::vector<std::string> texts(nodes.size());
  std::vector<int> depths(nodes.size(), 0);
  int name_count = 0;
  for (size_t i = 0; i < nodes.size(); ++i) {
    const Node& node = nodes[i];
    if (reads[i] == 0) continue;
    if (node.is_constant) {
      texts[i] = number_text(node.a);
      continue;
    }
    const Row& row = row_of(node.op);
    std::string call(row.word);
    for (int k = 0; k < row.arity; ++k) {
      call += k == 0 ? "(" : ", ";
      if (node.operands[k] < 0) {
        call += fmt::format("x{}", ~node.operands[k]);
        continue;
      }
      const auto operand = static_cast<size_t>(node.operands[k]);
      call += texts[operand];
      depths[i] = std::max(depths[i], depths[operand] + 1);
    }
    if (row.constants > 0 || node.a != 0) call += ", a=" + number_text(node.a);
    if (row.constants > 1 || node.b != 0) call += ", b=" + number_text(node.b);
    if (node.op == ScalarOp::kCast) call += ", to=" + std::string(name_of(node.to));
    call += ")";
    if (i + 1 < nodes.size() && (reads[i] > 1 || depths[i] >= kDeepestText)) {
      texts[i] = fmt::format("t{}", name_count++);
      definitions += texts[i] + " = " + call + "; ";
      depths[i] = 0;
    } else {
      texts[i] = std::move(call);
    }
  }
  return definitions + texts.back();
}

Result<Expression> Expression::parse(std::string_view text) {
  if (text.find_first_not_of(' ') == std::string_view::npos) return Expression{};
  return Parser(text).parse();
}

Status Expression::set_from_field(const FieldValue& field) {
  const auto* text = std::get_if<std::string>(&field);
  if (!text) return detail::wrong_field_kind("expression", "an expression such as \"relu(add(x0, x1))\"", field);
  TRY_ASSIGN(*this, parse(*text));
  return Ok{};
}

Result<DataType> Expression::infer(const std::vector<DataType>& inputs) const {
  if (input_count() > static_cast<int>(inputs.size())) {
    return invalid(fmt::format("expression '{}' reads x{}, but there are {} inputs", text(), input_count() - 1, inputs.size()));
  }
  if (nodes.empty()) return inputs[0];
  std::vector<std::optional<DataType>> types(nodes.size());  // nothing for constants
  for (size_t i = 0; i < nodes.size(); ++i) {
    const Node& node = nodes[i];
    if (node.is_constant) continue;
    std::vector<std::optional<DataType>> operands;
    for (int k = 0; k < arity_of(node.op); ++k) {
      if (node.operands[k] >= static_cast<int32_t>(i)) return invalid(fmt::format("node {} of an expression reads one behind it", i));
      operands.push_back(node.operands[k] < 0 ? inputs[static_cast<size_t>(~node.operands[k])]
                                              : types[static_cast<size_t>(node.operands[k])]);
    }
    // Constants follow the operand beside them; the condition of select stands alone.
    std::optional<DataType> beside;
    const size_t first = node.op == ScalarOp::kSelect ? 1 : 0;
    for (size_t k = operands.size(); k-- > first;) beside = operands[k] ? operands[k] : beside;
    std::vector<DataType> known;
    for (size_t k = 0; k < operands.size(); ++k) {
      known.push_back(operands[k] ? *operands[k] : k < first ? DataType::kBool : beside.value_or(DataType::kFloat));
    }
    auto type = infer_scalar_op(node.op, known, node.to);
    if (!type.ok()) return std::move(type).error().within(fmt::format("expression '{}'", text()));
    types[i] = *type;
  }
  return types.back().value_or(DataType::kFloat);
}

double Expression::evaluate_float(const double* inputs) const {
  if (nodes.empty()) return inputs[0];
  // Epilogues call this for every element: the usual length needs no allocation.
  double few[32];
  std::vector<double> many;
  double* values = few;
  if (nodes.size() > std::size(few)) {
    many.resize(nodes.size());
    values = many.data();
  }
  for (size_t i = 0; i < nodes.size(); ++i) {
    const Node& node = nodes[i];
    if (node.is_constant) {
      values[i] = node.a;
      continue;
    }
    double operands[3] = {0, 0, 0};
    for (int k = 0; k < arity_of(node.op); ++k) {
      operands[k] = node.operands[k] < 0 ? inputs[~node.operands[k]] : values[static_cast<size_t>(node.operands[k])];
    }
    values[i] = compute_real(node.op, operands[0], operands[1], operands[2], node.a, node.b);
    if (node.op == ScalarOp::kCast) values[i] = round_to_type(node.to, values[i]);
  }
  return values[nodes.size() - 1];
}

float evaluate_scalar(ScalarOp op, float x, float y, float z, float a, float b) {
  return static_cast<float>(compute_real(op, x, y, z, a, b));
}

namespace {

// Strides of `shape` for walking `result`, 0 where it broadcasts.
Shape broadcast_strides(const Shape& shape, const Shape& result) {
  Shape strides(result.size(), 0);
  const Shape own = row_major_strides(shape);
  for (size_t i = 0; i < shape.size(); ++i) {
    if (shape[i] != 1) strides[result.size() - shape.size() + i] = own[i];
  }
  return strides;
}

// Calls function(output index, input indices) for every element of the broadcast result.
template <class Function>
void walk_broadcast(const Arrays& inputs, const Shape& result, Function function) {
  std::vector<Shape> strides;
  for (const Array& input : inputs) strides.push_back(broadcast_strides(input.shape(), result));
  const size_t rank = result.size();
  Shape index(rank, 0);
  int64_t at[3] = {0, 0, 0}, count = 1;
  for (int64_t dim : result) count *= dim;
  for (int64_t i = 0; i < count; ++i) {
    function(i, at);
    for (size_t d = rank; d-- > 0;) {
      for (size_t k = 0; k < inputs.size(); ++k) at[k] += strides[k][d];
      if (++index[d] < result[d]) break;
      for (size_t k = 0; k < inputs.size(); ++k) at[k] -= strides[k][d] * result[d];
      index[d] = 0;
    }
  }
}

}  // namespace

Result<Array> evaluate_scalar_op(ScalarOp op, const Arrays& inputs, double a, double b, DataType to) {
  std::vector<DataType> types;
  Dims dims;
  for (const Array& input : inputs) {
    types.push_back(input.type());
    TRY_ASSIGN(dims, broadcast(dims, to_dims(input.shape())));
  }
  TRY_ASSIGN(const DataType type, infer_scalar_op(op, types, to));
  const Shape shape = constant_shape(dims);
  TRY_ASSIGN(Array result, Array::make(type, shape));
  if (result.count() == 0) return result;

  if (op == ScalarOp::kIdentity) return inputs[0];
  if (op == ScalarOp::kCast) {
    for (int64_t i = 0; i < result.count(); ++i) cast_element(inputs[0], i, result, i, CastRules(a, b));
    return result;
  }
  const size_t arity = inputs.size();
  if (op == ScalarOp::kSelect && !is_floating(type)) {
    walk_broadcast(inputs, shape, [&](int64_t i, const int64_t* at) {
      result.set_integer(i, inputs[0].integer(at[0]) != 0 ? inputs[1].integer(at[1]) : inputs[2].integer(at[2]));
    });
    return result;
  }
  if (op != ScalarOp::kPow && !is_floating(types[0]) && !is_floating(type)) {
    walk_broadcast(inputs, shape, [&](int64_t i, const int64_t* at) {
      int64_t x[3] = {0, 0, 0};
      for (size_t k = 0; k < arity; ++k) x[k] = inputs[k].integer(at[k]);
      result.set_integer(i, compute_integer(op, types[0], x[0], x[1], x[2], a, b));
    });
    return result;
  }
  if (op == ScalarOp::kPow && !is_floating(types[0])) {
    walk_broadcast(inputs, shape, [&](int64_t i, const int64_t* at) {
      if (is_floating(types[1])) {
        result.set_number(i, std::trunc(compute_real(op, inputs[0].number(at[0]), inputs[1].number(at[1]), 0, a, b)));
      } else {
        result.set_integer(i, compute_integer(op, types[0], inputs[0].integer(at[0]), inputs[1].integer(at[1]), 0, a, b));
      }
    });
    return result;
  }
  bool all_float = type == DataType::kFloat;
  for (DataType input : types) all_float = all_float && input == DataType::kFloat;
  if (all_float) {  // the same as below without a switch over types for each element: constants of whole models are folded here
    float* out = result.as_mutable<float>();
    const float* in[3] = {nullptr, nullptr, nullptr};
    for (size_t k = 0; k < arity; ++k) in[k] = inputs[k].as<float>();
    walk_broadcast(inputs, shape, [&](int64_t i, const int64_t* at) {
      out[i] = static_cast<float>(compute_real(op, in[0][at[0]], arity > 1 ? in[1][at[1]] : 0, arity > 2 ? in[2][at[2]] : 0, a, b));
    });
    return result;
  }
  walk_broadcast(inputs, shape, [&](int64_t i, const int64_t* at) {
    double x[3] = {0, 0, 0};
    for (size_t k = 0; k < arity; ++k) x[k] = inputs[k].number(at[k]);
    result.set_number(i, compute_real(op, x[0], x[1], x[2], a, b));
  });
  return result;
}

Result<Array> evaluate_expression(const Expression& expression, const Arrays& inputs) {
  std::vector<DataType> types;
  for (const Array& input : inputs) types.push_back(input.type());
  TRY_ASSIGN(const DataType type, expression.infer(types));
  if (expression.empty()) return inputs[0];
  Arrays values(expression.nodes.size());
  for (size_t i = 0; i < expression.nodes.size(); ++i) {
    const Expression::Node& node = expression.nodes[i];
    if (node.is_constant) continue;
    Arrays operands;
    for (int k = 0; k < arity_of(node.op); ++k) {
      operands.push_back(node.operands[k] < 0 ? inputs[static_cast<size_t>(~node.operands[k])]
                                              : values[static_cast<size_t>(node.operands[k])]);
    }
    const size_t first = node.op == ScalarOp::kSelect ? 1 : 0;
    std::optional<DataType> beside;
    for (size_t k = operands.size(); k-- > first;) beside = is_absent(operands, k) ? beside : operands[k].type();
    for (size_t k = 0; k < operands.size(); ++k) {
      if (!is_absent(operands, k)) continue;
      const float constant = expression.nodes[static_cast<size_t>(node.operands[k])].a;
      operands[k] = Array::scalar(k < first ? DataType::kBool : beside.value_or(DataType::kFloat), constant);
    }
    TRY_ASSIGN(values[i], evaluate_scalar_op(node.op, operands, node.a, node.b, node.to));
  }
  if (expression.nodes.back().is_constant) return Array::scalar(type, expression.nodes.back().a);
  return values.back();
}

}  // namespace ingot
