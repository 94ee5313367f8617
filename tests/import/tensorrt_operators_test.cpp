// Operators of domain "trt", each by its formula.
#include <gmock/gmock.h>

#include <cmath>

#include "one_node.h"

namespace ingot {
namespace {

using ::testing::HasSubstr;

const auto no_attributes = [](proto::NodeProto*) {};

// `first` of x, then `second` of what it gives, with the same scale: what a network sees of a quantized value.
std::vector<float> there_and_back(const std::string& first, const std::string& second, const Array& x, const Array& scale,
                                  const std::function<void(proto::NodeProto*)>& attributes = no_attributes) {
  OneNode node{first, "trt", 17, {x, scale}, attributes};
  proto::ModelProto model = node.model();
  auto* graph = model.mutable_graph();
  auto* back = add_node(graph, second, {"o0", "i1"}, {"back"}, "back");
  back->set_domain("trt");
  attributes(back);
  graph->mutable_output(0)->set_name("back");
  auto network = import_model(model);
  EXPECT_TRUE(network.ok()) << network.error().message;
  return network.ok() ? outputs_of(**network, node.inputs) : std::vector<float>();
}

TEST(TensorRtOperators, QuantizeToEightAndFourBits) {
  const Array half = array_of({}, {0.5});
  // fp8 (e4m3) holds 16 and 18, not 17: ties go to the even code; it ends at 448.
  EXPECT_EQ(there_and_back("TRT_FP8QuantizeLinear", "TRT_FP8DequantizeLinear", array_of({4}, {8.5, 9, -1000, 0.5}), half),
            (std::vector<float>{8, 9, -224, 0.5}));
  EXPECT_EQ(there_and_back("TRT_INT4QuantizeLinear", "TRT_INT4DequantizeLinear", array_of({4}, {1.2, -0.7, 10, -10}), half),
            (std::vector<float>{1, -0.5, 3.5, -4}));
  const auto blocks = [](proto::NodeProto* node) {
    set_integer(node, "axis", -1);
    set_integer(node, "block_size", 2);
  };
  EXPECT_EQ(there_and_back("TRT_INT4QuantizeLinear", "TRT_INT4DequantizeLinear", array_of({1, 4}, {1, 2, 30, 40}),
                           array_of({1, 2}, {1, 10}), blocks),
            (std::vector<float>{1, 2, 30, 40}));
}

TEST(TensorRtOperators, CodesMayBeKeptAsBytes) {
  // 0x38 is 1, 0xc0 is -2.
  OneNode node{"TRT_FP8DequantizeLinear", "trt", 17, {array_of({2}, {0x38, 0xc0}, DataType::kUint8), array_of({}, {3})}};
  expect_outputs(node, {{{2}, {3, -6}}});
  node.op = "TRT_INT4DequantizeLinear";
  EXPECT_THAT(message_of(node), HasSubstr("the codes are uint8 [2]; int4 is wanted"));
}

TEST(TensorRtOperators, BlocksFindTheirScales) {
  // Blocks of 2: the largest numbers 448 and 7 * 448 / 4 need the scales 1 and 2.
  OneNode node{"TRT_MXFP8DynamicQuantize", "trt", 17, {array_of({1, 4}, {448, 1, 784, 2})}};
  node.attributes = [](proto::NodeProto* proto) { set_integer(proto, "block_size", 2); };
  proto::ModelProto model = node.model();
  auto* graph = model.mutable_graph();
  graph->mutable_node(0)->add_output("scale");
  auto* back = add_node(graph, "TRT_MXFP8DequantizeLinear", {"o0", "scale"}, {"back"}, "back");
  back->set_domain("trt");
  set_integer(back, "block_size", 2);
  graph->mutable_output(0)->set_name("back");
  auto network = import_model(model);
  ASSERT_TRUE(network.ok()) << network.error().message;
  // 784 / 2 = 392 lies between 384 and 416.
  EXPECT_EQ(outputs_of(**network, node.inputs), (std::vector<float>{448, 1, 768, 2}));
}

TEST(TensorRtOperators, FourBitsHaveTwoLevelsOfScales) {
  // The block's scale 12 / 6 = 2 is kept as 2 / 0.5 = 4 in fp8; codes 6, -1, 0.5, 0.
  OneNode node{"TRT_FP4DynamicQuantize", "trt", 17, {array_of({1, 4}, {12, -2, 1, 0}), array_of({}, {0.5})}};
  node.attributes = [](proto::NodeProto* proto) { set_integer(proto, "block_size", 4); };
  node.outputs = 2;
  expect_outputs(node, {{{1, 4}, {6, -1, 0.5, 0}}, {{1, 1}, {4}}});
}

TEST(TensorRtOperators, CachesAttentionAndDivision) {
  expect_outputs({"TRT_FloorDiv", "", 17, {array_of({2}, {-7, 7}, DataType::kInt32), array_of({1}, {2}, DataType::kInt32)}},
                 {{{2}, {-4, 3}}});
  OneNode cache{"TRT_KVCacheUpdate",
                "trt",
                17,
                {array_of({2, 1, 3, 1}, {1, 2, 3, 4, 5, 6}), array_of({2, 1, 1, 1}, {10, 20}), array_of({2}, {0, 2}, DataType::kInt64)}};
  expect_outputs(cache, {{{2, 1, 3, 1}, {10, 2, 3, 4, 5, 20}}});
  cache.attributes = [](proto::NodeProto* node) { set_word(node, "update_form", "packed_nhd"); };
  EXPECT_THAT(message_of(cache), HasSubstr("input 1 is float [2, 1, 1, 1]; [tokens, heads, depth] is wanted"));
  // Equal scores: the mean of what is seen, which is the first value alone for the first query.
  OneNode attention{
      "TRT_Attention", "trt", 17, {array_of({1, 1, 2, 1}, {0, 0}), array_of({1, 1, 2, 1}, {1, 2}), array_of({1, 1, 2, 1}, {4, 8})}};
  attention.attributes = [](proto::NodeProto* node) { set_integer(node, "is_causal", 1); };
  expect_outputs(attention, {{{1, 1, 2, 1}, {4, 6}}});
}

TEST(TensorRtOperators, PackedSequencesHaveLengths) {
  const auto packed = [](proto::NodeProto* node) { set_word(node, "update_form", "packed_nhd"); };
  OneNode cache{"TRT_KVCacheUpdate",
                "trt",
                17,
                {array_of({2, 1, 3, 1}, {1, 2, 3, 4, 5, 6}), array_of({2, 1, 1}, {10, 20}), array_of({2}, {0, 1}, DataType::kInt64),
                 array_of({3}, {0, 0, 2}, DataType::kInt32)},
                packed};
  expect_outputs(cache, {{{2, 1, 3, 1}, {1, 2, 3, 4, 10, 20}}});
  // Scores 2 * k of the second sequence's two keys; the query of the first one sees its only key.
  const Array lengths = array_of({3}, {0, 1, 3}, DataType::kInt32), ends = array_of({3}, {0, 1, 2}, DataType::kInt32);
  OneNode attention{
      "TRT_Attention",
      "trt",
      17,
      {array_of({2, 1, 1}, {1, 1}), array_of({3, 1, 1}, {5, 0, 1}), array_of({3, 1, 1}, {7, 0, 1}), {}, {}, {}, ends, lengths},
      [](proto::NodeProto* node) {
        set_word(node, "query_form", "packed_nhd");
        set_word(node, "kv_form", "packed_nhd");
        set_number(node, "scale", 2);
      }};
  expect_outputs(attention, {{{2, 1, 1}, {7, static_cast<float>(1 / (1 + std::exp(-2.0)))}}});
}

}  // namespace
}  // namespace ingot
