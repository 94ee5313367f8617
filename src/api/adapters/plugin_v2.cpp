// IPluginV2 and its four kinds. The library clones what it is given: once for each network and engine, and, from IPluginV2Ext on, for
// each context. A clone for an engine is configured, then initialized; those for contexts are attached to them.
#include "api/adapters/plugin_adapter.h"
#include "api/plugins/stock.h"

namespace ingot::api {
namespace {

using nvinfer1::DimsExprs;
using nvinfer1::DynamicPluginTensorDesc64;
using nvinfer1::IPluginV2;
using nvinfer1::IPluginV2DynamicExt;
using nvinfer1::IPluginV2Ext;
using nvinfer1::IPluginV2IOExt;
using nvinfer1::PluginTensorDesc64;
using nvinfer1::PluginVersion;

// The version tells the class, so that plugins compiled without run-time type information work too.
std::string kind_of(IPluginV2& plugin) {
  switch (static_cast<PluginVersion>(static_cast<uint32_t>(plugin.getTensorRTVersion()) >> 24)) {
    case PluginVersion::kV2_EXT: return "v2_ext";
    case PluginVersion::kV2_IOEXT: return "v2_ioext";
    case PluginVersion::kV2_DYNAMICEXT:
    case PluginVersion::kV2_DYNAMICEXT_PYTHON: return "v2_dynamic";
    default: return "v2";
  }
}

std::shared_ptr<IPluginV2> owned(IPluginV2* plugin) {
  return {plugin, [](IPluginV2* gone) { (void)call_plugin("destroy", [&] { gone->destroy(); }); }};
}

Result<std::shared_ptr<IPluginV2>> cloned(const Plugin& op, const IPluginV2& plugin) {
  IPluginV2* copy = nullptr;
  TRY(call_plugin(op.label() + ": clone", [&]() -> bool { return (copy = plugin.clone()) != nullptr; }));
  auto result = owned(copy);
  TRY(call_plugin(op.label() + ": setPluginNamespace", [&] { result->setPluginNamespace(op.space.c_str()); }));
  return result;
}

bool is_dynamic(const Plugin& op) { return op.kind == "v2_dynamic"; }
IPluginV2DynamicExt& dynamic(IPluginV2& plugin) { return static_cast<IPluginV2DynamicExt&>(plugin); }

class Instance final : public PluginInstance {
 public:
  Instance(const Plugin& op, std::shared_ptr<IPluginV2> plugin, bool attached, std::vector<PluginTensorDesc64> descriptions, size_t inputs)
      : op_(op), plugin_(std::move(plugin)), attached_(attached), descriptions_(std::move(descriptions)), inputs_(inputs) {}
  ~Instance() override {
    if (attached_) (void)call_plugin("detachFromContext", [&] { static_cast<IPluginV2Ext&>(*plugin_).detachFromContext(); });
  }

  Status run(const std::vector<Shape>& inputs, const std::vector<Shape>& outputs, const PluginCall& call) override {
    auto* stream = static_cast<cudaStream_t>(call.stream);
    if (!is_dynamic(op_)) {
      const int64_t batch = op_.batched && !inputs.empty() && !inputs[0].empty() ? inputs[0][0] : 1;
      return call_plugin(op_.label() + ": enqueue",
                         [&] { return plugin_->enqueue(static_cast<int32_t>(batch), call.inputs, call.outputs, call.workspace, stream); });
    }
    const auto in_count = static_cast<int32_t>(inputs_), out_count = static_cast<int32_t>(descriptions_.size() - inputs_);
    if (inputs != shapes_) {
      for (size_t i = 0; i < descriptions_.size(); ++i)
        descriptions_[i].dims = plugin_dims(op_, i < inputs_ ? inputs[i] : outputs[i - inputs_]);
      const std::vector<DynamicPluginTensorDesc64> fixed = dynamic_descriptions(descriptions_);
      TRY(call_plugin(op_.label() + ": configurePlugin",
                      [&] { dynamic(*plugin_).configurePlugin64_(fixed.data(), in_count, fixed.data() + inputs_, out_count); }));
      shapes_ = inputs;
    }
    return call_plugin(op_.label() + ": enqueue", [&] {
      return dynamic(*plugin_).enqueue64_(descriptions_.data(), in_count, descriptions_.data() + inputs_, out_count, call.inputs,
                                          call.outputs, call.workspace, stream);
    });
  }

 private:
  Plugin op_;
  std::shared_ptr<IPluginV2> plugin_;
  bool attached_;
  std::vector<PluginTensorDesc64> descriptions_;
  size_t inputs_;
  std::vector<Shape> shapes_;  // that it is configured for
};

class Ready final : public ReadyPlugin {
 public:
  Ready(const Plugin& op, std::shared_ptr<IPluginV2> plugin, nvinfer1::IGpuAllocator* allocator,
        std::vector<PluginTensorDesc64> descriptions, size_t inputs, int32_t max_batch)
      : op_(op),
        plugin_(std::move(plugin)),
        allocator_(allocator),
        descriptions_(std::move(descriptions)),
        inputs_(inputs),
        max_batch_(max_batch) {}
  ~Ready() override {
    if (initialized_) (void)call_plugin("terminate", [&] { plugin_->terminate(); });
  }
  Status initialize() {
    TRY(call_plugin(op_.label() + ": initialize", [&] { return plugin_->initialize(); }));
    initialized_ = true;
    return Ok{};
  }

  Result<size_t> workspace_bytes(const std::vector<Shape>& inputs, const std::vector<Shape>& outputs) const override {
    size_t bytes = 0;
    if (!is_dynamic(op_)) {
      if (op_.workspace > 0) return static_cast<size_t>(op_.workspace);
      TRY(call_plugin(op_.label() + ": getWorkspaceSize", [&] { bytes = plugin_->getWorkspaceSize(max_batch_); }));
      return bytes;
    }
    std::vector<PluginTensorDesc64> shaped = descriptions_;
    for (size_t i = 0; i < shaped.size(); ++i) shaped[i].dims = plugin_dims(op_, i < inputs_ ? inputs[i] : outputs[i - inputs_]);
    TRY(call_plugin(op_.label() + ": getWorkspaceSize", [&] {
      bytes = dynamic(*plugin_).getWorkspaceSize64_(shaped.data(), static_cast<int32_t>(inputs_), shaped.data() + inputs_,
                                                    static_cast<int32_t>(shaped.size() - inputs_));
    }));
    return bytes;
  }

  Result<std::unique_ptr<PluginInstance>> attach() const override {
    if (op_.kind == "v2") return std::unique_ptr<PluginInstance>(std::make_unique<Instance>(op_, plugin_, false, descriptions_, inputs_));
    TRY_ASSIGN(std::shared_ptr<IPluginV2> copy, cloned(op_, *plugin_));
    TRY(call_plugin(op_.label() + ": attachToContext",
                    [&] { static_cast<IPluginV2Ext&>(*copy).attachToContext(nullptr, nullptr, allocator_); }));
    return std::unique_ptr<PluginInstance>(std::make_unique<Instance>(op_, std::move(copy), true, descriptions_, inputs_));
  }

 private:
  Plugin op_;
  std::shared_ptr<IPluginV2> plugin_;
  nvinfer1::IGpuAllocator* allocator_;
  std::vector<PluginTensorDesc64> descriptions_;
  size_t inputs_;
  int32_t max_batch_;
  bool initialized_ = false;
};

class Adapter final : public PluginAdapter {
 public:
  Adapter(std::shared_ptr<IPluginV2> plugin, bool configured, nvinfer1::IGpuAllocator* allocator, SymbolRanges ranges = {})
      : plugin_(std::move(plugin)), configured_(configured), allocator_(allocator), ranges_(std::move(ranges)) {}

  std::shared_ptr<PluginAdapter> for_build(SymbolRanges ranges, nvinfer1::IGpuAllocator* allocator) const override {
    return std::make_shared<Adapter>(plugin_, configured_, allocator, std::move(ranges));
  }
  IPluginV2* second() const override { return plugin_.get(); }

  Result<TensorTypes> infer(const Plugin& op, const TensorTypes& inputs) const override {
    int32_t count = 0;
    TRY(call_plugin("getNbOutputs", [&] { count = plugin_->getNbOutputs(); }));
    if (count < 1) return invalid("getNbOutputs gives " + std::to_string(count) + "; there is at least one");
    std::vector<WideDims> dims;
    std::vector<nvinfer1::DataType> types;
    std::vector<DimsExprs> expressions;
    ExpressionBuilder builder;
    for (size_t i = 0; i < inputs.size(); ++i) {
      dims.push_back(plugin_dims(op, inputs[i].dims));
      types.push_back(to_api(inputs[i].type));
      expressions.push_back(builder.of(inputs[i].dims));
      for (int32_t d = 0; !is_dynamic(op) && d < dims[i].nbDims; ++d) {
        if (dims[i].d[d] < 0)
          return invalid("input " + std::to_string(i) + " is " + to_text(inputs[i].dims) +
                         "; only an IPluginV2DynamicExt or IPluginV3 takes shapes that are known at run time");
      }
    }
    const auto inputs_count = static_cast<int32_t>(inputs.size());
    TensorTypes outputs;
    for (int32_t o = 0; o < count; ++o) {
      const std::string where = "output " + std::to_string(o) + ": ";
      TensorType type;
      if (is_dynamic(op)) {
        DimsExprs shape{};
        TRY(call_plugin(where + "getOutputDimensions",
                        [&] { shape = dynamic(*plugin_).getOutputDimensions(o, expressions.data(), inputs_count, builder); }));
        auto made = builder.dims_of(shape);
        if (!made.ok()) return std::move(made).error().within(where + "getOutputDimensions");
        type.dims = std::move(made).value();
      } else {
        WideDims shape{};
        TRY(call_plugin(where + "getOutputDimensions", [&] { shape = plugin_->getOutputDimensions64_(o, dims.data(), inputs_count); }));
        auto made = to_shape(shape);
        if (!made.ok()) return std::move(made).error().within(where + "getOutputDimensions");
        if (op.batched) type.dims.push_back(inputs.empty() || inputs[0].dims.empty() ? Dim(1) : inputs[0].dims[0]);
        for (int64_t size : *made) type.dims.emplace_back(size);
      }
      type.type = inputs.empty() ? DataType::kFloat : inputs[0].type;
      if (op.kind != "v2") {
        auto& plugin = static_cast<IPluginV2Ext&>(*plugin_);
        nvinfer1::DataType told{};
        TRY(call_plugin(where + "getOutputDataType", [&] { told = plugin.getOutputDataType(o, types.data(), inputs_count); }));
        TRY_ASSIGN(type.type, to_core(told));
        bool one_for_all = false;
        const std::vector<char> none(inputs.size() + 1, 0);
        if (op.batched)
          TRY(call_plugin(where + "isOutputBroadcastAcrossBatch", [&] {
            one_for_all = plugin.isOutputBroadcastAcrossBatch(o, reinterpret_cast<const bool*>(none.data()), inputs_count);
          }));
        if (one_for_all) type.dims[0] = 1;
      }
      outputs.push_back(std::move(type));
    }
    return outputs;
  }

  Result<std::vector<Formats>> formats(const Plugin& op, const PluginTensors& inputs, const PluginTensors& outputs) const override {
    std::vector<PluginTensorDesc64> tensors = descriptions(op, inputs, outputs);
    const auto in_count = static_cast<int32_t>(inputs.size()), out_count = static_cast<int32_t>(outputs.size());
    Status failed = Ok{};
    const auto ask = [&](auto&& question) {
      bool yes = false;
      Status asked = call_plugin(op.label() + ": supportsFormat", [&] { yes = question(); });
      if (!asked.ok()) failed = std::move(asked);
      return yes;
    };
    std::vector<Formats> found;
    if (op.kind == "v2" || op.kind == "v2_ext") {
      // One type and format for all; with IPluginV2Ext, tensors that are no floats keep theirs and are linear.
      const DataType type = inputs.empty() ? outputs[0].type : inputs[0].type;
      bool fits = true;
      for (const PluginTensors* side : {&inputs, &outputs}) {
        for (const PluginTensor& tensor : *side) fits &= tensor.type == type || (op.kind == "v2_ext" && !is_floating(tensor.type));
      }
      std::vector<Format> candidates{Format::kLinear};
      int64_t rank = 4;
      for (const PluginTensors* side : {&inputs, &outputs}) {
        for (const PluginTensor& tensor : *side) rank = std::min(rank, static_cast<int64_t>(tensor.dims.size()));
      }
      const auto& others = other_formats(type, rank);
      candidates.insert(candidates.end(), others.begin(), others.end());
      for (Format format : candidates) {
        if (!fits || !ask([&] { return plugin_->supportsFormat(to_api(type), to_api(format)); })) continue;
        Formats all;
        for (const PluginTensor& tensor : inputs) all.inputs.push_back(tensor.type == type ? format : Format::kLinear);
        for (const PluginTensor& tensor : outputs) all.outputs.push_back(tensor.type == type ? format : Format::kLinear);
        found.push_back(std::move(all));
      }
    } else {
      found =
          combine(inputs, outputs, IPluginV2DynamicExt::kFORMAT_COMBINATION_LIMIT, [&](size_t place, const std::vector<Format>& chosen) {
            for (size_t i = 0; i <= place; ++i) tensors[i].format = to_api(chosen[i]);
            const auto position = static_cast<int32_t>(place);
            return ask([&] {
              return is_dynamic(op) ? dynamic(*plugin_).supportsFormatCombination64_(position, tensors.data(), in_count, out_count)
                                    : static_cast<IPluginV2IOExt&>(*plugin_).supportsFormatCombination64_(position, tensors.data(),
                                                                                                          in_count, out_count);
            });
          });
    }
    if (!failed.ok()) return std::move(failed).error();
    if (found.empty()) {
      std::string types;
      for (const PluginTensors* side : {&inputs, &outputs}) {
        for (const PluginTensor& tensor : *side) types += (types.empty() ? "" : ", ") + std::string(name_of(tensor.type));
      }
      return invalid(op.label() + " takes no format with tensors of " + types);
    }
    return found;
  }

  Result<std::shared_ptr<const ReadyPlugin>> prepare(const Plugin& op, const PluginTensors& inputs,
                                                     const PluginTensors& outputs) const override {
    TRY_ASSIGN(std::shared_ptr<IPluginV2> copy, cloned(op, *plugin_));
    if (!configured_) TRY(configure_for(op, *copy, inputs, outputs));
    auto ready =
        std::make_shared<Ready>(op, std::move(copy), allocator_, descriptions(op, inputs, outputs), inputs.size(), ranges_.max_batch);
    TRY(ready->initialize());
    return std::shared_ptr<const ReadyPlugin>(std::move(ready));
  }

  Result<std::shared_ptr<PluginAdapter>> configure(Plugin& op, const PluginTensors& inputs, const PluginTensors& outputs) const override {
    TRY_ASSIGN(std::shared_ptr<IPluginV2> copy, cloned(op, *plugin_));
    TRY(configure_for(op, *copy, inputs, outputs));
    size_t size = 0;
    TRY(call_plugin(op.label() + ": getSerializationSize", [&] { size = copy->getSerializationSize(); }));
    if (size > (size_t{1} << 40)) return invalid(op.label() + ": getSerializationSize gives " + std::to_string(size) + " bytes");
    TRY_ASSIGN(op.state, Array::make(DataType::kUint8, {static_cast<int64_t>(size)}));
    TRY(call_plugin(op.label() + ": serialize", [&] { copy->serialize(op.state.mutable_data()); }));
    if (!is_dynamic(op))
      TRY(call_plugin(op.label() + ": getWorkspaceSize",
                      [&] { op.workspace = static_cast<int64_t>(copy->getWorkspaceSize(ranges_.max_batch)); }));
    return std::shared_ptr<PluginAdapter>(std::make_shared<Adapter>(std::move(copy), true, allocator_, ranges_));
  }

 private:
  Status configure_for(const Plugin& op, IPluginV2& plugin, const PluginTensors& inputs, const PluginTensors& outputs) const {
    const auto in_count = static_cast<int32_t>(inputs.size()), out_count = static_cast<int32_t>(outputs.size());
    const std::string what = op.label() + (op.kind == "v2" ? ": configureWithFormat" : ": configurePlugin");
    if (is_dynamic(op)) {
      const auto tensors = dynamic_descriptions(op, inputs, outputs, ranges_);
      return call_plugin(what, [&] { dynamic(plugin).configurePlugin64_(tensors.data(), in_count, tensors.data() + in_count, out_count); });
    }
    const auto tensors = descriptions(op, inputs, outputs);
    if (op.kind == "v2_ioext") {
      return call_plugin(what, [&] {
        static_cast<IPluginV2IOExt&>(plugin).configurePlugin64_(tensors.data(), in_count, tensors.data() + in_count, out_count);
      });
    }
    std::vector<WideDims> dims;
    std::vector<nvinfer1::DataType> types;
    nvinfer1::TensorFormat format = tensors[0].format;
    for (const PluginTensorDesc64& tensor : tensors) {
      dims.push_back(tensor.dims);
      types.push_back(tensor.type);
      if (tensor.format != nvinfer1::TensorFormat::kLINEAR) format = tensor.format;
    }
    if (op.kind == "v2") {
      return call_plugin(what, [&] {
        plugin.configureWithFormat64_(dims.data(), in_count, dims.data() + in_count, out_count, types[0], format, ranges_.max_batch);
      });
    }
    const std::vector<char> none(tensors.size(), 0);
    const auto* no = reinterpret_cast<const bool*>(none.data());
    return call_plugin(what, [&] {
      static_cast<IPluginV2Ext&>(plugin).configurePlugin64_(dims.data(), in_count, dims.data() + in_count, out_count, types.data(),
                                                            types.data() + in_count, no, no, format, ranges_.max_batch);
    });
  }

  std::shared_ptr<IPluginV2> plugin_;
  bool configured_;  // as a plan keeps it
  nvinfer1::IGpuAllocator* allocator_;
  SymbolRanges ranges_;
};

}  // namespace

Result<std::unique_ptr<Plugin>> plugin_operator(IPluginV2& plugin, bool batched) {
  if (is_stock_plugin(plugin)) return stock_operator(plugin);
  auto op = std::make_unique<Plugin>();
  TRY(call_plugin("a plugin: getPluginType", [&] {
    const auto text = [](const char* given) { return std::string(given ? given : ""); };
    op->kind = kind_of(plugin);
    op->type = text(plugin.getPluginType());
    op->version = text(plugin.getPluginVersion());
    op->space = text(plugin.getPluginNamespace());
  }));
  if (is_dynamic(*op) && batched) return invalid(op->label() + " is an IPluginV2DynamicExt, which needs a network with explicit batch");
  op->batched = batched;
  TRY_ASSIGN(std::shared_ptr<IPluginV2> copy, cloned(*op, plugin));
  op->code = std::make_shared<Adapter>(std::move(copy), false, nullptr);
  return op;
}

std::shared_ptr<PluginAdapter> adapt(IPluginV2* plugin, const Plugin&, nvinfer1::IGpuAllocator* allocator) {
  return std::make_shared<Adapter>(owned(plugin), true, allocator);
}

}  // namespace ingot::api
