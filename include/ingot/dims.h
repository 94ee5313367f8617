// Dims, the shape of a tensor, and its two element widths.
//
// Generations up to 9 count in int32_t, later ones in int64_t, so `Dims` is another type for each. The library knows only Dims64:
// every virtual function that carries a shape across the border is a slot named `...64_` that takes or returns Dims64, and the
// public function beside it is an inline wrapper that converts. One libnvinfer.so thus serves programs of all generations.
#pragma once

#include <cstddef>
#include <cstdint>

#include "level.h"

namespace nvinfer1 {

// What a dimension runs over. Kept for generations 4 to 7, whose Dims carry it; nothing depends on it.
enum class DimensionType : int32_t {
  kSPATIAL = 0,
  kCHANNEL = 1,
  kINDEX = 2,
  kSEQUENCE = 3,
};

// Up to eight extents, outermost first; -1 stands for one that is known only at run time. nbDims is -1 where a shape is invalid
// or unknown, 0 for a scalar.
class __attribute__((abi_tag("dims64"))) Dims64 {
 public:
  static constexpr int32_t MAX_DIMS = 8;
  int32_t nbDims;
  int64_t d[MAX_DIMS];
};

// The same with 32-bit extents. Larger ones saturate at INT32_MAX.
class __attribute__((abi_tag("dims32"))) Dims32 {
 public:
  static constexpr int32_t MAX_DIMS = 8;
  int32_t nbDims;
  int32_t d[MAX_DIMS];
};

// The same with a type for each dimension.
class __attribute__((abi_tag("dims_typed"))) DimsTyped {
 public:
  static constexpr int32_t MAX_DIMS = 8;
  int32_t nbDims;
  int32_t d[MAX_DIMS];
  DimensionType type[MAX_DIMS];
};

#if NV_TENSORRT_MAJOR >= 10
using Dims = Dims64;
#elif NV_TENSORRT_MAJOR >= 8
using Dims = Dims32;
#else
using Dims = DimsTyped;
#endif

namespace impl {

// The element type of Dims::d.
#if NV_TENSORRT_MAJOR >= 10
using Extent = int64_t;
#else
using Extent = int32_t;
#endif

inline int32_t saturate(int64_t value) noexcept {
  return value > INT32_MAX ? INT32_MAX : value < INT32_MIN ? INT32_MIN : static_cast<int32_t>(value);
}

// Any Dims as Dims64.
inline Dims64 const& widen(Dims64 const& dims) noexcept { return dims; }
template <typename D>
Dims64 widen(D const& dims) noexcept {
  Dims64 wide{};
  wide.nbDims = dims.nbDims;
  for (int32_t i = 0; i < dims.nbDims && i < Dims64::MAX_DIMS; ++i) wide.d[i] = dims.d[i];
  return wide;
}

// Dims64 as the Dims of this level, or anything else that is made from its wide form. `To` is always spelled out.
template <typename To, typename From>
struct Narrow {
  static To from(From const& dims) noexcept {
    To narrow{};
    narrow.nbDims = dims.nbDims;
    for (int32_t i = 0; i < dims.nbDims && i < Dims64::MAX_DIMS; ++i) narrow.d[i] = saturate(dims.d[i]);
    return narrow;
  }
};
template <typename Same>
struct Narrow<Same, Same> {
  static Same const& from(Same const& value) noexcept { return value; }
};
template <typename To, typename From>
To narrow(From const& value) noexcept {
  return Narrow<To, From>::from(value);
}

// `count` wide values as an array of the level's type: converted into memory of its own, or the array itself where they agree.
template <typename To, typename From>
class NarrowArray {
 public:
  NarrowArray(From const* values, int32_t count) : items_(new To[count > 0 ? count : 1]()) {
    for (int32_t i = 0; i < count; ++i) items_[i] = narrow<To>(values[i]);
  }
  NarrowArray(NarrowArray const&) = delete;
  NarrowArray& operator=(NarrowArray const&) = delete;
  ~NarrowArray() { delete[] items_; }
  To const* get() const noexcept { return items_; }

 private:
  To* items_;
};
template <typename Same>
class NarrowArray<Same, Same> {
 public:
  NarrowArray(Same const* values, int32_t) noexcept : values_(values) {}
  Same const* get() const noexcept { return values_; }

 private:
  Same const* values_;
};

}  // namespace impl
}  // namespace nvinfer1
