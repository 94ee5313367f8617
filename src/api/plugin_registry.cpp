// The registry of plugin creators of the process. This version keeps and finds creators; it does not build layers from plugins.
#include <map>
#include <mutex>
#include <string>
#include <tuple>
#include <vector>

#include "NvInfer.h"

namespace ingot::api {

using namespace nvinfer1;

namespace {

// Name, version and namespace, whatever the creator's generation; false for one that has none.
bool identify(const IPluginCreatorInterface& creator, std::string* name, std::string* version) {
  if (const auto* first = dynamic_cast<const IPluginCreator*>(&creator)) {
    *name = first->getPluginName();
    *version = first->getPluginVersion();
    return true;
  }
  if (const auto* third = dynamic_cast<const IPluginCreatorV3One*>(&creator)) {
    *name = third->getPluginName();
    *version = third->getPluginVersion();
    return true;
  }
  return false;
}

class PluginRegistry final : public IPluginRegistry {
 public:
  ~PluginRegistry() noexcept override = default;

  bool registerCreator(IPluginCreatorInterface& creator, AsciiChar const* const space) noexcept override {
    return fenced(false, [&] {
      std::string name, version;
      if (!identify(creator, &name, &version)) return false;
      std::lock_guard lock(mutex_);
      const Key key{name, version, space ? space : ""};
      if (!creators_.emplace(key, &creator).second) return false;
      if (auto* first = dynamic_cast<IPluginCreator*>(&creator)) first->setPluginNamespace(std::get<2>(key).c_str());
      list();
      return true;
    });
  }
  bool deregisterCreator(IPluginCreatorInterface const& creator) noexcept override {
    return fenced(false, [&] {
      std::lock_guard lock(mutex_);
      const size_t erased = std::erase_if(creators_, [&](const auto& entry) { return entry.second == &creator; });
      list();
      return erased > 0;
    });
  }
  IPluginCreatorInterface* getCreator(AsciiChar const* const name, AsciiChar const* const version, AsciiChar const* const space) noexcept override {
    if (!name || !version) return nullptr;
    return fenced(static_cast<IPluginCreatorInterface*>(nullptr), [&] {
      std::lock_guard lock(mutex_);
      const auto found = creators_.find(Key{name, version, space ? space : ""});
      return found == creators_.end() ? nullptr : found->second;
    });
  }
  IPluginCreatorInterface* const* getAllCreators(int32_t* const count) const noexcept override {
    std::lock_guard lock(mutex_);
    if (count) *count = static_cast<int32_t>(all_.size());
    return all_.data();
  }
  IPluginCreatorInterface* const* getAllCreatorsRecursive(int32_t* const count) noexcept override { return getAllCreators(count); }
  IPluginCreator* getPluginCreator(AsciiChar const* const name, AsciiChar const* const version, AsciiChar const* const space) noexcept override {
    return dynamic_cast<IPluginCreator*>(getCreator(name, version, space));
  }
  IPluginCreator* const* getPluginCreatorList(int32_t* const count) const noexcept override {
    std::lock_guard lock(mutex_);
    if (count) *count = static_cast<int32_t>(first_generation_.size());
    return first_generation_.data();
  }
  // Plugins in libraries of their own register themselves when the program links them; loading by path is not served.
  PluginLibraryHandle loadLibrary(AsciiChar const*) noexcept override { return nullptr; }
  void deregisterLibrary(PluginLibraryHandle) noexcept override {}
  void setParentSearchEnabled(bool const enabled) noexcept override { parent_search_ = enabled; }
  bool isParentSearchEnabled() const noexcept override { return parent_search_; }

  IPluginResource* acquirePluginResource(AsciiChar const* key, IPluginResource* resource) noexcept override {
    if (!key) return nullptr;
    return fenced(static_cast<IPluginResource*>(nullptr), [&]() -> IPluginResource* {
      std::lock_guard lock(mutex_);
      auto found = resources_.find(key);
      if (found == resources_.end()) {
        IPluginResource* copy = resource ? resource->clone() : nullptr;
        if (!copy) return nullptr;
        found = resources_.emplace(key, Shared{copy, 0}).first;
      }
      ++found->second.uses;
      return found->second.resource;
    });
  }
  int32_t releasePluginResource(AsciiChar const* key) noexcept override {
    if (!key) return -1;
    return fenced(int32_t{-1}, [&]() -> int32_t {
      std::lock_guard lock(mutex_);
      const auto found = resources_.find(key);
      if (found == resources_.end()) return -1;
      if (--found->second.uses > 0) return 0;
      const int32_t code = found->second.resource->release();
      resources_.erase(found);
      return code;
    });
  }
  void setErrorRecorder(IErrorRecorder* const recorder) noexcept override { recorder_ = recorder; }
  IErrorRecorder* getErrorRecorder() const noexcept override { return recorder_; }

 private:
  using Key = std::tuple<std::string, std::string, std::string>;
  struct Shared {
    IPluginResource* resource;
    int uses;
  };

  template <class Result, class Work>
  static Result fenced(Result fallback, Work work) noexcept {
    try {
      return work();
    } catch (...) {
      return fallback;
    }
  }
  void list() {
    all_.clear();
    first_generation_.clear();
    for (const auto& [key, creator] : creators_) {
      all_.push_back(creator);
      if (auto* first = dynamic_cast<IPluginCreator*>(creator)) first_generation_.push_back(first);
    }
  }

  mutable std::mutex mutex_;
  std::map<Key, IPluginCreatorInterface*> creators_;
  std::vector<IPluginCreatorInterface*> all_;
  std::vector<IPluginCreator*> first_generation_;
  std::map<std::string, Shared> resources_;
  IErrorRecorder* recorder_ = nullptr;
  bool parent_search_ = true;
};

// Never destroyed: creators deregister while the process ends.
PluginRegistry& registry() {
  static auto* instance = new PluginRegistry;
  return *instance;
}

}  // namespace
}  // namespace ingot::api

extern "C" {

TENSORRTAPI nvinfer1::IPluginRegistry* getPluginRegistry() noexcept { return &ingot::api::registry(); }

}  // extern "C"

namespace nvinfer1 {

extern "C" TENSORRTAPI IPluginRegistry* getBuilderPluginRegistry(EngineCapability) noexcept { return ::getPluginRegistry(); }
extern "C" TENSORRTAPI bool setInternalLibraryPath(AsciiChar const*) noexcept { return true; }

}  // namespace nvinfer1
