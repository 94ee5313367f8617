// The GPU's kernels of operators that few networks have, on random problems that span warps and blocks, against the references.
#include "operators/bit_cast.h"
#include "operators/col2im.h"
#include "operators/cosine_window.h"
#include "operators/detection_output.h"
#include "operators/determinant.h"
#include "operators/dft.h"
#include "operators/dynamic_quantize.h"
#include "operators/einsum.h"
#include "operators/linear_attention.h"
#include "operators/mixture_of_experts.h"
#include "operators/multinomial.h"
#include "operators/prior_box.h"
#include "operators/proposal.h"
#include "operators/roi_pool.h"
#include "operators/stft.h"
#include "operators/unique.h"
#include "trials.h"

namespace ingot::testing {
namespace {

Tolerance loosened(DataType type, double absolute) {
  Tolerance tolerance = usual_tolerance(type);
  tolerance.absolute += absolute;
  return tolerance;
}

TEST(CudaRareKernels, different_elements_and_slices) {
  for_seeds([](Random& random) {
    Unique op;
    op.symbol = "run_n";
    op.flat = random.chance(0.5);
    op.axis = random.between(0, 1);
    op.sorted = random.chance(0.5);
    const DataType type = random.pick({DataType::kFloat, DataType::kInt64, DataType::kInt8, DataType::kHalf});
    const Shape shape =
        op.flat ? Shape{random.between(1, 3), random.pick({1, 50, 1500, 3000})} : Shape{random.between(1, 40), random.between(1, 40)};
    Array x = random.array(type, shape, -3, op.flat ? 60 : 1);
    for (int64_t i = 0; i < x.count(); ++i) x.set_number(i, std::nearbyint(x.number(i)));
    return run_trial("cuda.unique", Trial{&op, {x}, {}, {0, 0}});
  });
}

TEST(CudaRareKernels, determinants) {
  for_seeds([](Random& random) {
    const Determinant op;
    const DataType type = random.pick({DataType::kFloat, DataType::kDouble, DataType::kHalf});
    const int64_t rows = random.pick({1, 3, 17, 20});
    Array x = random.array(type, {random.between(1, 4), rows, rows}, -1, 1);
    if (random.chance(0.3) && rows > 1) {
      for (int64_t i = 0; i < rows; ++i) x.set_number(i, 0);  // the first row of the first matrix
    }
    return run_trial("cuda.determinant", Trial{&op, {x}, {}, loosened(type, 1e-6)});
  });
}

TEST(CudaRareKernels, blocks_that_add_up) {
  for_seeds([](Random& random) {
    Col2Im op;
    const int64_t axes = random.between(1, 3);
    std::vector<int64_t> image, block;
    int64_t elements = 1, blocks = 1;
    for (int64_t d = 0; d < axes; ++d) {
      image.push_back(random.between(4, 9));
      block.push_back(random.between(1, 3));
      op.dilations.push_back(random.between(1, 2));
      op.strides.push_back(random.between(1, 3));
      op.pads.push_back(random.between(0, 2));
    }
    for (int64_t d = 0; d < axes; ++d) op.pads.push_back(random.between(0, 2));
    for (size_t d = 0; d < static_cast<size_t>(axes); ++d) {
      const int64_t padded = image[d] + op.pads[d] + op.pads[static_cast<size_t>(axes) + d];
      elements *= block[d];
      blocks *= (padded - op.dilations[d] * (block[d] - 1) - 1) / op.strides[d] + 1;
    }
    const DataType type = random.pick({DataType::kFloat, DataType::kHalf, DataType::kInt32});
    Trial trial{&op,
                {random.array(type, {random.between(1, 2), random.between(1, 3) * elements, blocks}, -9, 9), Array::from_int64s(image),
                 Array::from_int64s(block)},
                {false, true, true},
                usual_tolerance(type)};
    return run_trial("cuda.col2im", trial);
  });
}

TEST(CudaRareKernels, fourier_transforms) {
  for_seeds([](Random& random) {
    const DataType type = random.pick({DataType::kFloat, DataType::kDouble, DataType::kHalf});
    const int64_t own = random.pick({1, 7, 48, 2048, 1536});
    Dft op;
    op.onesided = random.chance(0.5);
    op.inverse = random.chance(0.5);
    op.axis = 1;
    if (random.chance(0.5)) op.length = own + random.between(0, 5);
    if (op.onesided && op.inverse && own == 1) op.length = 3;
    const int64_t parts = op.onesided ? (op.inverse ? 2 : 1) : random.between(1, 2);
    Trial trial{&op, {random.array(type, {random.between(1, 3), own, random.between(1, 3), parts})}, {}, loosened(type, 1e-5)};
    if (auto failure = run_trial("cuda.dft", trial); !failure.empty()) return failure;
    Stft frames;
    frames.onesided = random.chance(0.5);
    const int64_t length = random.pick({5, 16, 400, 1200});
    const Shape signal{random.between(1, 2), length + random.between(0, 300)};
    trial.op = &frames;
    trial.inputs = {random.array(type, signal), Array::from_int64s({random.between(1, 90)}), random.array(type, {length})};
    trial.constants = {false, random.chance(0.5), random.chance(0.5)};
    if (!frames.onesided && random.chance(0.5)) trial.inputs[0] = random.array(type, {signal[0], signal[1], 2});
    return run_trial("cuda.stft", trial);
  });
}

TEST(CudaRareKernels, windows_and_boxes_by_their_place) {
  for_seeds([](Random& random) {
    CosineWindow window;
    window.periodic = random.chance(0.5);
    window.terms = {0.42, 0.5, 0.08};
    window.to = random.pick({DataType::kFloat, DataType::kHalf, DataType::kDouble});
    Trial trial{&window, {Array::from_int64s({random.between(2, 700)})}, {true}, loosened(window.to, 1e-7)};
    if (auto failure = run_trial("cuda.cosine_window", trial); !failure.empty()) return failure;
    PriorBox boxes;
    boxes.min_sizes = {random.real(3, 9), 12};
    if (random.chance(0.5)) boxes.max_sizes = {20, 30};
    boxes.aspect_ratios = {2, 3};
    boxes.flip = random.chance(0.5);
    boxes.clip = random.chance(0.5);
    boxes.step_x = random.pick({0.0, 7.5});
    boxes.variances = {0.1, 0.1, 0.2, 0.25};
    trial = {&boxes,
             {random.array(DataType::kFloat, {1, 2, random.between(1, 9), random.between(1, 20)}),
              random.array(DataType::kFloat, {1, 1, 60, 90})},
             {},
             usual_tolerance(DataType::kFloat)};
    return run_trial("cuda.prior_box", trial);
  });
}

TEST(CudaRareKernels, classes_are_drawn) {
  for_seeds([](Random& random) {
    Multinomial op;
    op.count = random.between(1, 300);
    op.seed = random.between(0, 1000000);
    op.to = random.pick({DataType::kInt32, DataType::kInt64});
    const DataType type = random_float(random);
    return run_trial("cuda.multinomial",
                     Trial{&op, {random.array(type, {random.between(1, 3), random.pick({1, 2, 30, 700})}, -3, 3)}, {}, {0, 0}});
  });
}

TEST(CudaRareKernels, linear_attention_with_states) {
  for_seeds([](Random& random) {
    LinearAttention op;
    op.key_heads = random.between(1, 3);
    op.heads = op.key_heads * random.between(1, 2);
    op.scale = random.pick({0.0, 0.7});
    const DataType type = random_float(random);
    const int64_t batch = random.between(1, 2), steps = random.between(1, 7), depth = random.pick({1, 5, 64, 200}),
                  width = random.pick({3, 70});
    Trial trial{
        &op,
        {random.array(type, {batch, steps, op.heads * depth}, -0.4, 0.4),
         random.array(type, {batch, steps, op.key_heads * depth}, -0.4, 0.4), random.array(type, {batch, steps, op.key_heads * width})},
        {},
        loosened(type, 1e-5)};
    const bool given = random.chance(0.5), decays = random.chance(0.5), corrects = random.chance(0.5);
    trial.inputs.push_back(given ? random.array(DataType::kFloat, {batch, op.key_heads, depth, width}) : Array());
    trial.inputs.push_back(decays ? random.array(type, {batch, steps, op.key_heads * (random.chance(0.5) ? 1 : depth)}, -1, 0) : Array());
    trial.inputs.push_back(corrects ? random.array(type, {batch, steps, random.chance(0.5) ? op.key_heads : 1}, 0, 0.1) : Array());
    while (!trial.inputs.back().data()) trial.inputs.pop_back();
    return run_trial("cuda.linear_attention", trial);
  });
}

TEST(CudaRareKernels, experts) {
  for_seeds([](Random& random) {
    MixtureOfExperts op;
    op.activation = random.pick({ExpertActivation::kSilu, ExpertActivation::kIdentity});
    if (random.chance(0.5)) op.limit = 0.5, op.alpha = 1.7, op.beta = 1;
    const DataType type = random_float(random);
    const int64_t tokens = random.between(1, 9), experts = random.between(1, 5), chosen = random.between(1, 3), size = random.pick({3, 40}),
                  inner = random.pick({5, 70});
    Array selected = *Array::make(DataType::kInt32, {tokens, chosen});
    for (int64_t i = 0; i < selected.count(); ++i) selected.set_integer(i, random.between(0, experts - 1));
    Trial trial{&op,
                {random.array(type, {tokens, size}, -1, 1), selected, random.array(type, {tokens, chosen}, 0, 1),
                 random.array(type, {experts, size, inner}, -0.5, 0.5), random.array(type, {experts, size, inner}, -0.5, 0.5),
                 random.array(type, {experts, inner, size}, -0.5, 0.5)},
                {},
                loosened(type, 1e-5)};
    if (random.chance(0.5)) {
      trial.inputs.push_back(random.array(type, {experts, inner}));
      trial.inputs.push_back(random.array(type, {experts, inner}));
      trial.inputs.push_back(random.array(type, {experts, size}));
    }
    trial.constants = {false, false, false, true, true, true};
    return run_trial("cuda.mixture_of_experts", trial);
  });
}

TEST(CudaRareKernels, experts_of_quantized_activations) {
  for_seeds([](Random& random) {
    MixtureOfExperts op;
    op.activation = ExpertActivation::kIdentity;
    op.quantize_to = random.pick({DataType::kFp8, DataType::kInt8});
    op.block = random.pick<int64_t>({0, -1, 1, 16});
    op.scale_type = random.pick({DataType::kFloat, DataType::kHalf, DataType::kE8m0, DataType::kFp8});
    const int64_t tokens = random.between(1, 9), experts = random.between(1, 5), chosen = random.between(1, 3), size = random.pick({3, 17}),
                  inner = random.pick({5, 70});
    Array selected = *Array::make(DataType::kInt32, {tokens, chosen});
    for (int64_t i = 0; i < selected.count(); ++i) selected.set_integer(i, random.between(0, experts - 1));
    // Whole numbers: what is quantized is the same in every precision.
    const auto whole = [&](const Shape& shape) {
      Array x = random.array(DataType::kFloat, shape, -3, 3);
      for (int64_t i = 0; i < x.count(); ++i) x.set_number(i, std::nearbyint(x.number(i)));
      return x;
    };
    Trial trial{&op,
                {whole({tokens, size}), selected, whole({tokens, chosen}), whole({experts, size, inner}), whole({experts, size, inner}),
                 whole({experts, inner, size})},
                {},
                {1e-2, 1e-4}};
    if (op.block == 0 || random.chance(0.5)) {
      trial.inputs.resize(9);
      trial.inputs.push_back(Array::of(DataType::kFloat, {1}, std::vector<double>{random.pick({0.5, 0.75, 4.0})}));
    }
    trial.constants = {false, false, false, true, true, true};
    return run_trial("cuda.mixture_of_experts", trial);
  });
}

TEST(CudaRareKernels, scales_that_follow_from_the_data) {
  for_seeds([](Random& random) {
    DynamicQuantize op;
    op.to = random.pick({DataType::kFp8, DataType::kInt8});
    op.scale_type = random.pick({DataType::kFloat, DataType::kHalf, DataType::kE8m0});
    const Shape shape{random.between(1, 5), random.pick({9, 64, 300}), random.pick({1, 40})};
    op.block = {random.pick<int64_t>({1, -1}), random.pick<int64_t>({16, 32, -1}), random.pick<int64_t>({1, -1})};
    Trial trial{&op, {random.array(random_float(random), shape, -9, 9)}, {}, {0, 0}};
    if (random.chance(0.3)) trial.inputs.push_back(random.array(DataType::kFloat, {1}, 0.5, 3));
    // A quotient next to the middle of two codes may round either way: one step, which for fp8 is a sixteenth of the largest code.
    trial.tolerance = {op.to == DataType::kFp8 ? 0.0715 : 0.008, 0};
    return run_trial("cuda.dynamic_quantize", trial);
  });
}

TEST(CudaRareKernels, detectors) {
  for_seeds([](Random& random) {
    DetectionOutput op;
    op.classes = random.between(1, 5);
    op.share_location = random.chance(0.5);
    op.background = random.between(-1, 1);
    op.overlap_threshold = random.real(0.2, 0.9);
    op.score_threshold = random.pick({-1.0, 0.3});
    op.candidates = random.pick({0, 40});
    op.eta = random.pick({1.0, 0.8});
    op.most = random.pick({0, 7, 30});
    op.code = random.pick({BoxCode::kCorner, BoxCode::kCenterSize, BoxCode::kCornerSize});
    op.variance_encoded = random.chance(0.5);
    const DataType type = random.pick({DataType::kFloat, DataType::kFloat, DataType::kHalf});
    const int64_t batch = random.between(1, 2), count = random.pick({1, 9, 150}), sets = op.share_location ? 1 : op.classes;
    Array priors = random.array(type, {random.chance(0.5) ? 1 : batch, 2, count * 4}, 0, 0.5);
    for (int64_t i = 0; i < priors.count(); ++i) {
      if (i % (count * 8) < count * 4 && i % 4 >= 2) priors.set_number(i, priors.number(i) + 0.5);
    }
    Array scores = random.array(type, {batch, count * op.classes}, 0, 1);
    // Many that are equal.
    for (int64_t i = 0; i < scores.count(); ++i) scores.set_number(i, std::nearbyint(scores.number(i) * 16) / 16);
    return run_trial("cuda.detection_output",
                     Trial{&op, {random.array(type, {batch, count * 4 * sets}, -0.3, 0.3), scores, priors}, {}, usual_tolerance(type)});
  });
}

TEST(CudaRareKernels, regions_out_of_maps) {
  for_seeds([](Random& random) {
    Proposal op;
    op.symbol = "run_n";
    op.stride = 8;
    op.base_size = 8;
    op.scales = {1, 2};
    op.min_size = random.pick({0.0, 9.0});
    op.candidates = random.pick({0, 50});
    op.most = random.pick({5, 300});
    op.overlap_threshold = random.real(0.2, 0.8);
    const int64_t batch = random.between(1, 2), rows = random.between(1, 12), columns = random.between(1, 12), anchors = 6;
    Array images = *Array::make(DataType::kFloat, {random.chance(0.5) ? 1 : batch, 3});
    for (int64_t i = 0; i < images.count(); ++i) images.set_number(i, i % 3 == 2 ? 1 : 70 + static_cast<double>(i));
    Trial trial{&op,
                {random.array(DataType::kFloat, {batch, 2 * anchors, rows, columns}, 0, 1),
                 random.array(DataType::kFloat, {batch, 4 * anchors, rows, columns}, -0.5, 0.5), images},
                {},
                usual_tolerance(DataType::kFloat)};
    for (const bool padded : {false, true}) {
      op.padded = padded;
      if (auto failure = run_trial("cuda.proposal", trial); !failure.empty()) return failure;
    }
    RoiPool pool;
    pool.height = random.between(1, 4);
    pool.width = random.between(1, 4);
    pool.scale = 0.4;
    Array regions = random.array(DataType::kFloat, {random.between(1, 20), 5}, -5, 40);
    for (int64_t i = 0; i < regions.count(); i += 5) regions.set_number(i, static_cast<double>(random.between(0, batch - 1)));
    const DataType type = random_float(random);
    return run_trial("cuda.roi_pool", Trial{&pool, {random.array(type, {batch, 3, rows, columns}), regions}, {}, {0, 0}});
  });
}

TEST(CudaRareKernels, sums_of_products_by_any_equation) {
  for_seeds([](Random& random) {
    const DataType type = random.pick({DataType::kFloat, DataType::kHalf, DataType::kInt32, DataType::kInt8});
    const int64_t i = random.between(1, 5), j = random.between(1, 20), k = random.pick({3, 90});
    Trial trial;
    Einsum op;
    switch (random.between(0, 3)) {
      case 0:
        op.equation = "ij,jk,ik->i";
        trial.inputs = {random.array(type, {i, j}), random.array(type, {j, k}), random.array(type, {i, k})};
        break;
      case 1:
        op.equation = "iikj->kj";
        trial.inputs = {random.array(type, {i, i, k, j})};
        break;
      case 2:
        op.equation = "...ij,...jk->...k";
        trial.inputs = {random.array(type, {2, 1, i, j}), random.array(type, {3, j, k})};
        break;
      default: op.equation = "ijk->"; trial.inputs = {random.array(type, {i, j, k})};
    }
    trial.op = &op;
    trial.tolerance = loosened(type, is_floating(type) ? 1e-4 : 0);
    return run_trial("cuda.einsum", trial);
  });
}

TEST(CudaRareKernels, bits_of_another_type) {
  for_seeds([](Random& random) {
    BitCast op;
    op.to = DataType::kInt16;
    return run_trial("cuda.bit_cast", Trial{&op, {random.array(DataType::kHalf, {random.between(1, 700)})}, {}, {0, 0}});
  });
}

}  // namespace
}  // namespace ingot::testing
