#include "device/cuda/library.h"

#include <dirent.h>
#include <link.h>
#include <unistd.h>

#include <algorithm>
#include <cstdlib>

#include "base/env.h"

namespace ingot {
namespace {

std::vector<std::string> entries_of(const std::string& folder) {
  std::vector<std::string> names;
  if (DIR* dir = opendir(folder.c_str())) {
    while (const dirent* entry = readdir(dir)) names.emplace_back(entry->d_name);
    closedir(dir);
  }
  std::sort(names.rbegin(), names.rend());  // newer versions first
  return names;
}

// lib folders of the nvidia-* wheels below a Python prefix: PREFIX/lib/python3.N/site-packages/nvidia/NAME/lib.
void add_python_folders(const std::string& prefix, const std::vector<std::string>& folders, std::vector<std::string>* found) {
  for (const std::string& version : entries_of(prefix + "/lib")) {
    if (!version.starts_with("python3")) continue;
    for (const char* packages : {"/site-packages/nvidia/", "/dist-packages/nvidia/"}) {
      const std::string base = prefix + "/lib/" + version + packages;
      for (const std::string& folder : folders) found->push_back(base + folder + "/lib/");
    }
  }
}

std::vector<std::string> search_path(const std::vector<std::string>& folders) {
  std::vector<std::string> found;
  for (const char* variable : {"CUDA_HOME", "CUDA_PATH"}) {
    if (const char* home = std::getenv(variable)) found.push_back(std::string(home) + "/lib64/");
  }
  found.push_back("/usr/local/cuda/lib64/");
  found.push_back("/usr/lib/x86_64-linux-gnu/");
  if (const char* environment = std::getenv("VIRTUAL_ENV")) add_python_folders(environment, folders, &found);
  if (const char* conda = std::getenv("CONDA_PREFIX")) {
    found.push_back(std::string(conda) + "/lib/");
    add_python_folders(conda, folders, &found);
  }
  // The Python that the shell would start.
  if (const char* path = std::getenv("PATH")) {
    const std::string text = path;
    for (size_t begin = 0; begin < text.size();) {
      const size_t end = std::min(text.find(':', begin), text.size());
      std::string folder = text.substr(begin, end - begin);
      begin = end + 1;
      if (folder.ends_with("/bin")) add_python_folders(folder.substr(0, folder.size() - 4), folders, &found);
    }
  }
  if (const char* home = std::getenv("HOME")) add_python_folders(std::string(home) + "/.local", folders, &found);
  for (const char* prefix : {"/usr", "/usr/local"}) add_python_folders(prefix, folders, &found);
  return found;
}

}  // namespace

Result<SharedLibrary> SharedLibrary::open(const std::vector<std::string>& names, const std::vector<std::string>& folders) {
  SharedLibrary library;
  const auto opened = [&](const std::string& path, int flags) {
    library.handle_ = dlopen(path.c_str(), RTLD_NOW | RTLD_LOCAL | flags);
    if (!library.handle_) return false;
    library.path_ = path;
    struct link_map* map = nullptr;
    if (dlinfo(library.handle_, RTLD_DI_LINKMAP, &map) == 0 && map && map->l_name && *map->l_name) library.path_ = map->l_name;
    return true;
  };
  if (const auto own = environment("INGOT_CUDA_PATH")) {
    for (const std::string& name : names) {
      if (opened(*own + "/" + name, 0)) return library;
    }
    // A folder with a driver of its own is all there is: libraries from elsewhere are none for it.
    if (access((*own + "/libcuda.so.1").c_str(), R_OK) == 0) return unsupported(names[0] + " is not found in " + *own);
  }
  for (const std::string& name : names) {
    if (opened(name, RTLD_NOLOAD)) return library;
  }
  for (const std::string& name : names) {
    if (opened(name, 0)) return library;
    for (const std::string& folder : search_path(folders)) {
      if (opened(folder + name, 0)) return library;
    }
  }
  return unsupported(names[0] + " is not found");
}

}  // namespace ingot
