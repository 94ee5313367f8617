// cpu.linear_attention: the states of heads are shared out among threads, each a matrix of doubles that its positions walk over.
#include "operators/linear_attention.h"

#include <cmath>

#include "tactics/cpu/column_steps.h"
#include "tactics/cpu/plain_tactic.h"

namespace ingot {
namespace {

enum Input : size_t { kQ, kK, kV, kState, kDecay, kBeta };

struct LinearAttentionHeads final : PlainTactic {
  std::string_view name() const override { return "cpu.linear_attention"; }

  Status accepts(const Problem& problem) const override {
    REQUIRES(dynamic_cast<const LinearAttention*>(problem.op), std::string(problem.op->name()) + " is no linear_attention");
    return accepts_plain_floats(problem, {kQ, kK, kV, kState, kDecay, kBeta});
  }

  struct Sizes {
    int64_t batch, key_heads, heads, steps, depth, values;  // depth of q and k, numbers of v, by head
    int64_t units() const { return batch * key_heads; }
    int64_t work() const { return std::max<int64_t>(1, steps) * depth * values; }
    int64_t scratch() const { return (depth + 2) * values; }  // the state, what is written and what is read
  };
  static Sizes sizes_of(const Operator& op, const std::vector<Shape>& outputs) {
    const auto& attention = static_cast<const LinearAttention&>(op);
    const Shape& state = outputs[1];
    return {state[0], state[1], attention.heads, outputs[0][1], state[2], state[3]};
  }
  size_t workspace_bytes(const Operator& op, const std::vector<Shape>&, const std::vector<Shape>& outputs) const override {
    const Sizes s = sizes_of(op, outputs);
    return static_cast<size_t>(PlainCall::parts_for(s.units(), s.work()) * s.scratch()) * sizeof(double);
  }

  Status run(const PlainCall& call) const override {
    const auto& op = call.as<LinearAttention>();
    const Sizes s = sizes_of(op, call.outputs);
    const auto input = [&](size_t i) { return i < call.inputs.size() ? call.from<float>(i) : nullptr; };
    const float *q = input(kQ), *k = input(kK), *v = input(kV), *past = input(kState), *decay = input(kDecay), *beta = input(kBeta);
    auto *y = call.to<float>(0), *present = call.to<float>(1);
    auto* memory = static_cast<double*>(call.workspace);
    const bool decays_by_head = decay && call.inputs[kDecay][2] == s.key_heads, one_beta = beta && call.inputs[kBeta][2] != s.key_heads;
    const double factor = op.scale != 0 ? op.scale : 1 / std::sqrt(static_cast<double>(s.depth));
    const int64_t group = s.heads / s.key_heads;
    const auto subtract = column_steps().subtract;
    call.share(s.units(), s.work(), [&](int64_t first, int64_t last, int64_t part) {
      double *state = memory + part * s.scratch(), *written = state + s.depth * s.values, *read = written + s.values;
      for (int64_t unit = first; unit < last; ++unit) {
        const int64_t b = unit / s.key_heads, h = unit % s.key_heads, state_size = s.depth * s.values;
        for (int64_t i = 0; i < state_size; ++i) state[i] = past ? static_cast<double>(past[unit * state_size + i]) : 0;
        for (int64_t t = 0; t < s.steps; ++t) {
          const int64_t row = b * s.steps + t, k_first = (row * s.key_heads + h) * s.depth;
          for (int64_t d = 0; decay && d < s.depth; ++d) {
            const double kept = std::exp(static_cast<double>(decay[decays_by_head ? row * s.key_heads + h : k_first + d]));
            for (int64_t m = 0; m < s.values; ++m) state[d * s.values + m] *= kept;
          }
          const float* value = v + (row * s.key_heads + h) * s.values;
          for (int64_t m = 0; m < s.values; ++m) written[m] = static_cast<double>(value[m]);
          if (beta) {
            for (int64_t d = 0; d < s.depth; ++d) subtract(state + d * s.values, static_cast<double>(k[k_first + d]), written, s.values);
            const double share = static_cast<double>(beta[one_beta ? row : row * s.key_heads + h]);
            for (int64_t m = 0; m < s.values; ++m) written[m] *= share;
          }
          for (int64_t d = 0; d < s.depth; ++d) subtract(written, -static_cast<double>(k[k_first + d]), state + d * s.values, s.values);
          for (int64_t head = h * group; head < (h + 1) * group; ++head) {
            const float* query = q + (row * s.heads + head) * s.depth;
            std::fill(read, read + s.values, 0.0);
            for (int64_t d = 0; d < s.depth; ++d) subtract(state + d * s.values, -static_cast<double>(query[d]), read, s.values);
            float* out = y + (row * s.heads + head) * s.values;
            for (int64_t m = 0; m < s.values; ++m) out[m] = static_cast<float>(factor * read[m]);
          }
        }
        for (int64_t i = 0; i < state_size; ++i) present[unit * state_size + i] = static_cast<float>(state[i]);
      }
    });
    return Ok{};
  }

  std::optional<double> estimate_ms(const Problem& problem) const override {
    if (problem.opt_inputs.size() < 3) return std::nullopt;
    const auto& op = static_cast<const LinearAttention&>(*problem.op);
    const Shape &q = problem.opt_inputs[kQ], &v = problem.opt_inputs[kV];
    return 0.002 + static_cast<double>(q[0] * q[1] * q[2] / op.heads * v[2]) * 2e-6;
  }
};

}  // namespace

TACTIC(LinearAttentionHeads, cpu, linear_attention)

}  // namespace ingot
