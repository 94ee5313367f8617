#include "optimize/epilogue.h"

#include <algorithm>

#include "optimize/product.h"

namespace ingot {
namespace {

// Longer epilogues are none of the common form.
constexpr size_t kMostNodes = 16;

// Peels an expression from its result inwards.
class Peeler {
 public:
  explicit Peeler(const Expression& expression) : nodes_(expression.nodes) {}

  bool is_common() {
    if (nodes_.empty()) return true;
    int32_t at = static_cast<int32_t>(nodes_.size()) - 1;
    peel_snap(&at);
    peel_residual(&at);
    peel_snap(&at);
    while (peel_bound(&at)) {
    }
    peel_snap(&at);
    peel_activation(&at);
    peel_snap(&at);
    peel_residual(&at);
    peel_snap(&at);
    return at == Expression::input(0);
  }

 private:
  const Expression::Node& node(int32_t at) const { return nodes_[static_cast<size_t>(at)]; }
  bool is_call(int32_t at, ScalarOp op) const { return at >= 0 && !node(at).is_constant && node(at).op == op; }

  void peel_snap(int32_t* at) const {
    if (is_call(*at, ScalarOp::kSnap)) *at = node(*at).operands[0];
  }
  void peel_residual(int32_t* at) {
    if (!is_call(*at, ScalarOp::kAdd) || has_residual_) return;
    const auto& operands = node(*at).operands;
    for (int side = 0; side < 2; ++side) {
      if (operands[side] != Expression::input(1) || operands[1 - side] == Expression::input(1)) continue;
      has_residual_ = true;
      *at = operands[1 - side];
      return;
    }
  }
  bool peel_bound(int32_t* at) const {
    if (is_call(*at, ScalarOp::kRelu) || is_call(*at, ScalarOp::kClip)) {
      *at = node(*at).operands[0];
      return true;
    }
    if (!is_call(*at, ScalarOp::kMin) && !is_call(*at, ScalarOp::kMax)) return false;
    const auto& operands = node(*at).operands;
    for (int side = 0; side < 2; ++side) {
      if (operands[side] < 0 || !node(operands[side]).is_constant) continue;
      *at = operands[1 - side];
      return true;
    }
    return false;
  }
  void peel_activation(int32_t* at) const {
    for (ScalarOp op : {ScalarOp::kSigmoid, ScalarOp::kTanh, ScalarOp::kSilu, ScalarOp::kHardSwish, ScalarOp::kGelu, ScalarOp::kGeluTanh,
                        ScalarOp::kHardSigmoid, ScalarOp::kLeakyRelu}) {
      if (!is_call(*at, op)) continue;
      *at = node(*at).operands[0];
      return;
    }
  }

  const std::vector<Expression::Node>& nodes_;
  bool has_residual_ = false;
};

}  // namespace

int32_t result_of(const Expression& expression) {
  return expression.empty() ? Expression::input(0) : static_cast<int32_t>(expression.nodes.size()) - 1;
}

bool append_node(Expression& expression, const Elementwise& op, const std::vector<std::optional<double>>& operands) {
  if (op.op == ScalarOp::kCast || op.op == ScalarOp::kSelect || op.op == ScalarOp::kIsInf || op.op == ScalarOp::kIsNan ||
      is_comparison(op.op) || is_logical(op.op) || static_cast<int>(operands.size()) != arity_of(op.op)) {
    return false;
  }
  const int32_t result = result_of(expression);
  int32_t nodes[3] = {0, 0, 0};
  for (size_t i = 0; i < operands.size(); ++i) nodes[i] = operands[i] ? expression.add_constant(static_cast<float>(*operands[i])) : result;
  expression.add(op.op, nodes[0], nodes[1], nodes[2], static_cast<float>(op.a), static_cast<float>(op.b));
  return true;
}

void append_with_residual(Expression& expression, ScalarOp op, bool residual_first) {
  const int32_t result = result_of(expression), residual = Expression::input(1);
  expression.add(op, residual_first ? residual : result, residual_first ? result : residual);
}

bool is_common_epilogue(const Expression& expression) { return Peeler(expression).is_common(); }

bool is_read_only_by(const Tensor& tensor, const Layer& layer) {
  return !tensor.is_output() &&
         std::all_of(tensor.readers().begin(), tensor.readers().end(), [&](const Layer* reader) { return reader == &layer; });
}

bool may_grow_epilogue(const Tensor& tensor) {
  if (!tensor.producer() || !is_floating(tensor.type.type)) return false;
  const EpilogueFields* fields = epilogue_of(tensor.producer()->op());
  return fields && fields->output_scale == 0 && fields->epilogue.nodes.size() < kMostNodes;
}

}  // namespace ingot
