// y[n, c, o...] = x[n, c] read at the position grid[n, o..., :], given from -1 to 1, the last axis of x first.
// Source: ONNX GridSample-20; IGridSampleLayer.
#pragma once

#include "network/operator.h"

namespace ingot {

enum class SampleMode { kLinear, kNearest, kCubic };
inline EnumWords<SampleMode> words_of(SampleMode) {
  return {{SampleMode::kLinear, "linear"}, {SampleMode::kNearest, "nearest"}, {SampleMode::kCubic, "cubic"}};
}
// What is read outside of x.
enum class SamplePadding { kZeros, kBorder, kReflection };
inline EnumWords<SamplePadding> words_of(SamplePadding) {
  return {{SamplePadding::kZeros, "zeros"}, {SamplePadding::kBorder, "border"}, {SamplePadding::kReflection, "reflection"}};
}

// Inputs: x [N, C, spatial...], grid [N, output..., number of spatial axes].
struct GridSample final : OperatorBase<GridSample> {
  static constexpr const char* kName = "grid_sample";
  SampleMode mode = SampleMode::kLinear;
  SamplePadding padding = SamplePadding::kZeros;
  bool align_corners = false;  // -1 and 1 are the centres of the outer elements, else their outer edges

  template <class Visitor>
  void fields(Visitor visit) {
    visit("mode", mode);
    visit("padding", padding);
    visit("align_corners", align_corners);
  }
  using OperatorBase::fields;
  Result<TensorTypes> infer(const TensorTypes& inputs) const override;
  Result<Arrays> evaluate(const Arrays& inputs) const override;
  static Result<Tensor*> from_onnx(const OnnxNode& node, Network& network);
};

}  // namespace ingot
