// Layers that move elements: reshapes, permutations, crops, slices, and those of several blobs.
#include <algorithm>

#include "import/caffe/layer.h"
#include "operators/concat.h"
#include "operators/max_unpool.h"
#include "operators/reduce.h"
#include "operators/reshape.h"
#include "operators/resize.h"
#include "operators/slice.h"
#include "operators/tile.h"
#include "operators/topk.h"
#include "operators/transpose.h"

namespace ingot {
namespace {

// shape stands for the axes [axis, axis + num_axes); 0 copies the dim at the same place, one -1 is what remains.
Result<Tensor*> reshape(const CaffeLayer& layer) {
  TRY(layer.expects(1, 1));
  const auto& parameter = layer.parameter().reshape_param();
  int64_t begin = parameter.axis();
  if (begin < 0) begin += layer.rank() + 1;
  if (begin < 0 || begin > layer.rank())
    return invalid("axis is " + std::to_string(parameter.axis()) + " for " + layer.input()->type.text());
  const int64_t end = parameter.num_axes() == -1 ? layer.rank() : begin + parameter.num_axes();
  if (end < begin || end > layer.rank())
    return invalid("num_axes is " + std::to_string(parameter.num_axes()) + " for " + layer.input()->type.text());
  Dims dims;
  for (int64_t d = 0; d < begin; ++d) dims.push_back(input_dim(d));
  int64_t place = begin;
  int inferred = 0;
  for (int64_t size : parameter.shape().dim()) {
    if (size < -1) return invalid("shape has a dim of " + std::to_string(size));
    if (size == 0 && place >= layer.rank())
      return invalid("shape copies dim " + std::to_string(place) + ", which " + layer.input()->type.text() + " does not have");
    if (size == -1 && ++inferred > 1) return invalid("shape has more than one -1");
    dims.push_back(size == 0 ? input_dim(place) : Dim(size));
    ++place;
  }
  for (int64_t d = end; d < layer.rank(); ++d) dims.push_back(input_dim(d));
  return layer.add(Reshape(dims), {layer.input()});
}

Result<Tensor*> flatten(const CaffeLayer& layer) {
  TRY(layer.expects(1, 1));
  TRY_ASSIGN(int64_t begin, layer.axis(layer.parameter().flatten_param().axis()));
  TRY_ASSIGN(int64_t end, layer.axis(layer.parameter().flatten_param().end_axis()));
  if (end < begin) return invalid("end_axis " + std::to_string(end) + " lies before axis " + std::to_string(begin));
  Dims dims;
  for (int64_t d = 0; d < begin; ++d) dims.push_back(input_dim(d));
  Dim length(1);
  for (int64_t d = begin; d <= end; ++d) length = length * input_dim(d);
  dims.push_back(length);
  for (int64_t d = end + 1; d < layer.rank(); ++d) dims.push_back(input_dim(d));
  return layer.add(Reshape(dims), {layer.input()});
}

Result<Tensor*> permute(const CaffeLayer& layer) {
  TRY(layer.expects(1, 1));
  const auto& order = layer.parameter().permute_param().order();
  std::vector<int64_t> permutation(order.begin(), order.end());
  for (size_t i = 0; i < permutation.size(); ++i) {
    if (permutation[i] >= layer.rank())
      return invalid("order has " + std::to_string(permutation[i]) + " for " + layer.input()->type.text());
    if (std::find(permutation.begin(), permutation.begin() + static_cast<int64_t>(i), permutation[i]) !=
        permutation.begin() + static_cast<int64_t>(i))
      return invalid("order has " + std::to_string(permutation[i]) + " twice");
  }
  // Axes that are not named follow in their order.
  for (int64_t d = 0; d < layer.rank(); ++d) {
    if (std::find(permutation.begin(), permutation.end(), d) == permutation.end()) permutation.push_back(d);
  }
  return layer.add(Transpose(permutation), {layer.input()});
}

Result<Tensor*> concat(const CaffeLayer& layer) {
  TRY(layer.expects(1, SIZE_MAX));
  const auto& parameter = layer.parameter().concat_param();
  TRY_ASSIGN(int64_t axis, layer.axis(parameter.has_concat_dim() ? static_cast<int64_t>(parameter.concat_dim()) : parameter.axis()));
  return layer.add(Concat(axis), layer.inputs());
}

Result<std::vector<Tensor*>> slice(const CaffeLayer& layer) {
  TRY(layer.expects(1, 1, 1, SIZE_MAX));
  const auto& parameter = layer.parameter().slice_param();
  TRY_ASSIGN(int64_t axis, layer.axis(parameter.has_slice_dim() ? static_cast<int64_t>(parameter.slice_dim()) : parameter.axis()));
  TRY_ASSIGN(int64_t length, layer.known_dim(axis));
  const auto count = static_cast<int64_t>(layer.output_count());
  std::vector<int64_t> points(parameter.slice_point().begin(), parameter.slice_point().end());
  if (points.empty()) {
    if (length % count != 0)
      return invalid(std::to_string(length) + " elements cannot be sliced into " + std::to_string(count) + " equal parts");
    for (int64_t i = 1; i < count; ++i) points.push_back(i * (length / count));
  }
  if (static_cast<int64_t>(points.size()) != count - 1)
    return invalid("there are " + std::to_string(points.size()) + " slice points for " + std::to_string(count) + " tops");
  points.push_back(length);
  std::vector<Tensor*> outputs;
  int64_t begin = 0;
  for (int64_t point : points) {
    if (point <= begin || point > length)
      return invalid("slice_point " + std::to_string(point) + " does not lie behind " + std::to_string(begin) + " and up to " +
                     std::to_string(length));
    Slice op;
    op.axes = {axis};
    op.starts = {begin};
    op.ends = {point};
    TRY_ASSIGN(Tensor * part, layer.add(op, {layer.input()}));
    outputs.push_back(part);
    begin = point;
  }
  return outputs;
}

Result<std::vector<Tensor*>> split(const CaffeLayer& layer) {
  TRY(layer.expects(1, 1, 1, SIZE_MAX));
  return std::vector<Tensor*>(layer.output_count(), layer.input());
}

Result<Tensor*> dropout(const CaffeLayer& layer) {
  TRY(layer.expects(1, 1));
  return layer.input();
}

// The part of the first bottom that has the second one's dims from the axis on.
Result<Tensor*> crop(const CaffeLayer& layer) {
  TRY(layer.expects(2, 2));
  const auto& parameter = layer.parameter().crop_param();
  TRY_ASSIGN(int64_t axis, layer.axis(parameter.axis()));
  if (layer.rank(1) != layer.rank()) return invalid("its bottoms differ in rank");
  const int64_t count = layer.rank() - axis;
  if (parameter.offset_size() > 1 && parameter.offset_size() != count)
    return invalid("there are " + std::to_string(parameter.offset_size()) + " offsets; 1 or " + std::to_string(count) + " are wanted");
  Slice op;
  op.sized = true;
  for (int64_t d = 0; d < count; ++d) {
    TRY_ASSIGN(int64_t size, layer.known_dim(axis + d, 1));
    TRY_ASSIGN(int64_t whole, layer.known_dim(axis + d, 0));
    const int64_t offset = parameter.offset_size() == 0   ? 0
                           : parameter.offset_size() == 1 ? parameter.offset(0)
                                                          : parameter.offset(static_cast<int>(d));
    if (offset + size > whole)
      return invalid("offset " + std::to_string(offset) + " and size " + std::to_string(size) + " go beyond the " + std::to_string(whole) +
                     " of axis " + std::to_string(axis + d));
    op.axes.push_back(axis + d);
    op.starts.push_back(offset);
    op.ends.push_back(size);
    op.steps.push_back(1);
  }
  return layer.add(op, {layer.input()});
}

// Sum (with coefficients), product or maximum of any number of blobs.
Result<Tensor*> eltwise(const CaffeLayer& layer) {
  TRY(layer.expects(1, SIZE_MAX));
  const auto& parameter = layer.parameter().eltwise_param();
  using Operation = caffe::EltwiseParameter;
  if (parameter.coeff_size() > 0 &&
      (parameter.operation() != Operation::SUM || static_cast<size_t>(parameter.coeff_size()) != layer.inputs().size()))
    return invalid("there are " + std::to_string(parameter.coeff_size()) + " coefficients; a sum has one for each bottom");
  const ScalarOp op = parameter.operation() == Operation::SUM    ? ScalarOp::kAdd
                      : parameter.operation() == Operation::PROD ? ScalarOp::kMul
                                                                 : ScalarOp::kMax;
  Tensor* y = nullptr;
  for (size_t i = 0; i < layer.inputs().size(); ++i) {
    if (layer.dims(i) != layer.dims())
      return invalid("its bottoms " + layer.input()->type.text() + " and " + layer.input(i)->type.text() + " differ in dims");
    Tensor* x = layer.input(i);
    const double coefficient = parameter.coeff_size() ? parameter.coeff(static_cast<int>(i)) : 1;
    const bool last = i + 1 == layer.inputs().size();
    if (coefficient != 1) {
      TRY_ASSIGN(x, layer.add(Elementwise(ScalarOp::kAffine, coefficient, 0), {x}, "term"));
    }
    if (!y) {
      y = x;
      continue;
    }
    TRY_ASSIGN(y, layer.add(Elementwise(op), {y, x}, last ? nullptr : "partial"));
  }
  return y;
}

// Over all axes from one on; the operation, then times a coefficient.
Result<Tensor*> reduction(const CaffeLayer& layer) {
  TRY(layer.expects(1, 1));
  const auto& parameter = layer.parameter().reduction_param();
  TRY_ASSIGN(int64_t axis, layer.axis(parameter.axis()));
  std::vector<int64_t> axes;
  for (int64_t d = axis; d < layer.rank(); ++d) axes.push_back(d);
  using Operation = caffe::ReductionParameter;
  const ReduceKind kind = parameter.operation() == Operation::ASUM    ? ReduceKind::kL1
                          : parameter.operation() == Operation::SUMSQ ? ReduceKind::kSumSquare
                          : parameter.operation() == Operation::MEAN  ? ReduceKind::kMean
                                                                      : ReduceKind::kSum;
  const Reduce op(kind, axes, layer.four_dims());
  if (parameter.coeff() == 1) return layer.add(op, {layer.input()});
  TRY_ASSIGN(Tensor * y, layer.add(op, {layer.input()}, "reduced"));
  return layer.add(Elementwise(ScalarOp::kAffine, parameter.coeff(), 0), {y});
}

Result<Tensor*> tile(const CaffeLayer& layer) {
  TRY(layer.expects(1, 1));
  const auto& parameter = layer.parameter().tile_param();
  TRY_ASSIGN(int64_t axis, layer.axis(parameter.axis()));
  if (parameter.tiles() < 1) return invalid("tiles is " + std::to_string(parameter.tiles()) + "; it is positive");
  Tile op;
  op.repeats.assign(static_cast<size_t>(layer.rank()), 1);
  op.repeats[static_cast<size_t>(axis)] = parameter.tiles();
  return layer.add(op, {layer.input()});
}

// Without an axis over all of an image: [N, 1, k] of indices, or [N, 2, k] of indices and values. With one, indices or values along it.
Result<Tensor*> arg_max(const CaffeLayer& layer) {
  TRY(layer.expects(1, 1));
  const auto& parameter = layer.parameter().argmax_param();
  TopK op;
  op.k = parameter.top_k();
  op.index_type = DataType::kInt32;
  Tensor* x = layer.input();
  if (parameter.has_axis()) {
    TRY_ASSIGN(op.axis, layer.axis(parameter.axis()));
  } else {
    op.axis = 2;
    Dim length(1);
    for (int64_t d = 1; d < layer.rank(); ++d) length = length * input_dim(d);
    TRY_ASSIGN(x, layer.add(Reshape(Dims{input_dim(0), Dim(1), length}), {x}, "flat"));
  }
  const bool values_alone = parameter.has_axis() && parameter.out_max_val();
  TRY_ASSIGN(Layer * best, layer.network().add_layer(std::make_unique<TopK>(op), {x}, layer.name() + (values_alone ? "" : "/best")));
  if (values_alone) return best->output(0);
  const bool both = parameter.out_max_val();
  TRY_ASSIGN(Tensor * indices, layer.add(Elementwise::cast(DataType::kFloat), {best->output(1)}, both ? "indices" : nullptr));
  return both ? layer.add(Concat(1), {indices, best->output(0)}) : indices;
}

Result<Tensor*> shuffle_channel(const CaffeLayer& layer) {
  TRY(layer.expects(1, 1));
  const int64_t groups = layer.parameter().shuffle_channel_param().group();
  if (layer.rank() != 4) return invalid("it takes [N, C, H, W]");
  TRY_ASSIGN(int64_t channels, layer.known_dim(1));
  if (groups < 1 || channels % groups != 0)
    return invalid("group is " + std::to_string(groups) + "; it divides the " + std::to_string(channels) + " channels");
  const Dim n = input_dim(0), g = groups, each = channels / groups, h = input_dim(2), w = input_dim(3);
  TRY_ASSIGN(Tensor * y, layer.add(Reshape(Dims{n, g, each, h, w}), {layer.input()}, "groups"));
  TRY_ASSIGN(y, layer.add(Transpose({0, 2, 1, 3, 4}), {y}, "shuffled"));
  return layer.add(Reshape(Dims{n, Dim(channels), input_dim(3), input_dim(4)}), {y});
}

// Darknet's order: the image is read as [C / s^2, H * s, W * s], whose s by s blocks become channels.
Result<Tensor*> reorg(const CaffeLayer& layer) {
  TRY(layer.expects(1, 1));
  const int64_t s = layer.parameter().reorg_param().stride();
  if (layer.parameter().reorg_param().reverse()) return unsupported("the reverse direction is not supported");
  if (layer.rank() != 4) return invalid("it takes [N, C, H, W]");
  if (s < 1 || s > 1024) return invalid("stride is " + std::to_string(s) + "; it lies in 1 to 1024");
  TRY_ASSIGN(int64_t c, layer.known_dim(1));
  TRY_ASSIGN(int64_t h, layer.known_dim(2));
  TRY_ASSIGN(int64_t w, layer.known_dim(3));
  if (c % (s * s) != 0 || h % s != 0 || w % s != 0)
    return invalid("stride " + std::to_string(s) + " does not divide " + layer.input()->type.text());
  TRY_ASSIGN(Tensor * y, layer.add(Reshape(Dims{input_dim(0), c / (s * s), h, s, w, s}), {layer.input()}, "blocks"));
  TRY_ASSIGN(y, layer.add(Transpose({0, 3, 5, 1, 2, 4}), {y}, "moved"));
  return layer.add(Reshape(Dims{input_dim(0), c * s * s, h / s, w / s}), {y});
}

// Bilinear, corners on corners.
Result<Tensor*> interp(const CaffeLayer& layer) {
  TRY(layer.expects(1, 2));
  const auto& parameter = layer.parameter().interp_param();
  if (layer.rank() != 4) return invalid("it takes [N, C, H, W]");
  if (parameter.pad_beg() > 0 || parameter.pad_end() > 0) return invalid("pad_beg and pad_end crop; they are 0 or negative");
  TRY_ASSIGN(int64_t high, layer.known_dim(2));
  TRY_ASSIGN(int64_t wide, layer.known_dim(3));
  Tensor* x = layer.input();
  if (parameter.pad_beg() < 0 || parameter.pad_end() < 0) {
    Slice crop;
    crop.axes = {2, 3};
    crop.starts = {-int64_t{parameter.pad_beg()}, -int64_t{parameter.pad_beg()}};
    crop.ends = {high + parameter.pad_end(), wide + parameter.pad_end()};
    high = crop.ends[0] - crop.starts[0];
    wide = crop.ends[1] - crop.starts[1];
    if (high < 1 || wide < 1) return invalid("pad_beg and pad_end leave nothing of " + layer.input()->type.text());
    TRY_ASSIGN(x, layer.add(crop, {x}, "cropped"));
  }
  Resize op;
  op.mode = ResizeMode::kLinear;
  op.coordinates = ResizeCoordinates::kAlignCorners;
  op.axes = {2, 3};
  if (layer.inputs().size() == 2) {
    TRY_ASSIGN(high, layer.known_dim(2, 1));
    TRY_ASSIGN(wide, layer.known_dim(3, 1));
  } else if (parameter.height() > 0 && parameter.width() > 0) {
    high = parameter.height();
    wide = parameter.width();
  } else {
    if (parameter.shrink_factor() < 1 || parameter.zoom_factor() < 1 || parameter.zoom_factor() > 65536)
      return invalid("zoom_factor and shrink_factor are positive");
    for (int64_t* length : {&high, &wide}) {
      *length = (*length - 1) / parameter.shrink_factor() + 1;
      *length += (*length - 1) * (parameter.zoom_factor() - 1);
    }
  }
  op.sizes = {high, wide};
  return layer.add(op, {x});
}

// With a pooling layer's mask as its second bottom SegNet's; else each element repeated.
Result<Tensor*> upsample(const CaffeLayer& layer) {
  TRY(layer.expects(1, 2));
  const auto& parameter = layer.parameter().upsample_param();
  if (layer.rank() != 4) return invalid("it takes [N, C, H, W]");
  const int64_t high = parameter.has_scale_h() ? parameter.scale_h() : parameter.scale(),
                wide = parameter.has_scale_w() ? parameter.scale_w() : parameter.scale();
  if (high < 1 || wide < 1 || high > 65536 || wide > 65536) return invalid("scale lies in 1 to 65536");
  if (layer.inputs().size() == 1) {
    Resize op;
    op.axes = {2, 3};
    op.coordinates = ResizeCoordinates::kAsymmetric;
    op.rounding = ResizeRounding::kFloor;
    op.scales = {static_cast<double>(high), static_cast<double>(wide)};
    return layer.add(op, {layer.input()});
  }
  if (layer.input(1)->type.type != DataType::kInt64) return unsupported("its second bottom is not the mask of a maximum pooling layer");
  TRY_ASSIGN(int64_t rows, layer.known_dim(2));
  TRY_ASSIGN(int64_t columns, layer.known_dim(3));
  // The mask counts over the whole blob that was pooled, so what comes back must be of its size.
  const int64_t tall = parameter.has_upsample_h() ? parameter.upsample_h() : rows * high - (parameter.pad_out_h() ? 1 : 0);
  const int64_t broad = parameter.has_upsample_w() ? parameter.upsample_w() : columns * wide - (parameter.pad_out_w() ? 1 : 0);
  const Layer* pooling = layer.input(1)->producer();
  const Dims& pooled = pooling->input(0)->type.dims;
  if (!pooled[2].is(tall) || !pooled[3].is(broad))
    return unsupported("it gives " + std::to_string(tall) + " by " + std::to_string(broad) + ", but its mask is of a pooling layer over " +
                       to_text(pooled));
  MaxUnpool op;
  op.kernel = {high, wide};
  op.strides = {high, wide};
  if (tall == rows * high && broad == columns * wide) return layer.add(op, {layer.input(), layer.input(1)});
  if (!all_constant(pooled)) return unsupported("dims of its mask's pooling layer have to be known");
  Tensor* dims = layer.constant(Array::from_int64s(constant_shape(pooled)), "dims");
  return layer.add(op, {layer.input(), layer.input(1), dims});
}

// A blob that is the layer's own.
Result<Tensor*> parameter(const CaffeLayer& layer) {
  TRY(layer.expects(0, 0));
  const auto& dims = layer.parameter().parameter_param().shape().dim();
  return layer.weights(0, Shape(dims.begin(), dims.end()), "values");
}

// y = a * x + b, where a is [N, C, 1, 1].
Result<Tensor*> axpy(const CaffeLayer& layer) {
  TRY(layer.expects(3, 3));
  TRY_ASSIGN(Tensor * product, layer.add(Elementwise(ScalarOp::kMul), {layer.input(0), layer.input(1)}, "product"));
  return layer.add(Elementwise(ScalarOp::kAdd), {product, layer.input(2)});
}

}  // namespace

CAFFE_LAYERS(shape) {
  catalogue.add("Reshape", one_caffe_output<reshape>);
  catalogue.add("Flatten", one_caffe_output<flatten>);
  catalogue.add("Permute", one_caffe_output<permute>);
  catalogue.add("Concat", one_caffe_output<concat>);
  catalogue.add("Slice", slice);
  catalogue.add("Split", split);
  catalogue.add("Dropout", one_caffe_output<dropout>);
  catalogue.add("Crop", one_caffe_output<crop>);
  catalogue.add("Eltwise", one_caffe_output<eltwise>);
  catalogue.add("Reduction", one_caffe_output<reduction>);
  catalogue.add("Tile", one_caffe_output<tile>);
  catalogue.add("ArgMax", one_caffe_output<arg_max>);
  catalogue.add("ShuffleChannel", one_caffe_output<shuffle_channel>);
  catalogue.add("Reorg", one_caffe_output<reorg>);
  catalogue.add("Interp", one_caffe_output<interp>);
  catalogue.add("Upsample", one_caffe_output<upsample>);
  catalogue.add("Parameter", one_caffe_output<parameter>);
  catalogue.add("Axpy", one_caffe_output<axpy>);
}

}  // namespace ingot
