// cpu.pointwise_truth: a layer or chain from two or three bools to one byte an element, however long, as a table of truth.
#include <algorithm>

#include "operators/elementwise.h"
#include "operators/pointwise.h"
#include "tactics/cpu/broadcast_kernel.h"
#include "tactics/cpu/broadcast_loop.h"
#include "tactics/cpu/truth_rows.h"

namespace ingot {
namespace {

constexpr int64_t kPartElements = 64 * 1024;
constexpr int64_t kTile = 256;

struct TruthLaunch final : Launch {
  const TruthTable& table;
  const std::vector<Array>& constants;
  BroadcastLoop loop;
  TruthRow row = nullptr;
  size_t inputs = 2;
  int64_t parts = 1;

  TruthLaunch(const TruthTable& table, const std::vector<Array>& constants) : table(table), constants(constants) {}

  Status run(const RunArguments& arguments) const override {
    const uint8_t* x[TruthTable::kInputs] = {};
    for (size_t i = 0; i < inputs; ++i) x[i] = static_cast<const uint8_t*>(constants[i].data() ? constants[i].data() : arguments.inputs[i]);
    auto* y = static_cast<uint8_t*>(arguments.outputs[0]);
    arguments.pool->run(parts, [&](int64_t part, int) {
      loop.run(loop.pieces() * part / parts, loop.pieces() * (part + 1) / parts,
               [&](int64_t output, const int64_t* offsets, int64_t rows, int64_t columns) {
                 for (int64_t r = 0; r < rows; ++r) {
                   TruthOperand operands[TruthTable::kInputs] = {};
                   for (size_t i = 0; i < inputs; ++i) {
                     const auto strides = loop.strides(i);
                     operands[i] = {x[i] + offsets[i] + r * strides.row, strides.column};
                   }
                   row(table, operands, static_cast<int>(inputs), y + output + r * columns, columns);
                 }
               });
    });
    return Ok{};
  }
};

struct TruthKernel final : Kernel {
  TruthTable table;
  std::vector<Array> constants;
  std::vector<Format> formats;
  Format format = Format::kLinear;

  Result<std::unique_ptr<Launch>> launch(const std::vector<Shape>& inputs, const std::vector<Shape>& outputs) const override {
    auto launch = std::make_unique<TruthLaunch>(table, constants);
    TRY_ASSIGN(launch->loop, BroadcastLoop::make(outputs[0], format, inputs, formats, kTile));
    launch->row = truth_row();
    launch->inputs = inputs.size();
    launch->parts = std::clamp<int64_t>(launch->loop.elements() / kPartElements, 1, std::max<int64_t>(1, launch->loop.pieces()));
    return std::unique_ptr<Launch>(std::move(launch));
  }
};

struct PointwiseTruth final : Tactic {
  std::string_view name() const override { return "cpu.pointwise_truth"; }

  Status accepts(const Problem& problem) const override {
    REQUIRES(dynamic_cast<const Pointwise*>(problem.op) || dynamic_cast<const Elementwise*>(problem.op),
             std::string(problem.op->name()) + " is no pointwise operator");
    REQUIRES(problem.inputs.size() == 2 || problem.inputs.size() == 3, std::to_string(problem.inputs.size()) + " inputs are not 2 or 3");
    for (size_t i = 0; i < problem.inputs.size(); ++i) {
      REQUIRES(is_present(problem, i), "input " + std::to_string(i) + " is left out");
      REQUIRES(problem.inputs[i].type == DataType::kBool,
               "input " + std::to_string(i) + " is " + std::string(name_of(problem.inputs[i].type)));
    }
    const DataType type = problem.outputs[0].type;
    REQUIRES(type == DataType::kBool || type == DataType::kInt8 || type == DataType::kUint8, "the output is " + std::string(name_of(type)));
    return accepts_broadcast(problem);
  }
  std::vector<Formats> proposals(const Problem& problem) const override { return broadcast_formats(problem); }

  Result<std::unique_ptr<Kernel>> prepare(const Problem& problem, const std::vector<PackedWeights>&) const override {
    const size_t inputs = problem.inputs.size();
    const int64_t rows = int64_t{1} << inputs;
    Arrays all;
    for (size_t i = 0; i < inputs; ++i) {
      TRY_ASSIGN(Array bits, Array::make(DataType::kBool, {rows}));
      for (int64_t r = 0; r < rows; ++r) bits.set_integer(r, r >> i & 1);
      all.push_back(std::move(bits));
    }
    TRY_ASSIGN(const Arrays results, problem.op->evaluate(all));
    if (results.size() != 1 || results[0].count() != rows) return invalid("the operator does not work element by element");
    auto kernel = std::make_unique<TruthKernel>();
    kernel->table.set(static_cast<const uint8_t*>(results[0].data()), static_cast<int>(inputs));
    kernel->constants = problem.constants;
    kernel->constants.resize(inputs);
    for (size_t i = 0; i < inputs; ++i) kernel->formats.push_back(input_format(problem, i));
    kernel->format = output_format(problem, 0);
    return std::unique_ptr<Kernel>(std::move(kernel));
  }

  std::optional<double> estimate_ms(const Problem& problem) const override {
    if (problem.opt_inputs.empty()) return std::nullopt;
    double most = 0;
    for (const Shape& shape : problem.opt_inputs) most = std::max(most, static_cast<double>(volume(shape).value_or(0)));
    return 0.001 + most * 1e-7;
  }
};

}  // namespace

TACTIC(PointwiseTruth, cpu, pointwise_truth)

}  // namespace ingot
