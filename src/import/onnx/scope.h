// Names and what they stand for, while a graph is imported.
#pragma once

#include <deque>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <unordered_map>
#include <unordered_set>
#include <vector>

#include "import/onnx/constant_evaluator.h"
#include "import/onnx/model_file.h"
#include "network/network.h"

namespace ingot {

// What a name stands for. A constant gets a tensor when a layer first reads it; a sequence never has one.
struct Value {
  std::string name;
  Tensor* tensor = nullptr;
  Array constant;
  bool is_constant = false;
  bool is_absent = false;   // an optional input of a function that its caller leaves out, or an empty optional
  bool is_broken = false;   // an error has been told where it should have come from
  bool is_strings = false;  // a constant whose elements are numbers of strings; see strings.cpp
  bool is_sequence = false;
  std::vector<Value*> items;  // of a sequence
};

// A network that is being filled, with what is known of its tensors.
struct Target {
  Target(Network* network, int64_t* folded_bytes_left) : network(network), constants(folded_bytes_left) {}
  Network* network;
  ConstantEvaluator constants;
  std::unordered_set<const Tensor*> named;  // tensors that carry a name of the model
};

using OpsetVersions = std::map<std::string, int64_t, std::less<>>;  // by domain; "ai.onnx" is ""
using AttributeMap = std::map<std::string_view, const proto::AttributeProto*>;

// A call of a function of the model, inside of which we are.
struct FunctionCall {
  const proto::FunctionProto* function = nullptr;
  const FunctionCall* outer = nullptr;
};

// One graph: the main one, a branch or body, or one call of a function.
struct Scope {
  Target* target = nullptr;
  Scope* outer = nullptr;  // whose names are visible; null for the main graph and for functions
  const OpsetVersions* opsets = nullptr;
  const AttributeMap* attributes = nullptr;  // of the function's call; null outside of functions
  const FunctionCall* call = nullptr;        // the innermost one
  std::string prefix;                        // of the names of layers and tensors: the calls around
  std::vector<Tensor*>* captures = nullptr;  // where the graph has a network of its own: outer tensors it reads
  int depth = 0;
  std::unordered_map<std::string_view, Value*> values;
};

}  // namespace ingot
