// com.microsoft's activations, with biases fused.
#include <fmt/format.h>

#include "operators/elementwise.h"
#include "operators/onnx_input.h"
#include "operators/onnx_reroute.h"
#include "operators/register.h"
#include "operators/softmax.h"

namespace ingot {
namespace {

Result<Tensor*> with_bias(const OnnxNode& node, Network& network) {
  TRY_ASSIGN(Tensor * x, required_input(node, 0));
  if (Tensor* bias = node.input_count() > 1 ? node.input(1) : nullptr) return network.add(Elementwise(ScalarOp::kAdd), {x, bias});
  return x;
}

// op(x + bias), the bias being optional.
template <ScalarOp kOp>
Result<Tensor*> biased(const OnnxNode& node, Network& network) {
  TRY_ASSIGN(Tensor * x, with_bias(node, network));
  return network.add(Elementwise(kOp), {x});
}

Result<Tensor*> quick_gelu(const OnnxNode& node, Network& network) {
  TRY_ASSIGN(Tensor * x, required_input(node, 0));
  TRY_ASSIGN(const double alpha, node.number("alpha", 1.702));
  return network.add(Elementwise(ScalarOp::kSwish, alpha), {x});
}

// The left half of x + bias times gelu of the right half.
Result<Tensor*> bias_split_gelu(const OnnxNode& node, Network& network) {
  TRY_ASSIGN(Tensor * x, with_bias(node, network));
  const Dim width = x->type.rank() > 0 ? x->type.dims.back() : Dim(1);
  if (!width.is_constant() || width.value() % 2 != 0) return invalid("the last dim of " + x->type.text() + " does not fall into halves");
  TRY_ASSIGN(Tensor * left, slice_axis(network, x, -1, 0, width.value() / 2));
  TRY_ASSIGN(Tensor * right, slice_axis(network, x, -1, width.value() / 2, width.value()));
  TRY_ASSIGN(right, network.add(Elementwise(ScalarOp::kGelu), {right}));
  return network.add(Elementwise(ScalarOp::kMul), {left, right});
}

Result<Tensor*> bias_add(const OnnxNode& node, Network& network) {
  TRY_ASSIGN(Tensor * x, with_bias(node, network));
  TRY_ASSIGN(Tensor * skip, required_input(node, 2));
  return network.add(Elementwise(ScalarOp::kAdd), {x, skip});
}

// softmax(x + bias) over the last axis; the bias lacks dims in front, or has 1 there.
Result<Tensor*> bias_softmax(const OnnxNode& node, Network& network) {
  TRY_ASSIGN(Tensor * x, with_bias(node, network));
  TRY_ASSIGN(int64_t axis, node.integer("axis", 1));
  TRY_ASSIGN(axis, normalize_axis(axis, x->type.rank()));
  if (axis != x->type.rank() - 1) return unsupported(fmt::format("BiasSoftmax over the axes from {} on of {}", axis, x->type.text()));
  return network.add(Softmax(-1), {x});
}

// An operator that is the standard's, of the version when it was taken over.
template <int kOpset>
Result<std::vector<Tensor*>> standard(const OnnxNode& node, Network& network) {
  return import_as(node.op_type(), kOpset, node, network, inputs_of(node, 0));
}

Result<std::vector<Tensor*>> expand_dims(const OnnxNode& node, Network& network) {
  return import_as("Unsqueeze", 13, node, network, inputs_of(node, 2));
}

}  // namespace

REGISTER_OPERATORS(microsoft_activation) {
  constexpr const char* kDomain = "com.microsoft";
  catalogue.add_onnx("Gelu", one_output<biased<ScalarOp::kGelu>>, kDomain);
  catalogue.add_onnx("BiasGelu", one_output<biased<ScalarOp::kGelu>>, kDomain);
  catalogue.add_onnx("FastGelu", one_output<biased<ScalarOp::kGeluTanh>>, kDomain);
  catalogue.add_onnx("QuickGelu", one_output<quick_gelu>, kDomain);
  catalogue.add_onnx("BiasSplitGelu", one_output<bias_split_gelu>, kDomain);
  catalogue.add_onnx("BiasAdd", one_output<bias_add>, kDomain);
  catalogue.add_onnx("BiasSoftmax", one_output<bias_softmax>, kDomain);
  catalogue.add_onnx("ExpandDims", expand_dims, kDomain);
  catalogue.add_onnx("Trilu", standard<14>, kDomain);
  catalogue.add_onnx("Range", standard<11>, kDomain);
  catalogue.add_onnx("GatherND", standard<12>, kDomain);
  catalogue.add_onnx("GridSample", standard<16>, kDomain);
  catalogue.add_onnx("Pad", standard<11>, kDomain);
  catalogue.add_onnx("Unique", standard<11>, kDomain);
  catalogue.add_onnx("QuantizeLinear", standard<19>, kDomain);
  catalogue.add_onnx("DequantizeLinear", standard<19>, kDomain);
}

}  // namespace ingot
