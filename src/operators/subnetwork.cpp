#include "operators/subnetwork.h"

#include <cstring>

#include "operators/elementwise.h"
#include "operators/moving.h"
#include "operators/runtime_dims.h"

namespace ingot {

namespace {

constexpr int kDeepestBound = 16;

const FieldValue* find_field(const std::vector<Field>& fields, std::string_view name) {
  for (const Field& field : fields) {
    if (field.name == name) return &field.value;
  }
  return nullptr;
}

// Gives the symbols that `op` names new names in `outer`, with their bounds.
Status renew_symbols(Network& outer, const Network& body, Operator& op, std::map<std::string, Dim, std::less<>>* renamed) {
  const auto fields = op.fields();
  const FieldValue* field = find_field(fields, "symbol");
  const auto* old = field ? std::get_if<std::string>(field) : nullptr;
  if (!old || old->empty()) return Ok{};
  const std::string fresh = outer.make_symbol(old->substr(0, old->find('$')));
  for (const auto& [symbol, most] : body.symbol_bounds()) {
    if (symbol != *old && !symbol.starts_with(*old + "_")) continue;
    const std::string twin = fresh + symbol.substr(old->size());
    (*renamed)[symbol] = Dim::symbol(twin);
    outer.bound_symbol(twin, most.substitute(*renamed));
  }
  return op.set_field("symbol", fresh);
}

}  // namespace

Result<std::vector<Tensor*>> inline_subnetwork(Network& outer, const Network& body, const std::vector<Tensor*>& inputs) {
  if (inputs.size() != body.inputs().size()) {
    return invalid("the network '" + body.name + "' takes " + std::to_string(body.inputs().size()) + " inputs, not " +
                   std::to_string(inputs.size()));
  }
  std::map<const Tensor*, Tensor*> twins;
  std::map<std::string, Dim, std::less<>> renamed;
  for (size_t i = 0; i < inputs.size(); ++i) twins[body.inputs()[i]] = inputs[i];
  const auto twin_of = [&](Tensor* tensor) -> Tensor* {
    if (!tensor) return nullptr;
    Tensor*& twin = twins[tensor];
    if (!twin && tensor->is_constant()) {
      twin = outer.add_constant(tensor->name, tensor->constant);
      twin->recipe = tensor->recipe;
    }
    return twin;
  };
  TRY_ASSIGN(std::vector<Layer*> order, body.in_order());
  for (const Layer* layer : order) {
    std::unique_ptr<Operator> op = layer->op().clone();
    TRY(renew_symbols(outer, body, *op, &renamed));
    std::vector<Tensor*> arguments;
    for (Tensor* input : layer->inputs()) arguments.push_back(twin_of(input));
    TRY_ASSIGN(Layer * twin, outer.add_layer(std::move(op), std::move(arguments), layer->name));
    twin->metadata = layer->metadata;
    twin->precision = layer->precision;
    twin->output_types = layer->output_types;
    for (size_t i = 0; i < layer->outputs().size(); ++i) {
      twins[layer->output(i)] = twin->output(i);
      twin->output(i)->range_min = layer->output(i)->range_min;
      twin->output(i)->range_max = layer->output(i)->range_max;
      // A name that is taken stays with its owner.
      if (!outer.find_tensor(layer->output(i)->name)) TRY(outer.rename(twin->output(i), layer->output(i)->name));
    }
  }
  std::vector<Tensor*> outputs;
  for (Tensor* output : body.outputs()) outputs.push_back(twin_of(output));
  return outputs;
}

Result<TensorTypes> infer_subnetwork(const Network& body, const TensorTypes& inputs, const std::string& what) {
  if (inputs.size() != body.inputs().size()) {
    return invalid(what + " takes " + std::to_string(body.inputs().size()) + " inputs, not " + std::to_string(inputs.size()));
  }
  TensorTypes outputs;
  bool same = true;
  for (size_t i = 0; i < inputs.size(); ++i) {
    const TensorType& own = body.inputs()[i]->type;
    if (own.type != inputs[i].type || own.rank() != inputs[i].rank()) {
      return invalid("input '" + body.inputs()[i]->name + "' of " + what + " is " + own.text() + ", but gets " + inputs[i].text());
    }
    same = same && own.dims == inputs[i].dims && own.values == inputs[i].values;
  }
  if (same) {
    for (const Tensor* output : body.outputs()) outputs.push_back(output->type);
    return outputs;
  }
  std::unique_ptr<Network> copy = body.clone();
  for (size_t i = 0; i < inputs.size(); ++i) copy->inputs()[i]->type = inputs[i];
  TRY(copy->infer_all().within("in " + what));
  for (const Tensor* output : copy->outputs()) outputs.push_back(output->type);
  return outputs;
}

Status check_body(const std::shared_ptr<Network>& body, size_t inputs, size_t least_outputs, const std::string& what) {
  if (!body) return invalid(what + " is missing");
  if (body->inputs().size() != inputs) {
    return invalid(what + " has " + std::to_string(body->inputs().size()) + " inputs, but gets " + std::to_string(inputs));
  }
  if (body->outputs().size() < least_outputs) {
    return invalid(what + " has " + std::to_string(body->outputs().size()) + " outputs; at least " + std::to_string(least_outputs) +
                   " are wanted");
  }
  return Ok{};
}

std::set<std::string> symbols_of(const TensorTypes& types) {
  std::set<std::string> symbols;
  const auto add = [&](const std::string& symbol) { symbols.insert(symbol); };
  for (const TensorType& type : types) {
    for (const Dim& dim : type.dims) dim.visit_symbols(add);
    if (!type.values) continue;
    for (const Dim& value : *type.values) value.visit_symbols(add);
  }
  return symbols;
}

bool is_known_by(const Dim& dim, const std::set<std::string>& symbols) {
  bool known = true;
  dim.visit_symbols([&](const std::string& symbol) { known = known && symbols.contains(symbol); });
  return known;
}

std::optional<Dim> bound_in(const Dim& dim, const Network& body, const std::set<std::string>& symbols) {
  std::map<std::string, Dim, std::less<>> bounds;
  for (const auto& [symbol, most] : body.symbol_bounds()) {
    if (!symbols.contains(symbol)) bounds[symbol] = most;
  }
  Dim bound = dim;
  for (int depth = 0; depth < kDeepestBound && !is_known_by(bound, symbols); ++depth) bound = bound.substitute(bounds);
  return is_known_by(bound, symbols) ? std::optional(bound) : std::nullopt;
}

bool hands_on(const Network& body, size_t output, size_t input, bool or_true) {
  const Tensor* tensor = body.outputs()[output];
  const auto is_true = [](const TensorType& type) { return type.values && type.values->size() == 1 && (*type.values)[0].is(1); };
  while (true) {
    if (tensor == body.inputs()[input]) return true;
    if (or_true && is_true(tensor->type)) return true;
    const auto* op = tensor->producer() ? tensor->producer()->as<Elementwise>() : nullptr;
    if (!op || op->op != ScalarOp::kIdentity || !tensor->producer()->input(0)) return false;
    tensor = tensor->producer()->input(0);
  }
}

Result<Array> stack(const Arrays& parts, int64_t axis, DataType type, const Shape& empty) {
  const Shape& part = parts.empty() ? empty : parts[0].shape();
  Shape shape = part;
  TRY_ASSIGN(int64_t along, normalize_axis(axis, static_cast<int64_t>(part.size()) + 1));
  shape.insert(shape.begin() + along, static_cast<int64_t>(parts.size()));
  if (bits_of(type) < 8) return unsupported("stacking elements of less than a byte");
  TRY_ASSIGN(Array y, Array::make(type, shape));
  for (const Array& other : parts) {
    if (other.shape() != part) return invalid("what is stacked changes its shape from " + to_text(part) + " to " + to_text(other.shape()));
  }
  if (y.count() == 0) return y;
  size_t outer = 1;
  for (int64_t i = 0; i < along; ++i) outer *= static_cast<size_t>(part[static_cast<size_t>(i)]);
  const size_t bytes = parts[0].byte_count() / outer;
  auto* to = static_cast<std::byte*>(y.mutable_data());
  for (size_t row = 0; row < outer; ++row) {
    for (const Array& each : parts) {
      std::memcpy(to, static_cast<const std::byte*>(each.data()) + row * bytes, bytes);
      to += bytes;
    }
  }
  return y;
}

}  // namespace ingot
