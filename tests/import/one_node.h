// Models of one node, run by references: what an operator of a foreign domain computes.
#pragma once

#include <gtest/gtest.h>

#include <functional>

#include "model_builder.h"

namespace ingot {

inline int onnx_type(DataType type) {
  switch (type) {
    case DataType::kFloat: return proto::TensorProto::FLOAT;
    case DataType::kHalf: return proto::TensorProto::FLOAT16;
    case DataType::kDouble: return proto::TensorProto::DOUBLE;
    case DataType::kBool: return proto::TensorProto::BOOL;
    case DataType::kInt8: return proto::TensorProto::INT8;
    case DataType::kUint8: return proto::TensorProto::UINT8;
    case DataType::kInt32: return proto::TensorProto::INT32;
    default: return proto::TensorProto::INT64;
  }
}

inline void set_integers(proto::NodeProto* node, const std::string& name, const std::vector<int64_t>& values) {
  auto* attribute = add_attribute(node, name, proto::AttributeProto::INTS);
  for (int64_t value : values) attribute->add_ints(value);
}
inline void set_numbers(proto::NodeProto* node, const std::string& name, const std::vector<float>& values) {
  auto* attribute = add_attribute(node, name, proto::AttributeProto::FLOATS);
  for (float value : values) attribute->add_floats(value);
}
inline void set_word(proto::NodeProto* node, const std::string& name, const std::string& value) {
  add_attribute(node, name, proto::AttributeProto::STRING)->set_s(value);
}

inline Array array_of(const Shape& shape, const std::vector<double>& values, DataType type = DataType::kFloat) {
  return Array::of(type, shape, values);
}

// A model of one node with an attribute here and there; inputs of no elements and no shape are left out.
struct OneNode {
  std::string op, domain;
  int64_t opset = 17;
  Arrays inputs;
  std::function<void(proto::NodeProto*)> attributes = [](proto::NodeProto*) {};
  size_t outputs = 1;
  std::vector<size_t> constants = {};  // inputs that are initializers

  bool is_left_out(size_t i) const { return !inputs[i].data() && inputs[i].rank() == 0; }
  bool is_constant(size_t i) const { return std::find(constants.begin(), constants.end(), i) != constants.end(); }

  proto::ModelProto model() const {
    proto::ModelProto model = empty_model(opset);
    if (!domain.empty()) {
      auto* entry = model.add_opset_import();
      entry->set_domain(domain);
      entry->set_version(1);
    }
    Names in, out;
    for (size_t i = 0; i < inputs.size(); ++i) {
      in.push_back(is_left_out(i) ? "" : "i" + std::to_string(i));
      if (is_left_out(i)) continue;
      if (is_constant(i)) {
        auto* tensor = model.mutable_graph()->add_initializer();
        tensor->set_name(in.back());
        tensor->set_data_type(onnx_type(inputs[i].type()));
        for (int64_t dim : inputs[i].shape()) tensor->add_dims(dim);
        tensor->set_raw_data(inputs[i].data(), inputs[i].byte_count());
        continue;
      }
      Names dims;
      for (int64_t dim : inputs[i].shape()) dims.push_back(std::to_string(dim));
      describe(model.mutable_graph()->add_input(), in.back(), dims, onnx_type(inputs[i].type()));
    }
    for (size_t i = 0; i < outputs; ++i) {
      out.push_back("o" + std::to_string(i));
      model.mutable_graph()->add_output()->set_name(out.back());
    }
    auto* node = add_node(model.mutable_graph(), op, in, out, "node");
    node->set_domain(domain);
    attributes(node);
    return model;
  }

  Result<Arrays> run() const {
    TRY_ASSIGN(const std::unique_ptr<Network> network, import_model(model()));
    Arrays given;
    for (size_t i = 0; i < inputs.size(); ++i) {
      if (!is_left_out(i) && !is_constant(i)) given.push_back(inputs[i]);
    }
    return network->evaluate(given);
  }
};

inline void expect_near(const Array& got, const Shape& shape, const std::vector<double>& values, double tolerance = 1e-5) {
  ASSERT_EQ(got.shape(), shape);
  ASSERT_EQ(got.count(), static_cast<int64_t>(values.size()));
  for (int64_t i = 0; i < got.count(); ++i) EXPECT_NEAR(got.number(i), values[static_cast<size_t>(i)], tolerance) << "element " << i;
}

// The outputs of the node, one after the other.
inline void expect_outputs(const OneNode& node, const std::vector<std::pair<Shape, std::vector<double>>>& expected,
                           double tolerance = 1e-5) {
  const auto outputs = node.run();
  ASSERT_TRUE(outputs.ok()) << outputs.error().message;
  ASSERT_EQ(outputs->size(), expected.size());
  for (size_t i = 0; i < expected.size(); ++i) expect_near((*outputs)[i], expected[i].first, expected[i].second, tolerance);
}

inline std::string message_of(const OneNode& node) {
  const auto outputs = node.run();
  return outputs.ok() ? "" : outputs.error().message;
}

}  // namespace ingot
