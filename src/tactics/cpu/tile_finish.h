// The last steps of a tile, for all instruction sets: V is a vector of vector_math_<isa>.h.
#pragma once

#include "tactics/cpu/tile_kernel.h"
#include "tactics/cpu/vector_math.h"

namespace ingot {
namespace {

template <class V>
INGOT_INLINE typename V::Float load_as_float(DataType type, const void* row, int64_t index, int count) {
  switch (type) {
    case DataType::kBf16: return V::load_bf16(static_cast<const uint16_t*>(row) + index, count);
    case DataType::kHalf: return V::load_half(static_cast<const uint16_t*>(row) + index, count);
    case DataType::kInt8: return V::load_int8(static_cast<const int8_t*>(row) + index, count);
    case DataType::kUint8: return V::load_uint8(static_cast<const uint8_t*>(row) + index, count);
    default: return V::load(static_cast<const float*>(row) + index, count);
  }
}

template <class V>
INGOT_INLINE void store_from_float(DataType type, void* row, int64_t index, typename V::Float x, int count) {
  switch (type) {
    case DataType::kBf16: return V::store_bf16(static_cast<uint16_t*>(row) + index, x, count);
    case DataType::kHalf: return V::store_half(static_cast<uint16_t*>(row) + index, x, count);
    case DataType::kInt8: return V::store_int8(static_cast<int8_t*>(row) + index, x, count);
    case DataType::kUint8: return V::store_uint8(static_cast<uint8_t*>(row) + index, x, count);
    default: return V::store(static_cast<float*>(row) + index, x, count);
  }
}

template <class V>
INGOT_INLINE typename V::Float activate(const Finish& finish, typename V::Float x) {
  switch (finish.activation) {
    case Activation::kSigmoid: return vector_sigmoid<V>(x);
    case Activation::kTanh: return vector_tanh<V>(x);
    case Activation::kSilu: return vector_silu<V>(x);
    case Activation::kHardSwish: return vector_hard_swish<V>(x);
    case Activation::kHardSigmoid: return V::max(V::zero(), V::min(V::set(1.0f), V::add(V::mul(V::set(finish.a), x), V::set(finish.b))));
    case Activation::kLeakyRelu: return V::select(V::less(x, V::zero()), V::mul(V::set(finish.a), x), x);
    case Activation::kGelu: return vector_gelu<V>(x);
    case Activation::kGeluTanh: return vector_gelu_tanh<V>(x);
    default: return x;
  }
}

// One snap, made ready.
template <class V>
struct Snapper {
  float scale;
  typename V::Float factor, inverse;

  INGOT_INLINE explicit Snapper(float scale) : scale(scale), factor(V::set(scale)), inverse(V::set(scale == 0 ? 0 : 1 / scale)) {}
  INGOT_INLINE typename V::Float operator()(typename V::Float x) const {
    if (scale == 0) return x;
    return V::mul(V::max(V::set(-128.0f), V::min(V::set(127.0f), V::round(V::mul(x, inverse)))), factor);
  }
};

// What follows scale and bias, down to the store of lanes at element `at` of a row.
template <class V>
INGOT_INLINE void finish_sum(const Finish& finish, typename V::Float x, void* output, const void* residual_row, int64_t at, int lanes) {
  typename V::Float residual = V::zero();
  x = Snapper<V>(finish.snaps[Finish::kBeforeResidual])(x);
  if (finish.has_residual) {
    residual = V::mul(load_as_float<V>(finish.residual, residual_row, at, lanes), V::set(finish.residual_scale));
    if (!finish.residual_is_last) x = V::add(x, residual);
  }
  x = Snapper<V>(finish.snaps[Finish::kBehindResidual])(x);
  x = activate<V>(finish, x);
  x = V::min(V::set(finish.high), V::max(V::set(finish.low), x));
  x = Snapper<V>(finish.snaps[Finish::kBehindBounds])(x);
  if (finish.residual_is_last) x = V::add(x, residual);
  store_from_float<V>(finish.output, output, at, V::mul(x, V::set(finish.output_factor)), lanes);
}

// The same where `finish` is snapped, for whole vectors of int8: all that does not change from one to the next is read once.
template <class V>
struct SnappedFinish {
  Snapper<V> sum, before, behind, last;
  typename V::Float low, high, residual_scale, output_factor;
  bool has_residual, residual_is_last;

  INGOT_INLINE explicit SnappedFinish(const Finish& finish)
      : sum(finish.snaps[Finish::kSum]),
        before(finish.snaps[Finish::kBeforeResidual]),
        behind(finish.snaps[Finish::kBehindResidual]),
        last(finish.snaps[Finish::kBehindBounds]),
        low(V::set(finish.low)),
        high(V::set(finish.high)),
        residual_scale(V::set(finish.residual_scale)),
        output_factor(V::set(finish.output_factor)),
        has_residual(finish.has_residual),
        residual_is_last(finish.residual_is_last) {}
  // x: the scaled sum without its bias. `output` and `residual` are addresses of the vector.
  INGOT_INLINE void operator()(typename V::Float x, typename V::Float bias, int8_t* output, const int8_t* residual) const {
    x = before(V::add(sum(x), bias));
    typename V::Float added = V::zero();
    if (has_residual) {
      added = V::mul(V::load_int8(residual), residual_scale);
      if (!residual_is_last) x = V::add(x, added);
    }
    x = last(V::min(high, V::max(low, behind(x))));
    if (residual_is_last) x = V::add(x, added);
    V::store_int8(output, V::mul(x, output_factor));
  }
};

// The same for a block of values [rows][count], side by side, that an epilogue program computes: row r, element i goes to
// rows[r], element at + i. At most kMostProgramValues of them.
constexpr int kMostProgramValues = 12 * kPanelColumns;
template <class V>
void finish_program(const Finish& finish, float* values, int rows, int count, void* const* outputs, const void* const* residuals,
                    int64_t at) {
  float residual[kMostProgramValues] = {};
  for (int row = 0; finish.has_residual && row < rows; ++row) {
    for (int v = 0; v < count; v += V::kLanes) {
      const int lanes = count - v < V::kLanes ? count - v : V::kLanes;
      const auto x = load_as_float<V>(finish.residual, residuals[row], at + v, lanes);
      V::store(residual + row * count + v, V::mul(x, V::set(finish.residual_scale)), lanes);
    }
  }
  run_epilogue_program(*finish.program, values, residual, values, static_cast<int64_t>(rows) * count);
  for (int row = 0; row < rows; ++row) {
    for (int v = 0; v < count; v += V::kLanes) {
      const int lanes = count - v < V::kLanes ? count - v : V::kLanes;
      store_from_float<V>(finish.output, outputs[row], at + v,
                          V::mul(V::load(values + row * count + v, lanes), V::set(finish.output_factor)), lanes);
    }
  }
}

// Element `v` of row `row` of `sums` [rows][stride] (int32 where `integer`, else float), scaled and with its bias.
template <class V>
INGOT_INLINE typename V::Float scaled_sum(const Finish& finish, const void* sums, int64_t at, int64_t panel_column, bool integer) {
  typename V::Float x;
  if (integer)
    x = V::to_float(V::int_add(V::int_load(static_cast<const int32_t*>(sums) + at), V::int_load(finish.compensation + panel_column)));
  else
    x = V::load(static_cast<const float*>(sums) + at);
  if (finish.scale) x = V::mul(x, V::load(finish.scale + panel_column));
  return V::add(Snapper<V>(finish.snaps[Finish::kSum])(x), V::load(finish.bias + panel_column));
}

// Sums of int8 products whose `finish` is snapped; `count` is a multiple of the lanes.
template <class V>
__attribute__((noinline)) void finish_snapped_tile(const Tile& tile, const int32_t* sums, int stride, int first, int count) {
  const Finish& finish = *tile.finish;
  const SnappedFinish<V> done(finish);
  for (int v = 0; v < count; v += V::kLanes) {
    const int64_t column = tile.column + first + v, panel_column = tile.panel_column + first + v;
    const auto compensation = V::int_load(finish.compensation + panel_column);
    const auto scale = V::load(finish.scale + panel_column), bias = V::load(finish.bias + panel_column);
    for (int row = 0; row < tile.rows; ++row)
      done(V::mul(V::to_float(V::int_add(V::int_load(sums + row * stride + v), compensation)), scale), bias,
           static_cast<int8_t*>(tile.c[row]) + column,
           done.has_residual ? static_cast<const int8_t*>(tile.residual[row]) + column : nullptr);
  }
}

template <class V>
__attribute__((noinline)) void finish_tile_by_program(const Tile& tile, const void* sums, int stride, int first, int count, bool integer) {
  alignas(64) float values[kMostProgramValues] = {};
  for (int row = 0; row < tile.rows; ++row) {
    for (int v = 0; v < count; v += V::kLanes)
      V::store(values + row * count + v, scaled_sum<V>(*tile.finish, sums, row * stride + v, tile.panel_column + first + v, integer),
               count - v < V::kLanes ? count - v : V::kLanes);
  }
  finish_program<V>(*tile.finish, values, tile.rows, count, tile.c, tile.residual, tile.column + first);
}

// `sums` [rows][stride], the columns from `first` (in the tile) on, `count` of them; int32 where `integer`, else float.
template <class V>
__attribute__((noinline)) void finish_tile(const Tile& tile, const void* sums, int stride, int first, int count, bool integer) {
  const Finish& finish = *tile.finish;
  if (finish.activation == Activation::kProgram) return finish_tile_by_program<V>(tile, sums, stride, first, count, integer);
  if (finish.is_snapped && count % V::kLanes == 0)
    return finish_snapped_tile<V>(tile, static_cast<const int32_t*>(sums), stride, first, count);
  for (int row = 0; row < tile.rows; ++row) {
    for (int v = 0; v < count; v += V::kLanes) {
      const int lanes = count - v < V::kLanes ? count - v : V::kLanes;
      const int64_t column = tile.column + first + v, panel_column = tile.panel_column + first + v;
      if (finish.output == DataType::kInt32) {
        alignas(64) int32_t whole[16];
        V::int_store(whole, V::int_add(V::int_load(static_cast<const int32_t*>(sums) + row * stride + v),
                                       V::int_load(finish.compensation + panel_column)));
        for (int i = 0; i < lanes; ++i) static_cast<int32_t*>(tile.c[row])[column + i] = whole[i];
        continue;
      }
      finish_sum<V>(finish, scaled_sum<V>(finish, sums, row * stride + v, panel_column, integer), tile.c[row],
                    finish.has_residual ? tile.residual[row] : nullptr, column, lanes);
    }
  }
}

}  // namespace
}  // namespace ingot
