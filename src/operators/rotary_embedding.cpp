#include "operators/rotary_embedding.h"

#include <fmt/format.h>

#include "operators/epilogue.h"
#include "operators/onnx_input.h"
#include "operators/register.h"
#include "operators/slice.h"
#include "testing/example.h"

namespace ingot {

Result<TensorTypes> RotaryEmbedding::infer(const TensorTypes& inputs) const {
  if (inputs.size() < 3) return invalid("rotary_embedding needs x, cos and sin");
  const TensorType& x = inputs[0];
  if (!is_floating(x.type)) return invalid("rotary_embedding takes floating-point numbers, not " + std::string(name_of(x.type)));
  if (heads < 0 || rotary_dims < 0 || rotary_dims % 2 != 0)
    return invalid(fmt::format("{} heads of which {} numbers turn; the latter is even", heads, rotary_dims));
  if (x.rank() != (heads > 0 ? 3 : 4))
    return invalid(fmt::format("x of rotary_embedding is {}, not {}", heads > 0 ? "[B, S, H * D]" : "[B, H, S, D]", to_text(x.dims)));
  if (heads > 0 && x.dims[2].is_constant() && x.dims[2].value() % heads != 0)
    return invalid(fmt::format("{} numbers cannot be split into {} heads", x.dims[2].text(), heads));
  const Dim depth = heads > 0 ? Dim::floor_divide(x.dims[2], Dim(heads)) : x.dims[3];
  const Dim half = Dim::floor_divide(rotary_dims > 0 ? Dim(rotary_dims) : depth, Dim(2));
  if (depth.is_constant() && (rotary_dims > depth.value() || (rotary_dims == 0 && depth.value() % 2 != 0))) {
    return invalid(
        fmt::format("heads of {} numbers cannot have {} that turn in pairs", depth.text(), rotary_dims > 0 ? rotary_dims : depth.value()));
  }
  const bool by_position = !is_absent(inputs, 3);
  if (by_position && (!is_integer(inputs[3].type) || inputs[3].rank() != 2))
    return invalid("position_ids are integers [B, S], not " + inputs[3].text());
  const Dim& sequence = x.dims[heads > 0 ? 1 : 2];
  for (size_t i = 1; i < 3; ++i) {
    const Dims& dims = inputs[i].dims;
    const auto differ = [](const Dim& a, const Dim& b) { return a.is_constant() && b.is_constant() && a != b; };
    const bool fits = dims.size() == (by_position ? 2 : 3) && !differ(dims.back(), half) &&
                      (by_position || (!differ(dims[0], x.dims[0]) && !differ(dims[1], sequence)));
    if (!fits || inputs[i].type != x.type) {
      return invalid(fmt::format("{} of rotary_embedding is {} [{}, {}], not {}", i == 1 ? "cos" : "sin", name_of(x.type),
                                 by_position ? "positions" : x.dims[0].text() + ", " + sequence.text(), half.text(), inputs[i].text()));
    }
  }
  return TensorTypes{{x.type, x.dims}};
}

Result<Arrays> RotaryEmbedding::evaluate(const Arrays& inputs) const {
  TRY(infer(types_of(inputs)));
  const Array &x = inputs[0], &cos = inputs[1], &sin = inputs[2];
  Array y = x;
  const bool flat = heads > 0, by_position = !is_absent(inputs, 3);
  const int64_t batch = x.shape()[0], head_count = flat ? heads : x.shape()[1], sequence = x.shape()[flat ? 1 : 2];
  const int64_t depth = flat ? x.shape()[2] / heads : x.shape()[3], turning = rotary_dims > 0 ? rotary_dims : depth, half = turning / 2;
  for (int64_t b = 0; b < batch; ++b) {
    for (int64_t s = 0; s < sequence; ++s) {
      int64_t row = b * sequence + s;
      if (by_position) {
        row = inputs[3].integer(row);
        if (row < 0 || row >= cos.shape()[0])
          return invalid(fmt::format("position {} lies outside the {} positions of cos and sin", row, cos.shape()[0]));
      }
      for (int64_t h = 0; h < head_count; ++h) {
        const int64_t first = flat ? ((b * sequence + s) * head_count + h) * depth : ((b * head_count + h) * sequence + s) * depth;
        for (int64_t i = 0; i < half; ++i) {
          const int64_t at = first + (interleaved ? 2 * i : i), mate = interleaved ? at + 1 : at + half;
          const double c = cos.number(row * half + i), d = sin.number(row * half + i), a = x.number(at), e = x.number(mate);
          y.set_number(at, a * c - e * d);
          y.set_number(mate, a * d + e * c);
        }
      }
    }
  }
  return Arrays{std::move(y)};
}

namespace {

Result<Tensor*> import_rotary_embedding(const OnnxNode& node, Network& network) {
  RotaryEmbedding op;
  std::vector<Tensor*> inputs;
  for (size_t i = 0; i < 3; ++i) {
    TRY_ASSIGN(Tensor * input, required_input(node, i));
    inputs.push_back(input);
  }
  if (node.input_count() > 3 && node.input(3)) inputs.push_back(node.input(3));
  TRY_ASSIGN(op.interleaved, node.integer("interleaved", 0));
  TRY_ASSIGN(op.rotary_dims, node.integer("rotary_embedding_dim", 0));
  TRY_ASSIGN(const int64_t heads, node.integer("num_heads", 0));
  op.heads = inputs[0]->type.rank() == 3 ? heads : 0;
  // Tables for whole heads serve the part that turns with their first columns.
  for (size_t i = 1; i < 3 && op.rotary_dims > 0; ++i) {
    const Dim columns = inputs[i]->type.dims.empty() ? Dim(0) : inputs[i]->type.dims.back();
    if (!columns.is_constant() || columns.value() <= op.rotary_dims / 2) continue;
    Slice first;
    first.axes = {-1};
    first.starts = {0};
    first.ends = {op.rotary_dims / 2};
    TRY_ASSIGN(inputs[i], network.add(first, {inputs[i]}));
  }
  return network.add(op, inputs);
}

}  // namespace

OPERATOR(RotaryEmbedding, rotary_embedding, {"RotaryEmbedding", one_output<import_rotary_embedding>})

}  // namespace ingot

namespace ingot::testing {

EXAMPLE("pairs turn by the angle of their position") {
  const std::string net = "input x [1, 1, 2, 4]\nweights c [2, 2] = 1 1 0 -1\nweights s [2, 2] = 0 0 1 0\nweights p int64 [1, 2] = 0 1\n";
  expect_values(net + "y = rotary_embedding(x, c, s, p)\nz = rotary_embedding(x, c, s, p) interleaved=true\noutput y\noutput z\n",
                {{{1, 1, 2, 4}, {1, 2, 3, 4, 1, 2, 3, 4}}}, {1, 2, 3, 4, -3, -2, 1, -4, 1, 2, 3, 4, -2, 1, -3, -4});
}

EXAMPLE("the first numbers of each head turn, the others stay") {
  expect_values(
      "input x [1, 1, 6]\nweights c [1, 1, 1] = 0\nweights s [1, 1, 1] = 1\ny = rotary_embedding(x, c, s) heads=2 rotary_dims=2\noutput "
      "y\n",
      {{{1, 1, 6}, {1, 2, 3, 4, 5, 6}}}, {-2, 1, 3, -5, 4, 6});
}

EXAMPLE("a table of another width is refused") {
  expect_error("input x [1, 1, 2, 4]\ninput c [1, 2, 4]\ny = rotary_embedding(x, c, c)\noutput y\n",
               "cos of rotary_embedding is float [1, 2, 2], not float [1, 2, 4]");
}

}  // namespace ingot::testing
