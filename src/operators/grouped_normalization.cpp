#include "operators/grouped_normalization.h"

#include "operators/expand.h"
#include "operators/normalization.h"
#include "operators/register.h"
#include "operators/reshape.h"
#include "testing/example.h"

namespace ingot {

Result<TensorTypes> GroupedNormalization::infer(const TensorTypes& inputs) const {
  if (inputs.size() != 3) return invalid("grouped_normalization takes x, scale and bias; got " + std::to_string(inputs.size()) + " inputs");
  const TensorType& x = inputs[0];
  if (x.rank() < 2 || !x.dims[1].is_constant()) return invalid("x is " + x.text() + "; [N, C, ...] with a known C is wanted");
  const int64_t channels = x.dims[1].value();
  if (groups < 1 || channels % groups != 0)
    return invalid(std::to_string(channels) + " channels cannot be split into " + std::to_string(groups) + " groups");
  for (size_t i = 1; i < 3; ++i) {
    const Dim count = volume(inputs[i].dims);
    if (!count.is(channels) && !count.is(groups))
      return invalid(std::string(i == 1 ? "the scale" : "the bias") + " is " + inputs[i].text() + "; one value a channel (" +
                     std::to_string(channels) + ") or a group (" + std::to_string(groups) + ") is wanted");
  }
  return TensorTypes{{x.type, x.dims}};
}

Result<std::vector<Tensor*>> GroupedNormalization::decompose(Network& network, const std::vector<Tensor*>& inputs) const {
  const int64_t channels = inputs[0]->type.dims[1].value();
  std::vector<Tensor*> operands{inputs[0]};
  for (size_t i = 1; i < 3; ++i) {
    Tensor* each = inputs[i];
    if (volume(each->type.dims).is(groups) && groups != channels) {
      TRY_ASSIGN(each, network.add(Reshape(std::vector<int64_t>{groups, 1}), {each}));
      Expand expand;
      expand.dims = DimList(std::vector<int64_t>{groups, channels / groups});
      TRY_ASSIGN(each, network.add(expand, {each}));
    }
    TRY_ASSIGN(each, network.add(Reshape(std::vector<int64_t>{channels}), {each}));
    operands.push_back(each);
  }
  Normalization op;
  op.kind = NormalizationKind::kGroup;
  op.groups = groups;
  op.epsilon = epsilon;
  TRY_ASSIGN(Tensor * y, network.add(op, operands));
  return std::vector<Tensor*>{y};
}

OPERATOR(GroupedNormalization, grouped_normalization)

using namespace testing;

EXAMPLE("scale and bias may be one value a group") {
  const std::vector<Values> inputs = {{{1, 4, 1}, {1, 3, 10, 30}}, {{1, 2, 1}, {1, 2}}, {{1, 2, 1}, {0, 5}}};
  expect_values(
      "input x [1, 4, 1]\ninput s [1, 2, 1]\ninput b [1, 2, 1]\ny = grouped_normalization(x, s, b) groups=2 epsilon=0\noutput y\n", inputs,
      {-1, 1, 3, 7});
}

EXAMPLE("groups divide the channels") {
  expect_error("input x [1, 4, 1]\ninput s [3]\ny = grouped_normalization(x, s, s) groups=3\noutput y\n",
               "4 channels cannot be split into 3");
}

}  // namespace ingot
