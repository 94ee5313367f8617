#include "tactics/cuda/finish.h"

#include <algorithm>

#include "tactics/cuda/expression_code.h"

namespace ingot::cuda {

Result<Finish> Finish::make(CudaDevice& device, const EpilogueFields& fields, DataType sums, bool has_residual, DataType residual,
                            DataType output, int64_t count) {
  Finish finish;
  EpilogueFields own = fields;
  own.input_scale = 0;  // the sums are scaled
  own.weight_scales.clear();
  TRY_ASSIGN(std::string code, finish_function(own, DataType::kFloat, false, has_residual, output));
  // 16 bytes of the widest operand.
  const int widest = std::max({bits_of(sums), has_residual ? bits_of(residual) : 8, bits_of(output)});
  finish.vector_ = 128 / widest;
  while (count % finish.vector_ != 0) finish.vector_ /= 2;
  code += "typedef " + storage_type(sums) + " SUM;\n";
  if (has_residual) code += "typedef " + storage_type(residual) + " RESIDUAL;\n";
  code += "#define VECTOR " + std::to_string(finish.vector_) + "\n";
  TRY_ASSIGN(finish.kernel_, KernelFunction::make(device, kernel_source("finish", code, true), "finish_sums"));
  finish.residual_scale_ = static_cast<float>(fields.residual_scale);
  finish.output_scale_ = static_cast<float>(fields.output_scale);
  return finish;
}

Status Finish::run(const void* sums, const void* residual, void* y, int64_t count, Stream stream) const {
  const FinishParameters p{sums, residual, y, count, residual_scale_, output_scale_};
  return kernel_.launch({ceil_divide(count / vector_, 256)}, 256, stream, p);
}

}  // namespace ingot::cuda
