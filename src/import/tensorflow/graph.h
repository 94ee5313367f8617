// A TensorFlow graph without its file format: GraphDef and UFF are both read into this.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "base/byte_reader.h"
#include "network/array.h"

namespace ingot {

// A declared shape: -1 for open dims; nothing where not even the rank is known.
struct TfShape {
  std::optional<Shape> dims;
};
struct TfType {
  std::optional<DataType> type;  // nothing for strings and the like
};

using TfAttribute = std::variant<int64_t, double, bool, std::string, std::vector<int64_t>, std::vector<double>, std::vector<std::string>,
                                 Array, TfType, TfShape>;

struct TfInput {
  std::string node;
  int64_t output = 0;
};

struct TfNode {
  std::string name, op;
  std::vector<TfInput> inputs;  // without control inputs
  std::map<std::string, TfAttribute, std::less<>> attributes;
  std::string broken;  // why the node's own data cannot be read; told only where the node is needed

  template <class T>
  const T* find(std::string_view attribute) const {
    const auto found = attributes.find(attribute);
    return found == attributes.end() ? nullptr : std::get_if<T>(&found->second);
  }
};

struct TfGraph {
  std::vector<TfNode> nodes;
  std::vector<std::string> outputs;  // those that the file marks
  bool is_uff = false;
};

// `most_constant_bytes` bounds constants that a file writes in short.
Result<TfGraph> read_graph_def(Bytes bytes, int64_t most_constant_bytes);
// The graph of a saved_model.pb.
Result<TfGraph> read_saved_model(Bytes bytes, int64_t most_constant_bytes);
Result<TfGraph> read_uff(Bytes bytes);

}  // namespace ingot
