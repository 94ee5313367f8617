// cpu.pointwise_table: an elementwise layer or fused chain from one byte to another, however long, as a table of 256 bytes.
#include <algorithm>
#include <cstring>

#include "operators/elementwise.h"
#include "operators/pointwise.h"
#include "tactics/cpu/byte_table.h"
#include "tactics/layout.h"

namespace ingot {
namespace {

constexpr int64_t kPartBytes = 32 << 10;

struct TableLaunch final : Launch {
  const uint8_t* table = nullptr;
  int64_t count = 0;

  Status run(const RunArguments& arguments) const override {
    const auto* x = static_cast<const uint8_t*>(arguments.inputs[0]);
    auto* y = static_cast<uint8_t*>(arguments.outputs[0]);
    const int64_t parts = (count + kPartBytes - 1) / kPartBytes;
    arguments.pool->run(parts, [&](int64_t part, int) {
      const int64_t first = part * kPartBytes;
      look_up_bytes(table, x + first, y + first, std::min(kPartBytes, count - first));
    });
    return Ok{};
  }
};

struct TableKernel final : Kernel {
  alignas(64) uint8_t table[256] = {};

  Result<std::unique_ptr<Launch>> launch(const std::vector<Shape>&, const std::vector<Shape>& outputs) const override {
    auto launch = std::make_unique<TableLaunch>();
    launch->table = table;
    TRY_ASSIGN(launch->count, volume(outputs[0]));
    return std::unique_ptr<Launch>(std::move(launch));
  }
};

struct PointwiseTable final : Tactic {
  std::string_view name() const override { return "cpu.pointwise_table"; }

  Status accepts(const Problem& problem) const override {
    REQUIRES(dynamic_cast<const Pointwise*>(problem.op) || dynamic_cast<const Elementwise*>(problem.op),
             std::string(problem.op->name()) + " is no pointwise operator");
    REQUIRES(problem.inputs.size() == 1 && is_present(problem, 0) && !is_constant(problem, 0), "there is more than one input");
    for (DataType type : {problem.inputs[0].type, problem.outputs[0].type}) {
      REQUIRES(type == DataType::kInt8 || type == DataType::kUint8 || type == DataType::kBool, std::string(name_of(type)) + " is no byte");
    }
    const Format format = input_format(problem, 0);
    REQUIRES(format == output_format(problem, 0), "input and output have different formats");
    REQUIRES(has_strides(format) && channel_group(format) == 1, "the format is " + std::string(name_of(format)));
    return Ok{};
  }

  Result<std::unique_ptr<Kernel>> prepare(const Problem& problem, const std::vector<PackedWeights>&) const override {
    const DataType type = problem.inputs[0].type;
    TRY_ASSIGN(Array all, Array::make(type, {256}));
    auto* bytes = static_cast<uint8_t*>(all.mutable_data());
    for (int i = 0; i < 256; ++i) bytes[i] = static_cast<uint8_t>(type == DataType::kBool ? i != 0 : i);
    TRY_ASSIGN(const Arrays results, problem.op->evaluate({all}));
    if (results.size() != 1 || results[0].count() != 256) return invalid("the operator does not work element by element");
    auto kernel = std::make_unique<TableKernel>();
    std::memcpy(kernel->table, results[0].data(), sizeof(kernel->table));
    return std::unique_ptr<Kernel>(std::move(kernel));
  }

  std::optional<double> estimate_ms(const Problem& problem) const override {
    if (problem.opt_inputs.empty()) return std::nullopt;
    return 0.001 + static_cast<double>(volume(problem.opt_inputs[0]).value_or(0)) * 1e-7;
  }
};

}  // namespace

TACTIC(PointwiseTable, cpu, pointwise_table)

}  // namespace ingot
