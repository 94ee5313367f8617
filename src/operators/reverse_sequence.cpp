#include "operators/reverse_sequence.h"

#include "operators/moving.h"
#include "operators/onnx_input.h"
#include "operators/register.h"
#include "testing/example.h"

namespace ingot {

Result<TensorTypes> ReverseSequence::infer(const TensorTypes& inputs) const {
  TRY(check_input_count(kName, inputs.size(), 2, 2));
  const TensorType &x = inputs[0], &lengths = inputs[1];
  TRY(check_index_type("lengths", lengths.type));
  TRY_ASSIGN(int64_t batch, normalize_axis(batch_axis, x.rank()));
  TRY_ASSIGN(int64_t time, normalize_axis(time_axis, x.rank()));
  if (batch == time) return invalid("batch_axis and time_axis are both " + std::to_string(batch));
  if (lengths.rank() != 1) return invalid("lengths are " + lengths.text() + "; one for each batch is wanted");
  TRY(same_dim(lengths.dims[0], x.dims[static_cast<size_t>(batch)], "number of lengths and of batches"));
  return TensorTypes{{x.type, x.dims}};
}

Result<Arrays> ReverseSequence::evaluate(const Arrays& inputs) const {
  const Array &x = inputs[0], &lengths = inputs[1];
  if (bits_of(x.type()) < 8) return unsupported("elements of less than a byte");
  TRY_ASSIGN(int64_t batch, normalize_axis(batch_axis, x.rank()));
  TRY_ASSIGN(int64_t time, normalize_axis(time_axis, x.rank()));
  const int64_t steps = x.shape()[static_cast<size_t>(time)];
  for (int64_t i = 0; i < lengths.count(); ++i) {
    if (lengths.integer(i) < 0 || lengths.integer(i) > steps) {
      return invalid("length " + std::to_string(lengths.integer(i)) + " of batch " + std::to_string(i) + " is not within the " +
                     std::to_string(steps) + " steps");
    }
  }
  if (lengths.count() != x.shape()[static_cast<size_t>(batch)]) return invalid("the number of lengths is not that of batches");
  TRY_ASSIGN(Array y, Array::make(x.type(), x.shape()));
  const int64_t stride = row_major_strides(x.shape())[static_cast<size_t>(time)];
  with_element_of(x.type(), [&](auto element) {
    using T = decltype(element);
    T* to = y.as_mutable<T>();
    int64_t position = 0;
    for (IndexWalk walk(x.shape()); !walk.done(); walk.next(), ++position) {
      const int64_t length = lengths.integer(walk.index()[static_cast<size_t>(batch)]), step = walk.index()[static_cast<size_t>(time)];
      to[position] = x.as<T>()[step < length ? position + (length - 1 - 2 * step) * stride : position];
    }
  });
  return Arrays{y};
}

Result<Tensor*> ReverseSequence::from_onnx(const OnnxNode& node, Network& network) {
  ReverseSequence op;
  TRY_ASSIGN(op.batch_axis, node.integer("batch_axis", 1));
  TRY_ASSIGN(op.time_axis, node.integer("time_axis", 0));
  TRY_ASSIGN(std::vector<Tensor*> inputs, required_inputs(node, 2));
  return network.add(op, inputs, node.name());
}

OPERATOR(ReverseSequence, reverse_sequence, {"ReverseSequence", one_output<ReverseSequence::from_onnx>})

using namespace testing;

EXAMPLE("each batch is reversed up to its length") {
  expect_values("input x [3, 2]\ninput n int64 [2]\ny = reverse_sequence(x, n)\noutput y\n", {{{3, 2}, {1, 2, 3, 4, 5, 6}}, {{2}, {3, 2}}},
                {5, 4, 3, 2, 1, 6});
  expect_values("input x [2, 3]\ninput n int32 [2]\ny = reverse_sequence(x, n) batch_axis=0 time_axis=1\noutput y\n",
                {{{2, 3}, {1, 2, 3, 4, 5, 6}}, {{2}, {1, 3}}}, {1, 2, 3, 6, 5, 4});
}

EXAMPLE("one length for each batch") {
  expect_error("input x [3, 2]\ninput n int64 [3]\ny = reverse_sequence(x, n)\noutput y\n",
               "number of lengths and of batches: 3 and 2 differ");
  expect_error("input x [3, 2]\ninput n int64 [3]\ny = reverse_sequence(x, n) time_axis=1\noutput y\n",
               "batch_axis and time_axis are both 1");
}

}  // namespace ingot
