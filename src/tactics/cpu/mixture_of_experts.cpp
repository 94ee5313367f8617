// cpu.mixture_of_experts: expert by expert, the tokens that chose it against tiles of its weights where they lie. Weights whose rows are no
// whole panels are taken token by token, each product as a sum of rows.
#include "operators/mixture_of_experts.h"

#include <algorithm>
#include <cmath>

#include "base/float_types.h"
#include "tactics/cpu/dynamic_scales.h"
#include "tactics/cpu/expression_kernels.h"
#include "tactics/cpu/plain_tactic.h"
#include "tactics/cpu/row_kernels.h"
#include "tactics/cpu/tile_kernel.h"

namespace ingot {
namespace {

// What codes of a type say, by their bits.
struct CodeTable {
  float values[256];
  explicit CodeTable(DataType type) {
    for (int code = 0; code < 256; ++code) {
      const auto bits = static_cast<uint8_t>(code);
      switch (type) {
        case DataType::kInt8: values[code] = static_cast<float>(static_cast<int8_t>(bits)); break;
        case DataType::kInt4: values[code] = static_cast<float>((code & 15) < 8 ? code & 15 : (code & 15) - 16); break;
        case DataType::kFp4: values[code] = float_from_fp4(bits & 15); break;
        default: values[code] = float_from_fp8(bits);
      }
    }
  }
  static const float* of(DataType type) {
    static const CodeTable int8(DataType::kInt8), int4(DataType::kInt4), fp4(DataType::kFp4), fp8(DataType::kFp8);
    return type == DataType::kInt8 ? int8.values : type == DataType::kInt4 ? int4.values : type == DataType::kFp4 ? fp4.values : fp8.values;
  }
};

// Numbers as they read after quantization, in place.
struct Snap {
  static constexpr int64_t kPiece = 256;
  DataType type = DataType::kFloat;
  int64_t block = 0;
  DataType scale_type = DataType::kFloat;
  float scale = 1;
  const DynamicLoops* loops = nullptr;
  const float* table = nullptr;

  void snap(float* x, int64_t count, double by) const {
    uint8_t codes[kPiece];
    float ratios[kPiece];
    for (int64_t first = 0; first < count; first += kPiece) {
      const int64_t piece = std::min(kPiece, count - first);
      float* here = x + first;
      if (block != 0 && !(by > 0)) {
        std::fill(here, here + piece, 0.0f);
        continue;
      }
      const auto factor = static_cast<float>(by);
      if (block == 0)
        loops->divide(here, factor, ratios, piece);
      else if (type == DataType::kInt8 || type == DataType::kInt4)
        loops->divide_to_whole(here, by, ratios, piece);
      else
        loops->divide_exactly(here, by, ratios, piece);
      if (block == 0 && type == DataType::kInt8) {
        // A scale that is given leaves the least code too.
        for (int64_t i = 0; i < piece; ++i)
          here[i] = std::clamp(std::nearbyint(ratios[i] == ratios[i] ? ratios[i] : 0.0f), -128.0f, 127.0f) * factor;
        continue;
      }
      if (block == 0 && type == DataType::kInt4) {
        for (int64_t i = 0; i < piece; ++i)
          here[i] = std::clamp(std::nearbyint(ratios[i] == ratios[i] ? ratios[i] : 0.0f), -8.0f, 7.0f) * factor;
        continue;
      }
      loops->codes_of(type, ratios, codes, piece);
      for (int64_t i = 0; i < piece; ++i) here[i] = table[codes[i]] * factor;
    }
  }
  float largest_code() const {
    return type == DataType::kFp4 ? 6.0f : type == DataType::kInt8 ? 127.0f : type == DataType::kInt4 ? 7.0f : 448.0f;
  }
  void operator()(float* x, int64_t count) const {
    if (type == DataType::kFloat) return;
    if (block == 0) return snap(x, count, static_cast<double>(scale));
    const int64_t extent = block < 0 ? std::max<int64_t>(count, 1) : block;
    for (int64_t first = 0; first < count; first += extent) {
      const int64_t here = std::min(extent, count - first);
      const double second = static_cast<double>(scale);
      const double own = static_cast<double>(loops->largest(x + first, here, 0)) / static_cast<double>(largest_code()) / second;
      uint8_t stored[8];
      snap(x + first, here, store_scale(scale_type, own, stored, 0) * second);
    }
  }
};

// Pairs of a token and an expert that it chose, expert by expert, and what becomes of them.
struct Grouped {
  const PlainCall& call;
  const MixtureOfExperts& op;
  const Snap& snap;
  int64_t experts, size, inner, chosen, tokens;
  int64_t pairs = tokens * chosen;
  float* gate = static_cast<float*>(call.workspace);
  float *up = gate + pairs * inner, *sum = up + pairs * inner;
  int32_t *order = reinterpret_cast<int32_t*>(sum + pairs * size), *starts = order + pairs;

  // It follows from the weights alone, so that a token's bits do not depend on its neighbours.
  static bool is_possible(const Shape& gates) {
    return gates[1] > 0 && gates[2] > 0 && gates[1] % kPanelColumns == 0 && gates[2] % kPanelColumns == 0;
  }
  static size_t workspace_bytes(const Shape& gates, int64_t pairs) {
    return static_cast<size_t>(pairs * (2 * gates[2] + gates[1] + 1) + gates[0] + 1) * sizeof(float);
  }

  void sort() const {
    std::fill(starts, starts + experts + 1, 0);
    for (int64_t p = 0; p < pairs; ++p) ++starts[call.integer(1, p)];
    for (int64_t e = 1; e <= experts; ++e) starts[e] += starts[e - 1];
    for (int64_t p = pairs; p-- > 0;) order[--starts[call.integer(1, p)]] = static_cast<int32_t>(p);
  }

  // c = a * weights + bias for the pairs of each expert; a row of `a` stands for `shared` pairs. Weights are inputs, [experts, k, width].
  void multiply(const float* a, int64_t shared, size_t weights, size_t biases, int64_t k, int64_t width, float* c) const {
    static constexpr float kNone[kPanelColumns] = {};
    constexpr int64_t kMostRows = 64;
    const TileKernel tiles = tile_kernel(Product::kFloat, current_isa());
    const bool has_bias = call.inputs.size() > biases && call.in[biases];
    const int64_t panels = width / kPanelColumns, most = std::min<int64_t>(tiles.most_rows, kMostRows);
    call.share(experts * panels, std::max<int64_t>(1, pairs * k * kPanelColumns / experts / 4), [&](int64_t first, int64_t last) {
      const void* rows[kMostRows];
      void* results[kMostRows];
      for (int64_t unit = first; unit < last; ++unit) {
        const int64_t expert = unit / panels, column = unit % panels * kPanelColumns;
        const int64_t begin = starts[expert], count = starts[expert + 1] - begin, cuts = (count + most - 1) / most;
        Finish finish;
        finish.bias = has_bias ? call.from<float>(biases) + expert * width + column : kNone;
        finish.is_plain = true;
        Tile tile{};
        tile.a = rows;
        tile.c = results;
        tile.taps = 1;
        tile.k = k;
        tile.b = call.from<float>(weights) + expert * k * width + column;
        tile.b_stride = width * 4;
        tile.columns = kPanelColumns;
        tile.finish = &finish;
        for (int64_t t = 0; t < cuts; ++t) {
          const int64_t from = count * t / cuts, end = count * (t + 1) / cuts;
          for (int64_t r = from; r < end; ++r) {
            const int64_t pair = order[begin + r];
            rows[r - from] = a + pair / shared * k;
            results[r - from] = c + pair * width + column;
          }
          tile.a_stride = end - from;
          tile.rows = static_cast<int>(end - from);
          tiles.run(tile);
        }
      }
    });
  }

  void activate(float* g, const float* u) const {
    constexpr int64_t kPiece = 256;
    const auto limit = static_cast<float>(op.limit), alpha = static_cast<float>(op.alpha), beta = static_cast<float>(op.beta);
    const ExpressionKernel sigmoid = expression_kernel(ScalarOp::kSigmoid);
    alignas(64) float factor[kPiece];
    for (int64_t first = 0; first < inner; first += kPiece, g += kPiece, u += kPiece) {
      const int64_t count = std::min(kPiece, inner - first);
      for (int64_t i = 0; i < count; ++i) {
        g[i] = std::min(g[i], limit);
        factor[i] = alpha * g[i];
      }
      if (op.activation == ExpertActivation::kSilu) {
        const TileOperand operand{factor, 1};
        sigmoid(&operand, factor, count, 0, 0);
      }
      for (int64_t i = 0; i < count; ++i) {
        const float other = std::clamp(u[i], -limit, limit);
        g[i] *= op.activation == ExpertActivation::kSilu ? factor[i] * (other + beta) : other;
      }
    }
  }

  void run() const {
    sort();
    multiply(call.from<float>(0), chosen, 3, 6, size, inner, gate);
    multiply(call.from<float>(0), chosen, 4, 7, size, inner, up);
    call.share(pairs, inner * 4, [&](int64_t first, int64_t last) {
      for (int64_t p = first; p < last; ++p) {
        activate(gate + p * inner, up + p * inner);
        snap(gate + p * inner, inner);
      }
    });
    multiply(gate, 1, 5, 8, inner, size, sum);
    call.share(tokens, size * chosen, [&](int64_t first, int64_t last) {
      for (int64_t token = first; token < last; ++token) {
        float* y = call.to<float>(0) + token * size;
        std::fill(y, y + size, 0.0f);
        for (int64_t k = 0; k < chosen; ++k) {
          const float* own = sum + (token * chosen + k) * size;
          const float score = call.from<float>(2)[token * chosen + k];
          for (int64_t d = 0; d < size; ++d) y[d] += own[d] * score;
        }
      }
    });
  }
};

struct MixtureOfExpertsTokens final : PlainTactic {
  std::string_view name() const override { return "cpu.mixture_of_experts"; }

  Status accepts(const Problem& problem) const override {
    REQUIRES(dynamic_cast<const MixtureOfExperts*>(problem.op), std::string(problem.op->name()) + " is no mixture_of_experts");
    REQUIRES(problem.inputs.size() >= 6 && is_present(problem, 5), "the weights are missing");
    const auto& op = static_cast<const MixtureOfExperts&>(*problem.op);
    const DataType scales = op.scale_type;
    REQUIRES(op.quantize_to == DataType::kFloat || op.block != 0 || is_present(problem, MixtureOfExperts::kScale), "the scale is missing");
    REQUIRES(stores_scales(scales), "scales are " + std::string(name_of(scales)));
    return accepts_plain_floats(problem, {0, 2, 3, 4, 5, 6, 7, 8, 9});
  }

  // Floats of one part: gate, up and the sum of one token, and the rows of one product.
  static int64_t part_floats(const std::vector<Shape>& inputs) {
    const int64_t size = inputs[3][1], inner = inputs[3][2];
    return (2 * inner + size + 2 * std::max(size, inner) + 15) / 16 * 16;
  }
  static int64_t tokens_of(const Shape& x) {
    int64_t tokens = 1;
    for (size_t d = 0; d + 1 < x.size(); ++d) tokens *= x[d];
    return tokens;
  }
  static int64_t cost(const std::vector<Shape>& inputs) { return inputs[1].back() * inputs[3][1] * inputs[3][2] / 4; }
  size_t workspace_bytes(const Operator&, const std::vector<Shape>& inputs, const std::vector<Shape>&) const override {
    if (Grouped::is_possible(inputs[3])) return Grouped::workspace_bytes(inputs[3], tokens_of(inputs[0]) * inputs[1].back());
    return static_cast<size_t>(PlainCall::parts_for(tokens_of(inputs[0]), cost(inputs)) * part_floats(inputs)) * sizeof(float);
  }

  // y = weights (in [count, width]) by x (of `count`), with a bias where there is one.
  static void product(const float* x, const float* weights, int64_t count, int64_t width, const float* bias, const float** rows, float* y) {
    for (int64_t i = 0; i < count; ++i) rows[i] = weights + i * width;
    blend_rows()(rows, x, count, y, width);
    for (int64_t i = 0; bias && i < width; ++i) y[i] += bias[i];
  }

  Status run(const PlainCall& call) const override {
    const auto& op = call.as<MixtureOfExperts>();
    const Shape& gates = call.inputs[3];
    const int64_t experts = gates[0], size = gates[1], inner = gates[2], chosen = call.inputs[1].back(), tokens = tokens_of(call.inputs[0]);
    if (call.inputs[0].back() != size || call.inputs[4] != gates || !call.has_shape(5, {experts, inner, size}) ||
        call.inputs[1] != call.inputs[2] || tokens_of(call.inputs[1]) != tokens)
      return invalid("the weights of experts " + to_text(gates) + " do not go with hidden states " + to_text(call.inputs[0]));
    for (int64_t i = 0; i < tokens * chosen; ++i) {
      const int64_t expert = call.integer(1, i);
      if (expert < 0 || expert >= experts)
        return invalid("expert " + std::to_string(expert) + " is selected; there are " + std::to_string(experts));
    }
    const auto bias = [&](size_t input, int64_t expert, int64_t width) {
      return call.inputs.size() > input && call.in[input] ? call.from<float>(input) + expert * width : nullptr;
    };
    Snap snap;
    snap.type = op.quantize_to;
    snap.block = op.block;
    snap.scale_type = op.scale_type;
    snap.loops = &dynamic_loops();
    snap.table = CodeTable::of(op.quantize_to);
    if (call.inputs.size() > MixtureOfExperts::kScale && call.in[MixtureOfExperts::kScale])
      snap.scale = *call.from<float>(MixtureOfExperts::kScale);
    if (Grouped::is_possible(gates)) {
      Grouped{call, op, snap, experts, size, inner, chosen, tokens}.run();
      return Ok{};
    }
    const auto limit = static_cast<float>(op.limit), alpha = static_cast<float>(op.alpha), beta = static_cast<float>(op.beta);
    call.share(size == 0 || inner == 0 ? 0 : tokens, cost(call.inputs), [&](int64_t first, int64_t last, int64_t part) {
      float* gate = static_cast<float*>(call.workspace) + part * part_floats(call.inputs);
      auto** rows = reinterpret_cast<const float**>(gate);  // in front, where pointers are aligned
      gate += 2 * std::max(size, inner);
      float *up = gate + inner, *sum = up + inner;
      for (int64_t token = first; token < last; ++token) {
        const float* x = call.from<float>(0) + token * size;
        float* y = call.to<float>(0) + token * size;
        std::fill(y, y + size, 0.0f);
        for (int64_t k = 0; k < chosen; ++k) {
          const int64_t expert = call.integer(1, token * chosen + k);
          const float score = call.from<float>(2)[token * chosen + k];
          product(x, call.from<float>(3) + expert * size * inner, size, inner, bias(6, expert, inner), rows, gate);
          product(x, call.from<float>(4) + expert * size * inner, size, inner, bias(7, expert, inner), rows, up);
          for (int64_t i = 0; i < inner; ++i) {
            const float g = std::min(gate[i], limit), u = std::clamp(up[i], -limit, limit);
            gate[i] = op.activation == ExpertActivation::kSilu ? g / (1 + std::exp(-alpha * g)) * (u + beta) : g * u;
          }
          snap(gate, inner);
          product(gate, call.from<float>(5) + expert * size * inner, inner, size, bias(8, expert, size), rows, sum);
          for (int64_t d = 0; d < size; ++d) y[d] += sum[d] * score;
        }
      }
    });
    return Ok{};
  }
};

}  // namespace

TACTIC(MixtureOfExpertsTokens, cpu, mixture_of_experts)

}  // namespace ingot
