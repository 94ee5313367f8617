#include "operators/depth_to_space.h"

#include "operators/moving.h"
#include "operators/onnx_input.h"
#include "operators/register.h"
#include "operators/reshape.h"
#include "operators/transpose.h"
#include "testing/example.h"

namespace ingot {

Result<TensorTypes> DepthToSpace::infer(const TensorTypes& inputs) const {
  TRY(check_input_count(kName, inputs.size(), 1, 1));
  const TensorType& x = inputs[0];
  if (x.rank() != 4) return invalid("the input is " + x.text() + "; [N, C, H, W] is wanted");
  if (block < 1 || block > INT32_MAX) return invalid("the block is " + std::to_string(block) + "; it is positive");
  const Dim& channels = x.dims[1];
  if (channels.is_constant() && channels.value() % (block * block) != 0) {
    return invalid(channels.text() + " channels are no multiple of the " + std::to_string(block * block) + " places in a block");
  }
  return TensorTypes{{x.type, {x.dims[0], Dim::floor_divide(channels, block * block), x.dims[2] * Dim(block), x.dims[3] * Dim(block)}}};
}

Result<std::vector<Tensor*>> DepthToSpace::decompose(Network& network, const std::vector<Tensor*>& inputs) const {
  const Dim n = input_dim(0), h = input_dim(2), w = input_dim(3), depth = Dim::floor_divide(input_dim(1), block * block);
  const bool place_first = order == DepthOrder::kDcr;
  Reshape split(place_first ? Dims{n, block, block, depth, h, w} : Dims{n, depth, block, block, h, w});
  split.zero_copies = false;
  TRY_ASSIGN(Tensor * x, network.add(split, {inputs[0]}));
  TRY_ASSIGN(x, network.add(Transpose(place_first ? Shape{0, 3, 4, 1, 5, 2} : Shape{0, 1, 4, 2, 5, 3}), {x}));
  Reshape join(Dims{input_dim(0), input_dim(1), input_dim(2) * Dim(block), input_dim(4) * Dim(block)});
  join.zero_copies = false;
  TRY_ASSIGN(x, network.add(join, {x}));
  return std::vector<Tensor*>{x};
}

Result<Tensor*> DepthToSpace::from_onnx(const OnnxNode& node, Network& network) {
  DepthToSpace op;
  TRY_ASSIGN(op.block, node.integer("blocksize", 0));
  TRY_ASSIGN(std::string mode, node.word("mode", "DCR"));
  if (mode != "DCR" && mode != "CRD") return invalid("mode is '" + mode + "'; DCR or CRD is wanted");
  op.order = mode == "DCR" ? DepthOrder::kDcr : DepthOrder::kCrd;
  TRY_ASSIGN(Tensor * x, required_input(node, 0));
  return network.add(op, {x}, node.name());
}

OPERATOR(DepthToSpace, depth_to_space, {"DepthToSpace", one_output<DepthToSpace::from_onnx>})

using namespace testing;

EXAMPLE("channels become squares") {
  const std::vector<Values> x = {{{1, 8, 1, 1}, {0, 1, 2, 3, 4, 5, 6, 7}}};
  expect_values("input x [1, 8, 1, 1]\ny = depth_to_space(x) block=2\noutput y\n", x, {0, 2, 4, 6, 1, 3, 5, 7});
  expect_values("input x [1, 8, 1, 1]\ny = depth_to_space(x) block=2 order=crd\noutput y\n", x, {0, 1, 2, 3, 4, 5, 6, 7});
  expect_types("input x [n, 8, h, w]\ny = depth_to_space(x) block=2\noutput y\n", {"float [n, 2, 2*h, 2*w]"});
}

EXAMPLE("channels that make no squares are refused") {
  expect_error("input x [1, 6, 1, 1]\ny = depth_to_space(x) block=2\noutput y\n", "6 channels are no multiple of the 4 places in a block");
}

}  // namespace ingot
