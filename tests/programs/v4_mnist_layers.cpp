// Generation 4: LeNet written layer by layer, with weights from a text file and the mean picture from a Caffe file; the plan is kept in
// memory and loaded again before the digits are read.
#include <cuda_runtime_api.h>

#include <cstdint>
#include <fstream>
#include <map>

#include "NvCaffeParser.h"
#include "check.h"

using namespace nvinfer1;

namespace {

constexpr int kSide = 28, kPixels = kSide * kSide, kClasses = 10;

// Lines of "name type count bits..." after the number of lines.
std::map<std::string, Weights> load_weights(std::string const& path) {
  std::ifstream file(path);
  CHECK(file.is_open());
  int count = 0;
  file >> count;
  CHECK(count > 0);
  std::map<std::string, Weights> weights;
  while (count--) {
    std::string name;
    int type = -1;
    uint32_t size = 0;
    file >> name >> std::dec >> type >> size;
    CHECK(file && type == static_cast<int>(DataType::kFLOAT));
    uint32_t* values = static_cast<uint32_t*>(std::malloc(size * sizeof(uint32_t)));
    for (uint32_t i = 0; i < size; ++i) file >> std::hex >> values[i];
    weights[name] = Weights{DataType::kFLOAT, values, size};
  }
  CHECK(file);
  return weights;
}

IHostMemory* build(ShowingLogger& logger, std::string const& path) {
  IBuilder* builder = createInferBuilder(logger);
  INetworkDefinition* network = builder->createNetwork();
  std::map<std::string, Weights> weights = load_weights(path);

  ITensor* data = network->addInput("data", DataType::kFLOAT, DimsCHW{1, kSide, kSide});
  CHECK(data != nullptr);
  // The network was trained on pixels in steps of 1/256.
  float const step = 1.0f / 256;
  Weights const none{DataType::kFLOAT, nullptr, 0}, scale{DataType::kFLOAT, &step, 1};
  IScaleLayer* scaled = network->addScale(*data, ScaleMode::kUNIFORM, none, scale, none);
  IConvolutionLayer* conv1 =
      network->addConvolution(*scaled->getOutput(0), 20, DimsHW{5, 5}, weights["conv1.weight"], weights["conv1.bias"]);
  conv1->setStride(DimsHW{1, 1});
  IPoolingLayer* pool1 = network->addPooling(*conv1->getOutput(0), PoolingType::kMAX, DimsHW{2, 2});
  pool1->setStride(DimsHW{2, 2});
  IConvolutionLayer* conv2 =
      network->addConvolution(*pool1->getOutput(0), 50, DimsHW{5, 5}, weights["conv2.weight"], weights["conv2.bias"]);
  IPoolingLayer* pool2 = network->addPooling(*conv2->getOutput(0), PoolingType::kMAX, DimsHW{2, 2});
  pool2->setStride(DimsHW{2, 2});
  IFullyConnectedLayer* ip1 = network->addFullyConnected(*pool2->getOutput(0), 500, weights["ip1.weight"], weights["ip1.bias"]);
  IActivationLayer* relu1 = network->addActivation(*ip1->getOutput(0), ActivationType::kRELU);
  IFullyConnectedLayer* ip2 = network->addFullyConnected(*relu1->getOutput(0), kClasses, weights["ip2.weight"], weights["ip2.bias"]);
  ISoftMaxLayer* prob = network->addSoftMax(*ip2->getOutput(0));
  prob->getOutput(0)->setName("prob");
  network->markOutput(*prob->getOutput(0));
  CHECK(network->getNbLayers() == 9 && network->getNbInputs() == 1 && network->getNbOutputs() == 1);

  builder->setMaxBatchSize(1);
  builder->setMaxWorkspaceSize(1 << 20);
  ICudaEngine* engine = builder->buildCudaEngine(*network);
  CHECK(engine != nullptr);
  network->destroy();
  builder->destroy();
  // The builder has its own copy of the weights by now.
  for (auto& entry : weights) std::free(const_cast<void*>(entry.second.values));
  IHostMemory* plan = engine->serialize();
  engine->destroy();
  return plan;
}

std::vector<uint8_t> read_digit(std::string const& path) {
  std::ifstream file(path, std::ifstream::binary);
  std::string magic;
  int width = 0, height = 0, most = 0;
  file >> magic >> width >> height >> most;
  file.get();
  CHECK(magic == "P5" && width == kSide && height == kSide);
  std::vector<uint8_t> pixels(kPixels);
  file.read(reinterpret_cast<char*>(pixels.data()), kPixels);
  CHECK(file);
  return pixels;
}

}  // namespace

int main(int, char** arguments) {
  std::string const weights = std::string(arguments[1]) + "/lenet.wts", models = std::string(arguments[2]) + "/models";
  ShowingLogger logger;
  IHostMemory* plan = build(logger, weights);
  CHECK(plan != nullptr && plan->size() > 0);

  nvcaffeparser1::ICaffeParser* parser = nvcaffeparser1::createCaffeParser();
  nvcaffeparser1::IBinaryProtoBlob* mean = parser->parseBinaryProto((models + "/caffe/mnist_lenet/mnist_mean.binaryproto").c_str());
  CHECK(mean != nullptr && mean->getDimensions().d[2] == kSide);
  float const* mean_values = static_cast<float const*>(mean->getData());

  IRuntime* runtime = createInferRuntime(logger);
  ICudaEngine* engine = runtime->deserializeCudaEngine(plan->data(), plan->size(), nullptr);
  plan->destroy();
  CHECK(engine != nullptr && engine->getNbBindings() == 2);
  int const input = engine->getBindingIndex("data"), output = engine->getBindingIndex("prob");
  CHECK(input >= 0 && output >= 0 && engine->bindingIsInput(input) && !engine->bindingIsInput(output));
  IExecutionContext* context = engine->createExecutionContext();
  void* buffers[2];
  CHECK(cudaMalloc(&buffers[input], kPixels * sizeof(float)) == cudaSuccess);
  CHECK(cudaMalloc(&buffers[output], kClasses * sizeof(float)) == cudaSuccess);
  cudaStream_t stream;
  CHECK(cudaStreamCreate(&stream) == cudaSuccess);
  for (int digit = 0; digit < kClasses; ++digit) {
    std::vector<uint8_t> const pixels = read_digit(models + "/mnist_lenet/" + std::to_string(digit) + ".pgm");
    float data[kPixels], prob[kClasses];
    for (int i = 0; i < kPixels; ++i) data[i] = static_cast<float>(pixels[static_cast<std::size_t>(i)]) - mean_values[i];
    cudaMemcpyAsync(buffers[input], data, sizeof data, cudaMemcpyHostToDevice, stream);
    CHECK(context->enqueue(1, buffers, stream, nullptr));
    cudaMemcpyAsync(prob, buffers[output], sizeof prob, cudaMemcpyDeviceToHost, stream);
    cudaStreamSynchronize(stream);
    float total = 0;
    for (float p : prob) total += p;
    CHECK(std::fabs(total - 1) < 1e-4f);
    CHECK(prob[digit] > 0.5f);
  }
  cudaStreamDestroy(stream);
  cudaFree(buffers[input]);
  cudaFree(buffers[output]);
  context->destroy();
  engine->destroy();
  runtime->destroy();
  mean->destroy();
  parser->destroy();
  nvcaffeparser1::shutdownProtobufLibrary();
  return 0;
}
