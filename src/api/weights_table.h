// What the program calls the weights of a network: kept in the plan, so that a refitter finds them.
#pragma once

#include <string>
#include <vector>

#include "NvInfer.h"

namespace ingot {
struct Plan;
}

namespace ingot::api {

constexpr const char* kWeightsProperty = "weights";

struct WeightsEntry {
  std::string constant;  // its name in the core's network
  std::string layer;     // empty where no layer has a role for it
  nvinfer1::WeightsRole role = nvinfer1::WeightsRole::kANY;
  std::string name;  // empty where it has none
};

// Constants of a refittable plan that it can be written without: floats and bytes that the program can set again.
std::vector<std::string> strippable_weights(const Plan& plan);

std::string write_weights_table(const std::vector<WeightsEntry>& entries);
std::vector<WeightsEntry> read_weights_table(const std::string& text);

}  // namespace ingot::api
