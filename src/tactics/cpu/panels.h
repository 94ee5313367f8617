// How the constant operand of a matrix product or convolution is packed: panels of 32 output columns, which every instruction set reads.
//
//   header     64 bytes: what kind of operand it was, so that it can be unpacked
//   panels     [phase][group][panel][tap][k in units][32 columns][unit], zeros where columns or k run out
//   sums       of 8-bit weights: int32 [phase][group][panel][32 columns], each column summed over taps and k
//
// A unit is 4 bytes: 1 float, 2 bf16 or 4 bytes, neighbours in k. float16 weights are packed as floats, which loses nothing.
#pragma once

#include "network/choice.h"
#include "tactics/cpu/tile_kernel.h"

namespace ingot {

// How k and taps run through the plain array.
enum class PanelSource : uint8_t {
  kMatrix,            // [groups..., K, N]
  kTransposedMatrix,  // [groups..., N, K]
  kWindowPixels,      // convolution weights [groups*N, C, kernel...]: a tap is a kernel position, k is C
  kWindowRows,        // the same: a tap is a kernel row, k is (position in the row, C)
  kWindowPlanes,      // the same: a tap is (C, kernel row), k is the position in the row
  kDeconvolution,     // [groups*C, N, kernel...]: k is C; a phase has the taps of one residue of output positions by strides
};

struct PanelSpec {
  PanelSource source = PanelSource::kMatrix;
  int64_t groups = 1;                                        // of windows; for matrices it follows from the shape
  int64_t strides[3] = {1, 1, 1}, dilations[3] = {1, 1, 1};  // of deconvolution, for depth, height, width
};

class Panels {
 public:
  // Overflow and shapes that do not fit the spec are errors.
  static Result<Panels> plan(const PanelSpec& spec, Product product, const Shape& weights);

  size_t byte_count() const { return byte_count_; }
  int64_t groups() const { return groups_; }
  int64_t columns() const { return columns_; }          // of a group
  int64_t panel_count() const { return panel_count_; }  // of a group
  int64_t k() const { return static_cast<int64_t>(k_offsets_.size()); }
  int64_t phase_count() const { return static_cast<int64_t>(phases_.size()); }
  int64_t taps(int64_t phase) const { return static_cast<int64_t>(phases_[static_cast<size_t>(phase)].offsets.size()); }
  // Kernel positions (counted through the kernel) of a phase's taps.
  const std::vector<int64_t>& tap_positions(int64_t phase) const { return phases_[static_cast<size_t>(phase)].offsets; }
  size_t panel_bytes(int64_t phase) const { return static_cast<size_t>(taps(phase) * units_ * kPanelColumns * 4); }
  const std::byte* panel(const std::byte* packed, int64_t phase, int64_t group, int64_t panel) const;
  // Column sums of 8-bit weights: [panel][32] of one phase and group.
  const int32_t* sums(const std::byte* packed, int64_t phase, int64_t group) const;

  // `plain` holds the weights in their own type: float or half for kFloat, bf16, int8 or uint8... of `weights`' shape.
  void pack(DataType type, const void* plain, std::byte* packed) const;
  void unpack(DataType type, const std::byte* packed, void* plain) const;
  // Whether the packed bytes are of this size and their header names this spec.
  Status check(const std::byte* packed, size_t size) const;
  static Result<PanelSpec> read_header(const std::byte* packed, size_t size);

 private:
  struct Phase {
    std::vector<int64_t> offsets;  // in the plain array, by tap
    size_t start = 0;              // of its panels in the packed bytes
  };
  template <class Visit>
  void visit(Visit visit) const;

  PanelSpec spec_;
  Product product_ = Product::kFloat;
  int64_t groups_ = 0, columns_ = 0, panel_count_ = 0, units_ = 0;
  int64_t group_stride_ = 0, column_stride_ = 0;  // in the plain array
  std::vector<int64_t> k_offsets_;                // in the plain array
  std::vector<Phase> phases_;
  size_t sums_start_ = 0, byte_count_ = 0;
};

// "panels32_f32.1", "panels32_bf16.1", "panels32_s8.1"
std::string_view panel_packing_name(Product product);

// What Tactic::pack returns for the constant `plain`, input `input` of a layer.
Result<std::vector<PackedWeights>> pack_weights(const PanelSpec& spec, Product product, const Array& plain, size_t input);
// The one packed constant that a tactic asked for, once its packing, size and header are as `panels` says.
Result<PackedWeights> checked_weights(const Panels& panels, Product product, const std::vector<PackedWeights>& packed);

// Packs a right operand that is no constant, row-major [K, N] or, transposed, [N, K] with rows `stride` elements apart: panels
// [first, last) of it into `panels`, without header and sums.
void pack_panels(Product product, const void* plain, int64_t k, int64_t n, int64_t stride, bool transposed, int64_t first, int64_t last,
                 std::byte* panels);

}  // namespace ingot
