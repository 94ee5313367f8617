// UFF models as graphs: each node becomes the TensorFlow operator that it came from.
#include <google/protobuf/arena.h>
#include <google/protobuf/io/coded_stream.h>

#include <algorithm>
#include <climits>
#include <memory>
#include <set>

#include "import/file_guess.h"
#include "import/tensorflow/graph.h"
#include "import/uff/uff.pb.h"

namespace ingot {
namespace {

namespace uff = ::ingot_uff;
using Data = uff::Data;

constexpr int64_t kIncrement = INT32_MAX;  // in an order: the spatial axes from here on

class Reader {
 public:
  explicit Reader(std::shared_ptr<const uff::MetaGraph> message) : message_(std::move(message)) {}

  Result<TfGraph> read() {
    graph_.is_uff = true;
    if (message_->graphs_size() == 0 || message_->graphs(0).nodes_size() == 0) return invalid("the model has no nodes; is it a UFF file?");
    if (message_->version() > 1) return unsupported("the file is of UFF version " + std::to_string(message_->version()) + "; 1 is known");
    for (const auto& node : message_->graphs(0).nodes()) add(node);
    find_ends(graph_);
    return std::move(graph_);
  }

 private:
  // The data of a field, behind references; null where there is none.
  const Data* data(const Data* field) const {
    for (int steps = 0; field && field->data_case() == Data::kRef; ++steps) {
      const auto found = message_->referenced_data().find(field->ref());
      if (found == message_->referenced_data().end() || steps == 16) return nullptr;
      field = &found->second;
    }
    return field;
  }
  const Data* field(const uff::Node& node, const char* name) const {
    const auto found = node.fields().find(name);
    return found == node.fields().end() ? nullptr : data(&found->second);
  }
  std::string word(const uff::Node& node, const char* name) const {
    const Data* value = field(node, name);
    return value && value->data_case() == Data::kS ? value->s() : "";
  }
  std::vector<int64_t> list(const uff::Node& node, const char* name) const {
    const Data* value = field(node, name);
    if (value && value->data_case() == Data::kI) return {value->i()};
    if (!value || value->data_case() != Data::kIList) return {};
    return {value->i_list().val().begin(), value->i_list().val().end()};
  }
  // The order of input `index`, of any rank.
  std::vector<int64_t> order(const uff::Node& node, int index) const {
    const Data* value = field(node, "inputs_orders");
    if (!value || value->data_case() != Data::kDimOrdersList || value->dim_orders_list().val_size() <= index) return {};
    const auto& orders = value->dim_orders_list().val(index).orders();
    auto found = orders.find(-1);
    if (found == orders.end()) found = orders.begin();
    if (found == orders.end()) return {};
    return {found->second.val().begin(), found->second.val().end()};
  }

  static std::optional<DataType> type_of(int32_t dtype) {
    switch (dtype) {
      case 0x10008: return DataType::kInt8;
      case 0x10010: return DataType::kInt16;
      case 0x10020: return DataType::kInt32;
      case 0x10040: return DataType::kInt64;
      case 0x20010: return DataType::kHalf;
      case 0x20020: return DataType::kFloat;
      default: return std::nullopt;
    }
  }
  std::optional<DataType> type_field(const uff::Node& node) const {
    const Data* value = field(node, "dtype");
    return value && value->data_case() == Data::kDtype ? type_of(value->dtype()) : DataType::kFloat;
  }

  static std::optional<TfAttribute> attribute_of(const Data& value) {
    switch (value.data_case()) {
      case Data::kS: return unquoted(value.s());
      case Data::kSList: return std::vector<std::string>(value.s_list().val().begin(), value.s_list().val().end());
      case Data::kD: return value.d();
      case Data::kDList: return std::vector<double>(value.d_list().val().begin(), value.d_list().val().end());
      case Data::kB: return value.b();
      case Data::kI: return value.i();
      case Data::kIList: return std::vector<int64_t>(value.i_list().val().begin(), value.i_list().val().end());
      case Data::kDtype: return TfType{type_of(value.dtype())};
      default: return std::nullopt;
    }
  }
  // Python 3 wrote words as "b'NHWC'".
  static std::string unquoted(const std::string& text) {
    if (text.size() >= 3 && text.starts_with("b'") && text.ends_with("'")) return text.substr(2, text.size() - 3);
    return text;
  }

  void add(const uff::Node& source) {
    TfNode node{source.id(), source.operation(), {}, {}, {}, ""};
    for (const std::string& input : source.inputs()) node.inputs.push_back({input, 0});
    for (const auto& [name, value] : source.fields()) {
      const Data* resolved = data(&value);
      if (auto attribute = resolved ? attribute_of(*resolved) : std::nullopt) node.attributes.emplace(name, std::move(*attribute));
    }
    const std::string& operation = source.operation();
    if (operation == "MarkOutput") {
      for (const std::string& input : source.inputs()) graph_.outputs.push_back(input);
      node.op = "Identity";  // an output may also be asked for by this name
    } else if (operation == "Input") {
      node.op = "Placeholder";
      const std::vector<int64_t> shape = list(source, "shape");
      node.attributes["shape"] = shape.empty() ? TfShape{} : TfShape{shape};
      node.attributes["dtype"] = TfType{type_field(source)};
    } else if (operation == "Const") {
      Status status = add_constant(source, node);
      if (!status.ok()) node.broken = std::move(status).error().message;
    } else if (operation == "Conv" || operation == "ConvTranspose" || operation == "Pool") {
      add_window(source, node);
    } else if (operation == "FullyConnected") {
      node.op = "MatMul";
      node.attributes["transpose_a"] = order(source, 0) == std::vector<int64_t>{1, 0};
      node.attributes["transpose_b"] = order(source, 1) == std::vector<int64_t>{0, 1};
    } else if (operation == "LRN") {
      if (const auto* radius = node.find<int64_t>("window_size")) node.attributes["depth_radius"] = *radius;
      if (const auto* k = node.find<double>("k")) node.attributes["bias"] = *k;
      set_format(source, node);
    } else if (operation == "BatchNorm") {
      node.op = "FusedBatchNorm";
      set_format(source, node);
    } else if (operation == "Binary" || operation == "Unary" || operation == "Activation") {
      node.op = name_of_function(word(source, "func"));
      if (node.op.empty()) node.broken = "the function '" + word(source, "func") + "' is not known";
    } else if (operation == "Reduce") {
      node.op = name_of_function(word(source, "func"));
      if (node.op == "Minimum" || node.op == "Maximum") node.op = node.op == "Minimum" ? "Min" : "Max";
      if (node.op.empty()) node.broken = "the function '" + word(source, "func") + "' is not known";
      if (const auto* keep = node.find<bool>("keepdims")) node.attributes["keep_dims"] = *keep;
    } else if (operation == "Concat") {
      node.op = "ConcatV2";
    } else if (operation == "Stack") {
      node.op = "Pack";
    } else if (operation.starts_with("_")) {
      node.op = operation.substr(1);
    }
    graph_.nodes.push_back(std::move(node));
  }

  static std::string name_of_function(const std::string& function) {
    static const std::pair<const char*, const char*> kNames[] = {
        {"min", "Minimum"}, {"max", "Maximum"}, {"mul", "Mul"},     {"sub", "Sub"},           {"div", "RealDiv"},
        {"add", "Add"},     {"pow", "Pow"},     {"neg", "Neg"},     {"exp", "Exp"},           {"log", "Log"},
        {"abs", "Abs"},     {"sqrt", "Sqrt"},   {"rsqrt", "Rsqrt"}, {"square", "Square"},     {"sin", "Sin"},
        {"cos", "Cos"},     {"tan", "Tan"},     {"sinh", "Sinh"},   {"cosh", "Cosh"},         {"asin", "Asin"},
        {"acos", "Acos"},   {"atan", "Atan"},   {"asinh", "Asinh"}, {"acosh", "Acosh"},       {"atanh", "Atanh"},
        {"ceil", "Ceil"},   {"floor", "Floor"}, {"relu", "Relu"},   {"relu6", "Relu6"},       {"sigmoid", "Sigmoid"},
        {"tanh", "Tanh"},   {"elu", "Elu"},     {"selu", "Selu"},   {"softsign", "Softsign"}, {"softplus", "Softplus"},
        {"sum", "Sum"},     {"prod", "Prod"},   {"mean", "Mean"}};
    for (const auto& [ours, theirs] : kNames) {
      if (function == ours) return theirs;
    }
    return "";
  }

  void set_format(const uff::Node& source, TfNode& node) const {
    const std::vector<int64_t> axes = order(source, 0);
    node.attributes["data_format"] =
        std::string(axes.size() > 1 && axes[0] == 0 && axes[1] == 1 && axes != std::vector<int64_t>{0, 1} ? "NCHW" : "NHWC");
  }

  void add_window(const uff::Node& source, TfNode& node) {
    const std::string& operation = source.operation();
    set_format(source, node);
    if (operation == "Pool") {
      const std::string function = word(source, "func");
      node.op = function == "max" ? "MaxPool" : function == "avg" ? "AvgPool" : "";
      if (node.op.empty()) node.broken = "the function '" + function + "' is not known; it is max or avg";
      node.attributes["ksize"] = list(source, "kernel");
    } else {
      node.op = operation == "Conv" ? "Conv2D" : "Conv2DBackpropInput";
      const std::vector<int64_t> kernel = order(source, 1);
      const std::vector<int64_t> wanted =
          operation == "Conv" ? std::vector<int64_t>{2, kIncrement, 1, 0} : std::vector<int64_t>{2, kIncrement, 0, 1};
      if (operation == "Conv" && kernel == std::vector<int64_t>{0, 1, 2, kIncrement})
        node.attributes["kernel_is_oihw"] = true;
      else if (!kernel.empty() && kernel != wanted)
        node.broken = "the order of its kernel is not known";
      // Inputs are x, kernel and the dims of the output; TensorFlow has them the other way round.
      if (operation == "ConvTranspose") std::reverse(node.inputs.begin(), node.inputs.end());
    }
    if (const std::vector<int64_t> dilations = list(source, "dilation"); !dilations.empty()) node.attributes["dilations"] = dilations;
    const std::vector<int64_t> padding = list(source, "padding");
    if (word(source, "implicit_padding") == "same") {
      node.attributes["padding"] = std::string("SAME");
    } else if (padding.size() == 2 && (padding[0] != 0 || padding[1] != 0)) {
      node.attributes["padding"] = std::string("EXPLICIT");
      const bool first = *node.find<std::string>("data_format") == "NCHW";
      const std::vector<int64_t> sides = {padding[0], padding[0], padding[1], padding[1]}, none = {0, 0};
      std::vector<int64_t> all = {0, 0};
      if (first) all.insert(all.end(), none.begin(), none.end());
      all.insert(all.end(), sides.begin(), sides.end());
      all.resize(8, 0);
      node.attributes["explicit_paddings"] = all;
    } else {
      node.attributes["padding"] = std::string("VALID");
    }
  }

  Status add_constant(const uff::Node& source, TfNode& node) const {
    const Data* values = field(source, "values");
    const auto type = type_field(source);
    if (!type) return unsupported("its values have a type that is not known");
    if (!values || values->data_case() != Data::kBlob) return invalid("it has no values");
    const Shape shape = list(source, "shape");
    TRY_ASSIGN(int64_t count, volume(shape));
    const size_t bytes = bytes_of(*type, count);
    // The converter left the values of some int64 scalars out.
    if (values->blob().size() != bytes)
      return invalid("its values " + to_text(shape) + " take " + std::to_string(bytes) + " bytes, but there are " +
                     std::to_string(values->blob().size()));
    if (bytes == 0) {
      TRY_ASSIGN(Array empty, Array::make(*type, shape));
      node.attributes["value"] = std::move(empty);
      return Ok{};
    }
    node.attributes["value"] = Array::borrow(*type, shape, values->blob().data(), message_);
    return Ok{};
  }

  std::shared_ptr<const uff::MetaGraph> message_;
  TfGraph graph_;
};

}  // namespace

Result<TfGraph> read_uff(Bytes bytes) {
  if (bytes.empty() || bytes.size() > INT_MAX)
    return invalid("the file has " + std::to_string(bytes.size()) + " bytes; a UFF model has from 1 byte to 2 GiB");
  const auto arena = std::make_shared<google::protobuf::Arena>();
  const std::shared_ptr<uff::MetaGraph> message(arena, google::protobuf::Arena::CreateMessage<uff::MetaGraph>(arena.get()));
  google::protobuf::io::CodedInputStream stream(reinterpret_cast<const uint8_t*>(bytes.data()), static_cast<int>(bytes.size()));
  stream.SetTotalBytesLimit(INT_MAX);
  stream.SetRecursionLimit(50);
  if (!message->ParseFromCodedStream(&stream) || !stream.ConsumedEntireMessage())
    return invalid("not a UFF model, or truncated: its " + std::to_string(bytes.size()) + " bytes are no complete protobuf message" +
                   guess_of(bytes));
  return Reader(message).read();
}

}  // namespace ingot
