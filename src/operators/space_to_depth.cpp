#include "operators/space_to_depth.h"

#include "operators/moving.h"
#include "operators/onnx_input.h"
#include "operators/register.h"
#include "operators/reshape.h"
#include "operators/transpose.h"
#include "testing/example.h"

namespace ingot {

Result<TensorTypes> SpaceToDepth::infer(const TensorTypes& inputs) const {
  TRY(check_input_count(kName, inputs.size(), 1, 1));
  const TensorType& x = inputs[0];
  if (x.rank() != 4) return invalid("the input is " + x.text() + "; [N, C, H, W] is wanted");
  if (block < 1 || block > INT32_MAX) return invalid("the block is " + std::to_string(block) + "; it is positive");
  for (size_t i = 2; i < 4; ++i) {
    if (x.dims[i].is_constant() && x.dims[i].value() % block != 0) {
      return invalid("axis " + std::to_string(i) + " of " + to_text(x.dims) + " is no multiple of the block " + std::to_string(block));
    }
  }
  return TensorTypes{
      {x.type, {x.dims[0], x.dims[1] * Dim(block * block), Dim::floor_divide(x.dims[2], block), Dim::floor_divide(x.dims[3], block)}}};
}

Result<std::vector<Tensor*>> SpaceToDepth::decompose(Network& network, const std::vector<Tensor*>& inputs) const {
  Reshape split(
      Dims{input_dim(0), input_dim(1), Dim::floor_divide(input_dim(2), block), block, Dim::floor_divide(input_dim(3), block), block});
  split.zero_copies = false;
  TRY_ASSIGN(Tensor * x, network.add(split, {inputs[0]}));
  TRY_ASSIGN(x, network.add(Transpose({0, 3, 5, 1, 2, 4}), {x}));
  Reshape join(Dims{input_dim(0), input_dim(3) * Dim(block * block), input_dim(4), input_dim(5)});
  join.zero_copies = false;
  TRY_ASSIGN(x, network.add(join, {x}));
  return std::vector<Tensor*>{x};
}

Result<Tensor*> SpaceToDepth::from_onnx(const OnnxNode& node, Network& network) {
  SpaceToDepth op;
  TRY_ASSIGN(op.block, node.integer("blocksize", 0));
  TRY_ASSIGN(Tensor * x, required_input(node, 0));
  return network.add(op, {x}, node.name());
}

OPERATOR(SpaceToDepth, space_to_depth, {"SpaceToDepth", one_output<SpaceToDepth::from_onnx>})

using namespace testing;

EXAMPLE("squares become channels") {
  expect_values("input x [1, 2, 2, 2]\ny = space_to_depth(x) block=2\noutput y\n", {{{1, 2, 2, 2}, {0, 1, 2, 3, 4, 5, 6, 7}}},
                {0, 4, 1, 5, 2, 6, 3, 7});
  expect_types("input x [n, 3, h, 8]\ny = space_to_depth(x) block=2\noutput y\n", {"float [n, 12, floor(h / 2), 4]"});
  expect_error("input x [1, 1, 3, 2]\ny = space_to_depth(x) block=2\noutput y\n", "axis 2 of [1, 1, 3, 2] is no multiple of the block 2");
}

}  // namespace ingot
