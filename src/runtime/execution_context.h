// One running use of an engine: its shapes, addresses and activations.
#pragma once

#include <functional>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "device/memory_supply.h"
#include "runtime/engine.h"
#include "runtime/prepared.h"

namespace ingot {

class ExecutionContext {
 public:
  // Receives the time of each step, in order, after a run; the run is then synchronous.
  using Profiler = std::function<void(const std::string& layer, float ms)>;
  // Gives memory of at least `bytes` for an output whose size is known only now, and is told its shape after the run.
  struct OutputAllocator {
    std::function<void*(const std::string& name, void* current, size_t bytes)> allocate;
    std::function<void(const std::string& name, const Shape& shape)> notify_shape;
  };
  // Called with each finished step's outputs.
  using StepListener = std::function<void(size_t step, const std::vector<const void*>& outputs, const std::vector<Shape>& shapes)>;

  // `supply` gives what the context takes of the device's memory; null takes the device's own.
  ExecutionContext(std::shared_ptr<const Engine> engine, std::shared_ptr<const MemorySupply> supply = nullptr);
  ~ExecutionContext();
  ExecutionContext(const ExecutionContext&) = delete;
  ExecutionContext& operator=(const ExecutionContext&) = delete;

  const Engine& engine() const { return *engine_; }

  Status set_profile(size_t profile);
  size_t profile() const { return profile_; }
  // Checks against the network and the profile; takes effect at the next prepare() or enqueue.
  Status set_input_shape(std::string_view name, const Shape& shape);
  // What is set, or the static shape; nothing where a dimension is open.
  std::optional<Shape> input_shape(size_t io) const;
  bool all_shapes_set() const;
  // The shape for the current inputs; for outputs sized at run time the last run's, or their bound before one. -1 for what is open.
  Result<Shape> io_shape(size_t io);
  Status set_address(size_t io, void* address);
  void* address(size_t io) const { return addresses_[io]; }

  // Kernels that each context has for itself are made. prepare calls it where it is needed.
  Status attach();
  // Launches and memory for the current shapes, and their recording. enqueue does so where it is needed; afterwards it allocates nothing.
  Status prepare();
  // Memory for activations, taken now: shapes that need no more than `bytes` take none later. What was held before is given back where it
  // is less, or, with `exactly`, where it is not as much.
  bool grow_arena(size_t bytes);
  Status reserve(size_t bytes, bool exactly = false);
  // Bytes of activations and workspace that the current shapes need.
  Result<size_t> activation_bytes();
  // Runs after what is queued on the stream. Addresses are taken now, so they may change as soon as it returns.
  Status enqueue(Stream stream);
  // enqueue and wait; errors of steps come back from here.
  Status execute(Stream stream = {});
  // The first error of a step of an asynchronous run since the last call, where no failure listener heard of it.
  Status take_run_error();
  // Hears, on the stream's thread and before the stream goes on, of runs that fail while nobody waits for them.
  using FailureListener = std::function<void(const Error&)>;
  void set_failure_listener(FailureListener listener) { failure_listener_ = std::move(listener); }

  void set_profiler(Profiler profiler) { profiler_ = std::move(profiler); }
  const Profiler& profiler() const { return profiler_; }
  // Of runs that are enqueued from now on.
  void set_step_listener(StepListener listener) {
    listener_ = listener ? std::make_shared<const StepListener>(std::move(listener)) : nullptr;
  }
  void set_output_allocator(size_t io, OutputAllocator allocator);
  // Gives memory whose size only a run tells; null goes back to the memory of activations.
  void set_temporary_memory(std::shared_ptr<const MemorySupply> supply) { temporary_ = std::move(supply); }
  // The program's own memory for activations, at least activation_bytes(); null goes back to the context's.
  Status set_device_memory(void* memory, size_t bytes);
  // Bytes of the arena for the current shapes, and the largest sum of live tensors.
  size_t arena_bytes() const;
  size_t arena_lower_bound() const;

 private:
  struct Run;
  static void run_on_stream(void* run);
  Status queue(Stream stream, bool waits);
  Status run_steps(Run& run);
  // On devices that record: true where the steps ran as a recording.
  Result<bool> run_recorded(Run& run);
  bool is_recorded(const Prepared& prepared) const;
  Result<Recording*> recording_of(Prepared& prepared, void* base, const std::vector<void*>& addresses);
  // The first recording for new shapes; addresses that are not set yet are put in later.
  void record_ahead();
  Status make_ready();
  // Learns the output shapes of a step that hang on values, and gives what has no memory yet some.
  Status resolve_late(Prepared& prepared, Run& run, size_t step, SymbolValues* values);
  Status check_addresses();
  // Launches for the current shapes.
  Status make_launches();
  // `bytes` of temporary memory, or of that for activations where nobody gave another.
  std::shared_ptr<void> take_temporary(size_t bytes) const;
  // Where the device cannot reach the host's memory, inputs and outputs that lie there pass through memory of its own.
  Status stage_host_inputs(Run& run);
  Status fetch_host_outputs(Run& run);
  Run* take_run();
  Run* add_captured_run();

  std::shared_ptr<const Engine> engine_;
  std::vector<std::unique_ptr<Kernel>> own_kernels_;  // by step; null for those of the engine
  bool attached_ = false;
  std::shared_ptr<const MemorySupply> supply_, temporary_;  // of the program's; null where it gives none
  MemorySupply memory_;                                     // of activations
  size_t profile_ = 0;
  std::vector<std::optional<Shape>> shapes_;  // by input
  std::vector<void*> addresses_;              // by io
  std::vector<OutputAllocator> allocators_;   // by io
  bool shapes_changed_ = true;
  std::shared_ptr<Prepared> prepared_;
  std::vector<std::shared_ptr<Prepared>> recent_;
  std::shared_ptr<void> arena_;
  size_t arena_capacity_ = 0;
  void* user_memory_ = nullptr;
  size_t user_memory_bytes_ = 0;
  std::vector<std::unique_ptr<Run>> runs_;
  std::vector<std::unique_ptr<Run>> captured_runs_;  // of graphs that were captured from enqueue
  std::mutex error_mutex_;
  std::optional<Error> run_error_;
  bool has_host_io_ = false;
  std::vector<const void*> checked_addresses_;  // by io: the last that the device could reach
  std::vector<std::shared_ptr<void>> staged_;   // by io
  std::vector<void*> host_addresses_;           // by io: what staged memory stands for
  std::vector<Shape> produced_io_;              // by io: the last run's true shapes
  Profiler profiler_;
  std::shared_ptr<const StepListener> listener_;
  FailureListener failure_listener_;
  bool ran_here_ = false;  // the newest run, in the thread that enqueued it
};

}  // namespace ingot
