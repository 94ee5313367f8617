// Scales of layers that compute in floating point between 8-bit tensors: softmax, normalization, reduce, pool.
#pragma once

#include "network/operator.h"

namespace ingot {

// x      = inputs[0] * input_scale        where input_scale is not 0: inputs[0] is int8, x is float
// output = int8(y / output_scale)         where output_scale is not 0: rounded half to even and saturated
struct ScaledFields {
  double input_scale = 0;
  double output_scale = 0;

  bool is_scaled() const { return input_scale != 0 || output_scale != 0; }
  template <class Visitor>
  void visit_scales(Visitor& visit) {
    visit("input_scale", input_scale);
    visit("output_scale", output_scale);
  }
  // The inputs that the layer computes with.
  Result<TensorTypes> real_inputs(TensorTypes inputs) const;
  Result<Arrays> real_inputs(Arrays inputs) const;
  // What the layer gives where it computes `y`.
  TensorTypes scaled_output(TensorType y) const;
  Result<Arrays> scaled_output(Array y) const;
};

}  // namespace ingot
