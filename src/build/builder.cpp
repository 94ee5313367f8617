#include "build/builder.h"

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <filesystem>
#include <fstream>
#include <set>
#include <unordered_map>
#include <unordered_set>

#include "base/env.h"
#include "build/debug_tensors.h"
#include "operators/elementwise.h"
#include "operators/held.h"
#include "operators/register.h"
#include "tactics/packing.h"
#include "tactics/problem.h"

namespace ingot {
namespace {

double seconds_since(std::chrono::steady_clock::time_point begin) {
  return std::chrono::duration<double>(std::chrono::steady_clock::now() - begin).count();
}

// Each profile names every dynamic input, with min <= opt <= max and shapes that fit the input.
Status check_profiles(const Network& network) {
  std::string dynamic;
  for (const Tensor* input : network.inputs()) {
    if (!all_constant(input->type.dims)) dynamic += (dynamic.empty() ? "'" : ", '") + input->name + "' " + to_text(input->type.dims);
  }
  if (network.profiles.empty() && !dynamic.empty())
    return invalid(
        "the inputs " + dynamic +
        " have dynamic shapes: give a profile with their least, best and largest shapes (trtexec: --minShapes, --optShapes, --maxShapes)");
  for (size_t p = 0; p < network.profiles.size(); ++p) {
    const std::string where = "profile " + std::to_string(p);
    for (const auto& [name, entry] : network.profiles[p].shapes) {
      const Tensor* input = network.find_tensor(name);
      if (!input || !input->is_input()) {
        std::string known;
        for (const Tensor* tensor : network.inputs()) known += (known.empty() ? "'" : ", '") + tensor->name + "'";
        return invalid(where + " names '" + name + "', which is no input; the inputs are " + known);
      }
      for (const Shape* shape : {&entry.min, &entry.opt, &entry.max}) {
        SymbolValues values;
        TRY(bind_symbols(input->type.dims, *shape, &values).within(where + ", input '" + name + "'"));
      }
      for (size_t d = 0; d < entry.min.size(); ++d) {
        if (entry.min[d] > entry.opt[d] || entry.opt[d] > entry.max[d])
          return invalid(where + ", input '" + name + "': dimension " + std::to_string(d) + " has min " + std::to_string(entry.min[d]) +
                         ", opt " + std::to_string(entry.opt[d]) + ", max " + std::to_string(entry.max[d]) + "; they must not fall");
      }
    }
    for (const Tensor* input : network.inputs()) {
      if (!all_constant(input->type.dims) && !network.profiles[p].shapes.contains(input->name))
        return invalid(where + " lacks the input '" + input->name + "' " + to_text(input->type.dims));
    }
  }
  return Ok{};
}

// Outputs that no layer makes (inputs and constants handed through) get one that copies.
Status give_outputs_layers(Network& network) {
  const std::vector<Tensor*> outputs = network.outputs();
  for (Tensor* output : outputs) {
    if (output->producer()) continue;
    if (output->is_input()) return unsupported("the input '" + output->name + "' is an output too; put an identity layer between them");
    TRY_ASSIGN(Tensor * copy, network.add(Elementwise(ScalarOp::kIdentity), {output}, "copy " + output->name));
    TRY(network.move_output(output, copy));
  }
  return Ok{};
}

// Behind each of the numbers a layer that no pass looks through.
Status hold_numbers(Network& network, const std::vector<std::string>& names) {
  for (const std::string& name : names) {
    Tensor* number = network.find_tensor(name);
    if (!number || !number->constant.data() || number->constant.count() != 1) continue;
    const std::vector<Layer*> readers = number->readers();
    TRY_ASSIGN(Tensor * held, network.add(Held{}, {number}, "hold " + name));
    for (Layer* reader : readers) {
      for (size_t i = 0; i < reader->inputs().size(); ++i) {
        if (reader->input(i) == number) TRY(network.set_input(reader, i, held));
      }
    }
  }
  return Ok{};
}

Status release_numbers(Network& network) {
  std::vector<Layer*> held;
  for (const auto& layer : network.layers()) {
    if (layer->as<Held>()) held.push_back(layer.get());
  }
  for (Layer* layer : held) {
    TRY(network.replace_all_uses(layer->output(), layer->input(0)));
    network.remove_layer(layer);
  }
  return Ok{};
}

// INGOT_DUMP: the network as it will run, with each layer's tactic, formats and time.
void dump_choices(const Network& network, const std::vector<Choice>& choices) {
  const auto folder = environment("INGOT_DUMP");
  if (!folder) return;
  std::error_code ignored;
  std::filesystem::create_directories(*folder, ignored);
  constexpr int64_t kMostDumpedElements = 64;
  std::ofstream(*folder + "/plan.net") << network.text(kMostDumpedElements);
  std::ofstream(*folder + "/plan.svg") << draw_svg(network);
  std::ofstream out(*folder + "/plan.txt");
  for (size_t i = 0; i < choices.size(); ++i) {
    const Layer& layer = *network.layers()[i];
    char ms[32];
    std::snprintf(ms, sizeof ms, "%10.4f ms  ", choices[i].ms);
    out << ms << choices[i].tactic << "  " << layer.op().name() << " '" << layer.name << "'";
    for (size_t o = 0; o < layer.outputs().size(); ++o)
      out << "  " << layer.output(o)->type.text() << " " << name_of(choices[i].output_formats[o]);
    out << "\n";
  }
}

int tactics_to_time(int level) {
  if (level >= 3) return 0;
  return level <= 0 ? 1 : 2 * level;
}

}  // namespace

Result<Plan> build_plan(const Network& original, const BuildConfig& config, BuildReport* report) {
  register_all_operators();
  register_all_tactics();
  Log& log = config.log ? *config.log : null_log();
  std::shared_ptr<Device> device = config.device;
  if (!device) {
    TRY_ASSIGN(device, default_device());
  }
  if (original.outputs().empty()) return invalid("the network has no outputs; mark at least one");
  TRY(original.verify());
  const auto tell = [&](const char* stage, size_t done, size_t all) { return !config.progress || config.progress(stage, done, all); };
  const Error cancelled{ErrorCode::kCancelled, "the build was cancelled"};
  if (!tell("optimize", 0, 1)) return cancelled;

  BuildReport local;
  BuildReport& told = report ? *report : local;
  std::unique_ptr<Network> network = original.clone();
  TRY(check_profiles(*network));
  told.layers_before = network->layers().size();
  auto begin = std::chrono::steady_clock::now();
  OptimizeOptions options = config.optimize;
  options.refittable = config.refittable;
  options.half_is_fast = device->is_fast_in_half();
  options.log = &log;
  WatchedTensors watched(*network);
  TRY(watched.watch(config.debug_tensors));
  TRY(hold_numbers(*network, config.held_numbers));
  TRY(optimize(*network, options));
  TRY(release_numbers(*network));
  TRY(give_outputs_layers(*network));
  if (config.debug_unfused) TRY(watched.watch_unfused(original));
  told.optimize_seconds = seconds_since(begin);
  told.layers_after = network->layers().size();
  log.verbose("optimized " + std::to_string(told.layers_before) + " layers into " + std::to_string(told.layers_after));
  if (!tell("optimize", 1, 1)) return cancelled;

  std::shared_ptr<TimingCache> cache = config.cache ? config.cache : std::make_shared<TimingCache>(device->description());
  if (cache->device() != device->description()) {
    log.warning("the timing cache was made on '" + cache->device() + "'; it is left out on '" + device->description() + "'");
    cache = std::make_shared<TimingCache>(device->description());
  }
  SelectOptions select_options;
  select_options.log = &log;
  select_options.device = device.get();
  select_options.cache = cache.get();
  select_options.measure = config.optimization_level > 0;
  select_options.error_on_cache_miss = config.error_on_cache_miss;
  select_options.allow_tf32 = config.allow_tf32;
  select_options.verify = config.verify || environment("INGOT_VERIFY").value_or("0") != "0";
  select_options.keep_plain_weights = config.refittable;
  select_options.most_tactics = tactics_to_time(config.optimization_level);
  if (config.most_tactics > 0 && (select_options.most_tactics == 0 || config.most_tactics < select_options.most_tactics))
    select_options.most_tactics = config.most_tactics;
  select_options.filter = config.filter;
  select_options.progress = [&](size_t done, size_t all) { return tell("select", done, all); };
  begin = std::chrono::steady_clock::now();
  TRY_ASSIGN(Selection selection, select(*network, select_options));
  watched.release();
  told.select_seconds = seconds_since(begin);
  told.measured = selection.measured;
  told.cache_hits = selection.cache_hits;
  told.predicted_ms = selection.total_ms;
  if (config.verify)
    log.info("verified on the real shapes: " + std::to_string(selection.verified) + " tactics agree with the reference, " +
             std::to_string(selection.rejected) + (selection.rejected == 1 ? " was" : " were") + " rejected");
  for (const auto& layer : network->layers()) told.reformats += layer->op().name() == "reformat";
  log.verbose("timed " + std::to_string(told.measured) + " tactics, " + std::to_string(told.cache_hits) + " from the cache; predicted " +
              std::to_string(told.predicted_ms) + " ms with " + std::to_string(told.reformats) + " reformats");

  dump_choices(*network, selection.choices);
  Plan plan;
  plan.network = std::move(network);
  plan.choices = std::move(selection.choices);
  plan.properties = config.properties;
  plan.properties["device"] = device->description();
  plan.properties["tf32"] = config.allow_tf32 ? "1" : "0";
  plan.properties["refittable"] = config.refittable ? "1" : "0";
  if (!config.debug_tensors.empty()) plan.properties[kDebugTensorsProperty] = join_names(config.debug_tensors);
  if (config.debug_unfused) plan.properties[kUnfusedTensorsProperty] = join_names(watched.unfused());
  return plan;
}

Result<Plan> choose_again(Plan plan, const std::vector<UnfitStep>& unfit, Device& device, Log& log) {
  Network& network = *plan.network;
  std::unordered_set<const Layer*> again;
  for (const UnfitStep& step : unfit) again.insert(network.layers()[step.step].get());
  // The weights of those steps go back to plain arrays.
  std::unordered_map<const Layer*, Choice> pinned;
  for (size_t step = 0; step < network.layers().size(); ++step) {
    const Layer* layer = network.layers()[step].get();
    if (!again.contains(layer)) {
      pinned[layer] = plan.choices[step];
      continue;
    }
    for (const PackedWeights& packed : plan.choices[step].packed) {
      Tensor* tensor = layer->input(packed.input);
      if (!tensor->is_packed) continue;
      if (packed.packing.empty()) return invalid("layer '" + layer->name + "': the packed weights have no name of a packing");
      const Packing* packing = PackingCatalogue::instance().find(packed.packing);
      if (!packing)
        return unsupported("layer '" + layer->name + "': the weights are packed as '" + packed.packing +
                           "', which this version does not know; build the plan again");
      auto plain = packing->unpack(tensor->type.type, constant_shape(tensor->type.dims), packed.data, packed.size);
      if (!plain.ok()) return std::move(plain).error().within("weights '" + tensor->name + "'");
      tensor->constant = std::move(plain).value();
      tensor->is_packed = false;
    }
  }
  SelectOptions options;
  options.log = &log;
  options.device = &device;
  options.measure = false;
  options.pinned = &pinned;
  options.allow_tf32 = plan.property("tf32") == "1";
  WatchedTensors watched(network);
  for (const char* property : {kDebugTensorsProperty, kUnfusedTensorsProperty}) TRY(watched.watch(split_names(plan.property(property))));
  TRY_ASSIGN(Selection selection, select(network, options));
  watched.release();
  log.warning("the plan was built on '" + plan.property("device") + "'; " + std::to_string(unfit.size()) + " of " +
              std::to_string(pinned.size() + unfit.size()) + " steps do not fit here and were chosen again (first: " + unfit[0].reason +
              ")");
  plan.choices = std::move(selection.choices);
  return plan;
}

}  // namespace ingot
