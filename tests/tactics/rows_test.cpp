// Softmax, normalization, reduction and pooling against their references.
#include <gtest/gtest.h>

#include <limits>

#include "operators/normalization.h"
#include "operators/pool.h"
#include "operators/reduce.h"
#include "operators/softmax.h"
#include "tactic_check.h"

namespace ingot::testing {
namespace {

DataType some_float(Random& random) { return random.pick({DataType::kFloat, DataType::kFloat, DataType::kHalf, DataType::kBf16}); }

Shape some_shape(Random& random, int64_t least_rank, int64_t most_rank) {
  const int64_t rank = random.between(least_rank, most_rank);
  Shape shape = random.shape(rank, rank <= 2 ? 40 : rank == 3 ? 14 : 7);
  if (random.chance(0.4)) shape[static_cast<size_t>(random.between(0, rank - 1))] = random.between(1, rank <= 2 ? 900 : 150);
  return shape;
}

TEST(Softmax, EveryAxis) {
  for_random_trials(200, [](Random& random) {
    const DataType type = some_float(random);
    const Shape shape = some_shape(random, 1, 5);
    const Softmax op(random.between(-static_cast<int64_t>(shape.size()), static_cast<int64_t>(shape.size()) - 1), random.chance(0.3));
    return run_trial("cpu.softmax", {&op, {random.array(type, shape, -20, 5)}, {random.chance(0.1)}, usual_tolerance(type)});
  });
}

TEST(Softmax, LongRowsAndColumns) {
  Random random(1);
  for (DataType type : {DataType::kFloat, DataType::kBf16}) {
    const Softmax rows(-1), columns(0);
    EXPECT_EQ(run_trial("cpu.softmax", {&rows, {random.array(type, {3, 70000}, -5, 5)}, {}, usual_tolerance(type)}), "");
    EXPECT_EQ(run_trial("cpu.softmax", {&columns, {random.array(type, {6000, 35}, -5, 5)}, {}, usual_tolerance(type)}), "");
    EXPECT_EQ(run_trial("cpu.softmax", {&rows, {random.array(type, {0, 7}, -5, 5)}, {}, usual_tolerance(type)}), "");
  }
}

TEST(Normalization, EveryKind) {
  int ran = 0;
  for_random_trials(250, [&](Random& random) {
    Normalization op;
    op.kind = random.pick({NormalizationKind::kLayer, NormalizationKind::kLayer, NormalizationKind::kRms, NormalizationKind::kInstance,
                           NormalizationKind::kGroup});
    const DataType type = some_float(random);
    Shape shape = some_shape(random, 2, 4);
    const auto rank = static_cast<int64_t>(shape.size());
    Shape parameters;
    if (op.kind == NormalizationKind::kInstance || op.kind == NormalizationKind::kGroup) {
      if (op.kind == NormalizationKind::kGroup) {
        op.groups = random.between(1, 4);
        shape[1] = op.groups * random.between(1, 6);
      }
      parameters = {shape[1]};
    } else if (random.chance(0.2) && rank >= 3) {
      op.axes = {1};  // contiguous where channels lie innermost
      parameters.assign(static_cast<size_t>(rank - 1), 1);
      parameters[0] = shape[1];
    } else {
      const int64_t first = random.between(1, rank - 1);
      op.axes.clear();
      for (int64_t axis = first; axis < rank; ++axis) op.axes.push_back(random.chance(0.5) ? axis : axis - rank);
      parameters.assign(shape.begin() + first, shape.end());
      if (random.chance(0.2)) parameters.assign(parameters.size(), 1);
    }
    const bool constant = random.chance(0.6);
    Trial trial{&op, {random.array(type, shape, -3, 4)}, {false, constant, constant}, usual_tolerance(type)};
    trial.tolerance.relative *= 4;
    trial.inputs.push_back(random.chance(0.8) ? random.array(random.chance(0.5) ? type : DataType::kFloat, parameters, 0.5, 2) : Array());
    trial.inputs.push_back(random.chance(0.6) ? random.array(type, parameters, -1, 1) : Array());
    if (random.chance(0.4)) {
      op.epilogue = *Expression::parse("relu(add(x0, x1))");
      trial.inputs.push_back(random.array(type, shape));
    } else if (random.chance(0.2)) {
      op.epilogue = *Expression::parse("gelu(x0)");
    }
    return try_trial("cpu.normalization", trial, &ran);
  });
  EXPECT_GT(ran, 500);
}

TEST(Normalization, LongRows) {
  Normalization op;
  op.kind = NormalizationKind::kInstance;
  Random random(1);
  for (DataType type : {DataType::kFloat, DataType::kBf16})
    EXPECT_EQ(run_trial("cpu.normalization",
                        {&op, {random.array(type, {1, 3, 300, 301}), random.array(type, {3}), Array()}, {}, usual_tolerance(type)}),
              "");
}

TEST(Reduce, EveryKindAndAxes) {
  for_random_trials(400, [](Random& random) {
    Reduce op(static_cast<ReduceKind>(random.between(0, 9)), {}, random.chance(0.5));
    const DataType type = some_float(random);
    const Shape shape = some_shape(random, 1, 5);
    const auto rank = static_cast<int64_t>(shape.size());
    for (int64_t axis = 0; axis < rank; ++axis) {
      if (random.chance(0.5)) op.axes.push_back(random.chance(0.5) ? axis : axis - rank);
    }
    double least = -2, most = 3;
    if (op.kind == ReduceKind::kProduct) least = 0.9, most = 1.1;
    if (op.kind == ReduceKind::kLogSum) least = 0.1;
    Trial trial{&op, {random.array(type, shape, least, most)}, {random.chance(0.1)}, usual_tolerance(type)};
    trial.tolerance.relative *= op.kind == ReduceKind::kProduct ? 20 : 3;
    trial.tolerance.absolute = 2e-5;  // sums that cancel
    if (type != DataType::kFloat) trial.tolerance.absolute = 1e-2;
    if (random.chance(0.3)) {
      op.epilogue = *Expression::parse("add(mul(x0, 0.5), x1)");
      trial.inputs.push_back(random.array(type, {}));
      trial.constants.push_back(random.chance(0.5));
    }
    return run_trial("cpu.reduce", trial);
  });
}

TEST(Reduce, LongSumsKeepTheirDigits) {
  Random random(1);
  const Reduce rows(ReduceKind::kSum, {1}), columns(ReduceKind::kMean, {0}), all(ReduceKind::kSum, {0, 1});
  EXPECT_EQ(run_trial("cpu.reduce", {&rows, {random.array(DataType::kFloat, {2, 200000}, 0, 1)}, {}, {2e-6, 0}}), "");
  EXPECT_EQ(run_trial("cpu.reduce", {&columns, {random.array(DataType::kFloat, {40000, 5}, 0, 1)}, {}, {4e-6, 0}}), "");
  EXPECT_EQ(run_trial("cpu.reduce", {&all, {random.array(DataType::kBf16, {300, 301}, 0, 1)}, {}, {8e-3, 0}}), "");
  EXPECT_EQ(run_trial("cpu.reduce", {&rows, {random.array(DataType::kFloat, {3, 0})}, {}, {}}), "");
}

TEST(Pool, MaximaAndAverages) {
  for_random_trials(300, [](Random& random) {
    Pool op;
    op.kind = random.pick({PoolKind::kMax, PoolKind::kMax, PoolKind::kAverage, PoolKind::kAverage, PoolKind::kLp, PoolKind::kBlend});
    op.p = random.between(1, 4);
    op.blend_factor = random.real(0, 1);
    // Norms and blends of bytes may lie next to a half, where the reference rounds another way.
    const bool is_exact = op.kind == PoolKind::kMax || op.kind == PoolKind::kAverage;
    const auto type =
        is_exact ? random.pick({DataType::kFloat, DataType::kFloat, DataType::kHalf, DataType::kBf16, DataType::kInt8, DataType::kUint8})
                 : some_float(random);
    const int64_t spatial = random.between(1, 3);
    Shape shape{random.between(1, 3), random.between(1, 40)};
    for (int64_t d = 0; d < spatial; ++d) {
      const int64_t length = random.between(1, spatial == 1 ? 60 : spatial == 2 ? 20 : 8);
      op.kernel.push_back(random.between(1, std::min<int64_t>(length, 5)));
      op.strides.push_back(random.between(1, 4));
      op.dilations.push_back(random.chance(0.2) && (op.kernel.back() - 1) * 2 < length ? 2 : 1);
      op.pads_begin.push_back(random.between(0, op.kernel.back() - 1));
      op.pads_end.push_back(random.between(0, op.kernel.back() - 1));
      shape.push_back(length);
    }
    op.ceil_mode = random.chance(0.3);
    op.count_include_pad = random.chance(0.3);
    if (random.chance(0.2)) {
      op.auto_pad = random.pick({AutoPad::kSameUpper, AutoPad::kSameLower});
      op.ceil_mode = false;
      op.dilations.clear();
    }
    const bool integer = !is_floating(type);
    Array x = random.array(type, shape, integer ? -128 : -3, integer ? 127 : 2);
    if (!integer && random.chance(0.1)) x.set_number(random.between(0, x.count() - 1), std::numeric_limits<double>::quiet_NaN());
    return run_trial("cpu.pool", {&op, {x}, {}, usual_tolerance(type)});
  });
}

// int8 on either side, or both; an output may differ by one step where it lies next to a half.
TEST(ScaledRows, agree_with_the_reference) {
  int ran = 0;
  for_random_trials(150, [&](Random& random) {
    const bool from_bytes = random.chance(0.7), to_bytes = !from_bytes || random.chance(0.7);
    const auto run = [&](std::string_view tactic, auto& op, const Shape& shape, Array scale, double output_scale) {
      op.input_scale = from_bytes ? random.real(0.005, 0.05) : 0;
      op.output_scale = to_bytes ? output_scale : 0;
      Trial trial;
      trial.op = &op;
      trial.inputs = {from_bytes ? random.array(DataType::kInt8, shape, -128, 127) : random.array(DataType::kFloat, shape, -4, 4)};
      if (scale.data()) trial.inputs.push_back(scale);
      trial.constants = {false, true};
      trial.tolerance = to_bytes ? Tolerance{0, 1} : usual_tolerance(DataType::kFloat);
      return try_trial(tactic, trial, &ran);
    };
    const Shape shape = some_shape(random, 3, 4);
    switch (random.between(0, 3)) {
      case 0: {
        Softmax op(random.between(0, static_cast<int64_t>(shape.size()) - 1), false);
        return run("cpu.softmax", op, shape, Array(), random.real(0.002, 0.01));
      }
      case 1: {
        Normalization op;
        if (random.chance(0.5)) op.epilogue = *Expression::parse("relu(x0)");
        return run("cpu.normalization", op, shape, random.array(DataType::kFloat, {shape.back()}), random.real(0.01, 0.05));
      }
      case 2: {
        Reduce op;
        op.kind = random.pick({ReduceKind::kMean, ReduceKind::kMax, ReduceKind::kSum});
        op.axes = {random.between(1, static_cast<int64_t>(shape.size()) - 1)};
        op.keepdims = random.chance(0.5);
        return run("cpu.reduce", op, shape, Array(), random.real(0.005, 0.05));
      }
      default: {
        Pool op;
        op.kind = PoolKind::kAverage;
        for (size_t d = 2; d < shape.size(); ++d) op.kernel.push_back(std::min<int64_t>(shape[d], random.between(1, 3)));
        return run("cpu.pool", op, shape, Array(), random.real(0.005, 0.05));
      }
    }
  });
  EXPECT_GT(ran, 250);
}

}  // namespace
}  // namespace ingot::testing
