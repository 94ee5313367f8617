// Layers that only move elements, and views: bit for bit.
#include <gtest/gtest.h>

#include <algorithm>

#include "operators/concat.h"
#include "operators/expand.h"
#include "operators/flatten.h"
#include "operators/gather.h"
#include "operators/pad.h"
#include "operators/reshape.h"
#include "operators/resize.h"
#include "operators/slice.h"
#include "operators/squeeze.h"
#include "operators/tile.h"
#include "operators/transpose.h"
#include "operators/unsqueeze.h"
#include "tactic_check.h"

namespace ingot::testing {
namespace {

DataType some_type(Random& random) {
  return random.pick(
      {DataType::kFloat, DataType::kFloat, DataType::kHalf, DataType::kInt8, DataType::kInt64, DataType::kBool, DataType::kBf16});
}
Shape some_shape(Random& random, int64_t least_rank, int64_t most_rank) {
  const int64_t rank = random.between(least_rank, most_rank);
  Shape shape = random.shape(rank, rank <= 2 ? 60 : rank == 3 ? 20 : 8);
  if (random.chance(0.3)) shape[static_cast<size_t>(random.between(0, rank - 1))] = random.between(1, 70);
  return shape;
}
Array some_array(Random& random, DataType type, const Shape& shape) { return random.array(type, shape, -100, 100); }

TEST(Transpose, EveryPermutation) {
  for_random_trials(250, [](Random& random) {
    const Shape shape = some_shape(random, 1, 6);
    const Transpose op(random.permutation(static_cast<int64_t>(shape.size())));
    return run_trial("cpu.transpose", {&op, {some_array(random, some_type(random), shape)}, {random.chance(0.1)}, {}});
  });
}

TEST(Concat, EveryAxis) {
  for_random_trials(150, [](Random& random) {
    const Shape shape = some_shape(random, 1, 5);
    const auto rank = static_cast<int64_t>(shape.size());
    const Concat op(random.between(-rank, rank - 1));
    const DataType type = some_type(random);
    Trial trial{&op, {}, {}, {}};
    for (int64_t i = random.between(1, 5); i > 0; --i) {
      Shape own = shape;
      own[static_cast<size_t>((op.axis + rank) % rank)] = random.between(random.chance(0.2) ? 0 : 1, 9);
      trial.inputs.push_back(some_array(random, type, own));
      trial.constants.push_back(random.chance(0.1) && trial.inputs.back().count() > 0);
    }
    return run_trial("cpu.concat", trial);
  });
}

TEST(Slice, Windows) {
  for_random_trials(200, [](Random& random) {
    const Shape shape = some_shape(random, 1, 5);
    Slice op;
    op.sized = random.chance(0.5);
    for (size_t d = 0; d < shape.size(); ++d) {
      if (random.chance(0.4)) continue;
      const int64_t step = random.pick<int64_t>({1, 1, 2, 3, -1, -2}), length = shape[d];
      const int64_t start = random.between(0, length - 1);
      const int64_t room = step > 0 ? (length - 1 - start) / step + 1 : start / -step + 1, size = random.between(0, room);
      op.axes.push_back(static_cast<int64_t>(d));
      op.starts.push_back(op.sized || random.chance(0.5) ? start : start - length);
      op.steps.push_back(step);
      if (op.sized)
        op.ends.push_back(size);
      else
        op.ends.push_back(step > 0 ? start + size * step : start + size * step < 0 ? INT64_MIN : start + size * step);
    }
    return run_trial("cpu.slice", {&op, {some_array(random, some_type(random), shape)}, {}, {}});
  });
}

TEST(Slice, ConstantInputsTakeTheFieldsPlaces) {
  Random random(1);
  const Slice op;
  const Array x = some_array(random, DataType::kFloat, {4, 9});
  EXPECT_EQ(run_trial("cpu.slice", {&op, {x, Array::from_int64s({1, 2}), Array::from_int64s({3, 8})}, {false, true, true}, {}}), "");
}

TEST(Expand, AndTile) {
  for_random_trials(150, [](Random& random) {
    Shape shape = some_shape(random, 1, 4);
    const DataType type = some_type(random);
    if (random.chance(0.5)) {
      Tile op;
      for (size_t d = 0; d < shape.size(); ++d) op.repeats.push_back(random.between(1, 3));
      return run_trial("cpu.expand", {&op, {some_array(random, type, shape)}, {}, {}});
    }
    Shape output = shape;
    for (size_t d = 0; d < shape.size(); ++d) {
      if (random.chance(0.5)) shape[d] = 1;
    }
    if (random.chance(0.4)) output.insert(output.begin(), random.between(1, 4));
    Expand op;
    op.dims = DimList(output);
    return run_trial("cpu.expand", {&op, {some_array(random, type, shape)}, {}, {}});
  });
}

TEST(Pad, EveryMode) {
  for_random_trials(200, [](Random& random) {
    const Shape shape = some_shape(random, 1, 4);
    Pad op;
    op.mode = random.pick({PadMode::kConstant, PadMode::kConstant, PadMode::kEdge, PadMode::kReflect, PadMode::kWrap});
    op.value = 3;
    for (int side = 0; side < 2; ++side) {
      for (int64_t length : shape) op.pads.push_back(random.chance(0.4) ? 0 : random.between(-(length - 1) / 2, 7));
    }
    return run_trial("cpu.pad", {&op, {some_array(random, some_type(random), shape)}, {}, {}});
  });
}

TEST(Gather, SlicesByIndex) {
  for_random_trials(150, [](Random& random) {
    const Shape shape = some_shape(random, 1, 4);
    const auto rank = static_cast<int64_t>(shape.size());
    Gather op(random.between(-rank, rank - 1));
    const int64_t axis = (op.axis + rank) % rank, length = shape[static_cast<size_t>(axis)];
    op.batch_dims = random.chance(0.3) ? random.between(0, axis) : 0;
    Shape picks(shape.begin(), shape.begin() + op.batch_dims);
    for (int64_t d = random.between(0, 2); d > 0; --d) picks.push_back(random.between(1, 12));
    const Array indices = random.array(random.pick({DataType::kInt32, DataType::kInt64}), picks, static_cast<double>(-length),
                                       static_cast<double>(length - 1));
    return run_trial("cpu.gather",
                     {&op, {some_array(random, some_type(random), shape), indices}, {random.chance(0.3), random.chance(0.3)}, {}});
  });
}

TEST(Gather, AnIndexOutsideIsAnError) {
  register_all_tactics();
  const Gather op(0);
  Problem problem;
  problem.op = &op;
  problem.inputs = {{DataType::kFloat, {3, 2}}, {DataType::kInt64, {1}}};
  problem.outputs = *op.infer(problem.inputs);
  problem.input_formats.assign(2, Format::kLinear);
  problem.output_formats.assign(1, Format::kLinear);
  problem.constants.resize(2);
  problem.present = {true, true};
  auto kernel = TacticCatalogue::instance().find("cpu.gather")->prepare(problem, {});
  ASSERT_TRUE(kernel.ok());
  auto launch = (*kernel)->launch({{3, 2}, {1}}, {{1, 2}});
  ASSERT_TRUE(launch.ok());
  const float x[6] = {};
  const int64_t index = 3;
  float y[2];
  const void* inputs[] = {x, &index};
  void* outputs[] = {y};
  ThreadPool pool(1);
  const Status status = (*launch)->run({inputs, outputs, nullptr, &pool, {}});
  ASSERT_FALSE(status.ok());
  EXPECT_NE(status.error().message.find("index 3 at position 0 lies outside of an axis of 3 elements"), std::string::npos);
}

TEST(Resize, NearestLinearCubic) {
  int ran = 0;
  for_random_trials(250, [&](Random& random) {
    Resize op;
    op.mode = random.pick({ResizeMode::kNearest, ResizeMode::kLinear, ResizeMode::kLinear, ResizeMode::kCubic});
    op.coordinates = random.pick({ResizeCoordinates::kHalfPixel, ResizeCoordinates::kAlignCorners, ResizeCoordinates::kAsymmetric,
                                  ResizeCoordinates::kPytorchHalfPixel});
    op.rounding = random.pick({ResizeRounding::kRoundPreferFloor, ResizeRounding::kFloor, ResizeRounding::kCeil});
    const bool nearest = op.mode == ResizeMode::kNearest;
    const DataType type = nearest ? some_type(random) : random.pick({DataType::kFloat, DataType::kHalf, DataType::kBf16});
    Shape shape{random.between(1, 3), random.between(1, 20), random.between(1, 14)};
    if (random.chance(0.8)) shape.push_back(random.between(1, 14));
    for (size_t d = 2; d < shape.size(); ++d) {
      op.axes.push_back(static_cast<int64_t>(d));
      op.sizes.push_back(random.chance(0.4) ? shape[d] * random.between(2, 3) : random.between(1, 30));
    }
    Tolerance tolerance = nearest ? Tolerance{} : usual_tolerance(type);
    return try_trial("cpu.resize", {&op, {some_array(random, type, shape)}, {}, tolerance}, &ran);
  });
  EXPECT_GT(ran, 700);
}

TEST(View, ReshapesKeepBytes) {
  Random random(1);
  const Array x = some_array(random, DataType::kFloat, {2, 5, 3, 4});
  const Reshape reshape(std::vector<int64_t>{2, 5, 12});
  EXPECT_EQ(run_trial("cpu.view", {&reshape, {x}, {}, {}}), "");
  EXPECT_EQ(run_trial("cpu.view", {&reshape, {x}, {true}, {}}), "");
  const Squeeze squeeze({1});
  EXPECT_EQ(run_trial("cpu.view", {&squeeze, {some_array(random, DataType::kHalf, {2, 1, 70})}, {}, {}}), "");
  const Unsqueeze unsqueeze({2, 3});
  EXPECT_EQ(run_trial("cpu.view", {&unsqueeze, {some_array(random, DataType::kInt64, {2, 7})}, {}, {}}), "");
  const Flatten flatten;
  EXPECT_EQ(run_trial("cpu.view", {&flatten, {some_array(random, DataType::kFloat, {2, 50, 1, 1})}, {}, {}}), "");
}

// Which mixes of formats are views, and which are not.
TEST(View, FormatsThatKeepBytes) {
  register_all_tactics();
  const Tactic& view = *TacticCatalogue::instance().find("cpu.view");
  constexpr Format kLinear = Format::kLinear, kLast = Format::kChannelsLast;
  Random random(1);
  const auto runs = [&](const Operator& op, const Shape& shape, Format from, Format to) {
    const std::vector<Tactic::Formats> formats{{{from}, {to}}};
    const Outcome outcome = check(view, {&op, {some_array(random, DataType::kFloat, shape)}, {}, {}}, &formats);
    EXPECT_EQ(outcome.failure, "");
    return outcome.ran == 1;
  };
  const Reshape merge(std::vector<int64_t>{2, 5, 12}), flat(std::vector<int64_t>{2, 60});
  EXPECT_TRUE(runs(merge, {2, 5, 3, 4}, kLinear, kLinear));
  EXPECT_TRUE(runs(merge, {2, 5, 3, 4}, kLast, kLast));
  EXPECT_FALSE(runs(merge, {2, 5, 3, 4}, kLast, kLinear));
  EXPECT_FALSE(runs(flat, {2, 5, 3, 4}, kLast, kLinear));
  EXPECT_TRUE(runs(flat, {2, 60, 1, 1}, kLast, kLinear));
  const Transpose to_last({0, 2, 3, 1}), swap({0, 1, 3, 2}), tokens({0, 2, 1});
  EXPECT_TRUE(runs(to_last, {2, 5, 3, 4}, kLast, kLinear));
  EXPECT_FALSE(runs(to_last, {2, 5, 3, 4}, kLinear, kLinear));
  EXPECT_FALSE(runs(swap, {2, 5, 3, 4}, kLinear, kLinear));
  EXPECT_TRUE(runs(swap, {2, 5, 1, 4}, kLinear, kLinear));
  EXPECT_TRUE(runs(tokens, {2, 5, 12}, kLast, kLinear));
}

}  // namespace
}  // namespace ingot::testing
