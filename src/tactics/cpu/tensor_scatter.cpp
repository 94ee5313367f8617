// cpu.tensor_scatter: the cache is copied, where it is not the output itself, then each batch's updates go in from its start on.
#include "operators/tensor_scatter.h"

#include <algorithm>
#include <cstring>

#include "tactics/cpu/plain_tactic.h"
#include "tactics/cpu/scatter_into.h"

namespace ingot {
namespace {

struct TensorScatterRows final : PlainTactic {
  std::string_view name() const override { return "cpu.tensor_scatter"; }

  Status accepts(const Problem& problem) const override {
    REQUIRES(dynamic_cast<const TensorScatter*>(problem.op), std::string(problem.op->name()) + " is no tensor_scatter");
    return accepts_plain_move(problem);
  }

  Status run(const PlainCall& call) const override {
    const auto& op = call.as<TensorScatter>();
    const Shape &data = call.inputs[0], &updates = call.inputs[1];
    TRY_ASSIGN(const int64_t along, normalize_axis(op.axis, static_cast<int64_t>(data.size())));
    const auto axis = static_cast<size_t>(along);
    TRY_ASSIGN(const int64_t elements, volume(data));
    TRY_ASSIGN(const int64_t given, volume(updates));
    const int64_t batches = data[0], length = data[axis], count = updates[axis];
    int64_t outer = 1, inner = bits_of(call.types[0].type) / 8;
    for (size_t d = 1; d < data.size(); ++d) (d < axis ? outer : inner) *= d == axis ? 1 : data[d];
    const bool has_starts = call.inputs.size() > 2;
    if (given * bits_of(call.types[0].type) / 8 != batches * outer * count * inner || (has_starts && !call.has_shape(2, {batches})))
      return invalid("updates " + to_text(updates) + " do not go with data " + to_text(data));
    const auto start_of = [&](int64_t batch) { return has_starts ? call.integer(2, batch) : 0; };
    if (call.in[0] != call.out[0]) copy_by_all(call.pool, call.in[0], call.out[0], elements * bits_of(call.types[0].type) / 8);
    for (int64_t batch = 0; given > 0 && batch < batches; ++batch) {
      const int64_t start = start_of(batch);
      if (start < 0 || start > length || (!op.circular && count > length - start))
        return invalid(std::to_string(count) + " updates from " + std::to_string(start) + " on do not fit an axis of " +
                       std::to_string(length));
    }
    call.share(given == 0 ? 0 : batches * outer, count * inner / 4, [&](int64_t first, int64_t last) {
      for (int64_t row = first; row < last; ++row) {
        const char* from = call.from<char>(1) + row * count * inner;
        char* to = call.to<char>(0) + row * length * inner;
        int64_t place = start_of(row / outer) % std::max<int64_t>(1, length);
        for (int64_t done = 0; done < count;) {
          const int64_t run = std::min(count - done, length - place);
          std::memcpy(to + place * inner, from + done * inner, static_cast<size_t>(run * inner));
          done += run;
          place = 0;
        }
      }
    });
    return Ok{};
  }
};

}  // namespace

TACTIC(TensorScatterRows, cpu, tensor_scatter)

}  // namespace ingot
