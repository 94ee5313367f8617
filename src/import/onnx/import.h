// ONNX files become networks: the entries of the ONNX reader.
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/byte_reader.h"
#include "base/log.h"
#include "network/network.h"

namespace ingot {

enum class ImportCode {
  kInternal,
  kOutOfMemory,
  kUnreadable,        // no ONNX model, truncated, or external data that cannot be had
  kInvalidGraph,      // cycles, missing or doubled names, types that cannot be
  kInvalidNode,       // an operator's inputs or attributes break its rules
  kUnsupportedGraph,  // e.g. the opset is too old
  kUnsupportedNode,   // no such operator, or a use of it that is not taken
};

struct ImportError {
  ImportCode code = ImportCode::kInternal;
  std::string message;  // complete: file, node, operator, opset, input types, cause
  int64_t node = -1;    // index in the model's main graph; -1 where no node is at fault
  std::string node_name;
  std::string op_type;
  std::vector<std::string> functions;  // the model's functions around the node, outermost first
};
using ImportErrors = std::vector<ImportError>;

// An ONNX node with what only custom operators need.
class ForeignNode : public OnnxNode {
 public:
  virtual const std::string& domain() const = 0;
  // All attributes but graphs, sparse tensors and types.
  virtual Result<std::vector<Field>> attributes() const = 0;
};

// Imports a node of a custom operator; nothing where it does not know the operator.
using CustomImport = std::function<std::optional<Result<std::vector<Tensor*>>>(const ForeignNode& node, Network& network)>;

struct OnnxImportOptions {
  Log* log = nullptr;
  std::string name;                                        // what messages call the model; the file's own name where empty
  ImportErrors* errors = nullptr;                          // receives every error; the returned one sums them up
  CustomImport custom;                                     // asked where no operator is known, and before functions of the model
  bool custom_first = false;                               // asked before everything
  std::map<std::string, Array, std::less<>> known_inputs;  // inputs by name that become constants
  // Bytes of initializers by name, in the place of what the model holds or refers to.
  std::map<std::string, std::shared_ptr<const std::vector<std::byte>>, std::less<>> initializers;
  // Dims of inputs that the model leaves open; -1 leaves one open still. Branches that depend on them are decided then.
  std::map<std::string, Shape, std::less<>> input_shapes;
  std::optional<Dim> batch;  // in the place of inputs' first dims that the model leaves open
  // Limits against hostile files.
  int64_t most_nodes = 2'000'000;                // after functions are written out
  int64_t most_folded_bytes = int64_t{2} << 30;  // of constants that the import computes
  size_t most_errors = 100;
};

// Weights stay where they are: in the message that was read, or in mapped files of external data.
Result<std::unique_ptr<Network>> import_onnx_file(const std::string& path, const OnnxImportOptions& options = {});
// `model_directory` holds the external data, "" where there is none. The bytes are not needed afterwards.
Result<std::unique_ptr<Network>> import_onnx(Bytes bytes, const std::string& model_directory, const OnnxImportOptions& options = {});

// The same into a network that the caller has; after an error it holds what was read until then.
Status import_onnx_file_into(const std::string& path, Network& network, const OnnxImportOptions& options = {});
Status import_onnx_into(Bytes bytes, const std::string& model_directory, Network& network, const OnnxImportOptions& options = {});

// Which nodes of the main graph can be taken, as runs along the order of computation.
struct OnnxSubgraph {
  std::vector<int64_t> nodes;
  bool supported = true;
};
struct OnnxSupport {
  bool supported = false;
  std::vector<OnnxSubgraph> subgraphs;
  ImportErrors errors;
};
OnnxSupport query_onnx_support(Bytes bytes, const std::string& model_directory, const OnnxImportOptions& options = {});

struct OnnxSummary {
  // Of the graph, graphs inside it and the model's functions, each once, as "Conv" or "com.microsoft.Gelu".
  std::vector<std::string> operators;
  std::vector<std::string> inputs;  // of the graph, without those that have initializers
};
Result<OnnxSummary> summarize_onnx(Bytes bytes);

// One TensorProto, as ONNX's test data has them.
Result<Array> read_onnx_tensor(Bytes bytes);

}  // namespace ingot
