// What products by cuBLASLt and by cuDNN share: what of an epilogue is part of the product, and the shapes to tune for.
#pragma once

#include "operators/epilogue.h"
#include "tactics/cuda/finish.h"
#include "tactics/cuda/kernel_call.h"

namespace ingot::cuda {

bool has_input(const Problem& problem, size_t input);
// The output's shape for the shapes to tune for; an error of kind unsupported where they do not fit.
Result<Shape> tuned_output(const Problem& problem);
// Elements of all inputs for those shapes.
double input_elements(const Problem& problem);

// y = relu(a * b + residual + bias) is the product itself; `rest` is a pass of its own over its result.
struct EpiloguePlan {
  bool bias = false, relu = false, residual = false, rest = false;
};
EpiloguePlan epilogue_plan(const Problem& problem, const EpilogueFields& fields);

// Operands of floats with nothing quantized, a constant bias, a residual of floats.
Status accepts_library_product(const Problem& problem, const EpilogueFields& fields);

// The bias in the type of the output, as the libraries want it; nothing where the plan has none.
Result<DeviceMemory> library_bias(CudaDevice& device, const Problem& problem, const EpiloguePlan& plan);

// The part of the epilogue that the plan leaves, for `count` results; does nothing where it leaves none.
class Rest {
 public:
  static Result<Rest> make(CudaDevice& device, const Problem& problem, const EpilogueFields& fields, const EpiloguePlan& plan,
                           int64_t count);
  Status run(void* y, const void* residual, Stream stream) const;

 private:
  Finish finish_;
  bool is_needed_ = false;
  int64_t count_ = 0;
};

// The launch by a tactic that serves all shapes, where the library has no way for these.
Result<std::unique_ptr<Launch>> launch_by(std::string_view tactic, const Problem& problem, const std::vector<Shape>& shapes,
                                          const std::vector<Shape>& outputs);

}  // namespace ingot::cuda
