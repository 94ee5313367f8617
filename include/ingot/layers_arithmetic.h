// Layers that compute each value from the values at the same place, and those that reduce or multiply along dimensions.
#pragma once

#include "layer.h"

namespace nvinfer1 {

// A function of one value, with parameters alpha and beta.
enum class ActivationType : int32_t {
  kRELU = 0,               // max(0, x)
  kSIGMOID = 1,            // 1 / (1 + exp(-x))
  kTANH = 2,               // tanh(x)
  kLEAKY_RELU = 3,         // x >= 0 ? x : alpha * x
  kELU = 4,                // x >= 0 ? x : alpha * (exp(x) - 1)
  kSELU = 5,               // x > 0 ? beta * x : beta * (alpha * exp(x) - alpha)
  kSOFTSIGN = 6,           // x / (1 + |x|)
  kSOFTPLUS = 7,           // alpha * log(exp(beta * x) + 1)
  kCLIP = 8,               // max(alpha, min(beta, x))
  kHARD_SIGMOID = 9,       // max(0, min(1, alpha * x + beta))
  kSCALED_TANH = 10,       // alpha * tanh(beta * x)
  kTHRESHOLDED_RELU = 11,  // x > alpha ? x : 0
  kGELU_ERF = 12,          // 0.5 * x * (1 + erf(x / sqrt(2)))
  kGELU_TANH = 13,         // 0.5 * x * (1 + tanh(sqrt(2 / pi) * (x + 0.044715 * x^3)))
};
template <>
constexpr int32_t EnumMax<ActivationType>() noexcept {
  return 14;
}

// y = f(x)
class IActivationLayer : public ILayer {
 public:
  virtual void setActivationType(ActivationType type) noexcept = 0;
  virtual ActivationType getActivationType() const noexcept = 0;
  virtual void setAlpha(float alpha) noexcept = 0;
  virtual float getAlpha() const noexcept = 0;
  virtual void setBeta(float beta) noexcept = 0;
  virtual float getBeta() const noexcept = 0;

 protected:
  ~IActivationLayer() noexcept override = default;
};

// y = x >= 0 ? x : slope * x; the second input is the slope, broadcast to x.
class IParametricReLULayer : public ILayer {
 protected:
  ~IParametricReLULayer() noexcept override = default;
};

enum class UnaryOperation : int32_t {
  kEXP = 0,
  kLOG = 1,
  kSQRT = 2,
  kRECIP = 3,  // 1 / x
  kABS = 4,
  kNEG = 5,
  kSIN = 6,
  kCOS = 7,
  kTAN = 8,
  kSINH = 9,
  kCOSH = 10,
  kASIN = 11,
  kACOS = 12,
  kATAN = 13,
  kASINH = 14,
  kACOSH = 15,
  kATANH = 16,
  kCEIL = 17,
  kFLOOR = 18,
  kERF = 19,
  kNOT = 20,    // of booleans
  kSIGN = 21,   // -1, 0 or 1
  kROUND = 22,  // half to even
  kISINF = 23,  // gives booleans
  kISNAN = 24,  // gives booleans
};
template <>
constexpr int32_t EnumMax<UnaryOperation>() noexcept {
  return 25;
}

// y = f(x)
class IUnaryLayer : public ILayer {
 public:
  virtual void setOperation(UnaryOperation op) noexcept = 0;
  virtual UnaryOperation getOperation() const noexcept = 0;

 protected:
  ~IUnaryLayer() noexcept override = default;
};

enum class ElementWiseOperation : int32_t {
  kSUM = 0,
  kPROD = 1,
  kMAX = 2,
  kMIN = 3,
  kSUB = 4,        // a - b
  kDIV = 5,        // a / b
  kPOW = 6,        // a to the power of b
  kFLOOR_DIV = 7,  // floor(a / b)
  kAND = 8,        // of booleans
  kOR = 9,
  kXOR = 10,
  kEQUAL = 11,  // gives booleans
  kGREATER = 12,
  kLESS = 13,
};
template <>
constexpr int32_t EnumMax<ElementWiseOperation>() noexcept {
  return 14;
}

// y = f(a, b). Both inputs have the same number of dimensions; a dimension of 1 is broadcast.
class IElementWiseLayer : public ILayer {
 public:
  virtual void setOperation(ElementWiseOperation op) noexcept = 0;
  virtual ElementWiseOperation getOperation() const noexcept = 0;

 protected:
  ~IElementWiseLayer() noexcept override = default;
};

// How many values scale, shift and power have.
enum class ScaleMode : int32_t {
  kUNIFORM = 0,      // one
  kCHANNEL = 1,      // one a channel
  kELEMENTWISE = 2,  // one an element
};
template <>
constexpr int32_t EnumMax<ScaleMode>() noexcept {
  return 3;
}

// y = (x * scale + shift) ^ power. Weights with a count of 0 stand for 1, 0 and 1.
class IScaleLayer : public ILayer {
 public:
  virtual void setMode(ScaleMode mode) noexcept = 0;
  virtual ScaleMode getMode() const noexcept = 0;
  virtual void setShift(Weights shift) noexcept = 0;
  virtual Weights getShift() const noexcept = 0;
  virtual void setScale(Weights scale) noexcept = 0;
  virtual Weights getScale() const noexcept = 0;
  virtual void setPower(Weights power) noexcept = 0;
  virtual Weights getPower() const noexcept = 0;
  // The dimension of the channels; 1 at first.
  virtual void setChannelAxis(int32_t channelAxis) noexcept = 0;
  virtual int32_t getChannelAxis() const noexcept = 0;

 protected:
  ~IScaleLayer() noexcept override = default;
};

// y = condition ? a : b, element by element, with dimensions of 1 broadcast. Inputs: condition (boolean), a, b.
class ISelectLayer : public ILayer {
 protected:
  ~ISelectLayer() noexcept override = default;
};

// y = x
class IIdentityLayer : public ILayer {
 protected:
  ~IIdentityLayer() noexcept override = default;
};

// y = x converted to another type.
class ICastLayer : public ILayer {
 public:
  virtual void setToType(DataType toType) noexcept = 0;
  virtual DataType getToType() const noexcept = 0;

 protected:
  ~ICastLayer() noexcept override = default;
};

// ---- Along dimensions ----

enum class ReduceOperation : int32_t {
  kSUM = 0,
  kPROD = 1,
  kMAX = 2,
  kMIN = 3,
  kAVG = 4,
  kNONE = 5,  // for collectives that do not reduce
};
template <>
constexpr int32_t EnumMax<ReduceOperation>() noexcept {
  return 6;
}

// One value for all along the reduced dimensions: bit i of the axes stands for dimension i (not counting an implicit batch).
class IReduceLayer : public ILayer {
 public:
  virtual void setOperation(ReduceOperation op) noexcept = 0;
  virtual ReduceOperation getOperation() const noexcept = 0;
  virtual void setReduceAxes(uint32_t reduceAxes) noexcept = 0;
  virtual uint32_t getReduceAxes() const noexcept = 0;
  // True leaves reduced dimensions as 1, false drops them.
  virtual void setKeepDimensions(bool keepDimensions) noexcept = 0;
  virtual bool getKeepDimensions() const noexcept = 0;

 protected:
  ~IReduceLayer() noexcept override = default;
};

// y = exp(x - max(x)) / sum(exp(x - max(x))) along the one dimension whose bit is set.
class ISoftMaxLayer : public ILayer {
 public:
  virtual void setAxes(uint32_t axes) noexcept = 0;
  virtual uint32_t getAxes() const noexcept = 0;

 protected:
  ~ISoftMaxLayer() noexcept override = default;
};

// Softmax of the first bounds[i] values of each row; the rest of the row gives 0. The second input has the bounds.
class IRaggedSoftMaxLayer : public ILayer {
 protected:
  ~IRaggedSoftMaxLayer() noexcept override = default;
};

enum class TopKOperation : int32_t {
  kMAX = 0,
  kMIN = 1,
};
template <>
constexpr int32_t EnumMax<TopKOperation>() noexcept {
  return 2;
}

// The k largest or smallest values along one dimension, in order: output 0 has the values, output 1 their indices.
// Input 1 may give k as a tensor.
class ITopKLayer : public ILayer {
 public:
  virtual void setOperation(TopKOperation op) noexcept = 0;
  virtual TopKOperation getOperation() const noexcept = 0;
  virtual void setK(int32_t k) noexcept = 0;
  virtual int32_t getK() const noexcept = 0;
  virtual void setReduceAxes(uint32_t reduceAxes) noexcept = 0;
  virtual uint32_t getReduceAxes() const noexcept = 0;
  // kINT32 (at first) or kINT64.
  virtual bool setIndicesType(DataType type) noexcept = 0;
  virtual DataType getIndicesType() const noexcept = 0;

 protected:
  ~ITopKLayer() noexcept override = default;
};

enum class CumulativeOperation : int32_t {
  kSUM = 0,
};
template <>
constexpr int32_t EnumMax<CumulativeOperation>() noexcept {
  return 1;
}

// Running sums along one dimension, which input 1 (a constant) names.
class ICumulativeLayer : public ILayer {
 public:
  virtual bool setOperation(CumulativeOperation op) noexcept = 0;
  virtual CumulativeOperation getOperation() const noexcept = 0;
  // True leaves the value itself out of its sum.
  virtual void setExclusive(bool exclusive) noexcept = 0;
  virtual bool getExclusive() const noexcept = 0;
  // True runs from the last to the first.
  virtual void setReverse(bool reverse) noexcept = 0;
  virtual bool getReverse() const noexcept = 0;

 protected:
  ~ICumulativeLayer() noexcept override = default;
};

// y[c] = x[c] / (k + alpha / window * sum of squares of the channels around c) ^ beta
class ILRNLayer : public ILayer {
 public:
  // Odd, from 1 to 15 channels.
  virtual void setWindowSize(int64_t windowSize) noexcept = 0;
  virtual int64_t getWindowSize() const noexcept = 0;
  virtual void setAlpha(float alpha) noexcept = 0;
  virtual float getAlpha() const noexcept = 0;
  virtual void setBeta(float beta) noexcept = 0;
  virtual float getBeta() const noexcept = 0;
  virtual void setK(float k) noexcept = 0;
  virtual float getK() const noexcept = 0;

 protected:
  ~ILRNLayer() noexcept override = default;
};

// y = (x - mean) / sqrt(variance + epsilon) * scale + bias, mean and variance over the dimensions whose bits are set.
// Inputs: x, scale, bias. With groups, channels are normalized group by group.
class INormalizationLayer : public ILayer {
 public:
  virtual void setEpsilon(float eps) noexcept = 0;
  virtual float getEpsilon() const noexcept = 0;
  virtual void setAxes(uint32_t axesMask) noexcept = 0;
  virtual uint32_t getAxes() const noexcept = 0;
  virtual void setNbGroups(int64_t nbGroups) noexcept = 0;
  virtual int64_t getNbGroups() const noexcept = 0;
  // True where it was added with addNormalizationV2.
  virtual bool isV2() const noexcept = 0;

  // ---- Retired: up to generation 10; kFLOAT at first ----
  virtual void setComputePrecision(DataType type) noexcept = 0;
  virtual DataType getComputePrecision() const noexcept = 0;

 protected:
  ~INormalizationLayer() noexcept override = default;
};

// What is done to a matrix before it is multiplied.
enum class MatrixOperation : int32_t {
  kNONE = 0,
  kTRANSPOSE = 1,  // the last two dimensions change places
  kVECTOR = 2,     // the last dimension is a vector's: a row on the left, a column on the right
};
template <>
constexpr int32_t EnumMax<MatrixOperation>() noexcept {
  return 3;
}

// y = op(a) * op(b) over the last two dimensions; the others are batches, of which those of 1 are broadcast.
class IMatrixMultiplyLayer : public ILayer {
 public:
  // For input `index`, 0 or 1.
  virtual void setOperation(int32_t index, MatrixOperation operation) noexcept = 0;
  virtual MatrixOperation getOperation(int32_t index) const noexcept = 0;

  // ---- Retired: up to generation 7 ----
  void setTranspose(int32_t index, bool value) noexcept {
    setOperation(index, value ? MatrixOperation::kTRANSPOSE : MatrixOperation::kNONE);
  }
  bool getTranspose(int32_t index) const noexcept { return getOperation(index) == MatrixOperation::kTRANSPOSE; }

 protected:
  ~IMatrixMultiplyLayer() noexcept override = default;
};

// Sums of products as an equation says, such as "bij,bjk->bik".
class IEinsumLayer : public ILayer {
 public:
  virtual bool setEquation(char const* equation) noexcept = 0;
  virtual char const* getEquation() const noexcept = 0;

 protected:
  ~IEinsumLayer() noexcept override = default;
};

}  // namespace nvinfer1
