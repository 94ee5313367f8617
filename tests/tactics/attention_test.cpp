#include "operators/attention.h"

#include <gtest/gtest.h>

#include <cmath>

#include "tactic_check.h"

namespace ingot::testing {
namespace {

TEST(Attention, ShapesMasksAndLayouts) {
  const std::vector<Isa> levels = isa_levels();
  for_random_trials(
      120,
      [](Random& random) {
        Attention op;
        const DataType type = random.pick({DataType::kFloat, DataType::kFloat, DataType::kHalf, DataType::kBf16});
        const int64_t batch = random.between(1, 2), key_heads = random.between(1, 3), group = random.chance(0.7) ? 1 : 2,
                      heads = key_heads * group;
        const int64_t length = random.between(1, random.chance(0.2) ? 150 : 30), depth = random.between(1, 40);
        int64_t columns = random.chance(0.5) ? length : random.between(1, random.chance(0.2) ? 200 : 50),
                value_depth = random.chance(0.3) ? 32 : random.between(1, 40);
        op.causal = random.chance(0.2);
        op.softcap = random.chance(0.1) ? 2.5 : 0;
        op.scale = random.chance(0.3) ? 0.3 : 0;
        Trial trial{&op, {}, {}, usual_tolerance(type)};
        if (random.chance(0.5)) {
          trial.inputs = {random.array(type, {batch, heads, length, depth}), random.array(type, {batch, key_heads, columns, depth}),
                          random.array(type, {batch, key_heads, columns, value_depth})};
        } else {
          op.heads = heads;
          op.key_heads = key_heads == heads && random.chance(0.5) ? 0 : key_heads;
          if (random.chance(0.5)) {
            op.packed = true;
            columns = length;
            trial.inputs = {random.array(type, {batch, length, (heads + 2 * key_heads) * depth}), Array(), Array()};
          } else {
            trial.inputs = {random.array(type, {batch, length, heads * depth}), random.array(type, {batch, columns, key_heads * depth}),
                            random.array(type, {batch, columns, key_heads * value_depth})};
          }
        }
        // bf16 weights are rounded before they meet the values.
        trial.tolerance.relative *= type == DataType::kFloat ? 4 : 3;
        if (random.chance(0.6)) {
          Shape mask{random.chance(0.5) ? batch : 1, random.chance(0.5) ? heads : 1, random.chance(0.5) ? length : 1,
                     random.chance(0.8) ? columns : 1};
          if (random.chance(0.3)) mask.erase(mask.begin(), mask.begin() + random.between(1, 2));
          const DataType mask_type = random.pick({DataType::kBool, DataType::kFloat, DataType::kBf16});
          Array values = random.array(mask_type, mask, -2, 2);
          if (mask_type == DataType::kFloat) {
            for (int64_t i = 0; i < values.count(); ++i) {
              if (random.chance(0.3)) values.set_number(i, -INFINITY);
            }
          }
          trial.inputs.push_back(values);
          trial.constants = {false, false, false, random.chance(0.3)};
        }
        return run_trial("cpu.attention", trial);
      },
      &levels);
}

// Masks that hide all but some columns of each row: bands that move, now and then of nothing, as those of packed sequences do.
TEST(Attention, MasksThatHideMost) {
  const std::vector<Isa> levels = isa_levels();
  for_random_trials(
      25,
      [](Random& random) {
        Attention op;
        const DataType type = random.pick({DataType::kFloat, DataType::kBf16, DataType::kHalf});
        const int64_t heads = random.between(1, 2), length = random.pick({1, 40, 130}), columns = random.pick({33, 100, 300}),
                      depth = random.pick({8, 32, 33}), value_depth = random.pick({32, 20});
        op.causal = random.chance(0.2);
        op.softcap = random.chance(0.2) ? 2.5 : 0;
        Trial trial{&op, {}, {}, usual_tolerance(type)};
        trial.inputs = {random.array(type, {2, heads, length, depth}), random.array(type, {2, heads, columns, depth}),
                        random.array(type, {2, heads, columns, value_depth})};
        trial.tolerance.relative *= type == DataType::kFloat ? 4 : 3;
        Array mask = *Array::make(DataType::kBool, {random.pick({1, 2}), 1, random.chance(0.8) ? length : 1, columns});
        const int64_t rows = mask.count() / columns, step = random.pick({1, 20, 200});
        for (int64_t row = 0; row < rows; row += step) {
          const int64_t begin = random.between(0, columns - 1), end = random.chance(0.1) ? begin : random.between(begin, columns);
          for (int64_t r = row; r < std::min(rows, row + step); ++r) {
            for (int64_t c = begin; c < end; ++c) mask.set_integer(r * columns + c, random.chance(0.9));
          }
        }
        trial.inputs.push_back(mask);
        return run_trial("cpu.attention", trial);
      },
      &levels);
}

TEST(Attention, LongRows) {
  Random random(1);
  Attention op;
  op.heads = 2;
  for (DataType type : {DataType::kFloat, DataType::kBf16}) {
    Tolerance tolerance = usual_tolerance(type);
    tolerance.relative *= 4;
    EXPECT_EQ(
        run_trial(
            "cpu.attention",
            {&op, {random.array(type, {1, 70, 64}), random.array(type, {1, 3000, 64}), random.array(type, {1, 3000, 64})}, {}, tolerance}),
        "");
  }
}

}  // namespace
}  // namespace ingot::testing
