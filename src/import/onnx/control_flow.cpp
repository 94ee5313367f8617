// Nodes that become no layer of their own: constants, branches that are known, and calls of the model's functions.
#include <cstring>

#include "import/onnx/importer.h"

namespace ingot {
namespace {

// Fills the bytes with repetitions of their first `size`.
void repeat(std::byte* bytes, size_t size, size_t total) {
  for (size_t done = size; done < total; done *= 2) std::memcpy(bytes + done, bytes, std::min(done, total - done));
}

}  // namespace

const proto::FunctionProto* Importer::find_function(const ImportedNode& node) const {
  if (functions_.empty()) return nullptr;
  const auto found =
      functions_.find({std::string_view(node.domain()), std::string_view(node.op_type()), std::string_view(node.proto().overload())});
  return found == functions_.end() ? nullptr : found->second;
}

Result<Importer::Outputs> Importer::call_function(Scope& scope, const ImportedNode& node, const proto::FunctionProto& function) {
  std::string chain = function.name();
  for (const FunctionCall* call = scope.call; call; call = call->outer) {
    chain = call->function->name() + " -> " + chain;
    if (call->function == &function) return invalid("the function '" + function.name() + "' calls itself: " + chain);
  }
  if (scope.depth >= kDeepestCall) return unsupported("functions are nested more than " + std::to_string(kDeepestCall) + " deep: " + chain);
  auto [opsets, fresh] = function_opsets_.try_emplace(&function);
  if (fresh) {
    for (const auto& entry : function.opset_import()) opsets->second[entry.domain() == "ai.onnx" ? "" : entry.domain()] = entry.version();
    // A function that does not say a version means the model's.
    for (const auto& [domain, version] : opsets_) opsets->second.try_emplace(domain, version);
  }
  if (node.input_values().size() > static_cast<size_t>(function.input_size()))
    return invalid("the function takes " + std::to_string(function.input_size()) + " inputs; got " +
                   std::to_string(node.input_values().size()));

  AttributeMap attributes = node.attribute_map();
  for (const auto& fallback : function.attribute_proto()) attributes.try_emplace(fallback.name(), &fallback);
  const FunctionCall call{&function, scope.call};
  Scope inner;
  inner.target = scope.target;
  inner.opsets = &opsets->second;
  inner.attributes = &attributes;
  inner.call = &call;
  inner.prefix = node.name() + "/";
  inner.depth = scope.depth + 1;
  for (int i = 0; i < function.input_size(); ++i) {
    Value* value = static_cast<size_t>(i) < node.input_values().size() ? node.input_values()[static_cast<size_t>(i)] : nullptr;
    if (!value) {
      value = new_value(function.input(i));
      value->is_absent = true;
    }
    if (!inner.values.emplace(function.input(i), value).second)
      return invalid("the function '" + function.name() + "' has two inputs called '" + function.input(i) + "'");
  }
  TRY(import_nodes(inner, function.node()).within("in function '" + function.name() + "'"));
  Outputs outputs;
  for (const std::string& name : function.output()) {
    TRY_ASSIGN(Value * value, lookup(inner, name));
    if (!value) return invalid("the output '" + name + "' of the function '" + function.name() + "' is provided by none of its nodes");
    outputs.push_back(value);
  }
  return outputs;
}

Result<Importer::Outputs> Importer::take_branch(Scope& scope, const ImportedNode& node) {
  TRY_ASSIGN(Array condition, node.constant(0));
  if (condition.type() != DataType::kBool || condition.count() != 1)
    return invalid("the condition is " + std::string(name_of(condition.type())) + " " + to_text(condition.shape()) +
                   "; one bool is wanted");
  const char* branch = condition.integer(0) ? "then_branch" : "else_branch";
  const proto::AttributeProto* attribute = node.find(branch);
  if (!attribute || !attribute->has_g()) return invalid("attribute '" + std::string(branch) + "' is missing; a graph is wanted");
  const proto::GraphProto& graph = attribute->g();
  if (graph.input_size() > 0) return invalid("the " + std::string(branch) + " has inputs; branches read names from around them instead");
  return inline_graph(scope, branch, graph, {});
}

Result<Importer::Outputs> Importer::import_constant(const ImportedNode& node) {
  std::string name = node.output_is_used(0) ? node.proto().output(0) : node.name();
  if (node.has("value") || node.has("sparse_value")) {
    TRY_ASSIGN(Array array, node.tensor(node.has("value") ? "value" : "sparse_value"));
    return Outputs{new_constant(std::move(name), std::move(array))};
  }
  if (node.has("value_float")) {
    TRY_ASSIGN(double value, node.number("value_float", 0));
    return Outputs{new_constant(std::move(name), Array::scalar(DataType::kFloat, value))};
  }
  if (node.has("value_int")) {
    TRY_ASSIGN(int64_t value, node.integer("value_int", 0));
    TRY_ASSIGN(Array array, Array::make(DataType::kInt64, {}));
    array.set_integer(0, value);
    return Outputs{new_constant(std::move(name), std::move(array))};
  }
  if (node.has("value_floats")) {
    TRY_ASSIGN(std::vector<double> values, node.numbers("value_floats", {}));
    return Outputs{new_constant(std::move(name), Array::of(DataType::kFloat, {static_cast<int64_t>(values.size())}, values))};
  }
  if (node.has("value_ints")) {
    TRY_ASSIGN(std::vector<int64_t> values, node.integers("value_ints", {}));
    return Outputs{new_constant(std::move(name), Array::from_int64s(values))};
  }
  if (node.has("value_string")) {
    TRY_ASSIGN(const std::string text, node.word("value_string", ""));
    TRY_ASSIGN(Array number, Array::from_int64s({intern(text)}).reshaped({}));
    return Outputs{new_strings(std::move(name), std::move(number))};
  }
  if (node.has("value_strings")) {
    TRY_ASSIGN(const std::vector<std::string> texts, node.words("value_strings", {}));
    std::vector<int64_t> numbers;
    for (const std::string& text : texts) numbers.push_back(intern(text));
    return Outputs{new_strings(std::move(name), Array::from_int64s(numbers))};
  }
  return invalid("no attribute holds the value; value, value_float, value_int or their kin is wanted");
}

Result<Importer::Outputs> Importer::import_constant_of_shape(const ImportedNode& node) {
  TRY_ASSIGN(Array dims, node.constant(0));
  if (dims.type() != DataType::kInt64 || dims.rank() != 1)
    return invalid("the dims are " + std::string(name_of(dims.type())) + " " + to_text(dims.shape()) + "; int64 [rank] is wanted");
  Array element = Array::scalar(DataType::kFloat, 0);
  if (node.has("value")) {
    TRY_ASSIGN(element, node.tensor("value"));
    if (element.count() != 1) return invalid("attribute 'value' has " + std::to_string(element.count()) + " elements; one is wanted");
  }
  const Shape shape = dims.integers();
  TRY_ASSIGN(int64_t count, volume(shape));
  if (count >> 48 || static_cast<int64_t>(bytes_of(element.type(), count)) > folded_bytes_left_)
    return unsupported("a constant of shape " + to_text(shape) + " is too large to be written out during import");
  TRY_ASSIGN(Array array, Array::make(element.type(), shape));
  const size_t bytes = array.byte_count();
  folded_bytes_left_ -= static_cast<int64_t>(bytes);
  if (bytes > 0) {
    auto* target = static_cast<std::byte*>(array.mutable_data());
    const int bits = bits_of(element.type());
    std::memcpy(target, element.data(), static_cast<size_t>(bits + 7) / 8);
    if (bits == 4) {
      const std::byte low = target[0] & std::byte{15};
      target[0] = low | (count > 1 ? low << 4 : std::byte{0});
      repeat(target, 1, bytes);
      if (count % 2 != 0) target[bytes - 1] &= std::byte{15};
    } else {
      repeat(target, static_cast<size_t>(bits) / 8, bytes);
    }
  }
  return Outputs{new_constant(node.proto().output(0), std::move(array))};
}

}  // namespace ingot
