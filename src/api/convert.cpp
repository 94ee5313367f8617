#include "api/convert.h"

namespace ingot::api {
namespace {

struct TypePair {
  nvinfer1::DataType api;
  DataType core;
};
constexpr TypePair kTypes[] = {
    {nvinfer1::DataType::kFLOAT, DataType::kFloat}, {nvinfer1::DataType::kHALF, DataType::kHalf},
    {nvinfer1::DataType::kINT8, DataType::kInt8},   {nvinfer1::DataType::kINT32, DataType::kInt32},
    {nvinfer1::DataType::kBOOL, DataType::kBool},   {nvinfer1::DataType::kUINT8, DataType::kUint8},
    {nvinfer1::DataType::kFP8, DataType::kFp8},     {nvinfer1::DataType::kBF16, DataType::kBf16},
    {nvinfer1::DataType::kINT64, DataType::kInt64}, {nvinfer1::DataType::kINT4, DataType::kInt4},
    {nvinfer1::DataType::kFP4, DataType::kFp4},     {nvinfer1::DataType::kE8M0, DataType::kE8m0},
};

struct FormatPair {
  nvinfer1::TensorFormat api;
  Format core;
};
constexpr FormatPair kFormats[] = {
    {nvinfer1::TensorFormat::kLINEAR, Format::kLinear}, {nvinfer1::TensorFormat::kCHW2, Format::kChw2},
    {nvinfer1::TensorFormat::kHWC8, Format::kHwc8},     {nvinfer1::TensorFormat::kCHW4, Format::kChw4},
    {nvinfer1::TensorFormat::kCHW16, Format::kChw16},   {nvinfer1::TensorFormat::kCHW32, Format::kChw32},
    {nvinfer1::TensorFormat::kHWC, Format::kHwc},       {nvinfer1::TensorFormat::kHWC16, Format::kHwc16},
};

}  // namespace

Result<DataType> to_core(nvinfer1::DataType type) {
  for (const TypePair& pair : kTypes) {
    if (pair.api == type) return pair.core;
  }
  return invalid("there is no DataType " + std::to_string(static_cast<int>(type)));
}

nvinfer1::DataType to_api(DataType type) {
  for (const TypePair& pair : kTypes) {
    if (pair.core == type) return pair.api;
  }
  return nvinfer1::DataType::kFLOAT;
}

Result<Format> to_core(nvinfer1::TensorFormat format) {
  for (const FormatPair& pair : kFormats) {
    if (pair.api == format) return pair.core;
  }
  // Of three spatial dims: the same orders of memory.
  switch (format) {
    case nvinfer1::TensorFormat::kDHWC8: return Format::kHwc8;
    case nvinfer1::TensorFormat::kCDHW32: return Format::kChw32;
    case nvinfer1::TensorFormat::kDHWC: return Format::kHwc;
    default: break;
  }
  return unsupported("the TensorFormat " + std::to_string(static_cast<int>(format)) + " is not on this device");
}

nvinfer1::TensorFormat to_api(Format format, int64_t rank) {
  if (rank == 5) {
    if (format == Format::kHwc8) return nvinfer1::TensorFormat::kDHWC8;
    if (format == Format::kChw32) return nvinfer1::TensorFormat::kCDHW32;
    if (format == Format::kHwc || format == Format::kChannelsLast) return nvinfer1::TensorFormat::kDHWC;
  }
  if (format == Format::kChannelsLast) return nvinfer1::TensorFormat::kHWC;
  if (format == Format::kC16) return nvinfer1::TensorFormat::kCHW16;
  for (const FormatPair& pair : kFormats) {
    if (pair.core == format) return pair.api;
  }
  return nvinfer1::TensorFormat::kLINEAR;
}

const char* describe(Format format, DataType type) {
  struct Row {
    Format format;
    const char* fp32;
    const char* fp16;
    const char* int8;
    const char* other;
  };
  static constexpr Row kRows[] = {
      {Format::kLinear, "Row major linear FP32", "Row major linear FP16 format", "Row major linear INT8 format", "Row major linear format"},
      {Format::kChannelsLast, "Channel major FP32 format", "Channel major FP16 format", "Channel major INT8 format",
       "Channel major format"},
      {Format::kHwc, "Channel major FP32 format", "Channel major FP16 format", "Channel major INT8 format", "Channel major format"},
      {Format::kC16, "Sixteen wide channel vectorized row major FP32 format", "Sixteen wide channel vectorized row major FP16 format",
       "Sixteen wide channel vectorized row major INT8 format", "Sixteen wide channel vectorized row major format"},
      {Format::kChw16, "Sixteen wide channel vectorized row major FP32 format", "Sixteen wide channel vectorized row major FP16 format",
       "Sixteen wide channel vectorized row major INT8 format", "Sixteen wide channel vectorized row major format"},
      {Format::kChw2, "Two wide channel vectorized row major FP32 format", "Two wide channel vectorized row major FP16 format",
       "Two wide channel vectorized row major INT8 format", "Two wide channel vectorized row major format"},
      {Format::kChw4, "Four wide channel vectorized row major FP32 format", "Four wide channel vectorized row major FP16 format",
       "Four wide channel vectorized row major INT8 format", "Four wide channel vectorized row major format"},
      {Format::kChw32, "Thirty-two wide channel vectorized row major FP32 format",
       "Thirty-two wide channel vectorized row major FP16 format", "Thirty-two wide channel vectorized row major INT8 format",
       "Thirty-two wide channel vectorized row major format"},
      {Format::kHwc8, "Channel major FP32 format where channel % 8 == 0", "Channel major FP16 format where channel % 8 == 0",
       "Channel major INT8 format where channel % 8 == 0", "Channel major format where channel % 8 == 0"},
      {Format::kHwc16, "Channel major FP32 format where channel % 16 == 0", "Channel major FP16 format where channel % 16 == 0",
       "Channel major INT8 format where channel % 16 == 0", "Channel major format where channel % 16 == 0"},
  };
  for (const Row& row : kRows) {
    if (row.format != format) continue;
    if (type == DataType::kFloat) return row.fp32;
    if (type == DataType::kHalf) return row.fp16;
    if (type == DataType::kInt8) return row.int8;
    return row.other;
  }
  return "";
}

Result<Shape> to_shape(const WideDims& dims) {
  if (dims.nbDims < 0 || dims.nbDims > WideDims::MAX_DIMS)
    return invalid("a shape has 0 to " + std::to_string(WideDims::MAX_DIMS) + " dimensions; got " + std::to_string(dims.nbDims));
  Shape shape(dims.d, dims.d + dims.nbDims);
  for (int64_t size : shape) {
    if (size < -1) return invalid("the shape " + to_text(shape) + " has a dimension under -1");
  }
  return shape;
}

WideDims invalid_dims() {
  WideDims dims{};
  dims.nbDims = -1;
  return dims;
}

WideDims to_api(const Shape& shape) {
  if (shape.size() > WideDims::MAX_DIMS) return invalid_dims();
  WideDims dims{};
  dims.nbDims = static_cast<int32_t>(shape.size());
  for (size_t i = 0; i < shape.size(); ++i) dims.d[i] = shape[i];
  return dims;
}

WideDims to_api(const Dims& dims) {
  if (dims.size() > WideDims::MAX_DIMS) return invalid_dims();
  WideDims result{};
  result.nbDims = static_cast<int32_t>(dims.size());
  for (size_t i = 0; i < dims.size(); ++i) result.d[i] = dims[i].is_constant() ? dims[i].value() : -1;
  return result;
}

Result<Array> to_array(const nvinfer1::Weights& weights, const Shape& shape) {
  TRY_ASSIGN(DataType type, to_core(weights.type));
  TRY_ASSIGN(int64_t count, volume(shape));
  if (weights.count != count)
    return invalid("weights of shape " + to_text(shape) + " have " + std::to_string(count) + " elements; got " +
                   std::to_string(weights.count));
  if (count > 0 && !weights.values) return invalid("weights of shape " + to_text(shape) + " have no values");
  return Array::borrow(type, shape, weights.values, nullptr);
}

}  // namespace ingot::api
