// An if whose condition is a constant becomes the branch that it takes.
#include "operators/if.h"
#include "operators/subnetwork.h"
#include "optimize/edit.h"
#include "optimize/pattern.h"
#include "testing/example.h"

namespace ingot {
namespace {

// Every output of the layer can be the branch's: an output of the network must stay the output of a layer.
bool may_take_over(const Layer& layer, const std::vector<Tensor*>& outputs) {
  for (size_t i = 0; i < layer.outputs().size(); ++i) {
    const Tensor* from = layer.output(i);
    if (i >= outputs.size() || from->type.type != outputs[i]->type.type) return false;
    if (from->is_output() && (!outputs[i]->producer() || outputs[i]->is_output())) return false;
  }
  return true;
}

}  // namespace

PASS(inline_if_known) {
  bool changed = false;
  TRY_ASSIGN(std::vector<Layer*> order, network.in_order());
  for (Layer* layer : order) {
    const auto* op = layer->as<If>();
    const auto condition = op ? number_of(layer->input(0)) : std::nullopt;
    if (!condition || !op->then_branch || !op->else_branch) continue;
    const auto first = layer->inputs().begin() + 1;
    const auto middle = first + static_cast<ptrdiff_t>(op->then_branch->inputs().size());
    const bool takes_then = *condition != 0;
    const int64_t first_new_id = next_layer_id(network);
    const std::vector<Tensor*> inputs(takes_then ? first : middle, takes_then ? middle : layer->inputs().end());
    auto outputs = inline_subnetwork(network, takes_then ? *op->then_branch : *op->else_branch, inputs);
    if (!outputs.ok()) return std::move(outputs).error().within("layer '" + layer->name + "'");
    if (!may_take_over(*layer, *outputs)) {
      discard_new_layers(network, first_new_id);
      continue;
    }
    const std::vector<Tensor*> old = layer->outputs();
    for (size_t i = 0; i < old.size(); ++i) TRY(network.replace_all_uses(old[i], (*outputs)[i]));
    network.remove_layer(layer);
    changed = true;
  }
  return changed;
}

EXAMPLE("a condition that is known takes its branch") {
  expect_rewrite("inline_if_known", R"(
    input x [2]
    weights c bool [] = 0
    a = if(c, x, x) then_branch={
      input t [2]
      p = neg(t)
      output p
    } else_branch={
      input e [2]
      q = exp(e)
      output q
    }
    y = relu(a)
    output y)",
                 R"(
    input x [2]
    q = exp(x)
    y = relu(q)
    output y)");
}

EXAMPLE("a condition that is an input stays") {
  expect_unchanged("inline_if_known", R"(
    input c bool []
    input x [2]
    y = if(c, x, x) then_branch={
      input t [2]
      p = neg(t)
      output p
    } else_branch={
      input e [2]
      q = exp(e)
      output q
    }
    output y)");
}

}  // namespace ingot
