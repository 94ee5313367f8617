// The program's IAlgorithmSelector between what select offers and what it takes.
#pragma once

#include <vector>

#include "NvInfer.h"
#include "build/builder.h"

namespace ingot::api {

class AlgorithmSelection {
 public:
  // With `reject_empty` a selection of nothing fails the build; else all candidates of the layer stay.
  AlgorithmSelection(nvinfer1::IAlgorithmSelector& selector, bool reject_empty) : selector_(selector), reject_empty_(reject_empty) {}

  // For BuildConfig::filter.
  Result<std::vector<size_t>> select(const Network& network, const Layer& layer, const std::vector<Candidate>& candidates);
  // Tells the program what each layer of the plan runs.
  void report(const Plan& plan) const;

 private:
  nvinfer1::IAlgorithmSelector& selector_;
  bool reject_empty_;
};

}  // namespace ingot::api
