// The graph, from import to plan: layers, tensors between them, constants, inputs and outputs.
#pragma once

#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "base/result.h"
#include "network/operator.h"

namespace ingot {

// A value between layers. It is an input of the network, a constant, or the output of one layer.
class Tensor {
 public:
  std::string name;
  TensorType type;
  Array constant;           // data() is null where the tensor is no constant
  std::string recipe;       // how a pass computed this constant from named weights; empty for originals
  std::string format_hint;  // formats that the user allows for an input or output, "" for any
  // Symmetric quantization range of weakly typed int8 networks; NaN where not set.
  float range_min = __builtin_nanf(""), range_max = __builtin_nanf("");

  bool is_constant() const { return constant.data() != nullptr || is_empty_constant || is_packed; }
  bool is_empty_constant = false;  // a constant of zero elements
  bool is_packed = false;          // a constant of a plan whose bytes only its tactics have, in a form of their own
  Layer* producer() const { return producer_; }
  size_t producer_index() const { return producer_index_; }
  // Layers that read it, once for each input that does.
  const std::vector<Layer*>& readers() const { return readers_; }
  bool is_input() const { return is_input_; }
  bool is_output() const { return is_output_; }
  int64_t id() const { return id_; }

 private:
  friend class Network;
  friend class Layer;
  Layer* producer_ = nullptr;
  size_t producer_index_ = 0;
  std::vector<Layer*> readers_;
  bool is_input_ = false, is_output_ = false;
  int64_t id_ = 0;
};

// One operator with its inputs and outputs. Inputs that are left out are null.
class Layer {
 public:
  std::string name;
  std::string metadata;  // where it comes from: names of the foreign nodes
  // Wishes of the user for weakly typed networks; unset where the builder is free.
  std::optional<DataType> precision;
  std::vector<std::optional<DataType>> output_types;

  const Operator& op() const { return *op_; }
  Operator& mutable_op() { return *op_; }  // call Network::infer_from afterwards
  template <class T>
  const T* as() const {
    return dynamic_cast<const T*>(op_.get());
  }
  const std::vector<Tensor*>& inputs() const { return inputs_; }
  const std::vector<Tensor*>& outputs() const { return outputs_; }
  Tensor* input(size_t index) const { return index < inputs_.size() ? inputs_[index] : nullptr; }
  Tensor* output(size_t index = 0) const { return index < outputs_.size() ? outputs_[index] : nullptr; }
  int64_t id() const { return id_; }

 private:
  friend class Network;
  std::unique_ptr<Operator> op_;
  std::vector<Tensor*> inputs_, outputs_;
  int64_t id_ = 0;
};

// Shapes of one input that a profile allows, and those it is tuned for. For host inputs, `values` bounds their elements.
struct ProfileEntry {
  Shape min, opt, max;
};
struct Profile {
  std::map<std::string, ProfileEntry> shapes;  // by input name
  std::map<std::string, ProfileEntry> values;  // by name of a host (shape) input
};

class Network {
 public:
  Network();
  ~Network();
  Network(const Network&) = delete;
  Network& operator=(const Network&) = delete;
  // A deep copy: layers in the same order, tensors with the same names; constants' bytes are shared.
  std::unique_ptr<Network> clone() const;

  std::string name;

  // Adding. Names are made unique by a suffix where they are taken; empty ones get one from the operator.
  Result<Tensor*> add_input(std::string name, TensorType type);
  Tensor* add_constant(std::string name, Array value);
  // Infers the output types; an error leaves the network as it was.
  Result<Layer*> add_layer(std::unique_ptr<Operator> op, std::vector<Tensor*> inputs, std::string name = "");
  // The first output of a new layer.
  template <std::derived_from<Operator> Op>
  Result<Tensor*> add(Op op, std::vector<Tensor*> inputs, std::string name = "") {
    TRY_ASSIGN(Layer * layer, add_layer(std::make_unique<Op>(std::move(op)), std::move(inputs), std::move(name)));
    return layer->output();
  }
  Status mark_output(Tensor* tensor);
  void unmark_output(Tensor* tensor);

  const std::vector<Tensor*>& inputs() const { return inputs_; }
  const std::vector<Tensor*>& outputs() const { return outputs_; }
  // In order of creation; see in_order() for one that follows the data.
  const std::vector<std::unique_ptr<Layer>>& layers() const { return layers_; }
  const std::vector<std::unique_ptr<Tensor>>& tensors() const { return tensors_; }
  Tensor* find_tensor(std::string_view name) const;

  // Editing.
  Status set_input(Layer* layer, size_t index, Tensor* tensor);  // infers anew from the layer on
  // Adds inputs where index is the next; null leaves one out.
  Status replace_op(Layer* layer, std::unique_ptr<Operator> op);
  // Readers of `from` read `to` instead, and `to` takes over its place among the outputs and, for outputs, its name.
  Status replace_all_uses(Tensor* from, Tensor* to);
  void remove_layer(Layer* layer);  // its outputs must be unread and no outputs of the network
  void remove_unused();             // layers and constants that no output needs; inputs stay
  Status rename(Tensor* tensor, std::string name);
  // `to` becomes the output in `from`'s place and takes its name; readers of `from` stay.
  Status move_output(Tensor* from, Tensor* to);
  // Puts layers() in an order that follows the data.
  Status sort_layers();
  // Infers types of `layer` and of everything behind it.
  Status infer_from(Layer* layer);
  Status infer_all();

  // Layers such that each stands behind the producers of what it reads; an error names a cycle.
  Result<std::vector<Layer*>> in_order() const;

  // A fresh symbol name with `stem`. Its upper bound may be told: a dimension produced at run time.
  std::string make_symbol(std::string_view stem);
  // Numbers of fresh symbols: a network inside another goes on from its owner's, so that their symbols differ.
  int64_t next_symbol_number() const { return next_symbol_; }
  void number_symbols_from(int64_t number) { next_symbol_ = number > next_symbol_ ? number : next_symbol_; }
  void bound_symbol(const std::string& symbol, Dim most);
  const std::map<std::string, Dim>& symbol_bounds() const { return bounds_; }

  // Weights of more than `most_elements` elements are written as "...", which does not read back.
  std::string text(int64_t most_elements = INT64_MAX) const;
  // Checks links, types (by inferring again), names and order; the error names the place.
  Status verify() const;
  // Outputs by references and decompositions, for inputs in order; constants included. Slow and sure.
  Result<Arrays> evaluate(const Arrays& inputs) const;

  std::vector<Profile> profiles;

 private:
  Tensor* new_tensor(std::string name);
  std::string unique_name(std::string name, std::string_view stem);
  std::vector<std::unique_ptr<Layer>> layers_;
  std::vector<std::unique_ptr<Tensor>> tensors_;
  std::vector<Tensor*> inputs_, outputs_;
  std::unordered_map<std::string, Tensor*> by_name_;
  std::unordered_map<std::string, int64_t> next_suffix_;
  std::map<std::string, Dim> bounds_;
  int64_t next_id_ = 0, next_symbol_ = 0;
};

// Reads what Network::text writes; see docs/text-form.md. Errors carry the line.
Result<std::unique_ptr<Network>> parse_network(std::string_view text);
// An SVG picture of the network.
std::string draw_svg(const Network& network);

}  // namespace ingot
