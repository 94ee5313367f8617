// Operators that have strings among their attributes (TfIdfVectorizer, LabelEncoder, OneHotEncoder, CategoryMapper), over constants: each
// string is its number in the importer's list, so that the operator of numbers does the work.
#include <algorithm>

#include "import/onnx/importer.h"

namespace ingot {
namespace {

using Attribute = proto::AttributeProto;

constexpr const char* kMachineLearning = "ai.onnx.ml";
constexpr const char* kUnknown = "_Unused";  // what the standard gives for a key without a value

bool is_tensor_of_strings(const Attribute* attribute) {
  return attribute && attribute->has_t() && attribute->t().data_type() == proto::TensorProto::STRING;
}

Attribute* add(proto::NodeProto& node, const char* name, Attribute::AttributeType type) {
  Attribute* attribute = node.add_attribute();
  attribute->set_name(name);
  attribute->set_type(type);
  return attribute;
}

}  // namespace

bool Importer::has_string_labels(const ImportedNode& node) {
  if (node.domain().empty() && node.op_type() == "TfIdfVectorizer") return node.has("pool_strings");
  if (node.domain() != kMachineLearning) return false;
  if (node.op_type() == "OneHotEncoder") return node.has("cats_strings");
  if (node.op_type() == "CategoryMapper") return true;
  return node.op_type() == "LabelEncoder" &&
         (node.has("keys_strings") || node.has("values_strings") || node.has("classes_strings") ||
          is_tensor_of_strings(node.find("keys_tensor")) || is_tensor_of_strings(node.find("values_tensor")));
}

// Adds the strings of `attribute`, a list or a tensor, as the integers `name`.
Status Importer::add_string_numbers(proto::NodeProto& node, const char* name, const Attribute& attribute) {
  Attribute* numbers = add(node, name, Attribute::INTS);
  for (const std::string& text : attribute.strings()) numbers->add_ints(intern(text));
  if (!is_tensor_of_strings(&attribute)) return Ok{};
  TRY_ASSIGN(const Array array, read_strings(attribute.t()));
  for (int64_t i = 0; i < array.count(); ++i) numbers->add_ints(array.integer(i));
  return Ok{};
}

Result<Importer::Outputs> Importer::import_string_labels(Scope& scope, const ImportedNode& node) {
  if (node.input_values().size() != 1 || !node.input_values()[0]) return invalid("it takes one input");
  const bool takes_strings = node.input_values()[0]->is_strings;
  bool keys_are_strings = true, gives_strings = false;
  proto::NodeProto numbered;
  numbered.set_name(node.proto().name());
  numbered.set_domain(node.domain());
  numbered.set_op_type(node.op_type() == "CategoryMapper" ? "LabelEncoder" : node.op_type());
  *numbered.mutable_input() = node.proto().input();
  *numbered.mutable_output() = node.proto().output();
  const auto copy = [&](std::string_view from, const char* to) {
    if (const Attribute* found = node.find(from)) {
      *numbered.add_attribute() = *found;
      numbered.mutable_attribute(numbered.attribute_size() - 1)->set_name(to);
    }
  };
  const auto count_up = [&](const char* name, int count) {
    Attribute* places = add(numbered, name, Attribute::INTS);
    for (int i = 0; i < count; ++i) places->add_ints(i);
  };
  if (node.op_type() == "TfIdfVectorizer" || node.op_type() == "OneHotEncoder") {
    const bool counts = node.op_type() == "TfIdfVectorizer";
    for (const auto& [name, attribute] : node.attribute_map()) {
      const std::string kept(name);
      if (name != "pool_strings" && name != "cats_strings") copy(name, kept.c_str());
    }
    TRY(add_string_numbers(numbered, counts ? "pool_int64s" : "cats_int64s", *node.find(counts ? "pool_strings" : "cats_strings")));
  } else {
    // Of the old operators one table is the places 0, 1, ..., or the other one's partner, whichever way they are read.
    const Attribute* old = node.find(node.op_type() == "CategoryMapper" ? "cats_strings" : "classes_strings");
    if (!old && node.op_type() == "CategoryMapper") return invalid("the attribute cats_strings is missing");
    const Attribute *keys = old, *values = old;
    if (!old) {
      keys = node.find(node.has("keys_strings") ? "keys_strings" : "keys_tensor");
      values = node.find(node.has("values_strings") ? "values_strings" : "values_tensor");
    }
    keys_are_strings = old ? takes_strings : keys && (keys->strings_size() > 0 || is_tensor_of_strings(keys));
    gives_strings = old ? !takes_strings : values && (values->strings_size() > 0 || is_tensor_of_strings(values));
    const auto numbers_of = [&](const char* name) {
      if (!old) {
        for (const char* kind : {"_int64s", "_floats", "_tensor"}) copy(std::string(name) + kind, (std::string(name) + kind).c_str());
      } else if (node.op_type() == "CategoryMapper") {
        copy("cats_int64s", (std::string(name) + "_int64s").c_str());
      } else {
        count_up((std::string(name) + "_int64s").c_str(), old->strings_size());
      }
    };
    if (keys_are_strings) {
      TRY(add_string_numbers(numbered, "keys_int64s", *keys));
    } else {
      numbers_of("keys");
    }
    if (gives_strings) {
      TRY(add_string_numbers(numbered, "values_int64s", *values));
      TRY_ASSIGN(std::string otherwise, node.word("default_string", kUnknown));
      if (const Attribute* tensor = node.find("default_tensor"); is_tensor_of_strings(tensor) && tensor->t().string_data_size() == 1)
        otherwise = tensor->t().string_data(0);
      add(numbered, "default_int64", Attribute::INT)->set_i(intern(otherwise));
    } else {
      numbers_of("values");
      for (const char* name : {"default_int64", "default_float", "default_tensor"}) copy(name, name);
    }
  }
  if (takes_strings != keys_are_strings)
    return invalid(keys_are_strings ? "its input holds numbers, and it looks for strings"
                                    : "its input holds strings, and it looks for numbers");
  const OnnxImport import = OperatorCatalogue::instance().onnx(numbered.op_type(), numbered.domain());
  if (!import) return internal("the operator of numbers is missing");
  ImportedNode twin(*this, scope, numbered, 0);
  TRY(twin.find_inputs());
  TRY_ASSIGN(Outputs outputs, wrap(import(twin, *scope.target->network)));
  if (!gives_strings) return outputs;
  if (!is_constant(scope, *outputs.at(0)))
    return unsupported(
        "it gives strings for numbers that only the run tells; take the numbers as output, and look the strings up behind the network");
  TRY_ASSIGN(Array numbers, constant_of(scope, *outputs[0]));
  return Outputs{new_strings(node.proto().output(0), std::move(numbers))};
}

}  // namespace ingot
