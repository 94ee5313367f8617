// Generation 6: an ONNX file with a dynamic batch, two optimization profiles and a context of each, run through enqueueV2.
#include <cuda_runtime_api.h>

#include <fstream>
#include <iterator>
#include <memory>

#include "NvOnnxParser.h"
#include "check.h"

using namespace nvinfer1;

namespace {

struct Destroy {
  template <typename T>
  void operator()(T* object) const {
    object->destroy();
  }
};
template <typename T>
using Unique = std::unique_ptr<T, Destroy>;

constexpr int kPixels = 28 * 28, kClasses = 10;

// The floats at the end of an .npy file.
std::vector<float> read_floats(std::string const& path, std::size_t count) {
  std::ifstream file(path, std::ios::binary);
  std::string const bytes((std::istreambuf_iterator<char>(file)), std::istreambuf_iterator<char>());
  CHECK(bytes.size() >= count * sizeof(float));
  std::vector<float> values(count);
  std::copy(bytes.end() - static_cast<std::ptrdiff_t>(count * sizeof(float)), bytes.end(), reinterpret_cast<char*>(values.data()));
  return values;
}

Dims4 images(int n) { return Dims4(n, 1, 28, 28); }

void run(ICudaEngine& engine, IExecutionContext& context, int profile, int first, int count, std::vector<float> const& in,
         std::vector<float> const& wanted) {
  int const begin = engine.getNbBindings() / engine.getNbOptimizationProfiles() * profile;
  std::vector<void*> buffers(static_cast<std::size_t>(engine.getNbBindings()), nullptr);
  std::size_t const n = static_cast<std::size_t>(count), from = static_cast<std::size_t>(first);
  CHECK(cudaMalloc(&buffers[static_cast<std::size_t>(begin)], n * kPixels * sizeof(float)) == cudaSuccess);
  CHECK(cudaMalloc(&buffers[static_cast<std::size_t>(begin) + 1], n * kClasses * sizeof(float)) == cudaSuccess);
  void* const input = buffers[static_cast<std::size_t>(begin)];
  void* const output = buffers[static_cast<std::size_t>(begin) + 1];
  CHECK(context.setBindingDimensions(begin, images(count)));
  CHECK(context.allInputDimensionsSpecified());
  Dims const produced = context.getBindingDimensions(begin + 1);
  CHECK(produced.nbDims == 2 && produced.d[0] == count && produced.d[1] == kClasses);
  cudaStream_t stream;
  CHECK(cudaStreamCreate(&stream) == cudaSuccess);
  cudaMemcpyAsync(input, in.data() + from * kPixels, n * kPixels * sizeof(float), cudaMemcpyHostToDevice, stream);
  CHECK(context.enqueueV2(buffers.data(), stream, nullptr));
  std::vector<float> got(n * kClasses);
  cudaMemcpyAsync(got.data(), output, got.size() * sizeof(float), cudaMemcpyDeviceToHost, stream);
  cudaStreamSynchronize(stream);
  check_values(got,
               std::vector<float>(wanted.begin() + static_cast<std::ptrdiff_t>(from * kClasses),
                                  wanted.begin() + static_cast<std::ptrdiff_t>((from + n) * kClasses)),
               1e-4f);
  cudaStreamDestroy(stream);
  cudaFree(input);
  cudaFree(output);
}

}  // namespace

int main(int, char** arguments) {
  std::string const folder = std::string(arguments[2]) + "/models/mnist_lenet/";
  std::vector<float> const in = read_floats(folder + "input.npy", 10 * kPixels), wanted = read_floats(folder + "expected_ort.npy", 100);
  ShowingLogger logger;
  Unique<IBuilder> builder(createInferBuilder(logger));
  Unique<INetworkDefinition> network(builder->createNetworkV2(1U << static_cast<uint32_t>(NetworkDefinitionCreationFlag::kEXPLICIT_BATCH)));
  Unique<nvonnxparser::IParser> parser(nvonnxparser::createParser(*network, logger));
  CHECK(parser->parseFromFile((folder + "mnist_lenet_op13.onnx").c_str(), static_cast<int>(ILogger::Severity::kWARNING)));
  CHECK(network->getInput(0)->getDimensions().d[0] == -1);

  Unique<IBuilderConfig> config(builder->createBuilderConfig());
  config->setMaxWorkspaceSize(16 << 20);
  int const limits[2][3] = {{1, 1, 1}, {2, 4, 8}};
  for (auto const& sizes : limits) {
    IOptimizationProfile* profile = builder->createOptimizationProfile();
    CHECK(profile->setDimensions("input", OptProfileSelector::kMIN, images(sizes[0])));
    CHECK(profile->setDimensions("input", OptProfileSelector::kOPT, images(sizes[1])));
    CHECK(profile->setDimensions("input", OptProfileSelector::kMAX, images(sizes[2])));
    CHECK(profile->isValid());
    CHECK(config->addOptimizationProfile(profile) >= 0);
  }
  CHECK(config->getNbOptimizationProfiles() == 2);
  Unique<ICudaEngine> engine(builder->buildEngineWithConfig(*network, *config));
  CHECK(engine != nullptr && !engine->hasImplicitBatchDimension());
  // Each profile has bindings of its own.
  CHECK(engine->getNbBindings() == 4 && engine->getNbOptimizationProfiles() == 2);
  CHECK(engine->getBindingIndex("input") == 0 && std::string(engine->getBindingName(2)).find("input") == 0);
  CHECK(engine->getProfileDimensions(0, 0, OptProfileSelector::kMAX).d[0] == 1);
  CHECK(engine->getProfileDimensions(2, 1, OptProfileSelector::kMAX).d[0] == 8);
  CHECK(engine->getProfileDimensions(2, 1, OptProfileSelector::kOPT).d[0] == 4);

  Unique<IExecutionContext> one(engine->createExecutionContext()), many(engine->createExecutionContext());
  CHECK(one->getOptimizationProfile() == 0 && many->setOptimizationProfile(1) && many->getOptimizationProfile() == 1);
  for (int digit = 0; digit < 10; ++digit) run(*engine, *one, 0, digit, 1, in, wanted);
  for (int count = 2; count <= 8; ++count) run(*engine, *many, 1, 10 - count, count, in, wanted);

  // Shapes outside of a profile are refused, and the context goes on with the last one.
  logger.quiet = true;
  CHECK(!one->setBindingDimensions(0, images(2)));
  CHECK(!many->setBindingDimensions(2, images(9)));
  run(*engine, *many, 1, 0, 3, in, wanted);
  return 0;
}
