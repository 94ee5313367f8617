// com.microsoft's operators, each by its formula.
#include <gmock/gmock.h>

#include <cmath>

#include "one_node.h"

namespace ingot {
namespace {

using ::testing::HasSubstr;

constexpr const char* kDomain = "com.microsoft";

double gelu(double x) { return x * 0.5 * (1 + std::erf(x / std::sqrt(2.0))); }
double gelu_tanh(double x) { return 0.5 * x * (1 + std::tanh(std::sqrt(2 / M_PI) * (x + 0.044715 * x * x * x))); }

TEST(MicrosoftActivations, GelusHaveBiasesAndFactors) {
  const Array x = array_of({1, 2}, {-1, 2}), bias = array_of({2}, {0.5, -1});
  expect_outputs({"Gelu", kDomain, 17, {x}}, {{{1, 2}, {gelu(-1), gelu(2)}}});
  expect_outputs({"BiasGelu", kDomain, 17, {x, bias}}, {{{1, 2}, {gelu(-0.5), gelu(1)}}});
  expect_outputs({"FastGelu", kDomain, 17, {x, bias}}, {{{1, 2}, {gelu_tanh(-0.5), gelu_tanh(1)}}});
  expect_outputs({"QuickGelu", kDomain, 17, {x}}, {{{1, 2}, {-1 / (1 + std::exp(1.702)), 2 / (1 + std::exp(-3.404))}}});
  expect_outputs({"BiasSplitGelu", kDomain, 17, {x, bias}}, {{{1, 1}, {-0.5 * gelu(1)}}});
  expect_outputs({"BiasAdd", kDomain, 17, {x, bias, x}}, {{{1, 2}, {-1.5, 3}}});
}

TEST(MicrosoftNormalizations, SumsComeFirst) {
  const Array x = array_of({1, 2}, {1, 2}), skip = array_of({1, 2}, {1, 4}), ones = array_of({2}, {1, 1}), bias = array_of({2}, {1, -1});
  const auto exact = [](proto::NodeProto* node) { set_number(node, "epsilon", 0); };
  // (1 + 1, 2 + 4) = (2, 6) has mean 4 and deviation 2; with the bias (3, 5) has mean 4 and deviation 1.
  OneNode node{"SkipLayerNormalization", kDomain, 17, {x, skip, array_of({2}, {2, 3}), bias}, exact};
  expect_outputs(node, {{{1, 2}, {-1, 2}}});
  node = {"SkipLayerNormalization", kDomain, 17, {x, skip, ones, Array(), bias}, exact};
  expect_outputs(node, {{{1, 2}, {-1, 1}}});
  // (2, 6) has a mean square of 20.
  expect_outputs({"SkipSimplifiedLayerNormalization", kDomain, 17, {x, skip, ones}, exact},
                 {{{1, 2}, {2 / std::sqrt(20.0), 6 / std::sqrt(20.0)}}});
  expect_outputs({"SimplifiedLayerNormalization", "", 17, {x, ones}, exact}, {{{1, 2}, {1 / std::sqrt(2.5), 2 / std::sqrt(2.5)}}});
}

TEST(MicrosoftNormalizations, TheSumIsAnOutput) {
  const Array x = array_of({1, 2}, {1, 2});
  proto::ModelProto model = OneNode{"SkipLayerNormalization", kDomain, 17, {x, x, array_of({2}, {1, 1})}}.model();
  auto* node = model.mutable_graph()->mutable_node(0);
  for (const char* output : {"", "", "sum"}) node->add_output(output);
  model.mutable_graph()->mutable_output(0)->set_name("sum");
  auto network = import_model(model);
  ASSERT_TRUE(network.ok()) << network.error().message;
  EXPECT_EQ(outputs_of(**network, {x, x, array_of({2}, {1, 1})}), (std::vector<float>{2, 4}));
}

TEST(MicrosoftNormalizations, EmbeddingsAreSummedAndMasksCounted) {
  const Array ids = array_of({1, 2}, {1, 0}, DataType::kInt32), segments = array_of({1, 2}, {0, 0}, DataType::kInt32);
  const Array mask = array_of({1, 2}, {1, 0}, DataType::kInt32), ones = array_of({2}, {1, 1}), zeros = array_of({2}, {0, 0});
  OneNode node{
      "EmbedLayerNormalization",
      kDomain,
      17,
      {ids, segments, array_of({2, 2}, {0, 4, 1, 3}), array_of({3, 2}, {0, 1, 2, 0, 9, 9}), array_of({1, 2}, {1, 1}), ones, zeros, mask}};
  node.attributes = [](proto::NodeProto* proto) { set_number(proto, "epsilon", 0); };
  node.outputs = 3;
  // Words (1, 3) and (0, 4), positions (0, 1) and (2, 0), the segment (1, 1).
  expect_outputs(node, {{{1, 2, 2}, {-1, 1, -1, 1}}, {{1}, {1}}, {{1, 2, 2}, {2, 5, 3, 5}}});
}

TEST(MicrosoftNormalizations, GroupsOfChannelsMayBeTheLastAxis) {
  const Array x = array_of({1, 1, 2, 2}, {1, 10, 3, 30}), gamma = array_of({2}, {1, 2}), beta = array_of({2}, {0, 1});
  const auto by_channel = [](proto::NodeProto* node) {
    set_integer(node, "groups", 2);
    set_integer(node, "activation", 0);
    set_number(node, "epsilon", 0);
  };
  expect_outputs({"GroupNorm", kDomain, 17, {x, gamma, beta}, by_channel}, {{{1, 1, 2, 2}, {-1, -1, 1, 3}}});
  OneNode skipped{"SkipGroupNorm", kDomain, 17, {x, gamma, beta, array_of({1, 2}, {5, 7})}, by_channel, 2};
  expect_outputs(skipped, {{{1, 1, 2, 2}, {-1, -1, 1, 3}}, {{1, 1, 2, 2}, {6, 17, 8, 37}}});
}

TEST(MicrosoftProducts, HaveFactorsTransposesAndActivations) {
  const Array a = array_of({2, 1}, {1, 2}), b = array_of({1, 2}, {3, -4});
  expect_outputs({"FusedMatMul",
                  kDomain,
                  17,
                  {a, b},
                  [](auto* node) {
                    set_integer(node, "transA", 1);
                    set_integer(node, "transB", 1);
                    set_number(node, "alpha", 0.5);
                  }},
                 {{{1, 1}, {-2.5}}});
  expect_outputs({"FusedGemm", kDomain, 17, {a, b, array_of({2}, {1, 1})}, [](auto* node) { set_word(node, "activation", "Relu"); }},
                 {{{2, 2}, {4, 0, 7, 0}}});
  EXPECT_THAT(message_of({"FusedGemm", kDomain, 17, {a, b}, [](auto* node) { set_word(node, "activation", "Sine"); }}),
              HasSubstr("the activation 'Sine' is not known"));
}

TEST(MicrosoftProducts, ConvolutionsAddAndMayHaveTheChannelsLast) {
  const Array w = array_of({1, 2, 1, 1}, {1, 10}), bias = array_of({1}, {0.5});
  const auto relu = [](proto::NodeProto* node) { set_word(node, "activation", "Relu"); };
  expect_outputs({"FusedConv", kDomain, 17, {array_of({1, 2, 1, 2}, {1, 2, 3, -4}), w, bias, array_of({1, 1, 1, 2}, {1, 1})}, relu},
                 {{{1, 1, 1, 2}, {32.5, 0}}});
  expect_outputs({"NhwcConv", kDomain, 17, {array_of({1, 1, 2, 2}, {1, 3, 2, -4}), w, bias}}, {{{1, 1, 2, 1}, {31.5, -37.5}}});
}

TEST(MicrosoftProducts, WeightsOfFourBitsHaveScalesAndZeroPointsByBlock) {
  // One row of 32 numbers in two blocks: 1, 2 at the beginning of the first, 3 at the beginning of the second, else the zero point.
  std::vector<double> packed(16, 0x88);
  packed[0] = 0x21;
  packed[8] = 0x83;
  const auto sizes = [](proto::NodeProto* node) {
    for (const auto& [name, value] : {std::pair{"K", 32}, {"N", 1}, {"bits", 4}, {"block_size", 16}}) set_integer(node, name, value);
  };
  std::vector<double> row(32, 0);
  row[0] = 1, row[1] = 10, row[16] = 100;
  OneNode node{
      "MatMulNBits", kDomain, 17, {array_of({1, 32}, row), array_of({1, 2, 8}, packed, DataType::kUint8), array_of({1, 2}, {1, 2})}, sizes};
  node.constants = {1, 2};
  expect_outputs(node, {{{1, 1}, {(1 - 8) + 10 * (2 - 8) + 100 * 2 * (3 - 8)}}}, 1e-3);
  node.inputs.push_back(array_of({1, 1}, {0x31}, DataType::kUint8));  // zero points 1 and 3
  node.constants.push_back(3);
  expect_outputs(node, {{{1, 1}, {(1 - 1) + 10 * (2 - 1) + 100 * 2 * (3 - 3)}}}, 1e-3);
}

TEST(MicrosoftQuantized, OperatorsDequantizeComputeAndQuantize) {
  const auto u8 = [](const Shape& shape, const std::vector<double>& values) { return array_of(shape, values, DataType::kUint8); };
  const Array half = array_of({}, {0.5}), one = array_of({}, {1}), zero = u8({}, {10});
  const Array a = u8({2}, {12, 8}), b = u8({2}, {14, 4});  // 1, -1 and 2, -3
  expect_outputs({"QLinearAdd", kDomain, 17, {a, half, zero, b, half, zero, one, zero}}, {{{2}, {13, 6}}});
  expect_outputs({"QLinearMul", kDomain, 17, {a, half, zero, b, half, zero, one, zero}}, {{{2}, {12, 13}}});
  expect_outputs({"QLinearSigmoid", kDomain, 17, {a, half, zero, array_of({}, {0.01}), u8({}, {0})}}, {{{2}, {73, 27}}});
  expect_outputs({"QLinearLeakyRelu", kDomain, 17, {b, half, zero, half, zero}, [](auto* node) { set_number(node, "alpha", 0.5); }},
                 {{{2}, {14, 7}}});
  expect_outputs(
      {"QLinearConcat", kDomain, 17, {one, zero, a, half, zero, b, half, zero}, [](auto* node) { set_integer(node, "axis", 0); }},
      {{{4}, {11, 9, 12, 7}}});
  const Array image = u8({1, 1, 1, 2}, {12, 16});  // 1, 3
  expect_outputs({"QLinearGlobalAveragePool", kDomain, 17, {image, half, zero, one, zero}}, {{{1, 1, 1, 1}, {12}}});
  expect_outputs({"QLinearAveragePool",
                  kDomain,
                  17,
                  {image, half, zero, one, zero},
                  [](auto* node) {
                    set_integers(node, "kernel_shape", {1, 2});
                  }},
                 {{{1, 1, 1, 1}, {12}}});
  EXPECT_THAT(message_of({"QLinearAdd", kDomain, 17, {a, Array(), zero, b, half, zero, one, zero}}),
              HasSubstr("a quantized operand or its scale is left out"));
}

TEST(MicrosoftQuantized, ProductsGiveFloatingPointNumbers) {
  const Array b = array_of({2, 1}, {4, -2}, DataType::kInt8), scale = array_of({}, {0.5}), zero = array_of({}, {0}, DataType::kInt8);
  // The range of a is 0 to 255, so that it stays itself.
  expect_outputs({"DynamicQuantizeMatMul", kDomain, 17, {array_of({1, 2}, {255, 3}), b, scale, zero, array_of({1}, {7})}},
                 {{{1, 1}, {514}}}, 1e-3);
  expect_outputs({"MatMulIntegerToFloat",
                  kDomain,
                  17,
                  {array_of({1, 2}, {5, 3}, DataType::kUint8), b, scale, scale, array_of({}, {1}, DataType::kUint8), zero}},
                 {{{1, 1}, {3}}});
  expect_outputs({"QGemm",
                  kDomain,
                  17,
                  {array_of({1, 2}, {5, 3}, DataType::kUint8), scale, array_of({}, {1}, DataType::kUint8), b, scale, zero,
                   array_of({1}, {8}, DataType::kInt32)}},
                 {{{1, 1}, {5}}});
}

TEST(MicrosoftQuantized, TablesAreGatheredBeforeTheirNumbersAreRead) {
  // Rows of four numbers in two blocks: 1 2 | 3 4 and 5 6 | 7 8, low halves of the bytes first.
  const Array table = array_of({2, 2}, {0x21, 0x43, 0x65, 0x87}, DataType::kUint8);
  const auto sizes = [](proto::NodeProto* node) {
    set_integer(node, "block_size", 2);
    set_integer(node, "quantize_axis", 1);
  };
  OneNode node{
      "GatherBlockQuantized", kDomain, 17, {table, array_of({1, 2}, {1, 0}, DataType::kInt64), array_of({2, 2}, {1, 10, 2, 20})}, sizes};
  node.constants = {0, 2};
  expect_outputs(node, {{{1, 2, 4}, {-6, -4, -20, 0, -7, -6, -50, -40}}});
  node.inputs.push_back(array_of({2, 1}, {0x21, 0x43}, DataType::kUint8));  // zero points 1, 2 and 3, 4
  node.constants.push_back(3);
  expect_outputs(node, {{{1, 2, 4}, {4, 6, 60, 80, 0, 1, 10, 20}}});
  node.attributes = [=](proto::NodeProto* proto) {
    sizes(proto);
    set_integer(proto, "gather_axis", 1);
  };
  EXPECT_THAT(message_of(node), HasSubstr("the axis of the blocks is the one that is gathered from"));
}

TEST(MicrosoftQuantized, EmbeddingsAreReadAsNumbers) {
  const auto u8 = [](const Shape& shape, const std::vector<double>& values) { return array_of(shape, values, DataType::kUint8); };
  const Array ids = array_of({1, 1}, {1}, DataType::kInt32), one = array_of({}, {1}), half = array_of({}, {0.5});
  // The word (1, 3) and the position (0, 1): (1, 4), normalized (-1, 1), times 2, plus (3, 4).
  OneNode node{"QEmbedLayerNormalization",
               kDomain,
               17,
               {ids, Array(), u8({2, 2}, {0, 0, 12, 16}), u8({1, 2}, {20, 21}), Array(), u8({2}, {32, 32}), u8({2}, {43, 44}), Array(),
                half, one, Array(), one, one, u8({}, {10}), u8({}, {20}), Array(), u8({}, {30}), u8({}, {40})}};
  node.attributes = [](proto::NodeProto* proto) { set_number(proto, "epsilon", 0); };
  expect_outputs(node, {{{1, 1, 2}, {1, 6}}});
}

TEST(MicrosoftQuantized, RecurrentWeightsAreTransposed) {
  // i = o = f = sigmoid(0) and the candidate tanh(2 * 0.25 * 2) for an input of 2: c = 0.5 tanh(1), h = 0.5 tanh(c).
  const Array w = array_of({1, 1, 4}, {3, 3, 3, 5}, DataType::kInt8), r = array_of({1, 1, 4}, {0, 0, 0, 0}, DataType::kInt8);
  const auto hidden = [](proto::NodeProto* node) { set_integer(node, "hidden_size", 1); };
  OneNode node{"DynamicQuantizeLSTM",
               kDomain,
               17,
               {array_of({1, 1, 1}, {2}), w, r, Array(), Array(), Array(), Array(), Array(), array_of({1}, {0.25}),
                array_of({1}, {3}, DataType::kInt8), array_of({1}, {0.25}), array_of({1}, {0}, DataType::kInt8)},
               hidden};
  const double h = 0.5 * std::tanh(0.5 * std::tanh(1.0));
  expect_outputs(node, {{{1, 1, 1, 1}, {h}}});
  // A scale and a zero point for each column.
  node.inputs[8] = array_of({1, 4}, {1, 1, 1, 0.125});
  node.inputs[9] = array_of({1, 4}, {3, 3, 3, 1}, DataType::kInt8);
  expect_outputs(node, {{{1, 1, 1, 1}, {h}}});
}

TEST(MicrosoftQuantized, PoolsMayHaveTheChannelsLast) {
  OneNode node{"NhwcMaxPool", kDomain, 17, {array_of({1, 1, 2, 2}, {1, 30, 3, 10}, DataType::kUint8)}};
  node.attributes = [](proto::NodeProto* proto) { set_integers(proto, "kernel_shape", {1, 2}); };
  expect_outputs(node, {{{1, 1, 1, 2}, {3, 30}}});
}

// q, k, v by unit weights: one head of depth 1, so that the scores are q * k.
OneNode attention(const std::vector<double>& x, Array mask, int64_t causal) {
  const auto length = static_cast<int64_t>(x.size());
  return {"Attention",
          kDomain,
          17,
          {array_of({1, length, 1}, x), array_of({1, 3}, {1, 1, 1}), array_of({3}, {0, 0, 0}), std::move(mask)},
          [causal](proto::NodeProto* node) {
            set_integer(node, "num_heads", 1);
            set_integer(node, "unidirectional", causal);
          }};
}
double mean_of(double query, const std::vector<double>& values) {
  double sum = 0, weights = 0;
  for (double value : values) {
    sum += value * std::exp(query * value);
    weights += std::exp(query * value);
  }
  return sum / weights;
}

TEST(MicrosoftAttention, MasksAreLengthsStartsOrOnes) {
  const auto i32 = [](const Shape& shape, const std::vector<double>& values) { return array_of(shape, values, DataType::kInt32); };
  const std::vector<double> all{mean_of(1, {1, 2, 3}), mean_of(2, {1, 2, 3}), mean_of(3, {1, 2, 3})};
  expect_outputs(attention({1, 2, 3}, Array(), 0), {{{1, 3, 1}, all}});
  expect_outputs(attention({1, 2, 3}, Array(), 1), {{{1, 3, 1}, {1, mean_of(2, {1, 2}), all[2]}}});
  const std::vector<double> two{mean_of(1, {1, 2}), mean_of(2, {1, 2}), mean_of(3, {1, 2})};
  expect_outputs(attention({1, 2, 3}, i32({1}, {2}), 0), {{{1, 3, 1}, two}});
  expect_outputs(attention({1, 2, 3}, i32({1, 3}, {1, 1, 0}), 0), {{{1, 3, 1}, two}});
  expect_outputs(attention({1, 2, 3}, i32({2}, {3, 1}), 0), {{{1, 3, 1}, {mean_of(1, {2, 3}), mean_of(2, {2, 3}), mean_of(3, {2, 3})}}});
  EXPECT_THAT(message_of(attention({1, 2, 3}, i32({5}, {1, 1, 1, 1, 1}), 0)), HasSubstr("a mask of 5 numbers for a batch of 1"));
}

TEST(MicrosoftAttention, CachesGrow) {
  const auto heads = [](proto::NodeProto* node) {
    set_integer(node, "num_heads", 1);
    set_integer(node, "unidirectional", 1);
  };
  const Array two = array_of({1, 1, 1}, {2}), past = array_of({1, 1, 2, 1}, {1, 3});
  OneNode node{"MultiHeadAttention", kDomain, 17, {two, two, two, Array(), Array(), Array(), past, past}, heads, 3};
  expect_outputs(node, {{{1, 1, 1}, {mean_of(2, {1, 3, 2})}}, {{1, 1, 3, 1}, {1, 3, 2}}, {{1, 1, 3, 1}, {1, 3, 2}}});
  const auto grouped = [](proto::NodeProto* proto) {
    set_integer(proto, "num_heads", 2);
    set_integer(proto, "kv_num_heads", 1);
  };
  node = {"GroupQueryAttention",
          kDomain,
          17,
          {array_of({1, 1, 2}, {2, -1}), two, two, past, past, array_of({1}, {2}, DataType::kInt32), array_of({1}, {3}, DataType::kInt32)},
          grouped,
          3};
  expect_outputs(node,
                 {{{1, 1, 2}, {mean_of(2, {1, 3, 2}), mean_of(-1, {1, 3, 2})}}, {{1, 1, 3, 1}, {1, 3, 2}}, {{1, 1, 3, 1}, {1, 3, 2}}});
}

TEST(MicrosoftAttention, PositionsTurnPairs) {
  // Position 1 turns by a quarter: (a, b) becomes (-b, a).
  const Array x = array_of({1, 1, 2}, {3, 5}), cos = array_of({2, 1}, {1, 0}), sin = array_of({2, 1}, {0, 1});
  expect_outputs({"RotaryEmbedding", kDomain, 17, {x, array_of({1, 1}, {1}, DataType::kInt64), cos, sin}}, {{{1, 1, 2}, {-5, 3}}});
  expect_outputs({"RotaryEmbedding", kDomain, 17, {x, array_of({1}, {0}, DataType::kInt64), cos, sin}}, {{{1, 1, 2}, {3, 5}}});
}

// One head of two keys and values, of which the query sees the cache and itself.
OneNode grouped(const std::vector<double>& q, Array past, std::function<void(proto::NodeProto*)> more) {
  const auto heads = [more](proto::NodeProto* node) {
    set_integer(node, "num_heads", 1);
    set_integer(node, "kv_num_heads", 1);
    more(node);
  };
  const auto length = static_cast<int64_t>(q.size()) / 2;
  const double last = static_cast<double>(length - 1 + (past.rank() == 4 ? past.shape()[2] : 0));
  return {"GroupQueryAttention",
          kDomain,
          17,
          {array_of({1, length, 2}, q), array_of({1, length, 2}, q), array_of({1, length, 2}, q), past, past,
           array_of({1}, {last}, DataType::kInt32), array_of({1}, {last + 1}, DataType::kInt32)},
          heads,
          3};
}

TEST(MicrosoftAttention, CachesMayBeOfFewBits) {
  const auto form = [](int64_t bits, const char* kind) {
    return [=](proto::NodeProto* node) {
      set_integer(node, "kv_cache_bit_width", bits);
      set_word(node, "k_quant_type", kind);
      set_word(node, "v_quant_type", kind);
      set_number(node, "scale", 1e-9f);  // every place counts the same
    };
  };
  // 3.9 is 8 halves, 100 is cut to 127 of them.
  OneNode node = grouped({3.9, 100}, array_of({1, 1, 1, 2}, {-4, 10}, DataType::kInt8), form(8, "PER_TENSOR"));
  node.inputs.resize(12);
  for (int i = 0; i < 2; ++i) node.inputs.push_back(array_of({1}, {0.5}));
  expect_outputs(node, {{{1, 1, 2}, {1, 34.25}}, {{1, 1, 2, 2}, {-4, 10, 8, 127}}, {{1, 1, 2, 2}, {-4, 10, 8, 127}}}, 1e-3);
  // 0x29 holds 9 - 8 = 1 and 2 - 8 = -6; 3.9 is 4 ones, -100 is cut to -8 halves.
  node = grouped({3.9, -100}, array_of({1, 1, 1, 1}, {0x29}, DataType::kUint8), form(4, "PER_CHANNEL"));
  node.inputs.resize(12);
  for (int i = 0; i < 2; ++i) node.inputs.push_back(array_of({2}, {1, 0.5}));
  expect_outputs(node, {{{1, 1, 2}, {2.5, -3.5}}, {{1, 1, 2, 1}, {0x29, 0x0c}}, {{1, 1, 2, 1}, {0x29, 0x0c}}}, 1e-3);
  node.inputs[12] = array_of({3}, {1, 1, 1});
  EXPECT_THAT(message_of(node), HasSubstr("k_quant_type is PER_CHANNEL, and the scale is float [3]; 2 numbers are wanted"));
}

TEST(MicrosoftAttention, HeadsMayBeNormalizedAndSeeAll) {
  const auto all = [](proto::NodeProto* node) {
    set_integer(node, "causal", 0);
    set_number(node, "scale", 1e-9f);
  };
  expect_outputs(grouped({1, 2, 3, 4}, Array(), all),
                 {{{1, 2, 2}, {2, 3, 2, 3}}, {{1, 1, 2, 2}, {1, 2, 3, 4}}, {{1, 1, 2, 2}, {1, 2, 3, 4}}}, 1e-4);
  // (3, 4) has a mean square of 12.5; keys are kept as they are compared.
  OneNode node = grouped({3, 4}, Array(), [](proto::NodeProto* proto) { set_number(proto, "qk_norm_epsilon", 0); });
  node.inputs.resize(14);
  for (int i = 0; i < 2; ++i) node.inputs.push_back(array_of({2}, {1, 2}));
  expect_outputs(node, {{{1, 1, 2}, {3, 4}}, {{1, 1, 1, 2}, {3 / std::sqrt(12.5), 8 / std::sqrt(12.5)}}, {{1, 1, 1, 2}, {3, 4}}});
}

TEST(MicrosoftAttention, CachesMayBeBuffers) {
  const auto heads = [](proto::NodeProto* node) {
    set_integer(node, "num_heads", 1);
    set_integer(node, "past_present_share_buffer", 1);
  };
  const Array two = array_of({1, 1, 1}, {2}), buffer = array_of({1, 1, 4, 1}, {1, 3, 9, 9}), none;
  OneNode node{"DecoderMaskedMultiHeadAttention",
               kDomain,
               17,
               {two, two, two, none, none, buffer, buffer, array_of({1}, {2}, DataType::kInt32)},
               heads,
               3};
  expect_outputs(node, {{{1, 1, 1}, {mean_of(2, {1, 3, 2})}}, {{1, 1, 4, 1}, {1, 3, 2, 9}}, {{1, 1, 4, 1}, {1, 3, 2, 9}}});
  node.inputs[3] = array_of({1, 3}, {0, 1, 1}, DataType::kInt32);
  expect_outputs(node, {{{1, 1, 1}, {mean_of(2, {3, 2})}}, {{1, 1, 4, 1}, {1, 3, 2, 9}}, {{1, 1, 4, 1}, {1, 3, 2, 9}}});
  // Without a buffer the cache grows; q, k and v come in one, with a bias.
  node = {"DecoderMaskedMultiHeadAttention",
          kDomain,
          17,
          {array_of({1, 1, 3}, {1, 2, 3}), none, none, none, none, array_of({1, 1, 1, 1}, {1}), array_of({1, 1, 1, 1}, {5}), none, none,
           none, array_of({3}, {1, 0, 0})},
          [](proto::NodeProto* proto) { set_integer(proto, "num_heads", 1); },
          3};
  const double a = std::exp(2), b = std::exp(4);
  expect_outputs(node, {{{1, 1, 1}, {(5 * a + 3 * b) / (a + b)}}, {{1, 1, 2, 1}, {1, 2}}, {{1, 1, 2, 1}, {5, 3}}});
}

TEST(MicrosoftAttention, TokensWithoutPaddingSeeTheirSequence) {
  const auto one_head = [](proto::NodeProto* node) { set_integer(node, "num_heads", 1); };
  const auto i32 = [](const Shape& shape, const std::vector<double>& values) { return array_of(shape, values, DataType::kInt32); };
  const Array places = i32({2, 3}, {0, 1, 3, 2, 4, 5}), offsets = i32({3}, {0, 2, 3});
  const std::vector<double> seen{mean_of(1, {1, 2}), mean_of(2, {1, 2}), 3};
  OneNode node{"PackedAttention",
               kDomain,
               17,
               {array_of({3, 1}, {1, 2, 3}), array_of({1, 3}, {1, 1, 1}), array_of({3}, {0, 0, 0}), places, offsets},
               one_head};
  expect_outputs(node, {{{3, 1}, seen}});
  const Array x = array_of({3, 1}, {1, 2, 3}), none;
  node = {"PackedMultiHeadAttention", kDomain, 17, {x, x, x, none, places, offsets}, one_head};
  expect_outputs(node, {{{3, 1}, seen}});
  node.inputs[0] = array_of({3, 1, 3, 1}, {1, 1, 1, 2, 2, 2, 3, 3, 3});
  node.inputs[1] = node.inputs[2] = none;
  expect_outputs(node, {{{3, 1}, seen}});
  // In the first sequence the second place is added so much that the first sees nothing else.
  node.inputs.push_back(array_of({2, 1, 3, 3}, {0, 99, 0, 99, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0}));
  expect_outputs(node, {{{3, 1}, {2, 1, 3}}});
  node = {"RemovePadding", kDomain, 17, {array_of({2, 3, 1}, {1, 2, 0, 3, 0, 0}), i32({2}, {2, 1})}, [](proto::NodeProto*) {}, 4};
  expect_outputs(node, {{{3, 1}, {1, 2, 3}}, {{2, 3}, {0, 1, 3, 2, 4, 5}}, {{3}, {0, 2, 3}}, {{1}, {2}}});
  expect_outputs({"RestorePadding", kDomain, 17, {x, places}}, {{{2, 3, 1}, {1, 2, 0, 3, 0, 0}}});
}

TEST(MicrosoftExperts, TokensGoToTheirBestExperts) {
  const auto relu = [](proto::NodeProto* node) {
    set_integer(node, "k", 1);
    set_word(node, "activation_type", "relu");
  };
  // Expert 1 gets 3 / 4 of the token 2: relu(2 * 3 - 1) * 10 + 1 = 51.
  const double three = std::log(3.0);
  OneNode node{"MoE",
               kDomain,
               17,
               {array_of({1, 1, 1}, {2}), array_of({1, 2}, {0, three}), array_of({2, 1, 1}, {1, 3}), array_of({2, 1}, {0, -1}),
                array_of({2, 1, 1}, {1, 10}), array_of({2, 1}, {0, 1})},
               relu};
  expect_outputs(node, {{{1, 1, 1}, {51 * 0.75}}});
  node.attributes = [relu](proto::NodeProto* proto) {
    relu(proto);
    set_integer(proto, "normalize_routing_weights", 1);
  };
  expect_outputs(node, {{{1, 1, 1}, {51}}});
  // Gates in the even rows: silu(2) * 6 and silu(4) * 8, a quarter and three quarters of them.
  const auto gated = [](proto::NodeProto* proto) {
    set_integer(proto, "k", 2);
    set_word(proto, "activation_type", "swiglu");
    set_integer(proto, "swiglu_fusion", 1);
  };
  node = {"MoE",
          kDomain,
          17,
          {array_of({1, 1}, {2}), array_of({1, 2}, {0, three}), array_of({2, 2, 1}, {1, 3, 2, 4}), Array(), array_of({2, 1, 1}, {1, 1})},
          gated};
  const auto silu = [](double x) { return x / (1 + std::exp(-x)); };
  expect_outputs(node, {{{1, 1}, {0.25 * silu(2) * 6 + 0.75 * silu(4) * 8}}}, 1e-4);
}

TEST(MicrosoftExperts, WeightsMayBeOfFewBits) {
  // Numbers 9 and 10 of a byte stand for (1, 2) * 0.5; the token (2, 4) gives 5, times 3 of 8 bits.
  OneNode node{"QMoE",
               kDomain,
               17,
               {array_of({1, 2}, {2, 4}), array_of({1, 1}, {0}), array_of({1, 1, 1}, {0xa9}, DataType::kUint8), array_of({1, 1}, {0.5}),
                Array(), array_of({1, 2, 1}, {131, 127}, DataType::kUint8), array_of({1, 2}, {1, 2}), array_of({1, 2}, {0, 100})},
               [](proto::NodeProto* proto) {
                 set_word(proto, "activation_type", "identity");
                 set_integer(proto, "fc2_expert_weight_bits", 8);
               }};
  node.constants = {2, 3, 5, 6};
  expect_outputs(node, {{{1, 2}, {15, 90}}});
}

TEST(MicrosoftProducts, WeightsMayBeSixteenNumbers) {
  // nf4: 15 and 0 are 1 and -1; fp4: 3 and 11 are 1 and -1, 5 is a half.
  OneNode node{"MatMulBnb4",
               kDomain,
               17,
               {array_of({1, 2}, {2, 3}), array_of({2}, {0xf0, 0x0f}, DataType::kUint8), array_of({2}, {1, 10})},
               [](proto::NodeProto* proto) {
                 for (const char* size : {"K", "N", "block_size"}) set_integer(proto, size, 2);
                 set_integer(proto, "quant_type", 1);
               }};
  node.constants = {1, 2};
  expect_outputs(node, {{{1, 2}, {-1, 10}}});
  node.inputs[1] = array_of({2}, {0x35, 0xb3}, DataType::kUint8);
  node.attributes = [](proto::NodeProto* proto) {
    for (const char* size : {"K", "N", "block_size"}) set_integer(proto, size, 2);
    set_integer(proto, "quant_type", 0);
  };
  expect_outputs(node, {{{1, 2}, {3.5, 10}}});
}

}  // namespace
}  // namespace ingot
