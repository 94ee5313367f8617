// Tile kernels by templates: P says how a 32-bit unit of A meets a vector of B (float, pairs of bf16, four bytes).
#pragma once

#include <cstring>

#include "tactics/cpu/tile_finish.h"

namespace ingot {
namespace {

// P: V (vector type), Sum and B (registers), kBytes (of B's register), kUnit, kInteger, zero(), load(p), broadcast(p), broadcast_bits(u),
// multiply_add(sum, a, b), add_bias(sum, bias, finish, column), store_sum(p, sum), and natural loads and stores of its output type.

// sums += A * B over one tap.
template <class P, int kRows, int kVectors>
INGOT_INLINE const char* add_tap(typename P::Sum (&sum)[kRows][kVectors], const void* const* a, const char* b, int64_t b_stride,
                                 int64_t k) {
  const char* row[kRows];
#pragma GCC unroll 32
  for (int m = 0; m < kRows; ++m) row[m] = static_cast<const char*>(a[m]);
  const int64_t bytes = k / P::kUnit * 4;
  int64_t at = 0;
  // Two units at once: the rows' addresses are reloaded half as often.
  for (; at + 8 <= bytes; at += 8, b += 2 * b_stride) {
    typename P::B b0[kVectors], b1[kVectors];
#pragma GCC unroll 4
    for (int v = 0; v < kVectors; ++v) {
      b0[v] = P::load(b + v * P::kBytes);
      b1[v] = P::load(b + b_stride + v * P::kBytes);
    }
#pragma GCC unroll 32
    for (int m = 0; m < kRows; ++m) {
      auto a0 = P::broadcast(row[m] + at);
#pragma GCC unroll 4
      for (int v = 0; v < kVectors; ++v) sum[m][v] = P::multiply_add(sum[m][v], a0, b0[v]);
      auto a1 = P::broadcast(row[m] + at + 4);
#pragma GCC unroll 4
      for (int v = 0; v < kVectors; ++v) sum[m][v] = P::multiply_add(sum[m][v], a1, b1[v]);
    }
  }
  if (at < bytes) {
    typename P::B b0[kVectors];
#pragma GCC unroll 4
    for (int v = 0; v < kVectors; ++v) b0[v] = P::load(b + v * P::kBytes);
#pragma GCC unroll 32
    for (int m = 0; m < kRows; ++m) {
      auto a0 = P::broadcast(row[m] + at);
#pragma GCC unroll 4
      for (int v = 0; v < kVectors; ++v) sum[m][v] = P::multiply_add(sum[m][v], a0, b0[v]);
    }
    at += 4;
    b += b_stride;
  }
  if constexpr (P::kUnit == 1) return b;
  if (k % P::kUnit != 0) {
    // The last unit is short; what stands behind A's row is not ours to read.
    const int64_t left = k % P::kUnit;
    typename P::B b0[kVectors];
#pragma GCC unroll 4
    for (int v = 0; v < kVectors; ++v) b0[v] = P::load(b + v * P::kBytes);
#pragma GCC unroll 32
    for (int m = 0; m < kRows; ++m) {
      const auto* rest = reinterpret_cast<const uint8_t*>(row[m] + at);
      uint32_t unit = rest[0];
      if constexpr (P::kUnit == 2) {
        unit |= static_cast<uint32_t>(rest[1]) << 8;
      } else {
        if (left > 1) unit |= static_cast<uint32_t>(rest[1]) << 8;
        if (left > 2) unit |= static_cast<uint32_t>(rest[2]) << 16;
      }
      auto a0 = P::broadcast(reinterpret_cast<const char*>(&unit));
#pragma GCC unroll 4
      for (int v = 0; v < kVectors; ++v) sum[m][v] = P::multiply_add(sum[m][v], a0, b0[v]);
    }
    b += b_stride;
  }
  return b;
}

// Some lanes of what P's products store where they are plain.
template <class P>
INGOT_INLINE typename P::V::Float load_natural(const void* row, int64_t at, int count) {
  return load_as_float<typename P::V>(P::kInteger ? DataType::kInt8 : P::kUnit == 1 ? DataType::kFloat : DataType::kBf16, row, at, count);
}
template <class P>
INGOT_INLINE void store_natural(void* row, int64_t at, typename P::V::Float x, int count) {
  store_from_float<typename P::V>(P::kInteger ? DataType::kInt8 : P::kUnit == 1 ? DataType::kFloat : DataType::kBf16, row, at, x, count);
}

// The columns from `first` on: kVectors registers of them.
template <class P, int kRows, int kVectors>
__attribute__((noinline)) void run_tile(const Tile& tile, int first) {
  using V = typename P::V;
  constexpr int kColumns = kVectors * V::kLanes;
  typename P::Sum sum[kRows][kVectors];
#pragma GCC unroll 32
  for (int m = 0; m < kRows; ++m) {
#pragma GCC unroll 4
    for (int v = 0; v < kVectors; ++v) sum[m][v] = P::zero();
  }
  const char* b = static_cast<const char*>(tile.b) + first * 4;
  const void* const* a = tile.a;
  for (int64_t tap = 0; tap < tile.taps; ++tap, a += tile.a_stride) {
    if (tile.b_taps != 0 && tap == tile.b_taps) b = static_cast<const char*>(tile.b) + first * 4;
    b = add_tap<P, kRows, kVectors>(sum, a, b, tile.b_stride, tile.k);
  }

  const Finish& finish = *tile.finish;
  const int64_t column = tile.column + first, panel_column = tile.panel_column + first;
  if (finish.is_plain) {
    const auto low = V::set(finish.low), high = V::set(finish.high), residual_scale = V::set(finish.residual_scale);
#pragma GCC unroll 4
    for (int v = 0; v < kVectors; ++v) {
      const int64_t at = column + v * V::kLanes, in_panels = panel_column + v * V::kLanes;
      const int left = tile.columns - first - v * V::kLanes;
      if (left <= 0) break;
      const auto bias = V::load(finish.bias + in_panels);
      if (left >= V::kLanes) {
#pragma GCC unroll 32
        for (int m = 0; m < kRows; ++m) {
          auto x = P::add_bias(sum[m][v], bias, finish, in_panels);
          if (finish.has_residual) {
            auto residual = P::load_output(tile.residual[m], at);
            x = V::add(x, P::kInteger ? V::mul(residual, residual_scale) : residual);
          }
          P::store_output(tile.c[m], at, V::min(high, V::max(low, x)));
        }
      } else {
#pragma GCC unroll 32
        for (int m = 0; m < kRows; ++m) {
          auto x = P::add_bias(sum[m][v], bias, finish, in_panels);
          if (finish.has_residual) {
            auto residual = load_natural<P>(tile.residual[m], at, left);
            x = V::add(x, P::kInteger ? V::mul(residual, residual_scale) : residual);
          }
          store_natural<P>(tile.c[m], at, V::min(high, V::max(low, x)), left);
        }
      }
    }
    return;
  }
  alignas(64) float buffer[kRows * kColumns];
#pragma GCC unroll 32
  for (int m = 0; m < kRows; ++m) {
#pragma GCC unroll 4
    for (int v = 0; v < kVectors; ++v) P::store_sum(buffer + m * kColumns + v * V::kLanes, sum[m][v]);
  }
  const int count = tile.columns - first < kColumns ? tile.columns - first : kColumns;
  finish_tile<V>(tile, buffer, kColumns, first, count, P::kInteger);
}

template <class P, int kRows, int kVectors>
INGOT_INLINE void run_columns(const Tile& tile) {
  constexpr int kColumns = kVectors * P::V::kLanes;
  for (int first = 0; first < tile.columns; first += kColumns) {
    if constexpr (kVectors == 2) {
      if (tile.columns - first <= kColumns / 2) {  // half of the registers would hold nothing
        run_tile<P, kRows, 1>(tile, first);
        return;
      }
    }
    run_tile<P, kRows, kVectors>(tile, first);
  }
}

// A kernel for any number of rows up to kMostRows.
template <class P, int kMostRows, int kVectors>
void run_rows(const Tile& tile) {
  static_assert(kMostRows <= 12);
  switch (tile.rows) {
#define INGOT_ROWS(rows)                                                   \
  case rows:                                                               \
    if constexpr (rows <= kMostRows) run_columns<P, rows, kVectors>(tile); \
    break;
    INGOT_ROWS(1)
    INGOT_ROWS(2)
    INGOT_ROWS(3)
    INGOT_ROWS(4) INGOT_ROWS(5) INGOT_ROWS(6) INGOT_ROWS(7) INGOT_ROWS(8) INGOT_ROWS(9) INGOT_ROWS(10) INGOT_ROWS(11) INGOT_ROWS(12)
#undef INGOT_ROWS
  }
}

}  // namespace
}  // namespace ingot
