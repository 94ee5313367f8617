#include "operators/block_weights.h"

#include <fmt/format.h>

#include "operators/dequantize.h"
#include "operators/elementwise.h"
#include "operators/onnx_reroute.h"
#include "operators/reshape.h"
#include "operators/unsqueeze.h"

namespace ingot {

Result<DataType> unsigned_of(int64_t bits) {
  if (bits == 2) return DataType::kUint2;
  if (bits == 4) return DataType::kUint4;
  if (bits == 8) return DataType::kUint8;
  return unsupported(fmt::format("weights of {} bits; 2, 4 and 8 are supported", bits));
}

Array read_as(const Array& bytes, DataType type, Shape shape) {
  auto keeper = std::make_shared<Array>(bytes);
  return Array::borrow(type, std::move(shape), keeper->data(), keeper);
}

Result<Tensor*> unpack_weights(const OnnxNode& node, Network& network, const BlockWeights& form, size_t bytes_at, size_t scales_at,
                               size_t zero_points_at) {
  TRY_ASSIGN(const Array packed, constant_input(node, bytes_at, "the weights"));
  TRY_ASSIGN(Tensor * scales, required_input(node, scales_at));
  TRY_ASSIGN(const DataType type, unsigned_of(form.bits));
  constexpr int64_t kLargest = int64_t{1} << 40;
  if (form.rows <= 0 || form.columns <= 0 || form.block <= 0 || form.rows > kLargest || form.columns > kLargest ||
      form.block > 2 * kLargest || form.block * form.bits % 8 != 0)
    return invalid(fmt::format("{} rows of {} weights in blocks of {}, {} bits each", form.rows, form.columns, form.block, form.bits));
  const int64_t blocks = form.blocks(), row_weights = blocks * form.block;
  if (form.rows > kLargest / row_weights || packed.type() != DataType::kUint8 ||
      packed.count() != form.rows * (row_weights * form.bits / 8))
    return invalid(fmt::format("the weights are {} {}; uint8 [{}, {}, {}] are wanted", name_of(packed.type()), to_text(packed.shape()),
                               form.rows, blocks, form.block * form.bits / 8));
  const std::string name = node.input(bytes_at)->name;
  Tensor* numbers = network.add_constant(name + ".numbers", read_as(packed, type, {form.rows, row_weights}));
  Dequantize op;
  op.axis = 1;
  op.block_size = form.block;
  op.to = scales->type.type;
  if (scales->type.dims != to_dims({form.rows, blocks})) {
    TRY_ASSIGN(scales, network.add(Reshape(std::vector<int64_t>{form.rows, blocks}), {scales}));
  }
  Tensor* zero_points = zero_points_at < node.input_count() ? node.input(zero_points_at) : nullptr;
  Tensor* w = nullptr;
  if (zero_points && is_floating(zero_points->type.type)) {
    // Zero points between two numbers: w = q * scale - zero_point * scale, block by block.
    TRY_ASSIGN(w, network.add(op, {numbers, scales}));
    TRY_ASSIGN(zero_points, network.add(Reshape(std::vector<int64_t>{form.rows, blocks}), {zero_points}));
    TRY_ASSIGN(Tensor * shift, network.add(Elementwise(ScalarOp::kMul), {zero_points, scales}));
    TRY_ASSIGN(shift, network.add(Unsqueeze({2}), {shift}));
    TRY_ASSIGN(w, network.add(Reshape(std::vector<int64_t>{form.rows, blocks, form.block}), {w}));
    TRY_ASSIGN(w, network.add(Elementwise(ScalarOp::kSub), {w, shift}));
    TRY_ASSIGN(w, network.add(Reshape(std::vector<int64_t>{form.rows, row_weights}), {w}));
  } else {
    TRY_ASSIGN(Array zeros, Array::make(type, {form.rows, blocks}));
    if (zero_points) {  // packed row by row, each to whole bytes
      TRY_ASSIGN(const Array bytes, constant_input(node, zero_points_at, "the zero points"));
      const int64_t row_bytes = (blocks * form.bits + 7) / 8, in_row = row_bytes * 8 / form.bits;
      if (bytes.type() != DataType::kUint8 || bytes.count() != form.rows * row_bytes)
        return invalid(fmt::format("the zero points are {} {}; uint8 [{}, {}] are wanted", name_of(bytes.type()), to_text(bytes.shape()),
                                   form.rows, row_bytes));
      const Array rows = read_as(bytes, type, {form.rows, in_row});
      for (int64_t i = 0; i < form.rows * blocks; ++i) zeros.set_integer(i, rows.integer(i / blocks * in_row + i % blocks));
    } else {
      for (int64_t i = 0; i < form.rows * blocks; ++i) zeros.set_integer(i, int64_t{1} << (form.bits - 1));
    }
    TRY_ASSIGN(w, network.add(op, {numbers, scales, network.add_constant(name + ".zero_points", std::move(zeros))}));
  }
  return row_weights == form.columns ? Result<Tensor*>(w) : slice_axis(network, w, 1, 0, form.columns);
}

}  // namespace ingot
