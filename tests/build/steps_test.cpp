// How many steps engines of well-known structures have.
#include "helpers.h"
#include "known_networks.h"
#include "operators/convolution.h"
#include "operators/matmul.h"
#include "optimize/rewrite.h"

namespace ingot {
namespace {

size_t steps_of(const std::string& text, bool bf16 = false) {
  auto network = network_of(text);
  if (!network) return SIZE_MAX;
  BuildConfig config;
  config.optimization_level = 0;
  config.optimize.allow_bf16 = bf16;
  auto engine = build(*network, config);
  return engine ? engine->step_count() : SIZE_MAX;
}

// Products that compute in float after optimization.
size_t float_products(const std::string& text, const OptimizeOptions& options) {
  auto network = network_of(text);
  if (!network || !optimize(*network, options).ok()) return SIZE_MAX;
  size_t count = 0;
  for (const auto& layer : network->layers()) {
    if (layer->as<Convolution>() || layer->as<MatMul>()) count += layer->input(0)->type.type == DataType::kFloat;
  }
  return count;
}

TEST(Steps, ConvolutionsTakeInWhatFollowsThem) {
  EXPECT_LE(steps_of(resnet(false)), 60u);
  EXPECT_LE(steps_of(mobilenet(false)), 60u);
}

TEST(Steps, ATransformerBlockHasAtMostNine) {
  for (int blocks : {4, 12}) {
    EXPECT_LE(steps_of(bert(blocks)), 9u * static_cast<size_t>(blocks) + 10) << blocks << " blocks";
    EXPECT_LE(steps_of(vit(blocks)), 9u * static_cast<size_t>(blocks) + 10) << blocks << " blocks";
  }
}

TEST(Steps, QuantizedConvolutionsRunOnBytesFromEndToEnd) {
  EXPECT_LE(steps_of(resnet(true)), 64u);
  EXPECT_LE(steps_of(mobilenet(true)), 64u);
  EXPECT_EQ(float_products(resnet(true), {}), 0u);
  EXPECT_EQ(float_products(mobilenet(true), {}), 0u);
}

// Ranges in place of quantize layers: those of a weakly typed network.
TEST(Steps, RangesQuantizeProductsAndTheirNeighbours) {
  auto network = network_of(resnet(false));
  ASSERT_TRUE(network);
  for (const auto& tensor : network->tensors()) {
    if (tensor->is_constant()) continue;
    tensor->range_min = -4;
    tensor->range_max = 4;
  }
  const auto count = [&](bool int8, bool strongly_typed) {
    auto copy = network->clone();
    OptimizeOptions options;
    options.allow_int8 = int8;
    options.strongly_typed = strongly_typed;
    EXPECT_TRUE(optimize(*copy, options).ok());
    size_t bytes = 0;
    for (const auto& layer : copy->layers()) {
      if (layer->as<Convolution>() || layer->as<MatMul>()) bytes += layer->input(0)->type.type == DataType::kInt8;
    }
    return bytes;
  };
  EXPECT_EQ(count(true, false), 54u);
  EXPECT_EQ(count(false, false), 0u);
  EXPECT_EQ(count(true, true), 0u);
}

TEST(Steps, RangesThatFitKeepTheValues) {
  auto network = network_of(R"(
input x [4, 8, 6, 6]
weights w float [16, 8, 3, 3] = seed 1
weights b float [16] = seed 2
weights v float [8, 16, 1, 1] = seed 3
a = convolution(x, w, b) pads_begin=[1, 1] pads_end=[1, 1]
r = relu(a)
c = convolution(r, v)
y = add(c, x)
output y
)");
  ASSERT_TRUE(network);
  const Array x = random_array(DataType::kFloat, {4, 8, 6, 6}, 5);
  const Arrays wanted = network->evaluate({x}).value();
  for (const auto& [name, largest] : std::map<std::string, float>{{"x", 1.0f}, {"r", 12.0f}}) {
    Tensor* tensor = network->find_tensor(name);
    ASSERT_TRUE(tensor);
    tensor->range_min = -largest;
    tensor->range_max = largest;
  }
  BuildConfig config;
  config.optimize.allow_int8 = true;
  auto engine = build(*network, config);
  ASSERT_TRUE(engine);
  ExecutionContext context(engine);
  const Arrays got = run(context, {x});
  // 127 steps to a side: each product adds a few half steps.
  expect_close(got[0], wanted[0], 0.03);
  double moved = 0;
  for (int64_t i = 0; i < got[0].count(); ++i) moved = std::max(moved, std::fabs(got[0].number(i) - wanted[0].number(i)));
  EXPECT_GT(moved, 0) << "nothing was quantized";
}

TEST(Steps, WithBf16NoProductStaysInFloat) {
  OptimizeOptions options;
  options.allow_bf16 = true;
  for (const std::string& text : {resnet(false), mobilenet(false), bert(2), vit(2)}) EXPECT_EQ(float_products(text, options), 0u);
  EXPECT_LE(steps_of(bert(2), true), 9u * 2 + 12);
}

}  // namespace
}  // namespace ingot
