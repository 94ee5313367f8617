// Compiles as generations 6 7 8 9.
// A program of the years between: explicit batch, profiles, enqueueV2, an ONNX model, a plugin with dynamic shapes and its creator.
#include <cuda_runtime_api.h>

#include <cstring>
#include <iostream>
#include <memory>
#include <numeric>
#include <string>
#include <vector>

#include "NvInfer.h"
#include "NvInferPlugin.h"
#include "NvInferRuntimeCommon.h"
#include "NvOnnxParser.h"

#if NV_TENSORRT_MAJOR >= 8
#define TRT_NOEXCEPT noexcept
#else
#define TRT_NOEXCEPT
#endif

namespace sample {

class Logger : public nvinfer1::ILogger {
 public:
  void log(Severity severity, nvinfer1::ILogger::Severity reportable, const char* msg) {
    if (severity <= reportable) std::cerr << msg << "\n";
  }
  void log(Severity severity, const char* msg) TRT_NOEXCEPT override { log(severity, Severity::kWARNING, msg); }
};

struct Destroy {
  template <typename T>
  void operator()(T* object) const {
    if (object) object->destroy();
  }
};
template <typename T>
using Ptr = std::unique_ptr<T, Destroy>;

int64_t volume(const nvinfer1::Dims& dims) { return std::accumulate(dims.d, dims.d + dims.nbDims, int64_t{1}, std::multiplies<int64_t>()); }

class Swish : public nvinfer1::IPluginV2DynamicExt {
 public:
  explicit Swish(float beta) : mBeta(beta) {}

  nvinfer1::IPluginV2DynamicExt* clone() const TRT_NOEXCEPT override { return new Swish(mBeta); }
  nvinfer1::DimsExprs getOutputDimensions(int outputIndex, const nvinfer1::DimsExprs* inputs, int nbInputs,
                                          nvinfer1::IExprBuilder& exprBuilder) TRT_NOEXCEPT override {
    (void)outputIndex;
    nvinfer1::DimsExprs output(inputs[0]);
    output.d[0] = exprBuilder.operation(nvinfer1::DimensionOperation::kPROD, *inputs[nbInputs - 1].d[0], *exprBuilder.constant(1));
    return output;
  }
  bool supportsFormatCombination(int pos, const nvinfer1::PluginTensorDesc* inOut, int, int) TRT_NOEXCEPT override {
    return inOut[pos].type == nvinfer1::DataType::kFLOAT && inOut[pos].format == nvinfer1::TensorFormat::kLINEAR;
  }
  void configurePlugin(const nvinfer1::DynamicPluginTensorDesc* in, int, const nvinfer1::DynamicPluginTensorDesc*,
                       int) TRT_NOEXCEPT override {
    mCount = volume(in[0].max);
  }
  size_t getWorkspaceSize(const nvinfer1::PluginTensorDesc*, int, const nvinfer1::PluginTensorDesc*, int) const TRT_NOEXCEPT override {
    return 0;
  }
  int enqueue(const nvinfer1::PluginTensorDesc* inputDesc, const nvinfer1::PluginTensorDesc*, const void* const* inputs,
              void* const* outputs, void*, cudaStream_t stream) TRT_NOEXCEPT override {
    return cudaMemcpyAsync(outputs[0], inputs[0], volume(inputDesc[0].dims) * sizeof(float), cudaMemcpyDeviceToDevice, stream);
  }

  nvinfer1::DataType getOutputDataType(int, const nvinfer1::DataType* types, int) const TRT_NOEXCEPT override { return types[0]; }

  const char* getPluginType() const TRT_NOEXCEPT override { return "Swish"; }
  const char* getPluginVersion() const TRT_NOEXCEPT override { return "1"; }
  int getNbOutputs() const TRT_NOEXCEPT override { return 1; }
  int initialize() TRT_NOEXCEPT override { return 0; }
  void terminate() TRT_NOEXCEPT override {}
  size_t getSerializationSize() const TRT_NOEXCEPT override { return sizeof(mBeta); }
  void serialize(void* buffer) const TRT_NOEXCEPT override { std::memcpy(buffer, &mBeta, sizeof(mBeta)); }
  void destroy() TRT_NOEXCEPT override { delete this; }
  void setPluginNamespace(const char* libNamespace) TRT_NOEXCEPT override { mNamespace = libNamespace; }
  const char* getPluginNamespace() const TRT_NOEXCEPT override { return mNamespace.c_str(); }

 private:
  float mBeta;
  int64_t mCount = 0;
  std::string mNamespace;
  // The forms with an implicit batch stay reachable.
  using nvinfer1::IPluginV2::enqueue;
  using nvinfer1::IPluginV2::getOutputDimensions;
  using nvinfer1::IPluginV2::getWorkspaceSize;
  using nvinfer1::IPluginV2Ext::configurePlugin;
};

class SwishCreator : public nvinfer1::IPluginCreator {
 public:
  SwishCreator() {
    mAttributes.emplace_back(nvinfer1::PluginField("beta", nullptr, nvinfer1::PluginFieldType::kFLOAT32, 1));
    mFields.nbFields = static_cast<int>(mAttributes.size());
    mFields.fields = mAttributes.data();
  }
  const char* getPluginName() const TRT_NOEXCEPT override { return "Swish"; }
  const char* getPluginVersion() const TRT_NOEXCEPT override { return "1"; }
  const nvinfer1::PluginFieldCollection* getFieldNames() TRT_NOEXCEPT override { return &mFields; }
  nvinfer1::IPluginV2* createPlugin(const char*, const nvinfer1::PluginFieldCollection* fc) TRT_NOEXCEPT override {
    float beta = 1;
    for (int i = 0; i < fc->nbFields; ++i)
      if (!std::strcmp(fc->fields[i].name, "beta")) beta = *static_cast<const float*>(fc->fields[i].data);
    return new Swish(beta);
  }
  nvinfer1::IPluginV2* deserializePlugin(const char*, const void* data, size_t) TRT_NOEXCEPT override {
    return new Swish(*static_cast<const float*>(data));
  }
  void setPluginNamespace(const char* libNamespace) TRT_NOEXCEPT override { mNamespace = libNamespace; }
  const char* getPluginNamespace() const TRT_NOEXCEPT override { return mNamespace.c_str(); }

 private:
  std::vector<nvinfer1::PluginField> mAttributes;
  nvinfer1::PluginFieldCollection mFields{};
  std::string mNamespace;
};
REGISTER_TENSORRT_PLUGIN(SwishCreator);

class Recorder : public nvinfer1::IErrorRecorder {
 public:
  int32_t getNbErrors() const noexcept override { return static_cast<int32_t>(mErrors.size()); }
  nvinfer1::ErrorCode getErrorCode(int32_t index) const noexcept override { return mErrors[index].first; }
  ErrorDesc getErrorDesc(int32_t index) const noexcept override { return mErrors[index].second.c_str(); }
  bool hasOverflowed() const noexcept override { return false; }
  void clear() noexcept override { mErrors.clear(); }
  bool reportError(nvinfer1::ErrorCode code, ErrorDesc desc) noexcept override {
    mErrors.emplace_back(code, desc);
    return false;
  }
  RefCount incRefCount() noexcept override { return ++mCount; }
  RefCount decRefCount() noexcept override { return --mCount; }

 private:
  std::vector<std::pair<nvinfer1::ErrorCode, std::string>> mErrors;
  RefCount mCount = 0;
};

bool buildAndRun(const char* file) {
  static Logger logger;
  static Recorder recorder;
  initLibNvInferPlugins(&logger, "");
  Ptr<nvinfer1::IBuilder> builder(nvinfer1::createInferBuilder(logger));
  builder->setErrorRecorder(&recorder);
  const auto flags = 1U << static_cast<uint32_t>(nvinfer1::NetworkDefinitionCreationFlag::kEXPLICIT_BATCH);
  Ptr<nvinfer1::INetworkDefinition> network(builder->createNetworkV2(flags));
  Ptr<nvonnxparser::IParser> parser(nvonnxparser::createParser(*network, logger));
  if (!parser->parseFromFile(file, static_cast<int>(nvinfer1::ILogger::Severity::kWARNING))) {
    for (int i = 0; i < parser->getNbErrors(); ++i) std::cerr << parser->getError(i)->desc() << "\n";
    return false;
  }
  nvinfer1::ITensor* output = network->getOutput(0);
  nvinfer1::PluginFieldCollection none{};
  nvinfer1::IPluginCreator* creator = getPluginRegistry()->getPluginCreator("Swish", "1");
  nvinfer1::IPluginV2Layer* swish = network->addPluginV2(&output, 1, *creator->createPlugin("swish", &none));
  network->markOutput(*swish->getOutput(0));

  Ptr<nvinfer1::IBuilderConfig> config(builder->createBuilderConfig());
  config->setMaxWorkspaceSize(1ULL << 28);
  if (builder->platformHasFastFp16()) config->setFlag(nvinfer1::BuilderFlag::kFP16);
  nvinfer1::IOptimizationProfile* profile = builder->createOptimizationProfile();
  const char* name = network->getInput(0)->getName();
  profile->setDimensions(name, nvinfer1::OptProfileSelector::kMIN, nvinfer1::Dims4{1, 3, 224, 224});
  profile->setDimensions(name, nvinfer1::OptProfileSelector::kOPT, nvinfer1::Dims4{8, 3, 224, 224});
  profile->setDimensions(name, nvinfer1::OptProfileSelector::kMAX, nvinfer1::Dims4{16, 3, 224, 224});
  config->addOptimizationProfile(profile);
  Ptr<nvinfer1::ICudaEngine> engine(builder->buildEngineWithConfig(*network, *config));
  if (!engine) return false;

  Ptr<nvinfer1::IExecutionContext> context(engine->createExecutionContext());
  std::vector<void*> bindings(engine->getNbBindings());
  context->setBindingDimensions(0, nvinfer1::Dims4(4, 3, 224, 224));
  for (int i = 0; i < engine->getNbBindings(); ++i) {
    const nvinfer1::Dims dims = context->getBindingDimensions(i);
    const int rows = dims.d[0];
    cudaMalloc(&bindings[i], rows * volume(dims) / rows * sizeof(float));
    std::cout << (engine->bindingIsInput(i) ? "input " : "output ") << engine->getBindingName(i) << "\n";
  }
  cudaStream_t stream;
  cudaStreamCreate(&stream);
  const bool ok = context->allInputDimensionsSpecified() && context->enqueueV2(bindings.data(), stream, nullptr);
  cudaStreamSynchronize(stream);
  for (void* binding : bindings) cudaFree(binding);
  return ok;
}

}  // namespace sample
