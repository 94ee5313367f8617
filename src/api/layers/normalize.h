// Scales, normalizations, running sums, ragged softmax and einsum.
#pragma once

#include "api/layers/layer.h"
#include "operators/cumulative.h"
#include "operators/einsum.h"
#include "operators/lrn.h"
#include "operators/normalization.h"
#include "operators/scale.h"

namespace ingot::api {

class ScaleFacade final : public LayerFacade<nvinfer1::IScaleLayer> {
 public:
  using LayerFacade::LayerFacade;
  int32_t getNbInputs() const noexcept override { return static_cast<int32_t>(inputs_without_weights()); }
  // Weights that are set later have the mode's shape.
  void setMode(nvinfer1::ScaleMode mode) noexcept override;
  nvinfer1::ScaleMode getMode() const noexcept override;
  void setScale(nvinfer1::Weights weights) noexcept override { set(1, weights, "scale"); }
  nvinfer1::Weights getScale() const noexcept override { return weights_of(1); }
  void setShift(nvinfer1::Weights weights) noexcept override { set(2, weights, "shift"); }
  nvinfer1::Weights getShift() const noexcept override { return weights_of(2); }
  void setPower(nvinfer1::Weights weights) noexcept override { set(3, weights, "power"); }
  nvinfer1::Weights getPower() const noexcept override { return weights_of(3); }
  void setChannelAxis(int32_t axis) noexcept override {
    if (!takes(axis >= 0 && axis < rank_of_input() - network_.lead(), "setChannelAxis", axis)) return;
    edit<Scale>([&](Scale& scale) { scale.axis = axis + network_.lead(); });
  }
  int32_t getChannelAxis() const noexcept override { return static_cast<int32_t>(op<Scale>().axis - network_.lead()); }

 private:
  void set(size_t input, const nvinfer1::Weights& weights, const char* role) noexcept;
  std::optional<nvinfer1::ScaleMode> mode_;
};

class LrnFacade final : public LayerFacade<nvinfer1::ILRNLayer> {
 public:
  using LayerFacade::LayerFacade;
  void setWindowSize(int64_t size) noexcept override {
    if (!takes(size > 0 && size % 2 == 1, "setWindowSize", size)) return;
    edit<Lrn>([&](Lrn& lrn) { lrn.size = size; });
  }
  int64_t getWindowSize() const noexcept override { return op<Lrn>().size; }
  void setAlpha(float alpha) noexcept override {
    if (!takes_number("setAlpha", alpha)) return;
    edit<Lrn>([&](Lrn& lrn) { lrn.alpha = alpha; });
  }
  float getAlpha() const noexcept override { return static_cast<float>(op<Lrn>().alpha); }
  void setBeta(float beta) noexcept override {
    if (!takes_number("setBeta", beta)) return;
    edit<Lrn>([&](Lrn& lrn) { lrn.beta = beta; });
  }
  float getBeta() const noexcept override { return static_cast<float>(op<Lrn>().beta); }
  void setK(float k) noexcept override {
    if (!takes_number("setK", k)) return;
    edit<Lrn>([&](Lrn& lrn) { lrn.k = k; });
  }
  float getK() const noexcept override { return static_cast<float>(op<Lrn>().k); }
};

// Over a Normalization, or a GroupedNormalization where there are groups.
class NormalizationFacade final : public LayerFacade<nvinfer1::INormalizationLayer> {
 public:
  using LayerFacade::LayerFacade;
  void setEpsilon(float epsilon) noexcept override;
  float getEpsilon() const noexcept override;
  void setAxes(uint32_t axes) noexcept override;
  uint32_t getAxes() const noexcept override;
  void setNbGroups(int64_t groups) noexcept override;
  int64_t getNbGroups() const noexcept override;
  bool isV2() const noexcept override { return v2_; }
  void set_v2() { v2_ = true; }
  void begin(Tensor* scale, Tensor* bias) noexcept {
    guarded(network_.reporter(), [&] { change(current_op().clone(), {current_inputs()[0], scale, bias}); });
  }
  // Sums are taken in float in any case.
  void setComputePrecision(nvinfer1::DataType type) noexcept override;
  nvinfer1::DataType getComputePrecision() const noexcept override { return compute_; }

 private:
  void rebuild(int64_t groups, const std::vector<int64_t>& axes, double epsilon);
  std::vector<int64_t> axes() const;

  bool v2_ = false;
  std::vector<int64_t> axes_;  // while there are groups, which need none
  nvinfer1::DataType compute_ = nvinfer1::DataType::kFLOAT;
};

class CumulativeFacade final : public LayerFacade<nvinfer1::ICumulativeLayer> {
 public:
  using LayerFacade::LayerFacade;
  int32_t getNbInputs() const noexcept override { return 2; }
  nvinfer1::ITensor* getInput(int32_t index) const noexcept override {
    return index == 1 ? network_.facade(axis_) : LayerFacade::getInput(index);
  }
  void setInput(int32_t index, nvinfer1::ITensor& tensor) noexcept override;
  bool setOperation(nvinfer1::CumulativeOperation operation) noexcept override;
  nvinfer1::CumulativeOperation getOperation() const noexcept override { return nvinfer1::CumulativeOperation::kSUM; }
  void setExclusive(bool exclusive) noexcept override {
    edit<Cumulative>([&](Cumulative& op) { op.exclusive = exclusive; });
  }
  bool getExclusive() const noexcept override { return op<Cumulative>().exclusive; }
  void setReverse(bool reverse) noexcept override {
    edit<Cumulative>([&](Cumulative& op) { op.reverse = reverse; });
  }
  bool getReverse() const noexcept override { return op<Cumulative>().reverse; }
  void note_axis(Tensor* axis) { axis_ = axis; }

 private:
  Tensor* axis_ = nullptr;
};

class EinsumFacade final : public LayerFacade<nvinfer1::IEinsumLayer> {
 public:
  using LayerFacade::LayerFacade;
  bool setEquation(char const* equation) noexcept override;
  char const* getEquation() const noexcept override { return op<Einsum>().equation.c_str(); }
};

}  // namespace ingot::api
