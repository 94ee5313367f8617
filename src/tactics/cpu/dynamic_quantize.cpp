// cpu.dynamic_quantize: blocks that lie in one piece, or columns of blocks along one axis: the largest magnitude, the scale, then the
// codes.
#include "operators/dynamic_quantize.h"

#include <algorithm>
#include <cmath>
#include <cstring>

#include "base/cpu_info.h"
#include "base/float_types.h"
#include "tactics/cpu/convert_rows.h"
#include "tactics/cpu/dynamic_scales.h"
#include "tactics/cpu/plain_tactic.h"

namespace ingot {
namespace {

constexpr int64_t kPiece = 4096;     // elements of a block that are looked at at once
constexpr int64_t kCost = 3;         // elements of other layers that one is worth, by its time
constexpr int64_t kMostShort = 128;  // elements of a block that is looked at with others
constexpr int64_t kColumns = 256;    // of blocks that lie beside each other

// The tensor as [outer, length, inner] with blocks along the middle: whole rows of `inner` where it is solid, else each column by itself.
struct Blocks {
  bool fits = false, solid = true;
  size_t axis = 0;
  int64_t outer = 1, length = 1, inner = 1, extent = 1, count = 1;
};

// Dims that are not known are -1: they may have any size.
Blocks blocks_of(const DynamicQuantize& op, const Shape& shape) {
  Blocks result;
  const size_t rank = shape.size();
  if (rank == 0) return result;
  const auto is_one = [&](size_t d) { return op.block[d] == 1 || shape[d] == 1; };
  const auto is_whole = [&](size_t d) { return op.block[d] < 0 || shape[d] == 1 || (shape[d] >= 0 && op.block[d] >= shape[d]); };
  size_t axis = 0;
  while (axis + 1 < rank && op.block[axis] == 1) ++axis;
  result.axis = axis;
  bool solid = true, columns = true;
  for (size_t d = axis + 1; d < rank; ++d) {
    solid &= is_whole(d);
    columns &= is_one(d);
  }
  result.solid = solid;
  result.fits = solid || columns;
  for (size_t d = 0; d < axis; ++d) result.outer *= shape[d];
  for (size_t d = axis + 1; d < rank; ++d) result.inner *= shape[d];
  result.length = shape[axis];
  result.extent = op.block[axis] < 0 ? std::max<int64_t>(shape[axis], 1) : op.block[axis];
  result.count = op.block[axis] < 0 ? 1 : (result.length + result.extent - 1) / result.extent;
  return result;
}

template <class Code>
struct Runner {
  const PlainCall& call;
  const DynamicQuantize& op;
  Blocks blocks;
  double second = 1;
  LoadRow load = nullptr;
  int64_t element_bytes = 4;
  const DynamicLoops& loops;

  const float* values(int64_t first, int64_t count, float* buffer) const {
    const auto* x = call.from<char>(0) + first * element_bytes;
    if (element_bytes == 4) return reinterpret_cast<const float*>(x);
    load(x, buffer, count);
    return buffer;
  }
  double scale_for(float most, int64_t index) const {
    const double scale = static_cast<double>(most) / static_cast<double>(Code::kMost) / second;
    return store_scale(op.scale_type, scale, call.out[1], index) * second;
  }
  float largest(const float* x, int64_t count) const { return loops.largest(x, count, 0); }
  // Codes of `count` values that stand from `first` on in the output.
  void write(const float* ratios, int64_t first, int64_t count) const {
    auto* y = call.to<uint8_t>(0);
    if constexpr (Code::kNarrow) {
      uint8_t codes[kPiece];
      loops.codes_of(op.to, ratios, codes, count);
      loops.pack(codes, y + first / 2, count / 2);
    } else {
      loops.codes_of(op.to, ratios, y + first, count);
    }
  }
  void divide(const float* x, double scale, float* to, int64_t count) const {
    if (!(scale > 0)) {
      std::fill(to, to + count, 0.0f);
    } else if (Code::kWhole) {
      loops.divide_blocks(x, &scale, true, second != 1, count, 1, to);
    } else if (second == 1) {
      // A quotient of floats that is rounded from double's is the one of float.
      loops.divide(x, static_cast<float>(scale), to, count);
    } else {
      loops.divide_exactly(x, scale, to, count);
    }
  }
  void encode(const float* x, double scale, int64_t first, int64_t count) const {
    float ratios[kPiece];
    divide(x, scale, ratios, count);
    write(ratios, first, count);
  }

  // Where block `unit` begins, and how many elements it has.
  std::pair<int64_t, int64_t> solid_block(int64_t unit) const {
    const int64_t row = unit / blocks.count, first = unit % blocks.count * blocks.extent;
    return {(row * blocks.length + first) * blocks.inner, std::min(blocks.extent, blocks.length - first) * blocks.inner};
  }
  // Short blocks of one length, many at a time.
  static bool is_short(const Blocks& blocks) {
    return blocks.solid && blocks.length % blocks.extent == 0 && blocks.extent * blocks.inner <= kMostShort;
  }
  void run_short() const {
    const int64_t extent = blocks.extent * blocks.inner, count = blocks.outer * blocks.length / blocks.extent;
    constexpr int64_t kRound = 1024;  // elements
    call.share(count, extent * kCost, [&](int64_t from, int64_t to) {
      alignas(64) float own[kRound], ratios[kRound], most[kRound];
      double scales[kRound];
      const int64_t step = kRound / extent;
      for (int64_t first = from; first < to; first += step) {
        const int64_t some = std::min(step, to - first), elements = some * extent;
        const float* x = values(first * extent, elements, own);
        loops.largest_of_blocks(x, extent, some, most);
        if (op.scale_type == DataType::kFloat || op.scale_type == DataType::kFp8 || op.scale_type == DataType::kE8m0) {
          loops.find_scales(op.scale_type, most, static_cast<double>(Code::kMost), second, some, call.out[1], first, scales);
        } else {
          for (int64_t b = 0; b < some; ++b) scales[b] = scale_for(most[b], first + b);
        }
        const bool is_near = std::is_same_v<Code, Fp4Code> && loops.divide_nearly(x, scales, extent, some, ratios);
        if (!is_near) loops.divide_blocks(x, scales, Code::kWhole, second != 1, extent, some, ratios);
        write(ratios, first * extent, elements);
      }
    });
  }

  void run_solid() const {
    const int64_t units = blocks.outer * blocks.count, most = std::min(blocks.extent, blocks.length) * blocks.inner;
    const int64_t pieces = std::max<int64_t>(1, (most + kPiece - 1) / kPiece);
    if (pieces == 1) {
      call.share(units, most * kCost, [&](int64_t from, int64_t to) {
        float own[kPiece];
        for (int64_t unit = from; unit < to; ++unit) {
          const auto [first, count] = solid_block(unit);
          const float* x = values(first, count, own);
          encode(x, scale_for(largest(x, count), unit), first, count);
        }
      });
      return;
    }
    auto* found = static_cast<float*>(call.workspace);
    const auto piece_of = [&](int64_t unit, int64_t piece) {
      const auto [first, count] = solid_block(unit);
      const int64_t skipped = std::min(piece * kPiece, count);
      return std::pair{first + skipped, std::min(kPiece, count - skipped)};
    };
    call.share(units * pieces, kPiece * kCost, [&](int64_t from, int64_t to) {
      float own[kPiece];
      for (int64_t i = from; i < to; ++i) {
        const auto [first, count] = piece_of(i / pieces, i % pieces);
        found[i] = largest(values(first, count, own), count);
      }
    });
    auto* scales = reinterpret_cast<double*>(found + (units * pieces + 1) / 2 * 2);
    for (int64_t unit = 0; unit < units; ++unit) scales[unit] = scale_for(largest(found + unit * pieces, pieces), unit);
    call.share(units * pieces, kPiece * kCost, [&](int64_t from, int64_t to) {
      float own[kPiece];
      for (int64_t i = from; i < to; ++i) {
        const auto [first, count] = piece_of(i / pieces, i % pieces);
        encode(values(first, count, own), scales[i / pieces], first, count);
      }
    });
  }

  void run_columns() const {
    const int64_t strips = (blocks.inner + kColumns - 1) / kColumns;
    call.share(blocks.outer * blocks.count * strips, blocks.extent * kColumns, [&](int64_t from, int64_t to) {
      float buffer[kColumns], most[kColumns], ratios[kColumns];
      double scales[kColumns];
      for (int64_t i = from; i < to; ++i) {
        const int64_t unit = i / strips, column = i % strips * kColumns, count = std::min(kColumns, blocks.inner - column);
        const int64_t row = unit / blocks.count * blocks.length + unit % blocks.count * blocks.extent;
        const int64_t rows = std::min(blocks.extent, blocks.length - unit % blocks.count * blocks.extent);
        std::fill(most, most + count, 0.0f);
        for (int64_t r = 0; r < rows; ++r) {
          const float* x = values((row + r) * blocks.inner + column, count, buffer);
          for (int64_t c = 0; c < count; ++c) {
            const float magnitude = std::fabs(x[c]);
            most[c] = magnitude > most[c] ? magnitude : most[c];
          }
        }
        for (int64_t c = 0; c < count; ++c) scales[c] = scale_for(most[c], unit * blocks.inner + column + c);
        for (int64_t r = 0; r < rows; ++r) {
          const int64_t first = (row + r) * blocks.inner + column;
          const float* x = values(first, count, buffer);
          for (int64_t c = 0; c < count; ++c) divide(x + c, scales[c], ratios + c, 1);
          write(ratios, first, count);
        }
      }
    });
  }

  Status run() const {
    if (is_short(blocks))
      run_short();
    else if (blocks.solid)
      run_solid();
    else
      run_columns();
    return Ok{};
  }
};

struct DynamicQuantizeBlocks final : PlainTactic {
  std::string_view name() const override { return "cpu.dynamic_quantize"; }

  Status accepts(const Problem& problem) const override {
    const auto* op = dynamic_cast<const DynamicQuantize*>(problem.op);
    REQUIRES(op, std::string(problem.op->name()) + " is no dynamic_quantize");
    const TensorType& x = problem.inputs[0];
    REQUIRES(x.type == DataType::kFloat || x.type == DataType::kHalf || x.type == DataType::kBf16, "x is " + std::string(name_of(x.type)));
    REQUIRES(!is_present(problem, 1) || problem.inputs[1].type == DataType::kFloat, "the second scale is no float");
    const DataType scale = op->scale_type;
    REQUIRES(stores_scales(scale), "scales are " + std::string(name_of(scale)));
    Shape shape;
    for (const Dim& dim : x.dims) shape.push_back(dim.constant().value_or(-1));
    REQUIRES(!shape.empty(), "x is a single number");
    const Blocks blocks = blocks_of(*op, shape);
    REQUIRES(blocks.fits, "blocks are neither in one piece nor along one axis");
    if (bits_of(op->to) < 8) {
      const bool is_last = blocks.axis + 1 == shape.size();
      REQUIRES(shape.back() > 0 && shape.back() % 2 == 0, "rows of half bytes are not whole bytes");
      REQUIRES(!is_last || blocks.extent % 2 == 0 || blocks.count <= 1, "blocks of half bytes are not whole bytes");
    }
    return all_linear(problem);
  }

  size_t workspace_bytes(const Operator& op, const std::vector<Shape>& inputs, const std::vector<Shape>&) const override {
    const Blocks blocks = blocks_of(static_cast<const DynamicQuantize&>(op), inputs[0]);
    const int64_t units = blocks.outer * blocks.count, most = std::min(blocks.extent, blocks.length) * blocks.inner;
    if (!blocks.solid || most <= kPiece) return 0;
    return static_cast<size_t>(units * ((most + kPiece - 1) / kPiece) + 1) * sizeof(float) + static_cast<size_t>(units) * sizeof(double);
  }

  Status run(const PlainCall& call) const override {
    const auto& op = call.as<DynamicQuantize>();
    switch (op.to) {
      case DataType::kInt8: return run_as<Int8Code>(call, op);
      case DataType::kInt4: return run_as<Int4Code>(call, op);
      case DataType::kFp4: return run_as<Fp4Code>(call, op);
      default: return run_as<Fp8Code>(call, op);
    }
  }
  template <class Code>
  static Status run_as(const PlainCall& call, const DynamicQuantize& op) {
    const DataType type = call.types[0].type;
    const bool has_second = call.types.size() > 1 && call.in[1];
    return Runner<Code>{call,
                        op,
                        blocks_of(op, call.inputs[0]),
                        has_second ? static_cast<double>(call.from<float>(1)[0]) : 1,
                        load_row(type),
                        bits_of(type) / 8,
                        dynamic_loops()}
        .run();
  }
};

}  // namespace

TACTIC(DynamicQuantizeBlocks, cpu, dynamic_quantize)

}  // namespace ingot
