// Compiles as generations 10 11.
// A program of today: named tensors, enqueueV3, a strongly typed network, a plugin of three capabilities, allocators, monitors.
#include <cuda_runtime_api.h>

#include <iostream>
#include <memory>
#include <string>
#include <vector>

#include "NvInfer.h"
#include "NvInferPlugin.h"
#include "NvOnnxParser.h"

using namespace nvinfer1;

namespace {

class Logger final : public ILogger {
  void log(Severity severity, AsciiChar const* msg) noexcept override {
    if (severity <= Severity::kINFO) std::cout << msg << std::endl;
  }
} gLogger;

class CropPlugin : public IPluginV3, public IPluginV3OneCore, public IPluginV3OneBuildV2, public IPluginV3OneRuntime {
 public:
  IPluginCapability* getCapabilityInterface(PluginCapabilityType type) noexcept override {
    switch (type) {
      case PluginCapabilityType::kBUILD: return static_cast<IPluginV3OneBuildV2*>(this);
      case PluginCapabilityType::kRUNTIME: return static_cast<IPluginV3OneRuntime*>(this);
      case PluginCapabilityType::kCORE: return static_cast<IPluginV3OneCore*>(this);
    }
    return nullptr;
  }
  CropPlugin* clone() noexcept override { return new CropPlugin(*this); }

  AsciiChar const* getPluginName() const noexcept override { return "Crop"; }
  AsciiChar const* getPluginVersion() const noexcept override { return "1"; }
  AsciiChar const* getPluginNamespace() const noexcept override { return ""; }

  int32_t getNbOutputs() const noexcept override { return 1; }
  int32_t getOutputDataTypes(DataType* outputTypes, int32_t, DataType const* inputTypes, int32_t) const noexcept override {
    outputTypes[0] = inputTypes[0];
    return 0;
  }
  int32_t getOutputShapes(DimsExprs const* inputs, int32_t, DimsExprs const*, int32_t, DimsExprs* outputs, int32_t,
                          IExprBuilder& exprBuilder) noexcept override {
    outputs[0] = inputs[0];
    auto const* half = exprBuilder.operation(DimensionOperation::kFLOOR_DIV, *inputs[0].d[0], *exprBuilder.constant(2));
    outputs[0].d[0] = exprBuilder.declareSizeTensor(1, *half, *inputs[0].d[0]);
    return 0;
  }
  bool supportsFormatCombination(int32_t pos, DynamicPluginTensorDesc const* inOut, int32_t, int32_t) noexcept override {
    return inOut[pos].desc.format == PluginFormat::kLINEAR && inOut[pos].desc.type == inOut[0].desc.type;
  }
  int32_t configurePlugin(DynamicPluginTensorDesc const* in, int32_t, DynamicPluginTensorDesc const*, int32_t) noexcept override {
    mRows = in[0].opt.d[0];
    return 0;
  }
  int32_t getAliasedInput(int32_t) noexcept override { return -1; }

  int32_t onShapeChange(PluginTensorDesc const* in, int32_t, PluginTensorDesc const*, int32_t) noexcept override {
    mRows = in[0].dims.d[0];
    return 0;
  }
  int32_t enqueue(PluginTensorDesc const*, PluginTensorDesc const*, void const* const* inputs, void* const* outputs, void*,
                  cudaStream_t stream) noexcept override {
    return cudaMemcpyAsync(outputs[0], inputs[0], static_cast<size_t>(mRows), cudaMemcpyDeviceToDevice, stream);
  }
  IPluginV3* attachToContext(IPluginResourceContext*) noexcept override { return clone(); }
  PluginFieldCollection const* getFieldsToSerialize() noexcept override {
    mFields.clear();
    mFields.emplace_back("rows", &mRows, PluginFieldType::kINT64, 1);
    mCollection.nbFields = static_cast<int32_t>(mFields.size());
    mCollection.fields = mFields.data();
    return &mCollection;
  }

 private:
  int64_t mRows{};
  std::vector<PluginField> mFields;
  PluginFieldCollection mCollection{};
};

class CropCreator : public IPluginCreatorV3One {
 public:
  IPluginV3* createPlugin(AsciiChar const*, PluginFieldCollection const*, TensorRTPhase) noexcept override { return new CropPlugin; }
  PluginFieldCollection const* getFieldNames() noexcept override { return &mCollection; }
  AsciiChar const* getPluginName() const noexcept override { return "Crop"; }
  AsciiChar const* getPluginVersion() const noexcept override { return "1"; }
  AsciiChar const* getPluginNamespace() const noexcept override { return ""; }

 private:
  PluginFieldCollection mCollection{};
};
REGISTER_TENSORRT_PLUGIN(CropCreator);

class Outputs : public IOutputAllocator {
 public:
  void* reallocateOutputAsync(char const*, void* current, uint64_t size, uint64_t, cudaStream_t stream) noexcept override {
    if (size <= mSize) return current;
    cudaFreeAsync(current, stream);
    mSize = size;
    void* memory = nullptr;
    return cudaMallocAsync(&memory, size, stream) == cudaSuccess ? memory : nullptr;
  }
  void notifyShape(char const*, Dims const& dims) noexcept override { mDims = dims; }

 private:
  uint64_t mSize = 0;
  Dims mDims{};
};

class Monitor : public IProgressMonitor {
 public:
  void phaseStart(char const* name, char const* parent, int32_t steps) noexcept override {
    std::cout << name << " of " << (parent ? parent : "the build") << ": " << steps << "\n";
  }
  bool stepComplete(char const*, int32_t) noexcept override { return true; }
  void phaseFinish(char const*) noexcept override {}
};

class Listener : public IDebugListener {
 public:
  bool processDebugTensor(void const*, TensorLocation, DataType, Dims const& shape, char const* name, cudaStream_t) noexcept override {
    std::cout << name << " has " << shape.nbDims << " dimensions\n";
    return true;
  }
};

class Reader : public IStreamReaderV2 {
 public:
  int64_t read(void*, int64_t, cudaStream_t) noexcept final { return 0; }
  bool seek(int64_t, SeekPosition) noexcept final { return false; }
};

}  // namespace

bool buildAndRun(std::string const& file) {
  auto builder = std::unique_ptr<IBuilder>(createInferBuilder(gLogger));
  auto network = std::unique_ptr<INetworkDefinition>(
      builder->createNetworkV2(1U << static_cast<uint32_t>(NetworkDefinitionCreationFlag::kSTRONGLY_TYPED)));
  auto parser = std::unique_ptr<nvonnxparser::IParser>(nvonnxparser::createParser(*network, gLogger));
  parser->setFlag(nvonnxparser::OnnxParserFlag::kNATIVE_INSTANCENORM);
  if (!parser->parseFromFile(file.c_str(), static_cast<int32_t>(ILogger::Severity::kWARNING))) {
    for (int32_t i = 0; i < parser->getNbErrors(); ++i)
      std::cerr << parser->getError(i)->nodeName() << ": " << parser->getError(i)->desc() << "\n";
    return false;
  }
  ITensor* x = network->getOutput(0);
  auto* constant = network->addConstant(Dims{1, {1}}, Weights{DataType::kFLOAT, nullptr, 0});
  auto* sum = network->addElementWise(*x, *constant->getOutput(0), ElementWiseOperation::kSUM);
  auto* shuffle = network->addShuffle(*sum->getOutput(0));
  shuffle->setReshapeDimensions(Dims2{-1, 8});
  shuffle->setFirstTranspose(Permutation{1, 0});
  auto* fill = network->addFill(Dims{1, {4}}, FillOperation::kLINSPACE, DataType::kINT64);
  fill->setAlphaInt64(0);
  auto creator = static_cast<IPluginCreatorV3One*>(getPluginRegistry()->getCreator("Crop", "1", ""));
  PluginFieldCollection fields{0, nullptr};
  auto plugin = std::unique_ptr<IPluginV3>(creator->createPlugin("crop", &fields, TensorRTPhase::kBUILD));
  ITensor* inputs[] = {shuffle->getOutput(0)};
  auto* crop = network->addPluginV3(inputs, 1, nullptr, 0, *plugin);
  network->markOutput(*crop->getOutput(0));
  network->markDebug(*x);

  auto config = std::unique_ptr<IBuilderConfig>(builder->createBuilderConfig());
  config->setMemoryPoolLimit(MemoryPoolType::kWORKSPACE, 1ULL << 30);
  config->setBuilderOptimizationLevel(4);
  config->setPreviewFeature(PreviewFeature::kRUNTIME_ACTIVATION_RESIZE_10_10, true);
  Monitor monitor;
  config->setProgressMonitor(&monitor);
  auto cache = std::unique_ptr<ITimingCache>(config->createTimingCache(nullptr, 0));
  config->setTimingCache(*cache, false);
  auto* profile = builder->createOptimizationProfile();
  profile->setDimensions("x", OptProfileSelector::kMIN, Dims4{1, 3, 64, 64});
  profile->setDimensions("x", OptProfileSelector::kOPT, Dims4{1, 3, 224, 224});
  profile->setDimensions("x", OptProfileSelector::kMAX, Dims4{4, 3, 512, 512});
  config->addOptimizationProfile(profile);
  auto plan = std::unique_ptr<IHostMemory>(builder->buildSerializedNetwork(*network, *config));
  if (!plan) return false;

  auto runtime = std::unique_ptr<IRuntime>(createInferRuntime(gLogger));
  auto engine = std::shared_ptr<ICudaEngine>(runtime->deserializeCudaEngine(plan->data(), plan->size()));
  auto context = std::unique_ptr<IExecutionContext>(engine->createExecutionContext(ExecutionContextAllocationStrategy::kSTATIC));
  Outputs outputs;
  Listener listener;
  context->setDebugListener(&listener);
  for (int32_t i = 0; i < engine->getNbIOTensors(); ++i) {
    auto const* name = engine->getIOTensorName(i);
    if (engine->getTensorIOMode(name) == TensorIOMode::kINPUT) {
      Dims dims = engine->getTensorShape(name);
      for (int32_t j = 0; j < dims.nbDims; ++j) dims.d[j] = dims.d[j] < 0 ? 1 : dims.d[j];
      context->setInputShape(name, dims);
      void* memory = nullptr;
      cudaMalloc(&memory, 1 << 20);
      context->setTensorAddress(name, memory);
    } else {
      context->setOutputAllocator(name, &outputs);
    }
  }
  cudaStream_t stream;
  cudaStreamCreate(&stream);
  bool const ok = context->inferShapes(0, nullptr) == 0 && context->enqueueV3(stream);
  cudaStreamSynchronize(stream);
  Reader reader;
  auto again = std::unique_ptr<ICudaEngine>(runtime->deserializeCudaEngine(reader));
  auto inspector = std::unique_ptr<IEngineInspector>(engine->createEngineInspector());
  std::cout << inspector->getEngineInformation(LayerInformationFormat::kJSON);
  auto refitter = std::unique_ptr<IRefitter>(createInferRefitter(*engine, gLogger));
  return ok && refitter->refitCudaEngine();
}
