// Quick plugins whose kernel is compiled when the network is built (IPluginV3QuickAOTBuild). The kernel, the name of its function, and how
// its launch follows from the inputs' shapes become the state of the operator: a run needs nothing else of the plugin. It is code of a GPU.
#include "api/adapters/plugin_v3.h"
#include "device/cuda/cuda_device.h"

namespace ingot::api {

using nvinfer1::IDimensionExpr;
using nvinfer1::IPluginV3;
using nvinfer1::IPluginV3QuickAOTBuild;
using nvinfer1::ISymExpr;
using nvinfer1::PluginArgDataType;
using nvinfer1::PluginField;
using nvinfer1::PluginFieldType;

namespace {

// ---- What a plugin fills in ----

constexpr size_t kLaunchSizes = 7;  // grid x, y, z, block x, y, z, bytes of shared memory
constexpr int32_t kMostArguments = 1024;

class Constant final : public ISymExpr {
 public:
  explicit Constant(const IDimensionExpr* expression) : expression_(expression) {}
  ~Constant() noexcept override = default;
  nvinfer1::PluginArgType getType() const noexcept override { return nvinfer1::PluginArgType::kINT; }
  PluginArgDataType getDataType() const noexcept override { return PluginArgDataType::kINT32; }
  void* getExpr() noexcept override { return const_cast<IDimensionExpr*>(expression_); }

 private:
  const IDimensionExpr* expression_;
};

// One thread and no shared memory, unless the plugin says otherwise. What it sets is read at once.
class LaunchSizes final : public nvinfer1::IKernelLaunchParamsImpl {
 public:
  explicit LaunchSizes(ExpressionBuilder& builder) : one_(builder.constant(1)), none_(builder.constant(0)) {
    for (size_t i = 0; i < kLaunchSizes; ++i) {
      given_[i] = i + 1 < kLaunchSizes ? &one_ : &none_;
      expressions_[i] = static_cast<const IDimensionExpr*>(given_[i]->getExpr());
    }
  }
  ~LaunchSizes() noexcept override = default;
  ISymExpr* getGridX() noexcept override { return given_[0]; }
  ISymExpr* getGridY() noexcept override { return given_[1]; }
  ISymExpr* getGridZ() noexcept override { return given_[2]; }
  ISymExpr* getBlockX() noexcept override { return given_[3]; }
  ISymExpr* getBlockY() noexcept override { return given_[4]; }
  ISymExpr* getBlockZ() noexcept override { return given_[5]; }
  ISymExpr* getSharedMem() noexcept override { return given_[6]; }
  bool setGridX(ISymExpr* size) noexcept override { return set(0, size); }
  bool setGridY(ISymExpr* size) noexcept override { return set(1, size); }
  bool setGridZ(ISymExpr* size) noexcept override { return set(2, size); }
  bool setBlockX(ISymExpr* size) noexcept override { return set(3, size); }
  bool setBlockY(ISymExpr* size) noexcept override { return set(4, size); }
  bool setBlockZ(ISymExpr* size) noexcept override { return set(5, size); }
  bool setSharedMem(ISymExpr* size) noexcept override { return set(6, size); }

  const IDimensionExpr* expression(size_t place) const { return expressions_[place]; }

 private:
  bool set(size_t place, ISymExpr* size) noexcept {
    if (!size || !size->getExpr()) return false;
    given_[place] = size;
    expressions_[place] = static_cast<const IDimensionExpr*>(size->getExpr());
    return true;
  }

  Constant one_, none_;
  ISymExpr* given_[kLaunchSizes];
  const IDimensionExpr* expressions_[kLaunchSizes];
};

class Arguments final : public nvinfer1::ISymExprsImpl {
 public:
  struct Argument {
    ISymExpr* given = nullptr;
    const IDimensionExpr* expression = nullptr;
    PluginArgDataType type = PluginArgDataType::kINT32;
  };
  ~Arguments() noexcept override = default;
  ISymExpr* getSymExpr(int32_t index) const noexcept override { return has(index) ? all_[static_cast<size_t>(index)].given : nullptr; }
  bool setSymExpr(int32_t index, ISymExpr* expression) noexcept override {
    if (!has(index) || !expression || !expression->getExpr()) return false;
    all_[static_cast<size_t>(index)] = {expression, static_cast<const IDimensionExpr*>(expression->getExpr()), expression->getDataType()};
    return true;
  }
  int32_t getNbSymExprs() const noexcept override { return static_cast<int32_t>(all_.size()); }
  bool setNbSymExprs(int32_t count) noexcept override {
    if (count < 0 || count > kMostArguments) return false;
    try {
      all_.resize(static_cast<size_t>(count));
    } catch (...) {
      return false;
    }
    return true;
  }
  const std::vector<Argument>& all() const { return all_; }

 private:
  bool has(int32_t index) const { return index >= 0 && static_cast<size_t>(index) < all_.size(); }
  std::vector<Argument> all_;
};

// ---- What is kept of it ----

// Expressions are over "i<input>_<dimension>".
struct KernelCode {
  std::string name;
  std::string image;  // PTX, with the 0 at its end, or a binary
  Dims sizes;         // kLaunchSizes
  std::vector<std::pair<PluginArgDataType, Dim>> arguments;
};

Dims position_dims(size_t input, const Dims& dims) {
  Dims result;
  for (size_t d = 0; d < dims.size(); ++d)
    result.push_back(dims[d].is_constant() ? dims[d] : Dim::symbol("i" + std::to_string(input) + "_" + std::to_string(d)));
  return result;
}

Result<Array> to_state(const KernelCode& code) {
  std::string sizes, arguments;
  for (const Dim& size : code.sizes) sizes += size.text() + ";";
  for (const auto& [type, value] : code.arguments) arguments += std::to_string(static_cast<int>(type)) + ":" + value.text() + ";";
  const auto field = [](const char* name, const std::string& text) {
    return PluginField(name, text.data(), PluginFieldType::kCHAR, static_cast<int32_t>(text.size()));
  };
  const PluginField fields[] = {field("name", code.name), field("kernel", code.image), field("launch", sizes),
                                field("arguments", arguments)};
  const nvinfer1::PluginFieldCollection collection{4, fields};
  return fields_to_bytes(&collection);
}

Result<Dim> next_expression(std::string_view& text) {
  const size_t end = text.find(';');
  if (end == std::string_view::npos) return invalid("'" + std::string(text) + "' has no end");
  const std::string_view one = text.substr(0, end);
  text.remove_prefix(end + 1);
  return Dim::parse(one);
}

Result<KernelCode> from_state(const Array& state) {
  TRY_ASSIGN(const std::unique_ptr<FieldList> fields, fields_from_bytes(state));
  if (fields->values.size() != 4)
    return invalid("the state of a compiled plugin has " + std::to_string(fields->values.size()) + " parts of 4");
  const auto text = [&](size_t part) {
    return std::string(reinterpret_cast<const char*>(fields->values[part].data()), fields->values[part].size());
  };
  KernelCode code;
  code.name = text(0);
  code.image = text(1);
  if (code.image.empty()) return invalid("the kernel '" + code.name + "' has no code");
  const std::string launch = text(2), arguments = text(3);
  std::string_view rest = launch;
  for (size_t i = 0; i < kLaunchSizes; ++i) {
    TRY_ASSIGN(Dim size, next_expression(rest));
    code.sizes.push_back(std::move(size));
  }
  for (rest = arguments; !rest.empty();) {
    const int type = rest[0] - '0';
    if (rest.size() < 2 || rest[1] != ':' || type < 0 || type > 2) return invalid("'" + arguments + "' are no arguments of a kernel");
    rest.remove_prefix(2);
    TRY_ASSIGN(Dim value, next_expression(rest));
    code.arguments.emplace_back(static_cast<PluginArgDataType>(type), std::move(value));
  }
  return code;
}

class Instance final : public PluginInstance {
 public:
  Instance(std::string label, std::shared_ptr<const KernelCode> code, cuda::CudaDevice& device, cuda::CuFunction function, size_t inputs,
           size_t outputs)
      : label_(std::move(label)),
        code_(std::move(code)),
        device_(device),
        function_(function),
        inputs_(inputs),
        values_(code_->arguments.size()),
        addresses_(inputs + values_.size() + outputs) {}

  Status run(const std::vector<Shape>& inputs, const std::vector<Shape>&, const PluginCall& call) override {
    if (inputs != shapes_ || !shaped_) TRY(follow(inputs).within(label_));
    auto* place = addresses_.data();
    for (size_t i = 0; i < inputs_; ++i) *place++ = const_cast<const void**>(&call.inputs[i]);
    for (int32_t& value : values_) *place++ = &value;
    for (size_t o = 0; place < addresses_.data() + addresses_.size(); ++o) *place++ = const_cast<void**>(&call.outputs[o]);
    return device_.launch_blocks(function_, {sizes_[0], sizes_[1], sizes_[2]}, {sizes_[3], sizes_[4], sizes_[5]},
                                 static_cast<size_t>(sizes_[6]), addresses_.data(), {call.stream});
  }

 private:
  // The launch for these shapes.
  Status follow(const std::vector<Shape>& inputs) {
    SymbolValues symbols;
    for (size_t i = 0; i < inputs.size(); ++i) {
      for (size_t d = 0; d < inputs[i].size(); ++d) symbols["i" + std::to_string(i) + "_" + std::to_string(d)] = inputs[i][d];
    }
    for (size_t i = 0; i < kLaunchSizes; ++i) {
      TRY_ASSIGN(sizes_[i], code_->sizes[i].evaluate(symbols));
      if (sizes_[i] < 0) return invalid("'" + code_->sizes[i].text() + "' of the kernel's launch is " + std::to_string(sizes_[i]));
    }
    for (size_t i = 0; i < values_.size(); ++i) {
      const auto& [type, dim] = code_->arguments[i];
      TRY_ASSIGN(const int64_t value, dim.evaluate(symbols));
      const int bits = type == PluginArgDataType::kINT8 ? 8 : type == PluginArgDataType::kINT16 ? 16 : 32;
      const int64_t limit = int64_t{1} << (bits - 1);
      if (value < -limit || value >= limit)
        return invalid("the kernel's argument " + std::to_string(i) + " is " + std::to_string(value) + ", which int" +
                       std::to_string(bits) + " does not hold");
      values_[i] = static_cast<int32_t>(value);  // little endian: narrower ones stand at the same address
    }
    if (sizes_[6] > kUsualShared)
      CUDA_TRY(device_.driver(), function_set, function_, cuda::kFunctionMostShared, static_cast<int>(sizes_[6]));
    shapes_ = inputs;
    shaped_ = true;
    return Ok{};
  }

  static constexpr int64_t kUsualShared = 48 << 10;  // bytes; more have to be asked for

  std::string label_;
  std::shared_ptr<const KernelCode> code_;
  cuda::CudaDevice& device_;
  cuda::CuFunction function_;
  size_t inputs_;
  int64_t sizes_[kLaunchSizes] = {};
  std::vector<int32_t> values_;
  std::vector<void*> addresses_;
  std::vector<Shape> shapes_;
  bool shaped_ = false;
};

class Ready final : public ReadyPlugin {
 public:
  Ready(std::string label, std::shared_ptr<const KernelCode> code, cuda::CudaDevice& device, size_t inputs, size_t outputs)
      : label_(std::move(label)), code_(std::move(code)), device_(device), inputs_(inputs), outputs_(outputs) {}
  Result<size_t> workspace_bytes(const std::vector<Shape>&, const std::vector<Shape>&) const override { return size_t{0}; }
  Result<std::unique_ptr<PluginInstance>> attach() const override {
    auto function = device_.loaded_function(code_->image, code_->name);
    if (!function.ok()) return std::move(function).error().within(label_ + ": the kernel '" + code_->name + "'");
    return std::unique_ptr<PluginInstance>(std::make_unique<Instance>(label_, code_, device_, *function, inputs_, outputs_));
  }

 private:
  std::string label_;
  std::shared_ptr<const KernelCode> code_;
  cuda::CudaDevice& device_;
  size_t inputs_, outputs_;
};

class Adapter final : public PluginAdapter {
 public:
  // `plugin` is null and `code` is there where a plan holds it.
  Adapter(std::shared_ptr<IPluginV3> plugin, std::shared_ptr<const KernelCode> code, SymbolRanges ranges)
      : plugin_(std::move(plugin)), code_(std::move(code)), ranges_(std::move(ranges)) {}

  std::shared_ptr<PluginAdapter> for_build(SymbolRanges ranges, nvinfer1::IGpuAllocator*) const override {
    return std::make_shared<Adapter>(plugin_, code_, std::move(ranges));
  }
  std::string metadata() const override { return plugin_ ? metadata_of(quick_build_of(*plugin_)) : ""; }
  IPluginV3* third() const override { return plugin_.get(); }

  Result<TensorTypes> infer(const Plugin& op, const TensorTypes& inputs) const override {
    if (!plugin_) return invalid(op.label() + " is compiled for the shapes that it was built for");
    return shapes_of(*plugin_, inputs, static_cast<size_t>(op.shape_inputs), op.symbol_names(), nullptr);
  }

  Result<std::vector<Formats>> formats(const Plugin& op, const PluginTensors& inputs, const PluginTensors& outputs) const override {
    TRY(device_for(op));
    if (!plugin_) return invalid(op.label() + " is compiled for the formats that it was built for");
    return quick_formats(op, *plugin_, inputs, outputs, ranges_);
  }

  Result<std::shared_ptr<const ReadyPlugin>> prepare(const Plugin& op, const PluginTensors& inputs,
                                                     const PluginTensors& outputs) const override {
    std::shared_ptr<const KernelCode> code = code_;
    if (!code) {
      TRY_ASSIGN(std::shared_ptr<IPluginV3> copy, cloned(op, *plugin_));
      TRY(quick_configure(op, *copy, inputs, outputs, ranges_));
      TRY_ASSIGN(code, compiled(op, *copy, inputs, outputs));
    }
    return ready(op, std::move(code), inputs, outputs);
  }

  Result<std::shared_ptr<PluginAdapter>> configure(Plugin& op, const PluginTensors& inputs, const PluginTensors& outputs) const override {
    if (!plugin_) return invalid(op.label() + " comes from a plan and cannot be built again");
    TRY_ASSIGN(std::shared_ptr<IPluginV3> copy, cloned(op, *plugin_));
    TRY(quick_configure(op, *copy, inputs, outputs, ranges_));
    TRY_ASSIGN(const std::vector<int32_t> tactics, quick_tactics(op, *copy));
    if (!tactics.empty()) {
      const auto make = [&](const Plugin& with) -> Result<std::shared_ptr<const ReadyPlugin>> {
        TRY_ASSIGN(std::shared_ptr<const KernelCode> code, compiled(with, *copy, inputs, outputs));
        return ready(with, std::move(code), inputs, outputs);
      };
      TRY_ASSIGN(op.tactic, fastest_tactic(op, tactics, ranges_, inputs, outputs, make));
    }
    TRY_ASSIGN(std::shared_ptr<const KernelCode> code, compiled(op, *copy, inputs, outputs));
    TRY_ASSIGN(op.state, to_state(*code));
    return std::shared_ptr<PluginAdapter>(std::make_shared<Adapter>(std::move(copy), std::move(code), ranges_));
  }

  bool keeps_timings() const override { return plugin_ && quick_keeps_timings(*plugin_); }

 private:
  Result<cuda::CudaDevice*> device_for(const Plugin& op) const {
    auto* gpu = dynamic_cast<cuda::CudaDevice*>(ranges_.device);
    if (!gpu)
      return unsupported(op.label() +
                         " is code that was compiled for a GPU (IPluginV3QuickAOTBuild), and this is a CPU: it is not on this " +
                         "device. Give the network one that the program runs itself (IPluginV3QuickRuntime)");
    return gpu;
  }

  Result<std::shared_ptr<const ReadyPlugin>> ready(const Plugin& op, std::shared_ptr<const KernelCode> code, const PluginTensors& inputs,
                                                   const PluginTensors& outputs) const {
    TRY_ASSIGN(cuda::CudaDevice * gpu, device_for(op));
    return std::shared_ptr<const ReadyPlugin>(std::make_shared<Ready>(op.label(), std::move(code), *gpu, inputs.size(), outputs.size()));
  }

  // The kernel and its launch, for the operator's tactic.
  Result<std::shared_ptr<const KernelCode>> compiled(const Plugin& op, IPluginV3& plugin, const PluginTensors& inputs,
                                                     const PluginTensors& outputs) const {
    TRY(device_for(op));
    TRY_ASSIGN(auto* build, capability<IPluginV3QuickAOTBuild>(plugin, nvinfer1::PluginCapabilityType::kBUILD, "build"));
    if (op.tactic != 0) TRY(call_plugin(op.label() + ": setTactic", [&] { return build->setTactic(static_cast<int32_t>(op.tactic)); }));
    auto code = std::make_shared<KernelCode>();
    const auto in_count = static_cast<int32_t>(inputs.size()), out_count = static_cast<int32_t>(outputs.size());

    const auto fixed = descriptions(op, inputs, outputs);
    const char* name = nullptr;
    char* image = nullptr;
    int32_t size = 0;
    TRY(call_plugin(op.label() + ": getKernel",
                    [&] { return build->getKernel(fixed.data(), in_count, fixed.data() + in_count, out_count, &name, &image, &size); }));
    if (!name || !*name || !image || size <= 0) return invalid(op.label() + ": getKernel gives no kernel, or no name for it");
    code->name = name;
    code->image.assign(image, static_cast<size_t>(size));
    code->image.push_back('\0');

    ExpressionBuilder builder;
    std::vector<nvinfer1::DimsExprs> shapes;
    for (size_t i = 0; i < inputs.size(); ++i) shapes.push_back(builder.of(position_dims(i, inputs[i].dims)));
    LaunchSizes sizes(builder);
    Arguments arguments;
    const auto ranged = dynamic_descriptions(op, inputs, outputs, ranges_);
    TRY(call_plugin(op.label() + ": getLaunchParams", [&] {
      return build->getLaunchParams(shapes.data(), ranged.data(), in_count, out_count, &sizes, &arguments, builder);
    }));
    const auto dim_of = [&](const IDimensionExpr* expression, const std::string& what) -> Result<Dim> {
      nvinfer1::DimsExprs one{};
      one.nbDims = 1;
      one.d[0] = expression;
      auto dims = builder.dims_of(one);
      if (!dims.ok()) return invalid(op.label() + ": getLaunchParams: " + what + " is no expression of its builder");
      return std::move(*dims)[0];
    };
    for (size_t i = 0; i < kLaunchSizes; ++i) {
      TRY_ASSIGN(Dim dim, dim_of(sizes.expression(i), "size " + std::to_string(i) + " of the launch"));
      code->sizes.push_back(std::move(dim));
    }
    for (size_t i = 0; i < arguments.all().size(); ++i) {
      TRY_ASSIGN(Dim dim, dim_of(arguments.all()[i].expression, "extra argument " + std::to_string(i)));
      const PluginArgDataType type = arguments.all()[i].type;
      if (type < PluginArgDataType::kINT8 || type > PluginArgDataType::kINT32)
        return invalid(op.label() + ": extra argument " + std::to_string(i) + " has an unknown type");
      code->arguments.emplace_back(type, std::move(dim));
    }
    return std::shared_ptr<const KernelCode>(std::move(code));
  }

  std::shared_ptr<IPluginV3> plugin_;
  std::shared_ptr<const KernelCode> code_;
  SymbolRanges ranges_;
};

}  // namespace

std::shared_ptr<PluginAdapter> adapt_aot(std::shared_ptr<IPluginV3> plugin) {
  return std::make_shared<Adapter>(std::move(plugin), nullptr, SymbolRanges{});
}

Result<std::shared_ptr<PluginAdapter>> restore_aot(const Plugin& op, Device& device) {
  auto code = from_state(op.state);
  if (!code.ok()) return std::move(code).error().within(op.label());
  SymbolRanges here;
  here.device = &device;
  return std::shared_ptr<PluginAdapter>(
      std::make_shared<Adapter>(nullptr, std::make_shared<const KernelCode>(std::move(code).value()), std::move(here)));
}

}  // namespace ingot::api
