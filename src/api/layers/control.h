// ILoop and IIfConditional over border layers of the core's network, and their way into subnetworks.
#pragma once

#include <map>

#include "api/network.h"
#include "operators/conditional_boundary.h"
#include "operators/loop_boundary.h"

namespace ingot::api {

class LoopFacade final : public nvinfer1::ILoop, public ControlBlock {
 public:
  LoopFacade(NetworkFacade& network, int64_t number) : network_(network), number_(number) {}
  ~LoopFacade() noexcept override = default;
  nvinfer1::IRecurrenceLayer* addRecurrence(nvinfer1::ITensor& initial) noexcept override;
  nvinfer1::ITripLimitLayer* addTripLimit(nvinfer1::ITensor& tensor, nvinfer1::TripLimit limit) noexcept override;
  nvinfer1::IIteratorLayer* addIterator(nvinfer1::ITensor& tensor, int32_t axis, bool reverse) noexcept override;
  nvinfer1::ILoopOutputLayer* addLoopOutput(nvinfer1::ITensor& tensor, nvinfer1::LoopOutput kind, int32_t axis) noexcept override;
  void setName(char const* name) noexcept override;
  char const* getName() const noexcept override { return name_.c_str(); }

  // What a recurrence takes in the next iteration. Kept here, since the network has no cycles.
  void set_next(const Layer* recurrence, Tensor* tensor) { next_[recurrence->id()] = tensor; }
  Tensor* next(const Layer* recurrence) const {
    const auto found = next_.find(recurrence->id());
    return found == next_.end() ? nullptr : found->second;
  }
  Result<bool> lower(Network& network, Replacements& replaced) const override;

 private:
  template <class Interface>
  Interface* border(LoopRole role, Tensor& tensor, int64_t axis, bool reverse, const char* word) noexcept;

  NetworkFacade& network_;
  int64_t number_;
  std::string name_;
  std::map<int64_t, Tensor*> next_;  // by the id of the recurrence's layer
};

class ConditionalFacade final : public nvinfer1::IIfConditional, public ControlBlock {
 public:
  ConditionalFacade(NetworkFacade& network, int64_t number) : network_(network), number_(number) {}
  ~ConditionalFacade() noexcept override = default;
  nvinfer1::IConditionLayer* setCondition(nvinfer1::ITensor& condition) noexcept override;
  nvinfer1::IIfConditionalOutputLayer* addOutput(nvinfer1::ITensor& then_output, nvinfer1::ITensor& else_output) noexcept override;
  nvinfer1::IIfConditionalInputLayer* addInput(nvinfer1::ITensor& input) noexcept override;
  void setName(char const* name) noexcept override;
  char const* getName() const noexcept override { return name_.c_str(); }
  Result<bool> lower(Network& network, Replacements& replaced) const override;

 private:
  template <class Interface>
  Interface* border(ConditionalRole role, std::vector<Tensor*> tensors, const char* word) noexcept;

  NetworkFacade& network_;
  int64_t number_;
  std::string name_;
};

}  // namespace ingot::api
