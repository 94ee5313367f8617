// Steps of walks down the rows of a matrix, for all columns of a row at once.
#pragma once

#include <cstdint>

namespace ingot {

struct ColumnSteps {
  // sums[i] = sums[i] + x[i], or * x[i]; y[i] is what sums[i] becomes, or was where it is exclusive. y may be x.
  using Running = void (*)(const float* x, double* sums, float* y, int64_t count);
  Running running[2][2];  // [multiplies][exclusive]
  // Where x[i] is better than best[i] it becomes that, and places[i] becomes `place`. Where the last of equals wins, what cannot be
  // compared (NaN) counts as equal.
  using Better = void (*)(const float* x, float* best, int32_t* places, int32_t place, int64_t count);
  Better better[2][2];  // [smallest][last]
  // y[i] = y[i] - factor * x[i]
  void (*subtract)(const double* x, double factor, double* y, int64_t count);
};
const ColumnSteps& column_steps();
const ColumnSteps& column_steps_portable();
const ColumnSteps& column_steps_avx2();
const ColumnSteps& column_steps_avx512();

}  // namespace ingot
