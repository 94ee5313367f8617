// Loops and conditionals: parts of a network that run several times or not at all.
#pragma once

#include "layer.h"

namespace nvinfer1 {

class ILoop;
class IIfConditional;

// ---- Loops ----

// What a loop gives out.
enum class LoopOutput : int32_t {
  kLAST_VALUE = 0,   // of the last iteration
  kCONCATENATE = 1,  // of all iterations, joined along a dimension
  kREVERSE = 2,      // the same, the last iteration first
};
template <>
constexpr int32_t EnumMax<LoopOutput>() noexcept {
  return 3;
}

// What ends a loop.
enum class TripLimit : int32_t {
  kCOUNT = 0,  // a number of iterations
  kWHILE = 1,  // a condition that is false before an iteration
};
template <>
constexpr int32_t EnumMax<TripLimit>() noexcept {
  return 2;
}

// A layer at the border of a loop.
class ILoopBoundaryLayer : public ILayer {
 public:
  virtual ILoop* getLoop() const noexcept = 0;

 protected:
  ~ILoopBoundaryLayer() noexcept override = default;
};

// The value of the previous iteration. Input 0 is the first one; input 1, set with setInput, what the loop computes for the next.
class IRecurrenceLayer : public ILoopBoundaryLayer {
 protected:
  ~IRecurrenceLayer() noexcept override = default;
};

// A value that leaves the loop. For kCONCATENATE and kREVERSE input 1, set with setInput, is the length of the new dimension.
class ILoopOutputLayer : public ILoopBoundaryLayer {
 public:
  virtual LoopOutput getLoopOutput() const noexcept = 0;
  virtual void setAxis(int32_t axis) noexcept = 0;
  virtual int32_t getAxis() const noexcept = 0;

 protected:
  ~ILoopOutputLayer() noexcept override = default;
};

// Ends the loop.
class ITripLimitLayer : public ILoopBoundaryLayer {
 public:
  virtual TripLimit getTripLimit() const noexcept = 0;

 protected:
  ~ITripLimitLayer() noexcept override = default;
};

// Slices of a tensor, one an iteration.
class IIteratorLayer : public ILoopBoundaryLayer {
 public:
  virtual void setAxis(int32_t axis) noexcept = 0;
  virtual int32_t getAxis() const noexcept = 0;
  virtual void setReverse(bool reverse) noexcept = 0;
  virtual bool getReverse() const noexcept = 0;

 protected:
  ~IIteratorLayer() noexcept override = default;
};

// A loop under construction; the layers between its border layers are its body. Has a trip limit and at least one output.
class ILoop : public INoCopy {
 public:
  virtual IRecurrenceLayer* addRecurrence(ITensor& initialValue) noexcept = 0;
  virtual ITripLimitLayer* addTripLimit(ITensor& tensor, TripLimit limit) noexcept = 0;
  virtual IIteratorLayer* addIterator(ITensor& tensor, int32_t axis = 0, bool reverse = false) noexcept = 0;
  virtual ILoopOutputLayer* addLoopOutput(ITensor& tensor, LoopOutput outputKind, int32_t axis = 0) noexcept = 0;
  virtual void setName(char const* name) noexcept = 0;
  virtual char const* getName() const noexcept = 0;

 protected:
  ~ILoop() noexcept override = default;
};

// ---- Conditionals ----

// A layer at the border of a conditional.
class IIfConditionalBoundaryLayer : public ILayer {
 public:
  virtual IIfConditional* getConditional() const noexcept = 0;

 protected:
  ~IIfConditionalBoundaryLayer() noexcept override = default;
};

// The condition, a boolean scalar.
class IConditionLayer : public IIfConditionalBoundaryLayer {
 protected:
  ~IConditionLayer() noexcept override = default;
};

// The value of the branch that ran; both branches give the same type and number of dimensions.
class IIfConditionalOutputLayer : public IIfConditionalBoundaryLayer {
 protected:
  ~IIfConditionalOutputLayer() noexcept override = default;
};

// A value that enters a branch.
class IIfConditionalInputLayer : public IIfConditionalBoundaryLayer {
 protected:
  ~IIfConditionalInputLayer() noexcept override = default;
};

// A conditional under construction. What only one branch needs runs only where that branch is taken.
class IIfConditional : public INoCopy {
 public:
  virtual IConditionLayer* setCondition(ITensor& condition) noexcept = 0;
  virtual IIfConditionalOutputLayer* addOutput(ITensor& trueSubgraphOutput, ITensor& falseSubgraphOutput) noexcept = 0;
  virtual IIfConditionalInputLayer* addInput(ITensor& input) noexcept = 0;
  virtual void setName(char const* name) noexcept = 0;
  virtual char const* getName() const noexcept = 0;

 protected:
  ~IIfConditional() noexcept override = default;
};

}  // namespace nvinfer1
