// cpu.stft: frame by frame, with the window, through scratch of doubles.
#include "operators/stft.h"

#include "tactics/cpu/fourier.h"
#include "tactics/cpu/plain_tactic.h"

namespace ingot {
namespace {

struct StftFrames final : PlainTactic {
  std::string_view name() const override { return "cpu.stft"; }

  Status accepts(const Problem& problem) const override {
    REQUIRES(dynamic_cast<const Stft*>(problem.op), std::string(problem.op->name()) + " is no stft");
    return accepts_plain_floats(problem, {0, 2});
  }
  std::shared_ptr<const void> make_tables(const Operator&, const std::vector<Shape>& inputs, const std::vector<Shape>&) const override {
    return std::make_shared<FourierPlan>(inputs[2][0], false);
  }
  size_t workspace_bytes(const Operator&, const std::vector<Shape>& inputs, const std::vector<Shape>& outputs) const override {
    const int64_t length = inputs[2][0];
    return static_cast<size_t>(PlainCall::parts_for(outputs[0][0] * outputs[0][1], kCost * length) * 4 * length) * sizeof(double);
  }

  bool tells_shapes() const override { return true; }

  Status run(const PlainCall& call) const override {
    const int64_t step = call.integer(1, 0), length = call.inputs[2][0], time = call.inputs[0][1], batches = call.inputs[0][0];
    if (step < 1) return invalid("the step is one positive integer");
    if (length == 0) return invalid("the window has no elements");
    const int64_t parts = call.inputs[0].size() == 3 ? call.inputs[0][2] : 1, bins = call.outputs[0][2];
    const int64_t frames = time < length ? 0 : (time - length) / step + 1;
    if (frames > call.outputs[0][1])
      return internal(std::to_string(frames) + " frames are more than the " + std::to_string(call.outputs[0][1]) + " that have room");
    const auto& plan = *static_cast<const FourierPlan*>(call.tables);
    const float* window = call.from<float>(2);
    const auto frame = [&](int64_t index, double* scratch) {
      const float* x = call.from<float>(0) + (index / frames * time + index % frames * step) * parts;
      for (int64_t i = 0; i < length; ++i) {
        scratch[i] = static_cast<double>(x[i * parts]) * window[i];
        scratch[length + i] = parts == 2 ? static_cast<double>(x[i * parts + 1]) * window[i] : 0;
      }
      const double* result = plan.run(scratch);
      float* y = call.to<float>(0) + index * bins * 2;
      for (int64_t k = 0; k < bins; ++k) {
        y[2 * k] = static_cast<float>(result[k]);
        y[2 * k + 1] = static_cast<float>(result[length + k]);
      }
    };
    // As many parts as workspace_bytes() counts.
    const int64_t room = call.outputs[0][0] * call.outputs[0][1], pieces = PlainCall::parts_for(room, kCost * length);
    const int64_t total = batches * frames;
    call.pool.run(total == 0 ? 0 : pieces, [&](int64_t part, int) {
      double* scratch = static_cast<double*>(call.workspace) + part * plan.scratch_doubles();
      for (int64_t index = total * part / pieces; index < total * (part + 1) / pieces; ++index) frame(index, scratch);
    });
    call.produced[0] = call.outputs[0];
    call.produced[0][1] = frames;
    return Ok{};
  }

 private:
  static constexpr int64_t kCost = 16;  // elements that one of a frame is worth, by its time
};

}  // namespace

TACTIC(StftFrames, cpu, stft)

}  // namespace ingot
