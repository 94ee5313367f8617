// The GPU's kernels of single operators on random problems that span warps and blocks, against the references.
#include "operators/arg_reduce.h"
#include "operators/cumulative.h"
#include "operators/deformable_convolution.h"
#include "operators/grid_sample.h"
#include "operators/lrn.h"
#include "operators/nms.h"
#include "operators/nonzero.h"
#include "operators/normalization.h"
#include "operators/onehot.h"
#include "operators/pool.h"
#include "operators/recurrent.h"
#include "operators/reduce.h"
#include "operators/resize.h"
#include "operators/roi_align.h"
#include "operators/scatter_elements.h"
#include "operators/scatter_nd.h"
#include "operators/softmax.h"
#include "operators/topk.h"
#include "trials.h"

namespace ingot::testing {
namespace {

Array random_indices(Random& random, const Shape& shape, int64_t length) {
  Array indices = *Array::make(random.pick({DataType::kInt64, DataType::kInt32}), shape);
  for (int64_t i = 0; i < indices.count(); ++i) indices.set_integer(i, random.between(-length, length - 1));
  return indices;
}

TEST(CudaKernels, resizes) {
  for_seeds([](Random& random) {
    Resize op;
    op.mode = random.pick({ResizeMode::kNearest, ResizeMode::kLinear, ResizeMode::kCubic});
    op.coordinates = random.pick({ResizeCoordinates::kHalfPixel, ResizeCoordinates::kAlignCorners, ResizeCoordinates::kAsymmetric});
    op.antialias = op.mode != ResizeMode::kNearest && random.chance(0.3);
    const DataType type = random_float(random);
    const Shape shape{random.between(1, 2), random.pick({1, 3, 16}), random.between(2, 19), random.between(2, 40)};
    op.axes = {2, 3};
    op.sizes = {random.between(1, 40), random.between(1, 40)};
    Trial trial{&op, {random.array(type, shape)}, {}, usual_tolerance(type)};
    trial.tolerance.absolute += 1e-5;
    return run_trial("cuda.resize", trial);
  });
}

TEST(CudaKernels, topk_of_short_and_long_lines) {
  for_seeds([](Random& random) {
    TopK op;
    const int64_t length = random.pick({7, 300, 1500, 5000});
    const Shape shape{random.between(1, 3), length, random.pick({1, 1, 2})};
    op.axis = 1;
    op.k = std::min<int64_t>(length, random.pick({1, 10, 257, 1024}));
    op.largest = random.chance(0.5);
    op.index_type = random.pick({DataType::kInt32, DataType::kInt64});
    const DataType type =
        random.pick({DataType::kFloat, DataType::kHalf, DataType::kInt32, DataType::kInt8, DataType::kInt64, DataType::kDouble});
    // Few values, so that many are equal.
    Array x = random.array(type, shape, -9, 9);
    if (is_floating(type)) {
      for (int64_t i = 0; i < x.count(); ++i) x.set_number(i, std::nearbyint(x.number(i) * 4) / 4);
    }
    return run_trial("cuda.topk", Trial{&op, {x}, {}, {0, 0}});
  });
}

TEST(CudaKernels, scatters_with_places_that_meet) {
  for_seeds([](Random& random) {
    const auto reduction = random.pick({ScatterReduction::kNone, ScatterReduction::kAdd, ScatterReduction::kMul, ScatterReduction::kMax});
    const DataType type = random.pick({DataType::kFloat, DataType::kHalf, DataType::kInt32, DataType::kBool});
    const double least = type == DataType::kBool ? 0 : -1.25, most = type == DataType::kBool ? 1 : 1.25;
    ScatterElements elements;
    elements.reduction = reduction;
    elements.axis = random.between(0, 1);
    const Shape shape{random.between(2, 9), random.between(2, 9)};
    Shape indices{random.between(1, shape[0]), random.between(1, shape[1])};
    indices[static_cast<size_t>(elements.axis)] = random.between(1, 40);
    Trial trial{&elements,
                {random.array(type, shape, least, most), random_indices(random, indices, shape[static_cast<size_t>(elements.axis)]),
                 random.array(type, indices, least, most)},
                {},
                {}};
    if (auto failure = run_trial("cuda.scatter_elements", trial); !failure.empty()) return failure;
    ScatterNd nd;
    nd.reduction = reduction;
    const Shape x{random.between(2, 5), random.between(1, 7)};
    const int64_t count = random.between(1, 300);
    trial.op = &nd;
    trial.inputs = {random.array(type, x, least, most), random_indices(random, {count, 1}, x[0]),
                    random.array(type, {count, x[1]}, least, most)};
    return run_trial("cuda.scatter_nd", trial);
  });
}

TEST(CudaKernels, lines_scanned_and_searched) {
  for_seeds([](Random& random) {
    const Shape shape{random.between(1, 4), random.pick({5, 40, 700, 3000}), random.pick({1, 3, 40})};
    const DataType type = random.pick({DataType::kFloat, DataType::kHalf, DataType::kInt64, DataType::kUint8});
    ArgReduce arg;
    arg.axis = 1;
    arg.smallest = random.chance(0.5);
    arg.last = random.chance(0.5);
    Trial trial{&arg, {random.array(type, shape, 0, 30)}, {}, {0, 0}};
    if (auto failure = run_trial("cuda.arg_reduce", trial); !failure.empty()) return failure;
    Cumulative sums;
    sums.axis = 1;
    sums.exclusive = random.chance(0.5);
    sums.reverse = random.chance(0.5);
    trial.op = &sums;
    trial.inputs = {random.array(type, shape, is_floating(type) ? -1 : 0, 2)};
    trial.tolerance = usual_tolerance(type);
    return run_trial("cuda.cumulative", trial);
  });
}

TEST(CudaKernels, local_responses) {
  for_seeds([](Random& random) {
    Lrn op;
    op.size = random.between(1, 6);
    op.alpha = 0.3;
    op.k = random.real(0.5, 2);
    const DataType type = random_float(random);
    return run_trial("cuda.lrn", Trial{&op, {random.array(type, {2, random.between(1, 40), 3, 5})}, {}, usual_tolerance(type)});
  });
}

TEST(CudaKernels, boxes_that_overlap) {
  for_seeds([](Random& random) {
    Nms op;
    op.symbol = "run_n";
    op.centered = random.chance(0.5);
    op.most = random.between(1, 30);
    op.overlap_threshold = random.real(0.1, 0.7);
    op.score_threshold = random.real(0, 0.5);
    const int64_t batches = random.between(1, 2), classes = random.between(1, 3), count = random.pick({5, 100, 1500});
    Array boxes = random.array(DataType::kFloat, {batches, count, 4}, 0, 20);
    return run_trial("cuda.nms", Trial{&op, {boxes, random.array(DataType::kFloat, {batches, classes, count}, 0, 1)}, {}, {0, 0}});
  });
}

TEST(CudaKernels, elements_that_are_found) {
  for_seeds([](Random& random) {
    NonZero op;
    op.symbol = "run_n";
    const DataType type = random.pick({DataType::kFloat, DataType::kInt32, DataType::kBool, DataType::kHalf});
    Array x = random.array(type, {random.between(1, 5), random.between(1, 90), random.between(1, 30)}, 0, 3);
    for (int64_t i = 0; i < x.count(); ++i) {
      if (random.chance(0.6)) x.set_number(i, 0);
    }
    return run_trial("cuda.nonzero", Trial{&op, {x}, {}, {0, 0}});
  });
}

TEST(CudaKernels, samples_between_elements) {
  for_seeds([](Random& random) {
    const DataType type = random_float(random);
    const Shape shape{random.between(1, 2), random.between(1, 5), random.between(1, 9), random.between(1, 9)};
    GridSample grid;
    grid.mode = random.pick({SampleMode::kLinear, SampleMode::kNearest, SampleMode::kCubic});
    grid.padding = random.pick({SamplePadding::kZeros, SamplePadding::kBorder, SamplePadding::kReflection});
    grid.align_corners = random.chance(0.5);
    Trial trial{&grid,
                {random.array(type, shape), random.array(DataType::kFloat, {shape[0], random.between(1, 30), 9, 2}, -1.6, 1.6)},
                {},
                usual_tolerance(type)};
    trial.tolerance.absolute += 1e-5;
    if (auto failure = run_trial("cuda.grid_sample", trial); !failure.empty()) return failure;
    RoiAlign roi;
    roi.maximum = random.chance(0.4);
    roi.half_pixel = random.chance(0.5);
    roi.height = random.between(1, 5);
    roi.width = random.between(1, 5);
    roi.samples = random.between(0, 3);
    roi.scale = 0.5;
    const int64_t count = random.between(1, 20);
    Array batches = *Array::make(DataType::kInt64, {count});
    for (int64_t i = 0; i < count; ++i) batches.set_integer(i, random.between(0, shape[0] - 1));
    trial.op = &roi;
    trial.inputs = {random.array(type, shape), random.array(DataType::kFloat, {count, 4}, -8, 30), batches};
    if (auto failure = run_trial("cuda.roi_align", trial); !failure.empty()) return failure;
    DeformableConvolution moved;
    moved.pads = {1, 1, 1, 1};
    trial.op = &moved;
    trial.inputs = {random.array(type, shape), random.array(type, {3, shape[1], 3, 3}),
                    random.array(type, {shape[0], 18, shape[2], shape[3]})};
    trial.tolerance.absolute += 1e-4;
    return run_trial("cuda.deformable_convolution", trial);
  });
}

TEST(CudaKernels, recurrent_cells) {
  for_seeds([](Random& random) {
    Recurrent op;
    op.cell = random.pick({RecurrentCell::kLstm, RecurrentCell::kGru, RecurrentCell::kRnn});
    op.direction = random.pick({RecurrentDirection::kForward, RecurrentDirection::kReverse, RecurrentDirection::kBidirectional});
    op.layout = random.between(0, 1);
    op.linear_before_reset = random.chance(0.5);
    op.clip = random.pick({0.0, 0.7});
    const DataType type = random_float(random);
    const int64_t steps = random.between(1, 6), batch = random.between(1, 3), inputs = random.pick({3, 40}), hidden = random.pick({5, 37});
    const int64_t directions = op.directions(), gates = op.gates();
    const auto shape = [&](int64_t a, int64_t b, int64_t c) { return op.layout == 0 ? Shape{a, b, c} : Shape{b, a, c}; };
    Array lengths = *Array::make(DataType::kInt32, {batch});
    for (int64_t b = 0; b < batch; ++b) lengths.set_integer(b, random.between(0, steps));
    Trial trial;
    trial.op = &op;
    trial.inputs = {random.array(type, shape(steps, batch, inputs)), random.array(type, {directions, gates * hidden, inputs}, -0.3, 0.3),
                    random.array(type, {directions, gates * hidden, hidden}, -0.3, 0.3)};
    trial.inputs.push_back(random.chance(0.5) ? random.array(type, {directions, 2 * gates * hidden}) : Array());
    trial.inputs.push_back(random.chance(0.5) ? lengths : Array());
    trial.inputs.push_back(random.chance(0.5) ? random.array(type, shape(directions, batch, hidden)) : Array());
    if (op.cell == RecurrentCell::kLstm && random.chance(0.5)) {
      trial.inputs.push_back(random.array(type, shape(directions, batch, hidden)));
      trial.inputs.push_back(random.array(type, {directions, 3 * hidden}));
    }
    trial.constants = {false, true, true, true};
    trial.tolerance = usual_tolerance(type);
    trial.tolerance.absolute += type == DataType::kFloat ? 1e-5 : 0;
    return run_trial("cuda.recurrent", trial);
  });
}

TEST(CudaKernels, windows_and_rows_between_bytes) {
  for_seeds([](Random& random) {
    const bool from_bytes = random.chance(0.7);
    Pool pool;
    pool.kind = random.pick({PoolKind::kMax, PoolKind::kAverage});
    pool.kernel = {3, 2};
    pool.strides = {random.between(1, 2), 1};
    pool.input_scale = from_bytes ? 0.031 : 0;
    pool.output_scale = random.chance(0.7) || !from_bytes ? 0.047 : 0;
    Trial trial{
        &pool, {random.array(from_bytes ? DataType::kInt8 : DataType::kFloat, {2, random.between(1, 20), 7, 9}, -100, 100)}, {}, {}};
    // A number next to the middle of two codes goes either way.
    trial.tolerance = pool.output_scale != 0 ? Tolerance{0, 1} : usual_tolerance(DataType::kFloat);
    if (auto failure = run_trial("cuda.pool", trial); !failure.empty()) return failure;
    Reduce reduce(random.pick({ReduceKind::kMean, ReduceKind::kMax, ReduceKind::kSum}), {2, 3}, random.chance(0.5));
    reduce.input_scale = pool.input_scale;
    reduce.output_scale = pool.output_scale;
    trial.op = &reduce;
    if (auto failure = run_trial("cuda.reduce", trial); !failure.empty()) return failure;
    Softmax softmax(random.between(1, 3));
    softmax.input_scale = pool.input_scale;
    softmax.output_scale = pool.output_scale != 0 ? 1.0 / 127 : 0;
    trial.op = &softmax;
    if (auto failure = run_trial("cuda.softmax", trial); !failure.empty()) return failure;
    Normalization normalization;
    normalization.axes = {3};
    normalization.input_scale = pool.input_scale;
    normalization.output_scale = pool.output_scale;
    trial.op = &normalization;
    return run_trial("cuda.normalization", trial);
  });
}

// Quantized networks pool bytes as they are.
TEST(CudaKernels, the_largest_of_bytes) {
  for_seeds([](Random& random) {
    Pool pool;
    pool.kernel = {3, 2};
    pool.strides = {random.between(1, 2), 1};
    pool.pads_begin = {1, 0};
    pool.pads_end = {1, 1};
    const DataType type = random.pick({DataType::kInt8, DataType::kUint8});
    const Trial trial{&pool, {random.array(type, {2, random.pick({16, 48}), 7, 9}, type == DataType::kInt8 ? -128 : 0, 127)}, {}, {0, 0}};
    if (auto failure = run_trial("cuda.pool_vectors", trial); !failure.empty()) return failure;
    const Trial odd{&pool, {random.array(type, {2, random.between(1, 9), 7, 9}, 0, 100)}, {}, {0, 0}};
    if (auto failure = run_trial("cuda.pool", odd); !failure.empty()) return failure;
    const Trial none{&pool, {random.array(type, {2, 0, 7, 9}, 0, 100)}, {}, {0, 0}};
    return run_trial("cuda.pool", none);
  });
}

TEST(CudaKernels, one_hot) {
  for_seeds([](Random& random) {
    OneHot op;
    op.axis = random.between(-3, 2);
    const int64_t depth = random.between(1, 50);
    Trial trial{&op,
                {random.array(random.pick({DataType::kInt64, DataType::kFloat, DataType::kInt32}),
                              {random.between(1, 9), random.between(1, 40)}, -60, 60),
                 Array::from_int64s({depth}), random.array(random.pick({DataType::kFloat, DataType::kInt8}), {2}, -3, 3)},
                {false, true},
                {0, 0}};
    return run_trial("cuda.onehot", trial);
  });
}

}  // namespace
}  // namespace ingot::testing
