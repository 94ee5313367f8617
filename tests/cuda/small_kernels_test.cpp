// The GPU's kernels of elements of few bits, of n-grams, of trees and of detectors' boxes, on random problems, against the references.
#include "operators/batched_nms.h"
#include "operators/dequantize.h"
#include "operators/pad.h"
#include "operators/pairwise_probabilities.h"
#include "operators/pool.h"
#include "operators/position_roi_pool.h"
#include "operators/quantize.h"
#include "operators/reduce.h"
#include "operators/slice.h"
#include "operators/tfidf.h"
#include "operators/tree_ensemble.h"
#include "trials.h"

namespace ingot::testing {
namespace {

// Calls body(random) for each seed a few times: kernels differ by types alone, so more problems cost little.
void for_many(const std::function<std::string(Random&)>& body) {
  for_seeds([&](Random& random) {
    for (int i = 0; i < 6; ++i) {
      if (std::string failure = body(random); !failure.empty()) return failure;
    }
    return std::string();
  });
}

// A scale for all, for each slice, or for each block of an axis; the axis, and the block's length where there are some.
struct Blocks {
  int64_t axis = 0, block_size = 0;
  Shape scale;
};

Blocks random_blocks(Random& random, const Shape& x, bool rare) {
  Blocks blocks;
  const auto rank = static_cast<int64_t>(x.size());
  blocks.axis = random.between(-rank, rank - 1);
  const auto place = static_cast<size_t>(blocks.axis < 0 ? blocks.axis + rank : blocks.axis);
  const int64_t kind = rare ? random.between(0, 2) : 2;
  if (kind == 1) blocks.scale = {x[place]};
  if (kind < 2) return blocks;
  blocks.block_size = random.between(1, 7);
  blocks.scale = x;
  blocks.scale[place] = (x[place] + blocks.block_size - 1) / blocks.block_size;
  return blocks;
}

Array powers(Random& random, const Shape& shape) {
  Array array = Array::make(DataType::kE8m0, shape).value();
  for (int64_t i = 0; i < array.count(); ++i) array.set_number(i, std::ldexp(1.0, static_cast<int>(random.between(-3, 3))));
  return array;
}

TEST(CudaSmallKernels, blocks_are_dequantized) {
  for_seeds([](Random& random) {
    const DataType from =
        random.pick({DataType::kInt4, DataType::kUint4, DataType::kFp4, DataType::kInt8, DataType::kUint8, DataType::kFp8});
    const Shape shape = random.shape(random.between(1, 3), 17);
    const Blocks blocks = random_blocks(random, shape, bits_of(from) < 8);
    Dequantize op;
    op.axis = blocks.axis;
    op.block_size = blocks.block_size;
    op.to = random_float(random);
    const Array x = random.array(from, shape, -7, 7);
    const bool has_powers = from == DataType::kFp4 && random.chance(0.5);
    Arrays inputs{x, has_powers ? powers(random, blocks.scale) : random.array(op.to, blocks.scale, 0.1, 2)};
    if (!is_floating(from) && random.chance(0.5)) inputs.push_back(random.array(from, blocks.scale, -5, 5));
    return run_trial("cuda.quantize_blocks", Trial{&op, inputs, {}, usual_tolerance(op.to)});
  });
}

TEST(CudaSmallKernels, blocks_are_quantized) {
  for_seeds([](Random& random) {
    Quantize op;
    op.to = random.pick({DataType::kInt4, DataType::kUint4, DataType::kFp4, DataType::kInt8, DataType::kUint8, DataType::kFp8});
    const Shape shape = random.shape(random.between(1, 3), 17);
    const Blocks blocks = random_blocks(random, shape, bits_of(op.to) < 8);
    op.axis = blocks.axis;
    op.block_size = blocks.block_size;
    const DataType from = random_float(random);
    Arrays inputs{random.array(from, shape, -12, 12), random.array(from, blocks.scale, 0.1, 2)};
    if (!is_floating(op.to) && random.chance(0.5)) inputs.push_back(random.array(op.to, blocks.scale, -5, 5));
    return run_trial("cuda.quantize_blocks", Trial{&op, inputs, {}, {0, 0}});
  });
}

TEST(CudaSmallKernels, boxes_of_images_and_classes) {
  for_seeds([](Random& random) {
    const DataType type = random.pick({DataType::kFloat, DataType::kHalf});
    BatchedNms op;
    op.class_agnostic = random.chance(0.5);
    op.clip = random.chance(0.5);
    for (int i = 0; i < 5; ++i) {
      op.most = random.pick({1, 7, 40});
      op.most_of_class = random.pick({0, 3});
      op.candidates = random.pick({0, 20});
      op.background = random.between(-1, 1);
      op.score_threshold = random.pick({0.0, 0.6});
      op.overlap_threshold = random.real(0.1, 0.7);
      op.inclusive_pixels = random.chance(0.3);
      op.no_class = random.between(-1, 2);
      const int64_t images = random.between(1, 3), count = random.pick({1, 30, 1100}), classes = random.between(1, 4);
      // Steps of scores are coarse, so that many are alike.
      Array scores = random.array(type, {images, count, classes}, 0, 1);
      for (int64_t k = 0; k < scores.count(); ++k) scores.set_number(k, std::nearbyint(scores.number(k) * 64) / 64);
      const Array boxes = random.array(type, {images, count, random.chance(0.5) ? 1 : classes, 4}, -0.2, 1.2);
      if (auto failure = run_trial("cuda.batched_nms", Trial{&op, {boxes, scores}, {}, {0, 0}}); !failure.empty()) return failure;
    }
    return std::string();
  });
}

TEST(CudaSmallKernels, counted_n_grams) {
  for_many([](Random& random) {
    TfIdf op;
    op.mode = random.pick({TfIdfMode::kTf, TfIdfMode::kIdf, TfIdfMode::kTfIdf});
    op.longest = random.between(2, 3);
    op.shortest = random.between(1, op.longest);
    op.most_skip = random.between(0, 3);
    for (int64_t n = 1; n <= op.longest; ++n) {
      op.starts.push_back(static_cast<int64_t>(op.pool.size()));
      // Some occur twice in the pool, and some count for the same element.
      for (int64_t gram = random.between(1, 6); gram > 0; --gram) {
        for (int64_t i = 0; i < n; ++i) op.pool.push_back(random.between(0, 3));
        op.outputs.push_back(random.between(0, 9));
        op.weights.push_back(random.real(-2, 2));
      }
    }
    const DataType type = random.pick({DataType::kInt64, DataType::kInt32});
    const int64_t length = random.between(1, 40);
    Array x = random.array(type, random.chance(0.3) ? Shape{length} : Shape{random.between(1, 30), length}, 0, 3);
    for (int64_t i = 0; i < x.count(); ++i) x.set_integer(i, random.between(0, 3));
    return run_trial("cuda.tfidf", Trial{&op, {x}, {}, usual_tolerance(DataType::kFloat)});
  });
}

TEST(CudaSmallKernels, ensembles_of_trees) {
  for_many([](Random& random) {
    TreeEnsemble op;
    op.target_count = random.between(1, 5);
    op.sum = random.pick({TreeSum::kSum, TreeSum::kAverage, TreeSum::kMin, TreeSum::kMax});
    op.transform = random.pick({TreeTransform::kNone, TreeTransform::kSoftmax, TreeTransform::kLogistic, TreeTransform::kSoftmaxZero});
    const int64_t features = random.between(1, 6), nodes = random.between(1, 30), leaves = random.between(1, 20);
    const auto child = [&](int64_t parent) {
      return parent + 1 < nodes && random.chance(0.6) ? random.between(parent + 1, nodes - 1) : ~random.between(0, leaves - 1);
    };
    for (int64_t i = 0; i < nodes; ++i) {
      op.relations.push_back(random.between(TreeEnsemble::kLessEqual, TreeEnsemble::kMember));
      op.features.push_back(random.between(0, features - 1));
      op.on_true.push_back(child(i));
      op.on_false.push_back(child(i));
      op.missing_true.push_back(random.between(0, 1));
      op.splits.push_back(static_cast<double>(random.between(-2, 2)));
      if (op.relations.back() != TreeEnsemble::kMember) continue;
      op.set_starts.push_back(static_cast<int64_t>(op.members.size()));
      for (int64_t k = random.between(0, 3); k > 0; --k) op.members.push_back(static_cast<double>(random.between(-2, 2)));
    }
    for (int64_t tree = random.between(1, 6); tree > 0; --tree) op.roots.push_back(child(-1));
    for (int64_t leaf = 0; leaf < leaves; ++leaf) {
      op.leaf_starts.push_back(static_cast<int64_t>(op.weights.size()));
      for (int64_t k = random.between(0, 2); k > 0; --k) {
        op.targets.push_back(random.between(0, op.target_count - 1));
        op.weights.push_back(random.real(-2, 2));
      }
    }
    if (random.chance(0.5)) op.base.push_back(random.real(-1, 1));
    const DataType type = random.pick({DataType::kFloat, DataType::kDouble, DataType::kInt64, DataType::kHalf});
    Array x = random.array(type, {random.between(1, 300), features}, -3, 3);
    // Values that splits and sets hold, and now and then none.
    for (int64_t i = 0; i < x.count(); ++i)
      x.set_number(i, is_floating(type) && random.chance(0.05) ? __builtin_nan("") : static_cast<double>(random.between(-2, 2)));
    Tolerance tolerance = usual_tolerance(is_floating(type) ? type : DataType::kFloat);
    tolerance.absolute += 1e-6;
    return run_trial("cuda.tree_ensemble", Trial{&op, {x}, {}, tolerance});
  });
}

TEST(CudaSmallKernels, reductions_whose_epilogue_reads_more) {
  for_many([](Random& random) {
    Reduce op;
    op.kind = random.pick({ReduceKind::kSum, ReduceKind::kMean, ReduceKind::kMax});
    op.keepdims = random.chance(0.5);
    op.epilogue = *Expression::parse(random.chance(0.5) ? "sub(x0, x1)" : "mul(add(x0, x1), x2)");
    const Shape x = random.shape(random.between(2, 4), 9);
    Shape y;
    for (size_t d = 0; d < x.size(); ++d) {
      const bool reduced = d == 0 ? random.chance(0.5) : random.chance(0.4) || (d + 1 == x.size() && op.axes.empty());
      if (reduced) op.axes.push_back(static_cast<int64_t>(d));
      if (!reduced || op.keepdims) y.push_back(reduced ? 1 : x[d]);
    }
    const DataType type = random_float(random);
    Arrays inputs{random.array(type, x)};
    for (int i = 1; i < op.epilogue.input_count(); ++i) {
      Shape shape(y.begin() + random.between(0, static_cast<int64_t>(y.size())), y.end());
      for (int64_t& dim : shape) dim = random.chance(0.3) ? 1 : dim;
      inputs.push_back(random.array(type, shape));
    }
    Tolerance tolerance = usual_tolerance(type);
    tolerance.relative *= 8;
    return run_trial("cuda.reduce", Trial{&op, inputs, {}, tolerance});
  });
}

TEST(CudaSmallKernels, slices_outside_of_their_input) {
  for_many([](Random& random) {
    Slice op;
    op.sized = true;
    op.mode = random.pick({SliceMode::kWrap, SliceMode::kClamp, SliceMode::kFill, SliceMode::kReflect});
    const Shape x = random.shape(random.between(1, 4), 6);
    for (size_t d = 0; d < x.size(); ++d) {
      op.starts.push_back(random.between(-9, 9));
      op.ends.push_back(random.between(1, 9));
      op.steps.push_back(random.pick({-3, -1, 1, 2}));
    }
    const DataType type = random.pick({DataType::kFloat, DataType::kHalf, DataType::kInt8, DataType::kInt64});
    return run_trial("cuda.slice_modes", Trial{&op, {random.array(type, x)}, {}, {0, 0}});
  });
}

TEST(CudaSmallKernels, windows_that_are_computed) {
  for_many([](Random& random) {
    const Shape x = random.shape(random.between(1, 3), 6);
    const auto rank = static_cast<int64_t>(x.size());
    const auto numbers = [&](int64_t count, int64_t least, int64_t most) {
      std::vector<int64_t> values;
      for (int64_t i = 0; i < count; ++i) values.push_back(random.between(least, most));
      return Array::from_int64s(values);
    };
    const Array values = random.array(random.pick({DataType::kFloat, DataType::kInt8}), x);
    if (random.chance(0.5)) {
      Pad pad;
      pad.symbol = "run_y";
      return run_trial("cuda.runtime_window", Trial{&pad, {values, numbers(2 * rank, 0, 3)}, {}, {0, 0}});
    }
    Slice slice;
    slice.symbol = "run_y";
    return run_trial("cuda.runtime_window", Trial{&slice, {values, numbers(rank, -7, 3), numbers(rank, -3, 9)}, {}, {0, 0}});
  });
}

TEST(CudaSmallKernels, pooled_maxima_and_their_places) {
  for_seeds([](Random& random) {
    Pool op;
    op.with_indices = true;
    op.column_major = random.chance(0.5);
    const int64_t axes = random.between(1, 3);
    Shape x{random.between(1, 3), random.between(1, 5)};
    for (int64_t d = 0; d < axes; ++d) {
      x.push_back(random.between(4, 9));
      op.kernel.push_back(random.between(1, 3));
      op.strides.push_back(random.between(1, 2));
      op.pads_begin.push_back(random.between(0, op.kernel.back() - 1));
      op.pads_end.push_back(random.between(0, op.kernel.back() - 1));
    }
    Array values = random.array(DataType::kFloat, x, -3, 3);
    for (int64_t i = 0; i < values.count(); ++i) values.set_number(i, std::nearbyint(values.number(i)));  // many are alike
    return run_trial("cuda.pool", Trial{&op, {values}, {}, {0, 0}});
  });
}

TEST(CudaSmallKernels, pairs_of_classes_and_cells_of_regions) {
  for_many([](Random& random) {
    PairwiseProbabilities pairs;
    pairs.classes = random.between(2, 9);
    const Array r = random.array(DataType::kFloat, {random.between(1, 90), pairs.classes * (pairs.classes - 1) / 2}, 0, 1);
    Tolerance tolerance = usual_tolerance(DataType::kFloat);
    tolerance.absolute += 1e-5;
    if (auto failure = run_trial("cuda.pairwise_probabilities", Trial{&pairs, {r}, {}, tolerance}); !failure.empty()) return failure;
    PositionRoiPool pool;
    pool.outputs = random.between(1, 3);
    pool.cells = random.between(1, 4);
    pool.scale = random.pick({0.5, 1.0});
    const int64_t batch = random.between(1, 2);
    Array regions = random.array(DataType::kFloat, {random.between(1, 20), 5}, -5, 30);
    for (int64_t i = 0; i < regions.count(); i += 5) regions.set_number(i, static_cast<double>(random.between(0, batch - 1)));
    const Array x =
        random.array(DataType::kFloat, {batch, pool.outputs * pool.cells * pool.cells, random.between(1, 20), random.between(1, 20)});
    return run_trial("cuda.position_roi_pool", Trial{&pool, {x, regions}, {}, usual_tolerance(DataType::kFloat)});
  });
}

}  // namespace
}  // namespace ingot::testing
