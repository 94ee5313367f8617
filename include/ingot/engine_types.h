// Small types that builder and runtime share.
#pragma once

#include "../NvInferRuntimeBase.h"

namespace nvinfer1 {

// The kind of processor that runs a layer.
enum class DeviceType : int32_t {
  kGPU = 0,
  kDLA = 1,
};
template <>
constexpr int32_t EnumMax<DeviceType>() noexcept {
  return 2;
}

// What an engine is restricted to. Ingot builds kSTANDARD ones.
enum class EngineCapability : int32_t {
  kSTANDARD = 0,
  kSAFETY = 1,
  kDLA_STANDALONE = 2,

  // Retired names of generations up to 7.
  kDEFAULT = kSTANDARD,
  kSAFE_GPU = kSAFETY,
  kSAFE_DLA = kDLA_STANDALONE,
};
template <>
constexpr int32_t EnumMax<EngineCapability>() noexcept {
  return 3;
}

// Which shape of an optimization profile is meant.
enum class OptProfileSelector : int32_t {
  kMIN = 0,  // the smallest that is allowed
  kOPT = 1,  // the one to be fast at
  kMAX = 2,  // the largest that is allowed
};
template <>
constexpr int32_t EnumMax<OptProfileSelector>() noexcept {
  return 3;
}

// Whether a named tensor is an input or an output of an engine.
enum class TensorIOMode : int32_t {
  kNONE = 0,  // neither
  kINPUT = 1,
  kOUTPUT = 2,
};
template <>
constexpr int32_t EnumMax<TensorIOMode>() noexcept {
  return 3;
}

// How much an engine keeps to tell about its layers.
enum class ProfilingVerbosity : int32_t {
  kLAYER_NAMES_ONLY = 0,
  kNONE = 1,
  kDETAILED = 2,  // names, shapes, types, tactics

  // Retired names of generation 7 and 8.
  kDEFAULT = kLAYER_NAMES_ONLY,
  kVERBOSE = kDETAILED,
};
template <>
constexpr int32_t EnumMax<ProfilingVerbosity>() noexcept {
  return 3;
}

// On which devices of a vendor's line an engine may run.
enum class HardwareCompatibilityLevel : int32_t {
  kNONE = 0,                     // the kind that it was built on
  kAMPERE_PLUS = 1,              // compute capability 8.0 and later
  kSAME_COMPUTE_CAPABILITY = 2,  // the same major and minor number
};
template <>
constexpr int32_t EnumMax<HardwareCompatibilityLevel>() noexcept {
  return 3;
}

// Where tactics come from. Bits of TacticSources.
enum class TacticSource : int32_t {
  kEDGE_MASK_CONVOLUTIONS = 0,
  kJIT_CONVOLUTIONS = 1,  // kernels compiled for the device at hand

  // Retired with generation 11.
  kCUBLAS = 2,
  kCUBLAS_LT = 3,
  kCUDNN = 4,
};
template <>
constexpr int32_t EnumMax<TacticSource>() noexcept {
  return 5;
}
using TacticSources = uint32_t;

// How a context gets the memory for its activations.
enum class ExecutionContextAllocationStrategy : int32_t {
  kSTATIC = 0,             // allocated with the context, for the largest shapes of all profiles
  kON_PROFILE_CHANGE = 1,  // allocated anew for each profile
  kUSER_MANAGED = 2,       // given by the program with setDeviceMemoryV2
};
template <>
constexpr int32_t EnumMax<ExecutionContextAllocationStrategy>() noexcept {
  return 3;
}

// Numbers that an engine tells about itself.
enum class EngineStat : int32_t {
  kTOTAL_WEIGHTS_SIZE = 0,     // bytes of all weights
  kSTRIPPED_WEIGHTS_SIZE = 1,  // bytes of the weights that the plan leaves out
};
template <>
constexpr int32_t EnumMax<EngineStat>() noexcept {
  return 2;
}

// The text form of an engine's description.
enum class LayerInformationFormat : int32_t {
  kONELINE = 0,  // one line a layer
  kJSON = 1,
};
template <>
constexpr int32_t EnumMax<LayerInformationFormat>() noexcept {
  return 2;
}

// What a plan contains. Bits of SerializationFlags.
enum class SerializationFlag : int32_t {
  kEXCLUDE_WEIGHTS = 0,       // leave out the refittable weights
  kEXCLUDE_LEAN_RUNTIME = 1,  // Ingot's plans never hold a runtime
  kINCLUDE_REFIT = 2,         // keep the weights refittable
};
template <>
constexpr int32_t EnumMax<SerializationFlag>() noexcept {
  return 3;
}
using SerializationFlags = uint32_t;

// Which weights of a layer are refitted.
enum class WeightsRole : int32_t {
  kKERNEL = 0,    // of convolution, deconvolution and fully connected layers
  kBIAS = 1,      // of the same
  kSHIFT = 2,     // of scale layers
  kSCALE = 3,     // of scale layers
  kCONSTANT = 4,  // of constant layers
  kANY = 5,       // of any layer, where they were named
};
template <>
constexpr int32_t EnumMax<WeightsRole>() noexcept {
  return 6;
}

// Where a runtime may put code that it has to load. Bits of TempfileControlFlags.
enum class TempfileControlFlag : int32_t {
  kALLOW_IN_MEMORY_FILES = 0,
  kALLOW_TEMPORARY_FILES = 1,
};
template <>
constexpr int32_t EnumMax<TempfileControlFlag>() noexcept {
  return 2;
}
using TempfileControlFlags = uint32_t;

// Bytes in host memory that the library allocated, such as a plan. Deleting the object frees them.
// Some programs of generations 6 and 7 implement it themselves, so nothing in it is noexcept.
class IHostMemory : public INoCopy {
 public:
  ~IHostMemory() override = default;
  virtual void* data() const = 0;
  virtual std::size_t size() const = 0;  // bytes
  virtual DataType type() const = 0;
  virtual void destroy() { delete this; }
};

}  // namespace nvinfer1
