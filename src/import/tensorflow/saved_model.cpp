// SavedModels: the graph for serving, its signature, and its variables as constants.
#include "import/tensorflow/bundle.h"
#include "import/tensorflow/messages.h"

namespace ingot {
namespace {

bool is_variable(const std::string& op) { return op == "VarHandleOp" || op == "VariableV2" || op == "Variable"; }

std::string node_of_tensor(const std::string& tensor) {
  const std::string text = tensor.starts_with("^") ? tensor.substr(1) : tensor;
  return text.substr(0, text.find(':'));
}

// Which key of the checkpoint each variable is restored from, as the file's own code for restoring has it: RestoreV2 reads tensors by
// name, and what it gives is assigned to variables, in the graph itself or in a function whose arguments are the variables.
class Restoring {
 public:
  explicit Restoring(const tf::MetaGraphDef& meta) {
    for (const auto& node : meta.graph_def().node())
      add_assignments(meta.graph_def().node(), node, [](const std::string& name) { return name; });
    const std::string restore = node_of_tensor(meta.saver_def().restore_op_name());
    for (const auto& call : meta.graph_def().node()) {
      const auto f = call.attr().find("f");
      if (call.name() != restore || f == call.attr().end()) continue;
      for (const auto& function : meta.graph_def().library().function()) {
        if (function.signature().name() != f->second.func().name()) continue;
        std::map<std::string, std::string> given;
        for (int i = 0; i < function.signature().input_arg_size() && i < call.input_size(); ++i)
          given[function.signature().input_arg(i).name()] = node_of_tensor(call.input(i));
        for (const auto& node : function.node_def()) {
          add_assignments(function.node_def(), node, [&](const std::string& name) {
            const auto found = given.find(name);
            return found == given.end() ? std::string() : found->second;
          });
        }
      }
    }
  }

  const std::string* key(const std::string& variable) const {
    const auto found = keys_.find(variable);
    return found == keys_.end() ? nullptr : &found->second;
  }

 private:
  using Nodes = google::protobuf::RepeatedPtrField<tf::NodeDef>;

  const tf::NodeDef* find(const Nodes& nodes, const std::string& name) {
    auto& index = indices_[&nodes];
    if (index.empty()) {
      for (const auto& node : nodes) index.emplace(node.name(), &node);
    }
    const auto found = index.find(name);
    return found == index.end() ? nullptr : found->second;
  }

  template <class Resolve>
  void add_assignments(const Nodes& nodes, const tf::NodeDef& assignment, Resolve&& resolve) {
    if ((assignment.op() != "Assign" && assignment.op() != "AssignVariableOp") || assignment.input_size() < 2) return;
    std::string source = assignment.input(1);
    const tf::NodeDef* from = find(nodes, node_of_tensor(source));
    for (int steps = 0; from && (from->op() == "Identity" || from->op() == "Cast") && from->input_size() > 0 && steps < 8; ++steps) {
      source = from->input(0);
      from = find(nodes, node_of_tensor(source));
    }
    if (!from || from->op() != "RestoreV2" || from->input_size() < 2) return;
    const size_t colon = source.rfind(':');
    const int64_t place = colon == std::string::npos || source.size() - colon > 8 ? 0 : std::atoll(source.c_str() + colon + 1);
    const tf::NodeDef* names = find(nodes, node_of_tensor(from->input(1)));
    if (!names) return;
    const auto value = names->attr().find("value");
    if (value == names->attr().end() || place < 0 || place >= value->second.tensor().string_val_size()) return;
    const std::string variable = resolve(node_of_tensor(assignment.input(0)));
    if (!variable.empty()) keys_[variable] = value->second.tensor().string_val(static_cast<int>(place));
  }

  std::map<std::string, std::string> keys_;
  std::map<const Nodes*, std::unordered_map<std::string, const tf::NodeDef*>> indices_;
};

Status restore_variables(const tf::MetaGraphDef& meta, const std::string& folder, TfGraph& graph) {
  if (std::none_of(graph.nodes.begin(), graph.nodes.end(), [](const TfNode& node) { return is_variable(node.op); })) return Ok{};
  auto bundle = TensorBundle::open(folder + "/variables/variables");
  if (!bundle.ok()) {
    // Told where a variable is needed.
    for (TfNode& node : graph.nodes) {
      if (is_variable(node.op)) node.broken = "its values cannot be read: " + bundle.error().message;
    }
    return Ok{};
  }
  const Restoring restoring(meta);
  for (TfNode& node : graph.nodes) {
    if (!is_variable(node.op)) continue;
    const auto* shared = node.find<std::string>("shared_name");
    std::string key = shared && !shared->empty() ? *shared : node.name;
    if (const std::string* told = restoring.key(node.name)) {
      key = *told;
    } else if (!bundle->has(key)) {
      const auto found = bundle->full_names().find(key);
      if (found != bundle->full_names().end()) key = found->second;
    }
    auto value = bundle->tensor(key);
    if (value.ok())
      node.attributes.insert_or_assign("value", std::move(*value));
    else
      node.broken = std::move(value).error().message;
  }
  return Ok{};
}

// The signature for serving: its tensors, and what it calls them.
void take_signature(const tf::MetaGraphDef& meta, TfGraph& graph) {
  const auto& signatures = meta.signature_def();
  auto found = signatures.find("serving_default");
  if (found == signatures.end()) {
    // Of several others the first by name, so that the same is taken each time.
    for (auto each = signatures.begin(); each != signatures.end(); ++each) {
      if (each->first.starts_with("__saved_model") || each->second.outputs().empty()) continue;
      if (found == signatures.end() || each->first < found->first) found = each;
    }
  }
  if (found == signatures.end()) return;
  std::map<std::string, std::string> outputs;
  for (const auto& [name, tensor] : found->second.outputs()) outputs[name] = tensor.name();
  for (const auto& [name, tensor] : found->second.inputs()) graph.names.emplace(node_of_tensor(tensor.name()), name);
  for (const auto& [name, tensor] : outputs) {
    const std::string text = tensor.ends_with(":0") ? tensor.substr(0, tensor.size() - 2) : tensor;
    graph.outputs.push_back(text);
    graph.names.emplace(text, name);
  }
}

}  // namespace

Result<TfGraph> read_saved_model(Bytes bytes, const std::string& folder, int64_t most_constant_bytes) {
  TRY_ASSIGN(auto message, parse_tf_message<tf::SavedModel>(bytes, "a TensorFlow SavedModel"));
  if (message->meta_graphs_size() == 0) return invalid("the SavedModel has no graphs");
  const tf::MetaGraphDef* meta = &message->meta_graphs(0);
  for (const auto& each : message->meta_graphs()) {
    const auto& tags = each.meta_info_def().tags();
    if (std::find(tags.begin(), tags.end(), "serve") == tags.end()) continue;
    meta = &each;
    break;
  }
  if (meta->graph_def().node_size() == 0) return invalid("the SavedModel's graph has no nodes");
  TfGraph graph = tf_graph_of(meta->graph_def(), message, most_constant_bytes);
  take_signature(*meta, graph);
  if (folder.empty()) return graph;
  TRY(restore_variables(*meta, folder, graph));
  return graph;
}

}  // namespace ingot
