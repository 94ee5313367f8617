// Generation 4: Faster R-CNN's last layers in a Caffe model; the program's factory makes the fused regions and pooling with
// createFasterRCNNPlugin, while the model is read and once more when the plan is.
#include <cuda_runtime_api.h>

#include <memory>

#include "NvCaffeParser.h"
#include "NvInferPlugin.h"
#include "check.h"

using namespace nvinfer1;
using namespace nvcaffeparser1;

namespace {

float ratios[] = {1.0f};
float scales[] = {1.0f};

class PluginFactory : public nvinfer1::IPluginFactory, public nvcaffeparser1::IPluginFactory {
 public:
  bool isPlugin(char const* name) override { return std::string(name) == "RPROIFused"; }
  nvinfer1::IPlugin* createPlugin(char const* name, Weights const* weights, int nbWeights) override {
    CHECK(isPlugin(name) && nbWeights == 0 && weights == nullptr);
    CHECK(plugin_ == nullptr);
    plugin_ = plugin::createFasterRCNNPlugin(16, 6000, 3, 0.7f, 1, 0.125f, DimsHW(1, 2), Weights{DataType::kFLOAT, ratios, 1},
                                             Weights{DataType::kFLOAT, scales, 1});
    CHECK(plugin_ != nullptr && plugin_->getPluginType() == PluginType::kFASTERRCNN && plugin_->getNbOutputs() == 2);
    return plugin_;
  }
  nvinfer1::IPlugin* createPlugin(char const* name, void const* data, std::size_t length) override {
    CHECK(isPlugin(name));
    CHECK(plugin_ == nullptr);
    plugin_ = plugin::createFasterRCNNPlugin(data, length);
    CHECK(plugin_ != nullptr);
    return plugin_;
  }
  void destroyPlugin() {
    plugin_->destroy();
    plugin_ = nullptr;
  }

 private:
  plugin::INvPlugin* plugin_ = nullptr;
};

}  // namespace

int main() {
  ShowingLogger logger;
  PluginFactory factory;
  std::string const deploy =
      "name: 'tail'\n"
      "input: 'rpn_cls_prob' input_shape { dim: 1 dim: 2 dim: 1 dim: 2 }\n"
      "input: 'rpn_bbox_pred' input_shape { dim: 1 dim: 4 dim: 1 dim: 2 }\n"
      "input: 'conv5_3' input_shape { dim: 1 dim: 1 dim: 2 dim: 4 }\n"
      "input: 'im_info' input_shape { dim: 1 dim: 1 dim: 1 dim: 3 }\n"
      "layer { name: 'RPROIFused' type: 'Python' bottom: 'rpn_cls_prob' bottom: 'rpn_bbox_pred' bottom: 'conv5_3' bottom: 'im_info'\n"
      "        top: 'rois' top: 'pool5' }\n"
      "layer { name: 'relu' type: 'ReLU' bottom: 'pool5' top: 'features' }";
  IBuilder* builder = createInferBuilder(logger);
  INetworkDefinition* network = builder->createNetwork();
  ICaffeParser* parser = createCaffeParser();
  parser->setPluginFactory(&factory);
  std::string const model;
  IBlobNameToTensor const* blobs =
      parser->parseBuffers(deploy.data(), deploy.size(), model.data(), model.size(), *network, DataType::kFLOAT);
  CHECK(blobs != nullptr);
  for (char const* name : {"rois", "features"}) {
    CHECK(blobs->find(name) != nullptr);
    network->markOutput(*blobs->find(name));
  }
  Dims const rois = blobs->find("rois")->getDimensions(), features = blobs->find("features")->getDimensions();
  CHECK(rois.nbDims == 3 && rois.d[0] == 1 && rois.d[1] == 3 && rois.d[2] == 4);
  CHECK(features.nbDims == 4 && features.d[0] == 3 && features.d[1] == 1 && features.d[2] == 1 && features.d[3] == 2);
  builder->setMaxBatchSize(2);
  builder->setMaxWorkspaceSize(1 << 20);
  ICudaEngine* built = builder->buildCudaEngine(*network);
  CHECK(built != nullptr);
  parser->destroy();
  network->destroy();
  builder->destroy();
  IHostMemory* plan = built->serialize();
  CHECK(plan != nullptr);
  built->destroy();
  factory.destroyPlugin();

  IRuntime* runtime = createInferRuntime(logger);
  ICudaEngine* engine = runtime->deserializeCudaEngine(plan->data(), plan->size(), &factory);
  CHECK(engine != nullptr);
  plan->destroy();
  IExecutionContext* context = engine->createExecutionContext();
  // Two images; the second has its best region at the other place.
  float scores[] = {0, 0, 0.25f, 0.75f, 0, 0, 0.5f, 0.125f}, shifts[16] = {}, maps[] = {1, 2, 3, 4, 5, 6, 7, 8, 8, 7, 6, 5, 4, 3, 2, 1};
  float info[] = {16, 32, 1, 16, 32, 1}, boxes[24] = {}, pooled[12] = {};
  void* bindings[6] = {};
  CHECK(engine->getNbBindings() == 6);
  bindings[engine->getBindingIndex("rpn_cls_prob")] = scores;
  bindings[engine->getBindingIndex("rpn_bbox_pred")] = shifts;
  bindings[engine->getBindingIndex("conv5_3")] = maps;
  bindings[engine->getBindingIndex("im_info")] = info;
  bindings[engine->getBindingIndex("rois")] = boxes;
  bindings[engine->getBindingIndex("features")] = pooled;
  cudaStream_t stream;
  CHECK(cudaStreamCreate(&stream) == cudaSuccess);
  CHECK(context->enqueue(2, bindings, stream, nullptr));
  CHECK(cudaStreamSynchronize(stream) == cudaSuccess);
  CHECK(cudaStreamDestroy(stream) == cudaSuccess);
  float const wanted[] = {16, 0, 31, 15, 0, 0, 16, 15, 0, 0, 0, 0, 0, 0, 16, 15, 16, 0, 31, 15, 0, 0, 0, 0};
  for (int i = 0; i < 24; ++i) CHECK(boxes[i] == wanted[i]);
  float const cells[] = {8, 8, 6, 7, 1, 1, 8, 7, 6, 5, 8, 8};
  for (int i = 0; i < 12; ++i) CHECK(pooled[i] == cells[i]);
  context->destroy();
  engine->destroy();
  runtime->destroy();
  factory.destroyPlugin();
  return 0;
}
