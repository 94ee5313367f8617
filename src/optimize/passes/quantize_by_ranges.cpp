// With int8 allowed, a product whose operands have ranges reads them quantized: x => dequantize(quantize(x, s), s) with s = the largest
// magnitude of the range / 127, and constant weights w => dequantize(round(w / t), t) with t one scale an output channel. The fusions of
// quantized layers do the rest. Ranges are those that the user or a calibration gave to tensors of weakly typed networks.
#include <algorithm>
#include <cmath>
#include <map>

#include "operators/dequantize.h"
#include "operators/quantize.h"
#include "optimize/edit.h"
#include "optimize/product.h"
#include "optimize/quantization.h"
#include "testing/example.h"

namespace ingot {
namespace {

constexpr double kMostSteps = 127;

std::optional<double> scale_of_range(const Tensor& tensor) {
  const double largest = std::max(std::fabs(tensor.range_min), std::fabs(tensor.range_max));
  if (!(largest > 0) || std::isinf(largest)) return std::nullopt;
  return largest / kMostSteps;
}

bool is_floating_product(const Layer& layer) {
  const EpilogueFields* fields = epilogue_of(layer.op());
  return fields && !fields->is_quantized() && layer.input(0)->type.type == DataType::kFloat &&
         layer.input(1)->type.type == DataType::kFloat && layer.output()->type.type == DataType::kFloat && may_be_int8(layer);
}

// The largest magnitude in each slice of weights along `axis`, over 127; 1 for slices of zeros.
Result<Array> scales_of_weights(const Array& weights, int64_t axis) {
  const Shape& shape = weights.shape();
  const int64_t channels = shape[static_cast<size_t>(axis)];
  int64_t inner = 1;
  for (size_t d = static_cast<size_t>(axis) + 1; d < shape.size(); ++d) inner *= shape[d];
  std::vector<double> largest(static_cast<size_t>(channels), 0);
  for (int64_t i = 0; i < weights.count(); ++i) {
    double& most = largest[static_cast<size_t>(i / inner % channels)];
    most = std::max(most, std::fabs(weights.number(i)));
  }
  TRY_ASSIGN(Array scales, Array::make(DataType::kFloat, {channels}));
  for (int64_t c = 0; c < channels; ++c) {
    const double most = largest[static_cast<size_t>(c)];
    scales.set_number(c, most > 0 && std::isfinite(most) ? most / kMostSteps : 1);
  }
  return scales;
}

Result<Tensor*> quantized_weights(const Layer& product, Network& network) {
  Tensor* weights = product.input(1);
  const auto axis = weight_channel_axis(product);
  if (!axis || !channel_axis(product) || weights->constant.count() == 0) return nullptr;
  TRY_ASSIGN(Array values, scales_of_weights(weights->constant, *axis));
  Tensor* scales = network.add_constant("scale", std::move(values));
  Quantize quantize;
  quantize.axis = *axis;
  TRY_ASSIGN(Tensor * bytes, compute_constant(network, quantize, {weights, scales}));
  Dequantize back;
  back.axis = *axis;
  return network.add(back, {bytes, scales});
}

}  // namespace

PASS(quantize_by_ranges) {
  if (!options.allow_int8 || options.strongly_typed) return false;
  TRY_ASSIGN(std::vector<Layer*> order, network.in_order());
  std::map<int64_t, Tensor*> rounded;  // by the id of what was there
  bool changed = false;
  for (Layer* layer : order) {
    if (!is_floating_product(*layer)) continue;
    Tensor *x = layer->input(0), *w = layer->input(1);
    const bool is_constant = w->constant.data() != nullptr;
    const auto is_ranged = [&](Tensor* tensor) {
      return !tensor->is_constant() && (rounded.contains(tensor->id()) || scale_of_range(*tensor));
    };
    if (!is_ranged(x) || (!is_constant && !is_ranged(w))) continue;
    if (is_constant) {
      TRY_ASSIGN(Tensor * bytes, quantized_weights(*layer, network));
      if (!bytes) continue;
      TRY(network.set_input(layer, 1, bytes));
    }
    for (Tensor* tensor : {x, w}) {
      if (tensor->is_constant() || rounded.contains(tensor->id())) continue;
      const double scale = *scale_of_range(*tensor);
      const std::vector<Layer*> readers = tensor->readers();
      TRY_ASSIGN(Tensor * bytes, add_quantize(network, tensor, scale));
      TRY_ASSIGN(Tensor * back, add_dequantize(network, bytes, Dequantized{bytes, {scale}, 0}));
      // All readers see the rounded value: it is what is stored.
      for (Layer* reader : readers) {
        for (size_t i = 0; i < reader->inputs().size(); ++i) {
          if (reader->input(i) == tensor) TRY(network.set_input(reader, i, back));
        }
      }
      rounded[tensor->id()] = back;
      rounded[back->id()] = back;
    }
    changed = true;
  }
  return changed;
}

EXAMPLE("without ranges nothing is quantized") {
  expect_unchanged("quantize_by_ranges int8", R"(
    input x [n, 2]
    weights w float [2, 2] = 1 2 3 4
    y = matmul(x, w)
    output y)");
}

}  // namespace ingot
