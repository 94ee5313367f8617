#include "tactics/cuda/attention_cores.h"

#include <algorithm>

#include "tactics/cuda/expression_code.h"
#include "tactics/cuda/tensor_core.h"

namespace ingot::cuda {

Result<AttentionParameters> accepts_attention_cores(const Problem& problem) {
  const auto* op = dynamic_cast<const Attention*>(problem.op);
  REQUIRES(op, std::string(problem.op->name()) + " is no attention");
  TRY(has_known_types(problem));
  TRY(all_linear(problem));
  TRY(has_tensor_cores(problem));
  const DataType type = problem.inputs[0].type;
  REQUIRES(problem.outputs[0].type == type, "the output is of type " + std::string(name_of(problem.outputs[0].type)));
  REQUIRES(op->packed || (has_input(problem, 1) && has_input(problem, 2)), "k or v is left out");
  REQUIRES(op->packed || (problem.inputs[1].type == type && problem.inputs[2].type == type), "q, k and v differ in type");
  TRY_ASSIGN(const Shape output, tuned_output(problem));
  const AttentionParameters p = attention_geometry(*op, problem.opt_inputs, output, type, has_input(problem, 3)).parameters;
  REQUIRES(p.key_heads > 0 && p.heads % p.key_heads == 0, "the heads of keys do not divide those of queries");
  return p;
}

Status AttentionCoresLaunch::run(const RunArguments& arguments) const {
  AttentionParameters p = geometry.parameters;
  p.q = operands.at(arguments, 0);
  p.k = packed ? static_cast<const char*>(p.q) + geometry.k_first : operands.at(arguments, 1);
  p.v = packed ? static_cast<const char*>(p.q) + geometry.v_first : operands.at(arguments, 2);
  p.mask = has_mask ? operands.at(arguments, 3) : nullptr;
  p.y = arguments.outputs[0];
  return kernel.launch({ceil_divide(p.queries, rows) * p.heads * p.batch}, threads, arguments.stream, p);
}

Result<AttentionCores> AttentionCores::make(const Problem& problem) {
  AttentionCores made;
  TRY_ASSIGN(made.device, device_of(problem));
  TRY_ASSIGN(made.operands, Operands::make(*made.device, problem));
  made.problem = problem;
  made.op = static_cast<const Attention&>(*problem.op);
  return made;
}

std::unique_ptr<AttentionCoresLaunch> AttentionCores::launch(const std::vector<Shape>& shapes, const std::vector<Shape>& outputs) const {
  auto launch = std::make_unique<AttentionCoresLaunch>();
  launch->has_mask = has_input(problem, 3);
  launch->packed = op.packed;
  launch->geometry = attention_geometry(op, shapes, outputs[0], problem.inputs[0].type, launch->has_mask);
  launch->operands = operands;
  return launch;
}

bool AttentionCores::has_mask_tiles(const AttentionCoresLaunch& launch) const {
  const AttentionParameters& p = launch.geometry.parameters;
  const auto whole = [](long long stride) { return stride % 8 == 0; };
  return launch.has_mask && bits_of(problem.inputs[3].type) == 16 && p.mask_strides[2] != 0 && p.mask_strides[3] == 1 && p.keys % 8 == 0 &&
         std::all_of(p.mask_strides, p.mask_strides + 3, whole);
}

std::string AttentionCores::code(const AttentionCoresLaunch& launch, const std::vector<std::pair<const char*, int64_t>>& numbers) const {
  const AttentionParameters& p = launch.geometry.parameters;
  const bool has_mask = launch.has_mask;
  const DataType mask = has_mask ? problem.inputs[3].type : DataType::kFloat;
  const auto even = [](long long stride) { return stride % 2 == 0; };
  const bool pairs = has_mask && p.mask_strides[3] == 1 && p.keys % 2 == 0 && std::all_of(p.mask_strides, p.mask_strides + 3, even);
  std::string code = std::string(kernel_text("tensor_core")) + "typedef " + storage_type(problem.inputs[0].type) + " T;\ntypedef " +
                     storage_type(mask) + " MASK;\n";
  const auto define = [&](const char* name, int64_t value) { code += "#define " + std::string(name) + " " + std::to_string(value) + "\n"; };
  define("HAS_MASK", has_mask);
  define("MASK_DROPS", mask == DataType::kBool);
  define("MASK_ROWS", has_mask && p.mask_strides[2] != 0);
  define("MASK_PAIRS", pairs);
  define("MASK_TILES", has_mask_tiles(launch));
  define("SMALL_MASK", !has_mask || mask == DataType::kHalf || mask == DataType::kBool);
  define("RAW_SCORES", !has_mask && p.softcap == 0 && p.scale > 0);
  define("SOFTCAP", p.softcap != 0);
  define("CAUSAL", p.causal);
  for (const auto& [name, value] : numbers) define(name, value);
  return code + std::string(kernel_text("attention_rows"));
}

}  // namespace ingot::cuda
