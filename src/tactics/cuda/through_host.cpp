// reference.through_host: any operator by its reference on the host, its inputs and outputs copied between the device and the host. The
// last resort, so that every valid network builds; the log names the layers that it serves.
#include "tactics/cuda/kernel_call.h"

namespace ingot::cuda {
namespace {

struct HostLaunch final : Launch {
  CudaDevice* device = nullptr;
  std::unique_ptr<Launch> launch;
  std::vector<size_t> input_bytes, output_bytes;
  std::vector<bool> is_constant;

  std::vector<Shape> produced_shapes() const override { return launch->produced_shapes(); }

  Status run(const RunArguments& arguments) const override {
    if (device->is_captured(arguments.stream)) return unsupported("a layer that runs on the host cannot be captured into a CUDA graph");
    std::vector<std::vector<std::byte>> inputs(input_bytes.size()), outputs(output_bytes.size());
    std::vector<const void*> from(input_bytes.size(), nullptr);
    std::vector<void*> to(output_bytes.size());
    for (size_t i = 0; i < inputs.size(); ++i) {
      if (is_constant[i] || !arguments.inputs[i]) continue;
      inputs[i].resize(input_bytes[i] + 64);
      from[i] = inputs[i].data();
      TRY(device->copy(inputs[i].data(), arguments.inputs[i], input_bytes[i], arguments.stream));
    }
    for (size_t i = 0; i < outputs.size(); ++i) {
      outputs[i].resize(output_bytes[i] + 64);
      to[i] = outputs[i].data();
    }
    TRY(launch->run({from.data(), to.data(), nullptr, arguments.pool, {}}));
    for (size_t i = 0; i < outputs.size(); ++i) {
      if (arguments.outputs[i]) TRY(device->copy(arguments.outputs[i], outputs[i].data(), output_bytes[i], arguments.stream));
    }
    return Ok{};
  }
};

struct HostKernel final : Kernel {
  CudaDevice* device = nullptr;
  Problem problem;
  std::unique_ptr<Kernel> kernel;

  Result<std::unique_ptr<Launch>> launch(const std::vector<Shape>& inputs, const std::vector<Shape>& outputs) const override {
    auto launch = std::make_unique<HostLaunch>();
    launch->device = device;
    TRY_ASSIGN(launch->launch, kernel->launch(inputs, outputs));
    for (size_t i = 0; i < inputs.size(); ++i) {
      launch->is_constant.push_back(!is_present(problem, i) || ingot::is_constant(problem, i));
      TRY_ASSIGN(size_t bytes, storage_bytes(problem.inputs[i].type, Format::kLinear, inputs[i]));
      launch->input_bytes.push_back(bytes);
    }
    for (size_t i = 0; i < outputs.size(); ++i) {
      TRY_ASSIGN(size_t bytes, storage_bytes(problem.outputs[i].type, Format::kLinear, outputs[i]));
      launch->output_bytes.push_back(bytes);
    }
    return std::unique_ptr<Launch>(std::move(launch));
  }
};

struct ThroughHost final : CudaTactic {
  std::string_view name() const override { return "reference.through_host"; }
  static const Tactic* reference() { return TacticCatalogue::instance().find("reference.evaluate"); }
  Status accepts(const Problem& problem) const override {
    REQUIRES(reference(), "the reference is switched off");
    return reference()->accepts(problem);
  }
  std::vector<Formats> proposals(const Problem& problem) const override {
    return reference() ? reference()->proposals(problem) : std::vector<Formats>{};
  }
  Result<std::unique_ptr<Kernel>> prepare(const Problem& problem, const std::vector<PackedWeights>& packed) const override {
    auto kernel = std::make_unique<HostKernel>();
    TRY_ASSIGN(kernel->device, device_of(problem));
    kernel->problem = problem;
    TRY_ASSIGN(kernel->kernel, reference()->prepare(problem, packed));
    return std::unique_ptr<Kernel>(std::move(kernel));
  }
};

}  // namespace
}  // namespace ingot::cuda

namespace ingot {
TACTIC(cuda::ThroughHost, cuda, through_host)
}  // namespace ingot
