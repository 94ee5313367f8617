// The program behind old_formats_test.cpp; each generation compiles it with its own Dims.
#pragma once

#include <cuda_runtime_api.h>

#include <cstring>
#include <string>
#include <vector>

#include "NvCaffeParser.h"
#include "NvInfer.h"
#include "program_files.h"

namespace {

using namespace nvinfer1;

std::string digits(const std::string& folder, const std::string& pictures, const std::string& weights) {
  ProgramLogger log;
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
  if (dims.d[0] != 1 || dims.d[1] != 1 || dims.d[2] != 28 || dims.d[3] != 28 || mean->getDataType() != DataType::kFLOAT)
    return "error: dims of the mean";
  std::vector<float> input;
  for (int digit = 0; digit < 10; ++digit) {
    const std::vector<unsigned char> pixels = bytes_at_end(pictures + "/" + std::to_string(digit) + ".pgm", 784);
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
  context->destroy();
  engine->destroy();
  config->destroy();
  network->destroy();
  builder->destroy();
  return largest_of_rows(answers);
}

}  // namespace
