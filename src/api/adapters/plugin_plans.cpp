#include "api/adapters/plugin_plans.h"

#include "NvInferConsistency.h"
#include "api/adapters/plugin_v3.h"
#include "api/plugin_registry.h"
#include "operators/constant.h"
#include "operators/dequantize.h"
#include "operators/elementwise.h"
#include "operators/quantize.h"
#include "tactics/layout.h"
#include "tactics/problem.h"

namespace ingot::api {
namespace {

// The least and most that any profile allows, and the first one's typical shapes.
Result<SymbolRanges> ranges_of(const Network& network, int32_t max_batch) {
  SymbolRanges ranges;
  ranges.max_batch = max_batch;
  for (const Profile& profile : network.profiles) {
    SymbolValues least, opt, most;
    for (const Tensor* input : network.inputs()) {
      const auto bind = [&](const Dims& dims, const ProfileEntry& entry) -> Status {
        TRY(bind_symbols(dims, entry.min, &least));
        TRY(bind_symbols(dims, entry.opt, &opt));
        return bind_symbols(dims, entry.max, &most);
      };
      if (const auto entry = profile.shapes.find(input->name); entry != profile.shapes.end())
        TRY(bind(input->type.dims, entry->second).within("profile, input '" + input->name + "'"));
      const auto values = profile.values.find(input->name);
      if (values != profile.values.end() && input->type.values)
        TRY(bind(*input->type.values, values->second).within("profile, values of '" + input->name + "'"));
    }
    for (const auto& [symbol, value] : least) {
      const auto [entry, fresh] = ranges.least.emplace(symbol, value);
      if (!fresh) entry->second = std::min(entry->second, value);
    }
    for (const auto& [symbol, value] : most) {
      const auto [entry, fresh] = ranges.most.emplace(symbol, value);
      if (!fresh) entry->second = std::max(entry->second, value);
    }
    ranges.opt.insert(opt.begin(), opt.end());
  }
  for (const auto& [symbol, most] : network.symbol_bounds()) ranges.least.emplace(symbol, 0);
  bind_bounds(network, &ranges.opt);
  bind_bounds(network, &ranges.most);
  return ranges;
}

PluginTensors tensors_of(const std::vector<Tensor*>& tensors, size_t count, const std::vector<Format>* formats) {
  PluginTensors result;
  for (size_t i = 0; i < count; ++i) {
    const TensorType& type = tensors[i]->type;
    result.push_back({type.type, type.dims, formats && i < formats->size() ? usual_format((*formats)[i], type.rank()) : Format::kLinear});
  }
  return result;
}

bool takes_types(const Layer& layer) {
  const auto& op = *layer.as<Plugin>();
  return op.code
      ->formats(op, tensors_of(layer.inputs(), op.code_inputs(layer.inputs().size()), nullptr),
                tensors_of(layer.outputs(), layer.outputs().size(), nullptr))
      .ok();
}

// layer(x) => cast(layer(cast(x))) with the first type of floats that the plugin takes.
Status convert_for(Network& network, Layer* layer) {
  for (DataType type : {DataType::kFloat, DataType::kHalf, DataType::kBf16}) {
    const auto& op = *layer->as<Plugin>();
    const size_t own = op.code_inputs(layer->inputs().size());
    TensorTypes types;
    for (size_t i = 0; i < layer->inputs().size(); ++i) {
      types.push_back(layer->input(i)->type);
      if (i < own && is_floating(types[i].type)) types[i].type = type;
    }
    auto outputs = op.infer(types);
    if (!outputs.ok()) continue;
    PluginTensors in, out;
    for (size_t i = 0; i < own; ++i) in.push_back({types[i].type, types[i].dims, Format::kLinear});
    for (const TensorType& output : *outputs) out.push_back({output.type, output.dims, Format::kLinear});
    if (!op.code->formats(op, in, out).ok()) continue;
    std::vector<Tensor*> inputs;
    for (size_t i = 0; i < layer->inputs().size(); ++i) {
      inputs.push_back(layer->input(i));
      if (inputs[i]->type.type == types[i].type) continue;
      TRY_ASSIGN(inputs[i], network.add(Elementwise::cast(types[i].type), {inputs[i]}));
    }
    TRY_ASSIGN(Layer * fresh, network.add_layer(op.clone(), std::move(inputs)));
    for (size_t o = 0; o < layer->outputs().size(); ++o) {
      Tensor* result = fresh->output(o);
      if (result->type.type != layer->output(o)->type.type) {
        TRY_ASSIGN(result, network.add(Elementwise::cast(layer->output(o)->type.type), {result}));
      }
      TRY(network.replace_all_uses(layer->output(o), result));
    }
    const std::string name = layer->name;
    network.remove_layer(layer);
    fresh->name = name;
    return Ok{};
  }
  // None fits: say so for the types that are here.
  const auto& op = *layer->as<Plugin>();
  auto declined = op.code->formats(op, tensors_of(layer->inputs(), op.code_inputs(layer->inputs().size()), nullptr),
                                   tensors_of(layer->outputs(), layer->outputs().size(), nullptr));
  return declined.ok() ? Status(Ok{}) : Status(std::move(declined).error().within("layer '" + layer->name + "'"));
}

// The scale of a tensor with a range, as symmetric bytes have it.
std::optional<double> scale_of(const Tensor& tensor) {
  const float largest = std::max(std::fabs(tensor.range_min), std::fabs(tensor.range_max));
  if (!(largest > 0) || std::isinf(largest)) return std::nullopt;
  return static_cast<double>(largest / 127.0f);
}

// layer(x) => dequantize(layer(quantize(x))) where all of its floating inputs have ranges and the plugin takes bytes for them, with its
// floating outputs as bytes too or, without ranges for them, as it tells them. False where it stays.
Result<bool> run_on_bytes(Network& network, Layer* layer) {
  const auto& op = *layer->as<Plugin>();
  if (layer->precision && *layer->precision != DataType::kInt8) return false;
  const size_t own = op.code_inputs(layer->inputs().size());
  TensorTypes in;
  std::vector<double> scales;
  bool any = false;
  for (size_t i = 0; i < layer->inputs().size(); ++i) {
    const Tensor* input = layer->input(i);
    in.push_back(input->type);
    if (i >= own) continue;
    const bool to_bytes = is_floating(input->type.type);
    const auto scale = to_bytes ? scale_of(*input) : std::optional<double>(1);
    if (!scale) return false;
    if (to_bytes) in[i].type = DataType::kInt8;
    any |= to_bytes;
    scales.push_back(*scale);
  }
  auto told = any ? op.infer(in) : Result<TensorTypes>(TensorTypes{});
  if (!told.ok() || told->size() != layer->outputs().size()) return false;
  PluginTensors asked, gives;
  for (size_t i = 0; i < own; ++i) asked.push_back({in[i].type, in[i].dims, Format::kLinear});
  for (const bool all_bytes : {true, false}) {
    TensorTypes out = *told;
    std::vector<double> out_scales;
    gives.clear();
    bool has_ranges = true;
    for (size_t o = 0; o < out.size(); ++o) {
      if (all_bytes && is_floating(out[o].type)) out[o].type = DataType::kInt8;
      const bool is_byte = out[o].type == DataType::kInt8;
      const auto scale = is_byte ? scale_of(*layer->output(o)) : std::optional<double>(1);
      has_ranges &= scale.has_value() || layer->output(o)->type.type == DataType::kInt8;
      out_scales.push_back(scale.value_or(1));
      gives.push_back({out[o].type, out[o].dims, Format::kLinear});
    }
    if (!has_ranges || !op.code->formats(op, asked, gives).ok()) continue;
    auto with = std::make_unique<Plugin>(op);
    with->record(in, out, own);
    with->scales = scales;
    with->scales.insert(with->scales.end(), out_scales.begin(), out_scales.end());
    const auto scale_constant = [&](double scale) { return network.add_constant("scale", Array::scalar(DataType::kFloat, scale)); };
    std::vector<Tensor*> inputs = layer->inputs();
    for (size_t i = 0; i < own; ++i) {
      if (in[i].type == inputs[i]->type.type) continue;
      TRY_ASSIGN(inputs[i], network.add(Quantize{}, {inputs[i], scale_constant(scales[i])}));
    }
    TRY_ASSIGN(Layer * fresh, network.add_layer(std::move(with), std::move(inputs)));
    for (size_t o = 0; o < out.size(); ++o) {
      Tensor* result = fresh->output(o);
      const DataType wanted = layer->output(o)->type.type;
      if (result->type.type == DataType::kInt8 && is_floating(wanted)) {
        Dequantize back;
        back.to = wanted;
        TRY_ASSIGN(result, network.add(back, {result, scale_constant(out_scales[o])}));
      } else if (result->type.type != wanted) {
        TRY_ASSIGN(result, network.add(Elementwise::cast(wanted), {result}));
      }
      TRY(network.replace_all_uses(layer->output(o), result));
    }
    const std::string name = layer->name;
    network.remove_layer(layer);
    fresh->name = name;
    return true;
  }
  return false;
}

// Bytes of the network have the scales of their ranges, or of the layers that quantize and dequantize them.
void note_scales(Layer& layer) {
  auto& op = static_cast<Plugin&>(layer.mutable_op());
  const size_t own = op.code_inputs(layer.inputs().size());
  std::vector<double> scales(own + layer.outputs().size(), 1);
  bool any = false;
  const auto note = [&](size_t place, const Layer* beside) {
    const Tensor* scale = beside ? beside->input(1) : nullptr;
    if (scale && scale->producer() && scale->producer()->as<Constant>()) scale = scale->producer()->input(0);
    if (!scale || !scale->constant.data() || scale->constant.count() != 1) return;
    scales[place] = scale->constant.number(0);
    any = true;
  };
  const auto note_range = [&](size_t place, const Tensor& tensor) {
    const auto scale = tensor.type.type == DataType::kInt8 ? scale_of(tensor) : std::nullopt;
    if (scale) scales[place] = *scale;
    any |= scale.has_value();
  };
  for (size_t i = 0; i < own; ++i) {
    const Tensor* input = layer.input(i);
    note_range(i, *input);
    if (input->type.type == DataType::kInt8 && input->producer() && input->producer()->as<Quantize>()) note(i, input->producer());
  }
  for (size_t o = 0; o < layer.outputs().size(); ++o) {
    const Tensor* output = layer.output(o);
    note_range(own + o, *output);
    for (const Layer* reader : output->readers()) {
      if (output->type.type == DataType::kInt8 && reader->as<Dequantize>() && reader->input(0) == output) note(own + o, reader);
    }
  }
  if (any) op.scales = std::move(scales);
}

// All plugins of a network and of those inside it.
template <class Work>
Status for_each_plugin(Network& network, Work&& work, int depth = 0) {
  if (depth > 16) return invalid("networks are nested more than 16 deep");
  for (size_t i = 0; i < network.layers().size(); ++i) {
    Layer& layer = *network.layers()[i];
    if (auto* op = dynamic_cast<Plugin*>(&layer.mutable_op()))
      TRY(work(network, i, layer, *op, depth).within("layer '" + layer.name + "'"));
    for (const std::shared_ptr<Network>& inner : layer.op().subnetworks()) {
      if (inner) TRY(for_each_plugin(*inner, work, depth + 1));
    }
  }
  return Ok{};
}

std::string registered(nvinfer1::IPluginRegistry& registry) {
  int32_t count = 0;
  nvinfer1::IPluginCreatorInterface* const* creators = registry.getAllCreatorsRecursive(&count);
  std::string names;
  for (int32_t i = 0; i < count; ++i) {
    const auto identity = identify(*creators[i]);
    if (identity.ok())
      names += (names.empty() ? "'" : ", '") + identity->name + "' version '" + identity->version + "'" +
               (identity->space.empty() ? "" : " of '" + identity->space + "'");
  }
  return names.empty() ? "no creator is registered" : "there are creators of " + names;
}

}  // namespace

Status prepare_plugins(Network& network, bool strongly_typed, bool allow_int8, int32_t max_batch, Device& device,
                       nvinfer1::IGpuAllocator* allocator) {
  std::vector<Layer*> plugins;
  for (const auto& layer : network.layers()) {
    if (const auto* op = layer->as<Plugin>(); op && op->code) plugins.push_back(layer.get());
  }
  if (plugins.empty()) return Ok{};
  TRY_ASSIGN(SymbolRanges ranges, ranges_of(network, max_batch));
  ranges.device = &device;
  for (Layer* layer : plugins) {
    auto& op = static_cast<Plugin&>(layer->mutable_op());
    op.code = static_cast<const PluginAdapter&>(*op.code).for_build(ranges, allocator);
    note_scales(*layer);
    if (allow_int8 && !strongly_typed) {
      const std::string where = "layer '" + layer->name + "'";
      TRY_ASSIGN(const bool on_bytes, run_on_bytes(network, layer).within(where));
      if (on_bytes) continue;
    }
    if (takes_types(*layer)) continue;
    if (strongly_typed) {
      auto declined = op.code->formats(op, tensors_of(layer->inputs(), op.code_inputs(layer->inputs().size()), nullptr),
                                       tensors_of(layer->outputs(), layer->outputs().size(), nullptr));
      if (!declined.ok()) return std::move(declined).error().within("layer '" + layer->name + "'");
    }
    TRY(convert_for(network, layer));
  }
  return network.sort_layers();
}

Status configure_plugins(Plan& plan) {
  return for_each_plugin(*plan.network, [&](Network&, size_t index, Layer& layer, Plugin& op, int depth) -> Status {
    if (!op.code) return Ok{};
    const Choice* choice = depth == 0 ? &plan.choices[index] : nullptr;  // those inside run on linear tensors
    const size_t own = op.code_inputs(layer.inputs().size());
    const PluginTensors inputs = tensors_of(layer.inputs(), own, choice ? &choice->input_formats : nullptr);
    const PluginTensors outputs = tensors_of(layer.outputs(), layer.outputs().size(), choice ? &choice->output_formats : nullptr);
    TRY_ASSIGN(op.code, static_cast<const PluginAdapter&>(*op.code).configure(op, inputs, outputs));
    const std::string remark = static_cast<const PluginAdapter&>(*op.code).metadata();
    if (!remark.empty()) layer.metadata += (layer.metadata.empty() ? "" : " ") + remark;
    TensorTypes reads, gives;
    for (const Tensor* input : layer.inputs()) reads.push_back(input->type);
    for (const Tensor* output : layer.outputs()) gives.push_back(output->type);
    op.record(reads, gives, own);
    return Ok{};
  });
}

Status hand_over_plugins(Network& from, Network& to) {
  std::vector<std::shared_ptr<const PluginCode>> codes;
  TRY(for_each_plugin(from, [&](Network&, size_t, Layer&, Plugin& op, int) -> Status {
    codes.push_back(op.code);
    return Ok{};
  }));
  size_t next = 0;
  return for_each_plugin(to, [&](Network&, size_t, Layer&, Plugin& op, int) -> Status {
    if (next == codes.size()) return internal("the plan that was read back has more plugins than the one that was written");
    op.code = codes[next++];
    return Ok{};
  });
}

void load_plugin_libraries(const Plan& plan, nvinfer1::IPluginRegistry& registry, bool allowed, Log& log) {
  const std::string paths = plan.property(kPluginLibrariesProperty);
  for (size_t begin = 0; begin < paths.size();) {
    const size_t end = std::min(paths.find('\n', begin), paths.size());
    const std::string path = paths.substr(begin, end - begin);
    begin = end + 1;
    if (!allowed) {
      log.warning("the plan names '" + path + "' as a library of its plugins; call setEngineHostCodeAllowed(true) to have it loaded");
    } else if (!registry.loadLibrary(path.c_str())) {
      log.warning("the plan names '" + path + "' as a library of its plugins, which cannot be loaded");
    }
  }
}

Status restore_plugins(Network& network, nvinfer1::IPluginRegistry& registry, nvinfer1::IPluginFactory* factory,
                       nvinfer1::IGpuAllocator* allocator, Device& device, bool code_allowed) {
  return for_each_plugin(network, [&](Network&, size_t, Layer& layer, Plugin& op, int) -> Status {
    const void* data = op.state.data();
    const size_t size = op.state.byte_count();
    if (op.kind == "v1" || op.kind == "v1_ext") {
      if (!factory)
        return invalid(op.label() +
                       ": the plan holds plugins of generation 4; give deserializeCudaEngine an IPluginFactory that makes them");
      nvinfer1::IPlugin* made = nullptr;
      TRY(call_plugin("IPluginFactory::createPlugin",
                      [&]() -> bool { return (made = factory->createPlugin(layer.name.c_str(), data, size)) != nullptr; }));
      op.code = adapt(made, op, allocator);
      return Ok{};
    }
    if (op.kind == "v3_aot") {
      if (!code_allowed)
        return invalid(op.label() +
                       ": the plan holds its compiled kernel, which is code; call setEngineHostCodeAllowed(true) of the runtime " +
                       "before, if you trust where the plan comes from");
      TRY_ASSIGN(op.code, restore_aot(op, device));
      return Ok{};
    }
    nvinfer1::IPluginCreatorInterface* creator = registry.getCreator(op.type.c_str(), op.version.c_str(), op.space.c_str());
    if (!creator) return invalid(op.label() + " has no creator; " + registered(registry));
    TRY_ASSIGN(const CreatorIdentity identity, identify(*creator));
    if (identity.is_v3 != op.kind.starts_with("v3") || identity.is_quick != (op.kind == "v3_quick"))
      return invalid(op.label() + ": the plan holds an " +
                     (op.kind == "v3_quick" ? "IPluginV3 of the Quick kind"
                      : op.kind == "v3"     ? "IPluginV3"
                                            : "IPluginV2") +
                     ", but the creator makes another kind");
    if (identity.is_v3) {
      TRY_ASSIGN(const std::unique_ptr<FieldList> fields, fields_from_bytes(op.state));
      nvinfer1::IPluginV3* made = nullptr;
      TRY(call_plugin(op.label() + ": createPlugin", [&]() -> bool {
        constexpr auto kPhase = nvinfer1::TensorRTPhase::kRUNTIME;
        if (identity.is_quick)
          made = static_cast<nvinfer1::IPluginCreatorV3Quick*>(creator)->createPlugin(
              layer.name.c_str(), op.space.c_str(), &fields->collection, kPhase, nvinfer1::QuickPluginCreationRequest::kSTRICT_JIT);
        else
          made = static_cast<nvinfer1::IPluginCreatorV3One*>(creator)->createPlugin(layer.name.c_str(), &fields->collection, kPhase);
        return made != nullptr;
      }));
      op.code = adapt(made, op, allocator);
      return Ok{};
    }
    nvinfer1::IPluginV2* made = nullptr;
    TRY(call_plugin(op.label() + ": deserializePlugin", [&]() -> bool {
      made = static_cast<nvinfer1::IPluginCreator*>(creator)->deserializePlugin(layer.name.c_str(), data, size);
      return made != nullptr;
    }));
    op.code = adapt(made, op, allocator);
    return Ok{};
  });
}

Status check_plugins(const Plan& plan, nvinfer1::IPluginRegistry& registry) {
  return for_each_plugin(*plan.network, [&](Network&, size_t index, Layer& layer, Plugin& op, int depth) -> Status {
    const auto* creator = op.kind.starts_with("v2") ? registry.getCreator(op.type.c_str(), op.version.c_str(), op.space.c_str()) : nullptr;
    const auto* checker = dynamic_cast<const nvinfer1::consistency::IPluginChecker*>(creator);
    if (!checker) return Ok{};
    const Choice* choice = depth == 0 ? &plan.choices[index] : nullptr;
    const PluginTensors inputs = tensors_of(layer.inputs(), layer.inputs().size(), choice ? &choice->input_formats : nullptr);
    const PluginTensors outputs = tensors_of(layer.outputs(), layer.outputs().size(), choice ? &choice->output_formats : nullptr);
    const auto tensors = descriptions(op, inputs, outputs);
    bool is_whole = false;
    TRY(call_plugin(op.label() + ": validate", [&] {
      is_whole = checker->validate64_(layer.name.c_str(), op.state.data(), op.state.byte_count(), tensors.data(), inputs.size(),
                                      tensors.data() + inputs.size(), outputs.size(), op.workspace);
    }));
    return is_whole ? Status(Ok{}) : invalid(op.label() + ": its creator refuses the state that the plan holds (IPluginChecker::validate)");
  });
}

}  // namespace ingot::api
