// Kernels that make numbers out of a few, against their references.
#include <gtest/gtest.h>

#include "operators/cosine_window.h"
#include "operators/fill.h"
#include "operators/linspace.h"
#include "operators/range.h"
#include "tactic_check.h"

namespace ingot::testing {
namespace {

// Now and then so large that threads share the work.
int64_t some_length(Random& random) { return random.chance(0.2) ? random.between(20000, 60000) : random.between(0, 70); }

Array number(DataType type, double value, const Shape& shape = {}) {
  Array array = *Array::make(type, shape);
  for (int64_t i = 0; i < array.count(); ++i)
    is_floating(type) ? array.set_number(i, value) : array.set_integer(i, static_cast<int64_t>(value));
  return array;
}

TEST(Filling, Fill) {
  for_random_trials(80, [](Random& random) {
    Fill op;
    const auto type = random.pick({DataType::kFloat, DataType::kHalf, DataType::kBf16, DataType::kInt8, DataType::kUint8, DataType::kInt32,
                                   DataType::kInt64, DataType::kBool, DataType::kDouble});
    if (random.chance(0.9)) op.value = random.array(type, {1}, -100, 100);
    if (random.chance(0.2)) op.value = number(type, 0, {1});
    const std::vector<int64_t> dims{random.between(1, 3), some_length(random)};
    op.dims = DimList(dims);
    return run_trial("cpu.fill", {&op, {}, {}, {}});
  });
}

TEST(Filling, Range) {
  for_random_trials(120, [](Random& random) {
    Range op;
    op.symbol = "run_n";
    const auto type = random.pick({DataType::kFloat, DataType::kInt32, DataType::kInt64});
    double delta = random.pick({1.0, 2.0, 3.0, 0.25, 0.1});
    if (type != DataType::kFloat) delta = std::max(1.0, delta);
    const double start = static_cast<double>(random.between(-50, 50)), sign = random.chance(0.3) ? -1 : 1;
    const double limit = start + sign * static_cast<double>(some_length(random) - 2) * delta;
    const Shape shape = random.chance(0.3) ? Shape{1} : Shape{};
    return run_trial(
        "cpu.range",
        {&op, {number(type, start, shape), number(type, limit), number(type, sign * delta)}, {true, true, true}, {1e-6, 1e-6}});
  });
}

TEST(Filling, Linspace) {
  for_random_trials(120, [](Random& random) {
    Linspace op;
    op.to = random.pick({DataType::kFloat, DataType::kInt32, DataType::kInt64});
    const int64_t rank = random.between(1, 4);
    std::vector<int64_t> dims;
    for (int64_t d = 0; d < rank; ++d) dims.push_back(random.between(1, 5));
    dims[static_cast<size_t>(random.between(0, rank - 1))] = some_length(random);
    op.dims = DimList(dims);
    op.start = static_cast<double>(random.between(-9, 9));
    op.delta = static_cast<double>(random.between(-9, 9));
    op.int_start = random.between(-9, 9);
    op.int_delta = random.pick({int64_t{3}, int64_t{-4}, int64_t{1} << 62});
    Arrays inputs;
    if (rank > 1 || random.chance(0.5)) inputs = {Array(), random.array(op.to, {}, -9, 9), random.array(op.to, {rank}, -9, 9)};
    return run_trial("cpu.linspace", {&op, inputs, {}, {1e-6, 1e-6}});
  });
}

TEST(Filling, CosineWindow) {
  for_random_trials(40, [](Random& random) {
    CosineWindow op;
    op.symbol = "run_n";
    op.periodic = random.chance(0.5);
    if (random.chance(0.5)) op.terms = {0.42, 0.5, 0.08};
    return run_trial("cpu.cosine_window",
                     {&op, {number(DataType::kInt64, static_cast<double>(some_length(random)))}, {true}, {1e-6, 1e-6}});
  });
}

}  // namespace
}  // namespace ingot::testing
