// Checks plans for the safe runtime, generations 8 to 10.
#pragma once

#include "NvInferConsistencyImpl.h"
#include "NvInferRuntimeCommon.h"

namespace nvinfer1 {
namespace consistency {

class IConsistencyChecker {
 public:
  virtual ~IConsistencyChecker() = default;
  // True where the plan is whole: its sections have their digests and its steps fit together.
  virtual bool validate() const noexcept = 0;

 protected:
  IConsistencyChecker() = default;
  IConsistencyChecker(IConsistencyChecker const&) = delete;
  IConsistencyChecker(IConsistencyChecker&&) = delete;
  IConsistencyChecker& operator=(IConsistencyChecker const&) & = delete;
  IConsistencyChecker& operator=(IConsistencyChecker&&) & = delete;
};

// A creator that can also tell whether the state of a plugin is whole.
class IPluginChecker : public IPluginCreator {
 public:
  virtual bool validate(char const* name, void const* serialData, std::size_t serialLength, PluginTensorDesc const* in,
                        std::size_t nbInputs, PluginTensorDesc const* out, std::size_t nbOutputs, int64_t workspaceSize) const = 0;

  // What the library calls.
  INGOT_LEVEL_ABI virtual bool validate64_(char const* name, void const* serialData, std::size_t serialLength, PluginTensorDesc64 const* in,
                                           std::size_t nbInputs, PluginTensorDesc64 const* out, std::size_t nbOutputs,
                                           int64_t workspaceSize) const {
    return validate(name, serialData, serialLength, impl::DescArray(in, static_cast<int32_t>(nbInputs)).get(), nbInputs,
                    impl::DescArray(out, static_cast<int32_t>(nbOutputs)).get(), nbOutputs, workspaceSize);
  }
};

}  // namespace consistency
}  // namespace nvinfer1

extern "C" TENSORRTAPI void* createConsistencyChecker_INTERNAL(void* logger, void const* blob, size_t size, int32_t version);

namespace nvinfer1 {
namespace consistency {
namespace {

// A checker of a plan, which stays the program's.
inline IConsistencyChecker* createConsistencyChecker(ILogger& logger, void const* blob, size_t size) {
  return static_cast<IConsistencyChecker*>(createConsistencyChecker_INTERNAL(&logger, blob, size, NV_TENSORRT_VERSION));
}

}  // namespace
}  // namespace consistency
}  // namespace nvinfer1
