// Strings that are known when the model is read: each is a number of the importer's list, equal ones the same, so that operators which move
// or compare elements work on the numbers. Nothing of them reaches the network's inputs or outputs.
#include <algorithm>
#include <charconv>
#include <cmath>

#include "import/onnx/importer.h"
#include "import/onnx/tensor_reader.h"
#include "operators/moving.h"
#include "operators/onnx_types.h"

namespace ingot {
namespace {

template <size_t kCount>
bool is_one_of(const std::string& op, const std::string_view (&names)[kCount]) {
  return std::find(std::begin(names), std::end(names), op) != std::end(names);
}

// Operators whose elements are their inputs'.
constexpr std::string_view kMoving[] = {"Identity", "Concat",         "Where",    "Reshape", "Squeeze", "Unsqueeze", "Flatten", "Transpose",
                                        "Gather",   "GatherElements", "GatherND", "Slice",   "Split",   "Expand",    "Tile"};
// Operators that tell something of their inputs in numbers.
constexpr std::string_view kTelling[] = {"Equal", "Shape", "Size"};

// A number as text writes it, without blanks around it.
Result<double> number_of(const std::string& text) {
  const size_t first = text.find_first_not_of(" \t"), last = text.find_last_not_of(" \t");
  const std::string word = first == std::string::npos ? "" : text.substr(first, last - first + 1);
  double number = 0;
  const char* begin = word.c_str() + (word.starts_with('+') ? 1 : 0);
  const auto [end, failure] = std::from_chars(begin, word.c_str() + word.size(), number);
  if (failure != std::errc() || end != word.c_str() + word.size() || word.empty())
    return invalid("the string '" + text.substr(0, 40) + "' is no number");
  return number;
}

// As NumPy writes it: the fewest digits that are read as the same number, plain from 1e-4 up to 1e16.
template <class Number>
std::string text_of(Number value) {
  if (std::isnan(value)) return "nan";
  const Number size = std::abs(value);
  const bool is_plain = size == 0 || (size >= static_cast<Number>(1e-4) && size < static_cast<Number>(1e16));
  char text[64];
  const auto [end, failure] =
      std::to_chars(text, text + sizeof text, value, is_plain ? std::chars_format::fixed : std::chars_format::scientific);
  std::string word(text, failure == std::errc() ? end : text);
  if (is_plain && word.find('.') == std::string::npos) word += ".0";
  return word;
}

}  // namespace

int64_t Importer::intern(const std::string& text) {
  const auto [entry, fresh] = string_numbers_.try_emplace(text, static_cast<int64_t>(strings_.size()));
  if (fresh) strings_.push_back(text);
  return entry->second;
}

Value* Importer::new_strings(std::string name, Array numbers) {
  Value* value = new_constant(std::move(name), std::move(numbers));
  value->is_strings = true;
  return value;
}

Result<Array> Importer::read_strings(const proto::TensorProto& tensor) {
  TRY_ASSIGN(const Shape shape, tensor_shape(tensor.dims()));
  TRY_ASSIGN(const int64_t count, volume(shape));
  if (tensor.string_data_size() != count)
    return invalid("its data has " + std::to_string(tensor.string_data_size()) + " strings; the dims " + to_text(shape) + " take " +
                   std::to_string(count));
  TRY_ASSIGN(Array numbers, Array::make(DataType::kInt64, shape));
  for (int64_t i = 0; i < count; ++i) numbers.set_integer(i, intern(tensor.string_data(static_cast<int>(i))));
  return numbers;
}

// `import` is what the operator makes of numbers; null where it is not in the catalogue.
Result<Importer::Outputs> Importer::import_strings(Scope& scope, const ImportedNode& node, OnnxImport import) {
  const std::string& op = node.op_type();
  const bool moves = is_one_of(op, kMoving), tells = is_one_of(op, kTelling);
  if (node.domain().empty() && op == "StringConcat") return concat_strings(node);
  if (node.domain().empty() && (op == "Cast" || (op == "CastLike" && !gives_strings(node)))) return cast_strings(node);
  if (gives_strings(node)) return cast_to_strings(scope, node);
  if (node.domain().empty() && op == "StringSplit") return split_strings(node);
  if (node.domain().empty() && op == "StringNormalizer") return normalize_strings(node);
  if (node.domain().empty() && op == "RegexFullMatch") return match_strings(node);
  if (!node.domain().empty() || !import || (!moves && !tells))
    return unsupported("an input holds strings, which " + op + " does not take; encode them as numbers before the network");
  for (size_t i = 0; i < node.input_values().size(); ++i) {
    // What is moved or told of; the others say how.
    const bool is_subject = op == "Equal" || op == "Concat" || (op == "Where" ? i > 0 : i == 0);
    const bool has_strings = node.input_values()[i] && node.input_values()[i]->is_strings;
    if (has_strings != is_subject)
      return invalid("input " + std::to_string(i) +
                     (is_subject ? " holds no strings, as others do" : " holds strings, and numbers are wanted"));
  }
  TRY_ASSIGN(Outputs outputs, wrap(import(node, *scope.target->network)));
  for (Value*& output : outputs) {
    if (!output || !moves) continue;
    if (!is_constant(scope, *output)) return unsupported("it moves strings by what only the run tells; strings are constants here");
    TRY_ASSIGN(Array numbers, constant_of(scope, *output));
    for (int64_t i = 0; i < numbers.count(); ++i) {
      if (numbers.type() != DataType::kInt64 || numbers.integer(i) < 0 || numbers.integer(i) >= static_cast<int64_t>(strings_.size()))
        return internal("moving strings gives what is none");
    }
    output = new_strings(output->name, std::move(numbers));
  }
  return outputs;
}

Result<Importer::Outputs> Importer::concat_strings(const ImportedNode& node) {
  if (node.input_values().size() != 2) return invalid("it joins two tensors of strings");
  for (const Value* value : node.input_values()) {
    if (!value || !value->is_strings) return unsupported("it joins strings that only the run tells; strings are constants here");
  }
  const Array &a = node.input_values()[0]->constant, &b = node.input_values()[1]->constant;
  TRY_ASSIGN(const Dims dims, broadcast(to_dims(a.shape()), to_dims(b.shape())));
  TRY_ASSIGN(Array joined, Array::make(DataType::kInt64, constant_shape(dims)));
  const auto number_at = [](const Array& array, const Shape& index) {
    int64_t at = 0;
    const size_t skipped = index.size() - array.shape().size();
    for (size_t d = 0; d < array.shape().size(); ++d) at = at * array.shape()[d] + (array.shape()[d] == 1 ? 0 : index[skipped + d]);
    return static_cast<size_t>(array.integer(at));
  };
  int64_t i = 0;
  for (IndexWalk walk(joined.shape()); !walk.done(); walk.next(), ++i) {
    const std::string& left = strings_[number_at(a, walk.index())];
    const std::string& right = strings_[number_at(b, walk.index())];
    if (left.size() + right.size() > 1'000'000) return unsupported("a string of more than 1000000 bytes");
    joined.set_integer(i, intern(left + right));
  }
  return Outputs{new_strings(node.proto().output(0), std::move(joined))};
}

Result<Importer::Outputs> Importer::cast_strings(const ImportedNode& node) {
  DataType type;
  if (node.op_type() == "CastLike") {
    if (node.input_values()[0]->is_strings && !node.input(1)) return invalid("it casts to the type of its second input, which is missing");
    if (!node.input_values()[0]->is_strings) return unsupported("it writes numbers as strings that only the run tells");
    type = node.input(1)->type.type;
  } else {
    TRY_ASSIGN(const int64_t to, node.integer("to", 0));
    if (to == proto::TensorProto::STRING) return Outputs{node.input_values()[0]};
    TRY_ASSIGN(type, data_type_from_onnx(to));
  }
  const Array& numbers = node.input_values()[0]->constant;
  TRY_ASSIGN(Array values, Array::make(type, numbers.shape()));
  for (int64_t i = 0; i < numbers.count(); ++i) {
    TRY_ASSIGN(const double value, number_of(strings_[static_cast<size_t>(numbers.integer(i))]));
    if (is_floating(type)) {
      values.set_number(i, value);
    } else if (std::abs(value) <= 9007199254740992.0) {
      values.set_integer(i, static_cast<int64_t>(value));
    } else {
      return unsupported("a string is a number that is no exact integer of up to 2^53");
    }
  }
  return Outputs{new_constant(node.proto().output(0), std::move(values))};
}

bool Importer::gives_strings(const ImportedNode& node) const {
  if (!node.domain().empty() || node.has_broken_input()) return false;
  const auto& inputs = node.input_values();
  if (node.op_type() == "CastLike") return inputs.size() == 2 && inputs[1] && inputs[1]->is_strings && node.is_constant(0);
  const auto to = node.integer("to", 0);
  return node.op_type() == "Cast" && to.ok() && *to == proto::TensorProto::STRING && node.is_constant(0);
}

Result<Importer::Outputs> Importer::cast_to_strings(Scope& scope, const ImportedNode& node) {
  if (node.input_values()[0]->is_strings) return Outputs{node.input_values()[0]};
  TRY_ASSIGN(const Array numbers, constant_of(scope, *node.input_values()[0]));
  if (numbers.type() == DataType::kBool) return unsupported("the standard does not say how bool is written; cast it to an integer first");
  TRY_ASSIGN(Array strings, Array::make(DataType::kInt64, numbers.shape()));
  for (int64_t i = 0; i < numbers.count(); ++i) {
    const double value = is_floating(numbers.type()) ? numbers.number(i) : 0;
    strings.set_integer(i, intern(!is_floating(numbers.type())          ? std::to_string(numbers.integer(i))
                                  : numbers.type() == DataType::kDouble ? text_of(value)
                                                                        : text_of(static_cast<float>(value))));
  }
  return Outputs{new_strings(node.proto().output(0), std::move(strings))};
}

}  // namespace ingot
