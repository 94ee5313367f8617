// Generation 7: an IPluginV2DynamicExt with shapes that are known at run time, an optimization profile and enqueueV2.
#include <cuda_runtime_api.h>

#include <cstring>

#include "check.h"

using namespace nvinfer1;

namespace {

// x [n, c], s [c] -> y [n, 2 * c] = [x * s, x - s]
class ScaleAndShift : public IPluginV2DynamicExt {
 public:
  int getNbOutputs() const override { return 1; }
  DataType getOutputDataType(int, DataType const* types, int nbInputs) const override {
    CHECK(nbInputs == 2);
    return types[0];
  }
  DimsExprs getOutputDimensions(int index, DimsExprs const* inputs, int nbInputs, IExprBuilder& builder) override {
    CHECK(index == 0 && nbInputs == 2 && inputs[0].nbDims == 2 && !inputs[0].d[0]->isConstant());
    CHECK(inputs[1].d[0]->isConstant() && inputs[1].d[0]->getConstantValue() == 2);
    DimsExprs shape(inputs[0]);
    shape.d[1] = builder.operation(DimensionOperation::kPROD, *inputs[0].d[1], *builder.constant(2));
    return shape;
  }
  bool supportsFormatCombination(int pos, PluginTensorDesc const* inOut, int, int) override {
    return inOut[pos].type == DataType::kFLOAT && inOut[pos].format == TensorFormat::kLINEAR;
  }
  void configurePlugin(DynamicPluginTensorDesc const* in, int, DynamicPluginTensorDesc const* out, int) override {
    if (in[0].desc.dims.d[0] == -1) CHECK(in[0].min.d[0] == 1 && in[0].max.d[0] == 5 && out[0].max.d[1] == 4);
  }
  std::size_t getWorkspaceSize(PluginTensorDesc const* inputs, int, PluginTensorDesc const* outputs, int) const override {
    CHECK(outputs[0].dims.d[0] == inputs[0].dims.d[0]);
    return static_cast<std::size_t>(inputs[0].dims.d[0]) * 64;
  }
  int enqueue(PluginTensorDesc const* in, PluginTensorDesc const* out, void const* const* inputs, void* const* outputs, void* workspace,
              cudaStream_t) override {
    int const rows = in[0].dims.d[0], columns = in[0].dims.d[1];
    CHECK(out[0].dims.d[0] == rows && out[0].dims.d[1] == 2 * columns);
    std::memset(workspace, 0x7f, static_cast<std::size_t>(rows) * 64);
    auto const *x = static_cast<float const*>(inputs[0]), *s = static_cast<float const*>(inputs[1]);
    auto* y = static_cast<float*>(outputs[0]);
    for (int r = 0; r < rows; ++r) {
      for (int c = 0; c < columns; ++c) {
        y[r * 2 * columns + c] = x[r * columns + c] * s[c];
        y[r * 2 * columns + columns + c] = x[r * columns + c] - s[c];
      }
    }
    return rows == 4;  // a failure on purpose
  }
  int initialize() override { return 0; }
  void terminate() override {}
  std::size_t getSerializationSize() const override { return 0; }
  void serialize(void*) const override {}
  char const* getPluginType() const override { return "ScaleAndShift"; }
  char const* getPluginVersion() const override { return "1"; }
  void destroy() override { delete this; }
  IPluginV2DynamicExt* clone() const override { return new ScaleAndShift(*this); }
  void setPluginNamespace(char const*) override {}
  char const* getPluginNamespace() const override { return ""; }
};

class Creator : public IPluginCreator {
 public:
  char const* getPluginName() const override { return "ScaleAndShift"; }
  char const* getPluginVersion() const override { return "1"; }
  PluginFieldCollection const* getFieldNames() override { return nullptr; }
  IPluginV2* createPlugin(char const*, PluginFieldCollection const*) override { return new ScaleAndShift; }
  IPluginV2* deserializePlugin(char const*, void const*, std::size_t length) override {
    CHECK(length == 0);
    return new ScaleAndShift;
  }
  void setPluginNamespace(char const*) override {}
  char const* getPluginNamespace() const override { return ""; }
};
REGISTER_TENSORRT_PLUGIN(Creator);

}  // namespace

int main() {
  ShowingLogger logger;
  IBuilder* builder = createInferBuilder(logger);
  INetworkDefinition* network = builder->createNetworkV2(1U << static_cast<uint32_t>(NetworkDefinitionCreationFlag::kEXPLICIT_BATCH));
  ITensor* x = network->addInput("x", DataType::kFLOAT, Dims2(-1, 2));
  static float const kScale[] = {10, 100};
  ITensor* s = network->addConstant(Dims{1, {2}, {}}, Weights{DataType::kFLOAT, kScale, 2})->getOutput(0);
  ITensor* inputs[] = {x, s};
  ScaleAndShift plugin;
  CHECK(plugin.getTensorRTVersion() >> 24 == static_cast<int>(PluginVersion::kV2_DYNAMICEXT));
  IPluginV2Layer* layer = network->addPluginV2(inputs, 2, plugin);
  CHECK(layer != nullptr);
  Dims const shape = layer->getOutput(0)->getDimensions();
  CHECK(shape.nbDims == 2 && shape.d[0] == -1 && shape.d[1] == 4);
  layer->getOutput(0)->setName("y");
  network->markOutput(*layer->getOutput(0));
  IBuilderConfig* config = builder->createBuilderConfig();
  IOptimizationProfile* profile = builder->createOptimizationProfile();
  profile->setDimensions("x", OptProfileSelector::kMIN, Dims2(1, 2));
  profile->setDimensions("x", OptProfileSelector::kOPT, Dims2(2, 2));
  profile->setDimensions("x", OptProfileSelector::kMAX, Dims2(5, 2));
  config->addOptimizationProfile(profile);
  ICudaEngine* built = builder->buildEngineWithConfig(*network, *config);
  CHECK(built != nullptr);
  IHostMemory* plan = built->serialize();
  built->destroy();
  config->destroy();
  network->destroy();
  builder->destroy();

  IRuntime* runtime = createInferRuntime(logger);
  ICudaEngine* engine = runtime->deserializeCudaEngine(plan->data(), plan->size(), nullptr);
  plan->destroy();
  CHECK(engine != nullptr);
  IExecutionContext* context = engine->createExecutionContext();
  cudaStream_t stream;
  cudaStreamCreate(&stream);
  for (int rows : {1, 3, 1, 5}) {
    std::vector<float> in(static_cast<std::size_t>(rows) * 2), out(in.size() * 2), wanted(out.size());
    for (std::size_t i = 0; i < in.size(); ++i) {
      in[i] = static_cast<float>(i) - 2;
      wanted[i / 2 * 4 + i % 2] = in[i] * kScale[i % 2];
      wanted[i / 2 * 4 + 2 + i % 2] = in[i] - kScale[i % 2];
    }
    CHECK(context->setBindingDimensions(0, Dims2(rows, 2)));
    CHECK(context->getBindingDimensions(1).d[0] == rows);
    void* buffers[2] = {in.data(), out.data()};
    CHECK(context->enqueueV2(buffers, stream, nullptr));
    cudaStreamSynchronize(stream);
    check_values(out, wanted);
  }
  // What a plugin says went wrong reaches the program.
  logger.quiet = true;
  std::vector<float> in(8), out(16);
  void* buffers[2] = {in.data(), out.data()};
  CHECK(context->setBindingDimensions(0, Dims2(4, 2)));
  CHECK(!context->executeV2(buffers));
  CHECK(logger.errors.find("ScaleAndShift") != std::string::npos && logger.errors.find("returned 1") != std::string::npos);
  CHECK(!context->setBindingDimensions(0, Dims2(6, 2)));
  cudaStreamDestroy(stream);
  context->destroy();
  engine->destroy();
  runtime->destroy();
  return 0;
}
