#include "api/plugin_registry.h"

#include <dlfcn.h>

#include <cstring>
#include <string_view>

#include "api/reporter.h"
#include "impl/NvInferPythonPlugin.h"

namespace ingot::api {

using namespace nvinfer1;
using ingot::ErrorCode;

namespace {

// What plugin libraries ask for loggers.
class LoggerFinder final : public ILoggerFinder {
 public:
  ILogger* findLogger() override { return ::getLogger(); }
};

// A function of a loaded library, or null.
template <class Function>
Function* symbol_of(void* library, const char* name) {
  void* symbol = dlsym(library, name);
  Function* function = nullptr;
  std::memcpy(&function, &symbol, sizeof symbol);
  return function;
}

}  // namespace

// The interface's name tells the class, so that creators compiled without run-time type information work too.
Result<CreatorIdentity> identify(const IPluginCreatorInterface& creator) {
  const auto text = [](const char* given) { return std::string(given ? given : ""); };
  const InterfaceInfo info = creator.getInterfaceInfo();
  const std::string_view kind = info.kind ? info.kind : "";
  CreatorIdentity identity;
  if (kind == "PLUGIN CREATOR_V1") {
    const auto& second = static_cast<const IPluginCreator&>(creator);
    identity = {text(second.getPluginName()), text(second.getPluginVersion()), text(second.getPluginNamespace()), false, false};
  } else if (kind == "PLUGIN CREATOR_V3ONE") {
    const auto& third = static_cast<const IPluginCreatorV3One&>(creator);
    identity = {text(third.getPluginName()), text(third.getPluginVersion()), text(third.getPluginNamespace()), true, false};
  } else if (kind == "PLUGIN CREATOR_V3QUICK") {
    const auto& quick = static_cast<const IPluginCreatorV3Quick&>(creator);
    identity = {text(quick.getPluginName()), text(quick.getPluginVersion()), text(quick.getPluginNamespace()), true, true};
  } else {
    return unsupported("a plugin creator has the interface '" + std::string(kind) +
                       "'; PLUGIN CREATOR_V1, PLUGIN CREATOR_V3ONE and PLUGIN CREATOR_V3QUICK are known");
  }
  if (identity.name.empty()) return invalid("a plugin creator has no name");
  return identity;
}

template <class Fallback, class Work>
Fallback PluginRegistry::fenced(Fallback fallback, Work&& work) const noexcept {
  Reporter reporter(::getLogger());
  if (recorder_) reporter.set_recorder(recorder_);
  return guarded(reporter, fallback, std::forward<Work>(work));
}

Status PluginRegistry::add(IPluginCreatorInterface& creator, const std::string& space) {
  TRY_ASSIGN(CreatorIdentity identity, identify(creator));
  const Key key{identity.name, identity.version, space};
  const auto found = creators_.find(key);
  if (found != creators_.end()) {
    return invalid("registerCreator: a creator of '" + identity.name + "' version '" + identity.version + "' in namespace '" + space +
                   "' is registered already");
  }
  creators_.emplace(key, &creator);
  if (!identity.is_v3) static_cast<IPluginCreator&>(creator).setPluginNamespace(space.c_str());
  list();
  return Ok{};
}

bool PluginRegistry::registerCreator(IPluginCreatorInterface& creator, AsciiChar const* const space) noexcept {
  return fenced(false, [&]() -> Status {
    std::lock_guard lock(mutex_);
    return add(creator, space ? space : "");
  });
}

bool PluginRegistry::deregisterCreator(IPluginCreatorInterface const& creator) noexcept {
  return fenced(false, [&] {
    std::lock_guard lock(mutex_);
    const size_t erased = std::erase_if(creators_, [&](const auto& entry) { return entry.second == &creator; });
    list();
    return erased > 0;
  });
}

IPluginCreatorInterface* PluginRegistry::getCreator(AsciiChar const* const name, AsciiChar const* const version,
                                                    AsciiChar const* const space) noexcept {
  if (!name || !version) return nullptr;
  return fenced(static_cast<IPluginCreatorInterface*>(nullptr), [&]() -> IPluginCreatorInterface* {
    std::unique_lock lock(mutex_);
    const auto found = creators_.find(Key{name, version, space ? space : ""});
    if (found != creators_.end()) return found->second;
    lock.unlock();
    return parent_ && parent_search_ ? parent_->getCreator(name, version, space) : nullptr;
  });
}

IPluginCreatorInterface* const* PluginRegistry::getAllCreators(int32_t* const count) const noexcept {
  std::lock_guard lock(mutex_);
  if (count) *count = static_cast<int32_t>(all_.size());
  return all_.data();
}

IPluginCreatorInterface* const* PluginRegistry::getAllCreatorsRecursive(int32_t* const count) noexcept {
  return fenced(static_cast<IPluginCreatorInterface* const*>(nullptr), [&]() -> IPluginCreatorInterface* const* {
    std::lock_guard lock(mutex_);
    recursive_ = all_;
    int32_t more = 0;
    if (parent_ && parent_search_) {
      IPluginCreatorInterface* const* above = parent_->getAllCreatorsRecursive(&more);
      recursive_.insert(recursive_.end(), above, above + more);
    }
    if (count) *count = static_cast<int32_t>(recursive_.size());
    return recursive_.data();
  });
}

IPluginCreator* PluginRegistry::getPluginCreator(AsciiChar const* const name, AsciiChar const* const version,
                                                 AsciiChar const* const space) noexcept {
  IPluginCreatorInterface* found = getCreator(name, version, space);
  return fenced(static_cast<IPluginCreator*>(nullptr), [&]() -> IPluginCreator* {
    if (!found) return nullptr;
    auto identity = identify(*found);
    return identity.ok() && !identity->is_v3 ? static_cast<IPluginCreator*>(found) : nullptr;
  });
}

IPluginCreator* const* PluginRegistry::getPluginCreatorList(int32_t* const count) const noexcept {
  std::lock_guard lock(mutex_);
  if (count) *count = static_cast<int32_t>(second_generation_.size());
  return second_generation_.data();
}

// A library hands over its creators, or registers them itself as it is loaded.
IPluginRegistry::PluginLibraryHandle PluginRegistry::loadLibrary(AsciiChar const* path) noexcept {
  return fenced(static_cast<void*>(nullptr), [&]() -> Result<void*> {
    if (!path || !*path) return invalid("loadLibrary: the path is empty");
    int32_t before = 0, after = 0;
    (void)::getPluginRegistry()->getAllCreators(&before);
    void* library = dlopen(path, RTLD_NOW | RTLD_LOCAL);
    if (!library) return invalid("loadLibrary: " + std::string(dlerror()));
    (void)::getPluginRegistry()->getAllCreators(&after);
    static LoggerFinder finder;
    if (auto* set_finder = symbol_of<void(ILoggerFinder*)>(library, "setLoggerFinder")) set_finder(&finder);
    std::vector<IPluginCreatorInterface*> given;
    int32_t count = 0;
    if (auto* creators = symbol_of<IPluginCreatorInterface* const*(int32_t&)>(library, "getCreators")) {
      IPluginCreatorInterface* const* list = creators(count);
      if (list) given.assign(list, list + std::max(count, 0));
    } else if (auto* older = symbol_of<IPluginCreator* const*(int32_t&)>(library, "getPluginCreators")) {
      IPluginCreator* const* list = older(count);
      if (list) given.assign(list, list + std::max(count, 0));
    } else if (before == after) {
      dlclose(library);
      return invalid("loadLibrary: '" + std::string(path) +
                     "' exports neither getCreators nor getPluginCreators, and registers no creator by itself");
    }
    std::lock_guard lock(mutex_);
    if (libraries_.contains(library)) {  // it is loaded already, and its creators are there
      dlclose(library);
      return library;
    }
    auto& kept = libraries_[library];
    for (IPluginCreatorInterface* creator : given) {
      if (!creator) continue;
      TRY_ASSIGN(CreatorIdentity identity, identify(*creator));
      if (creators_.contains(Key{identity.name, identity.version, identity.space})) continue;
      TRY(add(*creator, identity.space));
      kept.push_back(creator);
    }
    return library;
  });
}

void PluginRegistry::deregisterLibrary(PluginLibraryHandle handle) noexcept {
  fenced(false, [&]() -> Status {
    std::lock_guard lock(mutex_);
    const auto found = libraries_.find(handle);
    if (found == libraries_.end()) return invalid("deregisterLibrary: no library of this handle is loaded");
    for (const IPluginCreatorInterface* creator : found->second)
      std::erase_if(creators_, [&](const auto& entry) { return entry.second == creator; });
    libraries_.erase(found);
    list();
    dlclose(handle);
    return Ok{};
  });
}

IPluginResource* PluginRegistry::acquirePluginResource(AsciiChar const* key, IPluginResource* resource) noexcept {
  return fenced(static_cast<IPluginResource*>(nullptr), [&]() -> Result<IPluginResource*> {
    if (!key) return invalid("acquirePluginResource: the key is null");
    std::lock_guard lock(mutex_);
    auto found = resources_.find(key);
    if (found == resources_.end()) {
      IPluginResource* copy = resource ? resource->clone() : nullptr;
      if (!copy)
        return invalid("acquirePluginResource: there is no resource '" + std::string(key) + "', and the one given " +
                       (resource ? "has no clone" : "is null"));
      found = resources_.emplace(key, Shared{copy, 0}).first;
    }
    ++found->second.uses;
    return found->second.resource;
  });
}

int32_t PluginRegistry::releasePluginResource(AsciiChar const* key) noexcept {
  return fenced(int32_t{-1}, [&]() -> Result<int32_t> {
    if (!key) return invalid("releasePluginResource: the key is null");
    std::lock_guard lock(mutex_);
    const auto found = resources_.find(key);
    if (found == resources_.end()) return invalid("releasePluginResource: there is no resource '" + std::string(key) + "'");
    if (--found->second.uses > 0) return 0;
    IPluginResource* last = found->second.resource;
    resources_.erase(found);
    return last->release();
  });
}

void PluginRegistry::list() {
  all_.clear();
  second_generation_.clear();
  for (const auto& [key, creator] : creators_) {
    all_.push_back(creator);
    const auto identity = identify(*creator);
    if (identity.ok() && !identity->is_v3) second_generation_.push_back(static_cast<IPluginCreator*>(creator));
  }
}

}  // namespace ingot::api

// Never destroyed: creators deregister while the process ends.
extern "C" TENSORRTAPI nvinfer1::IPluginRegistry* getPluginRegistry() noexcept {
  static auto* instance = new ingot::api::PluginRegistry(nullptr);
  return instance;
}

namespace nvinfer1 {

extern "C" TENSORRTAPI IPluginRegistry* getBuilderPluginRegistry(EngineCapability) noexcept { return ::getPluginRegistry(); }
extern "C" TENSORRTAPI bool setInternalLibraryPath(AsciiChar const*) noexcept { return true; }

}  // namespace nvinfer1
