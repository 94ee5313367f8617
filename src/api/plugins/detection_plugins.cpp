// Plugins that keep the best boxes of a detector.
#include "api/plugins/kinds.h"
#include "api/plugins/wiring.h"
#include "operators/batched_nms.h"
#include "operators/detection_output.h"

namespace ingot::api {
namespace {

// Boxes as [N, count, sets, 4]; [N, count, 4] is one set.
Tensor* with_sets(Wiring& w, Tensor* boxes) {
  const Dims dims = w.dims(boxes);
  if (dims.size() == 4) return boxes;
  if (dims.size() != 3) {
    w.refuse("boxes are " + to_text(dims) + "; [N, count, 4] or [N, count, classes, 4] is wanted");
    return nullptr;
  }
  return w.reshape(boxes, {dims[0], dims[1], Dim(1), dims[2]});
}

// Scores as [N, count, classes], without a 1 behind.
Tensor* plain_scores(Wiring& w, Tensor* scores) {
  const Dims dims = w.dims(scores);
  if (dims.size() == 4 && dims[3].is(1)) return w.reshape(scores, {dims[0], dims[1], dims[2]});
  return scores;
}

// Numbers of a box along the last axis of rank 4.
Tensor* part(Wiring& w, Tensor* boxes, int64_t from, int64_t count) { return w.slice(boxes, 3, from, count); }

// Centre and size => two corners.
Tensor* corners_of(Wiring& w, Tensor* boxes) {
  Tensor *centre = part(w, boxes, 0, 2), *half = w.apply(ScalarOp::kMul, {part(w, boxes, 2, 2), w.number(0.5, boxes)});
  return w.concat({w.apply(ScalarOp::kSub, {centre, half}), w.apply(ScalarOp::kAdd, {centre, half})}, 3);
}

// Outputs: number of detections, boxes, scores and classes as floats.
Result<Tensors> batched_nms(Network& network, const Tensors& in, const StockFields& fields) {
  Wiring w(network);
  w.require(in.size() == 2, "BatchedNMS has two inputs: boxes and scores");
  BatchedNms op;
  op.most = fields.integer("keepTopK");
  op.candidates = std::max<int64_t>(fields.integer("topK"), 0);
  op.background = fields.integer("backgroundLabelId");
  op.score_threshold = fields.number("scoreThreshold");
  op.overlap_threshold = fields.number("iouThreshold");
  op.inclusive_pixels = !fields.flag("isNormalized");
  op.clip = fields.flag("clipBoxes");
  op.no_class = -1;
  w.require(op.most > 0, "keepTopK of BatchedNMS is " + std::to_string(op.most) + "; it is positive");
  if (!w.ok()) return w.done({});
  Tensor *boxes = with_sets(w, in[0]), *scores = plain_scores(w, in[1]);
  if (const int64_t classes = fields.integer("numClasses"); w.ok() && classes > 0)
    w.require(w.dims(scores).back().is(classes),
              "numClasses is " + std::to_string(classes) + ", but scores are " + to_text(w.dims(scores)));
  const Tensors all = w.add_all(std::move(op), {boxes, scores});
  if (!w.ok()) return w.done({});
  return w.done({all[0], all[1], all[2], w.cast(all[3], all[2]->type.type)});
}

// Boxes as two corners: decoded from anchors, the third input, where there is one.
Tensor* efficient_boxes(Wiring& w, const Tensors& in, const StockFields& fields) {
  Tensor* boxes = with_sets(w, in[0]);
  const bool centered = fields.integer("box_coding") == 1;
  if (in.size() < 3) return centered ? corners_of(w, boxes) : boxes;
  Tensor* anchors = with_sets(w, in[2]);
  if (!centered) return w.apply(ScalarOp::kAdd, {anchors, boxes});
  // Centres move by parts of the anchor's size, which is scaled by an exponential.
  Tensor* size = part(w, anchors, 2, 2);
  Tensor* centre = w.apply(ScalarOp::kAdd, {part(w, anchors, 0, 2), w.apply(ScalarOp::kMul, {part(w, boxes, 0, 2), size})});
  Tensor* grown = w.apply(ScalarOp::kMul, {size, w.apply(ScalarOp::kExp, {part(w, boxes, 2, 2)})});
  return corners_of(w, w.concat({centre, grown}, 3));
}

// Outputs: number of detections, boxes, scores and classes as int32.
Result<Tensors> efficient_nms(Network& network, const Tensors& in, const StockFields& fields) {
  Wiring w(network);
  w.require(in.size() == 2 || in.size() == 3, "EfficientNMS_TRT has two inputs, boxes and scores, and anchors where boxes are encoded");
  BatchedNms op;
  op.most = fields.integer("max_output_boxes");
  op.most_of_class = std::max<int64_t>(fields.integer("max_output_boxes_per_class"), 0);
  op.background = fields.integer("background_class");
  op.score_threshold = fields.number("score_threshold");
  op.overlap_threshold = fields.number("iou_threshold");
  op.class_agnostic = fields.flag("class_agnostic");
  w.require(op.most > 0, "max_output_boxes of EfficientNMS_TRT is " + std::to_string(op.most) + "; it is positive");
  if (!w.ok()) return w.done({});
  Tensor* scores = plain_scores(w, in[1]);
  if (fields.flag("score_activation")) scores = w.apply(ScalarOp::kSigmoid, {scores});
  const Tensors all = w.add_all(std::move(op), {efficient_boxes(w, in, fields), scores});
  if (!w.ok()) return w.done({});
  return w.done({all[0], all[1], all[2], all[3]});
}

// Rows (image, class, box) [N * K, 3] of int32, as ONNX's NonMaxSuppression numbers them; rows of nothing hold -1.
Result<Tensors> efficient_nms_onnx(Network& network, const Tensors& in, const StockFields& fields) {
  Wiring w(network);
  w.require(in.size() == 2 && w.dims(in[1]).size() == 3,
            "EfficientNMS_ONNX_TRT has two inputs: boxes [N, count, 4], scores [N, classes, count]");
  if (!w.ok()) return w.done({});
  const int64_t images = w.size(in[0], 0), classes = w.size(in[1], 1), each = fields.integer("max_output_boxes_per_class");
  w.require(each > 0, "max_output_boxes_per_class is " + std::to_string(each) + "; it is positive");
  if (!w.ok()) return w.done({});
  BatchedNms op;
  op.most_of_class = each;
  op.most = classes * each;
  op.score_threshold = fields.number("score_threshold");
  op.overlap_threshold = fields.number("iou_threshold");
  op.no_class = -1;
  const int64_t rows = op.most;
  Tensor* boxes = with_sets(w, in[0]);
  if (fields.flag("center_point_box")) boxes = corners_of(w, boxes);
  const Tensors all = w.add_all(std::move(op), {boxes, w.transpose(in[1], {0, 2, 1})});
  if (!w.ok()) return w.done({});
  std::vector<double> numbers;
  for (int64_t n = 0; n < images; ++n) numbers.push_back(static_cast<double>(n));
  Tensor* image = w.cast(w.numbers(numbers, {images, 1}, nullptr), DataType::kInt32);
  // -1 where no box is, the image's number else.
  Tensor* none = w.constant(Array::scalar(DataType::kInt32, 0));
  Tensor* is_none = w.apply(ScalarOp::kLess, {all[4], none});
  Tensor* owner = w.apply(ScalarOp::kSelect, {is_none, all[4], image});
  Tensors columns;
  for (Tensor* column : {owner, all[3], all[4]}) columns.push_back(w.reshape(column, {Dim(images * rows), Dim(1)}));
  return w.done({w.concat(columns, 1)});
}

// Rows (image, class, score, x0, y0, x1, y1) [N, 1, K, 7] and their number [N, 1, 1, 1]: W. Liu et al., SSD, 2016.
Result<Tensors> detection_output(Network& network, const Tensors& in, const StockFields& fields) {
  Wiring w(network);
  w.require(in.size() == 3, "NMS_TRT has three inputs: locations, confidences and priors");
  std::vector<int64_t> order = fields.integers("inputOrder");
  if (order.empty()) order = {0, 1, 2};
  w.require(order.size() == 3, "inputOrder has " + std::to_string(order.size()) + " numbers; 3 are wanted");
  for (int64_t place : order) w.require(place >= 0 && place < 3, "inputOrder names input " + std::to_string(place) + " of 3");
  w.require(fields.flag("isNormalized"), "NMS_TRT takes boxes as parts of the image: isNormalized is to be 1");
  if (!w.ok()) return w.done({});
  Tensor* offsets = in[static_cast<size_t>(order[0])];
  Tensor* scores = in[static_cast<size_t>(order[1])];
  if (fields.flag("confSigmoid")) scores = w.apply(ScalarOp::kSigmoid, {scores});
  DetectionOutput op;
  op.classes = fields.integer("numClasses");
  op.share_location = fields.flag("shareLocation");
  op.background = fields.integer("backgroundLabelId");
  op.overlap_threshold = fields.number("nmsThreshold");
  op.score_threshold = fields.number("confidenceThreshold");
  op.candidates = std::max<int64_t>(fields.integer("topK"), 0);
  op.most = std::max<int64_t>(fields.integer("keepTopK"), 0);
  op.variance_encoded = fields.flag("varianceEncodedInTarget");
  switch (fields.integer("codeType")) {
    case 0: op.code = BoxCode::kCorner; break;
    case 1: op.code = BoxCode::kCenterSize; break;
    case 2: op.code = BoxCode::kCornerSize; break;
    case 3: {
      // TensorFlow's offsets are (y, x, height, width), the others (x, y, width, height).
      op.code = BoxCode::kCenterSize;
      const Dims dims = w.dims(offsets);
      const Dim count = Dim::floor_divide(volume(Dims(dims.begin() + 1, dims.end())), Dim(4));
      Tensor* rows = w.reshape(offsets, {dims[0], count, Dim(2), Dim(2)});
      offsets = w.concat({w.slice(rows, 3, 1, 1), w.slice(rows, 3, 0, 1)}, 3);
      if (w.ok()) offsets = w.reshape(offsets, {dims[0], count * Dim(4)});
      break;
    }
    default: w.refuse("codeType is " + std::to_string(fields.integer("codeType")) + "; 0 to 3 are known");
  }
  Tensors rows = w.add_all(std::move(op), {offsets, scores, in[static_cast<size_t>(order[2])]});
  return w.done(std::move(rows));
}

}  // namespace

std::vector<StockKind> detection_plugins() {
  const std::vector<StockField> batched = {
      {"shareLocation", kInteger, {1}}, {"backgroundLabelId", kInteger, {-1}}, {"numClasses", kInteger, {0}},
      {"topK", kInteger, {0}},          {"keepTopK", kInteger, {0}},           {"scoreThreshold", kReal, {0}},
      {"iouThreshold", kReal, {0.5}},   {"isNormalized", kInteger, {1}},       {"clipBoxes", kInteger, {1}},
      {"scoreBits", kInteger, {16}},    {"caffeSemantics", kInteger, {1}}};
  const std::vector<StockField> efficient = {{"score_threshold", kReal, {0.25}},    {"iou_threshold", kReal, {0.5}},
                                             {"max_output_boxes", kInteger, {100}}, {"max_output_boxes_per_class", kInteger, {-1}},
                                             {"background_class", kInteger, {-1}},  {"score_activation", kInteger, {0}},
                                             {"class_agnostic", kInteger, {0}},     {"box_coding", kInteger, {0}}};
  const std::vector<StockField> single_shot = {{"shareLocation", kInteger, {1}},
                                               {"varianceEncodedInTarget", kInteger, {0}},
                                               {"backgroundLabelId", kInteger, {0}},
                                               {"numClasses", kInteger, {2}},
                                               {"topK", kInteger, {0}},
                                               {"keepTopK", kInteger, {0}},
                                               {"confidenceThreshold", kReal, {0}},
                                               {"nmsThreshold", kReal, {0.5}},
                                               {"inputOrder", kInteger, {0, 1, 2}},
                                               {"confSigmoid", kInteger, {0}},
                                               {"isNormalized", kInteger, {1}},
                                               {"codeType", kInteger, {1}},
                                               {"scoreBits", kInteger, {16}},
                                               {"isBatchAgnostic", kInteger, {1}}};
  const std::vector<StockField> onnx = {{"score_threshold", kReal, {0}},
                                        {"iou_threshold", kReal, {0.5}},
                                        {"max_output_boxes_per_class", kInteger, {100}},
                                        {"center_point_box", kInteger, {0}}};
  return {{"BatchedNMS_TRT", "1", batched, always("ixxx"), batched_nms},
          {"BatchedNMSDynamic_TRT", "1", batched, always("ixxx"), batched_nms},
          {"EfficientNMS_TRT", "1", efficient, always("ixxi"), efficient_nms},
          {"EfficientNMS_Explicit_TF_TRT", "1", efficient, always("ixxi"), efficient_nms},
          {"EfficientNMS_Implicit_TF_TRT", "1", efficient, always("ixxi"), efficient_nms},
          {"EfficientNMS_ONNX_TRT", "1", onnx, always("i"), efficient_nms_onnx},
          {"NMS_TRT", "1", single_shot, always("xi"), detection_output},
          {"NMSDynamic_TRT", "1", single_shot, always("xi"), detection_output}};
}

}  // namespace ingot::api
