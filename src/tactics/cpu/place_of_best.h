// Where the best element of a row of floats stands.
#pragma once

#include "tactics/cpu/line_loops.h"
#include "tactics/cpu/row_kernels.h"

namespace ingot {

// The first place of the largest (smallest) of `count` floats, at least one, and its value; negative where one is NaN, which needs a look
// at each.
inline int64_t place_of_best(const RowKernels& kernels, const LineLoops& loops, const float* x, int64_t count, bool smallest, float* best) {
  const float value = kernels.reduce(smallest ? RowSum::kMin : RowSum::kMax, x, count);
  if (value != value) return -1;
  *best = value;
  return loops.find(x, count, value);
}

}  // namespace ingot
