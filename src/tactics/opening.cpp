#include "tactics/opening.h"

#include "base/load_part.h"
#include "device/cuda/cublaslt.h"
#include "device/cuda/cudnn.h"

namespace ingot {
namespace {

constexpr std::string_view kCublasLt = "cublaslt", kCudnn = "cudnn";

}  // namespace

std::string_view library_of(std::string_view tactic) {
  for (const std::string_view library : {kCublasLt, kCudnn}) {
    const size_t at = tactic.find(library);
    if (at != std::string_view::npos && at > 0 && tactic[at - 1] == '_') return library;
  }
  return {};
}

size_t library_version(std::string_view library) {
  if (library == kCublasLt) {
    const auto lt = cuda::cublaslt();
    return lt.ok() ? (*lt)->version_call() : 0;
  }
  if (library == kCudnn) {
    const auto dnn = cuda::cudnn();
    return dnn.ok() ? (*dnn)->version_call() : 0;
  }
  return 0;
}

void open_ahead(std::string_view tactic, Device& device) {
  const LoadPart part("the library of " + std::string(tactic));
  auto* gpu = dynamic_cast<cuda::CudaDevice*>(&device);
  if (gpu && library_of(tactic) == kCublasLt) (void)cuda::cublaslt_handle(*gpu).ok();
  if (gpu && library_of(tactic) == kCudnn) (void)cuda::cudnn_handle(*gpu).ok();
}

}  // namespace ingot
