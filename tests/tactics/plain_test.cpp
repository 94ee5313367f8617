// Kernels that are one function each, against their references.
#include <gtest/gtest.h>

#include <numeric>

#include "operators/affine_grid.h"
#include "operators/col2im.h"
#include "operators/compress.h"
#include "operators/deformable_convolution.h"
#include "operators/dft.h"
#include "operators/eye_like.h"
#include "operators/hardmax.h"
#include "operators/max_unpool.h"
#include "operators/mixture_of_experts.h"
#include "operators/multinomial.h"
#include "operators/ragged_softmax.h"
#include "operators/random.h"
#include "operators/reverse_sequence.h"
#include "operators/roi_pool.h"
#include "operators/rotary_embedding.h"
#include "operators/stft.h"
#include "operators/tensor_scatter.h"
#include "operators/trilu.h"
#include "tactic_check.h"

namespace ingot::testing {
namespace {

DataType some_type(Random& random) {
  return random.pick({DataType::kFloat, DataType::kFloat, DataType::kHalf, DataType::kInt8, DataType::kInt64, DataType::kBool});
}
DataType some_index(Random& random) { return random.pick({DataType::kInt64, DataType::kInt32}); }
Array indices(Random& random, const Shape& shape, int64_t least, int64_t most) {
  Array array = *Array::make(some_index(random), shape);
  for (int64_t i = 0; i < array.count(); ++i) array.set_integer(i, random.between(least, most));
  return array;
}
// Small, now and then so large that threads share the work.
int64_t some_length(Random& random, int64_t large = 400) { return random.chance(0.3) ? random.between(64, large) : random.between(1, 9); }
const Tolerance kSums{1e-5, 1e-5};

TEST(Plain, Trilu) {
  for_random_trials(100, [](Random& random) {
    Trilu op;
    op.upper = random.chance(0.5);
    const Shape shape{random.between(1, 3), some_length(random), some_length(random)};
    Arrays inputs{random.array(some_type(random), shape)};
    op.k = random.chance(0.1) ? (random.chance(0.5) ? INT64_MAX : INT64_MIN) : random.between(-12, 12);
    if (random.chance(0.3)) inputs.push_back(indices(random, {}, -12, 12));
    return run_trial("cpu.trilu", {&op, inputs, {}, {}});
  });
}

TEST(Plain, ReverseSequence) {
  for_random_trials(100, [](Random& random) {
    Shape shape = random.shape(random.between(2, 4), 6);
    for (int64_t& size : shape) size = std::max<int64_t>(1, size);
    if (random.chance(0.3)) shape[0] = random.between(100, 2000);
    ReverseSequence op;
    const std::vector<int64_t> axes = random.permutation(static_cast<int64_t>(shape.size()));
    op.batch_axis = axes[0];
    op.time_axis = random.chance(0.5) ? axes[1] : axes[1] - static_cast<int64_t>(shape.size());
    const Array lengths = indices(random, {shape[static_cast<size_t>(axes[0])]}, 0, shape[static_cast<size_t>(axes[1])]);
    return run_trial("cpu.reverse_sequence", {&op, {random.array(some_type(random), shape), lengths}, {false, random.chance(0.3)}, {}});
  });
}

TEST(Plain, Hardmax) {
  for_random_trials(80, [](Random& random) {
    Hardmax op;
    op.axis = random.between(-3, 2);
    Array x = random.array(DataType::kFloat, {some_length(random), some_length(random, 100), random.between(1, 5)});
    for (int64_t i = 0; i < x.count(); i += 3) x.set_number(i, 2);  // equal maxima
    return run_trial("cpu.hardmax", {&op, {x}, {}, {}});
  });
}

TEST(Plain, Compress) {
  for_random_trials(80, [](Random& random) {
    Compress op;
    op.flat = random.chance(0.5);
    op.axis = random.between(-2, 1);
    op.symbol = "run_n";
    const Shape shape{some_length(random), some_length(random, 100)};
    const int64_t length = op.flat ? shape[0] * shape[1] : shape[static_cast<size_t>((op.axis + 2) % 2)];
    Array condition = *Array::make(DataType::kBool, {random.between(0, length)});
    for (int64_t i = 0; i < condition.count(); ++i) condition.set_integer(i, random.chance(0.5));
    int ran = 0;
    return try_trial("cpu.compress", {&op, {random.array(some_type(random), shape), condition}, {}, {}}, &ran);
  });
}

TEST(Plain, EyeLike) {
  for_random_trials(60, [](Random& random) {
    EyeLike op;
    op.k = random.between(-9, 9);
    op.to = random.pick({DataType::kFloat, DataType::kHalf, DataType::kBf16, DataType::kDouble, DataType::kInt32, DataType::kBool});
    return run_trial("cpu.eye_like", {&op, {random.array(DataType::kFloat, {some_length(random), some_length(random)})}, {}, {}});
  });
}

TEST(Plain, RandomNumbers) {
  for_random_trials(30, [](Random& random) {
    ingot::Random op;
    op.kind = random.pick({RandomKind::kUniform, RandomKind::kNormal});
    op.seed = random.between(0, 1000);
    op.a = -1, op.b = 3;
    const std::vector<int64_t> dims{some_length(random), some_length(random)};
    op.dims = DimList(dims);
    return run_trial("cpu.random", {&op, {}, {}, {1e-6, 1e-6}});
  });
}

TEST(Plain, Multinomial) {
  for_random_trials(30, [](Random& random) {
    Multinomial op;
    op.count = random.between(0, 40);
    op.seed = random.between(0, 1000);
    op.to = random.pick({DataType::kInt32, DataType::kInt64});
    return run_trial("cpu.multinomial", {&op, {random.array(DataType::kFloat, {some_length(random), random.between(1, 50)})}, {}, {}});
  });
}

TEST(Plain, MaxUnpool) {
  for_random_trials(60, [](Random& random) {
    MaxUnpool op;
    op.kernel = {2, 2};
    op.strides = {2, 2};
    const Shape shape{random.between(1, 2), random.between(1, 4), some_length(random, 90), random.between(1, 30)};
    Array places = *Array::make(DataType::kInt64, shape);
    for (int64_t i = 0; i < places.count(); ++i) places.set_integer(i, random.between(0, 4 * places.count() - 1));
    return run_trial("cpu.max_unpool", {&op, {random.array(some_type(random), shape), places}, {}, {}});
  });
}

TEST(Plain, RoiPool) {
  for_random_trials(60, [](Random& random) {
    RoiPool op;
    op.height = random.between(1, 7), op.width = random.between(1, 7);
    op.scale = random.pick({1.0, 0.5, 0.0625});
    const Shape shape{random.between(1, 3), random.between(1, 20), random.between(1, 20), random.between(1, 20)};
    Array regions = *Array::make(DataType::kFloat, {random.between(1, 20), 5});
    for (int64_t i = 0; i < regions.count(); ++i)
      regions.set_number(i, i % 5 == 0 ? static_cast<double>(random.between(0, shape[0] - 1)) : random.real(-10, 60));
    return run_trial("cpu.roi_pool", {&op, {random.array(DataType::kFloat, shape), regions}, {}, {}});
  });
}

TEST(Plain, AffineGrid) {
  for_random_trials(60, [](Random& random) {
    AffineGrid op;
    op.align_corners = random.chance(0.5);
    const int64_t axes = random.between(2, 3), batch = random.between(1, 3);
    Array size = *Array::make(DataType::kInt64, {axes + 2});
    for (int64_t i = 0; i < size.count(); ++i) size.set_integer(i, i == 0 ? batch : random.between(1, i == 2 ? 60 : 20));
    return run_trial("cpu.affine_grid", {&op, {random.array(DataType::kFloat, {batch, axes, axes + 1}), size}, {false, true}, kSums});
  });
}

TEST(Plain, Col2Im) {
  for_random_trials(80, [](Random& random) {
    Col2Im op;
    const int64_t axes = random.between(1, 3);
    std::vector<int64_t> image, block;
    int64_t elements = 1, blocks = 1;
    for (int64_t i = 0; i < axes; ++i) {
      block.push_back(random.between(1, 3));
      op.dilations.push_back(random.between(1, 2));
      op.strides.push_back(random.between(1, 3));
      image.push_back(random.between(6, 20));
      elements *= block.back();
    }
    for (int64_t i = 0; i < 2 * axes; ++i) op.pads.push_back(random.between(0, 2));
    for (size_t i = 0; i < static_cast<size_t>(axes); ++i) {
      const int64_t padded = image[i] + op.pads[i] + op.pads[static_cast<size_t>(axes) + i];
      blocks *= (padded - op.dilations[i] * (block[i] - 1) - 1) / op.strides[i] + 1;
    }
    const Shape shape{random.between(1, 2), elements * random.between(1, 5), blocks};
    return run_trial(
        "cpu.col2im",
        {&op, {random.array(DataType::kFloat, shape), Array::from_int64s(image), Array::from_int64s(block)}, {false, true, true}, kSums});
  });
}

TEST(Plain, DeformableConvolution) {
  for_random_trials(60, [](Random& random) {
    DeformableConvolution op;
    op.offset_groups = random.between(1, 2);
    op.groups = random.between(1, 2);
    op.strides = {random.between(1, 2), random.between(1, 2)};
    op.dilations = {random.between(1, 2), random.between(1, 2)};
    for (int64_t& pad : op.pads) pad = random.between(0, 2);
    const int64_t per_group = 2 * random.between(1, 3), outs = 2 * random.between(1, 4), high = random.between(1, 3),
                  wide = random.between(1, 3), taps = high * wide, batch = random.between(1, 2);
    const Shape x{batch, per_group * op.groups, random.between(7, 20), random.between(7, 40)};
    const int64_t rows = (x[2] + op.pads[0] + op.pads[2] - op.dilations[0] * (high - 1) - 1) / op.strides[0] + 1;
    const int64_t columns = (x[3] + op.pads[1] + op.pads[3] - op.dilations[1] * (wide - 1) - 1) / op.strides[1] + 1;
    Arrays inputs{random.array(DataType::kFloat, x), random.array(DataType::kFloat, {outs, per_group, high, wide}),
                  random.array(DataType::kFloat, {batch, 2 * op.offset_groups * taps, rows, columns})};
    if (random.chance(0.6)) inputs.push_back(random.array(DataType::kFloat, {outs}));
    if (inputs.size() == 4 && random.chance(0.6))
      inputs.push_back(random.array(DataType::kFloat, {batch, op.offset_groups * taps, rows, columns}));
    return run_trial("cpu.deformable_convolution", {&op, inputs, {false, random.chance(0.5)}, {1e-4, 1e-5}});
  });
}

TEST(Plain, Fourier) {
  for_random_trials(80, [](Random& random) {
    Dft op;
    op.inverse = random.chance(0.4);
    op.onesided = random.chance(0.4);
    op.axis = random.pick({-2, -3, 1});
    const int64_t parts = op.onesided ? (op.inverse ? 2 : 1) : random.between(1, 2);
    const int64_t length = random.pick({2, 3, 4, 5, 8, 12, 17, 60, 64, 97, 100, 210, 1024});
    if (random.chance(0.3)) op.length = random.between(1, 80);
    Shape shape{random.between(1, 6), length, random.between(1, 3), parts};
    if (op.axis == -2) std::swap(shape[1], shape[2]);
    return run_trial("cpu.dft", {&op, {random.array(DataType::kFloat, shape)}, {}, {1e-5, 1e-5}});
  });
}

TEST(Plain, Stft) {
  for_random_trials(40, [](Random& random) {
    Stft op;
    op.onesided = random.chance(0.6);
    op.symbol = "run_n";
    const int64_t length = random.between(1, 70);
    Shape shape{random.between(1, 3), random.between(length, 900)};
    if (random.chance(0.6)) shape.push_back(op.onesided ? 1 : random.between(1, 2));
    return run_trial("cpu.stft", {&op,
                                  {random.array(DataType::kFloat, shape), Array::from_int64s({random.between(1, 40)}),
                                   random.array(DataType::kFloat, {length})},
                                  {false, true, random.chance(0.5)},
                                  {1e-5, 1e-5}});
  });
}

TEST(Plain, RotaryEmbedding) {
  for_random_trials(80, [](Random& random) {
    RotaryEmbedding op;
    op.interleaved = random.chance(0.5);
    const int64_t batch = random.between(1, 3), heads = random.between(1, 4), sequence = some_length(random, 80),
                  depth = 2 * random.between(1, 40);
    if (random.chance(0.4)) op.rotary_dims = 2 * random.between(1, depth / 2);
    if (random.chance(0.5)) op.heads = heads;
    const int64_t half = (op.rotary_dims > 0 ? op.rotary_dims : depth) / 2;
    Arrays inputs{
        random.array(DataType::kFloat, op.heads > 0 ? Shape{batch, sequence, heads * depth} : Shape{batch, heads, sequence, depth})};
    const bool by_position = random.chance(0.5);
    for (int i = 0; i < 2; ++i)
      inputs.push_back(random.array(DataType::kFloat, by_position ? Shape{100, half} : Shape{batch, sequence, half}));
    if (by_position) inputs.push_back(indices(random, {batch, sequence}, 0, 99));
    return run_trial("cpu.rotary_embedding", {&op, inputs, {false, random.chance(0.3), random.chance(0.3)}, kSums});
  });
}

TEST(Plain, RaggedSoftmax) {
  for_random_trials(60, [](Random& random) {
    RaggedSoftmax op;
    const int64_t rows = some_length(random), length = random.between(1, 200);
    return run_trial("cpu.ragged_softmax",
                     {&op, {random.array(DataType::kFloat, {rows, length}), indices(random, {rows, 1}, -2, length + 2)}, {}, kSums});
  });
}

TEST(Plain, TensorScatter) {
  for_random_trials(80, [](Random& random) {
    TensorScatter op;
    op.circular = random.chance(0.5);
    op.axis = random.pick({-2, 1});
    Shape data{random.between(1, 4), random.between(3, 40), random.between(3, 40)}, updates = data;
    const auto axis = static_cast<size_t>((op.axis + 3) % 3);
    const int64_t count = random.between(0, data[axis]);
    updates[axis] = count;
    const DataType type = some_type(random);
    Arrays inputs{random.array(type, data), random.array(type, updates)};
    if (random.chance(0.7)) inputs.push_back(indices(random, {data[0]}, 0, op.circular ? data[axis] : data[axis] - count));
    return run_trial("cpu.tensor_scatter", {&op, inputs, {}, {}});
  });
}

TEST(Plain, MixtureOfExperts) {
  for_random_trials(40, [](Random& random) {
    MixtureOfExperts op;
    op.activation = random.pick({ExpertActivation::kIdentity, ExpertActivation::kSilu});
    if (random.chance(0.5)) op.limit = 1.5, op.alpha = 1.7, op.beta = 1;
    int64_t size = random.between(1, 40), inner = random.between(1, 50);
    if (random.chance(0.5)) size = 32 * random.between(1, 2), inner = 32 * random.between(1, 10);  // whole panels
    const int64_t experts = random.between(1, 5), chosen = random.between(1, 3), tokens = some_length(random, 80);
    Arrays inputs{random.array(DataType::kFloat, {tokens, size}), indices(random, {tokens, chosen}, 0, experts - 1),
                  random.array(DataType::kFloat, {tokens, chosen})};
    for (int i = 0; i < 2; ++i) inputs.push_back(random.array(DataType::kFloat, {experts, size, inner}));
    inputs.push_back(random.array(DataType::kFloat, {experts, inner, size}));
    if (random.chance(0.5)) {
      for (int64_t width : {inner, inner, size}) inputs.push_back(random.array(DataType::kFloat, {experts, width}));
    }
    return run_trial("cpu.mixture_of_experts", {&op, inputs, {false, false, false, true, true, true}, {1e-4, 1e-4}});
  });
}

}  // namespace
}  // namespace ingot::testing
