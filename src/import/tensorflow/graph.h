// A TensorFlow graph without its file format: GraphDef, SavedModel and UFF are all read into this.
#pragma once

#include <map>
#include <memory>
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
  std::vector<TfInput> inputs;        // without control inputs
  std::vector<std::string> controls;  // nodes that it only waits for
  std::map<std::string, TfAttribute, std::less<>> attributes;
  std::string broken;  // why the node's own data cannot be read; told only where the node is needed

  template <class T>
  const T* find(std::string_view attribute) const {
    const auto found = attributes.find(attribute);
    return found == attributes.end() ? nullptr : std::get_if<T>(&found->second);
  }
};

struct TfFunction;

struct TfGraph {
  std::vector<TfNode> nodes;
  std::vector<std::string> outputs;  // those that the file marks: "node" or "node:1"
  std::vector<std::string> ends;     // nodes that none reads: outputs where the file marks none
  // What the file's signature calls inputs (by node) and outputs (as `outputs` has them).
  std::map<std::string, std::string, std::less<>> names;
  std::map<std::string, std::shared_ptr<const TfFunction>, std::less<>> functions;
  bool is_uff = false;
};

// A graph with arguments: its nodes read them as nodes of those names.
struct TfFunction {
  TfGraph graph;
  std::vector<std::string> arguments;
  std::vector<TfInput> results;
};

// `most_constant_bytes` bounds constants that a file writes in short.
Result<TfGraph> read_graph_def(Bytes bytes, int64_t most_constant_bytes);
// The graph of a saved_model.pb with its signature. `folder` holds the variables, "" where there is none.
Result<TfGraph> read_saved_model(Bytes bytes, const std::string& folder, int64_t most_constant_bytes);
// Loops and branches that are written as frames (Enter, Merge, Switch, NextIteration, Exit) become While and If with functions of their
// own. What cannot be turned is told by the nodes that give its results, where they are needed.
void turn_frames_into_functions(TfGraph& graph);
// Fills in `ends`, before nodes are put in place of others.
void find_ends(TfGraph& graph);
// Dilated convolutions that are written as SpaceToBatchND, a convolution and BatchToSpaceND become one convolution.
void fold_dilations(TfGraph& graph);
Result<TfGraph> read_uff(Bytes bytes);

}  // namespace ingot
