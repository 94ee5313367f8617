// Layers that move values: reshape, transpose, slice, join, gather, resize; and constants.
#pragma once

#include "../NvInferLegacyDims.h"
#include "layer.h"

namespace nvinfer1 {

// Output dimension i is input dimension order[i].
struct Permutation {
  int32_t order[Dims::MAX_DIMS];
};

// Transposes, then reshapes, then transposes again, without changing the order of elements in between.
class IShuffleLayer : public ILayer {
 public:
  virtual void setFirstTranspose(Permutation permutation) noexcept = 0;
  virtual Permutation getFirstTranspose() const noexcept = 0;
  // The new shape. -1, at most once, stands for what remains; 0 for the input's dimension of the same index, unless
  // setZeroIsPlaceholder(false). Input 1 may give the shape as a tensor, and then getReshapeDimensions has nbDims -1.
  void setReshapeDimensions(Dims const& dimensions) noexcept { setReshapeDimensions64_(impl::widen(dimensions)); }
  Dims getReshapeDimensions() const noexcept { return impl::narrow<Dims>(getReshapeDimensions64_()); }
  virtual void setSecondTranspose(Permutation permutation) noexcept = 0;
  virtual Permutation getSecondTranspose() const noexcept = 0;
  virtual void setZeroIsPlaceholder(bool zeroIsPlaceholder) noexcept = 0;
  virtual bool getZeroIsPlaceholder() const noexcept = 0;

 protected:
  ~IShuffleLayer() noexcept override = default;
  virtual void setReshapeDimensions64_(Dims64 const& dimensions) noexcept = 0;
  virtual Dims64 getReshapeDimensions64_() const noexcept = 0;
};

// What is read outside of a tensor.
enum class SampleMode : int32_t {
  kSTRICT_BOUNDS = 0,  // nothing: it is an error
  kWRAP = 1,           // it repeats
  kCLAMP = 2,          // the nearest value within
  kFILL = 3,           // a given value, or 0
  kREFLECT = 4,        // mirrored, without repeating the value at the border

  // Retired name of generations up to 9.
  kDEFAULT = kSTRICT_BOUNDS,
};
template <>
constexpr int32_t EnumMax<SampleMode>() noexcept {
  return 5;
}
using SliceMode = SampleMode;  // up to generation 9

// y[i] = x[start + i * stride] in each dimension. Inputs 1 to 3 may give start, size and stride as tensors, input 4 the value for
// kFILL, input 5 the axes.
class ISliceLayer : public ILayer {
 public:
  void setStart(Dims const& start) noexcept { setStart64_(impl::widen(start)); }
  Dims getStart() const noexcept { return impl::narrow<Dims>(getStart64_()); }
  void setSize(Dims const& size) noexcept { setSize64_(impl::widen(size)); }
  Dims getSize() const noexcept { return impl::narrow<Dims>(getSize64_()); }
  void setStride(Dims const& stride) noexcept { setStride64_(impl::widen(stride)); }
  Dims getStride() const noexcept { return impl::narrow<Dims>(getStride64_()); }
  // The dimensions that start, size and stride speak of; all, where none are set.
  void setAxes(Dims const& axes) noexcept { setAxes64_(impl::widen(axes)); }
  Dims getAxes() const noexcept { return impl::narrow<Dims>(getAxes64_()); }
  virtual void setMode(SampleMode mode) noexcept = 0;
  virtual SampleMode getMode() const noexcept = 0;

 protected:
  ~ISliceLayer() noexcept override = default;
  virtual void setStart64_(Dims64 const& start) noexcept = 0;
  virtual Dims64 getStart64_() const noexcept = 0;
  virtual void setSize64_(Dims64 const& size) noexcept = 0;
  virtual Dims64 getSize64_() const noexcept = 0;
  virtual void setStride64_(Dims64 const& stride) noexcept = 0;
  virtual Dims64 getStride64_() const noexcept = 0;
  virtual void setAxes64_(Dims64 const& axes) noexcept = 0;
  virtual Dims64 getAxes64_() const noexcept = 0;
};

// Joins its inputs along one dimension; the others are equal.
class IConcatenationLayer : public ILayer {
 public:
  virtual void setAxis(int32_t axis) noexcept = 0;
  virtual int32_t getAxis() const noexcept = 0;

 protected:
  ~IConcatenationLayer() noexcept override = default;
};

// The shape of its input as a one-dimensional tensor: kINT64 from generation 10 on, kINT32 before.
class IShapeLayer : public ILayer {
 protected:
  ~IShapeLayer() noexcept override = default;
};

// Drops the dimensions that input 1 (a constant) names; they are 1.
class ISqueezeLayer : public ILayer {
 protected:
  ~ISqueezeLayer() noexcept override = default;
};

// Inserts dimensions of 1 where input 1 (a constant) says; the numbers count in the output.
class IUnsqueezeLayer : public ILayer {
 protected:
  ~IUnsqueezeLayer() noexcept override = default;
};

// A tensor that is part of the network.
class IConstantLayer : public ILayer {
 public:
  // The number of values is that of the dimensions' product.
  virtual void setWeights(Weights weights) noexcept = 0;
  virtual Weights getWeights() const noexcept = 0;
  void setDimensions(Dims const& dimensions) noexcept { setDimensions64_(impl::widen(dimensions)); }
  Dims getDimensions() const noexcept { return impl::narrow<Dims>(getDimensions64_()); }

 protected:
  ~IConstantLayer() noexcept override = default;
  virtual void setDimensions64_(Dims64 const& dimensions) noexcept = 0;
  virtual Dims64 getDimensions64_() const noexcept = 0;
};

enum class FillOperation : int32_t {
  kLINSPACE = 0,        // alpha + index * beta
  kRANDOM_UNIFORM = 1,  // from alpha to beta
  kRANDOM_NORMAL = 2,   // of mean alpha and standard deviation beta
};
template <>
constexpr int32_t EnumMax<FillOperation>() noexcept {
  return 3;
}

// Makes a tensor. Inputs 0 to 2 may give shape, alpha and beta as tensors; with kLINSPACE beta is then one value a dimension.
class IFillLayer : public ILayer {
 public:
  void setDimensions(Dims const& dimensions) noexcept { setDimensions64_(impl::widen(dimensions)); }
  Dims getDimensions() const noexcept { return impl::narrow<Dims>(getDimensions64_()); }
  virtual void setOperation(FillOperation op) noexcept = 0;
  virtual FillOperation getOperation() const noexcept = 0;
  virtual void setToType(DataType toType) noexcept = 0;
  virtual DataType getToType() const noexcept = 0;
  virtual void setAlpha(double alpha) noexcept = 0;
  virtual double getAlpha() const noexcept = 0;
  virtual void setBeta(double beta) noexcept = 0;
  virtual double getBeta() const noexcept = 0;
  // The same for integers beyond what a double holds.
  virtual void setAlphaInt64(int64_t alpha) noexcept = 0;
  virtual int64_t getAlphaInt64() const noexcept = 0;
  virtual void setBetaInt64(int64_t beta) noexcept = 0;
  virtual int64_t getBetaInt64() const noexcept = 0;
  virtual bool isAlphaBetaInt64() const noexcept = 0;

 protected:
  ~IFillLayer() noexcept override = default;
  virtual void setDimensions64_(Dims64 const& dimensions) noexcept = 0;
  virtual Dims64 getDimensions64_() const noexcept = 0;
};

enum class GatherMode : int32_t {
  kDEFAULT = 0,  // whole slices along one dimension: ONNX Gather
  kELEMENT = 1,  // one element for each index: ONNX GatherElements
  kND = 2,       // slices at positions of several dimensions: ONNX GatherND
};
template <>
constexpr int32_t EnumMax<GatherMode>() noexcept {
  return 3;
}

// Takes what the indices (input 1) name out of the data (input 0).
class IGatherLayer : public ILayer {
 public:
  virtual void setMode(GatherMode mode) noexcept = 0;
  virtual GatherMode getMode() const noexcept = 0;
  virtual void setGatherAxis(int32_t axis) noexcept = 0;
  virtual int32_t getGatherAxis() const noexcept = 0;
  // Leading dimensions that data and indices share: 0 or 1 for kDEFAULT.
  virtual void setNbElementWiseDims(int32_t elementWiseDims) noexcept = 0;
  virtual int32_t getNbElementWiseDims() const noexcept = 0;

 protected:
  ~IGatherLayer() noexcept override = default;
};

enum class ScatterMode : int32_t {
  kELEMENT = 0,  // ONNX ScatterElements
  kND = 1,       // ONNX ScatterND
};
template <>
constexpr int32_t EnumMax<ScatterMode>() noexcept {
  return 2;
}

// A copy of the data (input 0) with the updates (input 2) written where the indices (input 1) say.
class IScatterLayer : public ILayer {
 public:
  virtual void setMode(ScatterMode mode) noexcept = 0;
  virtual ScatterMode getMode() const noexcept = 0;
  virtual void setAxis(int32_t axis) noexcept = 0;  // for kELEMENT
  virtual int32_t getAxis() const noexcept = 0;

 protected:
  ~IScatterLayer() noexcept override = default;
};

// Each index (input 0) becomes a vector of depth (input 2) with one value "on" and the rest "off"; input 1 is [off, on].
class IOneHotLayer : public ILayer {
 public:
  // The dimension that is inserted.
  virtual void setAxis(int32_t axis) noexcept = 0;
  virtual int32_t getAxis() const noexcept = 0;

 protected:
  ~IOneHotLayer() noexcept override = default;
};

// The indices of all values that are not 0, as [dimensions, count]. The count is known only after the run.
class INonZeroLayer : public ILayer {
 public:
  virtual bool setIndicesType(DataType type) noexcept = 0;
  virtual DataType getIndicesType() const noexcept = 0;

 protected:
  ~INonZeroLayer() noexcept override = default;
};

// Reverses the first lengths[i] values of each sequence; input 1 has the lengths.
class IReverseSequenceLayer : public ILayer {
 public:
  virtual void setBatchAxis(int32_t batchAxis) noexcept = 0;  // 1 at first
  virtual int32_t getBatchAxis() const noexcept = 0;
  virtual void setSequenceAxis(int32_t sequenceAxis) noexcept = 0;  // 0 at first
  virtual int32_t getSequenceAxis() const noexcept = 0;

 protected:
  ~IReverseSequenceLayer() noexcept override = default;
};

// Building fails, or a run fails, with the message where the condition (input 0) is not true.
class IAssertionLayer : public ILayer {
 public:
  virtual void setMessage(char const* message) noexcept = 0;
  virtual char const* getMessage() const noexcept = 0;

 protected:
  ~IAssertionLayer() noexcept override = default;
};

// ---- Resampling ----

// How a value between grid points is made.
enum class InterpolationMode : int32_t {
  kNEAREST = 0,
  kLINEAR = 1,
  kCUBIC = 2,
};
template <>
constexpr int32_t EnumMax<InterpolationMode>() noexcept {
  return 3;
}
using ResizeMode = InterpolationMode;  // up to generation 9

// Where the point of output index x lies in the input, with the lengths of both.
enum class ResizeCoordinateTransformation : int32_t {
  kALIGN_CORNERS = 0,  // x * (input - 1) / (output - 1)
  kASYMMETRIC = 1,     // x * input / output
  kHALF_PIXEL = 2,     // (x + 0.5) * input / output - 0.5
};
template <>
constexpr int32_t EnumMax<ResizeCoordinateTransformation>() noexcept {
  return 3;
}

// What a dimension that becomes 1 takes.
enum class ResizeSelector : int32_t {
  kFORMULA = 0,  // what the coordinate transformation says
  kUPPER = 1,    // the first value
};
template <>
constexpr int32_t EnumMax<ResizeSelector>() noexcept {
  return 2;
}

// How kNEAREST rounds a coordinate.
enum class ResizeRoundMode : int32_t {
  kHALF_UP = 0,
  kHALF_DOWN = 1,
  kFLOOR = 2,
  kCEIL = 3,
};
template <>
constexpr int32_t EnumMax<ResizeRoundMode>() noexcept {
  return 4;
}

// Resamples to another size, given as dimensions, as scales or as a tensor (input 1).
class IResizeLayer : public ILayer {
 public:
  void setOutputDimensions(Dims const& dimensions) noexcept { setOutputDimensions64_(impl::widen(dimensions)); }
  Dims getOutputDimensions() const noexcept { return impl::narrow<Dims>(getOutputDimensions64_()); }
  // One factor a dimension; output = floor(input * scale). nbScales is the number of dimensions.
  virtual void setScales(float const* scales, int32_t nbScales) noexcept = 0;
  // Copies up to `size` scales and returns how many there are; -1 where the size was given otherwise.
  virtual int32_t getScales(int32_t size, float* scales) const noexcept = 0;
  virtual void setResizeMode(InterpolationMode interpolationMode) noexcept = 0;
  virtual InterpolationMode getResizeMode() const noexcept = 0;
  virtual void setCoordinateTransformation(ResizeCoordinateTransformation coordTransform) noexcept = 0;
  virtual ResizeCoordinateTransformation getCoordinateTransformation() const noexcept = 0;
  virtual void setSelectorForSinglePixel(ResizeSelector selector) noexcept = 0;
  virtual ResizeSelector getSelectorForSinglePixel() const noexcept = 0;
  virtual void setNearestRounding(ResizeRoundMode value) noexcept = 0;
  virtual ResizeRoundMode getNearestRounding() const noexcept = 0;
  // The coefficient of kCUBIC; -0.75 at first.
  virtual void setCubicCoeff(float a) noexcept = 0;
  virtual float getCubicCoeff() const noexcept = 0;
  // True leaves points outside the input out and scales the others up.
  virtual void setExcludeOutside(bool excludeFlag) noexcept = 0;
  virtual bool getExcludeOutside() const noexcept = 0;

  // ---- Retired: up to generation 9 ----
  void setAlignCorners(bool alignCorners) noexcept {
    setCoordinateTransformation(alignCorners ? ResizeCoordinateTransformation::kALIGN_CORNERS
                                             : ResizeCoordinateTransformation::kASYMMETRIC);
  }
  bool getAlignCorners() const noexcept { return getCoordinateTransformation() == ResizeCoordinateTransformation::kALIGN_CORNERS; }

 protected:
  ~IResizeLayer() noexcept override = default;
  virtual void setOutputDimensions64_(Dims64 const& dimensions) noexcept = 0;
  virtual Dims64 getOutputDimensions64_() const noexcept = 0;
};

// Samples images (input 0) at the points of a grid (input 1), whose coordinates run from -1 to 1.
class IGridSampleLayer : public ILayer {
 public:
  virtual void setInterpolationMode(InterpolationMode mode) noexcept = 0;
  virtual InterpolationMode getInterpolationMode() const noexcept = 0;
  // True puts -1 and 1 at the centres of the corner pixels, false at their outer edges.
  virtual void setAlignCorners(bool alignCorners) noexcept = 0;
  virtual bool getAlignCorners() const noexcept = 0;
  virtual bool setSampleMode(SampleMode mode) noexcept = 0;
  virtual SampleMode getSampleMode() const noexcept = 0;

 protected:
  ~IGridSampleLayer() noexcept override = default;
};

// ---- Boxes ----

enum class BoundingBoxFormat : int32_t {
  kCORNER_PAIRS = 0,  // (x1, y1, x2, y2) of two opposite corners
  kCENTER_SIZES = 1,  // (x, y, width, height) of the centre
};
template <>
constexpr int32_t EnumMax<BoundingBoxFormat>() noexcept {
  return 2;
}

// Keeps the best of overlapping boxes. Inputs: boxes [batch, boxes, (classes,) 4], scores [batch, boxes, classes], the most boxes to
// keep in a class, and optionally the threshold of overlap and of score. Outputs: indices [count, 3] of (batch, class, box), count.
class INMSLayer : public ILayer {
 public:
  virtual void setBoundingBoxFormat(BoundingBoxFormat fmt) noexcept = 0;
  virtual BoundingBoxFormat getBoundingBoxFormat() const noexcept = 0;
  // Only so many of the best boxes of a class are looked at.
  virtual void setTopKBoxLimit(int32_t limit) noexcept = 0;
  virtual int32_t getTopKBoxLimit() const noexcept = 0;
  virtual bool setIndicesType(DataType type) noexcept = 0;
  virtual DataType getIndicesType() const noexcept = 0;

 protected:
  ~INMSLayer() noexcept override = default;
};

}  // namespace nvinfer1
