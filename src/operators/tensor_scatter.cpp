#include "operators/tensor_scatter.h"

#include <cstring>

#include "operators/epilogue.h"
#include "operators/moving.h"
#include "operators/onnx_input.h"
#include "operators/register.h"
#include "testing/example.h"

namespace ingot {

Result<TensorTypes> TensorScatter::infer(const TensorTypes& inputs) const {
  TRY(check_input_count(kName, inputs.size(), 2, 4));
  const TensorType &x = inputs[0], &updates = inputs[1];
  TRY_ASSIGN(const int64_t along, normalize_axis(axis, x.rank()));
  if (along == 0) return invalid("the axis is that of the batches");
  const bool packed = is_packed(x.rank(), updates.rank());
  if (x.type != updates.type || (x.rank() != updates.rank() && !packed))
    return invalid("data are " + x.text() + ", updates are " + updates.text() + "; types and ranks must be the same");
  for (int64_t i = packed ? 1 : 0; i < x.rank(); ++i) {
    if (i != along)
      TRY(same_dim(x.dims[static_cast<size_t>(i)], updates.dims[static_cast<size_t>(packed && i > along ? i - 1 : i)],
                   "data are " + x.text() + ", updates are " + updates.text()));
  }
  if (!is_absent(inputs, 2)) {
    TRY(check_index_type("starts", inputs[2].type));
    if (inputs[2].rank() != 1) return invalid("starts are " + inputs[2].text() + "; one for each batch is wanted");
    TRY(same_dim(inputs[2].dims[0], x.dims[0], "numbers of starts and of batches"));
  }
  if (!is_absent(inputs, 3)) {
    TRY(check_index_type("lengths", inputs[3].type));
    if (inputs[3].rank() != 1) return invalid("lengths are " + inputs[3].text() + "; one for each batch is wanted");
    if (inputs[3].dims[0] != x.dims[0] + Dim(1)) {
      if (packed)
        TRY(same_dim(inputs[3].dims[0], x.dims[0] + Dim(1), "lengths of packed updates are the places where batches begin and end"));
      else
        TRY(same_dim(inputs[3].dims[0], x.dims[0], "numbers of lengths and of batches"));
    }
  }
  return TensorTypes{{x.type, x.dims}};
}

Result<Arrays> TensorScatter::evaluate(const Arrays& inputs) const {
  Array y = inputs[0];
  const Array& updates = inputs[1];
  if (bits_of(y.type()) < 8) return unsupported("elements of less than a byte");
  TRY(infer(types_of(inputs)));
  TRY_ASSIGN(const int64_t along, normalize_axis(axis, y.rank()));
  const bool packed = is_packed(y.rank(), updates.rank());
  if (packed && is_absent(inputs, 3)) return invalid("packed updates need their lengths");
  const int64_t length = y.shape()[static_cast<size_t>(along)], batches = y.shape()[0];
  const int64_t given = updates.shape()[static_cast<size_t>(packed ? 0 : along)];
  int64_t outer = 1, inner = 1;
  for (int64_t i = 1; i < y.rank(); ++i) (i < along ? outer : inner) *= i == along ? 1 : y.shape()[static_cast<size_t>(i)];
  const size_t bytes = bytes_of(y.type(), inner);
  if (updates.count() == 0) return Arrays{y};
  auto* to = static_cast<std::byte*>(y.mutable_data());
  const auto* from = static_cast<const std::byte*>(updates.data());
  for (int64_t batch = 0; batch < batches; ++batch) {
    const int64_t start = is_absent(inputs, 2) ? 0 : inputs[2].integer(batch);
    int64_t count = given, first = 0;
    if (!is_absent(inputs, 3)) {
      const bool places = inputs[3].count() == batches + 1;
      const int64_t begin = places ? inputs[3].integer(batch) : 0, end = inputs[3].integer(places ? batch + 1 : batch);
      count = end - begin;
      first = packed ? begin : 0;
    }
    if (count < 0 || first < 0 || count > given - first)
      return invalid("batch " + std::to_string(batch) + " has " + std::to_string(count) + " updates from " + std::to_string(first) +
                     " on; there are " + std::to_string(given));
    if (start < 0 || start > length || (!circular && count > length - start)) {
      return invalid(std::to_string(count) + " updates from " + std::to_string(start) + " on do not fit an axis of " +
                     std::to_string(length));
    }
    for (int64_t row = 0; row < outer; ++row) {
      for (int64_t i = 0; i < count; ++i) {
        const int64_t place = (batch * outer + row) * length + (start + i) % length;
        const int64_t source = packed ? (first + i) * outer + row : (batch * outer + row) * given + i;
        std::memcpy(to + static_cast<size_t>(place) * bytes, from + static_cast<size_t>(source) * bytes, bytes);
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

EXAMPLE("of padded updates as many count as their batch has") {
  const char* head = "input x [2, 1, 3, 1]\ninput u [2, 1, 2, 1]\ninput s int32 [2]\n";
  const Values x = {{2, 1, 3, 1}, {1, 2, 3, 4, 5, 6}}, u = {{2, 1, 2, 1}, {7, 8, 9, 10}}, s = {{2}, {0, 2}};
  const std::string network = "y = tensor_scatter(x, u, s, n)\noutput y\n";
  expect_values(head + ("input n int32 [2]\n" + network), {x, u, s, {{2}, {2, 1}}}, {7, 8, 3, 4, 5, 9});
  expect_values(head + ("input n int64 [3]\n" + network), {x, u, s, {{3}, {0, 2, 3}}}, {7, 8, 3, 4, 5, 9});
  expect_error(head + ("input n int64 [4]\n" + network), "numbers of lengths and of batches");
}

EXAMPLE("packed updates lie one behind the other, heads beside each other") {
  // Two entries of two heads: both belong to the second batch; then one each.
  const char* network =
      "input x [2, 2, 2, 1]\ninput u [2, 2, 1]\ninput s int64 [2]\ninput n int32 [3]\ny = tensor_scatter(x, u, s, n)\noutput y\n";
  const Values x = {{2, 2, 2, 1}, {1, 2, 3, 4, 5, 6, 7, 8}}, u = {{2, 2, 1}, {10, 20, 30, 40}};
  expect_values(network, {x, u, {{2}, {0, 0}}, {{3}, {0, 0, 2}}}, {1, 2, 3, 4, 10, 30, 20, 40});
  expect_values(network, {x, u, {{2}, {1, 0}}, {{3}, {0, 1, 2}}}, {1, 10, 3, 20, 30, 6, 40, 8});
}

}  // namespace ingot
