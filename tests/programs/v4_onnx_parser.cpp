// Generation 4: a model by its configuration; the parser makes the network, which a builder of the program's builds.
#include <cuda_runtime_api.h>

#include <fstream>
#include <iterator>

#include "NvOnnxConfig.h"
#include "NvOnnxParser.h"
#include "check.h"

using namespace nvinfer1;

namespace {

constexpr int kPixels = 28 * 28, kClasses = 10, kBatch = 3;

// The values at the end of an .npy file.
std::vector<float> read_floats(std::string const& path, std::size_t count) {
  std::ifstream file(path, std::ios::binary);
  std::vector<char> const bytes((std::istreambuf_iterator<char>(file)), std::istreambuf_iterator<char>());
  CHECK(bytes.size() >= count * sizeof(float));
  std::vector<float> values(count);
  std::copy(bytes.end() - static_cast<std::ptrdiff_t>(count * sizeof(float)), bytes.end(), reinterpret_cast<char*>(values.data()));
  return values;
}

}  // namespace

int main(int, char** arguments) {
  std::string const folder = std::string(arguments[2]) + "/models/mnist_lenet/";
  std::string const model = folder + "mnist_lenet_op13.onnx";
  nvonnxparser::IOnnxConfig* config = nvonnxparser::createONNXConfig();
  config->setModelFileName(model.c_str());
  config->setPrintLayerInfo(true);
  config->setVerbosityLevel(-1);  // nothing on standard error
  nvonnxparser::IONNXParser* parser = nvonnxparser::createONNXParser(*config);
  CHECK(!parser->convertToTRTNetwork() && parser->getTRTNetwork() == nullptr);
  CHECK(!parser->parse("not/there.onnx", DataType::kFLOAT) && !parser->convertToTRTNetwork());
  CHECK(parser->parse(config->getModelFileName(), DataType::kFLOAT));
  parser->reportParsingInfo();
  CHECK(parser->convertToTRTNetwork());
  INetworkDefinition* network = parser->getTRTNetwork();
  CHECK(network != nullptr && parser->getTRTNetwork() == network);
  parser->destroy();
  config->destroy();

  // The batch is implicit, as it was then.
  CHECK(network->getNbInputs() == 1 && network->getInput(0)->getDimensions().nbDims == 3);
  ShowingLogger logger;
  IBuilder* builder = createInferBuilder(logger);
  builder->setMaxBatchSize(kBatch);
  builder->setMaxWorkspaceSize(1 << 20);
  ICudaEngine* engine = builder->buildCudaEngine(*network);
  CHECK(engine != nullptr && engine->getNbBindings() == 2);
  network->destroy();
  builder->destroy();

  std::vector<float> const in = read_floats(folder + "input.npy", 10 * kPixels), wanted = read_floats(folder + "expected_ort.npy", 100);
  IExecutionContext* context = engine->createExecutionContext();
  int const input = engine->getBindingIndex("input");
  CHECK(input >= 0);
  void* buffers[2];
  CHECK(cudaMalloc(&buffers[input], kBatch * kPixels * sizeof(float)) == cudaSuccess);
  CHECK(cudaMalloc(&buffers[1 - input], kBatch * kClasses * sizeof(float)) == cudaSuccess);
  cudaMemcpy(buffers[input], in.data(), kBatch * kPixels * sizeof(float), cudaMemcpyHostToDevice);
  CHECK(context->execute(kBatch, buffers));
  std::vector<float> got(kBatch * kClasses);
  cudaMemcpy(got.data(), buffers[1 - input], got.size() * sizeof(float), cudaMemcpyDeviceToHost);
  check_values(got, std::vector<float>(wanted.begin(), wanted.begin() + kBatch * kClasses), 1e-4f);
  cudaFree(buffers[0]);
  cudaFree(buffers[1]);
  context->destroy();
  engine->destroy();
  return 0;
}
