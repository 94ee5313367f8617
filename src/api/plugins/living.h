// The ready-made plugins that are alive, by address: programs hand over objects of which only this is safe to ask.
#pragma once

#include <mutex>
#include <unordered_set>

namespace ingot::api {

class Living {
 public:
  static Living& plugins() {
    static auto* instance = new Living;  // plugins may outlive everything else
    return *instance;
  }
  void add(const void* plugin) {
    std::lock_guard lock(mutex_);
    addresses_.insert(plugin);
  }
  void remove(const void* plugin) {
    std::lock_guard lock(mutex_);
    addresses_.erase(plugin);
  }
  bool has(const void* plugin) {
    std::lock_guard lock(mutex_);
    return addresses_.contains(plugin);
  }

 private:
  std::mutex mutex_;
  std::unordered_set<const void*> addresses_;
};

}  // namespace ingot::api
