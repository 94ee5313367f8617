// Output shapes of plugins as expressions of input dimensions.
#pragma once

#include "../NvInferRuntimeBase.h"

namespace nvinfer1 {

enum class DimensionOperation : int32_t {
  kSUM = 0,
  kPROD = 1,
  kMAX = 2,
  kMIN = 3,
  kSUB = 4,
  kEQUAL = 5,  // 1 or 0
  kLESS = 6,   // 1 or 0
  kFLOOR_DIV = 7,
  kCEIL_DIV = 8,
};
template <>
constexpr int32_t EnumMax<DimensionOperation>() noexcept {
  return 9;
}

// An integer that is known when the shapes are. Owned by the IExprBuilder that made it.
class IDimensionExpr : public INoCopy {
 public:
  virtual bool isConstant() const noexcept = 0;
  // The value of a constant; the lowest int64_t where it is none.
  virtual int64_t getConstantValue() const noexcept = 0;
  // True for one that only the run tells.
  virtual bool isSizeTensor() const noexcept = 0;

 protected:
  ~IDimensionExpr() noexcept override = default;
};

// Makes expressions. Each is null where an argument is not an expression of this builder.
class IExprBuilder : public INoCopy {
 public:
  virtual IDimensionExpr const* constant(int64_t value) noexcept = 0;
  virtual IDimensionExpr const* operation(DimensionOperation op, IDimensionExpr const& first, IDimensionExpr const& second) noexcept = 0;
  // A dimension that the run writes to output outputIndex, with its typical and largest value.
  virtual IDimensionExpr const* declareSizeTensor(int32_t outputIndex, IDimensionExpr const& opt, IDimensionExpr const& upper) noexcept = 0;

 protected:
  ~IExprBuilder() noexcept override = default;
};

// A shape of expressions.
class DimsExprs {
 public:
  int32_t nbDims;
  IDimensionExpr const* d[Dims::MAX_DIMS];
};

}  // namespace nvinfer1
