// Where creators of plugins are found by name.
#pragma once

#include "../NvInferPluginBase.h"
#include "plugin_v2.h"

namespace nvinfer1 {

// Creators by name, version and namespace. One registry serves the process; builders and runtimes have one of their own, which falls
// back to it. Safe to call from several threads.
class IPluginRegistry {
 public:
  // A library of plugins that is loaded.
  using PluginLibraryHandle = void*;

  IPluginRegistry() = default;
  IPluginRegistry(IPluginRegistry const&) = delete;
  IPluginRegistry(IPluginRegistry&&) = delete;
  IPluginRegistry& operator=(IPluginRegistry const&) & = delete;
  IPluginRegistry& operator=(IPluginRegistry&&) & = delete;

  // Adds a creator, which stays the caller's. False where one of that name, version and namespace is there.
  virtual bool registerCreator(IPluginCreatorInterface& creator, AsciiChar const* const pluginNamespace) noexcept = 0;
  // False where it was not registered.
  virtual bool deregisterCreator(IPluginCreatorInterface const& creator) noexcept = 0;
  // The creator, or null.
  virtual IPluginCreatorInterface* getCreator(AsciiChar const* const pluginName, AsciiChar const* const pluginVersion,
                                              AsciiChar const* const pluginNamespace = "") noexcept = 0;
  // All creators, of this registry or of those above it too, as an array of *numCreators that is valid until the registry changes.
  virtual IPluginCreatorInterface* const* getAllCreators(int32_t* const numCreators) const noexcept = 0;
  virtual IPluginCreatorInterface* const* getAllCreatorsRecursive(int32_t* const numCreators) noexcept = 0;

  // Loads a library and registers what its getCreators() or getPluginCreators() returns. Null where that fails.
  virtual PluginLibraryHandle loadLibrary(AsciiChar const* pluginPath) noexcept = 0;
  virtual void deregisterLibrary(PluginLibraryHandle handle) noexcept = 0;

  // Whether a creator that is not here is looked for in the registry above; true at first.
  virtual void setParentSearchEnabled(bool const enabled) noexcept = 0;
  virtual bool isParentSearchEnabled() const noexcept = 0;

  // The resource of that key: the one that is there, or a clone of `resource`. Counted; released with as many calls.
  virtual IPluginResource* acquirePluginResource(AsciiChar const* key, IPluginResource* resource) noexcept = 0;
  virtual int32_t releasePluginResource(AsciiChar const* key) noexcept = 0;

  virtual void setErrorRecorder(IErrorRecorder* const recorder) noexcept = 0;
  virtual IErrorRecorder* getErrorRecorder() const noexcept = 0;

  // ---- Retired: creators of IPluginV2 only, up to generation 10 ----
  virtual IPluginCreator* getPluginCreator(AsciiChar const* const pluginName, AsciiChar const* const pluginVersion,
                                           AsciiChar const* const pluginNamespace = "") noexcept = 0;
  virtual IPluginCreator* const* getPluginCreatorList(int32_t* const numCreators) const noexcept = 0;

 protected:
  virtual ~IPluginRegistry() noexcept = default;
};

}  // namespace nvinfer1

// The registry of the process.
extern "C" TENSORRTAPI nvinfer1::IPluginRegistry* getPluginRegistry() noexcept;

namespace nvinfer1 {

// Registers a creator of class T when the program or library that contains it is loaded.
template <typename T>
class PluginRegistrar {
 public:
  PluginRegistrar() { getPluginRegistry()->registerCreator(instance, ""); }

 private:
  T instance{};
};

}  // namespace nvinfer1

#define REGISTER_TENSORRT_PLUGIN(name) \
  static nvinfer1::PluginRegistrar<name> pluginRegistrar##name {}
