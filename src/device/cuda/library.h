// Finds shared libraries at run time, in the places where packages put CUDA's.
#pragma once

#include <dlfcn.h>

#include <cstring>
#include <string>
#include <vector>

#include "base/result.h"

namespace ingot {

class SharedLibrary {
 public:
  SharedLibrary() = default;
  // The first of `names` that opens: what the program has loaded already, the folder INGOT_CUDA_PATH, the loader's own search, the CUDA
  // toolkit, and the nvidia packages of Python. `folders` are those of the packages, e.g. "cudnn". Stays loaded.
  static Result<SharedLibrary> open(const std::vector<std::string>& names, const std::vector<std::string>& folders);

  const std::string& path() const { return path_; }
  void* find(const char* name) const { return handle_ ? dlsym(handle_, name) : nullptr; }
  // False where the library lacks it.
  template <class Function>
  bool load(Function& function, const char* name) const {
    void* symbol = find(name);
    std::memcpy(&function, &symbol, sizeof symbol);
    return symbol != nullptr;
  }

 private:
  void* handle_ = nullptr;
  std::string path_;
};

}  // namespace ingot
