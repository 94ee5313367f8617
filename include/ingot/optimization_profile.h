// The ranges of input shapes that an engine is built for.
#pragma once

#include "engine_types.h"

namespace nvinfer1 {

// For each input with dimensions of -1 the smallest, the typical and the largest shape; for each input shape tensor the same of its
// values. Created by IBuilder::createOptimizationProfile and added with IBuilderConfig::addOptimizationProfile.
class IOptimizationProfile : public INoCopy {
 public:
  ~IOptimizationProfile() noexcept override = default;

  // Shape of the input. False where it is malformed or contradicts one that was set before; static dimensions must agree.
  bool setDimensions(char const* inputName, OptProfileSelector select, Dims const& dims) noexcept {
    return setDimensions64_(inputName, select, impl::widen(dims));
  }
  // The shape that was set; nbDims is -1 where there is none.
  Dims getDimensions(char const* inputName, OptProfileSelector select) const noexcept {
    return impl::narrow<Dims>(getDimensions64_(inputName, select));
  }

  // Values of an input shape tensor with nbValues elements. They are copied.
  virtual bool setShapeValuesV2(char const* inputName, OptProfileSelector select, int64_t const* values, int32_t nbValues) noexcept = 0;
  // The values that were set, or null.
  virtual int64_t const* getShapeValuesV2(char const* inputName, OptProfileSelector select) const noexcept = 0;
  // How many values were set; -1 where there are none.
  virtual int32_t getNbShapeValues(char const* inputName) const noexcept = 0;

  // The memory that may be spent beyond the least needed, as a fraction from 0 to 1. False outside that range.
  virtual bool setExtraMemoryTarget(float target) noexcept = 0;
  virtual float getExtraMemoryTarget() const noexcept = 0;

  // True where minimum, optimum and maximum of each input that was set are in order. Completeness is checked when it is added.
  virtual bool isValid() const noexcept = 0;

  // ---- Retired: 32-bit values ----
  virtual bool setShapeValues(char const* inputName, OptProfileSelector select, int32_t const* values, int32_t nbValues) noexcept = 0;
  virtual int32_t const* getShapeValues(char const* inputName, OptProfileSelector select) const noexcept = 0;

 protected:
  virtual bool setDimensions64_(char const* inputName, OptProfileSelector select, Dims64 const& dims) noexcept = 0;
  virtual Dims64 getDimensions64_(char const* inputName, OptProfileSelector select) const noexcept = 0;
};

}  // namespace nvinfer1
