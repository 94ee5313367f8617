// The GPU's tactics on random problems that span tiles, warps and blocks, against the references. Runs on the emulated GPU or a real one.
#include <gtest/gtest.h>

#include <cmath>

#include "operators/attention.h"
#include "operators/convolution.h"
#include "operators/deconvolution.h"
#include "operators/elementwise.h"
#include "operators/gather.h"
#include "operators/matmul.h"
#include "operators/normalization.h"
#include "operators/pool.h"
#include "operators/reduce.h"
#include "operators/softmax.h"
#include "operators/transpose.h"
#include "trials.h"

namespace ingot::testing {
namespace {

// Sums of `terms` products of numbers in [-1, 1], in another order than the reference's.
Tolerance sum_tolerance(DataType type, int64_t terms) {
  Tolerance tolerance = usual_tolerance(type);
  tolerance.absolute += 1e-6 * std::sqrt(static_cast<double>(terms));
  tolerance.relative *= 2;
  return tolerance;
}

void add_tail(Random& random, DataType type, int64_t channels, const Shape& output, Trial* trial, EpilogueFields* fields) {
  trial->inputs.push_back(random.chance(0.5) ? random.array(type, {channels}, -1, 1) : Array());
  trial->constants = {false, true, true};
  if (!random.chance(0.5)) return;
  trial->inputs.push_back(random.array(type, output, -1, 1));
  fields->epilogue = *Expression::parse(random.chance(0.5) ? "relu(add(x0, x1))" : "silu(add(x1, x0))");
}

TEST(CudaTactics, convolutions) {
  for_seeds([](Random& random) {
    const DataType type = random_float(random);
    const int64_t groups = random.pick({1, 1, 1, 2, 3}), spatial = random.between(1, 2);
    const int64_t channels = groups * random.between(1, 40), outputs = groups * random.between(1, 70);
    Convolution op;
    op.groups = groups;
    Shape x{random.between(1, 3), channels}, w{outputs, channels / groups};
    for (int64_t d = 0; d < spatial; ++d) {
      x.push_back(random.between(5, 12));
      w.push_back(random.between(1, 3));
      op.strides.push_back(random.between(1, 2));
      op.dilations.push_back(random.between(1, 2));
      op.pads_begin.push_back(random.between(0, 2));
      op.pads_end.push_back(random.between(0, 2));
    }
    Trial trial;
    trial.inputs = {random.array(type, x, -1, 1), random.array(type, w, -1, 1)};
    auto types = op.infer({{type, to_dims(x)}, {type, to_dims(w)}});
    if (!types.ok()) return types.error().message;
    add_tail(random, type, outputs, constant_shape((*types)[0].dims), &trial, &op);
    trial.op = &op;
    trial.tolerance = sum_tolerance(type, channels / groups * 9);
    return run_trial("cuda.convolution", trial);
  });
}

TEST(CudaTactics, depthwise_convolutions) {
  for_seeds([](Random& random) {
    const DataType type = random_float(random);
    const int64_t channels = random.between(1, 70), multiple = random.pick({1, 1, 2});
    Convolution op;
    op.groups = channels;
    op.strides = {random.between(1, 2), 1};
    op.pads_begin = {1, 0};
    op.pads_end = {1, 1};
    const Shape x{2, channels, random.between(5, 12), random.between(5, 12)}, w{channels * multiple, 1, 3, 2};
    Trial trial;
    trial.inputs = {random.array(type, x, -1, 1), random.array(type, w, -1, 1)};
    auto types = op.infer({{type, to_dims(x)}, {type, to_dims(w)}});
    if (!types.ok()) return types.error().message;
    add_tail(random, type, channels * multiple, constant_shape((*types)[0].dims), &trial, &op);
    trial.op = &op;
    trial.tolerance = sum_tolerance(type, 9);
    return run_trial("cuda.depthwise", trial);
  });
}

TEST(CudaTactics, int8_convolutions_with_scales) {
  for_seeds([](Random& random) {
    const int64_t channels = random.between(1, 40), outputs = random.between(1, 70);
    Convolution op;
    op.input_scale = 0.02;
    for (int64_t c = 0; c < outputs; ++c) op.weight_scales.push_back(random.real(0.001, 0.01));
    op.output_scale = 0.05;
    op.to = DataType::kInt8;
    Trial trial;
    trial.inputs = {random.array(DataType::kInt8, {2, channels, 9, 7}, -128, 127),
                    random.array(DataType::kInt8, {outputs, channels, 3, 3}, -128, 127)};
    trial.constants = {false, true};
    trial.op = &op;
    trial.tolerance = {0, 1};
    return run_trial("cuda.convolution", trial);
  });
}

TEST(CudaTactics, deconvolutions) {
  for_seeds([](Random& random) {
    const DataType type = random_float(random);
    const int64_t groups = random.pick({1, 1, 2}), channels = groups * random.between(1, 20), outputs = groups * random.between(1, 40);
    Deconvolution op;
    op.groups = groups;
    op.strides = {random.between(1, 3), 2};
    op.pads_begin = {random.between(0, 1), 0};
    op.pads_end = {0, random.between(0, 1)};
    Trial trial;
    trial.inputs = {random.array(type, {2, channels, random.between(2, 7), 5}, -1, 1),
                    random.array(type, {channels, outputs / groups, 3, 2}, -1, 1)};
    trial.constants = {false, true};
    trial.op = &op;
    trial.tolerance = sum_tolerance(type, channels * 6);
    return run_trial("cuda.deconvolution", trial);
  });
}

TEST(CudaTactics, matrix_products) {
  for_seeds([](Random& random) {
    const DataType type = random_float(random);
    MatMul op(random.chance(0.4), random.chance(0.4));
    const int64_t m = random.between(1, 90), n = random.between(1, 90), k = random.between(1, 70);
    Shape a = op.transpose_a ? Shape{k, m} : Shape{m, k}, b = op.transpose_b ? Shape{n, k} : Shape{k, n};
    Shape batch = random.chance(0.5) ? Shape{2, 3} : Shape{};
    Shape output = batch;
    output.insert(output.end(), {m, n});
    if (!batch.empty()) {
      const bool broadcast = random.chance(0.5);
      a.insert(a.begin(), batch.begin(), batch.end());
      if (!broadcast) b.insert(b.begin(), {batch[0], 1});
    }
    Trial trial;
    trial.inputs = {random.array(type, a, -1, 1), random.array(type, b, -1, 1)};
    add_tail(random, type, n, output, &trial, &op);
    trial.constants = {false, random.chance(0.5), true};
    trial.op = &op;
    trial.tolerance = sum_tolerance(type, k);
    return run_trial("cuda.matmul", trial);
  });
}

TEST(CudaTactics, pools) {
  for_seeds([](Random& random) {
    const DataType type = random_float(random);
    Pool op;
    op.kind = random.pick({PoolKind::kMax, PoolKind::kAverage, PoolKind::kLp});
    op.kernel = {random.between(1, 3), 3};
    op.strides = {2, random.between(1, 2)};
    op.pads_begin = {op.kernel[0] - 1, 1};
    op.pads_end = {0, 1};
    op.ceil_mode = random.chance(0.5);
    op.count_include_pad = random.chance(0.5);
    Trial trial;
    trial.inputs = {random.array(type, {2, random.between(1, 40), random.between(4, 15), 9}, -1, 1)};
    trial.op = &op;
    trial.tolerance = sum_tolerance(type, 9);
    return run_trial("cuda.pool", trial);
  });
}

TEST(CudaTactics, softmax_reductions_and_normalization) {
  for_seeds([](Random& random) {
    const DataType type = random_float(random);
    Shape shape{random.between(1, 5), random.between(1, 40), random.pick({3, 33, 300, 1500}), random.between(1, 3)};
    if (random.chance(0.5)) std::swap(shape[2], shape[3]);
    Trial trial;
    trial.inputs = {random.array(type, shape, -2, 2)};
    trial.tolerance = sum_tolerance(type, shape[2] * shape[3]);
    Softmax softmax(random.between(0, 3), random.chance(0.3));
    trial.op = &softmax;
    if (auto failure = run_trial("cuda.softmax", trial); !failure.empty()) return failure;
    std::vector<int64_t> axes;
    for (int64_t d = 0; d < 4; ++d) {
      if (random.chance(0.5)) axes.push_back(d);
    }
    if (axes.empty()) axes = {2, 3};
    Reduce reduce(random.pick({ReduceKind::kSum, ReduceKind::kMean, ReduceKind::kMax, ReduceKind::kL2, ReduceKind::kLogSumExp}), axes,
                  random.chance(0.5));
    trial.op = &reduce;
    trial.tolerance.absolute += is_floating(type) && type != DataType::kFloat ? 1e-2 : 1e-4;
    if (auto failure = run_trial("cuda.reduce", trial); !failure.empty()) return failure;
    Normalization normalization;
    normalization.kind =
        random.pick({NormalizationKind::kLayer, NormalizationKind::kRms, NormalizationKind::kInstance, NormalizationKind::kGroup});
    normalization.axes = {2, 3};
    normalization.groups = shape[1] % 2 == 0 ? 2 : 1;
    const bool by_channel = normalization.kind == NormalizationKind::kInstance || normalization.kind == NormalizationKind::kGroup;
    const Shape scale = by_channel ? Shape{shape[1]} : Shape{shape[2], shape[3]};
    trial.inputs.push_back(random.array(type, scale, -1, 1));
    trial.inputs.push_back(random.array(type, scale, -1, 1));
    trial.constants = {false, true, random.chance(0.5)};
    trial.op = &normalization;
    return run_trial("cuda.normalization", trial);
  });
}

TEST(CudaTactics, attention) {
  for_seeds([](Random& random) {
    const DataType type = random_float(random);
    Attention op;
    op.causal = random.chance(0.3);
    const int64_t heads = 4, key_heads = random.pick({1, 2, 4}), depth = random.pick({5, 32, 64}), queries = random.between(1, 40);
    const int64_t keys = op.causal ? queries : random.between(1, 80);
    Trial trial;
    trial.inputs = {random.array(type, {2, heads, queries, depth}), random.array(type, {2, key_heads, keys, depth}),
                    random.array(type, {2, key_heads, keys, depth})};
    if (random.chance(0.5)) trial.inputs.push_back(random.array(type, {2, 1, 1, keys}));
    trial.op = &op;
    trial.tolerance = sum_tolerance(type, keys);
    trial.tolerance.absolute += 1e-5;
    return run_trial("cuda.attention", trial);
  });
}

// Tensor cores make tiles, so sizes span several and end inside one.
TEST(CudaTactics, products_on_tensor_cores) {
  for_seeds([](Random& random) {
    const DataType type = random.pick({DataType::kHalf, DataType::kBf16});
    MatMul op(false, random.chance(0.5));
    const int64_t m = random.pick({1, 70, 150, 200}), n = 8 * random.between(1, 30), k = 8 * random.between(1, 20);
    Shape output{m, n}, a{m, k};
    if (random.chance(0.3)) {
      output.insert(output.begin(), 2);
      a.insert(a.begin(), 2);
    }
    Trial trial;
    trial.inputs = {random.array(type, a, -1, 1), random.array(type, op.transpose_b ? Shape{n, k} : Shape{k, n}, -1, 1)};
    add_tail(random, type, n, output, &trial, &op);
    trial.constants = {false, true, true};
    trial.op = &op;
    trial.tolerance = sum_tolerance(type, k);
    return run_trial("cuda.matmul_mma_5", trial);
  });
}

// With one tap, with windows whose channels fill 16 bytes, and with windows read element by element.
TEST(CudaTactics, products_by_warp_groups) {
  for_seeds([](Random& random) {
    const DataType type = random.pick({DataType::kHalf, DataType::kBf16});
    MatMul op(false, random.chance(0.5));
    // More tiles than blocks, sums shorter and longer than the ring, and ends inside of tiles.
    const int64_t m = random.pick({130, 300, 1100}), n = 32 * random.between(5, 9), k = 8 * random.pick({1, 8, 37, 70});
    Trial trial;
    trial.inputs = {random.array(type, {m, k}, -1, 1), random.array(type, op.transpose_b ? Shape{n, k} : Shape{k, n}, -1, 1)};
    add_tail(random, type, n, {m, n}, &trial, &op);
    if (trial.inputs.size() == 3 && random.chance(0.5)) op.epilogue = *Expression::parse("gelu(x0)");
    trial.constants = {false, true, true};
    trial.op = &op;
    trial.tolerance = sum_tolerance(type, k);
    return run_trial("cuda.matmul_wgmma_" + std::to_string(random.between(0, 2)), trial);
  });
}

TEST(CudaTactics, convolutions_on_tensor_cores) {
  for_seeds([](Random& random) {
    const DataType type = random.pick({DataType::kHalf, DataType::kBf16});
    const int64_t outputs = 8 * random.between(1, 20), taps = random.pick({1, 3, 4}), stride = random.pick({1, 1, 2, 4});
    const int64_t channels = taps == 1 ? 8 * random.between(1, 20) : random.pick({3, 4, 8, 24});
    Convolution op;
    const Shape x{random.between(1, 3), channels, random.between(5, 16), 4 * random.between(2, 4)}, w{outputs, channels, taps, taps};
    op.strides = {random.between(1, 2), stride};
    op.dilations = {random.between(1, 2), 1};
    if (taps > 1) {
      op.pads_begin = {random.between(0, 2), random.between(0, 2)};
      op.pads_end = {random.between(0, 2), random.between(1, 2)};
    }
    Trial trial;
    trial.inputs = {random.array(type, x, -1, 1), random.array(type, w, -1, 1)};
    auto types = op.infer({{type, to_dims(x)}, {type, to_dims(w)}});
    if (!types.ok()) return std::string();  // the window is larger than the image
    add_tail(random, type, outputs, constant_shape((*types)[0].dims), &trial, &op);
    trial.op = &op;
    trial.tolerance = sum_tolerance(type, channels * taps * taps);
    return run_trial("cuda.convolution_mma_5", trial);
  });
}

TEST(CudaTactics, convolutions_by_warp_groups) {
  for_seeds([](Random& random) {
    const DataType type = random.pick({DataType::kHalf, DataType::kBf16});
    const int64_t channels = 8 * random.between(1, 20), outputs = 32 * random.between(5, 8);
    Convolution op;
    const Shape x{random.between(1, 3), channels, random.between(9, 20), 15}, w{outputs, channels, 1, 1};
    Trial trial;
    trial.inputs = {random.array(type, x, -1, 1), random.array(type, w, -1, 1)};
    add_tail(random, type, outputs, {x[0], outputs, x[2], x[3]}, &trial, &op);
    trial.op = &op;
    trial.tolerance = sum_tolerance(type, channels);
    return run_trial("cuda.convolution_wgmma_" + std::to_string(random.between(0, 2)), trial);
  });
}

TEST(CudaTactics, depthwise_convolutions_by_tiles) {
  for_seeds([](Random& random) {
    const DataType type = random_float(random);
    const int64_t channels = 8 * random.between(1, 9), stride = random.between(1, 2);
    Convolution op;
    op.groups = channels;
    op.strides = {stride, random.between(1, 2)};
    op.dilations = {1, random.between(1, 2)};
    op.pads_begin = {random.between(0, 2), 1};
    op.pads_end = {1, random.between(0, 2)};
    const Shape x{2, channels, random.between(5, 12), random.between(5, 12)}, w{channels, 1, random.between(1, 5), 3};
    Trial trial;
    trial.inputs = {random.array(type, x, -1, 1), random.array(type, w, -1, 1)};
    auto types = op.infer({{type, to_dims(x)}, {type, to_dims(w)}});
    if (!types.ok()) return types.error().message;
    add_tail(random, type, channels, constant_shape((*types)[0].dims), &trial, &op);
    trial.op = &op;
    trial.tolerance = sum_tolerance(type, 15);
    return run_trial("cuda.depthwise_tiles", trial);
  });
}

TEST(CudaTactics, pools_and_normalization_by_vectors) {
  for_seeds([](Random& random) {
    const DataType type = random_float(random);
    Pool pool;
    pool.kind = random.pick({PoolKind::kMax, PoolKind::kAverage});
    pool.kernel = {random.between(1, 3), 3};
    pool.strides = {2, random.between(1, 2)};
    pool.pads_begin = {pool.kernel[0] - 1, 1};
    pool.pads_end = {0, 1};
    pool.ceil_mode = random.chance(0.5);
    pool.count_include_pad = random.chance(0.5);
    Trial trial;
    trial.inputs = {random.array(type, {2, 8 * random.between(1, 6), random.between(4, 15), 9}, -1, 1)};
    trial.op = &pool;
    trial.tolerance = sum_tolerance(type, 9);
    if (auto failure = run_trial("cuda.pool_vectors", trial); !failure.empty()) return failure;
    Normalization normalization;
    normalization.kind = random.pick({NormalizationKind::kLayer, NormalizationKind::kRms});
    normalization.axes = {-1};
    const int64_t row = random.pick({8, 64, 264, 768, 1024, 2048});
    const Shape shape{random.between(1, 5), random.between(1, 9), row};
    trial.inputs = {random.array(type, shape, -2, 2), random.array(type, {row}, -1, 1)};
    if (random.chance(0.7)) trial.inputs.push_back(random.array(type, {row}, -1, 1));
    trial.constants = {false, true, true};
    trial.op = &normalization;
    trial.tolerance = sum_tolerance(type, row);
    trial.tolerance.absolute += is_floating(type) && type != DataType::kFloat ? 1e-2 : 1e-4;
    return run_trial("cuda.normalization_vectors", trial);
  });
}

// Sums of weights that are rounded before they meet the values.
Tolerance attention_tolerance(DataType type, int64_t keys) {
  Tolerance tolerance = sum_tolerance(type, keys);
  tolerance.absolute += type == DataType::kBf16 ? 1e-2 : 2e-3;
  return tolerance;
}

// Blocks of keys that are whole and that end early, masks of all kinds.
std::string attention_trial(Random& random, std::string_view tactic, const std::vector<int64_t>& depths) {
  const DataType type = random.pick({DataType::kHalf, DataType::kBf16});
  Attention op;
  op.causal = random.chance(0.3);
  op.softcap = random.chance(0.2) ? 3 : 0;
  op.scale = random.chance(0.2) ? 0.3 : 0;
  const int64_t heads = 4, key_heads = random.pick({1, 2, 4}), depth = depths[static_cast<size_t>(random.between(0, depths.size() - 1))];
  const int64_t queries = random.chance(0.3) ? 128 : random.between(1, 150);
  const int64_t keys = op.causal ? queries : random.pick({random.between(1, 150), int64_t{128}, 8 * random.between(1, 40)});
  Trial trial;
  trial.inputs = {random.array(type, {2, heads, queries, depth}), random.array(type, {2, key_heads, keys, depth}),
                  random.array(type, {2, key_heads, keys, depth})};
  if (random.chance(0.7)) {
    const DataType mask = random.pick({type, type, DataType::kFloat, DataType::kBool});
    trial.inputs.push_back(random.array(mask, {2, random.chance(0.7) ? 1 : heads, random.chance(0.6) ? queries : 1, keys}));
  }
  trial.op = &op;
  trial.tolerance = attention_tolerance(type, keys);
  return run_trial(tactic, trial);
}

TEST(CudaTactics, attention_on_tensor_cores) {
  for_seeds([](Random& random) { return attention_trial(random, "cuda.attention_flash", {8, 40, 64, 64, 128}); });
}

TEST(CudaTactics, attention_by_warp_groups) {
  for_seeds([](Random& random) { return attention_trial(random, "cuda.attention_wgmma", {64}); });
}

TEST(CudaTactics, attention_of_packed_heads_on_tensor_cores) {
  for_seeds([](Random& random) {
    const DataType type = random.pick({DataType::kHalf, DataType::kBf16});
    Attention op;
    op.heads = random.between(1, 3);
    op.packed = true;
    const bool wide = random.chance(0.5);
    const int64_t depth = wide ? 64 : 16;
    Trial trial;
    trial.inputs = {random.array(type, {2, random.between(1, 150), 3 * op.heads * depth})};
    trial.op = &op;
    trial.tolerance = attention_tolerance(type, 150);
    return run_trial(wide ? "cuda.attention_wgmma" : "cuda.attention_flash", trial);
  });
}

TEST(CudaTactics, moves) {
  for_seeds([](Random& random) {
    const DataType type = random.pick({DataType::kFloat, DataType::kHalf, DataType::kInt8, DataType::kInt64});
    const Shape shape{random.between(1, 4), random.between(1, 70), random.between(1, 70), random.between(1, 9)};
    Trial trial;
    trial.inputs = {random.array(type, shape, -100, 100)};
    Transpose transpose;
    transpose.permutation = random.permutation(4);
    trial.op = &transpose;
    if (auto failure = run_trial("cuda.transpose", trial); !failure.empty()) return failure;
    Gather gather(random.between(0, 3));
    const auto length = shape[static_cast<size_t>(gather.axis)];
    trial.inputs.push_back(
        random.array(DataType::kInt64, {random.between(1, 9)}, static_cast<double>(-length), static_cast<double>(length - 1)));
    trial.op = &gather;
    return run_trial("cuda.gather", trial);
  });
}

TEST(CudaTactics, broadcasts) {
  for_seeds([](Random& random) {
    const DataType type = random_float(random);
    Shape a{random.between(1, 3), random.between(1, 20), random.between(1, 20), random.pick({1, 4, 8, 17})}, b = a;
    for (size_t d = 0; d < 4; ++d) {
      if (random.chance(0.4)) b[d] = 1;
    }
    if (random.chance(0.3)) b.erase(b.begin());
    Trial trial;
    Elementwise op(random.pick({ScalarOp::kAdd, ScalarOp::kMul, ScalarOp::kMax}));
    trial.inputs = {random.array(type, a), random.array(type, b)};
    trial.constants = {false, random.chance(0.5)};
    trial.op = &op;
    trial.tolerance = usual_tolerance(type);
    return run_trial("cuda.pointwise", trial);
  });
}

}  // namespace
}  // namespace ingot::testing

int main(int argc, char** argv) {
  ::testing::InitGoogleTest(&argc, argv);
  return RUN_ALL_TESTS();
}
