#include "operators/plugin.h"

#include "operators/register.h"
#include "testing/example.h"

namespace ingot {
namespace {

// "float:batch|3;int32:": types and dims of tensors, as `reads` and `gives` keep them. A tensor that is left out is "_".
std::string to_pattern(const TensorTypes& types) {
  std::string text;
  for (size_t i = 0; i < types.size(); ++i) {
    text += (i ? ";" : "") + std::string(name_of(types[i].type)) + ":";
    for (size_t d = 0; d < types[i].dims.size(); ++d) text += (d ? "|" : "") + types[i].dims[d].text();
  }
  return text;
}

std::vector<std::string> split(const std::string& text, char mark) {
  std::vector<std::string> parts;
  size_t begin = 0;
  for (size_t end = text.find(mark); end != std::string::npos; end = text.find(mark, begin)) {
    parts.push_back(text.substr(begin, end - begin));
    begin = end + 1;
  }
  parts.push_back(text.substr(begin));
  return parts;
}

Result<TensorTypes> from_pattern(const std::string& text) {
  TensorTypes types;
  if (text.empty()) return types;
  for (const std::string& part : split(text, ';')) {
    const size_t colon = part.find(':');
    if (colon == std::string::npos) return invalid("'" + part + "' is no tensor type; one is written type:dim|dim");
    TensorType type;
    TRY_ASSIGN(type.type, data_type_from_name(part.substr(0, colon)));
    if (colon + 1 < part.size()) {
      for (const std::string& dim : split(part.substr(colon + 1), '|')) {
        TRY_ASSIGN(Dim parsed, Dim::parse(dim));
        type.dims.push_back(std::move(parsed));
      }
    }
    types.push_back(std::move(type));
  }
  return types;
}

PluginTensors linear(const Arrays& arrays) {
  PluginTensors tensors;
  for (const Array& array : arrays) tensors.push_back({array.type(), to_dims(array.shape()), Format::kLinear});
  return tensors;
}

}  // namespace

std::string Plugin::label() const {
  return "plugin '" + type + "' version '" + version + "'" + (space.empty() ? "" : " of '" + space + "'");
}

std::vector<std::string> Plugin::symbol_names() const { return symbols.empty() ? std::vector<std::string>{} : split(symbols, ' '); }

bool Plugin::reads_values_of(size_t input) const { return shape_inputs > 0 && !reads.empty() && input >= split(reads, ';').size(); }

void Plugin::record(const TensorTypes& inputs, const TensorTypes& outputs, size_t input_count) {
  reads = to_pattern(TensorTypes(inputs.begin(), inputs.begin() + static_cast<std::ptrdiff_t>(std::min(inputs.size(), input_count))));
  gives = to_pattern(outputs);
}

Result<TensorTypes> Plugin::infer(const TensorTypes& inputs) const {
  if (!gives.empty()) return infer_recorded(inputs);
  if (!code) return invalid(label() + " has no code: no creator has made it");
  auto types = code->infer(*this, inputs);
  if (!types.ok()) return std::move(types).error().within(label());
  return types;
}

// Symbols of the recorded input dims stand for the dims that are here now.
Result<TensorTypes> Plugin::infer_recorded(const TensorTypes& inputs) const {
  TRY_ASSIGN(const TensorTypes wanted, from_pattern(reads));
  TRY_ASSIGN(TensorTypes outputs, from_pattern(gives));
  const size_t own = code_inputs(inputs.size());
  if (wanted.size() != own)
    return invalid(label() + " was built for " + std::to_string(wanted.size()) + " inputs; got " + std::to_string(own));
  std::map<std::string, Dim, std::less<>> symbols_now;
  for (size_t i = 0; i < own; ++i) {
    const std::string where = label() + ", input " + std::to_string(i) + ": ";
    if (inputs[i].type != wanted[i].type || inputs[i].dims.size() != wanted[i].dims.size())
      return invalid(where + "it was built for " + wanted[i].text() + "; got " + inputs[i].text());
    for (size_t d = 0; d < wanted[i].dims.size(); ++d) {
      const Dim& was = wanted[i].dims[d];
      const Dim& now = inputs[i].dims[d];
      if (was.is_constant() && now.is_constant() && !(was == now))
        return invalid(where + "it was built for " + wanted[i].text() + "; got " + inputs[i].text());
      if (const auto symbol = was.symbol_name()) symbols_now.emplace(*symbol, now);
    }
  }
  for (TensorType& output : outputs) {
    for (Dim& dim : output.dims) dim = dim.substitute(symbols_now);
  }
  return outputs;
}

Result<Arrays> Plugin::evaluate(const Arrays& inputs) const {
  if (!code) return unsupported(label() + " has no code: no creator has made it");
  TensorTypes types;
  for (const Array& input : inputs) {
    TensorType input_type{input.type(), to_dims(input.shape())};
    if (!is_floating(input.type()) && input.count() <= TensorType::kMostValues) {
      input_type.values.emplace();
      for (int64_t value : input.integers()) input_type.values->emplace_back(value);
    }
    types.push_back(std::move(input_type));
  }
  TRY_ASSIGN(TensorTypes gives_now, infer(types));
  const Arrays own(inputs.begin(), inputs.begin() + static_cast<std::ptrdiff_t>(code_inputs(inputs.size())));
  std::vector<Shape> input_shapes, output_shapes;
  std::vector<const void*> in;
  for (const Array& input : own) {
    input_shapes.push_back(input.shape());
    in.push_back(input.data());
  }
  Arrays outputs;
  std::vector<void*> out;
  for (size_t i = 0; i < gives_now.size(); ++i) {
    if (!all_constant(gives_now[i].dims))
      return unsupported(label() + ": sizes that the run tells are not served inside loops and conditionals");
    TRY_ASSIGN(Array output, Array::make(gives_now[i].type, constant_shape(gives_now[i].dims)));
    output_shapes.push_back(output.shape());
    outputs.push_back(std::move(output));
  }
  for (size_t i = 0; i < outputs.size(); ++i) {
    out.push_back(outputs[i].mutable_data());
    const int64_t alias = i < aliases.size() ? aliases[i] : -1;
    if (alias < 0 || static_cast<size_t>(alias) >= own.size()) continue;
    const Array& shared = own[static_cast<size_t>(alias)];
    if (shared.byte_count() > 0)
      std::copy_n(shared.as<std::byte>(), std::min(shared.byte_count(), outputs[i].byte_count()), outputs[i].as_mutable<std::byte>());
    in[static_cast<size_t>(alias)] = out.back();
  }
  TRY_ASSIGN(const std::shared_ptr<const ReadyPlugin> ready, code->prepare(*this, linear(own), linear(outputs)));
  TRY_ASSIGN(size_t bytes, ready->workspace_bytes(input_shapes, output_shapes));
  TRY_ASSIGN(Array scratch, Array::make(DataType::kUint8, {static_cast<int64_t>(bytes)}));
  TRY_ASSIGN(std::unique_ptr<PluginInstance> instance, ready->attach());
  TRY(instance->run(input_shapes, output_shapes, {in.data(), out.data(), scratch.mutable_data(), nullptr}));
  return outputs;
}

OPERATOR(Plugin, plugin)

EXAMPLE("a plugin that was built infers without its code") {
  testing::expect_types("input x [n, 3]\ny = plugin(x) kind=v3 type=Double reads=\"float:batch|3\" gives=\"half:batch|6\"\noutput y\n",
                        {"half [n, 6]"});
}

EXAMPLE("a plugin keeps the shapes that it was built for") {
  testing::expect_error("input x [2, 4]\ny = plugin(x) kind=v3 type=Double reads=\"float:batch|3\" gives=\"half:batch|6\"\noutput y\n",
                        "it was built for float [batch, 3]; got float [2, 4]");
}

EXAMPLE("a plugin without code and without types is an error") {
  testing::expect_error("input x [2]\ny = plugin(x) kind=v3 type=Double version=\"1\"\noutput y\n",
                        "plugin 'Double' version '1' has no code");
}

}  // namespace ingot
