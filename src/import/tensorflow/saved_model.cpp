// SavedModels: the graph for serving, its signature, and its variables as constants.
#include <algorithm>
#include <cstring>

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

  struct Source {
    std::string key;
    std::string slice;  // which part of that tensor, "" for all of it
  };
  const Source* source(const std::string& variable) const {
    const auto found = sources_.find(variable);
    return found == sources_.end() ? nullptr : &found->second;
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
    const auto* names = strings_of(nodes, from->input(1));
    if (!names || place < 0 || place >= names->size()) return;
    Source told{names->Get(static_cast<int>(place)), ""};
    // Constants are written without the repetitions at their end.
    const auto* slices = from->input_size() > 2 ? strings_of(nodes, from->input(2)) : nullptr;
    if (slices && slices->size() > 0) told.slice = slices->Get(static_cast<int>(std::min<int64_t>(place, slices->size() - 1)));
    const std::string variable = resolve(node_of_tensor(assignment.input(0)));
    if (!variable.empty()) sources_[variable] = std::move(told);
  }

  // The strings of a constant; null where the node is none.
  const google::protobuf::RepeatedPtrField<std::string>* strings_of(const Nodes& nodes, const std::string& input) {
    const tf::NodeDef* node = find(nodes, node_of_tensor(input));
    if (!node) return nullptr;
    const auto value = node->attr().find("value");
    return value == node->attr().end() ? nullptr : &value->second.tensor().string_val();
  }

  std::map<std::string, Source> sources_;
  std::map<const Nodes*, std::unordered_map<std::string, const tf::NodeDef*>> indices_;
};

// The part of `whole` that a slice such as "6 5 0,2:-" names: its dims, then start and length of each, or "-" for all of it.
Result<Array> slice_of(const Array& whole, const std::string& slice) {
  const Error wrong{ErrorCode::kInvalid, "the slice '" + slice.substr(0, 80) + "' does not lie in " + to_text(whole.shape())};
  Shape start, shape;
  size_t at = slice.rfind(' ') + 1;  // 0 where there is none
  for (int64_t size : whole.shape()) {
    const size_t end = std::min(slice.find(':', at), slice.size());
    const std::string part = slice.substr(std::min(at, slice.size()), end - std::min(at, end));
    at = end + 1;
    const size_t comma = part.find(',');
    start.push_back(part == "-" ? 0 : std::atoll(part.c_str()));
    shape.push_back(part == "-" ? size : comma == std::string::npos ? -1 : std::atoll(part.c_str() + comma + 1));
    if (start.back() < 0 || start.back() > size || shape.back() < 0 || shape.back() > size - start.back()) return wrong;
  }
  if (at <= slice.size()) return wrong;
  TRY_ASSIGN(Array part, Array::make(whole.type(), shape));
  const size_t element = static_cast<size_t>(bits_of(whole.type())) / 8;
  int64_t to = 0;
  for (IndexWalk walk(shape); !walk.done(); walk.next(), ++to) {
    int64_t from = 0;
    for (size_t d = 0; d < shape.size(); ++d) from = from * whole.shape()[d] + start[d] + walk.index()[d];
    std::memcpy(static_cast<std::byte*>(part.mutable_data()) + static_cast<size_t>(to) * element,
                static_cast<const std::byte*>(whole.data()) + static_cast<size_t>(from) * element, element);
  }
  return part;
}

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
    std::string slice;
    if (const auto* told = restoring.source(node.name)) {
      key = told->key;
      slice = told->slice;
    } else if (!bundle->has(key)) {
      const auto found = bundle->full_names().find(key);
      if (found != bundle->full_names().end()) key = found->second;
    }
    auto value = bundle->tensor(key);
    if (value.ok() && !slice.empty()) value = slice_of(*value, slice).within("'" + key + "'");
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
