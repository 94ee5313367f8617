// Plugins of programs as the core's PluginCode. Each generation's classes have an adapter; the core never sees which one it is.
#pragma once

#include <cstring>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "api/convert.h"
#include "device/device.h"
#include "network/network.h"
#include "operators/plugin.h"

namespace ingot::api {

// What a build knows: values of symbols at the least, typical and largest shapes.
struct SymbolRanges {
  SymbolValues least, opt, most;
  int32_t max_batch = 1;
  Device* device = nullptr;  // that it builds for
};

class PluginAdapter : public PluginCode {
 public:
  // The same plugin with what a build knows.
  virtual std::shared_ptr<PluginAdapter> for_build(SymbolRanges ranges, nvinfer1::IGpuAllocator* allocator) const = 0;
  // A plugin set up for the types and formats that were chosen; fills in the state of `op` that plans keep.
  virtual Result<std::shared_ptr<PluginAdapter>> configure(Plugin& op, const PluginTensors& inputs, const PluginTensors& outputs) const = 0;

  // Its remark for the engine inspector.
  virtual std::string metadata() const { return ""; }

  // The plugin itself, for the facade of its layer; null where it is of another generation.
  virtual nvinfer1::IPlugin* first() const { return nullptr; }
  virtual nvinfer1::IPluginV2* second() const { return nullptr; }
  virtual nvinfer1::IPluginV3* third() const { return nullptr; }
};

// Operators for a plugin that a program adds to a network, and for one that a plan names. The program keeps its own object: IPluginV2 and
// IPluginV3 are cloned, IPlugin is used as it is.
Result<std::unique_ptr<Plugin>> plugin_operator(nvinfer1::IPlugin& plugin, bool is_ext, bool batched);
Result<std::unique_ptr<Plugin>> plugin_operator(nvinfer1::IPluginV2& plugin, bool batched);
Result<std::unique_ptr<Plugin>> plugin_operator(nvinfer1::IPluginV3& plugin, size_t shape_inputs);

// Adapters around plugins that a creator or factory made from the state of `op`; they take over what they get, but for IPlugin.
std::shared_ptr<PluginAdapter> adapt(nvinfer1::IPlugin* plugin, const Plugin& op, nvinfer1::IGpuAllocator* allocator);
std::shared_ptr<PluginAdapter> adapt(nvinfer1::IPluginV2* plugin, const Plugin& op, nvinfer1::IGpuAllocator* allocator);
std::shared_ptr<PluginAdapter> adapt(nvinfer1::IPluginV3* plugin, const Plugin& op, nvinfer1::IGpuAllocator* allocator);

// The state of an IPluginV3: its fields as bytes, and back. What was read points into `bytes` and itself.
Result<Array> fields_to_bytes(const nvinfer1::PluginFieldCollection* fields);
struct FieldList {
  std::vector<std::string> names;
  std::vector<std::vector<std::byte>> values;
  std::vector<nvinfer1::PluginField> fields;
  nvinfer1::PluginFieldCollection collection{0, nullptr};
};
Result<std::unique_ptr<FieldList>> fields_from_bytes(const Array& bytes);

// Dims that the run tells: symbol k stands in the place of the k-th size that a plugin declared.
struct DeclaredSize {
  int32_t output;
  Dim most;
};
// The shapes of an IPluginV3's outputs with `names` for its sizes; fills in what it declared.
Result<TensorTypes> shapes_of(nvinfer1::IPluginV3& plugin, const TensorTypes& inputs, size_t shape_inputs,
                              const std::vector<std::string>& names, std::vector<DeclaredSize>* declared);

// Sizes that the run tells get symbols of the network, bounded as the plugin says.
Status name_sizes(Network& network, Plugin& op, nvinfer1::IPluginV3& plugin, const std::vector<Tensor*>& inputs);

// ---- What adapters share ----

// Calls the program's code; what it throws becomes an error.
template <class Work>
Status call_plugin(const std::string& what, Work&& work) {
  try {
    if constexpr (std::is_same_v<std::invoke_result_t<Work>, void>) {
      work();
      return Ok{};
    } else if constexpr (std::is_same_v<std::invoke_result_t<Work>, bool>) {
      if (work()) return Ok{};
      return invalid(what + " gave nothing");
    } else {
      const int32_t code = work();
      if (code == 0) return Ok{};
      return invalid(what + " returned " + std::to_string(code));
    }
  } catch (const std::exception& failure) {
    return internal(what + " threw: " + failure.what());
  } catch (...) {
    return internal(what + " threw something that is no std::exception");
  }
}

// Shapes without the batch, where that is not for the plugin to see.
WideDims plugin_dims(const Plugin& op, const Dims& dims);
WideDims plugin_dims(const Plugin& op, const Shape& shape);
float plugin_scale(const Plugin& op, size_t place);

nvinfer1::PluginTensorDesc64 description(const Plugin& op, const PluginTensor& tensor, size_t place);
std::vector<nvinfer1::PluginTensorDesc64> descriptions(const Plugin& op, const PluginTensors& inputs, const PluginTensors& outputs);
// At the shapes that ranges allow.
std::vector<nvinfer1::DynamicPluginTensorDesc64> dynamic_descriptions(const Plugin& op, const PluginTensors& inputs,
                                                                      const PluginTensors& outputs, const SymbolRanges& ranges);
std::vector<nvinfer1::DynamicPluginTensorDesc64> dynamic_descriptions(const std::vector<nvinfer1::PluginTensorDesc64>& fixed);

// Formats that tensors of a type and rank may have besides linear.
const std::vector<Format>& other_formats(DataType type, int64_t rank);
// All combinations that `takes` allows, tensor by tensor: takes(place, formats so far) is asked with the format of `place` set.
std::vector<PluginCode::Formats> combine(const PluginTensors& inputs, const PluginTensors& outputs, int64_t most,
                                         const std::function<bool(size_t place, const std::vector<Format>& formats)>& takes);

// Expressions over the core's dims, for plugins that compute shapes.
class DimExpression final : public nvinfer1::IDimensionExpr {
 public:
  DimExpression(Dim dim, bool is_size) : dim(std::move(dim)), is_size(is_size) {}
  ~DimExpression() noexcept override = default;
  bool isConstant() const noexcept override { return dim.is_constant(); }
  int64_t getConstantValue() const noexcept override { return dim.is_constant() ? dim.value() : INT64_MIN; }
  bool isSizeTensor() const noexcept override { return is_size; }

  const Dim dim;
  const bool is_size;
};

class ExpressionBuilder final : public nvinfer1::IExprBuilder {
 public:
  explicit ExpressionBuilder(std::vector<std::string> size_names = {}) : names_(std::move(size_names)) {}
  ~ExpressionBuilder() noexcept override = default;
  nvinfer1::IDimensionExpr const* constant(int64_t value) noexcept override;
  nvinfer1::IDimensionExpr const* operation(nvinfer1::DimensionOperation op, nvinfer1::IDimensionExpr const& first,
                                            nvinfer1::IDimensionExpr const& second) noexcept override;
  nvinfer1::IDimensionExpr const* declareSizeTensor(int32_t output, nvinfer1::IDimensionExpr const& opt,
                                                    nvinfer1::IDimensionExpr const& upper) noexcept override;

  nvinfer1::IDimensionExpr const* of(const Dim& dim) noexcept { return add(dim, false); }
  nvinfer1::DimsExprs of(const Dims& dims) noexcept;
  // Null and foreign expressions are errors.
  Result<Dims> dims_of(const nvinfer1::DimsExprs& dims) const;
  const std::vector<DeclaredSize>& declared() const { return declared_; }

 private:
  nvinfer1::IDimensionExpr const* add(Dim dim, bool is_size) noexcept;
  const DimExpression* own(const nvinfer1::IDimensionExpr* expression) const;

  std::vector<std::string> names_;
  std::vector<std::unique_ptr<DimExpression>> expressions_;
  std::vector<DeclaredSize> declared_;
};

}  // namespace ingot::api
