// Plugins that lay boxes over feature maps, for detectors to move.
#include <cmath>

#include "api/plugins/kinds.h"
#include "api/plugins/wiring.h"
#include "operators/expand.h"
#include "operators/prior_box.h"

namespace ingot::api {
namespace {

// [N, 2, H * W * boxes * 4, 1]: corners and variances (W. Liu et al., SSD, 2016).
Result<Tensors> prior_box(Network& network, const Tensors& in, const StockFields& fields) {
  Wiring w(network);
  w.require(in.size() == 2 && w.dims(in[0]).size() == 4 && w.dims(in[1]).size() == 4,
            "PriorBox_TRT has two inputs of three dims behind the batch: features and image");
  if (!w.ok()) return w.done({});
  PriorBox op;
  op.min_sizes = fields.numbers("minSize");
  op.max_sizes = fields.numbers("maxSize");
  op.aspect_ratios = fields.numbers("aspectRatios");
  op.flip = fields.flag("flip");
  op.clip = fields.flag("clip");
  op.variances = fields.numbers("variance");
  op.step_x = fields.number("stepW");
  op.step_y = fields.number("stepH");
  op.offset = fields.number("offset");
  Tensor* image = in[1];
  const int64_t high = fields.integer("imgH"), wide = fields.integer("imgW");
  if (high > 0 && wide > 0) {
    // Only its size counts.
    Expand sized;
    sized.dims = DimList(std::vector<int64_t>{1, 1, high, wide});
    image = w.add(std::move(sized), {w.number(0, in[0])});
  }
  Tensor* boxes = w.add(std::move(op), {in[0], image});
  if (!w.ok()) return w.done({});
  Dims dims = boxes->type.dims;
  dims.push_back(Dim(1));
  return w.done({w.for_each_image(w.reshape(boxes, dims), in[0])});
}

// Boxes of the detectors of TensorFlow: layer k of L has the scale s = minSize + (maxSize - minSize) * k / (L - 1). At each point a box of
// area s^2 for each aspect ratio, and one of sqrt(s * next s); the lowest layer has three, of 0.1, s and s with the ratios 1, 2 and 1/2.
std::vector<double> grid_anchors(const StockFields& fields, int64_t layer, int64_t layers, int64_t high, int64_t wide) {
  const double least = fields.number("minSize"), most = fields.number("maxSize");
  const auto scale_of = [&](int64_t k) {
    if (k >= layers) return 1.0;
    return layers < 2 ? least : least + (most - least) * static_cast<double>(k) / static_cast<double>(layers - 1);
  };
  struct Box {
    double wide, high;
  };
  std::vector<Box> boxes;
  const auto add = [&](double scale, double ratio) { boxes.push_back({scale * std::sqrt(ratio), scale / std::sqrt(ratio)}); };
  const double scale = scale_of(layer);
  if (layer == 0) {
    add(0.1, 1);
    add(scale, 2);
    add(scale, 0.5);
  } else {
    for (double ratio : fields.numbers("aspectRatios")) add(scale, ratio);
    add(std::sqrt(scale * scale_of(layer + 1)), 1);
  }
  std::vector<double> corners, variances;
  const std::vector<double>& variance = fields.numbers("variance");
  for (int64_t y = 0; y < high; ++y) {
    for (int64_t x = 0; x < wide; ++x) {
      const double cx = (static_cast<double>(x) + 0.5) / static_cast<double>(wide),
                   cy = (static_cast<double>(y) + 0.5) / static_cast<double>(high);
      for (const Box& box : boxes) {
        for (double corner : {cx - box.wide / 2, cy - box.high / 2, cx + box.wide / 2, cy + box.high / 2}) corners.push_back(corner);
        for (size_t i = 0; i < 4; ++i) variances.push_back(i < variance.size() ? variance[i] : 1);
      }
    }
  }
  corners.insert(corners.end(), variances.begin(), variances.end());
  return corners;
}

// An output [1, 2, H * W * boxes * 4, 1] for each layer; no inputs.
Result<Tensors> grid_anchor(Network& network, const StockFields& fields, bool rectangles) {
  Wiring w(network);
  const std::vector<int64_t> sizes = fields.integers("featureMapShapes");
  const int64_t layers = std::max<int64_t>(fields.integer("numLayers"), 0);
  const auto wanted = static_cast<size_t>(rectangles ? 2 * layers : layers);
  w.require(sizes.size() == wanted && layers > 0,
            "featureMapShapes has " + std::to_string(sizes.size()) + " sizes; " + std::to_string(wanted) + " are wanted");
  Tensors outputs;
  for (int64_t k = 0; w.ok() && k < layers; ++k) {
    const auto at = static_cast<size_t>(k);
    const int64_t high = rectangles ? sizes[2 * at] : sizes[at], wide = rectangles ? sizes[2 * at + 1] : sizes[at];
    w.require(high > 0 && wide > 0 && high <= 4096 && wide <= 4096,
              "a feature map is " + std::to_string(high) + " x " + std::to_string(wide));
    if (!w.ok()) break;
    const std::vector<double> values = grid_anchors(fields, k, layers, high, wide);
    outputs.push_back(w.numbers(values, {1, 2, static_cast<int64_t>(values.size()) / 2, 1}, nullptr));
  }
  return w.done(std::move(outputs));
}

}  // namespace

std::vector<StockKind> prior_plugins() {
  const std::vector<StockField> grid = {{"minSize", kReal, {0.2}},
                                        {"maxSize", kReal, {0.95}},
                                        {"aspectRatios", kReal, {1, 2, 0.5, 3, 0.3333}},
                                        {"featureMapShapes", kInteger},
                                        {"variance", kReal, {0.1, 0.1, 0.2, 0.2}},
                                        {"numLayers", kInteger, {6}}};
  const auto one_each = [](const StockFields& fields) {
    return std::string(static_cast<size_t>(std::clamp<int64_t>(fields.integer("numLayers"), 1, 1000)), 'f');
  };
  return {{"PriorBox_TRT",
           "1",
           {{"minSize", kReal},
            {"maxSize", kReal},
            {"aspectRatios", kReal},
            {"flip", kInteger, {1}},
            {"clip", kInteger, {0}},
            {"variance", kReal, {0.1, 0.1, 0.2, 0.2}},
            {"imgH", kInteger, {0}},
            {"imgW", kInteger, {0}},
            {"stepH", kReal, {0}},
            {"stepW", kReal, {0}},
            {"offset", kReal, {0.5}}},
           always("x"),
           prior_box},
          {"GridAnchor_TRT", "1", grid, one_each,
           [](Network& network, const Tensors&, const StockFields& fields) { return grid_anchor(network, fields, false); }},
          {"GridAnchorRect_TRT", "1", grid, one_each,
           [](Network& network, const Tensors&, const StockFields& fields) { return grid_anchor(network, fields, true); }}};
}

}  // namespace ingot::api
