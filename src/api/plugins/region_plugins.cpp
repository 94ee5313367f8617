// Plugins that read a feature map at regions, or give its points a meaning.
#include "api/plugins/crops.h"
#include "api/plugins/kinds.h"
#include "operators/deformable_convolution.h"
#include "operators/resize.h"
#include "operators/roi_align.h"
#include "operators/softmax.h"

namespace ingot::api {
namespace {

// The last layer of YOLO 2 (J. Redmon, A. Farhadi, 2016): of each box x, y and objectness through a sigmoid, classes through a softmax;
// width and height stay. [N, num * (coords + 1 + classes), H, W].
Result<Tensors> region(Network& network, const Tensors& in, const StockFields& fields) {
  Wiring w(network);
  const int64_t boxes = fields.integer("num"), coords = fields.integer("coords"), classes = fields.integer("classes");
  w.require(in.size() == 1 && w.dims(in[0]).size() == 4, "Region_TRT has one input of three dims behind the batch");
  w.require(boxes > 0 && coords >= 2 && classes > 0, "Region_TRT has num and classes above 0, and 2 coords or more");
  w.require(fields.numbers("smTree").empty(), "trees of classes are not supported; leave smTree out");
  if (!w.ok()) return w.done({});
  const Dims dims = in[0]->type.dims;
  w.require(dims[1].is(boxes * (coords + 1 + classes)),
            "the channels of Region_TRT are num * (coords + 1 + classes), not " + dims[1].text());
  if (!w.ok()) return w.done({});
  Tensor* x = w.reshape(in[0], {dims[0], Dim(boxes), Dim(coords + 1 + classes), dims[2], dims[3]});
  Tensors parts = {w.apply(ScalarOp::kSigmoid, {w.slice(x, 2, 0, 2)})};
  if (coords > 2) parts.push_back(w.slice(x, 2, 2, coords - 2));
  parts.push_back(w.apply(ScalarOp::kSigmoid, {w.slice(x, 2, coords, 1)}));
  parts.push_back(w.add(Softmax(2), {w.slice(x, 2, coords + 1, classes)}));
  return w.done({w.reshape(w.concat(parts, 2), dims)});
}

// Each element repeated along height and width.
Result<Tensors> resize_nearest(Network& network, const Tensors& in, const StockFields& fields) {
  Wiring w(network);
  w.require(in.size() == 1 && w.dims(in[0]).size() == 4, "ResizeNearest_TRT has one input of three dims behind the batch");
  const double scale = fields.number("scale");
  w.require(scale > 0, "the scale of ResizeNearest_TRT is " + std::to_string(scale) + "; it is positive");
  Resize op;
  op.coordinates = ResizeCoordinates::kAsymmetric;
  op.rounding = ResizeRounding::kFloor;
  op.axes = {2, 3};
  op.scales = {scale, scale};
  return w.done({w.add(std::move(op), in)});
}

// y[n, b] = the box b (y0, x0, y1, x1, parts of the image) of image n, read at crop_height x crop_width points, the corners among them:
// [N, B, C, crop_height, crop_width]. Source: TensorFlow's crop_and_resize.
Result<Tensors> crop_and_resize(Network& network, const Tensors& in, const StockFields& fields) {
  Wiring w(network);
  w.require(in.size() == 2 && w.dims(in[0]).size() == 4, "CropAndResize has two inputs: an image [N, C, H, W] and boxes [N, B, 4]");
  const int64_t high = fields.integer("crop_height"), wide = fields.integer("crop_width");
  w.require(high > 0 && wide > 0 && high <= 4096 && wide <= 4096, "a crop is " + std::to_string(high) + " x " + std::to_string(wide));
  if (!w.ok()) return w.done({});
  const Dims image = in[0]->type.dims, given = in[1]->type.dims;
  w.require(given.size() == 3 || (given.size() == 4 && (given[3].is(1) || given[2].is(1))),
            "boxes are " + to_text(given) + "; [N, B, 4] is wanted");
  if (!w.ok()) return w.done({});
  return w.done({crops_of(w, in[0], w.reshape(in[1], {image[0], given[1], Dim(4)}), high, wide)});
}

// Inputs: x, regions [R, 4] and the image of each [R]. Source: ONNX RoiAlign.
Result<Tensors> roi_align(Network& network, const Tensors& in, const StockFields& fields) {
  Wiring w(network);
  w.require(in.size() == 3, "ROIAlign_TRT has three inputs: x, regions and the image of each region");
  RoiAlign op;
  op.maximum = fields.integer("mode") == 0;
  op.half_pixel = fields.integer("coordinate_transformation_mode") == 1;
  op.height = fields.integer("output_height");
  op.width = fields.integer("output_width");
  op.samples = fields.integer("sampling_ratio");
  op.scale = fields.number("spatial_scale");
  return w.done({w.add(std::move(op), in)});
}

// Inputs: x, offsets, mask, weights and, where it has one, the bias (J. Dai et al., 2017; X. Zhu et al., 2019).
Result<Tensors> deformable(Network& network, const Tensors& in, const StockFields& fields) {
  Wiring w(network);
  w.require(in.size() == 4 || in.size() == 5, "ModulatedDeformConv2d has four inputs, x, offsets, mask and weights, and a bias");
  if (!w.ok()) return w.done({});
  DeformableConvolution op;
  const auto pair = [&](const char* name) {
    std::vector<int64_t> both = fields.integers(name);
    if (both.size() == 1) both.push_back(both[0]);
    w.require(both.size() == 2, std::string(name) + " of ModulatedDeformConv2d has two numbers");
    return both;
  };
  op.strides = pair("stride");
  op.dilations = pair("dilation");
  const std::vector<int64_t> pads = pair("padding");
  if (!w.ok()) return w.done({});
  op.pads = {pads[0], pads[1], pads[0], pads[1]};
  op.groups = fields.integer("group");
  op.offset_groups = fields.integer("deformable_group");
  Tensor* bias = in.size() == 5 ? in[4] : w.numbers(std::vector<double>(static_cast<size_t>(w.size(in[3], 0))), {w.size(in[3], 0)}, in[0]);
  return w.done({w.add(std::move(op), {in[0], in[3], in[1], bias, in[2]})});
}

}  // namespace

std::vector<StockKind> region_plugins() {
  return {{"Region_TRT",
           "1",
           {{"num", kInteger, {5}}, {"coords", kInteger, {4}}, {"classes", kInteger, {80}}, {"smTree", kInteger}},
           always("x"),
           region},
          {"ResizeNearest_TRT", "1", {{"scale", kReal, {2}}}, always("x"), resize_nearest},
          {"CropAndResize", "1", {{"crop_width", kInteger, {1}}, {"crop_height", kInteger, {1}}}, always("x"), crop_and_resize},
          {"CropAndResizeDynamic", "1", {{"crop_width", kInteger, {1}}, {"crop_height", kInteger, {1}}}, always("x"), crop_and_resize},
          {"ROIAlign_TRT",
           "1",
           {{"coordinate_transformation_mode", kInteger, {1}},
            {"mode", kInteger, {1}},
            {"output_height", kInteger, {1}},
            {"output_width", kInteger, {1}},
            {"sampling_ratio", kInteger, {0}},
            {"spatial_scale", kReal, {1}}},
           always("x"),
           roi_align},
          {"ModulatedDeformConv2d",
           "1",
           {{"stride", kInteger, {1, 1}},
            {"padding", kInteger, {0, 0}},
            {"dilation", kInteger, {1, 1}},
            {"group", kInteger, {1}},
            {"deformable_group", kInteger, {1}}},
           always("x"),
           deformable}};
}

}  // namespace ingot::api
