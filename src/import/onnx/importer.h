// Walks a model and fills a network; one object imports one model.
#pragma once

#include <deque>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <tuple>
#include <unordered_map>

#include "import/onnx/external_data.h"
#include "import/onnx/graph_order.h"
#include "import/onnx/import.h"
#include "import/onnx/node.h"
#include "import/onnx/scope.h"
#include "import/onnx/types.h"

namespace ingot {

constexpr int kDeepestCall = 64;  // of graphs in graphs and functions in functions

class Importer {
 public:
  Importer(std::shared_ptr<const proto::ModelProto> model, std::string directory, Network& network, const OnnxImportOptions& options);
  // Fills the network. Goes on behind errors, to find them all: see errors().
  Status run();
  const ImportErrors& errors() const { return errors_; }
  // Nodes of the main graph in the order of computation.
  const std::vector<int>& order() const { return order_; }
  // Those of them that were declined, whether their error was told or another one's stands for it.
  const std::set<int64_t>& failed_nodes() const { return failed_nodes_; }

  // For ImportedNode.
  Result<Value*> lookup(Scope& scope, std::string_view name);
  Tensor* tensor_of(Scope& scope, Value& value);
  bool is_constant(Scope& scope, const Value& value);
  Result<Array> constant_of(Scope& scope, const Value& value);
  Result<Array> read(const proto::TensorProto& tensor);
  Result<Array> read_sparse(const proto::SparseTensorProto& tensor);
  Result<std::shared_ptr<Network>> import_subgraph(Scope& outer, const std::string& node_name, const proto::GraphProto& graph,
                                                   std::vector<Tensor*>* captures, const TensorTypes* input_types);

 private:
  using Outputs = std::vector<Value*>;  // null where nothing is given

  // importer.cpp: graphs.
  Status check_opsets();
  void import_initializers(Scope& scope, const proto::GraphProto& graph);
  Status import_inputs(Scope& scope, const proto::GraphProto& graph, const TensorTypes* types);
  Status fix_dims(const std::string& name, TensorType& type) const;
  Status import_nodes(Scope& scope, const Nodes& nodes);
  Status mark_outputs(Scope& scope, const proto::GraphProto& graph);
  Status mark_output(Scope& scope, const proto::ValueInfoProto& output);
  void import_node(Scope& scope, const proto::NodeProto& proto, int index);
  Result<Outputs> dispatch(Scope& scope, ImportedNode& node);
  Result<Outputs> wrap(Result<std::vector<Tensor*>> tensors);
  void bind_outputs(Scope& scope, const ImportedNode& node, const Outputs& outputs);
  void claim_name(Scope& scope, Tensor* tensor, const std::string& name);
  // `name`, or a spare one where another tensor of the model has it already.
  std::string free_name(Scope& scope, const std::string& name, const Tensor* owner);

  // control_flow.cpp: what becomes no layer of its own.
  const proto::FunctionProto* find_function(const ImportedNode& node) const;
  Result<Outputs> call_function(Scope& scope, const ImportedNode& node, const proto::FunctionProto& function);
  Result<Outputs> take_branch(Scope& scope, const ImportedNode& node);
  // Imports the graph's nodes among those of `scope`; `inputs` stand for its inputs.
  Result<Outputs> inline_graph(Scope& scope, const std::string& name, const proto::GraphProto& graph, const Outputs& inputs);
  Result<Outputs> import_constant(const ImportedNode& node);
  Result<Outputs> import_constant_of_shape(const ImportedNode& node);

  // sequences.cpp: nothing where the node has to do with no sequence and no optional.
  std::optional<Result<Outputs>> import_sequences(Scope& scope, const ImportedNode& node);
  Result<Outputs> split_to_sequence(Scope& scope, const ImportedNode& node);
  Result<Outputs> concat_from_sequence(Scope& scope, const ImportedNode& node);
  Result<Outputs> sequence_at(Scope& scope, const ImportedNode& node);
  Result<Outputs> change_sequence(const ImportedNode& node);
  Result<Outputs> map_sequence(Scope& scope, const ImportedNode& node);
  Result<Outputs> unroll_loop(Scope& scope, const ImportedNode& node);
  Result<Tensor*> stack_items(Scope& scope, const std::vector<Value*>& items, int64_t axis);
  Value* new_sequence(std::vector<Value*> items);
  Value* new_tensor(Tensor* tensor);

  Value* new_value(std::string name) {
    values_.push_back({});
    values_.back().name = std::move(name);
    return &values_.back();
  }
  Value* new_constant(std::string name, Array array);

  // strings.cpp: strings that are constants.
  int64_t intern(const std::string& text);
  Value* new_strings(std::string name, Array numbers);
  Result<Array> read_strings(const proto::TensorProto& tensor);
  Result<Outputs> import_strings(Scope& scope, const ImportedNode& node, OnnxImport import);
  Result<Outputs> concat_strings(const ImportedNode& node);
  Result<Outputs> cast_strings(const ImportedNode& node);
  Result<Outputs> cast_to_strings(Scope& scope, const ImportedNode& node);
  // Whether it casts a constant of numbers to strings.
  bool gives_strings(const ImportedNode& node) const;
  // string_operators.cpp: operators whose subject is the text.
  Result<Outputs> split_strings(const ImportedNode& node);
  Result<Outputs> normalize_strings(const ImportedNode& node);
  Result<Outputs> match_strings(const ImportedNode& node);
  // string_labels.cpp: operators with strings among their attributes.
  static bool has_string_labels(const ImportedNode& node);
  Status add_string_numbers(proto::NodeProto& node, const char* name, const proto::AttributeProto& attribute);
  Result<Outputs> import_string_labels(Scope& scope, const ImportedNode& node);
  // Counts towards the limit of errors; what lies behind them is not looked at.
  void report(ImportCode code, std::string message, const ImportedNode* node, const Scope* scope);
  bool is_full() const { return stopped_ || errors_.size() >= options_.most_errors; }

  std::shared_ptr<const proto::ModelProto> model_;
  const OnnxImportOptions& options_;
  Log& log_;
  ExternalData external_;
  int64_t folded_bytes_left_;
  Target main_;
  SymbolNames symbols_;
  OpsetVersions opsets_;
  std::map<std::tuple<std::string_view, std::string_view, std::string_view>, const proto::FunctionProto*>
      functions_;  // domain, name, overload
  std::map<const proto::FunctionProto*, OpsetVersions> function_opsets_;
  std::deque<Value> values_;
  std::vector<std::string> strings_;  // by number
  std::unordered_map<std::string, int64_t> string_numbers_;
  std::vector<int> order_;
  ImportErrors errors_;
  std::set<int64_t> failed_nodes_;
  struct UnknownOperator {
    size_t error;
    int64_t count;
  };
  std::map<std::string, UnknownOperator> unknown_operators_;  // told once each
  bool stopped_ = false;
  int64_t nodes_left_;
  int64_t main_node_ = -1;  // of the main graph, inside of which we are
};

}  // namespace ingot
