// cuda.reduce: sums, means, maxima and their like over any axes.
#include "operators/reduce.h"

#include "tactics/cuda/expression_code.h"
#include "tactics/cuda/row_plan.h"
#include "tactics/cuda/scaled_code.h"

namespace ingot::cuda {
namespace {

struct KindCode {
  std::string start, term, join, finish;
  bool shifted = false;
};

KindCode code_of(ReduceKind kind, const std::string& real) {
  const bool floating = real == "float" || real == "double";
  const std::string most = real == "float"    ? "__int_as_float(0x7f800000)"
                           : real == "double" ? "__longlong_as_double(0x7ff0000000000000ll)"
                           : real == "uint64" ? "0xffffffffffffffffull"
                                              : "9223372036854775807ll";
  const std::string size = floating ? "m_abs(v)" : real == "uint64" ? "v" : "(v < 0 ? (int64)(0 - (uint64)v) : v)";
  switch (kind) {
    case ReduceKind::kSum: return {"0", "v", "Sum", "value"};
    case ReduceKind::kMean: return {"0", "v", "Sum", "value / (REAL)count"};
    case ReduceKind::kMax: return {least_code(real), "v", "Most", "value"};
    case ReduceKind::kMin: return {most, "v", "Least", "value"};
    case ReduceKind::kProduct: return {"1", "v", "Times", "value"};
    case ReduceKind::kL1: return {"0", size, "Sum", "value"};
    case ReduceKind::kL2: return {"0", "v * v", "Sum", "m_sqrt(value)"};
    case ReduceKind::kLogSum: return {"0", "v", "Sum", "m_log(value)"};
    case ReduceKind::kLogSumExp: return {"0", "m_exp(v - shift)", "Sum", "m_log(value) + shift", true};
    case ReduceKind::kSumSquare: return {"0", "v * v", "Sum", "value"};
  }
  return {};
}

struct ReduceKernel final : Kernel {
  CudaDevice* device = nullptr;
  Reduce op;
  DataType type = DataType::kFloat, output = DataType::kFloat;
  Format format = Format::kLinear, output_format = Format::kLinear;
  std::vector<DataType> extras;  // types of what the epilogue reads besides
  Operands operands;

  Result<std::unique_ptr<Launch>> launch(const std::vector<Shape>& inputs, const std::vector<Shape>& outputs) const override {
    auto launch = std::make_unique<RowLaunch>();
    const Shape& shape = inputs[0];
    std::vector<bool> in_row(shape.size(), false);
    for (int64_t axis : op.axes) {
      TRY_ASSIGN(const int64_t at, normalize_axis(axis, static_cast<int64_t>(shape.size())));
      in_row[static_cast<size_t>(at)] = true;
    }
    std::vector<RowDim> dims = row_dims(shape, format, in_row);
    const Shape y_strides = memory_strides(output_format, outputs[0]);
    const auto order = memory_order(format, shape.size());
    std::vector<Shape> strides;
    for (size_t e = 0; e < extras.size(); ++e) strides.push_back(broadcast_strides(inputs[e + 1], Format::kLinear, outputs[0]));
    for (size_t i = 0; i < order.size(); ++i) {
      dims[i].extra.resize(extras.size());
      if (in_row[order[i]]) continue;
      size_t at = 0;  // of the axis among the output's
      for (size_t d = 0; d < order[i]; ++d) at += op.keepdims || !in_row[d];
      dims[i].y = y_strides[at];
      for (size_t e = 0; e < extras.size(); ++e) dims[i].extra[e] = strides[e][at];
    }
    TRY_ASSIGN(launch->plan, RowPlan::make(dims, extras.size()));
    const DataType working = op.input_scale != 0 ? DataType::kFloat : type;
    const std::string real = compute_type(working);
    const KindCode kind = code_of(op.kind, real);
    std::string code = launch->plan.definitions() + "typedef " + real + " REAL;\ntypedef " + storage_type(type) + " X;\ntypedef " +
                       storage_type(output) + " Y;\n#define START_MOST " + least_code(real) + "\n#define START " + kind.start +
                       "\n#define TERM " + kind.term + "\n#define JOIN " + kind.join + "\n#define FINISH " + kind.finish + "\n" +
                       (kind.shifted ? "#define SHIFTED 1\n" : "");
    code += scaled_code(op);
    if (op.epilogue.empty()) {
      code += "#define EPILOGUE value\n";
    } else {
      std::vector<DataType> types{working};
      types.insert(types.end(), extras.begin(), extras.end());
      TRY_ASSIGN(std::string function, expression_function("epilogue", op.epilogue, types, op.output_scale != 0 ? working : output));
      code += function + "#define EPILOGUE epilogue(value";
      for (size_t e = 0; e < extras.size(); ++e) {
        const std::string number = std::to_string(e);
        code += ", load(((const " + storage_type(extras[e]) + "*)p.extra[" + number + "])[extra_offset(p, " + number + ", row, 0)])";
      }
      code += ")\n";
    }
    TRY_ASSIGN(launch->kernel, KernelFunction::make(*device, row_kernel_source("reduce", code), "reduce"));
    launch->operands = operands;
    launch->extras = extras.size();
    return std::unique_ptr<Launch>(std::move(launch));
  }
};

struct ReduceRows final : CudaTactic {
  std::string_view name() const override { return "cuda.reduce"; }
  Status accepts(const Problem& problem) const override {
    const auto* op = dynamic_cast<const Reduce*>(problem.op);
    REQUIRES(op, std::string(problem.op->name()) + " is no reduction");
    const DataType working = working_type(*op, problem);
    TRY(accepts_scales(*op, problem));
    REQUIRES(problem.inputs.size() == 1 || (op->input_scale == 0 && op->output_scale == 0),
             "the epilogue of scaled integers reads further inputs");
    REQUIRES(problem.inputs.size() <= 1 + kMostInputs, "the epilogue reads " + std::to_string(problem.inputs.size() - 1) + " inputs");
    for (size_t i = 1; i < problem.inputs.size(); ++i)
      REQUIRES(is_present(problem, i) && input_format(problem, i) == Format::kLinear, "a further input is left out, or not linear");
    TRY(has_known_types(problem));
    TRY(has_plain_formats(problem));
    const bool rounds = op->kind == ReduceKind::kL2 || op->kind == ReduceKind::kLogSum || op->kind == ReduceKind::kLogSumExp;
    REQUIRES(is_floating(working) || !rounds, "an irrational result of integers");
    REQUIRES(op->keepdims || output_format(problem, 0) == Format::kLinear, "axes go away, and the output is not linear");
    if (!op->epilogue.empty()) {
      std::vector<DataType> types{working};
      for (size_t i = 1; i < problem.inputs.size(); ++i) types.push_back(problem.inputs[i].type);
      auto function = expression_function("epilogue", op->epilogue, types, op->output_scale != 0 ? working : problem.outputs[0].type);
      if (!function.ok()) return std::move(function).error();
    }
    return Ok{};
  }
  // The input in either format; the output linear, or as the input where axes stay.
  std::vector<Formats> proposals(const Problem& problem) const override {
    std::vector<Formats> result{{{Format::kLinear}, {Format::kLinear}}};
    result[0].inputs.resize(problem.inputs.size(), Format::kLinear);
    const auto* op = dynamic_cast<const Reduce*>(problem.op);
    if (!op || problem.inputs.empty() || problem.inputs[0].rank() < 3 || is_constant(problem, 0)) return result;
    for (Format to : {Format::kLinear, Format::kChannelsLast}) {
      if (to != Format::kLinear && !op->keepdims) continue;
      Formats formats = result[0];
      formats.inputs[0] = Format::kChannelsLast;
      formats.outputs[0] = to;
      result.push_back(std::move(formats));
    }
    return result;
  }
  Result<std::unique_ptr<Kernel>> prepare(const Problem& problem, const std::vector<PackedWeights>&) const override {
    auto kernel = std::make_unique<ReduceKernel>();
    TRY_ASSIGN(kernel->device, device_of(problem));
    kernel->op = static_cast<const Reduce&>(*problem.op);
    kernel->type = problem.inputs[0].type;
    kernel->output = problem.outputs[0].type;
    kernel->format = input_format(problem, 0);
    kernel->output_format = output_format(problem, 0);
    for (size_t i = 1; i < problem.inputs.size(); ++i) kernel->extras.push_back(problem.inputs[i].type);
    TRY_ASSIGN(kernel->operands, Operands::make(*kernel->device, problem));
    return std::unique_ptr<Kernel>(std::move(kernel));
  }
};

}  // namespace
}  // namespace ingot::cuda

namespace ingot {
TACTIC(cuda::ReduceRows, cuda, reduce)
}  // namespace ingot
