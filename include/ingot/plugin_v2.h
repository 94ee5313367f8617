// Plugins of generations 5 to 9, which still work: IPluginV2 and what was added to it.
//
// Generations disagree on which functions are abstract, so only those that every one of them asks for are. The library calls the slots
// named ...64_, which convert shapes to the Dims of the program's generation and call what the plugin overrides. Which class a plugin
// derives from is told by getTensorRTVersion() >> 24, a PluginVersion.
#pragma once

#include "allocators.h"
#include "expressions.h"
#include "fallback.h"
#include "plugin_types.h"

struct cudnnContext;
struct cublasContext;

namespace nvinfer1 {

// The class that a plugin derives from.
enum class PluginVersion : uint8_t {
  kV2 = 0,
  kV2_EXT = 1,
  kV2_IOEXT = 2,
  kV2_DYNAMICEXT = 3,
  kV2_DYNAMICEXT_PYTHON = 67,
};
enum class PluginCreatorVersion : int32_t {
  kV1 = 0,
  kV1_PYTHON = 64,
};
// Set in versions of plugins that are written in Python.
static constexpr int32_t kPLUGIN_VERSION_PYTHON_BIT = 0x40;

namespace impl {

// The class in the upper byte, the program's version below.
inline constexpr int32_t pluginVersion(PluginVersion version, int32_t program) noexcept {
  return static_cast<int32_t>((static_cast<uint32_t>(version) << 24U) | (static_cast<uint32_t>(program) & 0xFFFFFFU));
}

}  // namespace impl

// A plugin with an implicit batch and one type and format for all tensors.
class IPluginV2 {
 public:
  IPluginV2() = default;
  virtual ~IPluginV2() = default;

  INGOT_LEVEL_ABI virtual int32_t getTensorRTVersion() const { return impl::pluginVersion(PluginVersion::kV2, NV_TENSORRT_VERSION); }

  // Together with the namespace they find the creator again when a plan is loaded.
  virtual AsciiChar const* getPluginType() const = 0;
  virtual AsciiChar const* getPluginVersion() const = 0;
  virtual void setPluginNamespace(AsciiChar const* pluginNamespace) = 0;
  virtual AsciiChar const* getPluginNamespace() const = 0;

  virtual int32_t getNbOutputs() const = 0;
  // Shape of an output, without the batch.
  virtual Dims getOutputDimensions(int32_t /*index*/, Dims const* /*inputs*/, int32_t /*nbInputDims*/) {
    Dims none{};
    none.nbDims = -1;
    return none;
  }
  virtual bool supportsFormat(DataType /*type*/, PluginFormat /*format*/) const { return false; }
  virtual void configureWithFormat(Dims const* /*inputDims*/, int32_t /*nbInputs*/, Dims const* /*outputDims*/, int32_t /*nbOutputs*/,
                                   DataType /*type*/, PluginFormat /*format*/, int32_t /*maxBatchSize*/) {}
  // Bytes of scratch memory for the largest batch.
  virtual std::size_t getWorkspaceSize(int32_t /*maxBatchSize*/) const { return 0; }

  // Set up before the first run and taken down after the last one; 0 on success.
  virtual int32_t initialize() = 0;
  virtual void terminate() = 0;
  // Queues one run on the stream; 0 on success.
  virtual int32_t enqueue(int32_t batchSize, void const* const* inputs, void* const* outputs, void* workspace, cudaStream_t stream) {
    impl::Fallback fallback(this);
    return fallback.first() ? enqueue(batchSize, inputs, const_cast<void**>(outputs), workspace, stream) : -1;
  }
  // The same as generations up to 7 wrote it.
  virtual int32_t enqueue(int32_t batchSize, void const* const* inputs, void** outputs, void* workspace, cudaStream_t stream) {
    impl::Fallback fallback(this);
    return fallback.first() ? enqueue(batchSize, inputs, const_cast<void* const*>(outputs), workspace, stream) : -1;
  }

  // The state that a plan keeps.
  virtual std::size_t getSerializationSize() const = 0;
  virtual void serialize(void* buffer) const = 0;

  virtual IPluginV2* clone() const = 0;
  // Usually `delete this`. The library calls it and does not delete.
  virtual void destroy() = 0;

  // What the library calls.
  INGOT_LEVEL_ABI virtual Dims64 getOutputDimensions64_(int32_t index, Dims64 const* inputs, int32_t nbInputDims) {
    return impl::widen(getOutputDimensions(index, impl::DimsArray(inputs, nbInputDims).get(), nbInputDims));
  }
  INGOT_LEVEL_ABI virtual void configureWithFormat64_(Dims64 const* inputDims, int32_t nbInputs, Dims64 const* outputDims,
                                                      int32_t nbOutputs, DataType type, PluginFormat format, int32_t maxBatchSize) {
    configureWithFormat(impl::DimsArray(inputDims, nbInputs).get(), nbInputs, impl::DimsArray(outputDims, nbOutputs).get(), nbOutputs, type,
                        format, maxBatchSize);
  }

 protected:
  IPluginV2(IPluginV2 const&) = default;
  IPluginV2(IPluginV2&&) = default;
  IPluginV2& operator=(IPluginV2 const&) & = default;
  IPluginV2& operator=(IPluginV2&&) & = default;
};

// The same with a type for each output, broadcast inputs, and what a context lends.
class IPluginV2Ext : public IPluginV2 {
 public:
  IPluginV2Ext() = default;
  ~IPluginV2Ext() override = default;

  INGOT_LEVEL_ABI int32_t getTensorRTVersion() const override { return impl::pluginVersion(PluginVersion::kV2_EXT, NV_TENSORRT_VERSION); }

  virtual DataType getOutputDataType(int32_t index, DataType const* inputTypes, int32_t nbInputs) const = 0;
  // Whether an output, or an input, has one value for all rows of the batch.
  virtual bool isOutputBroadcastAcrossBatch(int32_t /*outputIndex*/, bool const* /*inputIsBroadcasted*/, int32_t /*nbInputs*/) const {
    return false;
  }
  virtual bool canBroadcastInputAcrossBatch(int32_t /*inputIndex*/) const { return false; }
  virtual void configurePlugin(Dims const* /*inputDims*/, int32_t /*nbInputs*/, Dims const* /*outputDims*/, int32_t /*nbOutputs*/,
                               DataType const* /*inputTypes*/, DataType const* /*outputTypes*/, bool const* /*inputIsBroadcast*/,
                               bool const* /*outputIsBroadcast*/, PluginFormat /*floatFormat*/, int32_t /*maxBatchSize*/) {}
  // Handles of libraries, null where they are not there, and the allocator of the context.
  virtual void attachToContext(cudnnContext* /*cudnn*/, cublasContext* /*cublas*/, IGpuAllocator* /*allocator*/) {}
  virtual void detachFromContext() {}

  IPluginV2Ext* clone() const override = 0;

  // What the library calls.
  INGOT_LEVEL_ABI virtual void configurePlugin64_(Dims64 const* inputDims, int32_t nbInputs, Dims64 const* outputDims, int32_t nbOutputs,
                                                  DataType const* inputTypes, DataType const* outputTypes, bool const* inputIsBroadcast,
                                                  bool const* outputIsBroadcast, PluginFormat floatFormat, int32_t maxBatchSize) {
    configurePlugin(impl::DimsArray(inputDims, nbInputs).get(), nbInputs, impl::DimsArray(outputDims, nbOutputs).get(), nbOutputs,
                    inputTypes, outputTypes, inputIsBroadcast, outputIsBroadcast, floatFormat, maxBatchSize);
  }

  void configureWithFormat(Dims const*, int32_t, Dims const*, int32_t, DataType, PluginFormat, int32_t) override {}

 protected:
  IPluginV2Ext(IPluginV2Ext const&) = default;
  IPluginV2Ext(IPluginV2Ext&&) = default;
  IPluginV2Ext& operator=(IPluginV2Ext const&) & = default;
  IPluginV2Ext& operator=(IPluginV2Ext&&) & = default;
};

// The same with a type and format for each input and output.
class IPluginV2IOExt : public IPluginV2Ext {
 public:
  using IPluginV2Ext::configurePlugin;
  using IPluginV2Ext::configurePlugin64_;

  INGOT_LEVEL_ABI int32_t getTensorRTVersion() const override { return impl::pluginVersion(PluginVersion::kV2_IOEXT, NV_TENSORRT_VERSION); }

  virtual void configurePlugin(PluginTensorDesc const* in, int32_t nbInput, PluginTensorDesc const* out, int32_t nbOutput) = 0;
  // Whether input or output `pos` may have the type and format of inOut[pos], given those of all before it.
  virtual bool supportsFormatCombination(int32_t pos, PluginTensorDesc const* inOut, int32_t nbInputs, int32_t nbOutputs) const = 0;

  // What the library calls.
  INGOT_LEVEL_ABI virtual void configurePlugin64_(PluginTensorDesc64 const* in, int32_t nbInput, PluginTensorDesc64 const* out,
                                                  int32_t nbOutput) {
    configurePlugin(impl::DescArray(in, nbInput).get(), nbInput, impl::DescArray(out, nbOutput).get(), nbOutput);
  }
  INGOT_LEVEL_ABI virtual bool supportsFormatCombination64_(int32_t pos, PluginTensorDesc64 const* inOut, int32_t nbInputs,
                                                            int32_t nbOutputs) const {
    return supportsFormatCombination(pos, impl::DescArray(inOut, nbInputs + nbOutputs).get(), nbInputs, nbOutputs);
  }
};

// A plugin with dynamic shapes and no implicit batch.
class IPluginV2DynamicExt : public IPluginV2Ext {
 public:
  using IPluginV2Ext::configurePlugin;
  using IPluginV2Ext::configurePlugin64_;
  using IPluginV2Ext::enqueue;
  using IPluginV2Ext::getOutputDimensions;
  using IPluginV2Ext::getWorkspaceSize;

  // The most combinations of formats that are asked for.
  static constexpr int32_t kFORMAT_COMBINATION_LIMIT = 100;

  INGOT_LEVEL_ABI int32_t getTensorRTVersion() const override {
    return impl::pluginVersion(PluginVersion::kV2_DYNAMICEXT, NV_TENSORRT_VERSION);
  }
  IPluginV2DynamicExt* clone() const override = 0;

  // Shape of an output as expressions of the input dimensions.
  virtual DimsExprs getOutputDimensions(int32_t outputIndex, DimsExprs const* inputs, int32_t nbInputs, IExprBuilder& exprBuilder) = 0;
  // Whether input or output `pos` may have the type and format of inOut[pos], given those of all before it.
  virtual bool supportsFormatCombination(int32_t pos, PluginTensorDesc const* inOut, int32_t nbInputs, int32_t nbOutputs) = 0;
  virtual void configurePlugin(DynamicPluginTensorDesc const* in, int32_t nbInputs, DynamicPluginTensorDesc const* out,
                               int32_t nbOutputs) = 0;
  // Bytes of scratch memory for these shapes.
  virtual std::size_t getWorkspaceSize(PluginTensorDesc const* inputs, int32_t nbInputs, PluginTensorDesc const* outputs,
                                       int32_t nbOutputs) const = 0;
  // Queues one run on the stream; 0 on success.
  virtual int32_t enqueue(PluginTensorDesc const* inputDesc, PluginTensorDesc const* outputDesc, void const* const* inputs,
                          void* const* outputs, void* workspace, cudaStream_t stream) = 0;

  // What the library calls.
  INGOT_LEVEL_ABI virtual bool supportsFormatCombination64_(int32_t pos, PluginTensorDesc64 const* inOut, int32_t nbInputs,
                                                            int32_t nbOutputs) {
    return supportsFormatCombination(pos, impl::DescArray(inOut, nbInputs + nbOutputs).get(), nbInputs, nbOutputs);
  }
  INGOT_LEVEL_ABI virtual void configurePlugin64_(DynamicPluginTensorDesc64 const* in, int32_t nbInputs,
                                                  DynamicPluginTensorDesc64 const* out, int32_t nbOutputs) {
    configurePlugin(impl::DynamicDescArray(in, nbInputs).get(), nbInputs, impl::DynamicDescArray(out, nbOutputs).get(), nbOutputs);
  }
  INGOT_LEVEL_ABI virtual std::size_t getWorkspaceSize64_(PluginTensorDesc64 const* inputs, int32_t nbInputs,
                                                          PluginTensorDesc64 const* outputs, int32_t nbOutputs) const {
    return getWorkspaceSize(impl::DescArray(inputs, nbInputs).get(), nbInputs, impl::DescArray(outputs, nbOutputs).get(), nbOutputs);
  }
  INGOT_LEVEL_ABI virtual int32_t enqueue64_(PluginTensorDesc64 const* inputDesc, int32_t nbInputs, PluginTensorDesc64 const* outputDesc,
                                             int32_t nbOutputs, void const* const* inputs, void* const* outputs, void* workspace,
                                             cudaStream_t stream) {
    return enqueue(impl::DescArray(inputDesc, nbInputs).get(), impl::DescArray(outputDesc, nbOutputs).get(), inputs, outputs, workspace,
                   stream);
  }
};

// Makes plugins of the classes above.
class IPluginCreator : public IPluginCreatorInterface {
 public:
  InterfaceInfo getInterfaceInfo() const noexcept override { return InterfaceInfo{"PLUGIN CREATOR_V1", 1, 0}; }
  INGOT_LEVEL_ABI virtual int32_t getTensorRTVersion() const { return NV_TENSORRT_VERSION; }

  virtual AsciiChar const* getPluginName() const = 0;
  virtual AsciiChar const* getPluginVersion() const = 0;
  // The parameters that createPlugin takes.
  virtual PluginFieldCollection const* getFieldNames() = 0;
  // A plugin from its parameters; null where they are wrong.
  virtual IPluginV2* createPlugin(AsciiChar const* name, PluginFieldCollection const* fc) = 0;
  // A plugin from what IPluginV2::serialize wrote; null where that is damaged.
  virtual IPluginV2* deserializePlugin(AsciiChar const* name, void const* serialData, std::size_t serialLength) = 0;
  virtual void setPluginNamespace(AsciiChar const* pluginNamespace) = 0;
  virtual AsciiChar const* getPluginNamespace() const = 0;
};

namespace v_1_0 {
using nvinfer1::IPluginCreator;
}  // namespace v_1_0
}  // namespace nvinfer1
