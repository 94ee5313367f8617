#include "operators/tensor_scatter.h"

#include <cstring>

#include "operators/moving.h"
#include "operators/onnx_input.h"
#include "operators/register.h"
#include "testing/example.h"

namespace ingot {

Result<TensorTypes> TensorScatter::infer(const TensorTypes& inputs) const {
  TRY(check_input_count(kName, inputs.size(), 2, 3));
  const TensorType &x = inputs[0], &updates = inputs[1];
  TRY_ASSIGN(int64_t along, normalize_axis(axis, x.rank()));
  if (along == 0) return invalid("the axis is that of the batches");
  if (x.type != updates.type || x.rank() != updates.rank())
    return invalid("data are " + x.text() + ", updates are " + updates.text() + "; types and ranks must be the same");
  for (int64_t i = 0; i < x.rank(); ++i) {
    if (i != along)
      TRY(same_dim(x.dims[static_cast<size_t>(i)], updates.dims[static_cast<size_t>(i)],
                   "data are " + x.text() + ", updates are " + updates.text()));
  }
  if (inputs.size() > 2) {
    TRY(check_index_type("starts", inputs[2].type));
    if (inputs[2].rank() != 1) return invalid("starts are " + inputs[2].text() + "; one for each batch is wanted");
    TRY(same_dim(inputs[2].dims[0], x.dims[0], "numbers of starts and of batches"));
  }
  return TensorTypes{{x.type, x.dims}};
}

Result<Arrays> TensorScatter::evaluate(const Arrays& inputs) const {
  Array y = inputs[0];
  const Array& updates = inputs[1];
  if (bits_of(y.type()) < 8) return unsupported("elements of less than a byte");
  TRY_ASSIGN(int64_t along, normalize_axis(axis, y.rank()));
  const int64_t length = y.shape()[static_cast<size_t>(along)], count = updates.shape()[static_cast<size_t>(along)], batches = y.shape()[0];
  int64_t outer = 1, inner = 1;
  for (int64_t i = 1; i < y.rank(); ++i) (i < along ? outer : inner) *= i == along ? 1 : y.shape()[static_cast<size_t>(i)];
  if (updates.count() != batches * outer * count * inner || (inputs.size() > 2 && inputs[2].count() != batches)) {
    return invalid("updates " + to_text(updates.shape()) + " do not go with data " + to_text(y.shape()));
  }
  const size_t bytes = bytes_of(y.type(), inner);
  if (updates.count() == 0) return Arrays{y};
  auto* to = static_cast<std::byte*>(y.mutable_data());
  const auto* from = static_cast<const std::byte*>(updates.data());
  for (int64_t batch = 0; batch < batches; ++batch) {
    const int64_t start = inputs.size() > 2 ? inputs[2].integer(batch) : 0;
    if (start < 0 || start > length || (!circular && count > length - start)) {
      return invalid(std::to_string(count) + " updates from " + std::to_string(start) + " on do not fit an axis of " +
                     std::to_string(length));
    }
    for (int64_t row = 0; row < outer; ++row) {
      for (int64_t i = 0; i < count; ++i, from += bytes) {
        const int64_t place = (batch * outer + row) * length + (start + i) % length;
        std::memcpy(to + static_cast<size_t>(place) * bytes, from, bytes);
      }
    }
  }
  return Arrays{y};
}

Result<Tensor*> TensorScatter::from_onnx(const OnnxNode& node, Network& network) {
  TensorScatter op;
  TRY_ASSIGN(op.axis, node.integer("axis", -2));
  TRY_ASSIGN(std::string mode, node.word("mode", "linear"));
  if (mode != "linear" && mode != "circular") return invalid("mode is '" + mode + "'; linear or circular is wanted");
  op.circular = mode == "circular";
  TRY_ASSIGN(std::vector<Tensor*> inputs, required_inputs(node, 2));
  if (node.input(2)) inputs.push_back(node.input(2));
  return network.add(op, inputs, node.name());
}

OPERATOR(TensorScatter, tensor_scatter, {"TensorScatter", one_output<TensorScatter::from_onnx>})

using namespace testing;

EXAMPLE("each batch is written from its start on") {
  const std::vector<Values> inputs = {{{2, 3, 1}, {1, 2, 3, 4, 5, 6}}, {{2, 2, 1}, {7, 8, 9, 10}}, {{2}, {0, 1}}};
  expect_values("input x [2, 3, 1]\ninput u [2, 2, 1]\ninput s int64 [2]\ny = tensor_scatter(x, u, s)\noutput y\n", inputs,
                {7, 8, 3, 4, 9, 10});
  expect_values("input x [1, 3, 1]\ninput u [1, 2, 1]\ninput s int64 [1]\ny = tensor_scatter(x, u, s) circular=true\noutput y\n",
                {{{1, 3, 1}, {1, 2, 3}}, {{1, 2, 1}, {7, 8}}, {{1}, {2}}}, {8, 2, 7});
  expect_error("input x [2, 3, 1]\ninput u [2, 2, 2]\ny = tensor_scatter(x, u)\noutput y\n", "1 and 2 differ");
}

}  // namespace ingot
