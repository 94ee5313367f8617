// Registries of plugin creators: that of the process, and one of each builder and runtime, which falls back to it.
#pragma once

#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <tuple>
#include <vector>

#include "NvInfer.h"
#include "base/result.h"

namespace ingot::api {

// What creators of all generations are asked.
struct CreatorIdentity {
  std::string name, version, space;
  bool is_v3 = false;
  bool is_quick = false;  // of an IPluginCreatorV3Quick; is_v3 too
};
// An error for an interface that no version knows.
Result<CreatorIdentity> identify(const nvinfer1::IPluginCreatorInterface& creator);

class PluginRegistry final : public nvinfer1::IPluginRegistry {
 public:
  explicit PluginRegistry(nvinfer1::IPluginRegistry* parent) : parent_(parent) {}
  // Libraries stay loaded: engines may still run what they hold.
  ~PluginRegistry() noexcept override = default;

  bool registerCreator(nvinfer1::IPluginCreatorInterface& creator, nvinfer1::AsciiChar const* const space) noexcept override;
  bool deregisterCreator(nvinfer1::IPluginCreatorInterface const& creator) noexcept override;
  nvinfer1::IPluginCreatorInterface* getCreator(nvinfer1::AsciiChar const* const name, nvinfer1::AsciiChar const* const version,
                                                nvinfer1::AsciiChar const* const space) noexcept override;
  nvinfer1::IPluginCreatorInterface* const* getAllCreators(int32_t* const count) const noexcept override;
  nvinfer1::IPluginCreatorInterface* const* getAllCreatorsRecursive(int32_t* const count) noexcept override;
  nvinfer1::IPluginCreator* getPluginCreator(nvinfer1::AsciiChar const* const name, nvinfer1::AsciiChar const* const version,
                                             nvinfer1::AsciiChar const* const space) noexcept override;
  nvinfer1::IPluginCreator* const* getPluginCreatorList(int32_t* const count) const noexcept override;
  PluginLibraryHandle loadLibrary(nvinfer1::AsciiChar const* path) noexcept override;
  void deregisterLibrary(PluginLibraryHandle handle) noexcept override;
  void setParentSearchEnabled(bool const enabled) noexcept override { parent_search_ = enabled; }
  bool isParentSearchEnabled() const noexcept override { return parent_search_; }
  nvinfer1::IPluginResource* acquirePluginResource(nvinfer1::AsciiChar const* key, nvinfer1::IPluginResource* resource) noexcept override;
  int32_t releasePluginResource(nvinfer1::AsciiChar const* key) noexcept override;
  void setErrorRecorder(nvinfer1::IErrorRecorder* const recorder) noexcept override { recorder_ = recorder; }
  nvinfer1::IErrorRecorder* getErrorRecorder() const noexcept override { return recorder_; }

 private:
  using Key = std::tuple<std::string, std::string, std::string>;
  struct Shared {
    nvinfer1::IPluginResource* resource;
    int uses;
  };
  // Runs `work`; its errors and exceptions go to the recorder and the process's first logger.
  template <class Fallback, class Work>
  Fallback fenced(Fallback fallback, Work&& work) const noexcept;
  Status add(nvinfer1::IPluginCreatorInterface& creator, const std::string& space);
  void list();

  nvinfer1::IPluginRegistry* parent_;
  mutable std::recursive_mutex mutex_;
  std::map<Key, nvinfer1::IPluginCreatorInterface*> creators_;
  std::vector<nvinfer1::IPluginCreatorInterface*> all_, recursive_;
  std::vector<nvinfer1::IPluginCreator*> second_generation_;
  std::map<void*, std::vector<nvinfer1::IPluginCreatorInterface*>> libraries_;
  std::map<std::string, Shared> resources_;
  nvinfer1::IErrorRecorder* recorder_ = nullptr;
  bool parent_search_ = true;
};

}  // namespace ingot::api
