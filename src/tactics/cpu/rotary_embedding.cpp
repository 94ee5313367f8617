// cpu.rotary_embedding: head by head, with the row of cos and sin of its position.
#include "operators/rotary_embedding.h"

#include <cstring>

#include "tactics/cpu/plain_tactic.h"

namespace ingot {
namespace {

struct RotaryEmbeddingRows final : PlainTactic {
  std::string_view name() const override { return "cpu.rotary_embedding"; }

  Status accepts(const Problem& problem) const override {
    REQUIRES(dynamic_cast<const RotaryEmbedding*>(problem.op), std::string(problem.op->name()) + " is no rotary_embedding");
    if (is_present(problem, 3))
      REQUIRES(problem.inputs[3].type == DataType::kInt32 || problem.inputs[3].type == DataType::kInt64,
               "positions are " + std::string(name_of(problem.inputs[3].type)));
    return accepts_plain_floats(problem, {0, 1, 2});
  }

  Status run(const PlainCall& call) const override {
    const auto& op = call.as<RotaryEmbedding>();
    const Shape& shape = call.inputs[0];
    const bool flat = op.heads > 0, by_position = call.inputs.size() > 3 && call.in[3];
    const int64_t batch = shape[0], heads = flat ? op.heads : shape[1], sequence = shape[flat ? 1 : 2];
    const int64_t depth = flat ? shape[2] / op.heads : shape[3], turning = op.rotary_dims > 0 ? op.rotary_dims : depth, half = turning / 2;
    const Shape& table = call.inputs[1];
    if (table.back() != half || call.inputs[2] != table || turning > depth || (!by_position && table[0] * table[1] != batch * sequence))
      return invalid("cos " + to_text(table) + " and sin " + to_text(call.inputs[2]) + " do not go with " + to_text(shape));
    for (int64_t i = 0; by_position && i < batch * sequence; ++i) {
      const int64_t position = call.integer(3, i);
      if (position < 0 || position >= call.inputs[1][0])
        return invalid("position " + std::to_string(position) + " lies outside the " + std::to_string(call.inputs[1][0]) +
                       " positions of cos and sin");
    }
    call.share(batch * sequence * heads, depth, [&](int64_t first, int64_t last) {
      for (int64_t unit = first; unit < last; ++unit) {
        // Units lie as x does: [B, H, S], or [B, S, H] where the heads stand in one row.
        const int64_t token = flat ? unit / heads : unit / (heads * sequence) * sequence + unit % sequence;
        const int64_t row = by_position ? call.integer(3, token) : token;
        const float *cos = call.from<float>(1) + row * half, *sin = call.from<float>(2) + row * half;
        const float* x = call.from<float>(0) + unit * depth;
        float* y = call.to<float>(0) + unit * depth;
        if (op.interleaved) {
          for (int64_t i = 0; i < half; ++i) {
            const float a = x[2 * i], b = x[2 * i + 1];
            y[2 * i] = a * cos[i] - b * sin[i];
            y[2 * i + 1] = a * sin[i] + b * cos[i];
          }
        } else {
          for (int64_t i = 0; i < half; ++i) {
            const float a = x[i], b = x[half + i];
            y[i] = a * cos[i] - b * sin[i];
            y[half + i] = a * sin[i] + b * cos[i];
          }
        }
        if (turning < depth) std::memcpy(y + turning, x + turning, static_cast<size_t>(depth - turning) * sizeof(float));
      }
    });
    return Ok{};
  }
};

}  // namespace

TACTIC(RotaryEmbeddingRows, cpu, rotary_embedding)

}  // namespace ingot
