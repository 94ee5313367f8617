// IPlugin and IPluginExt of generations 4 to 7. They stay the program's, which may look at them after a run, so nothing is copied.
#include "api/adapters/plugin_adapter.h"

namespace ingot::api {
namespace {

using nvinfer1::IPlugin;
using nvinfer1::IPluginExt;

class Instance final : public PluginInstance {
 public:
  Instance(const Plugin& op, IPlugin& plugin) : op_(op), plugin_(plugin) {}
  Status run(const std::vector<Shape>& inputs, const std::vector<Shape>&, const PluginCall& call) override {
    const int64_t batch = op_.batched && !inputs.empty() && !inputs[0].empty() ? inputs[0][0] : 1;
    return call_plugin(op_.label() + ": enqueue", [&] {
      return plugin_.enqueue(static_cast<int32_t>(batch), call.inputs, const_cast<void**>(call.outputs), call.workspace,
                             static_cast<cudaStream_t>(call.stream));
    });
  }

 private:
  Plugin op_;
  IPlugin& plugin_;
};

class Ready final : public ReadyPlugin {
 public:
  Ready(const Plugin& op, IPlugin& plugin, int32_t max_batch) : op_(op), plugin_(plugin), max_batch_(max_batch) {}
  ~Ready() override {
    if (initialized_) (void)call_plugin("terminate", [&] { plugin_.terminate(); });
  }
  Status initialize() {
    TRY(call_plugin(op_.label() + ": initialize", [&] { return plugin_.initialize(); }));
    initialized_ = true;
    return Ok{};
  }
  Result<size_t> workspace_bytes(const std::vector<Shape>&, const std::vector<Shape>&) const override {
    if (op_.workspace > 0) return static_cast<size_t>(op_.workspace);
    size_t bytes = 0;
    TRY(call_plugin(op_.label() + ": getWorkspaceSize", [&] { bytes = plugin_.getWorkspaceSize(max_batch_); }));
    return bytes;
  }
  Result<std::unique_ptr<PluginInstance>> attach() const override {
    return std::unique_ptr<PluginInstance>(std::make_unique<Instance>(op_, plugin_));
  }

 private:
  Plugin op_;
  IPlugin& plugin_;
  int32_t max_batch_;
  bool initialized_ = false;
};

class Adapter final : public PluginAdapter {
 public:
  Adapter(IPlugin& plugin, bool configured, SymbolRanges ranges = {})
      : plugin_(plugin), configured_(configured), ranges_(std::move(ranges)) {}

  std::shared_ptr<PluginAdapter> for_build(SymbolRanges ranges, nvinfer1::IGpuAllocator*) const override {
    return std::make_shared<Adapter>(plugin_, configured_, std::move(ranges));
  }
  IPlugin* first() const override { return &plugin_; }

  Result<TensorTypes> infer(const Plugin& op, const TensorTypes& inputs) const override {
    std::vector<WideDims> dims;
    for (const TensorType& input : inputs) {
      dims.push_back(plugin_dims(op, input.dims));
      for (int32_t d = 0; d < dims.back().nbDims; ++d) {
        if (dims.back().d[d] < 0)
          return invalid("an input is " + to_text(input.dims) + "; an IPlugin takes no shapes that are known at run time");
      }
    }
    int32_t count = 0;
    TRY(call_plugin("getNbOutputs", [&] { count = plugin_.getNbOutputs(); }));
    if (count < 1) return invalid("getNbOutputs gives " + std::to_string(count) + "; there is at least one");
    TensorTypes outputs;
    for (int32_t o = 0; o < count; ++o) {
      WideDims shape{};
      TRY(call_plugin("getOutputDimensions",
                      [&] { shape = plugin_.getOutputDimensions64_(o, dims.data(), static_cast<int32_t>(dims.size())); }));
      auto made = to_shape(shape);
      if (!made.ok()) return std::move(made).error().within("output " + std::to_string(o) + ": getOutputDimensions");
      TensorType type;
      type.type = inputs.empty() ? DataType::kFloat : inputs[0].type;
      if (op.batched) type.dims.push_back(inputs.empty() || inputs[0].dims.empty() ? Dim(1) : inputs[0].dims[0]);
      for (int64_t size : *made) type.dims.emplace_back(size);
      outputs.push_back(std::move(type));
    }
    return outputs;
  }

  // An IPlugin takes fp32 as it lies; an IPluginExt says what it takes, the same for all tensors.
  Result<std::vector<Formats>> formats(const Plugin& op, const PluginTensors& inputs, const PluginTensors& outputs) const override {
    const DataType type = inputs.empty() ? outputs[0].type : inputs[0].type;
    int64_t rank = 4;
    for (const PluginTensors* side : {&inputs, &outputs}) {
      for (const PluginTensor& tensor : *side) {
        rank = std::min(rank, static_cast<int64_t>(tensor.dims.size()));
        if (tensor.type != type)
          return invalid(op.label() + " takes one type for all tensors; got " + std::string(name_of(type)) + " and " +
                         std::string(name_of(tensor.type)));
      }
    }
    std::vector<Format> candidates{Format::kLinear};
    if (op.kind == "v1_ext") candidates.insert(candidates.end(), other_formats(type, rank).begin(), other_formats(type, rank).end());
    std::vector<Formats> found;
    for (Format format : candidates) {
      bool takes = type == DataType::kFloat;
      if (op.kind == "v1_ext")
        TRY(call_plugin(op.label() + ": supportsFormat",
                        [&] { takes = static_cast<IPluginExt&>(plugin_).supportsFormat(to_api(type), to_api(format)); }));
      if (takes) found.push_back({std::vector<Format>(inputs.size(), format), std::vector<Format>(outputs.size(), format)});
    }
    if (found.empty()) return invalid(op.label() + " takes no format with tensors of " + std::string(name_of(type)));
    return found;
  }

  Result<std::shared_ptr<const ReadyPlugin>> prepare(const Plugin& op, const PluginTensors& inputs,
                                                     const PluginTensors& outputs) const override {
    if (!configured_) TRY(configure_for(op, inputs, outputs));
    auto ready = std::make_shared<Ready>(op, plugin_, ranges_.max_batch);
    TRY(ready->initialize());
    return std::shared_ptr<const ReadyPlugin>(std::move(ready));
  }

  Result<std::shared_ptr<PluginAdapter>> configure(Plugin& op, const PluginTensors& inputs, const PluginTensors& outputs) const override {
    TRY(configure_for(op, inputs, outputs));
    size_t size = 0;
    TRY(call_plugin(op.label() + ": getSerializationSize", [&] { size = plugin_.getSerializationSize(); }));
    TRY_ASSIGN(op.state, Array::make(DataType::kUint8, {static_cast<int64_t>(size)}));
    TRY(call_plugin(op.label() + ": serialize", [&] { plugin_.serialize(op.state.mutable_data()); }));
    TRY(call_plugin(op.label() + ": getWorkspaceSize",
                    [&] { op.workspace = static_cast<int64_t>(plugin_.getWorkspaceSize(ranges_.max_batch)); }));
    return std::shared_ptr<PluginAdapter>(std::make_shared<Adapter>(plugin_, true, ranges_));
  }

 private:
  Status configure_for(const Plugin& op, const PluginTensors& inputs, const PluginTensors& outputs) const {
    std::vector<WideDims> dims;
    for (const PluginTensors* side : {&inputs, &outputs}) {
      for (const PluginTensor& tensor : *side) dims.push_back(plugin_dims(op, tensor.dims));
    }
    const auto in_count = static_cast<int32_t>(inputs.size()), out_count = static_cast<int32_t>(outputs.size());
    if (op.kind != "v1_ext")
      return call_plugin(op.label() + ": configure",
                         [&] { plugin_.configure64_(dims.data(), in_count, dims.data() + in_count, out_count, ranges_.max_batch); });
    const PluginTensor& first = inputs.empty() ? outputs[0] : inputs[0];
    return call_plugin(op.label() + ": configureWithFormat", [&] {
      static_cast<IPluginExt&>(plugin_).configureWithFormat64_(dims.data(), in_count, dims.data() + in_count, out_count, to_api(first.type),
                                                               to_api(first.format), ranges_.max_batch);
    });
  }

  IPlugin& plugin_;
  bool configured_;
  SymbolRanges ranges_;
};

}  // namespace

Result<std::unique_ptr<Plugin>> plugin_operator(IPlugin& plugin, bool is_ext, bool batched) {
  auto op = std::make_unique<Plugin>();
  op->kind = is_ext ? "v1_ext" : "v1";
  op->type = is_ext ? "IPluginExt" : "IPlugin";
  op->batched = batched;
  op->code = std::make_shared<Adapter>(plugin, false);
  return op;
}

std::shared_ptr<PluginAdapter> adapt(IPlugin* plugin, const Plugin&, nvinfer1::IGpuAllocator*) {
  return std::make_shared<Adapter>(*plugin, true);
}

}  // namespace ingot::api
