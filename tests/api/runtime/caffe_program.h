// The program behind caffe_test.cpp; each generation compiles it with its own Dims.
#pragma once

#include <cuda_runtime_api.h>

#include <cstring>
#include <fstream>
#include <iterator>
#include <string>
#include <vector>

#include "NvCaffeParser.h"
#include "NvInfer.h"

namespace {

using namespace nvinfer1;

class CaffeLogger : public ILogger {
 public:
#if NV_TENSORRT_MAJOR >= 8
  void log(Severity severity, const char* message) noexcept override {
#else
  void log(Severity severity, const char* message) override {
#endif
    if (severity <= Severity::kERROR) errors += std::string(message) + "\n";
  }
  std::string errors;
};

// A picture's 28 by 28 pixels, the last bytes of a .pgm file.
std::vector<unsigned char> pixels_of(const std::string& path) {
  std::ifstream stream(path, std::ios::binary);
  const std::vector<unsigned char> bytes((std::istreambuf_iterator<char>(stream)), std::istreambuf_iterator<char>());
  return bytes.size() < 784 ? std::vector<unsigned char>() : std::vector<unsigned char>(bytes.end() - 784, bytes.end());
}

std::string digits(const std::string& folder, const std::string& pictures, const std::string& weights) {
  CaffeLogger log;
  IBuilder* builder = createInferBuilder(log);
  INetworkDefinition* network = builder->createNetworkV2(0);
  nvcaffeparser1::ICaffeParser* parser = nvcaffeparser1::createCaffeParser();
  const nvcaffeparser1::IBlobNameToTensor* blobs =
      parser->parse((folder + "/deploy.prototxt").c_str(), (folder + "/" + weights).c_str(), *network, DataType::kFLOAT);
  if (!blobs) return "error: " + log.errors;
  if (network->getInput(0)->getDimensions().nbDims != 3) return "error: an input without its batch has 3 dims";
  ITensor* prob = blobs->find("prob");
  if (!prob || blobs->find("no such blob")) return "error: find";
  if (prob->getDimensions().nbDims != 3 || prob->getDimensions().d[0] != 10) return "error: prob is not [10, 1, 1]";
  if (std::strcmp(prob->getName(), "prob") || std::strcmp(network->getLayer(1)->getName(), "conv1")) return "error: names";
  network->markOutput(*prob);
  nvcaffeparser1::IBinaryProtoBlob* mean = parser->parseBinaryProto((folder + "/mnist_mean.binaryproto").c_str());
  if (!mean) return "error: no mean";
  const auto dims = mean->getDimensions();
  if (dims.d[0] != 1 || dims.d[1] != 1 || dims.d[2] != 28 || dims.d[3] != 28 || mean->getDataType() != DataType::kFLOAT) return "error: dims of the mean";
  std::vector<float> input;
  for (int digit = 0; digit < 10; ++digit) {
    const std::vector<unsigned char> pixels = pixels_of(pictures + "/" + std::to_string(digit) + ".pgm");
    if (pixels.size() != 784) return "error: no picture";
    for (size_t i = 0; i < 784; ++i) input.push_back(static_cast<float>(pixels[i]) - static_cast<const float*>(mean->getData())[i]);
  }
  mean->destroy();
  builder->setMaxBatchSize(10);
  IBuilderConfig* config = builder->createBuilderConfig();
  ICudaEngine* engine = builder->buildEngineWithConfig(*network, *config);
  if (!engine) return "error: " + log.errors;
  parser->destroy();
  IExecutionContext* context = engine->createExecutionContext();
  void* buffers[2] = {};
  const int in = engine->getBindingIndex("data"), out = engine->getBindingIndex("prob");
  std::vector<float> answers(100);
  cudaMalloc(&buffers[in], input.size() * sizeof(float));
  cudaMalloc(&buffers[out], answers.size() * sizeof(float));
  cudaMemcpy(buffers[in], input.data(), input.size() * sizeof(float), cudaMemcpyHostToDevice);
  if (!context->execute(10, buffers)) return "error: " + log.errors;
  cudaMemcpy(answers.data(), buffers[out], answers.size() * sizeof(float), cudaMemcpyDeviceToHost);
  cudaFree(buffers[0]);
  cudaFree(buffers[1]);
  std::string seen;
  for (int row = 0; row < 10; ++row) {
    int best = 0;
    for (int i = 1; i < 10; ++i) {
      if (answers[static_cast<size_t>(row * 10 + i)] > answers[static_cast<size_t>(row * 10 + best)]) best = i;
    }
    seen += std::to_string(best);
  }
  context->destroy();
  engine->destroy();
  config->destroy();
  network->destroy();
  builder->destroy();
  return seen;
}

}  // namespace
