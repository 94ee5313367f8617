// Plugins that name all of their types and formats at once, and run code that is compiled ahead or when they are called. Python's functions
// of tensors become these; a C++ program may implement them too. Shapes are Dims64 in every generation.
#pragma once

#include "../NvInferRuntime.h"

namespace nvinfer1 {

// ---- What a kernel is launched with ----

enum class PluginArgType : int32_t {
  kINT = 0,
};
enum class PluginArgDataType : int32_t {
  kINT8 = 0,
  kINT16 = 1,
  kINT32 = 2,
};

// An integer that is known when the shapes are, as an argument of a kernel.
class ISymExpr {
 public:
  virtual PluginArgType getType() const noexcept = 0;
  virtual PluginArgDataType getDataType() const noexcept = 0;
  virtual void* getExpr() noexcept = 0;  // an IDimensionExpr

 protected:
  virtual ~ISymExpr() noexcept = default;
};

// The arguments of a kernel beside its tensors.
class ISymExprs {
 public:
  virtual ISymExpr* getSymExpr(int32_t index) const noexcept = 0;
  virtual bool setSymExpr(int32_t index, ISymExpr* symExpr) noexcept = 0;
  virtual int32_t getNbSymExprs() const noexcept = 0;
  virtual bool setNbSymExprs(int32_t count) noexcept = 0;

 protected:
  virtual ~ISymExprs() noexcept = default;
};
class ISymExprsImpl : public ISymExprs {};

// Blocks, threads of a block, and bytes of shared memory.
class IKernelLaunchParams {
 public:
  virtual ISymExpr* getGridX() noexcept = 0;
  virtual ISymExpr* getGridY() noexcept = 0;
  virtual ISymExpr* getGridZ() noexcept = 0;
  virtual ISymExpr* getBlockX() noexcept = 0;
  virtual ISymExpr* getBlockY() noexcept = 0;
  virtual ISymExpr* getBlockZ() noexcept = 0;
  virtual ISymExpr* getSharedMem() noexcept = 0;
  virtual bool setGridX(ISymExpr* gridX) noexcept = 0;
  virtual bool setGridY(ISymExpr* gridY) noexcept = 0;
  virtual bool setGridZ(ISymExpr* gridZ) noexcept = 0;
  virtual bool setBlockX(ISymExpr* blockX) noexcept = 0;
  virtual bool setBlockY(ISymExpr* blockY) noexcept = 0;
  virtual bool setBlockZ(ISymExpr* blockZ) noexcept = 0;
  virtual bool setSharedMem(ISymExpr* sharedMem) noexcept = 0;

 protected:
  virtual ~IKernelLaunchParams() noexcept = default;
};
class IKernelLaunchParamsImpl : public IKernelLaunchParams {};

// ---- The capabilities of a plugin, as in ingot/plugin_v3.h ----

class IPluginV3QuickCore : public IPluginCapability {
 public:
  InterfaceInfo getInterfaceInfo() const noexcept override { return InterfaceInfo{"PLUGIN_V3QUICK_CORE", 1, 0}; }
  virtual AsciiChar const* getPluginName() const = 0;
  virtual AsciiChar const* getPluginVersion() const = 0;
  virtual AsciiChar const* getPluginNamespace() const = 0;
};

class IPluginV3QuickBuild : public IPluginCapability {
 public:
  InterfaceInfo getInterfaceInfo() const noexcept override { return InterfaceInfo{"PLUGIN_V3QUICK_BUILD", 1, 0}; }
  virtual int32_t getNbOutputs() const = 0;
  virtual int32_t getOutputDataTypes(DataType* outputTypes, int32_t nbOutputs, DataType const* inputTypes, int32_t const* inputRanks,
                                     int32_t nbInputs) const = 0;
  virtual int32_t getOutputShapes(DimsExprs const* inputs, int32_t nbInputs, DimsExprs const* shapeInputs, int32_t nbShapeInputs,
                                  DimsExprs* outputs, int32_t nbOutputs, IExprBuilder& exprBuilder) = 0;
  virtual int32_t configurePlugin(DynamicPluginTensorDesc64 const* in, int32_t nbInputs, DynamicPluginTensorDesc64 const* out,
                                  int32_t nbOutputs) = 0;
  // All combinations of types and formats at once: for each, the description of every input and output.
  virtual int32_t getNbSupportedFormatCombinations(DynamicPluginTensorDesc64 const* inOut, int32_t nbInputs, int32_t nbOutputs) = 0;
  virtual int32_t getSupportedFormatCombinations(DynamicPluginTensorDesc64 const* inOut, int32_t nbInputs, int32_t nbOutputs,
                                                 PluginTensorDesc64* supportedCombinations, int32_t nbFormatCombinations) = 0;
  virtual int32_t getNbTactics() { return 0; }
  virtual int32_t getValidTactics(int32_t* /*tactics*/, int32_t /*nbTactics*/) { return 0; }
  virtual char const* getTimingCacheID() { return nullptr; }
  virtual char const* getMetadataString() { return nullptr; }
  virtual int32_t getAliasedInput(int32_t /*outputIndex*/) { return -1; }
};

// A plugin whose kernel is compiled when the network is built, and is part of the plan. Its parameters are the addresses of the inputs, the
// extra arguments, and the addresses of the outputs.
class IPluginV3QuickAOTBuild : public IPluginV3QuickBuild {
 public:
  InterfaceInfo getInterfaceInfo() const noexcept override { return InterfaceInfo{"PLUGIN_V3QUICKAOT_BUILD", 1, 0}; }
  virtual int32_t getLaunchParams(DimsExprs const* inputs, DynamicPluginTensorDesc64 const* inOut, int32_t nbInputs, int32_t nbOutputs,
                                  IKernelLaunchParams* launchParams, ISymExprs* extraArgs, IExprBuilder& exprBuilder) = 0;
  // The kernel's name and its PTX or binary.
  virtual int32_t getKernel(PluginTensorDesc64 const* in, int32_t nbInputs, PluginTensorDesc64 const* out, int32_t nbOutputs,
                            char const** kernelName, char** compiledKernel, int32_t* compiledKernelSize) = 0;
  virtual int32_t setTactic(int32_t /*tactic*/) { return 0; }
};

// A plugin that the program runs itself.
class IPluginV3QuickRuntime : public IPluginCapability {
 public:
  InterfaceInfo getInterfaceInfo() const noexcept override { return InterfaceInfo{"PLUGIN_V3QUICK_RUNTIME", 1, 0}; }
  virtual int32_t setTactic(int32_t /*tactic*/) { return 0; }
  virtual int32_t enqueue(PluginTensorDesc64 const* inputDesc, PluginTensorDesc64 const* outputDesc, void const* const* inputs,
                          void* const* outputs, Dims64 const* inputStrides, Dims64 const* outputStrides, int32_t nbInputs,
                          int32_t nbOutputs, cudaStream_t stream) = 0;
  virtual PluginFieldCollection const* getFieldsToSerialize() = 0;
};

// What a program asks for where a plugin can be compiled at either time.
enum class QuickPluginCreationRequest : int32_t {
  kUNKNOWN = 0,
  kPREFER_JIT = 1,
  kPREFER_AOT = 2,
  kSTRICT_JIT = 3,
  kSTRICT_AOT = 4,
};

class IPluginCreatorV3Quick : public IPluginCreatorInterface {
 public:
  InterfaceInfo getInterfaceInfo() const noexcept override { return InterfaceInfo{"PLUGIN CREATOR_V3QUICK", 1, 0}; }
  virtual IPluginV3* createPlugin(AsciiChar const* name, AsciiChar const* nspace, PluginFieldCollection const* fc, TensorRTPhase phase,
                                  QuickPluginCreationRequest quickPluginCreationRequest) = 0;
  virtual PluginFieldCollection const* getFieldNames() = 0;
  virtual AsciiChar const* getPluginName() const = 0;
  virtual AsciiChar const* getPluginVersion() const = 0;
  virtual AsciiChar const* getPluginNamespace() const = 0;
};

namespace v_1_0 {
using nvinfer1::IPluginCreatorV3Quick;
using nvinfer1::IPluginV3QuickAOTBuild;
using nvinfer1::IPluginV3QuickBuild;
using nvinfer1::IPluginV3QuickCore;
using nvinfer1::IPluginV3QuickRuntime;
}  // namespace v_1_0
}  // namespace nvinfer1
