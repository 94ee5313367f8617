#include "harness.h"

#include <cmath>
#include <cstring>

namespace harness {

size_t size_of(DataType type) {
  switch (type) {
    case DataType::kINT64: return 8;
    case DataType::kFLOAT:
    case DataType::kINT32: return 4;
    case DataType::kHALF:
    case DataType::kBF16: return 2;
    default: return 1;
  }
}

std::vector<char> encode(const std::vector<double>& numbers, DataType type) {
  std::vector<char> bytes(numbers.size() * size_of(type));
  for (size_t i = 0; i < numbers.size(); ++i) {
    char* at = bytes.data() + i * size_of(type);
    const auto put = [&](auto value) { std::memcpy(at, &value, sizeof value); };
    if (type == DataType::kFLOAT) put(static_cast<float>(numbers[i]));
    if (type == DataType::kINT32) put(static_cast<int32_t>(numbers[i]));
    if (type == DataType::kINT64) put(static_cast<int64_t>(numbers[i]));
    if (type == DataType::kINT8) put(static_cast<int8_t>(numbers[i]));
    if (type == DataType::kBOOL || type == DataType::kUINT8) put(static_cast<uint8_t>(numbers[i]));
  }
  return bytes;
}

std::vector<double> decode(const void* data, size_t count, DataType type) {
  std::vector<double> numbers(count);
  for (size_t i = 0; i < count; ++i) {
    const char* at = static_cast<const char*>(data) + i * size_of(type);
    const auto get = [&](auto value) {
      std::memcpy(&value, at, sizeof value);
      numbers[i] = static_cast<double>(value);
    };
    if (type == DataType::kFLOAT) get(float{});
    if (type == DataType::kINT32) get(int32_t{});
    if (type == DataType::kINT64) get(int64_t{});
    if (type == DataType::kINT8) get(int8_t{});
    if (type == DataType::kBOOL || type == DataType::kUINT8) get(uint8_t{});
  }
  return numbers;
}

Dims dims(const std::vector<int64_t>& shape) {
  Dims result{};
  result.nbDims = static_cast<int32_t>(shape.size());
  for (size_t i = 0; i < shape.size(); ++i) result.d[i] = shape[i];
  return result;
}

std::vector<int64_t> shape_of(const Dims& dims) { return {dims.d, dims.d + std::max(0, dims.nbDims)}; }

ITensor& Program::integers(const std::vector<int64_t>& shape, const std::vector<int32_t>& values) {
  kept.push_back(std::make_unique<std::vector<float>>(values.size()));
  std::memcpy(kept.back()->data(), values.data(), values.size() * 4);
  return *network->addConstant(dims(shape), {DataType::kINT32, kept.back()->data(), static_cast<int64_t>(values.size())})->getOutput(0);
}

std::unique_ptr<ICudaEngine> Program::engine() {
  std::unique_ptr<IHostMemory> plan(builder->buildSerializedNetwork(*network, *config));
  EXPECT_NE(plan, nullptr) << log.errors;
  if (!plan) return nullptr;
  std::unique_ptr<IRuntime> runtime(createInferRuntime(log));
  std::unique_ptr<ICudaEngine> made(runtime->deserializeCudaEngine(plan->data(), plan->size()));
  EXPECT_NE(made, nullptr) << log.errors;
  return made;
}

std::vector<Value> Program::run(const std::map<std::string, Value>& inputs) {
  const std::unique_ptr<ICudaEngine> made = engine();
  return made ? run_engine(*made, inputs, log) : std::vector<Value>{};
}

std::vector<Value> run_engine(ICudaEngine& engine, const std::map<std::string, Value>& inputs, Messages& log) {
  std::unique_ptr<IExecutionContext> context(engine.createExecutionContext());
  std::vector<std::vector<char>> memory;
  memory.reserve(static_cast<size_t>(engine.getNbIOTensors()));
  std::map<std::string, Growing> outputs;
  for (int32_t i = 0; i < engine.getNbIOTensors(); ++i) {
    const char* name = engine.getIOTensorName(i);
    if (engine.getTensorIOMode(name) == TensorIOMode::kINPUT) {
      const auto found = inputs.find(name);
      EXPECT_NE(found, inputs.end()) << name;
      if (found == inputs.end()) return {};
      memory.push_back(encode(found->second.numbers, engine.getTensorDataType(name)));
      memory.back().resize(memory.back().size() + 64);
      EXPECT_TRUE(context->setInputShape(name, dims(found->second.shape))) << log.errors;
      EXPECT_TRUE(context->setTensorAddress(name, memory.back().data()));
    } else {
      EXPECT_TRUE(context->setOutputAllocator(name, &outputs[name]));
    }
  }
  cudaStream_t stream;
  cudaStreamCreate(&stream);
  EXPECT_TRUE(context->enqueueV3(stream)) << log.errors;
  EXPECT_EQ(cudaStreamSynchronize(stream), cudaSuccess);
  cudaStreamDestroy(stream);
  std::vector<Value> values;
  for (int32_t i = 0; i < engine.getNbIOTensors(); ++i) {
    const char* name = engine.getIOTensorName(i);
    if (engine.getTensorIOMode(name) != TensorIOMode::kOUTPUT) continue;
    const Growing& output = outputs[name];
    size_t count = 1;
    for (int64_t size : output.shape) count *= static_cast<size_t>(size);
    values.push_back({output.shape, output.memory ? decode(output.memory, count, engine.getTensorDataType(name)) : std::vector<double>{}});
  }
  return values;
}

void expect_near(const Value& got, const std::vector<int64_t>& shape, const std::vector<double>& wanted, double tolerance) {
  EXPECT_EQ(got.shape, shape);
  ASSERT_EQ(got.numbers.size(), wanted.size());
  for (size_t i = 0; i < wanted.size(); ++i) {
    if (std::isnan(wanted[i])) {
      EXPECT_TRUE(std::isnan(got.numbers[i])) << i;
    } else {
      EXPECT_NEAR(got.numbers[i], wanted[i], tolerance * std::max(1.0, std::abs(wanted[i]))) << "element " << i;
    }
  }
}

}  // namespace harness
