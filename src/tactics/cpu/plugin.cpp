// cpu.plugin and cuda.plugin: a program's own code, called each time. It gets pointers of its device and the stream of the run.
#include "operators/plugin.h"

#include <cstring>

#include "tactics/layout.h"
#include "tactics/problem.h"

namespace ingot {
namespace {

struct PluginProblem {
  Plugin op;
  TensorTypes inputs, outputs;
  std::vector<Format> input_formats, output_formats;
  std::vector<Array> constants;
  Device* device = nullptr;                             // null where memory is the host's
  std::vector<std::shared_ptr<void>> device_constants;  // by input, on devices that do not see the host's memory

  Status upload_constants() {
    if (!device || !device->is_asynchronous()) return Ok{};
    device_constants.resize(constants.size());
    for (size_t i = 0; i < constants.size(); ++i) {
      if (!constants[i].data()) continue;
      TRY_ASSIGN(void* address, device->allocate(std::max<size_t>(constants[i].byte_count(), 1)));
      device_constants[i] = std::shared_ptr<void>(address, [on = device](void* gone) { on->release(gone); });
      TRY(device->copy(address, constants[i].data(), constants[i].byte_count(), {}));
    }
    return Ok{};
  }
  const void* constant(size_t input) const {
    if (input < device_constants.size()) return device_constants[input].get();
    return input < constants.size() ? constants[input].data() : nullptr;
  }

  Status copy(void* to, const void* from, size_t bytes, Stream stream) const {
    if (device && device->is_asynchronous()) return device->copy(to, from, bytes, stream);
    std::memcpy(to, from, bytes);
    return Ok{};
  }
  PluginTensors tensors(bool of_inputs) const {
    const TensorTypes& types = of_inputs ? inputs : outputs;
    const std::vector<Format>& formats = of_inputs ? input_formats : output_formats;
    PluginTensors result;
    for (size_t i = 0; i < types.size(); ++i)
      result.push_back({types[i].type, types[i].dims, i < formats.size() ? usual_format(formats[i], types[i].rank()) : Format::kLinear});
    return result;
  }
};

// What the launches of one context share: made when the first of them is.
struct Attached {
  std::shared_ptr<const ReadyPlugin> ready;
  std::unique_ptr<PluginInstance> instance;
};

struct PluginLaunch final : Launch {
  std::shared_ptr<const PluginProblem> problem;
  std::shared_ptr<Attached> attached;
  std::vector<Shape> inputs, outputs;
  size_t workspace = 0;
  std::vector<size_t> alias_bytes;  // by output
  mutable std::vector<const void*> in;
  mutable std::vector<Shape> produced;

  size_t workspace_bytes() const override { return workspace; }
  std::vector<Shape> produced_shapes() const override { return produced; }

  Status run(const RunArguments& arguments) const override {
    const Plugin& op = problem->op;
    for (size_t i = 0; i < in.size(); ++i) {
      if (const void* constant = problem->constant(i))
        in[i] = constant;
      else
        in[i] = arguments.inputs[i];
    }
    for (size_t o = 0; o < op.aliases.size() && o < outputs.size(); ++o) {
      if (op.aliases[o] < 0) continue;
      const void*& shared = in[static_cast<size_t>(op.aliases[o])];
      if (shared != arguments.outputs[o] && alias_bytes[o] > 0)
        TRY(problem->copy(arguments.outputs[o], shared, alias_bytes[o], arguments.stream));
      shared = arguments.outputs[o];
    }
    if (!attached->instance) {
      TRY_ASSIGN(attached->instance, attached->ready->attach());
    }
    TRY(attached->instance->run(inputs, outputs, {in.data(), arguments.outputs, arguments.workspace, arguments.stream.handle}));
    if (op.symbols.empty()) return Ok{};
    return read_sizes(arguments);
  }

  // Sizes that the plugin wrote make the true shapes of what hangs on them.
  Status read_sizes(const RunArguments& arguments) const {
    SymbolValues values;
    for (size_t i = 0; i < inputs.size(); ++i) TRY(bind_symbols(problem->inputs[i].dims, inputs[i], &values));
    const std::vector<std::string> names = problem->op.symbol_names();
    for (size_t o = 0; o < outputs.size() && o < problem->op.sizes.size(); ++o) {
      const auto symbol = static_cast<size_t>(problem->op.sizes[o]);
      if (symbol == 0 || symbol > names.size() || !arguments.outputs[o]) continue;
      TRY_ASSIGN(Array written, Array::make(problem->outputs[o].type, {}));
      TRY(problem->copy(written.mutable_data(), arguments.outputs[o], written.byte_count(), arguments.stream));
      values[names[symbol - 1]] = written.integer(0);
    }
    produced.clear();
    for (size_t o = 0; o < outputs.size(); ++o) {
      TRY_ASSIGN(Shape shape, evaluate(problem->outputs[o].dims, values));
      for (size_t d = 0; d < shape.size(); ++d) {
        if (shape[d] < 0 || shape[d] > outputs[o][d])
          return invalid(problem->op.label() + ", output " + std::to_string(o) + ": it wrote a size of " + std::to_string(shape[d]) +
                         "; its upper bound is " + std::to_string(outputs[o][d]));
      }
      produced.push_back(std::move(shape));
    }
    return Ok{};
  }
};

struct PluginKernel final : Kernel {
  std::shared_ptr<const PluginProblem> problem;
  std::shared_ptr<Attached> attached;

  Result<std::unique_ptr<Kernel>> for_context() const override {
    auto own = std::make_unique<PluginKernel>();
    own->problem = problem;
    own->attached = std::make_shared<Attached>();
    own->attached->ready = attached->ready;
    TRY_ASSIGN(own->attached->instance, attached->ready->attach());
    return std::unique_ptr<Kernel>(std::move(own));
  }

  Result<std::unique_ptr<Launch>> launch(const std::vector<Shape>& inputs, const std::vector<Shape>& outputs) const override {
    auto made = std::make_unique<PluginLaunch>();
    made->problem = problem;
    made->attached = attached;
    made->inputs.assign(inputs.begin(), inputs.begin() + static_cast<std::ptrdiff_t>(problem->inputs.size()));
    made->outputs = outputs;
    made->in.resize(made->inputs.size());
    TRY_ASSIGN(made->workspace, attached->ready->workspace_bytes(made->inputs, outputs));
    for (size_t o = 0; o < problem->op.aliases.size() && o < outputs.size(); ++o) {
      size_t bytes = 0;
      if (const int64_t alias = problem->op.aliases[o]; alias >= 0) {
        if (static_cast<size_t>(alias) >= made->inputs.size())
          return invalid(problem->op.label() + " has no input " + std::to_string(alias) + " to write over");
        TRY_ASSIGN(bytes, storage_bytes(problem->inputs[alias].type, problem->input_formats[alias], made->inputs[alias]));
        TRY_ASSIGN(size_t room, storage_bytes(problem->outputs[o].type, problem->output_formats[o], outputs[o]));
        bytes = std::min(bytes, room);
      }
      made->alias_bytes.push_back(bytes);
    }
    return std::unique_ptr<Launch>(std::move(made));
  }
};

struct CallPlugin final : Tactic {
  explicit CallPlugin(DeviceKind kind) : kind(kind) {}
  const DeviceKind kind;

  std::string_view name() const override { return kind == DeviceKind::kCpu ? "cpu.plugin" : "cuda.plugin"; }
  DeviceKind device() const override { return kind; }

  Status accepts(const Problem& problem) const override {
    const auto* op = dynamic_cast<const Plugin*>(problem.op);
    REQUIRES(op, "no plugin");
    REQUIRES(op->code, op->label() + " has no code");
    for (size_t i = 0; i < problem.inputs.size(); ++i) REQUIRES(is_present(problem, i), "input " + std::to_string(i) + " is left out");
    return Ok{};
  }

  std::vector<Formats> proposals(const Problem& problem) const override {
    const auto* op = dynamic_cast<const Plugin*>(problem.op);
    if (!op || !op->code) return {};
    const PluginProblem asked = ask(*op, problem);
    auto formats = op->code->formats(*op, asked.tensors(true), asked.tensors(false));
    if (!formats.ok()) return {};
    std::vector<Formats> result;
    for (PluginCode::Formats& entry : *formats) {
      Formats proposal{std::move(entry.inputs), std::move(entry.outputs)};
      proposal.inputs.resize(problem.inputs.size(), Format::kLinear);
      bool fits = true;  // constants lie as they are
      for (size_t i = 0; i < proposal.inputs.size(); ++i) fits &= proposal.inputs[i] == Format::kLinear || !is_constant(problem, i);
      if (fits) result.push_back(std::move(proposal));
    }
    return result;
  }

  Result<std::unique_ptr<Kernel>> prepare(const Problem& problem, const std::vector<PackedWeights>&) const override {
    const auto& op = static_cast<const Plugin&>(*problem.op);
    auto kernel = std::make_unique<PluginKernel>();
    auto asked = std::make_shared<PluginProblem>(ask(op, problem));
    TRY(asked->upload_constants());
    kernel->attached = std::make_shared<Attached>();
    TRY_ASSIGN(kernel->attached->ready, op.code->prepare(op, asked->tensors(true), asked->tensors(false)));
    kernel->problem = std::move(asked);
    return std::unique_ptr<Kernel>(std::move(kernel));
  }

  bool keeps_timings(const Problem& problem) const override {
    const auto* op = dynamic_cast<const Plugin*>(problem.op);
    return op && op->code && op->code->keeps_timings();
  }

 private:
  static PluginProblem ask(const Plugin& op, const Problem& problem) {
    const auto count = static_cast<std::ptrdiff_t>(op.code_inputs(problem.inputs.size()));
    PluginProblem asked{op,
                        {problem.inputs.begin(), problem.inputs.begin() + count},
                        problem.outputs,
                        problem.input_formats,
                        problem.output_formats,
                        problem.constants,
                        problem.device};
    asked.input_formats.resize(static_cast<size_t>(count), Format::kLinear);
    asked.output_formats.resize(problem.outputs.size(), Format::kLinear);
    return asked;
  }
};

}  // namespace

#define REGISTER_TACTICS(function) void function(TacticCatalogue& catalogue)
REGISTER_TACTICS(register_tactic_cpu_plugin) {
  for (DeviceKind kind : {DeviceKind::kCpu, DeviceKind::kCuda}) catalogue.add(std::make_unique<CallPlugin>(kind));
}

}  // namespace ingot
