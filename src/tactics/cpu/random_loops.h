// Random numbers of operators/random.h, many at a time.
#pragma once

#include <cstdint>

namespace ingot {

struct RandomLoops {
  // y[i] = a + (b - a) * u(first + i), in double.
  void (*uniform)(int64_t seed, int64_t first, double a, double b, float* y, int64_t count);
  // y[i] = a + b * sqrt(-2 ln(1 - u(2 (first + i)))) * cos(2 pi u(2 (first + i) + 1)).
  void (*normal)(int64_t seed, int64_t first, float a, float b, float* y, int64_t count);
};
const RandomLoops& random_loops();
const RandomLoops& random_loops_avx2();
const RandomLoops& random_loops_avx512();

}  // namespace ingot
