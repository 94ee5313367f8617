// The tensors that a plugin is told about.
#pragma once

#include "../NvInferPluginBase.h"

namespace nvinfer1 {

// The library holds the forms with Dims64; those of generations up to 9 are narrower, and DynamicPluginTensorDesc has no `opt` there.
#if NV_TENSORRT_MAJOR >= 10

// Shape, type, format and, for kINT8, scale of an input or output.
struct PluginTensorDesc {
  Dims dims;
  DataType type;
  TensorFormat format;
  float scale;
};

// The same before the shape is known: its range, and the typical shape.
struct DynamicPluginTensorDesc {
  PluginTensorDesc desc;  // -1 where a dimension is not fixed
  Dims min;
  Dims max;
  Dims opt;
};

using PluginTensorDesc64 = PluginTensorDesc;
using DynamicPluginTensorDesc64 = DynamicPluginTensorDesc;

#else

struct PluginTensorDesc64 {
  Dims64 dims;
  DataType type;
  TensorFormat format;
  float scale;
};
struct DynamicPluginTensorDesc64 {
  PluginTensorDesc64 desc;
  Dims64 min;
  Dims64 max;
  Dims64 opt;
};

struct INGOT_LEVEL_ABI PluginTensorDesc {
  Dims dims;
  DataType type;
  TensorFormat format;
  float scale;
};
struct INGOT_LEVEL_ABI DynamicPluginTensorDesc {
  PluginTensorDesc desc;
  Dims min;
  Dims max;
};

namespace impl {

template <>
struct Narrow<PluginTensorDesc, PluginTensorDesc64> {
  static PluginTensorDesc from(PluginTensorDesc64 const& wide) noexcept {
    return PluginTensorDesc{narrow<Dims>(wide.dims), wide.type, wide.format, wide.scale};
  }
};
template <>
struct Narrow<DynamicPluginTensorDesc, DynamicPluginTensorDesc64> {
  static DynamicPluginTensorDesc from(DynamicPluginTensorDesc64 const& wide) noexcept {
    return DynamicPluginTensorDesc{narrow<PluginTensorDesc>(wide.desc), narrow<Dims>(wide.min), narrow<Dims>(wide.max)};
  }
};

}  // namespace impl

#endif

namespace impl {

using DimsArray = NarrowArray<Dims, Dims64>;
using DescArray = NarrowArray<PluginTensorDesc, PluginTensorDesc64>;
using DynamicDescArray = NarrowArray<DynamicPluginTensorDesc, DynamicPluginTensorDesc64>;

}  // namespace impl
}  // namespace nvinfer1
