// Layers that scale: batch normalization of several forks, Scale, Bias, LRN, MVN, Normalize, Softmax.
#include <cmath>

#include "import/caffe/layer.h"
#include "operators/lrn.h"
#include "operators/pool.h"
#include "operators/reduce.h"
#include "operators/reshape.h"
#include "operators/scale.h"
#include "operators/softmax.h"

namespace ingot {
namespace {

// (x - mean) / sqrt(variance + epsilon) * scale + shift as one factor and one shift a channel. Null stands for 1 or 0 throughout.
Result<Tensor*> normalized(const CaffeLayer& layer, const Array& mean, const Array& variance, double factor, double epsilon,
                           const Array* scale, const Array* shift) {
  TRY_ASSIGN(Array scales, Array::make(DataType::kFloat, mean.shape()));
  TRY_ASSIGN(Array shifts, Array::make(DataType::kFloat, mean.shape()));
  for (int64_t c = 0; c < mean.count(); ++c) {
    const double spread = variance.number(c) * factor + epsilon;
    if (!(spread > 0))
      return invalid("the variance of channel " + std::to_string(c) + " with eps is " + std::to_string(spread) + "; it is positive");
    const double by = (scale ? scale->number(c) : 1) / std::sqrt(spread);
    scales.set_number(c, by);
    shifts.set_number(c, (shift ? shift->number(c) : 0) - mean.number(c) * factor * by);
  }
  return layer.add(Scale{}, {layer.input(), layer.constant(std::move(scales), "scale"), layer.constant(std::move(shifts), "shift")});
}

// Blobs: mean, variance and the factor they are to be divided by; or, of NVIDIA's fork, mean, variance, -, scale, bias.
Result<Tensor*> batch_norm(const CaffeLayer& layer) {
  TRY(layer.expects(1, 1));
  if (layer.rank() < 2) return invalid("it takes [N, C, ...]");
  const double epsilon = layer.parameter().batch_norm_param().eps();
  TRY_ASSIGN(int64_t channels, layer.known_dim(1));
  const Shape shape = {channels};
  TRY_ASSIGN(Array mean, layer.blob(0, shape));
  TRY_ASSIGN(Array variance, layer.blob(1, shape, 1));
  if (layer.blob_count() == 5) {
    TRY_ASSIGN(Array scale, layer.blob(3, shape, 1));
    TRY_ASSIGN(Array bias, layer.blob(4, shape));
    return normalized(layer, mean, variance, 1, epsilon, &scale, &bias);
  }
  double factor = 1;
  if (layer.blob_count() > 2) {
    TRY_ASSIGN(Array divisor, layer.blob(2, {1}));
    if (divisor.number(0) == 0) return invalid("the sum of its moving averages (blob 2) has weight 0; the net has not been trained");
    factor = 1 / divisor.number(0);
  }
  return normalized(layer, mean, variance, factor, epsilon, nullptr, nullptr);
}

// Of SegNet with merged statistics: scale, shift. Of PSPNet: scale, shift, mean, variance.
Result<Tensor*> bn(const CaffeLayer& layer) {
  TRY(layer.expects(1, 1));
  if (layer.rank() < 2) return invalid("it takes [N, C, ...]");
  TRY_ASSIGN(int64_t channels, layer.known_dim(1));
  const Shape shape = {channels};
  TRY_ASSIGN(Array scale, layer.blob(0, shape, 1));
  TRY_ASSIGN(Array shift, layer.blob(1, shape));
  if (layer.blob_count() < 4) return layer.add(Scale{}, {layer.input(), layer.constant(scale, "scale"), layer.constant(shift, "shift")});
  TRY_ASSIGN(Array mean, layer.blob(2, shape));
  TRY_ASSIGN(Array variance, layer.blob(3, shape, 1));
  return normalized(layer, mean, variance, 1, layer.parameter().bn_param().eps(), &scale, &shift);
}

// Axes [axis, axis + count) of the first input; to the last one where count is -1.
Result<Shape> covered(const CaffeLayer& layer, int64_t axis, int64_t count) {
  if (count == -1) count = layer.rank() - axis;
  if (count < 0 || axis + count > layer.rank())
    return invalid("num_axes is " + std::to_string(count) + ", which goes beyond " + layer.input()->type.text());
  Shape shape;
  for (int64_t d = axis; d < axis + count; ++d) {
    TRY_ASSIGN(int64_t size, layer.known_dim(d));
    shape.push_back(size);
  }
  return shape;
}

// A second bottom, with ones behind so that it broadcasts from `axis` on.
Result<Tensor*> aligned(const CaffeLayer& layer, int64_t axis, const char* part) {
  const int64_t behind = layer.rank() - axis - layer.rank(1);
  if (behind < 0)
    return invalid("its second bottom " + layer.input(1)->type.text() + " goes beyond the first from axis " + std::to_string(axis) + " on");
  if (behind == 0) return layer.input(1);
  Dims dims;
  for (int64_t d = 0; d < layer.rank(1); ++d) dims.push_back(input_dim(d));
  dims.insert(dims.end(), static_cast<size_t>(behind), Dim(1));
  return layer.add(Reshape(dims), {layer.input(1)}, part);
}

// Blob `index` with ones around, so that it broadcasts.
Result<Tensor*> spread_blob(const CaffeLayer& layer, int64_t index, int64_t axis, const Shape& shape, const char* role, double centre) {
  Shape wide(static_cast<size_t>(layer.rank()), 1);
  std::copy(shape.begin(), shape.end(), wide.begin() + axis);
  return layer.weights(index, wide, role, centre);
}

Result<Tensor*> scale(const CaffeLayer& layer) {
  TRY(layer.expects(1, 2));
  const auto& parameter = layer.parameter().scale_param();
  TRY_ASSIGN(int64_t axis, layer.axis(parameter.axis()));
  if (layer.inputs().size() == 2) {
    TRY_ASSIGN(Tensor * factor, aligned(layer, axis, "factor"));
    if (!parameter.bias_term()) return layer.add(Elementwise(ScalarOp::kMul), {layer.input(), factor});
    TRY_ASSIGN(Tensor * y, layer.add(Elementwise(ScalarOp::kMul), {layer.input(), factor}, "scaled"));
    TRY_ASSIGN(Shape shape, covered(layer, axis, layer.rank(1)));
    TRY_ASSIGN(Tensor * bias, spread_blob(layer, 0, axis, shape, "shift", 0));
    return layer.add(Elementwise(ScalarOp::kAdd), {y, bias});
  }
  TRY_ASSIGN(Shape shape, covered(layer, axis, parameter.num_axes()));
  // A bias that the model has is meant, even where the definition forgets to say so.
  const bool has_bias = parameter.bias_term() || (!parameter.has_bias_term() && layer.blob_count() > 1);
  if (shape.size() == 1) {
    Scale op;
    op.axis = axis;
    TRY_ASSIGN(Tensor * factor, layer.weights(0, shape, "scale", 1));
    std::vector<Tensor*> inputs = {layer.input(), factor};
    if (has_bias) {
      TRY_ASSIGN(Tensor * bias, layer.weights(1, shape, "shift"));
      inputs.push_back(bias);
    }
    return layer.add(op, std::move(inputs));
  }
  TRY_ASSIGN(Tensor * factor, spread_blob(layer, 0, axis, shape, "scale", 1));
  TRY_ASSIGN(Tensor * y, layer.add(Elementwise(ScalarOp::kMul), {layer.input(), factor}, has_bias ? "scaled" : nullptr));
  if (!has_bias) return y;
  TRY_ASSIGN(Tensor * bias, spread_blob(layer, 1, axis, shape, "shift", 0));
  return layer.add(Elementwise(ScalarOp::kAdd), {y, bias});
}

Result<Tensor*> bias(const CaffeLayer& layer) {
  TRY(layer.expects(1, 2));
  const auto& parameter = layer.parameter().bias_param();
  TRY_ASSIGN(int64_t axis, layer.axis(parameter.axis()));
  Tensor* added = nullptr;
  if (layer.inputs().size() == 2) {
    TRY_ASSIGN(added, aligned(layer, axis, "bias"));
  } else {
    TRY_ASSIGN(Shape shape, covered(layer, axis, parameter.num_axes()));
    TRY_ASSIGN(added, spread_blob(layer, 0, axis, shape, "bias", 0));
  }
  return layer.add(Elementwise(ScalarOp::kAdd), {layer.input(), added});
}

// Across channels: x / (k + alpha / size * sum of squares)^beta. Within one: x * (1 + alpha * mean of squares around)^-beta.
Result<Tensor*> lrn(const CaffeLayer& layer) {
  TRY(layer.expects(1, 1));
  const auto& parameter = layer.parameter().lrn_param();
  const int64_t size = parameter.local_size();
  if (size % 2 == 0) return invalid("local_size is " + std::to_string(size) + "; it is odd");
  if (parameter.norm_region() == caffe::LRNParameter::ACROSS_CHANNELS) {
    Lrn op;
    op.size = size;
    op.alpha = parameter.alpha();
    op.beta = parameter.beta();
    op.k = parameter.k();
    return layer.add(op, {layer.input()});
  }
  if (layer.rank() != 4) return invalid("it takes [N, C, H, W]");
  Pool pool;
  pool.kind = PoolKind::kAverage;
  pool.count_include_pad = true;
  pool.kernel = {size, size};
  pool.pads_begin = pool.pads_end = {size / 2, size / 2};
  TRY_ASSIGN(Tensor * squares, layer.add(Elementwise(ScalarOp::kMul), {layer.input(), layer.input()}, "squares"));
  TRY_ASSIGN(Tensor * mean, layer.add(pool, {squares}, "mean"));
  TRY_ASSIGN(Tensor * base, layer.add(Elementwise(ScalarOp::kAffine, parameter.alpha(), 1), {mean}, "base"));
  TRY_ASSIGN(Tensor * factor, layer.add(Elementwise(ScalarOp::kPow), {base, layer.scalar(-parameter.beta())}, "factor"));
  return layer.add(Elementwise(ScalarOp::kMul), {layer.input(), factor});
}

// (x - mean) / (sqrt(variance) + eps) over each image, or each channel of it.
Result<Tensor*> mvn(const CaffeLayer& layer) {
  TRY(layer.expects(1, 1));
  const auto& parameter = layer.parameter().mvn_param();
  std::vector<int64_t> axes;
  for (int64_t d = parameter.across_channels() ? 1 : 2; d < layer.rank(); ++d) axes.push_back(d);
  if (axes.empty()) return invalid("it takes [N, C, H, W]");
  const bool divides = parameter.normalize_variance();
  TRY_ASSIGN(Tensor * mean, layer.add(Reduce(ReduceKind::kMean, axes), {layer.input()}, "mean"));
  TRY_ASSIGN(Tensor * centred, layer.add(Elementwise(ScalarOp::kSub), {layer.input(), mean}, divides ? "centred" : nullptr));
  if (!divides) return centred;
  TRY_ASSIGN(Tensor * squares, layer.add(Elementwise(ScalarOp::kMul), {centred, centred}, "squares"));
  TRY_ASSIGN(Tensor * variance, layer.add(Reduce(ReduceKind::kMean, axes), {squares}, "variance"));
  TRY_ASSIGN(Tensor * deviation, layer.add(Elementwise(ScalarOp::kSqrt), {variance}, "deviation"));
  TRY_ASSIGN(deviation, layer.add(Elementwise(ScalarOp::kAffine, 1, parameter.eps()), {deviation}, "with eps"));
  return layer.add(Elementwise(ScalarOp::kDiv), {centred, deviation});
}

// x / sqrt(sum of squares + eps) * scale, the sum over channels, or channels and places.
Result<Tensor*> normalize(const CaffeLayer& layer) {
  TRY(layer.expects(1, 1));
  const auto& parameter = layer.parameter().norm_param();
  if (layer.rank() < 2) return invalid("it takes [N, C, ...]");
  std::vector<int64_t> axes = {1};
  for (int64_t d = 2; d < layer.rank() && parameter.across_spatial(); ++d) axes.push_back(d);
  TRY_ASSIGN(int64_t channels, layer.known_dim(1));
  Shape shape(static_cast<size_t>(layer.rank()), 1);
  if (!parameter.channel_shared()) shape[1] = channels;
  TRY_ASSIGN(Tensor * factor, layer.weights(0, shape, "scale", 1));
  TRY_ASSIGN(Tensor * sum, layer.add(Reduce(ReduceKind::kSumSquare, axes), {layer.input()}, "sum of squares"));
  TRY_ASSIGN(sum, layer.add(Elementwise(ScalarOp::kAffine, 1, parameter.eps()), {sum}, "with eps"));
  TRY_ASSIGN(Tensor * norm, layer.add(Elementwise(ScalarOp::kSqrt), {sum}, "norm"));
  TRY_ASSIGN(Tensor * y, layer.add(Elementwise(ScalarOp::kDiv), {layer.input(), norm}, "normalized"));
  return layer.add(Elementwise(ScalarOp::kMul), {y, factor});
}

Result<Tensor*> softmax(const CaffeLayer& layer) {
  TRY(layer.expects(1, 3, 1, 2));
  TRY_ASSIGN(int64_t axis, layer.axis(layer.parameter().softmax_param().axis()));
  return layer.add(Softmax(axis), {layer.input()});
}

}  // namespace

CAFFE_LAYERS(normalization) {
  catalogue.add("BatchNorm", one_caffe_output<batch_norm>);
  catalogue.add("BN", one_caffe_output<bn>);
  catalogue.add("Scale", one_caffe_output<scale>);
  catalogue.add("Bias", one_caffe_output<bias>);
  catalogue.add("LRN", one_caffe_output<lrn>);
  catalogue.add("MVN", one_caffe_output<mvn>);
  catalogue.add("Normalize", one_caffe_output<normalize>);
  catalogue.add("Softmax", one_caffe_output<softmax>);
  catalogue.add("SoftmaxWithLoss", one_caffe_output<softmax>);
}

}  // namespace ingot
