// What plugins of every kind share: fields, creators, resources, and the plugin of generation 10, IPluginV3.
#pragma once

#include "NvInferRuntimeBase.h"

namespace nvinfer1 {

// ---- Fields: the named parameters of a plugin ----

enum class PluginFieldType : int32_t {
  kFLOAT16 = 0,
  kFLOAT32 = 1,
  kFLOAT64 = 2,
  kINT8 = 3,
  kINT16 = 4,
  kINT32 = 5,
  kCHAR = 6,
  kDIMS = 7,  // a Dims
  kUNKNOWN = 8,
  kBF16 = 9,
  kINT64 = 10,
  kFP8 = 11,
  kINT4 = 12,
  kFP4 = 13,
};
template <>
constexpr int32_t EnumMax<PluginFieldType>() noexcept {
  return 14;
}

// `length` values of one type at `data`. Nothing is copied.
class PluginField {
 public:
  AsciiChar const* name;
  void const* data;
  PluginFieldType type;
  int32_t length;

  PluginField(AsciiChar const* const name_ = nullptr, void const* const data_ = nullptr,
              PluginFieldType const type_ = PluginFieldType::kUNKNOWN, int32_t const length_ = 0) noexcept
      : name(name_), data(data_), type(type_), length(length_) {}
};

struct PluginFieldCollection {
  int32_t nbFields;
  PluginField const* fields;
};

// ---- Creators and resources ----

// Whether a plugin is made to build a network or to run a plan.
enum class TensorRTPhase : int32_t {
  kBUILD = 0,
  kRUNTIME = 1,
};
template <>
constexpr int32_t EnumMax<TensorRTPhase>() noexcept {
  return 2;
}

// Makes plugins. Programs derive from IPluginCreatorV3One, or from IPluginCreator for plugins of generations 5 to 9.
class IPluginCreatorInterface : public IVersionedInterface {};

// Something that several plugins share, kept by the registry under a key.
class IPluginResource : public IVersionedInterface {
 public:
  InterfaceInfo getInterfaceInfo() const noexcept override { return InterfaceInfo{"IPluginResource", 1, 0}; }
  // Frees what it holds when the last plugin has let go; 0 on success.
  virtual int32_t release() = 0;
  // The copy that the registry keeps.
  virtual IPluginResource* clone() = 0;
};

// ---- IPluginV3: a plugin as three capabilities ----

enum class PluginCapabilityType : int32_t {
  kCORE = 0,     // IPluginV3OneCore: its name
  kBUILD = 1,    // IPluginV3OneBuild: shapes, types, formats
  kRUNTIME = 2,  // IPluginV3OneRuntime: runs it
};
template <>
constexpr int32_t EnumMax<PluginCapabilityType>() noexcept {
  return 3;
}

class IPluginCapability : public IVersionedInterface {};

class IPluginV3 : public IVersionedInterface {
 public:
  InterfaceInfo getInterfaceInfo() const noexcept override { return InterfaceInfo{"PLUGIN", 1, 0}; }
  // The object that has the capability: usually the plugin itself. Null where it does not have it.
  virtual IPluginCapability* getCapabilityInterface(PluginCapabilityType type) = 0;
  // A copy with the same state. The library deletes it.
  virtual IPluginV3* clone() = 0;
};

namespace v_1_0 {
using nvinfer1::IPluginCapability;
using nvinfer1::IPluginCreatorInterface;
using nvinfer1::IPluginResource;
using nvinfer1::IPluginV3;
}  // namespace v_1_0
}  // namespace nvinfer1
