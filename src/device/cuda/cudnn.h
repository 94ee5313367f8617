// cuDNN's graphs (its backend interface), found at run time: operations described by attributes, and engines that run them. The
// declarations are our own, of the calls and numbers that are used.
#pragma once

#include <cstdint>
#include <initializer_list>
#include <memory>
#include <mutex>
#include <string>
#include <utility>
#include <vector>

#include "device/cuda/cuda_device.h"

namespace ingot::cuda {

struct Cudnn {
  size_t (*version_call)();
  int (*create)(void** handle);
  int (*set_stream)(void* handle, CuStream stream);
  int (*descriptor_create)(int kind, void** descriptor);
  int (*descriptor_destroy)(void* descriptor);
  int (*finalize)(void* descriptor);
  int (*set)(void* descriptor, int attribute, int type, int64_t count, const void* values);
  int (*get)(void* descriptor, int attribute, int type, int64_t most, int64_t* count, void* values);
  int (*execute)(void* handle, void* plan, void* pack);
};

// Loaded once; an error says that it is missing.
Result<const Cudnn*> cudnn();
// The library's state for a device; one thread uses it at a time.
struct CudnnHandle {
  void* handle = nullptr;
  std::mutex mutex;
};
Result<CudnnHandle*> cudnn_handle(CudaDevice& device);

enum class CudnnKind {
  kPointwise = 0,
  kConvolution = 1,
  kEngine = 2,
  kEngineConfig = 3,
  kHeuristic = 4,
  kPlan = 5,
  kKnobChoice = 7,
  kConvolutionForward = 10,
  kPointwiseOperation = 13,
  kGraph = 15,
  kPack = 16,
  kTensor = 17,
  kMatMul = 18,
  kMatMulOperation = 19,
  kReduction = 21,
  kReductionOperation = 22
};
// Types of attributes.
constexpr int kCudnnHandle = 0, kCudnnDataType = 1, kCudnnBool = 2, kCudnnInt64 = 3, kCudnnFloat = 4, kCudnnPointer = 6,
              kCudnnConvolutionMode = 7, kCudnnHeuristicMode = 8, kCudnnKnobType = 9, kCudnnNumericalNote = 11, kCudnnPointwiseMode = 14,
              kCudnnDescriptor = 15, kCudnnReductionOperator = 18, kCudnnChar = 24;

class CudnnObject {
 public:
  CudnnObject() = default;
  CudnnObject(CudnnObject&& other) noexcept : library_(other.library_), made_(std::exchange(other.made_, nullptr)) {}
  CudnnObject& operator=(CudnnObject&& other) noexcept {
    std::swap(library_, other.library_);
    std::swap(made_, other.made_);
    return *this;
  }
  ~CudnnObject();
  static Result<CudnnObject> make(const Cudnn& library, CudnnKind kind);

  Status set(int attribute, int type, int64_t count, const void* values);
  Status set_ints(int attribute, const std::vector<int64_t>& values) {
    return set(attribute, kCudnnInt64, static_cast<int64_t>(values.size()), values.data());
  }
  Status set_object(int attribute, const CudnnObject& object) { return set(attribute, kCudnnDescriptor, 1, &object.made_); }
  Status finalize();
  // How many values there are; at most `most` of them are written.
  Result<int64_t> get(int attribute, int type, int64_t most, void* values) const;
  void* raw() const { return made_; }
  explicit operator bool() const { return made_ != nullptr; }

 private:
  const Cudnn* library_ = nullptr;
  void* made_ = nullptr;
};

// An engine with its settings: the same kernels for other shapes, where it serves them.
struct CudnnEngine {
  int64_t index = 0;
  std::vector<std::pair<int64_t, int64_t>> knobs;  // type and value
  std::vector<int> notes;                          // numerical ones
};
// What the heuristics propose for a graph, best first.
Result<std::vector<CudnnEngine>> cudnn_engines(const Cudnn& library, const CudnnObject& graph);
struct CudnnPlan {
  CudnnObject plan;
  int64_t workspace_bytes = 0;
};
Result<CudnnPlan> cudnn_plan(const Cudnn& library, void* handle, const CudnnObject& graph, const CudnnEngine& engine);
// A plan as the library writes it, with what it compiled for it, and back: much faster than making it anew.
Result<std::vector<std::byte>> cudnn_plan_bytes(const CudnnPlan& plan);
Result<CudnnPlan> cudnn_plan_from(const Cudnn& library, void* handle, const std::vector<std::byte>& bytes);
// Runs a plan on data by the numbers of its tensors.
Status cudnn_run(const Cudnn& library, CudnnHandle& handle, const CudnnPlan& plan, const std::vector<int64_t>& ids,
                 const std::vector<void*>& data, void* workspace, Stream stream);

}  // namespace ingot::cuda
