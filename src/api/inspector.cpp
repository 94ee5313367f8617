#include <algorithm>
#include <nlohmann/json.hpp>

#include "api/engine.h"
#include "tactics/problem.h"

namespace ingot::api {

using nvinfer1::LayerInformationFormat;

namespace {

using Json = nlohmann::ordered_json;

// With -1 for what `values` leave open.
std::string shape_text(const Dims& dims, const SymbolValues& values) {
  std::string text = "[";
  for (size_t i = 0; i < dims.size(); ++i) text += (i ? "," : "") + std::to_string(dims[i].evaluate(values).value_or(-1));
  return text + "]";
}

Json tensor_json(const Tensor* tensor, Format format, const SymbolValues& values) {
  Json dims = Json::array();
  for (const Dim& dim : tensor->type.dims) dims.push_back(dim.evaluate(values).value_or(-1));
  const char* words = describe(format, tensor->type.type);
  return {{"Name", tensor->name},
          {"Location", tensor->type.place == Place::kHost ? "Host" : "Device"},
          {"Dimensions", dims},
          {"Format/Datatype",
           tensor->type.type == DataType::kFloat || tensor->type.type == DataType::kHalf || tensor->type.type == DataType::kInt8
               ? std::string(words)
               : std::string(words) + " " + std::string(name_of(tensor->type.type))}};
}

Json layer_json(const Engine& engine, size_t step, bool detailed, const SymbolValues& values) {
  const Layer& layer = engine.layer(step);
  if (!detailed) return layer.name;
  const Choice& choice = engine.choice(step);
  Json inputs = Json::array(), outputs = Json::array();
  for (size_t i = 0; i < layer.inputs().size(); ++i) {
    const Tensor* input = layer.inputs()[i];
    if (input && !input->is_constant()) inputs.push_back(tensor_json(input, choice.input_formats[i], values));
  }
  for (size_t i = 0; i < layer.outputs().size(); ++i) outputs.push_back(tensor_json(layer.output(i), choice.output_formats[i], values));
  Json json = {{"Name", layer.name},
               {"LayerType", std::string(layer.op().name())},
               {"Inputs", inputs},
               {"Outputs", outputs},
               {"ParameterType", std::string(layer.op().name())}};
  for (const Field& field : layer.op().fields()) {
    struct Visitor {
      Json operator()(bool value) const { return value; }
      Json operator()(int64_t value) const { return value; }
      Json operator()(double value) const { return value; }
      Json operator()(const std::string& value) const { return value; }
      Json operator()(const std::vector<int64_t>& value) const { return value; }
      Json operator()(const std::vector<double>& value) const { return value; }
      Json operator()(const Array& value) const { return to_text(value.shape()); }
      Json operator()(const std::shared_ptr<Network>& value) const { return value ? static_cast<int64_t>(value->layers().size()) : 0; }
    };
    json[field.name] = std::visit(Visitor{}, field.value);
  }
  for (size_t i = 0; i < layer.inputs().size(); ++i) {
    const Tensor* input = layer.inputs()[i];
    if (!input || !input->is_constant()) continue;
    json[i == 1   ? "Weights"
         : i == 2 ? "Bias"
                  : "Constant" + std::to_string(i)] = {{"Type", std::string(name_of(input->type.type))},
                                                       {"Count", volume(constant_shape(input->type.dims)).value_or(0)}};
  }
  json["TacticName"] = choice.tactic;
  json["Metadata"] = layer.metadata;
  return json;
}

std::string layer_line(const Engine& engine, size_t step, bool detailed, const SymbolValues& values) {
  const Layer& layer = engine.layer(step);
  if (!detailed) return layer.name;
  std::string inputs, outputs;
  for (const Tensor* input : layer.inputs()) {
    if (input && !input->is_constant()) inputs += (inputs.empty() ? "" : ", ") + input->name + " " + shape_text(input->type.dims, values);
  }
  for (const Tensor* output : layer.outputs())
    outputs += (outputs.empty() ? "" : ", ") + output->name + " " + shape_text(output->type.dims, values);
  return layer.name + " (" + std::string(layer.op().name()) + ", " + engine.choice(step).tactic + "): " + inputs + " -> " + outputs;
}

class InspectorFacade final : public nvinfer1::IEngineInspector {
 public:
  InspectorFacade(const Reporter& reporter, std::shared_ptr<const Engine> engine, nvinfer1::ProfilingVerbosity verbosity)
      : reporter_(reporter), engine_(std::move(engine)), verbosity_(verbosity) {}

  bool setExecutionContext(nvinfer1::IExecutionContext const* context) noexcept override {
    context_ = context;
    return true;
  }
  nvinfer1::IExecutionContext const* getExecutionContext() const noexcept override { return context_; }
  char const* getLayerInformation(int32_t index, LayerInformationFormat format) const noexcept override {
    return tell([&]() -> Result<std::string> {
      if (index < 0 || static_cast<size_t>(index) >= engine_->step_count())
        return invalid("the engine has " + std::to_string(engine_->step_count()) + " layers; there is no layer " + std::to_string(index));
      return describe_layer(*engine_, static_cast<size_t>(index), detailed(), format == LayerInformationFormat::kJSON, shapes());
    });
  }
  char const* getEngineInformation(LayerInformationFormat format) const noexcept override {
    return tell(
        [&]() -> Result<std::string> { return describe_engine(*engine_, detailed(), format == LayerInformationFormat::kJSON, shapes()); });
  }
  void setErrorRecorder(nvinfer1::IErrorRecorder* recorder) noexcept override { reporter_.set_recorder(recorder); }
  nvinfer1::IErrorRecorder* getErrorRecorder() const noexcept override { return reporter_.recorder(); }

 private:
  // What the context's inputs make of open sizes.
  SymbolValues shapes() const {
    SymbolValues values;
    for (const IoTensor& io : engine_->io()) {
      if (!context_ || !io.is_input) continue;
      const auto shape = to_shape(context_->getTensorShape(io.tensor->name.c_str()));
      if (!shape.ok() || shape->size() != io.tensor->type.dims.size()) continue;
      SymbolValues own = values;
      if (std::all_of(shape->begin(), shape->end(), [](int64_t size) { return size >= 0; }) &&
          bind_symbols(io.tensor->type.dims, *shape, &own).ok())
        values = std::move(own);
    }
    return values;
  }
  bool detailed() const { return verbosity_ == nvinfer1::ProfilingVerbosity::kDETAILED; }
  template <class Work>
  char const* tell(Work work) const noexcept {
    return guarded(reporter_, static_cast<char const*>(nullptr), [&]() -> Result<char const*> {
      TRY_ASSIGN(text_, work());
      return text_.c_str();
    });
  }

  mutable Reporter reporter_;
  std::shared_ptr<const Engine> engine_;
  nvinfer1::ProfilingVerbosity verbosity_;
  nvinfer1::IExecutionContext const* context_ = nullptr;
  mutable std::string text_;
};

}  // namespace

std::string describe_layer(const Engine& engine, size_t step, bool detailed, bool json, const SymbolValues& values) {
  return json ? layer_json(engine, step, detailed, values).dump(2) : layer_line(engine, step, detailed, values);
}

std::string describe_engine(const Engine& engine, bool detailed, bool json, const SymbolValues& values) {
  if (!json) {
    std::string text;
    for (size_t step = 0; step < engine.step_count(); ++step) text += layer_line(engine, step, detailed, values) + "\n";
    return text;
  }
  Json layers = Json::array(), bindings = Json::array();
  for (size_t step = 0; step < engine.step_count(); ++step) layers.push_back(layer_json(engine, step, detailed, values));
  for (const IoTensor& io : engine.io()) bindings.push_back(io.tensor->name);
  return Json{{"Layers", layers}, {"Bindings", bindings}}.dump(2);
}

nvinfer1::IEngineInspector* EngineFacade::createEngineInspector() const noexcept {
  return guarded(reporter_, static_cast<nvinfer1::IEngineInspector*>(nullptr),
                 [&] { return new InspectorFacade(reporter_, engine_, getProfilingVerbosity()); });
}

}  // namespace ingot::api
