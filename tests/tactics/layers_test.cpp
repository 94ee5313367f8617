// Quantize and dequantize, scale, topk, arg_reduce and recurrent layers against their references.
#include <gtest/gtest.h>

#include <limits>

#include "operators/arg_reduce.h"
#include "operators/dequantize.h"
#include "operators/quantize.h"
#include "operators/recurrent.h"
#include "operators/scale.h"
#include "operators/topk.h"
#include "tactic_check.h"

namespace ingot::testing {
namespace {

Shape some_shape(Random& random, int64_t least_rank, int64_t most_rank) {
  const int64_t rank = random.between(least_rank, most_rank);
  Shape shape = random.shape(rank, rank <= 2 ? 40 : 8);
  if (random.chance(0.3)) shape[static_cast<size_t>(random.between(0, rank - 1))] = random.between(1, 300);
  return shape;
}
DataType some_float(Random& random) { return random.pick({DataType::kFloat, DataType::kFloat, DataType::kHalf, DataType::kBf16}); }

TEST(Quantize, BothWays) {
  int ran = 0;
  for_random_trials(250, [&](Random& random) {
    const Shape shape = some_shape(random, 1, 4);
    const auto rank = static_cast<int64_t>(shape.size());
    const int64_t axis = random.between(-rank, rank - 1);
    const Shape scale_shape = random.chance(0.4) ? Shape{} : Shape{shape[static_cast<size_t>((axis + rank) % rank)]};
    const DataType narrow = random.pick({DataType::kInt8, DataType::kUint8, DataType::kInt16, DataType::kFp8});
    const DataType wide = some_float(random);
    const bool zero = random.chance(0.5) && narrow != DataType::kFp8;
    const Array scale = random.array(wide, scale_shape, 0.02, 0.3), zeros = zero ? random.array(narrow, scale_shape, -20, 20) : Array();
    const std::vector<bool> constants{false, random.chance(0.7), zero && random.chance(0.7)};
    if (random.chance(0.5)) {
      Quantize op;
      op.axis = axis;
      op.to = narrow;
      return try_trial("cpu.quantize", {&op, {random.array(wide, shape, -30, 30), scale, zeros}, constants, {}}, &ran);
    }
    Dequantize op;
    op.axis = axis;
    op.to = wide;
    return try_trial("cpu.quantize", {&op, {random.array(narrow, shape, -128, 127), scale, zeros}, constants, usual_tolerance(wide)}, &ran);
  });
  EXPECT_GT(ran, 700);
}

TEST(Quantize, BlocksAlongAnAxis) {
  int ran = 0;
  for_random_trials(200, [&](Random& random) {
    Shape shape = some_shape(random, 1, 4);
    for (int64_t& dim : shape) dim = std::max<int64_t>(dim, 1);
    if (random.chance(0.7)) shape.back() *= 2;
    if (random.chance(0.05)) shape.back() = 5000;
    const auto rank = static_cast<int64_t>(shape.size());
    const int64_t axis = random.between(-rank, rank - 1), block = random.chance(0.7) ? 2 * random.between(1, 20) : random.between(1, 40);
    Shape scales = shape;
    int64_t& along = scales[static_cast<size_t>((axis + rank) % rank)];
    along = (along + block - 1) / block;
    const DataType narrow =
        random.pick({DataType::kInt8, DataType::kUint8, DataType::kInt4, DataType::kUint4, DataType::kFp8, DataType::kFp4});
    const DataType wide = some_float(random);
    const bool zero = random.chance(0.5) && !is_floating(narrow);
    const Array scale = random.array(wide, scales, 0.1, 3), zeros = zero ? random.array(narrow, scales, -5, 5) : Array();
    const std::vector<bool> constants{false, random.chance(0.5), zero && random.chance(0.5)};
    if (random.chance(0.5)) {
      Quantize op;
      op.axis = axis;
      op.block_size = block;
      op.to = narrow;
      return try_trial("cpu.quantize_blocks", {&op, {random.array(wide, shape, -30, 30), scale, zeros}, constants, {}}, &ran);
    }
    Dequantize op;
    op.axis = axis;
    op.block_size = block;
    op.to = wide;
    return try_trial("cpu.quantize_blocks", {&op, {random.array(narrow, shape, -128, 127), scale, zeros}, constants, usual_tolerance(wide)},
                     &ran);
  });
  EXPECT_GT(ran, 400);
}

TEST(Scale, EverySpread) {
  for_random_trials(150, [](Random& random) {
    const Shape shape = some_shape(random, 2, 5);
    Scale op;
    op.axis = random.between(0, static_cast<int64_t>(shape.size()) - 1);
    const DataType type = some_float(random);
    Trial trial{&op, {random.array(type, shape, 0.1, 2)}, {false, true, random.chance(0.5), true}, usual_tolerance(type)};
    trial.tolerance.relative *= 4;
    for (int i = 0; i < 3; ++i) {
      if (random.chance(i == 2 ? 0.8 : 0.3)) {
        trial.inputs.push_back(Array());
        continue;
      }
      const int spread = static_cast<int>(random.between(0, 2));
      const Shape own = spread == 0   ? Shape{}
                        : spread == 1 ? Shape{shape[static_cast<size_t>(op.axis)]}
                                      : Shape(shape.begin() + op.axis, shape.end());
      trial.inputs.push_back(random.array(random.chance(0.7) ? type : DataType::kFloat, own, 0.5, i == 2 ? 2 : 1.5));
    }
    return run_trial("cpu.scale", trial);
  });
}

TEST(TopK, EveryAxisAndType) {
  for_random_trials(200, [](Random& random) {
    const Shape shape = some_shape(random, 1, 4);
    const auto rank = static_cast<int64_t>(shape.size());
    TopK op;
    op.axis = random.between(-rank, rank - 1);
    op.k = random.between(0, shape[static_cast<size_t>((op.axis + rank) % rank)]);
    op.largest = random.chance(0.5);
    op.index_type = random.pick({DataType::kInt64, DataType::kInt32});
    const auto type = random.pick(
        {DataType::kFloat, DataType::kFloat, DataType::kHalf, DataType::kBf16, DataType::kInt8, DataType::kUint8, DataType::kInt32});
    // Few different values, so that there are ties.
    Array x = random.array(type, shape, -6, 6);
    if (is_floating(type)) {
      for (int64_t i = 0; i < x.count(); ++i) {
        if (random.chance(0.3)) x.set_number(i, random.pick({0.0, -0.0, 1.0, -1.0, static_cast<double>(__builtin_inff())}));
        if (random.chance(0.02)) x.set_number(i, __builtin_nan(""));
      }
    }
    return run_trial("cpu.topk", {&op, {x}, {}, {}});
  });
}

TEST(TopK, LongLinesWithEquals) {
  for_random_trials(40, [](Random& random) {
    TopK op;
    op.k = random.between(1, 60);
    op.axis = -1;
    op.largest = random.chance(0.5);
    Array x = random.array(random.pick({DataType::kFloat, DataType::kHalf, DataType::kInt8}), {2, random.between(500, 5000)}, -50, 50);
    for (int64_t i = 0; i < x.count(); i += 90) x.set_number(i, static_cast<double>(random.between(-50, 50)));
    if (is_floating(x.type()) && random.chance(0.3))
      x.set_number(random.between(0, x.count() - 1), std::numeric_limits<double>::quiet_NaN());
    return run_trial("cpu.topk", {&op, {x}, {}, {}});
  });
}

TEST(ArgReduce, EveryAxisAndType) {
  for_random_trials(200, [](Random& random) {
    const Shape shape = some_shape(random, 1, 4);
    const auto rank = static_cast<int64_t>(shape.size());
    ArgReduce op;
    op.axis = random.between(-rank, rank - 1);
    op.smallest = random.chance(0.5);
    op.last = random.chance(0.5);
    op.keepdims = random.chance(0.5);
    const auto type = random.pick({DataType::kFloat, DataType::kHalf, DataType::kInt8, DataType::kInt64, DataType::kBool});
    Array x = random.array(type, shape, -6, 6);
    if (is_floating(type)) {
      for (int64_t i = 0; i < x.count(); ++i) {
        if (random.chance(0.4)) x.set_number(i, random.pick({0.0, -0.0, 5.0, -5.0}));
      }
    }
    return run_trial("cpu.arg_reduce", {&op, {x}, {}, {}});
  });
}

TEST(ArgReduce, RowsWithEqualsAndNans) {
  for_random_trials(60, [](Random& random) {
    ArgReduce op;
    op.axis = 1;
    op.smallest = random.chance(0.5);
    op.last = random.chance(0.5);
    Array x = random.array(random.pick({DataType::kFloat, DataType::kHalf}), {random.between(1, 4), random.between(1, 3000)});
    for (int64_t i = 0; i < x.count(); ++i) x.set_number(i, random.pick({0.0, -0.0, 1.0, -1.0, 2.0}));
    if (random.chance(0.4)) x.set_number(random.between(0, x.count() - 1), std::numeric_limits<double>::quiet_NaN());
    return run_trial("cpu.arg_reduce", {&op, {x}, {}, {}});
  });
}

TEST(ArgReduce, LongLines) {
  Random random(1);
  ArgReduce op;
  op.axis = 1;
  EXPECT_EQ(run_trial("cpu.arg_reduce", {&op, {random.array(DataType::kFloat, {3, 5000})}, {}, {}}), "");
  EXPECT_EQ(run_trial("cpu.arg_reduce", {&op, {random.array(DataType::kFloat, {2, 21, 30, 30})}, {}, {}}), "");
}

TEST(Recurrent, CellsAndOptions) {
  for_random_trials(120, [](Random& random) {
    Recurrent op;
    op.cell = random.pick({RecurrentCell::kLstm, RecurrentCell::kGru, RecurrentCell::kRnn});
    op.direction = random.pick({RecurrentDirection::kForward, RecurrentDirection::kReverse, RecurrentDirection::kBidirectional});
    op.layout = random.between(0, 1);
    op.clip = random.chance(0.2) ? 0.8 : 0;
    op.linear_before_reset = random.chance(0.5);
    op.input_forget = random.chance(0.2);
    const bool lstm = op.cell == RecurrentCell::kLstm;
    if (random.chance(0.3)) {
      const std::string one = lstm ? "hard_sigmoid relu softsign" : op.cell == RecurrentCell::kGru ? "sigmoid leaky_relu" : "scaled_tanh";
      op.activations = op.directions() == 2 ? one + " " + one : one;
      op.alphas = {0.3, 0.4};
    }
    const DataType type = some_float(random);
    const int64_t steps = random.between(1, 6), batch = random.between(1, random.chance(0.1) ? 100 : 4), input = random.between(1, 20),
                  hidden = random.between(1, random.chance(0.3) ? 100 : 20), d = op.directions(), gates = op.gates();
    const auto weights = [&](const Shape& shape) { return random.array(type, shape, -0.4, 0.4); };
    const Shape state = op.layout == 0 ? Shape{d, batch, hidden} : Shape{batch, d, hidden};
    Trial trial{&op, {}, {false, true, true, true, false, false, false, true}, usual_tolerance(type)};
    trial.inputs = {random.array(type, op.layout == 0 ? Shape{steps, batch, input} : Shape{batch, steps, input}),
                    weights({d, gates * hidden, input}), weights({d, gates * hidden, hidden})};
    trial.inputs.push_back(random.chance(0.7) ? weights({d, 2 * gates * hidden}) : Array());
    trial.inputs.push_back(random.chance(0.3) ? random.array(DataType::kInt32, {batch}, 0, static_cast<double>(steps)) : Array());
    trial.inputs.push_back(random.chance(0.5) ? weights(state) : Array());
    if (lstm) {
      trial.inputs.push_back(random.chance(0.5) ? weights(state) : Array());
      trial.inputs.push_back(random.chance(0.3) ? weights({d, 3 * hidden}) : Array());
    }
    trial.tolerance.relative *= 4;
    trial.tolerance.absolute = type == DataType::kFloat ? 2e-6 : 4e-3;
    return run_trial("cpu.recurrent", trial);
  });
}

}  // namespace
}  // namespace ingot::testing
