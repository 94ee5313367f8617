// A plugin library of generation 8: it hands over its creators, and the plugin throws when it is asked to.
#include <cstring>
#include <new>
#include <stdexcept>

#include "NvInfer.h"

using namespace nvinfer1;

namespace {

// y = x + offset
class Offset : public IPluginV2DynamicExt {
 public:
  explicit Offset(float offset) : offset_(offset) {}
  int32_t getNbOutputs() const noexcept override { return 1; }
  DataType getOutputDataType(int32_t, DataType const* types, int32_t) const noexcept override { return types[0]; }
  DimsExprs getOutputDimensions(int32_t, DimsExprs const* inputs, int32_t, IExprBuilder&) noexcept override { return inputs[0]; }
  bool supportsFormatCombination(int32_t pos, PluginTensorDesc const* inOut, int32_t, int32_t) noexcept override {
    return inOut[pos].type == DataType::kFLOAT && inOut[pos].format == TensorFormat::kLINEAR;
  }
  void configurePlugin(DynamicPluginTensorDesc const*, int32_t, DynamicPluginTensorDesc const*, int32_t) noexcept override {}
  size_t getWorkspaceSize(PluginTensorDesc const*, int32_t, PluginTensorDesc const*, int32_t) const noexcept override { return 0; }
  int32_t enqueue(PluginTensorDesc const* in, PluginTensorDesc const*, void const* const* inputs, void* const* outputs, void*,
                  cudaStream_t) override {
    if (offset_ > 100) throw std::runtime_error("the offset is too large");
    int64_t count = 1;
    for (int32_t d = 0; d < in[0].dims.nbDims; ++d) count *= in[0].dims.d[d];
    for (int64_t i = 0; i < count; ++i) static_cast<float*>(outputs[0])[i] = static_cast<float const*>(inputs[0])[i] + offset_;
    return 0;
  }
  int32_t initialize() noexcept override { return 0; }
  void terminate() noexcept override {}
  size_t getSerializationSize() const noexcept override { return sizeof offset_; }
  void serialize(void* buffer) const noexcept override { std::memcpy(buffer, &offset_, sizeof offset_); }
  AsciiChar const* getPluginType() const noexcept override { return "Offset"; }
  AsciiChar const* getPluginVersion() const noexcept override { return "1"; }
  void destroy() noexcept override { delete this; }
  IPluginV2DynamicExt* clone() const noexcept override { return new (std::nothrow) Offset(offset_); }
  void setPluginNamespace(AsciiChar const*) noexcept override {}
  AsciiChar const* getPluginNamespace() const noexcept override { return "shared"; }

 private:
  float offset_;
};

class OffsetCreator : public IPluginCreator {
 public:
  AsciiChar const* getPluginName() const noexcept override { return "Offset"; }
  AsciiChar const* getPluginVersion() const noexcept override { return "1"; }
  PluginFieldCollection const* getFieldNames() noexcept override { return &fields_; }
  IPluginV2* createPlugin(AsciiChar const*, PluginFieldCollection const* fc) noexcept override {
    if (!fc || fc->nbFields != 1) return nullptr;
    return new Offset(*static_cast<float const*>(fc->fields[0].data));
  }
  IPluginV2* deserializePlugin(AsciiChar const*, void const* data, size_t length) noexcept override {
    float offset = 0;
    if (length != sizeof offset) return nullptr;
    std::memcpy(&offset, data, sizeof offset);
    return new Offset(offset);
  }
  void setPluginNamespace(AsciiChar const*) noexcept override {}
  AsciiChar const* getPluginNamespace() const noexcept override { return "shared"; }

 private:
  PluginField field_{"offset", nullptr, PluginFieldType::kFLOAT32, 1};
  PluginFieldCollection fields_{1, &field_};
};

OffsetCreator creator;
IPluginCreator* const kCreators[] = {&creator};
ILoggerFinder* finder = nullptr;

}  // namespace

extern "C" void setLoggerFinder(ILoggerFinder* given) { finder = given; }
extern "C" IPluginCreator* const* getPluginCreators(int32_t& count) {
  count = finder && finder->findLogger() ? 1 : 0;
  return kCreators;
}
