// The C functions that programs reach: versions, the logger, and the makers of builders and runtimes.
#include "api/library.h"

#include "api/reporter.h"
#include "operators/register.h"

namespace ingot::api {
namespace {

// The generation whose behaviour the library has where a program does not say otherwise.
constexpr int kMajor = 10, kMinor = 16, kPatch = 0, kBuild = 1;

// NV_TENSORRT_VERSION of a program: 1000 * major up to generation 9, 10000 * major from 10 on.
int major_of(int32_t version) { return version >= 100000 ? version / 10000 : version / 1000; }

template <class Make>
void* make(void* logger, Make make_object) noexcept {
  auto* user = static_cast<nvinfer1::ILogger*>(logger);
  Reporter reporter(user);
  return guarded(reporter, static_cast<void*>(nullptr), [&]() -> Result<void*> {
    if (!user) return invalid("the logger is null");
    register_all_operators();
    TRY_ASSIGN(std::shared_ptr<Device> device, default_device());
    return static_cast<void*>(make_object(user, device));
  });
}

}  // namespace
}  // namespace ingot::api

using namespace ingot::api;

extern "C" {

TENSORRTAPI void* createInferBuilder_INTERNAL(void* logger, int32_t version) noexcept {
  return make(logger, [&](nvinfer1::ILogger* user, const std::shared_ptr<ingot::Device>& device) {
    return make_builder(user, major_of(version), device);
  });
}

TENSORRTAPI void* createInferRuntime_INTERNAL(void* logger, int32_t) noexcept {
  return make(logger, [](nvinfer1::ILogger* user, const std::shared_ptr<ingot::Device>& device) { return make_runtime(user, device); });
}

TENSORRTAPI nvinfer1::ILogger* getLogger() noexcept { return oldest_logger(); }
TENSORRTAPI int32_t getInferLibVersion() noexcept { return kMajor * 10000 + kMinor * 100 + kPatch; }
TENSORRTAPI int32_t getInferLibMajorVersion() noexcept { return kMajor; }
TENSORRTAPI int32_t getInferLibMinorVersion() noexcept { return kMinor; }
TENSORRTAPI int32_t getInferLibPatchVersion() noexcept { return kPatch; }
TENSORRTAPI int32_t getInferLibBuildVersion() noexcept { return kBuild; }

// Of the other generations, by the names that the headers give them: the last release of each.
#define VERSION_OF(major, minor, patch, scale)                                                              \
  TENSORRTAPI int32_t getInferLibVersion_##major() noexcept { return major * scale + minor * 100 + patch; } \
  TENSORRTAPI int32_t getInferLibMajorVersion_##major() noexcept { return major; }                          \
  TENSORRTAPI int32_t getInferLibMinorVersion_##major() noexcept { return minor; }                          \
  TENSORRTAPI int32_t getInferLibPatchVersion_##major() noexcept { return patch; }                          \
  TENSORRTAPI int32_t getInferLibBuildVersion_##major() noexcept { return kBuild; }
VERSION_OF(4, 0, 1, 1000)
VERSION_OF(5, 1, 5, 1000)
VERSION_OF(6, 0, 1, 1000)
VERSION_OF(7, 2, 3, 1000)
VERSION_OF(8, 6, 1, 1000)
VERSION_OF(9, 3, 0, 1000)
VERSION_OF(11, 1, 0, 10000)

}  // extern "C"
