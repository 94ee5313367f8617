#include "optimize/edit.h"

#include <algorithm>
#include <cmath>
#include <cstring>
#include <map>

#include "operators/concat.h"

namespace ingot {
namespace {

// Longer recipes help nobody; such constants cannot be refitted.
constexpr size_t kLongestRecipe = 2000;

// A layer that was removed: what another may inherit.
struct Dead {
  const Layer* layer;
  int64_t id;
  std::string op, name, metadata;
  std::optional<DataType> precision;
  std::vector<std::optional<DataType>> output_types;
};

// Removes `first` and what only it needed, as long as nothing reads them.
std::vector<Dead> remove_unread(Network& network, Layer* first) {
  std::vector<Dead> dead;
  std::vector<Layer*> waiting{first};
  std::unordered_set<const Layer*> gone;
  while (!waiting.empty()) {
    Layer* layer = waiting.back();
    waiting.pop_back();
    if (gone.contains(layer) || !layer->op().is_pure()) continue;
    const bool read = std::any_of(layer->outputs().begin(), layer->outputs().end(),
                                  [](const Tensor* output) { return output->is_output() || !output->readers().empty(); });
    if (read) continue;
    for (Tensor* input : layer->inputs()) {
      if (input && input->producer()) waiting.push_back(input->producer());
    }
    gone.insert(layer);
    dead.push_back(
        {layer, layer->id(), std::string(layer->op().name()), layer->name, layer->metadata, layer->precision, layer->output_types});
    network.remove_layer(layer);
  }
  return dead;
}

void add_words(std::string& words, const std::string& more, const char* between) {
  if (more.empty() || words == more) return;
  words += (words.empty() ? "" : between) + more;
}

// New layers go on under the names of those they replace: one of the same operator where there is one, else `heir`.
void inherit(Network& network, const std::vector<Dead>& dead, Layer* heir, int64_t first_new_id) {
  std::vector<Layer*> fresh;
  for (auto it = network.layers().rbegin(); it != network.layers().rend() && (*it)->id() >= first_new_id; ++it) fresh.push_back(it->get());
  std::map<Layer*, std::string> names;
  for (const Dead& layer : dead) {
    if (layer.id >= first_new_id) continue;
    Layer* next = heir;
    for (Layer* candidate : fresh) {
      if (candidate->op().name() == layer.op) next = candidate;
    }
    add_words(names[next], layer.name, " + ");
    add_words(next->metadata, layer.metadata, "; ");
    if (!next->precision) next->precision = layer.precision;
  }
  for (auto& [layer, layer_names] : names) layer->name = std::move(layer_names);
}

}  // namespace

Result<Arrays> evaluate_operator(const Operator& op, const Arrays& inputs) {
  if (op.has_reference()) return op.evaluate(inputs);
  Network network;
  std::vector<Tensor*> tensors;
  for (const Array& input : inputs) tensors.push_back(input.data() || input.count() == 0 ? network.add_constant("c", input) : nullptr);
  TRY_ASSIGN(Layer * layer, network.add_layer(op.clone(), tensors));
  for (Tensor* output : layer->outputs()) TRY(network.mark_output(output));
  return network.evaluate({});
}

std::string recipe_of(const Tensor& constant) {
  if (!constant.recipe.empty()) return constant.recipe;
  if (constant.constant.count() == 1) return "number(" + std::to_string(constant.constant.number(0)) + ")";
  return "\"" + constant.name + "\"";
}

namespace {

// A constant that is what `op` gives for `inputs`.
Tensor* add_computed(Network& network, Array value, const Operator& op, const std::vector<Tensor*>& inputs) {
  std::string recipe;
  for (const Tensor* input : inputs) recipe += (recipe.empty() ? "" : ", ") + (input ? recipe_of(*input) : std::string("_"));
  std::string stem = "constant";
  for (const Tensor* input : inputs) {
    if (input && input->constant.count() > 1) {
      stem = input->name;
      break;
    }
  }
  Tensor* constant = network.add_constant(stem, std::move(value));
  recipe = std::string(op.name()) + "(" + recipe + ")" + op.fields_text();
  if (recipe.size() <= kLongestRecipe) constant->recipe = std::move(recipe);
  return constant;
}

}  // namespace

Result<Tensor*> compute_constant(Network& network, const Operator& op, const std::vector<Tensor*>& inputs) {
  Arrays arrays;
  for (const Tensor* input : inputs) arrays.push_back(input ? input->constant : Array());
  TRY_ASSIGN(Arrays results, evaluate_operator(op, arrays));
  if (results.empty()) return internal(std::string(op.name()) + " computes nothing");
  return add_computed(network, std::move(results[0]), op, inputs);
}

Result<Tensor*> join_constants(Network& network, int64_t axis, const std::vector<Tensor*>& parts) {
  Shape shape = parts[0]->constant.shape();
  const DataType type = parts[0]->type.type;
  shape[static_cast<size_t>(axis)] = 0;
  for (const Tensor* part : parts) shape[static_cast<size_t>(axis)] += part->constant.shape()[static_cast<size_t>(axis)];
  TRY_ASSIGN(Array joined, Array::make(type, shape));
  int64_t rows = 1;
  for (int64_t i = 0; i < axis; ++i) rows *= shape[static_cast<size_t>(i)];
  auto* to = static_cast<std::byte*>(joined.mutable_data());
  for (int64_t row = 0; row < rows; ++row) {
    for (const Tensor* part : parts) {
      const size_t row_bytes = part->constant.byte_count() / static_cast<size_t>(rows);
      std::memcpy(to, static_cast<const std::byte*>(part->constant.data()) + static_cast<size_t>(row) * row_bytes, row_bytes);
      to += row_bytes;
    }
  }
  return add_computed(network, std::move(joined), Concat(axis), parts);
}

Tensor* add_number(Network& network, DataType type, double value) { return network.add_constant("number", Array::scalar(type, value)); }

std::optional<double> number_of(const Tensor* tensor) {
  if (!tensor || !tensor->constant.data() || tensor->constant.count() != 1) return std::nullopt;
  return tensor->constant.number(0);
}

bool is_filled_with(const Array& array, double value) {
  if (!array.data()) return false;
  for (int64_t i = 0; i < array.count(); ++i) {
    if (array.number(i) != value) return false;
  }
  return true;
}

bool is_used_once(const Tensor& tensor) { return tensor.readers().size() == 1 && !tensor.is_output(); }

bool can_replace(const Tensor& from, const Tensor& to) {
  if (from.type.type != to.type.type || from.type.dims != to.type.dims) return false;
  return !from.is_output() || (to.producer() && !to.is_output());
}

int64_t next_layer_id(const Network& network) {
  // Ids grow with creation.
  return network.layers().empty() ? 0 : network.layers().back()->id() + 1;
}

void discard_new_layers(Network& network, int64_t first_new_id) {
  while (!network.layers().empty() && network.layers().back()->id() >= first_new_id) network.remove_layer(network.layers().back().get());
}

Status replace(Network& network, Tensor* from, Tensor* to, int64_t first_new_id, Removed* removed) {
  Layer* old = from->producer();
  const std::string name = from->name;
  if (!std::isnan(from->range_max) && std::isnan(to->range_max)) {
    to->range_min = from->range_min;
    to->range_max = from->range_max;
  }
  const size_t index = from->producer_index();
  TRY(network.replace_all_uses(from, to));
  Layer* heir = to->producer();
  const bool is_new = heir && heir->id() >= first_new_id;
  std::vector<Dead> dead = old ? remove_unread(network, old) : std::vector<Dead>{};
  std::sort(dead.begin(), dead.end(), [](const Dead& a, const Dead& b) { return a.id < b.id; });
  if (is_new) {
    inherit(network, dead, heir, first_new_id);
    for (const Dead& layer : dead) {
      if (layer.layer == old && index < layer.output_types.size() && layer.output_types[index])
        heir->output_types = {layer.output_types[index]};
    }
    if (!to->is_output() && !network.find_tensor(name)) TRY(network.rename(to, name));
  }
  for (const Dead& layer : dead) {
    if (removed) removed->layers.insert(layer.layer);
  }
  return Ok{};
}

Result<bool> try_replace(Network& network, Tensor* from, Tensor* to, int64_t first_new_id) {
  if (!can_replace(*from, *to)) return false;
  TRY(replace(network, from, to, first_new_id));
  return true;
}

}  // namespace ingot
