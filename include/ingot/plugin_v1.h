// Plugins of generations 4 to 7, before creators and registries: retired, and kept so that their programs run.
#pragma once

#include "plugin_types.h"

namespace nvinfer1 {

// A plugin with an implicit batch, of fp32 tensors in the kNCHW format.
class IPlugin {
 public:
  virtual ~IPlugin() = default;
  virtual int32_t getNbOutputs() const = 0;
  // Shape of an output, without the batch.
  virtual Dims getOutputDimensions(int32_t index, Dims const* inputs, int32_t nbInputDims) = 0;
  virtual void configure(Dims const* /*inputDims*/, int32_t /*nbInputs*/, Dims const* /*outputDims*/, int32_t /*nbOutputs*/,
                         int32_t /*maxBatchSize*/) {}
  virtual int32_t initialize() = 0;  // 0 on success
  virtual void terminate() = 0;
  virtual std::size_t getWorkspaceSize(int32_t maxBatchSize) const = 0;  // bytes
  virtual int32_t enqueue(int32_t batchSize, void const* const* inputs, void** outputs, void* workspace, cudaStream_t stream) = 0;
  virtual std::size_t getSerializationSize() = 0;
  virtual void serialize(void* buffer) = 0;

  // What the library calls.
  INGOT_LEVEL_ABI virtual Dims64 getOutputDimensions64_(int32_t index, Dims64 const* inputs, int32_t nbInputDims) {
    return impl::widen(getOutputDimensions(index, impl::DimsArray(inputs, nbInputDims).get(), nbInputDims));
  }
  INGOT_LEVEL_ABI virtual void configure64_(Dims64 const* inputDims, int32_t nbInputs, Dims64 const* outputDims, int32_t nbOutputs,
                                            int32_t maxBatchSize) {
    configure(impl::DimsArray(inputDims, nbInputs).get(), nbInputs, impl::DimsArray(outputDims, nbOutputs).get(), nbOutputs, maxBatchSize);
  }
};

// The same with a choice of type and format.
class IPluginExt : public IPlugin {
 public:
  INGOT_LEVEL_ABI virtual int32_t getTensorRTVersion() const { return NV_TENSORRT_VERSION; }
  virtual bool supportsFormat(DataType type, PluginFormat format) const = 0;
  virtual void configureWithFormat(Dims const* inputDims, int32_t nbInputs, Dims const* outputDims, int32_t nbOutputs, DataType type,
                                   PluginFormat format, int32_t maxBatchSize) = 0;

  // What the library calls.
  INGOT_LEVEL_ABI virtual void configureWithFormat64_(Dims64 const* inputDims, int32_t nbInputs, Dims64 const* outputDims,
                                                      int32_t nbOutputs, DataType type, PluginFormat format, int32_t maxBatchSize) {
    configureWithFormat(impl::DimsArray(inputDims, nbInputs).get(), nbInputs, impl::DimsArray(outputDims, nbOutputs).get(), nbOutputs, type,
                        format, maxBatchSize);
  }
};

// Makes the plugins of a plan again when it is loaded.
class IPluginFactory {
 public:
  virtual ~IPluginFactory() = default;
  virtual IPlugin* createPlugin(char const* layerName, void const* serialData, std::size_t serialLength) = 0;
};

}  // namespace nvinfer1
