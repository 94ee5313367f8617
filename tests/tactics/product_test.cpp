// Matrix products, convolutions and their kin on random shapes, types and epilogues, on every instruction set.
#include <gtest/gtest.h>

#include <cmath>

#include "operators/convolution.h"
#include "operators/deconvolution.h"
#include "operators/matmul.h"
#include "tactic_check.h"
#include "tactics/cpu/tile_kernel.h"

namespace ingot::testing {
namespace {

// What operands hold, and how the sum leaves.
struct Types {
  DataType a, b, output;
};

const std::vector<Isa>& all_levels() {
  static const std::vector<Isa> levels = isa_levels();
  return levels;
}

Types random_types(Random& random) {
  switch (random.between(0, 9)) {
    case 0:
    case 1:
    case 2: return {DataType::kFloat, DataType::kFloat, DataType::kFloat};
    case 3:
    case 4: return {DataType::kBf16, DataType::kBf16, DataType::kBf16};
    case 5: return {DataType::kBf16, DataType::kBf16, DataType::kFloat};
    case 6: return {DataType::kInt8, DataType::kInt8, DataType::kInt32};
    case 7: return {DataType::kUint8, DataType::kInt8, random.pick({DataType::kInt8, DataType::kFloat, DataType::kUint8})};
    default: return {DataType::kInt8, DataType::kInt8, random.pick({DataType::kInt8, DataType::kInt8, DataType::kFloat, DataType::kBf16})};
  }
}

Array operand(Random& random, DataType type, const Shape& shape) {
  // The ends of the range matter for bytes: products that saturate would show.
  if (type == DataType::kInt8 && random.chance(0.3)) return random.array(type, shape, -128, -120);
  if (type == DataType::kUint8 && random.chance(0.3)) return random.array(type, shape, 250, 255);
  return is_floating(type) ? random.array(type, shape, -1, 1) : random.array(type, shape, -128, type == DataType::kUint8 ? 255 : 127);
}

Expression random_epilogue(Random& random, bool has_residual) {
  std::vector<std::string> texts{"",
                                 "relu(x0)",
                                 "clip(x0, a=-0.5, b=0.75)",
                                 "silu(x0)",
                                 "gelu(x0)",
                                 "gelu_tanh(x0)",
                                 "hard_swish(x0)",
                                 "sigmoid(x0)",
                                 "tanh(x0)",
                                 "leaky_relu(x0, a=0.1)",
                                 "hard_sigmoid(x0, a=0.2, b=0.5)",
                                 "mul(x0, sigmoid(x0))",
                                 "min(relu(x0), 6)",
                                 "exp(neg(abs(x0)))",
                                 "add(mul(x0, 0.5), 0.25)"};
  if (has_residual)
    texts = {"add(x0, x1)",       "relu(add(x0, x1))",           "relu(add(x1, x0))", "add(silu(x0), x1)",
             "add(x1, relu(x0))", "clip(add(x0, x1), a=0, b=6)", "gelu(add(x0, x1))", "mul(sigmoid(x0), x1)",
             "sub(x1, x0)",       "tanh(sub(relu(x0), x1))"};
  auto parsed = Expression::parse(random.one_of(texts));
  EXPECT_TRUE(parsed.ok()) << (parsed.ok() ? "" : parsed.error().message);
  return parsed.ok() ? *parsed : Expression{};
}

// Fields, bias and residual for a sum over `terms` products; inputs[0] and inputs[1] are there.
void add_epilogue(Random& random, const Types& types, int64_t channels, const Shape& output, int64_t terms, EpilogueFields* fields,
                  Trial* trial) {
  const bool is_scaled = types.a == DataType::kInt8 || types.a == DataType::kUint8;
  trial->inputs.resize(2);
  const bool has_bias = random.chance(0.6), has_residual = types.output != DataType::kInt32 && random.chance(0.4);
  if (types.output == DataType::kInt32) {
    if (has_bias) trial->inputs.push_back(random.array(DataType::kInt32, {channels}, -100, 100));
    trial->constants = {false, true, true};
    trial->tolerance = {0, 0};
    return;
  }
  trial->inputs.push_back(has_bias ? random.array(types.a == DataType::kBf16 ? DataType::kBf16 : DataType::kFloat, {channels}) : Array());
  trial->inputs.push_back(Array());
  if (has_residual) {
    const DataType type = random.chance(0.7) ? types.output : random.pick({DataType::kFloat, DataType::kBf16});
    trial->inputs[3] =
        type == DataType::kInt8 || type == DataType::kUint8 ? random.array(type, output, -100, 100) : random.array(type, output);
    if (type == DataType::kInt8 || type == DataType::kUint8) fields->residual_scale = random.real(0.005, 0.02);
  }
  fields->epilogue = random_epilogue(random, has_residual);
  double largest = 8;
  if (is_scaled) {
    // Sums of a few units: 128 * 128 * sqrt(terms), scaled.
    fields->input_scale = random.real(0.5, 2) / (128 * std::sqrt(static_cast<double>(terms)));
    const int64_t scales = random.chance(0.7) ? channels : 1;
    for (int64_t i = 0; i < scales; ++i) fields->weight_scales.push_back(random.real(0.5, 2) / 128);
  }
  fields->to = types.output;
  if (types.output == DataType::kInt8 || types.output == DataType::kUint8) fields->output_scale = random.real(0.01, 0.05);
  trial->constants = {false, true, true, false};
  // Sums in another order than the reference's double: a few roundings of the largest partial sum. 8-bit outputs may differ by one step
  // where the scaled value lies next to a half.
  switch (types.output) {
    case DataType::kFloat: trial->tolerance = {4e-6, 2e-7 * std::sqrt(static_cast<double>(terms)) * largest}; break;
    case DataType::kBf16: trial->tolerance = {5e-3, 1e-5 * std::sqrt(static_cast<double>(terms))}; break;
    default: trial->tolerance = {0, 1};
  }
}

// Trials on the tile unit's kernels in plain code: what they load, multiply and finish is checked on machines without the unit.
void on_the_tile_unit(int count, const std::function<std::string(Random&, int*)>& trial) {
  if (machine_isa() < Isa::kAvx512) GTEST_SKIP() << "the kernels need AVX-512 besides the tile unit";
  const std::vector<Isa> level{machine_isa()};
  int ran = 0;
  emulate_tile_unit(true);
  for_random_trials(
      count, [&](Random& random) { return trial(random, &ran); }, &level);
  emulate_tile_unit(false);
  EXPECT_GT(ran, count / 2);
}

std::string try_matmul(Random& random, int* ran) {
  const Types types = random_types(random);
  MatMul op(random.chance(0.3), random.chance(0.4));
  const int64_t m = random.pick<int64_t>({1, 2, 3, 7, 12, 13, 25, random.between(1, 60)}), k = random.between(1, 90),
                n = random.pick<int64_t>({1, 16, 32, 64, random.between(1, 100)});
  Shape a = op.transpose_a ? Shape{k, m} : Shape{m, k}, b = op.transpose_b ? Shape{n, k} : Shape{k, n}, y{m, n};
  const bool right_is_constant = random.chance(0.6);
  switch (random.between(0, 5)) {
    case 0:
      a.insert(a.begin(), 3);
      y.insert(y.begin(), 3);
      break;
    case 1:
      a.insert(a.begin(), 2);
      b.insert(b.begin(), 2);
      y.insert(y.begin(), 2);
      break;
    case 2:
      a.insert(a.begin(), {2, 1});
      b.insert(b.begin(), {1, 3});
      y.insert(y.begin(), {2, 3});
      break;
    case 3:
      b.insert(b.begin(), 2);
      y.insert(y.begin(), 2);
      break;
    default: break;
  }
  if (a.size() == 2 && b.size() == 2 && !op.transpose_a && random.chance(0.2)) {
    if (random.chance(0.5)) {
      a = {k};
      y = {n};
      if (m != 1) y = {n};
    } else {
      b = {k};
      op.transpose_b = false;
      y = {m};
    }
  }
  Trial trial;
  trial.inputs = {operand(random, types.a, a), operand(random, types.b, b)};
  add_epilogue(random, types, b.size() == 1 ? 1 : n, y, k, &op, &trial);
  trial.constants[1] = right_is_constant;
  if (random.chance(0.1)) trial.constants[0] = true;
  trial.op = &op;
  return try_trial("cpu.matmul_panels", trial, ran);
}

TEST(MatMulPanels, agrees_with_the_reference) {
  int ran = 0;
  for_random_trials(
      300, [&](Random& random) { return try_matmul(random, &ran); }, &all_levels());
  EXPECT_GT(ran, 250 * static_cast<int>(all_levels().size()));
}

TEST(MatMulPanels, agrees_on_the_tile_unit) { on_the_tile_unit(300, try_matmul); }

// A random window over `spatial` lengths that leaves at least one output.
void random_window(Random& random, const Shape& kernel, Window* window) {
  for (size_t d = 0; d < kernel.size(); ++d) {
    window->strides.push_back(random.pick<int64_t>({1, 1, 2, 3}));
    window->dilations.push_back(random.pick<int64_t>({1, 1, 1, 2}));
    window->pads_begin.push_back(random.between(0, 2));
    window->pads_end.push_back(random.between(0, 2));
  }
}

Trial convolution_trial(Random& random, const Types& types, bool depthwise, Convolution* op) {
  const size_t spatial = random.pick<size_t>({2, 2, 2, 1, 3});
  Shape kernel, x{random.between(1, 3), 0};
  for (size_t d = 0; d < spatial; ++d) kernel.push_back(random.pick<int64_t>({1, 3, 3, random.between(1, 5)}));
  random_window(random, kernel, op);
  for (size_t d = 0; d < spatial; ++d) x.push_back((kernel[d] - 1) * op->dilations[d] + 1 + random.between(0, spatial == 3 ? 4 : 9));
  int64_t group_inputs = random.pick<int64_t>({1, 3, 4, 16, 32, random.between(1, 40)}),
          group_outputs = random.pick<int64_t>({16, 32, random.between(1, 70)});
  op->groups = random.pick<int64_t>({1, 1, 1, 2, 3});
  if (depthwise) {
    group_inputs = group_outputs = 1;
    op->groups = random.pick<int64_t>({16, 32, 64, random.between(2, 70)});
    if (random.chance(0.1)) group_outputs = 2;
  }
  x[1] = group_inputs * op->groups;
  const int64_t channels = group_outputs * op->groups;
  Shape w{channels, group_inputs}, y{x[0], channels};
  int64_t terms = group_inputs;
  for (size_t d = 0; d < spatial; ++d) {
    w.push_back(kernel[d]);
    terms *= kernel[d];
    y.push_back((x[d + 2] + op->pads_begin[d] + op->pads_end[d] - (kernel[d] - 1) * op->dilations[d] - 1) / op->strides[d] + 1);
  }
  Trial trial;
  trial.inputs = {operand(random, types.a, x), operand(random, types.b, w)};
  add_epilogue(random, types, channels, y, terms, op, &trial);
  trial.op = op;
  return trial;
}

std::string try_convolution(Random& random, int* ran) {
  Convolution op;
  const Trial trial = convolution_trial(random, random_types(random), false, &op);
  return try_trial("cpu.convolution_panels", trial, ran);
}

TEST(ConvolutionPanels, agrees_with_the_reference) {
  int ran = 0;
  for_random_trials(
      150, [&](Random& random) { return try_convolution(random, &ran); }, &all_levels());
  EXPECT_GT(ran, 100 * static_cast<int>(all_levels().size()));
}

TEST(ConvolutionPanels, agrees_on_the_tile_unit) { on_the_tile_unit(150, try_convolution); }

std::string try_deconvolution(Random& random, int* ran) {
  Deconvolution op;
  const Types types = random_types(random);
  if (types.a != types.b) return std::string();
  const size_t spatial = random.pick<size_t>({2, 2, 1, 3});
  Shape kernel, x{random.between(1, 2), 0};
  for (size_t d = 0; d < spatial; ++d) kernel.push_back(random.between(1, 4));
  random_window(random, kernel, &op);
  if (random.chance(0.2)) {
    for (size_t d = 0; d < spatial; ++d) op.output_padding.push_back(random.between(0, op.strides[d] - 1));
  }
  op.groups = random.pick<int64_t>({1, 1, 2});
  const int64_t channels = random.between(1, 20), outputs = random.pick<int64_t>({16, 32, random.between(1, 50)});
  x[1] = channels * op.groups;
  Shape w{x[1], outputs}, y{x[0], outputs * op.groups};
  for (size_t d = 0; d < spatial; ++d) {
    x.push_back(random.between(3, 7));
    w.push_back(kernel[d]);
    y.push_back((x[d + 2] - 1) * op.strides[d] + (kernel[d] - 1) * op.dilations[d] + 1 +
                (op.output_padding.empty() ? 0 : op.output_padding[d]) - op.pads_begin[d] - op.pads_end[d]);
    if (y.back() < 1) return std::string();
  }
  Trial trial;
  trial.inputs = {operand(random, types.a, x), operand(random, types.b, w)};
  add_epilogue(random, types, y[1], y, channels * 4, &op, &trial);
  trial.op = &op;
  return try_trial("cpu.deconvolution_panels", trial, ran);
}

TEST(DeconvolutionPanels, agrees_with_the_reference) {
  int ran = 0;
  for_random_trials(
      100, [&](Random& random) { return try_deconvolution(random, &ran); }, &all_levels());
  EXPECT_GT(ran, 60 * static_cast<int>(all_levels().size()));
}

TEST(DeconvolutionPanels, agrees_on_the_tile_unit) { on_the_tile_unit(100, try_deconvolution); }

TEST(DepthwiseRows, agrees_with_the_reference) {
  int ran = 0;
  for_random_trials(
      150,
      [&](Random& random) {
        Convolution op;
        const Trial trial = convolution_trial(random, random_types(random), true, &op);
        return try_trial("cpu.depthwise_rows", trial, &ran);
      },
      &all_levels());
  EXPECT_GT(ran, 100 * static_cast<int>(all_levels().size()));
}

// Scales that are powers of two make every step exact, ties of the rounding included: nothing may differ.
void make_snapped(Random& random, EpilogueFields* fields, Trial* trial) {
  const auto power = [&](int64_t least, int64_t most) { return std::ldexp(1.0, static_cast<int>(random.between(least, most))); };
  const bool has_residual = trial->inputs.size() > 3 && trial->inputs[3].data() != nullptr;
  fields->input_scale = power(-7, -5);
  for (double& scale : fields->weight_scales) scale = power(-7, -5);
  if (fields->weight_scales.empty()) fields->weight_scales = {0.0078125};
  if (trial->inputs.size() > 2 && trial->inputs[2].data() != nullptr) {
    for (int64_t i = 0; i < trial->inputs[2].count(); ++i)
      trial->inputs[2].set_number(i, static_cast<double>(random.between(-999, 999)) / 256);
  }
  if (has_residual) {
    fields->residual_scale = power(-6, -3);
    trial->inputs[3] = random.array(DataType::kInt8, trial->inputs[3].shape(), -128, 127);
  }
  if (random.chance(0.3)) fields->sum_scale = power(-5, -2);
  std::vector<std::string> texts{"",
                                 "snap(x0, a=0.25)",
                                 "relu(snap(x0, a=0.125))",
                                 "clip(snap(x0, a=0.25), a=-0.55, b=6.3)",
                                 "snap(clip(snap(x0, a=0.125), a=0, b=6), a=0.0625)",
                                 "snap(abs(snap(x0, a=0.25)), a=0.5)"};
  if (has_residual)
    texts = {"add(snap(x0, a=0.25), x1)", "relu(snap(add(snap(x0, a=0.125), x1), a=0.25))", "relu(snap(add(x1, x0), a=0.25))",
             "add(x1, snap(relu(snap(x0, a=0.125)), a=0.25))", "sub(snap(x0, a=0.25), x1)"};
  auto parsed = Expression::parse(random.one_of(texts));
  EXPECT_TRUE(parsed.ok()) << (parsed.ok() ? "" : parsed.error().message);
  if (parsed.ok()) fields->epilogue = *parsed;
  fields->to = random.chance(0.8) ? DataType::kInt8 : DataType::kFloat;
  fields->output_scale = *fields->to == DataType::kInt8 ? power(-4, 0) : 0;
  trial->tolerance = {0, 0};
}

std::string try_snapped(Random& random, int* ran) {
  const Types types{random.chance(0.8) ? DataType::kInt8 : DataType::kUint8, DataType::kInt8, DataType::kInt8};
  if (random.chance(0.6)) {
    const bool depthwise = random.chance(0.5);
    Convolution op;
    Trial trial = convolution_trial(random, types, depthwise, &op);
    make_snapped(random, &op, &trial);
    return try_trial(depthwise ? "cpu.depthwise_rows" : "cpu.convolution_panels", trial, ran);
  }
  MatMul op(false, random.chance(0.4));
  const int64_t m = random.between(1, 60), k = random.between(1, 90), n = random.pick<int64_t>({32, 64, random.between(1, 100)});
  Trial trial;
  trial.inputs = {operand(random, types.a, {m, k}), operand(random, types.b, op.transpose_b ? Shape{n, k} : Shape{k, n})};
  add_epilogue(random, types, n, {m, n}, k, &op, &trial);
  trial.op = &op;
  make_snapped(random, &op, &trial);
  return try_trial("cpu.matmul_panels", trial, ran);
}

TEST(SnappedSums, agree_with_the_reference_bit_for_bit) {
  int ran = 0;
  for_random_trials(
      200, [&](Random& random) { return try_snapped(random, &ran); }, &all_levels());
  EXPECT_GT(ran, 120 * static_cast<int>(all_levels().size()));
}

TEST(SnappedSums, agree_on_the_tile_unit) { on_the_tile_unit(200, try_snapped); }

}  // namespace
}  // namespace ingot::testing
