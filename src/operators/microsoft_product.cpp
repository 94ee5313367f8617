// com.microsoft's products and convolutions: factors, activations and layouts fused with them, and weights of few bits.
#include <fmt/format.h>

#include <numeric>

#include "operators/block_weights.h"
#include "operators/convolution.h"
#include "operators/dequantize.h"
#include "operators/elementwise.h"
#include "operators/gather.h"
#include "operators/matmul.h"
#include "operators/onnx_input.h"
#include "operators/onnx_reroute.h"
#include "operators/register.h"
#include "operators/reshape.h"
#include "operators/transpose.h"
#include "operators/unsqueeze.h"

namespace ingot {
namespace {

// [batch..., m, k] from an operand whose batch dims stand behind its first: [m, batch..., k].
Result<Tensor*> batches_first(Network& network, Tensor* x) {
  const int64_t rank = x->type.rank();
  if (rank < 3) return x;
  std::vector<int64_t> order(static_cast<size_t>(rank));
  std::iota(order.begin(), order.end() - 2, 1);
  order[static_cast<size_t>(rank - 2)] = 0;
  order[static_cast<size_t>(rank - 1)] = rank - 1;
  return network.add(Transpose(order), {x});
}

// alpha * a' * b', then the activation.
Result<Tensor*> fused_matmul(const OnnxNode& node, Network& network) {
  TRY_ASSIGN(Tensor * a, required_input(node, 0));
  TRY_ASSIGN(Tensor * b, required_input(node, 1));
  TRY_ASSIGN(const double alpha, node.number("alpha", 1));
  TRY_ASSIGN(const int64_t transpose_a, node.integer("transA", 0));
  TRY_ASSIGN(const int64_t transpose_b, node.integer("transB", 0));
  TRY_ASSIGN(const int64_t batch_a, node.integer("transBatchA", 0));
  TRY_ASSIGN(const int64_t batch_b, node.integer("transBatchB", 0));
  if (batch_a) {
    TRY_ASSIGN(a, batches_first(network, a));
  }
  if (batch_b) {
    TRY_ASSIGN(b, batches_first(network, b));
  }
  TRY_ASSIGN(Tensor * y, network.add(MatMul(transpose_a != 0, transpose_b != 0), {a, b}));
  if (alpha != 1) {
    TRY_ASSIGN(y, network.add(Elementwise(ScalarOp::kAffine, alpha, 0), {y}));
  }
  return add_activation(node, network, y);
}

Result<Tensor*> fused_gemm(const OnnxNode& node, Network& network) {
  TRY_ASSIGN(const std::vector<Tensor*> outputs, import_as("Gemm", 13, node, network, inputs_of(node, 3)));
  return add_activation(node, network, outputs.at(0));
}

// gelu_tanh(x * w + bias)
Result<Tensor*> gemm_fast_gelu(const OnnxNode& node, Network& network) {
  TRY_ASSIGN(Tensor * x, required_input(node, 0));
  TRY_ASSIGN(Tensor * w, required_input(node, 1));
  TRY_ASSIGN(Tensor * y, network.add(MatMul(), {x, w}));
  if (Tensor* bias = inputs_of(node, 3)[2]) {
    TRY_ASSIGN(y, network.add(Elementwise(ScalarOp::kAdd), {y, bias}));
  }
  return network.add(Elementwise(ScalarOp::kGeluTanh), {y});
}

// activation(conv(x, w) + bias + z); with channels last x, z and y are [N, spatial..., C].
Result<Tensor*> convolve(const OnnxNode& node, Network& network, bool channels_last) {
  std::vector<Tensor*> in = inputs_of(node, 4);
  for (size_t i : {0, 1}) TRY(required_input(node, i));
  const int64_t rank = in[0]->type.rank();
  std::vector<int64_t> order{0, rank - 1}, back{0};
  for (int64_t i = 1; i + 1 < rank; ++i) order.push_back(i);
  for (int64_t i = 2; i < rank; ++i) back.push_back(i);
  back.push_back(1);
  if (channels_last) {
    TRY_ASSIGN(in[0], network.add(Transpose(order), {in[0]}));
  }
  TRY_ASSIGN(const std::vector<Tensor*> outputs, import_as("Conv", 22, node, network, {in[0], in[1], in[2]}));
  Tensor* y = outputs.at(0);
  if (channels_last) {
    TRY_ASSIGN(y, network.add(Transpose(back), {y}));
  }
  if (in[3]) {
    TRY_ASSIGN(y, network.add(Elementwise(ScalarOp::kAdd), {y, in[3]}));
  }
  return add_activation(node, network, y);
}
Result<Tensor*> fused_convolution(const OnnxNode& node, Network& network) { return convolve(node, network, false); }
Result<Tensor*> nhwc_convolution(const OnnxNode& node, Network& network) { return convolve(node, network, true); }

// y = a * w' + bias, w [N, K] in blocks along K of a scale and zero point each.
Result<Tensor*> matmul_few_bits(const OnnxNode& node, Network& network) {
  const std::vector<Tensor*> in = inputs_of(node, 6);
  TRY_ASSIGN(Tensor * a, required_input(node, 0));
  BlockWeights form;
  TRY_ASSIGN(form.columns, node.integer("K", 0));
  TRY_ASSIGN(form.rows, node.integer("N", 0));
  TRY_ASSIGN(form.bits, node.integer("bits", 4));
  TRY_ASSIGN(form.block, node.integer("block_size", 0));
  TRY_ASSIGN(const int64_t prepacked, node.integer("weight_prepacked", 0));
  if (prepacked) return unsupported("weights packed for one engine; export them as they are (weight_prepacked = 0)");
  if (in[4]) {
    TRY_ASSIGN(const Array groups, constant_input(node, 4, "g_idx"));
    for (int64_t i = 0; i < groups.count(); ++i) {
      if (form.block <= 0 || groups.integer(i) != i / form.block) return unsupported("MatMulNBits whose g_idx shuffles the groups");
    }
  }
  TRY_ASSIGN(Tensor * w, unpack_weights(node, network, form, 1, 2, 3));
  TRY_ASSIGN(Tensor * y, network.add(MatMul(false, true), {a, w}));
  if (!in[5]) return y;
  return network.add(Elementwise(ScalarOp::kAdd), {y, in[5]});
}

// y = a * w', w [N, K] of the 16 numbers of bitsandbytes' fp4 or nf4, two in a byte with the first in the high half, each times the largest
// of its block of the flattened w.
Result<Tensor*> matmul_of_16_numbers(const OnnxNode& node, Network& network) {
  static constexpr double kFp4[] = {0, 1. / 192, 2. / 3, 1, 1. / 3, 1. / 2, 1. / 6, 1. / 4};
  static constexpr double kNf4[] = {-1.0,
                                    -0.6961928009986877,
                                    -0.5250730514526367,
                                    -0.39491748809814453,
                                    -0.28444138169288635,
                                    -0.18477343022823334,
                                    -0.09105003625154495,
                                    0.0,
                                    0.07958029955625534,
                                    0.16093020141124725,
                                    0.24611230194568634,
                                    0.33791524171829224,
                                    0.44070982933044434,
                                    0.5626170039176941,
                                    0.7229568362236023,
                                    1.0};
  TRY_ASSIGN(Tensor * a, required_input(node, 0));
  TRY_ASSIGN(const Array packed, constant_input(node, 1, "the weights"));
  TRY_ASSIGN(const Array largest, constant_input(node, 2, "the largest of each block"));
  TRY_ASSIGN(const int64_t k, node.integer("K", 0));
  TRY_ASSIGN(const int64_t n, node.integer("N", 0));
  TRY_ASSIGN(const int64_t block, node.integer("block_size", 0));
  TRY_ASSIGN(const int64_t is_nf4, node.integer("quant_type", 1));
  TRY_ASSIGN(const int64_t transposed, node.integer("transB", 1));
  if (!transposed) return unsupported("weights [K, N] (transB = 0); [N, K] are supported");
  int64_t count = 0;
  if (k <= 0 || n <= 0 || block <= 0 || __builtin_mul_overflow(k, n, &count) || packed.type() != DataType::kUint8 ||
      packed.count() != (count + 1) / 2 || !is_floating(largest.type()) || largest.count() != (count + block - 1) / block)
    return invalid(fmt::format("K = {}, N = {} and block_size = {} do not fit to weights {} {} with scales {}", k, n, block,
                               name_of(packed.type()), to_text(packed.shape()), to_text(largest.shape())));
  TRY_ASSIGN(Array weights, Array::make(a->type.type, {n, k}));
  for (int64_t i = 0; i < count; ++i) {
    const int64_t both = packed.integer(i / 2), number = i % 2 ? both & 15 : both >> 4;
    const double value = is_nf4 ? kNf4[number] : number < 8 ? kFp4[number] : -kFp4[number - 8];
    weights.set_number(i, value * largest.number(i / block));
  }
  return network.add(MatMul(false, true), {a, network.add_constant(node.input(1)->name + ".numbers", std::move(weights))});
}

// Rows of a table whose numbers are in blocks of a scale and zero point each: gathered first, so that the table stays as small as it is.
// Inputs: numbers, indices, scales, zero points. Bytes hold numbers of `bits` along the last axis.
Result<Tensor*> gather_few_bits(const OnnxNode& node, Network& network) {
  std::vector<Tensor*> in = inputs_of(node, 4);
  TRY_ASSIGN(Tensor * table, required_input(node, 0));
  TRY_ASSIGN(Tensor * indices, required_input(node, 1));
  TRY_ASSIGN(Tensor * scales, required_input(node, 2));
  TRY_ASSIGN(int64_t along, node.integer("gather_axis", 0));
  TRY_ASSIGN(int64_t axis, node.integer("quantize_axis", 1));
  TRY_ASSIGN(const int64_t bits, node.integer("bits", 4));
  Dequantize op;
  TRY_ASSIGN(op.block_size, node.integer("block_size", 128));
  const int64_t rank = table->type.rank();
  TRY_ASSIGN(along, normalize_axis(along, rank));
  TRY_ASSIGN(axis, normalize_axis(axis, rank));
  if (along == axis) return invalid("the axis of the blocks is the one that is gathered from");
  Tensor* zero_points = in[3];
  if (table->type.type == DataType::kUint8) {
    if (bits != 4 && bits != 8) return unsupported(fmt::format("a table of {} bits; 4 and 8 are supported", bits));
    if (bits == 4 && axis != rank - 1) return invalid("two numbers are in a byte, but the blocks are not along the last axis");
    TRY_ASSIGN(const DataType type, unsigned_of(bits));
    TRY_ASSIGN(const Array packed, constant_input(node, 0, "the table"));
    if (!all_constant(scales->type.dims)) return unsupported("the scales have open dims: " + scales->type.text());
    const Shape shape = constant_shape(scales->type.dims);
    TRY_ASSIGN(Array zeros, Array::make(type, shape));
    Shape wide = packed.shape();
    wide.back() *= 8 / bits;
    table = network.add_constant(in[0]->name + ".numbers", read_as(packed, type, wide));
    if (zero_points) {  // packed row by row, each to whole bytes
      TRY_ASSIGN(const Array bytes, constant_input(node, 3, "the zero points"));
      const int64_t row = shape.empty() ? 1 : shape.back(), row_bytes = (row * bits + 7) / 8;
      if (row == 0 || bytes.type() != DataType::kUint8 || bytes.count() != zeros.count() / row * row_bytes)
        return invalid(
            fmt::format("the zero points are {} {}, and the scales {}", name_of(bytes.type()), to_text(bytes.shape()), to_text(shape)));
      const int64_t row_numbers = row_bytes * 8 / bits;
      const Array rows = read_as(bytes, type, {zeros.count() / row, row_numbers});
      for (int64_t i = 0; i < zeros.count(); ++i) zeros.set_integer(i, rows.integer(i / row * row_numbers + i % row));
    } else {
      for (int64_t i = 0; i < zeros.count(); ++i) zeros.set_integer(i, int64_t{1} << (bits - 1));
    }
    zero_points = network.add_constant(in[0]->name + ".zero_points", std::move(zeros));
  }
  std::vector<Tensor*> parts{table, scales};
  if (zero_points) parts.push_back(zero_points);
  for (Tensor*& part : parts) {
    TRY_ASSIGN(part, network.add(Gather(along), {part, indices}));
  }
  op.axis = axis < along ? axis : axis + indices->type.rank() - 1;
  op.to = scales->type.type;
  return network.add(op, parts);
}

}  // namespace

REGISTER_OPERATORS(microsoft_product) {
  constexpr const char* kDomain = "com.microsoft";
  catalogue.add_onnx("FusedMatMul", one_output<fused_matmul>, kDomain);
  catalogue.add_onnx("TransposeMatMul", one_output<fused_matmul>, kDomain);
  catalogue.add_onnx("FusedMatMulActivation", one_output<fused_matmul>, kDomain);
  catalogue.add_onnx("FusedGemm", one_output<fused_gemm>, kDomain);
  catalogue.add_onnx("GemmFastGelu", one_output<gemm_fast_gelu>, kDomain);
  catalogue.add_onnx("FusedConv", one_output<fused_convolution>, kDomain);
  catalogue.add_onnx("NhwcConv", one_output<nhwc_convolution>, kDomain);
  catalogue.add_onnx("NhwcFusedConv", one_output<nhwc_convolution>, kDomain);
  catalogue.add_onnx("NhwcConv", one_output<nhwc_convolution>, "com.ms.internal.nhwc");
  catalogue.add_onnx("GatherBlockQuantized", one_output<gather_few_bits>, kDomain);
  catalogue.add_onnx("MatMulNBits", one_output<matmul_few_bits>, kDomain);
  catalogue.add_onnx("MatMulBnb4", one_output<matmul_of_16_numbers>, kDomain);
}

}  // namespace ingot
