// cpu.nonzero: each part counts its elements, then writes their indices where those before it end.
#include "operators/nonzero.h"

#include <algorithm>

#include "operators/moving.h"
#include "tactics/layout.h"

namespace ingot {
namespace {

constexpr int64_t kPartElements = 16 * 1024;
constexpr int64_t kMostParts = 256;
constexpr size_t kMostRank = 8;

struct NonZeroLaunch final : Launch {
  const Array* constant = nullptr;
  DataType type = DataType::kFloat, index_type = DataType::kInt64;
  Shape shape;
  int64_t total = 0, parts = 1;
  mutable std::vector<Shape> produced{{0, 0}};

  size_t workspace_bytes() const override { return kMostParts * sizeof(int64_t); }
  std::vector<Shape> produced_shapes() const override { return produced; }

  template <class T>
  static bool is_set(T bits, T sign) {
    return static_cast<T>(bits & ~sign) != 0;
  }

  template <class T, class Index>
  void write(const T* x, T sign, Index* y, int64_t first, int64_t last, int64_t at, int64_t count) const {
    if (first == last) return;  // of an empty tensor, whose dims divide nothing
    const size_t rank = shape.size();
    int64_t place[kMostRank] = {};
    int64_t rest = first;
    for (size_t d = rank; d-- > 0; rest /= shape[d]) place[d] = rest % shape[d];
    const int64_t columns = rank == 0 ? 1 : shape[rank - 1];
    int64_t row = rank == 0 ? first : first - place[rank - 1];
    // Row by row: only the last index changes within one.
    while (first < last) {
      const int64_t end = std::min(last, row + columns);
      for (int64_t i = first; i < end; ++i) {
        if (!is_set(x[i], sign)) continue;
        for (size_t d = 0; d + 1 < rank; ++d) y[static_cast<int64_t>(d) * count + at] = static_cast<Index>(place[d]);
        if (rank > 0) y[static_cast<int64_t>(rank - 1) * count + at] = static_cast<Index>(i - row);
        ++at;
      }
      first = row = end;
      for (size_t d = rank == 0 ? 0 : rank - 1; d-- > 0 && ++place[d] == shape[d];) place[d] = 0;
    }
  }

  template <class T>
  void find(const T* x, T sign, const RunArguments& arguments) const {
    auto* counts = static_cast<int64_t*>(arguments.workspace);
    arguments.pool->run(parts, [&](int64_t part, int) {
      int64_t count = 0;
      for (int64_t i = total * part / parts; i < total * (part + 1) / parts; ++i) count += is_set(x[i], sign);
      counts[part] = count;
    });
    int64_t count = 0;
    for (int64_t part = 0; part < parts; ++part) {
      const int64_t own = counts[part];
      counts[part] = count;
      count += own;
    }
    arguments.pool->run(parts, [&](int64_t part, int) {
      const int64_t first = total * part / parts, last = total * (part + 1) / parts;
      if (index_type == DataType::kInt64)
        write(x, sign, static_cast<int64_t*>(arguments.outputs[0]), first, last, counts[part], count);
      else
        write(x, sign, static_cast<int32_t*>(arguments.outputs[0]), first, last, counts[part], count);
    });
    produced[0][0] = static_cast<int64_t>(shape.size());
    produced[0][1] = count;
  }

  Status run(const RunArguments& arguments) const override {
    const void* x = constant ? constant->data() : arguments.inputs[0];
    with_element_of(type, [&](auto element) {
      using T = decltype(element);
      // -0 is 0, too.
      const T sign = is_floating(type) ? static_cast<T>(T{1} << (sizeof(T) * 8 - 1)) : T{0};
      find(static_cast<const T*>(x), sign, arguments);
    });
    return Ok{};
  }
};

struct NonZeroKernel final : Kernel {
  DataType type = DataType::kFloat, index_type = DataType::kInt64;
  Array constant;

  Result<std::unique_ptr<Launch>> launch(const std::vector<Shape>& inputs, const std::vector<Shape>&) const override {
    auto launch = std::make_unique<NonZeroLaunch>();
    TRY_ASSIGN(launch->total, volume(inputs[0]));
    launch->shape = inputs[0];
    launch->parts = std::clamp<int64_t>(launch->total / kPartElements, 1, kMostParts);
    launch->type = type;
    launch->index_type = index_type;
    if (constant.data()) launch->constant = &constant;
    return std::unique_ptr<Launch>(std::move(launch));
  }
};

struct NonZeroParts final : LinearTactic {
  std::string_view name() const override { return "cpu.nonzero"; }

  Status accepts(const Problem& problem) const override {
    REQUIRES(dynamic_cast<const NonZero*>(problem.op), std::string(problem.op->name()) + " is no nonzero");
    const DataType type = problem.inputs[0].type;
    REQUIRES(bits_of(type) >= 8 && type != DataType::kFp8 && !is_rare_float(type), std::string(name_of(type)) + " has zeros of its own");
    REQUIRES(problem.inputs[0].rank() <= static_cast<int64_t>(kMostRank), "the rank is over 8");
    return all_linear(problem);
  }

  Result<std::unique_ptr<Kernel>> prepare(const Problem& problem, const std::vector<PackedWeights>&) const override {
    auto kernel = std::make_unique<NonZeroKernel>();
    kernel->type = problem.inputs[0].type;
    kernel->index_type = static_cast<const NonZero&>(*problem.op).index_type;
    if (is_constant(problem, 0)) kernel->constant = problem.constants[0];
    return std::unique_ptr<Kernel>(std::move(kernel));
  }

  std::optional<double> estimate_ms(const Problem& problem) const override {
    if (problem.opt_inputs.empty()) return std::nullopt;
    return 0.002 + static_cast<double>(volume(problem.opt_inputs[0]).value_or(0)) * 1e-6;
  }
};

}  // namespace

TACTIC(NonZeroParts, cpu, nonzero)

}  // namespace ingot
