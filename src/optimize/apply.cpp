#include "optimize/apply.h"

#include "optimize/edit.h"

namespace ingot {
namespace {

// Rules that undo each other would run for ever; no network needs this many sweeps.
constexpr int kMostSweeps = 100;

// Whether the fusion applied at `layer`; layers that are gone afterwards are added to `removed`.
Result<bool> apply_at(const Fusion& fusion, Layer* layer, Network& network, Removed* removed) {
  Tensor* before = layer->output();
  const int64_t first_new_id = next_layer_id(network);
  auto after = fusion.apply(*layer, network);
  if (!after.ok() || !*after || *after == before || !can_replace(*before, **after)) {
    discard_new_layers(network, first_new_id);
    if (!after.ok()) return std::move(after).error();
    return false;
  }
  TRY(replace(network, before, *after, first_new_id, removed));
  return true;
}

}  // namespace

Result<std::map<std::string, int64_t>> apply_fusions(Network& network, const std::vector<const Fusion*>& fusions, Log* log) {
  std::map<std::string, int64_t> counts;
  bool changed = true;
  for (int sweep = 0; changed && sweep < kMostSweeps; ++sweep) {
    changed = false;
    TRY_ASSIGN(std::vector<Layer*> order, network.in_order());
    Removed removed;
    for (Layer* layer : order) {
      if (removed.layers.contains(layer) || layer->outputs().empty()) continue;
      for (const Fusion* fusion : fusions) {
        auto applied = apply_at(*fusion, layer, network, &removed);
        if (!applied.ok()) {
          Error error = std::move(applied).error().within(fusion->name).within("layer '" + layer->name + "'");
          if (!log) return error;
          log->warning(error.message + "; it is left as it is");
          continue;
        }
        if (!*applied) continue;
        ++counts[fusion->name];
        changed = true;
        if (removed.layers.contains(layer)) break;
      }
    }
    network.remove_unused();
  }
  return counts;
}

}  // namespace ingot
