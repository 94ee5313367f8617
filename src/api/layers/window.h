// Convolution and pooling.
#pragma once

#include "api/layers/layer.h"
#include "operators/convolution.h"
#include "operators/deconvolution.h"
#include "operators/pad.h"
#include "operators/pool.h"

namespace ingot::api {

Result<PoolKind> to_core(nvinfer1::PoolingType type);

// Strides, pads and the padding mode, which convolution and pooling share.
// Where the program has a formula for the outputs' sizes, pads at the end such that they are those; `taps` are the window's.
Status pads_by_formula(const nvinfer1::IOutputDimensionsFormula& formula, const std::string& layer, const Dims& input, const Shape& taps,
                       Pool& op);
Status pads_by_formula(const nvinfer1::IOutputDimensionsFormula& formula, const std::string& layer, const Dims& input, const Shape& taps,
                       Convolution& op);
Status pads_by_formula(const nvinfer1::IOutputDimensionsFormula& formula, const std::string& layer, const Dims& input, const Shape& taps,
                       Deconvolution& op);

template <class Interface, class Op>
class WindowFacade : public LayerFacade<Interface> {
 public:
  using LayerFacade<Interface>::LayerFacade;

  void setPaddingMode(nvinfer1::PaddingMode mode) noexcept override {
    if (!this->takes_word("setPaddingMode", mode)) return;
    this->template edit<Op>([&](Op& op) {
      using Mode = nvinfer1::PaddingMode;
      op.auto_pad = mode == Mode::kSAME_UPPER ? AutoPad::kSameUpper : mode == Mode::kSAME_LOWER ? AutoPad::kSameLower : AutoPad::kNone;
      if constexpr (requires { op.ceil_mode; }) op.ceil_mode = mode == Mode::kEXPLICIT_ROUND_UP || mode == Mode::kCAFFE_ROUND_UP;
    });
    mode_ = mode;
  }
  nvinfer1::PaddingMode getPaddingMode() const noexcept override { return mode_; }

 protected:
  void adjust(Operator& op, const std::vector<Tensor*>& inputs) const override {
    const nvinfer1::IOutputDimensionsFormula* formula = this->network_.formula_for(this->getType());
    if (!formula) return;
    auto& window = static_cast<Op&>(op);
    Shape taps;
    if constexpr (requires { window.kernel; }) {
      taps = window.kernel;
    } else {
      const Tensor* kernel = inputs.size() > 1 ? inputs[1] : nullptr;
      if (!kernel || kernel->type.rank() < 3 || !all_constant(kernel->type.dims)) return;
      const Shape shape = constant_shape(kernel->type.dims);
      taps.assign(shape.begin() + 2, shape.end());
    }
    guarded(this->network_.reporter(), [&] { return pads_by_formula(*formula, this->layer_->name, inputs[0]->type.dims, taps, window); });
  }
  size_t spatial() const { return static_cast<size_t>(this->rank_of_input()) - 2; }
  // A list of the operator: as many entries as there are spatial dimensions.
  void set_list(const char* setter, const WideDims& dims, int64_t least,
                std::initializer_list<std::vector<int64_t> Window::*> lists) noexcept {
    if (!this->takes_dims(setter, dims, static_cast<int64_t>(spatial()), least)) return;
    this->template edit<Op>([&](Op& op) {
      for (auto list : lists) (op.*list).assign(dims.d, dims.d + dims.nbDims);
    });
  }
  WideDims get_list(std::vector<int64_t> Window::*list, int64_t fallback) const noexcept {
    const std::vector<int64_t>& values = this->template op<Op>().*list;
    return to_api(values.empty() ? Shape(spatial(), fallback) : Shape(values));
  }

  void setStrideNd64_(WideDims const& dims) noexcept override { set_list("setStride", dims, 1, {&Window::strides}); }
  WideDims getStrideNd64_() const noexcept override { return get_list(&Window::strides, 1); }
  void setPaddingNd64_(WideDims const& dims) noexcept override {
    set_list("setPadding", dims, 0, {&Window::pads_begin, &Window::pads_end});
  }
  WideDims getPaddingNd64_() const noexcept override { return get_list(&Window::pads_begin, 0); }
  void setPrePadding64_(WideDims const& dims) noexcept override { set_list("setPrePadding", dims, 0, {&Window::pads_begin}); }
  WideDims getPrePadding64_() const noexcept override { return get_list(&Window::pads_begin, 0); }
  void setPostPadding64_(WideDims const& dims) noexcept override { set_list("setPostPadding", dims, 0, {&Window::pads_end}); }
  WideDims getPostPadding64_() const noexcept override { return get_list(&Window::pads_end, 0); }

 private:
  nvinfer1::PaddingMode mode_ = nvinfer1::PaddingMode::kEXPLICIT_ROUND_DOWN;
};

// Convolution and deconvolution: a window with weights, which are inputs 1 and 2 of the core's layer.
template <class Interface, class Op>
class WeightedWindowFacade : public WindowFacade<Interface, Op> {
 public:
  using WindowFacade<Interface, Op>::WindowFacade;
  int32_t getNbInputs() const noexcept override { return static_cast<int32_t>(this->inputs_without_weights()); }
  // The kernel's shape follows from its weights, so another number of maps waits for new weights.
  void setNbOutputMaps(int64_t count) noexcept override {
    if (!this->takes(count > 0, "setNbOutputMaps", count)) return;
    wanted_maps_ = 0;
    if (count != getNbOutputMaps()) wanted_maps_ = count;
    if (wanted_maps_ > 0)
      this->network_.reporter().log().verbose("layer '" + this->layer_->name + "' waits for the weights of its new output maps");
  }
  int64_t getNbOutputMaps() const noexcept override {
    if (wanted_maps_ > 0) return wanted_maps_;
    const Shape shape = kernel_shape();
    return shape.empty() ? 0 : kTransposed ? shape[1] * getNbGroups() : shape[0];
  }
  // Kernels of one group, of as many values as those of several: only the shape changes.
  void setNbGroups(int64_t groups) noexcept override {
    guarded(this->network_.reporter(), [&]() -> Status {
      if (groups < 1) return invalid("layer '" + this->layer_->name + "': groups are positive");
      auto op = std::make_unique<Op>(this->template op<Op>());
      if (op->groups == groups) return Ok{};
      op->groups = groups;
      this->change(std::move(op), this->current_inputs());
      return Ok{};
    });
  }
  int64_t getNbGroups() const noexcept override { return this->template op<Op>().groups; }
  void setKernelWeights(nvinfer1::Weights weights) noexcept override {
    guarded(this->network_.reporter(), [&]() -> Status {
      TRY_ASSIGN(Shape shape, shape_for(weights.count));
      TRY(this->set_weights(1, weights, shape, "kernel"));
      wanted_maps_ = 0;
      wanted_taps_.clear();
      return Ok{};
    });
  }
  nvinfer1::Weights getKernelWeights() const noexcept override { return this->weights_of(1); }
  void setBiasWeights(nvinfer1::Weights weights) noexcept override {
    guarded(this->network_.reporter(), [&] { return this->set_weights(2, weights, {getNbOutputMaps()}, "bias"); });
  }
  nvinfer1::Weights getBiasWeights() const noexcept override { return this->weights_of(2); }

 protected:
  static constexpr bool kTransposed = std::is_same_v<Op, Deconvolution>;
  int32_t most_input() const noexcept override { return 2; }
  void setKernelSizeNd64_(WideDims const& dims) noexcept override {
    if (!this->takes_dims("setKernelSize", dims, static_cast<int64_t>(this->spatial()), 1)) return;
    guarded(this->network_.reporter(), [&]() -> Status {
      TRY_ASSIGN(wanted_taps_, to_shape(dims));
      if (to_text(wanted_taps_) == to_text(taps())) wanted_taps_.clear();
      return Ok{};
    });
  }
  WideDims getKernelSizeNd64_() const noexcept override { return wanted_taps_.empty() ? to_api(taps()) : to_api(wanted_taps_); }
  void setDilationNd64_(WideDims const& dims) noexcept override { this->set_list("setDilation", dims, 1, {&Window::dilations}); }
  WideDims getDilationNd64_() const noexcept override { return this->get_list(&Window::dilations, 1); }

 private:
  Shape kernel_shape() const {
    const auto& inputs = this->current_inputs();
    const Tensor* kernel = inputs.size() > 1 ? inputs[1] : nullptr;
    return kernel && all_constant(kernel->type.dims) ? constant_shape(kernel->type.dims) : Shape{};
  }
  Shape taps() const {
    const Shape shape = kernel_shape();
    return shape.size() < 3 ? Shape{} : Shape(shape.begin() + 2, shape.end());
  }
  // The kernel's shape for the wanted maps and size, with channels that follow from the number of values.
  Result<Shape> shape_for(int64_t count) const {
    const Shape window = wanted_taps_.empty() ? taps() : wanted_taps_;
    TRY_ASSIGN(int64_t tap_count, volume(window));
    const int64_t maps = getNbOutputMaps(), groups = getNbGroups();
    const int64_t outer = kTransposed ? maps / groups : maps;
    if (outer < 1 || tap_count < 1 || count % (outer * tap_count) != 0)
      return invalid("layer '" + this->layer_->name + "': " + std::to_string(count) + " weights do not fit " + std::to_string(maps) +
                     " maps with a kernel " + to_text(window));
    const int64_t other = count / (outer * tap_count);
    Shape shape = kTransposed ? Shape{other, outer} : Shape{outer, other};
    shape.insert(shape.end(), window.begin(), window.end());
    return shape;
  }

  int64_t wanted_maps_ = 0;
  Shape wanted_taps_;
};

class ConvolutionFacade final : public WeightedWindowFacade<nvinfer1::IConvolutionLayer, Convolution> {
 public:
  using WeightedWindowFacade::WeightedWindowFacade;
};

class DeconvolutionFacade final : public WeightedWindowFacade<nvinfer1::IDeconvolutionLayer, Deconvolution> {
 public:
  using WeightedWindowFacade::WeightedWindowFacade;
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
    if (!takes_number("setBlendFactor", factor)) return;
    edit<Pool>([&](Pool& pool) { pool.blend_factor = factor; });
  }
  float getBlendFactor() const noexcept override { return static_cast<float>(op<Pool>().blend_factor); }

 protected:
  void setWindowSizeNd64_(WideDims const& dims) noexcept override {
    if (!takes_dims("setWindowSize", dims, static_cast<int64_t>(spatial()), 1)) return;
    edit<Pool>([&](Pool& pool) { pool.kernel.assign(dims.d, dims.d + dims.nbDims); });
  }
  WideDims getWindowSizeNd64_() const noexcept override { return to_api(Shape(op<Pool>().kernel)); }
};

// The last two dimensions of a Pad with zeros.
class PaddingFacade final : public LayerFacade<nvinfer1::IPaddingLayer> {
 public:
  using LayerFacade::LayerFacade;

 protected:
  void setPrePaddingNd64_(WideDims const& dims) noexcept override { set(dims, true); }
  WideDims getPrePaddingNd64_() const noexcept override { return get(true); }
  void setPostPaddingNd64_(WideDims const& dims) noexcept override { set(dims, false); }
  WideDims getPostPaddingNd64_() const noexcept override { return get(false); }

 private:
  void set(const WideDims& dims, bool before) noexcept;
  WideDims get(bool before) const noexcept;
};

}  // namespace ingot::api
