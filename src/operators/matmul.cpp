#include "operators/matmul.h"

#include <fmt/format.h>

#include <cmath>

#include "operators/dequantize.h"
#include "operators/elementwise.h"
#include "operators/onnx_input.h"
#include "operators/quantize.h"
#include "operators/register.h"
#include "operators/unsqueeze.h"
#include "testing/example.h"

namespace ingot {
namespace {

bool is_byte(DataType type) { return type == DataType::kInt8 || type == DataType::kUint8; }

// An operand as a stack of matrices: batch dims, rows and columns after transposition. A vector is a row (a) or a column (b).
struct Sides {
  Dims batch;
  Dim rows, columns;
};
Sides sides_of(const Dims& dims, bool transpose, bool is_left) {
  if (dims.size() == 1) return is_left ? Sides{{}, Dim(1), dims[0]} : Sides{{}, dims[0], Dim(1)};
  const size_t rank = dims.size();
  Sides sides{Dims(dims.begin(), dims.end() - 2), dims[rank - 2], dims[rank - 1]};
  if (transpose) std::swap(sides.rows, sides.columns);
  return sides;
}

// Where matrix `index` of the broadcast batch begins in an operand of these batch dims, counted in matrices.
int64_t batch_index(const Shape& own, const Shape& index) {
  int64_t at = 0;
  for (size_t d = 0; d < own.size(); ++d) at = at * own[d] + (own[d] == 1 ? 0 : index[index.size() - own.size() + d]);
  return at;
}

template <class T>
std::vector<T> multiply(const MatMul& op, const Array& a, const Array& b, const Shape& batch) {
  const Sides left = sides_of(to_dims(a.shape()), op.transpose_a, true), right = sides_of(to_dims(b.shape()), op.transpose_b, false);
  const int64_t m = left.rows.value(), k = left.columns.value(), n = right.columns.value();
  const bool flip_a = op.transpose_a && a.rank() > 1, flip_b = op.transpose_b && b.rank() > 1;
  const int64_t a_row = flip_a ? 1 : k, a_column = flip_a ? m : 1, b_row = flip_b ? 1 : n, b_column = flip_b ? k : 1;
  const Shape a_batch = constant_shape(left.batch), b_batch = constant_shape(right.batch);
  const std::vector<T> as = load_all<T>(a), bs = load_all<T>(b);
  std::vector<T> sums;
  for (IndexWalk at(batch); !at.done(); at.next()) {
    const int64_t a_first = batch_index(a_batch, at.index()) * m * k, b_first = batch_index(b_batch, at.index()) * k * n;
    for (int64_t i = 0; i < m; ++i) {
      for (int64_t j = 0; j < n; ++j) {
        T sum = 0;
        for (int64_t p = 0; p < k; ++p) {
          sum += as[static_cast<size_t>(a_first + i * a_row + p * a_column)] * bs[static_cast<size_t>(b_first + p * b_row + j * b_column)];
        }
        sums.push_back(sum);
      }
    }
  }
  return sums;
}

}  // namespace

Result<TensorTypes> MatMul::infer(const TensorTypes& inputs) const {
  if (inputs.size() < 2) return invalid("matmul needs two operands");
  const TensorType &a = inputs[0], &b = inputs[1];
  if (a.rank() == 0 || b.rank() == 0) return invalid("matmul takes operands of rank 1 or more, not a scalar");
  if (a.type != b.type && !(is_byte(a.type) && is_byte(b.type))) {
    return invalid(fmt::format("the operands of matmul are of one type, not {} and {}", name_of(a.type), name_of(b.type)));
  }
  if (a.type == DataType::kBool) return invalid("matmul takes numbers, not bool");
  const Sides left = sides_of(a.dims, transpose_a, true), right = sides_of(b.dims, transpose_b, false);
  if (left.columns.is_constant() && right.rows.is_constant() && left.columns != right.rows) {
    return invalid(fmt::format("{} x {}: {} columns{} do not meet {} rows{}", to_text(a.dims), to_text(b.dims), left.columns.text(),
                               transpose_a ? " (a is transposed)" : "", right.rows.text(), transpose_b ? " (b is transposed)" : ""));
  }
  TensorType y;
  auto batch = broadcast(left.batch, right.batch);
  if (!batch.ok()) return std::move(batch).error().within("batch dimensions of " + to_text(a.dims) + " x " + to_text(b.dims));
  y.dims = *batch;
  if (a.rank() > 1) y.dims.push_back(left.rows);
  if (b.rank() > 1) y.dims.push_back(right.columns);
  TRY_ASSIGN(y.type, output_type(a.type, right.columns));
  TRY(check_extra_inputs(inputs, right.columns, y.dims));
  return TensorTypes{std::move(y)};
}

Result<Arrays> MatMul::evaluate(const Arrays& inputs) const {
  TRY_ASSIGN(TensorTypes outputs, infer(types_of(inputs)));
  const Array &a = inputs[0], &b = inputs[1];
  const Sides left = sides_of(to_dims(a.shape()), transpose_a, true), right = sides_of(to_dims(b.shape()), transpose_b, false);
  TRY_ASSIGN(const Dims batch, broadcast(left.batch, right.batch));
  const Shape y_shape = constant_shape(outputs[0].dims);
  const auto finish = [&](const auto& sums) -> Result<Arrays> {
    TRY_ASSIGN(Array y, finish_all(sums, y_shape, std::max<int64_t>(right.columns.value(), 1), 1, outputs[0].type, inputs));
    return Arrays{std::move(y)};
  };
  // Sums of 8- and 16-bit products are exact in double.
  if (is_integer(a.type()) && bits_of(a.type()) > 16) return finish(multiply<int64_t>(*this, a, b, constant_shape(batch)));
  return finish(multiply<double>(*this, a, b, constant_shape(batch)));
}

Result<Tensor*> MatMul::from_onnx(const OnnxNode& node, Network& network) {
  TRY_ASSIGN(Tensor * a, required_input(node, 0));
  TRY_ASSIGN(Tensor * b, required_input(node, 1));
  return network.add(MatMul(), {a, b});
}

namespace {

// alpha * a' * b' + beta * c
Result<Tensor*> gemm(const OnnxNode& node, Network& network) {
  TRY_ASSIGN(Tensor * a, required_input(node, 0));
  TRY_ASSIGN(Tensor * b, required_input(node, 1));
  TRY_ASSIGN(double alpha, node.number("alpha", 1));
  TRY_ASSIGN(double beta, node.number("beta", 1));
  TRY_ASSIGN(int64_t transpose_a, node.integer("transA", 0));
  TRY_ASSIGN(int64_t transpose_b, node.integer("transB", 0));
  if (a->type.rank() != 2 || b->type.rank() != 2) {
    return invalid("Gemm multiplies two matrices, not " + to_text(a->type.dims) + " and " + to_text(b->type.dims));
  }
  const auto scaled = [&](Tensor* x, double factor) -> Result<Tensor*> {
    if (factor == 1) return x;
    if (is_floating(x->type.type)) return network.add(Elementwise(ScalarOp::kAffine, factor, 0), {x});
    if (factor != std::trunc(factor)) return unsupported(fmt::format("Gemm of integers with the factor {}", factor));
    return network.add(Elementwise(ScalarOp::kMul), {x, add_scalar(network, x, factor)});
  };
  MatMul op(transpose_a != 0, transpose_b != 0);
  op.to = a->type.type;
  TRY_ASSIGN(Tensor * y, network.add(op, {a, b}));
  TRY_ASSIGN(y, scaled(y, alpha));
  Tensor* c = node.input_count() > 2 ? node.input(2) : nullptr;
  if (!c || beta == 0) return y;
  TRY_ASSIGN(c, scaled(c, beta));
  return network.add(Elementwise(ScalarOp::kAdd), {y, c});
}

// x - zero_point in int32. A zero point with one value a row of a gets a trailing dimension; one a column of b needs none.
Result<Tensor*> subtract_zero_point(Network& network, Tensor* x, Tensor* zero_point, bool by_row) {
  TRY_ASSIGN(Tensor * wide, network.add(Elementwise::cast(DataType::kInt32), {x}));
  if (!zero_point) return wide;
  TRY_ASSIGN(zero_point, network.add(Elementwise::cast(DataType::kInt32), {zero_point}));
  if (by_row && zero_point->type.rank() == 1 && !zero_point->type.dims[0].is(1)) {
    TRY_ASSIGN(zero_point, network.add(Unsqueeze({1}), {zero_point}));
  }
  return network.add(Elementwise(ScalarOp::kSub), {wide, zero_point});
}

Result<Tensor*> matmul_integer(const OnnxNode& node, Network& network) {
  TRY_ASSIGN(Tensor * a, required_input(node, 0));
  TRY_ASSIGN(Tensor * b, required_input(node, 1));
  Tensor* a_zero = node.input_count() > 2 ? node.input(2) : nullptr;
  Tensor* b_zero = node.input_count() > 3 ? node.input(3) : nullptr;
  if (!a_zero && !b_zero) return network.add(MatMul(), {a, b});
  TRY_ASSIGN(a, subtract_zero_point(network, a, a_zero, true));
  TRY_ASSIGN(b, subtract_zero_point(network, b, b_zero, false));
  return network.add(MatMul(), {a, b});
}

// Dequantizes with a scale and zero point for all, or one a row (a) or column (b), or such ones for each matrix of a batch.
Result<Tensor*> dequantize_operand(Network& network, Tensor* x, Tensor* scale, Tensor* zero_point, int64_t axis) {
  if (scale->type.rank() <= 1) {
    Dequantize op;
    op.axis = axis;
    op.to = scale->type.type;
    return network.add(op, {x, scale, zero_point});
  }
  TRY_ASSIGN(x, network.add(Elementwise::cast(scale->type.type), {x}));
  TRY_ASSIGN(zero_point, network.add(Elementwise::cast(scale->type.type), {zero_point}));
  TRY_ASSIGN(x, network.add(Elementwise(ScalarOp::kSub), {x, zero_point}));
  return network.add(Elementwise(ScalarOp::kMul), {x, scale});
}

// a, a_scale, a_zero_point, b, b_scale, b_zero_point, y_scale, y_zero_point: dequantize, multiply, quantize.
Result<Tensor*> matmul_quantized(const OnnxNode& node, Network& network) {
  Tensor* in[8] = {};
  for (size_t i = 0; i < 8; ++i) {
    TRY_ASSIGN(in[i], required_input(node, i));
  }
  TRY_ASSIGN(Tensor * a, dequantize_operand(network, in[0], in[1], in[2], -2));
  TRY_ASSIGN(Tensor * b, dequantize_operand(network, in[3], in[4], in[5], -1));
  TRY_ASSIGN(Tensor * y, network.add(MatMul(), {a, b}));
  Quantize quantize;
  quantize.axis = -2;
  quantize.to = in[7]->type.type;
  return network.add(quantize, {y, in[6], in[7]});
}

}  // namespace

OPERATOR(MatMul, matmul, {"MatMul", one_output<MatMul::from_onnx>}, {"Gemm", one_output<gemm>},
         {"MatMulInteger", one_output<matmul_integer>}, {"QLinearMatMul", one_output<matmul_quantized>})

}  // namespace ingot

namespace ingot::testing {

EXAMPLE("a product of matrices") {
  expect_values("input a [2, 3]\ninput b [3, 2]\ny = matmul(a, b)\noutput y\n",
                {{{2, 3}, {1, 2, 3, 4, 5, 6}}, {{3, 2}, {1, 0, 0, 1, 1, 1}}}, {4, 5, 10, 11});
}

EXAMPLE("operands are transposed where asked") {
  expect_values("input a [3, 2]\ninput b [2, 3]\ny = matmul(a, b) transpose_a=true transpose_b=true\noutput y\n",
                {{{3, 2}, {1, 4, 2, 5, 3, 6}}, {{2, 3}, {1, 0, 1, 0, 1, 1}}}, {4, 5, 10, 11});
}

EXAMPLE("batch dimensions broadcast") {
  expect_values("input a [2, 1, 1, 2]\ninput b [3, 2, 1]\ny = matmul(a, b)\noutput y\n",
                {{{2, 1, 1, 2}, {1, 2, 3, 4}}, {{3, 2, 1}, {1, 0, 0, 1, 1, 1}}}, {1, 2, 3, 3, 4, 7});
  expect_types("input a [n, 1, m, 4]\ninput b [8, 4, k]\ny = matmul(a, b)\noutput y\n", {"float [n, 8, m, k]"});
}

EXAMPLE("a vector on the left is a row, on the right a column") {
  expect_values("input a [2]\ninput b [2, 2]\nl = matmul(a, b)\nr = matmul(b, a)\ns = matmul(a, a)\noutput l\noutput r\noutput s\n",
                {{{2}, {1, 2}}, {{2, 2}, {1, 2, 3, 4}}}, {7, 10, 5, 11, 5});
}

EXAMPLE("bias goes by column, then the epilogue") {
  expect_values(
      "input a [1, 2]\ninput r [1, 2]\nweights b [2, 2] = 1 0 0 1\nweights c [2] = 10 -10\ny = matmul(a, b, c, r) epilogue=\"add(relu(x0), "
      "x1)\"\noutput y\n",
      {{{1, 2}, {1, 2}}, {{1, 2}, {0.5, 0.25}}}, {11.5, 0.25});
}

EXAMPLE("scaled 8-bit operands, one weight scale a column") {
  expect_values(
      "input a int8 [1, 2]\nweights b int8 [2, 2] = 127 -128 127 -128\ny = matmul(a, b) input_scale=0.5 weight_scales=[2.0, 1.0]\noutput "
      "y\n",
      {{{1, 2}, {127, 127}}}, {32258, -16256});
}

EXAMPLE("a product without inner elements is zero") {
  expect_values("input a [2, 0]\ninput b [0, 1]\ny = matmul(a, b)\noutput y\n", {{{2, 0}, {}}, {{0, 1}, {}}}, {0, 0});
}

EXAMPLE("sides that do not meet are refused") {
  expect_error("input a [2, 3]\ninput b [4, 2]\ny = matmul(a, b)\noutput y\n", "[2, 3] x [4, 2]: 3 columns do not meet 4 rows");
}

EXAMPLE("one weight scale, or one a column") {
  expect_error(
      "input a int8 [1, 2]\nweights b int8 [2, 3] = 1 2 3 4 5 6\ny = matmul(a, b) input_scale=0.5 weight_scales=[2.0, 1.0]\noutput y\n",
      "there are 2 weight scales for 3 output channels");
}

EXAMPLE("a sum that is quantized before the bias") {
  expect_values(
      "input a int8 [1, 2]\nweights b int8 [2, 2] = 1 2 3 4\nweights c [2] = 0.25 -0.25\ny = matmul(a, b, c) input_scale=0.5 "
      "weight_scales=[0.1] "
      "sum_scale=0.5\noutput y\n",
      {{{1, 2}, {3, 10}}}, {1.75, 2.25});
}

}  // namespace ingot::testing
