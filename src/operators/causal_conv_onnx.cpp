// ONNX CausalConvWithState: a depthwise convolution over the past and this input, and the past for the next call.
#include <fmt/format.h>

#include "operators/concat.h"
#include "operators/convolution.h"
#include "operators/elementwise.h"
#include "operators/onnx_input.h"
#include "operators/pad.h"
#include "operators/register.h"
#include "operators/slice.h"

namespace ingot {
namespace {

Result<bool> has_activation(const OnnxNode& node) {
  auto word = node.word("activation", "none");
  if (!word.ok()) return std::move(word).error();
  if (word.value() == "silu" || word.value() == "swish") return true;
  if (word.value() == "none") return false;
  return invalid("activation is '" + word.value() + "'; it is none, silu or swish");
}

// x [B, C, L], w [C, 1, k], bias [C], past [B, C, k - 1] (zeros where left out): outputs y [B, C, L] and the last k - 1 columns.
Result<std::vector<Tensor*>> causal_conv_with_state(const OnnxNode& node, Network& network) {
  TRY_ASSIGN(Tensor * x, required_input(node, 0));
  TRY_ASSIGN(Tensor * w, required_input(node, 1));
  Tensor* bias = node.input_count() > 2 ? node.input(2) : nullptr;
  Tensor* past = node.input_count() > 3 ? node.input(3) : nullptr;
  TRY_ASSIGN(const bool activates, has_activation(node));
  if (w->type.rank() != 3 || !w->type.dims[0].is_constant() || !w->type.dims[2].is_constant()) {
    return unsupported("CausalConvWithState takes weights [C, 1, k] of known size, not " + to_text(w->type.dims));
  }
  const int64_t past_length = w->type.dims[2].value() - 1;
  Tensor* whole = x;
  if (past) {
    TRY_ASSIGN(whole, network.add(Concat(2), {past, x}));
  } else {
    Pad pad;
    pad.pads = {0, 0, past_length, 0, 0, 0};
    TRY_ASSIGN(whole, network.add(pad, {x}));
  }
  Convolution op;
  op.groups = w->type.dims[0].value();
  std::vector<Tensor*> operands{whole, w};
  if (bias) operands.push_back(bias);
  TRY_ASSIGN(Tensor * y, network.add(op, operands));
  if (activates) {
    TRY_ASSIGN(y, network.add(Elementwise(ScalarOp::kSilu), {y}));
  }
  Slice tail;
  tail.axes = {2};
  tail.starts = {past_length == 0 ? INT64_MAX : -past_length};
  tail.ends = {INT64_MAX};
  TRY_ASSIGN(Tensor * present, network.add(tail, {whole}));
  return std::vector<Tensor*>{y, present};
}

}  // namespace

REGISTER_OPERATORS(causal_conv_onnx) { catalogue.add_onnx("CausalConvWithState", causal_conv_with_state); }

}  // namespace ingot
