// Transposing tiles for one instruction set each; see strided_copy.h.
#pragma once

#include "tactics/cpu/strided_copy.h"

namespace ingot {

// Null for element sizes that they have no kernel for.
TransposeTile transpose_tile_avx2(int element_bytes);
TransposeTile transpose_tile_avx512(int element_bytes);

// What is left at the edges; T is an unsigned integer of the element's size.
template <class T>
void transpose_plain(const void* from, int64_t from_stride, void* to, int64_t to_stride, int64_t rows, int64_t columns);
extern template void transpose_plain<uint8_t>(const void*, int64_t, void*, int64_t, int64_t, int64_t);
extern template void transpose_plain<uint16_t>(const void*, int64_t, void*, int64_t, int64_t, int64_t);
extern template void transpose_plain<uint32_t>(const void*, int64_t, void*, int64_t, int64_t, int64_t);
extern template void transpose_plain<uint64_t>(const void*, int64_t, void*, int64_t, int64_t, int64_t);

// Cuts rows x columns into full tiles of kRows x kColumns for `kernel` and leaves the rest to plain loops.
template <class T, int kRows, int kColumns, class Kernel>
static inline void transpose_tiled(const void* from, int64_t from_stride, void* to, int64_t to_stride, int64_t rows, int64_t columns,
                                   Kernel kernel) {
  const auto* f = static_cast<const T*>(from);
  auto* t = static_cast<T*>(to);
  const int64_t full_rows = rows / kRows * kRows, full_columns = columns / kColumns * kColumns;
  for (int64_t c = 0; c < full_columns; c += kColumns) {
    for (int64_t r = 0; r < full_rows; r += kRows) kernel(f + r * from_stride + c, from_stride, t + c * to_stride + r, to_stride);
  }
  if (full_columns < columns)
    transpose_plain<T>(f + full_columns, from_stride, t + full_columns * to_stride, to_stride, rows, columns - full_columns);
  if (full_rows < rows && full_columns > 0)
    transpose_plain<T>(f + full_rows * from_stride, from_stride, t + full_rows, to_stride, rows - full_rows, full_columns);
}

}  // namespace ingot
