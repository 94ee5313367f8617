// Depthwise rows by templates: V is a vector of vector_math_<isa>.h, kType the input's element type.
#pragma once

#include "tactics/cpu/depthwise_kernel.h"
#include "tactics/cpu/tile_finish.h"

namespace ingot {
namespace {

template <DataType kType>
constexpr int64_t kElementBytes = kType == DataType::kFloat  ? 4
                                  : kType == DataType::kBf16 ? 2
                                                             : 1;

INGOT_INLINE int64_t bytes_of_element(DataType type) {
  return type == DataType::kFloat ? 4 : type == DataType::kBf16 || type == DataType::kHalf ? 2 : 1;
}

template <class V, DataType kType>
INGOT_INLINE typename V::Float load_all(const void* p) {
  if constexpr (kType == DataType::kFloat) return V::load(static_cast<const float*>(p));
  if constexpr (kType == DataType::kBf16) return V::load_bf16(static_cast<const uint16_t*>(p));
  if constexpr (kType == DataType::kUint8) return V::load_uint8(static_cast<const uint8_t*>(p));
  return V::load_int8(static_cast<const int8_t*>(p));
}
template <class V, DataType kType>
INGOT_INLINE void store_all(void* p, typename V::Float x) {
  if constexpr (kType == DataType::kFloat)
    V::store(static_cast<float*>(p), x);
  else if constexpr (kType == DataType::kBf16)
    V::store_bf16(static_cast<uint16_t*>(p), x);
  else
    V::store_int8(static_cast<int8_t*>(p), x);
}

constexpr int kMostStrip = 6;  // outputs

// What a strip of outputs reads: `line` addresses are those of its first tap.
struct StripPlace {
  int64_t input, first_tap, taps;  // pixel of the first tap; kernel columns in use
  int64_t output;                  // pixel
};

// Everything but plain epilogues, out of the way of the loops: `sums` [outputs][lanes].
template <class V>
__attribute__((noinline)) void finish_strip(const DepthwiseRow& row, float* sums, int outputs, int64_t pixel, int64_t channel, int lanes) {
  using F = typename V::Float;
  const Finish& finish = *row.finish;
  const F bias = V::load(finish.bias + channel), scale = finish.scale ? V::load(finish.scale + channel) : V::set(1.0f);
  if (finish.is_snapped && lanes == V::kLanes) {
    const SnappedFinish<V> done(finish);
    for (int t = 0; t < outputs; ++t) {
      const int64_t at = (pixel + t) * row.channels + channel;
      done(V::mul(V::load(sums + t * lanes), scale), bias, static_cast<int8_t*>(row.output) + at,
           done.has_residual ? static_cast<const int8_t*>(row.residual) + at : nullptr);
    }
    return;
  }
  const Snapper<V> snap(finish.snaps[Finish::kSum]);
  void* targets[kMostStrip];
  const void* residuals[kMostStrip];
  for (int t = 0; t < outputs; ++t) {
    const int64_t at = (pixel + t) * row.channels;
    targets[t] = static_cast<char*>(row.output) + at * bytes_of_element(finish.output);
    residuals[t] = static_cast<const char*>(row.residual) + at * bytes_of_element(finish.residual);
    const F x = V::add(snap(V::mul(V::load(sums + t * lanes, lanes), scale)), bias);
    if (finish.activation == Activation::kProgram)
      V::store(sums + t * lanes, x, lanes);
    else
      finish_sum<V>(finish, x, targets[t], residuals[t], channel, lanes);
  }
  if (finish.activation == Activation::kProgram) finish_program<V>(finish, sums, outputs, lanes, targets, residuals, channel);
}

// kOutputs neighbouring outputs of channels [channel, channel + lanes). kTaps and kStride are 0 where they are known at run time only;
// else each input pixel is loaded once for all the outputs that read it, and all lanes are there. Of these pixels the first kBefore and
// the last kBehind lie outside the image.
template <class V, DataType kType, int kTaps, int kStride, int kOutputs, int kBefore = 0, int kBehind = 0>
INGOT_INLINE void run_strip(const DepthwiseRow& row, const StripPlace& place, int64_t channel, int lanes) {
  using F = typename V::Float;
  constexpr bool kIsByte = kType == DataType::kInt8 || kType == DataType::kUint8;
  F sum[kOutputs];
#pragma GCC unroll 8
  for (int t = 0; t < kOutputs; ++t) sum[t] = V::zero();
  const int64_t pixel = row.channels * kElementBytes<kType>;
  for (int line = 0; line < row.line_count; ++line) {
    const char* x = static_cast<const char*>(row.lines[line]) + place.input * pixel + channel * kElementBytes<kType>;
    const float* w = row.weights[line] + place.first_tap * row.weight_stride + channel;
    if constexpr (kTaps > 0) {
      F weight[kTaps];
#pragma GCC unroll 8
      for (int tap = 0; tap < kTaps; ++tap) weight[tap] = V::load(w + tap * row.weight_stride);
#pragma GCC unroll 32
      for (int i = kBefore; i < (kOutputs - 1) * kStride + kTaps - kBehind; ++i) {
        const F value = load_all<V, kType>(x + i * pixel);
#pragma GCC unroll 8
        for (int t = 0; t < kOutputs; ++t) {
          const int tap = i - t * kStride;
          if (tap >= 0 && tap < kTaps) sum[t] = V::fma(value, weight[tap], sum[t]);
        }
      }
    } else {
      for (int64_t tap = 0; tap < place.taps; ++tap) {
        const F weight = V::load(w + tap * row.weight_stride);
        const char* at = x + tap * row.dilation * pixel;
#pragma GCC unroll 8
        for (int t = 0; t < kOutputs; ++t) sum[t] = V::fma(load_as_float<V>(kType, at + t * row.stride * pixel, 0, lanes), weight, sum[t]);
      }
    }
  }
  const Finish& finish = *row.finish;
  if (kTaps > 0 && finish.is_plain) {
    const F bias = V::load(finish.bias + channel), low = V::set(finish.low), high = V::set(finish.high);
    const F scale = kIsByte ? V::load(finish.scale + channel) : V::zero(), residual_scale = V::set(finish.residual_scale);
#pragma GCC unroll 8
    for (int t = 0; t < kOutputs; ++t) {
      const int64_t at = ((place.output + t) * row.channels + channel) * kElementBytes<kType>;
      F y = V::add(kIsByte ? V::mul(sum[t], scale) : sum[t], bias);
      if (finish.has_residual) {
        const F residual = load_all<V, kType>(static_cast<const char*>(row.residual) + at);
        y = V::add(y, kIsByte ? V::mul(residual, residual_scale) : residual);
      }
      store_all<V, kType>(static_cast<char*>(row.output) + at, V::min(high, V::max(low, y)));
    }
    return;
  }
  alignas(64) float sums[kOutputs * V::kLanes];
#pragma GCC unroll 8
  for (int t = 0; t < kOutputs; ++t) V::store(sums + t * lanes, sum[t], lanes);
  finish_strip<V>(row, sums, kOutputs, place.output, channel, lanes);
}

// The output at `x` with the taps that lie inside.
INGOT_INLINE StripPlace place_of(const DepthwiseRow& row, int64_t x) {
  const int64_t start = x * row.stride - row.pad;
  const int64_t tap = start < 0 ? (-start + row.dilation - 1) / row.dilation : 0;
  int64_t end = row.input_width - 1 < start ? 0 : (row.input_width - 1 - start) / row.dilation + 1;
  if (end > row.taps) end = row.taps;
  return {start + tap * row.dilation, tap, end > tap ? end - tap : 0, x};
}

// The outputs from `first` on.
template <class V, DataType kType, int kTaps, int kStride, int kOutputs, int kBefore = 0, int kBehind = 0>
__attribute__((noinline)) void run_channels(const DepthwiseRow& row, int64_t first) {
  int64_t channel = row.first_channel;
  const StripPlace place = kTaps > 0 ? StripPlace{first * row.stride - row.pad, 0, row.taps, first} : place_of(row, first);
  for (; channel + V::kLanes <= row.last_channel; channel += V::kLanes)
    run_strip<V, kType, kTaps, kStride, kOutputs, kBefore, kBehind>(row, place, channel, V::kLanes);
  if (channel < row.last_channel) {
    for (int t = 0; t < kOutputs; ++t)
      run_strip<V, kType, 0, 0, 1>(row, place_of(row, first + t), channel, static_cast<int>(row.last_channel - channel));
  }
}

// How many of `left` outputs the next strip has: 8 are 4 + 4, 7 are 4 + 3, no strip of one where two of some length do.
INGOT_INLINE int64_t strip_length(int64_t left) { return left == 6 || left >= 9 ? 6 : left >= 4 ? 4 : left; }

template <class V, DataType kType, int kTaps, int kStride, int kBefore, int kBehind>
INGOT_INLINE void run_strip_of(const DepthwiseRow& row, int64_t first, int64_t length) {
  switch (length) {
    case 6: return run_channels<V, kType, kTaps, kStride, 6, kBefore, kBehind>(row, first);
    case 4: return run_channels<V, kType, kTaps, kStride, 4, kBefore, kBehind>(row, first);
    case 3: return run_channels<V, kType, kTaps, kStride, 3, kBefore, kBehind>(row, first);
    case 2: return run_channels<V, kType, kTaps, kStride, 2, kBefore, kBehind>(row, first);
    default: return run_channels<V, kType, kTaps, kStride, 1, kBefore, kBehind>(row, first);
  }
}

// The outputs [first, last), whose taps all lie inside.
template <class V, DataType kType, int kTaps, int kStride>
void run_inside(const DepthwiseRow& row, int64_t first, int64_t last) {
  for (int64_t at = first; at < last;) {
    const int64_t length = strip_length(last - at);
    run_strip_of<V, kType, kTaps, kStride, 0, 0>(row, at, length);
    at += length;
  }
}

// All outputs of a row of the common form: one pixel of padding before it and at most one behind it that is read, three taps.
template <class V, DataType kType, int kStride>
bool run_padded(const DepthwiseRow& row) {
  const int64_t behind = (row.output_width - 1) * row.stride - row.pad + row.taps - row.input_width;
  if (row.pad != 1 || behind > 1 || strip_length(row.output_width) == row.output_width) return false;  // no strip has both borders
  for (int64_t at = 0; at < row.output_width;) {
    const int64_t length = strip_length(row.output_width - at);
    if (at == 0)
      run_strip_of<V, kType, 3, kStride, 1, 0>(row, at, length);
    else if (at + length == row.output_width && behind == 1)
      run_strip_of<V, kType, 3, kStride, 0, 1>(row, at, length);
    else
      run_strip_of<V, kType, 3, kStride, 0, 0>(row, at, length);
    at += length;
  }
  return true;
}

template <class V, DataType kType>
void run_depthwise_row(const DepthwiseRow& row) {
  // Unsigned bytes are rare: the general loop serves them.
  constexpr bool kIsCommon = kType != DataType::kUint8;
  const bool is_dense = kIsCommon && row.dilation == 1;
  if constexpr (kIsCommon) {
    if (is_dense && row.taps == 3 && row.stride == 1 && run_padded<V, kType, 1>(row)) return;
    if (is_dense && row.taps == 3 && row.stride == 2 && run_padded<V, kType, 2>(row)) return;
  }
  const int64_t reach = (row.taps - 1) * row.dilation;
  // Outputs [first, last) whose taps all lie inside.
  const int64_t first = row.pad > 0 ? (row.pad + row.stride - 1) / row.stride : 0;
  const int64_t room = row.input_width - 1 - reach + row.pad;
  const int64_t last = room < 0 ? first : room / row.stride + 1 < row.output_width ? room / row.stride + 1 : row.output_width;
  for (int64_t x = 0; x < row.output_width; ++x) {
    if (x == first && first < last) {
      if constexpr (!kIsCommon)
        run_inside<V, kType, 0, 0>(row, first, last);
      else if (is_dense && row.taps == 3 && row.stride == 1)
        run_inside<V, kType, 3, 1>(row, first, last);
      else if (is_dense && row.taps == 3 && row.stride == 2)
        run_inside<V, kType, 3, 2>(row, first, last);
      else if (is_dense && row.taps == 5 && row.stride == 1)
        run_inside<V, kType, 5, 1>(row, first, last);
      else if (is_dense && row.taps == 5 && row.stride == 2)
        run_inside<V, kType, 5, 2>(row, first, last);
      else
        run_inside<V, kType, 0, 0>(row, first, last);
      x = last;
      if (x >= row.output_width) break;
    }
    run_channels<V, kType, 0, 0, 1>(row, x);
  }
}

template <class V>
DepthwiseKernel depthwise_kernel_of(DataType input) {
  switch (input) {
    case DataType::kFloat: return run_depthwise_row<V, DataType::kFloat>;
    case DataType::kBf16: return run_depthwise_row<V, DataType::kBf16>;
    case DataType::kInt8: return run_depthwise_row<V, DataType::kInt8>;
    case DataType::kUint8: return run_depthwise_row<V, DataType::kUint8>;
    default: return nullptr;
  }
}

}  // namespace
}  // namespace ingot
