#include "operators/batched_nms.h"

#include <algorithm>

#include "operators/moving.h"
#include "operators/register.h"
#include "testing/example.h"

namespace ingot {
namespace {

struct Box {
  double x0, y0, x1, y1;
};

struct Found {
  double score;
  int64_t label, number;
};

double area(const Box& box, double pixel) { return (box.x1 - box.x0 + pixel) * (box.y1 - box.y0 + pixel); }

bool overlaps(const Box& a, const Box& b, double pixel, double threshold) {
  const double wide = std::min(a.x1, b.x1) - std::max(a.x0, b.x0) + pixel, high = std::min(a.y1, b.y1) - std::max(a.y0, b.y0) + pixel;
  if (wide <= 0 || high <= 0) return false;
  const double shared = wide * high, whole = area(a, pixel) + area(b, pixel) - shared;
  return whole > 0 && shared / whole > threshold;
}

bool is_better(const Found& a, const Found& b) { return a.score > b.score; }

// Of candidates by falling score, those that no better one overlaps; `best` of a class at most.
template <class BoxOf>
std::vector<Found> suppress(const BatchedNms& op, const std::vector<Found>& candidates, int64_t best, BoxOf box_of) {
  std::vector<Found> kept;
  for (const Found& candidate : candidates) {
    if (best > 0 && std::count_if(kept.begin(), kept.end(), [&](const Found& better) { return better.label == candidate.label; }) >= best)
      continue;
    const Box box = box_of(candidate);
    if (std::none_of(kept.begin(), kept.end(),
                     [&](const Found& better) { return overlaps(box, box_of(better), op.inclusive_pixels ? 1 : 0, op.overlap_threshold); }))
      kept.push_back(candidate);
  }
  return kept;
}

}  // namespace

Result<TensorTypes> BatchedNms::infer(const TensorTypes& inputs) const {
  TRY(check_input_count(kName, inputs.size(), 2, 2));
  const TensorType &boxes = inputs[0], &scores = inputs[1];
  if (boxes.rank() != 4 || (boxes.dims[3].is_constant() && !boxes.dims[3].is(4)))
    return invalid("boxes are " + boxes.text() + "; [batches, count, 1 or classes, 4] is wanted");
  if (scores.rank() != 3) return invalid("scores are " + scores.text() + "; [batches, count, classes] is wanted");
  if (!is_floating(boxes.type) || scores.type != boxes.type)
    return invalid("batched_nms takes floating-point numbers of one type, not " + boxes.text() + " and " + scores.text());
  TRY(same_dim(boxes.dims[0], scores.dims[0], "batches of boxes and scores"));
  TRY(same_dim(boxes.dims[1], scores.dims[1], "numbers of boxes and scores"));
  if (!boxes.dims[2].is(1)) TRY(same_dim(boxes.dims[2], scores.dims[2], "classes of boxes and scores"));
  if (most < 1) return invalid("most is " + std::to_string(most) + "; it is positive");
  if (most_of_class < 0 || candidates < 0) return invalid("most_of_class and candidates are 0 or more");
  const Dim& batch = boxes.dims[0];
  const TensorType numbers{DataType::kInt32, {batch, Dim(most)}};
  return TensorTypes{
      {DataType::kInt32, {batch, Dim(1)}}, {boxes.type, {batch, Dim(most), Dim(4)}}, {boxes.type, {batch, Dim(most)}}, numbers, numbers};
}

Result<Arrays> BatchedNms::evaluate(const Arrays& inputs) const {
  const Array &boxes = inputs[0], &scores = inputs[1];
  TRY_ASSIGN(TensorTypes types, infer({{boxes.type(), to_dims(boxes.shape())}, {scores.type(), to_dims(scores.shape())}}));
  Arrays results;
  for (const TensorType& type : types) {
    TRY_ASSIGN(Array zeros, Array::make(type.type, constant_shape(type.dims)));
    results.push_back(std::move(zeros));
  }
  const int64_t count = boxes.shape()[1], sets = boxes.shape()[2], classes = scores.shape()[2];
  for (int64_t n = 0; n < boxes.shape()[0]; ++n) {
    const auto box_of = [&](const Found& one) -> Box {
      const int64_t at = ((n * count + one.number) * sets + (sets > 1 ? one.label : 0)) * 4;
      const double a = boxes.number(at), b = boxes.number(at + 1), c = boxes.number(at + 2), d = boxes.number(at + 3);
      return {std::min(a, c), std::min(b, d), std::max(a, c), std::max(b, d)};
    };
    std::vector<Found> found;
    for (int64_t label = 0; label < classes; ++label) {
      if (label == background) continue;
      std::vector<Found> of_class;
      for (int64_t i = 0; i < count; ++i) {
        const double score = scores.number((n * count + i) * classes + label);
        if (score > score_threshold) of_class.push_back({score, label, i});
      }
      std::stable_sort(of_class.begin(), of_class.end(), is_better);
      if (candidates > 0 && static_cast<int64_t>(of_class.size()) > candidates) of_class.resize(static_cast<size_t>(candidates));
      if (!class_agnostic) of_class = suppress(*this, of_class, most_of_class, box_of);
      found.insert(found.end(), of_class.begin(), of_class.end());
    }
    std::stable_sort(found.begin(), found.end(), is_better);
    if (class_agnostic) found = suppress(*this, found, most_of_class, box_of);
    if (static_cast<int64_t>(found.size()) > most) found.resize(static_cast<size_t>(most));
    results[0].set_integer(n, static_cast<int64_t>(found.size()));
    for (int64_t row = 0; row < most; ++row) {
      const int64_t at = n * most + row;
      const bool is_there = row < static_cast<int64_t>(found.size());
      results[3].set_integer(at, is_there ? found[static_cast<size_t>(row)].label : no_class);
      results[4].set_integer(at, is_there ? found[static_cast<size_t>(row)].number : -1);
      if (!is_there) continue;
      const Found& one = found[static_cast<size_t>(row)];
      results[2].set_number(at, one.score);
      const int64_t first = ((n * count + one.number) * sets + (sets > 1 ? one.label : 0)) * 4;
      for (int64_t i = 0; i < 4; ++i) {
        const double corner = boxes.number(first + i);
        results[1].set_number(at * 4 + i, clip ? std::clamp(corner, 0.0, 1.0) : corner);
      }
    }
  }
  return results;
}

OPERATOR(BatchedNms, batched_nms)

using namespace testing;

namespace {

// Three boxes, of which the second overlaps the first by three quarters of their union, and scores of two classes.
const Values kBoxes{{1, 3, 1, 4}, {0, 0, 1, 1, 0, 0, 1, 0.75, 2, 2, 3, 3}};
const Values kScores{{1, 3, 2}, {0.5, 0.25, 0.75, 0.5, 0.125, 0.625}};

}  // namespace

EXAMPLE("batched_nms keeps the best boxes of each class and then of all") {
  expect_values(
      "input b [1, 3, 1, 4]\ninput s [1, 3, 2]\nn, y, z, c, i = batched_nms(b, s) most=4 score_threshold=0.2 no_class=-1\noutput n\noutput "
      "y\noutput z\noutput c\noutput i\n",
      {kBoxes, kScores},
      {{3}, {0, 0, 1, 0.75, 2, 2, 3, 3, 0, 0, 1, 0.75, 0, 0, 0, 0}, {0.75, 0.625, 0.5, 0}, {0, 1, 1, -1}, {1, 2, 1, -1}});
}

EXAMPLE("batched_nms without classes, with a limit, a background and pixels") {
  expect_values(
      "input b [1, 3, 1, 4]\ninput s [1, 3, 2]\nn, y, z, c, i = batched_nms(b, s) most=3 class_agnostic=true\noutput n\noutput c\noutput "
      "i\n",
      {kBoxes, kScores}, {{2}, {0, 1, 0}, {1, 2, -1}});
  expect_values(
      "input b [1, 3, 1, 4]\ninput s [1, 3, 2]\nn, y, z, c, i = batched_nms(b, s) most=3 most_of_class=1 background=0 "
      "overlap_threshold=0.8\noutput n\noutput i\n",
      {kBoxes, kScores}, {{1}, {2, -1, -1}});
  // As pixels, the union of the first two is 4 and what they share 3.5.
  expect_values(
      "input b [1, 3, 1, 4]\ninput s [1, 3, 2]\nn, y, z, c, i = batched_nms(b, s) most=6 inclusive_pixels=true "
      "overlap_threshold=0.8\noutput n\noutput i\n",
      {kBoxes, kScores}, {{4}, {1, 2, 1, 2, -1, -1}});
}

EXAMPLE("batched_nms refuses boxes that fit no scores") {
  expect_error("input b [1, 3, 4]\ninput s [1, 3, 2]\nn, y, z, c, i = batched_nms(b, s)\noutput n\n", "1 or classes, 4] is wanted");
  expect_error("input b [1, 3, 3, 4]\ninput s [1, 3, 2]\nn, y, z, c, i = batched_nms(b, s)\noutput n\n", "classes of boxes and scores");
}

}  // namespace ingot
