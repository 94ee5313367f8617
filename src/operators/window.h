// A window that slides over the spatial dimensions: what convolution, deconvolution and pooling share.
#pragma once

#include <vector>

#include "network/operator.h"

namespace ingot {

enum class AutoPad {
  kNone,       // pads_begin and pads_end count
  kSameUpper,  // as many outputs as ceil(length / stride); an odd pad goes to the end
  kSameLower,  // the same, an odd pad goes to the beginning
};
inline EnumWords<AutoPad> words_of(AutoPad) {
  return {{AutoPad::kNone, "none"}, {AutoPad::kSameUpper, "same_upper"}, {AutoPad::kSameLower, "same_lower"}};
}

// One entry a spatial dimension; an empty list stands for 1 (strides, dilations) or 0 (pads) everywhere. Pads may be negative (cropping).
struct Window {
  std::vector<int64_t> strides, pads_begin, pads_end, dilations;
  AutoPad auto_pad = AutoPad::kNone;

  template <class Visitor>
  void visit_window(Visitor& visit) {
    visit("strides", strides);
    visit("pads_begin", pads_begin);
    visit("pads_end", pads_end);
    visit("dilations", dilations);
    visit("auto_pad", auto_pad);
  }

  int64_t stride(size_t d) const { return strides.empty() ? 1 : strides[d]; }
  int64_t dilation(size_t d) const { return dilations.empty() ? 1 : dilations[d]; }
  int64_t pad_begin(size_t d) const { return pads_begin.empty() ? 0 : pads_begin[d]; }
  int64_t pad_end(size_t d) const { return pads_end.empty() ? 0 : pads_end[d]; }

  // Lists have `spatial` entries or none, strides and dilations are positive.
  Status check_window(size_t spatial) const;
  // Positions of a kernel of `kernel` taps on each of `spatial` lengths; with `round_up` a last partial position counts, unless it
  // would start in the padding behind the end.
  Result<Dims> window_counts(const Dims& spatial, const Shape& kernel, bool round_up) const;
  // Pads in force for known lengths: auto_pad is resolved.
  struct Pads {
    Shape begin, end;
  };
  Pads pads_for(const Shape& spatial, const Shape& kernel) const;
};

// strides, pads, dilations and auto_pad of an ONNX node; auto_pad is resolved where `input` and `kernel` are known.
Result<Window> window_from_onnx(const OnnxNode& node, const Dims& spatial, const Shape& kernel);

}  // namespace ingot
