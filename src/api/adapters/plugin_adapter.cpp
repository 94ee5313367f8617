#include "api/adapters/plugin_adapter.h"

#include "base/byte_reader.h"
#include "tactics/problem.h"

namespace ingot::api {

using nvinfer1::DimensionOperation;
using nvinfer1::DimsExprs;
using nvinfer1::DynamicPluginTensorDesc64;
using nvinfer1::IDimensionExpr;
using nvinfer1::PluginFieldType;
using nvinfer1::PluginTensorDesc64;

// ---- Descriptions of tensors ----

WideDims plugin_dims(const Plugin& op, const Dims& dims) {
  return op.batched && !dims.empty() ? to_api(Dims(dims.begin() + 1, dims.end())) : to_api(dims);
}

WideDims plugin_dims(const Plugin& op, const Shape& shape) { return plugin_dims(op, to_dims(shape)); }

float plugin_scale(const Plugin& op, size_t place) { return place < op.scales.size() ? static_cast<float>(op.scales[place]) : 1.0f; }

PluginTensorDesc64 description(const Plugin& op, const PluginTensor& tensor, size_t place) {
  return {plugin_dims(op, tensor.dims), to_api(tensor.type), to_api(tensor.format), plugin_scale(op, place)};
}

std::vector<PluginTensorDesc64> descriptions(const Plugin& op, const PluginTensors& inputs, const PluginTensors& outputs) {
  std::vector<PluginTensorDesc64> result;
  for (const PluginTensor& tensor : inputs) result.push_back(description(op, tensor, result.size()));
  for (const PluginTensor& tensor : outputs) result.push_back(description(op, tensor, result.size()));
  return result;
}

std::vector<DynamicPluginTensorDesc64> dynamic_descriptions(const Plugin& op, const PluginTensors& inputs, const PluginTensors& outputs,
                                                            const SymbolRanges& ranges) {
  std::vector<DynamicPluginTensorDesc64> result;
  const auto add = [&](const PluginTensor& tensor) {
    result.push_back({description(op, tensor, result.size()), to_api(shape_at(tensor.dims, ranges.least)),
                      to_api(shape_at(tensor.dims, ranges.most)), to_api(shape_at(tensor.dims, ranges.opt))});
  };
  for (const PluginTensor& tensor : inputs) add(tensor);
  for (const PluginTensor& tensor : outputs) add(tensor);
  return result;
}

std::vector<DynamicPluginTensorDesc64> dynamic_descriptions(const std::vector<PluginTensorDesc64>& fixed) {
  std::vector<DynamicPluginTensorDesc64> result;
  for (const PluginTensorDesc64& tensor : fixed) result.push_back({tensor, tensor.dims, tensor.dims, tensor.dims});
  return result;
}

// ---- Formats ----

const std::vector<Format>& other_formats(DataType type, int64_t rank) {
  static const std::vector<Format> kNone, kFloat{Format::kHwc, Format::kChw32},
      kShort{Format::kHwc8, Format::kHwc, Format::kChw2, Format::kChw4, Format::kChw16, Format::kChw32, Format::kHwc16},
      kByte{Format::kChw4, Format::kChw32, Format::kHwc, Format::kHwc16};
  if (rank != 4) return kNone;
  switch (type) {
    case DataType::kFloat: return kFloat;
    case DataType::kHalf:
    case DataType::kBf16: return kShort;
    case DataType::kInt8: return kByte;
    default: return kNone;
  }
}

namespace {

void combine_from(size_t place, const PluginTensors& tensors, size_t inputs, int64_t most, std::vector<Format>& formats,
                  const std::function<bool(size_t, const std::vector<Format>&)>& takes, std::vector<PluginCode::Formats>& found) {
  if (static_cast<int64_t>(found.size()) >= most) return;
  if (place == tensors.size()) {
    found.push_back({{formats.begin(), formats.begin() + static_cast<std::ptrdiff_t>(inputs)},
                     {formats.begin() + static_cast<std::ptrdiff_t>(inputs), formats.end()}});
    return;
  }
  const auto attempt = [&](Format format) {
    formats[place] = format;
    if (takes(place, formats)) combine_from(place + 1, tensors, inputs, most, formats, takes, found);
    formats[place] = Format::kLinear;
  };
  attempt(Format::kLinear);
  for (Format format : other_formats(tensors[place].type, static_cast<int64_t>(tensors[place].dims.size()))) attempt(format);
}

}  // namespace

std::vector<PluginCode::Formats> combine(const PluginTensors& inputs, const PluginTensors& outputs, int64_t most,
                                         const std::function<bool(size_t place, const std::vector<Format>& formats)>& takes) {
  PluginTensors tensors = inputs;
  tensors.insert(tensors.end(), outputs.begin(), outputs.end());
  std::vector<Format> formats(tensors.size(), Format::kLinear);
  std::vector<PluginCode::Formats> found;
  combine_from(0, tensors, inputs.size(), most, formats, takes, found);
  return found;
}

// ---- Expressions ----

IDimensionExpr const* ExpressionBuilder::add(Dim dim, bool is_size) noexcept {
  try {
    expressions_.push_back(std::make_unique<DimExpression>(std::move(dim), is_size));
    return expressions_.back().get();
  } catch (...) {
    return nullptr;
  }
}

const DimExpression* ExpressionBuilder::own(const IDimensionExpr* expression) const {
  for (const auto& known : expressions_) {
    if (known.get() == expression) return known.get();
  }
  return nullptr;
}

IDimensionExpr const* ExpressionBuilder::constant(int64_t value) noexcept { return add(Dim(value), false); }

IDimensionExpr const* ExpressionBuilder::operation(DimensionOperation op, IDimensionExpr const& first,
                                                   IDimensionExpr const& second) noexcept {
  const DimExpression *x = own(&first), *y = own(&second);
  if (!x || !y) return nullptr;
  try {
    const Dim &a = x->dim, &b = y->dim;
    switch (op) {
      case DimensionOperation::kSUM: return add(a + b, false);
      case DimensionOperation::kPROD: return add(a * b, false);
      case DimensionOperation::kMAX: return add(Dim::max(a, b), false);
      case DimensionOperation::kMIN: return add(Dim::min(a, b), false);
      case DimensionOperation::kSUB: return add(a - b, false);
      // As integers: 1 - min(1, |a - b|), and b - a cut to [0, 1].
      case DimensionOperation::kEQUAL: return add(Dim(1) - Dim::min(1, Dim::max(a - b, b - a)), false);
      case DimensionOperation::kLESS: return add(Dim::max(0, Dim::min(1, b - a)), false);
      case DimensionOperation::kFLOOR_DIV: return b.is(0) ? nullptr : add(Dim::floor_divide(a, b), false);
      case DimensionOperation::kCEIL_DIV: return b.is(0) ? nullptr : add(Dim::ceil_divide(a, b), false);
    }
  } catch (...) {
    // Memory ran out: null, as for an argument that is none of ours.
  }
  return nullptr;
}

IDimensionExpr const* ExpressionBuilder::declareSizeTensor(int32_t output, IDimensionExpr const& opt,
                                                           IDimensionExpr const& upper) noexcept {
  const DimExpression* most = own(&upper);
  if (!own(&opt) || !most || output < 0) return nullptr;
  try {
    const std::string name = declared_.size() < names_.size() ? names_[declared_.size()] : "run_size" + std::to_string(declared_.size());
    declared_.push_back({output, most->dim});
    return add(Dim::symbol(name), true);
  } catch (...) {
    return nullptr;
  }
}

DimsExprs ExpressionBuilder::of(const Dims& dims) noexcept {
  DimsExprs result{};
  result.nbDims = static_cast<int32_t>(std::min<size_t>(dims.size(), WideDims::MAX_DIMS));
  for (int32_t d = 0; d < result.nbDims; ++d) result.d[d] = of(dims[static_cast<size_t>(d)]);
  return result;
}

Result<Dims> ExpressionBuilder::dims_of(const DimsExprs& dims) const {
  if (dims.nbDims < 0 || dims.nbDims > WideDims::MAX_DIMS)
    return invalid("a shape has " + std::to_string(dims.nbDims) + " dimensions; 0 to 8 are possible");
  Dims result;
  for (int32_t d = 0; d < dims.nbDims; ++d) {
    const DimExpression* expression = own(dims.d[d]);
    if (!expression) return invalid("dimension " + std::to_string(d) + " is no expression of this builder");
    result.push_back(expression->dim);
  }
  return result;
}

// ---- Fields as bytes: a count, then name, type, length and values of each, all integers as int64 ----

namespace {

// Bits of one element; lengths of kUNKNOWN count bytes.
int64_t field_bits(PluginFieldType type) {
  switch (type) {
    case PluginFieldType::kFLOAT16:
    case PluginFieldType::kINT16:
    case PluginFieldType::kBF16: return 16;
    case PluginFieldType::kFLOAT32:
    case PluginFieldType::kINT32: return 32;
    case PluginFieldType::kFLOAT64:
    case PluginFieldType::kINT64: return 64;
    case PluginFieldType::kDIMS: return 8 * static_cast<int64_t>(sizeof(WideDims));
    case PluginFieldType::kINT4:
    case PluginFieldType::kFP4: return 4;
    default: return 8;
  }
}

}  // namespace

Result<Array> fields_to_bytes(const nvinfer1::PluginFieldCollection* fields) {
  std::vector<std::byte> bytes;
  const auto put = [&](const void* data, size_t size) {
    const auto* begin = static_cast<const std::byte*>(data);
    bytes.insert(bytes.end(), begin, begin + size);
  };
  const auto number = [&](int64_t value) { put(&value, sizeof value); };
  const int64_t count = fields && fields->fields ? fields->nbFields : 0;
  number(count);
  for (int64_t i = 0; i < count; ++i) {
    const nvinfer1::PluginField& field = fields->fields[i];
    const std::string name = field.name ? field.name : "";
    if (field.length < 0 || (field.length > 0 && !field.data))
      return invalid("the field '" + name + "' has " + std::to_string(field.length) + " values at no address");
    number(static_cast<int64_t>(name.size()));
    put(name.data(), name.size());
    number(static_cast<int64_t>(field.type));
    number(field.length);
    if (field.length > 0) put(field.data, static_cast<size_t>((field.length * field_bits(field.type) + 7) / 8));
  }
  TRY_ASSIGN(Array array, Array::make(DataType::kUint8, {static_cast<int64_t>(bytes.size())}));
  std::memcpy(array.mutable_data(), bytes.data(), bytes.size());
  return array;
}

Result<std::unique_ptr<FieldList>> fields_from_bytes(const Array& bytes) {
  auto list = std::make_unique<FieldList>();
  if (!bytes.data()) return list;
  ByteReader reader(Bytes(bytes.as<std::byte>(), bytes.byte_count()));
  TRY_ASSIGN(const int64_t count, reader.read<int64_t>());
  if (count < 0 || count > static_cast<int64_t>(bytes.byte_count()))
    return invalid("the state of a plugin names " + std::to_string(count) + " fields");
  std::vector<std::pair<PluginFieldType, int32_t>> kinds;
  for (int64_t i = 0; i < count; ++i) {
    TRY_ASSIGN(const int64_t name_size, reader.read<int64_t>());
    if (name_size < 0) return invalid("a field of a plugin has a name of " + std::to_string(name_size) + " bytes");
    TRY_ASSIGN(Bytes name, reader.take(static_cast<size_t>(name_size)));
    TRY_ASSIGN(const int64_t type, reader.read<int64_t>());
    TRY_ASSIGN(const int64_t length, reader.read<int64_t>());
    if (type < 0 || type >= nvinfer1::EnumMax<PluginFieldType>() || length < 0 || length > INT32_MAX)
      return invalid("a field of a plugin has type " + std::to_string(type) + " and length " + std::to_string(length));
    TRY_ASSIGN(Bytes value, reader.take(static_cast<size_t>((length * field_bits(static_cast<PluginFieldType>(type)) + 7) / 8)));
    list->names.emplace_back(reinterpret_cast<const char*>(name.data()), name.size());
    list->values.emplace_back(value.begin(), value.end());
    kinds.emplace_back(static_cast<PluginFieldType>(type), static_cast<int32_t>(length));
  }
  for (size_t i = 0; i < kinds.size(); ++i)
    list->fields.emplace_back(list->names[i].c_str(), list->values[i].data(), kinds[i].first, kinds[i].second);
  list->collection = {static_cast<int32_t>(list->fields.size()), list->fields.data()};
  return list;
}

}  // namespace ingot::api
