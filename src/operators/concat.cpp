#include "operators/concat.h"

#include <cstring>

#include "operators/moving.h"
#include "operators/onnx_input.h"
#include "operators/register.h"
#include "testing/example.h"

namespace ingot {

Result<TensorTypes> Concat::infer(const TensorTypes& inputs) const {
  if (inputs.empty()) return invalid("concat takes at least one input");
  TRY_ASSIGN(int64_t along, normalize_axis(axis, inputs[0].rank()));
  TensorType type{inputs[0].type, inputs[0].dims};
  for (size_t i = 1; i < inputs.size(); ++i) {
    const TensorType& input = inputs[i];
    const std::string which = "input " + std::to_string(i) + " is " + input.text() + ", input 0 is " + inputs[0].text();
    if (input.type != type.type) return invalid(which + "; their types must be the same");
    if (input.rank() != type.rank()) return invalid(which + "; their ranks must be the same");
    for (int64_t k = 0; k < type.rank(); ++k) {
      Dim& dim = type.dims[static_cast<size_t>(k)];
      const Dim& other = input.dims[static_cast<size_t>(k)];
      if (k == along) {
        dim = dim + other;
      } else {
        TRY_ASSIGN(dim,
                   same_dim(dim, other,
                            which + "; they may differ along axis " + std::to_string(along) + " only, but at axis " + std::to_string(k)));
      }
    }
  }
  carry_all_values(*this, inputs, &type);
  return TensorTypes{type};
}

Result<Arrays> Concat::evaluate(const Arrays& inputs) const {
  if (bits_of(inputs[0].type()) < 8) {
    Arrays wide;
    for (const Array& input : inputs) {
      TRY_ASSIGN(Array bytes, widen_nibbles(input));
      wide.push_back(bytes);
    }
    TRY_ASSIGN(Arrays joined, evaluate(wide));
    TRY_ASSIGN(Array y, narrow_nibbles(joined[0], inputs[0].type()));
    return Arrays{y};
  }
  TensorTypes types;
  for (const Array& input : inputs) types.push_back({input.type(), to_dims(input.shape())});
  TRY_ASSIGN(TensorTypes outputs, infer(types));
  TRY_ASSIGN(int64_t along, normalize_axis(axis, inputs[0].rank()));
  TRY_ASSIGN(Array y, Array::make(inputs[0].type(), constant_shape(outputs[0].dims)));
  int64_t outer = 1;
  for (int64_t k = 0; k < along; ++k) outer *= y.shape()[static_cast<size_t>(k)];
  if (y.count() == 0) return Arrays{y};
  auto* to = static_cast<std::byte*>(y.mutable_data());
  for (int64_t row = 0; row < outer; ++row) {
    for (const Array& input : inputs) {
      size_t bytes = input.byte_count() / static_cast<size_t>(outer);
      if (bytes) std::memcpy(to, static_cast<const std::byte*>(input.data()) + static_cast<size_t>(row) * bytes, bytes);
      to += bytes;
    }
  }
  return Arrays{y};
}

Result<Tensor*> Concat::from_onnx(const OnnxNode& node, Network& network) {
  Concat op;
  TRY_ASSIGN(op.axis, node.integer("axis", 1));
  TRY_ASSIGN(std::vector<Tensor*> inputs, required_inputs(node));
  return network.add(op, inputs, node.name());
}

OPERATOR(Concat, concat, {"Concat", one_output<Concat::from_onnx>})

using namespace testing;

EXAMPLE("concat sets inputs one behind the other") {
  expect_values("input a [2, 1]\ninput b [2, 2]\ny = concat(a, b) axis=-1\noutput y\n", {{{2, 1}, {1, 2}}, {{2, 2}, {3, 4, 5, 6}}},
                {1, 3, 4, 2, 5, 6});
  expect_values("input a int4 [1]\ninput b int4 [2]\ny = concat(a, b)\noutput y\n", {{{1}, {-1}}, {{2}, {3, 4}}}, {-1, 3, 4});
  expect_types("input a [n, m]\ninput b [2, m]\ny = concat(a, b)\noutput y\n", {"float [n + 2, m]"});
}

EXAMPLE("inputs that do not go together are refused") {
  expect_error("input a [2, 1]\ninput b [3, 2]\ny = concat(a, b) axis=1\noutput y\n",
               "they may differ along axis 1 only, but at axis 0: 2 and 3 differ");
  expect_error("input a [2]\ninput b int32 [2]\ny = concat(a, b)\noutput y\n", "their types must be the same");
  expect_error("input a [2]\ninput b [2, 1]\ny = concat(a, b)\noutput y\n", "their ranks must be the same");
}

}  // namespace ingot
