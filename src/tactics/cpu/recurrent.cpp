// cpu.recurrent: LSTM, GRU and plain cells. All steps' x * w is one product; then, step by step, h * r by tiles of 32 units, whose gates
// are finished where they lie.
#include "operators/recurrent.h"

#include <algorithm>
#include <cstdlib>
#include <cstring>

#include "tactics/cpu/convert_rows.h"
#include "tactics/cpu/expression_kernels.h"
#include "tactics/cpu/panels.h"
#include "tactics/layout.h"

namespace ingot {
namespace {

enum Input : size_t { kX, kW, kR, kB, kLengths, kInitialH, kInitialC, kPeepholes, kInputCount };

constexpr int64_t kMostTileRows = 96;
constexpr int64_t kPartProducts = 64 * 1024;  // multiplications that are worth a part
constexpr float kNone[kPanelColumns] = {};

int64_t round_up(int64_t value, int64_t multiple) { return (value + multiple - 1) / multiple * multiple; }

struct Free {
  void operator()(void* memory) const { std::free(memory); }
};
using Bytes64 = std::unique_ptr<std::byte[], Free>;

Bytes64 aligned_bytes(size_t count) { return Bytes64(static_cast<std::byte*>(std::aligned_alloc(64, (count + 127) / 64 * 64))); }

// One direction's weights: panels of 32 units for each gate, so that a unit's gates lie at equal places.
struct Weights {
  Bytes64 w, r;                 // [gate][panel][k][32]
  std::vector<float> x_bias;    // [gate][padded units]: all that is added before the state's product
  std::vector<float> r_bias;    // what a gru with linear_before_reset adds inside the reset
  std::vector<float> peephole;  // [3][units]
};

struct Function {
  ExpressionKernel kernel;
  float a, b;
  void operator()(float* row, int64_t count) const {
    const TileOperand operand{row, 1};
    kernel(&operand, row, count, a, b);
  }
};

struct RecurrentKernel;

struct RecurrentLaunch final : Launch {
  const RecurrentKernel& kernel;
  int64_t steps = 0, batch = 0, input_size = 0, hidden = 0;
  int64_t padded = 0;  // units, in whole panels
  int64_t part_panels = 1, unit_parts = 1;
  size_t gates_at = 0, work_at = 0, h_at = 0, c_at = 0, reset_at = 0, x_at = 0, total = 0;  // in floats

  explicit RecurrentLaunch(const RecurrentKernel& kernel) : kernel(kernel) {}
  size_t workspace_bytes() const override { return total * sizeof(float); }
  Status run(const RunArguments& arguments) const override;
  void run_direction(const RunArguments& arguments, int64_t direction, const float* x, float* floats) const;
  void input_product(ThreadPool& pool, int64_t direction, const float* x, float* gates) const;
};

struct RecurrentKernel final : Kernel {
  Recurrent op;
  DataType type = DataType::kFloat, length_type = DataType::kInt32;
  std::vector<Array> constants;
  std::vector<bool> present;
  std::vector<Weights> directions;
  std::vector<Function> activations;
  Function clip{};
  TileKernel tiles;
  LoadRow load = nullptr;
  StoreRow store = nullptr;
  ExpressionKernel add = nullptr, sub = nullptr, mul = nullptr, affine = nullptr;

  Result<std::unique_ptr<Launch>> launch(const std::vector<Shape>& inputs, const std::vector<Shape>&) const override {
    auto made = std::make_unique<RecurrentLaunch>(*this);
    RecurrentLaunch& l = *made;
    l.steps = inputs[kX][op.layout == 0 ? 0 : 1];
    l.batch = inputs[kX][op.layout == 0 ? 1 : 0];
    l.input_size = inputs[kX][2];
    l.hidden = inputs[kR][2];
    l.padded = round_up(l.hidden, kPanelColumns);
    const int64_t gates = op.gates(), panels = l.padded / kPanelColumns;
    const int64_t panel_products = std::max<int64_t>(1, kPanelColumns * gates * l.hidden * std::max<int64_t>(1, l.batch));
    l.part_panels = std::clamp<int64_t>((kPartProducts + panel_products - 1) / panel_products, 1, std::max<int64_t>(1, panels));
    l.unit_parts = (panels + l.part_panels - 1) / l.part_panels;
    size_t at = 0;
    const auto part = [&](int64_t floats) {
      const size_t start = at;
      at += static_cast<size_t>(round_up(floats, 16));
      return start;
    };
    l.gates_at = part(l.steps * l.batch * gates * l.padded);
    l.work_at = part(l.batch * (gates + 1) * l.padded);
    l.h_at = part(2 * l.batch * l.padded);
    l.c_at = part(l.batch * l.padded);
    l.reset_at = part(l.batch * l.padded);
    l.x_at = part(type == DataType::kFloat ? 0 : l.steps * l.batch * l.input_size);
    l.total = at;
    return std::unique_ptr<Launch>(std::move(made));
  }
};

Finish plain_finish(const float* bias, bool residual) {
  Finish finish;
  finish.bias = bias;
  finish.has_residual = residual;
  finish.is_plain = true;
  return finish;
}

// rows x one panel of 32 columns: c = a * panel + bias (+ residual).
void multiply_panel(const TileKernel& tiles, const void* const* a, void* const* c, const void* const* residual, int64_t rows, int64_t k,
                    const std::byte* panel, int64_t columns, const Finish& finish) {
  Tile tile;
  tile.a_stride = rows;
  tile.taps = 1;
  tile.k = k;
  tile.b = panel;
  tile.b_stride = kPanelColumns * 4;
  tile.column = tile.panel_column = 0;
  tile.columns = static_cast<int>(columns);
  tile.finish = &finish;
  const int64_t count = (rows + tiles.most_rows - 1) / tiles.most_rows;
  for (int64_t t = 0, row = 0; t < count; ++t) {
    const int64_t end = rows * (t + 1) / count;
    tile.a = a + row;
    tile.c = c + row;
    tile.residual = residual ? residual + row : nullptr;
    tile.rows = static_cast<int>(end - row);
    tiles.run(tile);
    row = end;
  }
}

// gates[row][gate][unit] = x[row] * w + bias for all rows of all steps.
void RecurrentLaunch::input_product(ThreadPool& pool, int64_t direction, const float* x, float* gates) const {
  const Weights& weights = kernel.directions[static_cast<size_t>(direction)];
  const int64_t gate_count = kernel.op.gates(), panels = padded / kPanelColumns, rows = steps * batch, width = gate_count * padded;
  constexpr int64_t kBlock = 48;
  const int64_t blocks = (rows + kBlock - 1) / kBlock, units = blocks * gate_count * panels;
  const size_t panel_bytes = static_cast<size_t>(input_size) * kPanelColumns * 4;
  const int64_t parts = std::clamp<int64_t>(rows * input_size * width / kPartProducts, 1, std::max<int64_t>(1, units));
  pool.run(rows == 0 ? 0 : parts, [&](int64_t part, int) {
    const void* a[kBlock];
    void* c[kBlock];
    for (int64_t u = units * part / parts; u < units * (part + 1) / parts; ++u) {
      const int64_t panel = u / blocks, first = u % blocks * kBlock, count = std::min(kBlock, rows - first);
      for (int64_t r = 0; r < count; ++r) {
        a[r] = x + (first + r) * input_size;
        c[r] = gates + (first + r) * width + panel * kPanelColumns;
      }
      const Finish finish = plain_finish(weights.x_bias.data() + panel * kPanelColumns, false);
      multiply_panel(kernel.tiles, a, c, nullptr, count, input_size, weights.w.get() + static_cast<size_t>(panel) * panel_bytes,
                     kPanelColumns, finish);
    }
  });
}

// What one part of a step works on.
struct Cell {
  const RecurrentKernel& kernel;
  const Function* functions;
  const float* peephole;
  int64_t hidden, first, count;  // units [first, first + count)
  bool clips;

  void activate(size_t which, float* row) const {
    if (clips) kernel.clip(row, count);
    functions[which](row, count);
  }
  void combine(ExpressionKernel op, const float* x, const float* y, float* out) const {
    const TileOperand operands[2] = {{x, 1}, {y, 1}};
    op(operands, out, count, 0, 0);
  }
  void add_peephole(int64_t which, const float* c, float* row, float* spare) const {
    if (!peephole) return;
    combine(kernel.mul, peephole + which * hidden + first, c, spare);
    combine(kernel.add, row, spare, row);
  }

  // gates i, o, f, candidate; c is updated, h receives the new state.
  void lstm(float* i, float* o, float* f, float* g, float* c, float* h, float* spare) const {
    add_peephole(0, c, i, spare);
    activate(0, i);
    if (kernel.op.input_forget) {
      const TileOperand operand{i, 1};
      kernel.affine(&operand, f, count, -1, 1);
    } else {
      add_peephole(2, c, f, spare);
      activate(0, f);
    }
    activate(1, g);
    combine(kernel.mul, f, c, f);
    combine(kernel.mul, i, g, g);
    combine(kernel.add, f, g, c);
    add_peephole(1, c, o, spare);
    activate(0, o);
    std::copy(c, c + count, spare);
    functions[2](spare, count);
    combine(kernel.mul, o, spare, h);
  }
  // h' = (1 - z) * candidate + z * h
  void mix(const float* z, float* candidate, const float* before, float* h) const {
    combine(kernel.sub, before, candidate, h);
    combine(kernel.mul, z, h, h);
    combine(kernel.add, h, candidate, h);
  }
};

void RecurrentLaunch::run_direction(const RunArguments& arguments, int64_t direction, const float* x, float* floats) const {
  const Recurrent& op = kernel.op;
  const Weights& weights = kernel.directions[static_cast<size_t>(direction)];
  const int64_t gate_count = op.gates(), width = gate_count * padded, count = op.directions();
  const bool backwards = op.direction == RecurrentDirection::kReverse || direction == 1;
  float *gates = floats + gates_at, *work = floats + work_at, *c = floats + c_at, *reset = floats + reset_at;
  input_product(*arguments.pool, direction, x, gates);

  const auto input = [&](size_t i) { return kernel.constants[i].data() ? kernel.constants[i].data() : arguments.inputs[i]; };
  const int64_t bytes = bits_of(kernel.type) / 8;
  const auto state_at = [&](int64_t b) { return (op.layout == 0 ? direction * batch + b : b * count + direction) * hidden * bytes; };
  float* h = floats + h_at;
  std::memset(h, 0, static_cast<size_t>(2 * batch * padded) * sizeof(float));
  std::memset(c, 0, static_cast<size_t>(batch * padded) * sizeof(float));
  for (int64_t b = 0; b < batch; ++b) {
    if (kernel.present[kInitialH]) kernel.load(static_cast<const char*>(input(kInitialH)) + state_at(b), h + b * padded, hidden);
    if (kernel.present[kInitialC]) kernel.load(static_cast<const char*>(input(kInitialC)) + state_at(b), c + b * padded, hidden);
  }
  const auto length_of = [&](int64_t b) -> int64_t {
    if (!kernel.present[kLengths]) return steps;
    const void* lengths = input(kLengths);
    const int64_t length =
        kernel.length_type == DataType::kInt64 ? static_cast<const int64_t*>(lengths)[b] : static_cast<const int32_t*>(lengths)[b];
    return std::clamp<int64_t>(length, 0, steps);
  };
  const auto row_at = [&](int64_t t, int64_t b) { return op.layout == 0 ? t * batch + b : b * steps + t; };
  const auto y_at = [&](int64_t t, int64_t b) {
    return (op.layout == 0 ? (t * count + direction) * batch + b : (b * steps + t) * count + direction) * hidden * bytes;
  };
  auto* y = static_cast<char*>(arguments.outputs[0]);
  const Function* functions =
      kernel.activations.data() + static_cast<size_t>(direction) * (kernel.activations.size() / static_cast<size_t>(count));
  const size_t panel_bytes = static_cast<size_t>(hidden) * kPanelColumns * 4;
  const int64_t panels = padded / kPanelColumns;
  const bool is_gru = op.cell == RecurrentCell::kGru, resets_first = is_gru && !op.linear_before_reset;

  float* next = h + batch * padded;
  for (int64_t i = 0; i < steps; ++i) {
    const auto time_of = [&](int64_t b) { return backwards ? length_of(b) - 1 - i : i; };
    // h * r of gates [from, to) for the part's units, on rows of `state`, added to x * w where `with_input`.
    const auto multiply = [&](int64_t part, int64_t from, int64_t to, const float* state, bool with_input) {
      const void* a[kMostTileRows];
      void* out[kMostTileRows];
      const void* residual[kMostTileRows];
      const int64_t end = std::min(panels, (part + 1) * part_panels);
      for (int64_t first = 0; first < batch; first += kMostTileRows) {
        const int64_t rows = std::min(kMostTileRows, batch - first);
        for (int64_t gate = from; gate < to; ++gate) {
          for (int64_t panel = part * part_panels; panel < end; ++panel) {
            const int64_t column = gate * padded + panel * kPanelColumns;
            for (int64_t r = 0; r < rows; ++r) {
              const int64_t b = first + r;
              a[r] = state + b * padded;
              out[r] = work + b * (gate_count + 1) * padded + column;
              residual[r] = gates + row_at(std::max<int64_t>(0, time_of(b)), b) * width + column;
            }
            const Finish finish = plain_finish(with_input ? kNone : weights.r_bias.data() + panel * kPanelColumns, with_input);
            multiply_panel(kernel.tiles, a, out, residual, rows, hidden,
                           weights.r.get() + static_cast<size_t>(gate * panels + panel) * panel_bytes, kPanelColumns, finish);
          }
        }
      }
    };
    const auto cell_of = [&](int64_t part) {
      const int64_t first = part * part_panels * kPanelColumns;
      return Cell{kernel,      functions, weights.peephole.empty() ? nullptr : weights.peephole.data(),
                  hidden,      first,     std::min(part_panels * kPanelColumns, hidden - first),
                  op.clip != 0};
    };
    const auto finish_row = [&](const Cell& cell, int64_t b, float* row) {
      const int64_t first = cell.first;
      float* spare = row + gate_count * padded + first;
      float* new_h = next + b * padded + first;
      const float* old_h = h + b * padded + first;
      if (i >= length_of(b)) {
        std::copy(old_h, old_h + cell.count, new_h);
        return;
      }
      if (op.cell == RecurrentCell::kLstm) {
        cell.lstm(row + first, row + padded + first, row + 2 * padded + first, row + 3 * padded + first, c + b * padded + first, new_h,
                  spare);
      } else if (is_gru) {
        float* candidate = row + 2 * padded + first;
        if (!resets_first) {
          cell.activate(0, row + first);
          cell.activate(0, row + padded + first);
          cell.combine(kernel.mul, row + padded + first, candidate, candidate);
          cell.combine(kernel.add, candidate, gates + row_at(time_of(b), b) * width + 2 * padded + first, candidate);
        }
        cell.activate(1, candidate);
        cell.mix(row + first, candidate, old_h, new_h);
      } else {
        cell.activate(0, row + first);
        std::copy(row + first, row + first + cell.count, new_h);
      }
      kernel.store(new_h, y + y_at(time_of(b), b) + first * bytes, cell.count);
    };
    if (resets_first) {
      arguments.pool->run(unit_parts, [&](int64_t part, int) {
        multiply(part, 0, 2, h, true);
        const Cell cell = cell_of(part);
        for (int64_t b = 0; b < batch; ++b) {
          float* row = work + b * (gate_count + 1) * padded + cell.first;
          cell.activate(0, row);
          cell.activate(0, row + padded);
          cell.combine(kernel.mul, row + padded, h + b * padded + cell.first, reset + b * padded + cell.first);
        }
      });
    }
    arguments.pool->run(unit_parts, [&](int64_t part, int) {
      if (resets_first) {
        multiply(part, 2, 3, reset, true);
      } else if (is_gru) {
        multiply(part, 0, 2, h, true);
        multiply(part, 2, 3, h, false);
      } else {
        multiply(part, 0, gate_count, h, true);
      }
      const Cell cell = cell_of(part);
      for (int64_t b = 0; b < batch; ++b) finish_row(cell, b, work + b * (gate_count + 1) * padded);
    });
    std::swap(h, next);
  }

  for (int64_t b = 0; b < batch; ++b) {
    // What lies behind a sequence's end stays 0.
    for (int64_t t = length_of(b); t < steps; ++t) std::memset(y + y_at(t, b), 0, static_cast<size_t>(hidden * bytes));
    kernel.store(h + b * padded, static_cast<char*>(arguments.outputs[1]) + state_at(b), hidden);
    if (op.cell == RecurrentCell::kLstm) kernel.store(c + b * padded, static_cast<char*>(arguments.outputs[2]) + state_at(b), hidden);
  }
}

Status RecurrentLaunch::run(const RunArguments& arguments) const {
  auto* floats = static_cast<float*>(arguments.workspace);
  const void* data = kernel.constants[kX].data() ? kernel.constants[kX].data() : arguments.inputs[kX];
  const auto* x = static_cast<const float*>(data);
  if (kernel.type != DataType::kFloat) {
    kernel.load(data, floats + x_at, steps * batch * input_size);
    x = floats + x_at;
  }
  for (int64_t d = 0; d < kernel.op.directions(); ++d) run_direction(arguments, d, x, floats);
  return Ok{};
}

struct RecurrentSteps final : LinearTactic {
  std::string_view name() const override { return "cpu.recurrent"; }

  Status accepts(const Problem& problem) const override {
    const auto* op = dynamic_cast<const Recurrent*>(problem.op);
    REQUIRES(op, std::string(problem.op->name()) + " is no recurrent layer");
    const DataType type = problem.inputs[kX].type;
    REQUIRES(type == DataType::kFloat || type == DataType::kHalf || type == DataType::kBf16,
             std::string(name_of(type)) + " is not float, half or bf16");
    for (size_t i : {kW, kR}) REQUIRES(is_constant(problem, i), "the weights are no constants");
    for (size_t i : {kB, kPeepholes}) REQUIRES(!is_present(problem, i) || is_constant(problem, i), "the biases are no constants");
    REQUIRES(!is_present(problem, kLengths) || problem.inputs[kLengths].type == DataType::kInt32 ||
                 problem.inputs[kLengths].type == DataType::kInt64,
             "the lengths are neither int32 nor int64");
    auto activations = op->parse_activations();
    if (!activations.ok()) return std::move(activations).error();
    for (const auto& activation : *activations)
      REQUIRES(expression_kernel(activation.op), std::string(name_of(activation.op)) + " has no vector form");
    return all_linear(problem);
  }

  Result<std::unique_ptr<Kernel>> prepare(const Problem& problem, const std::vector<PackedWeights>&) const override {
    auto kernel = std::make_unique<RecurrentKernel>();
    kernel->op = static_cast<const Recurrent&>(*problem.op);
    const Recurrent& op = kernel->op;
    kernel->type = problem.inputs[kX].type;
    kernel->constants = problem.constants;
    kernel->constants.resize(kInputCount);
    for (size_t i = 0; i < kInputCount; ++i) kernel->present.push_back(is_present(problem, i));
    if (is_present(problem, kLengths)) kernel->length_type = problem.inputs[kLengths].type;
    TRY_ASSIGN(const auto activations, op.parse_activations());
    for (const auto& f : activations)
      kernel->activations.push_back({expression_kernel(f.op), static_cast<float>(f.a), static_cast<float>(f.b)});
    kernel->clip = {expression_kernel(ScalarOp::kClip), static_cast<float>(-op.clip), static_cast<float>(op.clip)};
    kernel->tiles = tile_kernel(Product::kFloat, current_isa());
    kernel->load = load_row(kernel->type);
    kernel->store = store_row(kernel->type);
    kernel->add = expression_kernel(ScalarOp::kAdd);
    kernel->sub = expression_kernel(ScalarOp::kSub);
    kernel->mul = expression_kernel(ScalarOp::kMul);
    kernel->affine = expression_kernel(ScalarOp::kAffine);

    const Shape w_shape = problem.constants[kW].shape(), r_shape = problem.constants[kR].shape();
    const std::vector<float> w = problem.constants[kW].floats(), r = problem.constants[kR].floats();
    const std::vector<float> b = is_constant(problem, kB) ? problem.constants[kB].floats() : std::vector<float>();
    const std::vector<float> p = is_constant(problem, kPeepholes) ? problem.constants[kPeepholes].floats() : std::vector<float>();
    const int64_t hidden = r_shape[2], inputs = w_shape[2], gates = op.gates(), panels = (hidden + kPanelColumns - 1) / kPanelColumns;
    for (int64_t d = 0; d < op.directions(); ++d) {
      Weights weights;
      weights.w = aligned_bytes(static_cast<size_t>(gates * panels * inputs * kPanelColumns * 4));
      weights.r = aligned_bytes(static_cast<size_t>(gates * panels * hidden * kPanelColumns * 4));
      if (!weights.w || !weights.r) return out_of_memory("no memory for the weights of a recurrent layer");
      weights.x_bias.assign(static_cast<size_t>(gates * panels * kPanelColumns), 0.0f);
      weights.r_bias.assign(static_cast<size_t>(panels * kPanelColumns), 0.0f);
      for (int64_t g = 0; g < gates; ++g) {
        const int64_t rows = (d * gates + g) * hidden;
        pack_panels(Product::kFloat, w.data() + rows * inputs, inputs, hidden, inputs, true, 0, panels,
                    weights.w.get() + g * panels * inputs * kPanelColumns * 4);
        pack_panels(Product::kFloat, r.data() + rows * hidden, hidden, hidden, hidden, true, 0, panels,
                    weights.r.get() + g * panels * hidden * kPanelColumns * 4);
        const bool inside_reset = op.cell == RecurrentCell::kGru && op.linear_before_reset && g == 2;
        for (int64_t u = 0; u < hidden && !b.empty(); ++u) {
          const float wb = b[static_cast<size_t>((d * 2 * gates + g) * hidden + u)],
                      rb = b[static_cast<size_t>(((d * 2 + 1) * gates + g) * hidden + u)];
          weights.x_bias[static_cast<size_t>(g * panels * kPanelColumns + u)] = inside_reset ? wb : wb + rb;
          if (inside_reset) weights.r_bias[static_cast<size_t>(u)] = rb;
        }
      }
      if (!p.empty()) weights.peephole.assign(p.begin() + d * 3 * hidden, p.begin() + (d + 1) * 3 * hidden);
      kernel->directions.push_back(std::move(weights));
    }
    return std::unique_ptr<Kernel>(std::move(kernel));
  }

  std::optional<double> estimate_ms(const Problem& problem) const override {
    if (problem.opt_inputs.size() < 3 || problem.opt_inputs[0].size() != 3) return std::nullopt;
    const double rows = static_cast<double>(problem.opt_inputs[0][0] * problem.opt_inputs[0][1]);
    const double products = static_cast<double>(volume(problem.opt_inputs[1]).value_or(0) + volume(problem.opt_inputs[2]).value_or(0));
    return 0.01 + rows * products * 2 / 30e6;
  }
};

}  // namespace

TACTIC(RecurrentSteps, cpu, recurrent)

}  // namespace ingot
