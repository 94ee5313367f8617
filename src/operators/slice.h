// y[..., i, ...] = x[..., start + i * step, ...] along each of `axes`.
// Source: ONNX Slice-13; ISliceLayer.
#pragma once

#include "network/operator.h"

namespace ingot {

// What is read where an index lies outside x. kDefault refuses such an index (sizes given) or never meets one (ends given).
enum class SliceMode { kDefault, kWrap, kClamp, kFill, kReflect };
inline EnumWords<SliceMode> words_of(SliceMode) {
  return {{SliceMode::kDefault, "default"},
          {SliceMode::kWrap, "wrap"},
          {SliceMode::kClamp, "clamp"},
          {SliceMode::kFill, "fill"},
          {SliceMode::kReflect, "reflect"}};
}

// With `sized`, `ends` holds the sizes of y (ISliceLayer); else the exclusive ends, where negative starts and ends count from the end and
// both are clamped to the dim (ONNX). Inputs: x, then starts, ends, steps as integer tensors [axes] that take the place of the fields,
// then the fill value, a scalar of x's type; trailing ones may be missing.
struct Slice final : OperatorBase<Slice> {
  static constexpr const char* kName = "slice";
  std::vector<int64_t> axes;  // empty stands for 0, 1, 2, ...
  std::vector<int64_t> starts;
  std::vector<int64_t> ends;   // INT64_MAX or INT64_MIN: as far as it goes
  std::vector<int64_t> steps;  // empty stands for 1, 1, ...
  bool sized = false;
  SliceMode mode = SliceMode::kDefault;  // modes other than kDefault are for `sized`
  std::string symbol;                    // stem of the symbols of dims that are known only at run time; see runtime_dims.h

  template <class Visitor>
  void fields(Visitor visit) {
    visit("axes", axes);
    visit("starts", starts);
    visit("ends", ends);
    visit("steps", steps);
    visit("sized", sized);
    visit("mode", mode);
    visit("symbol", symbol);
  }
  using OperatorBase::fields;
  Result<TensorTypes> infer(const TensorTypes& inputs) const override;
  Result<Arrays> evaluate(const Arrays& inputs) const override;
  bool reads_values_of(size_t input) const override { return input >= 1 && input <= 3; }
  static Result<Tensor*> from_onnx(const OnnxNode& node, Network& network);

  // Where each output element comes from, for known dims: element i of axis a is x's start[a] + i * step[a], i < size[a].
  struct Window {
    Shape start, size, step;  // by axis of x
  };
  // For a slice without dynamic inputs.
  Result<Window> window(const Shape& input) const;
};

// Where the element `index` of an axis of `length` is read, or -1 for the fill; an error where it is read nowhere.
Result<int64_t> slice_place(int64_t index, int64_t length, SliceMode mode);

}  // namespace ingot
