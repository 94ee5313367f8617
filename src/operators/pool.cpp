#include "operators/pool.h"

#include <fmt/format.h>

#include <cmath>
#include <limits>

#include "operators/onnx_input.h"
#include "operators/reduce.h"
#include "operators/register.h"
#include "testing/example.h"

namespace ingot {
namespace {

// What one window of one channel gives.
struct Taps {
  double sum = 0, power_sum = 0;
  double largest = -std::numeric_limits<double>::infinity();
  int64_t largest_at = 0;  // counted over all of x
  int64_t inside = 0;      // taps inside x
  int64_t padded = 0;      // taps inside x and its padding
};

}  // namespace

Result<TensorTypes> Pool::infer(const TensorTypes& given) const {
  TRY_ASSIGN(const TensorTypes inputs, real_inputs(given));
  if (inputs.size() != 1) return invalid("pool has one input");
  const TensorType& x = inputs[0];
  const size_t spatial = kernel.size();
  if (spatial == 0 || x.rank() != static_cast<int64_t>(spatial) + 2) {
    return invalid(
        fmt::format("a kernel of {} dimensions takes an input [N, C, {} spatial dimensions], not {}", spatial, spatial, to_text(x.dims)));
  }
  if (x.type == DataType::kBool) return invalid("pool takes numbers, not bool");
  if (with_indices && kind != PoolKind::kMax) return invalid("only the pool of maxima has indices");
  if (kind == PoolKind::kLp && p < 1) return invalid(fmt::format("the norm's p is {}; it is 1 or more", p));
  TRY(check_window(spatial));
  TRY_ASSIGN(Dims counts, window_counts(Dims(x.dims.begin() + 2, x.dims.end()), kernel, ceil_mode));
  TensorType y{x.type, {x.dims[0], x.dims[1]}};
  y.dims.insert(y.dims.end(), counts.begin(), counts.end());
  TensorTypes outputs = scaled_output(y);
  if (with_indices) outputs.push_back({DataType::kInt64, y.dims});
  return outputs;
}

Result<Arrays> Pool::evaluate(const Arrays& given) const {
  TRY_ASSIGN(const Arrays inputs, real_inputs(given));
  const Array& x = inputs[0];
  TRY_ASSIGN(TensorTypes types, infer({{given[0].type(), to_dims(x.shape())}}));
  Arrays outputs;
  for (const TensorType& type : types) {
    TRY_ASSIGN(Array output, Array::make(type.type, constant_shape(type.dims)));
    outputs.push_back(std::move(output));
  }
  const size_t spatial = kernel.size();
  const Shape lengths(x.shape().begin() + 2, x.shape().end()), strides_of_x = row_major_strides(x.shape());
  const Pads pads = pads_for(lengths, kernel);
  // How far an index moves with each dimension: row-major, or with the last spatial dimension slowest.
  Shape index_strides = strides_of_x;
  if (column_major) {
    for (size_t d = 0, step = 1; d < spatial; step *= static_cast<size_t>(lengths[d]), ++d)
      index_strides[d + 2] = static_cast<int64_t>(step);
  }
  int64_t i = 0;
  for (IndexWalk at(outputs[0].shape()); !at.done(); at.next(), ++i) {
    const Shape& y = at.index();
    Taps taps;
    for (IndexWalk tap(kernel); !tap.done(); tap.next()) {
      int64_t x_at = y[0] * strides_of_x[0] + y[1] * strides_of_x[1], index = x_at;
      bool inside = true, padded = true;
      for (size_t d = 0; d < spatial; ++d) {
        const int64_t position = y[d + 2] * stride(d) + tap.index()[d] * dilation(d) - pads.begin[d];
        inside = inside && position >= 0 && position < lengths[d];
        padded = padded && position < lengths[d] + pads.end[d];
        x_at += position * strides_of_x[d + 2];
        index += position * index_strides[d + 2];
      }
      taps.padded += padded;
      if (!inside) continue;
      const double value = x.number(x_at);
      if (taps.inside == 0 || value > taps.largest || (std::isnan(value) && !std::isnan(taps.largest))) {
        taps.largest = value;
        taps.largest_at = index;
      }
      taps.sum += value;
      taps.power_sum += std::pow(std::fabs(value), static_cast<double>(p));
      ++taps.inside;
    }
    const int64_t divisor = count_include_pad ? taps.padded : taps.inside;
    const double average = divisor == 0 ? 0 : taps.sum / static_cast<double>(divisor);
    double value = taps.largest;
    if (kind == PoolKind::kAverage) value = average;
    if (kind == PoolKind::kLp) value = std::pow(taps.power_sum, 1.0 / static_cast<double>(p));
    if (kind == PoolKind::kBlend) value = (1 - blend_factor) * taps.largest + blend_factor * average;
    outputs[0].set_number(i, output_scale != 0 ? value / output_scale : value);
    if (with_indices) outputs[1].set_integer(i, taps.largest_at);
  }
  return outputs;
}

namespace {

// The exponent of a p-norm; version 1 writes it as a floating-point number.
Result<int64_t> norm_from_onnx(const OnnxNode& node) {
  if (node.opset() >= 2) return node.integer("p", 2);
  TRY_ASSIGN(const double p, node.number("p", 2));
  if (p < 1 || p > 1e9 || p != std::trunc(p))
    return unsupported(fmt::format("{} with p = {}; a whole number is wanted", node.op_type(), p));
  return static_cast<int64_t>(p);
}

Result<std::vector<Tensor*>> pool_from_onnx(const OnnxNode& node, Network& network, PoolKind kind) {
  TRY_ASSIGN(Tensor * x, required_input(node, 0));
  Pool op;
  op.kind = kind;
  TRY_ASSIGN(op.kernel, node.integers("kernel_shape", {}));
  if (op.kernel.empty() || x->type.rank() != static_cast<int64_t>(op.kernel.size()) + 2) {
    return invalid("kernel_shape " + to_text(op.kernel) + " does not fit the input " + to_text(x->type.dims));
  }
  for (int64_t length : op.kernel) {
    if (length <= 0) return invalid("kernel_shape " + to_text(op.kernel) + " holds a length that is not positive");
  }
  TRY_ASSIGN(static_cast<Window&>(op), window_from_onnx(node, Dims(x->type.dims.begin() + 2, x->type.dims.end()), op.kernel));
  TRY_ASSIGN(op.ceil_mode, node.integer("ceil_mode", 0));
  TRY_ASSIGN(op.count_include_pad, node.integer("count_include_pad", 0));
  TRY_ASSIGN(op.column_major, node.integer("storage_order", 0));
  TRY_ASSIGN(op.p, norm_from_onnx(node));
  op.with_indices = kind == PoolKind::kMax && node.output_count() > 1 && node.output_is_used(1);
  TRY_ASSIGN(Layer * layer, network.add_layer(std::make_unique<Pool>(op), {x}));
  return layer->outputs();
}

template <PoolKind kKind>
Result<std::vector<Tensor*>> import_pool(const OnnxNode& node, Network& network) {
  return pool_from_onnx(node, network, kKind);
}

// A pool over all spatial dimensions is a reduction.
Result<Tensor*> reduce_spatial(const OnnxNode& node, Network& network, ReduceKind kind) {
  TRY_ASSIGN(Tensor * x, required_input(node, 0));
  if (x->type.rank() < 3) return invalid(node.op_type() + " takes [N, C, spatial...], not " + to_text(x->type.dims));
  Reduce op(kind, {});
  for (int64_t axis = 2; axis < x->type.rank(); ++axis) op.axes.push_back(axis);
  return network.add(op, {x});
}

template <ReduceKind kKind>
Result<std::vector<Tensor*>> import_global(const OnnxNode& node, Network& network) {
  TRY_ASSIGN(Tensor * y, reduce_spatial(node, network, kKind));
  return std::vector<Tensor*>{y};
}

Result<Tensor*> global_lp_pool(const OnnxNode& node, Network& network) {
  TRY_ASSIGN(const int64_t p, norm_from_onnx(node));
  if (p == 1) return reduce_spatial(node, network, ReduceKind::kL1);
  if (p == 2) return reduce_spatial(node, network, ReduceKind::kL2);
  TRY_ASSIGN(Tensor * x, required_input(node, 0));
  const Dims spatial(x->type.dims.begin() + std::min<int64_t>(2, x->type.rank()), x->type.dims.end());
  if (!all_constant(spatial)) return unsupported(fmt::format("GlobalLpPool with p = {} over unknown lengths {}", p, to_text(x->type.dims)));
  Pool op;
  op.kind = PoolKind::kLp;
  op.kernel = constant_shape(spatial);
  op.p = p;
  return network.add(op, {x});
}

}  // namespace

OPERATOR(Pool, pool, {"MaxPool", import_pool<PoolKind::kMax>}, {"AveragePool", import_pool<PoolKind::kAverage>},
         {"LpPool", import_pool<PoolKind::kLp>}, {"GlobalAveragePool", import_global<ReduceKind::kMean>},
         {"GlobalMaxPool", import_global<ReduceKind::kMax>}, {"GlobalLpPool", one_output<global_lp_pool>})

}  // namespace ingot

namespace ingot::testing {

EXAMPLE("the largest of each window, padding never wins") {
  expect_values("input x [1, 1, 3, 3]\ny = pool(x) kernel=[2, 2] strides=[2, 2] pads_begin=[1, 1]\noutput y\n",
                {{{1, 1, 3, 3}, {-1, -2, -3, -4, -5, -6, -7, -8, -9}}}, {-1, -2, -4, -5});
}

EXAMPLE("an average counts its padding only where asked") {
  expect_values(
      "input x [1, 1, 3]\ny = pool(x) kind=average kernel=[2] pads_begin=[1]\nz = pool(x) kind=average kernel=[2] pads_begin=[1] "
      "count_include_pad=true\noutput y\noutput z\n",
      {{{1, 1, 3}, {2, 4, 8}}}, {2, 3, 6, 1, 3, 6});
}

EXAMPLE("a last window that is partly inside counts with ceil_mode, one in the padding does not") {
  expect_values(
      "input x [1, 1, 4]\ny = pool(x) kernel=[3] strides=[2] ceil_mode=true\nz = pool(x) kind=average kernel=[1] strides=[2] pads_end=[1] "
      "ceil_mode=true\noutput y\noutput z\n",
      {{{1, 1, 4}, {1, 2, 3, 4}}}, {3, 4, 1, 3});
}

EXAMPLE("indices count over all of x, in either order") {
  expect_values(
      "input x [1, 2, 2, 2]\ny, i = pool(x) kernel=[2, 2] with_indices=true\nz, j = pool(x) kernel=[2, 2] with_indices=true "
      "column_major=true\noutput y\noutput i\noutput j\n",
      {{{1, 2, 2, 2}, {1, 9, 2, 3, 4, 5, 8, 7}}}, {9, 8, 1, 6, 2, 5});
}

EXAMPLE("a norm over dilated taps, and a blend of maximum and average") {
  expect_values(
      "input x [1, 1, 3]\ny = pool(x) kind=lp kernel=[2] dilations=[2]\nz = pool(x) kind=blend kernel=[3] blend_factor=0.25\noutput "
      "y\noutput z\n",
      {{{1, 1, 3}, {3, 2, 4}}}, {5, 3.75});
}

EXAMPLE("symbolic lengths of a pool") {
  expect_types("input x [n, 8, h, w]\ny = pool(x) kernel=[3, 3] strides=[2, 2] pads_begin=[1, 1] pads_end=[2, 2]\noutput y\n",
               {"float [n, 8, floor(h / 2) + 1, floor(w / 2) + 1]"});
}

EXAMPLE("a kernel of the wrong rank is refused") {
  expect_error("input x [1, 1, 3, 3]\ny = pool(x) kernel=[2]\noutput y\n",
               "a kernel of 1 dimensions takes an input [N, C, 1 spatial dimensions], not [1, 1, 3, 3]");
}

EXAMPLE("an average has no indices") {
  expect_error("input x [1, 1, 3]\ny, i = pool(x) kind=average kernel=[2] with_indices=true\noutput y\n",
               "only the pool of maxima has indices");
}

EXAMPLE("the largest of bytes") {
  expect_values("input x int8 [1, 1, 4]\ny = pool(x) kernel=[2] strides=[2]\noutput y\n", {{{1, 1, 4}, {-128, -127, 3, -100}}}, {-127, 3});
}

EXAMPLE("an average of 8 bits is rounded once") {
  expect_values("input x int8 [1, 1, 4]\ny = pool(x) kind=average kernel=[2] strides=[2] input_scale=0.5 output_scale=0.25\noutput y\n",
                {{{1, 1, 4}, {1, 2, 3, 100}}}, {3, 103});
}

}  // namespace ingot::testing
