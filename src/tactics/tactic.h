// One way to run an operator on a device, in given formats and types.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "base/thread_pool.h"
#include "device/device.h"
#include "network/choice.h"
#include "network/network.h"

namespace ingot {

// What a tactic is asked to compute.
struct Problem {
  const Operator* op = nullptr;
  TensorTypes inputs, outputs;  // dims may be symbolic
  std::vector<Format> input_formats, output_formats;
  std::vector<Array> constants;   // by input; without data where the input is no constant or is left out
  std::vector<bool> present;      // by input; false where it is left out
  bool allow_tf32 = false;        // fp32 products may round as TF32 does, or better
  std::vector<Shape> opt_inputs;  // concrete shapes to tune for
  Device* device = nullptr;       // that runs it; prepare() of an asynchronous device's tactics needs it
};

struct RunArguments {
  const void* const* inputs;  // by input; null for constants and inputs that are left out
  void* const* outputs;
  void* workspace;  // 64-byte aligned, as many bytes as the launch asked for
  ThreadPool* pool;
  Stream stream;
};

// A kernel for concrete shapes. Immutable; run() allocates nothing and cannot fail on the CPU.
class Launch {
 public:
  virtual ~Launch() = default;
  virtual size_t workspace_bytes() const { return 0; }
  virtual Status run(const RunArguments& arguments) const = 0;
  // For outputs whose dims come from values (nonzero, nms ...): the true shapes after run(); empty where shapes are as inferred.
  virtual std::vector<Shape> produced_shapes() const { return {}; }
};

// A tactic made ready for one layer: holds its packed weights, shared by all contexts.
class Kernel {
 public:
  virtual ~Kernel() = default;
  virtual Result<std::unique_ptr<Launch>> launch(const std::vector<Shape>& inputs, const std::vector<Shape>& outputs) const = 0;
  // The kernel of one context, where runs keep something that contexts do not share; null where all share this one.
  virtual Result<std::unique_ptr<Kernel>> for_context() const { return std::unique_ptr<Kernel>(); }
};

class Tactic {
 public:
  virtual ~Tactic() = default;
  // "cpu.softmax_rows": stable, stored in plans and timing caches. A change of meaning takes a new name.
  virtual std::string_view name() const = 0;
  virtual DeviceKind device() const { return DeviceKind::kCpu; }
  // Why it cannot run the problem as asked (operator, types, formats, constants, ISA), or Ok.
  virtual Status accepts(const Problem& problem) const = 0;
  // Which formats to try for an operator: the input and output formats of each proposal. Default: all linear, and, where all tensors of
  // rank >= 3 could be channels-last, that.
  struct Formats {
    std::vector<Format> inputs, outputs;
  };
  virtual std::vector<Formats> proposals(const Problem& problem) const;
  static Formats linear_formats(const Problem& problem);
  // The constants it wants in a form of its own, ready to be stored; those not listed stay plain.
  virtual Result<std::vector<PackedWeights>> pack(const Problem&) const { return std::vector<PackedWeights>{}; }
  // `packed` is what pack() returned, in the same order, perhaps mapped from a file: 64-byte aligned, sizes to be checked.
  // problem.constants has no data for constants that are packed.
  virtual Result<std::unique_ptr<Kernel>> prepare(const Problem& problem, const std::vector<PackedWeights>& packed) const = 0;
  // Whether what was measured holds for other builds too, so that the timing cache may keep it.
  virtual bool keeps_timings(const Problem&) const { return true; }
  // Milliseconds by estimate, for choosing without measuring; nothing where it cannot tell.
  virtual std::optional<double> estimate_ms(const Problem&) const { return std::nullopt; }
};

// A tactic whose tensors are all linear.
struct LinearTactic : Tactic {
  std::vector<Formats> proposals(const Problem& problem) const final { return {linear_formats(problem)}; }
};

class TacticCatalogue {
 public:
  static TacticCatalogue& instance();
  void add(std::unique_ptr<Tactic> tactic);
  // Those not switched off by INGOT_DISABLE, in order of registration.
  std::vector<const Tactic*> all() const;
  const Tactic* find(std::string_view name) const;

 private:
  std::vector<std::unique_ptr<Tactic>> tactics_;
};

// Views move no bytes where the memory planner lets their output share its input's place.
inline bool is_view_tactic(std::string_view name) { return name.ends_with(".view"); }
// What every operator has, and nobody measures where there is something better.
inline bool is_reference_tactic(std::string_view name) { return name.starts_with("reference."); }

// At the end of tactics/<device>/<file>.cpp: TACTIC(SoftmaxRows, cpu, softmax_rows)
#define TACTIC(Type, device, file) \
  void register_tactic_##device##_##file(TacticCatalogue& catalogue) { catalogue.add(std::make_unique<Type>()); }
void register_all_tactics();

}  // namespace ingot
