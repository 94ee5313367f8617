// Plain loops along a line of numbers, for tactics that need no more of an instruction set than these.
#pragma once

#include <cstdint>

namespace ingot {

struct LineLoops {
  // The first place where x is `value`, and `count` where it is nowhere.
  int64_t (*find)(const float* x, int64_t count, float value);
  // The first place from `from` on where x is not below `bound` (not above it), NaN among them, and `count` where there is none.
  int64_t (*next_not_below)(const float* x, int64_t from, int64_t count, float bound);
  int64_t (*next_not_above)(const float* x, int64_t from, int64_t count, float bound);
  // y[i] = start + (first + i) * delta, in double, for first + i below 2^52.
  void (*steps)(double start, double delta, int64_t first, float* y, int64_t count);
  // The same for integers, which wrap around.
  void (*whole_steps)(int64_t start, int64_t delta, int64_t first, int64_t* y, int64_t count);
  void (*short_steps)(int64_t start, int64_t delta, int64_t first, int32_t* y, int64_t count);
  // y[2 i + k] = base[k] + slope[k] * at[i] for k < 2.
  void (*pairs)(const double* at, const double* base, const double* slope, float* y, int64_t count);
  // to[p * room + i] = x[i * ways + p] for p < ways, i < room.
  void (*deal)(const float* x, int64_t ways, float* to, int64_t room);
  // y[i] += x[i]
  void (*add)(const float* x, float* y, int64_t count);
  // y[i] /= factor * by[i]
  void (*divide)(const float* by, float factor, float* y, int64_t count);
  // to[i] = x[i] / by[i]
  void (*ratios)(const float* x, const float* by, float* to, int64_t count);
  // x[i] = round(x[i]) + zeros[i * step] for a step of 0 or 1, with x cut at +-2^22; NaN becomes 0.
  void (*round_and_add)(float* x, const float* zeros, int64_t step, int64_t count);
  // to[i] = (x[i] - zeros[i]) * by[i]
  void (*scaled_differences)(const float* x, const float* zeros, const float* by, float* to, int64_t count);
  // y[i] += |x[i]|^p for p of 1 and 2.
  void (*add_powers)(const float* x, int64_t p, double* y, int64_t count);
};
const LineLoops& line_loops();
const LineLoops& line_loops_avx2();
const LineLoops& line_loops_avx512();

}  // namespace ingot
