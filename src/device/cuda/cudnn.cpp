#include "device/cuda/cudnn.h"

#include <algorithm>
#include <map>

#include "device/cuda/beside_capture.h"
#include "device/cuda/library.h"

namespace ingot::cuda {
namespace {

constexpr int kHeuristicModes[] = {3, 2};  // the library's best guess, and what always works
constexpr int kHeuristicMode = 200, kHeuristicGraph = 201, kHeuristicResults = 202;
constexpr int kConfigEngine = 300, kConfigKnobs = 302;
constexpr int kPlanHandle = 400, kPlanConfig = 401, kPlanWorkspace = 402, kPlanText = 405;
constexpr int kKnobType = 600, kKnobValue = 601;
constexpr int kPackIds = 1000, kPackData = 1001, kPackWorkspace = 1003;
constexpr int kEngineGraph = 1300, kEngineIndex = 1301, kEngineNotes = 1303;
constexpr int64_t kMostNotes = 16, kMostKnobs = 64;

Result<Cudnn> load() {
  auto library = SharedLibrary::open({"libcudnn.so.9"}, {"cudnn"});
  if (!library.ok()) return unsupported("cuDNN 9 is not found; install libcudnn9 (or pip install nvidia-cudnn) for faster convolutions");
  Cudnn dnn{};
  const bool complete = library->load(dnn.version_call, "cudnnGetVersion") && library->load(dnn.create, "cudnnCreate") &&
                        library->load(dnn.set_stream, "cudnnSetStream") &&
                        library->load(dnn.descriptor_create, "cudnnBackendCreateDescriptor") &&
                        library->load(dnn.descriptor_destroy, "cudnnBackendDestroyDescriptor") &&
                        library->load(dnn.finalize, "cudnnBackendFinalize") && library->load(dnn.set, "cudnnBackendSetAttribute") &&
                        library->load(dnn.get, "cudnnBackendGetAttribute") && library->load(dnn.execute, "cudnnBackendExecute");
  if (!complete) return unsupported("cuDNN at " + library->path() + " is too old");
  return dnn;
}

Status checked(const char* call, int code) {
  if (code == 0) return Ok{};
  const std::string message = "cuDNN, " + std::string(call) + ": status " + std::to_string(code);
  return code >= 3000 && code < 4000 ? unsupported(message) : internal(message);
}

}  // namespace

Result<const Cudnn*> cudnn() {
  static const Result<Cudnn> loaded = load();
  if (!loaded.ok()) return loaded.error();
  return &*loaded;
}

Result<CudnnHandle*> cudnn_handle(CudaDevice& device) {
  static std::mutex mutex;
  static auto* handles = new std::map<const CudaDevice*, std::unique_ptr<CudnnHandle>>;  // as long as the process, like devices
  TRY_ASSIGN(const Cudnn* library, cudnn());
  std::lock_guard lock(mutex);
  auto& known = (*handles)[&device];
  if (known) return known.get();
  TRY(device.make_current());
  auto made = std::make_unique<CudnnHandle>();
  if (const int code = library->create(&made->handle)) return unsupported("cuDNN does not start: status " + std::to_string(code));
  known = std::move(made);
  return known.get();
}

CudnnObject::~CudnnObject() {
  if (made_) library_->descriptor_destroy(made_);
}

Result<CudnnObject> CudnnObject::make(const Cudnn& library, CudnnKind kind) {
  CudnnObject object;
  object.library_ = &library;
  TRY(checked("descriptor_create", library.descriptor_create(static_cast<int>(kind), &object.made_)));
  return object;
}

Status CudnnObject::set(int attribute, int type, int64_t count, const void* values) {
  return checked(("set " + std::to_string(attribute)).c_str(), library_->set(made_, attribute, type, count, values));
}

Status CudnnObject::finalize() { return checked("finalize", library_->finalize(made_)); }

Result<int64_t> CudnnObject::get(int attribute, int type, int64_t most, void* values) const {
  int64_t count = 0;
  TRY(checked(("get " + std::to_string(attribute)).c_str(), library_->get(made_, attribute, type, most, &count, values)));
  return count;
}

namespace {

// Settings of a configuration that the heuristics made.
Result<CudnnEngine> engine_of(const Cudnn& library, const CudnnObject& config) {
  CudnnEngine result;
  TRY_ASSIGN(CudnnObject engine, CudnnObject::make(library, CudnnKind::kEngine));
  void* raw = engine.raw();
  TRY_ASSIGN([[maybe_unused]] int64_t engines, config.get(kConfigEngine, kCudnnDescriptor, 1, &raw));
  TRY_ASSIGN([[maybe_unused]] int64_t one, engine.get(kEngineIndex, kCudnnInt64, 1, &result.index));
  int notes[kMostNotes] = {};
  if (auto count = engine.get(kEngineNotes, kCudnnNumericalNote, kMostNotes, notes); count.ok())
    result.notes.assign(notes, notes + std::min(*count, kMostNotes));
  std::vector<CudnnObject> knobs;
  std::vector<void*> raws;
  for (int64_t i = 0; i < kMostKnobs; ++i) {
    TRY_ASSIGN(CudnnObject knob, CudnnObject::make(library, CudnnKind::kKnobChoice));
    raws.push_back(knob.raw());
    knobs.push_back(std::move(knob));
  }
  TRY_ASSIGN(const int64_t count, config.get(kConfigKnobs, kCudnnDescriptor, kMostKnobs, raws.data()));
  for (int64_t i = 0; i < std::min(count, kMostKnobs); ++i) {
    int type = 0;
    int64_t value = 0;
    TRY_ASSIGN([[maybe_unused]] int64_t types, knobs[static_cast<size_t>(i)].get(kKnobType, kCudnnKnobType, 1, &type));
    TRY_ASSIGN([[maybe_unused]] int64_t values, knobs[static_cast<size_t>(i)].get(kKnobValue, kCudnnInt64, 1, &value));
    result.knobs.emplace_back(type, value);
  }
  return result;
}

}  // namespace

Result<std::vector<CudnnEngine>> cudnn_engines(const Cudnn& library, const CudnnObject& graph) {
  std::vector<CudnnEngine> result;
  for (int mode : kHeuristicModes) {
    TRY_ASSIGN(CudnnObject heuristic, CudnnObject::make(library, CudnnKind::kHeuristic));
    TRY(heuristic.set_object(kHeuristicGraph, graph));
    TRY(heuristic.set(kHeuristicMode, kCudnnHeuristicMode, 1, &mode));
    if (!heuristic.finalize().ok()) continue;
    auto count = heuristic.get(kHeuristicResults, kCudnnDescriptor, 0, nullptr);
    if (!count.ok()) continue;
    std::vector<CudnnObject> configs;
    std::vector<void*> raws;
    for (int64_t i = 0; i < *count; ++i) {
      TRY_ASSIGN(CudnnObject config, CudnnObject::make(library, CudnnKind::kEngineConfig));
      raws.push_back(config.raw());
      configs.push_back(std::move(config));
    }
    auto filled = heuristic.get(kHeuristicResults, kCudnnDescriptor, *count, raws.data());
    if (!filled.ok()) continue;
    for (int64_t i = 0; i < std::min(*filled, *count); ++i) {
      auto engine = engine_of(library, configs[static_cast<size_t>(i)]);
      if (engine.ok()) result.push_back(std::move(engine).value());
    }
  }
  return result;
}

Result<CudnnPlan> cudnn_plan(const Cudnn& library, void* handle, const CudnnObject& graph, const CudnnEngine& engine) {
  TRY_ASSIGN(CudnnObject chosen, CudnnObject::make(library, CudnnKind::kEngine));
  TRY(chosen.set_object(kEngineGraph, graph));
  TRY(chosen.set(kEngineIndex, kCudnnInt64, 1, &engine.index));
  TRY(chosen.finalize());
  TRY_ASSIGN(CudnnObject config, CudnnObject::make(library, CudnnKind::kEngineConfig));
  TRY(config.set_object(kConfigEngine, chosen));
  std::vector<CudnnObject> knobs;
  std::vector<void*> raws;
  for (const auto& [type, value] : engine.knobs) {
    TRY_ASSIGN(CudnnObject knob, CudnnObject::make(library, CudnnKind::kKnobChoice));
    const int number = static_cast<int>(type);
    TRY(knob.set(kKnobType, kCudnnKnobType, 1, &number));
    TRY(knob.set(kKnobValue, kCudnnInt64, 1, &value));
    TRY(knob.finalize());
    raws.push_back(knob.raw());
    knobs.push_back(std::move(knob));
  }
  if (!raws.empty()) TRY(config.set(kConfigKnobs, kCudnnDescriptor, static_cast<int64_t>(raws.size()), raws.data()));
  TRY(config.finalize());
  CudnnPlan result;
  TRY_ASSIGN(result.plan, CudnnObject::make(library, CudnnKind::kPlan));
  TRY(result.plan.set(kPlanHandle, kCudnnHandle, 1, &handle));
  TRY(result.plan.set_object(kPlanConfig, config));
  TRY(result.plan.finalize());
  TRY_ASSIGN([[maybe_unused]] int64_t count, result.plan.get(kPlanWorkspace, kCudnnInt64, 1, &result.workspace_bytes));
  return result;
}

Result<std::vector<std::byte>> cudnn_plan_bytes(const CudnnPlan& plan) {
  TRY_ASSIGN(const int64_t size, plan.plan.get(kPlanText, kCudnnChar, 0, nullptr));
  if (size <= 0) return unsupported("cuDNN does not write this plan");
  std::vector<std::byte> bytes(static_cast<size_t>(size));
  TRY_ASSIGN([[maybe_unused]] const int64_t written, plan.plan.get(kPlanText, kCudnnChar, size, bytes.data()));
  return bytes;
}

Result<CudnnPlan> cudnn_plan_from(const Cudnn& library, void* handle, const std::vector<std::byte>& bytes) {
  CudnnPlan result;
  TRY_ASSIGN(result.plan, CudnnObject::make(library, CudnnKind::kPlan));
  TRY(result.plan.set(kPlanHandle, kCudnnHandle, 1, &handle));
  TRY(result.plan.set(kPlanText, kCudnnChar, static_cast<int64_t>(bytes.size()), bytes.data()));
  TRY(result.plan.finalize());
  TRY_ASSIGN([[maybe_unused]] int64_t count, result.plan.get(kPlanWorkspace, kCudnnInt64, 1, &result.workspace_bytes));
  return result;
}

Status cudnn_run(const Cudnn& library, CudnnHandle& handle, const CudnnPlan& plan, const std::vector<int64_t>& ids,
                 const std::vector<void*>& data, void* workspace, Stream stream) {
  TRY_ASSIGN(CudnnObject pack, CudnnObject::make(library, CudnnKind::kPack));
  TRY(pack.set_ints(kPackIds, ids));
  TRY(pack.set(kPackData, kCudnnPointer, static_cast<int64_t>(data.size()), data.data()));
  TRY(pack.set(kPackWorkspace, kCudnnPointer, 1, &workspace));
  TRY(pack.finalize());
  TRY_ASSIGN(const Driver* driver, cuda::driver());
  const BesideCapture beside(*driver);  // the library loads its kernels at their first run
  std::lock_guard lock(handle.mutex);
  TRY(checked("set_stream", library.set_stream(handle.handle, static_cast<CuStream>(stream.handle))));
  return checked("execute", library.execute(handle.handle, plan.plan.raw(), pack.raw()));
}

}  // namespace ingot::cuda
