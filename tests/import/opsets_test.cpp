// Spellings of opsets 1 to 6.
#include <gmock/gmock.h>

#include <cmath>

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

TEST(OnnxExperimental, FormulasOfOneElement) {
  const Array x = array_of({1, 2, 1, 1}, {1, -2});
  const auto both = [](proto::NodeProto* node) {
    set_number(node, "alpha", 3);
    set_number(node, "beta", 0.5);
  };
  expect_outputs({"Affine", "", 1, {x}, both}, {{{1, 2, 1, 1}, {3.5, -5.5}}});
  expect_outputs({"ParametricSoftplus", "", 1, {x}, both},
                 {{{1, 2, 1, 1}, {3 * std::log(std::exp(0.5) + 1), 3 * std::log(std::exp(-1) + 1)}}});
  expect_outputs({"ScaledTanh", "", 1, {x}, both}, {{{1, 2, 1, 1}, {3 * std::tanh(0.5), 3 * std::tanh(-1)}}});
  expect_outputs({"Scale", "", 1, {x}, [](auto* node) { set_number(node, "scale", 4); }}, {{{1, 2, 1, 1}, {4, -8}}});
  const auto channels = [](std::vector<float> bias) {
    return [bias](proto::NodeProto* node) {
      set_number(node, "scale", 2);
      set_numbers(node, "bias", bias);
    };
  };
  expect_outputs({"ImageScaler", "", 1, {x}, channels({10, 20})}, {{{1, 2, 1, 1}, {12, 16}}});
  EXPECT_THAT(message_of({"ImageScaler", "", 1, {x}, channels({1, 2, 3})}), HasSubstr("3 biases do not belong to the channels of"));
}

TEST(OnnxExperimental, ImagesAreCropped) {
  const Array x = array_of({1, 1, 3, 4}, {0, 1, 2, 3, 10, 11, 12, 13, 20, 21, 22, 23});
  const auto given = [](std::vector<int64_t> border, std::vector<int64_t> scale) {
    return [=](proto::NodeProto* node) {
      set_integers(node, "border", border);
      if (!scale.empty()) set_integers(node, "scale", scale);
    };
  };
  expect_outputs({"Crop", "", 1, {x}, given({1, 0, 2, 1}, {})}, {{{1, 1, 2, 1}, {1, 11}}});
  expect_outputs({"Crop", "", 1, {x}, given({1, 1, 0, 0}, {1, 2})}, {{{1, 1, 1, 2}, {11, 12}}});
  EXPECT_THAT(message_of({"Crop", "", 1, {x}, given({2, 0, 3, 0}, {})}), HasSubstr("do not fit into float [1, 1, 3, 4]"));
  EXPECT_THAT(message_of({"Crop", "", 1, {x}, given({0, 2, 0, 0}, {2, 2})}), HasSubstr("do not fit into float [1, 1, 3, 4]"));
  EXPECT_THAT(message_of({"Crop", "", 1, {x}, given({1, 1}, {})}), HasSubstr("left, top, right and bottom are wanted"));
}

TEST(OnnxExperimental, TensorsAreFilledAndCut) {
  const Array x = array_of({2, 1}, {1, 2}), dims = array_of({2}, {1, 3}, DataType::kInt64);
  const auto seven = [](proto::NodeProto* node) {
    set_number(node, "value", 7);
    set_integers(node, "extra_shape", {2});
  };
  expect_outputs({"ConstantFill", "", 1, {x}, seven}, {{{2, 1, 2}, {7, 7, 7, 7}}});
  const auto listed = [=](proto::NodeProto* node) {
    set_number(node, "value", 7);
    set_integer(node, "dtype", proto::TensorProto::INT32);
    set_integer(node, "input_as_shape", 1);
  };
  expect_outputs({"ConstantFill", "", 1, {dims}, listed, 1, {0}}, {{{1, 3}, {7, 7, 7}}});
  expect_outputs({"ConstantFill", "", 1, {dims}, listed}, {{{1, 3}, {7, 7, 7}}});
  const auto numbers = [](proto::NodeProto* node) {
    set_numbers(node, "values", {1, 2, 3});
    set_integers(node, "shape", {3});
  };
  expect_outputs({"GivenTensorFill", "", 1, {}, numbers}, {{{3}, {1, 2, 3}}});
  const Array places = array_of({1}, {1}, DataType::kInt64), ends = array_of({1}, {2}, DataType::kInt64);
  expect_outputs({"DynamicSlice", "", 1, {x, places, ends}, [](auto*) {}, 1, {1, 2}}, {{{1, 1}, {2}}});
  EXPECT_THAT(message_of({"ATen", "", 1, {x}}), HasSubstr("it calls into the framework that wrote the file"));
}

TEST(OnnxOpsets, MeansAndVariancesHadSwitches) {
  const Array x = array_of({1, 2, 1, 2}, {1, 3, 5, 11});
  const auto with = [](int64_t across, int64_t divides) {
    return [=](proto::NodeProto* node) {
      set_integer(node, "across_channels", across);
      set_integer(node, "normalize_variance", divides);
    };
  };
  expect_outputs({"MeanVarianceNormalization", "", 1, {x}, with(0, 1)}, {{{1, 2, 1, 2}, {-1, 1, -1, 1}}});
  expect_outputs({"MeanVarianceNormalization", "", 1, {x}, with(0, 0)}, {{{1, 2, 1, 2}, {-1, 1, -3, 3}}});
  expect_outputs({"MeanVarianceNormalization", "", 1, {x}, with(1, 0)}, {{{1, 2, 1, 2}, {-4, -2, 0, 6}}});
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
