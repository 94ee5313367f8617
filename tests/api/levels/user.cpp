// The program. It is compiled once for each generation, with INGOT_API set and USER naming the function at the end.
#include "user.h"

using namespace nvinfer1;

// Programs override with noexcept since generation 8 and without it before.
#if NV_TENSORRT_MAJOR >= 8
#define NOEXCEPT noexcept
using Outputs = void* const*;
#else
#define NOEXCEPT
using Outputs = void**;
#endif

namespace {

// "[1 2 3]"; its pointers say which width the program sees.
std::string text(const Dims& dims) {
#if NV_TENSORRT_MAJOR >= 10
  const int64_t* begin = dims.d;
#else
  const int* begin = dims.d;
#endif
  std::string text = "[";
  for (int i = 0; i < dims.nbDims; ++i) text += (i ? " " : "") + std::to_string(begin[i]);
  return text + "]";
}

std::string text(const PluginTensorDesc& desc) { return text(desc.dims) + "*" + std::to_string(static_cast<int>(desc.scale)); }
std::string text(const DynamicPluginTensorDesc& desc) { return text(desc.desc) + text(desc.min) + text(desc.max); }

// Dims at index i + 1 tell whether the stride of an array is right.
template <class Tensor>
std::string text(const Tensor* tensors, int count) {
  std::string all;
  for (int i = 0; i < count; ++i) all += text(tensors[i]);
  return all;
}
std::vector<int64_t> set_and_get(IOptimizationProfile& profile) {
  Dims dims{2, {2, 5}};
#if NV_TENSORRT_MAJOR >= 10
  dims.d[1] = 5000000000;
#endif
  profile.setDimensions("x", OptProfileSelector::kMIN, dims);
  const Dims back = profile.getDimensions("x", OptProfileSelector::kMIN);
  return std::vector<int64_t>(back.d, back.d + back.nbDims);
}

// What all plugins of generations 5 to 9 have in common.
template <class Base, class Clone = Base>
struct PluginBase : Base {
  explicit PluginBase(std::string* notes) : notes(notes) {}
  const char* getPluginType() const NOEXCEPT override { return "t"; }
  const char* getPluginVersion() const NOEXCEPT override { return "1"; }
  void setPluginNamespace(const char*) NOEXCEPT override {}
  const char* getPluginNamespace() const NOEXCEPT override { return ""; }
  int getNbOutputs() const NOEXCEPT override { return 1; }
  int initialize() NOEXCEPT override { return 0; }
  void terminate() NOEXCEPT override {}
  size_t getSerializationSize() const NOEXCEPT override { return 0; }
  void serialize(void*) const NOEXCEPT override {}
  Clone* clone() const NOEXCEPT override { return nullptr; }
  void destroy() NOEXCEPT override { delete this; }
  std::string* notes;
};

struct Plugin : PluginBase<IPluginV2> {
  using PluginBase<IPluginV2>::PluginBase;
  Dims getOutputDimensions(int index, const Dims* inputs, int nbInputs) NOEXCEPT override {
    *notes += "shape " + std::to_string(index) + text(inputs, nbInputs) + "; ";
    return inputs[nbInputs - 1];
  }
  bool supportsFormat(DataType, PluginFormat) const NOEXCEPT override { return true; }
  void configureWithFormat(const Dims* in, int nbIn, const Dims* out, int nbOut, DataType, PluginFormat, int batch) NOEXCEPT override {
    *notes += "configure " + text(in, nbIn) + ">" + text(out, nbOut) + " " + std::to_string(batch) + "; ";
  }
  size_t getWorkspaceSize(int batch) const NOEXCEPT override { return static_cast<size_t>(batch); }
  int enqueue(int batch, const void* const*, Outputs outputs, void*, cudaStream_t) NOEXCEPT override {
    *notes += "enqueue " + std::to_string(batch) + (outputs[0] == this ? " self; " : " other; ");
    return 0;
  }
};

struct IOPlugin : PluginBase<IPluginV2IOExt, IPluginV2Ext> {
  using PluginBase<IPluginV2IOExt, IPluginV2Ext>::PluginBase;
  Dims getOutputDimensions(int, const Dims* inputs, int) NOEXCEPT override { return inputs[0]; }
  size_t getWorkspaceSize(int) const NOEXCEPT override { return 0; }
  int enqueue(int, const void* const*, Outputs, void*, cudaStream_t) NOEXCEPT override { return 0; }
  DataType getOutputDataType(int, const DataType*, int) const NOEXCEPT override { return DataType::kFLOAT; }
  bool isOutputBroadcastAcrossBatch(int, const bool*, int) const NOEXCEPT override { return false; }
  bool canBroadcastInputAcrossBatch(int) const NOEXCEPT override { return false; }
  void configurePlugin(const PluginTensorDesc* in, int nbIn, const PluginTensorDesc* out, int nbOut) NOEXCEPT override {
    *notes += "configure " + text(in, nbIn) + ">" + text(out, nbOut) + "; ";
  }
  bool supportsFormatCombination(int pos, const PluginTensorDesc* tensors, int nbIn, int nbOut) const NOEXCEPT override {
    *notes += "supports " + std::to_string(pos) + text(tensors, nbIn + nbOut) + "; ";
    return true;
  }
};

struct DynamicPlugin : PluginBase<IPluginV2DynamicExt> {
  using PluginBase<IPluginV2DynamicExt>::PluginBase;
  DataType getOutputDataType(int, const DataType*, int) const NOEXCEPT override { return DataType::kFLOAT; }
  DimsExprs getOutputDimensions(int, const DimsExprs* inputs, int, IExprBuilder&) NOEXCEPT override { return inputs[0]; }
  bool supportsFormatCombination(int pos, const PluginTensorDesc* tensors, int nbIn, int nbOut) NOEXCEPT override {
    *notes += "supports " + std::to_string(pos) + text(tensors, nbIn + nbOut) + "; ";
    return true;
  }
  void configurePlugin(const DynamicPluginTensorDesc* in, int nbIn, const DynamicPluginTensorDesc* out, int nbOut) NOEXCEPT override {
    *notes += "configure " + text(in, nbIn) + ">" + text(out, nbOut) + "; ";
  }
  size_t getWorkspaceSize(const PluginTensorDesc* in, int nbIn, const PluginTensorDesc* out, int nbOut) const NOEXCEPT override {
    *notes += "workspace " + text(in, nbIn) + ">" + text(out, nbOut) + "; ";
    return 7;
  }
  int enqueue(const PluginTensorDesc* in, const PluginTensorDesc* out, const void* const*, void* const*, void*,
              cudaStream_t) NOEXCEPT override {
    *notes += "enqueue " + text(in, 2) + ">" + text(out, 1) + "; ";
    return 0;
  }
};

struct FirstPlugin : IPlugin {
  explicit FirstPlugin(std::string* notes) : notes(notes) {}
  int getNbOutputs() const override { return 1; }
  Dims getOutputDimensions(int, const Dims* inputs, int nbInputs) override { return inputs[nbInputs - 1]; }
  void configure(const Dims* in, int nbIn, const Dims* out, int nbOut, int) override {
    *notes += "configure " + text(in, nbIn) + ">" + text(out, nbOut) + "; ";
  }
  int initialize() override { return 0; }
  void terminate() override {}
  size_t getWorkspaceSize(int) const override { return 0; }
  int enqueue(int, const void* const*, void**, void*, cudaStream_t) override { return 0; }
  size_t getSerializationSize() override { return 0; }
  void serialize(void*) override {}
  std::string* notes;
};

struct Allocator : IGpuAllocator {
  explicit Allocator(std::string* notes) : notes(notes) {}
  void* allocate(uint64_t size, uint64_t, uint32_t) NOEXCEPT override {
    *notes += "allocate " + std::to_string(size) + "; ";
    return nullptr;
  }
#if NV_TENSORRT_MAJOR >= 10
  bool deallocate(void* memory) NOEXCEPT override {
    *notes += memory ? "deallocate; " : "deallocate null; ";
    return true;
  }
#else
  void free(void* memory) NOEXCEPT override { *notes += memory ? "free; " : "free null; "; }
#endif
  std::string* notes;
};

struct OutputAllocator : IOutputAllocator {
  explicit OutputAllocator(std::string* notes) : notes(notes) {}
#if NV_TENSORRT_MAJOR >= 10
  void* reallocateOutputAsync(const char* name, void*, uint64_t size, uint64_t, cudaStream_t) NOEXCEPT override {
    *notes += std::string("async ") + name + " " + std::to_string(size) + "; ";
    return notes;
  }
#else
  void* reallocateOutput(const char* name, void*, uint64_t size, uint64_t) NOEXCEPT override {
    *notes += std::string("output ") + name + " " + std::to_string(size) + "; ";
    return notes;
  }
#endif
  void notifyShape(const char* name, const Dims& dims) NOEXCEPT override { *notes += name + text(dims) + "; "; }
  std::string* notes;
};

struct Formula : IOutputDimensionsFormula {
  DimsHW compute(DimsHW input, DimsHW kernel, DimsHW stride, DimsHW padding, DimsHW dilation, const char*) const override {
    return DimsHW(input.h() + kernel.h() + stride.h() + padding.h() + dilation.h(), input.w() * kernel.w());
  }
};

}  // namespace

const User& USER() {
  static const User user = {
      set_and_get,
      [](std::string* notes) -> IPluginV2* { return new Plugin(notes); },
      [](std::string* notes) -> IPluginV2IOExt* { return new IOPlugin(notes); },
      [](std::string* notes) -> IPluginV2DynamicExt* { return new DynamicPlugin(notes); },
      [](std::string* notes) -> IPlugin* { return new FirstPlugin(notes); },
      [](std::string* notes) -> IGpuAllocator* { return new Allocator(notes); },
      [](std::string* notes) -> IOutputAllocator* { return new OutputAllocator(notes); },
      []() -> IOutputDimensionsFormula* { return new Formula; },
      NV_TENSORRT_VERSION,
  };
  return user;
}
