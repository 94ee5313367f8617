// cpu.eye_like: zeros, and ones on a diagonal.
#include "operators/eye_like.h"

#include <cstring>

#include "operators/moving.h"
#include "tactics/cpu/plain_tactic.h"

namespace ingot {
namespace {

struct EyeLikeRows final : PlainTactic {
  std::string_view name() const override { return "cpu.eye_like"; }

  Status accepts(const Problem& problem) const override {
    REQUIRES(dynamic_cast<const EyeLike*>(problem.op), std::string(problem.op->name()) + " is no eye_like");
    const DataType to = problem.outputs[0].type;
    REQUIRES(!is_floating(to) || to == DataType::kFloat || to == DataType::kDouble || to == DataType::kHalf || to == DataType::kBf16,
             "ones of " + std::string(name_of(to)) + " are not at hand");
    return accepts_plain_move(problem);
  }

  Status run(const PlainCall& call) const override {
    const auto& op = call.as<EyeLike>();
    const int64_t rows = call.outputs[0][0], columns = call.outputs[0][1];
    with_element_of(op.to, [&](auto element) {
      using T = decltype(element);
      T one{};
      switch (op.to) {
        case DataType::kFloat: one = static_cast<T>(0x3f800000u); break;
        case DataType::kDouble: one = static_cast<T>(0x3ff0000000000000u); break;
        case DataType::kHalf: one = static_cast<T>(0x3c00u); break;
        case DataType::kBf16: one = static_cast<T>(0x3f80u); break;
        default: one = 1;
      }
      auto* y = call.to<T>(0);
      call.share(rows, columns, [&](int64_t first, int64_t last) {
        std::memset(y + first * columns, 0, static_cast<size_t>((last - first) * columns) * sizeof(T));
        for (int64_t i = first; i < last; ++i) {
          if (op.k >= -i && op.k < columns - i) y[i * columns + i + op.k] = one;
        }
      });
    });
    return Ok{};
  }
};

}  // namespace

TACTIC(EyeLikeRows, cpu, eye_like)

}  // namespace ingot
