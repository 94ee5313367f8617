// IPluginV3 with its three capabilities. A clone for an engine is configured; attachToContext makes the copy that a context runs.
#include "api/adapters/plugin_adapter.h"
#include "api/plugins/stock.h"
#include "operators/runtime_dims.h"

namespace ingot::api {
namespace {

using nvinfer1::DynamicPluginTensorDesc64;
using nvinfer1::IPluginV3;
using nvinfer1::IPluginV3OneBuild;
using nvinfer1::IPluginV3OneBuildV2;
using nvinfer1::IPluginV3OneCore;
using nvinfer1::IPluginV3OneRuntime;
using nvinfer1::PluginCapabilityType;
using nvinfer1::PluginTensorDesc64;

// The capability as its interface; an error where the plugin does not have it.
template <class Interface>
Result<Interface*> capability(IPluginV3& plugin, PluginCapabilityType type, const char* word) {
  nvinfer1::IPluginCapability* found = nullptr;
  TRY(call_plugin("getCapabilityInterface", [&] { found = plugin.getCapabilityInterface(type); }));
  if (!found) return invalid(std::string("the plugin has no ") + word + " capability");
  return static_cast<Interface*>(found);
}
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

void drop(IPluginV3* gone) {
  (void)call_plugin("the destructor", [&] { delete gone; });
}

Result<std::shared_ptr<IPluginV3>> cloned(const Plugin& op, IPluginV3& plugin) {
  IPluginV3* copy = nullptr;
  TRY(call_plugin(op.label() + ": clone", [&]() -> bool { return (copy = plugin.clone()) != nullptr; }));
  return std::shared_ptr<IPluginV3>(copy, drop);
}

class Instance final : public PluginInstance {
 public:
  Instance(const Plugin& op, nvinfer1::IGpuAllocator* allocator, std::vector<PluginTensorDesc64> descriptions, size_t inputs)
      : op_(op), resources_(allocator), descriptions_(std::move(descriptions)), inputs_(inputs) {}

  Status attach(IPluginV3& plugin) {
    TRY_ASSIGN(IPluginV3OneRuntime * source, runtime_of(plugin));
    IPluginV3* copy = nullptr;
    TRY(call_plugin(op_.label() + ": attachToContext", [&]() -> bool { return (copy = source->attachToContext(&resources_)) != nullptr; }));
    plugin_ = std::shared_ptr<IPluginV3>(copy, drop);
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
        if (i >= inputs_) mark_open(i - inputs_, descriptions_[i].dims);
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

  void set_open(std::vector<std::vector<bool>> open) { open_ = std::move(open); }

 private:
  void mark_open(size_t output, WideDims& dims) const {
    if (output >= open_.size()) return;
    for (int32_t d = 0; d < dims.nbDims && static_cast<size_t>(d) < open_[output].size(); ++d) {
      if (open_[output][static_cast<size_t>(d)]) dims.d[d] = -1;
    }
  }

  Plugin op_;
  Resources resources_;
  std::shared_ptr<IPluginV3> plugin_;
  IPluginV3OneRuntime* runtime_ = nullptr;
  std::vector<PluginTensorDesc64> descriptions_;
  size_t inputs_;
  std::vector<Shape> shapes_;  // that it was told
  bool shaped_ = false;
  std::vector<std::vector<bool>> open_;  // by output and dimension: only the run tells it
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
        workspace_(workspace) {
    const std::vector<std::string> names = op.symbol_names();
    for (const PluginTensor& output : outputs) {
      open_.emplace_back();
      for (const Dim& dim : output.dims) {
        bool open = false;
        dim.visit_symbols([&](const std::string& symbol) { open |= std::find(names.begin(), names.end(), symbol) != names.end(); });
        open_.back().push_back(open);
      }
    }
  }
  Result<size_t> workspace_bytes(const std::vector<Shape>&, const std::vector<Shape>&) const override {
    return static_cast<size_t>(workspace_);
  }
  Result<std::unique_ptr<PluginInstance>> attach() const override {
    auto instance = std::make_unique<Instance>(op_, allocator_, descriptions_, inputs_);
    TRY(instance->attach(*plugin_));
    instance->set_open(open_);
    return std::unique_ptr<PluginInstance>(std::move(instance));
  }

 private:
  Plugin op_;
  std::shared_ptr<IPluginV3> plugin_;
  nvinfer1::IGpuAllocator* allocator_;
  std::vector<PluginTensorDesc64> descriptions_;
  size_t inputs_;
  int64_t workspace_;
  std::vector<std::vector<bool>> open_;
};

class Adapter final : public PluginAdapter {
 public:
  Adapter(std::shared_ptr<IPluginV3> plugin, bool configured, nvinfer1::IGpuAllocator* allocator, SymbolRanges ranges = {})
      : plugin_(std::move(plugin)), configured_(configured), allocator_(allocator), ranges_(std::move(ranges)) {}

  std::shared_ptr<PluginAdapter> for_build(SymbolRanges ranges, nvinfer1::IGpuAllocator* allocator) const override {
    return std::make_shared<Adapter>(plugin_, configured_, allocator, std::move(ranges));
  }
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
    if (!ranges_.device) return internal(op.label() + " has no device to be timed on");
    Device& device = *ranges_.device;
    const auto memory = [&device](size_t bytes) -> Result<std::shared_ptr<void>> {
      TRY_ASSIGN(void* address, device.allocate(std::max<size_t>(bytes, 1)));
      std::shared_ptr<void> owned(address, [&device](void* gone) { device.release(gone); });
      const std::vector<std::byte> zeros(bytes);
      if (bytes > 0) TRY(device.copy(address, zeros.data(), bytes, {}));
      return owned;
    };
    std::vector<Shape> shapes[2];
    std::vector<std::shared_ptr<void>> kept;
    std::vector<void*> addresses[2];
    for (int side = 0; side < 2; ++side) {
      for (const PluginTensor& tensor : side ? outputs : inputs) {
        shapes[side].push_back(shape_at_best(tensor.dims));
        TRY_ASSIGN(size_t bytes, storage_bytes(tensor.type, tensor.format, shapes[side].back()));
        TRY_ASSIGN(std::shared_ptr<void> taken, memory(bytes));
        addresses[side].push_back(taken.get());
        kept.push_back(std::move(taken));
      }
    }
    TRY_ASSIGN(const std::shared_ptr<void> workspace, memory(static_cast<size_t>(op.workspace)));
    const std::vector<const void*> in(addresses[0].begin(), addresses[0].end());
    double best = 0;
    for (int32_t tactic : tactics) {
      Plugin with = op;
      with.tactic = tactic;
      TRY_ASSIGN(std::shared_ptr<IPluginV3> copy, cloned(op, plugin));
      const Ready ready(with, std::move(copy), allocator_, inputs, outputs, op.workspace);
      TRY_ASSIGN(std::unique_ptr<PluginInstance> instance, ready.attach());
      const auto run = [&](Stream stream) {
        return instance->run(shapes[0], shapes[1], {in.data(), addresses[1].data(), workspace.get(), stream.handle});
      };
      TRY_ASSIGN(double ms, device.measure_ms(run));  // the first run warms up
      for (int again = 0; again < 3; ++again) {
        TRY_ASSIGN(double once, device.measure_ms(run));
        ms = again == 0 ? once : std::min(ms, once);
      }
      if (op.tactic == 0 || ms < best) {
        op.tactic = tactic;
        best = ms;
      }
    }
    return Ok{};
  }
  Shape shape_at_best(const Dims& dims) const {
    Shape shape;
    for (const Dim& dim : dims) {
      SymbolValues values = ranges_.most;
      for (const auto& [symbol, value] : ranges_.opt) values[symbol] = value;
      shape.push_back(dim.evaluate(values).value_or(1));
    }
    return shape;
  }

  std::shared_ptr<IPluginV3> plugin_;
  bool configured_;
  nvinfer1::IGpuAllocator* allocator_;
  SymbolRanges ranges_;
};

}  // namespace

Result<TensorTypes> shapes_of(IPluginV3& plugin, const TensorTypes& inputs, size_t shape_inputs, const std::vector<std::string>& names,
                              std::vector<DeclaredSize>* declared) {
  TRY_ASSIGN(IPluginV3OneBuild * build, build_of(plugin));
  int32_t count = 0;
  TRY(call_plugin("getNbOutputs", [&] { count = build->getNbOutputs(); }));
  if (count < 1) return invalid("getNbOutputs gives " + std::to_string(count) + "; there is at least one");
  const size_t own = inputs.size() - std::min(inputs.size(), shape_inputs);
  ExpressionBuilder builder(names);
  std::vector<nvinfer1::DimsExprs> shapes, values;
  std::vector<nvinfer1::DataType> types;
  for (size_t i = 0; i < inputs.size(); ++i) {
    if (i < own) {
      types.push_back(to_api(inputs[i].type));
      shapes.push_back(builder.of(inputs[i].dims));
    } else {
      if (!inputs[i].values || inputs[i].values->size() > WideDims::MAX_DIMS)
        return invalid("shape input " + std::to_string(i - own) + " " + inputs[i].text() +
                       " is no shape tensor; it holds up to 8 integers that shapes can follow from");
      values.push_back(builder.of(*inputs[i].values));
    }
  }
  std::vector<nvinfer1::DimsExprs> made(static_cast<size_t>(count));
  std::vector<nvinfer1::DataType> made_types(static_cast<size_t>(count), nvinfer1::DataType::kFLOAT);
  TRY(call_plugin("getOutputDataTypes",
                  [&] { return build->getOutputDataTypes(made_types.data(), count, types.data(), static_cast<int32_t>(own)); }));
  TRY(call_plugin("getOutputShapes", [&] {
    return build->getOutputShapes(shapes.data(), static_cast<int32_t>(own), values.data(), static_cast<int32_t>(values.size()), made.data(),
                                  count, builder);
  }));
  TensorTypes outputs;
  for (size_t o = 0; o < made.size(); ++o) {
    TensorType type;
    TRY_ASSIGN(type.type, to_core(made_types[o]));
    auto dims = builder.dims_of(made[o]);
    if (!dims.ok()) return std::move(dims).error().within("getOutputShapes, output " + std::to_string(o));
    type.dims = std::move(dims).value();
    outputs.push_back(std::move(type));
  }
  for (const DeclaredSize& size : builder.declared()) {
    if (size.output >= count)
      return invalid("declareSizeTensor names output " + std::to_string(size.output) + " of " + std::to_string(count));
    const TensorType& type = outputs[static_cast<size_t>(size.output)];
    if (!type.dims.empty() || (type.type != DataType::kInt32 && type.type != DataType::kInt64))
      return invalid("output " + std::to_string(size.output) + " is a size tensor, which is an int32 or int64 without dimensions; it is " +
                     type.text());
  }
  if (declared) *declared = builder.declared();
  return outputs;
}

Status name_sizes(Network& network, Plugin& op, nvinfer1::IPluginV3& plugin, const std::vector<Tensor*>& inputs) {
  TensorTypes types;
  for (const Tensor* input : inputs) types.push_back(input->type);
  std::vector<DeclaredSize> declared;
  auto outputs = shapes_of(plugin, types, static_cast<size_t>(op.shape_inputs), {}, &declared);
  if (!outputs.ok()) return std::move(outputs).error().within(op.label());
  if (declared.empty()) return Ok{};
  op.sizes.assign(outputs->size(), 0);
  for (size_t k = 0; k < declared.size(); ++k) {
    const std::string symbol = network.make_symbol(std::string(kRuntimeSymbolPrefix) + "plugin");
    network.bound_symbol(symbol, declared[k].most);
    op.symbols += (k ? " " : "") + symbol;
    op.sizes[static_cast<size_t>(declared[k].output)] = static_cast<int64_t>(k) + 1;
  }
  return Ok{};
}

Result<std::unique_ptr<Plugin>> plugin_operator(IPluginV3& plugin, size_t shape_inputs) {
  if (is_stock_plugin(plugin)) return stock_operator(plugin);
  auto op = std::make_unique<Plugin>();
  op->kind = "v3";
  op->shape_inputs = static_cast<int64_t>(shape_inputs);
  TRY_ASSIGN(IPluginV3OneCore * core, capability<IPluginV3OneCore>(plugin, PluginCapabilityType::kCORE, "core"));
  TRY(call_plugin("a plugin: getPluginName", [&] {
    const auto text = [](const char* given) { return std::string(given ? given : ""); };
    op->type = text(core->getPluginName());
    op->version = text(core->getPluginVersion());
    op->space = text(core->getPluginNamespace());
  }));
  TRY_ASSIGN(std::shared_ptr<IPluginV3> copy, cloned(*op, plugin));
  TRY_ASSIGN(IPluginV3OneBuild * build, build_of(*copy));
  if (std::string_view(build->getInterfaceInfo().kind) == "PLUGIN_V3ONE_BUILD" && build->getInterfaceInfo().major >= 2) {
    int32_t outputs = 0;
    TRY(call_plugin(op->label() + ": getNbOutputs", [&] { outputs = build->getNbOutputs(); }));
    bool any = false;
    for (int32_t o = 0; o < outputs; ++o) {
      int32_t alias = -1;
      TRY(call_plugin(op->label() + ": getAliasedInput", [&] { alias = static_cast<IPluginV3OneBuildV2*>(build)->getAliasedInput(o); }));
      op->aliases.push_back(alias);
      any |= alias >= 0;
    }
    if (!any) op->aliases.clear();
  }
  op->code = std::make_shared<Adapter>(std::move(copy), false, nullptr);
  return op;
}

std::shared_ptr<PluginAdapter> adapt(IPluginV3* plugin, const Plugin&, nvinfer1::IGpuAllocator* allocator) {
  return std::make_shared<Adapter>(std::shared_ptr<IPluginV3>(plugin, drop), true, allocator);
}

}  // namespace ingot::api
