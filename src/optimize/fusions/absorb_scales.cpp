// layer(dequantize(x, s)) => layer(x) with input_scale = s, quantize(layer(x), s) => layer(x) with output_scale = s; a layer that computes
// in float whatever its input: softmax, normalization, reduce, average pooling
#include "operators/normalization.h"
#include "operators/pool.h"
#include "operators/reduce.h"
#include "operators/softmax.h"
#include "optimize/edit.h"
#include "optimize/pattern.h"
#include "optimize/quantization.h"
#include "testing/example.h"

namespace ingot {
namespace {

const ScaledFields* scales_of(const Operator& op) {
  if (const auto* softmax = dynamic_cast<const Softmax*>(&op)) return softmax;
  if (const auto* normalization = dynamic_cast<const Normalization*>(&op)) return normalization;
  if (const auto* reduce = dynamic_cast<const Reduce*>(&op)) return reduce;
  const auto* pool = dynamic_cast<const Pool*>(&op);
  return pool && !pool->with_indices ? pool : nullptr;
}

struct ScaledCopy {
  std::unique_ptr<Operator> op;
  ScaledFields* scales;
};

ScaledCopy copy_scaled(const Operator& op) {
  ScaledCopy copy{op.clone(), nullptr};
  copy.scales = const_cast<ScaledFields*>(scales_of(*copy.op));
  return copy;
}

Result<Tensor*> quantized_layer(const Quantized& quantize, Network& network) {
  const Layer* layer = quantize.value->producer();
  const ScaledFields* scales = layer ? scales_of(layer->op()) : nullptr;
  if (!scales || scales->output_scale != 0 || !is_used_once(*quantize.value) || !may_be_int8(*layer)) return nullptr;
  ScaledCopy copy = copy_scaled(layer->op());
  copy.scales->output_scale = quantize.scale;
  TRY_ASSIGN(Layer * added, network.add_layer(std::move(copy.op), layer->inputs()));
  return added->output();
}

Result<Tensor*> layer_of_bytes(const Layer& layer, Network& network) {
  const ScaledFields* scales = scales_of(layer.op());
  const auto x = dequantized(layer.input(0));
  if (!scales || scales->input_scale != 0 || !x || !x->has_one_scale() || !may_be_int8(layer)) return nullptr;
  ScaledCopy copy = copy_scaled(layer.op());
  copy.scales->input_scale = x->scales[0];
  std::vector<Tensor*> inputs = layer.inputs();
  inputs[0] = x->values;
  TRY_ASSIGN(Layer * added, network.add_layer(std::move(copy.op), std::move(inputs)));
  return added->output();
}

}  // namespace

FUSION(absorb_scales, kComputeOnBytes, kStoreBytes, kReadBytes) {
  auto quantize = Pattern::any().where([](const Tensor& tensor) { return quantized(&tensor).has_value(); });
  fusions.push_back(
      {"absorb_scales", quantize, [=](const Match& m, Network& network) { return quantized_layer(*quantized(m[quantize]), network); }});
  auto layer = Pattern::any().where([](const Tensor& tensor) { return tensor.producer() && scales_of(tensor.producer()->op()); });
  fusions.push_back({"absorb_scales", layer, [=](const Match& m, Network& network) { return layer_of_bytes(m.layer(layer), network); }});
}

EXAMPLE("softmax between bytes") {
  expect_rewrite("absorb_scales", R"(
    input x int8 [n, 2]
    weights s float [] = 0.5
    weights t float [] = 0.0078125
    a = dequantize(x, s)
    b = softmax(a)
    y = quantize(b, t)
    output y)",
                 R"(
    input x int8 [n, 2]
    y = softmax(x) input_scale=0.5 output_scale=0.0078125
    output y)");
}

EXAMPLE("a result that others read in float stays float") {
  expect_unchanged("absorb_scales", R"(
    input x [n, 2]
    weights t float [] = 0.0078125
    b = softmax(x)
    y = quantize(b, t)
    output y
    output b)");
}

}  // namespace ingot
