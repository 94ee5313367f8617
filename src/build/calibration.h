// The ranges of int8 tensors: from runs of the network over samples, or from a calibration cache.
#pragma once

#include <map>
#include <memory>
#include <string>
#include <string_view>

#include "base/log.h"
#include "build/magnitudes.h"
#include "device/device.h"
#include "network/network.h"
#include "plan/plan.h"

namespace ingot {

enum class CalibrationMethod { kLegacy, kEntropy, kEntropy2, kMinMax };

struct CalibrationSettings {
  CalibrationMethod method = CalibrationMethod::kEntropy2;
  double quantile = 1, regression_cutoff = 1;  // of kLegacy
};

// By tensor name: what one step of int8 stands for. The range is 127 of them to either side.
using Scales = std::map<std::string, float>;

// A plan that computes each tensor of the network, unfused, for watching. Values of a tensor lie dense, samples one behind the other.
// `profile` has the shapes of dynamic inputs; null where there are none.
Result<Plan> plan_to_watch(const Network& network, const Profile* profile, Device& device, Log& log);

// What has been seen of each tensor.
class Calibration {
 public:
  explicit Calibration(CalibrationSettings settings) : settings_(settings) {}
  // Values of a tensor from one batch, whose first dimension counts samples.
  void add(const std::string& tensor, const float* values, const Shape& shape);
  Scales scales(Log& log) const;

 private:
  CalibrationSettings settings_;
  std::map<std::string, Magnitudes> seen_;
};

// TensorRT's text form: "TRT-<version>-<method>", then a line "<tensor>: <scale>" each, scales as the hexadecimal bits of a float.
std::string write_calibration_cache(const Scales& scales, CalibrationMethod method, int version);
// An error names the line.
Result<Scales> read_calibration_cache(std::string_view text);

// Gives the tensors ranges, where the program has not set them. Returns how many scales name no tensor.
size_t set_ranges(Network& network, const Scales& scales);

}  // namespace ingot
