// The capabilities of a plugin of generation 10 and later. A plugin usually derives from IPluginV3 and all three.
//
// Functions that return int32_t return 0 on success. Shapes reach a plugin through the slots named ...64_, which the library calls and
// which convert to the Dims of the program's generation.
#pragma once

#include "allocators.h"
#include "expressions.h"
#include "plugin_types.h"

namespace nvinfer1 {

// ---- Core ----

class IPluginV3OneCore : public IPluginCapability {
 public:
  InterfaceInfo getInterfaceInfo() const noexcept override { return InterfaceInfo{"PLUGIN_V3ONE_CORE", 1, 0}; }
  // Together they find the creator again when a plan is loaded.
  virtual AsciiChar const* getPluginName() const = 0;
  virtual AsciiChar const* getPluginVersion() const = 0;
  virtual AsciiChar const* getPluginNamespace() const = 0;
};

// ---- Build ----

class IPluginV3OneBuild : public IPluginCapability {
 public:
  // The most combinations of formats that are asked for, unless getFormatCombinationLimit says otherwise.
  static constexpr int32_t kDEFAULT_FORMAT_COMBINATION_LIMIT = 100;

  InterfaceInfo getInterfaceInfo() const noexcept override { return InterfaceInfo{"PLUGIN_V3ONE_BUILD", 1, 0}; }

  virtual int32_t getNbOutputs() const = 0;
  virtual int32_t getOutputDataTypes(DataType* outputTypes, int32_t nbOutputs, DataType const* inputTypes, int32_t nbInputs) const = 0;
  virtual int32_t getOutputShapes(DimsExprs const* inputs, int32_t nbInputs, DimsExprs const* shapeInputs, int32_t nbShapeInputs,
                                  DimsExprs* outputs, int32_t nbOutputs, IExprBuilder& exprBuilder) = 0;
  // Whether input or output `pos` may have the type and format of inOut[pos], given those of all before it.
  virtual bool supportsFormatCombination(int32_t pos, DynamicPluginTensorDesc const* inOut, int32_t nbInputs, int32_t nbOutputs) = 0;
  // Called before getWorkspaceSize and before the plugin is measured.
  virtual int32_t configurePlugin(DynamicPluginTensorDesc const* in, int32_t nbInputs, DynamicPluginTensorDesc const* out,
                                  int32_t nbOutputs) = 0;
  // Bytes of scratch memory for the largest shapes.
  virtual std::size_t getWorkspaceSize(DynamicPluginTensorDesc const* /*inputs*/, int32_t /*nbInputs*/,
                                       DynamicPluginTensorDesc const* /*outputs*/, int32_t /*nbOutputs*/) const {
    return 0;
  }

  // Tactics of its own, positive numbers that the builder measures and gives to setTactic.
  virtual int32_t getNbTactics() { return 0; }
  virtual int32_t getValidTactics(int32_t* /*tactics*/, int32_t /*nbTactics*/) { return 0; }
  // Two plugins with one identity share timings; null keeps them out of the timing cache.
  virtual char const* getTimingCacheID() { return nullptr; }
  virtual int32_t getFormatCombinationLimit() { return kDEFAULT_FORMAT_COMBINATION_LIMIT; }
  // A remark for the engine inspector.
  virtual char const* getMetadataString() { return nullptr; }

  // What the library calls.
  INGOT_LEVEL_ABI virtual bool supportsFormatCombination64_(int32_t pos, DynamicPluginTensorDesc64 const* inOut, int32_t nbInputs,
                                                            int32_t nbOutputs) {
    return supportsFormatCombination(pos, impl::DynamicDescArray(inOut, nbInputs + nbOutputs).get(), nbInputs, nbOutputs);
  }
  INGOT_LEVEL_ABI virtual int32_t configurePlugin64_(DynamicPluginTensorDesc64 const* in, int32_t nbInputs,
                                                     DynamicPluginTensorDesc64 const* out, int32_t nbOutputs) {
    return configurePlugin(impl::DynamicDescArray(in, nbInputs).get(), nbInputs, impl::DynamicDescArray(out, nbOutputs).get(), nbOutputs);
  }
  INGOT_LEVEL_ABI virtual std::size_t getWorkspaceSize64_(DynamicPluginTensorDesc64 const* inputs, int32_t nbInputs,
                                                          DynamicPluginTensorDesc64 const* outputs, int32_t nbOutputs) const {
    return getWorkspaceSize(impl::DynamicDescArray(inputs, nbInputs).get(), nbInputs, impl::DynamicDescArray(outputs, nbOutputs).get(),
                            nbOutputs);
  }
};

// The same, for plugins that may write an output over an input.
class IPluginV3OneBuildV2 : public IPluginV3OneBuild {
 public:
  InterfaceInfo getInterfaceInfo() const noexcept override { return InterfaceInfo{"PLUGIN_V3ONE_BUILD", 2, 0}; }
  // The input that output outputIndex shares its memory with; -1 for none.
  virtual int32_t getAliasedInput(int32_t /*outputIndex*/) { return -1; }
};

// ---- Runtime ----

// What a context lends to a plugin.
class IPluginResourceContext {
 public:
  virtual ~IPluginResourceContext() = default;
  virtual IGpuAllocator* getGpuAllocator() const noexcept = 0;
  virtual IErrorRecorder* getErrorRecorder() const noexcept = 0;

 protected:
  IPluginResourceContext() = default;
  IPluginResourceContext(IPluginResourceContext const&) = default;
  IPluginResourceContext(IPluginResourceContext&&) = default;
  IPluginResourceContext& operator=(IPluginResourceContext const&) & = default;
  IPluginResourceContext& operator=(IPluginResourceContext&&) & = default;
};

class IPluginV3OneRuntime : public IPluginCapability {
 public:
  InterfaceInfo getInterfaceInfo() const noexcept override { return InterfaceInfo{"PLUGIN_V3ONE_RUNTIME", 1, 0}; }

  // Chooses one of its own tactics.
  virtual int32_t setTactic(int32_t /*tactic*/) { return 0; }
  // Called when the shapes of the coming runs are known.
  virtual int32_t onShapeChange(PluginTensorDesc const* in, int32_t nbInputs, PluginTensorDesc const* out, int32_t nbOutputs) = 0;
  // Queues one run on the stream.
  virtual int32_t enqueue(PluginTensorDesc const* inputDesc, PluginTensorDesc const* outputDesc, void const* const* inputs,
                          void* const* outputs, void* workspace, cudaStream_t stream) = 0;
  // A copy for a context, with what the context lends.
  virtual IPluginV3* attachToContext(IPluginResourceContext* context) = 0;
  // The state that a plan keeps; the creator gets it back when the plan is loaded. It stays valid as long as the plugin.
  virtual PluginFieldCollection const* getFieldsToSerialize() = 0;

  // What the library calls.
  INGOT_LEVEL_ABI virtual int32_t onShapeChange64_(PluginTensorDesc64 const* in, int32_t nbInputs, PluginTensorDesc64 const* out,
                                                   int32_t nbOutputs) {
    return onShapeChange(impl::DescArray(in, nbInputs).get(), nbInputs, impl::DescArray(out, nbOutputs).get(), nbOutputs);
  }
  INGOT_LEVEL_ABI virtual int32_t enqueue64_(PluginTensorDesc64 const* inputDesc, int32_t nbInputs, PluginTensorDesc64 const* outputDesc,
                                             int32_t nbOutputs, void const* const* inputs, void* const* outputs, void* workspace,
                                             cudaStream_t stream) {
    return enqueue(impl::DescArray(inputDesc, nbInputs).get(), impl::DescArray(outputDesc, nbOutputs).get(), inputs, outputs, workspace,
                   stream);
  }
};

// ---- Creator ----

class IPluginCreatorV3One : public IPluginCreatorInterface {
 public:
  InterfaceInfo getInterfaceInfo() const noexcept override { return InterfaceInfo{"PLUGIN CREATOR_V3ONE", 1, 0}; }
  // A plugin from its parameters (kBUILD) or from getFieldsToSerialize (kRUNTIME); null where they are wrong.
  virtual IPluginV3* createPlugin(AsciiChar const* name, PluginFieldCollection const* fc, TensorRTPhase phase) = 0;
  // The parameters that it takes.
  virtual PluginFieldCollection const* getFieldNames() = 0;
  virtual AsciiChar const* getPluginName() const = 0;
  virtual AsciiChar const* getPluginVersion() const = 0;
  virtual AsciiChar const* getPluginNamespace() const = 0;
};

namespace v_1_0 {
using nvinfer1::IPluginCreatorV3One;
using nvinfer1::IPluginV3OneBuild;
using nvinfer1::IPluginV3OneCore;
using nvinfer1::IPluginV3OneRuntime;
}  // namespace v_1_0
namespace v_2_0 {
using IPluginV3OneBuild = nvinfer1::IPluginV3OneBuildV2;
}  // namespace v_2_0
}  // namespace nvinfer1
