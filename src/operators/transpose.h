// y's axis i is x's axis permutation[i]: y[i0, i1, ...] = x[...].
// Source: ONNX Transpose-13; the transposes of IShuffleLayer.
#pragma once

#include "network/operator.h"

namespace ingot {

struct Transpose final : OperatorBase<Transpose> {
  static constexpr const char* kName = "transpose";
  std::vector<int64_t> permutation;  // empty reverses the axes

  Transpose() = default;
  explicit Transpose(std::vector<int64_t> permutation) : permutation(std::move(permutation)) {}

  template <class Visitor>
  void fields(Visitor visit) {
    visit("permutation", permutation);
  }
  using OperatorBase::fields;
  Result<TensorTypes> infer(const TensorTypes& inputs) const override;
  Result<Arrays> evaluate(const Arrays& inputs) const override;
  static Result<Tensor*> from_onnx(const OnnxNode& node, Network& network);
  // The permutation spelled out for this rank; an error where it is none.
  Result<std::vector<int64_t>> resolve(int64_t rank) const;
};

}  // namespace ingot
