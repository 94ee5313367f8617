#include "operators/compress.h"

#include <numeric>

#include "operators/moving.h"
#include "operators/onnx_input.h"
#include "operators/register.h"
#include "operators/runtime_dims.h"
#include "testing/example.h"

namespace ingot {

Result<TensorTypes> Compress::infer(const TensorTypes& inputs) const {
  TRY(check_input_count(kName, inputs.size(), 2, 2));
  const TensorType &x = inputs[0], &condition = inputs[1];
  if (condition.type != DataType::kBool || condition.rank() != 1)
    return invalid("the condition is " + condition.text() + "; bool [length] is wanted");
  TRY_ASSIGN(int64_t along, flat ? Result<int64_t>(0) : normalize_axis(axis, x.rank()));
  TensorType type{x.type, flat ? Dims{volume(x.dims)} : x.dims};
  Dim& dim = type.dims[static_cast<size_t>(along)];
  auto excess = range_of(condition.dims[0] - dim);
  if (excess && excess->least > 0)
    return invalid("the condition is " + condition.text() + ", longer than the " + dim.text() + " elements it chooses from");
  TRY_ASSIGN(dim, runtime_dim(kName, symbol, 0));
  return TensorTypes{type};
}

Result<Arrays> Compress::evaluate(const Arrays& inputs) const {
  Array x = inputs[0];
  if (flat) {
    TRY_ASSIGN(x, inputs[0].reshaped({inputs[0].count()}));
  }
  TRY_ASSIGN(int64_t along, normalize_axis(flat ? 0 : axis, x.rank()));
  if (inputs[1].count() > x.shape()[static_cast<size_t>(along)])
    return invalid("the condition is longer than axis " + std::to_string(along) + " of " + to_text(x.shape()));
  std::vector<std::vector<int64_t>> sources(x.shape().size());
  for (size_t i = 0; i < sources.size(); ++i) {
    if (i == static_cast<size_t>(along)) continue;
    sources[i].resize(static_cast<size_t>(x.shape()[i]));
    std::iota(sources[i].begin(), sources[i].end(), 0);
  }
  for (int64_t i = 0; i < inputs[1].count(); ++i) {
    if (inputs[1].integer(i) != 0) sources[static_cast<size_t>(along)].push_back(i);
  }
  TRY_ASSIGN(Array y, pick_along_axes(x, sources));
  return Arrays{y};
}

Result<Tensor*> Compress::from_onnx(const OnnxNode& node, Network& network) {
  Compress op;
  op.flat = !node.has("axis");
  TRY_ASSIGN(op.axis, node.integer("axis", 0));
  TRY_ASSIGN(std::vector<Tensor*> inputs, required_inputs(node, 2));
  Dim most = volume(inputs[0]->type.dims);
  if (!op.flat) {
    TRY_ASSIGN(int64_t along, normalize_axis(op.axis, inputs[0]->type.rank()));
    most = inputs[0]->type.dims[static_cast<size_t>(along)];
  }
  TRY_ASSIGN(Layer * layer, add_runtime_sized(network, op.clone(), inputs, node.name(), {most}));
  return layer->output();
}

OPERATOR(Compress, compress, {"Compress", one_output<Compress::from_onnx>})

using namespace testing;

EXAMPLE("compress keeps what is chosen") {
  const std::vector<Values> inputs = {{{3, 2}, {1, 2, 3, 4, 5, 6}}, {{3}, {0, 1, 1}}};
  expect_values("input x [3, 2]\ninput c bool [3]\ny = compress(x, c) flat=false symbol=run_n\noutput y\n", inputs, {3, 4, 5, 6});
  expect_values("input x [3, 2]\ninput c bool [3]\ny = compress(x, c) symbol=run_n\noutput y\n", inputs, {2, 3});
  expect_error("input x [3, 2]\ninput c bool [4]\ny = compress(x, c) flat=false symbol=run_n\noutput y\n",
               "longer than the 3 elements it chooses from");
}

}  // namespace ingot
