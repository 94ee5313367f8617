#include "operators/gather.h"

#include <cstring>

#include "operators/moving.h"
#include "operators/onnx_input.h"
#include "operators/register.h"
#include "testing/example.h"

namespace ingot {

Result<TensorTypes> Gather::infer(const TensorTypes& inputs) const {
  TRY(check_input_count(kName, inputs.size(), 2, 2));
  const TensorType &x = inputs[0], &indices = inputs[1];
  TRY(check_index_type("indices", indices.type));
  TRY_ASSIGN(int64_t along, normalize_axis(axis, x.rank()));
  if (batch_dims < 0 || batch_dims > along || batch_dims > indices.rank()) {
    return invalid("batch_dims is " + std::to_string(batch_dims) + "; it is from 0 to the axis " + std::to_string(along) +
                   " and the rank of the indices " + to_text(indices.dims));
  }
  TensorType type{x.type, {}};
  for (int64_t i = 0; i < along; ++i) {
    Dim dim = x.dims[static_cast<size_t>(i)];
    if (i < batch_dims) {
      TRY_ASSIGN(dim, same_dim(dim, indices.dims[static_cast<size_t>(i)], "batch dims"));
    }
    type.dims.push_back(dim);
  }
  type.dims.insert(type.dims.end(), indices.dims.begin() + batch_dims, indices.dims.end());
  type.dims.insert(type.dims.end(), x.dims.begin() + along + 1, x.dims.end());
  const Dim& length = x.dims[static_cast<size_t>(along)];
  if (auto numbers = constant_values(indices); numbers && length.is_constant()) {
    for (int64_t index : *numbers)
      TRY(normalize_axis(index, length.value()).ok() ? Status()
                                                     : Status(invalid("index " + std::to_string(index) + " lies outside of axis " +
                                                                      std::to_string(along) + " of " + to_text(x.dims))));
  }
  carry_values(*this, inputs, {0}, &type);
  return TensorTypes{type};
}

Result<Arrays> Gather::evaluate(const Arrays& inputs) const {
  const Array &x = inputs[0], &indices = inputs[1];
  TRY_ASSIGN(int64_t along, normalize_axis(axis, x.rank()));
  // Numbers that share a byte with their neighbours move one by one, unless whole bytes do.
  int64_t row = 1;
  for (int64_t i = along + 1; i < x.rank(); ++i) row *= x.shape()[static_cast<size_t>(i)];
  if (row * bits_of(x.type()) % 8 != 0) {
    TRY_ASSIGN(Array wide, widen_nibbles(x));
    TRY_ASSIGN(Arrays gathered, evaluate({wide, indices}));
    TRY_ASSIGN(Array y, narrow_nibbles(gathered[0], x.type()));
    return Arrays{y};
  }
  if (batch_dims < 0 || batch_dims > along || batch_dims > indices.rank()) return invalid("batch_dims is " + std::to_string(batch_dims));
  Shape shape(x.shape().begin(), x.shape().begin() + along);
  shape.insert(shape.end(), indices.shape().begin() + batch_dims, indices.shape().end());
  shape.insert(shape.end(), x.shape().begin() + along + 1, x.shape().end());
  const int64_t length = x.shape()[static_cast<size_t>(along)];
  int64_t batches = 1, outer = 1, inner = 1;
  for (int64_t i = 0; i < x.rank(); ++i)
    (i < batch_dims ? batches : i < along ? outer : inner) *= i == along ? 1 : x.shape()[static_cast<size_t>(i)];
  TRY_ASSIGN(Array y, Array::make(x.type(), shape));
  if (y.count() == 0) return Arrays{y};
  const int64_t picks = indices.count() / batches;
  const size_t bytes = bytes_of(x.type(), inner);
  const auto* from = static_cast<const std::byte*>(x.data());
  auto* to = static_cast<std::byte*>(y.mutable_data());
  for (int64_t batch = 0; batch < batches; ++batch) {
    for (int64_t row = 0; row < outer; ++row) {
      for (int64_t i = 0; i < picks; ++i) {
        int64_t index = indices.integer(batch * picks + i);
        if (index < -length || index >= length) {
          return invalid("index " + std::to_string(index) + " lies outside of axis " + std::to_string(along) + " of " + to_text(x.shape()));
        }
        if (index < 0) index += length;
        std::memcpy(to, from + static_cast<size_t>((batch * outer + row) * length + index) * bytes, bytes);
        to += bytes;
      }
    }
  }
  return Arrays{y};
}

Result<Tensor*> Gather::from_onnx(const OnnxNode& node, Network& network) {
  Gather op;
  TRY_ASSIGN(op.axis, node.integer("axis", 0));
  TRY_ASSIGN(std::vector<Tensor*> inputs, required_inputs(node, 2));
  return network.add(op, inputs, node.name());
}

OPERATOR(Gather, gather, {"Gather", one_output<Gather::from_onnx>})

using namespace testing;

EXAMPLE("gather takes slices by index") {
  expect_values("input x [3, 2]\nweights i int64 [2] = 2 -3\ny = gather(x, i)\noutput y\n", {{{3, 2}, {1, 2, 3, 4, 5, 6}}}, {5, 6, 1, 2});
  expect_values("input x [2, 3]\nweights i int32 [] = 1\ny = gather(x, i) axis=1\noutput y\n", {{{2, 3}, {1, 2, 3, 4, 5, 6}}}, {2, 5});
  expect_types("input x [v, 8]\ninput i int64 [b, s]\ny = gather(x, i)\noutput y\n", {"float [b, s, 8]"});
}

EXAMPLE("batches gather each from their own") {
  expect_values("input x [2, 3]\ninput i int64 [2, 1]\ny = gather(x, i) axis=1 batch_dims=1\noutput y\n",
                {{{2, 3}, {1, 2, 3, 4, 5, 6}}, {{2, 1}, {2, 0}}}, {3, 4});
}

EXAMPLE("numbers of four bits share bytes with their neighbours") {
  for (const char* width : {"2", "3"}) {  // rows of whole bytes, and rows that are not
    const std::string w = width;
    expect_values("weights x uint4 [2, " + w + "] = " + (w == "2" ? "1 2 4 5" : "1 2 3 4 5 6") +
                      "\nweights i int64 [2] = 1 0\nweights s [] = 1\ny = gather(x, i)\nz = dequantize(y, s)\noutput z\n",
                  {}, w == "2" ? std::vector<double>{4, 5, 1, 2} : std::vector<double>{4, 5, 6, 1, 2, 3});
  }
}

EXAMPLE("an index outside is refused") {
  expect_error("input x [3, 2]\nweights i int64 [1] = 3\ny = gather(x, i)\noutput y\n", "index 3 lies outside of axis 0 of [3, 2]");
  expect_error("input x [3, 2]\ninput i [1]\ny = gather(x, i)\noutput y\n", "indices are float; int32 or int64 is wanted");
}

}  // namespace ingot
