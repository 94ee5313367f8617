// The kernels of row_kernels.h over vectors V; each instruction set's file makes its table.
#pragma once

#include "tactics/cpu/row_kernels.h"
#include "tactics/cpu/vector_math.h"

namespace ingot {
namespace {

template <class V>
struct RowBody {
  using F = typename V::Float;
  static constexpr int64_t kLanes = V::kLanes;
  static constexpr float kInfinity = __builtin_inff();

  // Takes `x` over `best` where it is larger or NaN; a NaN in `best` stays.
  static INGOT_INLINE F keep_max(F best, F x) { return V::select(V::is_nan(best), best, V::max(best, x)); }
  static INGOT_INLINE F keep_min(F best, F x) { return V::select(V::is_nan(best), best, V::min(best, x)); }

  template <RowSum kKind>
  static INGOT_INLINE F combine(F total, F x) {
    if constexpr (kKind == RowSum::kMax) return keep_max(total, x);
    if constexpr (kKind == RowSum::kMin) return keep_min(total, x);
    if constexpr (kKind == RowSum::kProduct) return V::mul(total, x);
    if constexpr (kKind == RowSum::kL1) return V::add(total, V::abs(x));
    if constexpr (kKind == RowSum::kSquares) return V::fma(x, x, total);
    return V::add(total, x);
  }
  // Combines two totals: sums of sums, whatever was summed.
  template <RowSum kKind>
  static INGOT_INLINE F join(F a, F b) {
    return combine < kKind == RowSum::kL1 || kKind == RowSum::kSquares ? RowSum::kSum : kKind > (a, b);
  }
  static constexpr float neutral(RowSum kind) {
    return kind == RowSum::kMax ? -kInfinity : kind == RowSum::kMin ? kInfinity : kind == RowSum::kProduct ? 1.0f : 0.0f;
  }
  template <RowSum kKind>
  static INGOT_INLINE float fold(F total) {
    if constexpr (kKind == RowSum::kMax || kKind == RowSum::kMin) {
      const bool has_nan = V::largest(V::select(V::is_nan(total), V::set(1.0f), V::zero())) > 0;
      return has_nan ? __builtin_nanf("") : kKind == RowSum::kMax ? V::largest(total) : V::least(total);
    } else if constexpr (kKind == RowSum::kProduct) {
      alignas(64) float lanes[kLanes];
      V::store(lanes, total);
      for (int64_t width = kLanes / 2; width > 0; width /= 2) {
        for (int64_t i = 0; i < width; ++i) lanes[i] *= lanes[i + width];
      }
      return lanes[0];
    } else {
      return V::sum(total);
    }
  }
  // The last, partial vector with `fill` behind it.
  static INGOT_INLINE F load_filled(const float* x, int rest, float fill) {
    alignas(64) float lanes[kLanes];
    V::store(lanes, V::set(fill));
    for (int i = 0; i < rest; ++i) lanes[i] = x[i];
    return V::load(lanes);
  }

  template <RowSum kKind>
  static float reduce_row(const float* x, int64_t count) {
    const F start = V::set(neutral(kKind));
    F a = start, b = start, c = start, d = start;
    int64_t i = 0;
    for (; i + 4 * kLanes <= count; i += 4 * kLanes) {
      a = combine<kKind>(a, V::load(x + i));
      b = combine<kKind>(b, V::load(x + i + kLanes));
      c = combine<kKind>(c, V::load(x + i + 2 * kLanes));
      d = combine<kKind>(d, V::load(x + i + 3 * kLanes));
    }
    for (; i + kLanes <= count; i += kLanes) a = combine<kKind>(a, V::load(x + i));
    if (i < count) b = combine<kKind>(b, load_filled(x + i, static_cast<int>(count - i), neutral(kKind)));
    return fold<kKind>(join<kKind>(join<kKind>(a, b), join<kKind>(c, d)));
  }
  static float reduce(RowSum kind, const float* x, int64_t count) {
    switch (kind) {
      case RowSum::kMax: return reduce_row<RowSum::kMax>(x, count);
      case RowSum::kMin: return reduce_row<RowSum::kMin>(x, count);
      case RowSum::kProduct: return reduce_row<RowSum::kProduct>(x, count);
      case RowSum::kL1: return reduce_row<RowSum::kL1>(x, count);
      case RowSum::kSquares: return reduce_row<RowSum::kSquares>(x, count);
      default: return reduce_row<RowSum::kSum>(x, count);
    }
  }

  // Sums go through a partial total every 64 rows, so that long columns lose no digits. kVectors neighbours go down together, so that a
  // row's cache lines are read one after the other.
  template <RowSum kKind, int kVectors>
  static INGOT_INLINE void reduce_column(const float* x, int64_t stride, int64_t count, float* total) {
    for (int64_t first = 0; first < count; first += 64) {
      const int64_t last = first + 64 < count ? first + 64 : count;
      F part[kVectors];
      for (int v = 0; v < kVectors; ++v) part[v] = V::set(neutral(kKind));
      for (int64_t r = first; r < last; ++r) {
        for (int v = 0; v < kVectors; ++v) part[v] = combine<kKind>(part[v], V::load(x + r * stride + v * kLanes));
      }
      for (int v = 0; v < kVectors; ++v) V::store(total + v * kLanes, join<kKind>(V::load(total + v * kLanes), part[v]));
    }
  }
  template <RowSum kKind>
  static void reduce_columns_of(const float* x, int64_t stride, int64_t count, float* total, int64_t width) {
    int64_t j = 0;
    for (; j + 4 * kLanes <= width; j += 4 * kLanes) reduce_column<kKind, 4>(x + j, stride, count, total + j);
    for (; j + kLanes <= width; j += kLanes) reduce_column<kKind, 1>(x + j, stride, count, total + j);
    if (j == width) return;
    const int rest = static_cast<int>(width - j);
    for (int64_t first = 0; first < count; first += 64) {
      const int64_t last = first + 64 < count ? first + 64 : count;
      F part = V::set(neutral(kKind));
      for (int64_t r = first; r < last; ++r) part = combine<kKind>(part, V::load(x + r * stride + j, rest));
      V::store(total + j, join<kKind>(V::load(total + j, rest), part), rest);
    }
  }
  static void reduce_columns(RowSum kind, const float* x, int64_t stride, int64_t count, float* total, int64_t width) {
    switch (kind) {
      case RowSum::kMax: return reduce_columns_of<RowSum::kMax>(x, stride, count, total, width);
      case RowSum::kMin: return reduce_columns_of<RowSum::kMin>(x, stride, count, total, width);
      case RowSum::kProduct: return reduce_columns_of<RowSum::kProduct>(x, stride, count, total, width);
      case RowSum::kL1: return reduce_columns_of<RowSum::kL1>(x, stride, count, total, width);
      case RowSum::kSquares: return reduce_columns_of<RowSum::kSquares>(x, stride, count, total, width);
      default: return reduce_columns_of<RowSum::kSum>(x, stride, count, total, width);
    }
  }

  static float sum_exp(const float* x, int64_t count, float largest) {
    const F shift = V::set(largest);
    F a = V::zero(), b = V::zero();
    int64_t i = 0;
    for (; i + 2 * kLanes <= count; i += 2 * kLanes) {
      a = V::add(a, vector_exp<V>(V::sub(V::load(x + i), shift)));
      b = V::add(b, vector_exp<V>(V::sub(V::load(x + i + kLanes), shift)));
    }
    for (; i + kLanes <= count; i += kLanes) a = V::add(a, vector_exp<V>(V::sub(V::load(x + i), shift)));
    if (i < count) b = V::add(b, vector_exp<V>(V::sub(load_filled(x + i, static_cast<int>(count - i), -kInfinity), shift)));
    return fold<RowSum::kSum>(V::add(a, b));
  }
  static void sum_exp_columns(const float* x, int64_t stride, int64_t count, const float* largest, float* total, int64_t width) {
    for (int64_t j = 0; j < width; j += kLanes) {
      const int rest = static_cast<int>(width - j < kLanes ? width - j : kLanes);
      const F shift = V::load(largest + j, rest);
      F sum = V::load(total + j, rest);
      for (int64_t r = 0; r < count; ++r) sum = V::add(sum, vector_exp<V>(V::sub(V::load(x + r * stride + j, rest), shift)));
      V::store(total + j, sum, rest);
    }
  }

  static void softmax(const float* x, float* y, int64_t count, bool log) {
    const float largest = reduce_row<RowSum::kMax>(x, count);
    const F shift = V::set(largest);
    if (log) {
      const float sum = sum_exp(x, count, largest);
      alignas(64) float lanes[kLanes];
      V::store(lanes, vector_log<V>(V::set(sum)));
      const F logarithm = V::set(lanes[0]);
      int64_t i = 0;
      for (; i + kLanes <= count; i += kLanes) V::store(y + i, V::sub(V::sub(V::load(x + i), shift), logarithm));
      if (i < count) {
        const int rest = static_cast<int>(count - i);
        V::store(y + i, V::sub(V::sub(V::load(x + i, rest), shift), logarithm), rest);
      }
      return;
    }
    F a = V::zero(), b = V::zero();
    int64_t i = 0;
    for (; i + 2 * kLanes <= count; i += 2 * kLanes) {
      const F p = vector_exp<V>(V::sub(V::load(x + i), shift)), q = vector_exp<V>(V::sub(V::load(x + i + kLanes), shift));
      V::store(y + i, p);
      V::store(y + i + kLanes, q);
      a = V::add(a, p);
      b = V::add(b, q);
    }
    for (; i + kLanes <= count; i += kLanes) {
      const F p = vector_exp<V>(V::sub(V::load(x + i), shift));
      V::store(y + i, p);
      a = V::add(a, p);
    }
    if (i < count) {
      const int rest = static_cast<int>(count - i);
      const F p = vector_exp<V>(V::sub(load_filled(x + i, rest, -kInfinity), shift));
      V::store(y + i, p, rest);
      b = V::add(b, p);
    }
    const F factor = V::set(1.0f / fold<RowSum::kSum>(V::add(a, b)));
    for (i = 0; i + kLanes <= count; i += kLanes) V::store(y + i, V::mul(V::load(y + i), factor));
    if (i < count) {
      const int rest = static_cast<int>(count - i);
      V::store(y + i, V::mul(V::load(y + i, rest), factor), rest);
    }
  }

  static void softmax_columns(const float* x, int64_t x_stride, float* y, int64_t y_stride, int64_t count, int64_t width, bool log,
                              float* scratch) {
    float *largest = scratch, *sum = scratch + width;
    for (int64_t j = 0; j < width; ++j) {
      largest[j] = -kInfinity;
      sum[j] = 0;
    }
    reduce_columns_of<RowSum::kMax>(x, x_stride, count, largest, width);
    for (int64_t j = 0; j < width; j += kLanes) {
      const int rest = static_cast<int>(width - j < kLanes ? width - j : kLanes);
      const F shift = V::load(largest + j, rest);
      F total = V::zero();
      for (int64_t r = 0; r < count; ++r) {
        const F e = vector_exp<V>(V::sub(V::load(x + r * x_stride + j, rest), shift));
        total = V::add(total, e);
        if (!log) V::store(y + r * y_stride + j, e, rest);
      }
      const F factor = V::div(V::set(1.0f), total), logarithm = vector_log<V>(total);
      for (int64_t r = 0; r < count; ++r) {
        float* out = y + r * y_stride + j;
        if (log)
          V::store(out, V::sub(V::sub(V::load(x + r * x_stride + j, rest), shift), logarithm), rest);
        else
          V::store(out, V::mul(V::load(out, rest), factor), rest);
      }
    }
  }

  static INGOT_INLINE F score(const float* x, F scale, const float* added, int64_t i) {
    const F value = V::mul(V::load(x + i), scale);
    if (!added) return value;
    const F more = V::load(added + i), nothing = V::set(-kInfinity);
    return V::select(V::equal(more, nothing), nothing, V::add(value, more));
  }
  static void attention_weights(float* x, int64_t count, float scale, const float* added) {
    const F factor = V::set(scale);
    F a = V::set(-kInfinity), b = a;
    const int64_t whole = count / kLanes * kLanes;
    const int rest = static_cast<int>(count - whole);
    int64_t i = 0;
    for (; i + 2 * kLanes <= whole; i += 2 * kLanes) {
      const F p = score(x, factor, added, i), q = score(x, factor, added, i + kLanes);
      V::store(x + i, p);
      V::store(x + i + kLanes, q);
      a = keep_max(a, p);
      b = keep_max(b, q);
    }
    for (; i < whole; i += kLanes) {
      const F p = score(x, factor, added, i);
      V::store(x + i, p);
      a = keep_max(a, p);
    }
    alignas(64) float tail[kLanes];
    if (rest > 0) {
      // Lanes behind the row weigh nothing.
      alignas(64) float tail_added[kLanes];
      for (int64_t j = 0; j < kLanes; ++j) {
        tail[j] = j < rest ? x[whole + j] : 0.0f;
        tail_added[j] = j >= rest ? -kInfinity : added ? added[whole + j] : 0.0f;
      }
      const F p = score(tail, factor, tail_added, 0);
      V::store(tail, p);
      b = keep_max(b, p);
    }
    const float largest = fold<RowSum::kMax>(keep_max(a, b));
    if (largest == -kInfinity) {
      for (i = 0; i < count; ++i) x[i] = 0;
      return;
    }
    const F shift = V::set(largest);
    a = b = V::zero();
    for (i = 0; i + 2 * kLanes <= whole; i += 2 * kLanes) {
      const F p = vector_exp<V>(V::sub(V::load(x + i), shift)), q = vector_exp<V>(V::sub(V::load(x + i + kLanes), shift));
      V::store(x + i, p);
      V::store(x + i + kLanes, q);
      a = V::add(a, p);
      b = V::add(b, q);
    }
    for (; i < whole; i += kLanes) {
      const F p = vector_exp<V>(V::sub(V::load(x + i), shift));
      V::store(x + i, p);
      a = V::add(a, p);
    }
    F last = V::zero();
    if (rest > 0) {
      last = vector_exp<V>(V::sub(V::load(tail), shift));
      b = V::add(b, last);
    }
    const F by = V::set(1.0f / fold<RowSum::kSum>(V::add(a, b)));
    for (i = 0; i < whole; i += kLanes) V::store(x + i, V::mul(V::load(x + i), by));
    if (rest > 0) V::store(x + whole, V::mul(last, by), rest);
  }

  static void moments(const float* x, int64_t count, float* mean, float* variance) {
    const float middle = reduce_row<RowSum::kSum>(x, count) / static_cast<float>(count);
    const F shift = V::set(middle);
    F a = V::zero(), b = V::zero(), c = V::zero(), d = V::zero();
    int64_t i = 0;
    const auto square = [&](F total, F value) {
      const F distance = V::sub(value, shift);
      return V::fma(distance, distance, total);
    };
    for (; i + 4 * kLanes <= count; i += 4 * kLanes) {
      a = square(a, V::load(x + i));
      b = square(b, V::load(x + i + kLanes));
      c = square(c, V::load(x + i + 2 * kLanes));
      d = square(d, V::load(x + i + 3 * kLanes));
    }
    for (; i + kLanes <= count; i += kLanes) a = square(a, V::load(x + i));
    if (i < count) b = square(b, load_filled(x + i, static_cast<int>(count - i), middle));
    *mean = middle;
    *variance = fold<RowSum::kSum>(V::add(V::add(a, b), V::add(c, d))) / static_cast<float>(count);
  }

  static void normalize(const float* x, float mean, float factor, const float* scale, const float* bias, float* y, int64_t count) {
    const F shift = V::set(mean), f = V::set(factor);
    for (int64_t i = 0; i < count; i += kLanes) {
      const int rest = static_cast<int>(count - i < kLanes ? count - i : kLanes);
      const bool whole = rest == kLanes;
      F value = V::mul(V::sub(whole ? V::load(x + i) : V::load(x + i, rest), shift), f);
      const F b = !bias ? V::zero() : whole ? V::load(bias + i) : V::load(bias + i, rest);
      if (scale)
        value = V::fma(value, whole ? V::load(scale + i) : V::load(scale + i, rest), b);
      else
        value = V::add(value, b);
      if (whole)
        V::store(y + i, value);
      else
        V::store(y + i, value, rest);
    }
  }
  static void normalize_evenly(const float* x, float mean, float factor, float bias, float* y, int64_t count) {
    const F shift = V::set(mean), f = V::set(factor), b = V::set(bias);
    int64_t i = 0;
    for (; i + kLanes <= count; i += kLanes) V::store(y + i, V::fma(V::sub(V::load(x + i), shift), f, b));
    if (i < count) {
      const int rest = static_cast<int>(count - i);
      V::store(y + i, V::fma(V::sub(V::load(x + i, rest), shift), f, b), rest);
    }
  }

  // Element types of pooling.
  struct OfFloat {
    using T = float;
    static INGOT_INLINE F load(const T* p, int n) { return n == kLanes ? V::load(p) : V::load(p, n); }
    static INGOT_INLINE void store(T* p, F x, int n) { V::store(p, x, n); }
  };
  struct OfHalf {
    using T = uint16_t;
    static INGOT_INLINE F load(const T* p, int n) { return n == kLanes ? V::load_half(p) : V::load_half(p, n); }
    static INGOT_INLINE void store(T* p, F x, int n) { V::store_half(p, x, n); }
  };
  struct OfBf16 {
    using T = uint16_t;
    static INGOT_INLINE F load(const T* p, int n) { return n == kLanes ? V::load_bf16(p) : V::load_bf16(p, n); }
    static INGOT_INLINE void store(T* p, F x, int n) { V::store_bf16(p, x, n); }
  };
  struct OfInt8 {
    using T = int8_t;
    static INGOT_INLINE F load(const T* p, int n) { return V::load_int8(p, n); }
    static INGOT_INLINE void store(T* p, F x, int n) { V::store_int8(p, x, n); }
  };
  struct OfUint8 {
    using T = uint8_t;
    static INGOT_INLINE F load(const T* p, int n) { return V::load_uint8(p, n); }
    static INGOT_INLINE void store(T* p, F x, int n) { V::store_uint8(p, x, n); }
  };

  template <class Of, bool kAverage>
  static INGOT_INLINE void pool_vector(const void* const* taps, int64_t tap_count, typename Of::T* out, int64_t i, int lanes, F divisor) {
    using T = typename Of::T;
    F total = Of::load(static_cast<const T*>(taps[0]) + i, lanes);
    for (int64_t t = 1; t < tap_count; ++t) {
      const F x = Of::load(static_cast<const T*>(taps[t]) + i, lanes);
      total = kAverage ? V::add(total, x) : keep_max(total, x);
    }
    Of::store(out + i, kAverage ? V::div(total, divisor) : total, lanes);
  }
  template <class Of, bool kAverage>
  static void pool(const void* const* taps, int64_t tap_count, void* out, int64_t count, float divisor) {
    auto* target = static_cast<typename Of::T*>(out);
    const F by = V::set(divisor);
    int64_t i = 0;
    for (; i + kLanes <= count; i += kLanes) pool_vector<Of, kAverage>(taps, tap_count, target, i, static_cast<int>(kLanes), by);
    if (i < count) pool_vector<Of, kAverage>(taps, tap_count, target, i, static_cast<int>(count - i), by);
  }
  template <bool kAverage>
  static PoolTaps find_pool(DataType type) {
    switch (type) {
      case DataType::kFloat: return pool<OfFloat, kAverage>;
      case DataType::kHalf: return pool<OfHalf, kAverage>;
      case DataType::kBf16: return pool<OfBf16, kAverage>;
      case DataType::kInt8: return pool<OfInt8, kAverage>;
      case DataType::kUint8: return pool<OfUint8, kAverage>;
      default: return nullptr;
    }
  }

  static void blend(const float* const* rows, const float* weights, int64_t row_count, float* out, int64_t count) {
    for (int64_t i = 0; i < count; i += kLanes) {
      const int lanes = static_cast<int>(count - i < kLanes ? count - i : kLanes);
      F sum = V::mul(OfFloat::load(rows[0] + i, lanes), V::set(weights[0]));
      for (int64_t r = 1; r < row_count; ++r) sum = V::fma(OfFloat::load(rows[r] + i, lanes), V::set(weights[r]), sum);
      V::store(out + i, sum, lanes);
    }
  }

  static const RowKernels& table() {
    static constexpr RowKernels kTable = {softmax,          softmax_columns, attention_weights, moments, normalize,
                                          normalize_evenly, reduce,          reduce_columns,    sum_exp, sum_exp_columns};
    return kTable;
  }
};

}  // namespace
}  // namespace ingot
