// Operators that have no reference, only simpler layers that compute the same, become those layers.
#include "optimize/edit.h"
#include "optimize/pattern.h"
#include "testing/example.h"

namespace ingot {
namespace {

// Nested compositions come apart level by level.
constexpr int kMostLevels = 16;

Result<bool> decompose_level(Network& network) {
  bool changed = false;
  TRY_ASSIGN(std::vector<Layer*> order, network.in_order());
  for (Layer* layer : order) {
    if (layer->op().has_reference() || !layer->op().has_decomposition() || !layer->op().is_pure()) continue;
    const int64_t first_new_id = next_layer_id(network);
    auto outputs = layer->op().decompose(network, layer->inputs());
    if (!outputs.ok()) {
      // Some decompositions need what only run time knows; the layer then runs by itself.
      discard_new_layers(network, first_new_id);
      continue;
    }
    bool fits = outputs->size() == layer->outputs().size();
    for (size_t i = 0; fits && i < outputs->size(); ++i) fits = can_replace(*layer->output(i), *(*outputs)[i]);
    if (!fits) {
      discard_new_layers(network, first_new_id);
      continue;
    }
    const std::string name = layer->name, metadata = layer->metadata;
    const auto precision = layer->precision;
    const std::vector<Tensor*> old = layer->outputs();
    for (size_t i = 0; i < old.size(); ++i) TRY(network.replace_all_uses(old[i], (*outputs)[i]));
    network.remove_layer(layer);
    int64_t part = 0;
    for (const auto& added : network.layers()) {
      if (added->id() < first_new_id) continue;
      added->name = name + (part ? "." + std::to_string(part) : "");
      added->metadata = metadata;
      if (!added->precision) added->precision = precision;
      ++part;
    }
    changed = true;
  }
  return changed;
}

}  // namespace

PASS(decompose) {
  bool changed = false;
  for (int level = 0; level < kMostLevels; ++level) {
    TRY_ASSIGN(bool more, decompose_level(network));
    if (!more) break;
    changed = true;
  }
  return changed;
}

EXAMPLE("depth_to_space is a reshape, a transpose and a reshape") {
  expect_rewrite("decompose", R"(
    input x [1, 4, 2, 3]
    y = depth_to_space(x) block=2
    output y)",
                 R"(
    input x [1, 4, 2, 3]
    a = reshape(x) dims="[d0, 2, 2, floor(d1 / 4), d2, d3]" zero_copies=false
    b = transpose(a) permutation=[0, 3, 4, 1, 5, 2]
    y = reshape(b) dims="[d0, d1, 2*d2, 2*d4]" zero_copies=false
    output y)");
}

EXAMPLE("an operator with a reference stays whole") {
  expect_unchanged("decompose", R"(
    input x [n, 4]
    y = softmax(x)
    output y)");
}

}  // namespace ingot
