// Layers of one element each: activations, powers, logarithms.
#include <cmath>

#include "import/caffe/layer.h"

namespace ingot {
namespace {

using Import = Result<Tensor*> (*)(const CaffeLayer&);

template <ScalarOp kOp>
Result<Tensor*> plain(const CaffeLayer& layer) {
  TRY(layer.expects(1, 1));
  return layer.add(Elementwise(kOp), {layer.input()});
}

Result<Tensor*> relu(const CaffeLayer& layer) {
  TRY(layer.expects(1, 1));
  const float slope = layer.parameter().relu_param().negative_slope();
  return layer.add(slope == 0 ? Elementwise(ScalarOp::kRelu) : Elementwise(ScalarOp::kLeakyRelu, slope), {layer.input()});
}

Result<Tensor*> relu6(const CaffeLayer& layer) {
  TRY(layer.expects(1, 1));
  return layer.add(Elementwise(ScalarOp::kClip, 0, 6), {layer.input()});
}

// y = x < 0 ? slope * x : x, with a slope for each channel or one for all.
Result<Tensor*> prelu(const CaffeLayer& layer) {
  TRY(layer.expects(1, 1));
  if (layer.rank() < 2) return invalid("it takes [N, C, ...]");
  TRY_ASSIGN(int64_t channels, layer.known_dim(1));
  Shape shape(static_cast<size_t>(layer.rank()), 1);
  if (!layer.parameter().prelu_param().channel_shared()) shape[1] = channels;
  TRY_ASSIGN(Tensor * slope, layer.weights(0, shape, "slope", 0.25));
  return layer.add(Elementwise(ScalarOp::kPrelu), {layer.input(), slope});
}

Result<Tensor*> elu(const CaffeLayer& layer) {
  TRY(layer.expects(1, 1));
  return layer.add(Elementwise(ScalarOp::kElu, layer.parameter().elu_param().alpha()), {layer.input()});
}

Result<Tensor*> clip(const CaffeLayer& layer) {
  TRY(layer.expects(1, 1));
  const auto& parameter = layer.parameter().clip_param();
  const double least = parameter.has_min() ? parameter.min() : -3.402823466e38,
               most = parameter.has_max() ? parameter.max() : 3.402823466e38;
  if (!(least <= most)) return invalid("min is " + std::to_string(least) + " and max " + std::to_string(most));
  return layer.add(Elementwise(ScalarOp::kClip, least, most), {layer.input()});
}

Result<Tensor*> swish(const CaffeLayer& layer) {
  TRY(layer.expects(1, 1));
  const float beta = layer.parameter().swish_param().beta();
  return layer.add(beta == 1 ? Elementwise(ScalarOp::kSilu) : Elementwise(ScalarOp::kSwish, beta), {layer.input()});
}

// scale * x + shift, where that is not x.
Result<Tensor*> affine(const CaffeLayer& layer, double scale, double shift, const char* part) {
  if (scale == 1 && shift == 0) return layer.input();
  return layer.add(Elementwise(ScalarOp::kAffine, scale, shift), {layer.input()}, part);
}

// y = (shift + scale * x) ^ power.
Result<Tensor*> power(const CaffeLayer& layer) {
  TRY(layer.expects(1, 1));
  const auto& parameter = layer.parameter().power_param();
  if (parameter.power() == 1) return layer.add(Elementwise(ScalarOp::kAffine, parameter.scale(), parameter.shift()), {layer.input()});
  TRY_ASSIGN(Tensor * x, affine(layer, parameter.scale(), parameter.shift(), "scaled"));
  return layer.add(Elementwise(ScalarOp::kPow), {x, layer.scalar(parameter.power())});
}

// y = base ^ (shift + scale * x); e where the base is -1.
Result<Tensor*> exponential(const CaffeLayer& layer) {
  TRY(layer.expects(1, 1));
  const auto& parameter = layer.parameter().exp_param();
  if (parameter.base() != -1 && !(parameter.base() > 0))
    return invalid("base is " + std::to_string(parameter.base()) + "; it is positive, or -1 for e");
  const double factor = parameter.base() == -1 ? 1 : std::log(static_cast<double>(parameter.base()));
  TRY_ASSIGN(Tensor * x, affine(layer, parameter.scale() * factor, parameter.shift() * factor, "exponent"));
  return layer.add(Elementwise(ScalarOp::kExp), {x});
}

// y = log(shift + scale * x) to the base.
Result<Tensor*> logarithm(const CaffeLayer& layer) {
  TRY(layer.expects(1, 1));
  const auto& parameter = layer.parameter().log_param();
  if (parameter.base() != -1 && !(parameter.base() > 0))
    return invalid("base is " + std::to_string(parameter.base()) + "; it is positive, or -1 for e");
  TRY_ASSIGN(Tensor * x, affine(layer, parameter.scale(), parameter.shift(), "scaled"));
  if (parameter.base() == -1) return layer.add(Elementwise(ScalarOp::kLog), {x});
  TRY_ASSIGN(x, layer.add(Elementwise(ScalarOp::kLog), {x}, "natural"));
  return layer.add(Elementwise(ScalarOp::kAffine, 1 / std::log(static_cast<double>(parameter.base())), 0), {x});
}

// y = x > threshold ? 1 : 0.
Result<Tensor*> threshold(const CaffeLayer& layer) {
  TRY(layer.expects(1, 1));
  TRY_ASSIGN(Tensor * above, layer.add(Elementwise(ScalarOp::kGreater),
                                       {layer.input(), layer.scalar(layer.parameter().threshold_param().threshold())}, "above"));
  return layer.add(Elementwise::cast(DataType::kFloat), {above});
}

}  // namespace

CAFFE_LAYERS(activations) {
  catalogue.add("ReLU", one_caffe_output<relu>);
  catalogue.add("ReLU6", one_caffe_output<relu6>);
  catalogue.add("PReLU", one_caffe_output<prelu>);
  catalogue.add("ELU", one_caffe_output<elu>);
  catalogue.add("Clip", one_caffe_output<clip>);
  catalogue.add("Swish", one_caffe_output<swish>);
  catalogue.add("Power", one_caffe_output<power>);
  catalogue.add("Exp", one_caffe_output<exponential>);
  catalogue.add("Log", one_caffe_output<logarithm>);
  catalogue.add("Threshold", one_caffe_output<threshold>);
  catalogue.add("Sigmoid", one_caffe_output<plain<ScalarOp::kSigmoid>>);
  catalogue.add("TanH", one_caffe_output<plain<ScalarOp::kTanh>>);
  catalogue.add("AbsVal", one_caffe_output<plain<ScalarOp::kAbs>>);
  catalogue.add("BNLL", one_caffe_output<plain<ScalarOp::kSoftplus>>);
  catalogue.add("Mish", one_caffe_output<plain<ScalarOp::kMish>>);
  catalogue.add("HSwish", one_caffe_output<plain<ScalarOp::kHardSwish>>);
}

}  // namespace ingot
