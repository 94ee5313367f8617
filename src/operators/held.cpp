#include "operators/held.h"

#include "operators/moving.h"
#include "operators/register.h"
#include "testing/example.h"

namespace ingot {

Result<TensorTypes> Held::infer(const TensorTypes& inputs) const {
  TRY(check_input_count(kName, inputs.size(), 1, 1));
  return TensorTypes{{inputs[0].type, inputs[0].dims}};
}

Result<Arrays> Held::evaluate(const Arrays& inputs) const { return Arrays{inputs[0]}; }

OPERATOR(Held, held)

using namespace testing;

EXAMPLE("what is held is what it was") { expect_values("input x [3]\ny = held(x)\noutput y\n", {{{3}, {1, -2, 3}}}, {1, -2, 3}); }

}  // namespace ingot
