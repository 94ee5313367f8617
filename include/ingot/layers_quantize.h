// Layers between real numbers and their low-precision codes.
#pragma once

#include "layer.h"

namespace nvinfer1 {

// y = saturate(round(x / scale) + zeroPoint), rounding half to even. Inputs: x, scale, optionally the zero point.
// The scale is one value, one for each index along the axis, or one for each block.
class IQuantizeLayer : public ILayer {
 public:
  virtual void setAxis(int32_t axis) noexcept = 0;
  virtual int32_t getAxis() const noexcept = 0;
  virtual void setToType(DataType toType) noexcept = 0;
  virtual DataType getToType() const noexcept = 0;
  // Elements that share a scale, in each dimension.
  bool setBlockShape(Dims const& blockShape) noexcept { return setBlockShape64_(impl::widen(blockShape)); }
  Dims getBlockShape() const noexcept { return impl::narrow<Dims>(getBlockShape64_()); }

 protected:
  ~IQuantizeLayer() noexcept override = default;
  virtual bool setBlockShape64_(Dims64 const& blockShape) noexcept = 0;
  virtual Dims64 getBlockShape64_() const noexcept = 0;
};

// y = (x - zeroPoint) * scale, with the inputs of IQuantizeLayer.
class IDequantizeLayer : public ILayer {
 public:
  virtual void setAxis(int32_t axis) noexcept = 0;
  virtual int32_t getAxis() const noexcept = 0;
  virtual void setToType(DataType toType) noexcept = 0;
  virtual DataType getToType() const noexcept = 0;
  bool setBlockShape(Dims const& blockShape) noexcept { return setBlockShape64_(impl::widen(blockShape)); }
  Dims getBlockShape() const noexcept { return impl::narrow<Dims>(getBlockShape64_()); }

 protected:
  ~IDequantizeLayer() noexcept override = default;
  virtual bool setBlockShape64_(Dims64 const& blockShape) noexcept = 0;
  virtual Dims64 getBlockShape64_() const noexcept = 0;
};

// Quantizes with scales that it computes from the largest value of each block. Output 0 has the codes, output 1 the scales.
class IDynamicQuantizeLayer : public ILayer {
 public:
  virtual void setToType(DataType toType) noexcept = 0;
  virtual DataType getToType() const noexcept = 0;
  virtual void setScaleType(DataType scaleType) noexcept = 0;
  virtual DataType getScaleType() const noexcept = 0;
  void setBlockShape(Dims const& blockShape) noexcept { setBlockShape64_(impl::widen(blockShape)); }
  Dims getBlockShape() const noexcept { return impl::narrow<Dims>(getBlockShape64_()); }
  // Blocks along one dimension.
  virtual void setAxis(int32_t axis) noexcept = 0;
  virtual int32_t getAxis() const noexcept = 0;
  virtual void setBlockSize(int32_t size) noexcept = 0;
  virtual int32_t getBlockSize() const noexcept = 0;

 protected:
  ~IDynamicQuantizeLayer() noexcept override = default;
  virtual void setBlockShape64_(Dims64 const& blockShape) noexcept = 0;
  virtual Dims64 getBlockShape64_() const noexcept = 0;
};

}  // namespace nvinfer1
