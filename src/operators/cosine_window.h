// y[i] = a0 - a1 * cos(2 pi i / n) + a2 * cos(4 pi i / n) for i < length; n is the length, or one less where not periodic.
// Source: ONNX HannWindow-17, HammingWindow-17, BlackmanWindow-17.
#pragma once

#include "network/operator.h"

namespace ingot {

// Inputs: the length, one integer.
struct CosineWindow final : OperatorBase<CosineWindow> {
  static constexpr const char* kName = "cosine_window";
  std::vector<double> terms = {0.5, 0.5, 0};  // a0, a1, a2
  bool periodic = true;
  DataType to = DataType::kFloat;
  std::string symbol;  // names the dim where it is known only at run time; see runtime_dims.h

  template <class Visitor>
  void fields(Visitor visit) {
    visit("terms", terms);
    visit("periodic", periodic);
    visit("to", to);
    visit("symbol", symbol);
  }
  using OperatorBase::fields;
  Result<TensorTypes> infer(const TensorTypes& inputs) const override;
  Result<Arrays> evaluate(const Arrays& inputs) const override;
  bool reads_values_of(size_t) const override { return true; }
  static Result<Tensor*> from_onnx(const OnnxNode& node, Network& network);
};

}  // namespace ingot
