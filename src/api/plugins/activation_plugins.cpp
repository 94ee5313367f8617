// Plugins that are a function of each element.
#include "api/plugins/kinds.h"
#include "api/plugins/wiring.h"

namespace ingot::api {
namespace {

// y = x < 0 ? negSlope * x : x
Result<Tensors> leaky_relu(Network& network, const Tensors& in, const StockFields& fields) {
  Wiring w(network);
  w.require(in.size() == 1, "LReLU_TRT has one input");
  return w.done({w.add(Elementwise(ScalarOp::kLeakyRelu, fields.number("negSlope")), {in[0]})});
}

// y = min(max(x, clipMin), clipMax)
Result<Tensors> clip(Network& network, const Tensors& in, const StockFields& fields) {
  Wiring w(network);
  w.require(in.size() == 1, "Clip_TRT has one input");
  const double least = fields.number("clipMin"), most = fields.number("clipMax");
  w.require(least <= most, "clipMin " + std::to_string(least) + " is above clipMax " + std::to_string(most));
  return w.done({w.add(Elementwise(ScalarOp::kClip, least, most), {in[0]})});
}

// y = gelu(x + bias) by the formula with tanh
Result<Tensors> gelu(Network& network, const Tensors& in, const StockFields& fields) {
  Wiring w(network);
  w.require(in.size() == 1, "CustomGeluPluginDynamic has one input");
  Tensor* x = in[0];
  if (const std::vector<double>& bias = fields.numbers("bias"); !bias.empty())
    x = w.apply(ScalarOp::kAdd, {x, w.numbers(bias, {static_cast<int64_t>(bias.size())}, x)});
  return w.done({w.apply(ScalarOp::kGeluTanh, {x})});
}

}  // namespace

std::vector<StockKind> activation_plugins() {
  return {{"LReLU_TRT", "1", {{"negSlope", kReal, {0.1}}}, always("x"), leaky_relu},
          {"Clip_TRT", "1", {{"clipMin", kReal, {0}}, {"clipMax", kReal, {0}}}, always("x"), clip},
          {"CustomGeluPluginDynamic", "1", {{"type_id", kInteger, {0}}, {"bias", kReal}}, always("x"), gelu}};
}

}  // namespace ingot::api
