// cpu.fill: one value everywhere, by as many threads as there are.
#include "operators/fill.h"

#include <algorithm>
#include <cstring>

#include "operators/moving.h"
#include "tactics/cpu/told_shape.h"

namespace ingot {
namespace {

struct FillConstant final : PlainTactic {
  std::string_view name() const override { return "cpu.fill"; }

  Status accepts(const Problem& problem) const override {
    REQUIRES(dynamic_cast<const Fill*>(problem.op), std::string(problem.op->name()) + " is no fill");
    REQUIRES(bits_of(problem.outputs[0].type) <= 64, std::string(name_of(problem.outputs[0].type)) + " is wider than 64 bits");
    return accepts_plain_move(problem);
  }
  bool tells_shapes() const override { return true; }

  Status run(const PlainCall& call) const override {
    const auto& op = call.as<Fill>();
    if (!call.inputs.empty()) TRY(tell_shape_from(call, 0));
    TRY_ASSIGN(const int64_t count, volume(call.produced[0]));
    const int64_t width = bits_of(call.output_types[0].type) / 8;
    uint8_t bytes[8] = {};
    if (op.value.data()) std::memcpy(bytes, op.value.data(), static_cast<size_t>(width));
    if (std::all_of(bytes, bytes + width, [&](uint8_t byte) { return byte == bytes[0]; })) {
      call.share(count * width, 1, [&](int64_t first, int64_t last) {
        std::memset(call.to<uint8_t>(0) + first, bytes[0], static_cast<size_t>(last - first));
      });
      return Ok{};
    }
    with_element_of(call.output_types[0].type, [&](auto element) {
      std::memcpy(&element, bytes, sizeof element);
      call.share(count, 1, [&](int64_t first, int64_t last) {
        auto* y = call.to<decltype(element)>(0);
        int64_t i = first;
        for (; i + 16 <= last; i += 16) {
          for (int64_t k = 0; k < 16; ++k) y[i + k] = element;
        }
        for (; i < last; ++i) y[i] = element;
      });
    });
    return Ok{};
  }
};

}  // namespace

TACTIC(FillConstant, cpu, fill)

}  // namespace ingot
