// Rows of a layer that computes in floats between tensors of its own types, of which 8-bit ones have a scale.
#pragma once

#include "operators/scaled.h"
#include "tactics/cpu/convert_rows.h"
#include "tactics/tactic.h"

namespace ingot {

struct ScaledRows {
  RowConversion in, out;  // to floats and from them

  static ScaledRows make(const ScaledFields& fields, DataType from, DataType to) {
    ScaledRows rows{RowConversion::make(from, DataType::kFloat), RowConversion::make(DataType::kFloat, to)};
    if (fields.input_scale != 0) rows.in.factor = static_cast<float>(fields.input_scale);
    if (fields.output_scale != 0) rows.out.divide_by(static_cast<float>(fields.output_scale));
    return rows;
  }
};

// Float, half and bf16, and int8 where the layer has a scale for it.
inline Status accepts_scaled_input(const Problem& problem, const ScaledFields& fields) {
  const DataType type = problem.inputs[0].type;
  const bool floats = type == DataType::kFloat || type == DataType::kHalf || type == DataType::kBf16;
  REQUIRES(floats || (type == DataType::kInt8 && fields.input_scale != 0),
           std::string(name_of(type)) + " is not float, half, bf16 or scaled int8");
  REQUIRES(fields.output_scale == 0 || problem.outputs[0].type == DataType::kInt8,
           "a scaled output is " + std::string(name_of(problem.outputs[0].type)));
  return Ok{};
}

}  // namespace ingot
