// Operators of images: convolutions, pools, normalization, resizing, and moves between channels and places.
#include "import/tensorflow/node.h"
#include "operators/convolution.h"
#include "operators/deconvolution.h"
#include "operators/depth_to_space.h"
#include "operators/lrn.h"
#include "operators/pad.h"
#include "operators/pool.h"
#include "operators/resize.h"
#include "operators/scale.h"
#include "operators/space_to_depth.h"
#include "operators/transpose.h"

namespace ingot {
namespace {

constexpr int64_t kLargest = 1 << 20;  // of kernels, strides and pads

// The two entries of height and width, of a list with four or just those two.
Result<Shape> sides(const TfOp& op, std::string_view attribute, int64_t fallback) {
  TRY_ASSIGN(std::vector<int64_t> list, op.list(attribute, {fallback, fallback}));
  if (list.size() == 4) {
    const size_t first = op.channels_first() ? 2 : 1;
    for (size_t d = 0; d < 4; ++d) {
      if (d != first && d != first + 1 && list[d] != 1) return unsupported(std::string(attribute) + " are not 1 along batch and channels");
    }
    list = {list[first], list[first + 1]};
  }
  if (list.size() != 2) return invalid(std::string(attribute) + " has " + std::to_string(list.size()) + " entries; 2 or 4 are wanted");
  for (int64_t value : list) {
    if (value < 0 || value > kLargest) return invalid(std::string(attribute) + " is " + std::to_string(value));
  }
  return list;
}

// strides, dilations and padding: SAME, VALID or EXPLICIT.
Result<Window> window(const TfOp& op) {
  Window window;
  TRY_ASSIGN(window.strides, sides(op, "strides", 1));
  TRY_ASSIGN(window.dilations, sides(op, "dilations", 1));
  TRY_ASSIGN(std::string padding, op.word("padding", "VALID"));
  if (padding == "SAME") {
    window.auto_pad = AutoPad::kSameUpper;
  } else if (padding == "EXPLICIT") {
    TRY_ASSIGN(std::vector<int64_t> pads, op.list("explicit_paddings", {}));
    if (pads.size() != 8) return invalid("explicit_paddings has " + std::to_string(pads.size()) + " entries; 8 are wanted");
    const size_t first = op.channels_first() ? 4 : 2;
    for (size_t d : {first, first + 2}) {
      if (pads[d] < 0 || pads[d] > kLargest || pads[d + 1] < 0 || pads[d + 1] > kLargest)
        return invalid("explicit_paddings are out of range");
      window.pads_begin.push_back(pads[d]);
      window.pads_end.push_back(pads[d + 1]);
    }
  } else if (padding != "VALID") {
    return invalid("padding is '" + padding + "'; it is SAME, VALID or EXPLICIT");
  }
  return window;
}

// Input `index` with its axes permuted: at once where it is constant.
Result<Tensor*> permuted(const TfOp& op, size_t index, const std::vector<int64_t>& permutation, const char* role) {
  if (op.rank(index) != static_cast<int64_t>(permutation.size()))
    return invalid("the kernel is " + op.type(index).text() + "; rank " + std::to_string(permutation.size()) + " is wanted");
  if (op.is_constant(index)) {
    TRY_ASSIGN(Array array, op.constant(index, "the kernel"));
    TRY_ASSIGN(Arrays moved, Transpose(permutation).evaluate({array}));
    return op.add_constant(moved[0], role);
  }
  TRY_ASSIGN(Tensor * kernel, op.tensor(index));
  return op.add(Transpose(permutation), {kernel}, role);
}

Result<int64_t> known(const TensorType& type, size_t axis, const char* what) {
  if (axis >= type.dims.size() || !type.dims[axis].is_constant())
    return unsupported(std::string(what) + " of " + type.text() + " have to be known");
  return type.dims[axis].value();
}

// Kernel [H, W, C, M]: output channel c * M + m reads channel c.
Result<TfValue> depthwise(const TfOp& op) {
  TRY(op.expects(2, 2));
  Convolution convolution;
  TRY_ASSIGN(static_cast<Window&>(convolution), window(op));
  TRY_ASSIGN(Tensor * x, op.image(0));
  TRY_ASSIGN(Array kernel, op.constant(1, "the kernel"));
  if (kernel.rank() != 4) return invalid("the kernel is " + to_text(kernel.shape()) + "; [H, W, C, M] is wanted");
  const int64_t channels = kernel.shape()[2];
  TRY_ASSIGN(Arrays moved, Transpose({2, 3, 0, 1}).evaluate({kernel}));
  TRY_ASSIGN(Array weights, moved[0].reshaped({channels * kernel.shape()[3], 1, kernel.shape()[0], kernel.shape()[1]}));
  convolution.groups = channels;
  TRY_ASSIGN(Tensor * y, op.add(convolution, {x, op.add_constant(weights, "kernel")}));
  return op.image_value(y);
}

// Kernel [H, W, C / groups, M].
Result<TfValue> convolution(const TfOp& op) {
  TRY(op.expects(2, 2));
  Convolution convolution;
  TRY_ASSIGN(static_cast<Window&>(convolution), window(op));
  TRY_ASSIGN(Tensor * x, op.image(0));
  TRY_ASSIGN(int64_t channels, known(x->type, 1, "the channels"));
  const bool ours = op.has("kernel_is_oihw");
  if (op.rank(1) != 4) return invalid("the kernel is " + op.type(1).text() + "; [H, W, C, M] is wanted");
  TRY_ASSIGN(int64_t each, known(op.type(1), ours ? 1 : 2, "dims"));
  TRY_ASSIGN(convolution.groups, op.integer("number_groups", each > 0 && !ours ? std::max<int64_t>(channels / each, 1) : 1));
  // UFF's depthwise kernels are [H, W, C, M].
  if (convolution.groups > 1 && convolution.groups == channels && each == channels) return depthwise(op);
  TRY_ASSIGN(Tensor * kernel, ours ? op.tensor(1) : permuted(op, 1, {3, 2, 0, 1}, "kernel"));
  TRY_ASSIGN(Tensor * y, op.add(convolution, {x, kernel}));
  return op.image_value(y);
}

// Inputs: dims of y, kernel [H, W, M, C], x.
Result<TfValue> deconvolution(const TfOp& op) {
  TRY(op.expects(3, 3));
  Deconvolution deconvolution;
  TRY_ASSIGN(static_cast<Window&>(deconvolution), window(op));
  TRY_ASSIGN(Tensor * x, op.image(2));
  TRY_ASSIGN(Tensor * kernel, permuted(op, 1, {3, 2, 0, 1}, "kernel"));
  const auto wanted = op.elements(0);
  if (!wanted || wanted->size() != 4) return unsupported("the dims of its output have to be four known numbers");
  const bool same = deconvolution.auto_pad != AutoPad::kNone;
  deconvolution.auto_pad = AutoPad::kNone;
  deconvolution.pads_begin.clear(), deconvolution.pads_end.clear();
  for (size_t d = 0; d < 2; ++d) {
    const Dim& length = (*wanted)[(op.channels_first() ? 2 : 1) + d];
    if (!length.is_constant()) return unsupported("the dims of its output have to be known");
    TRY_ASSIGN(int64_t from, known(x->type, 2 + d, "height and width"));
    TRY_ASSIGN(int64_t taps, known(kernel->type, 2 + d, "dims"));
    const int64_t whole = (from - 1) * deconvolution.strides[d] + (taps - 1) * deconvolution.dilations[d] + 1,
                  surplus = whole - length.value();
    if (!same && surplus > 0)
      return invalid("an output of " + length.text() + " is smaller than the " + std::to_string(whole) + " that VALID padding gives");
    if (surplus < -kLargest) return invalid("an output of " + length.text() + " is much larger than its input asks for");
    deconvolution.pads_begin.push_back(surplus > 0 ? surplus / 2 : 0);
    deconvolution.pads_end.push_back(surplus > 0 ? surplus - surplus / 2 : 0);
    deconvolution.output_padding.push_back(surplus < 0 ? -surplus : 0);
  }
  TRY_ASSIGN(Tensor * y, op.add(deconvolution, {x, kernel}));
  return op.image_value(y);
}

template <PoolKind kKind>
Result<TfValue> pool(const TfOp& op) {
  TRY(op.expects(1, 1));
  Pool pool;
  pool.kind = kKind;
  TRY_ASSIGN(static_cast<Window&>(pool), window(op));
  TRY_ASSIGN(pool.kernel, sides(op, "ksize", 1));
  TRY_ASSIGN(Tensor * x, op.image(0));
  TRY_ASSIGN(Tensor * y, op.add(pool, {x}));
  return op.image_value(y);
}

// (x - mean) / sqrt(variance + epsilon) * gamma + beta, of inputs x, gamma, beta, mean, variance.
Result<std::vector<TfValue>> batch_norm(const TfOp& op) {
  TRY(op.expects(5, 6));
  TRY_ASSIGN(bool training, op.flag("is_training", op.node().op == "BatchNormWithGlobalNormalization" ? false
                                                   : op.is_uff()                                      ? false
                                                                                                      : true));
  if (training) return unsupported("it takes statistics of the batch (is_training); export the graph for inference");
  TRY_ASSIGN(double epsilon, op.number("epsilon", 1e-4));
  Array parts[4];
  static constexpr const char* kNames[] = {"gamma", "beta", "mean", "variance"};
  for (size_t i = 0; i < 4; ++i) {
    TRY_ASSIGN(parts[i], op.constant(i + 1, kNames[i]));
    if (parts[i].rank() != 1 || parts[i].count() != parts[0].count())
      return invalid(std::string(kNames[i]) + " is " + to_text(parts[i].shape()) + "; [C] is wanted");
  }
  TRY_ASSIGN(Array scale, Array::make(DataType::kFloat, parts[0].shape()));
  TRY_ASSIGN(Array shift, Array::make(DataType::kFloat, parts[0].shape()));
  for (int64_t c = 0; c < scale.count(); ++c) {
    const double spread = parts[3].number(c) + epsilon;
    if (!(spread > 0))
      return invalid("the variance of channel " + std::to_string(c) + " with epsilon is " + std::to_string(spread) + "; it is positive");
    const double factor = parts[0].number(c) / __builtin_sqrt(spread);
    scale.set_number(c, factor);
    shift.set_number(c, parts[1].number(c) - parts[2].number(c) * factor);
  }
  TRY_ASSIGN(Tensor * x, op.image(0));
  TRY_ASSIGN(Tensor * y, op.add(Scale{}, {x, op.add_constant(scale, "scale"), op.add_constant(shift, "shift")}));
  return std::vector<TfValue>{op.image_value(y)};
}

// x / (bias + alpha * sum of squares over 2 * depth_radius + 1 channels)^beta.
Result<TfValue> lrn(const TfOp& op) {
  TRY(op.expects(1, 1));
  Lrn lrn;
  TRY_ASSIGN(int64_t radius, op.integer("depth_radius", 5));
  if (radius < 0 || radius > kLargest) return invalid("depth_radius is " + std::to_string(radius));
  lrn.size = 2 * radius + 1;
  TRY_ASSIGN(lrn.alpha, op.number("alpha", 1));
  lrn.alpha *= static_cast<double>(lrn.size);  // ours divides by the size
  TRY_ASSIGN(lrn.beta, op.number("beta", 0.5));
  TRY_ASSIGN(lrn.k, op.number("bias", 1));
  TRY_ASSIGN(Tensor * x, op.image(0));
  TRY_ASSIGN(Tensor * y, op.add(lrn, {x}));
  return op.image_value(y);
}

template <PadMode kMode>
Result<TfValue> pad(const TfOp& op) {
  TRY(op.expects(2, 3));
  Pad pad;
  pad.mode = kMode;
  if (op.has("mode")) {
    TRY_ASSIGN(std::string mode, op.word("mode", ""));
    if (mode != "REFLECT") return unsupported("the mode " + mode + " is not supported; REFLECT is");
  }
  TRY_ASSIGN(std::vector<int64_t> pairs, op.integers(1, "the paddings"));
  const int64_t rank = op.rank(0);
  if (static_cast<int64_t>(pairs.size()) != 2 * rank)
    return invalid("there are " + std::to_string(pairs.size()) + " paddings for " + op.type(0).text());
  if (op.input_count() == 3) {
    TRY_ASSIGN(Array value, op.constant(2, "the value"));
    if (value.count() != 1) return invalid("the value is " + to_text(value.shape()) + "; one number is wanted");
    pad.value = value.number(0);
  }
  static constexpr int64_t kPlanes[] = {0, 3, 1, 2};
  const bool planes = op.value(0).is_planes;
  for (int64_t side = 0; side < 2; ++side) {
    for (int64_t d = 0; d < rank; ++d) pad.pads.push_back(pairs[static_cast<size_t>((planes ? kPlanes[d] : d) * 2 + side)]);
  }
  TRY_ASSIGN(Tensor * x, planes ? op.planes(0) : op.tensor(0));
  TRY_ASSIGN(Tensor * y, op.add(pad, {x}));
  return TfValue{y, planes};
}

template <ResizeMode kMode>
Result<TfValue> resize(const TfOp& op) {
  TRY(op.expects(2, 2));
  Resize resize;
  resize.mode = kMode;
  resize.cubic_a = -0.5;
  TRY_ASSIGN(bool corners, op.flag("align_corners", false));
  TRY_ASSIGN(bool half, op.flag("half_pixel_centers", false));
  resize.coordinates = corners                         ? ResizeCoordinates::kAlignCorners
                       : !half                         ? ResizeCoordinates::kAsymmetric
                       : kMode == ResizeMode::kNearest ? ResizeCoordinates::kHalfPixelNn
                                                       : ResizeCoordinates::kHalfPixel;
  resize.rounding = corners ? ResizeRounding::kRoundPreferCeil : ResizeRounding::kFloor;
  resize.exclude_outside = kMode == ResizeMode::kCubic && half;
  if (kMode == ResizeMode::kCubic && !half) resize.cubic_a = -0.75;
  resize.axes = {2, 3};
  TRY_ASSIGN(resize.sizes, op.integers(1, "the sizes"));
  if (resize.sizes.size() != 2) return invalid("there are " + std::to_string(resize.sizes.size()) + " sizes; height and width are wanted");
  TRY_ASSIGN(Tensor * x, op.image(0));
  TRY_ASSIGN(Tensor * y, op.add(resize, {x}));
  return op.image_value(y);
}

template <class Move>
Result<TfValue> move_blocks(const TfOp& op) {
  TRY(op.expects(1, 1));
  Move move;
  TRY_ASSIGN(move.block, op.integer("block_size", 1));
  if (move.block < 1 || move.block > 1024) return invalid("block_size is " + std::to_string(move.block));
  TRY_ASSIGN(Tensor * x, op.image(0));
  TRY_ASSIGN(Tensor * y, op.add(move, {x}));
  return op.image_value(y);
}

}  // namespace

TF_OPERATORS(image) {
  catalogue.add("Conv2D", one_tf_output<convolution>);
  catalogue.add("DepthwiseConv2dNative", one_tf_output<depthwise>);
  catalogue.add("Conv2DBackpropInput", one_tf_output<deconvolution>);
  catalogue.add("MaxPool", one_tf_output<pool<PoolKind::kMax>>);
  catalogue.add("AvgPool", one_tf_output<pool<PoolKind::kAverage>>);
  catalogue.add("FusedBatchNorm", batch_norm);
  catalogue.add("FusedBatchNormV2", batch_norm);
  catalogue.add("FusedBatchNormV3", batch_norm);
  catalogue.add("LRN", one_tf_output<lrn>);
  catalogue.add("Pad", one_tf_output<pad<PadMode::kConstant>>);
  catalogue.add("PadV2", one_tf_output<pad<PadMode::kConstant>>);
  catalogue.add("MirrorPad", one_tf_output<pad<PadMode::kReflect>>);
  catalogue.add("ResizeBilinear", one_tf_output<resize<ResizeMode::kLinear>>);
  catalogue.add("ResizeNearestNeighbor", one_tf_output<resize<ResizeMode::kNearest>>);
  catalogue.add("ResizeBicubic", one_tf_output<resize<ResizeMode::kCubic>>);
  catalogue.add("DepthToSpace", one_tf_output<move_blocks<DepthToSpace>>);
  catalogue.add("SpaceToDepth", one_tf_output<move_blocks<SpaceToDepth>>);
}

}  // namespace ingot
