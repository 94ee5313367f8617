// Runs tile kernels over a whole product: cuts it by its shape, deals the parts to the pool, finds the rows' addresses.
#pragma once

#include <algorithm>

#include "base/thread_pool.h"
#include "tactics/cpu/tile_kernel.h"

namespace ingot {

// How a product of `rows` by `panels` is cut. Depends on the shape alone, so that results do not depend on the threads.
struct Cut {
  int64_t block_rows = 1, row_blocks = 1;
  int64_t block_panels = 1, panel_blocks = 1;
  bool panels_first = false;  // neighbouring parts share panels (large weights), or rows (large images)
  bool is_small = false;      // not worth waking another thread

  static constexpr int64_t kMostRows = 128;        // of a block
  static constexpr int64_t kMostAddresses = 4096;  // of a block

  // `tap_bytes`: of a row of A for one tap. `least_operations`: multiplications that are worth a part.
  static Cut of(int64_t items, int64_t rows, int64_t panels, int64_t taps, int64_t tap_bytes, int64_t panel_bytes, int64_t tile_rows);
};

// Addresses of a block of rows: a[tap * stride + row], c[row] and residual[row], the last two of column 0.
struct RowAddresses {
  const void** a;
  int64_t stride;
  void** c;
  const void** residual;
  std::byte* scratch;  // kScratchBytes for rows that must be put together
  static constexpr size_t kScratchBytes = 64 << 10;
};

// One product among several that share a cut: a group of a convolution, a matrix of a batch.
struct PanelItem {
  const std::byte* panels = nullptr;
  size_t panel_bytes = 0;
  int64_t rows = 0, taps = 0;
  int64_t b_taps = 0;         // as in Tile
  int64_t column = 0;         // where its columns start in the output
  int64_t finish_column = 0;  // and in the arrays of `finish`
  const Finish* finish = nullptr;
};

// Asks for the lines of `count` rows, `bytes` of each from byte `at` on.
inline void prefetch_rows(const void* const* rows, int count, int64_t at, int64_t bytes) {
  for (int row = 0; row < count; ++row) {
    const char* line = static_cast<const char*>(rows[row]) + at;
    for (int64_t byte = 0; byte < bytes; byte += 64) __builtin_prefetch(line + byte);
  }
}

// Panels of at most so many bytes are few enough beside the rows of a tile to be read again for each.
constexpr size_t kSmallPanel = 16 << 10;

// Rows: PanelItem item(int64_t index); void locate(int64_t index, int64_t first, int64_t count, const RowAddresses&).
template <class Rows>
void run_panels(ThreadPool& pool, const TileKernel& kernel, const Cut& cut, int64_t items, int64_t columns, int64_t k, int64_t b_stride,
                const Rows& rows) {
  const int64_t item_parts = cut.row_blocks * cut.panel_blocks;
  const int64_t panels = (columns + kPanelColumns - 1) / kPanelColumns;
  auto run_part = [&](int64_t part, int) {
    const int64_t index = part / item_parts, within = part % item_parts;
    const int64_t row_block = cut.panels_first ? within % cut.row_blocks : within / cut.panel_blocks;
    const int64_t panel_block = cut.panels_first ? within / cut.row_blocks : within % cut.panel_blocks;
    const PanelItem item = rows.item(index);
    const int64_t first_row = row_block * cut.block_rows, row_count = std::min(cut.block_rows, item.rows - first_row);
    const int64_t first_panel = panel_block * cut.block_panels, last_panel = std::min(first_panel + cut.block_panels, panels);
    if (row_count <= 0) return;

    const void* a[Cut::kMostAddresses];
    void* c[Cut::kMostRows];
    const void* residual[Cut::kMostRows];
    alignas(64) std::byte scratch[RowAddresses::kScratchBytes];
    rows.locate(index, first_row, row_count, RowAddresses{a, row_count, c, residual, scratch});

    const int64_t tiles = (row_count + kernel.most_rows - 1) / kernel.most_rows;
    Tile tile;
    tile.a_stride = row_count;
    tile.taps = item.taps;
    tile.b_taps = item.b_taps;
    tile.k = k;
    tile.b_stride = b_stride;
    tile.finish = item.finish;
    const Finish& finish = *item.finish;
    const int64_t output_bytes = bits_of(finish.output) / 8, residual_bytes = bits_of(finish.residual) / 8;
    auto run_tile = [&](int64_t panel, int64_t t) {
      const int64_t row = row_count * t / tiles;
      tile.a = a + row;
      tile.c = c + row;
      tile.residual = residual + row;
      tile.rows = static_cast<int>(row_count * (t + 1) / tiles - row);
      tile.b = item.panels + static_cast<size_t>(panel) * item.panel_bytes;
      tile.column = item.column + panel * kPanelColumns;
      tile.panel_column = item.finish_column + panel * kPanelColumns;
      tile.columns = static_cast<int>(std::min<int64_t>(kPanelColumns, columns - panel * kPanelColumns));
      // Their rows lie far apart, so that the CPU does not foresee them; they come while the sums are built. Bytes fill half a line only.
      if (finish.has_residual && residual_bytes > 1)
        prefetch_rows(tile.residual, tile.rows, tile.column * residual_bytes, tile.columns * residual_bytes);
      if (output_bytes > 1) prefetch_rows(tile.c, tile.rows, tile.column * output_bytes, tile.columns * output_bytes);
      kernel.run(tile);
    };
    if (kernel.begin) kernel.begin();
    if (item.taps == 1 && item.panel_bytes <= kSmallPanel && !kernel.begin) {
      // Outputs and residuals pass once, row by row; the panels come from the second-level cache each time.
      for (int64_t t = 0; t < tiles; ++t) {
        for (int64_t panel = first_panel; panel < last_panel; ++panel) run_tile(panel, t);
      }
    } else {
      for (int64_t panel = first_panel; panel < last_panel; ++panel) {
        for (int64_t t = 0; t < tiles; ++t) run_tile(panel, t);
      }
    }
    if (kernel.end) kernel.end();
  };
  if (cut.is_small) {
    for (int64_t part = 0; part < items * item_parts; ++part) run_part(part, 0);
  } else {
    pool.run(items * item_parts, run_part);
  }
}

}  // namespace ingot
