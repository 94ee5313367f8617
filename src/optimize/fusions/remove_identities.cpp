// identity(x), x + 0, x - 0, x * 1, x / 1, clip(x, -inf, inf), expand, tile, pad, slice and concat that change nothing => x
#include <cmath>

#include "operators/concat.h"
#include "operators/constant.h"
#include "operators/expand.h"
#include "operators/pad.h"
#include "operators/slice.h"
#include "operators/tile.h"
#include "optimize/edit.h"
#include "optimize/pattern.h"
#include "testing/example.h"

namespace ingot {
namespace {

bool is_whole(const Slice& slice) {
  if (slice.sized) return slice.mode == SliceMode::kDefault;  // as long as the input, so it starts at its beginning
  for (int64_t step : slice.steps) {
    if (step < 0) return false;
  }
  return true;
}

}  // namespace

FUSION(remove_identities, kSimplify, kCancelMoves, kRecognizeAttention) {
  // replace() in apply.cpp asks that type and dims stay, so the rules need not.
  auto x = Pattern::any();
  const auto give_x = [=](const Match& m, Network&) -> Result<Tensor*> { return m[x]; };
  fusions.push_back({"remove_identities", Pattern::of(ScalarOp::kIdentity, x), give_x});
  fusions.push_back({"remove_identities", Pattern::of<Constant>(x), give_x});
  fusions.push_back({"remove_identities", Pattern::of(ScalarOp::kAdd, x, Pattern::number(0)), give_x});
  fusions.push_back({"remove_identities", Pattern::of(ScalarOp::kSub, x, Pattern::number(0)), give_x});
  fusions.push_back({"remove_identities", Pattern::of(ScalarOp::kMul, x, Pattern::number(1)), give_x});
  fusions.push_back({"remove_identities", Pattern::of(ScalarOp::kDiv, x, Pattern::number(1)), give_x});
  fusions.push_back({"remove_identities", Pattern::of(ScalarOp::kClip, x).with<Elementwise>([](const Elementwise& clip) {
                       return std::isinf(clip.a) && clip.a < 0 && std::isinf(clip.b) && clip.b > 0;
                     }),
                     give_x});
  fusions.push_back({"remove_identities", Pattern::of<Concat>(x), give_x});
  // Tensors of equal dims: nothing was added, cut off or repeated. An empty one could still be padded on one side and cut on the other.
  fusions.push_back({"remove_identities", Pattern::of<Expand>(x).with_more_inputs(), give_x});
  fusions.push_back({"remove_identities", Pattern::of<Tile>(x).with_more_inputs(), give_x});
  fusions.push_back({"remove_identities", Pattern::of<Slice>(x).with<Slice>(is_whole), give_x});
  fusions.push_back({"remove_identities", Pattern::of<Pad>(x).with<Pad>([](const Pad& pad) {
                       for (int64_t count : pad.pads) {
                         if (count != 0) return false;
                       }
                       return true;
                     }),
                     give_x});
}

EXAMPLE("adding 0 and multiplying by 1 do nothing") {
  expect_rewrite("remove_identities", R"(
    input x [n, 2]
    weights zero float [] = 0
    weights one float [1] = 1
    a = add(x, zero)
    b = mul(one, a)
    y = relu(b)
    output y)",
                 R"(
    input x [n, 2]
    y = relu(x)
    output y)");
}

EXAMPLE("a slice of everything does nothing") {
  expect_rewrite("remove_identities", R"(
    input x [4, 2]
    a = slice(x) axes=[0] starts=[0] ends=[9223372036854775807]
    y = relu(a)
    output y)",
                 R"(
    input x [4, 2]
    y = relu(x)
    output y)");
}

EXAMPLE("a number that widens the tensor is not nothing") {
  expect_unchanged("remove_identities", R"(
    input x [2]
    weights one float [1, 1] = 1
    y = mul(x, one)
    output y)");
}

EXAMPLE("a slice that turns the order around stays") {
  expect_unchanged("remove_identities", R"(
    input x [4]
    y = slice(x) axes=[0] starts=[-1] ends=[-9223372036854775808] steps=[-1]
    output y)");
}

EXAMPLE("an input that is an output keeps its layer") {
  expect_unchanged("remove_identities", R"(
    input x [4]
    y = identity(x)
    output y)");
}

}  // namespace ingot
