// y [N, C / b^2, H * b, W * b] = blocks of channels of x [N, C, H, W] laid out as squares of b * b.
// Source: ONNX DepthToSpace-13.
#pragma once

#include "network/operator.h"

namespace ingot {

// Which of the channels' factors comes first: the place in the square (depth, column, row) or the output channel (column, row, depth).
enum class DepthOrder { kDcr, kCrd };
inline EnumWords<DepthOrder> words_of(DepthOrder) { return {{DepthOrder::kDcr, "dcr"}, {DepthOrder::kCrd, "crd"}}; }

struct DepthToSpace final : OperatorBase<DepthToSpace> {
  static constexpr const char* kName = "depth_to_space";
  int64_t block = 1;
  DepthOrder order = DepthOrder::kDcr;

  template <class Visitor>
  void fields(Visitor visit) {
    visit("block", block);
    visit("order", order);
  }
  using OperatorBase::fields;
  Result<TensorTypes> infer(const TensorTypes& inputs) const override;
  Result<std::vector<Tensor*>> decompose(Network& network, const std::vector<Tensor*>& inputs) const override;
  static Result<Tensor*> from_onnx(const OnnxNode& node, Network& network);
};

}  // namespace ingot
