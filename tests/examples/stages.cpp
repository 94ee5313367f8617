#include "stages.h"

#include <algorithm>
#include <unordered_map>

#include "plan/plan.h"
#include "tactic_check.h"
#include "testing/canonical.h"

namespace ingot::testing {
namespace {

// Sums of a few dozen terms in another order than the reference's.
Tolerance tolerance_for(const Layer& layer) {
  Tolerance loosest;
  for (const Tensor* output : layer.outputs()) {
    const Tolerance own = usual_tolerance(output->type.type);
    loosest.relative = std::max(loosest.relative, 4 * own.relative);
    loosest.absolute = std::max(loosest.absolute, own.absolute);
    // Values that are rounded to few bits may fall to either side of a half.
    const bool rounds = layer.op().name() == "quantize" || layer.op().name() == "convolution" || layer.op().name() == "matmul";
    if (rounds && is_integer(output->type.type)) loosest.absolute = std::max(loosest.absolute, 1.0);
  }
  return loosest;
}

}  // namespace

Status round_trip_plan(const Network& network) {
  Plan plan;
  plan.network = network.clone();
  for (const auto& layer : plan.network->layers()) {
    Choice choice;
    choice.tactic = "reference.evaluate";
    choice.input_formats.assign(layer->inputs().size(), Format::kLinear);
    choice.output_formats.assign(layer->outputs().size(), Format::kLinear);
    plan.choices.push_back(std::move(choice));
  }
  TRY_ASSIGN(std::vector<std::byte> bytes, write_plan(plan));
  TRY_ASSIGN(AlignedBytes copy, copy_aligned(bytes));
  TRY_ASSIGN(Plan again, read_plan(Bytes(copy.data.get(), copy.size), copy.data));
  TRY_ASSIGN(std::string got, canonical_text(*again.network));
  TRY_ASSIGN(std::string want, canonical_text(network));
  if (got != want) return invalid("the network changes:\n--- got\n" + got + "--- want\n" + want + "---");
  TRY_ASSIGN(std::vector<std::byte> second, write_plan(again));
  if (second != bytes) return invalid("the plan that was read writes other bytes");
  return Ok{};
}

Status check_tactics(const Network& network, const Arrays& inputs) {
  // A copy in which every value is an output, so that one evaluation gives what each layer reads.
  auto copy = network.clone();
  for (const auto& tensor : copy->tensors()) {
    if (tensor->producer() && !tensor->is_output()) TRY(copy->mark_output(tensor.get()));
  }
  TRY_ASSIGN(Arrays outputs, copy->evaluate(inputs));
  std::unordered_map<const Tensor*, Array> values;
  for (size_t i = 0; i < inputs.size(); ++i) values[copy->inputs()[i]] = inputs[i];
  for (size_t i = 0; i < outputs.size(); ++i) values[copy->outputs()[i]] = outputs[i];

  for (const auto& layer : copy->layers()) {
    Trial trial;
    trial.op = &layer->op();
    for (const Tensor* input : layer->inputs()) {
      trial.inputs.push_back(!input ? Array() : input->is_constant() ? input->constant : values[input]);
      trial.constants.push_back(input && input->is_constant());
    }
    trial.tolerance = tolerance_for(*layer);
    for (const Tactic* tactic : TacticCatalogue::instance().all()) {
      const Outcome outcome = check(*tactic, trial);
      if (!outcome.failure.empty()) {
        return invalid("tactic " + std::string(tactic->name()) + " on layer '" + layer->name + "' (" + std::string(layer->op().name()) +
                       "): " + outcome.failure);
      }
    }
  }
  return Ok{};
}

}  // namespace ingot::testing
