#include "tactics/opening.h"

#include "base/load_part.h"
#include "device/cuda/cublaslt.h"
#include "device/cuda/cudnn.h"

namespace ingot {
namespace {

bool is_of_cublaslt(std::string_view tactic) { return tactic.find("_cublaslt") != std::string_view::npos; }
bool is_of_cudnn(std::string_view tactic) { return tactic.find("_cudnn") != std::string_view::npos; }

}  // namespace

bool needs_opening(std::string_view tactic) { return is_of_cublaslt(tactic) || is_of_cudnn(tactic); }

void open_ahead(std::string_view tactic, Device& device) {
  const LoadPart part("the library of " + std::string(tactic));
  auto* gpu = dynamic_cast<cuda::CudaDevice*>(&device);
  if (gpu && is_of_cublaslt(tactic)) (void)cuda::cublaslt_handle(*gpu).ok();
  if (gpu && is_of_cudnn(tactic)) (void)cuda::cudnn_handle(*gpu).ok();
}

}  // namespace ingot
