// y = the elements of x, in row-major order, under other dims.
// Source: ONNX Reshape-14; the reshape of IShuffleLayer.
#pragma once

#include <optional>

#include "operators/dim_list.h"

namespace ingot {

// Inputs: x, and the dims as an integer tensor [rank] where `dims` does not hold them. A tensor of dims whose length is unknown is
// declined.
struct Reshape final : OperatorBase<Reshape> {
  static constexpr const char* kName = "reshape";
  DimList dims;             // unused where there is a second input
  bool zero_copies = true;  // 0 takes the dim of x at the same place; where false, 0 is a dim of no elements
  std::string symbol;       // stem of the symbols of dims that are known only at run time; see runtime_dims.h

  Reshape() = default;
  explicit Reshape(const std::vector<int64_t>& numbers) : dims(numbers) {}
  explicit Reshape(Dims expressions) : dims(std::move(expressions)) {}
  // The reshape of a tensor of dims `from` into `to` that needs no second input; nothing where `to` has two or more dims that do not
  // follow from `from`.
  static std::optional<Reshape> between(const Dims& from, const Dims& to);

  template <class Visitor>
  void fields(Visitor visit) {
    visit("dims", dims);
    visit("zero_copies", zero_copies);
    visit("symbol", symbol);
  }
  using OperatorBase::fields;
  Result<TensorTypes> infer(const TensorTypes& inputs) const override;
  Result<Arrays> evaluate(const Arrays& inputs) const override;
  bool reads_values_of(size_t input) const override { return input == 1; }
  static Result<Tensor*> from_onnx(const OnnxNode& node, Network& network);
};

}  // namespace ingot
