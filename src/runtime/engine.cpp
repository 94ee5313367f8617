#include "runtime/engine.h"

#include <algorithm>
#include <future>
#include <map>
#include <optional>
#include <unordered_map>

#include "base/cpu_info.h"
#include "base/helpers.h"
#include "base/load_part.h"
#include "device/memory_supply.h"
#include "operators/plugin.h"
#include "runtime/prepared.h"

namespace ingot {
namespace {

constexpr int kMostHelpers = 24;
constexpr size_t kTacticThreads = 3;

}  // namespace

Result<std::shared_ptr<Engine>> Engine::load(Plan plan, std::shared_ptr<Device> device, Log& log, std::vector<Misfit>* misfits) {
  register_all_tactics();
  auto engine = std::make_shared<Engine>();
  engine->device_ = std::move(device);
  engine->plan_ = std::move(plan);
  const Network& network = *engine->plan_.network;
  if (engine->plan_.choices.size() != network.layers().size())
    return invalid("the plan has " + std::to_string(engine->plan_.choices.size()) + " choices for " +
                   std::to_string(network.layers().size()) + " layers");
  TRY_ASSIGN(ShapeCase shapes, shape_case(network));
  const bool tf32 = engine->plan_.property("tf32") == "1";
  const size_t steps = network.layers().size();
  const auto supply = MemoryFrom::current();
  const auto prepare = [&](size_t step) -> Result<std::unique_ptr<Kernel>> {
    const MemoryFrom given(supply);  // on threads of its own too
    const Layer& layer = *network.layers()[step];
    const Choice& choice = engine->plan_.choices[step];
    const LoadPart part(choice.tactic + "  '" + layer.name + "'");
    const auto make = [&]() -> Result<std::unique_ptr<Kernel>> {
      const Tactic* tactic = TacticCatalogue::instance().find(choice.tactic);
      if (!tactic)
        return unsupported("the tactic '" + choice.tactic +
                           (is_disabled(choice.tactic) ? "' is switched off by INGOT_DISABLE" : "' is not known to this version"));
      if (tactic->device() != engine->device_->kind()) return unsupported("the tactic '" + choice.tactic + "' is of another device");
      Problem problem = problem_of(layer, choice.input_formats, choice.output_formats, tf32, shapes.opt, engine->device_.get());
      TRY(tactic->accepts(problem));
      for (size_t i = 0; i < layer.inputs().size(); ++i) {
        const Tensor* input = layer.inputs()[i];
        if (!input || !input->is_packed) continue;
        bool given = false;
        for (const PackedWeights& packed : choice.packed) given |= packed.input == i;
        if (!given) return unsupported("the weights '" + input->name + "' are not in the form that it reads");
      }
      return tactic->prepare(problem, choice.packed);
    };
    return make();
  };
  using Prepared = Result<std::unique_ptr<Kernel>>;
  std::vector<std::optional<Prepared>> prepared(steps);
  // What a GPU's tactic does once, such as opening its library, takes longer than all its layers, so the layers of each tactic are made
  // ready on threads of its own, and wait for no other's.
  std::map<std::string_view, std::vector<size_t>> by_tactic;
  for (size_t step = 0; engine->device_->is_asynchronous() && step < steps; ++step) {
    const std::string& name = engine->plan_.choices[step].tactic;
    const bool calls_back = is_reference_tactic(name) || network.layers()[step]->as<Plugin>();
    if (!calls_back) by_tactic[name].push_back(step);
  }
  std::optional<Helpers> own_helpers;
  Helpers* helpers = Helpers::current();
  if (!helpers && !by_tactic.empty()) helpers = &own_helpers.emplace(kMostHelpers);
  std::vector<std::future<void>> running;
  for (size_t part = 0; part < kTacticThreads; ++part) {
    for (const auto& [name, own] : by_tactic) {
      if (own.size() <= part) continue;
      running.push_back(helpers->start([&prepare, &prepared, &own = own, part] {
        for (size_t i = part; i < own.size(); i += kTacticThreads) prepared[own[i]] = prepare(own[i]);
      }));
    }
  }
  // Nothing here may be gone while a thread still works on it.
  const auto wait_for_all = [](std::vector<std::future<void>>* all) {
    for (const std::future<void>& one : *all) {
      if (one.valid()) one.wait();
    }
  };
  const std::unique_ptr<std::vector<std::future<void>>, decltype(wait_for_all)> all(&running, wait_for_all);
  for (size_t step = 0; step < steps; ++step) {
    const auto found = by_tactic.find(engine->plan_.choices[step].tactic);
    const bool is_begun = found != by_tactic.end() && std::find(found->second.begin(), found->second.end(), step) != found->second.end();
    if (!is_begun) prepared[step] = prepare(step);
  }
  for (std::future<void>& one : running) one.get();
  bool fits = true;
  for (size_t step = 0; step < steps; ++step) {
    const Layer& layer = *network.layers()[step];
    const Choice& choice = engine->plan_.choices[step];
    Prepared kernel = std::move(*prepared[step]);
    if (!kernel.ok()) {
      if (kernel.error().code == ErrorCode::kOutOfMemory) return std::move(kernel).error().within("layer '" + layer.name + "'");
      log.verbose("layer '" + layer.name + "': " + choice.tactic + " does not fit: " + kernel.error().message);
      if (misfits) misfits->push_back({step, kernel.error().message});
      fits = false;
      engine->kernels_.push_back(nullptr);
      continue;
    }
    engine->kernels_.push_back(std::move(kernel).value());
  }
  std::unordered_map<const Tensor*, Format> formats;
  for (size_t step = 0; step < network.layers().size(); ++step) {
    const Layer& layer = *network.layers()[step];
    for (size_t i = 0; i < layer.outputs().size(); ++i) formats[layer.output(i)] = engine->plan_.choices[step].output_formats[i];
  }
  for (const Tensor* input : network.inputs()) {
    TRY_ASSIGN(Format format, input->format_hint.empty() ? Result<Format>(Format::kLinear) : format_from_name(input->format_hint));
    engine->io_.push_back({input, true, format});
    formats[input] = format;
  }
  for (const Tensor* output : network.outputs()) engine->io_.push_back({output, false, formats[output]});
  for (size_t step = 0; step < network.layers().size(); ++step) {
    const Layer& layer = *network.layers()[step];
    for (size_t i = 0; i < layer.inputs().size(); ++i) {
      const Tensor* input = layer.inputs()[i];
      if (input && !input->is_constant() && input->type.rank() > 2 && formats[input] != engine->plan_.choices[step].input_formats[i])
        return invalid("layer '" + layer.name + "' reads '" + input->name + "' as " +
                       std::string(name_of(engine->plan_.choices[step].input_formats[i])) + ", but it is " +
                       std::string(name_of(formats[input])));
    }
  }
  if (!fits) {
    if (misfits) return std::shared_ptr<Engine>();
    return unsupported("the plan has steps that cannot run here");
  }
  return engine;
}

int Engine::io_index(std::string_view name) const {
  for (size_t i = 0; i < io_.size(); ++i) {
    if (io_[i].tensor->name == name) return static_cast<int>(i);
  }
  return -1;
}

Result<size_t> Engine::activation_bytes(int profile) const {
  const size_t profiles = std::max<size_t>(profile_count(), 1);
  size_t most = 0;
  for (size_t p = 0; p < profiles; ++p) {
    if (profile >= 0 && static_cast<size_t>(profile) != p) continue;
    TRY_ASSIGN(ShapeCase shapes, shape_case(network(), p));
    std::vector<Shape> inputs;
    for (const Tensor* input : network().inputs()) inputs.push_back(shape_at(input->type.dims, shapes.most));
    auto prepared = prepare_engine(*this, inputs, p, true, {});
    if (!prepared.ok()) return std::move(prepared).error();
    most = std::max(most, (*prepared)->total_bytes());
  }
  return most;
}

}  // namespace ingot
