// What the tactics of convolutions and matrix products share: the text that fits their kernels to types and epilogues.
#pragma once

#include "operators/epilogue.h"
#include "operators/window.h"
#include "tactics/cpu/window_geometry.h"
#include "tactics/cuda/expression_code.h"
#include "tactics/cuda/kernel_call.h"

namespace ingot::cuda {

// Types and epilogue of a product of inputs 0 and 1, bias and residual being inputs 2 and 3, as the kernels' definitions.
Result<std::string> product_definitions(const Problem& problem, const EpilogueFields& fields);
// What such kernels take: known types, bias and residual where they can read them.
Status accepts_product(const Problem& problem, const EpilogueFields& fields);
// input_scale * weight_scale of each channel in the device's memory; nothing where the operands are not quantized.
Result<DeviceMemory> product_scales(CudaDevice& device, const EpilogueFields& fields, int64_t channels);

// x, y and the residual lie in one format; weights are constant, or linear with linear tensors.
Status accepts_window_product(const Problem& problem, const EpilogueFields& fields);
// All linear, and all channels-last.
std::vector<Tactic::Formats> window_formats(const Problem& problem);
bool is_channels_last_problem(const Problem& problem);
// Sizes and strides; pointers are left for the run.
Result<WindowParameters> window_parameters(const WindowGeometry& geometry, bool channels_last, const EpilogueFields& fields);
void set_pointers(WindowParameters* parameters, const Operands& operands, const RunArguments& arguments, size_t inputs);

// The array's elements in the order of `order`: dims of the result, as dims of `shape`.
Result<Array> permuted(const Array& array, const Shape& shape, const std::vector<size_t>& order);

}  // namespace ingot::cuda
