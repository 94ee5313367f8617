// A program around a small network: builds it through the public API, runs it, and hands back what came out.
#pragma once

#include <cuda_runtime_api.h>
#include <gtest/gtest.h>

#include <functional>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "NvInfer.h"

namespace harness {

using namespace nvinfer1;

// Keeps what the library says, so that tests see it.
class Messages final : public ILogger {
 public:
  void log(Severity severity, char const* message) noexcept override {
    if (severity <= Severity::kERROR) errors += std::string(message) + "\n";
    if (severity == Severity::kWARNING) warnings += std::string(message) + "\n";
  }
  std::string errors, warnings;
};

// Values of any type as doubles.
struct Value {
  std::vector<int64_t> shape;
  std::vector<double> numbers;
};

size_t size_of(DataType type);
std::vector<char> encode(const std::vector<double>& numbers, DataType type);
std::vector<double> decode(const void* data, size_t count, DataType type);
Dims dims(const std::vector<int64_t>& shape);
std::vector<int64_t> shape_of(const Dims& dims);

// An output of unknown size lands here.
class Growing final : public IOutputAllocator {
 public:
  ~Growing() override { cudaFree(memory); }
  void* reallocateOutput(char const*, void* current, uint64_t size, uint64_t) noexcept override {
    if (size <= capacity) return current ? current : memory;
    cudaFree(memory);
    if (cudaMalloc(&memory, size) != cudaSuccess) return nullptr;
    capacity = size;
    ++calls;
    return memory;
  }
  void notifyShape(char const*, Dims const& dims) noexcept override { shape = shape_of(dims); }
  void* memory = nullptr;
  uint64_t capacity = 0;
  int calls = 0;
  std::vector<int64_t> shape;
};

struct Program {
  Messages log;
  std::unique_ptr<IBuilder> builder{createInferBuilder(log)};
  std::unique_ptr<INetworkDefinition> network{
      builder->createNetworkV2(1u << static_cast<int>(NetworkDefinitionCreationFlag::kSTRONGLY_TYPED))};
  std::unique_ptr<IBuilderConfig> config{builder->createBuilderConfig()};
  std::vector<std::unique_ptr<std::vector<float>>> kept;

  ITensor& input(const char* name, const std::vector<int64_t>& shape, DataType type = DataType::kFLOAT) {
    return *network->addInput(name, type, dims(shape));
  }
  // Weights that live as long as the program.
  Weights weights(const std::vector<float>& values) {
    kept.push_back(std::make_unique<std::vector<float>>(values));
    return {DataType::kFLOAT, kept.back()->data(), static_cast<int64_t>(values.size())};
  }
  ITensor& constant(const std::vector<int64_t>& shape, const std::vector<float>& values) {
    return *network->addConstant(dims(shape), weights(values))->getOutput(0);
  }
  ITensor& integers(const std::vector<int64_t>& shape, const std::vector<int32_t>& values);
  void output(ILayer& layer, int32_t index = 0) { mark(*layer.getOutput(index)); }
  void mark(ITensor& tensor) { network->markOutput(tensor); }
  std::unique_ptr<ICudaEngine> engine();
  // Builds, runs once with enqueueV3 and returns the outputs by name in the engine's order. Failures are test failures.
  std::vector<Value> run(const std::map<std::string, Value>& inputs);
};

std::vector<Value> run_engine(ICudaEngine& engine, const std::map<std::string, Value>& inputs, Messages& log);
void expect_near(const Value& got, const std::vector<int64_t>& shape, const std::vector<double>& wanted, double tolerance = 1e-5);

}  // namespace harness
