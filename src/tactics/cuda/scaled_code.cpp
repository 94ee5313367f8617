#include "tactics/cuda/scaled_code.h"

#include "tactics/cuda/expression_code.h"
#include "tactics/cuda/kernel_call.h"

namespace ingot::cuda {

Status accepts_scales(const ScaledFields& fields, const Problem& problem) {
  const DataType working = working_type(fields, problem);
  REQUIRES(fields.output_scale == 0 || (is_floating(working) && working != DataType::kDouble), "what is quantized are no floats");
  return Ok{};
}

std::string scaled_code(const ScaledFields& fields) {
  const std::string factor = fields.input_scale != 0 ? " * " + number_code(fields.input_scale, true) : std::string();
  const std::string stored =
      fields.output_scale != 0 ? "quantized<Y>((float)(y) / " + number_code(fields.output_scale, true) + ")" : "store<Y>(y)";
  return "#define LOADED(x) ((REAL)load(x)" + factor + ")\n#define STORED(y) " + stored + "\n";
}

}  // namespace ingot::cuda
