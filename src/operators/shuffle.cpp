#include "operators/shuffle.h"

#include "operators/epilogue.h"
#include "operators/register.h"
#include "operators/reshape.h"
#include "operators/transpose.h"
#include "testing/example.h"

namespace ingot {
namespace {

Reshape reshape_of(const Shuffle& shuffle) {
  Reshape reshape(shuffle.dims);
  reshape.zero_copies = shuffle.zero_copies;
  reshape.symbol = shuffle.symbol;
  return reshape;
}

}  // namespace

Result<TensorTypes> Shuffle::infer(const TensorTypes& inputs) const {
  if (inputs.empty() || inputs.size() > 2)
    return invalid("shuffle takes x and perhaps dims; got " + std::to_string(inputs.size()) + " inputs");
  const bool has_dims = inputs.size() == 2 && !is_absent(inputs, 1);
  TensorTypes types{inputs[0]};
  if (!first.empty()) {
    TRY_ASSIGN(types, Transpose(first).infer(types));
  }
  if (has_dims) types.push_back(inputs[1]);
  if (reshapes || has_dims) {
    TRY_ASSIGN(types, reshape_of(*this).infer(types));
  }
  if (!second.empty()) {
    TRY_ASSIGN(types, Transpose(second).infer(types));
  }
  return types;
}

Result<std::vector<Tensor*>> Shuffle::decompose(Network& network, const std::vector<Tensor*>& inputs) const {
  Tensor* y = inputs[0];
  if (!first.empty()) {
    TRY_ASSIGN(y, network.add(Transpose(first), {y}));
  }
  const bool has_dims = inputs.size() == 2 && inputs[1];
  if (reshapes || has_dims) {
    std::vector<Tensor*> operands{y};
    if (has_dims) operands.push_back(inputs[1]);
    TRY_ASSIGN(y, network.add(reshape_of(*this), operands));
  }
  if (!second.empty() || y == inputs[0]) {
    std::vector<int64_t> permutation = second;
    for (int64_t i = 0; permutation.size() < static_cast<size_t>(y->type.rank()); ++i) permutation.push_back(i);
    TRY_ASSIGN(y, network.add(Transpose(permutation), {y}));
  }
  return std::vector<Tensor*>{y};
}

OPERATOR(Shuffle, shuffle)

EXAMPLE("a shuffle transposes, reshapes and transposes again") {
  testing::expect_values("input x [2, 3]\n y = shuffle(x) first=[1, 0] reshapes=true dims=[3, 2, 1] second=[2, 1, 0]\n output y",
                         {{{2, 3}, {1, 2, 3, 4, 5, 6}}}, {1, 2, 3, 4, 5, 6});
}

EXAMPLE("a shuffle refuses dims of another volume") {
  testing::expect_error("input x [2, 3]\n y = shuffle(x) reshapes=true dims=[5]\n output y", "5");
}

}  // namespace ingot
