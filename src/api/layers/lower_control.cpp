// Loops and conditionals of a flat network become operators with subnetworks, on the builder's copy.
#include <algorithm>
#include <unordered_map>
#include <unordered_set>

#include "api/layers/control.h"
#include "operators/elementwise.h"
#include "operators/gather.h"
#include "operators/if.h"
#include "operators/loop.h"
#include "operators/reshape.h"
#include "operators/runtime_dims.h"
#include "operators/shape.h"
#include "operators/slice.h"
#include "operators/transpose.h"

namespace ingot::api {
namespace {

using TensorMap = std::unordered_map<const Tensor*, Tensor*>;

bool is_border(const Layer& layer) { return layer.as<LoopBoundary>() || layer.as<ConditionalBoundary>(); }

Tensor* tensor_by_id(const Network& network, int64_t id, const ControlBlock::Replacements& replaced) {
  for (auto found = replaced.find(id); found != replaced.end(); found = replaced.find(id)) id = found->second;
  for (const auto& tensor : network.tensors()) {
    if (tensor->id() == id) return tensor.get();
  }
  return nullptr;
}

// The part of a network that hangs on some tensors: everything between them and borders.
struct Inside {
  std::unordered_set<const Tensor*> tensors;
  std::vector<Layer*> layers;  // in an order that follows the data
  bool has_borders = false;    // of other blocks

  Inside(const std::vector<Layer*>& order, std::unordered_set<const Tensor*> sources, const std::unordered_set<const Layer*>& own)
      : tensors(std::move(sources)) {
    for (Layer* layer : order) {
      if (own.contains(layer)) continue;
      const bool reads = std::any_of(layer->inputs().begin(), layer->inputs().end(),
                                     [&](const Tensor* input) { return input && tensors.contains(input); });
      if (!reads) continue;
      has_borders |= is_border(*layer);
      layers.push_back(layer);
      tensors.insert(layer->outputs().begin(), layer->outputs().end());
    }
  }
  // The layers that `roots` need, in order.
  std::vector<Layer*> needed(const std::vector<Tensor*>& roots) const {
    std::unordered_set<const Tensor*> wanted(roots.begin(), roots.end());
    std::vector<Layer*> found;
    for (size_t i = layers.size(); i-- > 0;) {
      const auto& outputs = layers[i]->outputs();
      if (std::none_of(outputs.begin(), outputs.end(), [&](const Tensor* output) { return wanted.contains(output); })) continue;
      wanted.insert(layers[i]->inputs().begin(), layers[i]->inputs().end());
      found.push_back(layers[i]);
    }
    std::reverse(found.begin(), found.end());
    return found;
  }
};

// A network inside another one: what it reads from outside becomes further inputs.
struct Body {
  std::shared_ptr<Network> network = std::make_shared<Network>();
  TensorMap map;
  std::vector<Tensor*> captures;  // tensors of the outer network

  explicit Body(const Network& outer) { network->number_symbols_from(outer.next_symbol_number()); }
  Result<Tensor*> input(const std::string& name, TensorType type) {
    type.values.reset();
    return network->add_input(name, std::move(type));
  }
  Result<Tensor*> of(Tensor* outer) {
    if (!outer) return static_cast<Tensor*>(nullptr);
    if (const auto found = map.find(outer); found != map.end()) return found->second;
    if (outer->is_constant()) return map[outer] = network->add_constant(outer->name, outer->constant);
    TRY_ASSIGN(Tensor * made, network->add_input(outer->name, outer->type));
    captures.push_back(outer);
    return map[outer] = made;
  }
};

// Copies `layers` into `to`, where `find` gives the stand-ins of tensors and `keep` takes those of their outputs.
template <class Find, class Keep>
Status copy_layers(const std::vector<Layer*>& layers, Network& to, Find find, Keep keep) {
  for (const Layer* layer : layers) {
    std::vector<Tensor*> inputs;
    for (Tensor* input : layer->inputs()) {
      TRY_ASSIGN(Tensor * stand_in, find(input));
      inputs.push_back(stand_in);
    }
    TRY_ASSIGN(Layer * copy, to.add_layer(layer->op().clone(), std::move(inputs), layer->name));
    copy->metadata = layer->metadata;
    copy->precision = layer->precision;
    copy->output_types = layer->output_types;
    for (size_t i = 0; i < layer->outputs().size(); ++i) keep(layer->output(i), copy->output(i));
  }
  return Ok{};
}

// Outputs of a body are told apart even where they are one tensor, or an input.
Status give_out(Network& body, Tensor* tensor) {
  TRY_ASSIGN(Tensor * copy, body.add(Elementwise(ScalarOp::kIdentity), {tensor}));
  return body.mark_output(copy);
}

Result<Tensor*> replace(Network& network, Layer* border, Tensor* by, ControlBlock::Replacements& replaced) {
  Tensor* old = border->output();
  replaced[old->id()] = by->id();
  TRY(network.replace_all_uses(old, by));
  return by;
}

// What the subnetworks took over, and the borders in front of it. A tensor that something outside reads keeps its layer, and building
// then says that nothing runs a border.
void remove_lowered(Network& network, const std::vector<Layer*>& layers, const std::vector<Layer*>& borders) {
  const auto remove = [&](Layer* layer) {
    const auto& outputs = layer->outputs();
    const bool unused =
        std::all_of(outputs.begin(), outputs.end(), [](const Tensor* output) { return output->readers().empty() && !output->is_output(); });
    if (unused) network.remove_layer(layer);
  };
  for (size_t i = layers.size(); i-- > 0;) remove(layers[i]);
  for (Layer* border : borders) remove(border);
}

struct LoopParts {
  std::vector<Layer*> recurrences, iterators, outputs;
  Layer* count = nullptr;
  Layer* condition = nullptr;
};

}  // namespace

Result<bool> LoopFacade::lower(Network& network, Replacements& replaced) const {
  const std::string where = "loop" + (name_.empty() ? " " + std::to_string(number_) : " '" + name_ + "'");
  TRY_ASSIGN(std::vector<Layer*> order, network.in_order());
  LoopParts parts;
  std::unordered_set<const Layer*> own;
  for (Layer* layer : order) {
    const auto* border = layer->as<LoopBoundary>();
    if (!border || border->loop != number_) continue;
    own.insert(layer);
    switch (border->role) {
      case LoopRole::kRecurrence: parts.recurrences.push_back(layer); break;
      case LoopRole::kIterator: parts.iterators.push_back(layer); break;
      case LoopRole::kCount: parts.count = layer; break;
      case LoopRole::kWhile: parts.condition = layer; break;
      default: parts.outputs.push_back(layer); break;
    }
  }
  if (own.empty()) return true;
  if (!parts.count && !parts.condition) return invalid(where + " has no trip limit; call ILoop::addTripLimit");
  if (parts.outputs.empty()) return invalid(where + " has no output; call ILoop::addLoopOutput");

  std::unordered_set<const Tensor*> sources;
  for (const auto* list : {&parts.recurrences, &parts.iterators}) {
    for (const Layer* layer : *list) sources.insert(layer->output());
  }
  const Inside inside(order, sources, own);
  if (inside.has_borders) return false;

  std::vector<Tensor*> next;
  for (const Layer* recurrence : parts.recurrences) {
    Tensor* set = this->next(recurrence);
    if (!set) return invalid(where + ": recurrence '" + recurrence->name + "' has no value for the next iteration; call setInput(1, ...)");
    next.push_back(tensor_by_id(network, set->id(), replaced));
    if (!next.back()) return internal(where + ": the next value of '" + recurrence->name + "' is gone");
  }

  // The body: iteration number, condition, carried values; what it reads from outside follows.
  Body body(network);
  TRY_ASSIGN(Tensor * iteration, body.input("iteration$", {DataType::kInt64, {}}));
  TRY_ASSIGN(Tensor * going_on, body.input("condition$", {DataType::kBool, {}}));
  for (const Layer* recurrence : parts.recurrences) {
    TRY_ASSIGN(body.map[recurrence->output()], body.input(recurrence->output()->name, recurrence->input(0)->type));
  }
  for (const Layer* iterator : parts.iterators) {
    const auto* border = iterator->as<LoopBoundary>();
    TRY_ASSIGN(Tensor * x, body.of(iterator->input(0)));
    Tensor* index = iteration;
    if (border->reverse) {
      TRY_ASSIGN(Tensor * shape, body.network->add(ShapeOf(), {x}));
      TRY_ASSIGN(Array axis, Array::from_int64s({border->axis}).reshaped({}));
      TRY_ASSIGN(Array one, Array::from_int64s({1}).reshaped({}));
      TRY_ASSIGN(Tensor * length, body.network->add(Gather(0), {shape, body.network->add_constant("", axis)}));
      TRY_ASSIGN(Tensor * last, body.network->add(Elementwise(ScalarOp::kSub), {length, body.network->add_constant("", one)}));
      TRY_ASSIGN(index, body.network->add(Elementwise(ScalarOp::kSub), {last, iteration}));
    }
    TRY_ASSIGN(body.map[iterator->output()], body.network->add(Gather(border->axis), {x, index}, iterator->name));
  }
  std::vector<Tensor*> scanned;
  std::vector<int64_t> scan_of(parts.outputs.size(), -1), carried_of(parts.outputs.size(), -1);
  for (size_t i = 0; i < parts.outputs.size(); ++i) {
    Tensor* given = parts.outputs[i]->input(0);
    if (parts.outputs[i]->as<LoopBoundary>()->role == LoopRole::kLast) {
      for (size_t k = 0; k < parts.recurrences.size(); ++k) {
        if (parts.recurrences[k]->output() == given) carried_of[i] = static_cast<int64_t>(k);
      }
      if (carried_of[i] >= 0) continue;
    }
    scan_of[i] = static_cast<int64_t>(scanned.size());
    scanned.push_back(given);
  }
  std::vector<Tensor*> roots = next;
  roots.insert(roots.end(), scanned.begin(), scanned.end());
  const auto in_body = [&](Tensor* tensor) { return body.of(tensor); };
  TRY(copy_layers(inside.needed(roots), *body.network, in_body, [&](Tensor* from, Tensor* to) { body.map[from] = to; }).within(where));

  // The condition for the next iteration is that of the next values.
  Tensor* begins = nullptr;
  if (parts.condition) {
    Tensor* condition = parts.condition->input(0);
    const std::vector<Layer*> needed = inside.needed({condition});
    TensorMap later, first;
    for (size_t k = 0; k < next.size(); ++k) {
      TRY_ASSIGN(later[parts.recurrences[k]->output()], body.of(next[k]));
      first[parts.recurrences[k]->output()] = parts.recurrences[k]->input(0);
    }
    for (const Layer* iterator : parts.iterators) {
      const bool reads = std::any_of(needed.begin(), needed.end(), [&](const Layer* layer) {
        return std::find(layer->inputs().begin(), layer->inputs().end(), iterator->output()) != layer->inputs().end();
      });
      if (reads || condition == iterator->output())
        return unsupported(where + ": the condition reads an iterator; let it read recurrences");
    }
    const auto after = [&](Tensor* tensor) -> Result<Tensor*> {
      const auto found = later.find(tensor);
      return found != later.end() ? Result<Tensor*>(found->second) : body.of(tensor);
    };
    TRY(copy_layers(needed, *body.network, after, [&](Tensor* from, Tensor* to) { later[from] = to; }).within(where));
    TRY_ASSIGN(Tensor * decides, after(condition));
    TRY(give_out(*body.network, decides));
    const auto before = [&](Tensor* tensor) -> Result<Tensor*> {
      const auto found = first.find(tensor);
      return found != first.end() ? found->second : tensor;
    };
    TRY(copy_layers(needed, network, before, [&](Tensor* from, Tensor* to) { first[from] = to; }).within(where));
    TRY_ASSIGN(begins, before(condition));
  } else {
    TRY(body.network->mark_output(going_on));
    begins = network.add_constant("", Array::scalar(DataType::kBool, 1));
  }
  for (const auto* list : {&next, &scanned}) {
    for (Tensor* tensor : *list) {
      TRY_ASSIGN(Tensor * inner, body.of(tensor));
      TRY(give_out(*body.network, inner));
    }
  }

  Tensor* trips = parts.count ? parts.count->input(0) : network.add_constant("", Array::from_int64s({INT64_MAX}));
  if (trips->type.type != DataType::kInt64) {
    TRY_ASSIGN(trips, network.add(Elementwise::cast(DataType::kInt64), {trips}));
  }
  auto op = std::make_unique<Loop>();
  op->body = body.network;
  op->carried = static_cast<int64_t>(parts.recurrences.size());
  std::vector<Tensor*> inputs{trips, begins};
  for (const Layer* recurrence : parts.recurrences) inputs.push_back(recurrence->input(0));
  inputs.insert(inputs.end(), body.captures.begin(), body.captures.end());
  auto made = add_runtime_sized(network, std::move(op), std::move(inputs), name_.empty() ? parts.outputs[0]->name : name_);
  if (!made.ok()) return std::move(made).error().within(where);
  const Layer* loop = *made;

  for (size_t i = 0; i < parts.outputs.size(); ++i) {
    const auto* border = parts.outputs[i]->as<LoopBoundary>();
    if (carried_of[i] >= 0) {
      // Two outputs may be one value, so each is a layer.
      TRY_ASSIGN(Tensor * value,
                 network.add(Elementwise(ScalarOp::kIdentity), {loop->output(static_cast<size_t>(carried_of[i]))}, parts.outputs[i]->name));
      TRY(replace(network, parts.outputs[i], value, replaced));
      continue;
    }
    Tensor* value = loop->output(parts.recurrences.size() + static_cast<size_t>(scan_of[i]));
    if (border->role == LoopRole::kLast) {
      TRY_ASSIGN(Array last, Array::from_int64s({-1}).reshaped({}));
      TRY_ASSIGN(value, network.add(Gather(0), {value, network.add_constant("", last)}, parts.outputs[i]->name));
      TRY(replace(network, parts.outputs[i], value, replaced));
      continue;
    }
    Slice part;
    part.axes = {0};
    if (border->role == LoopRole::kReverse) {
      part.starts = {INT64_MAX};
      part.ends = {INT64_MIN};
      part.steps = {-1};
      TRY_ASSIGN(value, network.add(part, {value}));
    }
    Tensor* length = parts.outputs[i]->input(1);
    if (length && (!parts.count || length != parts.count->input(0))) {
      // As long as the program says, with zeros where the loop ended before.
      auto sized = std::make_unique<Slice>();
      sized->axes = {0};
      sized->sized = true;
      sized->mode = SliceMode::kFill;
      TRY_ASSIGN(length, network.add(Reshape(std::vector<int64_t>{1}), {length}));
      TRY_ASSIGN(Layer * cut,
                 add_runtime_sized(network, std::move(sized), {value, network.add_constant("", Array::from_int64s({0})), length}));
      value = cut->output();
    }
    const int64_t axis = border->axis < 0 ? border->axis + value->type.rank() : border->axis;
    std::vector<int64_t> permutation;
    for (int64_t d = 1; d < value->type.rank(); ++d) permutation.push_back(d);
    permutation.insert(permutation.begin() + axis, 0);
    TRY_ASSIGN(value, network.add(Transpose(permutation), {value}, parts.outputs[i]->name));
    TRY(replace(network, parts.outputs[i], value, replaced));
  }
  for (Layer* output : parts.outputs) network.remove_layer(output);
  if (parts.count) network.remove_layer(parts.count);
  if (parts.condition) network.remove_layer(parts.condition);
  remove_lowered(network, inside.layers, parts.recurrences);
  remove_lowered(network, {}, parts.iterators);
  return true;
}

Result<bool> ConditionalFacade::lower(Network& network, Replacements& replaced) const {
  const std::string where = "conditional" + (name_.empty() ? " " + std::to_string(number_) : " '" + name_ + "'");
  TRY_ASSIGN(std::vector<Layer*> order, network.in_order());
  Layer* condition = nullptr;
  std::vector<Layer*> entries, outputs;
  std::unordered_set<const Layer*> own;
  std::unordered_set<const Tensor*> sources;
  for (Layer* layer : order) {
    const auto* border = layer->as<ConditionalBoundary>();
    if (!border || border->conditional != number_) continue;
    own.insert(layer);
    if (border->role == ConditionalRole::kCondition) condition = layer;
    if (border->role == ConditionalRole::kInput) entries.push_back(layer);
    if (border->role == ConditionalRole::kOutput) outputs.push_back(layer);
  }
  if (own.empty()) return true;
  if (!condition) return invalid(where + " has no condition; call IIfConditional::setCondition");
  if (outputs.empty()) return invalid(where + " has no output; call IIfConditional::addOutput");
  for (const Layer* entry : entries) sources.insert(entry->output());
  const Inside inside(order, sources, own);
  if (inside.has_borders) return false;

  auto op = std::make_unique<If>();
  std::vector<Tensor*> inputs{condition->input(0)};
  for (size_t branch = 0; branch < 2; ++branch) {
    Body body(network);
    for (const Layer* entry : entries) {
      TRY_ASSIGN(body.map[entry->output()], body.of(entry->input(0)));
    }
    std::vector<Tensor*> roots;
    for (const Layer* output : outputs) roots.push_back(output->input(branch));
    TRY(copy_layers(
            inside.needed(roots), *body.network, [&](Tensor* tensor) { return body.of(tensor); },
            [&](Tensor* from, Tensor* to) { body.map[from] = to; })
            .within(where));
    for (Tensor* root : roots) {
      TRY_ASSIGN(Tensor * inner, body.of(root));
      TRY(give_out(*body.network, inner));
    }
    inputs.insert(inputs.end(), body.captures.begin(), body.captures.end());
    (branch == 0 ? op->then_branch : op->else_branch) = body.network;
  }
  auto made = add_runtime_sized(network, std::move(op), std::move(inputs), name_.empty() ? outputs[0]->name : name_);
  if (!made.ok()) return std::move(made).error().within(where);
  for (size_t i = 0; i < outputs.size(); ++i) TRY(replace(network, outputs[i], (*made)->output(i), replaced));
  for (Layer* output : outputs) network.remove_layer(output);
  network.remove_layer(condition);
  remove_lowered(network, inside.layers, entries);
  return true;
}

}  // namespace ingot::api
