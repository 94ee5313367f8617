// Einsum, determinant, linear attention, unique and batched NMS against their references.
#include <gtest/gtest.h>

#include "operators/batched_nms.h"
#include "operators/determinant.h"
#include "operators/einsum.h"
#include "operators/linear_attention.h"
#include "operators/unique.h"
#include "tactic_check.h"

namespace ingot::testing {
namespace {

const Tolerance kSums{1e-5, 1e-5};

TEST(Matrix, EinsumOfAnyEquation) {
  const std::vector<std::string> equations{"ij,jk->ik",    "bij,bjk->bik", "ii->i",      "ii->",       "ij->",
                                           "ij->ji",       "i,j->ij",      "ij,ij->",    "ij,kj,k->i", "...i,...i->...",
                                           "ab,bc,cd->ad", "aab,b->a",     "ij,ij,ij->j"};
  for_random_trials(150, [&](Random& random) {
    Einsum op(random.one_of(equations));
    int64_t lengths[26];
    for (int64_t& length : lengths) length = random.chance(0.05) ? 0 : random.chance(0.1) ? random.between(20, 60) : random.between(1, 7);
    const DataType type =
        random.pick({DataType::kFloat, DataType::kFloat, DataType::kHalf, DataType::kBf16, DataType::kInt32, DataType::kInt64});
    Trial trial{&op, {}, {}, usual_tolerance(type)};
    Shape shape;
    for (char c : op.equation + ",") {
      if (c >= 'a' && c <= 'z') shape.push_back(lengths[c - 'a']);
      if (c == '.' && (shape.empty() || shape[0] != 5)) shape.push_back(5);
      if (c != ',' && c != '-') continue;
      trial.inputs.push_back(random.array(type, shape, -3, 3));
      trial.constants.push_back(random.chance(0.1));
      shape.clear();
      if (c == '-') break;
    }
    trial.tolerance.relative = std::max(trial.tolerance.relative, is_floating(type) ? 1e-6 : 0.0);
    return run_trial("cpu.einsum", trial);
  });
}

TEST(Matrix, Determinant) {
  for_random_trials(60, [](Random& random) {
    const int64_t n = random.chance(0.2) ? random.between(10, 40) : random.between(1, 5);
    Shape shape = random.shape(random.between(0, 2), 5);
    shape.push_back(n);
    shape.push_back(n);
    Array x = random.array(DataType::kFloat, shape, -1, 1);
    if (random.chance(0.2) && n > 1) {  // no inverse
      for (int64_t i = 0; i + n * n <= x.count(); i += n * n) {
        for (int64_t k = 0; k < n; ++k) x.set_number(i + k, 0);
      }
    }
    const Determinant op;
    return run_trial("cpu.determinant", {&op, {x}, {}, kSums});
  });
}

TEST(Matrix, LinearAttention) {
  for_random_trials(60, [](Random& random) {
    LinearAttention op;
    op.key_heads = random.between(1, 3);
    const int64_t group = random.between(1, 2);
    op.heads = op.key_heads * group;
    const int64_t batch = random.between(1, 2), steps = random.between(1, 9), depth = random.between(1, 20), values = random.between(1, 20);
    const auto floats = [&](const Shape& shape, double least, double most) { return random.array(DataType::kFloat, shape, least, most); };
    Trial trial{&op, {}, {}, {2e-5, 1e-5}};
    trial.inputs = {floats({batch, steps, op.heads * depth}, -1, 1), floats({batch, steps, op.key_heads * depth}, -0.5, 0.5),
                    floats({batch, steps, op.key_heads * values}, -1, 1)};
    trial.inputs.push_back(random.chance(0.5) ? floats({batch, op.key_heads, depth, values}, -1, 1) : Array());
    trial.inputs.push_back(random.chance(0.5) ? floats({batch, steps, op.key_heads * (random.chance(0.5) ? 1 : depth)}, -1, 0) : Array());
    trial.inputs.push_back(random.chance(0.5) ? floats({batch, steps, random.chance(0.5) ? 1 : op.key_heads}, 0, 1) : Array());
    while (!trial.inputs.back().data()) trial.inputs.pop_back();
    if (random.chance(0.3)) op.scale = 0.7;
    return run_trial("cpu.linear_attention", trial);
  });
}

TEST(Matrix, Unique) {
  for_random_trials(100, [](Random& random) {
    Unique op;
    op.sorted = random.chance(0.6);
    const DataType type = random.pick({DataType::kFloat, DataType::kInt32, DataType::kInt64});
    const int64_t most = random.pick({int64_t{3}, int64_t{60}, int64_t{100000}});
    Array x = *Array::make(type, {random.between(1, 3), random.between(1, random.chance(0.2) ? 3000 : 30)});
    for (int64_t i = 0; i < x.count(); ++i) {
      const double value = static_cast<double>(random.between(-most, most));
      x.set_number(i, type == DataType::kFloat ? value / 4 : value);
    }
    if (type == DataType::kFloat) x.set_number(0, -0.0);
    op.symbol = "found";
    return run_trial("cpu.unique", {&op, {x}, {}, {}});
  });
}

TEST(Matrix, BatchedNms) {
  for_random_trials(80, [](Random& random) {
    BatchedNms op;
    op.most = random.between(1, 12);
    op.most_of_class = random.chance(0.3) ? random.between(1, 3) : 0;
    op.candidates = random.chance(0.3) ? random.between(1, 20) : 0;
    op.background = random.chance(0.3) ? 0 : -1;
    op.score_threshold = random.real(-0.2, 0.6);
    op.overlap_threshold = random.real(0, 0.9);
    op.class_agnostic = random.chance(0.3);
    op.inclusive_pixels = random.chance(0.3);
    op.clip = random.chance(0.3);
    op.no_class = random.chance(0.3) ? -1 : 0;
    const int64_t images = random.between(1, 3), count = random.between(1, 60), classes = random.between(1, 4);
    Array boxes = random.array(DataType::kFloat, {images, count, random.chance(0.5) ? 1 : classes, 4}, 0, 1.2);
    Array scores = *Array::make(DataType::kFloat, {images, count, classes});
    for (int64_t i = 0; i < scores.count(); ++i) scores.set_number(i, static_cast<double>(random.between(-2, 20)) / 20);  // many equal ones
    return run_trial("cpu.batched_nms", {&op, {boxes, scores}, {}, {}});
  });
}

}  // namespace
}  // namespace ingot::testing
