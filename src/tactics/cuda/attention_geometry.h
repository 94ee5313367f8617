// An attention as sizes and strides: what all its tactics on the GPU start from.
#pragma once

#include "operators/attention.h"
#include "tactics/cuda/kernel_call.h"

namespace ingot::cuda {

struct AttentionGeometry {
  AttentionParameters parameters{};  // pointers are left for the run
  int64_t k_first = 0, v_first = 0;  // bytes, of packed inputs
};
AttentionGeometry attention_geometry(const Attention& op, const std::vector<Shape>& shapes, const Shape& output, DataType type,
                                     bool has_mask);

}  // namespace ingot::cuda
