// The ready-made plugins: found by name, made by functions of old generations, and what they compute.
#include <cmath>
#include <cstring>

#include "../../programs/onnx_message.h"
#include "NvInferPlugin.h"
#include "NvOnnxParser.h"
#include "harness.h"

using namespace harness;

namespace {

// A plugin's fields as a program fills them in.
struct Fields {
  Fields& ints(const char* name, std::vector<int32_t> values) {
    integers.push_back(std::make_unique<std::vector<int32_t>>(std::move(values)));
    list.emplace_back(name, integers.back()->data(), PluginFieldType::kINT32, static_cast<int32_t>(integers.back()->size()));
    return *this;
  }
  Fields& reals(const char* name, std::vector<float> values) {
    floats.push_back(std::make_unique<std::vector<float>>(std::move(values)));
    list.emplace_back(name, floats.back()->data(), PluginFieldType::kFLOAT32, static_cast<int32_t>(floats.back()->size()));
    return *this;
  }
  Fields& word(const char* name, const char* text) {
    list.emplace_back(name, text, PluginFieldType::kCHAR, static_cast<int32_t>(std::strlen(text)));
    return *this;
  }
  std::vector<std::unique_ptr<std::vector<int32_t>>> integers;
  std::vector<std::unique_ptr<std::vector<float>>> floats;
  std::vector<PluginField> list;
};

IPluginV2* make(const char* name, const Fields& fields, const char* version = "1") {
  initLibNvInferPlugins(nullptr, "");
  IPluginCreator* creator = getPluginRegistry()->getPluginCreator(name, version, "");
  if (!creator) return nullptr;
  const PluginFieldCollection collection{static_cast<int32_t>(fields.list.size()), fields.list.data()};
  return creator->createPlugin("layer", &collection);
}

// What a plugin makes of its inputs, in a network with an explicit batch; it is destroyed.
std::vector<Value> run(IPluginV2* plugin, const std::vector<Value>& inputs, const std::vector<DataType>& types = {}) {
  if (!plugin) return {};
  Program p;
  std::vector<ITensor*> tensors;
  std::map<std::string, Value> values;
  for (size_t i = 0; i < inputs.size(); ++i) {
    const std::string name = "x" + std::to_string(i);
    tensors.push_back(&p.input(name.c_str(), inputs[i].shape, i < types.size() ? types[i] : DataType::kFLOAT));
    values[name] = inputs[i];
  }
  IPluginV2Layer* layer = p.network->addPluginV2(tensors.data(), static_cast<int32_t>(tensors.size()), *plugin);
  plugin->destroy();
  if (!layer) {
    ADD_FAILURE() << p.log.errors;
    return {};
  }
  for (int32_t o = 0; o < layer->getNbOutputs(); ++o) p.output(*layer, o);
  return p.run(values);
}

std::vector<double> count_up(size_t count, double step = 1) {
  std::vector<double> values(count);
  for (size_t i = 0; i < count; ++i) values[i] = step * static_cast<double>(i);
  return values;
}

// Two boxes that overlap and one beside; scores of two classes.
const Value kBoxes{{1, 3, 4}, {0, 0, 1, 1, 0, 0, 1, 0.75, 2, 2, 3, 3}};
const Value kScores{{1, 3, 2}, {0.5, 0.25, 0.75, 0.5, 0.125, 0.625}};

TEST(StockPlugins, are_registered_once_for_each_namespace) {
  Messages log;
  ASSERT_TRUE(initLibNvInferPlugins(&log, ""));
  EXPECT_TRUE(initLibNvInferPlugins(&log, ""));
  EXPECT_EQ(log.errors, "");
  EXPECT_EQ(getPluginRegistry()->getPluginCreator("EfficientNMS_TRT", "1", "elsewhere"), nullptr);
  ASSERT_TRUE(initLibNvInferPlugins(&log, "elsewhere"));
  EXPECT_NE(getPluginRegistry()->getPluginCreator("EfficientNMS_TRT", "1", "elsewhere"), nullptr);
  for (const char* name : {"BatchedNMS_TRT",
                           "BatchedNMSDynamic_TRT",
                           "NMS_TRT",
                           "GridAnchor_TRT",
                           "PriorBox_TRT",
                           "Normalize_TRT",
                           "LReLU_TRT",
                           "Region_TRT",
                           "Reorg_TRT",
                           "Clip_TRT",
                           "Split",
                           "InstanceNormalization_TRT",
                           "CropAndResize",
                           "ResizeNearest_TRT",
                           "SpecialSlice_TRT",
                           "FlattenConcat_TRT",
                           "BatchTilePlugin_TRT",
                           "CoordConvAC",
                           "ROIAlign_TRT",
                           "ScatterND",
                           "ModulatedDeformConv2d"}) {
    IPluginCreator* creator = getPluginRegistry()->getPluginCreator(name, "1", "");
    ASSERT_NE(creator, nullptr) << name;
    EXPECT_STREQ(creator->getPluginName(), name);
    ASSERT_NE(creator->getFieldNames(), nullptr);
  }
}

TEST(StockPlugins, efficient_nms_keeps_the_best_boxes) {
  const auto y =
      run(make("EfficientNMS_TRT", Fields().reals("score_threshold", {0.2F}).reals("iou_threshold", {0.5F}).ints("max_output_boxes", {4})),
          {kBoxes, kScores});
  ASSERT_EQ(y.size(), 4u);
  expect_near(y[0], {1, 1}, {3});
  expect_near(y[1], {1, 4, 4}, {0, 0, 1, 0.75, 2, 2, 3, 3, 0, 0, 1, 0.75, 0, 0, 0, 0});
  expect_near(y[2], {1, 4}, {0.75, 0.625, 0.5, 0});
  expect_near(y[3], {1, 4}, {0, 1, 1, 0});
  // Boxes as centre and size; scores as logits.
  const auto z = run(make("EfficientNMS_TRT", Fields().ints("max_output_boxes", {1}).ints("box_coding", {1}).ints("score_activation", {1})),
                     {{{1, 1, 4}, {2, 2, 2, 4}}, {{1, 1, 1}, {0}}});
  ASSERT_EQ(z.size(), 4u);
  expect_near(z[1], {1, 1, 4}, {1, 0, 3, 4});
  expect_near(z[2], {1, 1}, {0.5});
  // Encoded against anchors.
  const auto a = run(make("EfficientNMS_TRT", Fields().ints("max_output_boxes", {1}).ints("box_coding", {1})),
                     {{{1, 1, 4}, {0.5, 0, 0, 0}}, {{1, 1, 1}, {0.5}}, {{1, 1, 4}, {2, 2, 2, 4}}});
  ASSERT_EQ(a.size(), 4u);
  expect_near(a[1], {1, 1, 4}, {2, 0, 4, 4});
  const auto rows = run(make("EfficientNMS_ONNX_TRT", Fields().reals("iou_threshold", {0.5F}).ints("max_output_boxes_per_class", {2})),
                        {kBoxes, {{1, 2, 3}, {0.5, 0.75, 0.125, 0, 0, 0}}});
  ASSERT_EQ(rows.size(), 1u);
  expect_near(rows[0], {4, 3}, {0, 0, 1, 0, 0, 2, -1, -1, -1, -1, -1, -1});
}

TEST(StockPlugins, single_shot_detectors) {
  const auto priors =
      run(make("PriorBox_TRT", Fields().reals("minSize", {2}).ints("flip", {0}).reals("variance", {0.1F, 0.1F, 0.2F, 0.2F})),
          {{{1, 1, 1, 2}, {0, 0}}, {{1, 1, 4, 8}, std::vector<double>(32)}});
  ASSERT_EQ(priors.size(), 1u);
  expect_near(priors[0], {1, 2, 8, 1}, {0.125, 0.25, 0.375, 0.75, 0.625, 0.25, 0.875, 0.75, 0.1, 0.1, 0.2, 0.2, 0.1, 0.1, 0.2, 0.2});
  Value two = priors[0];
  const auto y =
      run(make("NMS_TRT",
               Fields().ints("numClasses", {2}).ints("keepTopK", {2}).reals("confidenceThreshold", {0.3F}).ints("inputOrder", {1, 0, 2})),
          {{{1, 4, 1, 1}, {0.25, 0.75, 0.9, 0.1}}, {{1, 8, 1, 1}, {10, 0, 0, 0, 0, 0, 0, 0}}, two});
  ASSERT_EQ(y.size(), 2u);
  expect_near(y[0], {1, 1, 2, 7}, {0, 1, 0.75, 0.375, 0.25, 0.625, 0.75, -1, 0, 0, 0, 0, 0, 0});
  expect_near(y[1], {1, 1, 1, 1}, {1});
  // Offsets in TensorFlow's order: y before x.
  const auto t = run(make("NMS_TRT", Fields().ints("numClasses", {2}).ints("keepTopK", {1}).ints("codeType", {3})),
                     {{{1, 8, 1, 1}, {0, 10, 0, 0, 0, 0, 0, 0}}, {{1, 4, 1, 1}, {0.25, 0.75, 0.9, 0.1}}, two});
  ASSERT_EQ(t.size(), 2u);
  expect_near(t[0], {1, 1, 1, 7}, {0, 1, 0.75, 0.375, 0.25, 0.625, 0.75});
  const auto anchors = run(make("GridAnchor_TRT", Fields()
                                                      .reals("minSize", {0.2F})
                                                      .reals("maxSize", {0.8F})
                                                      .reals("aspectRatios", {1})
                                                      .ints("featureMapShapes", {1, 1})
                                                      .ints("numLayers", {2})),
                           {});
  ASSERT_EQ(anchors.size(), 2u);
  EXPECT_EQ(anchors[0].shape, (std::vector<int64_t>{1, 2, 12, 1}));
  EXPECT_EQ(anchors[1].shape, (std::vector<int64_t>{1, 2, 8, 1}));
  EXPECT_NEAR(anchors[0].numbers[0], 0.45, 1e-6);
  EXPECT_NEAR(anchors[0].numbers[4], 0.5 - 0.1 * std::sqrt(2.0), 1e-6);
  EXPECT_NEAR(anchors[1].numbers[2], 0.9, 1e-6);
}

TEST(StockPlugins, functions_of_elements_and_normalizations) {
  const Value x{{1, 2, 1, 2}, {-2, 1, 3, -4}};
  expect_near(run(make("LReLU_TRT", Fields().reals("negSlope", {0.5F})), {x}).at(0), {1, 2, 1, 2}, {-1, 1, 3, -2});
  expect_near(run(make("Clip_TRT", Fields().reals("clipMin", {-1}).reals("clipMax", {2})), {x}).at(0), {1, 2, 1, 2}, {-1, 1, 2, -1});
  expect_near(
      run(make("InstanceNormalization_TRT", Fields().reals("epsilon", {0}).reals("scales", {2, 1}).reals("bias", {0, 5})), {x}).at(0),
      {1, 2, 1, 2}, {-2, 2, 6, 4});
  expect_near(
      run(make("InstanceNormalization_TRT", Fields().reals("epsilon", {0}).ints("relu", {1}).reals("alpha", {0.25F}), "2"), {x}).at(0),
      {1, 2, 1, 2}, {-0.25, 1, 1, -0.25});
  const double first = std::sqrt(13.0), second = std::sqrt(17.0);
  expect_near(
      run(make("Normalize_TRT", Fields().reals("weights", {2, 3}).ints("acrossSpatial", {0}).ints("channelShared", {0}).reals("eps", {0})),
          {x})
          .at(0),
      {1, 2, 1, 2}, {-4 / first, 2 / second, 9 / first, -12 / second});
  const double all = std::sqrt(30.0);
  expect_near(
      run(make("Normalize_TRT", Fields().reals("weights", {2}).ints("acrossSpatial", {1}).ints("channelShared", {1}).reals("eps", {0})),
          {x})
          .at(0),
      {1, 2, 1, 2}, {-4 / all, 2 / all, 6 / all, -8 / all});
  expect_near(
      run(make("GroupNormalizationPlugin", Fields().reals("eps", {0}).ints("num_groups", {2})), {x, {{2}, {2, 1}}, {{2}, {0, 5}}}).at(0),
      {1, 2, 1, 2}, {-2, 2, 6, 4});
}

TEST(StockPlugins, bert) {
  const Fields tables = std::move(Fields()
                                      .reals("bert_embeddings_layernorm_gamma", {2, 1})
                                      .reals("bert_embeddings_layernorm_beta", {0, 10})
                                      .reals("bert_embeddings_word_embeddings", {0, 0, 1, 0, 0, 3})
                                      .reals("bert_embeddings_token_type_embeddings", {0, 0, 0, 1})
                                      .reals("bert_embeddings_position_embeddings", {0, 0, 1, 1}));
  const std::vector<Value> ids = {{{2, 2}, {1, 2, 2, 1}}, {{2, 2}, {0, 1, 0, 0}}, {{2, 2}, {1, 1, 1, 0}}};
  const auto y = run(make("CustomEmbLayerNormPluginDynamic", tables), ids, {DataType::kINT32, DataType::kINT32, DataType::kINT32});
  ASSERT_EQ(y.size(), 2u);
  // Two numbers a token, of which the normalized larger one is 1: (1, 0), (0, 3), then (1, 5), (2, 1) with position and segment.
  expect_near(y[0], {2, 2, 2, 1, 1}, {2, 9, -2, 11, -2, 11, 2, 9}, 1e-3);
  expect_near(y[1], {2}, {2, 1});

  // Each head holds its query, key and value.
  const Value x{{2, 1, 6, 1, 1}, {0, 5, 10, 0, 0, 1, 0, 6, 20, std::log(3.0), 1, 3}};
  expect_near(run(make("CustomQKVToContextPluginDynamic", Fields().ints("hidden_size", {2}).ints("num_heads", {2})), {x}).at(0),
              {2, 1, 2, 1, 1}, {15, 2, 15, 2.5}, 1e-4);
  expect_near(run(make("CustomQKVToContextPluginDynamic", Fields().ints("hidden_size", {2}).ints("num_heads", {2}).ints("has_mask", {1})),
                  {x, {{1}, {1}}}, {DataType::kFLOAT, DataType::kINT32})
                  .at(0),
              {2, 1, 2, 1, 1}, {10, 1, 10, 1}, 1e-4);
  expect_near(
      run(make("CustomFCPluginDynamic", Fields().ints("out_dims", {3}).reals("W", {1, 0, 0, 1, 1, 1})), {{{2, 1, 2, 1, 1}, {1, 2, 3, 4}}})
          .at(0),
      {2, 1, 3, 1, 1}, {1, 2, 3, 3, 4, 7});
}

TEST(StockPlugins, bert_without_padding) {
  Fields tables;
  tables.reals("bert_embeddings_layernorm_gamma", {2, 1})
      .reals("bert_embeddings_layernorm_beta", {0, 10})
      .reals("bert_embeddings_word_embeddings", {0, 0, 1, 0, 0, 3})
      .reals("bert_embeddings_token_type_embeddings", {0, 0, 0, 1})
      .reals("bert_embeddings_position_embeddings", {0, 0, -4, 0});
  const DataType whole = DataType::kINT32;
  const Value ends{{3}, {0, 2, 3}}, longest{{1}, {2}};
  const auto y = run(make("CustomEmbLayerNormPluginDynamic", tables, "2"), {{{3}, {1, 1, 1}}, {{3}, {0, 0, 0}}, ends, longest},
                     {whole, whole, whole, whole});
  ASSERT_EQ(y.size(), 2u);
  // (1, 0), then (-3, 0) at the second place, and (1, 0) again where the next sequence begins.
  expect_near(y[0], {3, 2, 1, 1}, {2, 9, -2, 11, 2, 9}, 1e-3);
  const Value x{{3, 6, 1, 1}, {0, 5, 10, 0, 1, 100, 0, 6, 20, 0, 1, 300, 1, 1, 7, 1, 1, 9}};
  const Fields two_heads = std::move(Fields().ints("hidden_size", {2}).ints("num_heads", {2}).ints("var_seqlen", {1}));
  expect_near(run(make("CustomQKVToContextPluginDynamic", two_heads, "2"), {x, {{2}, {2, 1}}, ends, longest},
                  {DataType::kFLOAT, whole, whole, whole})
                  .at(0),
              {3, 2, 1, 1}, {15, 200, 15, 200, 7, 9}, 1e-3);
  expect_near(run(make("CustomSkipLayerNormPluginDynamic", Fields().ints("ld", {2}).reals("gamma", {2, 1}).reals("beta", {0, 10}), "2"),
                  {{{2, 2, 1, 1}, {1, 2, 3, 4}}, {{2, 2, 1, 1}, {0, 3, 0, -7}}})
                  .at(0),
              {2, 2, 1, 1}, {-2, 11, 2, 9}, 1e-3);
}

TEST(StockPlugins, attention_of_content_and_place_apart) {
  for (const int span : {2, 8}) {
    const int length = 60, width = 2 * span;
    const auto place = [&](int distance) {
      const int far = std::abs(distance), middle = span / 2, sign = distance < 0 ? -1 : 1;
      // Distances beyond the middle count by their logarithm.
      if (span == 8 && far > middle)
        distance = sign * (middle + static_cast<int>(std::ceil(std::log(far / 4.0) / std::log(511 / 4.0) * (middle - 1))));
      return std::min(std::max(distance + span, 0), width - 1);
    };
    std::vector<double> own = count_up(length * length), towards = count_up(length * width, 0.5), from = count_up(length * width, 100),
                        wanted;
    for (int i = 0; i < length; ++i) {
      for (int j = 0; j < length; ++j)
        wanted.push_back((own[static_cast<size_t>(i * length + j)] + towards[static_cast<size_t>(i * width + place(i - j))] +
                          from[static_cast<size_t>(j * width + place(j - i))]) /
                         2);
    }
    expect_near(run(make("DisentangledAttention_TRT", Fields().ints("span", {span}).reals("factor", {0.5})),
                    {{{1, length, length}, own}, {{1, length, width}, towards}, {{1, length, width}, from}})
                    .at(0),
                {1, length, length}, wanted, 1e-2);
  }
}

TEST(StockPlugins, what_scatters) {
  const std::vector<Value> inputs = {{{3}, {1, 2, 3}}, {{2}, {0, 0}}, {{2}, {10, 20}}};
  const std::vector<DataType> types = {DataType::kFLOAT, DataType::kINT64};
  const std::pair<const char*, double> sums[] = {{"add", 31}, {"mul", 200}, {"mean", 31.0 / 3}, {"max", 20}, {"min", 1}};
  for (const auto& [word, first] : sums)
    expect_near(run(make("ScatterElements", Fields().ints("axis", {0}).word("reduction", word)), inputs, types).at(0), {3}, {first, 2, 3},
                1e-4);
  // The third pillar does not count.
  const auto image = run(make("PillarScatterPlugin", Fields().ints("dense_shape", {2, 2})),
                         {{{1, 3, 2}, {1, 2, 3, 4, 5, 6}}, {{1, 3, 4}, {0, 0, 0, 1, 0, 0, 1, 0, 0, 0, 1, 1}}, {{1}, {2}}},
                         {DataType::kFLOAT, DataType::kINT32, DataType::kINT32});
  expect_near(image.at(0), {1, 2, 2, 2}, {0, 1, 3, 0, 0, 2, 4, 0});
}

TEST(StockPlugins, yolo_2) {
  // darknet's reorg_layer, written out.
  const int c = 8, h = 4, w = 6, s = 2, small = c / (s * s);
  std::vector<double> memory = count_up(c * h * w), wanted(memory.size());
  for (int k = 0; k < c; ++k) {
    for (int j = 0; j < h; ++j) {
      for (int i = 0; i < w; ++i) {
        const int offset = k / small, column = i * s + offset % s, row = j * s + offset / s;
        wanted[static_cast<size_t>(i + w * (j + h * k))] = memory[static_cast<size_t>(column + w * s * (row + h * s * (k % small)))];
      }
    }
  }
  expect_near(run(make("Reorg_TRT", Fields().ints("stride", {s})), {{{1, c, h, w}, memory}}).at(0), {1, c * s * s, h / s, w / s}, wanted);

  const auto sigmoid = [](double x) { return 1 / (1 + std::exp(-x)); };
  const double e = std::exp(1.0);
  expect_near(
      run(make("Region_TRT", Fields().ints("num", {1}).ints("coords", {4}).ints("classes", {2})), {{{1, 7, 1, 1}, {1, -1, 5, 6, 2, 3, 4}}})
          .at(0),
      {1, 7, 1, 1}, {sigmoid(1), sigmoid(-1), 5, 6, sigmoid(2), 1 / (1 + e), e / (1 + e)});
}

TEST(StockPlugins, what_moves_elements) {
  const auto flat =
      run(make("FlattenConcat_TRT", Fields().ints("axis", {1})), {{{2, 2, 1, 1}, {1, 2, 3, 4}}, {{2, 1, 1, 3}, {5, 6, 7, 8, 9, 10}}});
  expect_near(flat.at(0), {2, 5, 1, 1}, {1, 2, 5, 6, 7, 3, 4, 8, 9, 10});
  expect_near(run(make("BatchTilePlugin_TRT", Fields()), {{{2, 1, 1, 1}, {0, 0}}, {{1, 2, 1, 1}, {7, 8}}}).at(0), {2, 2, 1, 1},
              {7, 8, 7, 8});
  expect_near(run(make("CoordConvAC", Fields()), {{{1, 1, 2, 3}, {1, 2, 3, 4, 5, 6}}}).at(0), {1, 3, 2, 3},
              {1, 2, 3, 4, 5, 6, -1, -1, -1, 1, 1, 1, -1, 0, 1, -1, 0, 1});
  expect_near(run(make("SpecialSlice_TRT", Fields()), {{{1, 2, 6}, count_up(12)}}).at(0), {1, 2, 4}, {0, 1, 2, 3, 6, 7, 8, 9});
  const auto parts = run(make("Split", Fields().ints("axis", {1}).ints("output_lengths", {1, 2})), {{{2, 3}, count_up(6)}});
  ASSERT_EQ(parts.size(), 2u);
  expect_near(parts[0], {2, 1}, {0, 3});
  expect_near(parts[1], {2, 2}, {1, 2, 4, 5});
  expect_near(run(make("ScatterND", Fields()), {{{3}, {1, 2, 3}}, {{1, 1}, {1}}, {{1}, {9}}}, {DataType::kFLOAT, DataType::kINT32}).at(0),
              {3}, {1, 9, 3});
}

TEST(StockPlugins, what_reads_at_regions) {
  expect_near(run(make("ResizeNearest_TRT", Fields().reals("scale", {2})), {{{1, 1, 1, 2}, {1, 2}}}).at(0), {1, 1, 2, 4},
              {1, 1, 2, 2, 1, 1, 2, 2});
  // The middle half of a 5 x 5 image, at three points along each axis; and all of it at its corners.
  const auto crops = run(make("CropAndResize", Fields().ints("crop_height", {3}).ints("crop_width", {2})),
                         {{{1, 1, 5, 5}, count_up(25)}, {{1, 2, 4}, {0.25, 0.25, 0.75, 0.75, 0, 0, 1, 1}}});
  expect_near(crops.at(0), {1, 2, 1, 3, 2}, {6, 8, 11, 13, 16, 18, 0, 4, 10, 14, 20, 24});
  const auto aligned =
      run(make("ROIAlign_TRT", Fields()
                                   .ints("output_height", {1})
                                   .ints("output_width", {2})
                                   .ints("sampling_ratio", {1})
                                   .ints("coordinate_transformation_mode", {0})),
          {{{1, 1, 4, 4}, count_up(16)}, {{1, 4}, {0, 0, 2, 2}}, {{1}, {0}}}, {DataType::kFLOAT, DataType::kFLOAT, DataType::kINT32});
  expect_near(aligned.at(0), {1, 1, 1, 2}, {4.5, 5.5});
  // Without offsets and with a mask of ones it is a convolution.
  const auto y = run(make("ModulatedDeformConv2d", Fields().ints("stride", {1, 1}).ints("padding", {0, 0}).ints("dilation", {1, 1})),
                     {{{1, 1, 2, 3}, count_up(6)},
                      {{1, 4, 2, 2}, std::vector<double>(16)},
                      {{1, 2, 2, 2}, std::vector<double>(8, 1)},
                      {{1, 1, 1, 2}, {1, 10}},
                      {{1}, {0.5}}});
  expect_near(y.at(0), {1, 1, 2, 2}, {10.5, 21.5, 43.5, 54.5});
}

TEST(StockPlugins, regions_of_faster_rcnn) {
  // One anchor of 16 x 16 pixels at two places; the second score is the larger one. Three regions are asked for, so one is padding.
  const std::vector<Value> inputs{{{1, 2, 1, 2}, {0, 0, 0.25, 0.75}},
                                  {{1, 4, 1, 2}, std::vector<double>(8)},
                                  {{1, 1, 2, 4}, {1, 2, 3, 4, 5, 6, 7, 8}},
                                  {{1, 1, 1, 3}, {16, 32, 1}}};
  Fields fields;
  fields.ints("poolingH", {1}).ints("poolingW", {2}).ints("featureStride", {16}).ints("preNmsTop", {10}).ints("nmsMaxOut", {3});
  fields.ints("anchorsRatioCount", {1}).ints("anchorsScaleCount", {1}).reals("iouThreshold", {0.7F}).reals("minBoxSize", {1});
  fields.reals("spatialScale", {0.125F}).reals("anchorsRatios", {1}).reals("anchorsScales", {1});
  const auto values = run(make("RPROI_TRT", fields), inputs);
  ASSERT_EQ(values.size(), 2u);
  expect_near(values[0], {1, 1, 3, 4}, {16, 0, 31, 15, 0, 0, 16, 15, 0, 0, 0, 0});
  // The first covers columns 2 to 4 of the map, which has 4; the second 0 to 2, in cells of a column and a half; the padding the corner.
  expect_near(values[1], {1, 3, 1, 1, 2}, {8, 8, 6, 7, 1, 1});
  Fields wrong;
  wrong.ints("anchorsRatioCount", {2}).reals("anchorsRatios", {1});
  IPluginV2* plugin = make("RPROI_TRT", wrong);
  ASSERT_NE(plugin, nullptr);
  Program p;
  std::vector<ITensor*> tensors;
  for (size_t i = 0; i < inputs.size(); ++i) tensors.push_back(&p.input(("x" + std::to_string(i)).c_str(), inputs[i].shape));
  EXPECT_EQ(p.network->addPluginV2(tensors.data(), 4, *plugin), nullptr);
  plugin->destroy();
  EXPECT_NE(p.log.errors.find("anchorsRatioCount of RPROI_TRT is 2, but there are 1"), std::string::npos) << p.log.errors;
}

TEST(StockPlugins, mask_rcnn) {
  // An image of 4 x 4 pixels has one place in each of five maps, with three anchors each.
  std::vector<double> scores(30), shifts(60);
  scores[2 * 1 + 1] = 0.5;   // the square of 32 pixels around (0, 0) ...
  scores[2 * 14 + 1] = 0.9;  // ... and what the last anchor, shrunk to nothing, leaves
  for (int i : {2, 3}) shifts[14 * 4 + static_cast<size_t>(i)] = -200;
  Fields proposal;
  proposal.ints("prenms_topk", {15}).ints("keep_topk", {2}).reals("iou_threshold", {0.5F}).ints("image_size", {3, 4, 4});
  const auto regions = run(make("ProposalLayer_TRT", proposal), {{{1, 15, 2, 1}, scores}, {{1, 15, 4, 1}, shifts}});
  ASSERT_EQ(regions.size(), 1u);
  // A box from (y - h / 2) / 3 to (y + h / 2 - 1) / 3, whose centre is (-1 / 2) / 3; the other covers the image.
  expect_near(regions[0], {1, 2, 4}, {0, 0, 0, 0, 0, 0, 1, 1});

  // Two regions; the first is of class 1, the second of class 2, which its shift moves down by a tenth of its height.
  std::vector<double> moves(2 * 12);
  moves[12 + 8] = 1;
  Fields detection;
  detection.ints("num_classes", {3}).ints("keep_topk", {3}).reals("score_threshold", {0.3F}).reals("iou_threshold", {0.5F});
  const auto found = run(make("DetectionLayer_TRT", detection), {{{1, 2, 12, 1, 1}, moves},
                                                                 {{1, 2, 3, 1, 1}, {0.1, 0.5, 0.4, 0, 0.35, 0.65}},
                                                                 {{1, 2, 4}, {0, 0, 0.5, 0.5, 0.25, 0.25, 0.75, 0.75}}});
  ASSERT_EQ(found.size(), 1u);
  expect_near(found[0], {1, 3, 6}, {0.3, 0.25, 0.8, 0.75, 2, 0.65, 0, 0, 0.5, 0.5, 1, 0.5, 0, 0, 0, 0, 0, 0});

  // Maps that are all 2, 3, 4, 5; a region of the whole image of 448 pixels reads P5, one of 224 P4, 112 P3, 56 P2.
  std::vector<Value> pyramid{{{1, 4, 4}, {0, 0, 1, 1, 0, 0, 0.5, 0.5, 0, 0, 0.25, 0.25, 0, 0, 0.125, 0.125}}};
  for (int level = 2; level <= 5; ++level) {
    const int64_t side = int64_t{64} >> level;
    pyramid.push_back({{1, 1, side, side}, std::vector<double>(static_cast<size_t>(side * side), level)});
  }
  Fields align;
  align.ints("pooled_size", {2}).ints("image_size", {3, 448, 448});
  const auto read = run(make("PyramidROIAlign_TRT", align), pyramid);
  ASSERT_EQ(read.size(), 1u);
  expect_near(read[0], {1, 4, 1, 2, 2}, {5, 5, 5, 5, 4, 4, 4, 4, 3, 3, 3, 3, 2, 2, 2, 2});
}

TEST(StockPlugins, state_is_written_and_read_and_damage_is_refused) {
  IPluginV2* plugin = make("Clip_TRT", Fields().reals("clipMin", {-1}).reals("clipMax", {2}));
  ASSERT_NE(plugin, nullptr);
  std::vector<char> state(plugin->getSerializationSize());
  plugin->serialize(state.data());
  plugin->destroy();
  IPluginCreator* creator = getPluginRegistry()->getPluginCreator("Clip_TRT", "1", "");
  for (size_t size = 0; size < state.size(); ++size) EXPECT_EQ(creator->deserializePlugin("clip", state.data(), size), nullptr) << size;
  IPluginV2* again = creator->deserializePlugin("clip", state.data(), state.size());
  ASSERT_NE(again, nullptr);
  // A program may run it by itself.
  const Dims64 shape = [] {
    Dims64 one{};
    one.nbDims = 1;
    one.d[0] = 3;
    return one;
  }();
  EXPECT_EQ(again->getOutputDimensions64_(0, &shape, 1).d[0], 3);
  again->configureWithFormat64_(&shape, 1, &shape, 1, DataType::kFLOAT, PluginFormat::kLINEAR, 1);
  const float x[] = {-5, 0, 5};
  float y[3] = {};
  const void* inputs[] = {x};
  void* const outputs[] = {y};
  EXPECT_EQ(again->enqueue(1, inputs, outputs, nullptr, nullptr), 0);
  EXPECT_FLOAT_EQ(y[0], -1);
  EXPECT_FLOAT_EQ(y[2], 2);
  again->destroy();
}

TEST(StockPlugins, functions_of_generations_4_and_5_make_them) {
  const Value x{{1, 1, 1, 3}, {-5, 0, 5}};
  expect_near(run(createClipPlugin("clip", -1, 2), {x}).at(0), {1, 1, 1, 3}, {-1, 0, 2});
  expect_near(run(createLReLUPlugin(0.5F), {x}).at(0), {1, 1, 1, 3}, {-2.5, 0, 5});
  const float scale = 3;
  const Weights scales{DataType::kFLOAT, &scale, 1};
  expect_near(run(createNormalizePlugin(&scales, true, true, 0), {x}).at(0), {1, 1, 1, 3}, {-3 / std::sqrt(2.0), 0, 3 / std::sqrt(2.0)});
}

TEST(StockPlugins, nodes_of_models_name_them) {
  using namespace onnx_message;
  const std::string bytes = model(node("EfficientNMS_TRT", "nms", {"b", "s"}, {"n", "y", "z", "c"},
                                       attribute("plugin_version", "1") + attribute("score_threshold", 0.2F) +
                                           attribute("iou_threshold", 0.5F) + attribute("max_output_boxes", int64_t{2})),
                                  value(11, "b", {1, 3, 4}) + value(11, "s", {1, 3, 2}), value(12, "z", {1, 2}));
  Program p;
  std::unique_ptr<nvonnxparser::IParser> parser(nvonnxparser::createParser(*p.network, p.log));
  ASSERT_TRUE(parser->parse(bytes.data(), bytes.size())) << p.log.errors;
  expect_near(p.run({{"b", kBoxes}, {"s", kScores}}).at(0), {1, 2}, {0.75, 0.625});
}

TEST(StockPlugins, errors_name_what_is_wrong) {
  Program p;
  ITensor* x = &p.input("x", {1, 3, 4, 4});
  IPluginV2* plugin = make("Reorg_TRT", Fields().ints("stride", {2}));
  EXPECT_EQ(p.network->addPluginV2(&x, 1, *plugin), nullptr);
  plugin->destroy();
  EXPECT_NE(p.log.errors.find("Reorg_TRT of stride 2 does not divide [1, 3, 4, 4]"), std::string::npos) << p.log.errors;
}

TEST(StockPlugins, newer_versions_are_plugins_of_generation_10) {
  initLibNvInferPlugins(nullptr, "");
  const std::pair<const char*, const char*> newer[] = {{"ScatterElements", "2"},
                                                       {"DisentangledAttention_TRT", "2"},
                                                       {"CustomEmbLayerNormPluginDynamic", "6"},
                                                       {"CustomQKVToContextPluginDynamic", "4"},
                                                       {"CustomSkipLayerNormPluginDynamic", "5"},
                                                       {"CustomFCPluginDynamic", "2"}};
  for (const auto& [name, version] : newer) {
    IPluginCreatorInterface* creator = getPluginRegistry()->getCreator(name, version, "");
    ASSERT_NE(creator, nullptr) << name;
    EXPECT_STREQ(creator->getInterfaceInfo().kind, "PLUGIN CREATOR_V3ONE");
  }
  IPluginCreatorInterface* found = getPluginRegistry()->getCreator("InstanceNormalization_TRT", "3", "");
  ASSERT_NE(found, nullptr);
  ASSERT_STREQ(found->getInterfaceInfo().kind, "PLUGIN CREATOR_V3ONE");
  auto* creator = static_cast<IPluginCreatorV3One*>(found);
  Fields fields;
  fields.reals("epsilon", {1e-5f}).reals("scales", {2, 1}).reals("bias", {0, 3});
  const PluginFieldCollection collection{static_cast<int32_t>(fields.list.size()), fields.list.data()};
  std::unique_ptr<IPluginV3> plugin(creator->createPlugin("layer", &collection, TensorRTPhase::kBUILD));
  ASSERT_NE(plugin, nullptr);
  // What a plan would keep makes the same plugin again.
  auto* runtime = static_cast<IPluginV3OneRuntime*>(plugin->getCapabilityInterface(PluginCapabilityType::kRUNTIME));
  std::unique_ptr<IPluginV3> again(creator->createPlugin("layer", runtime->getFieldsToSerialize(), TensorRTPhase::kRUNTIME));
  ASSERT_NE(again, nullptr);
  for (IPluginV3* own : {plugin.get(), again.get()}) {
    Program p;
    ITensor* x = &p.input("x", {1, 2, 1, 2});
    IPluginV3Layer* layer = p.network->addPluginV3(&x, 1, nullptr, 0, *own);
    ASSERT_NE(layer, nullptr) << p.log.errors;
    auto* core = static_cast<IPluginV3OneCore*>(layer->getPlugin().getCapabilityInterface(PluginCapabilityType::kCORE));
    EXPECT_STREQ(core->getPluginVersion(), "3");
    p.output(*layer);
    expect_near(p.run({{"x", {{1, 2, 1, 2}, {1, 3, 5, 9}}}}).at(0), {1, 2, 1, 2}, {-2, 2, 2, 4}, 1e-4);
  }
}

}  // namespace
