#include "operators/collective.h"

#include "operators/elementwise.h"
#include "operators/register.h"
#include "testing/example.h"

namespace ingot {

Result<TensorTypes> Collective::infer(const TensorTypes& inputs) const {
  if (inputs.size() != 1) return invalid("a collective takes one input; got " + std::to_string(inputs.size()));
  return TensorTypes{{inputs[0].type, inputs[0].dims}};
}

Result<std::vector<Tensor*>> Collective::decompose(Network& network, const std::vector<Tensor*>& inputs) const {
  TRY_ASSIGN(Tensor * y, network.add(Elementwise(ScalarOp::kIdentity), {inputs[0]}));
  return std::vector<Tensor*>{y};
}

OPERATOR(Collective, collective)

EXAMPLE("one device reduces to what it has") {
  testing::expect_values("input x [2]\ny = collective(x) kind=all_reduce\noutput y\n", {{{2}, {1, 2}}}, {1, 2});
}

EXAMPLE("a collective takes one input") { testing::expect_error("input x [2]\ny = collective(x, x)\noutput y\n", "one input; got 2"); }

}  // namespace ingot
