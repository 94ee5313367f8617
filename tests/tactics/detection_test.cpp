// What detectors and older classifiers do besides products: local response normalization, running sums, one-hot rows, the places of what is
// not 0, non-maximum suppression; against their references.
#include <gtest/gtest.h>

#include "operators/cumulative.h"
#include "operators/detection_output.h"
#include "operators/lrn.h"
#include "operators/nms.h"
#include "operators/nonzero.h"
#include "operators/onehot.h"
#include "operators/proposal.h"
#include "tactic_check.h"

namespace ingot::testing {
namespace {

DataType some_float(Random& random) { return random.pick({DataType::kFloat, DataType::kFloat, DataType::kHalf, DataType::kBf16}); }

TEST(Lrn, EverySizeAndLayout) {
  for_random_trials(120, [](Random& random) {
    Shape shape = random.shape(random.between(2, 4), 9);
    if (random.chance(0.4)) shape[1] = random.between(1, 70);
    if (random.chance(0.4)) shape.back() = random.between(1, 300);
    Lrn op;
    op.size = random.between(1, 9);
    op.alpha = random.real(0.001, 0.5);
    op.beta = random.pick({0.75, 0.5, 1.0, 0.6});
    op.k = random.real(0.5, 2);
    const DataType type = some_float(random);
    Trial trial{&op, {random.array(type, shape, -3, 3)}, {random.chance(0.1)}, usual_tolerance(type)};
    trial.tolerance.relative *= 4;
    return run_trial("cpu.lrn", trial);
  });
}

TEST(Cumulative, EveryAxisAndKind) {
  for_random_trials(150, [](Random& random) {
    Shape shape = random.shape(random.between(1, 4), 8);
    const auto rank = static_cast<int64_t>(shape.size());
    if (random.chance(0.3)) shape[static_cast<size_t>(random.between(0, rank - 1))] = random.between(100, 1500);
    Cumulative op;
    op.axis = random.between(-rank, rank - 1);
    op.kind = random.pick({CumulativeKind::kSum, CumulativeKind::kProduct});
    op.exclusive = random.chance(0.4);
    op.reverse = random.chance(0.4);
    const DataType type = random.pick({DataType::kFloat, DataType::kFloat, DataType::kHalf, DataType::kInt32, DataType::kInt64});
    const double most = op.kind == CumulativeKind::kSum ? 2 : 1;
    return run_trial("cpu.cumulative", {&op, {random.array(type, shape, -most, most)}, {random.chance(0.1)}, usual_tolerance(type)});
  });
}

TEST(OneHot, EveryAxis) {
  for_random_trials(120, [](Random& random) {
    const Shape shape = random.shape(random.between(0, 3), 12);
    OneHot op;
    const auto rank = static_cast<int64_t>(shape.size()) + 1;
    op.axis = random.between(-rank, rank - 1);
    const int64_t depth = random.between(1, 40);
    Array indices = *Array::make(random.pick({DataType::kInt64, DataType::kInt32}), shape);
    for (int64_t i = 0; i < indices.count(); ++i) indices.set_integer(i, random.between(-depth - 3, depth + 3));
    const DataType type = random.pick({DataType::kFloat, DataType::kInt64, DataType::kHalf, DataType::kInt8});
    return run_trial("cpu.onehot",
                     {&op, {indices, Array::from_int64s({depth}), random.array(type, {2}, -5, 5)}, {false, true, random.chance(0.5)}, {}});
  });
}

TEST(NonZero, EveryTypeAndShape) {
  for_random_trials(120, [](Random& random) {
    Shape shape = random.shape(random.between(0, 4), 7);
    if (!shape.empty() && random.chance(0.3)) shape[0] = random.between(500, 4000);
    NonZero op;
    op.symbol = "run_n";
    op.index_type = random.pick({DataType::kInt64, DataType::kInt32});
    const DataType type = random.pick({DataType::kFloat, DataType::kHalf, DataType::kInt8, DataType::kInt64, DataType::kBool});
    Array x = random.array(type, shape);
    const double share = random.real(0, 1);
    for (int64_t i = 0; i < x.count(); ++i) {
      if (!random.chance(share)) continue;
      if (is_floating(type))
        x.set_number(i, random.chance(0.5) ? 0.0 : -0.0);
      else
        x.set_integer(i, 0);
    }
    return run_trial("cpu.nonzero", {&op, {x}, {random.chance(0.1)}, {}});
  });
}

TEST(Nms, BoxesThatOverlap) {
  for_random_trials(120, [](Random& random) {
    const int64_t batches = random.between(1, 3), classes = random.between(1, 4), count = random.between(1, 120);
    Nms op;
    op.symbol = "run_n";
    op.centered = random.chance(0.3);
    op.most = random.between(0, random.chance(0.5) ? 10 : count + 3);
    op.overlap_threshold = random.pick({0.0, 0.3, 0.5, 0.9, 1.0});
    op.score_threshold = random.chance(0.5) ? -__builtin_inf() : 0.25;
    op.index_type = random.pick({DataType::kInt64, DataType::kInt32});
    Array boxes = *Array::make(DataType::kFloat, {batches, count, 4}),
          scores = random.array(DataType::kFloat, {batches, classes, count}, 0, 1);
    for (int64_t i = 0; i < boxes.count(); ++i) boxes.set_number(i, i % 4 < 2 ? random.real(0, 5) : random.real(0.5, 6));
    // Equal scores keep the order of the boxes.
    for (int64_t i = 0; i < scores.count(); ++i) {
      if (random.chance(0.3)) scores.set_number(i, 0.5);
      if (random.chance(0.02)) scores.set_number(i, __builtin_nan(""));
    }
    Trial trial{&op, {boxes, scores}, {}, {}};
    if (random.chance(0.3)) {
      trial.inputs.push_back(Array::from_int64s({random.between(0, 20)}));
      trial.inputs.push_back(Array::scalar(DataType::kFloat, 0.4));
      trial.inputs.push_back(Array::scalar(DataType::kFloat, 0.1));
      trial.constants = {false, false, random.chance(0.5), random.chance(0.5), false};
    }
    return run_trial("cpu.nms", trial);
  });
}

TEST(Proposal, ImagesOfAllSizes) {
  for_random_trials(120, [](Random& random) {
    const int64_t images = random.between(1, 3), rows = random.between(1, 9), columns = random.between(1, 9);
    Proposal op;
    op.ratios.assign(static_cast<size_t>(random.between(1, 3)), 1);
    for (double& ratio : op.ratios) ratio = random.pick({0.5, 1.0, 2.0});
    op.scales.assign(static_cast<size_t>(random.between(1, 3)), 2);
    for (double& scale : op.scales) scale = random.pick({1.0, 2.0, 4.0});
    op.stride = random.between(1, 20);
    op.base_size = random.between(2, 20);
    op.min_size = random.real(0, 12);
    op.candidates = random.chance(0.5) ? 0 : random.between(1, 60);
    op.most = random.between(1, 40);
    op.overlap_threshold = random.real(0.1, 0.9);
    op.padded = random.chance(0.5);
    if (!op.padded) op.symbol = "run_n";
    const auto anchors = static_cast<int64_t>(op.ratios.size() * op.scales.size());
    Array scores = random.array(DataType::kFloat, {images, 2 * anchors, rows, columns}, 0, 1);
    for (int64_t i = 0; i < scores.count(); ++i) {
      if (random.chance(0.2)) scores.set_number(i, 0.5);  // equal ones keep their order
    }
    Array sizes = random.array(DataType::kFloat, {random.chance(0.5) ? 1 : images, random.between(2, 3)}, 1, 90);
    const Array shifts = random.array(DataType::kFloat, {images, 4 * anchors, rows, columns}, -1, 1);
    return run_trial("cpu.proposal", {&op, {scores, shifts, sizes}, {false, random.chance(0.1), random.chance(0.3)}, {1e-5, 1e-5}});
  });
}

TEST(DetectionOutput, ClassesAndImages) {
  for_random_trials(120, [](Random& random) {
    const int64_t images = random.between(1, 3), count = random.between(1, 60);
    DetectionOutput op;
    op.classes = random.between(1, 5);
    op.share_location = random.chance(0.6);
    op.background = random.between(-1, op.classes);
    op.overlap_threshold = random.real(0.1, 0.9);
    op.score_threshold = random.chance(0.3) ? -__builtin_inf() : random.real(0, 0.6);
    op.candidates = random.chance(0.5) ? 0 : random.between(1, 30);
    op.eta = random.chance(0.7) ? 1 : 0.9;
    op.most = random.chance(0.3) ? 0 : random.between(1, 50);
    op.code = random.pick({BoxCode::kCorner, BoxCode::kCenterSize, BoxCode::kCornerSize});
    op.variance_encoded = random.chance(0.5);
    const int64_t locations = op.share_location ? 1 : op.classes;
    const Array offsets = random.array(DataType::kFloat, {images, count * locations * 4}, -0.5, 0.5);
    Array scores = random.array(DataType::kFloat, {images, count * op.classes}, 0, 1);
    for (int64_t i = 0; i < scores.count(); ++i) {
      if (random.chance(0.2)) scores.set_number(i, 0.5);
    }
    Array priors = random.array(DataType::kFloat, {random.chance(0.5) ? 1 : images, 2, count * 4}, 0, 0.5);
    for (int64_t i = 0; i < priors.count(); ++i) {
      if (i % 4 >= 2) priors.set_number(i, priors.number(i) + 0.25);
    }
    return run_trial("cpu.detection_output",
                     {&op, {offsets, scores, priors}, {false, random.chance(0.1), random.chance(0.5)}, {1e-5, 1e-5}});
  });
}

}  // namespace
}  // namespace ingot::testing
