// Layers that compute the same from the same inputs become one; so do equal constants.
#include <algorithm>
#include <map>

#include "optimize/edit.h"
#include "optimize/pattern.h"
#include "testing/example.h"

namespace ingot {
namespace {

// Of large weights only the ends: those that agree there are compared in full.
Hash128 hash_of(const Array& array) {
  constexpr size_t kEnd = 1024;
  const auto* bytes = static_cast<const std::byte*>(array.data());
  const size_t size = array.byte_count(), end = std::min(size, kEnd);
  return hash_text(hash_bytes(bytes, end).hex() + hash_bytes(bytes + (size - end), end).hex() + std::string(name_of(array.type())) +
                   to_text(array.shape()));
}

Result<bool> merge_constants(Network& network, const OptimizeOptions& options) {
  bool changed = false;
  std::multimap<Hash128, Tensor*> seen;
  std::vector<Tensor*> constants;
  for (const auto& tensor : network.tensors()) {
    // Each weight of a refittable plan keeps its own name.
    if (options.refittable && is_floating(tensor->type.type)) continue;
    if (tensor->constant.data() && !tensor->is_packed && !tensor->is_output()) constants.push_back(tensor.get());
  }
  for (Tensor* constant : constants) {
    const Hash128 hash = hash_of(constant->constant);
    const auto [begin, end] = seen.equal_range(hash);
    const auto twin = std::find_if(begin, end, [&](const auto& entry) { return entry.second->constant.same_bits(constant->constant); });
    if (twin == end) {
      seen.emplace(hash, constant);
    } else if (!constant->readers().empty()) {
      TRY(network.replace_all_uses(constant, twin->second));
      changed = true;
    }
  }
  return changed;
}

bool same_wishes(const Layer& a, const Layer& b) { return a.precision == b.precision && a.output_types == b.output_types; }

}  // namespace

PASS(merge_common_layers) {
  TRY_ASSIGN(bool changed, merge_constants(network, options));
  TRY_ASSIGN(std::vector<Layer*> order, network.in_order());
  std::multimap<Hash128, Layer*> seen;
  for (Layer* layer : order) {
    if (!layer->op().is_pure() || !layer->op().subnetworks().empty() || layer->outputs().empty()) continue;
    std::string key = layer->op().hash().hex();
    for (const Tensor* input : layer->inputs()) key += "," + (input ? std::to_string(input->id()) : std::string("_"));
    const Hash128 hash = hash_text(key);
    Layer* twin = nullptr;
    const auto [begin, end] = seen.equal_range(hash);
    for (auto it = begin; it != end && !twin; ++it) {
      Layer* other = it->second;
      if (other->inputs() == layer->inputs() && other->op().equals(layer->op()) && same_wishes(*other, *layer)) twin = other;
    }
    bool may_merge = twin && twin->outputs().size() == layer->outputs().size();
    for (size_t i = 0; may_merge && i < layer->outputs().size(); ++i) may_merge = can_replace(*layer->outputs()[i], *twin->outputs()[i]);
    if (!may_merge) {
      seen.emplace(hash, layer);
      continue;
    }
    for (size_t i = 0; i < layer->outputs().size(); ++i) TRY(network.replace_all_uses(layer->outputs()[i], twin->outputs()[i]));
    network.remove_layer(layer);
    changed = true;
  }
  return changed;
}

EXAMPLE("two layers that compute the same are one") {
  expect_rewrite("merge_common_layers", R"(
    input x [2]
    a = exp(x)
    b = exp(x)
    c = neg(a)
    d = neg(b)
    y = mul(c, d)
    output y)",
                 R"(
    input x [2]
    a = exp(x)
    c = neg(a)
    y = mul(c, c)
    output y)");
}

EXAMPLE("equal constants are one") {
  expect_rewrite("merge_common_layers", R"(
    input x [2]
    weights v float [2] = 1 2
    weights w float [2] = 1 2
    a = add(x, v)
    y = mul(a, w)
    output y)",
                 R"(
    input x [2]
    weights v float [2] = 1 2
    a = add(x, v)
    y = mul(a, v)
    output y)");
}

EXAMPLE("layers that differ in a field are two") {
  expect_unchanged("merge_common_layers", R"(
    input x [2, 2]
    a = softmax(x) axis=0
    b = softmax(x) axis=1
    y = mul(a, b)
    output y)");
}

}  // namespace ingot
