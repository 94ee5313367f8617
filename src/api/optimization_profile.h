// IOptimizationProfile: the least, best and largest shapes of inputs.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <vector>

#include "api/convert.h"
#include "api/reporter.h"
#include "network/network.h"

namespace ingot::api {

class OptimizationProfileFacade final : public nvinfer1::IOptimizationProfile {
 public:
  explicit OptimizationProfileFacade(const Reporter& reporter) : reporter_(reporter) {}

  // The core's form; an error names the input that lacks a shape.
  Result<Profile> core() const;

  bool setShapeValuesV2(char const* input, nvinfer1::OptProfileSelector select, int64_t const* values, int32_t count) noexcept override;
  int64_t const* getShapeValuesV2(char const* input, nvinfer1::OptProfileSelector select) const noexcept override;
  int32_t getNbShapeValues(char const* input) const noexcept override;
  bool setExtraMemoryTarget(float target) noexcept override;
  float getExtraMemoryTarget() const noexcept override { return extra_memory_; }
  bool isValid() const noexcept override;
  bool setShapeValues(char const* input, nvinfer1::OptProfileSelector select, int32_t const* values, int32_t count) noexcept override;
  int32_t const* getShapeValues(char const* input, nvinfer1::OptProfileSelector select) const noexcept override;

 protected:
  bool setDimensions64_(char const* input, nvinfer1::OptProfileSelector select, WideDims const& dims) noexcept override;
  WideDims getDimensions64_(char const* input, nvinfer1::OptProfileSelector select) const noexcept override;

 private:
  struct Three {
    std::optional<Shape> shapes[3];
    std::vector<int32_t> narrow[3];  // of values, for the retired 32-bit reading
  };
  const std::optional<Shape>* find(const std::map<std::string, Three>& entries, char const* input,
                                   nvinfer1::OptProfileSelector select) const;

  mutable Reporter reporter_;
  std::map<std::string, Three> shapes_, values_;
  float extra_memory_ = 1;
};

}  // namespace ingot::api
