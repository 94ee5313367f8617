// Spellings of opsets 1 to 6.
#include <gmock/gmock.h>

#include "one_node.h"

namespace ingot {
namespace {

using ::testing::HasSubstr;

TEST(OnnxOpsets, TheSecondOperandStandsWhereTheAxisSays) {
  const Array x = array_of({1, 2, 2}, {1, 2, 3, 4}), y = array_of({2}, {10, 20});
  const auto with_axis = [](int64_t axis) {
    return [axis](proto::NodeProto* node) {
      set_integer(node, "broadcast", 1);
      if (axis >= 0) set_integer(node, "axis", axis);
    };
  };
  expect_outputs({"Add", "", 6, {x, y}, with_axis(1)}, {{{1, 2, 2}, {11, 12, 23, 24}}});
  expect_outputs({"Add", "", 6, {x, y}, with_axis(-1)}, {{{1, 2, 2}, {11, 22, 13, 24}}});
  expect_outputs({"Pow", "", 1, {x, array_of({2}, {1, 2})}, with_axis(1)}, {{{1, 2, 2}, {1, 2, 9, 16}}});
  EXPECT_THAT(message_of({"Add", "", 6, {x, y}}), HasSubstr("differ in rank, and the attribute broadcast is not set"));
  EXPECT_THAT(message_of({"Add", "", 6, {x, array_of({2, 2}, {1, 2, 3, 4})}, with_axis(2)}), HasSubstr("does not fit into [1, 2, 2]"));
}

TEST(OnnxOpsets, ASlopeOfPReluBelongsToTheChannels) {
  const Array x = array_of({1, 2, 2}, {-1, 2, -3, -4});
  expect_outputs({"PRelu", "", 6, {x, array_of({2}, {0.5, 2})}}, {{{1, 2, 2}, {-0.5, 2, -6, -8}}});
  expect_outputs({"PRelu", "", 6, {x, array_of({1}, {0.5})}}, {{{1, 2, 2}, {-0.5, 2, -1.5, -2}}});
}

TEST(OnnxOpsets, TypesOfCastsAreWords) {
  const auto to = [](const char* word) { return [word](proto::NodeProto* node) { set_word(node, "to", word); }; };
  const auto y = OneNode{"Cast", "", 5, {array_of({2}, {1.5, -2.5})}, to("INT32")}.run();
  ASSERT_TRUE(y.ok()) << y.error().message;
  EXPECT_EQ((*y)[0].type(), DataType::kInt32);
  EXPECT_EQ((*y)[0].integers(), (std::vector<int64_t>{1, -2}));
  EXPECT_THAT(message_of({"Cast", "", 5, {array_of({1}, {1})}, to("FLOATY")}), HasSubstr("element type 'FLOATY' is not one of ONNX"));
}

TEST(OnnxOpsets, AttributesThatBecameInputs) {
  const Array x = array_of({1, 2}, {1, 2});
  expect_outputs({"Reshape", "", 1, {x}, [](auto* node) { set_integers(node, "shape", {2, 1}); }}, {{{2, 1}, {1, 2}}});
  expect_outputs({"Pad", "", 1, {x}, [](auto* node) { set_integers(node, "paddings", {0, 1, 0, 0}); }}, {{{1, 3}, {0, 1, 2}}});
  expect_outputs({"Tile", "", 1, {x, array_of({1}, {2}, DataType::kInt64), array_of({1}, {1}, DataType::kInt64)}, [](auto*) {}, 1, {1, 2}},
                 {{{1, 4}, {1, 2, 1, 2}}});
  expect_outputs({"Upsample",
                  "",
                  1,
                  {array_of({1, 1, 1, 2}, {1, 2})},
                  [](auto* node) {
                    set_number(node, "height_scale", 2);
                    set_number(node, "width_scale", 1);
                  }},
                 {{{1, 1, 2, 2}, {1, 2, 1, 2}}});
}

TEST(OnnxOpsets, NormsAreFloatingPointAndStatisticsMayBelongToPositions) {
  const auto p = [](proto::NodeProto* node) { set_number(node, "p", 1); };
  expect_outputs({"GlobalLpPool", "", 1, {array_of({1, 1, 2}, {3, -4})}, p}, {{{1, 1, 1}, {7}}});
  EXPECT_THAT(message_of({"GlobalLpPool", "", 1, {array_of({1, 1, 2}, {3, -4})}, [](auto* node) { set_number(node, "p", 1.5); }}),
              HasSubstr("a whole number is wanted"));
  const auto positions = [](proto::NodeProto* node) {
    set_integer(node, "spatial", 0);
    set_number(node, "epsilon", 0);
  };
  // (x - mean) / sqrt(variance) * scale + bias, each of [C, L].
  expect_outputs({"BatchNormalization",
                  "",
                  7,
                  {array_of({1, 1, 2}, {3, 5}), array_of({1, 2}, {2, 3}), array_of({1, 2}, {1, 0}), array_of({1, 2}, {1, 1}),
                   array_of({1, 2}, {4, 16})},
                  positions},
                 {{{1, 1, 2}, {3, 3}}});
}

TEST(OnnxOpsets, AModelOfIrVersionTwoNeedNotSayItsOpset) {
  proto::ModelProto model = OneNode{"Relu", "", 1, {array_of({2}, {-1, 2})}}.model();
  model.clear_opset_import();
  model.set_ir_version(2);
  EXPECT_EQ(error_of(model), "");
  model.set_ir_version(3);
  EXPECT_THAT(error_of(model), HasSubstr("does not say which opset it uses"));
}

}  // namespace
}  // namespace ingot
