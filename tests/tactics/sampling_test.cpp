// Reading between elements: regions and grids against their references.
#include <gtest/gtest.h>

#include "operators/grid_sample.h"
#include "operators/roi_align.h"
#include "tactic_check.h"

namespace ingot::testing {
namespace {

TEST(RoiAlign, EveryOption) {
  for_random_trials(120, [](Random& random) {
    RoiAlign op;
    op.maximum = random.chance(0.4);
    op.half_pixel = random.chance(0.5);
    op.height = random.between(1, 5);
    op.width = random.between(1, 5);
    op.samples = random.between(0, 3);
    op.scale = random.pick({1.0, 0.5, 0.25});
    const Shape shape{random.between(1, 3), random.between(1, random.chance(0.3) ? 70 : 5), random.between(1, 12), random.between(1, 12)};
    const int64_t count = random.between(1, 6);
    Array regions = *Array::make(DataType::kFloat, {count, 4}),
          batches = *Array::make(random.pick({DataType::kInt64, DataType::kInt32}), {count});
    // Some lie outside, some are empty or turned round.
    for (int64_t i = 0; i < regions.count(); ++i) regions.set_number(i, random.real(-8, i % 4 < 2 ? 12 : 40));
    for (int64_t i = 0; i < count; ++i) batches.set_integer(i, random.between(0, shape[0] - 1));
    return run_trial("cpu.roi_align", {&op, {random.array(DataType::kFloat, shape), regions, batches}, {}, {2e-6, 1e-6}});
  });
}

TEST(GridSample, EveryOption) {
  for_random_trials(150, [](Random& random) {
    GridSample op;
    op.mode = random.pick({SampleMode::kLinear, SampleMode::kNearest, SampleMode::kCubic});
    op.padding = random.pick({SamplePadding::kZeros, SamplePadding::kBorder, SamplePadding::kReflection});
    op.align_corners = random.chance(0.5);
    const Shape shape{random.between(1, 2), random.between(1, 5), random.between(1, 9), random.between(1, 9)};
    const Shape grid{shape[0], random.between(1, 14), random.between(1, 14), 2};
    Array places = random.array(DataType::kFloat, grid, -1.6, 1.6);
    for (int64_t i = 0; i < places.count(); ++i) {
      if (random.chance(0.1))
        places.set_number(i, random.pick({-1.0, 1.0, 0.0, 30.0, static_cast<double>(__builtin_inff()), __builtin_nan("")}));
    }
    return run_trial("cpu.grid_sample",
                     {&op, {random.array(DataType::kFloat, shape), places}, {random.chance(0.1), random.chance(0.1)}, {4e-6, 1e-6}});
  });
}

}  // namespace
}  // namespace ingot::testing
