// What a network learns of an IPluginV3: its name, the types and shapes of its outputs, what it writes over.
#include "api/adapters/plugin_v3.h"
#include "api/plugins/stock.h"
#include "operators/runtime_dims.h"
#include "tactics/layout.h"
#include "tactics/problem.h"

namespace ingot::api {

using nvinfer1::IPluginV3;
using nvinfer1::IPluginV3OneBuild;
using nvinfer1::IPluginV3OneBuildV2;
using nvinfer1::IPluginV3OneCore;
using nvinfer1::IPluginV3QuickBuild;
using nvinfer1::IPluginV3QuickCore;
using nvinfer1::PluginCapabilityType;

namespace {

void drop(IPluginV3* gone) {
  (void)call_plugin("the destructor", [&] { delete gone; });
}

std::string kind_of(const nvinfer1::IPluginCapability& given) {
  const char* kind = given.getInterfaceInfo().kind;
  return kind ? kind : "";
}

bool is_quick(const nvinfer1::IPluginCapability& build) { return kind_of(build).starts_with("PLUGIN_V3QUICK"); }

// The build capabilities of both kinds say so with functions of the same names.
template <class Build>
Result<TensorTypes> shapes_by(Build* build, const TensorTypes& inputs, size_t shape_inputs, const std::vector<std::string>& names,
                              std::vector<DeclaredSize>* declared) {
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
  TRY(call_plugin("getOutputDataTypes", [&] {
    if constexpr (std::is_same_v<Build, IPluginV3QuickBuild>) {
      std::vector<int32_t> ranks;
      for (size_t i = 0; i < own; ++i) ranks.push_back(static_cast<int32_t>(inputs[i].dims.size()));
      return build->getOutputDataTypes(made_types.data(), count, types.data(), ranks.data(), static_cast<int32_t>(own));
    } else {
      return build->getOutputDataTypes(made_types.data(), count, types.data(), static_cast<int32_t>(own));
    }
  }));
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

}  // namespace

std::shared_ptr<IPluginV3> owned(IPluginV3* plugin) { return {plugin, drop}; }

Result<std::shared_ptr<IPluginV3>> cloned(const Plugin& op, IPluginV3& plugin) {
  IPluginV3* copy = nullptr;
  TRY(call_plugin(op.label() + ": clone", [&]() -> bool { return (copy = plugin.clone()) != nullptr; }));
  return owned(copy);
}

OpenSizes::OpenSizes(const Plugin& op, const PluginTensors& outputs) {
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

void OpenSizes::mark(size_t output, WideDims& dims) const {
  if (output >= open_.size()) return;
  for (int32_t d = 0; d < dims.nbDims && static_cast<size_t>(d) < open_[output].size(); ++d) {
    if (open_[output][static_cast<size_t>(d)]) dims.d[d] = -1;
  }
}

Result<int64_t> fastest_tactic(const Plugin& op, const std::vector<int32_t>& tactics, const SymbolRanges& ranges,
                               const PluginTensors& inputs, const PluginTensors& outputs,
                               const std::function<Result<std::shared_ptr<const ReadyPlugin>>(const Plugin& with)>& make) {
  if (!ranges.device) return internal(op.label() + " has no device to be timed on");
  Device& device = *ranges.device;
  const auto memory = [&device](size_t bytes) -> Result<std::shared_ptr<void>> {
    TRY_ASSIGN(void* address, device.allocate(std::max<size_t>(bytes, 1)));
    std::shared_ptr<void> taken(address, [&device](void* gone) { device.release(gone); });
    const std::vector<std::byte> zeros(bytes);
    if (bytes > 0) TRY(device.copy(address, zeros.data(), bytes, {}));
    return taken;
  };
  SymbolValues typical = ranges.most;
  for (const auto& [symbol, value] : ranges.opt) typical[symbol] = value;
  std::vector<Shape> shapes[2];
  std::vector<std::shared_ptr<void>> kept;
  std::vector<void*> addresses[2];
  for (int side = 0; side < 2; ++side) {
    for (const PluginTensor& tensor : side ? outputs : inputs) {
      Shape shape;
      for (const Dim& dim : tensor.dims) shape.push_back(dim.evaluate(typical).value_or(1));
      shapes[side].push_back(std::move(shape));
      TRY_ASSIGN(size_t bytes, storage_bytes(tensor.type, tensor.format, shapes[side].back()));
      TRY_ASSIGN(std::shared_ptr<void> taken, memory(bytes));
      addresses[side].push_back(taken.get());
      kept.push_back(std::move(taken));
    }
  }
  TRY_ASSIGN(const std::shared_ptr<void> workspace, memory(static_cast<size_t>(op.workspace)));
  const std::vector<const void*> in(addresses[0].begin(), addresses[0].end());
  int64_t chosen = 0;
  double best = 0;
  for (int32_t tactic : tactics) {
    Plugin with = op;
    with.tactic = tactic;
    TRY_ASSIGN(const std::shared_ptr<const ReadyPlugin> ready, make(with));
    TRY_ASSIGN(std::unique_ptr<PluginInstance> instance, ready->attach());
    const auto run = [&](Stream stream) {
      return instance->run(shapes[0], shapes[1], {in.data(), addresses[1].data(), workspace.get(), stream.handle});
    };
    TRY_ASSIGN(double ms, device.measure_ms(run));  // the first run warms up
    for (int again = 0; again < 3; ++again) {
      TRY_ASSIGN(double once, device.measure_ms(run));
      ms = again == 0 ? once : std::min(ms, once);
    }
    if (chosen == 0 || ms < best) {
      chosen = tactic;
      best = ms;
    }
  }
  return chosen;
}

Result<TensorTypes> shapes_of(IPluginV3& plugin, const TensorTypes& inputs, size_t shape_inputs, const std::vector<std::string>& names,
                              std::vector<DeclaredSize>* declared) {
  TRY_ASSIGN(nvinfer1::IPluginCapability * build, capability<nvinfer1::IPluginCapability>(plugin, PluginCapabilityType::kBUILD, "build"));
  if (is_quick(*build)) return shapes_by(static_cast<IPluginV3QuickBuild*>(build), inputs, shape_inputs, names, declared);
  return shapes_by(static_cast<IPluginV3OneBuild*>(build), inputs, shape_inputs, names, declared);
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

namespace {

// By its core capability, of either kind.
template <class Core>
Status name_plugin(Plugin& op, Core* core) {
  return call_plugin("a plugin: getPluginName", [&] {
    const auto text = [](const char* given) { return std::string(given ? given : ""); };
    op.type = text(core->getPluginName());
    op.version = text(core->getPluginVersion());
    op.space = text(core->getPluginNamespace());
  });
}

template <class Build>
Status note_aliases(Plugin& op, Build* build) {
  int32_t outputs = 0;
  TRY(call_plugin(op.label() + ": getNbOutputs", [&] { outputs = build->getNbOutputs(); }));
  bool any = false;
  for (int32_t o = 0; o < outputs; ++o) {
    int32_t alias = -1;
    TRY(call_plugin(op.label() + ": getAliasedInput", [&] { alias = build->getAliasedInput(o); }));
    op.aliases.push_back(alias);
    any |= alias >= 0;
  }
  if (!any) op.aliases.clear();
  return Ok{};
}

}  // namespace

Result<std::unique_ptr<Plugin>> plugin_operator(IPluginV3& plugin, size_t shape_inputs) {
  if (is_stock_plugin(plugin)) return stock_operator(plugin);
  auto op = std::make_unique<Plugin>();
  op->shape_inputs = static_cast<int64_t>(shape_inputs);
  using Any = nvinfer1::IPluginCapability;
  TRY_ASSIGN(Any * core, capability<Any>(plugin, PluginCapabilityType::kCORE, "core"));
  const bool quick = is_quick(*core);
  if (quick)
    TRY(name_plugin(*op, static_cast<IPluginV3QuickCore*>(core)));
  else
    TRY(name_plugin(*op, static_cast<IPluginV3OneCore*>(core)));
  TRY_ASSIGN(std::shared_ptr<IPluginV3> copy, cloned(*op, plugin));
  TRY_ASSIGN(Any * build, capability<Any>(*copy, PluginCapabilityType::kBUILD, "build"));
  if (is_quick(*build) != quick)
    return invalid(op->label() + " has the capabilities " + kind_of(*core) + " and " + kind_of(*build) + ", which do not belong together");
  if (quick) {
    op->kind = kind_of(*build) == "PLUGIN_V3QUICKAOT_BUILD" ? "v3_aot" : "v3_quick";
    TRY(note_aliases(*op, static_cast<IPluginV3QuickBuild*>(build)));
    op->code = op->kind == "v3_aot" ? adapt_aot(std::move(copy)) : adapt_quick(std::move(copy), false);
    return op;
  }
  op->kind = "v3";
  if (kind_of(*build) == "PLUGIN_V3ONE_BUILD" && build->getInterfaceInfo().major >= 2)
    TRY(note_aliases(*op, static_cast<IPluginV3OneBuildV2*>(build)));
  op->code = adapt_one(std::move(copy), false, nullptr);
  return op;
}

std::shared_ptr<PluginAdapter> adapt(IPluginV3* plugin, const Plugin& op, nvinfer1::IGpuAllocator* allocator) {
  return op.kind == "v3_quick" ? adapt_quick(owned(plugin), true) : adapt_one(owned(plugin), true, allocator);
}

}  // namespace ingot::api
