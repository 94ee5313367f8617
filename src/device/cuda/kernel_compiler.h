// Turns CUDA C++ sources into machine code with NVRTC, found at run time, and keeps the results in a cache of the user.
#pragma once

#include <cstddef>
#include <string>
#include <vector>

#include "base/result.h"

namespace ingot::cuda {

// "sm_90a": what code is made for. `major` and `minor` as the device says; accelerated adds the letter a where the chip has one.
std::string architecture_name(int major, int minor, bool accelerated);

class KernelCompiler {
 public:
  // `driver_version` (13000) bounds the compiler's generation: newer code would not load. 0 for no bound.
  static Result<const KernelCompiler*> instance(int driver_version);

  const std::string& path() const { return path_; }
  const std::string& version() const { return version_; }  // "13.0"

  // Machine code for `architecture`, from the cache or compiled. The error holds the compiler's messages.
  Result<std::vector<std::byte>> code(const std::string& source, const std::string& name, const std::string& architecture) const;
  // The same without the cache.
  Result<std::vector<std::byte>> compile(const std::string& source, const std::string& name, const std::string& architecture) const;
  // Whether the compiler knows it; an older one does not know newer chips.
  bool knows(const std::string& architecture) const;

 private:
  using Program = struct NvrtcProgram*;
  static Result<KernelCompiler> load(int driver_version);
  std::string message(int code) const;

  int (*version_call_)(int* major, int* minor) = nullptr;
  const char* (*error_string_)(int code) = nullptr;
  int (*create_)(Program* program, const char* source, const char* name, int headers, const char* const* texts,
                 const char* const* names) = nullptr;
  int (*destroy_)(Program* program) = nullptr;
  int (*compile_)(Program program, int count, const char* const* options) = nullptr;
  int (*log_size_)(Program program, size_t* bytes) = nullptr;
  int (*log_)(Program program, char* text) = nullptr;
  int (*code_size_)(Program program, size_t* bytes) = nullptr;
  int (*code_)(Program program, char* code) = nullptr;
  int (*arch_count_)(int* count) = nullptr;
  int (*archs_)(int* archs) = nullptr;
  std::string path_, version_;
  std::vector<int> known_;
};

// The user's folder for things that can be made again: INGOT_CACHE_DIR, else XDG_CACHE_HOME/ingot, else ~/.cache/ingot; made with
// permissions for the user alone. Empty where there is none that is safe.
std::string cache_folder();
// Entries of the cache: a damaged one, or one of another key, reads as nothing. Writing puts the whole entry in place at once.
bool read_cache_entry(const std::string& key, std::vector<std::byte>* bytes);
void write_cache_entry(const std::string& key, const std::vector<std::byte>& bytes);

}  // namespace ingot::cuda
