#include "device/cuda/kernel_compiler.h"

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <mutex>

#include "base/env.h"
#include "base/hash.h"
#include "device/cuda/library.h"

namespace ingot::cuda {
namespace {

// INGOT_DUMP_KERNELS=dir leaves each source there.
void dump(const std::string& source, const std::string& name) {
  const auto folder = environment("INGOT_DUMP_KERNELS");
  if (!folder) return;
  const std::string path = *folder + "/" + name + "-" + hash_text(source).hex().substr(0, 16) + ".cu";
  if (std::FILE* file = std::fopen(path.c_str(), "w")) {
    std::fwrite(source.data(), 1, source.size(), file);
    std::fclose(file);
  }
}

const char* const kOptions[] = {"--std=c++17"};

}  // namespace

std::string architecture_name(int major, int minor, bool accelerated) {
  return "sm_" + std::to_string(major * 10 + minor) + (accelerated && major >= 9 ? "a" : "");
}

Result<KernelCompiler> KernelCompiler::load(int driver_version) {
  std::vector<std::string> names;
  for (int major = 13; major >= 12; --major) {
    if (driver_version == 0 || major <= driver_version / 1000) names.push_back("libnvrtc.so." + std::to_string(major));
  }
  if (driver_version == 0 || driver_version >= 11000) names.push_back("libnvrtc.so.11.2");
  if (names.empty()) return unsupported("the CUDA driver is older than CUDA 11");
  auto library = SharedLibrary::open(names, {"cuda_nvrtc", "cu13"});
  if (!library.ok())
    return unsupported(
        "NVRTC, which compiles kernels, is not found, or is too new for the driver; install libnvrtc (package cuda-nvrtc, or pip install "
        "nvidia-cuda-nvrtc)");
  KernelCompiler compiler;
  compiler.path_ = library->path();
  const bool complete =
      library->load(compiler.version_call_, "nvrtcVersion") && library->load(compiler.error_string_, "nvrtcGetErrorString") &&
      library->load(compiler.create_, "nvrtcCreateProgram") && library->load(compiler.destroy_, "nvrtcDestroyProgram") &&
      library->load(compiler.compile_, "nvrtcCompileProgram") && library->load(compiler.log_size_, "nvrtcGetProgramLogSize") &&
      library->load(compiler.log_, "nvrtcGetProgramLog") && library->load(compiler.code_size_, "nvrtcGetCUBINSize") &&
      library->load(compiler.code_, "nvrtcGetCUBIN") && library->load(compiler.arch_count_, "nvrtcGetNumSupportedArchs") &&
      library->load(compiler.archs_, "nvrtcGetSupportedArchs");
  if (!complete) return unsupported("NVRTC at " + compiler.path_ + " is too old");
  int major = 0, minor = 0, count = 0;
  if (compiler.version_call_(&major, &minor) != 0) return internal("NVRTC at " + compiler.path_ + " does not tell its version");
  compiler.version_ = std::to_string(major) + "." + std::to_string(minor);
  if (compiler.arch_count_(&count) == 0 && count > 0) {
    compiler.known_.resize(static_cast<size_t>(count));
    if (compiler.archs_(compiler.known_.data()) != 0) compiler.known_.clear();
  }
  return compiler;
}

Result<const KernelCompiler*> KernelCompiler::instance(int driver_version) {
  static std::mutex mutex;
  static std::vector<std::pair<int, Result<KernelCompiler>*>> loaded;
  std::lock_guard lock(mutex);
  for (const auto& [version, compiler] : loaded) {
    if (version != driver_version) continue;
    if (!compiler->ok()) return compiler->error();
    return &**compiler;
  }
  loaded.emplace_back(driver_version, new Result<KernelCompiler>(load(driver_version)));
  if (!loaded.back().second->ok()) return loaded.back().second->error();
  return &**loaded.back().second;
}

std::string KernelCompiler::message(int code) const { return error_string_(code) ? error_string_(code) : std::to_string(code); }

bool KernelCompiler::knows(const std::string& architecture) const {
  const int number = std::atoi(architecture.c_str() + 3);
  return std::find(known_.begin(), known_.end(), number) != known_.end();
}

Result<std::vector<std::byte>> KernelCompiler::compile(const std::string& source, const std::string& name,
                                                       const std::string& architecture) const {
  Program program = nullptr;
  if (const int code = create_(&program, source.c_str(), (name + ".cu").c_str(), 0, nullptr, nullptr))
    return internal("nvrtcCreateProgram: " + message(code));
  const std::string target = "--gpu-architecture=" + architecture;
  std::vector<const char*> options{target.c_str()};
  options.insert(options.end(), std::begin(kOptions), std::end(kOptions));
  const int failed = compile_(program, static_cast<int>(options.size()), options.data());
  std::string log;
  size_t size = 0;
  if (failed && log_size_(program, &size) == 0 && size > 1) {
    log.resize(size);
    log_(program, log.data());
    log.resize(size - 1);
  }
  std::vector<std::byte> result;
  int code = failed;
  if (!failed) {
    code = code_size_(program, &size);
    if (!code) {
      result.resize(size);
      code = code_(program, reinterpret_cast<char*>(result.data()));
    }
  }
  destroy_(&program);
  if (code) return internal("kernel '" + name + "' does not compile for " + architecture + ": " + message(code) + "\n" + log);
  return result;
}

Result<std::vector<std::byte>> KernelCompiler::code(const std::string& source, const std::string& name,
                                                    const std::string& architecture) const {
  std::string identity = version_ + "\n" + path_ + "\n" + architecture + "\n";
  for (const char* option : kOptions) identity += std::string(option) + "\n";
  const std::string key = hash_text(identity + source).hex();
  dump(source, name);
  std::vector<std::byte> bytes;
  if (read_cache_entry(key, &bytes)) return bytes;
  TRY_ASSIGN(bytes, compile(source, name, architecture));
  write_cache_entry(key, bytes);
  return bytes;
}

}  // namespace ingot::cuda
