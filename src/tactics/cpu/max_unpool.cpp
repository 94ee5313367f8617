// cpu.max_unpool: zeros, and the elements at their places in order.
#include "operators/max_unpool.h"

#include <algorithm>
#include <cstring>

#include "operators/moving.h"
#include "tactics/cpu/plain_tactic.h"

namespace ingot {
namespace {

struct MaxUnpoolPlaces final : PlainTactic {
  std::string_view name() const override { return "cpu.max_unpool"; }

  Status accepts(const Problem& problem) const override {
    REQUIRES(dynamic_cast<const MaxUnpool*>(problem.op), std::string(problem.op->name()) + " is no max_unpool");
    REQUIRES(problem.inputs.size() == 2, "the dims of the output are given");
    return accepts_plain_move(problem);
  }

  Status run(const PlainCall& call) const override {
    if (call.inputs[0] != call.inputs[1])
      return invalid("the input is " + to_text(call.inputs[0]) + ", the indices are " + to_text(call.inputs[1]));
    TRY_ASSIGN(const int64_t elements, volume(call.inputs[0]));
    TRY_ASSIGN(const int64_t count, volume(call.outputs[0]));
    const auto* places = call.from<int64_t>(1);
    const int64_t bytes = bits_of(call.types[0].type) / 8;
    constexpr int64_t kBlock = 4096;
    const int64_t blocks = (count * bytes + kBlock - 1) / kBlock;
    call.share(blocks, kBlock / 16, [&](int64_t first, int64_t last) {
      const int64_t begin = first * kBlock, end = std::min(last * kBlock, count * bytes);
      std::memset(call.to<char>(0) + begin, 0, static_cast<size_t>(end - begin));
    });
    int64_t wrong = -1;
    with_element_of(call.types[0].type, [&](auto element) {
      using T = decltype(element);
      const auto* x = call.from<T>(0);
      auto* y = call.to<T>(0);
      for (int64_t i = 0; i < elements; ++i) {
        if (static_cast<uint64_t>(places[i]) < static_cast<uint64_t>(count))
          y[places[i]] = x[i];
        else
          wrong = i;
      }
    });
    if (wrong >= 0) return invalid("index " + std::to_string(places[wrong]) + " lies outside of " + to_text(call.outputs[0]));
    return Ok{};
  }
};

}  // namespace

TACTIC(MaxUnpoolPlaces, cpu, max_unpool)

}  // namespace ingot
