// y = x sampled at other positions along each axis: nearest, linear or cubic interpolation.
// Source: ONNX Resize-19, Upsample-9; IResizeLayer.
#pragma once

#include "network/operator.h"

namespace ingot {

enum class ResizeMode { kNearest, kLinear, kCubic };
inline EnumWords<ResizeMode> words_of(ResizeMode) {
  return {{ResizeMode::kNearest, "nearest"}, {ResizeMode::kLinear, "linear"}, {ResizeMode::kCubic, "cubic"}};
}

// Where output position i of a scale s lies in x: kHalfPixel (i + 0.5) / s - 0.5; kHalfPixelSymmetric the same about the centre;
// kPytorchHalfPixel the same but 0 where the output has one element; kAlignCorners i * (in - 1) / (out - 1); kAsymmetric i / s;
// kCropAndResize within the region of interest.
enum class ResizeCoordinates {
  kHalfPixel,
  kHalfPixelSymmetric,
  kPytorchHalfPixel,
  kAlignCorners,
  kAsymmetric,
  kCropAndResize,
  kHalfPixelNn
};
inline EnumWords<ResizeCoordinates> words_of(ResizeCoordinates) {
  return {{ResizeCoordinates::kHalfPixel, "half_pixel"},
          {ResizeCoordinates::kHalfPixelSymmetric, "half_pixel_symmetric"},
          {ResizeCoordinates::kPytorchHalfPixel, "pytorch_half_pixel"},
          {ResizeCoordinates::kAlignCorners, "align_corners"},
          {ResizeCoordinates::kAsymmetric, "asymmetric"},
          {ResizeCoordinates::kCropAndResize, "tf_crop_and_resize"},
          {ResizeCoordinates::kHalfPixelNn, "tf_half_pixel_for_nn"}};
}

enum class ResizeRounding { kRoundPreferFloor, kRoundPreferCeil, kFloor, kCeil };
inline EnumWords<ResizeRounding> words_of(ResizeRounding) {
  return {{ResizeRounding::kRoundPreferFloor, "round_prefer_floor"},
          {ResizeRounding::kRoundPreferCeil, "round_prefer_ceil"},
          {ResizeRounding::kFloor, "floor"},
          {ResizeRounding::kCeil, "ceil"}};
}

enum class ResizePolicy { kStretch, kNotLarger, kNotSmaller };
inline EnumWords<ResizePolicy> words_of(ResizePolicy) {
  return {{ResizePolicy::kStretch, "stretch"}, {ResizePolicy::kNotLarger, "not_larger"}, {ResizePolicy::kNotSmaller, "not_smaller"}};
}

// One of `scales` and `sizes` is given, or a second input takes their place: sizes as integers or scales as floats, [axes]. A third input
// [2 * axes] takes the place of `region`.
struct Resize final : OperatorBase<Resize> {
  static constexpr const char* kName = "resize";
  ResizeMode mode = ResizeMode::kNearest;
  ResizeCoordinates coordinates = ResizeCoordinates::kHalfPixel;
  ResizeRounding rounding = ResizeRounding::kRoundPreferFloor;
  ResizePolicy policy = ResizePolicy::kStretch;  // how `sizes` keep the aspect ratio
  std::vector<int64_t> axes;                     // empty stands for 0, 1, 2, ...
  std::vector<double> scales;                    // by axis
  std::vector<int64_t> sizes;                    // by axis
  std::vector<double> region;                    // of kCropAndResize: starts and then ends, as fractions, by axis
  double cubic_a = -0.75;
  bool exclude_outside = false;
  bool antialias = false;
  double extrapolation = 0;  // of kCropAndResize, outside x
  std::string symbol;        // stem of the symbols of dims that are known only at run time; see runtime_dims.h

  template <class Visitor>
  void fields(Visitor visit) {
    visit("mode", mode);
    visit("coordinates", coordinates);
    visit("rounding", rounding);
    visit("policy", policy);
    visit("axes", axes);
    visit("scales", scales);
    visit("sizes", sizes);
    visit("region", region);
    visit("cubic_a", cubic_a);
    visit("exclude_outside", exclude_outside);
    visit("antialias", antialias);
    visit("extrapolation", extrapolation);
    visit("symbol", symbol);
  }
  using OperatorBase::fields;
  Result<TensorTypes> infer(const TensorTypes& inputs) const override;
  Result<Arrays> evaluate(const Arrays& inputs) const override;
  bool reads_values_of(size_t input) const override { return input >= 1; }
  static Result<Tensor*> from_onnx(const OnnxNode& node, Network& network);

  // The elements of x that one output position of an axis reads, and their weights; a position outside of x under kCropAndResize has none.
  struct Tap {
    int64_t index;
    double weight;
  };
  using Taps = std::vector<std::vector<Tap>>;  // by output position
  // By axis of x, for known dims; empty for axes that stay as they are. `scales_or_sizes` holds the second input's values, if any.
  Result<std::vector<Taps>> taps(const Shape& input, const Shape& output, const Array* scales_or_sizes = nullptr) const;
};

}  // namespace ingot
