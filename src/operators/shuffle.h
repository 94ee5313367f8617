// y = transpose(reshape(transpose(x, first), dims), second); each of the three may be left out.
// Source: IShuffleLayer.
#pragma once

#include <vector>

#include "network/operator.h"

namespace ingot {

// Inputs: x, and the dims as an integer tensor where `dims` does not hold them.
struct Shuffle final : OperatorBase<Shuffle> {
  static constexpr const char* kName = "shuffle";
  std::vector<int64_t> first, second;  // permutations; empty for none
  bool reshapes = false;               // whether `dims` counts
  std::vector<int64_t> dims;           // -1 is what remains, 0 the input's dim at the same place where zero_copies
  bool zero_copies = true;
  std::string symbol;  // stem of the symbols of dims that are known only at run time

  template <class Visitor>
  void fields(Visitor visit) {
    visit("first", first);
    visit("second", second);
    visit("reshapes", reshapes);
    visit("dims", dims);
    visit("zero_copies", zero_copies);
    visit("symbol", symbol);
  }
  using OperatorBase::fields;
  Result<TensorTypes> infer(const TensorTypes& inputs) const override;
  Result<std::vector<Tensor*>> decompose(Network& network, const std::vector<Tensor*>& inputs) const override;
  bool reads_values_of(size_t input) const override { return input == 1; }
};

}  // namespace ingot
