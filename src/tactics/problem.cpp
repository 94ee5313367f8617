#include "tactics/problem.h"

namespace ingot {

Status bind_symbols(const Dims& dims, const Shape& shape, SymbolValues* values) {
  if (dims.size() != shape.size())
    return invalid("a shape of rank " + std::to_string(dims.size()) + " " + to_text(dims) + " is wanted; got " + to_text(shape));
  for (size_t i = 0; i < dims.size(); ++i) {
    if (shape[i] < 0) return invalid("dimension " + std::to_string(i) + " of " + to_text(shape) + " is negative");
    if (const auto symbol = dims[i].symbol_name()) {
      const auto [entry, fresh] = values->emplace(*symbol, shape[i]);
      if (!fresh && entry->second != shape[i])
        return invalid("dimension " + std::to_string(i) + " ('" + *symbol + "') is " + std::to_string(shape[i]) + " here and " +
                       std::to_string(entry->second) + " elsewhere");
    } else if (dims[i].is_constant() && dims[i].value() != shape[i]) {
      return invalid("dimension " + std::to_string(i) + " must be " + dims[i].text() + " as in " + to_text(dims) + "; got " +
                     to_text(shape));
    }
  }
  return Ok{};
}

void bind_bounds(const Network& network, SymbolValues* values) {
  // A bound may hang on another run-time symbol, so go on until nothing new is known.
  for (bool changed = true; changed;) {
    changed = false;
    for (const auto& [symbol, most] : network.symbol_bounds()) {
      if (values->contains(symbol)) continue;
      const auto value = most.evaluate(*values);
      if (!value.ok()) continue;
      (*values)[symbol] = *value;
      changed = true;
    }
  }
}

Result<ShapeCase> shape_case(const Network& network, size_t profile) {
  ShapeCase result;
  static const Profile kNone;
  const Profile& shapes = profile < network.profiles.size() ? network.profiles[profile] : kNone;
  for (const Tensor* input : network.inputs()) {
    const auto entry = shapes.shapes.find(input->name);
    if (entry != shapes.shapes.end()) {
      TRY(bind_symbols(input->type.dims, entry->second.opt, &result.opt).within("profile, input '" + input->name + "'"));
      TRY(bind_symbols(input->type.dims, entry->second.max, &result.most).within("profile, input '" + input->name + "'"));
    }
    const auto values = shapes.values.find(input->name);
    if (values != shapes.values.end() && input->type.values) {
      TRY(bind_symbols(*input->type.values, values->second.opt, &result.opt).within("profile, values of '" + input->name + "'"));
      TRY(bind_symbols(*input->type.values, values->second.max, &result.most).within("profile, values of '" + input->name + "'"));
    }
  }
  for (const Tensor* input : network.inputs()) {
    for (const Dim& dim : input->type.dims) {
      dim.visit_symbols([&](const std::string& symbol) {
        result.opt.emplace(symbol, 1);
        result.most.emplace(symbol, 1);
      });
    }
  }
  bind_bounds(network, &result.opt);
  bind_bounds(network, &result.most);
  return result;
}

Shape shape_at(const Dims& dims, const SymbolValues& values) {
  Shape shape;
  for (const Dim& dim : dims) {
    auto size = dim.evaluate(values);
    if (!size.ok()) {
      SymbolValues filled = values;
      dim.visit_symbols([&](const std::string& symbol) { filled.emplace(symbol, 1); });
      size = dim.evaluate(filled);
    }
    shape.push_back(size.ok() && *size >= 0 ? *size : 1);
  }
  return shape;
}

Problem problem_of(const Layer& layer, const std::vector<Format>& input_formats, const std::vector<Format>& output_formats, bool allow_tf32,
                   const SymbolValues& opt, Device* device) {
  Problem problem;
  problem.device = device;
  problem.op = &layer.op();
  for (const Tensor* input : layer.inputs()) {
    problem.inputs.push_back(input ? input->type : TensorType{});
    problem.present.push_back(input != nullptr);
    problem.constants.push_back(input && input->is_constant() ? input->constant : Array());
    problem.opt_inputs.push_back(input ? shape_at(input->type.dims, opt) : Shape{});
  }
  for (const Tensor* output : layer.outputs()) problem.outputs.push_back(output->type);
  problem.input_formats = input_formats;
  problem.output_formats = output_formats;
  problem.allow_tf32 = allow_tf32;
  return problem;
}

bool depends_on_unknown(const Dims& dims, const SymbolValues& known) {
  bool unknown = false;
  for (const Dim& dim : dims) dim.visit_symbols([&](const std::string& symbol) { unknown |= !known.contains(symbol); });
  return unknown;
}

}  // namespace ingot
