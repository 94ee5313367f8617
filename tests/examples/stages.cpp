#include "stages.h"

#include <algorithm>
#include <unordered_map>

#include "operators/scaled.h"
#include "plan/plan.h"
#include "tactic_check.h"
#include "testing/canonical.h"

namespace ingot::testing {
Tolerance tolerance_for(const Operator& op, const TensorTypes& inputs, const TensorTypes& outputs) {
  bool coarse = false;  // steps between values that a rounding to few bits may jump over
  for (const TensorType& input : inputs) coarse |= input.type == DataType::kHalf || input.type == DataType::kBf16;
  // Sums of a few dozen terms in another order than the reference's.
  Tolerance loosest;
  for (const TensorType& output : outputs) {
    const Tolerance own = usual_tolerance(output.type);
    loosest.relative = std::max(loosest.relative, 4 * own.relative);
    loosest.absolute = std::max(loosest.absolute, own.absolute);
    // Values that are rounded to few bits may fall to either side of a half.
    // The reference of a scaled layer rounds to its type first (half, bf16), kernels round once, from float.
    const auto* scaled = dynamic_cast<const ScaledFields*>(&op);
    const bool rounds = (scaled && scaled->output_scale != 0) || op.name() == "quantize" || op.name() == "convolution" ||
                        op.name() == "deconvolution" || op.name() == "matmul" || (coarse && op.name() == "pointwise");
    if (rounds && is_integer(output.type)) loosest.absolute = std::max(loosest.absolute, 1.0);
  }
  return loosest;
}

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

Result<std::vector<std::pair<const Layer*, Trial>>> trials_of(const Network& network, const Arrays& inputs) {
  // A copy in which every value is an output, so that one evaluation gives what each layer reads.
  auto copy = network.clone();
  for (const auto& tensor : copy->tensors()) {
    if (tensor->producer() && !tensor->is_output()) TRY(copy->mark_output(tensor.get()));
  }
  TRY_ASSIGN(Arrays outputs, copy->evaluate(inputs));
  std::unordered_map<std::string, Array> values;
  for (size_t i = 0; i < inputs.size(); ++i) values[copy->inputs()[i]->name] = inputs[i];
  for (size_t i = 0; i < outputs.size(); ++i) values[copy->outputs()[i]->name] = outputs[i];

  std::vector<std::pair<const Layer*, Trial>> trials;
  for (const auto& layer : network.layers()) {
    Trial trial;
    trial.op = &layer->op();
    TensorTypes sources, types;
    for (const Tensor* input : layer->inputs()) {
      sources.push_back(input ? input->type : TensorType{});
      trial.inputs.push_back(!input ? Array() : input->is_constant() ? input->constant : values[input->name]);
      trial.constants.push_back(input && input->is_constant());
    }
    for (const Tensor* output : layer->outputs()) types.push_back(output->type);
    trial.tolerance = tolerance_for(layer->op(), sources, types);
    trials.emplace_back(layer.get(), std::move(trial));
  }
  return trials;
}

int gpu_runs = 0;
std::map<std::string, int, std::less<>> gpu_kernel_runs;

Status check_tactics(const Network& network, const Arrays& inputs) {
  TRY_ASSIGN(auto trials, trials_of(network, inputs));
  for (const auto& [layer, trial] : trials) {
    auto asked = ask(trial);
    if (!asked.ok()) return std::move(asked).error().within("layer '" + layer->name + "'");
    for (const Tactic* tactic : TacticCatalogue::instance().all()) {
      const Outcome outcome = check(*tactic, trial, *asked);
      if (tactic->device() == DeviceKind::kCuda) {
        gpu_runs += outcome.ran;
        if (!is_reference_tactic(tactic->name()) && !layer->op().has_decomposition())
          gpu_kernel_runs[std::string(layer->op().name())] += outcome.ran;
      }
      if (!outcome.failure.empty()) {
        return invalid("tactic " + std::string(tactic->name()) + " on layer '" + layer->name + "' (" + std::string(layer->op().name()) +
                       "): " + outcome.failure);
      }
    }
  }
  return Ok{};
}

}  // namespace ingot::testing
