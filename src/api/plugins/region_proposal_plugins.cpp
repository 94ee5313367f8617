// Plugins of detectors in two steps: regions that may hold something, and what is read at them.
#include <cmath>

#include "api/plugins/crops.h"
#include "api/plugins/kinds.h"
#include "operators/batched_nms.h"
#include "operators/proposal.h"
#include "operators/reduce.h"
#include "operators/roi_pool.h"

namespace ingot::api {
namespace {

// Faster R-CNN's regions and the largest features in the cells of each (S. Ren et al., 2015). Inputs: scores of background and object
// [N, 2 * A, H, W], shifts [N, 4 * A, H, W], features [N, C, H, W] and the image's height, width and scale. Outputs: regions
// [N, 1, nmsMaxOut, 4] as x0, y0, x1, y1, zeros behind those found, and features [N, nmsMaxOut, C, poolingH, poolingW].
Result<Tensors> region_pooling(Network& network, const Tensors& in, const StockFields& fields) {
  Wiring w(network);
  w.require(in.size() == 4, "RPROI_TRT has four inputs: scores, shifts, features and the image's size");
  if (!w.ok()) return w.done({});
  Proposal regions;
  regions.stride = fields.integer("featureStride");
  regions.min_size = fields.number("minBoxSize");
  regions.ratios = fields.numbers("anchorsRatios");
  regions.scales = fields.numbers("anchorsScales");
  regions.candidates = std::max<int64_t>(fields.integer("preNmsTop"), 0);
  regions.most = fields.integer("nmsMaxOut");
  regions.overlap_threshold = fields.number("iouThreshold");
  regions.padded = true;
  const auto counted = [&](const char* count, const std::vector<double>& values) {
    const int64_t told = fields.integer(count);
    w.require(told == 0 || told == static_cast<int64_t>(values.size()),
              std::string(count) + " of RPROI_TRT is " + std::to_string(told) + ", but there are " + std::to_string(values.size()));
  };
  counted("anchorsRatioCount", regions.ratios);
  counted("anchorsScaleCount", regions.scales);
  w.require(w.dims(in[2]).size() == 4 && w.dims(in[3]).size() >= 2, "features are [N, C, H, W], and images have a size");
  if (!w.ok()) return w.done({});
  const Dims features = in[2]->type.dims, size = in[3]->type.dims;
  Tensor* image = w.reshape(in[3], {size[0], volume(Dims(size.begin() + 1, size.end()))});
  RoiPool pool;
  pool.height = fields.integer("poolingH");
  pool.width = fields.integer("poolingW");
  pool.scale = fields.number("spatialScale");
  const Dim most(regions.most);
  const Tensors found = w.add_all(std::move(regions), {in[0], in[1], image});
  if (!w.ok()) return w.done({});
  Tensor* pooled = w.add(std::move(pool), {in[2], found[0]});
  Tensor* boxes = w.reshape(w.slice(found[0], 1, 1, 4), {features[0], Dim(1), most, Dim(4)});
  if (!w.ok()) return w.done({});
  const Dims cells = pooled->type.dims;
  return w.done({boxes, w.reshape(pooled, {features[0], most, features[1], cells[2], cells[3]})});
}

// ---- Mask R-CNN (K. He et al., 2017), with boxes as y0, x0, y1, x1 in parts of the image ----

constexpr double kDeviations[] = {0.1, 0.1, 0.2, 0.2};  // of shifts

// The least and largest coordinate that a box keeps.
Tensor* inside(Wiring& w, Tensor* boxes) {
  return w.apply(ScalarOp::kMin, {w.apply(ScalarOp::kMax, {boxes, w.number(0, boxes)}), w.number(1, boxes)});
}

// Boxes moved by shifts of their size and scaled by exponentials, along the last axis of rank 4; both of the same rank.
Tensor* moved(Wiring& w, Tensor* boxes, Tensor* shifts) {
  Tensor* step = w.apply(ScalarOp::kMul, {shifts, w.numbers({kDeviations, kDeviations + 4}, {1, 1, 1, 4}, shifts)});
  Tensor *low = w.slice(boxes, 3, 0, 2), *high = w.slice(boxes, 3, 2, 2);
  Tensor* size = w.apply(ScalarOp::kSub, {high, low});
  Tensor* centre = w.apply(ScalarOp::kAdd, {low, w.apply(ScalarOp::kMul, {size, w.number(0.5, boxes)})});
  centre = w.apply(ScalarOp::kAdd, {centre, w.apply(ScalarOp::kMul, {w.slice(step, 3, 0, 2), size})});
  Tensor* grown = w.apply(ScalarOp::kMul, {size, w.apply(ScalarOp::kExp, {w.slice(step, 3, 2, 2)})});
  Tensor* half = w.apply(ScalarOp::kMul, {grown, w.number(0.5, boxes)});
  Tensor* corner = w.apply(ScalarOp::kSub, {centre, half});
  return inside(w, w.concat({corner, w.apply(ScalarOp::kAdd, {corner, grown})}, 3));
}

// Anchors [1, A, 1, 4] of an image of that size: five maps, each with places, and at each place three shapes of one scale.
Tensor* pyramid_anchors(Wiring& w, int64_t high, int64_t wide, const Tensor* like) {
  std::vector<double> corners;
  constexpr double kRatios[] = {0.5, 1, 2};
  for (int level = 0; level < 5; ++level) {
    const int64_t stride = int64_t{4} << level;
    const double scale = static_cast<double>(int64_t{32} << level);
    const int64_t rows = (high + stride - 1) / stride, columns = (wide + stride - 1) / stride;
    for (int64_t row = 0; row < rows; ++row) {
      for (int64_t column = 0; column < columns; ++column) {
        for (const double ratio : kRatios) {
          const double half_high = scale / std::sqrt(ratio) / 2, half_wide = scale * std::sqrt(ratio) / 2;
          const auto y = static_cast<double>(row * stride), x = static_cast<double>(column * stride);
          // Pixels count from 0 to length - 1, and the last one belongs to a box.
          const auto down = [&](double at) { return at / static_cast<double>(high - 1); };
          const auto across = [&](double at) { return at / static_cast<double>(wide - 1); };
          corners.insert(corners.end(), {down(y - half_high), across(x - half_wide), down(y + half_high - 1), across(x + half_wide - 1)});
        }
      }
    }
  }
  const auto count = static_cast<int64_t>(corners.size() / 4);
  return w.numbers(corners, {1, count, 1, 4}, like);
}

// Inputs: scores of background and object [N, A, 2, 1] and shifts [N, A, 4, 1]; output: the best boxes [N, keep_topk, 4], zeros behind
// those found.
Result<Tensors> proposal_layer(Network& network, const Tensors& in, const StockFields& fields) {
  Wiring w(network);
  w.require(in.size() == 2 && w.dims(in[0]).size() >= 3 && w.dims(in[1]).size() >= 3,
            "ProposalLayer_TRT has two inputs: scores [N, A, 2, 1] and shifts [N, A, 4, 1]");
  const std::vector<int64_t> image = fields.integers("image_size");
  w.require(image.size() == 3 && image[1] > 1 && image[2] > 1 && image[1] <= 8192 && image[2] <= 8192,
            "image_size of ProposalLayer_TRT has three numbers: channels, height, width");
  if (!w.ok()) return w.done({});
  Tensor* anchors = pyramid_anchors(w, image[1], image[2], in[1]);
  const Dim count = anchors->type.dims[1];
  w.require(in[0]->type.dims[1] == count && in[1]->type.dims[1] == count,
            "an image of " + std::to_string(image[1]) + " x " + std::to_string(image[2]) + " has " + count.text() +
                " anchors; scores are " + to_text(in[0]->type.dims) + " and shifts " + to_text(in[1]->type.dims));
  if (!w.ok()) return w.done({});
  const Dim n = in[0]->type.dims[0];
  Tensor* scores = w.slice(w.reshape(in[0], {n, count, Dim(2)}), 2, 1, 1);
  BatchedNms op;
  op.most = fields.integer("keep_topk");
  op.candidates = std::max<int64_t>(fields.integer("prenms_topk"), 0);
  op.score_threshold = -__builtin_inf();
  op.overlap_threshold = fields.number("iou_threshold");
  w.require(op.most > 0, "keep_topk of ProposalLayer_TRT is " + std::to_string(op.most) + "; it is positive");
  const Tensors all = w.add_all(std::move(op), {moved(w, anchors, w.reshape(in[1], {n, count, Dim(1), Dim(4)})), scores});
  return w.done(w.ok() ? Tensors{all[1]} : Tensors{});
}

// Inputs: shifts of each class [N, R, classes * 4, 1, 1], scores [N, R, classes, 1, 1] and regions [N, R, 4]; output: the best
// [N, keep_topk, 6] as y0, x0, y1, x1, class and score. Each region counts for its best class alone.
Result<Tensors> detection_layer(Network& network, const Tensors& in, const StockFields& fields) {
  Wiring w(network);
  const int64_t classes = fields.integer("num_classes");
  w.require(
      in.size() == 3 && classes > 1 && w.dims(in[0]).size() >= 3 && w.dims(in[1]).size() >= 3 && w.dims(in[2]).size() == 3,
      "DetectionLayer_TRT has three inputs, shifts [N, R, classes * 4], scores [N, R, classes] and regions [N, R, 4], and num_classes");
  if (!w.ok()) return w.done({});
  const Dim n = in[1]->type.dims[0], count = in[1]->type.dims[1];
  Tensor* scores = w.reshape(in[1], {n, count, Dim(classes)});
  Tensor* boxes = moved(w, w.reshape(in[2], {n, count, Dim(1), Dim(4)}), w.reshape(in[0], {n, count, Dim(classes), Dim(4)}));
  Reduce largest(ReduceKind::kMax, {2});
  // -1 is below every threshold.
  Tensor* is_less = w.apply(ScalarOp::kLess, {scores, w.add(std::move(largest), {scores})});
  Tensor* only_best = w.apply(ScalarOp::kSelect, {is_less, w.number(-1, scores), scores});
  BatchedNms op;
  op.most = fields.integer("keep_topk");
  op.background = 0;
  op.score_threshold = fields.number("score_threshold");
  op.overlap_threshold = fields.number("iou_threshold");
  w.require(op.most > 0, "keep_topk of DetectionLayer_TRT is " + std::to_string(op.most) + "; it is positive");
  const Dim most(op.most);
  const Tensors all = w.add_all(std::move(op), {boxes, only_best});
  if (!w.ok()) return w.done({});
  Tensor* label = w.reshape(w.cast(all[3], all[1]->type.type), {n, most, Dim(1)});
  return w.done({w.concat({all[1], label, w.reshape(all[2], {n, most, Dim(1)})}, 2)});
}

// Inputs: regions [N, R, 4] and the maps P2 to P5 of a feature pyramid; output [N, R, C, pooled_size, pooled_size]. A region of 224 x 224
// pixels reads P4, one half as large P3 (T. Lin et al., 2017).
Result<Tensors> pyramid_align(Network& network, const Tensors& in, const StockFields& fields) {
  Wiring w(network);
  w.require(in.size() == 5 && w.dims(in[0]).size() == 3, "PyramidROIAlign_TRT has five inputs: regions [N, R, 4] and four maps");
  const int64_t pooled = fields.integer("pooled_size");
  const std::vector<int64_t> image = fields.integers("image_size");
  w.require(pooled > 0 && pooled <= 1024, "pooled_size of PyramidROIAlign_TRT is " + std::to_string(pooled));
  w.require(image.size() == 3 && image[1] > 0 && image[2] > 0,
            "image_size of PyramidROIAlign_TRT has three numbers: channels, height, width");
  if (!w.ok()) return w.done({});
  const Dims regions = in[0]->type.dims;
  const auto column = [&](int64_t i) { return w.slice(in[0], 2, i, 1); };
  Tensor* area =
      w.apply(ScalarOp::kMul, {w.apply(ScalarOp::kSub, {column(2), column(0)}), w.apply(ScalarOp::kSub, {column(3), column(1)})});
  if (!w.ok()) return w.done({});
  area = w.reshape(area, {regions[0], regions[1], Dim(1), Dim(1), Dim(1)});
  // The level is 4 + round(log2(sqrt(area of the image) * sqrt(area) / 224)), from 2 to 5: bounds of the area where it changes.
  const double whole = static_cast<double>(image[1]) * static_cast<double>(image[2]);
  Tensor* result = nullptr;
  for (int level = 2; level <= 5; ++level) {
    Tensor* crops = crops_of(w, in[static_cast<size_t>(level - 1)], in[0], pooled, pooled);
    if (!result) {
      result = crops;
      continue;
    }
    const double side = 224 * std::exp2(level - 4 - 0.5);
    Tensor* is_below = w.apply(ScalarOp::kLess, {area, w.number(side * side / whole, area)});
    result = w.apply(ScalarOp::kSelect, {is_below, result, crops});
  }
  return w.done({result});
}

}  // namespace

std::vector<StockKind> region_proposal_plugins() {
  return {{"RPROI_TRT",
           "1",
           {{"poolingH", kInteger, {7}},
            {"poolingW", kInteger, {7}},
            {"featureStride", kInteger, {16}},
            {"preNmsTop", kInteger, {6000}},
            {"nmsMaxOut", kInteger, {300}},
            {"anchorsRatioCount", kInteger, {0}},
            {"anchorsScaleCount", kInteger, {0}},
            {"iouThreshold", kReal, {0.7}},
            {"minBoxSize", kReal, {16}},
            {"spatialScale", kReal, {0.0625}},
            {"anchorsRatios", kReal, {0.5, 1, 2}},
            {"anchorsScales", kReal, {8, 16, 32}}},
           always("xx"),
           region_pooling},
          {"ProposalLayer_TRT",
           "1",
           {{"prenms_topk", kInteger, {1024}},
            {"keep_topk", kInteger, {1000}},
            {"iou_threshold", kReal, {0.7}},
            {"image_size", kInteger, {3, 1024, 1024}}},
           always("x"),
           proposal_layer},
          {"DetectionLayer_TRT",
           "1",
           {{"num_classes", kInteger, {81}},
            {"keep_topk", kInteger, {100}},
            {"score_threshold", kReal, {0.7}},
            {"iou_threshold", kReal, {0.3}}},
           always("x"),
           detection_layer},
          {"PyramidROIAlign_TRT",
           "1",
           {{"pooled_size", kInteger, {7}}, {"image_size", kInteger, {3, 1024, 1024}}},
           always("x"),
           pyramid_align}};
}

}  // namespace ingot::api
