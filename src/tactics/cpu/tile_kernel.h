// The innermost piece of matrix products and convolutions: a tile of a few rows by 32 columns of C = finish(A * B).
// A is read in place through row addresses, a set for each tap of a window; B is packed in panels of 32 columns (panels.h).
// Each element of C sums over taps and then k in order, whatever the tile's height: rows do not depend on their neighbours.
#pragma once

#include <cstdint>
#include <limits>

#include "base/cpu_info.h"
#include "base/data_type.h"

namespace ingot {

struct EpilogueProgram;
// out[i] = the program's expression of x0[i] and, where it reads one, x1[i]; out may be x0.
void run_epilogue_program(const EpilogueProgram& program, const float* x0, const float* x1, float* out, int64_t count);

constexpr int kPanelColumns = 32;

// What A and B hold and how sums are kept: float in float, bf16 in float, 8 bits in int32 (exact).
enum class Product : uint8_t { kFloat, kBf16, kInt8 /* signed A */, kUint8 /* unsigned A */ };

// Elements of A and B that one 32-bit lane holds.
constexpr int unit_of(Product product) { return product == Product::kFloat ? 1 : product == Product::kBf16 ? 2 : 4; }
constexpr int bytes_of(Product product) { return 4 / unit_of(product); }

// Functions that tiles apply while their sums are in registers or L1; kProgram stands for any other epilogue.
enum class Activation : uint8_t { kNone, kSigmoid, kTanh, kSilu, kHardSwish, kHardSigmoid, kLeakyRelu, kGelu, kGeluTanh, kProgram };

// What becomes of a sum before it is stored, c being its column in whole panels:
//   x = (sum + compensation[c]) * scale[c]; x = snap0(x) + bias[c];
//   x = snap1(x); x += residual * residual_scale; x = snap2(x); x = activation(x); x = min(max(x, low), high); x = snap3(x);
//   stored as `output`, integers rounded half to even and saturated.
// snap(x) = s * min(max(round(x / s), -128), 127): to int8 and back, as networks of 8 bits have it between layers that are one here.
// Arrays have an entry for each column of whole panels.
struct Finish {
  const int32_t* compensation = nullptr;  // of integer products; always there for them
  const float* scale = nullptr;           // null for 1
  const float* bias = nullptr;            // always there for floating-point outputs
  bool has_residual = false;
  bool residual_is_last = false;  // added behind the activation and the bounds
  DataType residual = DataType::kFloat;
  float residual_scale = 1;
  enum Snap { kSum, kBeforeResidual, kBehindResidual, kBehindBounds };
  float snaps[4] = {0, 0, 0, 0};  // the scales s; 0 for none
  Activation activation = Activation::kNone;
  float a = 0, b = 0;  // of the activation
  float low = -std::numeric_limits<float>::infinity(), high = std::numeric_limits<float>::infinity();
  float output_factor = 1;             // behind all of it: 1 / output_scale
  DataType output = DataType::kFloat;  // kInt32: the compensated sum itself
  const EpilogueProgram* program = nullptr;
  // Nothing but scale, bias, residual and bounds, with residual and output of the product's own type: done in registers.
  bool is_plain = false;
  // Integers with snaps and what a plain one may have: done vector by vector without choices.
  bool is_snapped = false;
};

struct Tile {
  const void* const* a;  // a[tap * a_stride + row]
  int64_t a_stride;
  int64_t taps;
  int64_t b_taps;               // taps after which B is read from its start again; 0 where it has one for each tap of A
  int64_t k;                    // elements of A for each tap
  const void* b;                // [taps][k in units][32] units
  int64_t b_stride;             // bytes from one unit of k to the next: 128 where packed
  void* const* c;               // [rows] addresses of column 0
  const void* const* residual;  // [rows] addresses of column 0, where there is one
  int64_t column;               // of the tile's first column in c and residual
  int64_t panel_column;         // the same, counted in whole panels: where it stands in the arrays of `finish`
  int rows, columns;            // columns in [1, 32]
  const Finish* finish;
};

struct TileKernel {
  int most_rows = 0;  // of a tile
  void (*run)(const Tile& tile) = nullptr;
  // Called by each thread before its first tile and behind its last, where they are there: the tile unit is set up and given back.
  void (*begin)() = nullptr;
  void (*end)() = nullptr;
  int32_t a_offset = 0;  // signed bytes of A count as a + a_offset: compensation is -a_offset times the sum of B's column
};
// The fastest one of at most this level.
TileKernel tile_kernel(Product product, Isa isa);
// For tests: the level kAmx without its instructions, on a machine with AVX-512.
void emulate_tile_unit(bool on);
// Whether products of bf16 run on the tile unit at the current level.
bool has_tile_unit();

// By level; those of files that are compiled for a level's instructions.
namespace portable {
TileKernel tile_kernel(Product product);
}
namespace avx2 {
TileKernel tile_kernel(Product product);
}
namespace avx512 {
TileKernel tile_kernel(Product product);
}  // namespace avx512
namespace vnni {
TileKernel tile_kernel(Product product);
}
namespace bf16 {
TileKernel tile_kernel(Product product);
}
namespace amx {
TileKernel tile_kernel(Product product);
TileKernel emulated_tile_kernel(Product product);
}  // namespace amx

}  // namespace ingot
