// Median latency of a model in milliseconds: the last line that it prints.
//   latency MODEL.onnx [--batch N] [--type fp32|bf16|int8] [--threads N] [--cache DIR]
// With --cache the plan and the timing cache are kept in DIR and taken from there the next time.
#include <cuda_runtime_api.h>
#include <dlfcn.h>
#include <sys/stat.h>

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <fstream>
#include <iterator>
#include <memory>
#include <random>
#include <string>
#include <vector>

#include "NvInfer.h"
#include "NvOnnxParser.h"

namespace {

using nvinfer1::BuilderFlag;
using nvinfer1::DataType;
using nvinfer1::Dims;
using nvinfer1::OptProfileSelector;

struct Settings {
  std::string model, type = "fp32", cache;
  int64_t batch = 1, threads = 0;
};

[[noreturn]] void give_up(const std::string& text) {
  std::fprintf(stderr, "latency: %s\n", text.c_str());
  std::exit(1);
}

class Logger final : public nvinfer1::ILogger {
 public:
  void log(Severity severity, char const* message) override {
    if (severity <= Severity::kWARNING) std::fprintf(stderr, "%s\n", message);
  }
} logger;

Settings parse(int argc, char** argv) {
  Settings settings;
  for (int i = 1; i < argc; ++i) {
    const std::string word = argv[i];
    if (word.rfind("--", 0) != 0) {
      settings.model = word;
      continue;
    }
    if (i + 1 >= argc) give_up(word + " needs a value");
    const std::string value = argv[++i];
    const auto number = [&] {
      char* end = nullptr;
      const long result = std::strtol(value.c_str(), &end, 10);
      if (value.empty() || *end || result < 1) give_up(word + ": '" + value + "' is not a number of 1 or more");
      return result;
    };
    if (word == "--batch") {
      settings.batch = number();
    } else if (word == "--threads") {
      settings.threads = number();
    } else if (word == "--type") {
      if (value != "fp32" && value != "bf16" && value != "int8") give_up("--type: '" + value + "' is none of fp32, bf16, int8");
      settings.type = value;
    } else if (word == "--cache") {
      settings.cache = value;
    } else {
      give_up("'" + word + "' is none of --batch, --type, --threads, --cache");
    }
  }
  if (settings.model.empty()) give_up("usage: latency MODEL.onnx [--batch N] [--type fp32|bf16|int8] [--threads N] [--cache DIR]");
  return settings;
}

std::string read(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(file), {}};
}

void write(const std::string& path, const nvinfer1::IHostMemory& bytes) {
  const std::string beside = path + ".new";
  std::ofstream file(beside, std::ios::binary);
  file.write(static_cast<const char*>(bytes.data()), static_cast<std::streamsize>(bytes.size()));
  file.close();
  if (!file || std::rename(beside.c_str(), path.c_str()) != 0) give_up("cannot write '" + path + "'");
}

// The lengths of sequences that are left open in models of text.
constexpr int64_t kSequence = 128;

std::string build(const Settings& settings, const std::string& timings_path) {
  const std::unique_ptr<nvinfer1::IBuilder> builder(nvinfer1::createInferBuilder(logger));
  if (!builder) give_up("the library cannot start");
  const std::unique_ptr<nvinfer1::INetworkDefinition> network(builder->createNetworkV2(0));
  const std::unique_ptr<nvinfer1::IBuilderConfig> config(builder->createBuilderConfig());
  const std::unique_ptr<nvonnxparser::IParser> parser(nvonnxparser::createParser(*network, logger));
  if (!network || !config || !parser) give_up("a network cannot be created");
  if (!parser->parseFromFile(settings.model.c_str(), 2)) give_up("'" + settings.model + "' cannot be read");
  // fp32 keeps all bits of its factors, as the peers do; a model of int8 has its types in its quantize layers.
  config->clearFlag(BuilderFlag::kTF32);
  if (settings.type == "bf16") config->setFlag(BuilderFlag::kBF16);
  if (settings.type == "int8") config->setFlag(BuilderFlag::kINT8);
  nvinfer1::IOptimizationProfile* profile = builder->createOptimizationProfile();
  bool dynamic = false;
  for (int32_t i = 0; i < network->getNbInputs(); ++i) {
    const nvinfer1::ITensor& input = *network->getInput(i);
    Dims dims = input.getDimensions();
    for (int32_t d = 0; d < dims.nbDims; ++d) {
      if (dims.d[d] < 0) {
        dims.d[d] = d == 0 ? settings.batch : kSequence;
        dynamic = true;
      } else if (d == 0 && dims.d[d] != settings.batch) {
        give_up(std::string("the batch of the input '") + input.getName() + "' is " + std::to_string(dims.d[d]) + "; got --batch " +
                std::to_string(settings.batch));
      }
    }
    for (OptProfileSelector select : {OptProfileSelector::kMIN, OptProfileSelector::kOPT, OptProfileSelector::kMAX})
      profile->setDimensions(input.getName(), select, dims);
  }
  if (dynamic && config->addOptimizationProfile(profile) < 0) give_up("the shapes are not valid");
  const std::string known = timings_path.empty() ? "" : read(timings_path);
  std::unique_ptr<nvinfer1::ITimingCache> timings(config->createTimingCache(known.data(), known.size()));
  if (!timings) timings.reset(config->createTimingCache(nullptr, 0));
  if (timings) config->setTimingCache(*timings, false);
  const std::unique_ptr<nvinfer1::IHostMemory> plan(builder->buildSerializedNetwork(*network, *config));
  if (!plan) give_up("the network cannot be built");
  if (timings && !timings_path.empty()) {
    const std::unique_ptr<nvinfer1::IHostMemory> bytes(timings->serialize());
    if (bytes) write(timings_path, *bytes);
  }
  return {static_cast<const char*>(plan->data()), plan->size()};
}

// The plan of the cache, where it is not older than the model and the library; otherwise a new one.
std::string plan_of(const Settings& settings) {
  if (settings.cache.empty()) return build(settings, "");
  mkdir(settings.cache.c_str(), 0777);
  const std::string name = settings.model.substr(settings.model.rfind('/') + 1);
  const std::string path = settings.cache + "/" + name + ".b" + std::to_string(settings.batch) + "." + settings.type + ".t" +
                           std::to_string(settings.threads) + ".plan";
  struct stat plan = {}, older = {};
  Dl_info library = {};
  dladdr(reinterpret_cast<void*>(&getInferLibVersion), &library);
  bool fresh = stat(path.c_str(), &plan) == 0;
  for (const char* source : {settings.model.c_str(), library.dli_fname}) {
    fresh = fresh && source && stat(source, &older) == 0 && older.st_mtime <= plan.st_mtime;
  }
  if (fresh) return read(path);
  const std::string bytes = build(settings, settings.cache + "/timings.t" + std::to_string(settings.threads));
  std::ofstream(path, std::ios::binary).write(bytes.data(), static_cast<std::streamsize>(bytes.size()));
  return bytes;
}

size_t size_of(DataType type) {
  switch (type) {
    case DataType::kINT64: return 8;
    case DataType::kHALF:
    case DataType::kBF16: return 2;
    case DataType::kINT8:
    case DataType::kUINT8:
    case DataType::kBOOL: return 1;
    default: return 4;
  }
}

// Normal numbers; token ids below 30000; ones for masks.
void fill(void* data, int64_t count, DataType type, const std::string& name) {
  std::mt19937 random(0);
  std::normal_distribution<float> normal;
  const bool mask = name.find("mask") != std::string::npos;
  for (int64_t i = 0; i < count; ++i) {
    const int64_t id = mask ? 1 : static_cast<int64_t>(random() % 30000);
    switch (type) {
      case DataType::kFLOAT: static_cast<float*>(data)[i] = normal(random); break;
      case DataType::kINT64: static_cast<int64_t*>(data)[i] = id; break;
      case DataType::kINT32: static_cast<int32_t*>(data)[i] = static_cast<int32_t>(id); break;
      case DataType::kBOOL:
      case DataType::kUINT8:
      case DataType::kINT8: static_cast<uint8_t*>(data)[i] = 1; break;
      default: give_up("the input '" + name + "' has a type that is not filled");
    }
  }
}

void require(cudaError_t code) {
  if (code != cudaSuccess) give_up(cudaGetErrorString(code));
}

}  // namespace

int main(int argc, char** argv) {
  const Settings settings = parse(argc, argv);
  if (settings.threads > 0) setenv("INGOT_THREADS", std::to_string(settings.threads).c_str(), 1);
  const std::string plan = plan_of(settings);
  const std::unique_ptr<nvinfer1::IRuntime> runtime(nvinfer1::createInferRuntime(logger));
  const std::unique_ptr<nvinfer1::ICudaEngine> engine(runtime ? runtime->deserializeCudaEngine(plan.data(), plan.size()) : nullptr);
  const std::unique_ptr<nvinfer1::IExecutionContext> context(engine ? engine->createExecutionContext() : nullptr);
  if (!context) give_up("the plan cannot be loaded");
  std::vector<void*> memory;
  for (int32_t i = 0; i < engine->getNbIOTensors(); ++i) {
    const char* name = engine->getIOTensorName(i);
    const bool is_input = engine->getTensorIOMode(name) == nvinfer1::TensorIOMode::kINPUT;
    Dims dims = is_input ? engine->getTensorShape(name) : context->getTensorShape(name);
    if (is_input && std::any_of(dims.d, dims.d + dims.nbDims, [](int64_t extent) { return extent < 0; })) {
      dims = engine->getProfileShape(name, 0, OptProfileSelector::kOPT);
    }
    if (is_input && !context->setInputShape(name, dims)) give_up(std::string("the shape of '") + name + "' is refused");
    int64_t count = 1;
    for (int32_t d = 0; d < dims.nbDims; ++d) count *= dims.d[d];
    if (count < 0) give_up(std::string("the shape of the output '") + name + "' is known only at run time");
    const DataType type = engine->getTensorDataType(name);
    const size_t bytes = std::max<size_t>(static_cast<size_t>(count) * size_of(type), 1);
    memory.push_back(nullptr);
    require(cudaMalloc(&memory.back(), bytes));
    if (is_input) {
      std::vector<char> values(bytes);
      fill(values.data(), count, type, name);
      require(cudaMemcpy(memory.back(), values.data(), bytes, cudaMemcpyHostToDevice));
    }
    if (!context->setTensorAddress(name, memory.back())) give_up(std::string("the address of '") + name + "' is refused");
  }
  cudaStream_t stream = nullptr;
  require(cudaStreamCreate(&stream));
  const auto run = [&] {
    if (!context->enqueueV3(stream)) give_up("a run failed");
    require(cudaStreamSynchronize(stream));
  };
  for (int i = 0; i < 3; ++i) run();
  using Clock = std::chrono::steady_clock;
  std::vector<double> times;
  const auto end = Clock::now() + std::chrono::milliseconds(300);
  while (times.size() < 5 || Clock::now() < end) {
    const auto start = Clock::now();
    run();
    times.push_back(std::chrono::duration<double, std::milli>(Clock::now() - start).count());
  }
  std::sort(times.begin(), times.end());
  const size_t half = times.size() / 2;
  std::printf("%.4f\n", times.size() % 2 ? times[half] : (times[half - 1] + times[half]) / 2);
  cudaStreamDestroy(stream);
  for (void* address : memory) cudaFree(address);
  return 0;
}
