// cpu.compress: the chosen slices, one after the other.
#include "operators/compress.h"

#include <cstring>

#include "operators/moving.h"
#include "tactics/cpu/plain_tactic.h"

namespace ingot {
namespace {

struct CompressSlices final : PlainTactic {
  std::string_view name() const override { return "cpu.compress"; }

  Status accepts(const Problem& problem) const override {
    REQUIRES(dynamic_cast<const Compress*>(problem.op), std::string(problem.op->name()) + " is no compress");
    return accepts_plain_move(problem);
  }

  bool tells_shapes() const override { return true; }

  Status run(const PlainCall& call) const override {
    const auto& op = call.as<Compress>();
    const Shape& shape = call.inputs[0];
    TRY_ASSIGN(const int64_t total, volume(shape));
    int64_t outer = 1, length = total, inner = 1;
    size_t axis = 0;
    if (!op.flat) {
      TRY_ASSIGN(const int64_t along, normalize_axis(op.axis, static_cast<int64_t>(shape.size())));
      axis = static_cast<size_t>(along);
      length = shape[axis];
      for (size_t d = 0; d < shape.size(); ++d) (d < axis ? outer : inner) *= d == axis ? 1 : shape[d];
    }
    const int64_t choices = call.inputs[1].empty() ? 0 : call.inputs[1][0];
    if (choices > length) return invalid("the condition is longer than axis " + std::to_string(axis) + " of " + to_text(shape));
    const auto* chosen = call.from<uint8_t>(1);
    int64_t kept = 0;
    for (int64_t i = 0; i < choices; ++i) kept += chosen[i] != 0;
    const int64_t room = call.outputs[0][op.flat ? 0 : axis];
    if (kept > room) return internal(std::to_string(kept) + " slices are chosen where there is room for " + std::to_string(room));
    with_element_of(call.types[0].type, [&](auto element) {
      using T = decltype(element);
      const auto* x = call.from<T>(0);
      auto* y = call.to<T>(0);
      if (outer == 1 && inner == 1 && room >= choices) {  // without a branch, which no machine could foretell
        int64_t at = 0;
        for (int64_t i = 0; i < choices; ++i) {
          y[at] = x[i];
          at += chosen[i] != 0;
        }
        return;
      }
      call.share(outer, kept * inner, [&](int64_t first, int64_t last) {
        for (int64_t row = first; row < last; ++row) {
          T* to = y + row * kept * inner;
          for (int64_t i = 0; i < choices; ++i) {
            if (!chosen[i]) continue;
            std::memcpy(to, x + (row * length + i) * inner, static_cast<size_t>(inner) * sizeof(T));
            to += inner;
          }
        }
      });
    });
    call.produced[0] = call.outputs[0];
    call.produced[0][op.flat ? 0 : axis] = kept;
    return Ok{};
  }
};

}  // namespace

TACTIC(CompressSlices, cpu, compress)

}  // namespace ingot
