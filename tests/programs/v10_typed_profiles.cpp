// Generation 10: an ONNX file as a strongly typed network with two profiles, a progress monitor, and a plan that is read from a stream.
#include <cuda_runtime_api.h>

#include <fstream>
#include <iterator>
#include <map>
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

// Sees that phases begin and end, one inside the other, and stops the build where it is told to.
class Monitor : public IProgressMonitor {
 public:
  void phaseStart(char const* phaseName, char const* parentPhase, int32_t nbSteps) noexcept override {
    CHECK(phaseName != nullptr && nbSteps > 0);
    CHECK(parentPhase == nullptr || open.count(parentPhase) == 1);
    open[phaseName] = nbSteps;
    ++started;
  }
  bool stepComplete(char const* phaseName, int32_t step) noexcept override {
    CHECK(open.count(phaseName) == 1 && step >= 0 && step < open[phaseName]);
    ++steps;
    return steps <= most;
  }
  void phaseFinish(char const* phaseName) noexcept override { CHECK(open.erase(phaseName) == 1); }
  std::map<std::string, int32_t> open;
  int32_t started = 0, steps = 0, most = 1 << 30;
};

class FileReader : public IStreamReader {
 public:
  explicit FileReader(std::string const& path) : file_(path, std::ios::binary) { CHECK(file_.is_open()); }
  int64_t read(void* destination, int64_t nbBytes) noexcept override {
    file_.read(static_cast<char*>(destination), nbBytes);
    return file_.gcount();
  }

 private:
  std::ifstream file_;
};

}  // namespace

int main(int, char** arguments) {
  CHECK(getInferLibVersion() == NV_TENSORRT_VERSION);
  std::string const folder = std::string(arguments[2]) + "/models/mnist_lenet/",
                    file = std::string(arguments[1]) + "/v10_typed_profiles.plan";
  std::vector<float> const in = read_floats(folder + "input.npy", 10 * kPixels), wanted = read_floats(folder + "expected_ort.npy", 100);
  ShowingLogger logger;
  {
    auto builder = std::unique_ptr<IBuilder>(createInferBuilder(logger));
    auto network = std::unique_ptr<INetworkDefinition>(
        builder->createNetworkV2(1U << static_cast<uint32_t>(NetworkDefinitionCreationFlag::kSTRONGLY_TYPED)));
    CHECK(network->getFlag(NetworkDefinitionCreationFlag::kSTRONGLY_TYPED) && !network->hasImplicitBatchDimension());
    auto parser = std::unique_ptr<nvonnxparser::IParser>(nvonnxparser::createParser(*network, logger));
    CHECK(parser->parseFromFile((folder + "mnist_lenet_op13.onnx").c_str(), static_cast<int32_t>(ILogger::Severity::kWARNING)));
    CHECK(parser->getNbErrors() == 0);
    auto config = std::unique_ptr<IBuilderConfig>(builder->createBuilderConfig());
    config->setMemoryPoolLimit(MemoryPoolType::kWORKSPACE, std::size_t{1} << 26);
    config->setBuilderOptimizationLevel(2);
    int64_t const limits[2][3] = {{1, 1, 1}, {1, 6, 10}};
    for (auto const& sizes : limits) {
      IOptimizationProfile* profile = builder->createOptimizationProfile();
      CHECK(profile->setDimensions("input", OptProfileSelector::kMIN, Dims4{sizes[0], 1, 28, 28}));
      CHECK(profile->setDimensions("input", OptProfileSelector::kOPT, Dims4{sizes[1], 1, 28, 28}));
      CHECK(profile->setDimensions("input", OptProfileSelector::kMAX, Dims4{sizes[2], 1, 28, 28}));
      config->addOptimizationProfile(profile);
    }
    // A monitor may end a build; the next one begins anew.
    Monitor impatient, patient;
    impatient.most = 0;
    config->setProgressMonitor(&impatient);
    logger.quiet = true;
    CHECK(std::unique_ptr<IHostMemory>(builder->buildSerializedNetwork(*network, *config)) == nullptr);
    logger.quiet = false;
    CHECK(impatient.open.empty() && impatient.steps == 1);
    config->setProgressMonitor(&patient);
    CHECK(config->getProgressMonitor() == &patient);
    auto plan = std::unique_ptr<IHostMemory>(builder->buildSerializedNetwork(*network, *config));
    CHECK(plan != nullptr && patient.open.empty() && patient.started > 0 && patient.steps > 0);
    std::ofstream(file, std::ios::binary).write(static_cast<char const*>(plan->data()), static_cast<std::streamsize>(plan->size()));
  }

  auto runtime = std::unique_ptr<IRuntime>(createInferRuntime(logger));
  FileReader reader(file);
  auto engine = std::unique_ptr<ICudaEngine>(runtime->deserializeCudaEngine(reader));
  CHECK(engine != nullptr && engine->getNbIOTensors() == 2 && engine->getNbOptimizationProfiles() == 2);
  CHECK(engine->getTensorIOMode("input") == TensorIOMode::kINPUT && engine->getTensorDataType("prob") == DataType::kFLOAT);
  CHECK(engine->getTensorShape("input").d[0] == -1 && engine->getProfileShape("input", 1, OptProfileSelector::kMAX).d[0] == 10);
  cudaStream_t stream;
  CHECK(cudaStreamCreate(&stream) == cudaSuccess);
  for (int32_t profile = 0; profile < 2; ++profile) {
    auto context = std::unique_ptr<IExecutionContext>(engine->createExecutionContext());
    CHECK(context->setOptimizationProfileAsync(profile, stream) && context->getOptimizationProfile() == profile);
    int64_t const most = profile == 0 ? 1 : 10;
    for (int64_t rows = 1; rows <= most; rows += 3) {
      CHECK(context->setInputShape("input", Dims4{rows, 1, 28, 28}));
      CHECK(context->inferShapes(0, nullptr) == 0 && context->getTensorShape("prob").d[0] == rows);
      void *input = nullptr, *prob = nullptr;
      std::vector<float> got(static_cast<std::size_t>(rows * kClasses));
      CHECK(cudaMalloc(&input, static_cast<std::size_t>(rows * kPixels) * sizeof(float)) == cudaSuccess);
      CHECK(cudaMalloc(&prob, got.size() * sizeof(float)) == cudaSuccess);
      cudaMemcpyAsync(input, in.data(), static_cast<std::size_t>(rows * kPixels) * sizeof(float), cudaMemcpyHostToDevice, stream);
      CHECK(context->setTensorAddress("input", input) && context->setTensorAddress("prob", prob));
      CHECK(context->enqueueV3(stream));
      cudaMemcpyAsync(got.data(), prob, got.size() * sizeof(float), cudaMemcpyDeviceToHost, stream);
      cudaStreamSynchronize(stream);
      check_values(got, std::vector<float>(wanted.begin(), wanted.begin() + rows * kClasses), 1e-4f);
      cudaFree(input);
      cudaFree(prob);
    }
    logger.quiet = true;
    CHECK(!context->setInputShape("input", Dims4{most + 1, 1, 28, 28}));
    logger.quiet = false;
  }
  cudaStreamDestroy(stream);
  return 0;
}
