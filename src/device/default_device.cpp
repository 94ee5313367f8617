// Which device a process gets.
#include <dlfcn.h>

#include <cstdlib>

#include "base/env.h"
#include "device/device.h"

namespace ingot {
namespace {

// Only the stand-in for the CUDA runtime has this symbol: its streams and memory are the host's.
bool has_stand_in() { return dlsym(RTLD_DEFAULT, "ingotCudartIsStandIn") != nullptr; }

}  // namespace

Result<std::shared_ptr<Device>> default_device(Log& log) {
  const std::string wish = environment("INGOT_DEVICE").value_or("");
  if (wish == "cpu") return cpu_device();
  if (has_stand_in()) {
    if (!wish.empty())
      log.warning("INGOT_DEVICE=" + wish + " does not count: the program has loaded the host's stand-in for the CUDA runtime");
    return cpu_device();
  }
  char* end = nullptr;
  const long number = std::strtol(wish.c_str(), &end, 10);
  const bool is_number = !wish.empty() && *end == 0;
  if (!wish.empty() && wish != "cuda" && (!is_number || number < 0 || number > 1024))
    return invalid("INGOT_DEVICE is '" + wish + "'; it takes cpu, cuda or the number of a GPU");
  auto device = cuda_device(is_number ? static_cast<int>(number) : -1, log);
  if (device.ok()) return device;
  if (!wish.empty()) return std::move(device).error().within("INGOT_DEVICE=" + wish);
  log.verbose("no CUDA device: " + device.error().message);
  return cpu_device();
}

}  // namespace ingot
