// com.microsoft's operators on 8-bit numbers: dequantize, compute, quantize; fusions make integer arithmetic of them again.
#include <fmt/format.h>

#include "operators/concat.h"
#include "operators/dequantize.h"
#include "operators/elementwise.h"
#include "operators/matmul.h"
#include "operators/onnx_input.h"
#include "operators/onnx_reroute.h"
#include "operators/quantize.h"
#include "operators/register.h"
#include "operators/transpose.h"
#include "operators/unsqueeze.h"

namespace ingot {
namespace {

// Input x at `at`, its scale and zero point behind it.
Result<Tensor*> dequantized(Network& network, Tensor* x, Tensor* scale, Tensor* zero_point, int64_t axis = 1) {
  if (!x || !scale) return invalid("a quantized operand or its scale is left out");
  Dequantize op;
  op.axis = axis;
  op.to = scale->type.type;
  std::vector<Tensor*> inputs{x, scale};
  if (zero_point) inputs.push_back(zero_point);
  return network.add(op, inputs);
}

Result<Tensor*> quantized(Network& network, Tensor* y, Tensor* scale, Tensor* zero_point, DataType type) {
  if (!scale) return invalid("the scale of the output is left out");
  Quantize op;
  op.to = zero_point ? zero_point->type.type : type;
  std::vector<Tensor*> inputs{y, scale};
  if (zero_point) inputs.push_back(zero_point);
  return network.add(op, inputs);
}

// c = a op b
template <ScalarOp kOp>
Result<Tensor*> binary(const OnnxNode& node, Network& network) {
  const std::vector<Tensor*> in = inputs_of(node, 8);
  TRY_ASSIGN(Tensor * a, dequantized(network, in[0], in[1], in[2]));
  TRY_ASSIGN(Tensor * b, dequantized(network, in[3], in[4], in[5]));
  TRY_ASSIGN(Tensor * y, network.add(Elementwise(kOp), {a, b}));
  return quantized(network, y, in[6], in[7], in[0]->type.type);
}

// An operator of one operand that the standard has, on x, scale, zero point, scale and zero point of y. Axes are at the standard's places.
Result<Tensor*> as_standard(const OnnxNode& node, Network& network, const char* op_type, int64_t opset, bool channels_last = false) {
  const std::vector<Tensor*> in = inputs_of(node, 5);
  TRY_ASSIGN(Tensor * x, dequantized(network, in[0], in[1], in[2]));
  const int64_t rank = x->type.rank();
  std::vector<int64_t> order{0}, back{0};
  if (channels_last && rank > 2) {
    order.push_back(rank - 1);
    for (int64_t i = 1; i + 1 < rank; ++i) order.push_back(i);
    for (int64_t i = 2; i < rank; ++i) back.push_back(i);
    back.push_back(1);
    TRY_ASSIGN(x, network.add(Transpose(order), {x}));
  }
  TRY_ASSIGN(const std::vector<Tensor*> outputs, import_as(op_type, opset, node, network, {x}));
  Tensor* y = outputs.at(0);
  if (channels_last && rank > 2) {
    TRY_ASSIGN(y, network.add(Transpose(back), {y}));
  }
  return quantized(network, y, in[3], in[4], in[0]->type.type);
}

Result<Tensor*> average_pool(const OnnxNode& node, Network& network) {
  TRY_ASSIGN(const int64_t last, node.integer("channels_last", 0));
  return as_standard(node, network, "AveragePool", 11, last != 0);
}
Result<Tensor*> global_average_pool(const OnnxNode& node, Network& network) {
  TRY_ASSIGN(const int64_t last, node.integer("channels_last", 0));
  return as_standard(node, network, "GlobalAveragePool", 11, last != 0);
}
Result<Tensor*> sigmoid(const OnnxNode& node, Network& network) { return as_standard(node, network, "Sigmoid", 13); }
Result<Tensor*> leaky_relu(const OnnxNode& node, Network& network) { return as_standard(node, network, "LeakyRelu", 16); }
Result<Tensor*> reduce_mean(const OnnxNode& node, Network& network) { return as_standard(node, network, "ReduceMean", 13); }
Result<Tensor*> softmax(const OnnxNode& node, Network& network) {
  TRY_ASSIGN(const int64_t opset, node.integer("opset", 13));
  return as_standard(node, network, "Softmax", opset);
}

// MaxPool with the channels as the last axis of x and y.
Result<Tensor*> max_pool_channels_last(const OnnxNode& node, Network& network) {
  TRY_ASSIGN(Tensor * x, required_input(node, 0));
  const int64_t rank = x->type.rank();
  if (rank < 3) return invalid("it pools images with the channels last, not " + x->type.text());
  std::vector<int64_t> order{0, rank - 1}, back{0};
  for (int64_t i = 1; i + 1 < rank; ++i) order.push_back(i);
  for (int64_t i = 2; i < rank; ++i) back.push_back(i);
  back.push_back(1);
  TRY_ASSIGN(x, network.add(Transpose(order), {x}));
  TRY_ASSIGN(const std::vector<Tensor*> outputs, import_as("MaxPool", 12, node, network, {x}));
  return network.add(Transpose(back), {outputs.at(0)});
}

// EmbedLayerNormalization whose tables, scale and shift are 8-bit numbers: inputs 2 to 6, with their scales as inputs 8 to 12 and their
// zero points as 13 to 17.
Result<std::vector<Tensor*>> embed_layer_normalization(const OnnxNode& node, Network& network) {
  std::vector<Tensor*> in = inputs_of(node, 18);
  for (size_t i = 2; i < 7; ++i) {
    if (!in[i] && i == 4) continue;
    TRY_ASSIGN(in[i], dequantized(network, in[i], in[i + 6], in[i + 11]));
  }
  in.resize(8);
  while (!in.back()) in.pop_back();
  const OnnxImport import = OperatorCatalogue::instance().onnx("EmbedLayerNormalization", "com.microsoft");
  if (!import) return internal("EmbedLayerNormalization is not in the catalogue");
  return import(ReroutedNode(node, "EmbedLayerNormalization", 1, std::move(in)), network);
}

// Of W or R [directions, length, 4 * hidden] as 8-bit numbers: (number - zero point) * scale as [directions, 4 * hidden, length]. Scales
// and zero points are [directions] or [directions, 4 * hidden].
Result<Tensor*> recurrent_weights(Network& network, Tensor* w, Tensor* scale, Tensor* zero_point) {
  if (!w || !scale) return invalid("quantized weights or their scales are left out");
  if (w->type.rank() != 3) return invalid("the weights are " + w->type.text() + "; [directions, length, 4 * hidden] is wanted");
  TRY_ASSIGN(Tensor * y, network.add(Elementwise::cast(scale->type.type), {w}));
  for (Tensor* part : {zero_point, scale}) {
    if (!part) continue;
    const bool is_scale = part == scale;
    if (part->type.type != scale->type.type) {
      TRY_ASSIGN(part, network.add(Elementwise::cast(scale->type.type), {part}));
    }
    if (part->type.rank() == 1 || part->type.rank() == 2) {
      TRY_ASSIGN(part, network.add(Unsqueeze(part->type.rank() == 1 ? std::vector<int64_t>{1, 2} : std::vector<int64_t>{1}), {part}));
    }
    TRY_ASSIGN(y, network.add(Elementwise(is_scale ? ScalarOp::kMul : ScalarOp::kSub), {y, part}));
  }
  return network.add(Transpose({0, 2, 1}), {y});
}

// An LSTM of 8-bit weights: the standard's of what they stand for. Inputs and states stay floating point, where the original rounds them to
// 8 bits on their way into each product. Inputs: the standard's eight, then scales and zero points of W and of R.
Result<std::vector<Tensor*>> dynamic_lstm(const OnnxNode& node, Network& network) {
  std::vector<Tensor*> in = inputs_of(node, 12);
  TRY_ASSIGN(in[1], recurrent_weights(network, in[1], in[8], in[9]));
  TRY_ASSIGN(in[2], recurrent_weights(network, in[2], in[10], in[11]));
  in.resize(8);
  return import_as("LSTM", 7, node, network, std::move(in));
}

// Inputs: scale and zero point of y, then operand, scale and zero point of each part.
Result<Tensor*> concat(const OnnxNode& node, Network& network) {
  const std::vector<Tensor*> in = inputs_of(node, 2);
  if (in.size() < 5 || (in.size() - 2) % 3 != 0)
    return invalid(fmt::format("QLinearConcat has {} inputs; 2 and 3 for each part are wanted", in.size()));
  Concat op;
  TRY_ASSIGN(op.axis, node.integer("axis", 1));
  std::vector<Tensor*> parts;
  for (size_t i = 2; i < in.size(); i += 3) {
    TRY_ASSIGN(Tensor * part, dequantized(network, in[i], in[i + 1], in[i + 2]));
    parts.push_back(part);
  }
  TRY_ASSIGN(Tensor * y, network.add(op, parts));
  return quantized(network, y, in[0], in[1], in[2]->type.type);
}

Result<Tensor*> where(const OnnxNode& node, Network& network) {
  TRY_ASSIGN(const std::vector<Tensor*> in, required_inputs(node, 9));
  TRY_ASSIGN(Tensor * x, dequantized(network, in[1], in[2], in[3]));
  TRY_ASSIGN(Tensor * y, dequantized(network, in[4], in[5], in[6]));
  TRY_ASSIGN(Tensor * z, network.add(Elementwise(ScalarOp::kSelect), {in[0], x, y}));
  return quantized(network, z, in[7], in[8], in[1]->type.type);
}

// The standard's QLinearConv, or with the channels as the last axis of x and y.
Result<Tensor*> convolution(const OnnxNode& node, Network& network) {
  std::vector<Tensor*> in = inputs_of(node, 8);
  TRY_ASSIGN(const int64_t last, node.integer("channels_last", 0));
  const int64_t rank = in[0] ? in[0]->type.rank() : 0;
  std::vector<int64_t> order{0, rank - 1}, back{0};
  for (int64_t i = 1; i + 1 < rank; ++i) order.push_back(i);
  for (int64_t i = 2; i < rank; ++i) back.push_back(i);
  back.push_back(1);
  if (last && in[0]) {
    TRY_ASSIGN(in[0], network.add(Transpose(order), {in[0]}));
  }
  TRY_ASSIGN(const std::vector<Tensor*> outputs, import_as("QLinearConv", 10, node, network, in));
  if (!last) return outputs.at(0);
  return network.add(Transpose(back), {outputs.at(0)});
}

Result<Tensor*> add_bias(Network& network, Tensor* y, Tensor* bias) {
  if (!bias) return y;
  return network.add(Elementwise(ScalarOp::kAdd), {y, bias});
}

// a * b with a quantized to uint8 by its own range first: inputs a, b, b_scale, b_zero_point, bias.
Result<Tensor*> dynamic_product(const OnnxNode& node, Network& network) {
  const std::vector<Tensor*> in = inputs_of(node, 5);
  if (!in[0]) return invalid("the left operand is left out");
  TRY_ASSIGN(const std::vector<Tensor*> a, import_as("DynamicQuantizeLinear", 11, node, network, {in[0]}));
  TRY_ASSIGN(Tensor * left, dequantized(network, a[0], a[1], a[2]));
  TRY_ASSIGN(Tensor * right, dequantized(network, in[1], in[2], in[3], -1));
  TRY_ASSIGN(Tensor * y, network.add(MatMul(), {left, right}));
  return add_bias(network, y, in[4]);
}

// Inputs a, b, a_scale, b_scale, a_zero_point, b_zero_point, bias.
Result<Tensor*> product_to_float(const OnnxNode& node, Network& network) {
  const std::vector<Tensor*> in = inputs_of(node, 7);
  TRY_ASSIGN(Tensor * left, dequantized(network, in[0], in[2], in[4], -1));
  TRY_ASSIGN(Tensor * right, dequantized(network, in[1], in[3], in[5], -1));
  TRY_ASSIGN(Tensor * y, network.add(MatMul(), {left, right}));
  return add_bias(network, y, in[6]);
}

// alpha * (a' * b' + c): inputs a, b with scales and zero points, c in int32 of their product's scale, scale and zero point of y.
Result<Tensor*> gemm(const OnnxNode& node, Network& network) {
  const std::vector<Tensor*> in = inputs_of(node, 9);
  TRY_ASSIGN(const int64_t transpose_a, node.integer("transA", 0));
  TRY_ASSIGN(const int64_t transpose_b, node.integer("transB", 0));
  TRY_ASSIGN(const double alpha, node.number("alpha", 1));
  TRY_ASSIGN(Tensor * a, dequantized(network, in[0], in[1], in[2]));
  TRY_ASSIGN(Tensor * b, dequantized(network, in[3], in[4], in[5], transpose_b ? 0 : 1));
  TRY_ASSIGN(Tensor * y, network.add(MatMul(transpose_a != 0, transpose_b != 0), {a, b}));
  if (in[6]) {
    TRY_ASSIGN(Tensor * scale, network.add(Elementwise(ScalarOp::kMul), {in[1], in[4]}));
    TRY_ASSIGN(Tensor * c, network.add(Elementwise::cast(scale->type.type), {in[6]}));
    TRY_ASSIGN(c, network.add(Elementwise(ScalarOp::kMul), {c, scale}));
    TRY_ASSIGN(y, add_bias(network, y, c));
  }
  if (alpha != 1) {
    TRY_ASSIGN(y, network.add(Elementwise(ScalarOp::kAffine, alpha, 0), {y}));
  }
  if (!in[7]) return y;
  return quantized(network, y, in[7], in[8], in[0]->type.type);
}

}  // namespace

REGISTER_OPERATORS(microsoft_quantized) {
  constexpr const char* kDomain = "com.microsoft";
  catalogue.add_onnx("QLinearAdd", one_output<binary<ScalarOp::kAdd>>, kDomain);
  catalogue.add_onnx("QLinearMul", one_output<binary<ScalarOp::kMul>>, kDomain);
  catalogue.add_onnx("QLinearAveragePool", one_output<average_pool>, kDomain);
  catalogue.add_onnx("QLinearGlobalAveragePool", one_output<global_average_pool>, kDomain);
  catalogue.add_onnx("QLinearSigmoid", one_output<sigmoid>, kDomain);
  catalogue.add_onnx("QLinearLeakyRelu", one_output<leaky_relu>, kDomain);
  catalogue.add_onnx("QLinearReduceMean", one_output<reduce_mean>, kDomain);
  catalogue.add_onnx("QLinearSoftmax", one_output<softmax>, kDomain);
  catalogue.add_onnx("QLinearConcat", one_output<concat>, kDomain);
  catalogue.add_onnx("QLinearWhere", one_output<where>, kDomain);
  catalogue.add_onnx("QLinearConv", one_output<convolution>, kDomain);
  catalogue.add_onnx("DynamicQuantizeMatMul", one_output<dynamic_product>, kDomain);
  catalogue.add_onnx("MatMulIntegerToFloat", one_output<product_to_float>, kDomain);
  catalogue.add_onnx("DynamicQuantizeLSTM", dynamic_lstm, kDomain);
  catalogue.add_onnx("QEmbedLayerNormalization", embed_layer_normalization, kDomain);
  catalogue.add_onnx("NhwcMaxPool", one_output<max_pool_channels_last>, kDomain);
  catalogue.add_onnx("QGemm", one_output<gemm>, kDomain);
}

}  // namespace ingot
