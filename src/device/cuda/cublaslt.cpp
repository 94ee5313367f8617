#include "device/cuda/cublaslt.h"

#include <map>
#include <mutex>

#include "device/cuda/library.h"

namespace ingot::cuda {
namespace {

Result<CublasLt> load() {
  auto library = SharedLibrary::open({"libcublasLt.so.13", "libcublasLt.so.12"}, {"cublas", "cu13"});
  if (!library.ok())
    return unsupported("cuBLASLt is not found; install libcublas (or pip install nvidia-cublas) for faster matrix products");
  CublasLt lt{};
  const bool complete =
      library->load(lt.create, "cublasLtCreate") && library->load(lt.version_call, "cublasLtGetVersion") &&
      library->load(lt.product_create, "cublasLtMatmulDescCreate") && library->load(lt.product_set, "cublasLtMatmulDescSetAttribute") &&
      library->load(lt.product_destroy, "cublasLtMatmulDescDestroy") && library->load(lt.matrix_create, "cublasLtMatrixLayoutCreate") &&
      library->load(lt.matrix_set, "cublasLtMatrixLayoutSetAttribute") && library->load(lt.matrix_destroy, "cublasLtMatrixLayoutDestroy") &&
      library->load(lt.wishes_create, "cublasLtMatmulPreferenceCreate") &&
      library->load(lt.wishes_set, "cublasLtMatmulPreferenceSetAttribute") &&
      library->load(lt.wishes_destroy, "cublasLtMatmulPreferenceDestroy") &&
      library->load(lt.candidates, "cublasLtMatmulAlgoGetHeuristic") && library->load(lt.check, "cublasLtMatmulAlgoCheck") &&
      library->load(lt.run, "cublasLtMatmul");
  if (!complete) return unsupported("cuBLASLt at " + library->path() + " is too old");
  return lt;
}

}  // namespace

Status CublasLt::status(const char* call, int code) {
  if (code == 0) return Ok{};
  const char* text = code == 1    ? "not initialized"
                     : code == 3  ? "no memory"
                     : code == 7  ? "invalid value"
                     : code == 13 ? "execution failed"
                     : code == 15 ? "not supported"
                                  : "";
  return internal("cuBLASLt, " + std::string(call) + ": status " + std::to_string(code) + (*text ? " (" + std::string(text) + ")" : ""));
}

Result<const CublasLt*> cublaslt() {
  static const Result<CublasLt> loaded = load();
  if (!loaded.ok()) return loaded.error();
  return &*loaded;
}

Result<void*> cublaslt_handle(CudaDevice& device) {
  static std::mutex mutex;
  static auto* handles = new std::map<const CudaDevice*, void*>;  // as long as the process, like devices
  TRY_ASSIGN(const CublasLt* lt, cublaslt());
  std::lock_guard lock(mutex);
  if (const auto known = handles->find(&device); known != handles->end()) return known->second;
  TRY(device.make_current());
  void* handle = nullptr;
  if (const int code = lt->create(&handle)) return unsupported("cuBLASLt does not start: status " + std::to_string(code));
  (*handles)[&device] = handle;
  return handle;
}

}  // namespace ingot::cuda
