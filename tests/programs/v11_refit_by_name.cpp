// Generation 11: weights refitted by the names that an ONNX file gives them, on a stream, while a second context waits; the plan is written
// to and read from streams of the program's own.
#include <cuda_runtime_api.h>

#include <algorithm>
#include <cstring>
#include <fstream>
#include <iterator>
#include <memory>

#include "NvOnnxParser.h"
#include "check.h"

using namespace nvinfer1;

namespace {

constexpr int64_t kPixels = 28 * 28, kClasses = 10;

std::vector<float> read_floats(std::string const& path, std::size_t count) {
  std::ifstream file(path, std::ios::binary);
  std::string const bytes((std::istreambuf_iterator<char>(file)), std::istreambuf_iterator<char>());
  CHECK(bytes.size() >= count * sizeof(float));
  std::vector<float> values(count);
  std::copy(bytes.end() - static_cast<std::ptrdiff_t>(count * sizeof(float)), bytes.end(), reinterpret_cast<char*>(values.data()));
  return values;
}

class Writer : public IStreamWriter {
 public:
  int64_t write(void const* data, int64_t nbBytes) noexcept override {
    bytes.insert(bytes.end(), static_cast<char const*>(data), static_cast<char const*>(data) + nbBytes);
    return nbBytes;
  }
  std::vector<char> bytes;
};

class Reader : public IStreamReaderV2 {
 public:
  explicit Reader(std::vector<char> const& bytes) : bytes_(bytes) {}
  int64_t read(void* destination, int64_t nbBytes, cudaStream_t stream) noexcept override {
    int64_t const count = std::min<int64_t>(nbBytes, static_cast<int64_t>(bytes_.size()) - at_);
    if (cudaMemcpyAsync(destination, bytes_.data() + at_, static_cast<std::size_t>(count), cudaMemcpyDefault, stream) != cudaSuccess)
      return -1;
    at_ += count;
    return count;
  }
  bool seek(int64_t offset, SeekPosition where) noexcept override {
    int64_t const from = where == SeekPosition::kSET ? 0 : where == SeekPosition::kCUR ? at_ : static_cast<int64_t>(bytes_.size());
    if (from + offset < 0 || from + offset > static_cast<int64_t>(bytes_.size())) return false;
    at_ = from + offset;
    return true;
  }

 private:
  std::vector<char> const& bytes_;
  int64_t at_ = 0;
};

std::vector<float> run(IExecutionContext& context, cudaStream_t stream, std::vector<float>& in) {
  std::vector<float> prob(10 * kClasses);
  CHECK(context.setInputShape("input", Dims4{10, 1, 28, 28}));
  CHECK(context.setTensorAddress("input", in.data()) && context.setTensorAddress("prob", prob.data()));
  CHECK(context.enqueueV3(stream) && cudaStreamSynchronize(stream) == cudaSuccess);
  return prob;
}

}  // namespace

int main(int, char** arguments) {
  std::string const folder = std::string(arguments[2]) + "/models/mnist_lenet/";
  std::vector<float> in = read_floats(folder + "input.npy", 10 * kPixels);
  std::vector<float> const wanted = read_floats(folder + "expected_ort.npy", 100);
  ShowingLogger logger;
  Writer plan;
  {
    std::unique_ptr<IBuilder> builder(createInferBuilder(logger));
    std::unique_ptr<INetworkDefinition> network(builder->createNetworkV2(0));
    std::unique_ptr<nvonnxparser::IParser> parser(nvonnxparser::createParser(*network, logger));
    CHECK(parser->parseFromFile((folder + "mnist_lenet_op13.onnx").c_str(), static_cast<int32_t>(ILogger::Severity::kWARNING)));
    std::unique_ptr<IBuilderConfig> config(builder->createBuilderConfig());
    config->setFlag(BuilderFlag::kREFIT);
    config->clearFlag(BuilderFlag::kTF32);
    IOptimizationProfile* profile = builder->createOptimizationProfile();
    profile->setDimensions("input", OptProfileSelector::kMIN, Dims4{1, 1, 28, 28});
    profile->setDimensions("input", OptProfileSelector::kOPT, Dims4{10, 1, 28, 28});
    profile->setDimensions("input", OptProfileSelector::kMAX, Dims4{10, 1, 28, 28});
    config->addOptimizationProfile(profile);
    CHECK(builder->buildSerializedNetworkToStream(*network, *config, plan) && !plan.bytes.empty());
  }
  std::unique_ptr<IRuntime> runtime(createInferRuntime(logger));
  Reader reader(plan.bytes);
  std::unique_ptr<ICudaEngine> engine(runtime->deserializeCudaEngine(reader));
  CHECK(engine != nullptr && engine->isRefittable());
  std::unique_ptr<IExecutionContext> context(engine->createExecutionContext()), waiting(engine->createExecutionContext());
  cudaStream_t stream;
  CHECK(cudaStreamCreate(&stream) == cudaSuccess);
  check_values(run(*context, stream, in), wanted, 1e-4f);
  CHECK(cudaStreamSynchronize(stream) == cudaSuccess);

  std::unique_ptr<IRefitter> refitter(createInferRefitter(*engine, logger));
  CHECK(refitter != nullptr);
  int32_t const count = refitter->getAllWeights(0, nullptr);
  std::vector<char const*> names(static_cast<std::size_t>(count));
  CHECK(refitter->getAllWeights(count, names.data()) == count);
  for (char const* name : {"conv1.weight", "conv2.bias", "ip1.weight", "ip2.weight", "ip2.bias"}) {
    CHECK(std::count_if(names.begin(), names.end(), [name](char const* other) { return std::strcmp(name, other) == 0; }) == 1);
    CHECK(refitter->getWeightsPrototype(name).count > 0 && refitter->getWeightsPrototype(name).type == DataType::kFLOAT);
  }
  CHECK(refitter->getMissingWeights(0, nullptr) == 0);
  CHECK(refitter->getWeightsPrototype("ip2.bias").count == kClasses);

  // With no last weights and a bias that grows by class, each digit is taken for a nine.
  std::vector<float> const nothing(10 * 500, 0), slope{0, 1, 2, 3, 4, 5, 6, 7, 8, 9};
  CHECK(refitter->setNamedWeights("ip2.weight", Weights{DataType::kFLOAT, nothing.data(), 5000}, TensorLocation::kHOST));
  CHECK(refitter->getWeightsLocation("ip2.weight") == TensorLocation::kHOST);
  CHECK(refitter->getNamedWeights("ip2.weight").values == nothing.data());
  CHECK(refitter->setNamedWeights("ip2.bias", Weights{DataType::kFLOAT, slope.data(), kClasses}));
  // What was set may be taken back before it is used.
  CHECK(refitter->setNamedWeights("conv1.bias", Weights{DataType::kFLOAT, nothing.data(), 20}));
  CHECK(refitter->unsetNamedWeights("conv1.bias") && refitter->getNamedWeights("conv1.bias").count == 0);
  logger.quiet = true;
  CHECK(!refitter->setNamedWeights("ip2.bias", Weights{DataType::kFLOAT, slope.data(), 9}));
  CHECK(!refitter->setNamedWeights("ip3.bias", Weights{DataType::kFLOAT, slope.data(), kClasses}));
  CHECK(!refitter->unsetNamedWeights("ip3.bias"));
  logger.quiet = false;
  CHECK(refitter->refitCudaEngineAsync(stream) && cudaStreamSynchronize(stream) == cudaSuccess);
  std::vector<float> changed;
  float total = 0;
  for (float s : slope) total += std::exp(s);
  for (int row = 0; row < 10; ++row) {
    for (float s : slope) changed.push_back(std::exp(s) / total);
  }
  check_values(run(*context, stream, in), changed, 1e-5f);
  check_values(run(*waiting, stream, in), changed, 1e-5f);
  cudaStreamDestroy(stream);
  return 0;
}
