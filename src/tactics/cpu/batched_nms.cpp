// cpu.batched_nms: classes of images are shared out among threads; candidates are numbers that sort by score, then by their place.
#include "operators/batched_nms.h"

#include <algorithm>
#include <cstring>

#include "tactics/cpu/plain_tactic.h"
#include "tactics/cpu/score_key.h"

namespace ingot {
namespace {

struct Box {
  double x0, y0, x1, y1;
};

struct Finder {
  const BatchedNms& op;
  const float *boxes, *scores;
  int64_t count, sets, classes;

  // A candidate is its score's key above label * count + number.
  int64_t label_of(uint64_t candidate) const { return static_cast<int64_t>(candidate & UINT32_MAX) / count; }
  int64_t number_of(uint64_t candidate) const { return static_cast<int64_t>(candidate & UINT32_MAX) % count; }
  const float* corners(int64_t image, uint64_t candidate) const {
    return boxes + ((image * count + number_of(candidate)) * sets + (sets > 1 ? label_of(candidate) : 0)) * 4;
  }
  Box box_of(int64_t image, uint64_t candidate) const {
    const float* c = corners(image, candidate);
    return {static_cast<double>(std::min(c[0], c[2])), static_cast<double>(std::min(c[1], c[3])), static_cast<double>(std::max(c[0], c[2])),
            static_cast<double>(std::max(c[1], c[3]))};
  }
  bool overlap(const Box& a, const Box& b) const {
    const double pixel = op.inclusive_pixels ? 1 : 0;
    const double wide = std::min(a.x1, b.x1) - std::max(a.x0, b.x0) + pixel, high = std::min(a.y1, b.y1) - std::max(a.y0, b.y0) + pixel;
    if (wide <= 0 || high <= 0) return false;
    const auto area = [pixel](const Box& box) { return (box.x1 - box.x0 + pixel) * (box.y1 - box.y0 + pixel); };
    const double shared = wide * high, whole = area(a) + area(b) - shared;
    return whole > 0 && shared / whole > op.overlap_threshold;
  }

  // Candidates of one class above the threshold come first in `keys`, the best in front; how many.
  int64_t gather(int64_t image, int64_t label, uint64_t* keys) const {
    int64_t found = 0;
    for (int64_t i = 0; i < count; ++i) {
      const float score = scores[(image * count + i) * classes + label];
      keys[found] = static_cast<uint64_t>(score_key(score)) << 32 | static_cast<uint64_t>(label * count + i);
      found += static_cast<double>(score) > op.score_threshold;
    }
    if (op.candidates > 0 && found > op.candidates) {
      std::nth_element(keys, keys + op.candidates, keys + found);
      found = op.candidates;
    }
    std::sort(keys, keys + found);
    return found;
  }
  // Of sorted candidates those that stay come first, as many as can be among the best in the end; how many.
  int64_t suppress(int64_t image, uint64_t* keys, int64_t found) const {
    int64_t kept = 0;
    for (int64_t i = 0; i < found && kept < op.most; ++i) {
      const uint64_t candidate = keys[i];
      if (op.most_of_class > 0) {
        int64_t of_class = 0;
        for (int64_t k = 0; k < kept; ++k) of_class += label_of(keys[k]) == label_of(candidate);
        if (of_class >= op.most_of_class) continue;
      }
      const Box box = box_of(image, candidate);
      bool stays = true;
      for (int64_t k = 0; stays && k < kept; ++k) stays = !overlap(box, box_of(image, keys[k]));
      if (stays) keys[kept++] = candidate;
    }
    return kept;
  }
};

struct BatchedNmsClasses final : PlainTactic {
  std::string_view name() const override { return "cpu.batched_nms"; }

  Status accepts(const Problem& problem) const override {
    REQUIRES(dynamic_cast<const BatchedNms*>(problem.op), std::string(problem.op->name()) + " is no batched_nms");
    REQUIRES(problem.inputs[0].type == DataType::kFloat, "boxes are " + std::string(name_of(problem.inputs[0].type)));
    return all_linear(problem);
  }

  // Candidates of each class of each image, then how many there are.
  size_t workspace_bytes(const Operator&, const std::vector<Shape>& inputs, const std::vector<Shape>&) const override {
    const int64_t classes = inputs[1][0] * inputs[1][2];
    return static_cast<size_t>(classes * (inputs[1][1] + 1)) * sizeof(uint64_t);
  }

  Status run(const PlainCall& call) const override {
    const auto& op = call.as<BatchedNms>();
    const Finder finder{op, call.from<float>(0), call.from<float>(1), call.inputs[1][1], call.inputs[0][2], call.inputs[1][2]};
    const int64_t images = call.inputs[1][0], classes = finder.classes, count = finder.count;
    if (count * classes > int64_t{UINT32_MAX}) return unsupported(std::to_string(count) + " boxes are too many for batched_nms");
    auto* keys = static_cast<uint64_t*>(call.workspace);
    auto* found = reinterpret_cast<int64_t*>(keys + images * classes * count);
    call.share(images * classes, count * 8, [&](int64_t first, int64_t last) {
      for (int64_t unit = first; unit < last; ++unit) {
        const int64_t image = unit / classes, label = unit % classes;
        found[unit] = label == op.background ? 0 : finder.gather(image, label, keys + unit * count);
        if (!op.class_agnostic) found[unit] = finder.suppress(image, keys + unit * count, found[unit]);
      }
    });
    call.share(images, count * classes, [&](int64_t first, int64_t last) {
      for (int64_t image = first; image < last; ++image) {
        uint64_t* all = keys + image * classes * count;
        int64_t total = 0;
        for (int64_t label = 0; label < classes; ++label) {
          const uint64_t* own = all + label * count;
          total = std::copy(own, own + found[image * classes + label], all + total) - all;
        }
        std::sort(all, all + total);
        if (op.class_agnostic) total = finder.suppress(image, all, total);
        write(call, finder, image, all, std::min(total, op.most));
      }
    });
    return Ok{};
  }

  static void write(const PlainCall& call, const Finder& finder, int64_t image, const uint64_t* best, int64_t total) {
    const BatchedNms& op = finder.op;
    call.to<int32_t>(0)[image] = static_cast<int32_t>(total);
    for (int64_t row = 0; row < op.most; ++row) {
      const int64_t at = image * op.most + row;
      float* box = call.to<float>(1) + at * 4;
      const bool is_there = row < total;
      call.to<int32_t>(3)[at] = static_cast<int32_t>(is_there ? finder.label_of(best[row]) : op.no_class);
      call.to<int32_t>(4)[at] = static_cast<int32_t>(is_there ? finder.number_of(best[row]) : -1);
      if (!is_there) {
        std::fill(box, box + 4, 0.0f);
        call.to<float>(2)[at] = 0;
        continue;
      }
      const float* corners = finder.corners(image, best[row]);
      for (int i = 0; i < 4; ++i) box[i] = op.clip ? std::clamp(corners[i], 0.0f, 1.0f) : corners[i];
      call.to<float>(2)[at] =
          finder.scores[(image * finder.count + finder.number_of(best[row])) * finder.classes + finder.label_of(best[row])];
    }
  }
};

}  // namespace

TACTIC(BatchedNmsClasses, cpu, batched_nms)

}  // namespace ingot
