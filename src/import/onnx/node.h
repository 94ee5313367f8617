// One node of a model as operators see it.
#pragma once

#include "import/onnx/import.h"
#include "import/onnx/scope.h"

namespace ingot {

class Importer;

class ImportedNode final : public ForeignNode {
 public:
  ImportedNode(Importer& importer, Scope& scope, const proto::NodeProto& proto, int index);
  // Looks the inputs up; an error names one that nothing produces.
  Status find_inputs();

  const std::string& op_type() const override { return proto_.op_type(); }
  const std::string& name() const override { return name_; }
  const std::string& domain() const override { return domain_; }
  int64_t opset() const override { return opset_; }
  size_t input_count() const override { return static_cast<size_t>(proto_.input_size()); }
  size_t output_count() const override { return static_cast<size_t>(proto_.output_size()); }
  Tensor* input(size_t index) const override;
  bool output_is_used(size_t index) const override;
  bool has(std::string_view attribute) const override { return find(attribute) != nullptr; }
  Result<int64_t> integer(std::string_view attribute, int64_t fallback) const override;
  Result<double> number(std::string_view attribute, double fallback) const override;
  Result<std::string> word(std::string_view attribute, std::string fallback) const override;
  Result<std::vector<int64_t>> integers(std::string_view attribute, std::vector<int64_t> fallback) const override;
  Result<std::vector<double>> numbers(std::string_view attribute, std::vector<double> fallback) const override;
  Result<std::vector<std::string>> words(std::string_view attribute, std::vector<std::string> fallback) const override;
  Result<Array> tensor(std::string_view attribute) const override;
  Result<std::shared_ptr<Network>> graph(std::string_view attribute, std::vector<Tensor*>* captures,
                                         const TensorTypes* input_types = nullptr) const override;
  Result<Array> constant(size_t index) const override;
  bool is_constant(size_t index) const override;
  Result<std::vector<Field>> attributes() const override;

  const proto::NodeProto& proto() const { return proto_; }
  const std::vector<Value*>& input_values() const { return inputs_; }
  // Attributes as they hold here: those of the function's caller where the node refers to them.
  const AttributeMap& attribute_map() const { return attributes_; }
  const proto::AttributeProto* find(std::string_view attribute) const;
  bool has_broken_input() const;
  // "(Conv, opset 13; inputs float [1, 3], none)"
  std::string description() const;

 private:
  Result<const proto::AttributeProto*> find(std::string_view attribute, proto::AttributeProto::AttributeType type) const;

  Importer& importer_;
  Scope& scope_;
  const proto::NodeProto& proto_;
  std::string name_, domain_;
  int64_t opset_ = 0;
  std::vector<Value*> inputs_;
  AttributeMap attributes_;
};

}  // namespace ingot
