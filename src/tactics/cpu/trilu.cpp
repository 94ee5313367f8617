// cpu.trilu: row by row, a part copied and a part of zeros.
#include "operators/trilu.h"

#include <algorithm>
#include <cstring>

#include "tactics/cpu/plain_tactic.h"

namespace ingot {
namespace {

struct TriluRows final : PlainTactic {
  std::string_view name() const override { return "cpu.trilu"; }

  Status accepts(const Problem& problem) const override {
    REQUIRES(dynamic_cast<const Trilu*>(problem.op), std::string(problem.op->name()) + " is no trilu");
    return accepts_plain_move(problem);
  }

  Status run(const PlainCall& call) const override {
    const auto& op = call.as<Trilu>();
    const Shape& shape = call.inputs[0];
    const int64_t columns = shape.back(), rows = shape[shape.size() - 2], bytes = bits_of(call.types[0].type) / 8;
    TRY_ASSIGN(const int64_t count, volume(shape));
    // Diagonals beyond the matrix are all alike, and the nearest of them cannot overflow.
    const int64_t k = std::clamp(call.inputs.size() > 1 ? call.integer(1, 0) : op.k, -rows - 1, columns + 1);
    const auto* x = call.from<char>(0);
    auto* y = call.to<char>(0);
    call.share(count == 0 ? 0 : count / columns, columns, [&](int64_t first, int64_t last) {
      for (int64_t row = first; row < last; ++row) {
        const int64_t diagonal = row % rows + k;
        const int64_t begin = op.upper ? std::clamp<int64_t>(diagonal, 0, columns) : 0;
        const int64_t end = op.upper ? columns : std::clamp<int64_t>(diagonal + 1, 0, columns);
        const char* from = x + row * columns * bytes;
        char* to = y + row * columns * bytes;
        std::memset(to, 0, static_cast<size_t>(begin * bytes));
        std::memcpy(to + begin * bytes, from + begin * bytes, static_cast<size_t>((end - begin) * bytes));
        std::memset(to + end * bytes, 0, static_cast<size_t>((columns - end) * bytes));
      }
    });
    return Ok{};
  }
};

}  // namespace

TACTIC(TriluRows, cpu, trilu)

}  // namespace ingot
