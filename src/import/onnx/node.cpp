#include "import/onnx/node.h"

#include <limits>

#include "import/onnx/importer.h"
#include "import/onnx/tensor_reader.h"

namespace ingot {
namespace {

using Attribute = proto::AttributeProto;

const char* kind_of(Attribute::AttributeType type) {
  switch (type) {
    case Attribute::FLOAT: return "a number";
    case Attribute::INT: return "an integer";
    case Attribute::STRING: return "a string";
    case Attribute::TENSOR: return "a tensor";
    case Attribute::GRAPH: return "a graph";
    case Attribute::FLOATS: return "a list of numbers";
    case Attribute::INTS: return "a list of integers";
    case Attribute::STRINGS: return "a list of strings";
    case Attribute::TENSORS: return "a list of tensors";
    case Attribute::GRAPHS: return "a list of graphs";
    case Attribute::SPARSE_TENSOR: return "a sparse tensor";
    default: return "of another kind";
  }
}

// The kind as said, or as found: files older than IR version 2 do not say it.
Attribute::AttributeType type_of(const Attribute& attribute) {
  if (attribute.type() != Attribute::UNDEFINED) return attribute.type();
  if (attribute.has_f()) return Attribute::FLOAT;
  if (attribute.has_i()) return Attribute::INT;
  if (attribute.has_s()) return Attribute::STRING;
  if (attribute.has_t()) return Attribute::TENSOR;
  if (attribute.has_g()) return Attribute::GRAPH;
  if (attribute.floats_size()) return Attribute::FLOATS;
  if (attribute.ints_size()) return Attribute::INTS;
  if (attribute.strings_size()) return Attribute::STRINGS;
  return Attribute::UNDEFINED;
}

}  // namespace

ImportedNode::ImportedNode(Importer& importer, Scope& scope, const proto::NodeProto& proto, int index)
    : importer_(importer), scope_(scope), proto_(proto), name_(scope.prefix + label_of(proto, index)) {
  domain_ = proto.domain() == "ai.onnx" ? "" : proto.domain();
  const auto version = scope.opsets->find(domain_);
  opset_ = version == scope.opsets->end() ? 1 : version->second;
  for (const Attribute& attribute : proto.attribute()) {
    const Attribute* actual = &attribute;
    if (!attribute.ref_attr_name().empty()) {
      actual = nullptr;
      if (scope.attributes) {
        const auto found = scope.attributes->find(attribute.ref_attr_name());
        if (found != scope.attributes->end()) actual = found->second;
      }
    }
    if (actual) attributes_.emplace(attribute.name(), actual);
  }
}

Status ImportedNode::find_inputs() {
  for (int i = 0; i < proto_.input_size(); ++i) {
    const std::string& input = proto_.input(i);
    Value* value = nullptr;
    if (!input.empty()) {
      TRY_ASSIGN(value, importer_.lookup(scope_, input));
      if (!value)
        return invalid("input " + std::to_string(i) + " is '" + input + "', which no node, initializer or input of the graph provides");
    }
    inputs_.push_back(value);
  }
  return Ok{};
}

bool ImportedNode::has_broken_input() const {
  for (const Value* value : inputs_) {
    if (value && value->is_broken) return true;
  }
  return false;
}

Tensor* ImportedNode::input(size_t index) const {
  if (index >= inputs_.size() || !inputs_[index]) return nullptr;
  return importer_.tensor_of(scope_, *inputs_[index]);
}

bool ImportedNode::output_is_used(size_t index) const { return index < output_count() && !proto_.output(static_cast<int>(index)).empty(); }

const Attribute* ImportedNode::find(std::string_view attribute) const {
  const auto found = attributes_.find(attribute);
  return found == attributes_.end() ? nullptr : found->second;
}

Result<const Attribute*> ImportedNode::find(std::string_view attribute, Attribute::AttributeType type) const {
  const Attribute* found = find(attribute);
  if (found && type_of(*found) != type)
    return invalid("attribute '" + std::string(attribute) + "' is " + kind_of(type_of(*found)) + "; " + kind_of(type) + " is wanted");
  return found;
}

Result<int64_t> ImportedNode::integer(std::string_view attribute, int64_t fallback) const {
  TRY_ASSIGN(const Attribute* found, find(attribute, Attribute::INT));
  return found ? found->i() : fallback;
}

Result<double> ImportedNode::number(std::string_view attribute, double fallback) const {
  TRY_ASSIGN(const Attribute* found, find(attribute, Attribute::FLOAT));
  return found ? static_cast<double>(found->f()) : fallback;
}

Result<std::string> ImportedNode::word(std::string_view attribute, std::string fallback) const {
  TRY_ASSIGN(const Attribute* found, find(attribute, Attribute::STRING));
  return found ? found->s() : std::move(fallback);
}

Result<std::vector<int64_t>> ImportedNode::integers(std::string_view attribute, std::vector<int64_t> fallback) const {
  TRY_ASSIGN(const Attribute* found, find(attribute, Attribute::INTS));
  return found ? std::vector<int64_t>(found->ints().begin(), found->ints().end()) : std::move(fallback);
}

Result<std::vector<double>> ImportedNode::numbers(std::string_view attribute, std::vector<double> fallback) const {
  TRY_ASSIGN(const Attribute* found, find(attribute, Attribute::FLOATS));
  return found ? std::vector<double>(found->floats().begin(), found->floats().end()) : std::move(fallback);
}

Result<std::vector<std::string>> ImportedNode::words(std::string_view attribute, std::vector<std::string> fallback) const {
  TRY_ASSIGN(const Attribute* found, find(attribute, Attribute::STRINGS));
  return found ? std::vector<std::string>(found->strings().begin(), found->strings().end()) : std::move(fallback);
}

Result<Array> ImportedNode::tensor(std::string_view attribute) const {
  const Attribute* found = find(attribute);
  if (!found) return invalid("attribute '" + std::string(attribute) + "' is missing; a tensor is wanted");
  const std::string where = "attribute '" + std::string(attribute) + "'";
  if (found->has_sparse_tensor()) return importer_.read_sparse(found->sparse_tensor()).within(where);
  TRY_ASSIGN(found, find(attribute, Attribute::TENSOR));
  return importer_.read(found->t()).within(where);
}

Result<std::shared_ptr<Network>> ImportedNode::graph(std::string_view attribute, std::vector<Tensor*>* captures,
                                                     const TensorTypes* input_types) const {
  TRY_ASSIGN(const Attribute* found, find(attribute, Attribute::GRAPH));
  if (!found) return invalid("attribute '" + std::string(attribute) + "' is missing; a graph is wanted");
  return importer_.import_subgraph(scope_, name_, found->g(), captures, input_types);
}

bool ImportedNode::is_constant(size_t index) const {
  if (index >= inputs_.size() || !inputs_[index]) return false;
  return importer_.is_constant(scope_, *inputs_[index]);
}

Result<Array> ImportedNode::constant(size_t index) const {
  const std::string where = "input " + std::to_string(index);
  if (index >= inputs_.size() || !inputs_[index] || inputs_[index]->is_absent) return invalid(where + " is missing; its values are wanted");
  return importer_.constant_of(scope_, *inputs_[index]).within(where);
}

Result<std::vector<Field>> ImportedNode::attributes() const {
  std::vector<Field> fields;
  for (const auto& [name, attribute] : attributes_) {
    FieldValue value;
    switch (type_of(*attribute)) {
      case Attribute::FLOAT: value = static_cast<double>(attribute->f()); break;
      case Attribute::INT: value = attribute->i(); break;
      case Attribute::STRING: value = attribute->s(); break;
      case Attribute::FLOATS: value = std::vector<double>(attribute->floats().begin(), attribute->floats().end()); break;
      case Attribute::INTS: value = std::vector<int64_t>(attribute->ints().begin(), attribute->ints().end()); break;
      case Attribute::TENSOR: {
        TRY_ASSIGN(Array array, tensor(name));
        value = std::move(array);
        break;
      }
      default: continue;
    }
    fields.push_back({std::string(name), std::move(value)});
  }
  return fields;
}

std::string ImportedNode::description() const {
  std::string text = "(";
  if (!domain_.empty()) text += domain_ + ".";
  text += op_type() + ", opset " + std::to_string(opset_);
  if (!inputs_.empty()) text += inputs_.size() == 1 ? "; input " : "; inputs ";
  constexpr size_t kShown = 8;
  for (size_t i = 0; i < inputs_.size() && i < kShown; ++i) {
    const Value* value = inputs_[i];
    if (i > 0) text += ", ";
    if (!value || value->is_absent)
      text += "none";
    else if (value->is_sequence)
      text += "a sequence of " + std::to_string(value->items.size());
    else if (value->is_strings)
      text += "strings " + to_text(value->constant.shape());
    else if (value->tensor)
      text += value->tensor->type.text();
    else if (value->is_constant)
      text += std::string(name_of(value->constant.type())) + " " + to_text(value->constant.shape());
    else
      text += "unknown";
  }
  if (inputs_.size() > kShown) text += ", ...";
  return text + ")";
}

}  // namespace ingot
