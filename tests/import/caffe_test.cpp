// Caffe definitions in all spellings, their layers, and what is said of wrong ones.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>

#include "import/caffe/import.h"
#include "import/caffe/net_file.h"

namespace ingot {
namespace {

using ::testing::ElementsAre;
using ::testing::FloatNear;
using ::testing::HasSubstr;
using ::testing::Not;
using ::testing::Pointwise;

Bytes bytes_of(const std::string& text) { return {reinterpret_cast<const std::byte*>(text.data()), text.size()}; }

// A model of one layer's blobs.
using Blobs = std::vector<std::vector<float>>;
std::string model_of(const std::string& layer, const Blobs& blobs) {
  ingot_caffe_weights::NetWeights net;
  auto* weights = net.add_layer();
  weights->set_name(layer);
  for (const auto& values : blobs) {
    auto* blob = weights->add_blobs();
    blob->mutable_data()->Add(values.begin(), values.end());
    blob->mutable_shape()->add_dim(static_cast<int64_t>(values.size()));
  }
  return net.SerializeAsString();
}

Result<std::unique_ptr<Network>> import(const std::string& deploy, const std::string& model = "", CaffeImportOptions options = {}) {
  options.name = "deploy.prototxt";
  const Bytes weights = bytes_of(model);
  return import_caffe(bytes_of(deploy), model.empty() ? nullptr : &weights, options);
}

std::string error_of(const std::string& deploy, const std::string& model = "", const CaffeImportOptions& options = {}) {
  auto network = import(deploy, model, options);
  return network.ok() ? "no error" : network.error().message;
}

std::string input(const std::string& name, const Shape& shape) {
  std::string text = "layer { name: '" + name + "' type: 'Input' top: '" + name + "' input_param { shape {";
  for (int64_t dim : shape) text += " dim: " + std::to_string(dim);
  return text + " } } }\n";
}

// y of a layer "l" over x with these values.
std::vector<float> run(const Shape& shape, const std::vector<float>& values, const std::string& layer, const Blobs& blobs = {}) {
  auto network = import(input("x", shape) + "layer { name: 'l' bottom: 'x' top: 'y' " + layer + " }", model_of("l", blobs));
  EXPECT_TRUE(network.ok()) << network.error().message;
  if (!network.ok()) return {};
  EXPECT_TRUE((*network)->verify().ok());
  EXPECT_EQ((*network)->layers().back()->name, "l");
  auto outputs = (*network)->evaluate({Array::of(DataType::kFloat, shape, values)});
  EXPECT_TRUE(outputs.ok()) << outputs.error().message;
  return outputs.ok() ? (*outputs)[0].floats() : std::vector<float>{};
}

std::string type_of(const Shape& shape, const std::string& layer) {
  auto network = import(input("x", shape) + "layer { name: 'l' bottom: 'x' top: 'y' " + layer + " }");
  return network.ok() ? (*network)->outputs()[0]->type.text() : network.error().message;
}

std::vector<float> counting(int64_t count) {
  std::vector<float> values;
  for (int64_t i = 0; i < count; ++i) values.push_back(static_cast<float>(i));
  return values;
}

TEST(Caffe, PoolingRoundsUpAndConvolutionDown) {
  EXPECT_EQ(type_of({1, 2, 6, 6}, "type: 'Pooling' pooling_param { kernel_size: 3 stride: 2 }"), "float [1, 2, 3, 3]");
  EXPECT_EQ(type_of({1, 2, 6, 6}, "type: 'Pooling' pooling_param { kernel_size: 3 stride: 2 torch_pooling: true }"), "float [1, 2, 2, 2]");
  EXPECT_EQ(type_of({1, 2, 6, 6}, "type: 'Pooling' pooling_param { kernel_size: 3 stride: 2 round_mode: FLOOR }"), "float [1, 2, 2, 2]");
  EXPECT_EQ(type_of({1, 2, 6, 6}, "type: 'Convolution' convolution_param { num_output: 4 kernel_size: 3 stride: 2 }"),
            "float [1, 4, 2, 2]");
  EXPECT_EQ(type_of({1, 2, 6, 6}, "type: 'Pooling' pooling_param { pool: AVE global_pooling: true }"), "float [1, 2, 1, 1]");
}

TEST(Caffe, ConvolutionsTakeSidesGroupsAndBlobs) {
  EXPECT_THAT(
      run({1, 2, 1, 2}, {1, 2, 3, 4}, "type: 'Convolution' convolution_param { num_output: 2 kernel_size: 1 group: 2 }", {{2, 3}, {0, 1}}),
      ElementsAre(2, 4, 10, 13));
  EXPECT_THAT(run({1, 1, 1, 3}, {1, 2, 3},
                  "type: 'Convolution' convolution_param { num_output: 1 kernel_h: 1 kernel_w: 2 pad_w: 1 bias_term: false }", {{1, 10}}),
              ElementsAre(10, 21, 32, 3));
  EXPECT_THAT(
      run({1, 1, 1, 2}, {1, 2},
          "type: 'Deconvolution' convolution_param { num_output: 1 kernel_h: 1 kernel_w: 2 stride_w: 2 bias_term: false stride_h: 1 }",
          {{1, 10}}),
      ElementsAre(1, 10, 2, 20));
}

TEST(Caffe, AveragesCountThePadding) {
  EXPECT_THAT(run({1, 1, 1, 2}, {4, 8}, "type: 'Pooling' pooling_param { pool: AVE kernel_h: 1 kernel_w: 2 stride: 1 pad_w: 1 }"),
              ElementsAre(2, 6, 4));
}

TEST(Caffe, ActivationsHaveTheirParameters) {
  EXPECT_THAT(run({2}, {-1, 2}, "type: 'ReLU' relu_param { negative_slope: 0.5 }"), ElementsAre(-0.5f, 2));
  EXPECT_THAT(run({1, 2}, {-1, -2}, "type: 'PReLU'", {{0.5, 0.25}}), ElementsAre(-0.5f, -0.5f));
  EXPECT_THAT(run({2}, {1, 2}, "type: 'Power' power_param { power: 2 scale: 3 shift: 1 }"), ElementsAre(16, 49));
  EXPECT_THAT(run({2}, {1, 3}, "type: 'Exp' exp_param { base: 2 shift: 1 }"), Pointwise(FloatNear(1e-5f), {4.f, 16.f}));
  EXPECT_THAT(run({2}, {4, 16}, "type: 'Log' log_param { base: 2 scale: 2 }"), Pointwise(FloatNear(1e-5f), {3.f, 5.f}));
  EXPECT_THAT(run({3}, {1, 2, 3}, "type: 'Threshold' threshold_param { threshold: 2 }"), ElementsAre(0, 0, 1));
  EXPECT_THAT(run({2}, {-1, 9}, "type: 'Clip' clip_param { min: 0 max: 6 }"), ElementsAre(0, 6));
}

TEST(Caffe, ActivationsFollowTheirFormulas) {
  const auto logistic = [](float x) { return 1 / (1 + std::exp(-x)); };
  const auto expect = [](const char* layer, const std::vector<float>& values, const std::vector<float>& expected) {
    EXPECT_THAT(run({static_cast<int64_t>(values.size())}, values, layer), Pointwise(FloatNear(1e-5f), expected)) << layer;
  };
  expect("type: 'ReLU6'", {-1, 3, 9}, {0, 3, 6});
  expect("type: 'ELU' elu_param { alpha: 2 }", {-1, 3}, {2 * (std::exp(-1.f) - 1), 3});
  expect("type: 'Swish' swish_param { beta: 2 }", {-1, 3}, {-logistic(-2), 3 * logistic(6)});
  expect("type: 'Sigmoid'", {-1, 3}, {logistic(-1), logistic(3)});
  expect("type: 'TanH'", {-1, 3}, {std::tanh(-1.f), std::tanh(3.f)});
  expect("type: 'AbsVal'", {-1, 3}, {1, 3});
  expect("type: 'BNLL'", {-1, 3}, {std::log(1 + std::exp(-1.f)), std::log(1 + std::exp(3.f))});
  expect("type: 'Mish'", {-1, 3}, {-std::tanh(std::log(1 + std::exp(-1.f))), 3 * std::tanh(std::log(1 + std::exp(3.f)))});
  expect("type: 'HSwish'", {-4, -1, 3}, {0, -1.f / 3, 3});
  for (const char* layer : {"type: 'Softmax'", "type: 'SoftmaxWithLoss'"})
    EXPECT_THAT(run({1, 2}, {0, 1}, layer), Pointwise(FloatNear(1e-5f), {logistic(-1), logistic(1)})) << layer;
}

TEST(Caffe, DepthwiseConvolutionsHaveAGroupForEachChannel) {
  for (const std::string type : {"ConvolutionDepthwise", "DepthwiseConvolution"}) {
    const std::string layer = "type: '" + type + "' convolution_param { num_output: 2 kernel_h: 1 kernel_w: 2 stride: 1 bias_term: false }";
    EXPECT_THAT(run({1, 2, 1, 2}, {1, 2, 3, 4}, layer, {{1, 10, 100, 1000}}), ElementsAre(21, 4300)) << type;
  }
}

TEST(Caffe, TheMissingBraceIsFound) {
  const std::string first = "name: 'n' # layer {\nlayer {\n  name: 'layer {'\n  type: 'ReLU' bottom: 'x' top: 'y'\n";
  const std::string second = "layer {\n  name: 'b' type: 'ReLU' bottom: 'y' top: 'z'\n}\n";
  EXPECT_THAT(
      error_of(first + second),
      HasSubstr("not a Caffe definition: a '}' is missing: 'layer {' of line 2 is still open in line 5, where the next one begins"));
  EXPECT_THAT(error_of(first + "  relu_param {\n}\n"),
              HasSubstr("deploy.prototxt: not a Caffe definition: a '}' is missing: 'layer {' of line 2 is never closed"));
  EXPECT_THAT(error_of(first + "}\n}\n" + second), HasSubstr("line 6 has a '}' that closes nothing"));
  EXPECT_THAT(error_of(first + "  top 'y' }\n"), Not(HasSubstr("}'")));
}

TEST(Caffe, TheNearestLayerAndBlobAreNamed) {
  const auto relu = [](const char* type, const char* bottom) {
    return error_of(input("data", {1, 2}) + "layer { name: 'r' type: '" + type + "' bottom: '" + bottom + "' top: 'y' }");
  };
  EXPECT_THAT(relu("Relu", "data"), HasSubstr("no such layer is known; did you mean 'ReLU'? Else give the parser a plugin factory"));
  EXPECT_THAT(relu("Quantum", "data"), HasSubstr("no such layer is known; give the parser a plugin factory"));
  EXPECT_THAT(relu("ReLU", "dtaa"), HasSubstr("no layer before it gives its bottom 'dtaa'; did you mean 'data'?"));
}

TEST(Caffe, TheNearestFieldIsNamed) {
  const std::string layer =
      "layer { name: 'p' type: 'Pooling' bottom: 'x' top: 'y'\npooling_param {\nkernal_size: 3\nstrde: 2\nqqqqqq: 1 } }";
  std::vector<Error> errors;
  CaffeImportOptions options;
  options.errors = &errors;
  const std::string told = error_of(input("x", {1, 1, 4, 4}) + layer, "", options);
  ASSERT_EQ(errors.size(), 1u);
  EXPECT_THAT(errors[0].message, HasSubstr("did you mean 'kernel_size'?"));
  EXPECT_THAT(told, HasSubstr("layer 'p' (Pooling; inputs float [1, 1, 4, 4]): kernel_size is 0 or missing"));
  EXPECT_THAT(
      told,
      HasSubstr("not understood in the definition: line 4: 'kernal_size' is no field of PoolingParameter; did you mean 'kernel_size'?; "
                "line 5: 'strde' is no field of PoolingParameter; did you mean 'stride'?; "
                "line 6: 'qqqqqq' is no field of PoolingParameter"));
}

TEST(Caffe, BlobsAreCutAddedAndKept) {
  const auto both = [](const std::string& inputs, const std::string& layer, const Arrays& values, const std::string& model = "") {
    auto network = import(inputs + "layer { name: 'l' top: 'y' " + layer + " }", model);
    EXPECT_TRUE(network.ok()) << network.error().message;
    if (!network.ok()) return std::vector<float>();
    auto outputs = (*network)->evaluate(values);
    EXPECT_TRUE(outputs.ok()) << outputs.error().message;
    return outputs.ok() ? (*outputs)[0].floats() : std::vector<float>();
  };
  const auto array = [](const Shape& shape, const std::vector<float>& values) { return Array::of(DataType::kFloat, shape, values); };
  const std::string sizes = input("x", {1, 1, 3, 3}) + input("r", {1, 1, 1, 2});
  const Arrays values = {array({1, 1, 3, 3}, counting(9)), array({1, 1, 1, 2}, {0, 0})};
  EXPECT_THAT(both(sizes, "type: 'Crop' bottom: 'x' bottom: 'r' crop_param { axis: 2 offset: 2 offset: 1 }", values), ElementsAre(7, 8));
  EXPECT_THAT(both(sizes, "type: 'Crop' bottom: 'x' bottom: 'r' crop_param { axis: 2 offset: 1 }", values), ElementsAre(4, 5));
  EXPECT_THAT(error_of(sizes + "layer { name: 'l' type: 'Crop' bottom: 'x' bottom: 'r' top: 'y' crop_param { axis: 2 offset: 2 } }"),
              HasSubstr("offset 2 and size 2 go beyond the 3 of axis 3"));
  EXPECT_THAT(both(input("a", {1, 2, 1, 1}) + input("x", {1, 2, 1, 2}) + input("b", {1, 2, 1, 2}),
                   "type: 'Axpy' bottom: 'a' bottom: 'x' bottom: 'b'",
                   {array({1, 2, 1, 1}, {2, 3}), array({1, 2, 1, 2}, {1, 2, 3, 4}), array({1, 2, 1, 2}, {10, 20, 30, 40})}),
              ElementsAre(12, 24, 39, 52));
  EXPECT_THAT(both(input("x", {2}) + "layer { name: 'p' type: 'Parameter' top: 'p' parameter_param { shape { dim: 2 } } }\n",
                   "type: 'Eltwise' bottom: 'p' bottom: 'x'", {array({2}, {3, 4})}, model_of("p", {{5, 7}})),
              ElementsAre(8, 11));
}

TEST(Caffe, InnerProductsFlattenFromTheirAxis) {
  EXPECT_THAT(
      run({1, 2, 1, 2}, {1, 2, 3, 4}, "type: 'InnerProduct' inner_product_param { num_output: 2 }", {{1, 0, 0, 0, 1, 1, 1, 1}, {0, 0.5}}),
      ElementsAre(1, 10.5f));
  EXPECT_THAT(
      run({1, 2}, {1, 2}, "type: 'InnerProduct' inner_product_param { num_output: 2 transpose: true bias_term: false }", {{1, 2, 3, 4}}),
      ElementsAre(7, 10));
  EXPECT_EQ(type_of({1, 3, 4}, "type: 'InnerProduct' inner_product_param { num_output: 5 axis: 2 }"), "float [1, 3, 5]");
  EXPECT_EQ(type_of({3, 4}, "type: 'InnerProduct' inner_product_param { num_output: 5 axis: 0 }"), "float [5]");
}

TEST(Caffe, NormalizationsFollowTheirFormulas) {
  // The third blob divides the other two.
  EXPECT_THAT(run({1, 2}, {3, 5}, "type: 'BatchNorm' batch_norm_param { eps: 0 }", {{2, 2}, {8, 32}, {2}}), ElementsAre(1, 1));
  EXPECT_THAT(run({1, 1}, {3}, "type: 'BatchNorm' batch_norm_param { eps: 0 }", {{1}, {4}, {9}, {10}, {1}}), ElementsAre(11));
  EXPECT_THAT(run({1, 1}, {3}, "type: 'BN' bn_param { eps: 0 }", {{10}, {1}, {1}, {4}}), ElementsAre(11));
  EXPECT_THAT(run({1, 2}, {3, 5}, "type: 'Scale' scale_param { bias_term: true }", {{2, 3}, {1, 0}}), ElementsAre(7, 15));
  EXPECT_THAT(run({1, 2, 2}, {1, 2, 3, 4}, "type: 'Scale' scale_param { axis: 1 num_axes: 2 }", {{1, 10, 100, 1000}}),
              ElementsAre(1, 20, 300, 4000));
  EXPECT_THAT(run({1, 2, 2}, {1, 2, 3, 4}, "type: 'Bias'", {{10, 20}}), ElementsAre(11, 12, 23, 24));
  EXPECT_THAT(run({1, 2, 1, 2}, {3, 1, 4, 0}, "type: 'Normalize' norm_param { across_spatial: false channel_shared: false }", {{1, 2}}),
              Pointwise(FloatNear(1e-5f), {0.6f, 1.f, 1.6f, 0.f}));
  EXPECT_THAT(run({1, 1, 1, 2}, {1, 3}, "type: 'MVN' mvn_param { eps: 1 }"), Pointwise(FloatNear(1e-5f), {-0.5f, 0.5f}));
  EXPECT_THAT(run({1, 3, 1, 1}, {1, 2, 3}, "type: 'LRN' lrn_param { local_size: 3 alpha: 3 beta: 1 k: 1 }"),
              Pointwise(FloatNear(1e-5f), {1.f / 6, 2.f / 15, 3.f / 14}));
  EXPECT_THAT(run({1, 1, 1, 1}, {2}, "type: 'LRN' lrn_param { local_size: 3 alpha: 9 beta: 1 norm_region: WITHIN_CHANNEL }"),
              Pointwise(FloatNear(1e-5f), {2.f / 5}));
}

TEST(Caffe, ElementsMove) {
  EXPECT_EQ(type_of({2, 3, 4, 5}, "type: 'Reshape' reshape_param { shape { dim: 0 dim: -1 dim: 2 } }"), "float [2, 30, 2]");
  EXPECT_EQ(type_of({2, 3, 4, 5}, "type: 'Reshape' reshape_param { shape { dim: 6 dim: 2 } axis: 1 num_axes: 2 }"), "float [2, 6, 2, 5]");
  EXPECT_EQ(type_of({2, 3, 4, 5}, "type: 'Flatten' flatten_param { axis: 1 end_axis: 2 }"), "float [2, 12, 5]");
  EXPECT_EQ(type_of({2, 3, 4, 5}, "type: 'Permute' permute_param { order: 0 order: 2 }"), "float [2, 4, 3, 5]");
  EXPECT_EQ(type_of({2, 3, 4, 5}, "type: 'Reduction' reduction_param { axis: 2 }"), "float [2, 3]");
  EXPECT_EQ(type_of({1, 2, 4, 4}, "type: 'SPP' spp_param { pyramid_height: 2 }"), "float [1, 10]");
  EXPECT_THAT(run({1, 4, 1, 1}, counting(4), "type: 'ShuffleChannel' shuffle_channel_param { group: 2 }"), ElementsAre(0, 2, 1, 3));
  // Darknet's own order: [4, 2, 2] is read as [1, 4, 4].
  EXPECT_THAT(run({1, 4, 2, 2}, counting(16), "type: 'Reorg' reorg_param { stride: 2 }"),
              ElementsAre(0, 2, 8, 10, 1, 3, 9, 11, 4, 6, 12, 14, 5, 7, 13, 15));
  EXPECT_THAT(run({1, 1, 1, 2}, {1, 3}, "type: 'Interp' interp_param { height: 1 width: 3 }"), ElementsAre(1, 2, 3));
  EXPECT_THAT(run({1, 1, 1, 2}, {1, 3}, "type: 'Upsample' upsample_param { scale: 2 }"), ElementsAre(1, 1, 3, 3, 1, 1, 3, 3));
  EXPECT_THAT(run({2, 3}, {1, 5, 2, 9, 7, 8}, "type: 'ArgMax'"), ElementsAre(1, 0));
  EXPECT_THAT(run({2, 3}, {1, 5, 2, 9, 7, 8}, "type: 'ArgMax' argmax_param { out_max_val: true axis: 1 }"), ElementsAre(5, 9));
  EXPECT_THAT(run({1, 2}, {1, 5}, "type: 'Tile' tile_param { tiles: 2 }"), ElementsAre(1, 5, 1, 5));
  EXPECT_THAT(run({1, 2}, {1, -5}, "type: 'Reduction' reduction_param { axis: 1 operation: ASUM coeff: 2 }"), ElementsAre(12));
  EXPECT_THAT(run({2}, {1, 0}, "type: 'Embed' embed_param { input_dim: 2 num_output: 2 }", {{1, 2, 3, 4}, {0, 10}}),
              ElementsAre(3, 14, 1, 12));
}

TEST(Caffe, LayersOfSeveralBlobs) {
  const std::string deploy = input("a", {1, 4, 1, 1}) + R"(
    layer { name: 's' type: 'Slice' bottom: 'a' top: 'p' top: 'q' slice_param { slice_point: 2 } }
    layer { name: 'e' type: 'Eltwise' bottom: 'p' bottom: 'q' top: 'e' eltwise_param { coeff: 1 coeff: -2 } }
    layer { name: 'copy' type: 'Split' bottom: 'e' top: 'e1' top: 'e2' }
    layer { name: 'm' type: 'Eltwise' bottom: 'e1' bottom: 'e2' bottom: 'q' top: 'm' eltwise_param { operation: MAX } }
    layer { name: 'c' type: 'Concat' bottom: 'm' bottom: 'e2' top: 'c' })";
  auto network = import(deploy);
  ASSERT_TRUE(network.ok()) << network.error().message;
  auto outputs = (*network)->evaluate({Array::of(DataType::kFloat, {1, 4, 1, 1}, counting(4))});
  ASSERT_TRUE(outputs.ok()) << outputs.error().message;
  ASSERT_EQ(outputs->size(), 1u);
  EXPECT_THAT((*outputs)[0].floats(), ElementsAre(2, 3, -4, -5));
}

TEST(Caffe, AMaskUndoesItsPooling) {
  const std::string deploy = input("a", {1, 1, 2, 4}) + R"(
    layer { name: 'p' type: 'Pooling' bottom: 'a' top: 'p' top: 'mask' pooling_param { kernel_size: 2 stride: 2 } }
    layer { name: 'u' type: 'Upsample' bottom: 'p' bottom: 'mask' top: 'u' upsample_param { scale: 2 } })";
  auto network = import(deploy);
  ASSERT_TRUE(network.ok()) << network.error().message;
  auto outputs = (*network)->evaluate({Array::of(DataType::kFloat, {1, 1, 2, 4}, std::vector<float>{1, 5, 2, 3, 0, 4, 9, 3})});
  ASSERT_TRUE(outputs.ok()) << outputs.error().message;
  EXPECT_THAT((*outputs)[0].floats(), ElementsAre(0, 5, 0, 0, 0, 0, 9, 0));
}

// What LSTM and RNN compute, step by step: gates are in, forget, out, new.
TEST(Caffe, RecurrentLayersForgetWhereASequenceBegins) {
  constexpr int kSteps = 4, kRows = 2, kInputs = 3, kHidden = 2;
  const auto wave = [](int count, double by) {
    std::vector<float> values;
    for (int i = 0; i < count; ++i) values.push_back(static_cast<float>(std::sin(by * (i + 1))));
    return values;
  };
  const auto sigmoid = [](double x) { return 1 / (1 + std::exp(-x)); };
  const std::vector<float> x = wave(kSteps * kRows * kInputs, 0.7), still = wave(kRows * kInputs, 1.9);
  const std::vector<float> marks = {0, 0, 1, 1, 0, 1, 1, 1};  // row 0 begins anew at step 2
  for (const bool is_lstm : {true, false}) {
    const int gates = is_lstm ? 4 : 1;
    const Blobs blobs = is_lstm ? Blobs{wave(8 * 3, 0.3), wave(8, 0.9), wave(8 * 3, 1.1), wave(8 * 2, 0.5)}
                                : Blobs{wave(2 * 3, 0.3), wave(2, 0.9), wave(2 * 3, 1.1), wave(4, 0.5), wave(4, 0.4), wave(2, 2.1)};
    std::vector<double> h(kRows * kHidden), c(kRows * kHidden);
    std::vector<float> expected;
    for (int t = 0; t < kSteps; ++t) {
      for (int n = 0; n < kRows; ++n) {
        const double mark = marks[static_cast<size_t>(t * kRows + n)];
        std::vector<double> sums;
        for (int g = 0; g < gates * kHidden; ++g) {
          double sum = blobs[1][static_cast<size_t>(g)];
          for (int i = 0; i < kInputs; ++i) {
            sum += blobs[0][static_cast<size_t>(g * kInputs + i)] * x[static_cast<size_t>((t * kRows + n) * kInputs + i)];
            sum += blobs[2][static_cast<size_t>(g * kInputs + i)] * still[static_cast<size_t>(n * kInputs + i)];
          }
          for (int k = 0; k < kHidden; ++k)
            sum += blobs[3][static_cast<size_t>(g * kHidden + k)] * mark * h[static_cast<size_t>(n * kHidden + k)];
          sums.push_back(sum);
        }
        for (int k = 0; k < kHidden; ++k) {
          const auto at = static_cast<size_t>(n * kHidden + k), u = static_cast<size_t>(k);
          if (is_lstm) {
            c[at] = sigmoid(sums[2 + u]) * mark * c[at] + sigmoid(sums[u]) * std::tanh(sums[6 + u]);
            h[at] = sigmoid(sums[4 + u]) * std::tanh(c[at]);
            expected.push_back(static_cast<float>(h[at]));
          } else {
            h[at] = std::tanh(sums[u]);
          }
        }
        for (int k = 0; k < kHidden && !is_lstm; ++k) {
          double sum = blobs[5][static_cast<size_t>(k)];
          for (int j = 0; j < kHidden; ++j) sum += blobs[4][static_cast<size_t>(k * kHidden + j)] * h[static_cast<size_t>(n * kHidden + j)];
          expected.push_back(static_cast<float>(std::tanh(sum)));
        }
      }
    }
    const std::string deploy = input("x", {kSteps, kRows, kInputs}) + input("marks", {kSteps, kRows}) + input("still", {kRows, kInputs}) +
                               "layer { name: 'l' type: '" + (is_lstm ? "LSTM" : "RNN") +
                               "' bottom: 'x' bottom: 'marks' bottom: 'still' top: 'y' recurrent_param { num_output: 2 } }";
    auto network = import(deploy, model_of("l", blobs));
    ASSERT_TRUE(network.ok()) << network.error().message;
    auto outputs =
        (*network)->evaluate({Array::of(DataType::kFloat, {kSteps, kRows, kInputs}, x), Array::of(DataType::kFloat, {kSteps, kRows}, marks),
                              Array::of(DataType::kFloat, {kRows, kInputs}, still)});
    ASSERT_TRUE(outputs.ok()) << outputs.error().message;
    EXPECT_THAT((*outputs)[0].floats(), Pointwise(FloatNear(1e-5f), expected));
  }
}

TEST(Caffe, RecurrentStatesMayBeGivenAndTaken) {
  const std::string deploy =
      input("x", {2, 1, 1}) + input("marks", {2, 1}) + input("h0", {1, 1, 1}) + input("c0", {1, 1, 1}) +
      "layer { name: 'l' type: 'LSTM' bottom: 'x' bottom: 'marks' bottom: 'h0' bottom: 'c0' top: 'y' top: 'h' top: 'c' "
      "recurrent_param { num_output: 1 expose_hidden: true } }";
  const std::string model = model_of("l", {{0, 0, 0, 0}, {0, 0, 0, 0}, {0, 0, 0, 0}});  // all gates are one half, and nothing is new
  auto network = import(deploy, model);
  ASSERT_TRUE(network.ok()) << network.error().message;
  const Array zeros = Array::of(DataType::kFloat, {2, 1, 1}, std::vector<float>{0, 0}),
              ones = Array::of(DataType::kFloat, {2, 1}, std::vector<float>{1, 1}),
              state = Array::of(DataType::kFloat, {1, 1, 1}, std::vector<float>{8});
  auto outputs = (*network)->evaluate({zeros, ones, state, state});
  ASSERT_TRUE(outputs.ok()) << outputs.error().message;
  std::map<std::string, std::vector<float>> found;
  for (size_t i = 0; i < outputs->size(); ++i) found[(*network)->outputs()[i]->name] = (*outputs)[i].floats();
  EXPECT_THAT(found["c"], ElementsAre(2));
  EXPECT_THAT(found["h"], ElementsAre(FloatNear(0.5f * std::tanh(2.f), 1e-6f)));
  EXPECT_THAT(error_of(input("x", {2, 1, 1}) + "layer { name: 'l' type: 'LSTM' bottom: 'x' top: 'y' recurrent_param { num_output: 1 } }"),
              HasSubstr("layer 'l' (LSTM; inputs float [2, 1, 1]): it has 1 bottoms; 2 to 3 are wanted"));
}

TEST(Caffe, ProposalsAlsoAsPythonsLayer) {
  const std::string inputs = input("s", {1, 6, 2, 2}) + input("d", {1, 12, 2, 2}) + input("i", {1, 3});
  const std::string plain = inputs + R"(layer { name: 'p' type: 'Proposal' bottom: 's' bottom: 'd' bottom: 'i' top: 'r'
    proposal_param { feat_stride: 8 ratio: 0.5 ratio: 1 ratio: 2 scale: 4 pre_nms_topn: 20 post_nms_topn: 5 } })";
  auto network = import(plain);
  ASSERT_TRUE(network.ok()) << network.error().message;
  EXPECT_THAT((*network)->text(), HasSubstr("stride=8"));
  EXPECT_THAT((*network)->text(), HasSubstr("most=5"));
  const std::string python = inputs + R"(layer { name: 'p' type: 'Python' bottom: 's' bottom: 'd' bottom: 'i' top: 'r'
    python_param { module: 'rpn.proposal_layer' layer: 'ProposalLayer' param_str: "'feat_stride': 8\n'scales': [4]" } })";
  auto same = import(python);
  ASSERT_TRUE(same.ok()) << same.error().message;
  EXPECT_THAT((*same)->text(), HasSubstr("stride=8"));
  EXPECT_THAT((*same)->text(), HasSubstr("scales=[4.0]"));
  EXPECT_THAT(error_of(inputs + "layer { name: 'p' type: 'Python' bottom: 's' top: 'r' python_param { module: 'm' layer: 'L' } }"),
              HasSubstr("it runs the Python code 'm.L'"));
}

TEST(Caffe, RegionsArePooled) {
  const std::string deploy = input("x", {1, 1, 4, 4}) + input("r", {2, 5}) +
                             "layer { name: 'p' type: 'ROIPooling' bottom: 'x' bottom: 'r' top: 'y' "
                             "roi_pooling_param { pooled_h: 2 pooled_w: 2 spatial_scale: 0.5 } }";
  auto network = import(deploy);
  ASSERT_TRUE(network.ok()) << network.error().message;
  auto outputs = (*network)->evaluate({Array::of(DataType::kFloat, {1, 1, 4, 4}, counting(16)),
                                       Array::of(DataType::kFloat, {2, 5}, std::vector<float>{0, 0, 0, 6, 6, 0, 2, 2, 4, 4})});
  ASSERT_TRUE(outputs.ok()) << outputs.error().message;
  EXPECT_THAT((*outputs)[0].floats(), ElementsAre(5, 7, 13, 15, 5, 6, 9, 10));
  // NVIDIA's layer is both: proposals, and what is pooled from them.
  const std::string both = input("s", {1, 6, 2, 2}) + input("d", {1, 12, 2, 2}) + input("f", {1, 4, 2, 2}) + input("i", {1, 3}) +
                           R"(layer { name: 'p' type: 'RPROI' bottom: 's' bottom: 'd' bottom: 'f' bottom: 'i' top: 'rois' top: 'pool5'
    region_proposal_param { feature_stride: 16 prenms_top: 10 nms_max_out: 3 anchor_ratio: 1 anchor_scale: 1 anchor_scale: 2 anchor_scale: 4 }
    roi_pooling_param { pooled_h: 2 pooled_w: 2 spatial_scale: 0.0625 } })";
  auto regions = import(both);
  ASSERT_TRUE(regions.ok()) << regions.error().message;
  EXPECT_THAT((*regions)->text(), HasSubstr("roi_pool"));
  EXPECT_THAT((*regions)->text(), HasSubstr("most=3"));
  EXPECT_THAT(
      error_of(input("x", {1, 1, 4, 4}) + input("r", {2, 5}) + "layer { name: 'p' type: 'ROIPooling' bottom: 'x' bottom: 'r' top: 'y' }"),
      HasSubstr("the pooled size is 0 by 0"));
}

TEST(Caffe, EachCellOfARegionHasAChannelOfItsOwn) {
  const std::string deploy = input("x", {1, 4, 2, 2}) + input("r", {1, 5, 1, 1}) +
                             "layer { name: 'p' type: 'PSROIPooling' bottom: 'x' bottom: 'r' top: 'y' "
                             "psroi_pooling_param { spatial_scale: 0.5 output_dim: 1 group_size: 2 } }";
  auto network = import(deploy);
  ASSERT_TRUE(network.ok()) << network.error().message;
  // Four pixels are two elements: cell (i, j) is element (i, j) of channel 2i + j.
  auto outputs = (*network)->evaluate({Array::of(DataType::kFloat, {1, 4, 2, 2}, counting(16)),
                                       Array::of(DataType::kFloat, {1, 5, 1, 1}, std::vector<float>{0, 0, 0, 3, 3})});
  ASSERT_TRUE(outputs.ok()) << outputs.error().message;
  EXPECT_EQ((*outputs)[0].shape(), (Shape{1, 1, 2, 2}));
  EXPECT_THAT((*outputs)[0].floats(), ElementsAre(0, 5, 10, 15));
}

TEST(Caffe, FiltersKeepWhatTheSelectorChooses) {
  const std::string bottoms = input("x", {3, 2}) + input("z", {3}) + input("s", {3, 1, 1, 1});
  auto network = import(bottoms + "layer { name: 'f' type: 'Filter' bottom: 'x' bottom: 'z' bottom: 's' top: 'a' top: 'b' }");
  ASSERT_TRUE(network.ok()) << network.error().message;
  auto outputs = (*network)->evaluate({Array::of(DataType::kFloat, {3, 2}, counting(6)), Array::of(DataType::kFloat, {3}, counting(3)),
                                       Array::of(DataType::kFloat, {3, 1, 1, 1}, std::vector<float>{1, 0, 2})});
  ASSERT_TRUE(outputs.ok()) << outputs.error().message;
  EXPECT_THAT((*outputs)[0].floats(), ElementsAre(0, 1, 4, 5));
  EXPECT_THAT((*outputs)[1].floats(), ElementsAre(0, 2));
  EXPECT_THAT(error_of(bottoms + "layer { name: 'f' type: 'Filter' bottom: 'x' bottom: 'z' bottom: 's' top: 'a' }"),
              HasSubstr("it has 2 bottoms before its selector, and 1 tops"));
}

TEST(Caffe, WindowsAndRowsAndMadeUpData) {
  EXPECT_THAT(run({1, 2, 2, 2}, counting(8), "type: 'Im2col' convolution_param { kernel_size: 2 pad: 0 }"),
              ElementsAre(0, 1, 2, 3, 4, 5, 6, 7));
  EXPECT_EQ(type_of({1, 3, 8, 8}, "type: 'Im2col' convolution_param { kernel_h: 3 kernel_w: 1 stride: 2 pad_h: 1 dilation: 1 }"),
            "float [1, 9, 4, 4]");
  auto rows = import(input("x", {3, 2}) +
                     "layer { name: 'n' type: 'DummyData' top: 'n' dummy_data_param { shape { dim: 2 } "
                     "data_filler { type: 'constant' value: 2 } } }\n"
                     "layer { name: 'b' type: 'BatchReindex' bottom: 'x' bottom: 'n' top: 'y' }");
  ASSERT_TRUE(rows.ok()) << rows.error().message;
  auto outputs = (*rows)->evaluate({Array::of(DataType::kFloat, {3, 2}, counting(6))});
  ASSERT_TRUE(outputs.ok()) << outputs.error().message;
  EXPECT_THAT((*outputs)[0].floats(), ElementsAre(4, 5, 4, 5));
  EXPECT_THAT(
      error_of("layer { name: 'n' type: 'DummyData' top: 'n' dummy_data_param { shape { dim: 2 } data_filler { type: 'gaussian' } } }"),
      HasSubstr("random numbers ('gaussian')"));
}

TEST(Caffe, ABlobChangedInPlaceIsItsLastValue) {
  const std::string deploy = input("x", {2}) + R"(
    layer { name: 'p' type: 'Power' bottom: 'x' top: 'y' power_param { scale: -1 } }
    layer { name: 'r' type: 'ReLU' bottom: 'y' top: 'y' }
    layer { name: 'd' type: 'Dropout' bottom: 'y' top: 'y' })";
  Network network;
  CaffeImportOptions options;
  auto blobs = import_caffe_into(bytes_of(deploy), nullptr, network, options);
  ASSERT_TRUE(blobs.ok()) << blobs.error().message;
  EXPECT_EQ(blobs->at("y")->producer()->name, "r");
  EXPECT_EQ(blobs->at("y")->name, "y");
  EXPECT_EQ(network.outputs(), std::vector<Tensor*>{blobs->at("y")});
}

TEST(Caffe, NamesOfLayersGiveWayToThoseOfBlobs) {
  auto network = import(input("x", {2}) + "layer { name: 'z' type: 'ReLU' bottom: 'x' top: 'y' }\n" + input("z", {2}) +
                        "layer { name: 'y' type: 'Eltwise' bottom: 'y' bottom: 'z' top: 'x2' }");
  ASSERT_TRUE(network.ok()) << network.error().message;
  EXPECT_EQ((*network)->inputs()[1]->name, "z");
  EXPECT_EQ((*network)->outputs()[0]->name, "x2");
  EXPECT_EQ((*network)->layers()[0]->output()->name, "y");
}

TEST(Caffe, OlderSpellingsAreTheSameNetwork) {
  const std::string now =
      "input: 'x' input_shape { dim: 1 dim: 1 dim: 4 dim: 4 }\n"
      "layer { name: 'c' type: 'Convolution' bottom: 'x' top: 'c' convolution_param { num_output: 2 kernel_size: 3 pad: 1 } }\n"
      "layer { name: 'r' type: 'ReLU' bottom: 'c' top: 'c' }";
  const std::string of_2014 =
      "input: 'x' input_dim: 1 input_dim: 1 input_dim: 4 input_dim: 4\n"
      "layers { name: 'c' type: CONVOLUTION bottom: 'x' top: 'c' convolution_param { num_output: 2 kernel_size: 3 pad: 1 } }\n"
      "layers { name: 'r' type: RELU bottom: 'c' top: 'c' }";
  const std::string of_2013 =
      "input: 'x' input_dim: 1 input_dim: 1 input_dim: 4 input_dim: 4\n"
      "layers { layer { name: 'p' type: 'padding' pad: 1 } bottom: 'x' top: 'p' }\n"
      "layers { layer { name: 'c' type: 'conv' num_output: 2 kernelsize: 3 } bottom: 'p' top: 'c' }\n"
      "layers { layer { name: 'r' type: 'relu' } bottom: 'c' top: 'c' }";
  auto wanted = import(now);
  ASSERT_TRUE(wanted.ok()) << wanted.error().message;
  for (const std::string& old : {of_2014, of_2013}) {
    auto network = import(old);
    ASSERT_TRUE(network.ok()) << network.error().message;
    EXPECT_EQ((*network)->text(), (*wanted)->text());
  }
}

TEST(Caffe, WeightsOfOlderFilesAreFoundByName) {
  ingot_caffe_weights::NetWeights of_2014, of_2013;
  auto fill = [](auto* blobs) {
    auto* blob = blobs->Add();
    blob->add_double_data(2);
    blob->set_num(1), blob->set_channels(1), blob->set_height(1), blob->set_width(1);
  };
  of_2014.add_layers()->set_name("l");
  fill(of_2014.mutable_layers(0)->mutable_blobs());
  of_2013.add_layers()->mutable_layer()->set_name("l");
  fill(of_2013.mutable_layers(0)->mutable_layer()->mutable_blobs());
  const std::string deploy =
      input("x", {1, 1}) +
      "layer { name: 'l' type: 'InnerProduct' bottom: 'x' top: 'y' inner_product_param { num_output: 1 bias_term: false } }";
  for (const auto& model : {of_2014, of_2013}) {
    auto network = import(deploy, model.SerializeAsString());
    ASSERT_TRUE(network.ok()) << network.error().message;
    EXPECT_THAT((*(*network)->evaluate({Array::of(DataType::kFloat, {1, 1}, std::vector<float>{3})}))[0].floats(), ElementsAre(6));
  }
}

TEST(Caffe, RulesOfPhaseLevelAndStageChooseLayers) {
  const std::string layers = input("x", {1}) + R"(
    layer { name: 'train' type: 'Unheard' bottom: 'x' top: 't' include { phase: TRAIN } }
    layer { name: 'not' type: 'Unheard' bottom: 'x' top: 't' exclude { not_stage: 'deploy' } }
    layer { name: 'deep' type: 'Unheard' bottom: 'x' top: 't' include { min_level: 1 } }
    layer { name: 'y' type: 'ReLU' bottom: 'x' top: 'y' include { phase: TEST } }
    layer { name: 'a' type: 'Accuracy' bottom: 'y' bottom: 'label' top: 'a' })";
  auto network = import(layers);
  ASSERT_TRUE(network.ok()) << network.error().message;
  EXPECT_EQ((*network)->layers().size(), 1u);
  EXPECT_THAT(error_of(layers + " state { stage: 'deploy' level: 1 }"), HasSubstr("layer 'not' (Unheard"));
}

TEST(Caffe, MadeUpWeightsAreTheSameEachTime) {
  const std::string deploy =
      input("x", {1, 3, 8, 8}) +
      "layer { name: 'c' type: 'Convolution' bottom: 'x' top: 'y' convolution_param { num_output: 4 kernel_size: 3 } }";
  auto first = import(deploy), second = import(deploy);
  ASSERT_TRUE(first.ok() && second.ok());
  EXPECT_EQ((*first)->text(), (*second)->text());
}

TEST(Caffe, FourDimsAreTensorRTs) {
  CaffeImportOptions options;
  options.four_dims = true;
  options.batch = Dim::symbol("batch");
  auto network = import(
      input("x", {1, 2, 1, 1}) + "layer { name: 'l' type: 'InnerProduct' bottom: 'x' top: 'y' inner_product_param { num_output: 3 } }", "",
      options);
  ASSERT_TRUE(network.ok()) << network.error().message;
  EXPECT_EQ((*network)->outputs()[0]->type.text(), "float [batch, 3, 1, 1]");
}

TEST(Caffe, HalfWeightsAreRoundedAndChecked) {
  CaffeImportOptions options;
  options.half_weights = true;
  const std::string deploy =
      input("x", {1, 1}) +
      "layer { name: 'l' type: 'InnerProduct' bottom: 'x' top: 'y' inner_product_param { num_output: 1 bias_term: false } }";
  auto network = import(deploy, model_of("l", {{1.0001f}}), options);
  ASSERT_TRUE(network.ok()) << network.error().message;
  EXPECT_THAT((*(*network)->evaluate({Array::of(DataType::kFloat, {1, 1}, std::vector<float>{3})}))[0].floats(), ElementsAre(3));
  EXPECT_THAT(error_of(deploy, model_of("l", {{70000}}), options), HasSubstr("70000.000000, which no half holds"));
  EXPECT_THAT(error_of(deploy, model_of("l", {{NAN}}), options), HasSubstr("which no half holds"));
}

TEST(Caffe, BlobsOfMeansAreRead) {
  ingot_caffe_weights::BlobProto mean;
  mean.mutable_shape()->add_dim(2);
  mean.set_raw_data(std::string("\x00\x3c\x00\x40", 4));
  mean.set_raw_data_type(2);
  const std::string file = mean.SerializeAsString();
  auto blob = read_caffe_blob(bytes_of(file));
  ASSERT_TRUE(blob.ok()) << blob.error().message;
  EXPECT_EQ(blob->type(), DataType::kHalf);
  EXPECT_EQ(blob->shape(), (Shape{1, 1, 1, 2}));
  EXPECT_EQ(blob->number(1), 2);
  EXPECT_FALSE(read_caffe_blob(bytes_of("not a blob")).ok());
  mean.mutable_shape()->set_dim(0, 3);
  EXPECT_THAT(read_caffe_blob(bytes_of(mean.SerializeAsString())).error().message, HasSubstr("a blob of dims [3] has 2 elements"));
}

TEST(Caffe, ErrorsNameTheLayerAndComeTogether) {
  const std::string error = error_of(input("x", {1, 4}) + R"(
    layer { name: 'first' type: 'Unheard' bottom: 'x' top: 'u' }
    layer { name: 'behind' type: 'ReLU' bottom: 'u' top: 'v' }
    layer { name: 'second' type: 'Convolution' bottom: 'x' top: 'w' }
    layer { name: 'third' type: 'ReLU' bottom: 'nothing' top: 'z' }
    layer { name: 'fourth' type: 'Data' top: 'd' })");
  EXPECT_THAT(error, HasSubstr("deploy.prototxt: 4 errors"));
  EXPECT_THAT(error, HasSubstr("layer 'first' (Unheard; inputs float [1, 4]): no such layer is known; give the parser a plugin factory"));
  EXPECT_THAT(error, HasSubstr("layer 'second' (Convolution; inputs float [1, 4]): it takes [N, C, spatial...]"));
  EXPECT_THAT(error, HasSubstr("layer 'third' (ReLU): no layer before it gives its bottom 'nothing'"));
  EXPECT_THAT(error, HasSubstr("layer 'fourth' (Data): it reads training data; for inference put an Input layer"));
  EXPECT_THAT(error, Not(HasSubstr("behind")));
}

TEST(Caffe, WeightsThatDoNotFitAreNamed) {
  const std::string deploy =
      input("x", {1, 2}) + "layer { name: 'l' type: 'InnerProduct' bottom: 'x' top: 'y' inner_product_param { num_output: 3 } }";
  EXPECT_THAT(error_of(deploy, model_of("l", {{1, 2}})), HasSubstr("blob 0 has dims [2]; [3, 2] is wanted"));
  EXPECT_THAT(error_of(deploy, model_of("m", {{1, 2}})), HasSubstr("the model has no weights for a layer of this name"));
  EXPECT_THAT(error_of(deploy, model_of("l", {{1, 2, 3, 4, 5, 6}})),
              HasSubstr("the model has 1 blobs for this layer, and blob 1 is wanted"));
  EXPECT_THAT(error_of(deploy, "garbage"), HasSubstr("not a Caffe model, or truncated"));
}

TEST(Caffe, HostileDefinitionsEndInErrors) {
  EXPECT_THAT(error_of("layer { name: 'x"), HasSubstr("not a Caffe definition: line 1"));
  EXPECT_THAT(error_of(""), HasSubstr("the definition has no layers"));
  EXPECT_THAT(
      error_of(input("x", {1, 4, 1, 1}) +
               "layer { name: 'l' type: 'Convolution' bottom: 'x' top: 'y' convolution_param { num_output: 1000000 kernel_size: 1000 } }"),
      HasSubstr("would be made up, which is above the limit"));
  EXPECT_THAT(
      error_of(input("x", {1, 4, 1, 1}) +
               "layer { name: 'l' type: 'Convolution' bottom: 'x' top: 'y' convolution_param { num_output: 4 kernel_size: 1 stride: 0 } }"),
      HasSubstr("stride"));
  EXPECT_THAT(error_of(input("x", {1, -7})), HasSubstr("has a dimension of -7"));
  EXPECT_THAT(error_of(input("x", {int64_t{1} << 40})), HasSubstr("has a dimension of 1099511627776"));
}

}  // namespace
}  // namespace ingot
