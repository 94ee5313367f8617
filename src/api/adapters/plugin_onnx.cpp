#include "api/adapters/plugin_onnx.h"

#include <algorithm>
#include <cstring>

#include "api/adapters/plugin_v3.h"
#include "api/plugin_registry.h"
#include "api/plugins/stock.h"
#include "api/plugins/stock_creators.h"

namespace ingot::api {
namespace {

using nvinfer1::PluginField;
using nvinfer1::PluginFieldType;

template <class T>
std::vector<std::byte> bytes_of_values(const std::vector<double>& values) {
  std::vector<std::byte> bytes(values.size() * sizeof(T));
  for (size_t i = 0; i < values.size(); ++i) {
    const T value = static_cast<T>(values[i]);
    std::memcpy(bytes.data() + i * sizeof(T), &value, sizeof value);
  }
  return bytes;
}

// The values of an attribute as a field's type wants them.
struct Converted {
  std::vector<std::byte> bytes;
  int32_t length = 0;
};

Result<Converted> convert(const std::string& name, const FieldValue& value, PluginFieldType type) {
  Converted result;
  if (const auto* text = std::get_if<std::string>(&value)) {
    // With the 0 at its end, which programs read to.
    result.bytes.resize(text->size() + 1);
    std::memcpy(result.bytes.data(), text->c_str(), text->size() + 1);
    result.length = static_cast<int32_t>(text->size());
    return result;
  }
  std::vector<int64_t> integers;
  std::vector<double> numbers;
  if (const auto* array = std::get_if<Array>(&value)) {
    if (is_floating(array->type())) {
      for (int64_t i = 0; i < array->count(); ++i) numbers.push_back(array->number(i));
    } else {
      integers = array->integers();
    }
  } else if (const auto* flag = std::get_if<bool>(&value)) {
    integers = {*flag};
  } else if (const auto* integer = std::get_if<int64_t>(&value)) {
    integers = {*integer};
  } else if (const auto* number = std::get_if<double>(&value)) {
    numbers = {*number};
  } else if (const auto* integer_list = std::get_if<std::vector<int64_t>>(&value)) {
    integers = *integer_list;
  } else if (const auto* number_list = std::get_if<std::vector<double>>(&value)) {
    numbers = *number_list;
  } else {
    return unsupported("the attribute '" + name + "' is of a kind that no field of a plugin takes");
  }
  if (type == PluginFieldType::kINT64) {
    if (integers.empty()) integers.assign(numbers.begin(), numbers.end());
    result.bytes.resize(integers.size() * sizeof(int64_t));
    if (!integers.empty()) std::memcpy(result.bytes.data(), integers.data(), result.bytes.size());
    result.length = static_cast<int32_t>(integers.size());
    return result;
  }
  if (type == PluginFieldType::kDIMS) {
    if (integers.size() > WideDims::MAX_DIMS)
      return invalid("the attribute '" + name + "' has " + std::to_string(integers.size()) + " values; a shape has up to 8");
    const WideDims dims = to_api(integers);
    result.bytes.resize(sizeof dims);
    std::memcpy(result.bytes.data(), &dims, sizeof dims);
    result.length = 1;
    return result;
  }
  if (numbers.empty()) numbers.assign(integers.begin(), integers.end());
  result.length = static_cast<int32_t>(numbers.size());
  switch (type) {
    case PluginFieldType::kFLOAT32: result.bytes = bytes_of_values<float>(numbers); break;
    case PluginFieldType::kFLOAT64: result.bytes = bytes_of_values<double>(numbers); break;
    case PluginFieldType::kINT8:
    case PluginFieldType::kCHAR: result.bytes = bytes_of_values<int8_t>(numbers); break;
    case PluginFieldType::kINT16: result.bytes = bytes_of_values<int16_t>(numbers); break;
    case PluginFieldType::kINT32: result.bytes = bytes_of_values<int32_t>(numbers); break;
    default:
      return unsupported("the attribute '" + name + "' is for a field of type " + std::to_string(static_cast<int>(type)) +
                         ", which attributes do not fill");
  }
  return result;
}

// What a creator asks for, from the attributes that the node has.
struct NodeFields {
  std::vector<std::string> names;
  std::vector<Converted> values;
  std::vector<PluginField> fields;
  nvinfer1::PluginFieldCollection collection{0, nullptr};
};

Result<std::unique_ptr<NodeFields>> fields_of(const ForeignNode& node, const nvinfer1::PluginFieldCollection* wanted) {
  auto result = std::make_unique<NodeFields>();
  TRY_ASSIGN(const std::vector<Field> attributes, node.attributes());
  std::vector<PluginFieldType> types;
  for (int32_t i = 0; wanted && wanted->fields && i < wanted->nbFields; ++i) {
    const PluginField& field = wanted->fields[i];
    const std::string name = field.name ? field.name : "";
    const auto found = std::find_if(attributes.begin(), attributes.end(), [&](const Field& attribute) { return attribute.name == name; });
    if (found == attributes.end()) continue;
    TRY_ASSIGN(Converted converted, convert(name, found->value, field.type));
    result->names.push_back(name);
    result->values.push_back(std::move(converted));
    types.push_back(field.type);
  }
  for (size_t i = 0; i < types.size(); ++i)
    result->fields.emplace_back(result->names[i].c_str(), result->values[i].bytes.data(), types[i], result->values[i].length);
  result->collection = {static_cast<int32_t>(result->fields.size()), result->fields.data()};
  return result;
}

Result<std::vector<Tensor*>> import_plugin(const ForeignNode& node, Network& network, nvinfer1::IPluginCreatorInterface& found,
                                           nvinfer1::QuickPluginCreationRequest request) {
  TRY_ASSIGN(const CreatorIdentity identity, identify(found));
  const std::string what = "the creator of '" + identity.name + "'";
  std::vector<Tensor*> inputs;
  for (size_t i = 0; i < node.input_count(); ++i) {
    if (!node.input(i)) return unsupported("input " + std::to_string(i) + " is left out; a plugin takes all of its inputs");
    inputs.push_back(node.input(i));
  }
  std::unique_ptr<Plugin> op;
  const nvinfer1::PluginFieldCollection* wanted = nullptr;
  if (!identity.is_v3) {
    auto& creator = static_cast<nvinfer1::IPluginCreator&>(found);
    TRY(call_plugin(what + ": getFieldNames", [&] { wanted = creator.getFieldNames(); }));
    TRY_ASSIGN(const std::unique_ptr<NodeFields> fields, fields_of(node, wanted));
    nvinfer1::IPluginV2* made = nullptr;
    TRY(call_plugin(what + ": createPlugin",
                    [&]() -> bool { return (made = creator.createPlugin(node.name().c_str(), &fields->collection)) != nullptr; }));
    // The operator clones it.
    auto result = plugin_operator(*made, false);
    TRY(call_plugin(what + ": destroy", [&] { made->destroy(); }));
    if (!result.ok()) return std::move(result).error();
    op = std::move(result).value();
    op->space = identity.space;
  } else {
    auto& creator = static_cast<nvinfer1::IPluginCreatorV3One&>(found);
    auto& quick = static_cast<nvinfer1::IPluginCreatorV3Quick&>(found);
    TRY(call_plugin(what + ": getFieldNames", [&] { wanted = identity.is_quick ? quick.getFieldNames() : creator.getFieldNames(); }));
    TRY_ASSIGN(const std::unique_ptr<NodeFields> fields, fields_of(node, wanted));
    TRY_ASSIGN(const std::vector<int64_t> shape_inputs, node.integers("tensorrt_plugin_shape_input_indices", {}));
    for (int64_t index : shape_inputs) {
      if (index < 0 || static_cast<size_t>(index) >= inputs.size())
        return invalid("tensorrt_plugin_shape_input_indices names input " + std::to_string(index) + " of " + std::to_string(inputs.size()));
    }
    // Shape inputs go behind the others.
    std::vector<Tensor*> ordered;
    for (size_t i = 0; i < inputs.size(); ++i) {
      if (std::find(shape_inputs.begin(), shape_inputs.end(), static_cast<int64_t>(i)) == shape_inputs.end()) ordered.push_back(inputs[i]);
    }
    for (int64_t index : shape_inputs) ordered.push_back(inputs[static_cast<size_t>(index)]);
    inputs = std::move(ordered);
    nvinfer1::IPluginV3* made = nullptr;
    TRY(call_plugin(what + ": createPlugin", [&]() -> bool {
      constexpr auto kPhase = nvinfer1::TensorRTPhase::kBUILD;
      made = identity.is_quick ? quick.createPlugin(node.name().c_str(), identity.space.c_str(), &fields->collection, kPhase, request)
                               : creator.createPlugin(node.name().c_str(), &fields->collection, kPhase);
      return made != nullptr;
    }));
    const std::unique_ptr<nvinfer1::IPluginV3> owned(made);
    TRY_ASSIGN(op, plugin_operator(*made, shape_inputs.size()));
    TRY(name_sizes(network, *op, *made, inputs));
  }
  TRY_ASSIGN(Layer * layer, network.add_layer(std::move(op), std::move(inputs), node.name()));
  if (layer->outputs().size() < node.output_count())
    return invalid("the plugin has " + std::to_string(layer->outputs().size()) + " outputs; the node names " +
                   std::to_string(node.output_count()));
  return layer->outputs();
}

}  // namespace

CustomImport import_plugins(nvinfer1::IPluginRegistry& registry, nvinfer1::QuickPluginCreationRequest request) {
  return [&registry, request](const ForeignNode& node, Network& network) -> std::optional<Result<std::vector<Tensor*>>> {
    const auto version = node.word("plugin_version", "1"), space = node.word("plugin_namespace", "");
    if (!version.ok() || !space.ok()) return std::nullopt;
    nvinfer1::IPluginCreatorInterface* creator = registry.getCreator(node.op_type().c_str(), version->c_str(), space->c_str());
    // Without a namespace of its own, the node's domain may be one.
    if (!creator && space->empty() && !node.domain().empty())
      creator = registry.getCreator(node.op_type().c_str(), version->c_str(), node.domain().c_str());
    // The ready-made ones serve models of programs that do not ask for them too.
    if (!creator && find_stock_kind(node.op_type(), *version) && ingotRegisterPlugins(nullptr, space->c_str()))
      creator = registry.getCreator(node.op_type().c_str(), version->c_str(), space->c_str());
    if (!creator) return std::nullopt;
    return import_plugin(node, network, *creator, request);
  };
}

}  // namespace ingot::api
