// Walks a TensorFlow graph from its outputs and fills a network; one object imports one model.
#pragma once

#include <deque>
#include <set>
#include <unordered_map>

#include "import/error_list.h"
#include "import/onnx/constant_evaluator.h"
#include "import/tensorflow/node.h"

namespace ingot {

class TfImporter {
 public:
  TfImporter(const TfGraph& graph, Network& network, const TfImportOptions& options) : TfImporter(graph, network, options, nullptr) {}
  // Goes on behind errors, to find them all.
  Status run();

  // For TfOp.
  Network& network() { return network_; }
  const TfImportOptions& options() const { return options_; }
  const TfGraph& graph() const { return graph_; }
  Result<Tensor*> tensor_of(TfValue& value, const std::string& name);
  Result<Tensor*> planes_of(TfValue& value, const std::string& name);
  bool is_constant(const TfValue& value);
  Result<Array> constant_of(const TfValue& value);
  const TfFunction* function(std::string_view name) const;
  const TfNode* node(std::string_view name) const;
  Result<std::vector<TfValue>> call(const std::string& function, std::vector<TfValue> arguments, Network& network);

 private:
  // `outer` is the importer of the graph that calls the function whose graph this is; null for the file's own.
  TfImporter(const TfGraph& graph, Network& network, const TfImportOptions& options, TfImporter* outer);

  struct Place {
    const TfNode* node;
    int64_t output;
  };

  TfImporter& root() { return outer_ ? outer_->root() : *this; }
  void report(Error error);
  bool is_full() { return root().errors_.full(); }
  Status index_nodes();
  std::vector<std::string> wanted_outputs() const;
  // What the program gives for this input; null where it gives nothing.
  const TfInputSpec* spec_of(const TfNode& node) const;
  const std::string& name_of_input(const TfNode& node) const;
  Result<Place> find(const std::string& text) const;
  // The nodes that outputs need, each behind those it reads.
  Result<std::vector<const TfNode*>> in_order(const std::vector<std::string>& outputs);
  void import_node(const TfNode& node);
  Result<std::vector<TfValue>> dispatch(const TfNode& node, const TfOp& op);
  bool is_input(const TfNode& node) const;
  Result<TfValue> add_input(const TfNode& node);
  // Renames a tensor that has this name by itself, which gives way to one that has it from the model.
  Status free_name(const std::string& name);
  Status mark_output(const std::string& text);
  bool reads_images_channels_first() const;

  TfImporter* outer_;
  std::string where_;  // of a function: the words in front of its errors
  int depth_ = 0;
  int64_t imported_ = 0;  // nodes, those of functions included, once for each call
  const TfGraph& graph_;
  Network& network_;
  const TfImportOptions& options_;
  Log& log_;
  ErrorList errors_;
  bool channels_first_;  // of the graph as a whole
  std::unordered_map<std::string_view, const TfNode*> nodes_;
  std::unordered_map<const TfNode*, std::deque<TfValue>> values_;
  int64_t folded_bytes_left_;
  ConstantEvaluator evaluator_;
};

}  // namespace ingot
