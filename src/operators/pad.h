// y = x with `before` and `after` more elements at both ends of each axis; negative ones cut elements off.
// Source: ONNX Pad-19; IPaddingLayer.
#pragma once

#include "network/operator.h"

namespace ingot {

enum class PadMode { kConstant, kEdge, kReflect, kWrap };
inline EnumWords<PadMode> words_of(PadMode) {
  return {{PadMode::kConstant, "constant"}, {PadMode::kEdge, "edge"}, {PadMode::kReflect, "reflect"}, {PadMode::kWrap, "wrap"}};
}

// Inputs: x, then the pads as an integer tensor [2 * rank], all befores and then all afters, then the value as a scalar of x's type; they
// take the place of the fields, and trailing ones may be missing.
struct Pad final : OperatorBase<Pad> {
  static constexpr const char* kName = "pad";
  PadMode mode = PadMode::kConstant;
  std::vector<int64_t> pads;  // [befores..., afters...], 2 * rank numbers
  double value = 0;
  std::string symbol;  // stem of the symbols of dims that are known only at run time; see runtime_dims.h

  template <class Visitor>
  void fields(Visitor visit) {
    visit("mode", mode);
    visit("pads", pads);
    visit("value", value);
    visit("symbol", symbol);
  }
  using OperatorBase::fields;
  Result<TensorTypes> infer(const TensorTypes& inputs) const override;
  Result<Arrays> evaluate(const Arrays& inputs) const override;
  bool reads_values_of(size_t input) const override { return input == 1; }
  static Result<Tensor*> from_onnx(const OnnxNode& node, Network& network);
};

}  // namespace ingot
