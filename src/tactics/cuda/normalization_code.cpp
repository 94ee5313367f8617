#include "tactics/cuda/normalization_code.h"

#include "tactics/cuda/scaled_code.h"

namespace ingot::cuda {
namespace {

bool has_input(const Problem& problem, size_t input) { return input < problem.inputs.size() && is_present(problem, input); }

}  // namespace

Status accepts_normalization(const Problem& problem) {
  const auto& op = static_cast<const Normalization&>(*problem.op);
  TRY(accepts_scales(op, problem));
  TRY(has_known_types(problem));
  TRY(has_plain_formats(problem));
  REQUIRES(input_format(problem, 0) == output_format(problem, 0), "input and output have different formats");
  for (size_t i = 1; i < 3 && i < problem.inputs.size(); ++i)
    REQUIRES(!is_present(problem, i) || input_format(problem, i) == Format::kLinear, "scale or bias is not linear");
  if (has_input(problem, 3)) {
    REQUIRES(problem.inputs[3].dims == problem.inputs[0].dims, "the epilogue's input is broadcast");
    REQUIRES(input_format(problem, 3) == input_format(problem, 0), "the epilogue's input lies in another format");
  }
  auto code = normalization_code(problem);
  if (!code.ok()) return std::move(code).error();
  return Ok{};
}

Result<std::string> normalization_code(const Problem& problem) {
  const auto& op = static_cast<const Normalization&>(*problem.op);
  const DataType working = working_type(op, problem);
  std::string code = "#define EPILOGUE v\n";
  if (!op.epilogue.empty()) {
    std::vector<DataType> types{working};
    if (has_input(problem, 3)) types.push_back(problem.inputs[3].type);
    TRY_ASSIGN(code, expression_function("epilogue", op.epilogue, types, op.output_scale != 0 ? working : problem.outputs[0].type));
    code += types.size() > 1 ? "#define EPILOGUE epilogue(v, second)\n" : "#define EPILOGUE epilogue(v)\n";
  }
  const auto type = [&](size_t input) {
    return has_input(problem, input) ? storage_type(problem.inputs[input].type) : std::string("float");
  };
  return code + "typedef " + compute_type(working) + " REAL;\ntypedef " + type(0) + " X;\ntypedef " +
         storage_type(problem.outputs[0].type) + " Y;\ntypedef " + type(1) + " SCALE;\ntypedef " + type(2) + " SHIFT;\ntypedef " + type(3) +
         " SECOND;\n#define CENTERED " + std::to_string(op.kind != NormalizationKind::kRms) + "\n#define HAS_SCALE " +
         std::to_string(has_input(problem, 1)) + "\n#define HAS_SHIFT " + std::to_string(has_input(problem, 2)) + "\n#define HAS_SECOND " +
         std::to_string(has_input(problem, 3)) + "\n" + scaled_code(op);
}

}  // namespace ingot::cuda
