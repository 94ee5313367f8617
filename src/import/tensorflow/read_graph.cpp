// GraphDef as a graph.
#include <algorithm>
#include <cstring>
#include <set>
#include <unordered_map>

#include "import/tensorflow/messages.h"

namespace ingot {

std::optional<DataType> tf_type_of(int32_t dtype) {
  switch (dtype) {
    case 1: return DataType::kFloat;
    case 2: return DataType::kDouble;
    case 3: return DataType::kInt32;
    case 4: return DataType::kUint8;
    case 5: return DataType::kInt16;
    case 6: return DataType::kInt8;
    case 9: return DataType::kInt64;
    case 10: return DataType::kBool;
    case 14: return DataType::kBf16;
    case 17: return DataType::kUint16;
    case 19: return DataType::kHalf;
    case 22: return DataType::kUint32;
    case 23: return DataType::kUint64;
    default: return std::nullopt;
  }
}

namespace {

// The list's elements in order, the last one again and again. `set` takes an index and one element.
template <class List, class Set>
void fill(const List& list, int64_t count, Set&& set) {
  if (list.empty()) return;  // zeros
  for (int64_t i = 0; i < count; ++i) set(i, list[static_cast<int>(std::min<int64_t>(i, list.size() - 1))]);
}

Result<Array> read_tensor(const tf::TensorProto& tensor, const std::shared_ptr<const void>& keeper, int64_t most_bytes) {
  const auto type = tf_type_of(tensor.dtype());
  if (!type)
    return unsupported("its values have TensorFlow's type " + std::to_string(tensor.dtype()) + ", which is no number type that is known");
  Shape shape;
  for (const auto& dim : tensor.tensor_shape().dim()) shape.push_back(dim.size());
  TRY_ASSIGN(int64_t count, volume(shape));
  if (!tensor.tensor_content().empty()) {
    const size_t bytes = bytes_of(*type, count);
    if (bytes != tensor.tensor_content().size())
      return invalid("its values " + to_text(shape) + " take " + std::to_string(bytes) + " bytes, but there are " +
                     std::to_string(tensor.tensor_content().size()));
    if (*type != DataType::kBool) return Array::borrow(*type, shape, tensor.tensor_content().data(), keeper);
    TRY_ASSIGN(Array flags, Array::make(*type, shape));
    for (int64_t i = 0; i < count; ++i) flags.set_integer(i, tensor.tensor_content()[static_cast<size_t>(i)] != 0);
    return flags;
  }
  if (count > most_bytes / 8) return invalid("its values " + to_text(shape) + " are written in short and are more than the limit");
  TRY_ASSIGN(Array array, Array::make(*type, shape));
  const auto set_number = [&](int64_t i, auto value) { array.set_number(i, static_cast<double>(value)); };
  const auto set_integer = [&](int64_t i, auto value) { array.set_integer(i, static_cast<int64_t>(value)); };
  switch (*type) {
    case DataType::kFloat: fill(tensor.float_val(), count, set_number); break;
    case DataType::kDouble: fill(tensor.double_val(), count, set_number); break;
    case DataType::kInt64: fill(tensor.int64_val(), count, set_integer); break;
    case DataType::kBool: fill(tensor.bool_val(), count, set_integer); break;
    case DataType::kUint32: fill(tensor.uint32_val(), count, set_integer); break;
    case DataType::kUint64: fill(tensor.uint64_val(), count, set_integer); break;
    case DataType::kHalf:
    case DataType::kBf16:
      fill(tensor.half_val(), count, [&](int64_t i, int32_t bits) {
        const auto low = static_cast<uint16_t>(bits);
        std::memcpy(static_cast<std::byte*>(array.mutable_data()) + i * 2, &low, 2);
      });
      break;
    default: fill(tensor.int_val(), count, set_integer);
  }
  return array;
}

TfShape shape_of(const tf::TensorShapeProto& shape) {
  if (shape.unknown_rank()) return {};
  Shape dims;
  for (const auto& dim : shape.dim()) dims.push_back(dim.size());
  return {dims};
}

std::optional<TfAttribute> attribute_of(const tf::AttrValue& value) {
  using Value = tf::AttrValue;
  switch (value.value_case()) {
    case Value::kS: return value.s();
    case Value::kI: return value.i();
    case Value::kF: return static_cast<double>(value.f());
    case Value::kB: return value.b();
    case Value::kType: return TfType{tf_type_of(value.type())};
    case Value::kShape: return shape_of(value.shape());
    case Value::kFunc: return value.func().name();
    case Value::kList: {
      const auto& list = value.list();
      if (list.s_size()) return std::vector<std::string>(list.s().begin(), list.s().end());
      if (list.func_size()) {
        std::vector<std::string> names;
        for (const auto& function : list.func()) names.push_back(function.name());
        return names;
      }
      if (list.f_size()) return std::vector<double>(list.f().begin(), list.f().end());
      return std::vector<int64_t>(list.i().begin(), list.i().end());
    }
    default: return std::nullopt;
  }
}

// "name", "name:2" or "^name", which only orders.
std::optional<TfInput> input_of(const std::string& text) {
  if (text.starts_with("^")) return std::nullopt;
  const size_t colon = text.rfind(':');
  if (colon == std::string::npos || colon + 1 == text.size() || text.size() - colon > 6 ||
      text.find_first_not_of("0123456789", colon + 1) != std::string::npos)
    return TfInput{text, 0};
  return TfInput{text.substr(0, colon), std::atoll(text.c_str() + colon + 1)};
}

TfNode node_of(const tf::NodeDef& def, const std::shared_ptr<const void>& keeper, int64_t most_bytes) {
  TfNode node{def.name(), def.op(), {}, {}, {}, ""};
  for (const auto& [name, value] : def.attr()) {
    if (value.value_case() == tf::AttrValue::kTensor) {
      auto tensor = read_tensor(value.tensor(), keeper, most_bytes);
      if (tensor.ok())
        node.attributes.emplace(name, std::move(*tensor));
      else
        node.broken = std::move(tensor).error().message;
    } else if (auto attribute = attribute_of(value)) {
      node.attributes.emplace(name, std::move(*attribute));
    }
  }
  return node;
}

// Outputs of operators that have several, by name; each of the others has one, or one list.
int64_t first_output(std::string_view op, std::string_view output) {
  static const std::map<std::string_view, std::vector<std::string_view>> kNames = {
      {"FusedBatchNorm", {"y", "batch_mean", "batch_variance", "reserve_space_1", "reserve_space_2"}},
      {"FusedBatchNormV2", {"y", "batch_mean", "batch_variance", "reserve_space_1", "reserve_space_2"}},
      {"FusedBatchNormV3", {"y", "batch_mean", "batch_variance", "reserve_space_1", "reserve_space_2", "reserve_space_3"}},
      {"TopK", {"values", "indices"}},
      {"TopKV2", {"values", "indices"}},
      {"Unique", {"y", "idx"}},
      {"UniqueV2", {"y", "idx"}},
      {"Switch", {"output_false", "output_true"}},
      {"Merge", {"output", "value_index"}},
      {"MaxPoolWithArgmax", {"output", "argmax"}},
      {"TensorArrayV3", {"handle", "flow"}},
      {"TensorListPopBack", {"output_handle", "tensor"}},
      {"NonMaxSuppressionV4", {"selected_indices", "valid_outputs"}},
      {"NonMaxSuppressionV5", {"selected_indices", "selected_scores", "valid_outputs"}},
      {"CombinedNonMaxSuppression", {"nmsed_boxes", "nmsed_scores", "nmsed_classes", "valid_detections"}}};
  const auto found = kNames.find(op);
  if (found == kNames.end()) return 0;
  const auto place = std::find(found->second.begin(), found->second.end(), output);
  return place == found->second.end() ? 0 : place - found->second.begin();
}

// In functions, nodes read arguments as "argument" and others as "node:output:0".
TfInput function_input_of(const std::string& text, const std::unordered_map<std::string, std::string>& ops) {
  const size_t first = text.find(':');
  if (first == std::string::npos) return {text, 0};
  const size_t second = text.find(':', first + 1);
  const std::string node = text.substr(0, first);
  if (second == std::string::npos) return input_of(text).value_or(TfInput{text, 0});
  const auto op = ops.find(node);
  const int64_t place = text.size() - second < 8 ? std::atoll(text.c_str() + second + 1) : 0;
  return {node, place + (op == ops.end() ? 0 : first_output(op->second, std::string_view(text).substr(first + 1, second - first - 1)))};
}

std::shared_ptr<const TfFunction> function_of(const tf::FunctionDef& def, const std::shared_ptr<const void>& keeper, int64_t most_bytes) {
  auto function = std::make_shared<TfFunction>();
  std::unordered_map<std::string, std::string> ops;
  for (const auto& node : def.node_def()) ops.emplace(node.name(), node.op());
  for (const auto& argument : def.signature().input_arg()) {
    function->arguments.push_back(argument.name());
    function->graph.nodes.push_back({argument.name(), "_Arg", {}, {}, {}, ""});
  }
  for (const auto& node_def : def.node_def()) {
    TfNode node = node_of(node_def, keeper, most_bytes);
    for (const std::string& text : node_def.input()) {
      if (!text.starts_with("^")) node.inputs.push_back(function_input_of(text, ops));
    }
    function->graph.nodes.push_back(std::move(node));
  }
  for (const auto& result : def.signature().output_arg()) {
    const auto found = def.ret().find(result.name());
    function->results.push_back(function_input_of(found == def.ret().end() ? result.name() : found->second, ops));
  }
  fold_dilations(function->graph);
  return function;
}

}  // namespace

void find_ends(TfGraph& graph) {
  std::unordered_map<std::string_view, const TfNode*> nodes;
  std::set<std::string_view> read;
  for (const TfNode& node : graph.nodes) {
    nodes.emplace(node.name, &node);
    for (const TfInput& input : node.inputs) read.insert(input.node);
    if (node.op == "NoOp") continue;
    for (const std::string& control : node.controls) read.insert(control);
  }
  for (const TfNode& node : graph.nodes) {
    if (read.contains(node.name) || node.op == "Const" || node.op == "NoOp" || node.op == "Assert" || node.op == "Switch" ||
        node.inputs.empty())
      continue;
    // "cond/switch_f" hands on a switch for those that wait for it.
    const auto from = nodes.find(node.inputs[0].node);
    if (node.op == "Identity" && from != nodes.end() && from->second->op == "Switch") continue;
    graph.ends.push_back(node.name);
  }
}

TfGraph tf_graph_of(const tf::GraphDef& message, const std::shared_ptr<const void>& keeper, int64_t most_bytes) {
  TfGraph graph;
  graph.nodes.reserve(static_cast<size_t>(message.node_size()));
  for (const auto& def : message.node()) {
    TfNode node = node_of(def, keeper, most_bytes);
    for (const std::string& text : def.input()) {
      if (auto input = input_of(text))
        node.inputs.push_back(std::move(*input));
      else
        node.controls.push_back(text.substr(1));
    }
    graph.nodes.push_back(std::move(node));
  }
  for (const auto& def : message.library().function())
    graph.functions.emplace(def.signature().name(), function_of(def, keeper, most_bytes));
  find_ends(graph);
  fold_dilations(graph);
  turn_frames_into_functions(graph);
  return graph;
}

Result<TfGraph> read_graph_def(Bytes bytes, int64_t most_constant_bytes) {
  TRY_ASSIGN(auto message, parse_tf_message<tf::GraphDef>(bytes, "a TensorFlow graph"));
  if (message->node_size() == 0) return invalid("the graph has no nodes; is it a frozen TensorFlow graph (GraphDef)?");
  return tf_graph_of(*message, message, most_constant_bytes);
}

}  // namespace ingot
