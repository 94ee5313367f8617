// Small ONNX models, put together in tests.
#pragma once

#include <cstring>
#include <initializer_list>
#include <string>
#include <vector>

#include "import/onnx/import.h"
#include "import/onnx/model_file.h"

namespace ingot {

using Names = std::vector<std::string>;

inline proto::NodeProto* add_node(google::protobuf::RepeatedPtrField<proto::NodeProto>* nodes, const std::string& op, const Names& inputs,
                                  const Names& outputs, const std::string& name = "") {
  proto::NodeProto* node = nodes->Add();
  node->set_op_type(op);
  node->set_name(name);
  for (const auto& input : inputs) node->add_input(input);
  for (const auto& output : outputs) node->add_output(output);
  return node;
}

inline proto::NodeProto* add_node(proto::GraphProto* graph, const std::string& op, const Names& inputs, const Names& outputs,
                                  const std::string& name = "") {
  return add_node(graph->mutable_node(), op, inputs, outputs, name);
}

// Dims are numbers, names, or "" for unknown.
inline void describe(proto::ValueInfoProto* value, const std::string& name, const Names& dims, int type = proto::TensorProto::FLOAT) {
  value->set_name(name);
  auto* tensor = value->mutable_type()->mutable_tensor_type();
  tensor->set_elem_type(type);
  tensor->mutable_shape();
  for (const auto& dim : dims) {
    auto* added = tensor->mutable_shape()->add_dim();
    if (dim.empty()) continue;
    if (dim[0] == '-' || (dim[0] >= '0' && dim[0] <= '9'))
      added->set_dim_value(std::stoll(dim));
    else
      added->set_dim_param(dim);
  }
}

inline proto::AttributeProto* add_attribute(proto::NodeProto* node, const std::string& name, proto::AttributeProto::AttributeType type) {
  auto* attribute = node->add_attribute();
  attribute->set_name(name);
  attribute->set_type(type);
  return attribute;
}
inline void set_integer(proto::NodeProto* node, const std::string& name, int64_t value) {
  add_attribute(node, name, proto::AttributeProto::INT)->set_i(value);
}
inline void set_number(proto::NodeProto* node, const std::string& name, float value) {
  add_attribute(node, name, proto::AttributeProto::FLOAT)->set_f(value);
}

inline void fill(proto::TensorProto* tensor, const std::string& name, const std::vector<int64_t>& dims, const std::vector<float>& values) {
  tensor->set_name(name);
  tensor->set_data_type(proto::TensorProto::FLOAT);
  for (int64_t dim : dims) tensor->add_dims(dim);
  tensor->set_raw_data(values.data(), values.size() * sizeof(float));
}

inline void set_bool(proto::TensorProto* tensor, const std::string& name, bool value) {
  tensor->set_name(name);
  tensor->set_data_type(proto::TensorProto::BOOL);
  tensor->add_int32_data(value);
}

inline proto::ModelProto empty_model(int64_t opset = 17) {
  proto::ModelProto model;
  model.set_ir_version(8);
  model.add_opset_import()->set_version(opset);
  model.mutable_graph()->set_name("g");
  return model;
}

// y = relu(x) over float [2].
inline proto::ModelProto relu_model() {
  proto::ModelProto model = empty_model();
  describe(model.mutable_graph()->add_input(), "x", {"2"});
  describe(model.mutable_graph()->add_output(), "y", {"2"});
  add_node(model.mutable_graph(), "Relu", {"x"}, {"y"}, "activation");
  return model;
}

inline Result<std::unique_ptr<Network>> import_model(const proto::ModelProto& model, OnnxImportOptions options = {},
                                                     const std::string& directory = "") {
  const std::string bytes = model.SerializeAsString();
  options.name = "m";
  return import_onnx({reinterpret_cast<const std::byte*>(bytes.data()), bytes.size()}, directory, options);
}

// The message of the import's error; "" where it succeeds.
inline std::string error_of(const proto::ModelProto& model, const OnnxImportOptions& options = {}, const std::string& directory = "") {
  auto network = import_model(model, options, directory);
  return network.ok() ? "" : network.error().message;
}

// The first output for float inputs.
inline std::vector<float> outputs_of(const Network& network, const Arrays& inputs) {
  auto outputs = network.evaluate(inputs);
  return outputs.ok() && !outputs->empty() ? (*outputs)[0].floats() : std::vector<float>{};
}

inline Array floats(const std::vector<float>& values) { return Array::of(DataType::kFloat, {static_cast<int64_t>(values.size())}, values); }

}  // namespace ingot
