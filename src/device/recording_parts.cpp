#include "device/recording_parts.h"

namespace ingot {
namespace {

// The marks of this thread, or null.
thread_local void* current_marks = nullptr;

}  // namespace

PatchableRecording::Marks::Marks(std::function<void()> begin) : begin_(std::move(begin)), before_(static_cast<Marks*>(current_marks)) {
  current_marks = this;
}

PatchableRecording::Marks::~Marks() { current_marks = before_; }

void PatchableRecording::begin_part() {
  if (const auto* marks = static_cast<const Marks*>(current_marks)) marks->begin_();
}

}  // namespace ingot
