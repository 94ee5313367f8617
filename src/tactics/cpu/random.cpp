// cpu.random: each number follows from the seed and its place, so threads share them freely.
#include "operators/random.h"

#include "tactics/cpu/plain_tactic.h"
#include "tactics/cpu/random_loops.h"

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
    const int64_t cost = op.kind == RandomKind::kUniform ? 1 : 4;  // elements that one number is worth, by its time
    const RandomLoops& loops = random_loops();
    call.share(count, cost, [&](int64_t first, int64_t last) {
      if (op.kind == RandomKind::kUniform)
        loops.uniform(op.seed, first, op.a, op.b, y + first, last - first);
      else
        loops.normal(op.seed, first, static_cast<float>(op.a), static_cast<float>(op.b), y + first, last - first);
    });
    return Ok{};
  }
};

}  // namespace

TACTIC(RandomNumbers, cpu, random)

}  // namespace ingot
