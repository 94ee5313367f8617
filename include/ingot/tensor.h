// A value between the layers of a network under construction.
#pragma once

#include "engine_types.h"

namespace nvinfer1 {

// Owned by its network. Shape and type of a layer's output follow from the layer's inputs and change with them.
class ITensor : public INoCopy {
 public:
  // The name by which engines, contexts and logs speak of the tensor; copied. Inputs and outputs have distinct names.
  virtual void setName(char const* name) noexcept = 0;
  virtual char const* getName() const noexcept = 0;

  // Shape, -1 where it is known only at run time; nbDims is -1 where it cannot be inferred yet. Only inputs are set.
  void setDimensions(Dims const& dimensions) noexcept { setDimensions64_(impl::widen(dimensions)); }
  Dims getDimensions() const noexcept { return impl::narrow<Dims>(getDimensions64_()); }
  // A name for dimension `index` of an input; dimensions with one name are equal. Null takes the name away.
  virtual void setDimensionName(int32_t index, char const* name) noexcept = 0;
  virtual char const* getDimensionName(int32_t index) const noexcept = 0;

  // Element type. Set for inputs and outputs of the network only; an output is converted to it.
  virtual void setType(DataType type) noexcept = 0;
  virtual DataType getType() const noexcept = 0;

  // The memory formats that an input or output may have, as bits; any, unless it is set.
  virtual void setAllowedFormats(TensorFormats formats) noexcept = 0;
  virtual TensorFormats getAllowedFormats() const noexcept = 0;

  virtual bool isNetworkInput() const noexcept = 0;
  virtual bool isNetworkOutput() const noexcept = 0;

  // True where the values are needed to compute shapes, or may be.
  virtual bool isShapeTensor() const noexcept = 0;
  // True where the values are computed on the device.
  virtual bool isExecutionTensor() const noexcept = 0;

  // ---- Retired ----

  // The real range of an int8 tensor's values, up to generation 10: the scale is max(|min|, |max|) / 127. False where min > max.
  virtual bool setDynamicRange(float min, float max) noexcept = 0;
  virtual void resetDynamicRange() noexcept = 0;
  virtual bool dynamicRangeIsSet() const noexcept = 0;
  virtual float getDynamicRangeMin() const noexcept = 0;  // NaN where none is set
  virtual float getDynamicRangeMax() const noexcept = 0;
  float getDynamicRange() const noexcept { return getDynamicRangeMax(); }

  // Placement of outputs of retired plugins; the place follows from the use now.
  virtual void setLocation(TensorLocation location) noexcept = 0;
  virtual TensorLocation getLocation() const noexcept = 0;
  // With an implicit batch: one value for all rows of the batch.
  virtual void setBroadcastAcrossBatch(bool broadcastAcrossBatch) noexcept = 0;
  virtual bool getBroadcastAcrossBatch() const noexcept = 0;

 protected:
  ~ITensor() noexcept override = default;
  virtual void setDimensions64_(Dims64 const& dimensions) noexcept = 0;
  virtual Dims64 getDimensions64_() const noexcept = 0;
};

}  // namespace nvinfer1
