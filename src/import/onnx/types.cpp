#include "import/onnx/types.h"

#include <algorithm>

#include "operators/onnx_types.h"
#include "operators/runtime_dims.h"

namespace ingot {
namespace {

const char* kind_of(const proto::TypeProto& type) {
  switch (type.value_case()) {
    case proto::TypeProto::kSequenceType: return "a sequence";
    case proto::TypeProto::kMapType: return "a map";
    case proto::TypeProto::kOptionalType: return "an optional";
    case proto::TypeProto::kSparseTensorType: return "a sparse tensor";
    case proto::TypeProto::kOpaqueType: return "opaque";
    default: return "of no type";
  }
}

}  // namespace

std::string symbol_stem(const std::string& text) {
  std::string stem = text.substr(0, 60);
  for (char& c : stem) {
    const bool plain = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
    if (!plain) c = '_';
  }
  if (stem.empty() || (stem[0] >= '0' && stem[0] <= '9')) stem = "d" + stem;
  // Symbols of this prefix may be 0, but an input's dimension is at least 1.
  if (stem.starts_with(kRuntimeSymbolPrefix)) stem = "in_" + stem;
  return stem;
}

const std::string& SymbolNames::symbol_of(const std::string& dim_param) {
  auto [entry, fresh] = by_param_.try_emplace(dim_param);
  if (fresh) {
    const std::string stem = symbol_stem(dim_param);
    std::string name = stem;
    for (int suffix = 2; !taken_.insert(name).second; ++suffix) name = stem + "_" + std::to_string(suffix);
    entry->second = name;
  }
  return entry->second;
}

Result<TensorType> read_type(const proto::ValueInfoProto& value, SymbolNames& symbols, Network& network, const TensorType* guess) {
  if (!value.type().has_tensor_type()) {
    if (guess && value.type().value_case() == proto::TypeProto::VALUE_NOT_SET) return *guess;
    return unsupported("'" + value.name() + "' is " + kind_of(value.type()) +
                       "; only tensors are supported: take the tensors inside of it as inputs and outputs");
  }
  const proto::TypeProto::Tensor& tensor = value.type().tensor_type();
  TensorType type;
  if (tensor.elem_type() == 0 && guess) {
    type.type = guess->type;
  } else {
    auto element = data_type_from_onnx(tensor.elem_type());
    if (!element.ok()) return std::move(element).error().within("'" + value.name() + "'");
    type.type = *element;
  }
  if (!tensor.has_shape()) {
    if (!guess)
      return unsupported(
          "'" + value.name() +
          "' has no shape; its number of dimensions must be known: let the exporter write it, or run ONNX's shape inference");
    type.dims = guess->dims;
    return type;
  }
  for (int i = 0; i < tensor.shape().dim_size(); ++i) {
    const auto& dim = tensor.shape().dim(i);
    // Some exporters write -1 for a dimension that is not known.
    if (dim.has_dim_value() && dim.dim_value() != -1) {
      if (dim.dim_value() < 0)
        return invalid("'" + value.name() + "' has dimension " + std::to_string(dim.dim_value()) + " at " + std::to_string(i) +
                       "; dimensions are not negative");
      type.dims.emplace_back(dim.dim_value());
    } else if (dim.has_dim_param() && !dim.dim_param().empty()) {
      type.dims.push_back(Dim::symbol(symbols.symbol_of(dim.dim_param())));
    } else {
      type.dims.push_back(Dim::symbol(network.make_symbol(symbol_stem(value.name() + "_" + std::to_string(i)))));
    }
  }
  return type;
}

}  // namespace ingot
