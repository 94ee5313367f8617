#include "runtime/step_recordings.h"

#include <algorithm>

#include "device/recording_parts.h"
#include "runtime/prepared.h"

namespace ingot {
namespace {

constexpr size_t kMost = 4;  // recordings, for each set of shapes
constexpr size_t kMostGone = 8;

void point(Prepared& prepared, void* base, const std::vector<void*>& addresses) {
  if (prepared.base != base) prepared.point_at(base);
  for (const auto& [slot, io] : prepared.io_slots) prepared.pointers[slot] = addresses[io];
}

Status run_step(const Engine& engine, const Prepared& prepared, size_t index, Stream stream) {
  const PreparedStep& step = prepared.steps[index];
  if (!step.launch) return Ok{};
  void* workspace = static_cast<std::byte*>(prepared.base) + prepared.arena_bytes;
  const Status status = step.launch->run(
      {prepared.pointers.data() + step.inputs, prepared.pointers.data() + step.outputs, workspace, &ThreadPool::shared(), stream});
  return status.ok() ? status : Status(status).within("layer '" + engine.layer(index).name + "'");
}

}  // namespace

Status StepRecordings::patch(const Engine& engine, Prepared& prepared, Kept& kept, const std::vector<void*>& addresses) {
  auto* recording = dynamic_cast<PatchableRecording*>(kept.recording.get());
  REQUIRES(recording, "this device's recordings have no parts");
  std::vector<size_t> changed;  // steps
  for (const auto& [slot, io] : prepared.io_slots) {
    if (kept.addresses[io] == addresses[io]) continue;
    const auto behind = std::upper_bound(prepared.steps.begin(), prepared.steps.end(), slot,
                                         [](uint32_t at, const PreparedStep& step) { return at < step.inputs; });
    changed.push_back(static_cast<size_t>(behind - prepared.steps.begin()) - 1);
  }
  std::sort(changed.begin(), changed.end());
  changed.erase(std::unique(changed.begin(), changed.end()), changed.end());
  for (const size_t step : changed) {
    if (!prepared.steps[step].launch) continue;
    TRY(recording->patch(step, [&](Stream stream) { return run_step(engine, prepared, step, stream); }));
  }
  return Ok{};
}

Result<Recording*> StepRecordings::get(const Engine& engine, Prepared& prepared, void* base, const std::vector<void*>& addresses) {
  const auto known =
      std::find_if(kept_.begin(), kept_.end(), [&](const Kept& kept) { return kept.base == base && kept.addresses == addresses; });
  if (known != kept_.end()) {
    std::rotate(kept_.begin(), known, known + 1);
    return kept_.front().recording.get();
  }
  point(prepared, base, addresses);
  // Addresses that come back get a recording of their own, while there is room.
  const auto seen = std::find(gone_.begin(), gone_.end(), addresses);
  const bool comes_back = seen != gone_.end();
  if (comes_back) gone_.erase(seen);
  Kept made;
  bool patched = false;
  if (kept_.size() == kMost || (!kept_.empty() && !comes_back)) {
    made = std::move(kept_.back());
    kept_.pop_back();
    if (made.base == base) {
      gone_.insert(gone_.begin(), made.addresses);
      if (gone_.size() > kMostGone) gone_.pop_back();
      const Status status = patch(engine, prepared, made, addresses);
      patched = status.ok();
      if (!patched) debug("steps", "the steps are recorded anew: " + status.error().message);
    }
  }
  if (!patched) {
    TRY_ASSIGN(made.recording, engine.device().record(
                                   [&](Stream stream) -> Status {
                                     for (size_t step = 0; step < prepared.steps.size(); ++step) {
                                       PatchableRecording::begin_part();
                                       TRY(run_step(engine, prepared, step, stream));
                                     }
                                     return Ok{};
                                   },
                                   std::move(made.recording)));
  }
  made.base = base;
  made.addresses = addresses;
  kept_.insert(kept_.begin(), std::move(made));
  return kept_.front().recording.get();
}

}  // namespace ingot
