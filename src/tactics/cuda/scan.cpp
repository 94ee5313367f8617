// cuda.scan: steps of the body run on the GPU, on slices that are copied out of the scanned inputs and into the stacked outputs.
#include "operators/scan.h"

#include "tactics/cuda/boxes.h"
#include "tactics/cuda/control.h"

namespace ingot::cuda {
namespace {

bool is_set(const std::vector<int64_t>& flags, size_t index) { return index < flags.size() && flags[index] != 0; }

// The elements at one position of an axis, lying in the whole tensor and by themselves.
struct Slices {
  Shape shape;
  DeviceBoxes boxes;
  int64_t step_bytes = 0;  // from one position to the next
  bool reversed = false;

  static Result<Slices> make(CudaDevice& device, DataType type, const Shape& whole, int64_t axis, bool out, bool reversed) {
    Slices slices;
    TRY_ASSIGN(const int64_t along, normalize_axis(axis, static_cast<int64_t>(whole.size())));
    const int bytes = static_cast<int>(bits_of(type) / 8);
    Shape strides = row_major_strides(whole);
    slices.step_bytes = strides[static_cast<size_t>(along)] * bytes;
    slices.reversed = reversed;
    slices.shape = whole;
    slices.shape.erase(slices.shape.begin() + along);
    strides.erase(strides.begin() + along);
    const Shape dense = row_major_strides(slices.shape);
    BoxCopies copies;
    TRY(copies.add(0, bytes, slices.shape, 0, out ? strides : dense, 0, out ? dense : strides));
    TRY_ASSIGN(slices.boxes, DeviceBoxes::make(device, copies));
    return slices;
  }
  int64_t offset(int64_t step, int64_t length) const { return (reversed ? length - 1 - step : step) * step_bytes; }
};

struct ScanLaunch final : ControlLaunch {
  std::unique_ptr<Body> body;
  std::vector<Slices> read, written;
  std::vector<DeviceMemory> slices;  // of the scanned inputs, for the step at hand
  int64_t length = 0, batches = 1;
  std::vector<int64_t> input_bytes, output_bytes;  // of one batch

  const Scan& scan() const { return static_cast<const Scan&>(*op); }
  size_t states() const { return static_cast<size_t>(scan().states); }

  Status open() override {
    const Scan& own = scan();
    const size_t scanned = own.input_axes.size();
    TRY_ASSIGN(body, body_of(*own.body, 0, states() + scanned));
    // With batches each is a scan by itself, whose tensors follow each other.
    if (own.batched) {
      batches = inputs[0][0];
      for (size_t i = 0; i < states() + scanned; ++i) {
        if (inputs[i][0] != batches) return invalid("the inputs have different numbers of batches");
        inputs[i].erase(inputs[i].begin());
      }
      for (Shape& output : outputs) output.erase(output.begin());
    }
    for (size_t i = 0; i < states() + scanned; ++i) {
      TRY_ASSIGN(const size_t bytes, storage_bytes(own.body->inputs()[i]->type.type, Format::kLinear, inputs[i]));
      input_bytes.push_back(static_cast<int64_t>(bytes));
    }
    for (size_t o = 0; o < outputs.size(); ++o) {
      TRY_ASSIGN(const size_t bytes, bytes_of(o, outputs[o]));
      output_bytes.push_back(static_cast<int64_t>(bytes));
    }
    for (size_t i = 0; i < scanned; ++i) {
      const size_t input = states() + i;
      TRY_ASSIGN(const int64_t axis, normalize_axis(own.input_axes[i], static_cast<int64_t>(inputs[input].size())));
      const int64_t positions = inputs[input][static_cast<size_t>(axis)];
      if (i > 0 && positions != length)
        return invalid("scanned input " + std::to_string(i) + " has " + std::to_string(positions) + " positions, the first one " +
                       std::to_string(length));
      length = positions;
      const DataType type = own.body->inputs()[input]->type.type;
      TRY_ASSIGN(Slices made, Slices::make(*device, type, inputs[input], axis, true, is_set(own.input_reversed, i)));
      TRY_ASSIGN(const size_t bytes, storage_bytes(type, Format::kLinear, made.shape));
      TRY_ASSIGN(DeviceMemory memory, device_memory(*device, bytes));
      read.push_back(std::move(made));
      slices.push_back(std::move(memory));
    }
    for (size_t o = states(); o < outputs.size(); ++o) {
      const size_t i = o - states();
      const int64_t axis = i < own.output_axes.size() ? own.output_axes[i] : 0;
      TRY_ASSIGN(Slices made, Slices::make(*device, types[o], outputs[o], axis, false, is_set(own.output_reversed, i)));
      written.push_back(std::move(made));
    }
    return Ok{};
  }

  Status run(const RunArguments& arguments) const override {
    TRY(check(arguments));
    for (int64_t batch = 0; batch < batches; ++batch) {
      Status status = run_batch(arguments, batch);
      if (!status.ok()) return scan().batched ? std::move(status).within("in batch " + std::to_string(batch)) : std::move(status);
    }
    return Ok{};
  }

 private:
  Status run_batch(const RunArguments& arguments, int64_t batch) const {
    std::vector<void*> targets;
    for (size_t o = 0; o < outputs.size(); ++o) {
      auto* to = static_cast<char*>(arguments.outputs[o]);
      targets.push_back(to ? to + batch * output_bytes[o] : nullptr);
    }
    std::vector<Body::Value> values, results;
    for (size_t i = 0; i < inputs.size(); ++i) {
      values.push_back(value(arguments, i));
      if (i < input_bytes.size()) values[i].data = static_cast<const char*>(values[i].data) + batch * input_bytes[i];
    }
    std::vector<const char*> whole;
    for (size_t i = 0; i < read.size(); ++i) {
      Body::Value& own = values[states() + i];
      whole.push_back(static_cast<const char*>(own.data));
      own = {slices[i].get(), read[i].shape};
    }
    for (int64_t step = 0; step < length; ++step) {
      for (size_t i = 0; i < read.size(); ++i) {
        const void* from = whole[i] + read[i].offset(step, length);
        TRY(read[i].boxes.run(&from, slices[i].get(), arguments.stream));
      }
      TRY(body->run(values, arguments.stream, &results).within("in step " + std::to_string(step)));
      for (size_t i = 0; i < states(); ++i) values[i] = results[i];
      for (size_t i = 0; i < written.size(); ++i) {
        const Body::Value& result = results[states() + i];
        if (result.shape != written[i].shape)
          return invalid("what is stacked is " + to_text(result.shape) + " in step " + std::to_string(step) + ", and " +
                         to_text(written[i].shape) + " was inferred");
        auto* to = static_cast<char*>(targets[states() + i]);
        if (to) TRY(written[i].boxes.run(&result.data, to + written[i].offset(step, length), arguments.stream));
      }
    }
    RunArguments own = arguments;
    own.outputs = targets.data();
    for (size_t i = 0; i < states(); ++i) TRY(give(own, i, values[i]));
    return Ok{};
  }
};

struct ScanBody final : CudaTactic {
  std::string_view name() const override { return "cuda.scan"; }
  Status accepts(const Problem& problem) const override {
    REQUIRES(dynamic_cast<const Scan*>(problem.op), std::string(problem.op->name()) + " is no scan");
    return takes_bodies(problem);
  }
  std::vector<Formats> proposals(const Problem& problem) const override { return {linear_formats(problem)}; }
  Result<std::unique_ptr<Kernel>> prepare(const Problem& problem, const std::vector<PackedWeights>&) const override {
    return control_kernel<ScanLaunch>(problem);
  }
};

}  // namespace
}  // namespace ingot::cuda

namespace ingot {
TACTIC(cuda::ScanBody, cuda, scan)
}  // namespace ingot
