#include "tactics/tactic.h"

#include "base/log.h"
#include "tactics/layout.h"

namespace ingot {
Shape memory_strides(Format format, const Shape& shape) {
  const auto rank = static_cast<int64_t>(shape.size());
  Shape strides(shape.size(), 1);
  if (rank < 3 || format == Format::kLinear) {
    int64_t step = 1;
    for (int64_t d = rank - 1; d >= 0; --d) {
      strides[d] = step;
      step *= shape[d];
    }
    return strides;
  }
  // Channels innermost: the other dims keep their order.
  const int64_t group = channel_group(format);
  int64_t step = (shape[1] + group - 1) / group * group;
  strides[1] = 1;
  for (int64_t d = rank - 1; d >= 2; --d) {
    strides[d] = step;
    step *= shape[d];
  }
  strides[0] = step;
  return strides;
}

bool has_strides(Format format) { return format == Format::kLinear || is_channels_last(format); }

Format usual_format(Format format, int64_t rank) { return rank < 3 ? Format::kLinear : format; }

namespace {

bool could_be_channels_last(const TensorType& type) { return type.rank() >= 3 && bits_of(type.type) >= 8; }

}  // namespace

Tactic::Formats Tactic::linear_formats(const Problem& problem) {
  return {std::vector<Format>(problem.inputs.size(), Format::kLinear), std::vector<Format>(problem.outputs.size(), Format::kLinear)};
}

std::vector<Tactic::Formats> Tactic::proposals(const Problem& problem) const {
  const Formats linear = linear_formats(problem);
  Formats last = linear;
  bool any = false;
  for (size_t i = 0; i < problem.inputs.size(); ++i) {
    if (!is_present(problem, i) || is_constant(problem, i) || !could_be_channels_last(problem.inputs[i])) continue;
    last.inputs[i] = Format::kChannelsLast;
    any = true;
  }
  for (size_t i = 0; i < problem.outputs.size(); ++i) {
    if (!could_be_channels_last(problem.outputs[i])) continue;
    last.outputs[i] = Format::kChannelsLast;
    any = true;
  }
  std::vector<Formats> result{linear};
  if (any) result.push_back(std::move(last));
  return result;
}

bool is_constant(const Problem& problem, size_t input) {
  // A packed constant has a shape but no bytes.
  return input < problem.constants.size() && (problem.constants[input].data() != nullptr || problem.constants[input].count() > 0);
}
bool is_present(const Problem& problem, size_t input) {
  return input < problem.inputs.size() && (input >= problem.present.size() || problem.present[input]);
}

Status all_linear(const Problem& problem) {
  for (size_t i = 0; i < problem.input_formats.size(); ++i)
    REQUIRES(problem.input_formats[i] == Format::kLinear || (i < problem.inputs.size() && problem.inputs[i].rank() < 3),
             "input " + std::to_string(i) + " is " + std::string(name_of(problem.input_formats[i])) + ", not linear");
  for (size_t i = 0; i < problem.output_formats.size(); ++i)
    REQUIRES(problem.output_formats[i] == Format::kLinear || (i < problem.outputs.size() && problem.outputs[i].rank() < 3),
             "output " + std::to_string(i) + " is " + std::string(name_of(problem.output_formats[i])) + ", not linear");
  return Ok{};
}

Format input_format(const Problem& problem, size_t input) {
  if (input >= problem.input_formats.size() || input >= problem.inputs.size()) return Format::kLinear;
  return usual_format(problem.input_formats[input], problem.inputs[input].rank());
}
Format output_format(const Problem& problem, size_t output) {
  if (output >= problem.output_formats.size() || output >= problem.outputs.size()) return Format::kLinear;
  return usual_format(problem.output_formats[output], problem.outputs[output].rank());
}

TacticCatalogue& TacticCatalogue::instance() {
  static TacticCatalogue catalogue;
  return catalogue;
}

void TacticCatalogue::add(std::unique_ptr<Tactic> tactic) { tactics_.push_back(std::move(tactic)); }

namespace {

// Changes of layout have no reference to fall back on, so they stay: without them a plan could not be chosen again.
bool is_switched_off(std::string_view tactic) { return tactic != "cpu.reformat" && is_disabled(tactic); }

}  // namespace

std::vector<const Tactic*> TacticCatalogue::all() const {
  std::vector<const Tactic*> result;
  for (const auto& tactic : tactics_) {
    if (!is_switched_off(tactic->name())) result.push_back(tactic.get());
  }
  return result;
}

const Tactic* TacticCatalogue::find(std::string_view name) const {
  for (const auto& tactic : tactics_) {
    if (tactic->name() == name) return is_switched_off(name) ? nullptr : tactic.get();
  }
  return nullptr;
}

}  // namespace ingot
