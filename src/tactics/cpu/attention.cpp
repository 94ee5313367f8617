// cpu.attention: a block of rows of one head at a time, scores and weights in L2. Keys are packed once for a head; values are read where
// they lie where their rows allow it. Heads are addressed by strides, so no transposes stand around it.
#include "operators/attention.h"

#include <algorithm>
#include <cmath>
#include <cstring>
#include <tuple>

#include "tactics/cpu/convert_rows.h"
#include "tactics/cpu/expression_kernels.h"
#include "tactics/cpu/panels.h"
#include "tactics/cpu/row_kernels.h"
#include "tactics/cpu/strided_copy.h"
#include "tactics/cpu/worker_scratch.h"
#include "tactics/layout.h"

namespace ingot {
namespace {

constexpr float kInfinity = std::numeric_limits<float>::infinity();
constexpr int64_t kScoreFloats = 32 * 1024;  // of a block of rows
constexpr int64_t kMostBlockRows = 96;
constexpr int64_t kManyHeads = 8;  // from here on a head is one unit of work

int64_t round_up(int64_t value, int64_t multiple) { return (value + multiple - 1) / multiple * multiple; }

// Where the rows of q, k, v or y lie, in elements.
struct Rows {
  int64_t first = 0, batch = 0, head = 0, position = 0;
  int64_t at(int64_t b, int64_t h, int64_t s) const { return first + b * batch + h * head + s * position; }
};

Rows rows_of(const Shape& shape, int64_t heads, int64_t first_head, int64_t depth) {
  const Shape strides = row_major_strides(shape);
  if (heads == 0) return {0, strides[0], strides[1], strides[2]};
  return {first_head * depth, strides[0], depth, strides[1]};
}

// Parts of a worker's scratch, in bytes.
struct Layout {
  size_t keys = 0, values = 0, scores = 0, queries = 0, plain = 0, added = 0, total = 0;
};

struct AttentionKernel;

struct AttentionLaunch final : Launch {
  const AttentionKernel& kernel;
  int64_t batch = 0, heads = 0, group = 1, length = 0, columns = 0, depth = 0, value_depth = 0;
  Rows q, k, v, y;
  Shape mask_strides;  // by b, h, s, t; empty without a mask
  int64_t block_rows = 1, unit_rows = 1, units_a_head = 1, score_stride = 0;
  bool packs_values = true;
  float scale = 1;
  Layout layout;
  WorkerScratch scratch;
  std::vector<float> zeros;
  Finish score_finish, value_finish;

  explicit AttentionLaunch(const AttentionKernel& kernel) : kernel(kernel) {}
  size_t workspace_bytes() const override { return scratch.workspace_bytes(); }
  Status run(const RunArguments& arguments) const override;
  void unit(const RunArguments& arguments, int64_t index, std::byte* memory) const;
  void pack_keys(const char* rows, int64_t stride, std::byte* panels) const;
  void pack_values(const char* rows, int64_t stride, std::byte* panels) const;
  void multiply(const void* const* a, void* const* c, int64_t rows, int64_t depth_of_product, const std::byte* panels, size_t panel_bytes,
                int64_t b_stride, int64_t count, const Finish& finish) const;
  void add_mask_row(const void* mask, int64_t at, float* row, int64_t count) const;
  std::pair<int64_t, int64_t> shown(const void* mask, int64_t at, int64_t rows, int64_t seen) const;
};

struct AttentionKernel final : Kernel {
  Attention op;
  DataType type = DataType::kFloat, mask_type = DataType::kFloat;
  bool has_mask = false;
  Product product = Product::kFloat;
  bool converts = false;  // halves, and bf16 of an odd depth, become floats first
  TileKernel tiles;
  std::vector<Array> constants;
  LoadRow load = nullptr, load_mask = nullptr;
  StoreRow store = nullptr;
  TransposeTile transpose = nullptr;
  ExpressionKernel softcap = nullptr;

  Result<std::unique_ptr<Launch>> launch(const std::vector<Shape>& inputs, const std::vector<Shape>& outputs) const override;
};

Result<std::unique_ptr<Launch>> AttentionKernel::launch(const std::vector<Shape>& inputs, const std::vector<Shape>& outputs) const {
  auto made = std::make_unique<AttentionLaunch>(*this);
  AttentionLaunch& l = *made;
  const int64_t key_heads = op.heads == 0 ? inputs[1][1] : op.key_heads == 0 ? op.heads : op.key_heads;
  l.batch = inputs[0][0];
  l.heads = op.heads == 0 ? inputs[0][1] : op.heads;
  l.group = key_heads > 0 ? std::max<int64_t>(1, l.heads / key_heads) : 1;
  const size_t position = op.heads == 0 ? 2 : 1;
  l.length = inputs[0][position];
  l.columns = op.packed ? l.length : inputs[1][position];
  const int64_t q_heads = op.packed ? l.heads + 2 * key_heads : l.heads;
  l.depth = op.heads == 0 ? inputs[0][3] : inputs[0][2] / q_heads;
  l.value_depth = op.heads == 0 ? inputs[2][3] : op.packed ? l.depth : inputs[2][2] / key_heads;
  const Shape &k_shape = op.packed ? inputs[0] : inputs[1], &v_shape = op.packed ? inputs[0] : inputs[2];
  l.q = rows_of(inputs[0], op.heads, 0, l.depth);
  l.k = rows_of(k_shape, op.heads, op.packed ? l.heads : 0, l.depth);
  l.v = rows_of(v_shape, op.heads, op.packed ? l.heads + key_heads : 0, l.value_depth);
  l.y = rows_of(outputs[0], op.heads, 0, l.value_depth);
  l.scale = static_cast<float>(op.scale != 0 ? op.scale : 1 / std::sqrt(static_cast<double>(l.depth)));
  if (has_mask) {
    const Shape &mask = inputs[3], own = row_major_strides(mask);
    l.mask_strides.assign(4, 0);
    for (size_t d = 0; d < mask.size(); ++d) {
      if (mask[d] != 1) l.mask_strides[4 - mask.size() + d] = own[d];
    }
  }

  l.score_stride = round_up(l.columns, kPanelColumns) + 16;  // off the powers of two, where rows fall on the same cache lines
  l.block_rows = std::clamp<int64_t>(kScoreFloats / std::max<int64_t>(1, l.score_stride), 12, kMostBlockRows);
  const int64_t all_heads = l.batch * l.heads;
  l.unit_rows = all_heads >= kManyHeads ? l.length
                                        : std::max<int64_t>(32, (l.length * std::max<int64_t>(1, all_heads) + kManyHeads - 1) / kManyHeads);
  l.unit_rows = std::max<int64_t>(1, std::min(l.unit_rows, l.length));
  l.units_a_head = (l.length + l.unit_rows - 1) / l.unit_rows;
  l.block_rows = std::min(l.block_rows, l.unit_rows);
  l.packs_values = product != Product::kFloat || converts || l.value_depth % kPanelColumns != 0;

  const int64_t unit = unit_of(product);
  const auto panels = [](int64_t count) { return (count + kPanelColumns - 1) / kPanelColumns; };
  size_t at = 0;
  const auto part = [&](int64_t bytes) {
    const size_t start = at;
    at += static_cast<size_t>(round_up(bytes, 64));
    return start;
  };
  l.layout.keys = part(panels(l.columns) * ((l.depth + unit - 1) / unit) * kPanelColumns * 4);
  l.layout.values = part(l.packs_values ? panels(l.value_depth) * ((l.columns + unit - 1) / unit) * kPanelColumns * 4 : 0);
  l.layout.scores = part(l.block_rows * l.score_stride * 4);
  l.layout.added = part(has_mask ? round_up(l.columns, 16) * 4 : 0);
  l.layout.queries = part(converts ? l.block_rows * l.depth * 4 : 0);
  l.layout.plain = part(converts ? l.columns * std::max(l.depth, l.value_depth) * 4 : 0);
  l.layout.total = at;
  l.scratch = WorkerScratch(at);

  l.zeros.assign(static_cast<size_t>(round_up(std::max(l.columns, l.value_depth), kPanelColumns)), 0.0f);
  l.score_finish.bias = l.value_finish.bias = l.zeros.data();
  l.score_finish.output = DataType::kFloat;
  l.score_finish.is_plain = product == Product::kFloat;
  l.value_finish.output = type;
  l.value_finish.is_plain = type == (product == Product::kFloat ? DataType::kFloat : DataType::kBf16);
  return std::unique_ptr<Launch>(std::move(made));
}

// Panels of 32 keys: a lane of 4 bytes is one float or a pair of bf16.
void AttentionLaunch::pack_keys(const char* rows, int64_t stride, std::byte* panels) const {
  const int64_t unit = unit_of(kernel.product), units = depth / unit, bytes = 4 / unit;
  for (int64_t first = 0; first < columns; first += kPanelColumns) {
    auto* panel = panels + first * units * 4;
    const int64_t count = std::min<int64_t>(kPanelColumns, columns - first);
    if (count < kPanelColumns) std::memset(panel, 0, static_cast<size_t>(units * kPanelColumns * 4));
    kernel.transpose(rows + first * stride * bytes, stride / unit, panel, kPanelColumns, count, units);
  }
}

// Panels of 32 columns of values: pairs of rows are woven together.
void AttentionLaunch::pack_values(const char* rows, int64_t stride, std::byte* panels) const {
  const int64_t last_panel = (value_depth + kPanelColumns - 1) / kPanelColumns;
  if (kernel.product != Product::kBf16)
    return pack_panels(kernel.product, rows, columns, value_depth, stride, false, 0, last_panel, panels);
  const auto* values = reinterpret_cast<const uint16_t*>(rows);
  const int64_t pairs = (columns + 1) / 2;
  for (int64_t panel = 0; panel < last_panel; ++panel) {
    auto* to = reinterpret_cast<uint32_t*>(panels) + panel * pairs * kPanelColumns;
    const int64_t first = panel * kPanelColumns, count = std::min<int64_t>(kPanelColumns, value_depth - first);
    for (int64_t pair = 0; pair < pairs; ++pair, to += kPanelColumns) {
      const uint16_t* even = values + 2 * pair * stride + first;
      if (count == kPanelColumns && 2 * pair + 1 < columns) {
        const uint16_t* odd = even + stride;
        for (int c = 0; c < kPanelColumns; ++c) to[c] = even[c] | static_cast<uint32_t>(odd[c]) << 16;
        continue;
      }
      for (int c = 0; c < kPanelColumns; ++c) {
        const uint32_t low = c < count ? even[c] : 0, high = c < count && 2 * pair + 1 < columns ? even[stride + c] : 0;
        to[c] = low | high << 16;
      }
    }
  }
}

void AttentionLaunch::multiply(const void* const* a, void* const* c, int64_t rows, int64_t depth_of_product, const std::byte* panels,
                               size_t panel_bytes, int64_t b_stride, int64_t count, const Finish& finish) const {
  const int64_t tiles = (rows + kernel.tiles.most_rows - 1) / kernel.tiles.most_rows;
  Tile tile;
  tile.a_stride = rows;
  tile.taps = 1;
  tile.b_taps = 0;
  tile.k = depth_of_product;
  tile.b_stride = b_stride;
  tile.residual = nullptr;
  tile.finish = &finish;
  if (kernel.tiles.begin) kernel.tiles.begin();
  for (int64_t column = 0, panel = 0; column < count; column += kPanelColumns, ++panel) {
    tile.b = panels + static_cast<size_t>(panel) * panel_bytes;
    tile.column = tile.panel_column = column;
    tile.columns = static_cast<int>(std::min<int64_t>(kPanelColumns, count - column));
    for (int64_t t = 0, row = 0; t < tiles; ++t) {
      const int64_t end = rows * (t + 1) / tiles;
      tile.a = a + row;
      tile.c = c + row;
      tile.rows = static_cast<int>(end - row);
      kernel.tiles.run(tile);
      row = end;
    }
  }
  if (kernel.tiles.end) kernel.tiles.end();
}

// The mask's row as floats to add: 0 and -infinity for bools.
void AttentionLaunch::add_mask_row(const void* mask, int64_t at, float* row, int64_t count) const {
  const auto* data = static_cast<const char*>(mask) + at * (bits_of(kernel.mask_type) / 8);
  if (mask_strides[3] == 0) {
    kernel.load_mask(data, row, 1);
    std::fill(row + 1, row + count, row[0]);
  } else {
    kernel.load_mask(data, row, count);
  }
  if (kernel.mask_type == DataType::kBool) {
    for (int64_t t = 0; t < count; ++t) row[t] = row[t] != 0 ? 0 : -kInfinity;
  }
}

// The columns from the first to behind the last that a bool mask shows to some of `rows` rows from `at` on, in whole panels, at least one.
// What lies outside weighs nothing, so nobody computes it; with whole panels sums keep their order, and every row its bits.
std::pair<int64_t, int64_t> AttentionLaunch::shown(const void* mask, int64_t at, int64_t rows, int64_t seen) const {
  int64_t first = seen, last = 0;
  const auto is_empty = [](const char* bools) {
    uint64_t word = 0;
    std::memcpy(&word, bools, sizeof word);
    return word == 0;
  };
  for (int64_t r = 0; r < rows; ++r) {
    const auto* row = static_cast<const char*>(mask) + at + r * mask_strides[2];
    int64_t begin = 0, end = seen;
    while (begin + 8 <= first && is_empty(row + begin)) begin += 8;
    while (begin < first && row[begin] == 0) ++begin;
    while (end - 8 >= last && is_empty(row + end - 8)) end -= 8;
    while (end > last && row[end - 1] == 0) --end;
    first = std::min(first, begin);
    last = std::max(last, end);
  }
  first = std::min(first, seen - 1) / kPanelColumns * kPanelColumns;
  return {first, std::min(seen, round_up(std::max(last, first + 1), kPanelColumns))};
}

void AttentionLaunch::unit(const RunArguments& arguments, int64_t index, std::byte* memory) const {
  const auto input = [&](size_t i) {
    return static_cast<const char*>(kernel.constants[i].data() ? kernel.constants[i].data() : arguments.inputs[i]);
  };
  const int64_t part = index % units_a_head, h = index / units_a_head % heads, b = index / units_a_head / heads;
  const int64_t begin = part * unit_rows, end = std::min(begin + unit_rows, length);
  const int64_t bytes = bits_of(kernel.type) / 8, product_bytes = bytes_of(kernel.product), unit = unit_of(kernel.product);
  const char *q_data = input(0), *k_data = input(kernel.op.packed ? 0 : 1), *v_data = input(kernel.op.packed ? 0 : 2);
  const void* mask = kernel.has_mask ? input(3) : nullptr;
  auto* y_data = static_cast<char*>(arguments.outputs[0]);
  const RowKernels& kernels = row_kernels();

  // Keys, and values where they do not serve as they are.
  auto* keys = memory + layout.keys;
  auto* values = memory + layout.values;
  auto* plain = reinterpret_cast<float*>(memory + layout.plain);
  const char* k_rows = k_data + k.at(b, h / group, 0) * bytes;
  const char* v_rows = v_data + v.at(b, h / group, 0) * bytes;
  const auto convert = [&](const char* rows, const Rows& own, int64_t width) {
    for (int64_t t = 0; t < columns; ++t) kernel.load(rows + t * own.position * bytes, plain + t * width, width);
  };
  if (kernel.converts) {
    convert(k_rows, k, depth);
    pack_keys(reinterpret_cast<const char*>(plain), depth, keys);
    convert(v_rows, v, value_depth);
    pack_values(reinterpret_cast<const char*>(plain), value_depth, values);
  } else {
    pack_keys(k_rows, k.position, keys);
    if (packs_values) pack_values(v_rows, v.position, values);
  }
  const size_t key_panel = static_cast<size_t>(depth / unit * kPanelColumns * 4);
  const size_t value_panel = packs_values ? static_cast<size_t>((columns + unit - 1) / unit * kPanelColumns * 4) : kPanelColumns * 4;
  const auto* value_panels = packs_values ? values : reinterpret_cast<const std::byte*>(v_rows);
  const int64_t value_stride = packs_values ? kPanelColumns * 4 : v.position * 4;

  auto* scores = reinterpret_cast<float*>(memory + layout.scores);
  auto* added = reinterpret_cast<float*>(memory + layout.added);
  auto* queries = reinterpret_cast<float*>(memory + layout.queries);
  const int64_t mask_at = mask ? b * mask_strides[0] + h * mask_strides[1] : 0;
  const bool same_mask = mask && mask_strides[2] == 0;
  const bool hides = mask && kernel.mask_type == DataType::kBool && mask_strides[3] == 1;
  if (same_mask) add_mask_row(mask, mask_at, added, columns);

  const void* a[kMostBlockRows];
  void* c[kMostBlockRows];
  for (int64_t first = begin; first < end; first += block_rows) {
    const int64_t rows = std::min(block_rows, end - first);
    // Columns that some row of the block sees.
    int64_t from = 0, seen = kernel.op.causal ? std::min(columns, first + rows) : columns;
    if (hides && seen > 0) std::tie(from, seen) = shown(mask, mask_at + first * mask_strides[2], same_mask ? 1 : rows, seen);
    for (int64_t r = 0; r < rows; ++r) {
      const char* row = q_data + q.at(b, h, first + r) * bytes;
      if (kernel.converts) {
        kernel.load(row, queries + r * depth, depth);
        a[r] = queries + r * depth;
      } else {
        a[r] = row;
      }
      c[r] = scores + r * score_stride;
    }
    const int64_t width = seen - from;
    multiply(a, c, rows, depth, keys + from / kPanelColumns * static_cast<int64_t>(key_panel), key_panel, kPanelColumns * 4, width,
             score_finish);
    for (int64_t r = 0; r < rows; ++r) {
      float* row = scores + r * score_stride;
      const int64_t visible = kernel.op.causal ? std::clamp<int64_t>(first + r + 1 - from, 0, width) : width;
      if (mask && !same_mask) add_mask_row(mask, mask_at + (first + r) * mask_strides[2] + from * mask_strides[3], added, visible);
      float factor = scale;
      if (kernel.softcap) {
        const auto cap = static_cast<float>(kernel.op.softcap);
        const TileOperand operand{row, 1};
        kernel.softcap(&operand, row, visible, cap, scale / cap);
        factor = 1;
      }
      if (visible > 0) kernels.attention_weights(row, visible, factor, mask ? added + (same_mask ? from : 0) : nullptr);
      std::fill(row + visible, row + width, 0.0f);
      if (product_bytes == 2) kernel.store(row, row, width);  // narrows in place: each vector is read before its place is written
      a[r] = row;
      c[r] = y_data + y.at(b, h, first + r) * bytes;
    }
    multiply(a, c, rows, width, value_panels + from / unit * value_stride, value_panel, value_stride, value_depth, value_finish);
  }
}

Status AttentionLaunch::run(const RunArguments& arguments) const {
  const int64_t units = length == 0 || value_depth == 0 ? 0 : batch * heads * units_a_head;
  scratch.run(*arguments.pool, units, arguments.workspace, [&](int64_t index, std::byte* memory) { unit(arguments, index, memory); });
  return Ok{};
}

struct AttentionBlocks final : LinearTactic {
  std::string_view name() const override { return "cpu.attention"; }

  Status accepts(const Problem& problem) const override {
    const auto* op = dynamic_cast<const Attention*>(problem.op);
    REQUIRES(op, std::string(problem.op->name()) + " is no attention");
    const DataType type = problem.inputs[0].type;
    REQUIRES(type == DataType::kFloat || type == DataType::kHalf || type == DataType::kBf16,
             std::string(name_of(type)) + " is not float, half or bf16");
    TRY(all_linear(problem));
    if (is_present(problem, 3))
      REQUIRES(load_row(problem.inputs[3].type), std::string(name_of(problem.inputs[3].type)) + " masks have no rows");
    return Ok{};
  }

  Result<std::unique_ptr<Kernel>> prepare(const Problem& problem, const std::vector<PackedWeights>&) const override {
    auto kernel = std::make_unique<AttentionKernel>();
    kernel->op = static_cast<const Attention&>(*problem.op);
    kernel->type = problem.inputs[0].type;
    kernel->constants = problem.constants;
    kernel->constants.resize(4);
    kernel->has_mask = is_present(problem, 3);
    if (kernel->has_mask) {
      kernel->mask_type = problem.inputs[3].type;
      kernel->load_mask = load_row(kernel->mask_type);
    }
    // Pairs of bf16 along k want a depth that is even in every row; its length must be known for that.
    const Dim& last = problem.inputs[0].dims.back();
    const int64_t parts = kernel->op.heads == 0 ? 1
                          : kernel->op.packed   ? kernel->op.heads + 2 * (kernel->op.key_heads ? kernel->op.key_heads : kernel->op.heads)
                                                : kernel->op.heads;
    const bool even = last.is_constant() && last.value() / parts % 2 == 0;
    kernel->product = kernel->type == DataType::kBf16 && even ? Product::kBf16 : Product::kFloat;
    kernel->converts = kernel->product == Product::kFloat && kernel->type != DataType::kFloat;
    kernel->tiles = tile_kernel(kernel->product, current_isa());
    kernel->load = load_row(kernel->type);
    kernel->store = store_row(DataType::kBf16);
    kernel->transpose = transpose_tile(4);
    if (kernel->op.softcap != 0) kernel->softcap = expression_kernel(ScalarOp::kScaledTanh);
    return std::unique_ptr<Kernel>(std::move(kernel));
  }

  std::optional<double> estimate_ms(const Problem& problem) const override {
    if (problem.opt_inputs.size() < 1 || problem.opt_inputs[0].size() < 3) return std::nullopt;
    const Shape& q = problem.opt_inputs[0];
    const auto count = static_cast<double>(volume(q).value_or(0));
    const double length = static_cast<double>(q[q.size() - 2]);
    return 0.005 + count * length * 4 / (problem.inputs[0].type == DataType::kBf16 ? 250e6 : 130e6);
  }
};

}  // namespace

TACTIC(AttentionBlocks, cpu, attention)

}  // namespace ingot
