#include "import/onnx/importer.h"

#include <algorithm>

#include "import/onnx/tensor_reader.h"
#include "operators/elementwise.h"
#include "operators/register.h"

namespace ingot {
namespace {

constexpr int64_t kNewestOpset = 28;

ImportCode code_of(ErrorCode code) {
  switch (code) {
    case ErrorCode::kInvalid: return ImportCode::kInvalidNode;
    case ErrorCode::kUnsupported: return ImportCode::kUnsupportedNode;
    case ErrorCode::kOutOfMemory: return ImportCode::kOutOfMemory;
    default: return ImportCode::kInternal;
  }
}

// What stands in for an operator that is known and not taken; "" for others.
std::string_view advice_for(const std::string& domain, const std::string& op) {
  struct Known {
    std::string_view op, advice;
  };
  static constexpr std::string_view kStrings = "it works on strings, which are not supported: encode them as numbers before the network";
  static constexpr std::string_view kMaps = "maps are not supported: take the tensors in front of it as outputs";
  static constexpr std::string_view kFramework =
      "it calls into the framework that wrote the file: export the model anew, as operators of the standard";
  static constexpr Known kKnown[] = {
      {"StringNormalizer", kStrings},
      {"StringConcat", kStrings},
      {"StringSplit", kStrings},
      {"RegexFullMatch", kStrings},
      {"ATen", kFramework},
      {"GRUUnit", kFramework},
      {"Tokenizer", kStrings},
      {"ZipMap", kMaps},
      {"DictVectorizer", kMaps},
      {"CastMap", kMaps},
      {"ImageDecoder", "images are decoded before the network, which takes them as tensors"},
  };
  if (domain == "ai.onnx.preview.training") return "it is for training";
  for (const Known& known : kKnown) {
    if (known.op == op) return known.advice;
  }
  return "";
}

// The message names the node; its layer says no more.
std::string without_layer(const std::string& message) {
  if (!message.starts_with("layer '")) return message;
  const size_t end = message.find("): ");
  return end == std::string::npos ? message : message.substr(end + 3);
}

}  // namespace

Importer::Importer(std::shared_ptr<const proto::ModelProto> model, std::string directory, Network& network,
                   const OnnxImportOptions& options)
    : model_(std::move(model)),
      options_(options),
      log_(options.log ? *options.log : null_log()),
      external_(std::move(directory)),
      folded_bytes_left_(options.most_folded_bytes),
      main_(&network, &folded_bytes_left_),
      nodes_left_(options.most_nodes) {}

Status Importer::check_opsets() {
  for (const auto& entry : model_->opset_import()) {
    opsets_[entry.domain() == "ai.onnx" ? "" : entry.domain()] = entry.version();
  }
  // Files of IR versions 1 and 2 know no opsets; what they mean is the first one.
  if (model_->opset_import_size() == 0 && model_->ir_version() < 3) opsets_[""] = 1;
  const auto standard = opsets_.find("");
  if (standard == opsets_.end() && model_->opset_import_size() == 0)
    return unsupported("the model does not say which opset it uses; opsets from 1 on are supported");
  if (standard == opsets_.end()) return Ok{};  // nodes of other domains alone
  if (standard->second < 1) return invalid("the model uses opset " + std::to_string(standard->second) + "; the first one is 1");
  if (standard->second > kNewestOpset)
    log_.warning(options_.name + ": opset " + std::to_string(standard->second) + " is newer than " + std::to_string(kNewestOpset) +
                 ", the newest known; operators are read as of that one");
  return Ok{};
}

Status Importer::run() {
  register_all_operators();
  Status opsets = check_opsets();
  if (!opsets.ok()) {
    report(ImportCode::kUnsupportedGraph, opsets.error().message, nullptr, nullptr);
    return Ok{};
  }
  for (const auto& function : model_->functions()) {
    const std::string_view domain = function.domain() == "ai.onnx" ? "" : std::string_view(function.domain());
    if (!functions_.emplace(std::tuple{domain, std::string_view(function.name()), std::string_view(function.overload())}, &function).second)
      report(ImportCode::kInvalidGraph,
             "two functions of the model are called '" + function.name() + "' of domain '" + function.domain() + "'", nullptr, nullptr);
  }
  const proto::GraphProto& graph = model_->graph();
  if (main_.network->name.empty()) main_.network->name = graph.name();
  Scope scope;
  scope.target = &main_;
  scope.opsets = &opsets_;
  const auto told = [&](Status status, ImportCode code) {
    if (!status.ok() && status.error().code == ErrorCode::kUnsupported) code = ImportCode::kUnsupportedGraph;
    if (!status.ok()) report(code, status.error().message, nullptr, nullptr);
    return status.ok();
  };
  import_initializers(scope, graph);
  if (!told(import_inputs(scope, graph, nullptr), ImportCode::kInvalidGraph)) return Ok{};
  if (!told(import_nodes(scope, graph.node()), ImportCode::kInvalidGraph)) return Ok{};
  main_node_ = -1;
  if (graph.output_size() == 0) told(invalid("the graph '" + graph.name() + "' has no outputs"), ImportCode::kInvalidGraph);
  for (const auto& output : graph.output()) told(mark_output(scope, output), ImportCode::kInvalidGraph);
  for (const auto& [op, unknown] : unknown_operators_) {
    if (unknown.count > 1) errors_[unknown.error].message += " (" + std::to_string(unknown.count) + " nodes)";
  }
  return Ok{};
}

Value* Importer::new_constant(std::string name, Array array) {
  Value* value = new_value(std::move(name));
  value->constant = std::move(array);
  value->is_constant = true;
  return value;
}

Result<Array> Importer::read(const proto::TensorProto& tensor) { return read_tensor(tensor, model_, external_); }

Result<Array> Importer::read_sparse(const proto::SparseTensorProto& tensor) {
  TRY_ASSIGN(Array array, read_sparse_tensor(tensor, model_, external_, folded_bytes_left_));
  folded_bytes_left_ -= static_cast<int64_t>(array.byte_count());
  return array;
}

void Importer::import_initializers(Scope& scope, const proto::GraphProto& graph) {
  const auto add = [&](const std::string& name, Result<Array> array) {
    Value* value = nullptr;
    if (array.ok()) {
      value = new_constant(name, std::move(*array));
    } else {
      const ImportCode code = array.error().code == ErrorCode::kOutOfMemory   ? ImportCode::kOutOfMemory
                              : array.error().code == ErrorCode::kUnsupported ? ImportCode::kUnsupportedGraph
                                                                              : ImportCode::kUnreadable;
      report(code, "initializer '" + name + "': " + array.error().message, nullptr, &scope);
      value = new_value(name);
      value->is_broken = true;
    }
    if (!scope.values.emplace(name, value).second)
      report(ImportCode::kInvalidGraph, "two initializers are called '" + name + "'", nullptr, &scope);
  };
  size_t given_count = 0;
  for (const auto& tensor : graph.initializer()) {
    if (is_full()) return;
    const auto given = scope.depth == 0 ? options_.initializers.find(tensor.name()) : options_.initializers.end();
    if (tensor.data_type() == proto::TensorProto::STRING) {
      const bool is_new = !scope.values.contains(tensor.name());
      add(tensor.name(), read_strings(tensor));
      if (is_new) scope.values.at(tensor.name())->is_strings = true;
      continue;
    }
    if (given == options_.initializers.end()) {
      add(tensor.name(), read(tensor));
    } else {
      ++given_count;
      add(tensor.name(), read_tensor_from(tensor, Bytes(given->second->data(), given->second->size()), given->second));
    }
  }
  for (auto given = options_.initializers.begin();
       scope.depth == 0 && given_count < options_.initializers.size() && given != options_.initializers.end(); ++given) {
    if (!scope.values.contains(given->first))
      report(ImportCode::kInvalidGraph, "weights are given for '" + given->first + "', which is no initializer of the model", nullptr,
             &scope);
  }
  for (const auto& sparse : graph.sparse_initializer()) {
    if (is_full()) return;
    add(sparse.values().name(), read_sparse(sparse));
  }
}

Status Importer::import_inputs(Scope& scope, const proto::GraphProto& graph, const TensorTypes* types) {
  if (types && types->size() != static_cast<size_t>(graph.input_size()))
    return invalid("the graph '" + graph.name() + "' has " + std::to_string(graph.input_size()) + " inputs, but gets " +
                   std::to_string(types->size()));
  std::unordered_set<std::string_view> seen;
  for (int i = 0; i < graph.input_size(); ++i) {
    const proto::ValueInfoProto& input = graph.input(i);
    if (input.name().empty()) return invalid("input " + std::to_string(i) + " of the graph '" + graph.name() + "' has no name");
    if (!seen.insert(input.name()).second)
      return invalid("two inputs of the graph '" + graph.name() + "' are called '" + input.name() + "'");
    // An input that has an initializer is a constant: its value stands unless somebody overrides it, which is not offered.
    if (scope.values.contains(input.name())) {
      if (types) return invalid("the input '" + input.name() + "' of an inner graph has an initializer");
      continue;
    }
    if (const auto known = options_.known_inputs.find(input.name()); scope.depth == 0 && known != options_.known_inputs.end()) {
      scope.values.emplace(input.name(), new_constant(input.name(), known->second));
      continue;
    }
    TensorType type;
    if (types) {
      type = (*types)[static_cast<size_t>(i)];
    } else if (scope.depth > 0) {
      TRY_ASSIGN(type, read_type(input, symbols_, *scope.target->network));
    } else {
      auto declared = read_type(input, symbols_, *scope.target->network);
      Status status = declared.ok() ? fix_dims(input.name(), *declared) : Status(declared.error());
      if (!status.ok()) {  // told, and what reads it is not looked at
        report(status.error().code == ErrorCode::kUnsupported ? ImportCode::kUnsupportedGraph : ImportCode::kInvalidGraph,
               status.error().message, nullptr, &scope);
        Value* broken = new_value(input.name());
        broken->is_broken = true;
        scope.values.emplace(input.name(), broken);
        continue;
      }
      type = std::move(*declared);
      if (options_.batch && !type.dims.empty() && !type.dims[0].is_constant()) type.dims[0] = *options_.batch;
    }
    TRY_ASSIGN(Tensor * tensor, scope.target->network->add_input(scope.prefix + input.name(), std::move(type)));
    scope.target->named.insert(tensor);
    Value* value = new_value(input.name());
    value->tensor = tensor;
    scope.values.emplace(input.name(), value);
  }
  return Ok{};
}

// The model's dims, made more precise by the caller's.
Status Importer::fix_dims(const std::string& name, TensorType& type) const {
  const auto wanted = options_.input_shapes.find(name);
  if (wanted == options_.input_shapes.end()) return Ok{};
  bool fits = wanted->second.size() == type.dims.size();
  for (size_t i = 0; fits && i < type.dims.size(); ++i) {
    const int64_t size = wanted->second[i];
    fits = size >= -1 && (size == -1 || !type.dims[i].is_constant() || type.dims[i].is(size));
    if (fits && size >= 0) type.dims[i] = Dim(size);
  }
  if (!fits) return invalid("the input '" + name + "' is " + type.text() + "; the shape " + to_text(wanted->second) + " does not fit");
  return Ok{};
}

Status Importer::import_nodes(Scope& scope, const Nodes& nodes) {
  std::unordered_set<std::string_view> given;
  for (const auto& [name, value] : scope.values) given.insert(name);
  TRY_ASSIGN(std::vector<int> order, order_nodes(nodes, given));
  const bool is_main = scope.depth == 0;
  if (is_main) order_ = order;
  for (int index : order) {
    if (is_full()) return Ok{};
    if (is_main) main_node_ = index;
    import_node(scope, nodes[index], index);
  }
  return Ok{};
}

void Importer::import_node(Scope& scope, const proto::NodeProto& proto, int index) {
  if (--nodes_left_ < 0) {
    report(ImportCode::kUnsupportedGraph,
           "the model has more than " + std::to_string(options_.most_nodes) + " nodes with its functions written out", nullptr, &scope);
    stopped_ = true;
    return;
  }
  const size_t errors_before = errors_.size();
  Network& network = *scope.target->network;
  const size_t layers_before = network.layers().size();
  ImportedNode node(*this, scope, proto, index);
  Outputs outputs;
  Status status = node.find_inputs();
  if (!status.ok()) {
    report(ImportCode::kInvalidGraph, status.error().message, &node, &scope);
  } else if (auto result = dispatch(scope, node); result.ok()) {
    outputs = std::move(*result);
    for (int i = 0; i < proto.output_size(); ++i) {
      if (proto.output(i).empty() || (static_cast<size_t>(i) < outputs.size() && outputs[static_cast<size_t>(i)])) continue;
      report(ImportCode::kUnsupportedNode, "output " + std::to_string(i) + " ('" + proto.output(i) + "') is not supported", &node, &scope);
      break;
    }
  } else if (errors_.size() == errors_before) {
    // Otherwise a graph inside of the node has told its errors already.
    if (!result.error().message.empty()) report(code_of(result.error().code), without_layer(result.error().message), &node, &scope);
  }
  // The layer that gives the first output is called after the node, and its other layers after both.
  const Layer* first = !outputs.empty() && outputs[0] && outputs[0]->tensor ? outputs[0]->tensor->producer() : nullptr;
  for (size_t i = layers_before; i < network.layers().size(); ++i) {
    Layer& layer = *network.layers()[i];
    if (!layer.metadata.empty()) continue;
    layer.metadata = node.name();
    layer.name = &layer == first ? node.name() : node.name() + "/" + std::string(layer.op().name());
  }
  bind_outputs(scope, node, outputs);
}

// An error without a message stands for one that has been told.
Result<Importer::Outputs> Importer::dispatch(Scope& scope, ImportedNode& node) {
  const auto& values = node.input_values();
  const bool has_strings = std::any_of(values.begin(), values.end(), [](const Value* value) { return value && value->is_strings; });
  bool asked = has_strings;
  const auto ask_custom = [&]() -> std::optional<Result<Outputs>> {
    if (asked || !options_.custom || node.has_broken_input()) return std::nullopt;
    asked = true;
    auto answer = options_.custom(node, *scope.target->network);
    if (!answer) return std::nullopt;
    return wrap(std::move(*answer));
  };
  const Error told{ErrorCode::kInvalid, ""};
  if (options_.custom_first) {
    if (auto answer = ask_custom()) return std::move(*answer);
  }
  if (const proto::FunctionProto* function = find_function(node)) {
    if (auto answer = ask_custom()) return std::move(*answer);
    if (node.has_broken_input()) return told;
    return call_function(scope, node, *function);
  }
  const OnnxImport import = OperatorCatalogue::instance().onnx(node.op_type(), node.domain());
  const bool standard = node.domain().empty();
  if (standard && node.op_type() == "Constant") return import_constant(node);
  if (has_string_labels(node)) return node.has_broken_input() ? Result<Outputs>(told) : import_string_labels(scope, node);
  if (has_strings) return node.has_broken_input() ? Result<Outputs>(told) : import_strings(scope, node, import);
  if (gives_strings(node)) return cast_to_strings(scope, node);
  if (standard) {
    if (auto answer = import_sequences(scope, node)) return std::move(*answer);
  }
  if (standard && !node.has_broken_input()) {
    if (node.op_type() == "ConstantOfShape" && node.is_constant(0)) return import_constant_of_shape(node);
    if (node.op_type() == "If" && node.is_constant(0)) return take_branch(scope, node);
  }
  for (size_t i = 0; i < node.input_values().size(); ++i) {
    const Value* value = node.input_values()[i];
    if (value && value->is_sequence)
      return unsupported("input " + std::to_string(i) + " is a sequence of " + std::to_string(value->items.size()) + " items; " +
                         node.op_type() + " takes tensors");
  }
  if (import) {
    if (node.has_broken_input()) return told;
    return wrap(import(node, *scope.target->network));
  }
  if (auto answer = ask_custom()) return std::move(*answer);
  if (options_.custom && node.has_broken_input()) return told;
  const std::string op = standard ? node.op_type() : node.domain() + "." + node.op_type();
  auto [unknown, fresh] = unknown_operators_.try_emplace(op, UnknownOperator{errors_.size(), 0});
  ++unknown->second.count;
  failed_nodes_.insert(main_node_);
  if (!fresh) return told;
  if (const std::string_view advice = advice_for(node.domain(), node.op_type()); !advice.empty())
    return unsupported("the operator " + op + " is not taken: " + std::string(advice));
  return unsupported("the operator " + op +
                     " is not known, and the model has no function of this name; register a plugin that is called so, or export it as "
                     "operators of the standard");
}

Result<Importer::Outputs> Importer::wrap(Result<std::vector<Tensor*>> tensors) {
  if (!tensors.ok()) return std::move(tensors).error();
  Outputs outputs;
  for (Tensor* tensor : *tensors) {
    outputs.push_back(nullptr);
    if (!tensor) continue;
    outputs.back() = new_value(tensor->name);
    outputs.back()->tensor = tensor;
  }
  return outputs;
}

void Importer::bind_outputs(Scope& scope, const ImportedNode& node, const Outputs& outputs) {
  const proto::NodeProto& proto = node.proto();
  for (int i = 0; i < proto.output_size(); ++i) {
    const std::string& name = proto.output(i);
    if (name.empty()) continue;
    Value* value = static_cast<size_t>(i) < outputs.size() ? outputs[static_cast<size_t>(i)] : nullptr;
    if (!value) {
      value = new_value(name);
      value->is_broken = true;
    }
    if (value->tensor && value->tensor->producer()) {
      // What a function calls its output matters to nobody outside.
      if (value->tensor->name.starts_with(node.name() + "/")) scope.target->named.erase(value->tensor);
      claim_name(scope, value->tensor, name);
    }
    scope.values.insert_or_assign(name, value);
  }
}

// Gives the tensor its name in the model, unless it has one. A name that a layer's tensor got by itself gives way.
void Importer::claim_name(Scope& scope, Tensor* tensor, const std::string& name) {
  if (!scope.target->named.insert(tensor).second) return;
  const std::string wanted = free_name(scope, scope.prefix + name, tensor);
  // The name is free by now.
  (void)scope.target->network->rename(tensor, wanted).ok();
}

std::string Importer::free_name(Scope& scope, const std::string& name, const Tensor* owner) {
  Network& network = *scope.target->network;
  Tensor* other = network.find_tensor(name);
  if (!other || other == owner) return name;
  std::string spare;
  int64_t suffix = other->id();
  do {
    spare = name + "_" + std::to_string(suffix++);
  } while (network.find_tensor(spare));
  if (scope.target->named.contains(other) || other->is_input() || other->is_output() || other->is_constant()) return spare;
  return network.rename(other, spare).ok() ? name : spare;
}

Result<Value*> Importer::lookup(Scope& scope, std::string_view name) {
  if (const auto found = scope.values.find(name); found != scope.values.end()) return found->second;
  if (!scope.outer) return static_cast<Value*>(nullptr);
  TRY_ASSIGN(Value * value, lookup(*scope.outer, name));
  if (!value || scope.outer->target == scope.target || value->is_broken || value->is_absent) return value;
  if (value->is_sequence)
    return unsupported("'" + std::string(name) + "' is a sequence; bodies of loops and branches that are chosen at run time read tensors");
  // The name belongs to a network around this one. A constant is shared, everything else becomes an input here.
  if (is_constant(*scope.outer, *value)) {
    auto array = constant_of(*scope.outer, *value);
    if (array.ok()) {
      Value* copy = new_constant(value->name, std::move(*array));
      copy->is_strings = value->is_strings;
      scope.values.emplace(name, copy);
      return copy;
    }
  }
  if (!scope.captures) return internal("'" + std::string(name) + "' is captured by a graph that cannot");
  Tensor* tensor = tensor_of(*scope.outer, *value);
  TRY_ASSIGN(Tensor * input, scope.target->network->add_input(free_name(scope, tensor->name, nullptr), tensor->type));
  scope.target->named.insert(input);
  scope.captures->push_back(tensor);
  Value* captured = new_value(value->name);
  captured->tensor = input;
  scope.values.emplace(name, captured);
  return captured;
}

Tensor* Importer::tensor_of(Scope& scope, Value& value) {
  if (value.is_absent || value.is_broken || value.is_sequence) return nullptr;
  if (!value.tensor) {
    value.tensor = scope.target->network->add_constant(free_name(scope, scope.prefix + value.name, nullptr), value.constant);
    scope.target->named.insert(value.tensor);
  }
  return value.tensor;
}

bool Importer::is_constant(Scope& scope, const Value& value) {
  if (value.is_absent || value.is_broken || value.is_sequence) return false;
  return value.is_constant || scope.target->constants.is_constant(*value.tensor);
}

Result<Array> Importer::constant_of(Scope& scope, const Value& value) {
  if (value.is_constant) return value.constant;
  if (!value.tensor) return invalid("'" + value.name + "' has no values");
  return scope.target->constants.evaluate(*value.tensor);
}

Result<std::shared_ptr<Network>> Importer::import_subgraph(Scope& outer, const std::string& node_name, const proto::GraphProto& graph,
                                                           std::vector<Tensor*>* captures, const TensorTypes* input_types) {
  if (outer.depth >= kDeepestCall) return unsupported("graphs are nested more than " + std::to_string(kDeepestCall) + " deep");
  const size_t errors_before = errors_.size();
  auto network = std::make_shared<Network>();
  network->name = graph.name().empty() ? node_name : graph.name();
  network->number_symbols_from(outer.target->network->next_symbol_number());
  Target target(network.get(), &folded_bytes_left_);
  std::vector<Tensor*> captured;
  Scope scope;
  scope.target = &target;
  scope.outer = &outer;
  scope.opsets = outer.opsets;
  scope.attributes = outer.attributes;
  scope.call = outer.call;
  scope.prefix = outer.prefix;
  scope.captures = &captured;
  scope.depth = outer.depth + 1;
  const std::string where = "in the graph '" + network->name + "'";
  import_initializers(scope, graph);
  TRY(import_inputs(scope, graph, input_types).within(where));
  TRY(import_nodes(scope, graph.node()).within(where));
  if (errors_.size() > errors_before || is_full()) return Error{ErrorCode::kInvalid, ""};
  TRY(mark_outputs(scope, graph).within(where));
  if (!captures && !captured.empty()) return unsupported("its graph reads '" + captured[0]->name + "' from outside");
  if (captures) *captures = std::move(captured);
  outer.target->network->number_symbols_from(network->next_symbol_number());
  return network;
}

Status Importer::mark_outputs(Scope& scope, const proto::GraphProto& graph) {
  if (graph.output_size() == 0) return invalid("the graph '" + graph.name() + "' has no outputs");
  for (const auto& output : graph.output()) TRY(mark_output(scope, output));
  return Ok{};
}

Status Importer::mark_output(Scope& scope, const proto::ValueInfoProto& output) {
  Network& network = *scope.target->network;
  const std::string& name = output.name();
  TRY_ASSIGN(Value * value, lookup(scope, name));
  if (value && value->is_absent)
    return unsupported("the output '" + name + "' is an optional that is empty; a network's outputs are tensors");
  if (!value) return invalid("the output '" + name + "' is provided by no node, initializer or input of the graph");
  if (value->is_broken) return Ok{};
  if (value->is_sequence) return unsupported("the output '" + name + "' is a sequence; a network's outputs are tensors");
  if (value->is_strings) return unsupported("the output '" + name + "' holds strings; a network's outputs are numbers");
  Tensor* tensor = tensor_of(scope, *value);
  if (tensor->is_output() && tensor->name == scope.prefix + name) return invalid("two outputs are called '" + name + "'");
  // An output has a name and a place of its own.
  const bool shared = tensor->is_input() || tensor->is_constant() || tensor->is_output();
  if (shared) {
    TRY_ASSIGN(tensor, network.add(Elementwise(ScalarOp::kIdentity), {tensor}, "output '" + name + "'"));
    if (Tensor* other = network.find_tensor(name); other && !other->is_input() && !other->is_output()) {
      TRY(network.rename(other, free_name(scope, name + "_value", nullptr)));
    }
  }
  if (tensor->name != name) TRY(network.rename(tensor, free_name(scope, name, tensor)));
  scope.target->named.insert(tensor);
  TRY(network.mark_output(tensor));
  if (!output.type().has_tensor_type()) return Ok{};
  auto declared = read_type(output, symbols_, network, &tensor->type);
  if (declared.ok() && declared->type != tensor->type.type)
    log_.warning(options_.name + ": the output '" + name + "' is declared " + declared->text() + ", but its node gives " +
                 tensor->type.text());
  return Ok{};
}

void Importer::report(ImportCode code, std::string message, const ImportedNode* node, const Scope* scope) {
  if (is_full()) return;
  failed_nodes_.insert(main_node_);
  ImportError error;
  error.code = code;
  error.node = main_node_;
  for (const FunctionCall* call = scope ? scope->call : nullptr; call; call = call->outer)
    error.functions.insert(error.functions.begin(), call->function->name());
  std::string where = options_.name + ": ";
  for (const std::string& function : error.functions) where += "in function '" + function + "': ";
  if (node) {
    error.node_name = node->name();
    error.op_type = node->op_type();
    where += "node '" + node->name() + "' " + node->description() + ": ";
  }
  error.message = where + message;
  errors_.push_back(std::move(error));
}

}  // namespace ingot
