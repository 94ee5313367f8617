// The part of an epilogue that a library's product leaves: a pass over its result.
#pragma once

#include "operators/epilogue.h"
#include "tactics/cuda/kernel_call.h"

namespace ingot::cuda {

class Finish {
 public:
  Finish() = default;
  // For `count` sums of type `sums`, bias included; the residual, where there is one, lies as they do.
  static Result<Finish> make(CudaDevice& device, const EpilogueFields& fields, DataType sums, bool has_residual, DataType residual,
                             DataType output, int64_t count);
  Status run(const void* sums, const void* residual, void* y, int64_t count, Stream stream) const;

 private:
  KernelFunction kernel_;
  int64_t vector_ = 1;
  float residual_scale_ = 0, output_scale_ = 0;
};

}  // namespace ingot::cuda
