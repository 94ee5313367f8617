// Casts between all types, integers at their ends, tables of truth and quantization at its edges, against their references.
#include <gtest/gtest.h>

#include <cmath>
#include <limits>

#include "operators/dequantize.h"
#include "operators/dynamic_quantize.h"
#include "operators/elementwise.h"
#include "operators/pointwise.h"
#include "operators/quantize.h"
#include "tactic_check.h"

namespace ingot::testing {
namespace {

constexpr DataType kIntegers[] = {DataType::kInt8,  DataType::kInt16,  DataType::kInt32, DataType::kInt64,
                                  DataType::kUint8, DataType::kUint16, DataType::kUint32};

// Calls body on each instruction set up to AVX-512.
template <class Body>
void on_each_isa(Body body) {
  for (Isa isa : isa_levels()) {
    if (isa > Isa::kAvx512) break;
    cap_isa(isa);
    EXPECT_EQ(body(), "") << name_of(isa);
  }
  cap_isa(Isa::kAmx);
}

// As many elements as fill several vectors and a part of one.
Array repeated(DataType type, const std::vector<double>& values, int64_t count) {
  Array array = *Array::make(type, {count});
  for (int64_t i = 0; i < count; ++i) array.set_number(i, values[static_cast<size_t>(i) % values.size()]);
  return array;
}

TEST(Conversion, CastsOfFloatsSaturateAndTruncate) {
  const std::vector<double> values{0.0,
                                   -0.0,
                                   0.5,
                                   -0.5,
                                   0.99999994,
                                   1.5,
                                   -1.5,
                                   2.5,
                                   126.9,
                                   127.5,
                                   -128.9,
                                   255.9,
                                   256.0,
                                   300.0,
                                   -300.0,
                                   32767.9,
                                   32768.0,
                                   65535.5,
                                   65536.,
                                   2147483520.0,
                                   2147483648.0,
                                   4294967040.0,
                                   4294967296.0,
                                   9.2233714870989619e18,
                                   9.2233720368547758e18,
                                   1e30,
                                   -2147483648.0,
                                   -2147484000.0,
                                   -9.2233720368547758e18,
                                   -1e30,
                                   INFINITY,
                                   -INFINITY,
                                   NAN};
  for (DataType to : kIntegers) {
    Elementwise op(ScalarOp::kCast);
    op.to = to;
    for (DataType from : {DataType::kFloat, DataType::kHalf, DataType::kBf16}) {
      on_each_isa([&] { return run_trial("cpu.pointwise", {&op, {repeated(from, values, 700)}, {}, {}}); });
    }
    // Inside of a chain, where integers travel on: cast(x) + 1.
    Pointwise chain;
    const int32_t cast = chain.expression.add(ScalarOp::kCast, Expression::input(0));
    chain.expression.nodes.back().to = to;
    chain.expression.add(ScalarOp::kAdd, cast, Expression::input(1));
    chain.to = to;
    on_each_isa([&] {
      return run_trial("cpu.pointwise", {&chain, {repeated(DataType::kFloat, values, 700), repeated(to, {1, 2, 3}, 700)}, {}, {}});
    });
  }
}

TEST(Conversion, CastsBetweenAllTypes) {
  const std::vector<DataType> types{DataType::kFloat, DataType::kHalf,  DataType::kBf16,   DataType::kDouble,
                                    DataType::kBool,  DataType::kInt8,  DataType::kInt16,  DataType::kInt32,
                                    DataType::kInt64, DataType::kUint8, DataType::kUint16, DataType::kUint32};
  for_random_trials(200, [&](Random& random) {
    Elementwise op(ScalarOp::kCast);
    op.to = random.one_of(types);
    const DataType from = random.one_of(types);
    const bool wide = from == DataType::kInt32 || from == DataType::kInt64 || from == DataType::kFloat || from == DataType::kDouble;
    const double most = wide ? 5e9 : from == DataType::kBool ? 1 : 100;
    return run_trial("cpu.pointwise", {&op, {random.array(from, {random.between(1, 900)}, is_signed(from) ? -most : 0, most)}, {}, {}});
  });
}

TEST(Conversion, IntegersAtTheirEnds) {
  const ScalarOp ops[] = {ScalarOp::kAbs,      ScalarOp::kNeg,       ScalarOp::kSign,         ScalarOp::kRelu,      ScalarOp::kBitNot,
                          ScalarOp::kClip,     ScalarOp::kAdd,       ScalarOp::kSub,          ScalarOp::kMul,       ScalarOp::kDiv,
                          ScalarOp::kFloorDiv, ScalarOp::kMod,       ScalarOp::kFmod,         ScalarOp::kMin,       ScalarOp::kMax,
                          ScalarOp::kBitAnd,   ScalarOp::kBitOr,     ScalarOp::kBitXor,       ScalarOp::kEqual,     ScalarOp::kLess,
                          ScalarOp::kGreater,  ScalarOp::kLessEqual, ScalarOp::kGreaterEqual, ScalarOp::kShiftLeft, ScalarOp::kShiftRight};
  for (DataType type : kIntegers) {
    const int bits = bits_of(type);
    const int64_t least = is_signed(type) ? INT64_MIN >> (64 - bits) : 0;
    const int64_t most = bits == 64 ? INT64_MAX : (int64_t{1} << (is_signed(type) ? bits - 1 : bits)) - 1;
    const std::vector<int64_t> values{least,    least + 1, is_signed(type) ? -3 : 3, is_signed(type) ? -1 : 1, 0, 1, 2, 7, most / 2,
                                      most - 1, most};
    const auto count = static_cast<int64_t>(values.size());
    // Each value with each: y by rows of one value, and as rows of its own.
    Array x = *Array::make(type, {2 * count, count}), y = *Array::make(type, {2 * count, 1}),
          spread = *Array::make(type, {2 * count, count});
    for (int64_t i = 0; i < x.count(); ++i) {
      x.set_integer(i, values[static_cast<size_t>(i % count)]);
      spread.set_integer(i, values[static_cast<size_t>(i / count % count)]);
    }
    for (int64_t i = 0; i < y.count(); ++i) y.set_integer(i, values[static_cast<size_t>(i % count)]);
    for (ScalarOp scalar_op : ops) {
      Elementwise op(scalar_op);
      if (!infer_scalar_op(scalar_op, std::vector<DataType>(static_cast<size_t>(arity_of(scalar_op)), type), type).ok()) continue;
      if (scalar_op == ScalarOp::kClip) op.a = is_signed(type) ? -2.5 : 1.5, op.b = 6.5;
      Trial trial{&op, {x}, {}, {}};
      for (const Array& other : {y, spread}) {
        trial.inputs = {x};
        if (arity_of(scalar_op) == 2) trial.inputs.push_back(other);
        on_each_isa([&] { return run_trial("cpu.pointwise", trial); });
      }
    }
  }
}

TEST(Conversion, TablesOfTruth) {
  int ran = 0;
  for_random_trials(60, [&](Random& random) {
    const int inputs = static_cast<int>(random.between(2, 3));
    Pointwise op;
    op.to = DataType::kBool;
    const ScalarOp ops[] = {ScalarOp::kAnd, ScalarOp::kOr, ScalarOp::kXor};
    int32_t last = op.expression.add(ops[random.between(0, 2)], Expression::input(0), Expression::input(1));
    if (random.chance(0.5)) last = op.expression.add(ScalarOp::kNot, last);
    if (inputs == 3) {
      if (random.chance(0.5))
        last = op.expression.add(ops[random.between(0, 2)], last, Expression::input(2));
      else
        last = op.expression.add(ScalarOp::kSelect, Expression::input(2), last, Expression::input(1));
    }
    const Shape shape{random.between(1, 2), random.between(1, 4), random.between(1, random.chance(0.1) ? 5000 : 200)};
    Trial trial{&op, {}, {}, {}};
    for (int i = 0; i < inputs; ++i) {
      Shape own = shape;
      for (int64_t& dim : own) {
        if (i > 0 && random.chance(0.2)) dim = 1;
      }
      Array bools = *Array::make(DataType::kBool, own);
      // Any byte but 0 is true.
      for (int64_t k = 0; k < bools.count(); ++k)
        static_cast<uint8_t*>(bools.mutable_data())[k] = static_cast<uint8_t>(random.chance(0.5) ? 0 : random.chance(0.9) ? 1 : 0x40);
      trial.inputs.push_back(bools);
      trial.constants.push_back(random.chance(0.2));
    }
    return try_trial("cpu.pointwise_truth", trial, &ran);
  });
  EXPECT_GT(ran, 300);
}

TEST(Conversion, QuantizationAtItsEdges) {
  const std::vector<double> values{0.0,  0.01,  0.03,  0.05, -0.01, -0.03, 2.53,     2.54,      2.55,
                                   2.56, -2.56, -2.57, 1e9,  -1e9,  1e-30, INFINITY, -INFINITY, NAN};
  for (DataType to : {DataType::kInt8, DataType::kUint8}) {
    for (int64_t zero : {int64_t{-1}, int64_t{0}, int64_t{100}}) {  // -1 for none
      for (int64_t slices : {1, 6}) {
        Quantize op;
        op.to = to;
        op.axis = 1;
        Array x = *repeated(DataType::kFloat, values, 2 * 6 * 75).reshaped({2, 6, 75});
        Array scale = repeated(DataType::kFloat, {0.02, 0.01, 0.5}, slices),
              zeros = repeated(to, {static_cast<double>(zero), 1, 7}, slices);
        if (slices == 1) scale = *scale.reshaped({}), zeros = *zeros.reshaped({});
        on_each_isa([&] { return run_trial("cpu.quantize_rows", {&op, {x, scale, zero < 0 ? Array() : zeros}, {false, true, true}, {}}); });
        Dequantize back;
        back.axis = 1;
        Array bytes = *Array::make(to, {2, 6, 75});
        for (int64_t i = 0; i < bytes.count(); ++i) bytes.set_integer(i, i % 256 + (to == DataType::kInt8 ? -128 : 0));
        on_each_isa([&] {
          return run_trial("cpu.quantize_rows", {&back, {bytes, scale, zero < 0 ? Array() : zeros}, {false, true, true}, {1e-6, 0}});
        });
      }
    }
  }
}

TEST(Conversion, BlocksFindTheirOwnScales) {
  on_each_isa([] {
    std::string failed;
    for_random_trials(150, [&](Random& random) {
      DynamicQuantize op;
      op.to = random.pick({DataType::kFp8, DataType::kFp4, DataType::kInt8, DataType::kInt4});
      op.scale_type = random.pick({DataType::kFloat, DataType::kHalf, DataType::kBf16, DataType::kFp8, DataType::kE8m0});
      Shape shape = random.shape(random.between(1, 3), 6);
      if (random.chance(0.2)) shape[0] = random.between(100, 400);
      if (random.chance(0.05)) shape = {2, 9000};
      if (bits_of(op.to) < 8 || random.chance(0.5)) shape.back() *= 2;
      // Blocks in one piece, or along one axis.
      const auto axis = static_cast<size_t>(random.between(0, static_cast<int64_t>(shape.size()) - 1));
      const bool solid = random.chance(0.5);
      op.block.assign(shape.size(), 1);
      for (size_t d = axis; d < shape.size(); ++d) op.block[d] = d == axis || solid ? -1 : 1;
      if (random.chance(0.7)) op.block[axis] = axis + 1 == shape.size() ? 2 * random.between(1, 20) : random.between(1, 40);
      const DataType type = random.pick({DataType::kFloat, DataType::kHalf, DataType::kBf16});
      Array x = random.array(type, shape, -30, 30);
      for (int64_t i = 0; i < x.count(); ++i) {
        if (random.chance(0.1)) x.set_number(i, random.pick({0.0, -0.0, 1e-6, -1e-4, 64.0}));
      }
      Trial trial{&op, {x}, {random.chance(0.1)}, {}};
      if (random.chance(0.4)) trial.inputs.push_back(Array::scalar(DataType::kFloat, random.pick({0.25, 0.011, 3.0})));
      return run_trial("cpu.dynamic_quantize", trial);
    });
    return failed;
  });
}

// Ratios that lie at the middle between two codes, but for what their operands were rounded by.
TEST(Conversion, RatiosBesideTheMiddle) {
  on_each_isa([] {
    std::string failed;
    for_random_trials(60, [&](Random& random) {
      DynamicQuantize op;
      op.to = random.pick({DataType::kFp4, DataType::kInt8});
      const bool is_narrow = op.to == DataType::kFp4;
      op.scale_type = is_narrow ? DataType::kFp8 : DataType::kFloat;
      op.block = {1, is_narrow ? 16 : -1};
      const double second = static_cast<double>(static_cast<float>(random.real(0.01, 1)));
      Array x = *Array::make(DataType::kFloat, {20, 64});
      for (int64_t i = 0; i < x.count(); ++i) {
        const double middle =
            is_narrow ? random.pick({0.25, 0.75, 1.25, 1.75, 2.5, 3.5, 5.0}) : static_cast<double>(random.between(0, 126)) + 0.5;
        const double sign = random.chance(0.5) ? -1 : 1;
        x.set_number(i, i % 16 == 0 ? (is_narrow ? 6 : 127) * second : sign * middle * second);
      }
      Trial trial{&op, {x}, {}, {}};
      if (is_narrow) trial.inputs.push_back(Array::scalar(DataType::kFloat, second));
      return run_trial("cpu.dynamic_quantize", trial);
    });
    return failed;
  });
}

}  // namespace
}  // namespace ingot::testing
