// cpu.topk: the k largest or smallest along any axis. Each element becomes a key whose order as an integer is the wanted one, with its
// index below, so that ties fall as the operator says.
#include "operators/topk.h"

#include <algorithm>
#include <cstring>
#include <functional>

#include "base/float_types.h"
#include "tactics/cpu/convert_rows.h"
#include "tactics/cpu/integer_tiles.h"
#include "tactics/cpu/line_loops.h"
#include "tactics/cpu/worker_scratch.h"
#include "tactics/layout.h"

namespace ingot {
namespace {

constexpr int64_t kChunk = 256;

// Larger floats have larger keys; NaN stands above all, and -0 equals 0.
uint32_t key_of(float x) {
  if (x != x) return UINT32_MAX;
  x += 0.0f;
  uint32_t bits;
  std::memcpy(&bits, &x, 4);
  return bits >> 31 ? ~bits : bits | 0x80000000u;
}

// Gathers the k best keys: those below the k-th best of those before them are dropped on the way, so that few are sorted. Ties go to the
// lower index.
struct Selection {
  uint64_t* keys;
  int64_t k, room;  // `room` keys are gathered before the best of them are picked out
  bool largest;
  const LineLoops* loops;
  uint64_t least = 0;
  int64_t kept = 0;
  float bound = 0;  // of floats that may still be among the best, once some were picked out
  bool is_bounded = false;

  void add(uint32_t value, int64_t index) {
    const uint64_t key = static_cast<uint64_t>(largest ? value : UINT32_MAX - value) << 32 | (UINT32_MAX - static_cast<uint32_t>(index));
    keys[kept] = key;
    kept += key >= least;
    if (kept == room) pick();
  }
  void add_floats(const float* row, int64_t first, int64_t count) {
    for (int64_t i = 0; i < count; ++i) {
      if (is_bounded) i = (largest ? loops->next_not_below : loops->next_not_above)(row, i, count, bound);
      if (i < count) add(key_of(row[i]), first + i);
    }
  }
  void pick() {
    if (kept > k) std::nth_element(keys, keys + (k - 1), keys + kept, std::greater<>());
    least = *std::min_element(keys, keys + k);
    kept = k;
    const auto high = static_cast<uint32_t>(least >> 32), value = largest ? high : UINT32_MAX - high;
    // What stands at NaN bounds nothing.
    is_bounded = value != UINT32_MAX;
    bound = float_from_bits(value >> 31 ? value & 0x7fffffffu : ~value);
  }
  void finish() {
    if (k < kept) std::nth_element(keys, keys + k, keys + kept, std::greater<>());
    std::sort(keys, keys + k, std::greater<>());
  }
};

struct TopKLaunch final : Launch {
  const Array* constant = nullptr;
  DataType type = DataType::kFloat, index_type = DataType::kInt64;
  bool largest = true;
  int64_t outer = 0, length = 0, inner = 1, k = 0;
  LoadRow load = nullptr;  // of floating types
  const LineLoops* loops = nullptr;
  WorkerScratch scratch;

  size_t workspace_bytes() const override { return scratch.workspace_bytes(); }

  void line(const char* x, char* values, char* indices, int64_t index, uint64_t* keys) const {
    const int bytes = bits_of(type) / 8;
    const int64_t from = index / inner * length * inner + index % inner, to = index / inner * k * inner + index % inner;
    Selection selection{keys, k, std::min(length, std::max<int64_t>(4 * k, 64)), largest, loops};
    for (int64_t first = 0; first < length; first += kChunk) {
      const int64_t count = std::min(kChunk, length - first);
      const char* at = x + (from + first * inner) * bytes;
      if (load) {
        alignas(64) float buffer[kChunk];
        const float* row = buffer;
        if (type == DataType::kFloat && inner == 1) {
          row = reinterpret_cast<const float*>(at);
        } else if (inner == 1) {
          load(at, buffer, count);
        } else {
          for (int64_t i = 0; i < count; ++i) load(at + i * inner * bytes, buffer + i, 1);
        }
        selection.add_floats(row, first, count);
      } else {
        alignas(64) int64_t row[kChunk];
        load_integers(type, at, inner, row, count);
        for (int64_t i = 0; i < count; ++i) selection.add(static_cast<uint32_t>(row[i] + (int64_t{1} << 31)), first + i);
      }
    }
    selection.finish();
    for (int64_t i = 0; i < k; ++i) {
      const auto source = static_cast<int64_t>(UINT32_MAX - static_cast<uint32_t>(keys[i]));
      std::memcpy(values + (to + i * inner) * bytes, x + (from + source * inner) * bytes, static_cast<size_t>(bytes));
      if (index_type == DataType::kInt64) {
        std::memcpy(indices + (to + i * inner) * 8, &source, 8);
      } else {
        const auto narrow = static_cast<int32_t>(source);
        std::memcpy(indices + (to + i * inner) * 4, &narrow, 4);
      }
    }
  }

  Status run(const RunArguments& arguments) const override {
    const auto* x = static_cast<const char*>(constant ? constant->data() : arguments.inputs[0]);
    auto *values = static_cast<char*>(arguments.outputs[0]), *indices = static_cast<char*>(arguments.outputs[1]);
    if (k == 0) return Ok{};
    scratch.run(*arguments.pool, outer * inner, arguments.workspace,
                [&](int64_t index, std::byte* memory) { line(x, values, indices, index, reinterpret_cast<uint64_t*>(memory)); });
    return Ok{};
  }
};

struct TopKKernel final : Kernel {
  TopK op;
  DataType type = DataType::kFloat;
  Array constant;

  Result<std::unique_ptr<Launch>> launch(const std::vector<Shape>& inputs, const std::vector<Shape>& outputs) const override {
    auto launch = std::make_unique<TopKLaunch>();
    const Shape& shape = inputs[0];
    TRY_ASSIGN(const int64_t axis, normalize_axis(op.axis, static_cast<int64_t>(shape.size())));
    TRY_ASSIGN(const int64_t total, volume(shape));
    launch->length = shape[static_cast<size_t>(axis)];
    launch->k = outputs[0][static_cast<size_t>(axis)];
    if (launch->length >= UINT32_MAX) return unsupported("an axis of " + std::to_string(launch->length) + " elements is too long for topk");
    for (size_t d = static_cast<size_t>(axis) + 1; d < shape.size(); ++d) launch->inner *= shape[d];
    launch->outer = total == 0 ? 0 : total / launch->length / launch->inner;
    launch->type = type;
    launch->index_type = op.index_type;
    launch->largest = op.largest;
    launch->load = is_floating(type) ? load_row(type) : nullptr;
    launch->loops = &line_loops();
    launch->scratch = WorkerScratch(static_cast<size_t>(std::min(launch->length, std::max<int64_t>(4 * launch->k, 64)) + 1) * 8);
    if (constant.data()) launch->constant = &constant;
    return std::unique_ptr<Launch>(std::move(launch));
  }
};

struct TopKKeys final : LinearTactic {
  std::string_view name() const override { return "cpu.topk"; }

  Status accepts(const Problem& problem) const override {
    const auto* op = dynamic_cast<const TopK*>(problem.op);
    REQUIRES(op, std::string(problem.op->name()) + " is no topk");
    REQUIRES(!is_present(problem, 1) || is_constant(problem, 1), "k is known only at run time");
    const DataType type = problem.inputs[0].type;
    REQUIRES(type == DataType::kFloat || type == DataType::kHalf || type == DataType::kBf16 || type == DataType::kInt8 ||
                 type == DataType::kUint8 || type == DataType::kInt16 || type == DataType::kUint16 || type == DataType::kInt32,
             std::string(name_of(type)) + " has no keys of 32 bits");
    return all_linear(problem);
  }

  Result<std::unique_ptr<Kernel>> prepare(const Problem& problem, const std::vector<PackedWeights>&) const override {
    auto kernel = std::make_unique<TopKKernel>();
    kernel->op = static_cast<const TopK&>(*problem.op);
    kernel->type = problem.inputs[0].type;
    if (is_constant(problem, 0)) kernel->constant = problem.constants[0];
    return std::unique_ptr<Kernel>(std::move(kernel));
  }

  std::optional<double> estimate_ms(const Problem& problem) const override {
    if (problem.opt_inputs.empty()) return std::nullopt;
    return 0.002 + static_cast<double>(volume(problem.opt_inputs[0]).value_or(0)) * 4e-6;
  }
};

}  // namespace

TACTIC(TopKKeys, cpu, topk)

}  // namespace ingot
