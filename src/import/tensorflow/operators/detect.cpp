// Operators of detectors: the boxes that stay, and windows of images.
#include <algorithm>

#include "import/tensorflow/node.h"
#include "operators/batched_nms.h"
#include "operators/concat.h"
#include "operators/gather.h"
#include "operators/grid_sample.h"
#include "operators/nms.h"
#include "operators/reshape.h"
#include "operators/runtime_dims.h"
#include "operators/slice.h"
#include "operators/unsqueeze.h"

namespace ingot {
namespace {

Result<Array> one_number(const TfOp& op, size_t index, const char* what) {
  if (!op.is_constant(index)) return unsupported(std::string(what) + " is computed; a constant is supported");
  TRY_ASSIGN(Array value, op.constant(index, what));
  if (value.count() != 1) return invalid(std::string(what) + " is " + to_text(value.shape()) + "; one number is wanted");
  return value;
}

// x[start : end] along one axis.
Result<Tensor*> part_of(const TfOp& op, Tensor* x, int64_t axis, int64_t start, int64_t end) {
  Slice slice;
  slice.axes = {axis};
  slice.starts = {start};
  slice.ends = {end};
  slice.steps = {1};
  return op.add(slice, {x}, "part");
}

// x [n, ...] with zeros behind it, cut to `count`.
Result<Tensor*> padded(const TfOp& op, Tensor* x, int64_t count) {
  TRY_ASSIGN(Array zeros, Array::make(x->type.type, {count}));
  TRY_ASSIGN(Tensor * longer, op.add(Concat(0), {x, op.add_constant(std::move(zeros), "zeros")}, "padded"));
  return part_of(op, longer, 0, 0, count);
}

// Inputs: boxes [n, 4], scores [n], the most boxes, then as the version has them the overlap threshold, the score threshold and the sigma
// of soft suppression, which is 0 here.
struct Suppression {
  Tensor* places = nullptr;  // int32 [m]
  Tensor* count = nullptr;   // int32 []
  int64_t most = 0;
};

Result<Suppression> suppress(const TfOp& op) {
  Nms nms;
  nms.index_type = DataType::kInt32;
  nms.with_count = true;
  Suppression result;
  TRY_ASSIGN(const Array most, one_number(op, 2, "the number of boxes to keep"));
  nms.most = result.most = std::max<int64_t>(most.integer(0), 0);
  if (op.input_count() > 3) {
    TRY_ASSIGN(const Array overlap, one_number(op, 3, "the overlap threshold"));
    nms.overlap_threshold = overlap.number(0);
  } else {
    TRY_ASSIGN(nms.overlap_threshold, op.number("iou_threshold", 0.5));
  }
  if (op.input_count() > 4) {
    TRY_ASSIGN(const Array score, one_number(op, 4, "the score threshold"));
    nms.score_threshold = score.number(0);
  }
  if (op.input_count() > 5) {
    TRY_ASSIGN(const Array sigma, one_number(op, 5, "soft_nms_sigma"));
    if (sigma.number(0) != 0) return unsupported("soft suppression (soft_nms_sigma is not 0); boxes stay or go here");
  }
  TRY_ASSIGN(Tensor * boxes, op.tensor(0));
  TRY_ASSIGN(Tensor * scores, op.tensor(1));
  if (boxes->type.rank() != 2 || scores->type.rank() != 1)
    return invalid("boxes and scores are " + boxes->type.text() + " and " + scores->type.text() + "; [n, 4] and [n] are wanted");
  const Dim bound = smaller(scores->type.dims[0], nms.most);
  TRY_ASSIGN(boxes, op.add(Unsqueeze({0}), {boxes}, "boxes"));
  TRY_ASSIGN(scores, op.add(Unsqueeze({0, 1}), {scores}, "scores"));
  TRY_ASSIGN(Layer * layer, add_runtime_sized(op.network(), nms.clone(), {boxes, scores}, op.node().name + "/kept", {bound}));
  result.count = layer->output(1);
  // Rows are (batch, class, box).
  TRY_ASSIGN(Tensor * column, part_of(op, layer->output(0), 1, 2, 3));
  TRY_ASSIGN(result.places, op.add(Reshape(std::vector<int64_t>{-1}), {column}, "places"));
  return result;
}

// Versions up to 3 give the places alone.
Result<TfValue> suppression(const TfOp& op) {
  TRY(op.expects(3, 5));
  TRY_ASSIGN(const Suppression kept, suppress(op));
  return TfValue{kept.places};
}

// Version 4 gives the count too, version 5 the scores before it; both may pad with zeros.
template <bool kWithScores>
Result<std::vector<TfValue>> counted_suppression(const TfOp& op) {
  TRY(op.expects(5, 6));
  TRY_ASSIGN(const Suppression kept, suppress(op));
  TRY_ASSIGN(const bool pads, op.flag("pad_to_max_output_size", false));
  std::vector<TfValue> outputs;
  std::vector<Tensor*> lists = {kept.places};
  if (kWithScores) {
    TRY_ASSIGN(Tensor * scores, op.tensor(1));
    TRY_ASSIGN(scores, op.add(Gather(0), {scores, kept.places}, "scores"));
    lists.push_back(scores);
  }
  for (Tensor* list : lists) {
    if (pads) {
      TRY_ASSIGN(list, padded(op, list, kept.most));
    }
    outputs.push_back({list});
  }
  outputs.push_back({kept.count});
  return outputs;
}

// Inputs: boxes [N, n, 1 or classes, 4], scores [N, n, classes], the most boxes of a class, the most of all classes, the thresholds of
// overlap and score. Outputs: the boxes that stay [N, most, 4], their scores and classes [N, most], how many they are [N].
Result<std::vector<TfValue>> combined_suppression(const TfOp& op) {
  TRY(op.expects(6, 6));
  TRY_ASSIGN(const Array of_class, one_number(op, 2, "the number of boxes of a class"));
  TRY_ASSIGN(const Array of_all, one_number(op, 3, "the number of boxes to keep"));
  TRY_ASSIGN(const Array overlap, one_number(op, 4, "the overlap threshold"));
  TRY_ASSIGN(const Array score, one_number(op, 5, "the score threshold"));
  TRY_ASSIGN(const bool pads_by_class, op.flag("pad_per_class", false));
  TRY_ASSIGN(Tensor * boxes, op.tensor(0));
  TRY_ASSIGN(Tensor * scores, op.tensor(1));
  BatchedNms nms;
  nms.most = of_all.integer(0);
  nms.most_of_class = of_class.integer(0);
  nms.overlap_threshold = overlap.number(0);
  nms.score_threshold = score.number(0);
  TRY_ASSIGN(nms.clip, op.flag("clip_boxes", true));
  if (nms.most < 1 || nms.most_of_class < 1)
    return invalid("it keeps " + std::to_string(nms.most) + " boxes and " + std::to_string(nms.most_of_class) +
                   " of a class; both are positive");
  if (pads_by_class) {
    if (scores->type.rank() != 3 || !scores->type.dims[2].is_constant())
      return unsupported("pad_per_class needs to know how many classes the scores " + scores->type.text() + " have");
    const int64_t classes = std::max<int64_t>(scores->type.dims[2].value(), 1);
    nms.most = std::min(nms.most, nms.most_of_class > nms.most / classes ? nms.most : nms.most_of_class * classes);
  }
  TRY_ASSIGN(Layer * layer, op.network().add_layer(nms.clone(), {boxes, scores}, op.node().name));
  TRY_ASSIGN(Tensor * labels, op.add(Elementwise::cast(boxes->type.type), {layer->output(3)}, "classes"));
  TRY_ASSIGN(Tensor * count, op.add(Reshape(std::vector<int64_t>{-1}), {layer->output(0)}, "count"));
  return std::vector<TfValue>{{layer->output(1)}, {layer->output(2)}, {labels}, {count}};
}

// Where the windows' rows (axis 0) or columns (axis 1) lie among the `length` of the images.
struct WindowAxis {
  Tensor* at = nullptr;      // in the coordinates of grid_sample, [windows, count]
  Tensor* inside = nullptr;  // bool [windows, count]
};

Result<WindowAxis> window_axis(const TfOp& op, Tensor* boxes, int64_t axis, int64_t count, int64_t length, bool nearest) {
  const auto scalar = [&](double value) { return op.scalar(DataType::kFloat, value); };
  const auto combine = [&](ScalarOp kind, Tensor* a, Tensor* b) { return op.add(Elementwise(kind), {a, b}, "window"); };
  TRY_ASSIGN(Tensor * first, part_of(op, boxes, 1, axis, axis + 1));
  TRY_ASSIGN(Tensor * last, part_of(op, boxes, 1, axis + 2, axis + 3));
  const auto reach = static_cast<double>(length - 1);
  Tensor* at = nullptr;
  if (count > 1) {
    TRY_ASSIGN(Tensor * step, combine(ScalarOp::kSub, last, first));
    TRY_ASSIGN(step, combine(ScalarOp::kMul, step, scalar(reach)));
    TRY_ASSIGN(step, combine(ScalarOp::kDiv, step, scalar(static_cast<double>(count - 1))));
    std::vector<double> numbers;
    for (int64_t i = 0; i < count; ++i) numbers.push_back(static_cast<double>(i));
    TRY_ASSIGN(at, combine(ScalarOp::kMul, step, op.add_constant(Array::of(DataType::kFloat, {1, count}, numbers), "steps")));
    TRY_ASSIGN(first, combine(ScalarOp::kMul, first, scalar(reach)));
    TRY_ASSIGN(at, combine(ScalarOp::kAdd, first, at));
  } else {  // the middle
    TRY_ASSIGN(at, combine(ScalarOp::kAdd, first, last));
    TRY_ASSIGN(at, combine(ScalarOp::kMul, at, scalar(0.5 * reach)));
  }
  WindowAxis result;
  TRY_ASSIGN(Tensor * before, combine(ScalarOp::kLess, at, scalar(0)));
  TRY_ASSIGN(Tensor * behind, combine(ScalarOp::kGreater, at, scalar(reach)));
  TRY_ASSIGN(Tensor * outside, combine(ScalarOp::kOr, before, behind));
  TRY_ASSIGN(result.inside, op.add(Elementwise(ScalarOp::kNot), {outside}, "inside"));
  if (nearest) {  // halves go up
    TRY_ASSIGN(at, combine(ScalarOp::kAdd, at, scalar(0.5)));
    TRY_ASSIGN(at, op.add(Elementwise(ScalarOp::kFloor), {at}, "window"));
  }
  TRY_ASSIGN(at, combine(ScalarOp::kMul, at, scalar(2 / std::max(reach, 1.0))));
  TRY_ASSIGN(result.at, combine(ScalarOp::kSub, at, scalar(1)));
  return result;
}

// Inputs: images [N, H, W, C], boxes [windows, 4] as y0, x0, y1, x1 of 0..1, the image of each, the windows' height and width.
Result<TfValue> crop_and_resize(const TfOp& op) {
  TRY(op.expects(4, 4));
  TRY_ASSIGN(Tensor * images, op.planes(0));
  TRY_ASSIGN(Tensor * boxes, op.tensor(1));
  TRY_ASSIGN(Tensor * places, op.tensor(2));
  if (!op.is_constant(3)) return unsupported("the size of its windows is computed; a constant is supported");
  TRY_ASSIGN(const std::vector<int64_t> size, op.integers(3, "the size of the windows"));
  if (size.size() != 2 || size[0] < 1 || size[1] < 1)
    return invalid("the size of the windows is " + to_text(size) + "; height and width are wanted");
  const Dims& dims = images->type.dims;
  if (!dims[2].is_constant() || !dims[3].is_constant() || dims[2].value() < 1 || dims[3].value() < 1)
    return unsupported("it takes windows of images of an unknown size, " + images->type.text() +
                       " (channels first); give the input a shape");
  if (boxes->type.rank() != 2) return invalid("the boxes are " + boxes->type.text() + "; [windows, 4] is wanted");
  TRY_ASSIGN(const std::string method, op.word("method", "bilinear"));
  if (method != "bilinear" && method != "nearest") return unsupported("its method is '" + method + "'; bilinear and nearest are supported");
  const bool nearest = method == "nearest";
  TRY_ASSIGN(const double outside, op.number("extrapolation_value", 0));
  TRY_ASSIGN(const WindowAxis rows, window_axis(op, boxes, 0, size[0], dims[2].value(), nearest));
  TRY_ASSIGN(const WindowAxis columns, window_axis(op, boxes, 1, size[1], dims[3].value(), nearest));
  // The grid [windows, height, width, 2] of (x, y).
  TRY_ASSIGN(Tensor * x, op.add(Unsqueeze({1, 3}), {columns.at}, "x"));
  TRY_ASSIGN(Tensor * y, op.add(Unsqueeze({2, 3}), {rows.at}, "y"));
  TRY_ASSIGN(Array no_rows, Array::make(DataType::kFloat, {1, size[0], 1, 1}));
  TRY_ASSIGN(Array no_columns, Array::make(DataType::kFloat, {1, 1, size[1], 1}));
  TRY_ASSIGN(x, op.add(Elementwise(ScalarOp::kAdd), {x, op.add_constant(std::move(no_rows), "rows")}, "x"));
  TRY_ASSIGN(y, op.add(Elementwise(ScalarOp::kAdd), {y, op.add_constant(std::move(no_columns), "columns")}, "y"));
  TRY_ASSIGN(Tensor * grid, op.add(Concat(-1), {x, y}, "grid"));
  TRY_ASSIGN(Tensor * sources, op.add(Gather(0), {images, places}, "images"));
  if (sources->type.type != DataType::kFloat) {
    TRY_ASSIGN(sources, op.add(Elementwise::cast(DataType::kFloat), {sources}, "images"));
  }
  GridSample sample;
  sample.mode = nearest ? SampleMode::kNearest : SampleMode::kLinear;
  sample.align_corners = true;
  TRY_ASSIGN(Tensor * windows, op.add(sample, {sources, grid}, "windows"));
  TRY_ASSIGN(Tensor * inside_rows, op.add(Unsqueeze({1, 3}), {rows.inside}, "inside"));
  TRY_ASSIGN(Tensor * inside_columns, op.add(Unsqueeze({1, 2}), {columns.inside}, "inside"));
  TRY_ASSIGN(Tensor * inside, op.add(Elementwise(ScalarOp::kAnd), {inside_rows, inside_columns}, "inside"));
  TRY_ASSIGN(windows, op.add(Elementwise(ScalarOp::kSelect), {inside, windows, op.scalar(DataType::kFloat, outside)}));
  return TfValue{windows, true};
}

}  // namespace

TF_OPERATORS(detect) {
  for (const char* name : {"NonMaxSuppression", "NonMaxSuppressionV2", "NonMaxSuppressionV3"})
    catalogue.add(name, one_tf_output<suppression>);
  catalogue.add("NonMaxSuppressionV4", counted_suppression<false>);
  catalogue.add("NonMaxSuppressionV5", counted_suppression<true>);
  catalogue.add("CombinedNonMaxSuppression", combined_suppression);
  catalogue.add("CropAndResize", one_tf_output<crop_and_resize>);
}

}  // namespace ingot
