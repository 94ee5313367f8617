#include "network/network.h"

#include <algorithm>
#include <deque>
#include <unordered_set>

namespace ingot {
namespace {

std::string layer_label(const Layer& layer) { return "layer '" + layer.name + "' (" + std::string(layer.op().name()) + ")"; }

TensorType type_of_constant(const Array& value) {
  TensorType type{value.type(), to_dims(value.shape())};
  // The bytes of packed weights are elsewhere.
  const bool has_bytes = value.data() || value.count() == 0;
  if (!is_floating(value.type()) && value.count() <= TensorType::kMostValues && has_bytes) {
    std::vector<Dim> values;
    for (int64_t i = 0; i < value.count(); ++i) values.emplace_back(value.integer(i));
    type.values = std::move(values);
  }
  return type;
}

TensorTypes types_of(const std::vector<Tensor*>& tensors) {
  TensorTypes types;
  types.reserve(tensors.size());
  for (const Tensor* tensor : tensors) types.push_back(tensor ? tensor->type : TensorType{});
  return types;
}

}  // namespace

Network::Network() = default;
Network::~Network() = default;

std::string Network::unique_name(std::string name, std::string_view stem) {
  if (name.empty()) name = std::string(stem);
  if (!by_name_.contains(name)) return name;
  int64_t& suffix = next_suffix_[name];
  std::string candidate;
  do {
    candidate = name + "_" + std::to_string(++suffix);
  } while (by_name_.contains(candidate));
  return candidate;
}

Tensor* Network::new_tensor(std::string name) {
  auto tensor = std::make_unique<Tensor>();
  tensor->id_ = next_id_++;
  tensor->name = std::move(name);
  Tensor* raw = tensor.get();
  by_name_[raw->name] = raw;
  tensors_.push_back(std::move(tensor));
  return raw;
}

Result<Tensor*> Network::add_input(std::string input_name, TensorType type) {
  if (input_name.empty()) return invalid("an input needs a name");
  if (by_name_.contains(input_name)) return invalid("the name '" + input_name + "' is taken");
  for (const Dim& dim : type.dims) {
    if (dim.is_constant() && dim.value() < 0)
      return invalid("the input '" + input_name + "' has a negative dimension in " + to_text(type.dims));
  }
  Tensor* tensor = new_tensor(std::move(input_name));
  tensor->type = std::move(type);
  tensor->is_input_ = true;
  inputs_.push_back(tensor);
  return tensor;
}

Tensor* Network::add_constant(std::string constant_name, Array value) {
  Tensor* tensor = new_tensor(unique_name(std::move(constant_name), "constant"));
  tensor->type = type_of_constant(value);
  tensor->is_empty_constant = value.count() == 0;
  tensor->constant = std::move(value);
  return tensor;
}

Result<Layer*> Network::add_layer(std::unique_ptr<Operator> op, std::vector<Tensor*> inputs, std::string layer_name) {
  auto layer = std::make_unique<Layer>();
  layer->name = layer_name.empty() ? std::string(op->name()) + "_" + std::to_string(next_id_) : layer_name;
  auto inferred = op->infer(types_of(inputs));
  if (!inferred.ok()) return std::move(inferred).error().within("layer '" + layer->name + "' (" + std::string(op->name()) + ")");
  layer->id_ = next_id_++;
  layer->op_ = std::move(op);
  layer->inputs_ = std::move(inputs);
  for (Tensor* input : layer->inputs_) {
    if (input) input->readers_.push_back(layer.get());
  }
  for (TensorType& type : *inferred) {
    Tensor* output =
        new_tensor(unique_name("", layer->name + (layer->outputs_.empty() ? "" : "." + std::to_string(layer->outputs_.size()))));
    output->type = std::move(type);
    output->producer_ = layer.get();
    output->producer_index_ = layer->outputs_.size();
    layer->outputs_.push_back(output);
  }
  layers_.push_back(std::move(layer));
  return layers_.back().get();
}

Status Network::mark_output(Tensor* tensor) {
  if (tensor->is_output_) return invalid("the tensor '" + tensor->name + "' is an output already");
  tensor->is_output_ = true;
  outputs_.push_back(tensor);
  return Ok{};
}

void Network::unmark_output(Tensor* tensor) {
  tensor->is_output_ = false;
  std::erase(outputs_, tensor);
}

Tensor* Network::find_tensor(std::string_view tensor_name) const {
  const auto found = by_name_.find(std::string(tensor_name));
  return found == by_name_.end() ? nullptr : found->second;
}

Status Network::rename(Tensor* tensor, std::string new_name) {
  if (tensor->name == new_name) return Ok{};
  if (new_name.empty()) return invalid("a tensor needs a name");
  if (by_name_.contains(new_name)) return invalid("the name '" + new_name + "' is taken");
  by_name_.erase(tensor->name);
  tensor->name = std::move(new_name);
  by_name_[tensor->name] = tensor;
  return Ok{};
}

Status Network::set_input(Layer* layer, size_t index, Tensor* tensor) {
  if (index > layer->inputs_.size())
    return invalid(layer_label(*layer) + " has " + std::to_string(layer->inputs_.size()) + " inputs; input " + std::to_string(index) +
                   " would leave a gap");
  if (index == layer->inputs_.size()) layer->inputs_.push_back(nullptr);
  Tensor*& slot = layer->inputs_[index];
  if (slot) {
    auto found = std::find(slot->readers_.begin(), slot->readers_.end(), layer);
    if (found != slot->readers_.end()) slot->readers_.erase(found);
  }
  slot = tensor;
  if (tensor) tensor->readers_.push_back(layer);
  return infer_from(layer);
}

Status Network::replace_op(Layer* layer, std::unique_ptr<Operator> op) {
  std::swap(layer->op_, op);
  Status status = infer_from(layer);
  if (!status.ok()) std::swap(layer->op_, op);
  return status;
}

Status Network::replace_all_uses(Tensor* from, Tensor* to) {
  if (from == to) return Ok{};
  const std::vector<Layer*> readers = from->readers_;
  for (Layer* reader : readers) {
    for (Tensor*& input : reader->inputs_) {
      if (input != from) continue;
      input = to;
      to->readers_.push_back(reader);
    }
  }
  from->readers_.clear();
  if (from->is_output_) TRY(move_output(from, to));
  if (from->type == to->type) return Ok{};
  for (Layer* reader : readers) TRY(infer_from(reader));
  return Ok{};
}

Status Network::move_output(Tensor* from, Tensor* to) {
  if (to->is_output_ || to->is_input_ || to->is_constant())
    return invalid("the tensor '" + to->name + "' cannot take the place of the output '" + from->name + "'");
  std::replace(outputs_.begin(), outputs_.end(), from, to);
  from->is_output_ = false;
  to->is_output_ = true;
  const std::string public_name = from->name;
  TRY(rename(from, unique_name(public_name + ".inner", "inner")));
  TRY(rename(to, public_name));
  std::swap(from->format_hint, to->format_hint);
  return Ok{};
}

Status Network::sort_layers() {
  TRY_ASSIGN(std::vector<Layer*> order, in_order());
  std::unordered_map<const Layer*, size_t> place;
  for (size_t i = 0; i < order.size(); ++i) place[order[i]] = i;
  std::sort(layers_.begin(), layers_.end(), [&](const auto& a, const auto& b) { return place[a.get()] < place[b.get()]; });
  return Ok{};
}

void Network::remove_layer(Layer* layer) {
  for (Tensor* input : layer->inputs_) {
    if (!input) continue;
    auto found = std::find(input->readers_.begin(), input->readers_.end(), layer);
    if (found != input->readers_.end()) input->readers_.erase(found);
  }
  for (Tensor* output : layer->outputs_) {
    by_name_.erase(output->name);
    std::erase_if(tensors_, [&](const auto& tensor) { return tensor.get() == output; });
  }
  std::erase_if(layers_, [&](const auto& entry) { return entry.get() == layer; });
}

void Network::remove_unused() {
  // Marks from the outputs backwards, then sweeps once: linear in the size of the network.
  std::unordered_set<const Layer*> needed;
  std::vector<Layer*> stack;
  const auto need = [&](Tensor* tensor) {
    if (tensor && tensor->producer_ && needed.insert(tensor->producer_).second) stack.push_back(tensor->producer_);
  };
  for (Tensor* output : outputs_) need(output);
  for (const auto& layer : layers_) {
    if (!layer->op_->is_pure() && layer->outputs_.empty() && needed.insert(layer.get()).second) stack.push_back(layer.get());
  }
  while (!stack.empty()) {
    Layer* layer = stack.back();
    stack.pop_back();
    for (Tensor* input : layer->inputs_) need(input);
  }
  std::unordered_set<const Tensor*> dead;
  for (const auto& layer : layers_) {
    if (needed.contains(layer.get())) continue;
    for (Tensor* output : layer->outputs_) dead.insert(output);
  }
  for (const auto& tensor : tensors_) {
    std::erase_if(tensor->readers_, [&](const Layer* reader) { return !needed.contains(reader); });
    if (tensor->is_constant() && tensor->readers_.empty() && !tensor->is_output_) dead.insert(tensor.get());
  }
  for (const Tensor* tensor : dead) by_name_.erase(tensor->name);
  std::erase_if(layers_, [&](const auto& layer) { return !needed.contains(layer.get()); });
  std::erase_if(tensors_, [&](const auto& tensor) { return dead.contains(tensor.get()); });
}

Status Network::infer_from(Layer* first) {
  std::deque<Layer*> queue{first};
  // Each edit settles after a few rounds over what lies behind it; a cycle would not.
  int64_t budget = 64 + 64 * static_cast<int64_t>(layers_.size());
  while (!queue.empty()) {
    if (--budget < 0) return invalid("types do not settle behind " + layer_label(*first) + ": the network has a cycle");
    Layer* layer = queue.front();
    queue.pop_front();
    auto inferred = layer->op_->infer(types_of(layer->inputs_));
    if (!inferred.ok()) return std::move(inferred).error().within(layer_label(*layer));
    for (size_t i = 0; i < inferred->size(); ++i) {
      if (i >= layer->outputs_.size()) {
        Tensor* output = new_tensor(unique_name("", layer->name + "." + std::to_string(i)));
        output->producer_ = layer;
        output->producer_index_ = i;
        layer->outputs_.push_back(output);
      }
      Tensor* output = layer->outputs_[i];
      if (output->type == (*inferred)[i]) continue;
      output->type = std::move((*inferred)[i]);
      queue.insert(queue.end(), output->readers_.begin(), output->readers_.end());
    }
  }
  return Ok{};
}

Status Network::infer_all() {
  TRY_ASSIGN(std::vector<Layer*> order, in_order());
  for (Layer* layer : order) {
    auto inferred = layer->op_->infer(types_of(layer->inputs_));
    if (!inferred.ok()) return std::move(inferred).error().within(layer_label(*layer));
    for (size_t i = 0; i < inferred->size() && i < layer->outputs_.size(); ++i) layer->outputs_[i]->type = std::move((*inferred)[i]);
  }
  return Ok{};
}

Result<std::vector<Layer*>> Network::in_order() const {
  std::vector<Layer*> order;
  order.reserve(layers_.size());
  std::unordered_set<const Layer*> placed;
  // A depth-first walk along the order of creation: a layer stands right behind what it needs.
  std::vector<std::pair<Layer*, size_t>> stack;
  std::unordered_set<const Layer*> open;
  for (const auto& root : layers_) {
    if (placed.contains(root.get())) continue;
    stack.push_back({root.get(), 0});
    open.insert(root.get());
    while (!stack.empty()) {
      auto& [layer, next] = stack.back();
      if (next < layer->inputs_.size()) {
        const Tensor* input = layer->inputs_[next++];
        Layer* producer = input ? input->producer_ : nullptr;
        if (!producer || placed.contains(producer)) continue;
        if (!open.insert(producer).second) return invalid("the network has a cycle through " + layer_label(*producer));
        stack.push_back({producer, 0});
      } else {
        order.push_back(layer);
        placed.insert(layer);
        open.erase(layer);
        stack.pop_back();
      }
    }
  }
  return order;
}

std::string Network::make_symbol(std::string_view stem) { return std::string(stem) + "$" + std::to_string(next_symbol_++); }

void Network::bound_symbol(const std::string& symbol, Dim most) { bounds_[symbol] = std::move(most); }

std::unique_ptr<Network> Network::clone() const {
  auto copy = std::make_unique<Network>();
  copy->name = name;
  copy->profiles = profiles;
  copy->bounds_ = bounds_;
  copy->next_id_ = next_id_;
  copy->next_symbol_ = next_symbol_;
  copy->next_suffix_ = next_suffix_;
  std::unordered_map<const Tensor*, Tensor*> tensors;
  std::unordered_map<const Layer*, Layer*> layers;
  for (const auto& tensor : tensors_) {
    copy->tensors_.push_back(std::make_unique<Tensor>(*tensor));
    Tensor* twin = copy->tensors_.back().get();
    tensors[tensor.get()] = twin;
    copy->by_name_[twin->name] = twin;
  }
  const auto twin_of = [&](Tensor* tensor) { return tensor ? tensors[tensor] : nullptr; };
  for (const auto& layer : layers_) {
    auto twin = std::make_unique<Layer>();
    twin->name = layer->name;
    twin->metadata = layer->metadata;
    twin->precision = layer->precision;
    twin->output_types = layer->output_types;
    twin->id_ = layer->id_;
    twin->op_ = layer->op_->clone();
    for (Tensor* input : layer->inputs_) twin->inputs_.push_back(twin_of(input));
    for (Tensor* output : layer->outputs_) twin->outputs_.push_back(twin_of(output));
    layers[layer.get()] = twin.get();
    copy->layers_.push_back(std::move(twin));
  }
  for (const auto& tensor : copy->tensors_) {
    if (tensor->producer_) tensor->producer_ = layers[tensor->producer_];
    for (Layer*& reader : tensor->readers_) reader = layers[reader];
  }
  for (Tensor* input : inputs_) copy->inputs_.push_back(twin_of(input));
  for (Tensor* output : outputs_) copy->outputs_.push_back(twin_of(output));
  return copy;
}

Status Network::verify() const {
  TRY_ASSIGN(std::vector<Layer*> order, in_order());
  std::unordered_set<const Tensor*> known;
  for (const auto& tensor : tensors_) {
    known.insert(tensor.get());
    const auto found = by_name_.find(tensor->name);
    if (found == by_name_.end() || found->second != tensor.get()) return invalid("the name '" + tensor->name + "' is not unique");
    const int sources = tensor->is_input_ + tensor->is_constant() + (tensor->producer_ != nullptr);
    if (sources != 1)
      return invalid("the tensor '" + tensor->name + "' " +
                     (sources == 0 ? "comes from nowhere: it is no input, no constant and no layer's output" : "has several sources"));
  }
  for (const Layer* layer : order) {
    for (const Tensor* input : layer->inputs_) {
      if (!input) continue;
      if (!known.contains(input)) return internal(layer_label(*layer) + " reads a tensor of another network");
      if (std::find(input->readers_.begin(), input->readers_.end(), layer) == input->readers_.end())
        return internal(layer_label(*layer) + " is missing among the readers of '" + input->name + "'");
    }
    auto inferred = layer->op_->infer(types_of(layer->inputs_));
    if (!inferred.ok()) return std::move(inferred).error().within(layer_label(*layer));
    if (inferred->size() != layer->outputs_.size())
      return invalid(layer_label(*layer) + " has " + std::to_string(layer->outputs_.size()) + " outputs, but its operator gives " +
                     std::to_string(inferred->size()));
    for (size_t i = 0; i < inferred->size(); ++i) {
      const TensorType& mine = layer->outputs_[i]->type;
      if (mine.type != (*inferred)[i].type || mine.dims != (*inferred)[i].dims)
        return invalid("the output '" + layer->outputs_[i]->name + "' of " + layer_label(*layer) + " is " + mine.text() +
                       ", but should be " + (*inferred)[i].text());
    }
  }
  for (const Tensor* output : outputs_) {
    if (!known.contains(output)) return internal("an output belongs to another network");
  }
  return Ok{};
}

Result<Arrays> Network::evaluate(const Arrays& inputs) const {
  if (inputs.size() != inputs_.size())
    return invalid("the network has " + std::to_string(inputs_.size()) + " inputs; got " + std::to_string(inputs.size()));
  std::unordered_map<const Tensor*, Array> values;
  std::unordered_map<const Tensor*, size_t> uses;
  for (size_t i = 0; i < inputs.size(); ++i) {
    const TensorType& type = inputs_[i]->type;
    if (inputs[i].type() != type.type || inputs[i].rank() != type.rank())
      return invalid("the input '" + inputs_[i]->name + "' is " + type.text() + "; got " + std::string(name_of(inputs[i].type())) + " " +
                     to_text(inputs[i].shape()));
    for (int64_t d = 0; d < type.rank(); ++d) {
      if (type.dims[d].is_constant() && type.dims[d].value() != inputs[i].shape()[d])
        return invalid("the input '" + inputs_[i]->name + "' is " + type.text() + "; got " + to_text(inputs[i].shape()));
    }
    values[inputs_[i]] = inputs[i];
  }
  for (const auto& tensor : tensors_) {
    if (tensor->is_constant()) values[tensor.get()] = tensor->constant;
    uses[tensor.get()] = tensor->readers_.size();
  }
  TRY_ASSIGN(std::vector<Layer*> order, in_order());
  for (const Layer* layer : order) {
    Arrays arguments;
    for (Tensor* input : layer->inputs_) arguments.push_back(input ? values[input] : Array());
    Result<Arrays> results = Arrays{};
    if (layer->op_->has_reference()) {
      results = layer->op_->evaluate(arguments);
    } else {
      // Through its decomposition, in a network of its own.
      Network inner;
      std::vector<Tensor*> tensors;
      Arrays inner_inputs;
      for (size_t i = 0; i < arguments.size(); ++i) {
        if (!layer->inputs_[i]) {
          tensors.push_back(nullptr);
        } else if (layer->inputs_[i]->is_constant()) {
          tensors.push_back(inner.add_constant("c" + std::to_string(i), arguments[i]));
        } else {
          TRY_ASSIGN(Tensor * input, inner.add_input("x" + std::to_string(i), {arguments[i].type(), to_dims(arguments[i].shape())}));
          tensors.push_back(input);
          inner_inputs.push_back(arguments[i]);
        }
      }
      auto outputs = layer->op_->decompose(inner, tensors);
      if (!outputs.ok()) return std::move(outputs).error().within(layer_label(*layer));
      std::vector<size_t> places;
      for (Tensor* output : *outputs) {
        if (!output->is_output()) TRY(inner.mark_output(output));
        places.push_back(static_cast<size_t>(std::find(inner.outputs().begin(), inner.outputs().end(), output) - inner.outputs().begin()));
      }
      auto inner_results = inner.evaluate(inner_inputs);
      if (!inner_results.ok()) return std::move(inner_results).error().within(layer_label(*layer));
      Arrays ordered;
      for (size_t place : places) ordered.push_back((*inner_results)[place]);
      results = std::move(ordered);
    }
    if (!results.ok()) return std::move(results).error().within(layer_label(*layer));
    if (results->size() != layer->outputs_.size())
      return internal(layer_label(*layer) + " gave " + std::to_string(results->size()) + " results for " +
                      std::to_string(layer->outputs_.size()) + " outputs");
    for (size_t i = 0; i < results->size(); ++i) values[layer->outputs_[i]] = std::move((*results)[i]);
    for (Tensor* input : layer->inputs_) {
      if (input && --uses[input] == 0 && !input->is_output_) values.erase(input);
    }
  }
  Arrays outputs;
  for (const Tensor* output : outputs_) outputs.push_back(values[output]);
  return outputs;
}

}  // namespace ingot
