// Generation 8.6, implicit batch: a UFF network, a timing cache that a second build reads, and a profiler that hears of every layer.
#include <cuda_runtime_api.h>

#include <fstream>
#include <iterator>
#include <map>
#include <memory>

#include "NvUffParser.h"
#include "check.h"

using namespace nvinfer1;

namespace {

constexpr int32_t kPixels = 28 * 28, kClasses = 10;

std::vector<float> read_floats(std::string const& path, std::size_t count) {
  std::ifstream file(path, std::ios::binary);
  std::string const bytes((std::istreambuf_iterator<char>(file)), std::istreambuf_iterator<char>());
  CHECK(bytes.size() >= count * sizeof(float));
  std::vector<float> values(count);
  std::copy(bytes.end() - static_cast<std::ptrdiff_t>(count * sizeof(float)), bytes.end(), reinterpret_cast<char*>(values.data()));
  return values;
}

class LayerTimes : public IProfiler {
 public:
  void reportLayerTime(char const* layerName, float ms) noexcept override {
    CHECK(layerName != nullptr && ms >= 0);
    times[layerName] += ms;
  }
  std::map<std::string, float> times;
};

std::unique_ptr<IHostMemory> build(ShowingLogger& logger, std::string const& model, std::vector<char>& timings) {
  std::unique_ptr<IBuilder> builder(createInferBuilder(logger));
  std::unique_ptr<INetworkDefinition> network(builder->createNetworkV2(0U));
  CHECK(network->hasImplicitBatchDimension());
  std::unique_ptr<nvuffparser::IUffParser> parser(nvuffparser::createUffParser());
  CHECK(parser->registerInput("input_1", Dims3(1, 28, 28), nvuffparser::UffInputOrder::kNCHW));
  CHECK(parser->registerOutput("MarkOutput_0"));
  CHECK(parser->parse(model.c_str(), *network, DataType::kFLOAT));
  builder->setMaxBatchSize(4);
  std::unique_ptr<IBuilderConfig> config(builder->createBuilderConfig());
  config->setMemoryPoolLimit(MemoryPoolType::kWORKSPACE, 1U << 24);
  CHECK(config->getMemoryPoolLimit(MemoryPoolType::kWORKSPACE) == 1U << 24);
  std::unique_ptr<ITimingCache> cache(config->createTimingCache(timings.data(), timings.size()));
  CHECK(cache != nullptr && config->setTimingCache(*cache, false));
  std::unique_ptr<IHostMemory> plan(builder->buildSerializedNetwork(*network, *config));
  std::unique_ptr<IHostMemory> kept(config->getTimingCache()->serialize());
  timings.assign(static_cast<char const*>(kept->data()), static_cast<char const*>(kept->data()) + kept->size());
  return plan;
}

}  // namespace

int main(int, char** arguments) {
  std::string const folder = std::string(arguments[2]) + "/models/uff/mnist_lenet/";
  std::vector<float> const in = read_floats(folder + "input_nchw.npy", 10 * kPixels),
                           wanted = read_floats(folder + "expected_numpy.npy", 100);
  ShowingLogger logger;
  std::vector<char> timings;
  std::unique_ptr<IHostMemory> const first = build(logger, folder + "mnist_lenet.uff", timings);
  CHECK(first != nullptr && !timings.empty());
  std::vector<char> const before = timings;
  std::unique_ptr<IHostMemory> const plan = build(logger, folder + "mnist_lenet.uff", timings);
  CHECK(plan != nullptr && timings == before);  // nothing had to be timed again

  std::unique_ptr<IRuntime> runtime(createInferRuntime(logger));
  std::unique_ptr<ICudaEngine> engine(runtime->deserializeCudaEngine(plan->data(), plan->size()));
  CHECK(engine != nullptr && engine->hasImplicitBatchDimension() && engine->getMaxBatchSize() == 4);
  int32_t const input = engine->getBindingIndex("input_1"), output = engine->getBindingIndex("MarkOutput_0");
  CHECK(engine->getNbBindings() == 2 && input + output == 1);
  CHECK(engine->getBindingDimensions(input).nbDims == 3 && engine->getBindingDataType(output) == DataType::kFLOAT);
  std::unique_ptr<IExecutionContext> context(engine->createExecutionContext());
  void* buffers[2] = {};
  CHECK(cudaMalloc(&buffers[input], 4 * kPixels * sizeof(float)) == cudaSuccess);
  CHECK(cudaMalloc(&buffers[output], 4 * kClasses * sizeof(float)) == cudaSuccess);
  cudaStream_t stream;
  CHECK(cudaStreamCreate(&stream) == cudaSuccess);
  std::vector<float> got(100);
  for (std::size_t digit = 0, rows = 1; digit < 10; digit += rows, rows = std::min<std::size_t>(rows + 1, 10 - digit)) {
    cudaMemcpyAsync(buffers[input], in.data() + digit * kPixels, rows * kPixels * sizeof(float), cudaMemcpyHostToDevice, stream);
    CHECK(context->enqueue(static_cast<int32_t>(rows), buffers, stream, nullptr));
    cudaMemcpyAsync(got.data() + digit * kClasses, buffers[output], rows * kClasses * sizeof(float), cudaMemcpyDeviceToHost, stream);
    cudaStreamSynchronize(stream);
  }
  check_values(got, wanted, 1e-4f);

  LayerTimes profiler;
  context->setProfiler(&profiler);
  CHECK(context->getProfiler() == &profiler);
  CHECK(context->execute(4, buffers));
  CHECK(static_cast<int32_t>(profiler.times.size()) == engine->getNbLayers() && profiler.times.size() >= 4);
  // An explicit call is not for such an engine, and neither are five rows.
  logger.quiet = true;
  CHECK(!context->execute(5, buffers));
  CHECK(!context->enqueue(0, buffers, stream, nullptr));
  cudaStreamDestroy(stream);
  cudaFree(buffers[0]);
  cudaFree(buffers[1]);
  return 0;
}
