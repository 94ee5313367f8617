// Tile kernels on the AMX unit. Its eight registers hold 2 x 2 tiles of C (0 to 3), two of A (4, 5) and two of B (6, 7): 16 rows of 64
// bytes each, so that a step covers 32 rows, 32 columns and 16 units of k. Panels lie in memory as tiles of B want them.
//
// Unit is the instructions or, for tests on machines without them, the same in plain code.
#include <cstring>

#include "tactics/cpu/tile_finish.h"
#include "tactics/cpu/vector_math_avx512.h"

namespace ingot {
namespace {

constexpr int kTileRows = 16, kTileBytes = 64, kMostRows = 32;
static_assert(kPanelColumns == 32);

enum class Dot { kBf16, kSigned, kUnsigned /* A */ };

struct Instructions {
  static void begin() {
    struct alignas(64) Configuration {
      uint8_t palette = 1, start_row = 0, reserved[14] = {};
      uint16_t row_bytes[16] = {kTileBytes, kTileBytes, kTileBytes, kTileBytes, kTileBytes, kTileBytes, kTileBytes, kTileBytes};
      uint8_t rows[16] = {kTileRows, kTileRows, kTileRows, kTileRows, kTileRows, kTileRows, kTileRows, kTileRows};
    } configuration;
    asm volatile("ldtilecfg %0" ::"m"(configuration) : "memory");
  }
  static void end() { asm volatile("tilerelease" ::: "memory"); }

  template <int kTile>
  static INGOT_INLINE void zero() {
    asm volatile("tilezero %%tmm%c0" ::"i"(kTile));
  }
  template <int kTile>
  static INGOT_INLINE void load(const void* from, int64_t stride) {
    asm volatile("tileloadd (%0,%1,1), %%tmm%c2" ::"r"(from), "r"(stride), "i"(kTile) : "memory");
  }
  // A passes through once a panel: kept out of the way of B, which stays in the first-level cache.
  template <int kTile>
  static INGOT_INLINE void load_stream(const void* from, int64_t stride) {
    asm volatile("tileloaddt1 (%0,%1,1), %%tmm%c2" ::"r"(from), "r"(stride), "i"(kTile) : "memory");
  }
  template <int kTile>
  static INGOT_INLINE void store(void* to, int64_t stride) {
    asm volatile("tilestored %%tmm%c2, (%0,%1,1)" ::"r"(to), "r"(stride), "i"(kTile) : "memory");
  }
  template <Dot kDot, int kC, int kA, int kB>
  static INGOT_INLINE void dot() {
    if constexpr (kDot == Dot::kBf16)
      asm volatile("tdpbf16ps %%tmm%c2, %%tmm%c1, %%tmm%c0" ::"i"(kC), "i"(kA), "i"(kB));
    else if constexpr (kDot == Dot::kSigned)
      asm volatile("tdpbssd %%tmm%c2, %%tmm%c1, %%tmm%c0" ::"i"(kC), "i"(kA), "i"(kB));
    else
      asm volatile("tdpbusd %%tmm%c2, %%tmm%c1, %%tmm%c0" ::"i"(kC), "i"(kA), "i"(kB));
  }
};

// What the instructions do, by loops.
struct Emulation {
  static inline thread_local uint32_t tiles[8][kTileRows][16];

  static void begin() { std::memset(tiles, 0xff, sizeof(tiles)); }
  static void end() { std::memset(tiles, 0xff, sizeof(tiles)); }
  template <int kTile>
  static void zero() {
    std::memset(tiles[kTile], 0, sizeof(tiles[kTile]));
  }
  template <int kTile>
  static void load(const void* from, int64_t stride) {
    for (int row = 0; row < kTileRows; ++row) std::memcpy(tiles[kTile][row], static_cast<const char*>(from) + row * stride, kTileBytes);
  }
  template <int kTile>
  static void load_stream(const void* from, int64_t stride) {
    load<kTile>(from, stride);
  }
  template <int kTile>
  static void store(void* to, int64_t stride) {
    for (int row = 0; row < kTileRows; ++row) std::memcpy(static_cast<char*>(to) + row * stride, tiles[kTile][row], kTileBytes);
  }
  static float bf16(uint32_t pair, int half) {
    const uint32_t bits = half ? pair & 0xffff0000u : pair << 16;
    float value;
    std::memcpy(&value, &bits, sizeof(value));
    return value;
  }
  template <Dot kDot, int kC, int kA, int kB>
  static void dot() {
    for (int row = 0; row < kTileRows; ++row) {
      for (int unit = 0; unit < 16; ++unit) {
        const uint32_t a = tiles[kA][row][unit];
        for (int column = 0; column < 16; ++column) {
          const uint32_t b = tiles[kB][unit][column];
          uint32_t& c = tiles[kC][row][column];
          if constexpr (kDot == Dot::kBf16) {
            float sum;
            std::memcpy(&sum, &c, sizeof(sum));
            for (int half = 0; half < 2; ++half) sum += bf16(a, half) * bf16(b, half);
            std::memcpy(&c, &sum, sizeof(sum));
          } else {
            for (int byte = 0; byte < 4; ++byte) {
              const auto x = static_cast<uint8_t>(a >> 8 * byte);
              const auto y = static_cast<int8_t>(b >> 8 * byte);
              c += static_cast<uint32_t>((kDot == Dot::kSigned ? static_cast<int8_t>(x) : x) * y);
            }
          }
        }
      }
    }
  }
};

// Sixteen rows of A. Where they lie at even distances the unit reads them in place, else they are copied together step by step.
struct RowsOfA {
  const char* row[kTileRows];
  int count;
  int64_t stride;  // 0 where rows must be copied
  alignas(64) char copy[kTileRows * kTileBytes];

  INGOT_INLINE void find(const void* const* a, int rows) {
    count = rows;
    for (int r = 0; r < rows; ++r) row[r] = static_cast<const char*>(a[r]);
    stride = rows == kTileRows ? row[1] - row[0] : 0;
    for (int r = 2; r < rows && stride != 0; ++r) {
      if (row[r] - row[r - 1] != stride) stride = 0;
    }
  }
  // `bytes` of each row from `at` on, zeros behind them.
  INGOT_INLINE void gather(int64_t at, int64_t bytes) {
    const __mmask64 wanted = bytes >= kTileBytes ? ~__mmask64{0} : (__mmask64{1} << bytes) - 1;
    for (int r = 0; r < count; ++r) _mm512_store_si512(copy + r * kTileBytes, _mm512_maskz_loadu_epi8(wanted, row[r] + at));
  }
};

template <class Unit, Dot kDot, int kHalves, int kColumnTiles>
__attribute__((noinline)) void multiply(const Tile& tile, void* sums) {
  Unit::template zero<0>();
  Unit::template zero<1>();
  Unit::template zero<2>();
  Unit::template zero<3>();
  constexpr int kUnit = kDot == Dot::kBf16 ? 2 : 4;
  const int64_t row_bytes = tile.k * (4 / kUnit), whole = row_bytes / kTileBytes * kTileBytes, rest = row_bytes - whole;
  const int64_t b_stride = tile.b_stride;
  const char* b = static_cast<const char*>(tile.b);
  const int rows = tile.rows < kTileRows ? tile.rows : kTileRows;
  RowsOfA low, high;  // the upper half ends with the last row, so that it overlaps the lower one where rows are few
  alignas(64) char b_copy[kTileRows * 128];
  if (rows < kTileRows) std::memset(low.copy, 0, sizeof(low.copy));
  const void* const* a = tile.a;
  for (int64_t tap = 0; tap < tile.taps; ++tap, a += tile.a_stride) {
    if (tile.b_taps != 0 && tap == tile.b_taps) b = static_cast<const char*>(tile.b);
    low.find(a, rows);
    if constexpr (kHalves == 2) high.find(a + tile.rows - kTileRows, kTileRows);
    for (int64_t at = 0; at < row_bytes; at += kTileBytes) {
      const char* b_tile = b;
      int64_t b_tile_stride = b_stride;
      if (at == whole) {
        // The last units: what lies behind the panel is not ours to read.
        const int64_t units = (rest + 3) / 4;
        for (int64_t u = 0; u < kTileRows; ++u) {
          const __mmask16 there = u < units ? 0xffff : 0;
          _mm512_store_si512(b_copy + u * 128, _mm512_maskz_loadu_epi32(there, b + u * b_stride));
          if (kColumnTiles == 2) _mm512_store_si512(b_copy + u * 128 + 64, _mm512_maskz_loadu_epi32(there, b + u * b_stride + 64));
        }
        b_tile = b_copy;
        b_tile_stride = 128;
        b += units * b_stride;
      } else {
        b += kTileRows * b_stride;
      }
      Unit::template load<6>(b_tile, b_tile_stride);
      if (kColumnTiles == 2) Unit::template load<7>(b_tile + 64, b_tile_stride);
      auto load_rows = [&]<int kTile>(RowsOfA& half) {
        if (half.stride != 0 && at < whole) {
          Unit::template load_stream<kTile>(half.row[0] + at, half.stride);
        } else {
          half.gather(at, row_bytes - at);
          Unit::template load<kTile>(half.copy, kTileBytes);
        }
      };
      load_rows.template operator()<4>(low);
      Unit::template dot<kDot, 0, 4, 6>();
      if (kColumnTiles == 2) Unit::template dot<kDot, 1, 4, 7>();
      if constexpr (kHalves == 2) {
        load_rows.template operator()<5>(high);
        Unit::template dot<kDot, 2, 5, 6>();
        if (kColumnTiles == 2) Unit::template dot<kDot, 3, 5, 7>();
      }
    }
  }
  constexpr int kRow = kPanelColumns * 4;
  char* to = static_cast<char*>(sums);
  Unit::template store<0>(to, kRow);
  if (kColumnTiles == 2) Unit::template store<1>(to + 64, kRow);
  if constexpr (kHalves == 2) {
    to += (tile.rows - kTileRows) * kRow;
    Unit::template store<2>(to, kRow);
    if (kColumnTiles == 2) Unit::template store<3>(to + 64, kRow);
  }
}

// Sums [rows][32] of a plain epilogue and all 32 columns.
template <bool kInteger>
void finish_plain(const Tile& tile, const void* sums) {
  using V = Avx512;
  const Finish& finish = *tile.finish;
  const auto low = V::set(finish.low), high = V::set(finish.high), residual_scale = V::set(finish.residual_scale);
  for (int v = 0; v < 2; ++v) {
    const int64_t column = tile.column + v * 16, panel_column = tile.panel_column + v * 16;
    const auto bias = V::load(finish.bias + panel_column);
    const auto scale = kInteger ? V::load(finish.scale + panel_column) : V::zero();
    const auto compensation = kInteger ? V::int_load(finish.compensation + panel_column) : V::int_set(0);
    for (int m = 0; m < tile.rows; ++m) {
      const int at = m * kPanelColumns + v * 16;
      V::Float x;
      if constexpr (kInteger)
        x = V::mul(V::to_float(V::int_add(V::int_load(static_cast<const int32_t*>(sums) + at), compensation)), scale);
      else
        x = V::load(static_cast<const float*>(sums) + at);
      x = V::add(x, bias);
      if (finish.has_residual) {
        if constexpr (kInteger)
          x = V::add(x, V::mul(V::load_int8(static_cast<const int8_t*>(tile.residual[m]) + column), residual_scale));
        else
          x = V::add(x, V::load_bf16(static_cast<const uint16_t*>(tile.residual[m]) + column));
      }
      x = V::min(high, V::max(low, x));
      if constexpr (kInteger)
        V::store_int8(static_cast<int8_t*>(tile.c[m]) + column, x);
      else
        V::store_bf16(static_cast<uint16_t*>(tile.c[m]) + column, x);
    }
  }
}

template <class Unit, Dot kDot>
void run(const Tile& tile) {
  alignas(64) float sums[kMostRows * kPanelColumns];
  const bool narrow = tile.columns <= 16;
  if (tile.rows > kTileRows)
    narrow ? multiply<Unit, kDot, 2, 1>(tile, sums) : multiply<Unit, kDot, 2, 2>(tile, sums);
  else
    narrow ? multiply<Unit, kDot, 1, 1>(tile, sums) : multiply<Unit, kDot, 1, 2>(tile, sums);
  constexpr bool kInteger = kDot != Dot::kBf16;
  if (tile.finish->is_plain && tile.columns == kPanelColumns) return finish_plain<kInteger>(tile, sums);
  // Programs hold the values of a few rows at a time.
  constexpr int kRows = 8;
  for (int row = 0; row < tile.rows; row += kRows) {
    Tile part = tile;
    part.c += row;
    if (part.residual) part.residual += row;
    part.rows = tile.rows - row < kRows ? tile.rows - row : kRows;
    finish_tile<Avx512>(part, sums + row * kPanelColumns, kPanelColumns, 0, tile.columns, kInteger);
  }
}

template <class Unit>
TileKernel kernel_on(Product product) {
  TileKernel kernel{kMostRows, nullptr};
  switch (product) {
    case Product::kBf16: kernel.run = run<Unit, Dot::kBf16>; break;
    case Product::kInt8: kernel.run = run<Unit, Dot::kSigned>; break;
    case Product::kUint8: kernel.run = run<Unit, Dot::kUnsigned>; break;
    default: return {};
  }
  kernel.begin = Unit::begin;
  kernel.end = Unit::end;
  return kernel;
}

}  // namespace

TileKernel amx::tile_kernel(Product product) { return kernel_on<Instructions>(product); }
TileKernel amx::emulated_tile_kernel(Product product) { return kernel_on<Emulation>(product); }

}  // namespace ingot
