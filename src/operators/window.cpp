#include "operators/window.h"

#include <fmt/format.h>

#include <algorithm>

namespace ingot {
namespace {

// Pads of one dimension such that there are ceil(length / stride) positions.
std::pair<int64_t, int64_t> same_pads(int64_t length, int64_t extent, int64_t stride, bool upper) {
  const int64_t count = (length + stride - 1) / stride;
  const int64_t total = std::max<int64_t>(0, (count - 1) * stride + extent - length);
  const int64_t less = total / 2;
  return upper ? std::pair(less, total - less) : std::pair(total - less, less);
}

Status check_length(const std::vector<int64_t>& list, size_t spatial, const char* what) {
  if (list.empty() || list.size() == spatial) return Ok{};
  return invalid(fmt::format("there are {} {} for {} spatial dimensions", list.size(), what, spatial));
}

}  // namespace

Status Window::check_window(size_t spatial) const {
  TRY(check_length(strides, spatial, "strides"));
  TRY(check_length(pads_begin, spatial, "pads_begin"));
  TRY(check_length(pads_end, spatial, "pads_end"));
  TRY(check_length(dilations, spatial, "dilations"));
  // The bound keeps the arithmetic on positions inside 64 bits for every length that memory can hold.
  constexpr int64_t kLargest = int64_t{1} << 31;
  for (int64_t value : strides) {
    if (value <= 0 || value > kLargest) return invalid(fmt::format("the stride is {}; strides are positive", value));
  }
  for (int64_t value : dilations) {
    if (value <= 0 || value > kLargest) return invalid(fmt::format("the dilation is {}; dilations are positive", value));
  }
  for (const auto* pads : {&pads_begin, &pads_end}) {
    for (int64_t value : *pads) {
      if (value < -kLargest || value > kLargest) return invalid(fmt::format("a pad of {} is too large", value));
    }
  }
  return Ok{};
}

Result<Dims> Window::window_counts(const Dims& spatial, const Shape& kernel, bool round_up) const {
  Dims counts;
  for (size_t d = 0; d < spatial.size(); ++d) {
    if (kernel[d] <= 0 || kernel[d] > int64_t{1} << 31)
      return invalid(fmt::format("the kernel has length {}; lengths are positive", kernel[d]));
    if (auto_pad != AutoPad::kNone) {
      counts.push_back(Dim::ceil_divide(spatial[d], Dim(stride(d))));
      continue;
    }
    const int64_t extent = (kernel[d] - 1) * dilation(d) + 1;
    const Dim rest = spatial[d] + Dim(pad_begin(d) + pad_end(d) - extent);
    if (rest.is_constant() && rest.value() < 0) {
      return invalid(fmt::format("a window of {} does not fit into a length of {} with pads {} and {}", extent, spatial[d].text(),
                                 pad_begin(d), pad_end(d)));
    }
    Dim count = (round_up ? Dim::ceil_divide(rest, Dim(stride(d))) : Dim::floor_divide(rest, Dim(stride(d)))) + Dim(1);
    if (round_up) {
      // Windows start before the padding behind the end.
      count = Dim::min(count, Dim::ceil_divide(spatial[d] + Dim(pad_begin(d)), Dim(stride(d))));
    }
    counts.push_back(std::move(count));
  }
  return counts;
}

Window::Pads Window::pads_for(const Shape& spatial, const Shape& kernel) const {
  Pads pads;
  for (size_t d = 0; d < spatial.size(); ++d) {
    auto [begin, end] = std::pair(pad_begin(d), pad_end(d));
    if (auto_pad != AutoPad::kNone) {
      std::tie(begin, end) = same_pads(spatial[d], (kernel[d] - 1) * dilation(d) + 1, stride(d), auto_pad == AutoPad::kSameUpper);
    }
    pads.begin.push_back(begin);
    pads.end.push_back(end);
  }
  return pads;
}

Result<Window> window_from_onnx(const OnnxNode& node, const Dims& spatial, const Shape& kernel) {
  Window window;
  TRY_ASSIGN(window.strides, node.integers("strides", {}));
  TRY_ASSIGN(window.dilations, node.integers("dilations", {}));
  TRY_ASSIGN(std::vector<int64_t> pads, node.integers("pads", {}));
  TRY_ASSIGN(std::string mode, node.word("auto_pad", "NOTSET"));
  if (mode == "SAME_UPPER" || mode == "SAME_LOWER") {
    window.auto_pad = mode == "SAME_UPPER" ? AutoPad::kSameUpper : AutoPad::kSameLower;
  } else if (mode == "NOTSET" || mode == "") {
    if (!pads.empty() && pads.size() != 2 * spatial.size()) {
      return invalid(fmt::format("there are {} pads for {} spatial dimensions; two each are wanted", pads.size(), spatial.size()));
    }
    const auto half = pads.begin() + static_cast<int64_t>(pads.size() / 2);
    window.pads_begin.assign(pads.begin(), half);
    window.pads_end.assign(half, pads.end());
  } else if (mode != "VALID") {
    return invalid("auto_pad is '" + mode + "'; it is NOTSET, SAME_UPPER, SAME_LOWER or VALID");
  }
  TRY(window.check_window(spatial.size()));
  if (window.auto_pad != AutoPad::kNone && all_constant(spatial)) {
    Window::Pads fixed = window.pads_for(constant_shape(spatial), kernel);
    window.pads_begin = std::move(fixed.begin);
    window.pads_end = std::move(fixed.end);
    window.auto_pad = AutoPad::kNone;
  }
  return window;
}

}  // namespace ingot
