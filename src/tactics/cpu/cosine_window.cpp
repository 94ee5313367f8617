// cpu.cosine_window: one cosine for each element; that of twice the angle follows from it.
#include "operators/cosine_window.h"

#include <cmath>

#include "tactics/cpu/told_shape.h"

namespace ingot {
namespace {

struct CosineWindowElements final : PlainTactic {
  std::string_view name() const override { return "cpu.cosine_window"; }

  Status accepts(const Problem& problem) const override {
    REQUIRES(dynamic_cast<const CosineWindow*>(problem.op), std::string(problem.op->name()) + " is no cosine_window");
    return accepts_plain_floats(problem, {});
  }
  bool tells_shapes() const override { return true; }

  Status run(const PlainCall& call) const override {
    const auto& op = call.as<CosineWindow>();
    if (volume(call.inputs[0]).value_or(0) != 1) return invalid("the length is " + to_text(call.inputs[0]) + "; one integer is wanted");
    const int64_t length = call.integer(0, 0);
    TRY(tell_count(call, length));
    const auto n = static_cast<double>(op.periodic ? length : length - 1);
    constexpr int64_t kCost = 16;  // elements that one cosine is worth, by its time
    call.share(length, kCost, [&](int64_t first, int64_t last) {
      for (int64_t i = first; i < last; ++i) {
        const double cosine = std::cos(2 * M_PI * static_cast<double>(i) / n);
        call.to<float>(0)[i] = static_cast<float>(op.terms[0] - op.terms[1] * cosine + op.terms[2] * (2 * cosine * cosine - 1));
      }
    });
    return Ok{};
  }
};

}  // namespace

TACTIC(CosineWindowElements, cpu, cosine_window)

}  // namespace ingot
