// TensorFlow graphs for tests.
#pragma once

#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "import/tensorflow/import.h"
#include "import/tensorflow/tensorflow.pb.h"
#include "operators/transpose.h"

namespace ingot {

namespace tf = ::ingot_tensorflow;

inline Bytes bytes_of(const std::string& text) { return {reinterpret_cast<const std::byte*>(text.data()), text.size()}; }

inline std::vector<float> counting(int64_t count) {
  std::vector<float> values;
  for (int64_t i = 0; i < count; ++i) values.push_back(static_cast<float>(i));
  return values;
}

// A graph under construction.
struct Graph {
  tf::GraphDef def;

  tf::NodeDef& add(const std::string& op, const std::string& name, const std::vector<std::string>& inputs) {
    auto* node = def.add_node();
    node->set_op(op);
    node->set_name(name);
    for (const auto& input : inputs) node->add_input(input);
    return *node;
  }
  void placeholder(const std::string& name, const Shape& shape) {
    auto& attr = *add("Placeholder", name, {}).mutable_attr();
    attr["dtype"].set_type(1);
    for (int64_t size : shape) attr["shape"].mutable_shape()->add_dim()->set_size(size);
  }
  tf::TensorProto& constant(const std::string& name, const Shape& shape, int dtype) {
    auto& tensor = *(*add("Const", name, {}).mutable_attr())["value"].mutable_tensor();
    tensor.set_dtype(dtype);
    for (int64_t size : shape) tensor.mutable_tensor_shape()->add_dim()->set_size(size);
    return tensor;
  }
  void floats(const std::string& name, const Shape& shape, const std::vector<float>& values) {
    constant(name, shape, 1).set_tensor_content(std::string(reinterpret_cast<const char*>(values.data()), values.size() * 4));
  }
  void ints(const std::string& name, const std::vector<int32_t>& values, bool scalar = false) {
    auto& tensor = constant(name, scalar ? Shape{} : Shape{static_cast<int64_t>(values.size())}, 3);
    tensor.mutable_int_val()->Add(values.begin(), values.end());
  }
  Result<std::unique_ptr<Network>> import(TfImportOptions options = {}) const {
    auto network = std::make_unique<Network>();
    options.name = "graph.pb";
    Status status = import_tensorflow_into(bytes_of(def.SerializeAsString()), *network, options);
    if (!status.ok()) return std::move(status).error();
    Status verified = network->verify();
    EXPECT_TRUE(verified.ok()) << verified.error().message;
    return network;
  }
  std::string error() const {
    auto network = import();
    return network.ok() ? "no error" : network.error().message;
  }
};

inline void set_list(tf::NodeDef& node, const char* name, const std::vector<int64_t>& values) {
  (*node.mutable_attr())[name].mutable_list()->mutable_i()->Add(values.begin(), values.end());
}
inline void set_word(tf::NodeDef& node, const char* name, const std::string& word) { (*node.mutable_attr())[name].set_s(word); }

inline std::vector<float> run(const Graph& graph, const Shape& shape, const std::vector<float>& values) {
  auto network = graph.import();
  EXPECT_TRUE(network.ok()) << network.error().message;
  if (!network.ok()) return {};
  auto outputs = (*network)->evaluate({Array::of(DataType::kFloat, shape, values)});
  EXPECT_TRUE(outputs.ok()) << outputs.error().message;
  return outputs.ok() ? (*outputs)[0].floats() : std::vector<float>{};
}

inline size_t transposes(const Network& network) {
  size_t count = 0;
  for (const auto& layer : network.layers()) count += layer->as<Transpose>() != nullptr;
  return count;
}

}  // namespace ingot
