// A reshape or expand whose dims come in as a tensor, and follow from the dims of what it reads, holds them as a field.
#include "operators/expand.h"
#include "operators/reshape.h"
#include "optimize/edit.h"
#include "optimize/pattern.h"
#include "testing/example.h"

namespace ingot {
namespace {

// `dim` over d0, d1, ... of `input`, where its symbols stand among the input's dims.
std::optional<Dim> over_input_dims(const Dim& dim, const Dims& input) {
  std::map<std::string, Dim, std::less<>> replacements;
  for (size_t axis = 0; axis < input.size(); ++axis) {
    if (auto symbol = input[axis].symbol_name()) replacements.emplace(*symbol, input_dim(static_cast<int64_t>(axis)));
  }
  bool known = true;
  dim.visit_symbols([&](const std::string& symbol) { known = known && replacements.contains(symbol); });
  if (!known) return std::nullopt;
  return dim.substitute(replacements);
}

std::unique_ptr<Operator> reshape_without_input(const Layer& layer) {
  const auto* reshape = layer.as<Reshape>();
  if (!reshape || !layer.input(1)) return nullptr;
  auto made = Reshape::between(layer.input(0)->type.dims, layer.output()->type.dims);
  return made ? std::make_unique<Reshape>(std::move(*made)) : nullptr;
}

std::unique_ptr<Operator> expand_without_input(const Layer& layer) {
  const auto* expand = layer.as<Expand>();
  if (!expand || !layer.input(1)) return nullptr;
  auto made = std::make_unique<Expand>();
  for (const Dim& dim : layer.output()->type.dims) {
    auto known = over_input_dims(dim, layer.input(0)->type.dims);
    if (!known) return nullptr;
    made->dims.dims.push_back(std::move(*known));
  }
  return made;
}

}  // namespace

PASS(absorb_dims) {
  bool changed = false;
  TRY_ASSIGN(std::vector<Layer*> order, network.in_order());
  for (Layer* layer : order) {
    std::unique_ptr<Operator> op = reshape_without_input(*layer);
    if (!op) op = expand_without_input(*layer);
    if (!op) continue;
    const int64_t first_new_id = next_layer_id(network);
    auto added = network.add_layer(std::move(op), {layer->input(0)}, layer->name);
    if (added.ok() && can_replace(*layer->output(), *(*added)->output())) {
      TRY(replace(network, layer->output(), (*added)->output(), first_new_id));
      changed = true;
    } else {
      discard_new_layers(network, first_new_id);
    }
  }
  return changed;
}

EXAMPLE("dims that are computed from the input's shape become a field") {
  expect_rewrite("absorb_dims", R"(
    input x [n, 6]
    weights rest int64 [2] = 2 3
    s = shape(x) end=1
    dims = concat(s, rest) axis=0
    y = reshape(x, dims)
    output y)",
                 R"(
    input x [n, 6]
    y = reshape(x) dims=[0, 2, 3]
    output y)");
}

EXAMPLE("dims of another input stay a tensor") {
  expect_unchanged("absorb_dims", R"(
    input x [1, 6]
    input other [n]
    weights rest int64 [1] = 6
    s = shape(other)
    dims = concat(s, rest) axis=0
    y = expand(x, dims)
    output y)");
}

}  // namespace ingot
