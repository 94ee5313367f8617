// Plugins of generation 10 in a library: one with tactics of its own, one whose output's size only the run tells, one that writes over its
// input, and one whose shape follows from the values of a tensor.
#include <cstring>
#include <string>
#include <vector>

#include "NvInfer.h"

using namespace nvinfer1;

namespace {

// What all of them share; a plugin overrides what it needs.
class Base : public IPluginV3, public IPluginV3OneCore, public IPluginV3OneBuildV2, public IPluginV3OneRuntime {
 public:
  explicit Base(char const* name) : name_(name) {}
  IPluginCapability* getCapabilityInterface(PluginCapabilityType type) noexcept override {
    switch (type) {
      case PluginCapabilityType::kCORE: return static_cast<IPluginV3OneCore*>(this);
      case PluginCapabilityType::kBUILD: return static_cast<IPluginV3OneBuild*>(this);
      case PluginCapabilityType::kRUNTIME: return static_cast<IPluginV3OneRuntime*>(this);
    }
    return nullptr;
  }
  AsciiChar const* getPluginName() const noexcept override { return name_; }
  AsciiChar const* getPluginVersion() const noexcept override { return "1"; }
  AsciiChar const* getPluginNamespace() const noexcept override { return ""; }
  int32_t getNbOutputs() const noexcept override { return 1; }
  int32_t getOutputDataTypes(DataType* outputs, int32_t nbOutputs, DataType const* inputs, int32_t) const noexcept override {
    for (int32_t i = 0; i < nbOutputs; ++i) outputs[i] = inputs[0];
    return 0;
  }
  int32_t getOutputShapes(DimsExprs const* inputs, int32_t, DimsExprs const*, int32_t, DimsExprs* outputs, int32_t,
                          IExprBuilder&) noexcept override {
    outputs[0] = inputs[0];
    return 0;
  }
  bool supportsFormatCombination(int32_t pos, DynamicPluginTensorDesc const* inOut, int32_t, int32_t) noexcept override {
    return inOut[pos].desc.format == TensorFormat::kLINEAR &&
           (inOut[pos].desc.type == DataType::kFLOAT || inOut[pos].desc.type == DataType::kINT32);
  }
  int32_t configurePlugin(DynamicPluginTensorDesc const*, int32_t, DynamicPluginTensorDesc const*, int32_t) noexcept override { return 0; }
  int32_t onShapeChange(PluginTensorDesc const* in, int32_t, PluginTensorDesc const*, int32_t) noexcept override {
    count_ = 1;
    for (int32_t d = 0; d < in[0].dims.nbDims; ++d) count_ *= in[0].dims.d[d];
    return 0;
  }
  // The programs set no allocator, so the context has none to offer.
  IPluginV3* attachToContext(IPluginResourceContext* context) noexcept override {
    return context && context->getGpuAllocator() == nullptr ? clone() : nullptr;
  }
  PluginFieldCollection const* getFieldsToSerialize() noexcept override {
    collection_ = {static_cast<int32_t>(fields_.size()), fields_.data()};
    return &collection_;
  }

 protected:
  char const* name_;
  int64_t count_ = 0;
  std::vector<PluginField> fields_;
  PluginFieldCollection collection_{};
};

// y = x ^ power, by one of two tactics; state of several types
class Power final : public Base {
 public:
  explicit Power(int32_t power) : Base("Power"), power_(power) {}
  IPluginV3* clone() noexcept override {
    auto* copy = new Power(power_);
    copy->tactic_ = tactic_;
    return copy;
  }
  // Times of its tactics are kept under this name; few combinations of formats are looked at.
  char const* getTimingCacheID() noexcept override { return "power"; }
  int32_t getFormatCombinationLimit() noexcept override { return 4; }
  char const* getMetadataString() noexcept override { return "x ^ power"; }
  int32_t getNbTactics() noexcept override { return 2; }
  int32_t getValidTactics(int32_t* tactics, int32_t) noexcept override {
    tactics[0] = 7;
    tactics[1] = 9;
    return 0;
  }
  int32_t setTactic(int32_t tactic) noexcept override {
    tactic_ = tactic;
    return tactic == 7 || tactic == 9 ? 0 : 1;
  }
  size_t getWorkspaceSize(DynamicPluginTensorDesc const* inputs, int32_t, DynamicPluginTensorDesc const*, int32_t) const noexcept override {
    return static_cast<size_t>(inputs[0].max.d[0]) * sizeof(float);
  }
  int32_t enqueue(PluginTensorDesc const*, PluginTensorDesc const*, void const* const* inputs, void* const* outputs, void* workspace,
                  cudaStream_t) noexcept override {
    if (tactic_ != 7 && tactic_ != 9) return 1;
    auto* scratch = static_cast<float*>(workspace);
    for (int64_t i = 0; i < count_; ++i) scratch[i] = 1;
    for (int32_t k = 0; k < power_; ++k) {
      for (int64_t i = 0; i < count_; ++i) scratch[i] *= static_cast<float const*>(inputs[0])[i];
    }
    std::memcpy(outputs[0], scratch, static_cast<size_t>(count_) * sizeof(float));
    return 0;
  }
  PluginFieldCollection const* getFieldsToSerialize() noexcept override {
    fields_ = {PluginField("power", &power_, PluginFieldType::kINT32, 1), PluginField("note", "abc", PluginFieldType::kCHAR, 3)};
    return Base::getFieldsToSerialize();
  }

 private:
  int32_t power_, tactic_ = 0;
};

// y [k] = the positive elements of x [n], k = how many there are
class Positive final : public Base {
 public:
  Positive() : Base("Positive") {}
  IPluginV3* clone() noexcept override { return new Positive; }
  int32_t getNbOutputs() const noexcept override { return 2; }
  int32_t getOutputDataTypes(DataType* outputs, int32_t, DataType const* inputs, int32_t) const noexcept override {
    outputs[0] = inputs[0];
    outputs[1] = DataType::kINT32;
    return 0;
  }
  int32_t getOutputShapes(DimsExprs const* inputs, int32_t, DimsExprs const*, int32_t, DimsExprs* outputs, int32_t,
                          IExprBuilder& builder) noexcept override {
    IDimensionExpr const* upper = inputs[0].d[0];
    IDimensionExpr const* opt = builder.operation(DimensionOperation::kFLOOR_DIV, *upper, *builder.constant(2));
    outputs[0].nbDims = 1;
    outputs[0].d[0] = builder.declareSizeTensor(1, *opt, *upper);
    outputs[1].nbDims = 0;
    return outputs[0].d[0] && outputs[0].d[0]->isSizeTensor() ? 0 : 1;
  }
  int32_t enqueue(PluginTensorDesc const*, PluginTensorDesc const* out, void const* const* inputs, void* const* outputs, void*,
                  cudaStream_t) noexcept override {
    if (out[0].dims.d[0] != -1) return 1;
    int32_t found = 0;
    for (int64_t i = 0; i < count_; ++i) {
      float const x = static_cast<float const*>(inputs[0])[i];
      if (x > 0) static_cast<float*>(outputs[0])[found++] = x;
    }
    *static_cast<int32_t*>(outputs[1]) = found;
    return 0;
  }
};

// x += 1, in place
class Increment final : public Base {
 public:
  Increment() : Base("Increment") {}
  IPluginV3* clone() noexcept override { return new Increment; }
  int32_t getAliasedInput(int32_t) noexcept override { return 0; }
  int32_t enqueue(PluginTensorDesc const*, PluginTensorDesc const*, void const* const* inputs, void* const* outputs, void*,
                  cudaStream_t) noexcept override {
    if (inputs[0] != outputs[0]) return 1;
    for (int64_t i = 0; i < count_; ++i) static_cast<float*>(outputs[0])[i] += 1;
    return 0;
  }
};

// y = x repeated so that it has the shape that the shape input's values give
class Fit final : public Base {
 public:
  Fit() : Base("Fit") {}
  IPluginV3* clone() noexcept override { return new Fit; }
  int32_t getOutputShapes(DimsExprs const*, int32_t nbInputs, DimsExprs const* shapes, int32_t nbShapes, DimsExprs* outputs, int32_t,
                          IExprBuilder&) noexcept override {
    if (nbInputs != 1 || nbShapes != 1) return 1;
    outputs[0] = shapes[0];
    return 0;
  }
  int32_t enqueue(PluginTensorDesc const*, PluginTensorDesc const* out, void const* const* inputs, void* const* outputs, void*,
                  cudaStream_t) noexcept override {
    int64_t room = 1;
    for (int32_t d = 0; d < out[0].dims.nbDims; ++d) room *= out[0].dims.d[d];
    for (int64_t i = 0; i < room; ++i) static_cast<float*>(outputs[0])[i] = static_cast<float const*>(inputs[0])[i % count_];
    return 0;
  }
};

class Creator : public IPluginCreatorV3One {
 public:
  explicit Creator(char const* name) : name_(name) {}
  AsciiChar const* getPluginName() const noexcept override { return name_; }
  AsciiChar const* getPluginVersion() const noexcept override { return "1"; }
  AsciiChar const* getPluginNamespace() const noexcept override { return ""; }
  PluginFieldCollection const* getFieldNames() noexcept override { return &parameters_; }
  IPluginV3* createPlugin(AsciiChar const*, PluginFieldCollection const* fc, TensorRTPhase phase) noexcept override {
    std::string const name = name_;
    if (name == "Positive") return new Positive;
    if (name == "Increment") return new Increment;
    if (name == "Fit") return new Fit;
    if (!fc || fc->nbFields != (phase == TensorRTPhase::kRUNTIME ? 2 : 1) || std::strcmp(fc->fields[0].name, "power") != 0) return nullptr;
    if (phase == TensorRTPhase::kRUNTIME && (fc->fields[1].length != 3 || std::memcmp(fc->fields[1].data, "abc", 3) != 0)) return nullptr;
    return new Power(*static_cast<int32_t const*>(fc->fields[0].data));
  }

 private:
  char const* name_;
  PluginField power_{"power", nullptr, PluginFieldType::kINT32, 1};
  PluginFieldCollection parameters_{1, &power_};  // of Power; the others have none and get none
};

Creator power("Power"), positive("Positive"), increment("Increment"), fit("Fit");
IPluginCreatorInterface* const kCreators[] = {&power, &positive, &increment, &fit};

}  // namespace

extern "C" void setLoggerFinder(ILoggerFinder*) {}
extern "C" IPluginCreatorInterface* const* getCreators(int32_t& count) {
  count = 4;
  return kCreators;
}
