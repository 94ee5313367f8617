#include "build/calibration.h"

#include <fmt/format.h>

#include <algorithm>
#include <bit>
#include <charconv>
#include <cmath>

#include "build/builder.h"
#include "operators/register.h"
#include "tactics/layout.h"

namespace ingot {
namespace {

constexpr int kSteps = 127;

std::string_view name_of(CalibrationMethod method) {
  switch (method) {
    case CalibrationMethod::kLegacy: return "LegacyCalibration";
    case CalibrationMethod::kEntropy: return "EntropyCalibration";
    case CalibrationMethod::kEntropy2: return "EntropyCalibration2";
    case CalibrationMethod::kMinMax: return "MinMaxCalibration";
  }
  return "";
}

// Without elements between those of the tensor, and with samples one behind the other.
bool is_dense(const Candidate& candidate) {
  return std::all_of(candidate.formats.outputs.begin(), candidate.formats.outputs.end(), has_strides);
}

}  // namespace

Result<Plan> plan_to_watch(const Network& network, const Profile* profile, Device& device, Log& log) {
  register_all_operators();
  register_all_tactics();
  Plan plan;
  plan.network = network.clone();
  plan.network->remove_unused();
  plan.network->profiles.clear();
  if (profile) plan.network->profiles.push_back(*profile);
  SelectOptions options;
  options.log = &log;
  options.device = &device;
  options.measure = false;
  options.filter = [](const Network&, const Layer&, const std::vector<Candidate>& candidates) -> Result<std::vector<size_t>> {
    std::vector<size_t> dense;
    for (size_t i = 0; i < candidates.size(); ++i) {
      if (is_dense(candidates[i])) dense.push_back(i);
    }
    return dense;
  };
  TRY_ASSIGN(Selection selection, select(*plan.network, options));
  plan.choices = std::move(selection.choices);
  plan.properties["device"] = device.description();
  plan.properties.emplace("tf32", "0");
  return plan;
}

void Calibration::add(const std::string& tensor, const float* values, const Shape& shape) {
  Magnitudes& magnitudes = seen_[tensor];
  const int64_t samples = shape.empty() ? 1 : shape[0];
  int64_t each = 1;
  for (size_t d = 1; d < shape.size(); ++d) each *= shape[d];
  magnitudes.add(values, static_cast<size_t>(samples * each));
  if (settings_.method != CalibrationMethod::kLegacy) return;
  for (int64_t s = 0; s < samples; ++s) {
    float peak = 0;
    for (int64_t i = 0; i < each; ++i) {
      const float magnitude = std::fabs(values[s * each + i]);
      peak = std::isfinite(magnitude) ? std::max(peak, magnitude) : peak;
    }
    magnitudes.add_peak(peak);
  }
}

Scales Calibration::scales(Log& log) const {
  Scales result;
  for (const auto& [name, magnitudes] : seen_) {
    if (magnitudes.not_finite())
      log.warning(fmt::format("calibration: '{}' had {} values that are not finite; they are left out", name, magnitudes.not_finite()));
    float cut = magnitudes.largest();
    if (settings_.method == CalibrationMethod::kLegacy) cut = magnitudes.legacy_cut(settings_.quantile, settings_.regression_cutoff);
    if (settings_.method == CalibrationMethod::kEntropy || settings_.method == CalibrationMethod::kEntropy2) cut = magnitudes.entropy_cut();
    if (cut <= 0) {
      log.verbose(fmt::format("calibration: '{}' was always 0", name));
      cut = 1;
    }
    result[name] = cut / kSteps;
  }
  return result;
}

std::string write_calibration_cache(const Scales& scales, CalibrationMethod method, int version) {
  std::string text = fmt::format("TRT-{}-{}\n", version, name_of(method));
  for (const auto& [name, scale] : scales) text += fmt::format("{}: {:08x}\n", name, std::bit_cast<uint32_t>(scale));
  return text;
}

Result<Scales> read_calibration_cache(std::string_view text) {
  Scales scales;
  for (size_t line = 1; !text.empty(); ++line) {
    const size_t end = text.find('\n');
    std::string_view words = text.substr(0, end);
    text.remove_prefix(end == std::string_view::npos ? text.size() : end + 1);
    while (!words.empty() && (words.back() == '\r' || words.back() == ' ' || words.back() == '\0')) words.remove_suffix(1);
    if (line == 1) {
      if (!words.starts_with("TRT-"))
        return invalid(fmt::format("this is no calibration cache: the first line is '{}', not like 'TRT-8601-EntropyCalibration2'",
                                   words.substr(0, 80)));
      continue;
    }
    if (words.empty()) continue;
    const size_t colon = words.rfind(": ");
    const std::string_view digits = colon == std::string_view::npos ? "" : words.substr(colon + 2);
    uint32_t bits = 0;
    const auto [stop, error] = std::from_chars(digits.data(), digits.data() + digits.size(), bits, 16);
    const float scale = std::bit_cast<float>(bits);
    if (digits.empty() || digits.size() > 8 || error != std::errc() || stop != digits.data() + digits.size() || !std::isfinite(scale) ||
        scale < 0)
      return invalid(fmt::format("calibration cache, line {}: '{}' is not like 'conv1: 3d5c2f10' (a tensor and the bits of its scale)",
                                 line, words.substr(0, 200)));
    scales[std::string(words.substr(0, colon))] = scale;
  }
  if (scales.empty()) return invalid("the calibration cache names no tensor");
  return scales;
}

size_t set_ranges(Network& network, const Scales& scales) {
  size_t unknown = 0;
  for (const auto& [name, scale] : scales) {
    Tensor* tensor = network.find_tensor(name);
    if (!tensor) {
      ++unknown;
      continue;
    }
    if (!std::isnan(tensor->range_max)) continue;
    tensor->range_max = scale * kSteps;
    tensor->range_min = -tensor->range_max;
  }
  return unknown;
}

}  // namespace ingot
