// cpu.detection_output: boxes decoded once, classes shared out among threads; candidates are numbers that sort by score, then by their
// place.

#include <algorithm>
#include <cmath>
#include <cstring>

#include "operators/detection_boxes.h"
#include "tactics/cpu/plain_tactic.h"
#include "tactics/cpu/score_key.h"

namespace ingot {
namespace {

// What is known of shapes: priors of an image, boxes of a prior, and which input has them all.
struct Sizes {
  int64_t images, count, locations, classes, rows;
};

Sizes sizes_of(const DetectionOutput& op, const std::vector<Shape>& inputs, const std::vector<Shape>& outputs) {
  const int64_t images = inputs[0][0], locations = op.share_location ? 1 : op.classes;
  int64_t numbers = 1;
  for (size_t d = 1; d < inputs[0].size(); ++d) numbers *= inputs[0][d];
  return {images, numbers / 4 / locations, locations, op.classes, outputs[0][2]};
}

struct DetectionOutputClasses final : PlainTactic {
  std::string_view name() const override { return "cpu.detection_output"; }

  Status accepts(const Problem& problem) const override {
    REQUIRES(dynamic_cast<const DetectionOutput*>(problem.op), std::string(problem.op->name()) + " is no detection_output");
    for (size_t i = 0; i < 3; ++i)
      REQUIRES(problem.inputs[i].type == DataType::kFloat,
               "input " + std::to_string(i) + " is " + std::string(name_of(problem.inputs[i].type)));
    return all_linear(problem);
  }

  // Boxes; keys of each class of each image, the places of those that stay, and how many they are.
  size_t workspace_bytes(const Operator& op, const std::vector<Shape>& inputs, const std::vector<Shape>& outputs) const override {
    const Sizes s = sizes_of(static_cast<const DetectionOutput&>(op), inputs, outputs);
    return static_cast<size_t>(s.images) * (static_cast<size_t>(s.count * s.locations) * sizeof(DetectionBox) +
                                            static_cast<size_t>(s.classes) * static_cast<size_t>(2 * s.count + 1) * sizeof(uint64_t));
  }

  Status run(const PlainCall& call) const override {
    const auto& op = call.as<DetectionOutput>();
    const Sizes s = sizes_of(op, call.inputs, call.outputs);
    if (s.count * s.classes > int64_t{UINT32_MAX}) return unsupported(std::to_string(s.count) + " boxes are too many for detection_output");
    auto* boxes = static_cast<DetectionBox*>(call.workspace);
    auto* keys = reinterpret_cast<uint64_t*>(boxes + s.images * s.count * s.locations);
    auto* order = keys + s.images * s.classes * s.count;
    auto* found = reinterpret_cast<int64_t*>(order + s.images * s.classes * s.count);
    call.share(s.images * s.count, s.locations * 32, [&](int64_t first, int64_t last) {
      for (int64_t unit = first; unit < last; ++unit) decode_prior(call, op, s, unit, boxes + unit * s.locations);
    });
    call.share(s.images * s.classes, s.count * 8, [&](int64_t first, int64_t last) {
      for (int64_t unit = first; unit < last; ++unit) {
        const int64_t image = unit / s.classes, label = unit % s.classes;
        found[unit] = label == op.background
                          ? 0
                          : suppress(op, s, call.from<float>(1) + image * s.count * s.classes + label,
                                     boxes + image * s.count * s.locations + (op.share_location ? 0 : label), keys + unit * s.count);
      }
    });
    call.share(s.images, s.count * s.classes, [&](int64_t first, int64_t last) {
      for (int64_t image = first; image < last; ++image) {
        const int64_t at = image * s.classes * s.count;
        write(call, s, image, boxes + image * s.count * s.locations, keys + at, order + at, found + image * s.classes);
      }
    });
    return Ok{};
  }

  static void decode_prior(const PlainCall& call, const DetectionOutput& op, const Sizes& s, int64_t unit, DetectionBox* to) {
    const int64_t image = unit / s.count, p = unit % s.count;
    const float* priors = call.from<float>(2) + (call.inputs[2][0] == 1 ? 0 : image * s.count * 8);
    double corners[4], moves[4];
    for (int64_t i = 0; i < 4; ++i) corners[i] = static_cast<double>(priors[p * 4 + i]);
    for (int64_t c = 0; c < s.locations; ++c) {
      const float* offsets = call.from<float>(0) + (unit * s.locations + c) * 4;
      for (int64_t i = 0; i < 4; ++i) {
        moves[i] = static_cast<double>(offsets[i]);
        if (!op.variance_encoded) moves[i] *= static_cast<double>(priors[(s.count + p) * 4 + i]);
      }
      to[c] = decoded(op.code, corners, moves);
    }
  }

  // The candidates of one class that stay come first in `keys`, the best in front; how many. Scores and boxes are a class's, with those of
  // others between them.
  static int64_t suppress(const DetectionOutput& op, const Sizes& s, const float* scores, const DetectionBox* boxes, uint64_t* keys) {
    int64_t count = 0;
    for (int64_t p = 0; p < s.count; ++p) {
      const float score = scores[p * s.classes];
      keys[count] = static_cast<uint64_t>(score_key(score)) << 32 | static_cast<uint64_t>(p);
      count += static_cast<double>(score) > op.score_threshold;
    }
    if (op.candidates > 0 && count > op.candidates) {
      std::nth_element(keys, keys + op.candidates, keys + count);
      count = op.candidates;
    }
    std::sort(keys, keys + count);
    const auto box_of = [&](uint64_t key) -> const DetectionBox& { return boxes[static_cast<int64_t>(key & UINT32_MAX) * s.locations]; };
    int64_t kept = 0;
    double threshold = op.overlap_threshold;
    for (int64_t i = 0; i < count; ++i) {
      const DetectionBox& box = box_of(keys[i]);
      bool stays = true;
      for (int64_t k = 0; stays && k < kept; ++k) stays = !(overlap(box, box_of(keys[k])) > threshold);
      if (!stays) continue;
      keys[kept++] = keys[i];
      if (op.eta < 1 && threshold > 0.5) threshold *= op.eta;
    }
    return kept;
  }

  // The best of all classes, in the order of classes.
  static void write(const PlainCall& call, const Sizes& s, int64_t image, const DetectionBox* boxes, const uint64_t* keys, uint64_t* order,
                    const int64_t* found) {
    int64_t total = 0;
    for (int64_t label = 0; label < s.classes; ++label) {
      for (int64_t k = 0; k < found[label]; ++k, ++total)
        order[total] = (keys[label * s.count + k] >> 32) << 32 | static_cast<uint64_t>(label * s.count + k);
    }
    const int64_t stay = std::min(total, s.rows);
    const auto by_place = [](uint64_t a, uint64_t b) { return (a & UINT32_MAX) < (b & UINT32_MAX); };
    if (stay < total) {
      std::nth_element(order, order + stay, order + total);
      std::sort(order, order + stay, by_place);
    }
    call.to<int32_t>(1)[image] = static_cast<int32_t>(stay);
    auto* y = call.to<float>(0) + image * s.rows * 7;
    std::fill(y, y + s.rows * 7, 0.0f);
    for (int64_t row = 0; row < s.rows; ++row, y += 7) {
      if (row >= stay) {
        y[0] = -1;
        continue;
      }
      const auto place = static_cast<int64_t>(order[row] & UINT32_MAX);
      const int64_t label = place / s.count, prior = static_cast<int64_t>(keys[place] & UINT32_MAX);
      const DetectionBox& box = boxes[prior * s.locations + (s.locations > 1 ? label : 0)];
      y[0] = static_cast<float>(image);
      y[1] = static_cast<float>(label);
      y[2] = call.from<float>(1)[(image * s.count + prior) * s.classes + label];
      y[3] = static_cast<float>(box.x0);
      y[4] = static_cast<float>(box.y0);
      y[5] = static_cast<float>(box.x1);
      y[6] = static_cast<float>(box.y1);
    }
  }
};

}  // namespace

TACTIC(DetectionOutputClasses, cpu, detection_output)

}  // namespace ingot
