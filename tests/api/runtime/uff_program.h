// The program behind old_formats_test.cpp; each generation compiles it with its own Dims.
#pragma once

#include <cuda_runtime_api.h>

#include <string>
#include <vector>

#include "NvInfer.h"
#include "NvUffParser.h"
#include "program_files.h"

namespace {

using namespace nvinfer1;

// LeNet's digits by the converter's file, fed as [1, 28, 28].
std::string uff_digits(const std::string& model, const std::string& input_file) {
  ProgramLogger log;
  IBuilder* builder = createInferBuilder(log);
  INetworkDefinition* network = builder->createNetworkV2(0);
  nvuffparser::IUffParser* parser = nvuffparser::createUffParser();
  if (parser->getUffRequiredVersionMajor() != 0 || parser->getUffRequiredVersionMinor() != 6) return "error: version";
  if (parser->parse(model.c_str(), *network) || log.errors.find("no output is registered") == std::string::npos)
    return "error: outputs " + log.errors;
  if (!parser->registerInput("input_1", Dims3(1, 28, 28), nvuffparser::UffInputOrder::kNCHW)) return "error: input";
  if (parser->registerInput(nullptr, Dims3(1, 28, 28), nvuffparser::UffInputOrder::kNCHW)) return "error: an input without a name";
  if (!parser->registerOutput("MarkOutput_0")) return "error: output";
  if (!parser->parse(model.c_str(), *network, DataType::kFLOAT)) return "error: " + log.errors;
  if (network->getInput(0)->getDimensions().nbDims != 3 || network->getOutput(0)->getDimensions().nbDims != 3) return "error: dims";
  builder->setMaxBatchSize(10);
  IBuilderConfig* config = builder->createBuilderConfig();
  ICudaEngine* engine = builder->buildEngineWithConfig(*network, *config);
  if (!engine) return "error: " + log.errors;
  parser->destroy();
  const std::vector<float> input = floats_at_end(input_file, 10 * 784);
  if (input.empty()) return "error: no input";
  IExecutionContext* context = engine->createExecutionContext();
  void* buffers[2] = {};
  const int in = engine->getBindingIndex("input_1"), out = engine->getBindingIndex("MarkOutput_0");
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
