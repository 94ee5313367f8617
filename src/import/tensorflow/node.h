// One node of a TensorFlow graph as the files of operators/ see it, and the catalogue that they fill.
//
// TensorFlow's images are [N, H, W, C] where ours are [N, C, H, W]. A value may be kept as planes: its tensor is [N, C, H, W] and means
// [N, H, W, C]. Convolutions give planes, elementwise operators pass them on, and who needs the order of TensorFlow asks for tensor().
#pragma once

#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "import/tensorflow/graph.h"
#include "import/tensorflow/import.h"
#include "operators/elementwise.h"

namespace ingot {

class TfImporter;

// A list of tensors (TensorArray, TensorList) is one tensor [count, element...]; one that is only reserved has none yet.
enum class TfList { kNone, kFilled, kReserved, kWritten };

struct TfValue {
  Tensor* tensor = nullptr;  // null for constants that no layer has read yet
  bool is_planes = false;
  Tensor* other = nullptr;  // the same in the other order, once somebody asked
  Array constant;
  bool is_constant = false;
  bool is_broken = false;
  TfList list = TfList::kNone;
  // Of a reserved list that a loop carries: which of its values it is. A turn that writes an element gives kWritten, with the element as
  // its tensor and the place that was written.
  int64_t slot = -1;
  Tensor* place = nullptr;
  std::optional<Dim> count;  // of a reserved list
};

class TfOp {
 public:
  TfOp(TfImporter& importer, const TfNode& node, std::vector<TfValue*> inputs)
      : importer_(importer), node_(node), inputs_(std::move(inputs)) {}

  const TfNode& node() const { return node_; }
  bool is_uff() const;
  // The batch is not the file's to say: dims of 1 in front stand for any batch.
  bool batch_is_open() const;
  size_t input_count() const { return inputs_.size(); }
  Status expects(size_t least, size_t most) const;
  const TfValue& value(size_t index) const { return *inputs_[index]; }
  Network& network() const;

  // Inputs in the order of TensorFlow.
  Result<Tensor*> tensor(size_t index) const;
  Result<Tensor*> tensor_of(TfValue& value) const;
  // A function's result in the order of TensorFlow, in the network of that function.
  Result<Tensor*> tensor_in(Network& network, const TfValue& value) const;
  TensorType type(size_t index) const;
  int64_t rank(size_t index) const;
  // Images as [N, C, H, W]: of an input [N, H, W, C], or as it is where the node's data_format is NCHW.
  Result<Tensor*> planes(size_t index) const;
  Result<Tensor*> image(size_t index) const;
  bool channels_first() const;  // by data_format
  TfValue image_value(Tensor* tensor) const { return {tensor, !channels_first()}; }

  // The node that input `index` comes from; null where there is none.
  const TfNode* source(size_t index) const;
  // Whether a Range of the same graph counts from 0 in steps of 1.
  bool is_counting(const TfNode& range) const;

  // Functions of the graph.
  const TfFunction* function(std::string_view name) const;
  // Their results, as layers of `network`, where these are the arguments.
  Result<std::vector<TfValue>> call(const std::string& function, std::vector<TfValue> arguments, Network& network) const;

  // Values that are known now.
  bool is_constant(size_t index) const;
  Result<Array> constant(size_t index, std::string_view what) const;
  Result<std::vector<int64_t>> integers(size_t index, std::string_view what) const;
  // The elements of a small integer tensor, known or symbolic; nothing where they are neither.
  std::optional<std::vector<Dim>> elements(size_t index) const;

  // Like elements() of one integer.
  std::optional<Dim> element(size_t index) const;

  bool has(std::string_view attribute) const { return node_.attributes.contains(attribute); }
  Result<int64_t> integer(std::string_view attribute, int64_t fallback) const;
  Result<double> number(std::string_view attribute, double fallback) const;
  Result<bool> flag(std::string_view attribute, bool fallback) const;
  Result<std::string> word(std::string_view attribute, std::string fallback) const;
  Result<std::vector<int64_t>> list(std::string_view attribute, std::vector<int64_t> fallback) const;
  // Axes from an attribute (UFF) or from input `index`, counted from the front.
  Result<std::vector<int64_t>> axes(std::string_view attribute, size_t index, int64_t rank) const;

  template <std::derived_from<Operator> Op>
  Result<Tensor*> add(Op op, std::vector<Tensor*> inputs, const char* part = nullptr) const {
    return network().add(std::move(op), std::move(inputs), part ? node_.name + "/" + part : node_.name);
  }
  Tensor* add_constant(Array array, const char* role) const { return network().add_constant(node_.name + "/" + role, std::move(array)); }
  Tensor* scalar(DataType type, double value) const { return add_constant(Array::scalar(type, value), "value"); }
  // An elementwise function of inputs [first, first + count), with broadcasting; planes stay planes.
  Result<TfValue> elementwise(const Elementwise& op, size_t count) const;

 private:
  TfImporter& importer_;
  const TfNode& node_;
  std::vector<TfValue*> inputs_;
};

using TfImport = Result<std::vector<TfValue>> (*)(const TfOp& op);

// Operators by name, filled by the register_tf_<file>() functions that the build lists.
class TfCatalogue {
 public:
  static TfCatalogue& instance();
  void add(std::string_view name, TfImport import) { imports_.emplace(name, import); }
  TfImport find(std::string_view name) const {
    const auto found = imports_.find(name);
    return found == imports_.end() ? nullptr : found->second;
  }

 private:
  std::map<std::string, TfImport, std::less<>> imports_;
};

// Fills the catalogue once; later calls do nothing.
void register_all_tf_operators();

// At the end of operators/<file>.cpp: TF_OPERATORS(reduce) { catalogue.add("Mean", one_tf_output<mean>); }
#define TF_OPERATORS(file) void register_tf_##file(TfCatalogue& catalogue)

template <Result<TfValue> (*kImport)(const TfOp&)>
Result<std::vector<TfValue>> one_tf_output(const TfOp& op) {
  TRY_ASSIGN(TfValue output, kImport(op));
  return std::vector<TfValue>{std::move(output)};
}

}  // namespace ingot
