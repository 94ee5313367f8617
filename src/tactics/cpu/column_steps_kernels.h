// The loops of column_steps.h, plain enough for the compiler to make vectors of; each instruction set's file compiles its own.
#pragma once

#include "tactics/cpu/column_steps.h"

namespace ingot {
namespace {

struct ColumnLoops {
  template <bool kMultiplies, bool kExclusive>
  static void running(const float* x, double* __restrict sums, float* y, int64_t count) {
#pragma GCC ivdep
    for (int64_t i = 0; i < count; ++i) {
      const double before = sums[i], own = static_cast<double>(x[i]), after = kMultiplies ? before * own : before + own;
      sums[i] = after;
      y[i] = static_cast<float>(kExclusive ? before : after);
    }
  }
  template <bool kSmallest, bool kLast>
  static void better(const float* x, float* __restrict best, int32_t* __restrict places, int32_t place, int64_t count) {
    for (int64_t i = 0; i < count; ++i) {
      const float own = x[i], top = best[i];
      const bool wins = kLast ? (kSmallest ? !(own > top) : !(own < top)) : (kSmallest ? own < top : own > top);
      best[i] = wins ? own : top;
      places[i] = wins ? place : places[i];
    }
  }
  static void subtract(const double* __restrict x, double factor, double* __restrict y, int64_t count) {
    for (int64_t i = 0; i < count; ++i) y[i] -= factor * x[i];
  }
  static const ColumnSteps& table() {
    static constexpr ColumnSteps kTable{{{running<false, false>, running<false, true>}, {running<true, false>, running<true, true>}},
                                        {{better<false, false>, better<false, true>}, {better<true, false>, better<true, true>}},
                                        subtract};
    return kTable;
  }
};

}  // namespace
}  // namespace ingot
