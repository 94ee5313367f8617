// Lines of a tensor along one axis: what softmax, argmax, cumulative sums and their kin loop over.
#pragma once

#include "network/array.h"

namespace ingot {

// Element k of line (before, after) stands at (before * length + k) * after_count + after.
struct AxisLines {
  int64_t before_count = 1, length = 1, after_count = 1;

  // `axis` is normalized.
  AxisLines(const Shape& shape, int64_t axis) {
    for (size_t d = 0; d < shape.size(); ++d) {
      (static_cast<int64_t>(d) < axis ? before_count : static_cast<int64_t>(d) == axis ? length : after_count) *= shape[d];
    }
  }
  // Calls function(first, step): element k stands at first + k * step.
  template <class Function>
  void each(Function function) const {
    for (int64_t before = 0; before < before_count; ++before) {
      for (int64_t after = 0; after < after_count; ++after) function(before * length * after_count + after, after_count);
    }
  }
};

}  // namespace ingot
