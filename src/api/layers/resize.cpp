// Resampling: IResizeLayer and IGridSampleLayer.
#include "operators/resize.h"

#include <algorithm>

#include "api/layers/layer.h"
#include "operators/grid_sample.h"

namespace ingot::api {

using nvinfer1::InterpolationMode;
using nvinfer1::ResizeCoordinateTransformation;
using nvinfer1::ResizeRoundMode;
using nvinfer1::ResizeSelector;

namespace {

class ResizeFacade final : public LayerFacade<nvinfer1::IResizeLayer> {
 public:
  using LayerFacade::LayerFacade;
  // The core's second input gives sizes; its third one belongs to a region of interest that the API does not have.
  int32_t getNbInputs() const noexcept override { return current_inputs().size() > 1 && current_inputs()[1] ? 2 : 1; }
  void setScales(float const* scales, int32_t count) noexcept override {
    guarded(network_.reporter(), [&]() -> Status {
      if (!scales || count != rank_of_input() - network_.lead())
        return invalid("layer '" + layer_->name + "': " + std::to_string(rank_of_input() - network_.lead()) +
                       " scales are wanted, one a dimension; got " + std::to_string(count));
      auto fresh = std::make_unique<Resize>(op<Resize>());
      fresh->sizes.clear();
      if (layer_->inputs().size() > 1)
        return unsupported("layer '" + layer_->name + "': its size is a tensor's already; add a new layer for other scales");
      fresh->scales.assign(scales, scales + count);
      set_axes(*fresh);
      chosen_ = true;
      change(std::move(fresh), {current_inputs()[0]});
      return Ok{};
    });
  }
  int32_t getScales(int32_t size, float* scales) const noexcept override {
    const auto& list = op<Resize>().scales;
    if (list.empty() || (made_here_ && !chosen_)) return -1;
    for (int32_t i = 0; scales && i < size && static_cast<size_t>(i) < list.size(); ++i)
      scales[i] = static_cast<float>(list[static_cast<size_t>(i)]);
    return static_cast<int32_t>(list.size());
  }
  void setResizeMode(InterpolationMode mode) noexcept override {
    if (!takes_word("setResizeMode", mode)) return;
    edit<Resize>([&](Resize& op) {
      op.mode = mode == InterpolationMode::kNEAREST  ? ResizeMode::kNearest
                : mode == InterpolationMode::kLINEAR ? ResizeMode::kLinear
                                                     : ResizeMode::kCubic;
    });
  }
  InterpolationMode getResizeMode() const noexcept override {
    const ResizeMode mode = op<Resize>().mode;
    return mode == ResizeMode::kNearest  ? InterpolationMode::kNEAREST
           : mode == ResizeMode::kLinear ? InterpolationMode::kLINEAR
                                         : InterpolationMode::kCUBIC;
  }
  void setCoordinateTransformation(ResizeCoordinateTransformation transform) noexcept override {
    if (takes_word("setCoordinateTransformation", transform)) set_coordinates(transform, getSelectorForSinglePixel());
  }
  ResizeCoordinateTransformation getCoordinateTransformation() const noexcept override {
    switch (op<Resize>().coordinates) {
      case ResizeCoordinates::kAlignCorners: return ResizeCoordinateTransformation::kALIGN_CORNERS;
      case ResizeCoordinates::kAsymmetric: return ResizeCoordinateTransformation::kASYMMETRIC;
      default: return ResizeCoordinateTransformation::kHALF_PIXEL;
    }
  }
  void setSelectorForSinglePixel(ResizeSelector selector) noexcept override {
    if (takes_word("setSelectorForSinglePixel", selector)) set_coordinates(getCoordinateTransformation(), selector);
  }
  ResizeSelector getSelectorForSinglePixel() const noexcept override {
    return op<Resize>().coordinates == ResizeCoordinates::kPytorchHalfPixel ? ResizeSelector::kUPPER : selector_;
  }
  void setNearestRounding(ResizeRoundMode mode) noexcept override {
    constexpr ResizeRounding kModes[] = {ResizeRounding::kRoundPreferCeil, ResizeRounding::kRoundPreferFloor, ResizeRounding::kFloor,
                                         ResizeRounding::kCeil};
    if (static_cast<int>(mode) < 0 || static_cast<int>(mode) > 3)
      return network_.reporter().report(invalid("there is no ResizeRoundMode " + std::to_string(static_cast<int>(mode))));
    edit<Resize>([&](Resize& op) { op.rounding = kModes[static_cast<int>(mode)]; });
  }
  ResizeRoundMode getNearestRounding() const noexcept override {
    switch (op<Resize>().rounding) {
      case ResizeRounding::kRoundPreferCeil: return ResizeRoundMode::kHALF_UP;
      case ResizeRounding::kRoundPreferFloor: return ResizeRoundMode::kHALF_DOWN;
      case ResizeRounding::kFloor: return ResizeRoundMode::kFLOOR;
      default: return ResizeRoundMode::kCEIL;
    }
  }
  void setCubicCoeff(float a) noexcept override {
    if (!takes_number("setCubicCoeff", a)) return;
    edit<Resize>([&](Resize& op) { op.cubic_a = a; });
  }
  float getCubicCoeff() const noexcept override { return static_cast<float>(op<Resize>().cubic_a); }
  void setExcludeOutside(bool exclude) noexcept override {
    edit<Resize>([&](Resize& op) { op.exclude_outside = exclude; });
  }
  bool getExcludeOutside() const noexcept override { return op<Resize>().exclude_outside; }
  void setInput(int32_t index, nvinfer1::ITensor& tensor) noexcept override {
    if (index != 1) return LayerFacade::setInput(index, tensor);
    guarded(network_.reporter(), [&] {
      auto fresh = std::make_unique<Resize>(op<Resize>());
      fresh->sizes.clear();
      fresh->scales.clear();
      set_axes(*fresh);
      chosen_ = true;
      change(std::move(fresh), {current_inputs()[0], &core_tensor(tensor)});
    });
  }
  void note_made_here() { made_here_ = true; }

 protected:
  void setOutputDimensions64_(WideDims const& dims) noexcept override {
    if (!takes_dims("setOutputDimensions", dims, rank_of_input() - network_.lead(), 0)) return;
    guarded(network_.reporter(), [&]() -> Status {
      TRY_ASSIGN(Shape shape, to_shape(dims));
      auto fresh = std::make_unique<Resize>(op<Resize>());
      fresh->scales.clear();
      std::vector<Tensor*> inputs{current_inputs()[0]};
      if (layer_->inputs().size() > 1)
        inputs.push_back(network_.core().add_constant(layer_->name + ".sizes", Array::from_int64s(shape)));
      else
        fresh->sizes = shape;
      set_axes(*fresh);
      chosen_ = true;
      change(std::move(fresh), std::move(inputs));
      return Ok{};
    });
  }
  WideDims getOutputDimensions64_() const noexcept override {
    return op<Resize>().sizes.empty() ? invalid_dims() : to_api(Shape(op<Resize>().sizes));
  }

 private:
  void set_axes(Resize& op) const {
    op.axes.clear();
    for (int64_t i = network_.lead(); network_.lead() && i < rank_of_input(); ++i) op.axes.push_back(i);
  }
  void set_coordinates(ResizeCoordinateTransformation transform, ResizeSelector selector) noexcept {
    selector_ = selector;
    const ResizeCoordinates core = transform == ResizeCoordinateTransformation::kALIGN_CORNERS ? ResizeCoordinates::kAlignCorners
                                   : transform == ResizeCoordinateTransformation::kASYMMETRIC  ? ResizeCoordinates::kAsymmetric
                                   : selector == ResizeSelector::kUPPER                        ? ResizeCoordinates::kPytorchHalfPixel
                                                                                               : ResizeCoordinates::kHalfPixel;
    edit<Resize>([&](Resize& op) { op.coordinates = core; });
  }
  ResizeSelector selector_ = ResizeSelector::kFORMULA;
  bool made_here_ = false, chosen_ = false;
};

class GridSampleFacade final : public LayerFacade<nvinfer1::IGridSampleLayer> {
 public:
  using LayerFacade::LayerFacade;
  void setInterpolationMode(InterpolationMode mode) noexcept override {
    if (!takes_word("setInterpolationMode", mode)) return;
    edit<GridSample>([&](GridSample& op) {
      op.mode = mode == InterpolationMode::kNEAREST  ? SampleMode::kNearest
                : mode == InterpolationMode::kLINEAR ? SampleMode::kLinear
                                                     : SampleMode::kCubic;
    });
  }
  InterpolationMode getInterpolationMode() const noexcept override {
    const SampleMode mode = op<GridSample>().mode;
    return mode == SampleMode::kNearest  ? InterpolationMode::kNEAREST
           : mode == SampleMode::kLinear ? InterpolationMode::kLINEAR
                                         : InterpolationMode::kCUBIC;
  }
  void setAlignCorners(bool align) noexcept override {
    edit<GridSample>([&](GridSample& op) { op.align_corners = align; });
  }
  bool getAlignCorners() const noexcept override { return op<GridSample>().align_corners; }
  bool setSampleMode(nvinfer1::SampleMode mode) noexcept override {
    return guarded(network_.reporter(), false, [&]() -> Status {
      SamplePadding padding;
      switch (mode) {
        case nvinfer1::SampleMode::kFILL: padding = SamplePadding::kZeros; break;
        case nvinfer1::SampleMode::kCLAMP: padding = SamplePadding::kBorder; break;
        case nvinfer1::SampleMode::kREFLECT: padding = SamplePadding::kReflection; break;
        default: return invalid("layer '" + layer_->name + "': a grid is sampled with kFILL, kCLAMP or kREFLECT");
      }
      edit<GridSample>([&](GridSample& op) { op.padding = padding; });
      return Ok{};
    });
  }
  nvinfer1::SampleMode getSampleMode() const noexcept override {
    switch (op<GridSample>().padding) {
      case SamplePadding::kBorder: return nvinfer1::SampleMode::kCLAMP;
      case SamplePadding::kReflection: return nvinfer1::SampleMode::kREFLECT;
      default: return nvinfer1::SampleMode::kFILL;
    }
  }
};

}  // namespace

std::unique_ptr<LayerHandle> make_resize_facade(NetworkFacade& network, Layer* layer) {
  if (layer->as<Resize>()) return std::make_unique<ResizeFacade>(network, layer, nvinfer1::LayerType::kRESIZE);
  if (layer->as<GridSample>()) return std::make_unique<GridSampleFacade>(network, layer, nvinfer1::LayerType::kGRID_SAMPLE);
  return nullptr;
}

nvinfer1::IResizeLayer* NetworkFacade::addResize(nvinfer1::ITensor& input) noexcept {
  return guarded(reporter_, static_cast<nvinfer1::IResizeLayer*>(nullptr), [&]() -> nvinfer1::IResizeLayer* {
    auto op = std::make_unique<Resize>();
    op->coordinates = ResizeCoordinates::kAsymmetric;
    op->rounding = ResizeRounding::kFloor;
    // As large as it is until the program says how large.
    for (int64_t i = lead(); i < core_tensor(input).type.rank(); ++i) {
      op->scales.push_back(1);
      if (lead()) op->axes.push_back(i);
    }
    auto* layer = add<nvinfer1::IResizeLayer>(std::move(op), {&core_tensor(input)}, "Resize");
    if (layer) static_cast<ResizeFacade*>(layer)->note_made_here();
    return layer;
  });
}

nvinfer1::IGridSampleLayer* NetworkFacade::addGridSample(nvinfer1::ITensor& input, nvinfer1::ITensor& grid) noexcept {
  return guarded(reporter_, static_cast<nvinfer1::IGridSampleLayer*>(nullptr), [&]() -> nvinfer1::IGridSampleLayer* {
    return add<nvinfer1::IGridSampleLayer>(std::make_unique<GridSample>(), {&core_tensor(input), &core_tensor(grid)}, "GridSample");
  });
}

}  // namespace ingot::api
