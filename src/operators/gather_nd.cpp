#include "operators/gather_nd.h"

#include <cstring>

#include "operators/moving.h"
#include "operators/onnx_input.h"
#include "operators/register.h"
#include "testing/example.h"

namespace ingot {

Result<TensorTypes> GatherNd::infer(const TensorTypes& inputs) const {
  TRY(check_input_count(kName, inputs.size(), 2, 2));
  const TensorType &x = inputs[0], &indices = inputs[1];
  TRY(check_index_type("indices", indices.type));
  if (indices.rank() == 0 || !indices.dims.back().is_constant())
    return invalid("indices " + to_text(indices.dims) + ": the length of a tuple, the last dim, must be known");
  const int64_t length = indices.dims.back().value();
  if (batch_dims < 0 || batch_dims >= indices.rank())
    return invalid("batch_dims is " + std::to_string(batch_dims) + ", but indices are " + to_text(indices.dims));
  if (length < 1 || batch_dims + length > x.rank()) {
    return invalid("tuples of " + std::to_string(length) + " indices behind " + std::to_string(batch_dims) +
                   " batch dims do not fit data " + to_text(x.dims));
  }
  TensorType type{x.type, {}};
  for (size_t i = 0; i < static_cast<size_t>(batch_dims); ++i) {
    TRY_ASSIGN(Dim dim, same_dim(x.dims[i], indices.dims[i], "batch dims"));
    type.dims.push_back(dim);
  }
  type.dims.insert(type.dims.end(), indices.dims.begin() + batch_dims, indices.dims.end() - 1);
  type.dims.insert(type.dims.end(), x.dims.begin() + batch_dims + length, x.dims.end());
  carry_values(*this, inputs, {0}, &type);
  return TensorTypes{type};
}

Result<Arrays> GatherNd::evaluate(const Arrays& inputs) const {
  const Array &x = inputs[0], &indices = inputs[1];
  if (bits_of(x.type()) < 8) return unsupported("elements of less than a byte");
  TRY_ASSIGN(TensorTypes types, infer({{x.type(), to_dims(x.shape())}, {indices.type(), to_dims(indices.shape())}}));
  TRY_ASSIGN(Array y, Array::make(x.type(), constant_shape(types[0].dims)));
  if (y.count() == 0) return Arrays{y};
  const int64_t length = indices.shape().back();
  const Shape strides = row_major_strides(x.shape());
  int64_t batches = 1, block = 1;
  for (int64_t i = 0; i < x.rank(); ++i) {
    if (i < batch_dims) batches *= x.shape()[static_cast<size_t>(i)];
    if (i >= batch_dims + length) block *= x.shape()[static_cast<size_t>(i)];
  }
  const int64_t tuples = indices.count() / length, tuples_per_batch = tuples / batches, batch_size = x.count() / batches;
  const size_t bytes = bytes_of(x.type(), block), element = bytes_of(x.type(), 1);
  auto* to = static_cast<std::byte*>(y.mutable_data());
  for (int64_t t = 0; t < tuples; ++t) {
    int64_t offset = t / tuples_per_batch * batch_size;
    for (int64_t k = 0; k < length; ++k) {
      const size_t axis = static_cast<size_t>(batch_dims + k);
      const int64_t index = indices.integer(t * length + k), size = x.shape()[axis];
      if (index < -size || index >= size)
        return invalid("index " + std::to_string(index) + " lies outside of axis " + std::to_string(axis) + " of " + to_text(x.shape()));
      offset += (index < 0 ? index + size : index) * strides[axis];
    }
    std::memcpy(to + static_cast<size_t>(t) * bytes, static_cast<const std::byte*>(x.data()) + static_cast<size_t>(offset) * element,
                bytes);
  }
  return Arrays{y};
}

Result<Tensor*> GatherNd::from_onnx(const OnnxNode& node, Network& network) {
  GatherNd op;
  TRY_ASSIGN(op.batch_dims, node.integer("batch_dims", 0));
  TRY_ASSIGN(std::vector<Tensor*> inputs, required_inputs(node, 2));
  return network.add(op, inputs, node.name());
}

OPERATOR(GatherNd, gather_nd, {"GatherND", one_output<GatherNd::from_onnx>})

using namespace testing;

EXAMPLE("gather_nd takes a slice for each tuple") {
  expect_values("input x [2, 2]\nweights i int64 [2, 2] = 0 0 1 -1\ny = gather_nd(x, i)\noutput y\n", {{{2, 2}, {1, 2, 3, 4}}}, {1, 4});
  expect_values("input x [2, 2]\nweights i int64 [2, 1] = 1 0\ny = gather_nd(x, i)\noutput y\n", {{{2, 2}, {1, 2, 3, 4}}}, {3, 4, 1, 2});
  expect_values("input x [2, 2, 1]\nweights i int64 [2, 1] = 1 0\ny = gather_nd(x, i) batch_dims=1\noutput y\n",
                {{{2, 2, 1}, {1, 2, 3, 4}}}, {2, 3});
}

EXAMPLE("tuples longer than the rank are refused") {
  expect_error("input x [2]\nweights i int64 [1, 2] = 0 0\ny = gather_nd(x, i)\noutput y\n",
               "tuples of 2 indices behind 0 batch dims do not fit data [2]");
}

}  // namespace ingot
