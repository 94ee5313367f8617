// The ready-made plugins whose versions are an IPluginV3: the same kinds behind the capabilities of generation 10.
#include "api/adapters/plugin_adapter.h"
#include "api/plugins/living.h"
#include "api/plugins/stock.h"

namespace ingot::api {
namespace {

using nvinfer1::DataType;
using nvinfer1::DimsExprs;
using nvinfer1::DynamicPluginTensorDesc;
using nvinfer1::IExprBuilder;
using nvinfer1::IPluginCapability;
using nvinfer1::IPluginV3;
using nvinfer1::PluginCapabilityType;
using nvinfer1::PluginField;
using nvinfer1::PluginFieldCollection;
using nvinfer1::PluginTensorDesc;

class StockPluginV3 final : public IPluginV3,
                            public nvinfer1::IPluginV3OneCore,
                            public nvinfer1::IPluginV3OneBuild,
                            public nvinfer1::IPluginV3OneRuntime {
 public:
  StockPluginV3(const StockKind& kind, std::shared_ptr<nvinfer1::IPluginV2DynamicExt> plugin, std::string space)
      : kind_(kind), plugin_(std::move(plugin)), space_(std::move(space)) {
    for (const auto& [name, values] : stock_fields(*plugin_).values)
      fields_.emplace_back(name.c_str(), values.empty() ? nullptr : values.data(), nvinfer1::PluginFieldType::kFLOAT64,
                           static_cast<int32_t>(values.size()));
    collection_ = {static_cast<int32_t>(fields_.size()), fields_.data()};
    Living::plugins().add(static_cast<const IPluginV3*>(this));
  }
  ~StockPluginV3() override { Living::plugins().remove(static_cast<const IPluginV3*>(this)); }
  StockPluginV3(const StockPluginV3&) = delete;
  StockPluginV3& operator=(const StockPluginV3&) = delete;
  nvinfer1::IPluginV2DynamicExt& plugin() const { return *plugin_; }

  IPluginCapability* getCapabilityInterface(PluginCapabilityType type) noexcept override {
    switch (type) {
      case PluginCapabilityType::kCORE: return static_cast<nvinfer1::IPluginV3OneCore*>(this);
      case PluginCapabilityType::kBUILD: return static_cast<nvinfer1::IPluginV3OneBuild*>(this);
      case PluginCapabilityType::kRUNTIME: return static_cast<nvinfer1::IPluginV3OneRuntime*>(this);
      default: return nullptr;
    }
  }
  IPluginV3* clone() noexcept override {
    IPluginV3* copy = nullptr;
    (void)call_plugin("", [&] { copy = new StockPluginV3(kind_, plugin_, space_); });
    return copy;
  }

  nvinfer1::AsciiChar const* getPluginName() const noexcept override { return kind_.name.c_str(); }
  nvinfer1::AsciiChar const* getPluginVersion() const noexcept override { return kind_.version.c_str(); }
  nvinfer1::AsciiChar const* getPluginNamespace() const noexcept override { return space_.c_str(); }

  int32_t getNbOutputs() const noexcept override { return plugin_->getNbOutputs(); }
  int32_t getOutputDataTypes(DataType* types, int32_t count, DataType const* inputs, int32_t input_count) const noexcept override {
    for (int32_t i = 0; i < count; ++i) types[i] = plugin_->getOutputDataType(i, inputs, input_count);
    return 0;
  }
  int32_t getOutputShapes(DimsExprs const* inputs, int32_t count, DimsExprs const*, int32_t, DimsExprs* outputs, int32_t output_count,
                          IExprBuilder& builder) noexcept override {
    for (int32_t i = 0; i < output_count; ++i) {
      outputs[i] = plugin_->getOutputDimensions(i, inputs, count, builder);
      if (outputs[i].nbDims < 0) return 1;
    }
    return 0;
  }
  bool supportsFormatCombination(int32_t position, DynamicPluginTensorDesc const* tensors, int32_t inputs,
                                 int32_t outputs) noexcept override {
    if (position < 0 || position >= inputs + outputs) return false;
    PluginTensorDesc plain[2] = {tensors[0].desc, tensors[position].desc};
    if (position == 0) return plugin_->supportsFormatCombination(0, plain, inputs, outputs);
    // Outputs follow from the first input alone, inputs from themselves.
    return position < inputs ? plugin_->supportsFormatCombination(1, plain, 2, outputs)
                             : plain[1].format == nvinfer1::TensorFormat::kLINEAR &&
                                   plain[1].type == plugin_->getOutputDataType(position - inputs, &plain[0].type, 1);
  }
  int32_t configurePlugin(DynamicPluginTensorDesc const*, int32_t, DynamicPluginTensorDesc const*, int32_t) noexcept override { return 0; }

  int32_t onShapeChange(PluginTensorDesc const*, int32_t, PluginTensorDesc const*, int32_t) noexcept override { return 0; }
  int32_t enqueue(PluginTensorDesc const*, PluginTensorDesc const*, void const* const*, void* const*, void*,
                  cudaStream_t) noexcept override {
    return 1;  // the library calls the one below
  }
  int32_t enqueue64_(nvinfer1::PluginTensorDesc64 const* in, int32_t in_count, nvinfer1::PluginTensorDesc64 const* out, int32_t out_count,
                     void const* const* inputs, void* const* outputs, void* workspace, cudaStream_t stream) override {
    return plugin_->enqueue64_(in, in_count, out, out_count, inputs, outputs, workspace, stream);
  }
  IPluginV3* attachToContext(nvinfer1::IPluginResourceContext*) noexcept override { return clone(); }
  PluginFieldCollection const* getFieldsToSerialize() noexcept override { return &collection_; }

 private:
  const StockKind& kind_;
  std::shared_ptr<nvinfer1::IPluginV2DynamicExt> plugin_;  // nothing of it changes, so that copies share it
  std::string space_;
  std::vector<PluginField> fields_;
  PluginFieldCollection collection_{0, nullptr};
};

}  // namespace

Result<IPluginV3*> make_stock_plugin_v3(const StockKind& kind, StockFields fields, const std::string& space) {
  TRY_ASSIGN(nvinfer1::IPluginV2 * made, make_stock_plugin(kind, std::move(fields)));
  std::shared_ptr<nvinfer1::IPluginV2DynamicExt> held(static_cast<nvinfer1::IPluginV2DynamicExt*>(made),
                                                      [](nvinfer1::IPluginV2DynamicExt* gone) { gone->destroy(); });
  IPluginV3* plugin = new StockPluginV3(kind, std::move(held), space);
  return plugin;
}

bool is_stock_plugin(const IPluginV3& plugin) { return Living::plugins().has(&plugin); }

nvinfer1::IPluginV2& second_of(const IPluginV3& plugin) { return static_cast<const StockPluginV3&>(plugin).plugin(); }

}  // namespace ingot::api
