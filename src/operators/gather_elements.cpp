#include "operators/gather_elements.h"

#include "operators/moving.h"
#include "operators/onnx_input.h"
#include "operators/register.h"
#include "testing/example.h"

namespace ingot {

Result<TensorTypes> GatherElements::infer(const TensorTypes& inputs) const {
  TRY(check_input_count(kName, inputs.size(), 2, 2));
  const TensorType &x = inputs[0], &indices = inputs[1];
  TRY(check_index_type("indices", indices.type));
  TRY(normalize_axis(axis, x.rank()));
  if (x.rank() != indices.rank())
    return invalid("indices " + to_text(indices.dims) + " and data " + to_text(x.dims) + " must have the same rank");
  TensorType type{x.type, indices.dims};
  carry_values(*this, inputs, {0}, &type);
  return TensorTypes{type};
}

Result<Arrays> GatherElements::evaluate(const Arrays& inputs) const {
  const Array &x = inputs[0], &indices = inputs[1];
  if (bits_of(x.type()) < 8) return unsupported("elements of less than a byte");
  TRY_ASSIGN(int64_t along, normalize_axis(axis, x.rank()));
  const Shape strides = row_major_strides(x.shape());
  for (int64_t k = 0; k < x.rank(); ++k) {
    const size_t i = static_cast<size_t>(k);
    if (k != along && indices.shape()[i] > x.shape()[i])
      return invalid("indices " + to_text(indices.shape()) + " are larger than data " + to_text(x.shape()) + " along axis " +
                     std::to_string(k));
  }
  TRY_ASSIGN(Array y, Array::make(x.type(), indices.shape()));
  Status status;
  with_element_of(x.type(), [&](auto element) {
    using T = decltype(element);
    T* to = y.as_mutable<T>();
    int64_t position = 0;
    for (IndexWalk walk(indices.shape()); !walk.done(); walk.next(), ++position) {
      int64_t offset = 0;
      for (int64_t k = 0; k < x.rank(); ++k) {
        const size_t i = static_cast<size_t>(k);
        int64_t index = walk.index()[i];
        if (k == along) {
          const int64_t length = x.shape()[i], given = indices.integer(position);
          if (given < -length || given >= length) {
            status = invalid("index " + std::to_string(given) + " lies outside of axis " + std::to_string(k) + " of " + to_text(x.shape()));
            return;
          }
          index = given < 0 ? given + length : given;
        }
        offset += index * strides[i];
      }
      to[position] = x.as<T>()[offset];
    }
  });
  TRY(status);
  return Arrays{y};
}

Result<Tensor*> GatherElements::from_onnx(const OnnxNode& node, Network& network) {
  GatherElements op;
  TRY_ASSIGN(op.axis, node.integer("axis", 0));
  TRY_ASSIGN(std::vector<Tensor*> inputs, required_inputs(node, 2));
  return network.add(op, inputs, node.name());
}

OPERATOR(GatherElements, gather_elements, {"GatherElements", one_output<GatherElements::from_onnx>})

using namespace testing;

EXAMPLE("gather_elements takes one element for each index") {
  expect_values("input x [2, 2]\nweights i int64 [2, 2] = 0 0 1 -2\ny = gather_elements(x, i) axis=1\noutput y\n", {{{2, 2}, {1, 2, 3, 4}}},
                {1, 1, 4, 3});
  expect_error("input x [2, 2]\nweights i int64 [2] = 0 0\ny = gather_elements(x, i)\noutput y\n", "must have the same rank");
}

}  // namespace ingot
