#include "operators/runtime_dims.h"

#include <algorithm>
#include <cctype>

namespace ingot {

Result<Dim> runtime_dim(std::string_view op, const std::string& symbol, int64_t index) {
  if (symbol.empty()) {
    return invalid("the output dims of " + std::string(op) + " are known only at run time; its field 'symbol' must name them");
  }
  // Dims are written as text in plans, so the name must read back as one.
  const auto plain = [](char c) { return std::isalnum(static_cast<unsigned char>(c)) || c == '_' || c == '.' || c == '$'; };
  if (!std::all_of(symbol.begin(), symbol.end(), plain) || std::isdigit(static_cast<unsigned char>(symbol[0]))) {
    return invalid("the field 'symbol' of " + std::string(op) + " is '" + symbol.substr(0, 60) +
                   "'; a name of letters, digits, '_', '.' and '$' that begins with no digit is wanted");
  }
  return Dim::symbol(index == 0 ? symbol : symbol + "_" + std::to_string(index));
}

std::optional<Dim::Range> range_of(const Dim& dim) {
  return dim.range([](const std::string& symbol) -> std::optional<Dim::Range> {
    return Dim::Range{symbol.starts_with(kRuntimeSymbolPrefix) ? 0 : 1, INT32_MAX};
  });
}

Dim smaller(const Dim& a, const Dim& b) {
  auto difference = range_of(a - b);
  if (difference && difference->most <= 0) return a;
  if (difference && difference->least >= 0) return b;
  return Dim::min(a, b);
}

Dim larger(const Dim& a, const Dim& b) {
  auto difference = range_of(a - b);
  if (difference && difference->most <= 0) return b;
  if (difference && difference->least >= 0) return a;
  return Dim::max(a, b);
}

Result<Layer*> add_runtime_sized(Network& network, std::unique_ptr<Operator> op, std::vector<Tensor*> inputs, std::string name,
                                 const std::vector<Dim>& most) {
  TensorTypes types;
  for (const Tensor* input : inputs) types.push_back(input ? input->type : TensorType{});
  std::string symbol;
  if (!op->infer(types).ok()) {
    symbol = network.make_symbol(std::string(kRuntimeSymbolPrefix) + std::string(op->name()));
    TRY(op->set_field("symbol", symbol));
  }
  TRY_ASSIGN(Layer * layer, network.add_layer(std::move(op), std::move(inputs), std::move(name)));
  for (size_t i = 0; i < most.size() && !symbol.empty(); ++i) {
    TRY_ASSIGN(Dim dim, runtime_dim("", symbol, static_cast<int64_t>(i)));
    network.bound_symbol(*dim.symbol_name(), most[i]);
  }
  return layer;
}

}  // namespace ingot
