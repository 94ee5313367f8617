// cpu.random: each number follows from the seed and its place, so threads share them freely.
#include "operators/random.h"

#include <cmath>

#include "tactics/cpu/plain_tactic.h"

namespace ingot {
namespace {

struct RandomNumbers final : PlainTactic {
  std::string_view name() const override { return "cpu.random"; }

  Status accepts(const Problem& problem) const override {
    REQUIRES(dynamic_cast<const Random*>(problem.op), std::string(problem.op->name()) + " is no random");
    return accepts_plain_floats(problem, {});
  }

  Status run(const PlainCall& call) const override {
    const auto& op = call.as<Random>();
    TRY_ASSIGN(const int64_t count, volume(call.outputs[0]));
    auto* y = call.to<float>(0);
    constexpr int64_t kCost = 8;  // elements that one number is worth, by its time
    call.share(count, kCost, [&](int64_t first, int64_t last) {
      if (op.kind == RandomKind::kUniform) {
        for (int64_t i = first; i < last; ++i) y[i] = static_cast<float>(op.a + (op.b - op.a) * random_uniform(op.seed, i));
        return;
      }
      for (int64_t i = first; i < last; ++i) {
        const double radius = std::sqrt(-2 * std::log(1 - random_uniform(op.seed, 2 * i)));
        y[i] = static_cast<float>(op.a + op.b * radius * std::cos(2 * M_PI * random_uniform(op.seed, 2 * i + 1)));
      }
    });
    return Ok{};
  }
};

}  // namespace

TACTIC(RandomNumbers, cpu, random)

}  // namespace ingot
