#include <cctype>

#include "api/network.h"

namespace ingot::api {

using nvinfer1::TensorLocation;

void TensorFacade::setName(char const* name) noexcept {
  guarded(network_.reporter(), [&] { return network_.core().rename(tensor_, name ? name : ""); });
}

WideDims TensorFacade::getDimensions64_() const noexcept {
  const LayerHandle* producer = tensor_->producer() ? network_.handle(tensor_->producer()) : nullptr;
  return producer && producer->is_waiting() ? invalid_dims() : network_.visible(tensor_->type.dims);
}

void TensorFacade::setDimensions64_(WideDims const& dims) noexcept {
  guarded(network_.reporter(), [&]() -> Status {
    if (!tensor_->is_input()) return invalid("only inputs have dimensions to set; '" + tensor_->name + "' is none");
    TRY_ASSIGN(Shape shape, to_shape(dims));
    const Dims before = tensor_->type.dims;
    tensor_->type.dims.clear();
    if (network_.implicit_batch()) tensor_->type.dims.push_back(Dim::symbol(network_.batch_symbol()));
    for (int64_t size : shape) tensor_->type.dims.push_back(size < 0 ? Dim::symbol(network_.core().make_symbol("d")) : Dim(size));
    Status status = network_.core().infer_all();
    if (!status.ok()) {
      tensor_->type.dims = before;
      (void)network_.core().infer_all();
    }
    return status;
  });
}

void TensorFacade::setDimensionName(int32_t index, char const* name) noexcept {
  guarded(network_.reporter(), [&]() -> Status {
    if (!tensor_->is_input() || index < 0 || index >= tensor_->type.rank() - network_.lead())
      return invalid("'" + tensor_->name + "' is no input with a dimension " + std::to_string(index));
    Dim& dim = tensor_->type.dims[static_cast<size_t>(index + network_.lead())];
    if (dim.is_constant()) {  // a known dimension keeps its number
      known_names_.erase(index);
      if (name) known_names_[index] = name;
      return Ok{};
    }
    std::string symbol = name ? name : network_.core().make_symbol("d");
    for (char& c : symbol) {
      if (!std::isalnum(static_cast<unsigned char>(c))) c = '_';
    }
    if (symbol.empty() || std::isdigit(static_cast<unsigned char>(symbol[0]))) symbol = "d_" + symbol;
    dim = Dim::symbol(symbol);
    return network_.core().infer_all();
  });
}

char const* TensorFacade::getDimensionName(int32_t index) const noexcept {
  if (index < 0 || index >= tensor_->type.rank() - network_.lead()) return nullptr;
  return guarded(network_.reporter(), static_cast<char const*>(nullptr), [&]() -> char const* {
    const Dim& dim = tensor_->type.dims[static_cast<size_t>(index + network_.lead())];
    const auto known = known_names_.find(index);
    if (dim.is_constant()) return known == known_names_.end() ? nullptr : known->second.c_str();
    const auto symbol = dim.symbol_name();
    if (!symbol || symbol->find('$') != std::string::npos) return nullptr;
    dimension_name_ = *symbol;
    return dimension_name_.c_str();
  });
}

void TensorFacade::setType(nvinfer1::DataType type) noexcept {
  guarded(network_.reporter(), [&]() -> Status {
    TRY_ASSIGN(DataType core, to_core(type));
    if (core == tensor_->type.type) return Ok{};
    if (!tensor_->is_input()) return unsupported("the type of '" + tensor_->name + "' follows from its layer; add a cast for another one");
    tensor_->type.type = core;
    return network_.core().infer_all();
  });
}

void TensorFacade::setAllowedFormats(nvinfer1::TensorFormats formats) noexcept {
  guarded(network_.reporter(), [&]() -> Status {
    if ((formats & ((1u << nvinfer1::EnumMax<nvinfer1::TensorFormat>()) - 1)) == 0)
      return invalid("no format is allowed for '" + tensor_->name + "'");
    formats_ = formats;
    tensor_->format_hint.clear();
    if (formats & 1u) return Ok{};  // the linear one is allowed, so it is taken
    for (int i = 1; i < nvinfer1::EnumMax<nvinfer1::TensorFormat>(); ++i) {
      if (!(formats >> i & 1u)) continue;
      TRY_ASSIGN(Format format, to_core(static_cast<nvinfer1::TensorFormat>(i)));
      tensor_->format_hint = name_of(format);
      return Ok{};
    }
    return invalid("no format is allowed for '" + tensor_->name + "'");
  });
}

bool TensorFacade::setDynamicRange(float min, float max) noexcept {
  return guarded(network_.reporter(), false, [&]() -> Status {
    if (!(min <= max)) return invalid("the range of '" + tensor_->name + "' is " + std::to_string(min) + " to " + std::to_string(max));
    tensor_->range_min = min;
    tensor_->range_max = max;
    return Ok{};
  });
}

void TensorFacade::setLocation(TensorLocation location) noexcept {
  if (location != TensorLocation::kHOST && location != TensorLocation::kDEVICE)
    return network_.reporter().report(invalid("there is no TensorLocation " + std::to_string(static_cast<int>(location))));
  tensor_->type.place = location == TensorLocation::kHOST ? Place::kHost : Place::kDevice;
}

TensorLocation TensorFacade::getLocation() const noexcept {
  return tensor_->type.place == Place::kHost ? TensorLocation::kHOST : TensorLocation::kDEVICE;
}

}  // namespace ingot::api
