// The loops of line_loops.h, plain enough for the compiler to make vectors of; each instruction set's file compiles its own.
#pragma once

#include <cmath>

#include "tactics/cpu/line_loops.h"

namespace ingot {
namespace {

struct LineBody {
  static int64_t find(const float* x, int64_t count, float value) {
    constexpr int64_t kBlock = 64;
    int64_t i = 0;
    for (; i + kBlock <= count; i += kBlock) {
      int any = 0;
      for (int64_t k = 0; k < kBlock; ++k) any |= x[i + k] == value ? 1 : 0;
      if (any) break;
    }
    while (i < count && x[i] != value) ++i;
    return i;
  }
  template <bool kBelow>
  static int64_t next_not(const float* x, int64_t from, int64_t count, float bound) {
    constexpr int64_t kBlock = 32;
    int64_t i = from;
    const auto passes = [bound](float value) { return kBelow ? !(value < bound) : !(value > bound); };
    for (; i + kBlock <= count; i += kBlock) {
      int any = 0;
      for (int64_t k = 0; k < kBlock; ++k) any |= passes(x[i + k]) ? 1 : 0;
      if (any) break;
    }
    while (i < count && !passes(x[i])) ++i;
    return i;
  }
  // Of doubles that are whole, so that each place is exact.
  static void steps(double start, double delta, int64_t first, float* y, int64_t count) {
    constexpr int64_t kBlock = 1 << 20;
    for (int64_t done = 0; done < count; done += kBlock) {
      const auto from = static_cast<double>(first + done);
      const int rest = static_cast<int>(count - done < kBlock ? count - done : kBlock);
      float* to = y + done;
      for (int i = 0; i < rest; ++i) to[i] = static_cast<float>(start + (from + static_cast<double>(i)) * delta);
    }
  }
  template <class T>
  static void integer_steps(int64_t start, int64_t delta, int64_t first, T* y, int64_t count) {
    const auto step = static_cast<uint64_t>(delta);
    uint64_t value = static_cast<uint64_t>(start) + static_cast<uint64_t>(first) * step;
    for (int64_t i = 0; i < count; ++i, value += step) y[i] = static_cast<T>(value);
  }
  static void pairs(const double* __restrict at, const double* base, const double* slope, float* __restrict y, int64_t count) {
    const double b0 = base[0], b1 = base[1], s0 = slope[0], s1 = slope[1];
    for (int64_t i = 0; i < count; ++i) {
      y[2 * i] = static_cast<float>(b0 + s0 * at[i]);
      y[2 * i + 1] = static_cast<float>(b1 + s1 * at[i]);
    }
  }
  static void deal(const float* __restrict x, int64_t ways, float* __restrict to, int64_t room) {
    if (ways == 2) {
      float* odd = to + room;
      for (int64_t i = 0; i < room; ++i) {
        to[i] = x[2 * i];
        odd[i] = x[2 * i + 1];
      }
      return;
    }
    for (int64_t p = 0; p < ways; ++p) {
      for (int64_t i = 0; i < room; ++i) to[p * room + i] = x[i * ways + p];
    }
  }
  static void add(const float* __restrict x, float* __restrict y, int64_t count) {
    for (int64_t i = 0; i < count; ++i) y[i] += x[i];
  }
  static void divide(const float* __restrict by, float factor, float* __restrict y, int64_t count) {
    for (int64_t i = 0; i < count; ++i) y[i] /= factor * by[i];
  }
  static void ratios(const float* __restrict x, const float* __restrict by, float* __restrict to, int64_t count) {
    for (int64_t i = 0; i < count; ++i) to[i] = x[i] / by[i];
  }
  // Half to even by the sum with 1.5 * 2^23, whose last bit is worth 1.
  static __attribute__((always_inline)) float rounded(float x, float zero) {
    constexpr float kWhole = 4194304.0f, kMagic = 12582912.0f;
    const float above = x < -kWhole ? -kWhole : x, inside = above > kWhole ? kWhole : above;
    return x == x ? ((inside + kMagic) - kMagic) + zero : 0.0f;
  }
  static void round_and_add(float* __restrict x, const float* __restrict zeros, int64_t step, int64_t count) {
    if (step == 0) {
      const float zero = zeros[0];
      for (int64_t i = 0; i < count; ++i) x[i] = rounded(x[i], zero);
    } else {
      for (int64_t i = 0; i < count; ++i) x[i] = rounded(x[i], zeros[i]);
    }
  }
  static void scaled_differences(const float* __restrict x, const float* __restrict zeros, const float* __restrict by, float* __restrict to,
                                 int64_t count) {
    for (int64_t i = 0; i < count; ++i) to[i] = (x[i] - zeros[i]) * by[i];
  }
  static void add_powers(const float* __restrict x, int64_t p, double* __restrict y, int64_t count) {
    if (p == 1) {
      for (int64_t i = 0; i < count; ++i) y[i] += static_cast<double>(std::fabs(x[i]));
    } else {
      for (int64_t i = 0; i < count; ++i) y[i] += static_cast<double>(x[i]) * static_cast<double>(x[i]);
    }
  }
  static const LineLoops& table() {
    static constexpr LineLoops kTable{
        find,   next_not<true>, next_not<false>,    steps,     integer_steps<int64_t>, integer_steps<int32_t>, pairs, deal, add, divide,
        ratios, round_and_add,  scaled_differences, add_powers};
    return kTable;
  }
};

}  // namespace
}  // namespace ingot
