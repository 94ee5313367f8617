// What of known networks would run on the host for want of a kernel: nothing. Plans are chosen by estimate, so that no kernel is compiled.
#include "api/engine_body.h"
#include "helpers.h"
#include "import_file.h"
#include "known_networks.h"

namespace ingot {
namespace {

using tools::FileImport;

// The operators of the steps that run on the host. Integers that hang on shapes alone are worked out when shapes are set.
std::vector<std::string> host_steps(const Network& network, BuildConfig config) {
  auto device = cuda_device(-1);
  if (!device.ok()) return {device.error().message};
  config.device = *device;
  config.optimization_level = 0;
  auto plan = build_plan(network, config);
  if (!plan.ok()) return {plan.error().message};
  std::vector<std::string> steps;
  for (size_t i = 0; i < plan->choices.size(); ++i) {
    const Layer& layer = *plan->network->layers()[i];
    if (!is_reference_tactic(plan->choices[i].tactic)) continue;
    bool is_shape_arithmetic = true;
    for (const Tensor* output : layer.outputs()) is_shape_arithmetic = is_shape_arithmetic && output->type.values.has_value();
    if (!is_shape_arithmetic) steps.push_back(std::string(layer.op().name()) + " '" + layer.name + "'");
  }
  return steps;
}

class HostSteps : public ::testing::Test {
 protected:
  void SetUp() override {
    auto device = cuda_device(-1);
    const char* wish = std::getenv("INGOT_DEVICE");
    ASSERT_TRUE(device.ok() || !wish || std::string(wish) != "cuda") << device.error().message;
    if (!device.ok()) GTEST_SKIP() << device.error().message;
    Body::set_maker(make_engine_body);  // as whoever loads engines does
  }
};

TEST_F(HostSteps, well_known_structures_have_none) {
  const std::map<std::string, std::string> networks = {{"resnet", resnet(false)},
                                                       {"quantized resnet", resnet(true)},
                                                       {"mobilenet", mobilenet(false)},
                                                       {"quantized mobilenet", mobilenet(true)},
                                                       {"bert", bert(2)},
                                                       {"vit", vit(2)}};
  for (const auto& [name, text] : networks) {
    auto network = network_of(text);
    ASSERT_TRUE(network);
    for (const bool half : {false, true}) {
      BuildConfig config;
      config.optimize.allow_half = half;
      EXPECT_EQ(host_steps(*network, config), std::vector<std::string>{}) << name << (half ? " in half" : "");
    }
  }
}

TEST_F(HostSteps, what_has_no_kernel_is_found) {
  auto network = network_of("input x int4 [6]\ninput z int4 [6]\ny = concat(x, z)\noutput y\n");
  ASSERT_TRUE(network);
  EXPECT_EQ(host_steps(*network, {}).size(), 1u) << "nothing would be found";
}

struct ModelFile {
  std::string file, weights;
  std::map<std::string, Shape, std::less<>> shapes;
  std::vector<std::string> outputs;
  bool planes = false;
};

TEST_F(HostSteps, models_of_the_repository_have_none) {
  const Shape digits{10, 1, 28, 28}, rows{2, 6};
  const std::vector<ModelFile> models = {
      {"ultraface_rfb320/version-RFB-320.onnx", "", {{"input", {1, 3, 240, 320}}}},
      {"yunet_n_320/yunet_n_320_320.onnx", "", {{"input", {1, 3, 320, 320}}}},
      {"mnist_lenet/mnist_lenet_op13.onnx", "", {{"input", digits}}},
      {"resnet20_cifar10/resnet20_cifar10.onnx", "", {{"input", {2, 3, 32, 32}}}},
      {"caffe/mnist_lenet/deploy_v1.prototxt", "caffe/mnist_lenet/mnist_v1.caffemodel", {{"data", digits}}},
      {"caffe/mtcnn_det1/det1.prototxt", "caffe/mtcnn_det1/det1.caffemodel", {{"data", {1, 3, 120, 160}}}},
      {"caffe/mtcnn_det2/det2.prototxt", "caffe/mtcnn_det2/det2.caffemodel", {{"data", {1, 3, 24, 24}}}},
      {"caffe/wechat_sr/sr.prototxt", "caffe/wechat_sr/sr.caffemodel", {{"data", {1, 1, 224, 224}}}},
      {"caffe/antispoof_retinaface_mnet025/deploy.prototxt",
       "caffe/antispoof_retinaface_mnet025/Widerface-RetinaFace.caffemodel",
       {{"data", {1, 3, 192, 192}}},
       {"detection_out"}},
      {"tf/fsrcnn_x2/FSRCNN_x2.pb", "", {{"IteratorGetNext", {1, 96, 96, 1}}}, {"NCHW_output"}},
      {"tf/kws_ds_cnn/DS_CNN_S.pb", "", {{"Reshape", {1, 490}}}, {"labels_softmax"}},
      {"tf/saved_model_made/model", "", {{"image", {3, 14, 14, 1}}}, {"logits", "prob"}},
      {"tf/saved_model_v1_made/model", "", {{"x", rows}}, {"y"}},
      {"tf/saved_model_v1_resource_made/model", "", {{"x", rows}}, {"y"}},
      {"tf/volumes_made/graph.pb",
       "",
       {{"x", {2, 4, 6, 6, 2}}},
       {"y", "hot", "total", "tiles", "product", "scattered", "functions", "length", "clipped", "some"}},
      {"tf/mnist_allcnn/all_cnn3.pb", "", {{"input_layer_1", {10, 28, 28, 1}}}},
      {"uff/kws_ds_cnn/kws_ds_cnn.uff", "", {{"Reshape", {1, 490}}}, {"labels_softmax"}},
      {"uff/fsrcnn_x2_features/fsrcnn_x2_features.uff", "", {{"IteratorGetNext", {1, 1, 96, 96}}}, {"conv8"}, true},
      {"uff/mnist_allcnn/all_cnn.uff", "", {{"input_layer_1", digits}}, {}, true},
      {"uff/mnist_lenet/mnist_lenet.uff", "", {{"input_1", digits}}, {}, true},
      {"tf/while_v2_made/model", "", {{"x", {2, 3}}, {"limit", {}}}, {"turns", "y", "sum"}},
      {"tf/cond_v2_made/model", "", {{"x", {2, 3}}, {"limit", {}}}, {"y", "z"}},
      {"tf/recurrent_v2_made/model", "", {{"x", {2, 6, 4}}}, {"h", "all"}},
  };
  for (const ModelFile& model : models) {
    FileImport file;
    file.model = MODELS "/" + model.file;
    if (!model.weights.empty()) file.weights = MODELS "/" + model.weights;
    file.input_shapes = model.shapes;
    file.outputs = model.outputs;
    file.channels_first = model.planes;
    auto network = tools::import_file(file);
    ASSERT_TRUE(network.ok()) << model.file << ": " << network.error().message;
    for (const bool half : {false, true}) {
      BuildConfig config;
      config.optimize.allow_half = half;
      EXPECT_EQ(host_steps(**network, config), std::vector<std::string>{}) << model.file << (half ? " in half" : "");
    }
  }
}

}  // namespace
}  // namespace ingot
