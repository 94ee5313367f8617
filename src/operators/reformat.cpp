#include "operators/reformat.h"

#include "operators/register.h"
#include "testing/example.h"

namespace ingot {

Result<TensorTypes> Reformat::infer(const TensorTypes& inputs) const {
  if (inputs.size() != 1) return invalid("reformat takes 1 input, not " + std::to_string(inputs.size()));
  if (!(scale > 0)) return invalid("the scale is " + std::to_string(scale) + "; scales are positive");
  TensorType output = inputs[0];
  if (!to.empty()) {
    TRY_ASSIGN(output.type, data_type_from_name(to));
    if (output.type != inputs[0].type) output.values.reset();
  }
  return TensorTypes{output};
}

Result<Arrays> Reformat::evaluate(const Arrays& inputs) const {
  const Array& x = inputs[0];
  if (to.empty()) return Arrays{x};
  TRY_ASSIGN(DataType type, data_type_from_name(to));
  if (type == x.type()) return Arrays{x};
  TRY_ASSIGN(Array y, Array::make(type, x.shape()));
  const auto step = static_cast<float>(scale);
  for (int64_t i = 0; i < x.count(); ++i) {
    auto value = static_cast<float>(x.number(i));
    if (x.type() == DataType::kInt8) value *= step;
    if (type == DataType::kInt8) value /= step;
    y.set_number(i, value);
  }
  return Arrays{y};
}

OPERATOR(Reformat, reformat)

EXAMPLE("a reformat without a type keeps values") {
  testing::expect_values("input x float [2, 2]\ny = reformat(x)\noutput y", {{{2, 2}, {1, 2, 3, 4}}}, {1, 2, 3, 4});
}
EXAMPLE("a reformat to int8 rounds half to even and saturates") {
  testing::expect_values("input x float [5]\ny = reformat(x) to=int8 scale=2\noutput y", {{{5}, {1, 3, -5, 1000, -1000}}},
                         {0, 2, -2, 127, -128});
}
EXAMPLE("the scale of a reformat is positive") {
  testing::expect_error("input x float [2]\ny = reformat(x) scale=0\noutput y", "scales are positive");
}

}  // namespace ingot
