#include "select/select.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <map>
#include <set>

#include "operators/reformat.h"
#include "select/assignment.h"
#include "select/measure.h"
#include "tactics/layout.h"
#include "tactics/opening.h"
#include "tactics/problem.h"

namespace ingot {
namespace {

// Without timing or estimate, a tactic counts as a little worse the later it registers, and a reference as the last resort.
constexpr double kUnknownMs = 1, kReferenceMs = 1e6;
// What a run has to save for a library to be opened, at most in milliseconds and as a part of the run: opening one takes 50 ms of each
// load, ten thousand times as long.
constexpr double kWorthOpeningMs = 0.005, kWorthOpening = 0.02, kNeverMs = 1e9;

bool is_reference(const Tactic& tactic) { return is_reference_tactic(tactic.name()); }

// Candidates that differ only in formats of constants and small tensors are the same to their neighbours.
std::vector<Format> outside_formats(const Layer& layer, const Tactic::Formats& formats) {
  std::vector<Format> result;
  for (size_t i = 0; i < layer.inputs().size(); ++i) {
    const Tensor* input = layer.inputs()[i];
    result.push_back(input && !input->is_constant() ? usual_format(formats.inputs[i], input->type.rank()) : Format::kLinear);
  }
  for (size_t i = 0; i < layer.outputs().size(); ++i) result.push_back(usual_format(formats.outputs[i], layer.output(i)->type.rank()));
  return result;
}

Result<Format> border_format(const Tensor* tensor) {
  if (tensor->format_hint.empty()) return Format::kLinear;
  return format_from_name(tensor->format_hint);
}

class Selector {
 public:
  Selector(Network& network, const SelectOptions& options) : network_(network), options_(options) {}

  Result<Selection> run() {
    register_all_tactics();
    TRY_ASSIGN(ShapeCase shapes, shape_case(network_));
    opt_ = shapes.opt;
    TRY_ASSIGN(layers_, network_.in_order());
    for (size_t i = 0; i < layers_.size(); ++i) {
      variable_[layers_[i]] = i;
      TRY_ASSIGN(std::vector<Candidate> found, candidates(*layers_[i]));
      candidates_.push_back(std::move(found));
      if (options_.progress && !options_.progress(i + 1, layers_.size())) return Error{ErrorCode::kCancelled, "the build was cancelled"};
    }
    TRY_ASSIGN(std::vector<size_t> chosen, assign());
    return finish(chosen);
  }

 private:
  // All ways to run the layer, the best for each combination of formats, in a stable order.
  Result<std::vector<Candidate>> candidates(const Layer& layer) {
    if (options_.pinned) {
      const auto pinned = options_.pinned->find(&layer);
      if (pinned != options_.pinned->end()) {
        const Choice& choice = pinned->second;
        return std::vector<Candidate>{
            {TacticCatalogue::instance().find(choice.tactic), {choice.input_formats, choice.output_formats}, choice.ms, false}};
      }
    }
    std::vector<Candidate> all;
    std::vector<Problem> problems;
    std::string declined;
    int order = 0;
    for (const Tactic* tactic : TacticCatalogue::instance().all()) {
      ++order;
      if (options_.device && tactic->device() != options_.device->kind()) continue;
      if (options_.reference_only && !is_reference(*tactic) && !tactic->name().ends_with(".reformat")) continue;
      const std::vector<Format> linear_in(layer.inputs().size(), Format::kLinear), linear_out(layer.outputs().size(), Format::kLinear);
      if ((layer.inputs().empty() || layer.outputs().empty()) && !is_reference(*tactic)) continue;  // random numbers, assertions
      Problem problem = problem_of(layer, linear_in, linear_out, options_.allow_tf32, opt_, options_.device);
      for (const Tactic::Formats& formats : tactic->proposals(problem)) {
        problem.input_formats = formats.inputs;
        problem.output_formats = formats.outputs;
        const Status accepted = tactic->accepts(problem);
        if (!accepted.ok()) {
          declined += "\n    " + std::string(tactic->name()) + ": " + accepted.error().message;
          continue;
        }
        Candidate candidate{tactic, formats, is_reference(*tactic) ? kReferenceMs : kUnknownMs + order * 1e-3, false};
        if (const auto estimate = tactic->estimate_ms(problem)) candidate.ms = *estimate;
        all.push_back(std::move(candidate));
        problems.push_back(problem);
      }
    }
    const std::string label = "layer '" + layer.name + "' (" + std::string(layer.op().name()) + ")";
    if (debug_enabled("tactics") && !declined.empty()) debug("tactics", label + " declined by" + declined);
    if (all.empty()) return unsupported(label + ": no tactic accepts it" + declined);

    // The reference is measured by nobody where there is something better.
    const bool better = std::any_of(all.begin(), all.end(), [](const Candidate& c) { return !is_reference(*c.tactic); });
    std::vector<size_t> kept;
    for (size_t i = 0; i < all.size(); ++i) {
      if (!better || !is_reference(*all[i].tactic)) kept.push_back(i);
    }
    if (options_.filter) {
      std::vector<Candidate> offered;
      for (size_t i : kept) offered.push_back(all[i]);
      TRY_ASSIGN(const std::vector<size_t> wanted, options_.filter(network_, layer, offered));
      std::vector<size_t> mapped;
      for (size_t i : wanted) {
        if (i >= kept.size())
          return invalid(label + ": the selector chose tactic " + std::to_string(i) + " of " + std::to_string(kept.size()));
        mapped.push_back(kept[i]);
      }
      if (mapped.empty()) return invalid(label + ": the selector kept no tactic");
      kept = std::move(mapped);
    }
    if (options_.most_tactics > 0 && kept.size() > static_cast<size_t>(options_.most_tactics)) {
      std::stable_sort(kept.begin(), kept.end(), [&](size_t a, size_t b) { return all[a].ms < all[b].ms; });
      kept.resize(static_cast<size_t>(options_.most_tactics));
    }
    const std::vector<Shape> outputs = opt_outputs(layer, opt_);
    std::map<std::vector<Format>, std::vector<Candidate>> groups;
    // The most promising first: those that turn out far slower than the best so far are measured roughly.
    std::vector<size_t> in_order = kept;
    std::stable_sort(in_order.begin(), in_order.end(), [&](size_t a, size_t b) { return all[a].ms < all[b].ms; });
    double best_ms = std::numeric_limits<double>::infinity();
    for (size_t i : in_order) {
      TRY(time(all[i], problems[i], outputs, kept.size() > 1, best_ms));
      if (all[i].measured) best_ms = std::min(best_ms, all[i].ms);
    }
    for (size_t i : kept) {
      if (!std::isfinite(all[i].ms)) continue;
      groups[outside_formats(layer, all[i].formats)].push_back(all[i]);
      debug("tactics", label + " " + std::string(all[i].tactic->name()) + " " +
                           std::string(name_of(all[i].formats.outputs.empty() ? Format::kLinear : all[i].formats.outputs[0])) + ": " +
                           std::to_string(all[i].ms * 1e3) + " us");
    }
    std::vector<Candidate> result;
    for (auto& [formats, group] : groups) {
      std::stable_sort(group.begin(), group.end(), [](const Candidate& a, const Candidate& b) { return a.ms < b.ms; });
      for (const Candidate& candidate : group) {
        if (options_.verify && !is_reference(*candidate.tactic)) {
          const Problem problem =
              problem_of(layer, candidate.formats.inputs, candidate.formats.outputs, options_.allow_tf32, opt_, options_.device);
          if (!agrees(label, *candidate.tactic, problem, outputs)) continue;
        }
        result.push_back(candidate);
        if (library_of(candidate.tactic->name()).empty()) break;  // else the best that needs none is a candidate too
      }
    }
    if (result.empty()) {
      // Nothing measured well or agreed: what every operator has.
      for (const Candidate& candidate : all) {
        if (is_reference(*candidate.tactic)) return std::vector<Candidate>{candidate};
      }
      return unsupported(label + ": every tactic failed" + declined);
    }
    return result;
  }

  // Whether the tactic gives what the reference gives; the log names one that does not.
  bool agrees(const std::string& label, const Tactic& tactic, const Problem& problem, const std::vector<Shape>& outputs) {
    const Status status = verify_tactic(tactic, problem, outputs);
    ++(status.ok() ? verified_ : rejected_);
    if (!status.ok() && options_.log)
      options_.log->warning(label + ": the tactic " + std::string(tactic.name()) + " is rejected: " + status.error().message);
    return status.ok();
  }

  // Fills in the time: from the cache, or measured, roughly where it is far beyond the best so far. A tactic that fails here is put out of
  // the running.
  Status time(Candidate& candidate, const Problem& problem, const std::vector<Shape>& outputs, bool worth_it, double best_ms) {
    if (is_view_tactic(candidate.tactic->name())) {
      candidate.ms = 0;
      return Ok{};
    }
    if (!worth_it) return Ok{};
    const Hash128 key = timing_key(*candidate.tactic, problem);
    TimingCache* const cache = candidate.tactic->keeps_timings(problem) ? options_.cache : nullptr;
    if (cache) {
      if (const auto known = cache->find(key)) {
        candidate.ms = *known;
        candidate.measured = true;
        ++hits_;
        return Ok{};
      }
      if (options_.error_on_cache_miss)
        return invalid("the timing cache has no entry for " + std::string(candidate.tactic->name()) + " of " +
                       std::string(problem.op->name()));
    }
    if (!options_.measure) return Ok{};
    const auto ms = measure_ms(*candidate.tactic, problem, outputs, best_ms);
    if (!ms.ok()) {
      debug("tactics", std::string(candidate.tactic->name()) + " failed: " + ms.error().message);
      candidate.ms = std::numeric_limits<double>::infinity();
      return Ok{};
    }
    ++measured_;
    candidate.measured = true;
    // As the cache keeps it, so that a build from the cache decides by the same numbers.
    candidate.ms = static_cast<float>(*ms);
    if (cache) cache->set(key, static_cast<float>(*ms));
    return Ok{};
  }

  double reformat_ms(const Tensor* tensor, Format from, Format to) {
    from = usual_format(from, tensor->type.rank());
    to = usual_format(to, tensor->type.rank());
    if (from == to) return 0;
    const Shape shape = shape_at(tensor->type.dims, opt_);
    const std::string key = tensor->type.text() + to_text(shape) + std::string(name_of(from)) + std::string(name_of(to));
    if (const auto known = reformats_.find(key); known != reformats_.end()) return known->second;
    const Reformat op;
    Problem problem;
    problem.op = &op;
    problem.inputs = problem.outputs = {tensor->type};
    problem.input_formats = {from};
    problem.output_formats = {to};
    problem.constants.resize(1);
    problem.present = {true};
    problem.opt_inputs = {shape};
    problem.device = options_.device;
    double least = 0.002 + static_cast<double>(volume(shape).value_or(0)) * bits_of(tensor->type.type) / 8 * 2 / 8e6;  // 8 GB/s
    if (!is_measured_away()) {
      double best = std::numeric_limits<double>::infinity();
      for (const Tactic* tactic : TacticCatalogue::instance().all()) {
        if (is_reference(*tactic) || (options_.device && tactic->device() != options_.device->kind()) || !tactic->accepts(problem).ok())
          continue;
        Candidate candidate{tactic, {}, least, false};
        if (time(candidate, problem, {shape}, true, best).ok()) best = std::min(best, candidate.ms);
      }
      if (std::isfinite(best)) least = best;
    }
    return reformats_[key] = least;
  }
  bool is_measured_away() const { return !options_.measure && !options_.cache; }

  Result<std::vector<size_t>> assign() {
    Assignment problem;
    for (const auto& candidates : candidates_) {
      std::vector<double> costs;
      for (const Candidate& candidate : candidates) costs.push_back(candidate.ms);
      problem.costs.push_back(std::move(costs));
    }
    for (size_t v = 0; v < layers_.size(); ++v) {
      const Layer& layer = *layers_[v];
      for (size_t i = 0; i < layer.inputs().size(); ++i) {
        const Tensor* input = layer.inputs()[i];
        if (!input || input->is_constant()) continue;
        if (!input->producer()) {
          TRY_ASSIGN(Format format, border_format(input));
          for (size_t option = 0; option < candidates_[v].size(); ++option)
            problem.costs[v][option] += reformat_ms(input, format, candidates_[v][option].formats.inputs[i]);
          continue;
        }
        const size_t u = variable_.at(input->producer());
        if (candidates_[u].size() == 1 && candidates_[v].size() == 1) continue;
        Assignment::Pair pair{u, v, {}};
        for (const Candidate& from : candidates_[u]) {
          for (const Candidate& to : candidates_[v])
            pair.costs.push_back(reformat_ms(input, from.formats.outputs[input->producer_index()], to.formats.inputs[i]));
        }
        problem.pairs.push_back(std::move(pair));
      }
      for (size_t o = 0; o < layer.outputs().size(); ++o) {
        if (!layer.output(o)->is_output()) continue;
        TRY_ASSIGN(Format format, border_format(layer.output(o)));
        for (size_t option = 0; option < candidates_[v].size(); ++option)
          problem.costs[v][option] += reformat_ms(layer.output(o), candidates_[v][option].formats.outputs[o], format);
      }
    }
    std::vector<size_t> chosen = problem.solve();
    total_ms_ = problem.cost(chosen);
    const double limit = total_ms_ + std::min(total_ms_ * kWorthOpening, kWorthOpeningMs);
    std::set<std::string_view> libraries;
    for (size_t v = 0; v < layers_.size(); ++v) libraries.insert(library_of(candidates_[v][chosen[v]].tactic->name()));
    for (const std::string_view library : libraries) {
      if (library.empty()) continue;
      Assignment shut = problem;
      for (size_t v = 0; v < layers_.size(); ++v) {
        for (size_t option = 0; option < candidates_[v].size(); ++option) {
          if (library_of(candidates_[v][option].tactic->name()) == library) shut.costs[v][option] += kNeverMs;
        }
      }
      const std::vector<size_t> other = shut.solve();
      const double ms = shut.cost(other);
      debug("tactics", "without " + std::string(library) + ": " + std::to_string(ms) + " ms in place of " + std::to_string(total_ms_));
      if (ms > limit) continue;
      chosen = other;
      total_ms_ = ms;
      problem = std::move(shut);
    }
    return chosen;
  }

  // Adds the reformats that the choice needs, one for each tensor and format, and packs weights.
  Result<Selection> finish(const std::vector<size_t>& chosen) {
    std::unordered_map<const Layer*, Choice> choices;
    std::unordered_map<const Tensor*, Format> formats;
    for (const Tensor* input : network_.inputs()) {
      TRY_ASSIGN(formats[input], border_format(input));
    }
    for (size_t v = 0; v < layers_.size(); ++v) {
      const Candidate& candidate = candidates_[v][chosen[v]];
      choices[layers_[v]] = {std::string(candidate.tactic->name()), candidate.formats.inputs, candidate.formats.outputs, {}, candidate.ms};
      for (size_t o = 0; o < layers_[v]->outputs().size(); ++o) formats[layers_[v]->output(o)] = candidate.formats.outputs[o];
    }
    std::map<std::pair<const Tensor*, Format>, Tensor*> made;
    const auto reformat = [&](Tensor* tensor, Format to) -> Result<Tensor*> {
      Tensor*& twin = made[{tensor, to}];
      if (!twin) {
        TRY_ASSIGN(Layer * layer, network_.add_layer(std::make_unique<Reformat>(), {tensor}, "reformat " + tensor->name));
        twin = layer->output();
        formats[twin] = to;
        Choice choice{"", {formats[tensor]}, {to}, {}, reformat_ms(tensor, formats[tensor], to)};
        Problem problem = problem_of(*layer, choice.input_formats, choice.output_formats, options_.allow_tf32, opt_, options_.device);
        for (const Tactic* tactic : TacticCatalogue::instance().all()) {
          if (options_.device && tactic->device() != options_.device->kind()) continue;
          if (!is_reference(*tactic) && tactic->accepts(problem).ok()) {
            const Shape shape = shape_at(tensor->type.dims, opt_);
            if (options_.verify && !agrees("layer '" + layer->name + "' (reformat)", *tactic, problem, {shape})) continue;
            choice.tactic = tactic->name();
            break;
          }
        }
        if (choice.tactic.empty())
          return internal("no tactic turns '" + tensor->name + "' from " + std::string(name_of(formats[tensor])) + " into " +
                          std::string(name_of(to)));
        choices[layer] = std::move(choice);
      }
      return twin;
    };
    for (Layer* layer : layers_) {
      for (size_t i = 0; i < layer->inputs().size(); ++i) {
        Tensor* input = layer->inputs()[i];
        if (!input || input->is_constant()) continue;
        const Format wanted = usual_format(choices[layer].input_formats[i], input->type.rank());
        if (usual_format(formats[input], input->type.rank()) == wanted) continue;
        TRY_ASSIGN(Tensor * twin, reformat(input, wanted));
        TRY(network_.set_input(layer, i, twin));
      }
    }
    const std::vector<Tensor*> outputs = network_.outputs();
    for (Tensor* output : outputs) {
      TRY_ASSIGN(Format wanted, border_format(output));
      if (usual_format(formats[output], output->type.rank()) == usual_format(wanted, output->type.rank()) || output->is_constant())
        continue;
      TRY_ASSIGN(Tensor * twin, reformat(output, wanted));
      TRY(network_.move_output(output, twin));
    }
    TRY(network_.sort_layers());
    return pack(choices);
  }

  Result<Selection> pack(std::unordered_map<const Layer*, Choice>& choices) {
    Selection selection;
    std::unordered_map<const Tensor*, size_t> packed_reads;
    for (const auto& layer : network_.layers()) {
      Choice choice = std::move(choices[layer.get()]);
      const auto pinned = options_.pinned ? options_.pinned->find(layer.get()) : decltype(options_.pinned->find(layer.get())){};
      const bool repacks = options_.repacked && options_.repacked->contains(layer.get());
      if (options_.pinned && pinned != options_.pinned->end() && !repacks) {
        choice.packed = pinned->second.packed;
      } else {
        const Problem problem = problem_of(*layer, choice.input_formats, choice.output_formats, options_.allow_tf32, opt_, options_.device);
        auto packed = TacticCatalogue::instance().find(choice.tactic)->pack(problem);
        if (!packed.ok()) return std::move(packed).error().within("layer '" + layer->name + "'");
        choice.packed = std::move(packed).value();
      }
      for (const PackedWeights& weights : choice.packed) ++packed_reads[layer->input(weights.input)];
      selection.choices.push_back(std::move(choice));
    }
    for (const auto& tensor : network_.tensors()) {
      const auto reads = packed_reads.find(tensor.get());
      if (options_.keep_plain_weights || reads == packed_reads.end() || reads->second < tensor->readers().size() || tensor->is_output())
        continue;
      tensor->is_packed = true;
      tensor->constant = Array::borrow(tensor->constant.type(), tensor->constant.shape(), nullptr, nullptr);
    }
    warn_of_host_layers(selection);
    selection.measured = measured_;
    selection.cache_hits = hits_;
    selection.verified = verified_;
    selection.rejected = rejected_;
    selection.total_ms = total_ms_;
    return selection;
  }

  // Layers that leave an asynchronous device wait for it and for two copies.
  void warn_of_host_layers(const Selection& selection) {
    if (!options_.log || !options_.device || !options_.device->is_asynchronous()) return;
    size_t count = 0;
    std::string names;
    for (size_t i = 0; i < selection.choices.size(); ++i) {
      if (!is_reference_tactic(selection.choices[i].tactic)) continue;
      const Layer& layer = *network_.layers()[i];
      // Integers that hang on shapes alone are worked out when shapes are set.
      if (std::all_of(layer.outputs().begin(), layer.outputs().end(), [](const Tensor* output) { return output->type.values.has_value(); }))
        continue;
      if (++count <= 8) names += (names.empty() ? "'" : ", '") + layer.name + "' (" + std::string(layer.op().name()) + ")";
    }
    if (count > 0)
      options_.log->warning(std::to_string(count) + " layers run on the host, for want of a kernel: " + names + (count > 8 ? ", ..." : ""));
  }

  Network& network_;
  const SelectOptions& options_;
  SymbolValues opt_;
  std::vector<Layer*> layers_;
  std::unordered_map<const Layer*, size_t> variable_;
  std::vector<std::vector<Candidate>> candidates_;
  std::map<std::string, double> reformats_;
  size_t measured_ = 0, hits_ = 0, verified_ = 0, rejected_ = 0;
  double total_ms_ = 0;
};

}  // namespace

Result<Selection> select(Network& network, const SelectOptions& options) { return Selector(network, options).run(); }

}  // namespace ingot
