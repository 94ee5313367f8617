// One network, LeNet, from files of four formats and by layers from files of weights: the same optimized text.
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

struct Case {
  std::string name;
  std::unique_ptr<Network> network;
};

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

// The optimized network with one name for the input and one for the output, and weights by their dims alone.
std::string text_of(Network& network) {
  EXPECT_EQ(network.inputs().size(), 1u);
  EXPECT_EQ(network.outputs().size(), 1u);
  EXPECT_TRUE(network.rename(network.inputs()[0], "the input").ok());
  EXPECT_TRUE(network.rename(network.outputs()[0], "the output").ok());
  OptimizeOptions options;
  Status status = optimize(network, options);
  EXPECT_TRUE(status.ok()) << (status.ok() ? "" : status.error().message);
  network.name.clear();
  auto text = testing::canonical_text(network);
  EXPECT_TRUE(text.ok()) << (text.ok() ? "" : text.error().message);
  if (!text.ok()) return "";
  std::string lines;
  for (size_t begin = 0; begin < text->size();) {
    const size_t end = std::min(text->find('\n', begin), text->size());
    std::string line = text->substr(begin, end - begin);
    if (line.starts_with("const")) line.resize(std::min(line.size(), line.find('=')));
    lines += line + "\n";
    begin = end + 1;
  }
  return lines;
}

TEST(SameNetwork, LeNetOfAllFormatsIsOneText) {
  std::vector<std::pair<std::string, Result<std::unique_ptr<Network>>>> cases;
  OnnxImportOptions onnx;
  onnx.input_shapes["input"] = kInput;
  for (const std::string file : {"mnist_lenet/mnist_lenet_op13.onnx", "mnist_lenet/mnist_lenet_op9.onnx"}) {
    if (const std::string path = model(file); !path.empty()) cases.emplace_back(file, import_onnx_file(path, onnx));
  }
  cases.emplace_back("caffe",
                     import_caffe_files(model("caffe/mnist_lenet/deploy.prototxt"), model("caffe/mnist_lenet/mnist_fp16raw.caffemodel")));
  cases.emplace_back("caffe 2014",
                     import_caffe_files(model("caffe/mnist_lenet/deploy_v1.prototxt"), model("caffe/mnist_lenet/mnist_v1.caffemodel")));
  cases.emplace_back("uff", from_tensorflow(model("uff/mnist_lenet/mnist_lenet.uff")));
  if (const std::string path = model("tf/mnist_lenet/mnist_lenet_frozen.pb"); !path.empty())
    cases.emplace_back("tensorflow", from_tensorflow(path));
  for (const std::string file : {"wts/mnist_lenet/lenet5.wts", "pytorch/mnist_lenet/lenet.pth", "pytorch/mnist_lenet/lenet.safetensors"}) {
    if (const std::string path = model(file); !path.empty()) cases.emplace_back(file, by_layers(path));
  }
  ASSERT_GE(cases.size(), 4u);
  std::string first;
  for (auto& [name, network] : cases) {
    ASSERT_TRUE(network.ok()) << name << ": " << network.error().message;
    const std::string text = text_of(**network);
    if (first.empty()) first = text;
    EXPECT_EQ(text, first) << name;
  }
}

}  // namespace
}  // namespace ingot
