// An engine made ready for concrete input shapes: a launch for each step, memory offsets, and pointer slots.
#pragma once

#include <memory>
#include <vector>

#include "runtime/engine.h"
#include "runtime/step_recordings.h"

namespace ingot {

// Where a tensor's bytes are. Views share the place of what they view.
struct Location {
  enum Kind : uint8_t { kNone, kArena, kIo, kConstant, kLate } kind = kNone;
  size_t offset = 0;  // in the arena, the io index, or the place among late buffers
  const void* constant = nullptr;
};

struct PreparedStep {
  std::unique_ptr<Launch> launch;  // null for steps that are late or move nothing
  bool is_view = false;            // its output lies where its input does: nothing to run
  bool is_late = false;            // shapes hang on what earlier steps produce; launched as they become known
  bool produces_shapes = false;
  uint32_t inputs = 0, outputs = 0;  // first of its slots in `pointers`
};

struct Prepared {
  std::vector<Shape> input_shapes;  // what it was made for
  size_t profile = 0;
  SymbolValues known, most;  // symbols of the inputs; and with bounds of run-time ones
  std::vector<PreparedStep> steps;
  std::vector<Location> slots;                          // inputs and outputs of the steps, one after the other
  std::vector<void*> pointers;                          // the slots' addresses for the run at hand
  std::vector<std::pair<uint32_t, uint32_t>> io_slots;  // slot, io index
  std::vector<Shape> io_shapes;                         // by io; bounds where is_late_io
  std::vector<bool> is_late_io;
  size_t arena_bytes = 0, workspace_bytes = 0, lower_bound = 0;
  void* base = nullptr;  // where `pointers` point now
  bool any_late = false;
  StepRecordings recordings;
  int failed_recordings = 0;
  // Memory of tensors whose size hangs on values: taken as the sizes become known, kept for the next run.
  struct LateBuffer {
    std::shared_ptr<void> memory;
    size_t bytes = 0;
    std::vector<uint32_t> slots;
  };
  std::vector<LateBuffer> late_buffers;
  std::vector<std::shared_ptr<void>> known_values;  // of steps whose outputs hang on shapes alone

  size_t total_bytes() const { return arena_bytes + workspace_bytes; }
  // Points the arena's and constants' slots at `arena`.
  void point_at(void* arena);
};

// `own` holds the kernels that one context has for itself, by step, null for the engine's; empty for none.
Result<std::shared_ptr<Prepared>> prepare_engine(const Engine& engine, const std::vector<Shape>& input_shapes, size_t profile,
                                                 bool with_launches, const std::vector<const void*>& host_inputs,
                                                 const std::vector<std::unique_ptr<Kernel>>& own = {});

}  // namespace ingot
