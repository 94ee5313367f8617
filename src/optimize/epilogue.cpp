#include "optimize/epilogue.h"

#include <algorithm>

#include "optimize/product.h"

namespace ingot {
namespace {

// Longer epilogues are slower than a pointwise layer behind, which is compiled as a whole.
constexpr size_t kMostNodes = 24;

}  // namespace

int32_t result_of(const Expression& expression) {
  return expression.empty() ? Expression::input(0) : static_cast<int32_t>(expression.nodes.size()) - 1;
}

bool append_node(Expression& expression, const Elementwise& op, const std::vector<std::optional<double>>& operands) {
  if (op.op == ScalarOp::kCast || op.op == ScalarOp::kSelect || op.op == ScalarOp::kIsInf || op.op == ScalarOp::kIsNan || is_comparison(op.op) ||
      is_logical(op.op) || static_cast<int>(operands.size()) != arity_of(op.op)) {
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

bool is_read_only_by(const Tensor& tensor, const Layer& layer) {
  return !tensor.is_output() && std::all_of(tensor.readers().begin(), tensor.readers().end(), [&](const Layer* reader) { return reader == &layer; });
}

bool may_grow_epilogue(const Tensor& tensor) {
  if (!tensor.producer() || !is_floating(tensor.type.type)) return false;
  const EpilogueFields* fields = epilogue_of(tensor.producer()->op());
  return fields && fields->output_scale == 0 && fields->epilogue.nodes.size() < kMostNodes;
}

}  // namespace ingot
