// A node read as another operator of the standard: what many operators of com.microsoft are.
#pragma once

#include "network/network.h"

namespace ingot {

// The node with other inputs, attributes as they are. `inputs` may hold null for what is left out.
class ReroutedNode final : public OnnxNode {
 public:
  ReroutedNode(const OnnxNode& node, std::string op_type, int64_t opset, std::vector<Tensor*> inputs)
      : node_(node), op_type_(std::move(op_type)), opset_(opset), inputs_(std::move(inputs)) {}

  const std::string& op_type() const override { return op_type_; }
  const std::string& name() const override { return node_.name(); }
  int64_t opset() const override { return opset_; }
  size_t input_count() const override { return inputs_.size(); }
  size_t output_count() const override { return node_.output_count(); }
  Tensor* input(size_t index) const override { return index < inputs_.size() ? inputs_[index] : nullptr; }
  bool output_is_used(size_t index) const override { return node_.output_is_used(index); }
  bool has(std::string_view attribute) const override { return node_.has(attribute); }
  Result<int64_t> integer(std::string_view attribute, int64_t fallback) const override { return node_.integer(attribute, fallback); }
  Result<double> number(std::string_view attribute, double fallback) const override { return node_.number(attribute, fallback); }
  Result<std::string> word(std::string_view attribute, std::string fallback) const override {
    return node_.word(attribute, std::move(fallback));
  }
  Result<std::vector<int64_t>> integers(std::string_view attribute, std::vector<int64_t> fallback) const override {
    return node_.integers(attribute, std::move(fallback));
  }
  Result<std::vector<double>> numbers(std::string_view attribute, std::vector<double> fallback) const override {
    return node_.numbers(attribute, std::move(fallback));
  }
  Result<std::vector<std::string>> words(std::string_view attribute, std::vector<std::string> fallback) const override {
    return node_.words(attribute, std::move(fallback));
  }
  Result<Array> tensor(std::string_view attribute) const override { return node_.tensor(attribute); }
  Result<std::shared_ptr<Network>> graph(std::string_view attribute, std::vector<Tensor*>* captures,
                                         const TensorTypes* input_types) const override {
    return node_.graph(attribute, captures, input_types);
  }
  Result<Array> constant(size_t index) const override;
  bool is_constant(size_t index) const override;

 private:
  // Which input of the node itself this one is; nothing where it is another tensor.
  std::optional<size_t> own_index(size_t index) const;

  const OnnxNode& node_;
  std::string op_type_;
  int64_t opset_;
  std::vector<Tensor*> inputs_;
};

// What the standard's operator `op_type` of this opset makes of the node, with these inputs.
Result<std::vector<Tensor*>> import_as(const std::string& op_type, int64_t opset, const OnnxNode& node, Network& network,
                                       std::vector<Tensor*> inputs);
// All inputs of the node, null where left out, and filled up with null to `count`.
std::vector<Tensor*> inputs_of(const OnnxNode& node, size_t count);
// The activation that the attribute `activation` names, with `activation_alpha` and `activation_beta` or `activation_params`; y itself
// where none is named.
Result<Tensor*> add_activation(const OnnxNode& node, Network& network, Tensor* y);
// Elements [start, end) of one axis.
Result<Tensor*> slice_axis(Network& network, Tensor* x, int64_t axis, int64_t start, int64_t end);
// The length of one axis as an int64 tensor [1].
Result<Tensor*> length_of(Network& network, Tensor* x, int64_t axis);
// 0, 1, ... as int64 [n], for a length as above.
Result<Tensor*> count_up(Network& network, Tensor* length);

}  // namespace ingot
