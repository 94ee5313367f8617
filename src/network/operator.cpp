#include "network/operator.h"

#include "network/field_text.h"
#include "network/network.h"

namespace ingot {

Result<Arrays> Operator::evaluate(const Arrays&) const { return internal(std::string(name()) + " has no reference"); }

Result<std::vector<Tensor*>> Operator::decompose(Network&, const std::vector<Tensor*>&) const {
  return internal(std::string(name()) + " has no decomposition");
}

std::string Operator::fields_text() const {
  std::string text;
  const auto fresh = OperatorCatalogue::instance().make(name());
  const std::vector<Field> defaults = fresh.ok() ? (*fresh)->fields() : std::vector<Field>{};
  const std::vector<Field> mine = fields();
  for (size_t i = 0; i < mine.size(); ++i) {
    const std::string value = field_to_text(mine[i].value);
    if (i < defaults.size() && field_to_text(defaults[i].value) == value) continue;
    text += " " + mine[i].name + "=" + value;
  }
  return text;
}

bool Operator::equals(const Operator& other) const {
  if (name() != other.name()) return false;
  const std::vector<Field> mine = fields(), theirs = other.fields();
  if (mine.size() != theirs.size()) return false;
  for (size_t i = 0; i < mine.size(); ++i) {
    const auto* a = std::get_if<Array>(&mine[i].value);
    const auto* b = std::get_if<Array>(&theirs[i].value);
    if (a && b) {
      if (!a->same_bits(*b)) return false;
    } else if (field_to_text(mine[i].value) != field_to_text(theirs[i].value)) {
      return false;
    }
  }
  return true;
}

Hash128 Operator::hash() const {
  std::string text(name());
  for (const Field& field : fields()) text += " " + field.name + "=" + field_to_text(field.value);
  return hash_text(text);
}

Field::Field(std::string name, FieldValue value) : name(std::move(name)), value(std::move(value)) {}
Field::Field(const Field&) = default;
Field::Field(Field&&) noexcept = default;
Field& Field::operator=(const Field&) = default;
Field& Field::operator=(Field&&) noexcept = default;
Field::~Field() = default;

namespace detail {

Error wrong_field_kind(std::string_view name, std::string_view wanted, const FieldValue& got) {
  return invalid("the field '" + std::string(name) + "' takes " + std::string(wanted) + "; got " + field_to_text(got));
}

Error unknown_word(std::string_view name, std::string_view word, const std::vector<std::string_view>& words) {
  std::string known;
  for (std::string_view entry : words) known += (known.empty() ? "" : ", ") + std::string(entry);
  return invalid("the field '" + std::string(name) + "' takes one of " + known + "; got '" + std::string(word) + "'");
}

Error unknown_field(std::string_view op, std::string_view name) {
  return invalid(std::string(op) + " has no field '" + std::string(name) + "'");
}

void add_field(std::vector<Field>& fields, const char* name, FieldValue&& value) { fields.emplace_back(name, std::move(value)); }

Status from_field(std::string_view name, const FieldValue& field, bool& value) {
  if (const auto* number = std::get_if<int64_t>(&field)) {
    value = *number != 0;
    return Ok{};
  }
  const auto* flag = std::get_if<bool>(&field);
  if (!flag) return wrong_field_kind(name, "true or false", field);
  value = *flag;
  return Ok{};
}

Status from_field(std::string_view name, const FieldValue& field, int64_t& value) {
  const auto* number = std::get_if<int64_t>(&field);
  if (!number) return wrong_field_kind(name, "an integer", field);
  value = *number;
  return Ok{};
}

Status from_field(std::string_view name, const FieldValue& field, double& value) {
  if (const auto* integer = std::get_if<int64_t>(&field)) {
    value = static_cast<double>(*integer);
    return Ok{};
  }
  const auto* number = std::get_if<double>(&field);
  if (!number) return wrong_field_kind(name, "a number", field);
  value = *number;
  return Ok{};
}

Status from_field(std::string_view name, const FieldValue& field, float& value) {
  double number = 0;
  TRY(from_field(name, field, number));
  value = static_cast<float>(number);
  return Ok{};
}

Status from_field(std::string_view name, const FieldValue& field, std::string& value) {
  const auto* text = std::get_if<std::string>(&field);
  if (!text) return wrong_field_kind(name, "a text", field);
  value = *text;
  return Ok{};
}

Status from_field(std::string_view name, const FieldValue& field, DataType& value) {
  const auto* word = std::get_if<std::string>(&field);
  if (!word) return wrong_field_kind(name, "a type name", field);
  TRY_ASSIGN(value, data_type_from_name(*word));
  return Ok{};
}

Status from_field(std::string_view name, const FieldValue& field, std::vector<int64_t>& value) {
  const auto* integers = std::get_if<std::vector<int64_t>>(&field);
  if (!integers) return wrong_field_kind(name, "a list of integers", field);
  value = *integers;
  return Ok{};
}

Status from_field(std::string_view name, const FieldValue& field, std::vector<double>& value) {
  if (const auto* integers = std::get_if<std::vector<int64_t>>(&field)) {
    value.assign(integers->begin(), integers->end());
    return Ok{};
  }
  const auto* numbers = std::get_if<std::vector<double>>(&field);
  if (!numbers) return wrong_field_kind(name, "a list of numbers", field);
  value = *numbers;
  return Ok{};
}

Status from_field(std::string_view name, const FieldValue& field, std::vector<float>& value) {
  std::vector<double> numbers;
  TRY(from_field(name, field, numbers));
  value.assign(numbers.begin(), numbers.end());
  return Ok{};
}

}  // namespace detail

OperatorCatalogue& OperatorCatalogue::instance() {
  static OperatorCatalogue catalogue;
  return catalogue;
}

void OperatorCatalogue::add(std::string_view name, Maker maker) { makers_[std::string(name)] = maker; }

void OperatorCatalogue::add_onnx(std::string_view op_type, OnnxImport import, std::string_view domain) {
  onnx_[std::string(domain) + ":" + std::string(op_type)] = import;
}

Result<std::unique_ptr<Operator>> OperatorCatalogue::make(std::string_view name) const {
  const auto found = makers_.find(name);
  if (found == makers_.end()) return invalid("there is no operator '" + std::string(name) + "'");
  return found->second();
}

std::vector<std::string> OperatorCatalogue::names() const {
  std::vector<std::string> names;
  for (const auto& [name, maker] : makers_) names.push_back(name);
  return names;
}

OnnxImport OperatorCatalogue::onnx(std::string_view op_type, std::string_view domain) const {
  if (domain == "ai.onnx") domain = "";
  const auto found = onnx_.find(std::string(domain) + ":" + std::string(op_type));
  return found == onnx_.end() ? nullptr : found->second;
}

std::vector<std::string> OperatorCatalogue::onnx_names() const {
  std::vector<std::string> names;
  for (const auto& [name, import] : onnx_) names.push_back(name);
  return names;
}

}  // namespace ingot
