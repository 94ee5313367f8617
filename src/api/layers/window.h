// Convolution and pooling.
#pragma once

#include "api/layers/layer.h"
#include "operators/convolution.h"
#include "operators/pool.h"

namespace ingot::api {

Result<PoolKind> to_core(nvinfer1::PoolingType type);

// Strides, pads and the padding mode, which convolution and pooling share.
template <class Interface, class Op>
class WindowFacade : public LayerFacade<Interface> {
 public:
  using LayerFacade<Interface>::LayerFacade;

  void setPaddingMode(nvinfer1::PaddingMode mode) noexcept override {
    this->template edit<Op>([&](Op& op) {
      using Mode = nvinfer1::PaddingMode;
      op.auto_pad = mode == Mode::kSAME_UPPER ? AutoPad::kSameUpper : mode == Mode::kSAME_LOWER ? AutoPad::kSameLower : AutoPad::kNone;
      if constexpr (requires { op.ceil_mode; }) op.ceil_mode = mode == Mode::kEXPLICIT_ROUND_UP || mode == Mode::kCAFFE_ROUND_UP;
    });
    mode_ = mode;
  }
  nvinfer1::PaddingMode getPaddingMode() const noexcept override { return mode_; }

 protected:
  size_t spatial() const { return static_cast<size_t>(this->layer_->input(0)->type.rank()) - 2; }
  // A list of the operator: as many entries as there are spatial dimensions.
  void set_list(std::vector<int64_t> Window::*list, const WideDims& dims, int64_t least) noexcept {
    const std::vector<int64_t> values(dims.d, dims.d + (dims.nbDims < 0 ? 0 : dims.nbDims > WideDims::MAX_DIMS ? WideDims::MAX_DIMS : dims.nbDims));
    guarded(this->network_.reporter(), [&]() -> Status {
      if (values.size() != spatial())
        return invalid("layer '" + this->layer_->name + "' has " + std::to_string(spatial()) + " spatial dimensions; got " + std::to_string(values.size()));
      for (int64_t value : values) {
        if (value < least) return invalid("layer '" + this->layer_->name + "': " + std::to_string(value) + " is too small; the least is " + std::to_string(least));
      }
      return Ok{};
    });
    if (values.size() != spatial()) return;
    this->template edit<Op>([&](Op& op) { op.*list = values; });
  }
  WideDims get_list(std::vector<int64_t> Window::*list, int64_t fallback) const noexcept {
    const std::vector<int64_t>& values = this->template op<Op>().*list;
    return to_api(values.empty() ? Shape(spatial(), fallback) : Shape(values));
  }

  void setStrideNd64_(WideDims const& dims) noexcept override { set_list(&Window::strides, dims, 1); }
  WideDims getStrideNd64_() const noexcept override { return get_list(&Window::strides, 1); }
  void setPaddingNd64_(WideDims const& dims) noexcept override {
    set_list(&Window::pads_begin, dims, 0);
    set_list(&Window::pads_end, dims, 0);
  }
  WideDims getPaddingNd64_() const noexcept override { return get_list(&Window::pads_begin, 0); }
  void setPrePadding64_(WideDims const& dims) noexcept override { set_list(&Window::pads_begin, dims, 0); }
  WideDims getPrePadding64_() const noexcept override { return get_list(&Window::pads_begin, 0); }
  void setPostPadding64_(WideDims const& dims) noexcept override { set_list(&Window::pads_end, dims, 0); }
  WideDims getPostPadding64_() const noexcept override { return get_list(&Window::pads_end, 0); }

 private:
  nvinfer1::PaddingMode mode_ = nvinfer1::PaddingMode::kEXPLICIT_ROUND_DOWN;
};

class ConvolutionFacade final : public WindowFacade<nvinfer1::IConvolutionLayer, Convolution> {
 public:
  using WindowFacade::WindowFacade;
  void setNbOutputMaps(int64_t count) noexcept override;
  int64_t getNbOutputMaps() const noexcept override { return kernel_shape().empty() ? 0 : kernel_shape()[0]; }
  void setNbGroups(int64_t groups) noexcept override;
  int64_t getNbGroups() const noexcept override { return op<Convolution>().groups; }
  void setKernelWeights(nvinfer1::Weights weights) noexcept override { set_weights(1, weights); }
  nvinfer1::Weights getKernelWeights() const noexcept override { return weights(1); }
  void setBiasWeights(nvinfer1::Weights weights) noexcept override { set_weights(2, weights); }
  nvinfer1::Weights getBiasWeights() const noexcept override { return weights(2); }

 protected:
  void setKernelSizeNd64_(WideDims const& dims) noexcept override;
  WideDims getKernelSizeNd64_() const noexcept override;
  void setDilationNd64_(WideDims const& dims) noexcept override { set_list(&Window::dilations, dims, 1); }
  WideDims getDilationNd64_() const noexcept override { return get_list(&Window::dilations, 1); }

 private:
  Shape kernel_shape() const;
  void set_weights(size_t input, const nvinfer1::Weights& weights) noexcept;
  nvinfer1::Weights weights(size_t input) const noexcept;
};

class PoolingFacade final : public WindowFacade<nvinfer1::IPoolingLayer, Pool> {
 public:
  using WindowFacade::WindowFacade;
  void setPoolingType(nvinfer1::PoolingType type) noexcept override;
  nvinfer1::PoolingType getPoolingType() const noexcept override;
  void setAverageCountExcludesPadding(bool exclusive) noexcept override {
    edit<Pool>([&](Pool& pool) { pool.count_include_pad = !exclusive; });
  }
  bool getAverageCountExcludesPadding() const noexcept override { return !op<Pool>().count_include_pad; }
  void setBlendFactor(float factor) noexcept override {
    edit<Pool>([&](Pool& pool) { pool.blend_factor = factor; });
  }
  float getBlendFactor() const noexcept override { return static_cast<float>(op<Pool>().blend_factor); }

 protected:
  void setWindowSizeNd64_(WideDims const& dims) noexcept override {
    edit<Pool>([&](Pool& pool) { pool.kernel.assign(dims.d, dims.d + std::max(0, std::min<int>(dims.nbDims, WideDims::MAX_DIMS))); });
  }
  WideDims getWindowSizeNd64_() const noexcept override { return to_api(Shape(op<Pool>().kernel)); }
};

}  // namespace ingot::api
