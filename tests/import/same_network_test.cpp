// One network, LeNet, from files of four formats and by layers from files of weights: the same optimized text but for what each format says
// of its input.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>

#include "import/caffe/import.h"
#include "import/onnx/import.h"
#include "import/tensorflow/import.h"
#include "import/weights/weights.h"
#include "operators/convolution.h"
#include "operators/elementwise.h"
#include "operators/flatten.h"
#include "operators/matmul.h"
#include "operators/pool.h"
#include "operators/softmax.h"
#include "optimize/rewrite.h"
#include "testing/canonical.h"

namespace ingot {
namespace {

// A model of the project, or of the folder of further ones where that is there; "" where it is nowhere.
std::string model(const std::string& name) {
  for (const std::string root : {INGOT_MODELS "/", INGOT_MODELS "/../../shared/models/", INGOT_MODELS "/../../shared/models/onnx/"}) {
    if (std::filesystem::exists(root + name)) return root + name;
  }
  return "";
}

const Shape kInput = {1, 1, 28, 28};

Result<std::unique_ptr<Network>> from_tensorflow(const std::string& path) {
  TfImportOptions options;
  options.inputs["input_1"] = {kInput, TfInputOrder::kChannelsFirst};
  return import_tensorflow_file(path, options);
}

// By layers, as programs do it, with weights out of a file.
Result<std::unique_ptr<Network>> by_layers(const std::string& path) {
  TRY_ASSIGN(WeightMap weights, load_weights_file(path));
  auto network = std::make_unique<Network>();
  TRY_ASSIGN(Tensor * x, network->add_input("x", {DataType::kFloat, to_dims(kInput)}));
  const auto constant = [&](const std::string& name, Shape shape) -> Result<Tensor*> {
    const auto found = weights.find(name);
    if (found == weights.end()) return invalid("no weights '" + name + "'");
    TRY_ASSIGN(Array array, found->second.reshaped(shape));
    return network->add_constant(name, array);
  };
  int64_t channels = 1;
  for (const auto& [name, count] : {std::pair<std::string, int64_t>("conv1", 20), {"conv2", 50}}) {
    TRY_ASSIGN(Tensor * kernel, constant(name + ".weight", {count, channels, 5, 5}));
    TRY_ASSIGN(Tensor * bias, constant(name + ".bias", {count}));
    TRY_ASSIGN(x, network->add(Convolution{}, {x, kernel, bias}));
    Pool pool;
    pool.kernel = pool.strides = {2, 2};
    TRY_ASSIGN(x, network->add(pool, {x}));
    channels = count;
  }
  TRY_ASSIGN(x, network->add(Flatten{}, {x}));
  int64_t length = 800;
  for (const auto& [name, count] : {std::pair<std::string, int64_t>("ip1", 500), {"ip2", 10}}) {
    TRY_ASSIGN(Tensor * kernel, constant(name + ".weight", {count, length}));
    TRY_ASSIGN(Tensor * bias, constant(name + ".bias", {count}));
    TRY_ASSIGN(x, network->add(MatMul(false, true), {x, kernel, bias}));
    if (name == "ip1") {
      TRY_ASSIGN(x, network->add(Elementwise(ScalarOp::kRelu), {x}));
    }
    length = count;
  }
  TRY_ASSIGN(x, network->add(Softmax(1), {x}));
  TRY(network->mark_output(x));
  return network;
}

void replace_all(std::string& text, const std::string& from, const std::string& to) {
  for (size_t at = 0; (at = text.find(from, at)) != std::string::npos; at += to.size()) text.replace(at, from.size(), to);
}

// The steps of the optimized network, which is a chain, one a line: without the names of tensors, and with one spelling where formats have
// several: of windows that say what they would be anyway, of kernels that are transposed, of dims that follow from the input's.
std::vector<std::string> steps_of(Network& network) {
  EXPECT_EQ(network.inputs().size(), 1u);
  EXPECT_EQ(network.outputs().size(), 1u);
  EXPECT_TRUE(network.rename(network.inputs()[0], "t").ok());
  EXPECT_TRUE(network.rename(network.outputs()[0], "t_").ok());
  Status status = optimize(network, OptimizeOptions{});
  EXPECT_TRUE(status.ok()) << (status.ok() ? "" : status.error().message);
  network.name.clear();
  auto text = testing::canonical_text(network);
  EXPECT_TRUE(text.ok()) << (text.ok() ? "" : text.error().message);
  std::vector<std::string> steps;
  for (size_t begin = 0; text.ok() && begin < text->size();) {
    const size_t end = std::min(text->find('\n', begin), text->size());
    std::string line = text->substr(begin, end - begin);
    begin = end + 1;
    if (line.starts_with("weights")) {
      line.resize(std::min(line.size(), line.find(" =")));
      replace_all(line, "[500, 800]", "[800, 500]");
      replace_all(line, "[10, 500]", "[500, 10]");
    }
    for (const char* usual : {" pads_begin=[0, 0]", " pads_end=[0, 0]", " dilations=[1, 1]", " strides=[1, 1]", " ceil_mode=true",
                              " to=float", " transpose_b=true", "t_"})
      replace_all(line, usual, usual == std::string("t_") ? "t" : "");
    replace_all(line, "\"[d0, 800]\"", "[1, 800]");
    for (char digit = '0'; digit <= '9'; ++digit) replace_all(line, std::string("t") + digit, "t");
    steps.push_back(line);
  }
  return steps;
}

TEST(SameNetwork, LeNetOfAllFormatsIsOneText) {
  struct Case {
    std::string name;
    Result<std::unique_ptr<Network>> network;
    std::string own;  // a step that this format has besides
  };
  std::vector<Case> cases;
  OnnxImportOptions onnx;
  onnx.input_shapes["input"] = kInput;
  for (const std::string file : {"mnist_lenet/mnist_lenet_op13.onnx", "mnist_lenet/mnist_lenet_op9.onnx"}) {
    if (const std::string path = model(file); !path.empty()) cases.push_back({file, import_onnx_file(path, onnx), ""});
  }
  // Caffe's takes pixels from 0 to 255.
  for (const auto& [deploy, weights] :
       {std::pair("deploy.prototxt", "mnist_fp16raw.caffemodel"), std::pair("deploy_v1.prototxt", "mnist_v1.caffemodel")})
    cases.push_back(
        {deploy, import_caffe_files(model(std::string("caffe/mnist_lenet/") + deploy), model(std::string("caffe/mnist_lenet/") + weights)),
         "t = affine(t) a=0.00390625"});
  // The weights behind the flattening count height, width, channels.
  for (const std::string file : {"uff/mnist_lenet/mnist_lenet.uff", "tf/mnist_lenet/mnist_lenet_frozen.pb"}) {
    if (const std::string path = model(file); !path.empty())
      cases.push_back({file, from_tensorflow(path), "t = transpose(t) permutation=[0, 2, 3, 1]"});
  }
  for (const std::string file : {"wts/mnist_lenet/lenet5.wts", "pytorch/mnist_lenet/lenet.pth", "pytorch/mnist_lenet/lenet.safetensors"}) {
    if (const std::string path = model(file); !path.empty()) cases.push_back({file, by_layers(path), ""});
  }
  ASSERT_GE(cases.size(), 4u);
  std::vector<std::string> first;
  for (Case& each : cases) {
    ASSERT_TRUE(each.network.ok()) << each.name << ": " << each.network.error().message;
    std::vector<std::string> steps = steps_of(**each.network);
    if (!each.own.empty()) {
      EXPECT_EQ(std::erase_if(steps, [&](const std::string& step) { return step.starts_with(each.own); }), 1u) << each.name;
    }
    if (first.empty()) first = steps;
    EXPECT_THAT(steps, ::testing::ElementsAreArray(first)) << each.name;
  }
  EXPECT_EQ(first.size(), 18u);  // an input, an output, 8 weights, 8 layers
}

}  // namespace
}  // namespace ingot
