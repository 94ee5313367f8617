// The ready-made plugins that initLibNvInferPlugins registers. Each is its name, its fields and the layers of the core that compute it: a
// build puts those layers in the plugin's place, so that fusions and tactics see them, and plans need no creator to load.
#pragma once

#include <functional>
#include <map>
#include <string>
#include <vector>

#include "NvInfer.h"
#include "network/network.h"
#include "operators/plugin.h"

namespace ingot::api {

// The values of a plugin's fields: what the program gave, else what is usual.
class StockFields {
 public:
  std::map<std::string, std::vector<double>> values;

  const std::vector<double>& numbers(const std::string& name) const;
  std::vector<int64_t> integers(const std::string& name) const;
  double number(const std::string& name) const;  // the first; 0 where there is none
  int64_t integer(const std::string& name) const { return static_cast<int64_t>(number(name)); }
  bool flag(const std::string& name) const { return number(name) != 0; }
};

struct StockField {
  std::string name;
  nvinfer1::PluginFieldType type;
  std::vector<double> usual = {};
};
constexpr auto kInteger = nvinfer1::PluginFieldType::kINT32;
constexpr auto kReal = nvinfer1::PluginFieldType::kFLOAT32;

using Tensors = std::vector<Tensor*>;

struct StockKind {
  std::string name, version;
  std::vector<StockField> fields;
  // A letter for each output: x has the type of the first input, f is float, h half, i int32.
  std::function<std::string(const StockFields&)> outputs;
  // Inputs have their batch as dim 0, in networks with an implicit batch too.
  std::function<Result<Tensors>(Network&, const Tensors& inputs, const StockFields&)> layers;
  bool is_v3 = false;  // programs meet it as an IPluginV3
};
// All of them; the table stands in stock_kinds.cpp.
const std::vector<StockKind>& stock_kinds();
const StockKind* find_stock_kind(const std::string& name, const std::string& version);

// A plugin of a kind; an error names a field that is missing or has no such values. The caller destroys it.
Result<nvinfer1::IPluginV2*> make_stock_plugin(const StockKind& kind, StockFields fields);
// Whether the object was made here; programs hand over plugins of which only this is safe to ask.
bool is_stock_plugin(const nvinfer1::IPluginV2& plugin);
bool is_stock_plugin(const nvinfer1::IPluginV3& plugin);
const StockFields& stock_fields(const nvinfer1::IPluginV2& plugin);
// The same as an IPluginV3, which the caller deletes, and the plugin inside of one.
Result<nvinfer1::IPluginV3*> make_stock_plugin_v3(const StockKind& kind, StockFields fields, const std::string& space);
nvinfer1::IPluginV2& second_of(const nvinfer1::IPluginV3& plugin);
// The operator for one in a network, and the layers in the place of all such operators, also of networks inside.
Result<std::unique_ptr<Plugin>> stock_operator(const nvinfer1::IPluginV2& plugin);
Result<std::unique_ptr<Plugin>> stock_operator(nvinfer1::IPluginV3& plugin);
Status expand_stock_plugins(Network& network);

}  // namespace ingot::api
