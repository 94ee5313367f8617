// Layers that choose values: gather, scatter, top k, one-hot, non-zero, boxes, reversed sequences.
#pragma once

#include "api/layers/layer.h"
#include "operators/arg_reduce.h"
#include "operators/nms.h"
#include "operators/nonzero.h"
#include "operators/onehot.h"
#include "operators/reverse_sequence.h"
#include "operators/topk.h"

namespace ingot::api {

// int32 or int64, the types of indices.
Result<DataType> index_type_of(nvinfer1::DataType type);

// Over one of three gathers of the core, by mode.
class GatherFacade final : public LayerFacade<nvinfer1::IGatherLayer> {
 public:
  GatherFacade(NetworkFacade& network, Layer* layer, nvinfer1::LayerType type);
  void setMode(nvinfer1::GatherMode mode) noexcept override;
  nvinfer1::GatherMode getMode() const noexcept override { return mode_; }
  void setGatherAxis(int32_t axis) noexcept override;
  int32_t getGatherAxis() const noexcept override { return axis_; }
  void setNbElementWiseDims(int32_t dims) noexcept override;
  int32_t getNbElementWiseDims() const noexcept override { return shared_dims_; }

  static std::unique_ptr<Operator> make(nvinfer1::GatherMode mode, int64_t axis, int64_t shared_dims);

 private:
  void rebuild();
  nvinfer1::GatherMode mode_ = nvinfer1::GatherMode::kDEFAULT;
  int32_t axis_ = 0, shared_dims_ = 0;
};

class ScatterFacade final : public LayerFacade<nvinfer1::IScatterLayer> {
 public:
  ScatterFacade(NetworkFacade& network, Layer* layer, nvinfer1::LayerType type);
  void setMode(nvinfer1::ScatterMode mode) noexcept override;
  nvinfer1::ScatterMode getMode() const noexcept override { return mode_; }
  void setAxis(int32_t axis) noexcept override;
  int32_t getAxis() const noexcept override { return axis_; }

 private:
  void rebuild();
  nvinfer1::ScatterMode mode_ = nvinfer1::ScatterMode::kELEMENT;
  int32_t axis_ = 0;
};

class TopKFacade final : public LayerFacade<nvinfer1::ITopKLayer> {
 public:
  using LayerFacade::LayerFacade;
  void setOperation(nvinfer1::TopKOperation operation) noexcept override {
    if (!takes_word("setOperation", operation)) return;
    edit<TopK>([&](TopK& op) { op.largest = operation == nvinfer1::TopKOperation::kMAX; });
  }
  nvinfer1::TopKOperation getOperation() const noexcept override {
    return op<TopK>().largest ? nvinfer1::TopKOperation::kMAX : nvinfer1::TopKOperation::kMIN;
  }
  void setK(int32_t k) noexcept override;
  int32_t getK() const noexcept override { return static_cast<int32_t>(op<TopK>().k); }
  void setReduceAxes(uint32_t axes) noexcept override;
  uint32_t getReduceAxes() const noexcept override { return bits_of_axes({op<TopK>().axis}, rank_of_input(), network_.lead()); }
  bool setIndicesType(nvinfer1::DataType type) noexcept override;
  nvinfer1::DataType getIndicesType() const noexcept override { return to_api(op<TopK>().index_type); }

 protected:
  int32_t most_input() const noexcept override { return 1; }
};

// The index of the largest value of an imported model: a top k with k = 1 and without values.
class ArgFacade final : public LayerFacade<nvinfer1::ITopKLayer> {
 public:
  using LayerFacade::LayerFacade;
  void setOperation(nvinfer1::TopKOperation operation) noexcept override {
    if (!takes_word("setOperation", operation)) return;
    edit<ArgReduce>([&](ArgReduce& op) { op.smallest = operation == nvinfer1::TopKOperation::kMIN; });
  }
  nvinfer1::TopKOperation getOperation() const noexcept override {
    return op<ArgReduce>().smallest ? nvinfer1::TopKOperation::kMIN : nvinfer1::TopKOperation::kMAX;
  }
  void setK(int32_t k) noexcept override {
    if (k != 1)
      network_.reporter().report(unsupported("layer '" + layer_->name + "' finds one index; add a top k for " + std::to_string(k)));
  }
  int32_t getK() const noexcept override { return 1; }
  void setReduceAxes(uint32_t axes) noexcept override;
  uint32_t getReduceAxes() const noexcept override { return bits_of_axes({op<ArgReduce>().axis}, rank_of_input(), network_.lead()); }
  bool setIndicesType(nvinfer1::DataType type) noexcept override { return type == nvinfer1::DataType::kINT64; }
  nvinfer1::DataType getIndicesType() const noexcept override { return nvinfer1::DataType::kINT64; }
};

// The core's inputs are indices, depth, values; the program's indices, values, depth.
class OneHotFacade final : public LayerFacade<nvinfer1::IOneHotLayer> {
 public:
  using LayerFacade::LayerFacade;
  nvinfer1::ITensor* getInput(int32_t index) const noexcept override { return LayerFacade::getInput(swap(index)); }
  void setInput(int32_t index, nvinfer1::ITensor& tensor) noexcept override { LayerFacade::setInput(swap(index), tensor); }
  void setAxis(int32_t axis) noexcept override {
    const int64_t most = rank_of_input() - network_.lead();  // the new axis may be behind all
    if (!takes(axis >= -most - 1 && axis <= most, "setAxis", axis)) return;
    edit<OneHot>([&](OneHot& op) { op.axis = axis < 0 ? axis : axis + network_.lead(); });
  }
  int32_t getAxis() const noexcept override {
    const int64_t axis = op<OneHot>().axis;
    return static_cast<int32_t>(axis < 0 ? axis : axis - network_.lead());
  }

 private:
  static int32_t swap(int32_t index) { return index == 1 ? 2 : index == 2 ? 1 : index; }
};

class NonZeroFacade final : public LayerFacade<nvinfer1::INonZeroLayer> {
 public:
  using LayerFacade::LayerFacade;
  bool setIndicesType(nvinfer1::DataType type) noexcept override;
  nvinfer1::DataType getIndicesType() const noexcept override { return to_api(op<NonZero>().index_type); }
};

class ReverseSequenceFacade final : public LayerFacade<nvinfer1::IReverseSequenceLayer> {
 public:
  using LayerFacade::LayerFacade;
  void setBatchAxis(int32_t axis) noexcept override {
    if (!takes_axis("setBatchAxis", axis)) return;
    edit<ReverseSequence>([&](ReverseSequence& op) { op.batch_axis = axis; });
  }
  int32_t getBatchAxis() const noexcept override { return static_cast<int32_t>(op<ReverseSequence>().batch_axis); }
  void setSequenceAxis(int32_t axis) noexcept override {
    if (!takes_axis("setSequenceAxis", axis)) return;
    edit<ReverseSequence>([&](ReverseSequence& op) { op.time_axis = axis; });
  }
  int32_t getSequenceAxis() const noexcept override { return static_cast<int32_t>(op<ReverseSequence>().time_axis); }
};

class NmsFacade final : public LayerFacade<nvinfer1::INMSLayer> {
 public:
  using LayerFacade::LayerFacade;
  void setBoundingBoxFormat(nvinfer1::BoundingBoxFormat format) noexcept override {
    if (!takes_word("setBoundingBoxFormat", format)) return;
    edit<Nms>([&](Nms& op) { op.centered = format == nvinfer1::BoundingBoxFormat::kCENTER_SIZES; });
  }
  nvinfer1::BoundingBoxFormat getBoundingBoxFormat() const noexcept override {
    return op<Nms>().centered ? nvinfer1::BoundingBoxFormat::kCENTER_SIZES : nvinfer1::BoundingBoxFormat::kCORNER_PAIRS;
  }
  void setTopKBoxLimit(int32_t limit) noexcept override;
  int32_t getTopKBoxLimit() const noexcept override { return static_cast<int32_t>(op<Nms>().candidates); }
  bool setIndicesType(nvinfer1::DataType type) noexcept override;
  nvinfer1::DataType getIndicesType() const noexcept override { return to_api(op<Nms>().index_type); }

 protected:
  int32_t most_input() const noexcept override { return 4; }
};

}  // namespace ingot::api
