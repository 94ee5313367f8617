// Copies a box of elements between two strided places: what transposes, reformats, slices, concatenations, paddings and broadcasts are.
#pragma once

#include <array>
#include <cstdint>

#include "base/result.h"
#include "base/thread_pool.h"
#include "network/dim.h"

namespace ingot {

// to[c * to_stride + r] = from[r * from_stride + c] for r < rows, c < columns; strides in elements.
using TransposeTile = void (*)(const void* from, int64_t from_stride, void* to, int64_t to_stride, int64_t rows, int64_t columns);
// For elements of 1, 2, 4, 8 or 16 bytes, by the best instruction set of the machine.
TransposeTile transpose_tile(int element_bytes);

class StridedCopy {
 public:
  static constexpr int kMostDims = 16;

  StridedCopy() = default;
  // Strides are in elements; a source stride of 0 repeats. An error where more than kMostDims dims are left after merging.
  static Result<StridedCopy> make(int element_bytes, const Shape& sizes, const Shape& from_strides, const Shape& to_strides);

  // Pieces that may run in any order, on any thread; their number follows from the shape alone.
  int64_t parts() const { return parts_; }
  void run_part(int64_t part, const void* from, void* to) const;
  void run(ThreadPool& pool, const void* from, void* to) const {
    pool.run(parts_, [&](int64_t part, int) { run_part(part, from, to); });
  }
  // True where it is one block of bytes on both sides.
  bool is_plain() const { return kind_ == Kind::kRows && dims_ == 1; }

 private:
  enum class Kind { kNothing, kRows, kTranspose, kStrided };

  Kind kind_ = Kind::kNothing;
  int element_bytes_ = 1;
  int dims_ = 0;                                           // outer ones first; the last (two, for kTranspose) are the unit's own
  std::array<int64_t, kMostDims> size_{}, from_{}, to_{};  // strides in bytes
  int outer_dims_ = 0;
  int64_t blocks_ = 1, block_ = 1;  // cuts of the unit's own dim that is cut
  int64_t units_ = 0, parts_ = 0;
  TransposeTile tile_ = nullptr;
};

// Writes `count` copies of one element.
void fill_elements(void* to, const void* element, int element_bytes, int64_t count);

}  // namespace ingot
