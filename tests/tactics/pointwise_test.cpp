#include "operators/pointwise.h"

#include <gtest/gtest.h>

#include <cmath>

#include "tactic_check.h"
#include "tactics/cpu/expression_tiles.h"

namespace ingot::testing {
namespace {

constexpr DataType kFloats[] = {DataType::kFloat, DataType::kHalf, DataType::kBf16, DataType::kDouble};
constexpr DataType kIntegers[] = {DataType::kInt8,  DataType::kInt16,  DataType::kInt32, DataType::kInt64,
                                  DataType::kUint8, DataType::kUint16, DataType::kUint32};

// Shapes that broadcast to one output.
std::vector<Shape> broadcasting_shapes(Random& random, int count) {
  const int64_t rank = random.between(0, 5);
  Shape output = random.shape(rank, rank <= 1 ? 2000 : rank == 2 ? 60 : rank == 3 ? 9 : 6);
  if (rank > 1 && random.chance(0.3)) output.back() = random.between(200, 700);
  if (rank > 0 && random.chance(0.03)) output[0] = 0;
  std::vector<Shape> shapes{output};
  for (int i = 1; i < count; ++i) {
    Shape shape = output;
    for (int64_t& dim : shape) {
      if (random.chance(0.3)) dim = 1;
    }
    if (random.chance(0.4)) shape.erase(shape.begin(), shape.begin() + random.between(0, rank));
    shapes.push_back(shape);
  }
  return shapes;
}

TEST(Pointwise, EveryFunctionOnEveryType) {
  int ran = 0;
  for_random_trials(400, [&](Random& random) {
    Elementwise op(static_cast<ScalarOp>(random.between(0, static_cast<int64_t>(ScalarOp::kCount) - 1)));
    const int arity = arity_of(op.op);
    DataType type = random.chance(0.6)   ? kFloats[random.between(0, 3)]
                    : random.chance(0.8) ? kIntegers[random.between(0, 6)]
                                         : DataType::kBool;
    std::vector<DataType> types(arity, type);
    if (op.op == ScalarOp::kSelect) types[0] = DataType::kBool;
    if (op.op == ScalarOp::kCast)
      op.to = random.chance(0.5) ? kFloats[random.between(0, 3)] : random.chance(0.8) ? kIntegers[random.between(0, 6)] : DataType::kBool;
    if (is_logical(op.op))
      types.assign(arity, DataType::kBool);
    else if (!infer_scalar_op(op.op, types, op.to).ok())
      types.assign(arity, type = infer_scalar_op(op.op, std::vector<DataType>(arity, DataType::kFloat), op.to).ok() ? DataType::kFloat
                                                                                                                    : DataType::kInt32);
    if (!infer_scalar_op(op.op, types, op.to).ok()) return std::string("no types for ") + std::string(name_of(op.op));
    if (constant_count_of(op.op) > 0 && random.chance(0.5)) op.a = random.real(0.1, 2);
    if (constant_count_of(op.op) > 1 && random.chance(0.5)) op.b = op.a + random.real(0.1, 2);
    Trial trial{&op, {}, {}, {}};
    const auto shapes = broadcasting_shapes(random, arity);
    double least = -4, most = 4;
    if (op.op == ScalarOp::kLog || op.op == ScalarOp::kSqrt || op.op == ScalarOp::kPow || op.op == ScalarOp::kAcosh) least = 0.2;
    if (op.op == ScalarOp::kAcosh) least = 1;
    if (op.op == ScalarOp::kAsin || op.op == ScalarOp::kAcos || op.op == ScalarOp::kAtanh) least = -0.9, most = 0.9;
    if (!is_floating(type)) least = is_signed(type) ? -100 : 0, most = 100;
    if (op.op == ScalarOp::kTan) least = -1, most = 1;
    for (int i = 0; i < arity; ++i) {
      double low = least, high = most;
      // Divisors stay away from 0, where a rounding of the quotient moves floor and mod by one.
      const bool divisor = i == 1 && is_floating(types[1]) &&
                           (op.op == ScalarOp::kDiv || op.op == ScalarOp::kFloorDiv || op.op == ScalarOp::kMod || op.op == ScalarOp::kFmod);
      if (divisor) low = 1, high = 3;
      if (op.op == ScalarOp::kShiftLeft || op.op == ScalarOp::kShiftRight) low = 0, high = 40;
      trial.inputs.push_back(random.array(types[i], shapes[i], low, high));
      trial.constants.push_back(random.chance(0.2));
    }
    const DataType output = *infer_scalar_op(op.op, types, op.to);
    trial.tolerance = usual_tolerance(output);
    if (is_floating(output) && op.op != ScalarOp::kCast) trial.tolerance.absolute = std::max(trial.tolerance.absolute, 4e-6);
    if (op.op == ScalarOp::kFloorDiv && is_floating(output))
      trial.tolerance.absolute = 1;  // at whole quotients the division's rounding decides
    return try_trial("cpu.pointwise", trial, &ran);
  });
  EXPECT_GT(ran, 400);
}

// Special values go where the formulas say.
TEST(Pointwise, SpecialValues) {
  const double infinity = INFINITY;
  // x * gate(x): at -infinity the formula says -infinity * 0, the kernels give the limit.
  const auto is_gated = [](ScalarOp op) {
    return op == ScalarOp::kGelu || op == ScalarOp::kGeluTanh || op == ScalarOp::kSilu || op == ScalarOp::kMish;
  };
  for (int op = 0; op < static_cast<int>(ScalarOp::kCount); ++op) {
    const auto scalar_op = static_cast<ScalarOp>(op);
    const std::vector<DataType> types(arity_of(scalar_op), DataType::kFloat);
    if (!infer_scalar_op(scalar_op, types, DataType::kFloat).ok() || scalar_op == ScalarOp::kCast) continue;
    // A polynomial's zero and the library's zero may differ in sign; comparisons take them as equal.
    const Array x = Array::of<double>(DataType::kFloat, {6}, {0.0, -0.0, infinity, is_gated(scalar_op) ? -1e30 : -infinity, NAN, 1.0});
    const Array y = Array::of<double>(DataType::kFloat, {6, 1}, {1.0, 2.0, infinity, -infinity, NAN, 0.0});
    const Elementwise layer(scalar_op);
    Trial trial{&layer, {x}, {}, {0, 1e-6}};
    if (arity_of(scalar_op) == 2) trial.inputs.push_back(y);
    for (Isa isa : isa_levels()) {
      if (isa > Isa::kAvx512) break;
      cap_isa(isa);
      EXPECT_EQ(run_trial("cpu.pointwise", trial), "") << name_of(isa);
    }
    cap_isa(Isa::kAmx);
  }
}

// Random expressions of up to a dozen nodes.
TEST(Pointwise, Chains) {
  for_random_trials(200, [](Random& random) -> std::string {
    const std::vector<ScalarOp> unary = {ScalarOp::kAbs,       ScalarOp::kNeg,    ScalarOp::kRelu, ScalarOp::kSigmoid,
                                         ScalarOp::kTanh,      ScalarOp::kGelu,   ScalarOp::kSilu, ScalarOp::kHardSwish,
                                         ScalarOp::kLeakyRelu, ScalarOp::kAffine, ScalarOp::kErf,  ScalarOp::kSin};
    const std::vector<ScalarOp> binary = {ScalarOp::kAdd, ScalarOp::kSub, ScalarOp::kMul, ScalarOp::kMin, ScalarOp::kMax, ScalarOp::kPrelu};
    Pointwise op;
    const DataType type = kFloats[random.between(0, 2)];
    const int inputs = static_cast<int>(random.between(1, 4)), nodes = static_cast<int>(random.between(1, 12));
    const auto operand = [&]() -> int32_t {
      const int made = static_cast<int>(op.expression.nodes.size());
      return made > 0 && random.chance(0.6) ? static_cast<int32_t>(random.between(0, made - 1))
                                            : Expression::input(static_cast<int>(random.between(0, inputs - 1)));
    };
    for (int i = 0; i < nodes; ++i) {
      if (random.chance(0.15)) {
        op.expression.add_constant(static_cast<float>(random.real(-2, 2)));
      } else if (random.chance(0.1) && type != DataType::kFloat) {
        op.expression.add(ScalarOp::kCast, operand());
        op.expression.nodes.back().to = type;
      } else if (random.chance(0.5)) {
        op.expression.add(random.one_of(unary), operand(), 0, 0, 0.5f, 0.25f);
      } else {
        op.expression.add(random.one_of(binary), operand(), operand());
      }
    }
    // The last node reads the first input, so that it is never a constant.
    op.expression.add(ScalarOp::kAdd, static_cast<int32_t>(op.expression.nodes.size()) - 1, Expression::input(0));
    std::vector<DataType> types(inputs, type);
    auto result = op.expression.infer(types);
    if (!result.ok()) return "";  // a function met a constant alone
    op.to = *result;
    if (op.to != type) return "";
    Trial trial{&op, {}, {}, usual_tolerance(type)};
    // Rounding each node to the type, as the reference does, strays further than rounding once.
    if (type != DataType::kFloat)
      trial.tolerance.relative *= 6;
    else
      trial.tolerance = {2e-5, 1e-5};
    for (const Shape& shape : broadcasting_shapes(random, inputs)) trial.inputs.push_back(random.array(type, shape));
    trial.constants.assign(inputs, false);
    trial.constants.back() = inputs > 1 && random.chance(0.3);
    return try_trial("cpu.pointwise", trial);
  });
}

TEST(Pointwise, MixedTypes) {
  const std::vector<std::string> texts = {
      "cast(round(mul(cast(x0, to=float), 0.25)), to=int8)",
      "select(less(x1, x2), x1, mul(x2, 3))",
      "mul(cast(greater(x1, 0.5), to=float), x2)",
      "add(cast(x0, to=int32), 7)",
      "select(equal(cast(x0, to=int32), 3), x1, x2)",
      "cast(cast(x1, to=half), to=float)",
      "add(mul(cast(x0, to=float), 0.5), x1)",
      "cast(mul(x1, 1000), to=int32)",
      "not(or(less(x1, 0), greater(x2, 1)))",
  };
  for_random_trials(90, [&](Random& random) -> std::string {
    Pointwise op;
    op.expression = *Expression::parse(random.one_of(texts));
    const std::vector<DataType> types = {DataType::kInt8, DataType::kFloat, DataType::kFloat};
    op.to = *op.expression.infer(types);
    Trial trial{&op, {}, {}, usual_tolerance(op.to)};
    const auto shapes = broadcasting_shapes(random, 3);
    for (int i = 0; i < 3; ++i) trial.inputs.push_back(random.array(types[i], shapes[i], i == 0 ? -128 : -2, i == 0 ? 127 : 2));
    return run_trial("cpu.pointwise", trial);
  });
}

// The same value gives the same bits wherever it lies.
TEST(Pointwise, BitsDoNotDependOnPosition) {
  for (Isa isa : isa_levels()) {
    cap_isa(isa);
    for (ScalarOp op : {ScalarOp::kExp, ScalarOp::kGelu, ScalarOp::kTanh, ScalarOp::kSoftplus, ScalarOp::kDiv, ScalarOp::kMish}) {
      const Elementwise layer(op);
      auto compiled = CompiledExpression::compile(layer, std::vector<DataType>(arity_of(op), DataType::kFloat), DataType::kFloat);
      ASSERT_TRUE(compiled.ok());
      for (int64_t count : {1, 7, 16, 17, 255, 256, 257, 1000}) {
        std::vector<float> x(count, 0.73f), y(count, 1.37f), out(count);
        const float* rows[] = {x.data(), y.data()};
        compiled->run_floats(rows, out.data(), count);
        for (float value : out) ASSERT_EQ(value, out[0]) << name_of(op) << " at " << count;
        float alone = 0;
        compiled->run_floats(rows, &alone, 1);
        ASSERT_EQ(alone, out[0]);
      }
    }
  }
  cap_isa(Isa::kAmx);
}

TEST(PointwiseTable, serves_chains_from_byte_to_byte) {
  const std::vector<Isa> levels = isa_levels();
  int ran = 0;
  for_random_trials(
      40,
      [&](Random& random) {
        const std::vector<std::string> texts{
            "cast(clip(round(affine(gelu(affine(cast(x0, to=float), a=0.05, b=0)), a=20, b=0)), a=-128, b=127), to=int8)", "neg(x0)",
            "cast(clip(mul(cast(x0, to=float), 1.5), a=0, b=127), to=int8)"};
        Pointwise op;
        auto parsed = Expression::parse(random.one_of(texts));
        EXPECT_TRUE(parsed.ok()) << (parsed.ok() ? "" : parsed.error().message);
        if (!parsed.ok()) return std::string("no expression");
        op.expression = *parsed;
        op.to = DataType::kInt8;
        Trial trial;
        trial.op = &op;
        const int64_t rank = random.between(1, 4);
        trial.inputs = {
            random.array(DataType::kInt8, random.chance(0.2) ? Shape{random.between(1, 100'000)} : random.shape(rank, 12), -128, 127)};
        return try_trial("cpu.pointwise_table", trial, &ran);
      },
      &levels);
  EXPECT_GE(ran, 40 * static_cast<int>(levels.size()));
}

}  // namespace
}  // namespace ingot::testing
