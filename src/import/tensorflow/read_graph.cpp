// GraphDef and SavedModel as graphs.
#include <google/protobuf/arena.h>
#include <google/protobuf/io/coded_stream.h>

#include <climits>
#include <cstring>
#include <memory>

#include "import/tensorflow/graph.h"
#include "import/tensorflow/tensorflow.pb.h"

namespace ingot {
namespace {

namespace tf = ::ingot_tensorflow;

std::optional<DataType> type_of(int32_t dtype) {
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

// The list's elements in order, the last one again and again. `set` takes an index and one element.
template <class List, class Set>
void fill(const List& list, int64_t count, Set&& set) {
  if (list.empty()) return;  // zeros
  for (int64_t i = 0; i < count; ++i) set(i, list[static_cast<int>(std::min<int64_t>(i, list.size() - 1))]);
}

Result<Array> read_tensor(const tf::TensorProto& tensor, const std::shared_ptr<const void>& keeper, int64_t most_bytes) {
  const auto type = type_of(tensor.dtype());
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
    case Value::kType: return TfType{type_of(value.type())};
    case Value::kShape: return shape_of(value.shape());
    case Value::kList: {
      const auto& list = value.list();
      if (list.s_size()) return std::vector<std::string>(list.s().begin(), list.s().end());
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

TfGraph graph_of(const tf::GraphDef& message, const std::shared_ptr<const void>& keeper, int64_t most_bytes) {
  TfGraph graph;
  graph.nodes.reserve(static_cast<size_t>(message.node_size()));
  for (const auto& def : message.node()) {
    TfNode node{def.name(), def.op(), {}, {}, ""};
    for (const std::string& text : def.input()) {
      if (auto input = input_of(text)) node.inputs.push_back(std::move(*input));
    }
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
    graph.nodes.push_back(std::move(node));
  }
  return graph;
}

template <class Message>
Result<std::shared_ptr<const Message>> parse(Bytes bytes, const char* what) {
  if (bytes.empty() || bytes.size() > INT_MAX)
    return invalid("the file has " + std::to_string(bytes.size()) + " bytes; " + what + " has from 1 byte to 2 GiB");
  const auto arena = std::make_shared<google::protobuf::Arena>();
  const std::shared_ptr<Message> message(arena, google::protobuf::Arena::CreateMessage<Message>(arena.get()));
  google::protobuf::io::CodedInputStream stream(reinterpret_cast<const uint8_t*>(bytes.data()), static_cast<int>(bytes.size()));
  stream.SetTotalBytesLimit(INT_MAX);
  stream.SetRecursionLimit(50);
  if (!message->ParseFromCodedStream(&stream) || !stream.ConsumedEntireMessage())
    return invalid(std::string("not ") + what + ", or truncated: its " + std::to_string(bytes.size()) +
                   " bytes are no complete protobuf message");
  return std::shared_ptr<const Message>(message);
}

}  // namespace

Result<TfGraph> read_graph_def(Bytes bytes, int64_t most_constant_bytes) {
  TRY_ASSIGN(auto message, parse<tf::GraphDef>(bytes, "a TensorFlow graph"));
  if (message->node_size() == 0) return invalid("the graph has no nodes; is it a frozen TensorFlow graph (GraphDef)?");
  return graph_of(*message, message, most_constant_bytes);
}

Result<TfGraph> read_saved_model(Bytes bytes, int64_t most_constant_bytes) {
  TRY_ASSIGN(auto message, parse<tf::SavedModel>(bytes, "a TensorFlow SavedModel"));
  if (message->meta_graphs_size() == 0) return invalid("the SavedModel has no graphs");
  const auto& graph = message->meta_graphs(0).graph_def();
  if (graph.node_size() == 0) return invalid("the SavedModel's graph has no nodes");
  return graph_of(graph, message, most_constant_bytes);
}

}  // namespace ingot
