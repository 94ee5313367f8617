// Values of tensors that depend on constants alone, for operators whose attributes older or newer ONNX hands over as inputs.
#pragma once

#include <memory>
#include <unordered_map>

#include "network/network.h"

namespace ingot {

class ConstantEvaluator {
 public:
  // Takes what evaluations produce from `bytes_left`, which several may share, and refuses to go below 0.
  explicit ConstantEvaluator(int64_t* bytes_left) : bytes_left_(bytes_left) {}

  // Whether `tensor` is a constant, has known values, or is computed from such tensors. Asks each layer once.
  bool is_constant(const Tensor& tensor);
  // The values; an error says what they depend on, or that they are too many.
  Result<Array> evaluate(const Tensor& tensor);

 private:
  Result<Array> compute(const Tensor& tensor);
  int64_t* bytes_left_;
  // By id, since a tensor's address may be used again.
  std::unordered_map<int64_t, bool> constant_;
  std::unordered_map<int64_t, Array> values_;
};

}  // namespace ingot
