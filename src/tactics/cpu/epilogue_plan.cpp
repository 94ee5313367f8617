#include "tactics/cpu/epilogue_plan.h"

#include <algorithm>

#include "tactics/cpu/expression_tiles.h"
#include "tactics/layout.h"

namespace ingot {

struct EpilogueProgram {
  CompiledExpression expression;
};

void run_epilogue_program(const EpilogueProgram& program, const float* x0, const float* x1, float* out, int64_t count) {
  const float* const inputs[] = {x0, x1};
  program.expression.run_floats(inputs, out, count);
}

namespace {

constexpr float kInfinity = std::numeric_limits<float>::infinity();

bool is_input(int32_t operand, int index) { return operand == Expression::input(index); }

// Reads an expression from its result inwards: [+ x1] snap(bounds(activation(snap(snap(x0) [+ x1])))).
class Reader {
 public:
  Reader(const Expression& expression, Finish* finish) : nodes_(expression.nodes), finish_(*finish) {}

  bool read() {
    if (nodes_.empty()) return true;
    const auto root = static_cast<int32_t>(nodes_.size()) - 1;
    const Finish plain = finish_;
    if (read_rest(root)) return true;
    finish_ = plain;
    int32_t other;
    if (!adds_residual(root, &other)) return false;
    finish_.has_residual = finish_.residual_is_last = true;
    return read_rest(other);
  }

 private:
  const Expression::Node& node(int32_t at) const { return nodes_[static_cast<size_t>(at)]; }
  std::optional<float> constant(int32_t at) const {
    if (at < 0 || !node(at).is_constant) return std::nullopt;
    return node(at).a;
  }
  bool read_rest(int32_t at) {
    const Finish plain = finish_;
    if (read_sum(at)) return true;
    finish_ = plain;
    read_snap(&at, Finish::kBehindBounds);
    while (read_bound(&at)) {
    }
    const Finish bounded = finish_;
    if (read_sum(at)) return true;
    finish_ = bounded;
    return at >= 0 && read_activation(&at) && read_sum(at);
  }
  // snap(snap(x0) + x1), each part of it but x0 left out at will.
  bool read_sum(int32_t at) {
    read_snap(&at, Finish::kBehindResidual);
    int32_t other;
    if (!finish_.has_residual && adds_residual(at, &other)) {
      finish_.has_residual = true;
      at = other;
    }
    read_snap(&at, Finish::kBeforeResidual);
    return is_input(at, 0);
  }
  void read_snap(int32_t* at, Finish::Snap place) {
    if (*at < 0 || node(*at).is_constant || node(*at).op != ScalarOp::kSnap) return;
    finish_.snaps[place] = node(*at).a;
    *at = node(*at).operands[0];
  }
  bool adds_residual(int32_t at, int32_t* other) const {
    if (at < 0 || node(at).is_constant || node(at).op != ScalarOp::kAdd) return false;
    const auto& operands = node(at).operands;
    if (!is_input(operands[0], 1) && !is_input(operands[1], 1)) return false;
    *other = is_input(operands[0], 1) ? operands[1] : operands[0];
    return !is_input(*other, 1);
  }
  // Takes a relu, clip, or minimum or maximum with a constant off the outside.
  bool read_bound(int32_t* at) {
    if (*at < 0 || node(*at).is_constant) return false;
    const Expression::Node& outer = node(*at);
    float low = -kInfinity, high = kInfinity;
    int32_t inner = outer.operands[0];
    if (outer.op == ScalarOp::kRelu) {
      low = 0;
    } else if (outer.op == ScalarOp::kClip) {
      low = outer.a;
      high = outer.b;
    } else if (outer.op == ScalarOp::kMin || outer.op == ScalarOp::kMax) {
      auto bound = constant(outer.operands[1]);
      if (!bound) {
        bound = constant(outer.operands[0]);
        inner = outer.operands[1];
      }
      if (!bound) return false;
      (outer.op == ScalarOp::kMin ? high : low) = *bound;
    } else {
      return false;
    }
    if (!(low <= high)) return false;  // NaN, or bounds that cross: rare, and their order matters
    // The bounds met so far lie outside: they apply to these.
    const float outer_low = finish_.low, outer_high = finish_.high;
    finish_.low = std::clamp(low, outer_low, outer_high);
    finish_.high = std::clamp(high, outer_low, outer_high);
    *at = inner;
    return true;
  }
  bool read_activation(int32_t* at) {
    const Expression::Node& outer = node(*at);
    if (outer.is_constant) return false;
    int32_t inner = outer.operands[0];
    switch (outer.op) {
      case ScalarOp::kSigmoid: finish_.activation = Activation::kSigmoid; break;
      case ScalarOp::kTanh: finish_.activation = Activation::kTanh; break;
      case ScalarOp::kSilu: finish_.activation = Activation::kSilu; break;
      case ScalarOp::kHardSwish: finish_.activation = Activation::kHardSwish; break;
      case ScalarOp::kGelu: finish_.activation = Activation::kGelu; break;
      case ScalarOp::kGeluTanh: finish_.activation = Activation::kGeluTanh; break;
      case ScalarOp::kHardSigmoid:
      case ScalarOp::kLeakyRelu:
        finish_.activation = outer.op == ScalarOp::kLeakyRelu ? Activation::kLeakyRelu : Activation::kHardSigmoid;
        finish_.a = outer.a;
        finish_.b = outer.b;
        break;
      case ScalarOp::kMul: {
        // x * sigmoid(x), in either order.
        int32_t gate = outer.operands[1];
        if (gate < 0 || node(gate).is_constant || node(gate).op != ScalarOp::kSigmoid || node(gate).operands[0] != inner) {
          std::swap(gate, inner);
          if (gate < 0 || node(gate).is_constant || node(gate).op != ScalarOp::kSigmoid || node(gate).operands[0] != inner) return false;
        }
        finish_.activation = Activation::kSilu;
        break;
      }
      default: return false;
    }
    *at = inner;
    return true;
  }

  const std::vector<Expression::Node>& nodes_;
  Finish& finish_;
};

// Fills `finish`; an epilogue of no known shape becomes a program, in `program` where that is given.
Status read_epilogue(const Expression& expression, Finish* finish, EpilogueProgram* program) {
  const Finish plain = *finish;
  if (Reader(expression, finish).read()) return Ok{};
  *finish = plain;
  const int inputs = expression.input_count();
  REQUIRES(inputs <= 2, "the epilogue " + expression.text() + " reads more than the sum and a residual");
  TRY_ASSIGN(
      CompiledExpression compiled,
      CompiledExpression::compile(expression, std::vector<DataType>(static_cast<size_t>(inputs), DataType::kFloat), DataType::kFloat));
  finish->activation = Activation::kProgram;
  finish->has_residual = inputs > 1;
  if (program) program->expression = std::move(compiled);
  return Ok{};
}

bool is_loadable(DataType type) {
  return type == DataType::kFloat || type == DataType::kHalf || type == DataType::kBf16 || type == DataType::kInt8 ||
         type == DataType::kUint8;
}

bool is_byte(DataType type) { return type == DataType::kInt8 || type == DataType::kUint8; }
bool is_integer_product(Product product) { return product == Product::kInt8 || product == Product::kUint8; }

// Snaps to the scale of an int8 output, with nothing but bounds behind them, are left out: the store rounds as they do, and rounding and
// bounds may change places.
void drop_snaps_of_output(Finish* finish, float output_scale) {
  auto& snaps = finish->snaps;
  if (finish->output != DataType::kInt8 || output_scale == 0 || finish->residual_is_last) return;
  if (snaps[Finish::kBehindBounds] == output_scale) snaps[Finish::kBehindBounds] = 0;
  if (finish->activation != Activation::kNone || snaps[Finish::kBehindBounds] != 0) return;
  if (snaps[Finish::kBehindResidual] == output_scale) snaps[Finish::kBehindResidual] = 0;
  if (finish->has_residual || snaps[Finish::kBehindResidual] != 0) return;
  if (snaps[Finish::kBeforeResidual] == output_scale) snaps[Finish::kBeforeResidual] = 0;
}

DataType natural_type(Product product) {
  switch (product) {
    case Product::kFloat: return DataType::kFloat;
    case Product::kBf16: return DataType::kBf16;
    default: return DataType::kInt8;
  }
}

}  // namespace

Result<Product> product_of(DataType a, DataType b) {
  if (a == DataType::kFloat && b == DataType::kFloat) return Product::kFloat;
  if (a == DataType::kBf16 && b == DataType::kBf16) return Product::kBf16;
  if (a == DataType::kInt8 && b == DataType::kInt8) return Product::kInt8;
  if (a == DataType::kUint8 && b == DataType::kInt8) return Product::kUint8;
  return unsupported("products of " + std::string(name_of(a)) + " and " + std::string(name_of(b)) + " have no tile kernel");
}

Status EpiloguePlan::accepts(const Problem& problem, const EpilogueFields& fields, Product product) {
  Finish finish;
  TRY(read_epilogue(fields.epilogue, &finish, nullptr));
  REQUIRES(!is_present(problem, 2) || is_constant(problem, 2), "the bias is not constant");
  const DataType output = problem.outputs[0].type;
  if (output == DataType::kInt32) {
    REQUIRES(is_integer_product(product) && !fields.is_quantized() && fields.sum_scale == 0, "an int32 output of another product");
    REQUIRES(fields.epilogue.empty() && !is_present(problem, 3), "an epilogue of int32 sums");
    return Ok{};
  }
  REQUIRES(is_loadable(output), "the output type " + std::string(name_of(output)));
  REQUIRES(!is_byte(output) || fields.output_scale != 0, "an output of 8 bits without a scale");
  if (finish.has_residual) {
    REQUIRES(!is_constant(problem, 3), "the residual is constant");
    REQUIRES(problem.inputs[3].dims == problem.outputs[0].dims, "the residual is broadcast");
    REQUIRES(is_loadable(problem.inputs[3].type), "the residual type " + std::string(name_of(problem.inputs[3].type)));
    REQUIRES(input_format(problem, 3) == output_format(problem, 0), "the residual has another format than the output");
  }
  return Ok{};
}

Result<EpiloguePlan> EpiloguePlan::make(const Problem& problem, const EpilogueFields& fields, Product product, const ChannelMap& map,
                                        int32_t a_offset, const std::vector<int32_t>& sums) {
  TRY(accepts(problem, fields, product));
  EpiloguePlan plan;
  Finish& finish = plan.finish_;
  auto program = std::make_shared<EpilogueProgram>();
  TRY(read_epilogue(fields.epilogue, &finish, program.get()));
  if (finish.activation == Activation::kProgram) plan.program_ = std::move(program);
  finish.program = plan.program_.get();
  finish.output = problem.outputs[0].type;
  const auto padded = static_cast<size_t>(map.padded_count());
  const int64_t channels = map.groups * map.columns;
  plan.bias_.assign(padded, 0.0f);
  const Array bias = is_present(problem, 2) ? problem.constants[2] : Array();
  if (bias.data() != nullptr && bias.count() != channels)
    return invalid("the bias has " + std::to_string(bias.count()) + " values for " + std::to_string(channels) + " channels");
  for (int64_t c = 0; bias.data() != nullptr && c < channels; ++c)
    plan.bias_[static_cast<size_t>(map.at(c))] = static_cast<float>(bias.number(c));
  if (is_integer_product(product)) {
    plan.compensation_.resize(std::max(sums.size(), padded));
    for (size_t i = 0; i < sums.size(); ++i) plan.compensation_[i] = static_cast<int32_t>(-static_cast<int64_t>(a_offset) * sums[i]);
    if (finish.output == DataType::kInt32 && bias.data() != nullptr) {
      for (size_t i = 0; i < plan.compensation_.size(); i += padded) {
        for (int64_t c = 0; c < channels; ++c) {
          int32_t& entry = plan.compensation_[i + static_cast<size_t>(map.at(c))];
          entry = static_cast<int32_t>(static_cast<uint32_t>(entry) + static_cast<uint32_t>(bias.integer(c)));
        }
      }
    }
    plan.scale_.assign(padded, 1.0f);
    for (int64_t c = 0; fields.is_quantized() && c < channels; ++c)
      plan.scale_[static_cast<size_t>(map.at(c))] = static_cast<float>(fields.input_scale * fields.weight_scale(c));
  }
  if (finish.has_residual) {
    finish.residual = problem.inputs[3].type;
    if (fields.residual_scale != 0) finish.residual_scale = static_cast<float>(fields.residual_scale);
  }
  if (fields.output_scale != 0) finish.output_factor = static_cast<float>(1 / fields.output_scale);
  finish.snaps[Finish::kSum] = static_cast<float>(fields.sum_scale);
  drop_snaps_of_output(&finish, static_cast<float>(fields.output_scale));
  const bool has_snaps = std::any_of(std::begin(finish.snaps), std::end(finish.snaps), [](float scale) { return scale != 0; });

  const DataType natural = natural_type(product);
  const bool is_natural =
      finish.activation == Activation::kNone && finish.output == natural && (!finish.has_residual || finish.residual == natural);
  finish.is_snapped = is_integer_product(product) && is_natural && (has_snaps || finish.residual_is_last);
  finish.is_plain = is_natural && !has_snaps && !finish.residual_is_last &&
                    (is_integer_product(product) || (finish.residual_scale == 1 && finish.output_factor == 1));
  if (finish.is_plain && finish.output_factor != 1) {
    // y / s of a linear y: the factor goes into its parts.
    const float factor = finish.output_factor;
    for (float& scale : plan.scale_) scale *= factor;
    for (float& value : plan.bias_) value *= factor;
    finish.residual_scale *= factor;
    finish.low *= factor;
    finish.high *= factor;
    finish.output_factor = 1;
  }
  if (finish.is_plain && finish.output == DataType::kInt8) {
    // What saturates in the store saturates here.
    finish.low = std::clamp(finish.low, -128.0f, 127.0f);
    finish.high = std::clamp(finish.high, -128.0f, 127.0f);
  }
  return plan;
}

Finish EpiloguePlan::finish(int64_t copy) const {
  Finish finish = finish_;
  finish.bias = bias_.data();
  if (!compensation_.empty()) {
    finish.scale = scale_.data();
    finish.compensation = compensation_.data() + static_cast<size_t>(copy) * bias_.size();
  }
  return finish;
}

}  // namespace ingot
