// Quick plugins that the program runs itself (IPluginV3QuickRuntime): types and formats are named all at once, enqueue gets strides, and
// each context runs a clone.
#include "api/adapters/plugin_v3.h"
#include "tactics/layout.h"

namespace ingot::api {

using nvinfer1::DynamicPluginTensorDesc64;
using nvinfer1::IPluginV3;
using nvinfer1::IPluginV3QuickBuild;
using nvinfer1::IPluginV3QuickRuntime;
using nvinfer1::PluginCapabilityType;
using nvinfer1::PluginTensorDesc64;

namespace {

// Descriptions a combination; above it a plugin has gone astray.
constexpr int32_t kMostCombinations = 10000;

Result<IPluginV3QuickRuntime*> runtime_of(IPluginV3& plugin) {
  return capability<IPluginV3QuickRuntime>(plugin, PluginCapabilityType::kRUNTIME, "runtime");
}

class Instance final : public PluginInstance {
 public:
  Instance(const Plugin& op, std::shared_ptr<IPluginV3> plugin, std::vector<PluginTensorDesc64> descriptions, std::vector<Format> formats,
           size_t inputs, OpenSizes open)
      : op_(op),
        plugin_(std::move(plugin)),
        descriptions_(std::move(descriptions)),
        formats_(std::move(formats)),
        strides_(descriptions_.size()),
        inputs_(inputs),
        open_(std::move(open)) {}

  Status attach() {
    TRY_ASSIGN(runtime_, runtime_of(*plugin_));
    if (op_.tactic != 0)
      TRY(call_plugin(op_.label() + ": setTactic", [&] { return runtime_->setTactic(static_cast<int32_t>(op_.tactic)); }));
    return Ok{};
  }

  Status run(const std::vector<Shape>& inputs, const std::vector<Shape>& outputs, const PluginCall& call) override {
    if (inputs != shapes_ || !shaped_) {
      for (size_t i = 0; i < descriptions_.size(); ++i) {
        const Shape& shape = i < inputs_ ? inputs[i] : outputs[i - inputs_];
        descriptions_[i].dims = to_api(shape);
        if (i >= inputs_) open_.mark(i - inputs_, descriptions_[i].dims);
        // Formats that group channels have no strides; theirs are those of the linear tensor.
        strides_[i] = to_api(memory_strides(has_strides(formats_[i]) ? formats_[i] : Format::kLinear, shape));
      }
      shapes_ = inputs;
      shaped_ = true;
    }
    return call_plugin(op_.label() + ": enqueue", [&] {
      return runtime_->enqueue(descriptions_.data(), descriptions_.data() + inputs_, call.inputs, call.outputs, strides_.data(),
                               strides_.data() + inputs_, static_cast<int32_t>(inputs_),
                               static_cast<int32_t>(descriptions_.size() - inputs_), static_cast<cudaStream_t>(call.stream));
    });
  }

 private:
  Plugin op_;
  std::shared_ptr<IPluginV3> plugin_;
  IPluginV3QuickRuntime* runtime_ = nullptr;
  std::vector<PluginTensorDesc64> descriptions_;
  std::vector<Format> formats_;
  std::vector<WideDims> strides_;
  size_t inputs_;
  OpenSizes open_;
  std::vector<Shape> shapes_;  // that the descriptions are for
  bool shaped_ = false;
};

class Ready final : public ReadyPlugin {
 public:
  Ready(const Plugin& op, std::shared_ptr<IPluginV3> plugin, const PluginTensors& inputs, const PluginTensors& outputs)
      : op_(op), plugin_(std::move(plugin)), descriptions_(descriptions(op, inputs, outputs)), inputs_(inputs.size()), open_(op, outputs) {
    for (const PluginTensor& tensor : inputs) formats_.push_back(tensor.format);
    for (const PluginTensor& tensor : outputs) formats_.push_back(tensor.format);
  }
  Result<size_t> workspace_bytes(const std::vector<Shape>&, const std::vector<Shape>&) const override { return size_t{0}; }
  Result<std::unique_ptr<PluginInstance>> attach() const override {
    TRY_ASSIGN(std::shared_ptr<IPluginV3> copy, cloned(op_, *plugin_));
    auto instance = std::make_unique<Instance>(op_, std::move(copy), descriptions_, formats_, inputs_, open_);
    TRY(instance->attach());
    return std::unique_ptr<PluginInstance>(std::move(instance));
  }

 private:
  Plugin op_;
  std::shared_ptr<IPluginV3> plugin_;
  std::vector<PluginTensorDesc64> descriptions_;
  std::vector<Format> formats_;
  size_t inputs_;
  OpenSizes open_;
};

class Adapter final : public PluginAdapter {
 public:
  Adapter(std::shared_ptr<IPluginV3> plugin, bool configured, SymbolRanges ranges = {})
      : plugin_(std::move(plugin)), configured_(configured), ranges_(std::move(ranges)) {}

  std::shared_ptr<PluginAdapter> for_build(SymbolRanges ranges, nvinfer1::IGpuAllocator*) const override {
    return std::make_shared<Adapter>(plugin_, configured_, std::move(ranges));
  }
  std::string metadata() const override { return metadata_of(quick_build_of(*plugin_)); }
  IPluginV3* third() const override { return plugin_.get(); }

  Result<TensorTypes> infer(const Plugin& op, const TensorTypes& inputs) const override {
    return shapes_of(*plugin_, inputs, static_cast<size_t>(op.shape_inputs), op.symbol_names(), nullptr);
  }

  Result<std::vector<Formats>> formats(const Plugin& op, const PluginTensors& inputs, const PluginTensors& outputs) const override {
    return quick_formats(op, *plugin_, inputs, outputs, ranges_);
  }

  Result<std::shared_ptr<const ReadyPlugin>> prepare(const Plugin& op, const PluginTensors& inputs,
                                                     const PluginTensors& outputs) const override {
    TRY_ASSIGN(std::shared_ptr<IPluginV3> copy, cloned(op, *plugin_));
    if (!configured_) TRY(quick_configure(op, *copy, inputs, outputs, ranges_));
    return std::shared_ptr<const ReadyPlugin>(std::make_shared<Ready>(op, std::move(copy), inputs, outputs));
  }

  Result<std::shared_ptr<PluginAdapter>> configure(Plugin& op, const PluginTensors& inputs, const PluginTensors& outputs) const override {
    TRY_ASSIGN(std::shared_ptr<IPluginV3> copy, cloned(op, *plugin_));
    TRY(quick_configure(op, *copy, inputs, outputs, ranges_));
    TRY_ASSIGN(const std::vector<int32_t> tactics, quick_tactics(op, *copy));
    if (!tactics.empty()) {
      const auto make = [&](const Plugin& with) -> Result<std::shared_ptr<const ReadyPlugin>> {
        return std::shared_ptr<const ReadyPlugin>(std::make_shared<Ready>(with, copy, inputs, outputs));
      };
      TRY_ASSIGN(op.tactic, fastest_tactic(op, tactics, ranges_, inputs, outputs, make));
    }
    TRY_ASSIGN(IPluginV3QuickRuntime * runtime, runtime_of(*copy));
    const nvinfer1::PluginFieldCollection* fields = nullptr;
    TRY(call_plugin(op.label() + ": getFieldsToSerialize", [&] { fields = runtime->getFieldsToSerialize(); }));
    auto state = fields_to_bytes(fields);
    if (!state.ok()) return std::move(state).error().within(op.label() + ": getFieldsToSerialize");
    op.state = std::move(state).value();
    return std::shared_ptr<PluginAdapter>(std::make_shared<Adapter>(std::move(copy), true, ranges_));
  }

  bool keeps_timings() const override { return quick_keeps_timings(*plugin_); }

 private:
  std::shared_ptr<IPluginV3> plugin_;
  bool configured_;
  SymbolRanges ranges_;
};

}  // namespace

std::shared_ptr<PluginAdapter> adapt_quick(std::shared_ptr<IPluginV3> plugin, bool configured) {
  return std::make_shared<Adapter>(std::move(plugin), configured);
}

Result<IPluginV3QuickBuild*> quick_build_of(IPluginV3& plugin) {
  return capability<IPluginV3QuickBuild>(plugin, PluginCapabilityType::kBUILD, "build");
}

// Of the combinations that it names, those with the types of these tensors.
Result<std::vector<PluginCode::Formats>> quick_formats(const Plugin& op, IPluginV3& plugin, const PluginTensors& inputs,
                                                       const PluginTensors& outputs, const SymbolRanges& ranges) {
  TRY_ASSIGN(IPluginV3QuickBuild * build, quick_build_of(plugin));
  const std::vector<DynamicPluginTensorDesc64> tensors = dynamic_descriptions(op, inputs, outputs, ranges);
  const auto in_count = static_cast<int32_t>(inputs.size()), out_count = static_cast<int32_t>(outputs.size());
  int32_t count = 0;
  TRY(call_plugin(op.label() + ": getNbSupportedFormatCombinations",
                  [&] { count = build->getNbSupportedFormatCombinations(tensors.data(), in_count, out_count); }));
  if (count < 0 || count > kMostCombinations)
    return invalid(op.label() + ": getNbSupportedFormatCombinations gives " + std::to_string(count) + "; 0 to " +
                   std::to_string(kMostCombinations) + " are possible");
  std::vector<PluginTensorDesc64> named(static_cast<size_t>(count) * tensors.size());
  if (count > 0) {
    TRY(call_plugin(op.label() + ": getSupportedFormatCombinations",
                    [&] { return build->getSupportedFormatCombinations(tensors.data(), in_count, out_count, named.data(), count); }));
  }
  std::vector<PluginCode::Formats> found;
  for (size_t first = 0; first < named.size(); first += tensors.size()) {
    PluginCode::Formats formats;
    bool fits = true;
    for (size_t i = 0; i < tensors.size() && fits; ++i) {
      const PluginTensorDesc64& one = named[first + i];
      const PluginTensor& tensor = i < inputs.size() ? inputs[i] : outputs[i - inputs.size()];
      TRY_ASSIGN(const Format format, to_core(one.format));
      const auto& others = other_formats(tensor.type, static_cast<int64_t>(tensor.dims.size()));
      fits = one.type == tensors[i].desc.type &&
             (format == Format::kLinear || std::find(others.begin(), others.end(), format) != others.end());
      (i < inputs.size() ? formats.inputs : formats.outputs).push_back(format);
    }
    if (fits) found.push_back(std::move(formats));
  }
  if (found.empty()) {
    std::string types;
    for (const PluginTensors* side : {&inputs, &outputs}) {
      for (const PluginTensor& tensor : *side) types += (types.empty() ? "" : ", ") + std::string(name_of(tensor.type));
    }
    return invalid(op.label() + " takes no format with tensors of " + types);
  }
  return found;
}

Status quick_configure(const Plugin& op, IPluginV3& plugin, const PluginTensors& inputs, const PluginTensors& outputs,
                       const SymbolRanges& ranges) {
  TRY_ASSIGN(IPluginV3QuickBuild * build, quick_build_of(plugin));
  const auto tensors = dynamic_descriptions(op, inputs, outputs, ranges);
  const auto in_count = static_cast<int32_t>(inputs.size()), out_count = static_cast<int32_t>(outputs.size());
  return call_plugin(op.label() + ": configurePlugin",
                     [&] { return build->configurePlugin(tensors.data(), in_count, tensors.data() + in_count, out_count); });
}

Result<std::vector<int32_t>> quick_tactics(const Plugin& op, IPluginV3& plugin) {
  TRY_ASSIGN(IPluginV3QuickBuild * build, quick_build_of(plugin));
  int32_t count = 0;
  TRY(call_plugin(op.label() + ": getNbTactics", [&] { count = build->getNbTactics(); }));
  std::vector<int32_t> tactics(static_cast<size_t>(std::max(count, 0)));
  if (tactics.empty()) return tactics;
  TRY(call_plugin(op.label() + ": getValidTactics", [&] { return build->getValidTactics(tactics.data(), count); }));
  for (int32_t tactic : tactics) {
    if (tactic <= 0) return invalid(op.label() + ": getValidTactics gives " + std::to_string(tactic) + "; tactics are positive");
  }
  return tactics;
}

bool quick_keeps_timings(IPluginV3& plugin) {
  const char* identity = nullptr;
  auto build = quick_build_of(plugin);
  return build.ok() && call_plugin("getTimingCacheID", [&] { identity = (*build)->getTimingCacheID(); }).ok() && identity;
}

}  // namespace ingot::api
