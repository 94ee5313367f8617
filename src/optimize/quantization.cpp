#include "optimize/quantization.h"

#include <cmath>

#include "operators/dequantize.h"
#include "operators/quantize.h"
#include "optimize/edit.h"

namespace ingot {
namespace {

bool has_no_zero_point(const Layer& layer) {
  const Tensor* zero_point = layer.input(2);
  return !zero_point || (zero_point->constant.data() && is_filled_with(zero_point->constant, 0));
}

// Empty where they are not constant, positive and finite.
std::vector<double> scales_of(const Tensor& tensor) {
  std::vector<double> scales;
  if (!tensor.constant.data() || !is_floating(tensor.type.type)) return scales;
  for (int64_t i = 0; i < tensor.constant.count(); ++i) {
    const double scale = tensor.constant.number(i);
    if (!(scale > 0) || std::isinf(scale)) return {};
    scales.push_back(scale);
  }
  return scales;
}

}  // namespace

std::optional<Dequantized> dequantized(const Tensor* tensor) {
  const auto* op = producer_as<Dequantize>(tensor);
  if (!op || op->block_size != 0 || op->to != DataType::kFloat) return std::nullopt;
  const Layer& layer = *tensor->producer();
  if (layer.input(0)->type.type != DataType::kInt8 || !has_no_zero_point(layer)) return std::nullopt;
  Dequantized result{layer.input(0), scales_of(*layer.input(1)), 0};
  if (result.scales.empty()) return std::nullopt;
  if (!result.has_one_scale()) {
    const auto axis = normalize_axis(op->axis, tensor->type.rank());
    if (!axis.ok()) return std::nullopt;
    result.axis = *axis;
  }
  return result;
}

std::optional<Quantized> quantized(const Tensor* tensor) {
  const auto* op = producer_as<Quantize>(tensor);
  if (!op || op->block_size != 0 || op->to != DataType::kInt8) return std::nullopt;
  const Layer& layer = *tensor->producer();
  if (layer.input(0)->type.type != DataType::kFloat || !has_no_zero_point(layer)) return std::nullopt;
  const std::vector<double> scales = scales_of(*layer.input(1));
  if (scales.size() != 1) return std::nullopt;
  return Quantized{layer.input(0), scales[0]};
}

std::optional<Quantized> quantized_once(const Tensor* tensor) {
  if (!tensor || !is_used_once(*tensor)) return std::nullopt;
  return quantized(tensor);
}

std::optional<Quantized> snapped(const Tensor* tensor) {
  const auto back = dequantized(tensor);
  if (!back || !back->has_one_scale()) return std::nullopt;
  const auto there = quantized_once(back->values);
  if (!there || there->scale != back->scales[0]) return std::nullopt;
  return there;
}

Result<Tensor*> add_dequantize(Network& network, Tensor* values, const Dequantized& like) {
  TRY_ASSIGN(Array scales, Array::make(DataType::kFloat, like.has_one_scale() ? Shape{} : Shape{static_cast<int64_t>(like.scales.size())}));
  for (size_t i = 0; i < like.scales.size(); ++i) scales.set_number(static_cast<int64_t>(i), like.scales[i]);
  Dequantize op;
  if (!like.has_one_scale()) op.axis = like.axis;
  return network.add(op, {values, network.add_constant("scale", std::move(scales))});
}

Result<Tensor*> add_quantize(Network& network, Tensor* value, double scale) {
  return network.add(Quantize(), {value, add_number(network, DataType::kFloat, scale)});
}

bool may_be_int8(const Layer& layer) { return !layer.precision || *layer.precision == DataType::kInt8; }

}  // namespace ingot
