// Between the API's words and the core's.
#pragma once

#include <string>

#include "NvInfer.h"
#include "base/data_type.h"
#include "network/array.h"
#include "network/choice.h"
#include "network/dim.h"

namespace ingot::api {

// The library holds shapes in this form; the headers convert for each generation.
using WideDims = nvinfer1::Dims64;

Result<DataType> to_core(nvinfer1::DataType type);
// kFLOAT for types that the API does not know.
nvinfer1::DataType to_api(DataType type);
Result<Format> to_core(nvinfer1::TensorFormat format);
nvinfer1::TensorFormat to_api(Format format, int64_t rank = 4);  // tensors of rank 5 have names of their own
const char* describe(Format format, DataType type);              // "Row major linear FP32"

// Extents as they are, -1 included; an error where the number of dimensions is not 0 to 8 or an extent is under -1.
Result<Shape> to_shape(const WideDims& dims);
WideDims to_api(const Shape& shape);
WideDims to_api(const Dims& dims);  // -1 for what is no number
WideDims invalid_dims();            // nbDims -1

// Weights as an array of `shape`, not copied; an error where the counts differ or values are missing.
Result<Array> to_array(const nvinfer1::Weights& weights, const Shape& shape);

}  // namespace ingot::api
