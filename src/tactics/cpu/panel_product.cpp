#include "tactics/cpu/panel_product.h"

#include "base/cpu_info.h"

namespace ingot {
namespace {

// Parts that a product is cut into where it is large enough: few enough to cost nothing, enough to share out evenly.
constexpr int64_t kWantedParts = 32;
// Multiply-adds under which a part does not pay for waking another thread (some 10 us).
constexpr int64_t kLeastWork = 500'000;

int64_t divide_up(int64_t a, int64_t b) { return (a + b - 1) / b; }

}  // namespace

Cut Cut::of(int64_t items, int64_t rows, int64_t panels, int64_t taps, int64_t tap_bytes, int64_t panel_bytes, int64_t tile_rows) {
  // The block's part of A and one panel should share the second-level cache. The taps of a window overlap, so that a few count for all.
  const int64_t cache = 1 << 20;
  const int64_t row_bytes = std::max<int64_t>(1, std::min<int64_t>(taps, 3) * tap_bytes);
  int64_t most = std::min({kMostRows / tile_rows * tile_rows, kMostAddresses / std::max<int64_t>(taps, 1), cache * 3 / 8 / row_bytes});
  most = std::max(most, std::min(tile_rows, kMostAddresses / std::max<int64_t>(taps, 1)));
  if (most > tile_rows) most = most / tile_rows * tile_rows;

  Cut cut;
  if (items == 0 || rows == 0 || panels == 0) {  // an empty output
    cut.row_blocks = cut.panel_blocks = 0;
    cut.is_small = true;
    return cut;
  }
  cut.row_blocks = divide_up(rows, std::max<int64_t>(most, 1));
  cut.block_panels = std::clamp<int64_t>(cache / 4 / std::max<int64_t>(panel_bytes, 1), 1, panels);
  cut.panel_blocks = divide_up(panels, cut.block_panels);
  cut.panels_first = panels * panel_bytes > rows * row_bytes;

  const int64_t work = rows * panels * (panel_bytes / 4);  // multiply-adds of an item, counted in units
  cut.is_small = work * items < kLeastWork;
  auto parts = [&] { return items * cut.row_blocks * cut.panel_blocks; };
  while (parts() < kWantedParts && work * items / (parts() + 1) >= kLeastWork) {
    // Halve the side that neighbouring parts do not share, while it can be.
    const bool panels_can = cut.panel_blocks<panels, rows_can = divide_up(rows, cut.row_blocks)> tile_rows;
    if (!panels_can && !rows_can) break;
    if (panels_can && (cut.panels_first || !rows_can)) {
      cut.panel_blocks = std::min(cut.panel_blocks * 2, panels);
    } else {
      cut.row_blocks = std::min(cut.row_blocks * 2, divide_up(rows, tile_rows));
    }
  }
  cut.block_rows = divide_up(rows, cut.row_blocks);
  cut.row_blocks = divide_up(rows, cut.block_rows);
  cut.block_panels = divide_up(panels, cut.panel_blocks);
  cut.panel_blocks = divide_up(panels, cut.block_panels);
  return cut;
}

}  // namespace ingot
