#include "operators/detection_output.h"

#include <algorithm>
#include <cmath>

#include "operators/detection_boxes.h"
#include "operators/moving.h"
#include "operators/register.h"
#include "testing/example.h"

namespace ingot {
namespace {

struct Found {
  double score;
  int64_t label, prior;
};

// The boxes of one class that stay, best first.
std::vector<Found> suppress(const DetectionOutput& op, const std::vector<DetectionBox>& boxes, const Array& scores, int64_t first_score,
                            int64_t label) {
  std::vector<Found> candidates, kept;
  for (int64_t p = 0; p < static_cast<int64_t>(boxes.size()); ++p) {
    const double score = scores.number(first_score + p * op.classes + label);
    if (score > op.score_threshold) candidates.push_back({score, label, p});
  }
  std::stable_sort(candidates.begin(), candidates.end(), [](const Found& a, const Found& b) { return a.score > b.score; });
  if (op.candidates > 0 && static_cast<int64_t>(candidates.size()) > op.candidates) candidates.resize(static_cast<size_t>(op.candidates));
  double threshold = op.overlap_threshold;
  for (const Found& candidate : candidates) {
    const DetectionBox& box = boxes[static_cast<size_t>(candidate.prior)];
    if (std::any_of(kept.begin(), kept.end(),
                    [&](const Found& better) { return overlap(box, boxes[static_cast<size_t>(better.prior)]) > threshold; }))
      continue;
    kept.push_back(candidate);
    if (op.eta < 1 && threshold > 0.5) threshold *= op.eta;
  }
  return kept;
}

}  // namespace

Result<TensorTypes> DetectionOutput::infer(const TensorTypes& inputs) const {
  TRY(check_input_count(kName, inputs.size(), 3, 3));
  if (classes < 1 || classes > 1'000'000) return invalid("classes is " + std::to_string(classes) + "; it is positive");
  if (most < 0 || candidates < 0) return invalid("most and candidates are 0 or more");
  if (!(eta > 0 && eta <= 1)) return invalid("eta lies above 0 and up to 1");
  const TensorType &offsets = inputs[0], &scores = inputs[1], &priors = inputs[2];
  for (const TensorType& input : inputs) {
    if (!is_floating(input.type) || input.type != offsets.type) return invalid("detection_output takes floating-point numbers of one type");
  }
  if (offsets.rank() < 2 || scores.rank() < 2)
    return invalid("offsets and scores are [N, ...], not " + offsets.text() + " and " + scores.text());
  if (priors.rank() < 3 || !priors.dims[1].is(2)) return invalid("priors are [1, 2, P * 4], not " + priors.text());
  TRY(same_dim(offsets.dims[0], scores.dims[0], "the batch of offsets and scores"));
  if (!priors.dims[0].is(1)) TRY(same_dim(offsets.dims[0], priors.dims[0], "the batch of offsets and priors"));
  const Dim numbers = volume(Dims(priors.dims.begin() + 2, priors.dims.end()));
  const Dim count = Dim::floor_divide(numbers, Dim(4));
  if (numbers.is_constant() && numbers.value() % 4 != 0)
    return invalid("priors hold four numbers each, but " + priors.text() + " has " + numbers.text());
  TRY(same_dim(volume(Dims(offsets.dims.begin() + 1, offsets.dims.end())), share_location ? count * Dim(4) : count * Dim(4 * classes),
               "the number of offsets"));
  TRY(same_dim(volume(Dims(scores.dims.begin() + 1, scores.dims.end())), count * Dim(classes), "the number of scores"));
  const bool counts_background = background >= 0 && background < classes;
  const Dim each = candidates > 0 ? Dim::min(count, Dim(candidates)) : count;
  const Dim rows = most > 0 ? Dim(most) : each * Dim(classes - (counts_background ? 1 : 0));
  const Dim& batch = offsets.dims[0];
  return TensorTypes{{offsets.type, {batch, Dim(1), rows, Dim(7)}}, {DataType::kInt32, {batch, Dim(1), Dim(1), Dim(1)}}};
}

Result<Arrays> DetectionOutput::evaluate(const Arrays& inputs) const {
  TRY_ASSIGN(TensorTypes types, infer({{inputs[0].type(), to_dims(inputs[0].shape())},
                                       {inputs[1].type(), to_dims(inputs[1].shape())},
                                       {inputs[2].type(), to_dims(inputs[2].shape())}}));
  const Array &offsets = inputs[0], &scores = inputs[1], &priors = inputs[2];
  TRY_ASSIGN(Array y, Array::make(types[0].type, constant_shape(types[0].dims)));
  TRY_ASSIGN(Array found_counts, Array::make(DataType::kInt32, constant_shape(types[1].dims)));
  const int64_t batch = offsets.shape()[0], rows = y.shape()[2], locations = share_location ? 1 : classes;
  if (batch == 0) return Arrays{y, found_counts};
  const int64_t count = offsets.count() / batch / 4 / locations;
  for (int64_t n = 0; n < batch; ++n) {
    const int64_t first_prior = priors.shape()[0] == 1 ? 0 : n * count * 8;
    std::vector<std::vector<DetectionBox>> boxes(static_cast<size_t>(locations));
    for (int64_t p = 0; p < count; ++p) {
      double corners[4];
      for (int64_t i = 0; i < 4; ++i) corners[i] = priors.number(first_prior + p * 4 + i);
      for (int64_t c = 0; c < locations; ++c) {
        double moves[4];
        for (int64_t i = 0; i < 4; ++i) {
          moves[i] = offsets.number(((n * count + p) * locations + c) * 4 + i);
          if (!variance_encoded) moves[i] *= priors.number(first_prior + (count + p) * 4 + i);
        }
        boxes[static_cast<size_t>(c)].push_back(decoded(code, corners, moves));
      }
    }
    std::vector<Found> found;
    for (int64_t c = 0; c < classes; ++c) {
      if (c == background) continue;
      const std::vector<Found> kept = suppress(*this, boxes[share_location ? 0 : static_cast<size_t>(c)], scores, n * count * classes, c);
      found.insert(found.end(), kept.begin(), kept.end());
    }
    if (static_cast<int64_t>(found.size()) > rows) {
      std::stable_sort(found.begin(), found.end(), [](const Found& a, const Found& b) { return a.score > b.score; });
      found.resize(static_cast<size_t>(rows));
      std::stable_sort(found.begin(), found.end(), [](const Found& a, const Found& b) { return a.label < b.label; });
    }
    found_counts.set_integer(n, static_cast<int64_t>(found.size()));
    for (int64_t row = 0; row < rows; ++row) {
      const int64_t at = (n * rows + row) * 7;
      if (row >= static_cast<int64_t>(found.size())) {
        y.set_number(at, -1);
        continue;
      }
      const Found& one = found[static_cast<size_t>(row)];
      const DetectionBox& box = boxes[share_location ? 0 : static_cast<size_t>(one.label)][static_cast<size_t>(one.prior)];
      const double values[] = {static_cast<double>(n), static_cast<double>(one.label), one.score, box.x0, box.y0, box.x1, box.y1};
      for (int64_t i = 0; i < 7; ++i) y.set_number(at + i, values[i]);
    }
  }
  return Arrays{y, found_counts};
}

OPERATOR(DetectionOutput, detection_output)

using namespace testing;

EXAMPLE("detection_output keeps the best of overlapping boxes") {
  // Three priors; the second overlaps the first by half and has the lower score.
  const Values priors{{1, 2, 12}, {0, 0, 0.5, 0.5, 0, 0, 0.5, 0.375, 0.5, 0.5, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1}};
  expect_values(
      "input l [1, 12]\ninput s [1, 6]\ninput p [1, 2, 12]\ny, n = detection_output(l, s, p) overlap_threshold=0.5 score_threshold=0.1 "
      "most=3\noutput y\noutput n\n",
      {{{1, 12}, std::vector<double>(12)}, {{1, 6}, {0.25, 0.75, 0.5, 0.5, 0.75, 0.25}}, priors},
      {{0, 1, 0.75, 0, 0, 0.5, 0.5, 0, 1, 0.25, 0.5, 0.5, 1, 1, -1, 0, 0, 0, 0, 0, 0}, {2}});
}

EXAMPLE("detection_output moves priors by their offsets") {
  expect_values("input l [1, 4]\ninput s [1, 2]\ninput p [1, 2, 4]\ny, n = detection_output(l, s, p) code=center_size\noutput y\n",
                {{{1, 4}, {1, 0, 0, 0}}, {{1, 2}, {0.25, 0.75}}, {{1, 2, 4}, {0, 0, 0.5, 0.5, 0.5, 1, 1, 1}}},
                {0, 1, 0.75, 0.25, 0, 0.75, 0.5});
  expect_values(
      "input l [1, 4]\ninput s [1, 2]\ninput p [1, 2, 4]\ny, n = detection_output(l, s, p) code=corner_size variance_encoded=true\noutput "
      "y\n",
      {{{1, 4}, {1, 0, 0.5, 0}}, {{1, 2}, {0.25, 0.75}}, {{1, 2, 4}, {0, 0, 0.5, 0.5, 0.5, 1, 1, 1}}}, {0, 1, 0.75, 0.5, 0, 0.75, 0.5});
}

EXAMPLE("detection_output refuses what does not fit together") {
  expect_error("input l [1, 8]\ninput s [1, 2]\ninput p [1, 2, 4]\ny, n = detection_output(l, s, p)\noutput y\n", "the number of offsets");
  expect_error("input l [1, 4]\ninput s [1, 2]\ninput p [1, 4]\ny, n = detection_output(l, s, p)\noutput y\n", "priors are [1, 2, P * 4]");
}

}  // namespace ingot
