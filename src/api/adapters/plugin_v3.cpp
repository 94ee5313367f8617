// IPluginV3 with its three capabilities. A clone for an engine is configured; attachToContext makes the copy that a context runs.
#include "api/adapters/plugin_v3.h"

namespace ingot::api {
namespace {

using nvinfer1::DynamicPluginTensorDesc64;
using nvinfer1::IPluginV3;
using nvinfer1::IPluginV3OneBuild;
using nvinfer1::IPluginV3OneRuntime;
using nvinfer1::PluginCapabilityType;
using nvinfer1::PluginTensorDesc64;

Result<IPluginV3OneBuild*> build_of(IPluginV3& plugin) {
  return capability<IPluginV3OneBuild>(plugin, PluginCapabilityType::kBUILD, "build");
}
Result<IPluginV3OneRuntime*> runtime_of(IPluginV3& plugin) {
  return capability<IPluginV3OneRuntime>(plugin, PluginCapabilityType::kRUNTIME, "runtime");
}

// What a context lends.
class Resources final : public nvinfer1::IPluginResourceContext {
 public:
  explicit Resources(nvinfer1::IGpuAllocator* allocator) : allocator_(allocator) {}
  nvinfer1::IGpuAllocator* getGpuAllocator() const noexcept override { return allocator_; }
  nvinfer1::IErrorRecorder* getErrorRecorder() const noexcept override { return nullptr; }

 private:
  nvinfer1::IGpuAllocator* allocator_;
};

class Instance final : public PluginInstance {
 public:
  Instance(const Plugin& op, nvinfer1::IGpuAllocator* allocator, std::vector<PluginTensorDesc64> descriptions, size_t inputs,
           OpenSizes open)
      : op_(op), resources_(allocator), descriptions_(std::move(descriptions)), inputs_(inputs), open_(std::move(open)) {}

  Status attach(IPluginV3& plugin) {
    TRY_ASSIGN(IPluginV3OneRuntime * source, runtime_of(plugin));
    IPluginV3* copy = nullptr;
    TRY(call_plugin(op_.label() + ": attachToContext", [&]() -> bool { return (copy = source->attachToContext(&resources_)) != nullptr; }));
    plugin_ = owned(copy);
    TRY_ASSIGN(runtime_, runtime_of(*plugin_));
    if (op_.tactic != 0)
      TRY(call_plugin(op_.label() + ": setTactic", [&] { return runtime_->setTactic(static_cast<int32_t>(op_.tactic)); }));
    return Ok{};
  }

  Status run(const std::vector<Shape>& inputs, const std::vector<Shape>& outputs, const PluginCall& call) override {
    const auto in_count = static_cast<int32_t>(inputs_), out_count = static_cast<int32_t>(descriptions_.size() - inputs_);
    if (inputs != shapes_ || !shaped_) {
      for (size_t i = 0; i < descriptions_.size(); ++i) {
        descriptions_[i].dims = to_api(i < inputs_ ? inputs[i] : outputs[i - inputs_]);
        // Sizes that the run tells are open until then.
        if (i >= inputs_) open_.mark(i - inputs_, descriptions_[i].dims);
      }
      TRY(call_plugin(op_.label() + ": onShapeChange", [&] {
        return runtime_->onShapeChange64_(descriptions_.data(), in_count, descriptions_.data() + inputs_, out_count);
      }));
      shapes_ = inputs;
      shaped_ = true;
    }
    return call_plugin(op_.label() + ": enqueue", [&] {
      return runtime_->enqueue64_(descriptions_.data(), in_count, descriptions_.data() + inputs_, out_count, call.inputs, call.outputs,
                                  call.workspace, static_cast<cudaStream_t>(call.stream));
    });
  }

 private:
  Plugin op_;
  Resources resources_;
  std::shared_ptr<IPluginV3> plugin_;
  IPluginV3OneRuntime* runtime_ = nullptr;
  std::vector<PluginTensorDesc64> descriptions_;
  size_t inputs_;
  std::vector<Shape> shapes_;  // that it was told
  bool shaped_ = false;
  OpenSizes open_;
};

class Ready final : public ReadyPlugin {
 public:
  Ready(const Plugin& op, std::shared_ptr<IPluginV3> plugin, nvinfer1::IGpuAllocator* allocator, const PluginTensors& inputs,
        const PluginTensors& outputs, int64_t workspace)
      : op_(op),
        plugin_(std::move(plugin)),
        allocator_(allocator),
        descriptions_(descriptions(op, inputs, outputs)),
        inputs_(inputs.size()),
        workspace_(workspace),
        open_(op, outputs) {}
  Result<size_t> workspace_bytes(const std::vector<Shape>&, const std::vector<Shape>&) const override {
    return static_cast<size_t>(workspace_);
  }
  Result<std::unique_ptr<PluginInstance>> attach() const override {
    auto instance = std::make_unique<Instance>(op_, allocator_, descriptions_, inputs_, open_);
    TRY(instance->attach(*plugin_));
    return std::unique_ptr<PluginInstance>(std::move(instance));
  }

 private:
  Plugin op_;
  std::shared_ptr<IPluginV3> plugin_;
  nvinfer1::IGpuAllocator* allocator_;
  std::vector<PluginTensorDesc64> descriptions_;
  size_t inputs_;
  int64_t workspace_;
  OpenSizes open_;
};

class Adapter final : public PluginAdapter {
 public:
  Adapter(std::shared_ptr<IPluginV3> plugin, bool configured, nvinfer1::IGpuAllocator* allocator, SymbolRanges ranges = {})
      : plugin_(std::move(plugin)), configured_(configured), allocator_(allocator), ranges_(std::move(ranges)) {}

  std::shared_ptr<PluginAdapter> for_build(SymbolRanges ranges, nvinfer1::IGpuAllocator* allocator) const override {
    return std::make_shared<Adapter>(plugin_, configured_, allocator, std::move(ranges));
  }
  std::string metadata() const override { return metadata_of(build_of(*plugin_)); }
  IPluginV3* third() const override { return plugin_.get(); }

  Result<TensorTypes> infer(const Plugin& op, const TensorTypes& inputs) const override {
    return shapes_of(*plugin_, inputs, static_cast<size_t>(op.shape_inputs), op.symbol_names(), nullptr);
  }

  Result<std::vector<Formats>> formats(const Plugin& op, const PluginTensors& inputs, const PluginTensors& outputs) const override {
    TRY_ASSIGN(IPluginV3OneBuild * build, build_of(*plugin_));
    std::vector<DynamicPluginTensorDesc64> tensors = dynamic_descriptions(op, inputs, outputs, ranges_);
    int32_t most = 0;
    TRY(call_plugin(op.label() + ": getFormatCombinationLimit", [&] { most = build->getFormatCombinationLimit(); }));
    Status failed = Ok{};
    std::vector<Formats> found = combine(inputs, outputs, most, [&](size_t place, const std::vector<Format>& chosen) {
      for (size_t i = 0; i <= place; ++i) tensors[i].desc.format = to_api(chosen[i]);
      bool yes = false;
      Status asked = call_plugin(op.label() + ": supportsFormatCombination", [&] {
        yes = build->supportsFormatCombination64_(static_cast<int32_t>(place), tensors.data(), static_cast<int32_t>(inputs.size()),
                                                  static_cast<int32_t>(outputs.size()));
      });
      if (!asked.ok()) failed = std::move(asked);
      return yes;
    });
    if (!failed.ok()) return std::move(failed).error();
    if (found.empty()) {
      std::string types;
      for (const DynamicPluginTensorDesc64& tensor : tensors) {
        TRY_ASSIGN(DataType type, to_core(tensor.desc.type));
        types += (types.empty() ? "" : ", ") + std::string(name_of(type));
      }
      return invalid(op.label() + " takes no format with tensors of " + types);
    }
    return found;
  }

  Result<std::shared_ptr<const ReadyPlugin>> prepare(const Plugin& op, const PluginTensors& inputs,
                                                     const PluginTensors& outputs) const override {
    TRY_ASSIGN(std::shared_ptr<IPluginV3> copy, cloned(op, *plugin_));
    int64_t workspace = op.workspace;
    if (!configured_) {
      TRY_ASSIGN(workspace, configure_for(op, *copy, inputs, outputs));
    }
    return std::shared_ptr<const ReadyPlugin>(std::make_shared<Ready>(op, std::move(copy), allocator_, inputs, outputs, workspace));
  }

  Result<std::shared_ptr<PluginAdapter>> configure(Plugin& op, const PluginTensors& inputs, const PluginTensors& outputs) const override {
    TRY_ASSIGN(std::shared_ptr<IPluginV3> copy, cloned(op, *plugin_));
    TRY_ASSIGN(op.workspace, configure_for(op, *copy, inputs, outputs));
    TRY(choose_tactic(op, *copy, inputs, outputs));
    TRY_ASSIGN(IPluginV3OneRuntime * runtime, runtime_of(*copy));
    const nvinfer1::PluginFieldCollection* fields = nullptr;
    TRY(call_plugin(op.label() + ": getFieldsToSerialize", [&] { fields = runtime->getFieldsToSerialize(); }));
    auto state = fields_to_bytes(fields);
    if (!state.ok()) return std::move(state).error().within(op.label() + ": getFieldsToSerialize");
    op.state = std::move(state).value();
    return std::shared_ptr<PluginAdapter>(std::make_shared<Adapter>(std::move(copy), true, allocator_, ranges_));
  }

  bool keeps_timings() const override {
    const char* identity = nullptr;
    auto build = build_of(*plugin_);
    return build.ok() && call_plugin("getTimingCacheID", [&] { identity = (*build)->getTimingCacheID(); }).ok() && identity;
  }

 private:
  // Bytes of workspace for the largest shapes.
  Result<int64_t> configure_for(const Plugin& op, IPluginV3& plugin, const PluginTensors& inputs, const PluginTensors& outputs) const {
    TRY_ASSIGN(IPluginV3OneBuild * build, build_of(plugin));
    const auto tensors = dynamic_descriptions(op, inputs, outputs, ranges_);
    const auto in_count = static_cast<int32_t>(inputs.size()), out_count = static_cast<int32_t>(outputs.size());
    TRY(call_plugin(op.label() + ": configurePlugin",
                    [&] { return build->configurePlugin64_(tensors.data(), in_count, tensors.data() + in_count, out_count); }));
    size_t bytes = 0;
    TRY(call_plugin(op.label() + ": getWorkspaceSize",
                    [&] { bytes = build->getWorkspaceSize64_(tensors.data(), in_count, tensors.data() + in_count, out_count); }));
    return static_cast<int64_t>(bytes);
  }

  // The fastest of its own tactics, on zeros of the typical shapes.
  Status choose_tactic(Plugin& op, IPluginV3& plugin, const PluginTensors& inputs, const PluginTensors& outputs) const {
    TRY_ASSIGN(IPluginV3OneBuild * build, build_of(plugin));
    int32_t count = 0;
    TRY(call_plugin(op.label() + ": getNbTactics", [&] { count = build->getNbTactics(); }));
    if (count <= 0) return Ok{};
    std::vector<int32_t> tactics(static_cast<size_t>(count));
    TRY(call_plugin(op.label() + ": getValidTactics", [&] { return build->getValidTactics(tactics.data(), count); }));
    for (int32_t tactic : tactics) {
      if (tactic <= 0) return invalid(op.label() + ": getValidTactics gives " + std::to_string(tactic) + "; tactics are positive");
    }
    TRY_ASSIGN(op.tactic,
               fastest_tactic(op, tactics, ranges_, inputs, outputs, [&](const Plugin& with) -> Result<std::shared_ptr<const ReadyPlugin>> {
                 TRY_ASSIGN(std::shared_ptr<IPluginV3> copy, cloned(op, plugin));
                 return std::shared_ptr<const ReadyPlugin>(
                     std::make_shared<Ready>(with, std::move(copy), allocator_, inputs, outputs, op.workspace));
               }));
    return Ok{};
  }

  std::shared_ptr<IPluginV3> plugin_;
  bool configured_;
  nvinfer1::IGpuAllocator* allocator_;
  SymbolRanges ranges_;
};

}  // namespace

std::shared_ptr<PluginAdapter> adapt_one(std::shared_ptr<IPluginV3> plugin, bool configured, nvinfer1::IGpuAllocator* allocator) {
  return std::make_shared<Adapter>(std::move(plugin), configured, allocator);
}

}  // namespace ingot::api
