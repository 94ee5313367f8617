// cpu.nms: the boxes of a batch and class in a heap by score, from which only as many are taken as stay or fall before the last that stays.
#include "operators/nms.h"

#include <algorithm>
#include <cstring>

#include "tactics/cpu/worker_scratch.h"
#include "tactics/layout.h"

namespace ingot {
namespace {

struct Candidate {
  float score;
  int32_t index;
};
// Whether `a` comes behind `b`: of equal scores the lower index comes first.
bool behind(const Candidate& a, const Candidate& b) { return a.score < b.score || (a.score == b.score && a.index > b.index); }

struct Box {
  float y0, x0, y1, x1, area;
};

Box box_of(const float* at, bool centered) {
  Box box;
  if (centered)
    box = {at[1] - at[3] / 2, at[0] - at[2] / 2, at[1] + at[3] / 2, at[0] + at[2] / 2, 0};
  else  // the corners come in any order
    box = {std::min(at[0], at[2]), std::min(at[1], at[3]), std::max(at[0], at[2]), std::max(at[1], at[3]), 0};
  box.area = (box.y1 - box.y0) * (box.x1 - box.x0);
  return box;
}

bool overlap(const Box& a, const Box& b, float threshold) {
  const float height = std::min(a.y1, b.y1) - std::max(a.y0, b.y0), width = std::min(a.x1, b.x1) - std::max(a.x0, b.x0);
  if (height <= 0 || width <= 0) return false;
  const float shared = height * width, whole = a.area + b.area - shared;
  return whole > 0 && shared / whole > threshold;
}

struct NmsLaunch final : Launch {
  Nms op;
  const std::vector<Array>* constants = nullptr;
  size_t inputs = 2;
  bool wide_limit = true;                                 // the most boxes, where they are an input, are int64
  int64_t batches = 0, classes = 0, count = 0, room = 0;  // room for boxes of a class
  size_t kept_bytes = 0;
  WorkerScratch scratch;
  mutable std::vector<Shape> produced{{0, 3}};

  // The kept indices of each class behind their number, then the workers' candidates and boxes.
  size_t workspace_bytes() const override { return kept_bytes + scratch.workspace_bytes(); }
  std::vector<Shape> produced_shapes() const override { return produced; }

  Status run(const RunArguments& arguments) const override {
    const auto input = [&](size_t i) { return (*constants)[i].data() ? (*constants)[i].data() : arguments.inputs[i]; };
    const auto *boxes = static_cast<const float*>(input(0)), *scores = static_cast<const float*>(input(1));
    int64_t limit = op.most;
    if (inputs > 2) limit = wide_limit ? *static_cast<const int64_t*>(input(2)) : *static_cast<const int32_t*>(input(2));
    limit = std::clamp<int64_t>(limit, 0, room);
    const float threshold = inputs > 3 ? *static_cast<const float*>(input(3)) : static_cast<float>(op.overlap_threshold);
    const double least = inputs > 4 ? *static_cast<const float*>(input(4)) : op.score_threshold;
    auto* kept = static_cast<int32_t*>(arguments.workspace);
    scratch.run(*arguments.pool, batches * classes, static_cast<std::byte*>(arguments.workspace) + kept_bytes,
                [&](int64_t unit, std::byte* memory) {
                  auto* chosen = reinterpret_cast<Box*>(memory);
                  auto* heap = reinterpret_cast<Candidate*>(chosen + room);
                  int32_t* list = kept + unit * (room + 1);
                  list[0] = static_cast<int32_t>(
                      select(boxes + unit / classes * count * 4, scores + unit * count, limit, threshold, least, chosen, heap, list + 1));
                });
    int64_t total = 0;
    for (int64_t unit = 0; unit < batches * classes; ++unit) {
      const int32_t* list = kept + unit * (room + 1);
      for (int32_t i = 0; i < list[0]; ++i, ++total) {
        const int64_t row[3] = {unit / classes, unit % classes, list[1 + i]};
        for (int64_t k = 0; k < 3; ++k) {
          if (op.index_type == DataType::kInt64)
            static_cast<int64_t*>(arguments.outputs[0])[total * 3 + k] = row[k];
          else
            static_cast<int32_t*>(arguments.outputs[0])[total * 3 + k] = static_cast<int32_t>(row[k]);
        }
      }
    }
    produced[0][0] = total;
    return Ok{};
  }

  int64_t select(const float* boxes, const float* scores, int64_t limit, float threshold, double least, Box* chosen, Candidate* heap,
                 int32_t* list) const {
    Candidate* end = heap;
    for (int64_t i = 0; i < count; ++i) {
      if (static_cast<double>(scores[i]) > least) *end++ = {scores[i], static_cast<int32_t>(i)};
    }
    std::make_heap(heap, end, behind);
    int64_t stay = 0;
    while (end != heap && stay < limit) {
      std::pop_heap(heap, end--, behind);
      const Box box = box_of(boxes + int64_t{end->index} * 4, op.centered);
      bool free = true;
      for (int64_t i = 0; free && i < stay; ++i) free = !overlap(box, chosen[i], threshold);
      if (!free) continue;
      chosen[stay] = box;
      list[stay++] = end->index;
    }
    return stay;
  }
};

struct NmsKernel final : Kernel {
  Nms op;
  std::vector<Array> constants;
  bool wide_limit = true;

  Result<std::unique_ptr<Launch>> launch(const std::vector<Shape>& inputs, const std::vector<Shape>& outputs) const override {
    auto launch = std::make_unique<NmsLaunch>();
    const Shape &boxes = inputs[0], &scores = inputs[1];
    if (boxes[0] != scores[0] || boxes[1] != scores[2] || boxes[2] != 4)
      return invalid("boxes " + to_text(boxes) + " and scores " + to_text(scores) + " do not belong together");
    if (boxes[1] > INT32_MAX) return unsupported(std::to_string(boxes[1]) + " boxes are too many for nms");
    launch->op = op;
    launch->constants = &constants;
    launch->inputs = inputs.size();
    launch->wide_limit = wide_limit;
    launch->batches = scores[0];
    launch->classes = scores[1];
    launch->count = scores[2];
    // Never more than the output was given room for.
    launch->room = std::min(launch->count, inputs.size() > 2 ? launch->count : std::max<int64_t>(op.most, 0));
    if (launch->batches * launch->classes == 1) launch->room = std::min(launch->room, outputs[0][0]);
    TRY_ASSIGN(const int64_t kept, volume(Shape{launch->batches, launch->classes, launch->room + 1, 4}));
    launch->kept_bytes = static_cast<size_t>((kept + 63) / 64 * 64);
    launch->scratch =
        WorkerScratch(static_cast<size_t>(launch->room) * sizeof(Box) + static_cast<size_t>(launch->count) * sizeof(Candidate));
    return std::unique_ptr<Launch>(std::move(launch));
  }
};

struct NmsHeap final : LinearTactic {
  std::string_view name() const override { return "cpu.nms"; }

  Status accepts(const Problem& problem) const override {
    REQUIRES(dynamic_cast<const Nms*>(problem.op), std::string(problem.op->name()) + " is no nms");
    for (size_t i = 0; i < problem.inputs.size(); ++i) {
      const DataType type = problem.inputs[i].type;
      REQUIRES(i == 2 ? type == DataType::kInt64 || type == DataType::kInt32 : type == DataType::kFloat,
               "input " + std::to_string(i) + " is " + std::string(name_of(type)));
    }
    const auto& op = static_cast<const Nms&>(*problem.op);
    REQUIRES(!op.classes_last && !op.with_count && !op.candidates,
             "boxes of classes, counts and a limit of candidates are the reference's");
    return all_linear(problem);
  }

  Result<std::unique_ptr<Kernel>> prepare(const Problem& problem, const std::vector<PackedWeights>&) const override {
    auto kernel = std::make_unique<NmsKernel>();
    kernel->op = static_cast<const Nms&>(*problem.op);
    kernel->constants = problem.constants;
    kernel->constants.resize(problem.inputs.size());
    kernel->wide_limit = problem.inputs.size() < 3 || problem.inputs[2].type == DataType::kInt64;
    return std::unique_ptr<Kernel>(std::move(kernel));
  }

  std::optional<double> estimate_ms(const Problem& problem) const override {
    if (problem.opt_inputs.size() < 2) return std::nullopt;
    return 0.002 + static_cast<double>(volume(problem.opt_inputs[1]).value_or(0)) * 5e-6;
  }
};

}  // namespace

TACTIC(NmsHeap, cpu, nms)

}  // namespace ingot
