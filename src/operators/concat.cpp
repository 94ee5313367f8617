#include "operators/concat.h"

#include <cstring>

#include "operators/moving.h"
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
  std::vector<Tensor*> inputs;
  for (size_t i = 0; i < node.input_count(); ++i) inputs.push_back(node.input(i));
  return network.add(op, inputs, node.name());
}

OPERATOR(Concat, concat, {"Concat", one_output<Concat::from_onnx>})

}  // namespace ingot
