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
