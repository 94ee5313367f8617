#include "api/plugins/stock.h"

#include <algorithm>
#include <cmath>
#include <cstring>

#include "api/adapters/plugin_adapter.h"
#include "api/plugins/living.h"
#include "base/byte_reader.h"
#include "operators/elementwise.h"

namespace ingot::api {
namespace {

using nvinfer1::DataType;
using nvinfer1::DimsExprs;
using nvinfer1::DynamicPluginTensorDesc;
using nvinfer1::IExprBuilder;
using nvinfer1::PluginTensorDesc;
using nvinfer1::PluginTensorDesc64;

// Among the fields: the shapes that a plugin of generation 4 was configured for, each as its rank and dims.
constexpr const char* kShapes = " shapes";

std::vector<nvinfer1::Dims64> read_shapes(const std::vector<double>& numbers) {
  std::vector<nvinfer1::Dims64> shapes;
  for (size_t at = 0; at < numbers.size();) {
    nvinfer1::Dims64 shape{};
    const double rank = numbers[at++];
    if (!(rank >= 0 && rank <= nvinfer1::Dims64::MAX_DIMS) || numbers.size() - at < static_cast<size_t>(rank)) return {};
    shape.nbDims = static_cast<int32_t>(rank);
    for (int32_t d = 0; d < shape.nbDims; ++d) {
      if (!(numbers[at] >= 0 && numbers[at] < 1e12)) return {};
      shape.d[d] = static_cast<int64_t>(numbers[at++]);
    }
    shapes.push_back(shape);
  }
  return shapes;
}

class StockPlugin final : public nvinfer1::IPluginV2DynamicExt {
 public:
  StockPlugin(const StockKind& kind, StockFields fields)
      : kind_(kind), fields_(std::move(fields)), outputs_(kind.outputs(fields_)), shapes_(read_shapes(fields_.numbers(kShapes))) {
    Living::plugins().add(static_cast<const nvinfer1::IPluginV2*>(this));
  }
  ~StockPlugin() override { Living::plugins().remove(static_cast<const nvinfer1::IPluginV2*>(this)); }
  const StockKind& kind() const { return kind_; }
  const StockFields& fields() const { return fields_; }

  // What the layers give for inputs of these types.
  Result<TensorTypes> infer(const TensorTypes& inputs) const {
    Network scratch;
    TRY_ASSIGN(const Tensors outputs, wired(scratch, inputs));
    TensorTypes types;
    for (const Tensor* output : outputs) types.push_back(output->type);
    return types;
  }

  nvinfer1::AsciiChar const* getPluginType() const noexcept override { return kind_.name.c_str(); }
  nvinfer1::AsciiChar const* getPluginVersion() const noexcept override { return kind_.version.c_str(); }
  void setPluginNamespace(nvinfer1::AsciiChar const* space) noexcept override {
    (void)call_plugin("", [&] { space_ = space ? space : ""; });
  }
  nvinfer1::AsciiChar const* getPluginNamespace() const noexcept override { return space_.c_str(); }
  int32_t getNbOutputs() const noexcept override { return static_cast<int32_t>(outputs_.size()); }
  int32_t initialize() noexcept override { return 0; }
  void terminate() noexcept override {}
  nvinfer1::IPluginV2DynamicExt* clone() const noexcept override {
    StockPlugin* copy = nullptr;
    (void)call_plugin("", [&] {
      copy = new StockPlugin(kind_, fields_);
      copy->space_ = space_;
    });
    return copy;
  }
  void destroy() noexcept override { delete this; }

  DataType getOutputDataType(int32_t index, DataType const* types, int32_t count) const noexcept override {
    if (index < 0 || index >= getNbOutputs()) return DataType::kFLOAT;
    const char letter = outputs_[static_cast<size_t>(index)];
    if (letter == 'i') return DataType::kINT32;
    if (letter == 'h') return DataType::kHALF;
    return letter == 'x' && types && count > 0 ? types[0] : DataType::kFLOAT;
  }

  // Shapes without the batch, as programs of an implicit batch ask.
  nvinfer1::Dims64 getOutputDimensions64_(int32_t index, nvinfer1::Dims64 const* inputs, int32_t count) noexcept override {
    nvinfer1::Dims64 result = invalid_dims();
    (void)call_plugin("", [&] {
      TensorTypes types;
      for (int32_t i = 0; i < count; ++i) {
        const auto shape = to_shape(inputs[i]);
        if (!shape.ok()) return;
        types.push_back({ingot::DataType::kFloat, to_dims(*shape)});
        types.back().dims.insert(types.back().dims.begin(), Dim(1));
      }
      const auto outputs = infer(types);
      if (!outputs.ok() || index < 0 || static_cast<size_t>(index) >= outputs->size()) return;
      Dims dims = (*outputs)[static_cast<size_t>(index)].dims;
      dims.erase(dims.begin(), dims.begin() + (dims.empty() ? 0 : 1));
      result = to_api(dims);
    });
    return result;
  }
  // Expressions of sums, products and divisions of the inputs' dims.
  DimsExprs getOutputDimensions(int32_t index, DimsExprs const* inputs, int32_t count, IExprBuilder& builder) noexcept override {
    DimsExprs result{};
    result.nbDims = -1;
    (void)call_plugin("", [&] {
      TensorTypes types;
      std::map<std::string, const nvinfer1::IDimensionExpr*> symbols;
      for (int32_t i = 0; i < count; ++i) {
        types.push_back({ingot::DataType::kFloat, {}});
        for (int32_t d = 0; d < inputs[i].nbDims; ++d) {
          const nvinfer1::IDimensionExpr* dim = inputs[i].d[d];
          const std::string name = "i" + std::to_string(i) + "_" + std::to_string(d);
          if (!dim->isConstant()) symbols[name] = dim;
          types.back().dims.push_back(dim->isConstant() ? Dim(dim->getConstantValue()) : Dim::symbol(name));
        }
      }
      const auto outputs = infer(types);
      if (!outputs.ok() || index < 0 || static_cast<size_t>(index) >= outputs->size()) return;
      const Dims& dims = (*outputs)[static_cast<size_t>(index)].dims;
      for (size_t d = 0; d < dims.size(); ++d) {
        const auto name = dims[d].symbol_name();
        if (!dims[d].is_constant() && !(name && symbols.contains(*name))) return;
        result.d[d] = dims[d].is_constant() ? builder.constant(dims[d].value()) : symbols.at(*name);
      }
      result.nbDims = static_cast<int32_t>(dims.size());
    });
    return result;
  }
  bool supportsFormat(DataType type, nvinfer1::PluginFormat format) const noexcept override {
    return format == nvinfer1::PluginFormat::kLINEAR && (type == DataType::kFLOAT || type == DataType::kHALF);
  }
  bool supportsFormatCombination(int32_t position, PluginTensorDesc const* tensors, int32_t inputs, int32_t) noexcept override {
    const PluginTensorDesc& tensor = tensors[position];
    if (tensor.format != nvinfer1::TensorFormat::kLINEAR) return false;
    if (position >= inputs) return tensor.type == getOutputDataType(position - inputs, &tensors[0].type, inputs);
    return tensor.type == DataType::kFLOAT || tensor.type == DataType::kHALF || tensor.type == DataType::kINT32;
  }
  void configurePlugin(DynamicPluginTensorDesc const*, int32_t, DynamicPluginTensorDesc const*, int32_t) noexcept override {}
  void configureWithFormat64_(nvinfer1::Dims64 const* inputs, int32_t count, nvinfer1::Dims64 const*, int32_t, DataType,
                              nvinfer1::PluginFormat, int32_t) noexcept override {
    (void)call_plugin("", [&] {
      shapes_.assign(inputs, inputs + count);
      std::vector<double>& kept = fields_.values[kShapes];
      kept.clear();
      for (const nvinfer1::Dims64& shape : shapes_) {
        kept.push_back(shape.nbDims);
        for (int32_t d = 0; d < shape.nbDims; ++d) kept.push_back(static_cast<double>(shape.d[d]));
      }
    });
  }
  std::size_t getWorkspaceSize(int32_t) const noexcept override { return 0; }
  std::size_t getWorkspaceSize(PluginTensorDesc const*, int32_t, PluginTensorDesc const*, int32_t) const noexcept override { return 0; }

  // By the layers' references, on memory of the host: for programs that run a plugin by themselves. Engines run the layers.
  int32_t enqueue64_(PluginTensorDesc64 const* in, int32_t in_count, PluginTensorDesc64 const*, int32_t, void const* const* inputs,
                     void* const* outputs, void*, cudaStream_t) noexcept override {
    const Status status = evaluated(in, in_count, inputs, outputs);
    return status.ok() ? 0 : 1;
  }
  int32_t enqueue(PluginTensorDesc const*, PluginTensorDesc const*, void const* const*, void* const*, void*,
                  cudaStream_t) noexcept override {
    return 1;  // the library calls the one above
  }
  int32_t enqueue(int32_t batch, void const* const* inputs, void* const* outputs, void*, cudaStream_t) noexcept override {
    std::vector<PluginTensorDesc64> descriptions;
    Status status = call_plugin("", [&] {
      for (const nvinfer1::Dims64& shape : shapes_) {
        PluginTensorDesc64 tensor{shape, DataType::kFLOAT, nvinfer1::TensorFormat::kLINEAR, 1};
        tensor.dims.nbDims = shape.nbDims + 1;
        tensor.dims.d[0] = batch;
        for (int32_t d = 0; d < shape.nbDims; ++d) tensor.dims.d[d + 1] = shape.d[d];
        descriptions.push_back(tensor);
      }
    });
    if (status.ok()) status = evaluated(descriptions.data(), static_cast<int32_t>(descriptions.size()), inputs, outputs);
    return status.ok() ? 0 : 1;
  }

  std::size_t getSerializationSize() const noexcept override {
    size_t size = 4;
    for (const auto& [name, values] : fields_.values) size += 8 + name.size() + values.size() * sizeof(double);
    return size;
  }
  // The number of fields, then of each the length of its name, the count of its values, the name and the values.
  void serialize(void* buffer) const noexcept override {
    auto* out = static_cast<std::byte*>(buffer);
    const auto put = [&](const void* data, size_t size) {
      if (size > 0) std::memcpy(out, data, size);
      out += size;
    };
    const auto count = static_cast<uint32_t>(fields_.values.size());
    put(&count, sizeof count);
    for (const auto& [name, values] : fields_.values) {
      const auto length = static_cast<uint32_t>(name.size()), numbers = static_cast<uint32_t>(values.size());
      put(&length, sizeof length);
      put(&numbers, sizeof numbers);
      put(name.data(), name.size());
      put(values.data(), values.size() * sizeof(double));
    }
  }

 private:
  Result<Tensors> wired(Network& network, const TensorTypes& inputs) const {
    Tensors tensors;
    for (const TensorType& type : inputs) {
      TRY_ASSIGN(Tensor * input, network.add_input("x" + std::to_string(tensors.size()), type));
      tensors.push_back(input);
    }
    auto made = kind_.layers(network, tensors, fields_);
    if (!made.ok()) return std::move(made).error().within("plugin '" + kind_.name + "'");
    if (made->size() != outputs_.size())
      return invalid("plugin '" + kind_.name + "' has " + std::to_string(outputs_.size()) + " outputs, but its layers give " +
                     std::to_string(made->size()));
    for (size_t o = 0; o < made->size(); ++o) {
      Tensor*& output = (*made)[o];
      const auto wanted = outputs_[o] == 'i'                     ? ingot::DataType::kInt32
                          : outputs_[o] == 'h'                   ? ingot::DataType::kHalf
                          : outputs_[o] == 'f' || inputs.empty() ? ingot::DataType::kFloat
                                                                 : inputs[0].type;
      if (output->type.type != wanted) {
        TRY_ASSIGN(output, network.add(Elementwise::cast(wanted), {output}));
      }
    }
    return made;
  }
  Status evaluated(PluginTensorDesc64 const* in, int32_t count, void const* const* inputs, void* const* outputs) const {
    TensorTypes types;
    Arrays arrays;
    for (int32_t i = 0; i < count; ++i) {
      TRY_ASSIGN(const ingot::DataType type, to_core(in[i].type));
      TRY_ASSIGN(const Shape shape, to_shape(in[i].dims));
      types.push_back({type, to_dims(shape)});
      arrays.push_back(Array::borrow(type, shape, inputs[i], nullptr));
    }
    Network network;
    TRY_ASSIGN(const Tensors wired_outputs, wired(network, types));
    for (Tensor* output : wired_outputs) TRY(network.mark_output(output));
    TRY_ASSIGN(const Arrays results, network.evaluate(arrays));
    for (size_t o = 0; o < results.size(); ++o) std::memcpy(outputs[o], results[o].data(), results[o].byte_count());
    return Ok{};
  }

  const StockKind& kind_;
  StockFields fields_;
  std::string outputs_, space_;
  std::vector<nvinfer1::Dims64> shapes_;  // of inputs without their batch, as configured
};

const StockPlugin& stock(const nvinfer1::IPluginV2& plugin) { return static_cast<const StockPlugin&>(plugin); }

// The plugin in a network until a build puts its layers there.
class StockCode final : public PluginAdapter {
 public:
  explicit StockCode(const StockPlugin& plugin, std::shared_ptr<nvinfer1::IPluginV3> third = nullptr)
      : plugin_(static_cast<StockPlugin*>(plugin.clone()), [](StockPlugin* gone) { gone->destroy(); }), third_(std::move(third)) {}
  const StockPlugin& plugin() const { return *plugin_; }

  std::shared_ptr<PluginAdapter> for_build(SymbolRanges, nvinfer1::IGpuAllocator*) const override {
    return std::make_shared<StockCode>(*plugin_, third_);
  }
  nvinfer1::IPluginV2* second() const override { return third_ ? nullptr : plugin_.get(); }
  nvinfer1::IPluginV3* third() const override { return third_.get(); }
  Result<TensorTypes> infer(const Plugin&, const TensorTypes& inputs) const override { return plugin_->infer(inputs); }
  Result<std::vector<Formats>> formats(const Plugin& op, const PluginTensors&, const PluginTensors&) const override { return never(op); }
  Result<std::shared_ptr<const ReadyPlugin>> prepare(const Plugin& op, const PluginTensors&, const PluginTensors&) const override {
    return never(op);
  }
  Result<std::shared_ptr<PluginAdapter>> configure(Plugin& op, const PluginTensors&, const PluginTensors&) const override {
    return never(op);
  }

 private:
  static Error never(const Plugin& op) { return internal(op.label() + " is still in the network, where its layers should be"); }
  std::shared_ptr<StockPlugin> plugin_;
  std::shared_ptr<nvinfer1::IPluginV3> third_;  // where the program gave one
};

}  // namespace

const std::vector<double>& StockFields::numbers(const std::string& name) const {
  static const std::vector<double> kNone;
  const auto found = values.find(name);
  return found == values.end() ? kNone : found->second;
}

std::vector<int64_t> StockFields::integers(const std::string& name) const {
  std::vector<int64_t> result;
  for (double value : numbers(name)) result.push_back(static_cast<int64_t>(value));
  return result;
}

double StockFields::number(const std::string& name) const {
  const std::vector<double>& all = numbers(name);
  return all.empty() ? 0 : all[0];
}

const StockKind* find_stock_kind(const std::string& name, const std::string& version) {
  for (const StockKind& kind : stock_kinds()) {
    if (kind.name == name && kind.version == version) return &kind;
  }
  return nullptr;
}

Result<nvinfer1::IPluginV2*> make_stock_plugin(const StockKind& kind, StockFields fields) {
  for (const StockField& field : kind.fields) {
    if (!fields.values.contains(field.name)) fields.values[field.name] = field.usual;
    for (double value : fields.values[field.name]) {
      if (std::isnan(value)) return invalid("plugin '" + kind.name + "': the field '" + field.name + "' is no number");
    }
  }
  nvinfer1::IPluginV2* made = new StockPlugin(kind, std::move(fields));
  return made;
}

bool is_stock_plugin(const nvinfer1::IPluginV2& plugin) { return Living::plugins().has(&plugin); }

const StockFields& stock_fields(const nvinfer1::IPluginV2& plugin) { return stock(plugin).fields(); }

Result<std::unique_ptr<Plugin>> stock_operator(nvinfer1::IPluginV3& plugin) {
  const nvinfer1::IPluginV2& second = second_of(plugin);
  TRY_ASSIGN(std::unique_ptr<Plugin> op, stock_operator(second));
  op->kind = "v3";
  op->code = std::make_shared<StockCode>(stock(second), std::shared_ptr<nvinfer1::IPluginV3>(plugin.clone()));
  return op;
}

Result<std::unique_ptr<Plugin>> stock_operator(const nvinfer1::IPluginV2& plugin) {
  auto op = std::make_unique<Plugin>();
  op->kind = "v2_dynamic";
  op->type = plugin.getPluginType();
  op->version = plugin.getPluginVersion();
  op->space = plugin.getPluginNamespace();
  op->code = std::make_shared<StockCode>(stock(plugin));
  return op;
}

Status expand_stock_plugins(Network& network) {
  std::vector<Layer*> plugins;
  for (const auto& layer : network.layers()) {
    const auto* op = layer->as<Plugin>();
    if (op && dynamic_cast<const StockCode*>(op->code.get())) plugins.push_back(layer.get());
    for (const std::shared_ptr<Network>& inner : layer->op().subnetworks()) {
      if (inner) TRY(expand_stock_plugins(*inner));
    }
  }
  for (Layer* layer : plugins) {
    const std::shared_ptr<const PluginCode> code = layer->as<Plugin>()->code;
    const StockPlugin& plugin = static_cast<const StockCode&>(*code).plugin();
    const size_t before = network.layers().size();
    auto made = plugin.kind().layers(network, layer->inputs(), plugin.fields());
    if (!made.ok()) return std::move(made).error().within("layer '" + layer->name + "'");
    std::vector<std::string> names;
    for (size_t o = 0; o < layer->outputs().size(); ++o) {
      Tensor* replaced = layer->output(o);
      Tensor* result = (*made)[o];
      names.push_back(replaced->name);
      // An output needs a layer of its own, and the type that was told.
      if (result->type.type != replaced->type.type) {
        TRY_ASSIGN(result, network.add(Elementwise::cast(replaced->type.type), {result}));
      } else if (!result->producer() || std::count(made->begin(), made->end(), (*made)[o]) > 1) {
        TRY_ASSIGN(result, network.add(Elementwise(ScalarOp::kIdentity), {result}));
      }
      (*made)[o] = result;
      TRY(network.replace_all_uses(replaced, result).within("layer '" + layer->name + "'"));
    }
    for (size_t i = before; i < network.layers().size(); ++i) {
      network.layers()[i]->metadata = layer->metadata;
      network.layers()[i]->name = layer->name + (i == before ? "" : " " + std::to_string(i - before));
    }
    network.remove_layer(layer);
    for (size_t o = 0; o < names.size(); ++o) {
      if (!network.find_tensor(names[o])) TRY(network.rename((*made)[o], names[o]));
    }
  }
  return plugins.empty() ? Status(Ok{}) : network.sort_layers();
}

}  // namespace ingot::api
