// cpu.ragged_softmax: the softmax of the beginning of each row, zeros behind.
#include "operators/ragged_softmax.h"

#include <algorithm>
#include <cstring>

#include "tactics/cpu/plain_tactic.h"
#include "tactics/cpu/row_kernels.h"

namespace ingot {
namespace {

struct RaggedSoftmaxRows final : PlainTactic {
  std::string_view name() const override { return "cpu.ragged_softmax"; }

  Status accepts(const Problem& problem) const override {
    REQUIRES(dynamic_cast<const RaggedSoftmax*>(problem.op), std::string(problem.op->name()) + " is no ragged_softmax");
    return accepts_plain_floats(problem, {0});
  }

  Status run(const PlainCall& call) const override {
    const int64_t length = call.inputs[0].back();
    TRY_ASSIGN(const int64_t count, volume(call.inputs[0]));
    call.share(count == 0 ? 0 : count / length, 2 * length, [&](int64_t first, int64_t last) {
      for (int64_t row = first; row < last; ++row) {
        const int64_t own = std::clamp<int64_t>(call.integer(1, row), 0, length);
        float* y = call.to<float>(0) + row * length;
        if (own > 0) row_kernels().softmax(call.from<float>(0) + row * length, y, own, false);
        std::memset(y + own, 0, static_cast<size_t>(length - own) * sizeof(float));
      }
    });
    return Ok{};
  }
};

}  // namespace

TACTIC(RaggedSoftmaxRows, cpu, ragged_softmax)

}  // namespace ingot
