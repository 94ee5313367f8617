// com.microsoft's products and convolutions: factors, activations and layouts fused with them, and weights of few bits.
#include <fmt/format.h>

#include <numeric>

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

Result<DataType> unsigned_of(int64_t bits) {
  if (bits == 2) return DataType::kUint2;
  if (bits == 4) return DataType::kUint4;
  if (bits == 8) return DataType::kUint8;
  return unsupported(fmt::format("weights of {} bits; 2, 4 and 8 are supported", bits));
}

// The bytes as numbers of fewer bits, low ones first: ONNX's packing, so nothing moves.
Array read_as(const Array& bytes, DataType type, Shape shape) {
  auto keeper = std::make_shared<Array>(bytes);
  return Array::borrow(type, std::move(shape), keeper->data(), keeper);
}

// y = a * w' + bias, w [N, K] in blocks along K of a scale and zero point each.
Result<Tensor*> matmul_few_bits(const OnnxNode& node, Network& network) {
  const std::vector<Tensor*> in = inputs_of(node, 6);
  TRY_ASSIGN(Tensor * a, required_input(node, 0));
  TRY_ASSIGN(const Array packed, constant_input(node, 1, "the weights"));
  TRY_ASSIGN(Tensor * scales, required_input(node, 2));
  TRY_ASSIGN(const int64_t k, node.integer("K", 0));
  TRY_ASSIGN(const int64_t n, node.integer("N", 0));
  TRY_ASSIGN(const int64_t bits, node.integer("bits", 4));
  TRY_ASSIGN(const int64_t block, node.integer("block_size", 0));
  TRY_ASSIGN(const int64_t prepacked, node.integer("weight_prepacked", 0));
  if (prepacked) return unsupported("weights packed for one engine; export them as they are (weight_prepacked = 0)");
  if (in[4]) {
    TRY_ASSIGN(const Array groups, constant_input(node, 4, "g_idx"));
    for (int64_t i = 0; i < groups.count(); ++i) {
      if (block <= 0 || groups.integer(i) != i / block) return unsupported("MatMulNBits whose g_idx shuffles the groups");
    }
  }
  TRY_ASSIGN(const DataType type, unsigned_of(bits));
  if (k <= 0 || n <= 0 || block <= 0 || block * bits % 8 != 0) return invalid(fmt::format("K = {}, N = {}, block_size = {}", k, n, block));
  const int64_t blocks = (k + block - 1) / block;
  if (packed.type() != DataType::kUint8 || packed.count() != n * blocks * (block * bits / 8))
    return invalid(fmt::format("the weights are {} {}; uint8 [{}, {}, {}] are wanted", name_of(packed.type()), to_text(packed.shape()), n,
                               blocks, block * bits / 8));
  Tensor* weights = network.add_constant(in[1]->name + ".numbers", read_as(packed, type, {n, blocks * block}));
  Dequantize op;
  op.axis = 1;
  op.block_size = block;
  op.to = scales->type.type;
  if (scales->type.dims != to_dims({n, blocks})) {
    TRY_ASSIGN(scales, network.add(Reshape(std::vector<int64_t>{n, blocks}), {scales}));
  }
  Tensor* zero_points = in[3];
  Tensor* w = nullptr;
  if (zero_points && is_floating(zero_points->type.type)) {
    // Zero points between two numbers: w = q * scale - zero_point * scale, block by block.
    TRY_ASSIGN(w, network.add(op, {weights, scales}));
    TRY_ASSIGN(zero_points, network.add(Reshape(std::vector<int64_t>{n, blocks}), {zero_points}));
    TRY_ASSIGN(Tensor * shift, network.add(Elementwise(ScalarOp::kMul), {zero_points, scales}));
    TRY_ASSIGN(shift, network.add(Unsqueeze({2}), {shift}));
    TRY_ASSIGN(w, network.add(Reshape(std::vector<int64_t>{n, blocks, block}), {w}));
    TRY_ASSIGN(w, network.add(Elementwise(ScalarOp::kSub), {w, shift}));
    TRY_ASSIGN(w, network.add(Reshape(std::vector<int64_t>{n, blocks * block}), {w}));
  } else {
    TRY_ASSIGN(Array zeros, Array::make(type, {n, blocks}));
    if (zero_points) {  // packed row by row, each to whole bytes
      TRY_ASSIGN(const Array bytes, constant_input(node, 3, "the zero points"));
      const int64_t row_bytes = (blocks * bits + 7) / 8;
      if (bytes.type() != DataType::kUint8 || bytes.count() != n * row_bytes)
        return invalid(fmt::format("the zero points are {} {}; uint8 [{}, {}] are wanted", name_of(bytes.type()), to_text(bytes.shape()), n,
                                   row_bytes));
      const Array rows = read_as(bytes, type, {n, row_bytes * 8 / bits});
      for (int64_t i = 0; i < n * blocks; ++i) zeros.set_integer(i, rows.integer(i / blocks * (row_bytes * 8 / bits) + i % blocks));
    } else {
      for (int64_t i = 0; i < n * blocks; ++i) zeros.set_integer(i, int64_t{1} << (bits - 1));
    }
    TRY_ASSIGN(w, network.add(op, {weights, scales, network.add_constant(in[1]->name + ".zero_points", std::move(zeros))}));
  }
  if (blocks * block != k) {
    TRY_ASSIGN(w, slice_axis(network, w, 1, 0, k));
  }
  TRY_ASSIGN(Tensor * y, network.add(MatMul(false, true), {a, w}));
  if (!in[5]) return y;
  return network.add(Elementwise(ScalarOp::kAdd), {y, in[5]});
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
}

}  // namespace ingot
