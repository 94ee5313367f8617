// What a layer computes: fields, shapes, the reference, and the networks it may own.
#pragma once

#include <concepts>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "base/hash.h"
#include "base/result.h"
#include "network/array.h"
#include "network/tensor_type.h"

namespace ingot {

class Network;
class Layer;
class Tensor;

// An attribute of an operator. Enums are stored as their word; `Array` for constants that are part of what an operator is.
using FieldValue =
    std::variant<bool, int64_t, double, std::string, std::vector<int64_t>, std::vector<double>, Array, std::shared_ptr<Network>>;

struct Field {
  Field(std::string name, FieldValue value);
  Field(const Field&);  // in the source, as those of Dim
  Field(Field&&) noexcept;
  Field& operator=(const Field&);
  Field& operator=(Field&&) noexcept;
  ~Field();

  std::string name;
  FieldValue value;
};

// Words of an enum, for fields: specialize `words()` beside the enum, e.g.
//   enum class PoolKind { kMax, kAverage };
//   inline EnumWords<PoolKind> words_of(PoolKind) { return {{PoolKind::kMax, "max"}, {PoolKind::kAverage, "average"}}; }
template <class Enum>
using EnumWords = std::vector<std::pair<Enum, std::string_view>>;

class Operator {
 public:
  virtual ~Operator() = default;
  virtual std::string_view name() const = 0;
  virtual std::unique_ptr<Operator> clone() const = 0;

  // Types of the outputs. The number of outputs follows from it. An error names the value at fault.
  virtual Result<TensorTypes> infer(const TensorTypes& inputs) const = 0;
  // The reference: plain loops, written to be believed. Absent inputs are Arrays without data... see `optional` in Layer.
  virtual Result<Arrays> evaluate(const Arrays& inputs) const;
  virtual bool has_reference() const { return false; }
  // Adds simpler layers that compute the same to `network` and returns the outputs; `inputs` are tensors of that network.
  virtual Result<std::vector<Tensor*>> decompose(Network& network, const std::vector<Tensor*>& inputs) const;
  virtual bool has_decomposition() const { return false; }

  virtual std::vector<Field> fields() const = 0;
  // Sets a field by name; an error names the field and what it takes.
  virtual Status set_field(std::string_view name, const FieldValue& value) = 0;

  // Subnetworks (bodies of if, loop, scan); their captured outer tensors are further inputs of the layer, behind the operator's own.
  virtual std::vector<std::shared_ptr<Network>> subnetworks() const { return {}; }

  // Inputs whose values (not only types) shapes depend on: indices that the runtime must have on the host.
  virtual bool reads_values_of(size_t /*input*/) const { return false; }
  // Whether running it has effects beyond its outputs, or its result differs between runs: never folded, merged or dropped.
  virtual bool is_pure() const { return true; }

  std::string fields_text() const;  // " axis=1 mode=linear": only fields that differ from a fresh operator
  bool equals(const Operator& other) const;
  Hash128 hash() const;
};

namespace detail {

template <class T>
constexpr bool kIsEnum = std::is_enum_v<T>;

template <class T>
FieldValue to_field(const T& value) {
  if constexpr (std::is_same_v<T, DataType>) {
    return std::string(name_of(value));
  } else if constexpr (kIsEnum<T>) {
    for (const auto& [entry, word] : words_of(value)) {
      if (entry == value) return std::string(word);
    }
    return std::string("?");
  } else if constexpr (std::is_same_v<T, bool>) {
    return value;
  } else if constexpr (std::is_integral_v<T>) {
    return static_cast<int64_t>(value);
  } else if constexpr (std::is_floating_point_v<T>) {
    return static_cast<double>(value);
  } else if constexpr (requires { value.to_field(); }) {
    return value.to_field();  // a type of its own, e.g. Expression, kept as text
  } else if constexpr (std::is_same_v<T, std::vector<float>>) {
    return std::vector<double>(value.begin(), value.end());
  } else {
    return value;
  }
}

Error wrong_field_kind(std::string_view name, std::string_view wanted, const FieldValue& got);
Error unknown_word(std::string_view name, std::string_view word, const std::vector<std::string_view>& words);

void add_field(std::vector<Field>& fields, const char* name, FieldValue&& value);

// Those that many operators have, compiled once.
Status from_field(std::string_view name, const FieldValue& field, bool& value);
Status from_field(std::string_view name, const FieldValue& field, int64_t& value);
Status from_field(std::string_view name, const FieldValue& field, float& value);
Status from_field(std::string_view name, const FieldValue& field, double& value);
Status from_field(std::string_view name, const FieldValue& field, std::string& value);
Status from_field(std::string_view name, const FieldValue& field, DataType& value);
Status from_field(std::string_view name, const FieldValue& field, std::vector<int64_t>& value);
Status from_field(std::string_view name, const FieldValue& field, std::vector<float>& value);
Status from_field(std::string_view name, const FieldValue& field, std::vector<double>& value);

template <class T>
Status from_field(std::string_view name, const FieldValue& field, T& value) {
  if constexpr (kIsEnum<T>) {
    const auto* word = std::get_if<std::string>(&field);
    if (!word) return wrong_field_kind(name, "a word", field);
    std::vector<std::string_view> known;
    for (const auto& [entry, text] : words_of(value)) {
      if (text == *word) {
        value = entry;
        return Ok{};
      }
      known.push_back(text);
    }
    return unknown_word(name, *word, known);
  } else if constexpr (std::is_integral_v<T>) {
    int64_t number = 0;
    TRY(from_field(name, field, number));
    value = static_cast<T>(number);
    return Ok{};
  } else if constexpr (requires { value.set_from_field(field); }) {
    return value.set_from_field(field);
  } else {
    const auto* same = std::get_if<T>(&field);
    if (!same) return wrong_field_kind(name, "another kind of value", field);
    value = *same;
    return Ok{};
  }
}

Error unknown_field(std::string_view op, std::string_view name);

}  // namespace detail

// Derived gives kName, fields(visit), infer, and evaluate or decompose; text, equality, hashing and plan files follow from them.
template <class Derived>
class OperatorBase : public Operator {
 public:
  std::string_view name() const override { return Derived::kName; }
  std::unique_ptr<Operator> clone() const override { return std::make_unique<Derived>(static_cast<const Derived&>(*this)); }

  std::vector<Field> fields() const override {
    std::vector<Field> result;
    auto& self = const_cast<Derived&>(static_cast<const Derived&>(*this));
    self.fields([&](const char* name, auto& value) { detail::add_field(result, name, detail::to_field(value)); });
    return result;
  }
  Status set_field(std::string_view name, const FieldValue& value) override {
    Status status = detail::unknown_field(Derived::kName, name);
    static_cast<Derived&>(*this).fields([&](const char* field, auto& member) {
      if (name == field) status = detail::from_field(name, value, member);
    });
    return status;
  }
  bool has_reference() const override { return !std::is_same_v<decltype(&Derived::evaluate), decltype(&Operator::evaluate)>; }
  bool has_decomposition() const override { return !std::is_same_v<decltype(&Derived::decompose), decltype(&Operator::decompose)>; }
};

// The node of a foreign graph, as operators see it; import/onnx implements it. Inputs that are left out are null.
class OnnxNode {
 public:
  virtual ~OnnxNode() = default;
  virtual const std::string& op_type() const = 0;
  virtual const std::string& name() const = 0;
  virtual int64_t opset() const = 0;  // of the node's domain
  virtual size_t input_count() const = 0;
  virtual size_t output_count() const = 0;
  virtual Tensor* input(size_t index) const = 0;        // null where absent
  virtual bool output_is_used(size_t index) const = 0;  // a name is given for it
  virtual bool has(std::string_view attribute) const = 0;
  virtual Result<int64_t> integer(std::string_view attribute, int64_t fallback) const = 0;
  virtual Result<double> number(std::string_view attribute, double fallback) const = 0;
  virtual Result<std::string> word(std::string_view attribute, std::string fallback) const = 0;
  virtual Result<std::vector<int64_t>> integers(std::string_view attribute, std::vector<int64_t> fallback) const = 0;
  virtual Result<std::vector<double>> numbers(std::string_view attribute, std::vector<double> fallback) const = 0;
  virtual Result<std::vector<std::string>> words(std::string_view attribute, std::vector<std::string> fallback) const = 0;
  virtual Result<Array> tensor(std::string_view attribute) const = 0;
  // Imports the graph attribute as a network; `captures` receives the outer tensors it reads, in the order of its further inputs.
  // `input_types`, where given, are the types of the graph's own inputs, in order, in place of those it declares.
  virtual Result<std::shared_ptr<Network>> graph(std::string_view attribute, std::vector<Tensor*>* captures,
                                                 const TensorTypes* input_types = nullptr) const = 0;
  // The values of an input where they are known now; an error that names the input otherwise.
  virtual Result<Array> constant(size_t index) const = 0;
  virtual bool is_constant(size_t index) const = 0;
};

using OnnxImport = Result<std::vector<Tensor*>> (*)(const OnnxNode& node, Network& network);

// All operators by name, filled by the register_<file>() functions that the build lists.
class OperatorCatalogue {
 public:
  using Maker = std::unique_ptr<Operator> (*)();
  static OperatorCatalogue& instance();

  void add(std::string_view name, Maker maker);
  // `domain` "" is the standard's own; "com.microsoft" and others stand beside it.
  void add_onnx(std::string_view op_type, OnnxImport import, std::string_view domain = "");
  Result<std::unique_ptr<Operator>> make(std::string_view name) const;
  std::vector<std::string> names() const;
  OnnxImport onnx(std::string_view op_type, std::string_view domain = "") const;  // null where unknown
  std::vector<std::string> onnx_names() const;

 private:
  std::map<std::string, Maker, std::less<>> makers_;
  std::map<std::string, OnnxImport, std::less<>> onnx_;
};

}  // namespace ingot
