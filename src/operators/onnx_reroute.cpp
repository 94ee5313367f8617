#include "operators/onnx_reroute.h"

#include <fmt/format.h>

#include "operators/elementwise.h"
#include "operators/range.h"
#include "operators/runtime_dims.h"
#include "operators/shape.h"
#include "operators/slice.h"

namespace ingot {

std::optional<size_t> ReroutedNode::own_index(size_t index) const {
  for (size_t i = 0; index < inputs_.size() && i < node_.input_count(); ++i) {
    if (inputs_[index] && node_.input(i) == inputs_[index]) return i;
  }
  return std::nullopt;
}

bool ReroutedNode::is_constant(size_t index) const {
  if (index >= inputs_.size() || !inputs_[index]) return false;
  if (inputs_[index]->is_constant()) return true;
  const auto own = own_index(index);
  return own && node_.is_constant(*own);
}

Result<Array> ReroutedNode::constant(size_t index) const {
  if (index < inputs_.size() && inputs_[index] && inputs_[index]->is_constant()) return inputs_[index]->constant;
  if (const auto own = own_index(index)) return node_.constant(*own);
  return unsupported(fmt::format("input {} of {} is computed; its values are wanted", index, op_type_));
}

Result<std::vector<Tensor*>> import_as(const std::string& op_type, int64_t opset, const OnnxNode& node, Network& network,
                                       std::vector<Tensor*> inputs) {
  const OnnxImport import = OperatorCatalogue::instance().onnx(op_type);
  if (!import) return internal("the operator " + op_type + " is not in the catalogue");
  while (!inputs.empty() && !inputs.back()) inputs.pop_back();
  return import(ReroutedNode(node, op_type, opset, std::move(inputs)), network);
}

std::vector<Tensor*> inputs_of(const OnnxNode& node, size_t count) {
  std::vector<Tensor*> inputs;
  for (size_t i = 0; i < node.input_count(); ++i) inputs.push_back(node.input(i));
  if (inputs.size() < count) inputs.resize(count, nullptr);
  return inputs;
}

Result<Tensor*> add_activation(const OnnxNode& node, Network& network, Tensor* y) {
  TRY_ASSIGN(const std::string name, node.word("activation", ""));
  if (name.empty()) return y;
  struct Known {
    std::string_view name;
    ScalarOp op;
  };
  static constexpr Known kKnown[] = {{"Relu", ScalarOp::kRelu},
                                     {"Tanh", ScalarOp::kTanh},
                                     {"Sigmoid", ScalarOp::kSigmoid},
                                     {"LeakyRelu", ScalarOp::kLeakyRelu},
                                     {"Clip", ScalarOp::kClip},
                                     {"HardSigmoid", ScalarOp::kHardSigmoid},
                                     {"Elu", ScalarOp::kElu},
                                     {"Softplus", ScalarOp::kSoftplus},
                                     {"Softsign", ScalarOp::kSoftsign},
                                     {"ThresholdedRelu", ScalarOp::kThresholdedRelu},
                                     {"Gelu", ScalarOp::kGelu},
                                     {"HardSwish", ScalarOp::kHardSwish},
                                     {"ScaledTanh", ScalarOp::kScaledTanh}};
  for (const Known& known : kKnown) {
    if (known.name != name) continue;
    Elementwise op(known.op);
    if (name == "HardSigmoid") {
      op.a = 0.2;
      op.b = 0.5;
    }
    TRY_ASSIGN(const std::vector<double> numbers, node.numbers("activation_params", {}));
    const int count = constant_count_of(known.op);
    if (count > 0) {
      TRY_ASSIGN(op.a, node.number("activation_alpha", numbers.empty() ? op.a : numbers[0]));
    }
    if (count > 1) {
      TRY_ASSIGN(op.b, node.number("activation_beta", numbers.size() < 2 ? op.b : numbers[1]));
    }
    return network.add(op, {y});
  }
  return unsupported("the activation '" + name + "' is not known");
}

Result<Tensor*> slice_axis(Network& network, Tensor* x, int64_t axis, int64_t start, int64_t end) {
  Slice op;
  op.axes = {axis};
  op.starts = {start};
  op.ends = {end};
  return network.add(op, {x});
}

Result<Tensor*> length_of(Network& network, Tensor* x, int64_t axis) {
  TRY_ASSIGN(axis, normalize_axis(axis, x->type.rank()));
  ShapeOf op;
  op.start = axis;
  op.end = axis + 1;
  return network.add(op, {x});
}

Result<Tensor*> count_up(Network& network, Tensor* length) {
  Tensor* zero = network.add_constant("", Array::from_int64s({0}));
  Tensor* one = network.add_constant("", Array::from_int64s({1}));
  TRY_ASSIGN(Layer * layer, add_runtime_sized(network, Range().clone(), {zero, length, one}));
  return layer->output();
}

}  // namespace ingot
