// What the tactics of normalizations share: the text that fits their kernels to types and epilogues.
#pragma once

#include "operators/normalization.h"
#include "tactics/cuda/expression_code.h"
#include "tactics/cuda/kernel_call.h"

namespace ingot::cuda {

// Known types, formats with strides that are one for all tensors of x's shape, an epilogue that has code.
Status accepts_normalization(const Problem& problem);
// REAL, the storage types X, Y, SCALE, SHIFT and SECOND, what of them there is, and EPILOGUE as an expression of v and second.
Result<std::string> normalization_code(const Problem& problem);

}  // namespace ingot::cuda
