// Gathering and scattering by indices against their references.
#include <gtest/gtest.h>

#include "operators/gather_elements.h"
#include "operators/gather_nd.h"
#include "operators/scatter_elements.h"
#include "operators/scatter_nd.h"
#include "tactic_check.h"

namespace ingot::testing {
namespace {

DataType some_type(Random& random) {
  return random.pick({DataType::kFloat, DataType::kFloat, DataType::kHalf, DataType::kInt8, DataType::kInt64, DataType::kBool});
}
DataType some_index(Random& random) { return random.pick({DataType::kInt64, DataType::kInt32}); }

// Shapes of few elements, now and then with one long dim, so that work is shared.
Shape some_shape(Random& random, int64_t least_rank, int64_t most_rank) {
  const int64_t rank = random.between(least_rank, most_rank);
  Shape shape = random.shape(rank, 7);
  if (random.chance(0.3)) shape[static_cast<size_t>(random.between(0, rank - 1))] = random.between(100, 3000);
  return shape;
}
// Indices into an axis, some of them from the end.
Array indices_into(Random& random, const Shape& shape, int64_t length) {
  Array indices = *Array::make(some_index(random), shape);
  for (int64_t i = 0; i < indices.count(); ++i) indices.set_integer(i, random.between(-length, length - 1));
  return indices;
}
// Tuples of indices into the axes of `data` from `first` on.
Array tuples_into(Random& random, Shape shape, const Shape& data, size_t first, size_t length) {
  shape.push_back(static_cast<int64_t>(length));
  Array indices = *Array::make(some_index(random), shape);
  for (int64_t i = 0; i < indices.count(); ++i) {
    const int64_t size = data[first + static_cast<size_t>(i) % length];
    indices.set_integer(i, random.between(-size, size - 1));
  }
  return indices;
}
std::vector<bool> some_constants(Random& random) { return {random.chance(0.2), random.chance(0.2), random.chance(0.2)}; }

TEST(GatherElements, EveryAxis) {
  for_random_trials(150, [](Random& random) {
    const Shape data = some_shape(random, 1, 4);
    const auto rank = static_cast<int64_t>(data.size());
    GatherElements op;
    op.axis = random.between(-rank, rank - 1);
    const auto axis = static_cast<size_t>((op.axis + rank) % rank);
    Shape picks = data;
    for (size_t d = 0; d < picks.size(); ++d) {
      if (d == axis)
        picks[d] = random.between(1, 20);
      else if (random.chance(0.3))
        picks[d] = random.between(1, picks[d]);
    }
    return run_trial("cpu.gather_elements",
                     {&op, {random.array(some_type(random), data), indices_into(random, picks, data[axis])}, some_constants(random), {}});
  });
}

TEST(GatherNd, EveryTuple) {
  for_random_trials(150, [](Random& random) {
    const Shape data = some_shape(random, 1, 4);
    GatherNd op;
    op.batch_dims = random.between(0, static_cast<int64_t>(data.size()) - 1);
    const auto first = static_cast<size_t>(op.batch_dims);
    const auto length = static_cast<size_t>(random.between(1, static_cast<int64_t>(data.size() - first)));
    Shape shape(data.begin(), data.begin() + op.batch_dims);
    for (int64_t i = random.between(0, 2); i > 0; --i) shape.push_back(random.between(1, 12));
    return run_trial(
        "cpu.gather_nd",
        {&op, {random.array(some_type(random), data), tuples_into(random, shape, data, first, length)}, some_constants(random), {}});
  });
}

const ScatterReduction kReductions[] = {ScatterReduction::kNone, ScatterReduction::kAdd, ScatterReduction::kMul, ScatterReduction::kMax,
                                        ScatterReduction::kMin};

TEST(ScatterElements, EveryAxisAndReduction) {
  for_random_trials(150, [](Random& random) {
    const Shape data = some_shape(random, 1, 4);
    const auto rank = static_cast<int64_t>(data.size());
    ScatterElements op;
    op.axis = random.between(-rank, rank - 1);
    op.reduction = kReductions[random.between(0, 4)];
    const DataType type =
        op.reduction == ScatterReduction::kNone ? some_type(random) : random.pick({DataType::kFloat, DataType::kInt32, DataType::kInt64});
    const auto axis = static_cast<size_t>((op.axis + rank) % rank);
    Shape picks = data;
    for (size_t d = 0; d < picks.size(); ++d) {
      if (d == axis)
        picks[d] = random.between(1, 12);
      else if (random.chance(0.3))
        picks[d] = random.between(1, picks[d]);
    }
    return run_trial(
        "cpu.scatter_elements",
        {&op, {random.array(type, data), indices_into(random, picks, data[axis]), random.array(type, picks)}, some_constants(random), {}});
  });
}

TEST(ScatterNd, EveryTupleAndReduction) {
  for_random_trials(150, [](Random& random) {
    const Shape data = some_shape(random, 1, 4);
    ScatterNd op;
    op.reduction = kReductions[random.between(0, 4)];
    const DataType type =
        op.reduction == ScatterReduction::kNone ? some_type(random) : random.pick({DataType::kFloat, DataType::kInt32, DataType::kInt64});
    const auto length = static_cast<size_t>(random.between(1, static_cast<int64_t>(data.size())));
    Shape shape;
    for (int64_t i = random.between(0, 2); i > 0; --i) shape.push_back(random.between(1, 12));
    const Array tuples = tuples_into(random, shape, data, 0, length);
    shape.insert(shape.end(), data.begin() + static_cast<int64_t>(length), data.end());
    return run_trial("cpu.scatter_nd", {&op, {random.array(type, data), tuples, random.array(type, shape)}, some_constants(random), {}});
  });
}

}  // namespace
}  // namespace ingot::testing
