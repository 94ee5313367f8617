// How the kernels of layers with scales around them load and store; see operators/scaled.h.
#pragma once

#include <string>

#include "operators/scaled.h"
#include "tactics/problem.h"

namespace ingot::cuda {

// The type that the layer computes with the first input in.
inline DataType working_type(const ScaledFields& fields, const Problem& problem) {
  return fields.input_scale != 0 ? DataType::kFloat : problem.inputs[0].type;
}
// What is quantized are floats.
Status accepts_scales(const ScaledFields& fields, const Problem& problem);
// LOADED(x) and STORED(y), between the storage types and REAL.
std::string scaled_code(const ScaledFields& fields);

}  // namespace ingot::cuda
