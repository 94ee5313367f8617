// Kernels over rows and columns of floats: softmax, normalization, reduction, pooling. One table for each instruction set.
#pragma once

#include <cstdint>

#include "base/data_type.h"

namespace ingot {

enum class RowSum : uint8_t { kSum, kMax, kMin, kProduct, kL1, kSquares };

struct RowKernels {
  // y = softmax(x) or log softmax(x); y may be x.
  void (*softmax)(const float* x, float* y, int64_t count, bool log);
  // The same down `count` rows of `width` columns; `scratch` holds 2 * width floats. y may be x.
  void (*softmax_columns)(const float* x, int64_t x_stride, float* y, int64_t y_stride, int64_t count, int64_t width, bool log,
                          float* scratch);
  // x = the weights of one row of attention: softmax(scale * x + added), `added` null for 0. Where `added` is -infinity the weight is 0,
  // whatever x is; a row without any other gives zeros.
  void (*attention_weights)(float* x, int64_t count, float scale, const float* added);
  // Mean and population variance of a row, in two passes.
  void (*moments)(const float* x, int64_t count, float* mean, float* variance);
  // y = (x - mean) * factor * scale + bias, scale and bias by element, null for 1 and 0. y may be x.
  void (*normalize)(const float* x, float mean, float factor, const float* scale, const float* bias, float* y, int64_t count);
  // y = (x - mean) * factor + bias. y may be x.
  void (*normalize_evenly)(const float* x, float mean, float factor, float bias, float* y, int64_t count);

  // The sum (maximum ...) of a row of at least one element. A NaN comes through.
  float (*reduce)(RowSum kind, const float* x, int64_t count);
  // total[j] = total[j] combined with x[0][j], x[1][j] ... of `count` rows.
  void (*reduce_columns)(RowSum kind, const float* x, int64_t stride, int64_t count, float* total, int64_t width);
  // Sum of e^(x - largest).
  float (*sum_exp)(const float* x, int64_t count, float largest);
  void (*sum_exp_columns)(const float* x, int64_t stride, int64_t count, const float* largest, float* total, int64_t width);
};

const RowKernels& row_kernels();
const RowKernels& row_kernels_portable();
const RowKernels& row_kernels_avx2();
const RowKernels& row_kernels_avx512();

// out[j] = the largest of taps[0][j], taps[1][j] ..., or their sum / divisor; rows of `count` elements. A NaN comes through.
using PoolTaps = void (*)(const void* const* taps, int64_t tap_count, void* out, int64_t count, float divisor);
// For float, half, bf16, int8 and uint8; null for others. Integer averages round half to even.
PoolTaps pool_taps(DataType type, bool average);

// out[j] = the sum of weights[t] * rows[t][j]. out may be rows[0].
using BlendRows = void (*)(const float* const* rows, const float* weights, int64_t row_count, float* out, int64_t count);
BlendRows blend_rows();
BlendRows blend_rows_portable();
BlendRows blend_rows_avx2();
BlendRows blend_rows_avx512();
PoolTaps pool_taps_portable(DataType type, bool average);
PoolTaps pool_taps_avx2(DataType type, bool average);
PoolTaps pool_taps_avx512(DataType type, bool average);

}  // namespace ingot
