// y[i0, i1, ...] = start + i0 * delta[0] + i1 * delta[1] + ...
// Source: IFillLayer with kLINSPACE.
#pragma once

#include "operators/dim_list.h"

namespace ingot {

// Inputs: the dims as an integer tensor [rank], start as a scalar, delta as a scalar or [rank]; they take the place of the fields, and
// those left out are null.
struct Linspace final : OperatorBase<Linspace> {
  static constexpr const char* kName = "linspace";
  DimList dims;  // numbers; unused where there is an input
  double start = 0;
  double delta = 1;                      // along the last dimension
  int64_t int_start = 0, int_delta = 1;  // of int64, which a double does not hold; unused for other types
  DataType to = DataType::kFloat;
  std::string symbol;  // stem of the symbols of dims that are known only at run time; see runtime_dims.h

  template <class Visitor>
  void fields(Visitor visit) {
    visit("dims", dims);
    visit("start", start);
    visit("delta", delta);
    visit("int_start", int_start);
    visit("int_delta", int_delta);
    visit("to", to);
    visit("symbol", symbol);
  }
  using OperatorBase::fields;
  Result<TensorTypes> infer(const TensorTypes& inputs) const override;
  Result<Arrays> evaluate(const Arrays& inputs) const override;
  bool reads_values_of(size_t input) const override { return input == 0; }
};

// The dims that a field or, where it is there, input 0 gives; new symbols for what only the run tells. For fills of all kinds.
Result<Dims> filled_dims(std::string_view op, const DimList& dims, const TensorTypes& inputs, const std::string& symbol);

}  // namespace ingot
