#include "testing/canonical.h"

#include <unordered_map>
#include <unordered_set>

namespace ingot::testing {
namespace {

// Producers before readers, first inputs first; without recursion, since networks are deep.
std::vector<Layer*> order_from_outputs(const Network& network) {
  std::vector<Layer*> order;
  std::unordered_set<const Layer*> done;
  for (Tensor* output : network.outputs()) {
    if (!output->producer()) continue;
    std::vector<std::pair<Layer*, size_t>> stack{{output->producer(), 0}};
    while (!stack.empty()) {
      auto& [layer, next] = stack.back();
      if (done.count(layer)) {
        stack.pop_back();
        continue;
      }
      if (next < layer->inputs().size()) {
        Tensor* input = layer->inputs()[next++];
        if (input && input->producer() && !done.count(input->producer())) stack.push_back({input->producer(), 0});
        continue;
      }
      done.insert(layer);
      order.push_back(layer);
      stack.pop_back();
    }
  }
  return order;
}

}  // namespace

Result<std::string> canonical_text(const Network& network) {
  Network copy;
  std::unordered_map<const Tensor*, Tensor*> copies;
  for (Tensor* input : network.inputs()) {
    TRY_ASSIGN(copies[input], copy.add_input(input->name, input->type));
  }
  int64_t constants = 0, inner = 0;
  const auto copy_of = [&](Tensor* tensor) -> Tensor* {
    if (!tensor) return nullptr;
    auto found = copies.find(tensor);
    if (found != copies.end()) return found->second;
    if (!tensor->is_constant()) return nullptr;
    return copies[tensor] = copy.add_constant("c" + std::to_string(constants++), tensor->constant);
  };
  for (Layer* layer : order_from_outputs(network)) {
    std::vector<Tensor*> inputs;
    for (Tensor* input : layer->inputs()) inputs.push_back(copy_of(input));
    TRY_ASSIGN(Layer * added, copy.add_layer(layer->op().clone(), std::move(inputs)));
    for (size_t i = 0; i < layer->outputs().size(); ++i) copies[layer->outputs()[i]] = added->output(i);
  }
  for (const auto& layer : copy.layers()) {
    layer->name = "";
    for (Tensor* output : layer->outputs()) TRY(copy.rename(output, "renamed_" + std::to_string(inner++)));
  }
  for (Tensor* output : network.outputs()) {
    Tensor* tensor = copy_of(output);
    if (!tensor) return internal("output '" + output->name + "' is produced by nothing");
    if (!output->is_input()) TRY(copy.rename(tensor, output->name));
    TRY(copy.mark_output(tensor));
  }
  inner = 0;
  for (const auto& layer : copy.layers()) {
    for (Tensor* output : layer->outputs()) {
      if (!output->is_output()) TRY(copy.rename(output, "t" + std::to_string(inner++)));
    }
  }
  return copy.text();
}

}  // namespace ingot::testing
