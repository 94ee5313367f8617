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
    TRY_ASSIGN(const int64_t total, volume(updates));
    const bool packed = TensorScatter::is_packed(static_cast<int64_t>(data.size()), static_cast<int64_t>(updates.size()));
    const int64_t batches = data[0], length = data[axis], given = updates[packed ? 0 : axis], bytes = bits_of(call.types[0].type) / 8;
    int64_t outer = 1, inner = bytes;
    for (size_t d = 1; d < data.size(); ++d) (d < axis ? outer : inner) *= d == axis ? 1 : data[d];
    const bool has_starts = call.inputs.size() > 2 && call.in[2], has_lengths = call.inputs.size() > 3 && call.in[3];
    const bool has_places = has_lengths && call.has_shape(3, {batches + 1});
    if (packed && !has_places) return invalid("packed updates need the places where their batches begin and end");
    if (total * bytes != (packed ? 1 : batches) * outer * given * inner || (has_starts && !call.has_shape(2, {batches})) ||
        (has_lengths && !has_places && !call.has_shape(3, {batches})))
      return invalid("updates " + to_text(updates) + " do not go with data " + to_text(data));
    const auto start_of = [&](int64_t batch) { return has_starts ? call.integer(2, batch) : 0; };
    const auto first_of = [&](int64_t batch) { return packed ? call.integer(3, batch) : 0; };
    const auto count_of = [&](int64_t batch) {
      return !has_lengths ? given : has_places ? call.integer(3, batch + 1) - call.integer(3, batch) : call.integer(3, batch);
    };
    if (call.in[0] != call.out[0]) copy_by_all(call.pool, call.in[0], call.out[0], elements * bytes);
    for (int64_t batch = 0; total > 0 && batch < batches; ++batch) {
      const int64_t start = start_of(batch), first = first_of(batch), count = count_of(batch);
      if (count < 0 || first < 0 || count > given - first)
        return invalid("batch " + std::to_string(batch) + " has " + std::to_string(count) + " updates from " + std::to_string(first) +
                       " on; there are " + std::to_string(given));
      if (start < 0 || start > length || (!op.circular && count > length - start))
        return invalid(std::to_string(count) + " updates from " + std::to_string(start) + " on do not fit an axis of " +
                       std::to_string(length));
    }
    call.share(total == 0 ? 0 : batches * outer, given * inner / 4, [&](int64_t first_row, int64_t last_row) {
      for (int64_t row = first_row; row < last_row; ++row) {
        const int64_t batch = row / outer, count = count_of(batch);
        const char* from = call.from<char>(1) + (packed ? first_of(batch) * outer + row % outer : row * given) * inner;
        char* to = call.to<char>(0) + row * length * inner;
        int64_t place = start_of(batch) % std::max<int64_t>(1, length);
        // Entries of one row lie together, or, packed, those of the other rows between them.
        for (int64_t done = 0; done < count;) {
          const int64_t run = packed ? 1 : std::min(count - done, length - place);
          std::memcpy(to + place * inner, from + done * (packed ? outer : 1) * inner, static_cast<size_t>(run * inner));
          done += run;
          place = place + run < length ? place + run : 0;
        }
      }
    });
    return Ok{};
  }
};

}  // namespace

TACTIC(TensorScatterRows, cpu, tensor_scatter)

}  // namespace ingot
