// Layers that slide a window: convolution, deconvolution, pooling; and padding.
//
// Images are [N, C, H, W] or, with three spatial dimensions, [N, C, D, H, W]. Settings that end in Nd have one extent for each
// spatial dimension, outermost first. The retired forms beside them speak of height and width.
#pragma once

#include "../NvInferLegacyDims.h"
#include "layer.h"

namespace nvinfer1 {

// How the output size follows where padding and stride do not divide evenly: with the padded input i, the dilated window w and the
// stride s, (i - w) / s + 1 rounded as the mode says.
enum class PaddingMode : int32_t {
  kEXPLICIT_ROUND_DOWN = 0,  // the given padding, rounded down
  kEXPLICIT_ROUND_UP = 1,    // the given padding, rounded up
  kSAME_UPPER = 2,           // output = ceil(input / stride); where the padding is odd, the larger half is behind
  kSAME_LOWER = 3,           // the same, the larger half in front

  // Retired with generation 10.
  kCAFFE_ROUND_DOWN = 4,
  kCAFFE_ROUND_UP = 5,
};
template <>
constexpr int32_t EnumMax<PaddingMode>() noexcept {
  return 6;
}

// What a pooling window computes.
enum class PoolingType : int32_t {
  kMAX = 0,
  kAVERAGE = 1,
  kMAX_AVERAGE_BLEND = 2,  // (1 - blend) * max + blend * average
};
template <>
constexpr int32_t EnumMax<PoolingType>() noexcept {
  return 3;
}

// y[n, k, ...] = bias[k] + sum over c and the window of x[n, c, ...] * kernel[k, c, ...]
// Kernel weights are [outputs, inputs / groups, window ...]. Input 1 may give the kernel, and input 2 the bias, as tensors.
class IConvolutionLayer : public ILayer {
 public:
  virtual void setNbOutputMaps(int64_t nbOutputMaps) noexcept = 0;
  virtual int64_t getNbOutputMaps() const noexcept = 0;
  void setKernelSizeNd(Dims const& kernelSize) noexcept { setKernelSizeNd64_(impl::widen(kernelSize)); }
  Dims getKernelSizeNd() const noexcept { return impl::narrow<Dims>(getKernelSizeNd64_()); }
  void setStrideNd(Dims const& stride) noexcept { setStrideNd64_(impl::widen(stride)); }
  Dims getStrideNd() const noexcept { return impl::narrow<Dims>(getStrideNd64_()); }
  void setDilationNd(Dims const& dilation) noexcept { setDilationNd64_(impl::widen(dilation)); }
  Dims getDilationNd() const noexcept { return impl::narrow<Dims>(getDilationNd64_()); }
  // Input channels, and output channels, fall into this many independent groups.
  virtual void setNbGroups(int64_t nbGroups) noexcept = 0;
  virtual int64_t getNbGroups() const noexcept = 0;

  // Zeros around the input: the same in front and behind, or each by itself. getPaddingNd tells the padding in front.
  void setPaddingNd(Dims const& padding) noexcept { setPaddingNd64_(impl::widen(padding)); }
  Dims getPaddingNd() const noexcept { return impl::narrow<Dims>(getPaddingNd64_()); }
  void setPrePadding(Dims const& padding) noexcept { setPrePadding64_(impl::widen(padding)); }
  Dims getPrePadding() const noexcept { return impl::narrow<Dims>(getPrePadding64_()); }
  void setPostPadding(Dims const& padding) noexcept { setPostPadding64_(impl::widen(padding)); }
  Dims getPostPadding() const noexcept { return impl::narrow<Dims>(getPostPadding64_()); }
  virtual void setPaddingMode(PaddingMode paddingMode) noexcept = 0;
  virtual PaddingMode getPaddingMode() const noexcept = 0;

  virtual void setKernelWeights(Weights weights) noexcept = 0;
  virtual Weights getKernelWeights() const noexcept = 0;
  // One value an output map; none where the count is 0.
  virtual void setBiasWeights(Weights weights) noexcept = 0;
  virtual Weights getBiasWeights() const noexcept = 0;

  // ---- Retired: two spatial dimensions, up to generation 9 ----
  void setKernelSize(DimsHW kernelSize) noexcept { setKernelSizeNd(kernelSize); }
  DimsHW getKernelSize() const noexcept { return impl::toHW(getKernelSizeNd64_()); }
  void setStride(DimsHW stride) noexcept { setStrideNd(stride); }
  DimsHW getStride() const noexcept { return impl::toHW(getStrideNd64_()); }
  void setPadding(DimsHW padding) noexcept { setPaddingNd(padding); }
  DimsHW getPadding() const noexcept { return impl::toHW(getPaddingNd64_()); }
  void setDilation(DimsHW dilation) noexcept { setDilationNd(dilation); }
  DimsHW getDilation() const noexcept { return impl::toHW(getDilationNd64_()); }

 protected:
  ~IConvolutionLayer() noexcept override = default;
  virtual void setKernelSizeNd64_(Dims64 const& kernelSize) noexcept = 0;
  virtual Dims64 getKernelSizeNd64_() const noexcept = 0;
  virtual void setStrideNd64_(Dims64 const& stride) noexcept = 0;
  virtual Dims64 getStrideNd64_() const noexcept = 0;
  virtual void setDilationNd64_(Dims64 const& dilation) noexcept = 0;
  virtual Dims64 getDilationNd64_() const noexcept = 0;
  virtual void setPaddingNd64_(Dims64 const& padding) noexcept = 0;
  virtual Dims64 getPaddingNd64_() const noexcept = 0;
  virtual void setPrePadding64_(Dims64 const& padding) noexcept = 0;
  virtual Dims64 getPrePadding64_() const noexcept = 0;
  virtual void setPostPadding64_(Dims64 const& padding) noexcept = 0;
  virtual Dims64 getPostPadding64_() const noexcept = 0;
};

// The transpose of convolution: each input value adds its multiple of the kernel to the output, which is stride times as large;
// padding is cut off the output. Kernel weights are [inputs, outputs / groups, window ...]. Input 1 may give the kernel, and input 2
// the bias, as tensors.
class IDeconvolutionLayer : public ILayer {
 public:
  virtual void setNbOutputMaps(int64_t nbOutputMaps) noexcept = 0;
  virtual int64_t getNbOutputMaps() const noexcept = 0;
  void setKernelSizeNd(Dims const& kernelSize) noexcept { setKernelSizeNd64_(impl::widen(kernelSize)); }
  Dims getKernelSizeNd() const noexcept { return impl::narrow<Dims>(getKernelSizeNd64_()); }
  void setStrideNd(Dims const& stride) noexcept { setStrideNd64_(impl::widen(stride)); }
  Dims getStrideNd() const noexcept { return impl::narrow<Dims>(getStrideNd64_()); }
  void setDilationNd(Dims const& dilation) noexcept { setDilationNd64_(impl::widen(dilation)); }
  Dims getDilationNd() const noexcept { return impl::narrow<Dims>(getDilationNd64_()); }
  virtual void setNbGroups(int64_t nbGroups) noexcept = 0;
  virtual int64_t getNbGroups() const noexcept = 0;

  // Cut off the output: the same in front and behind, or each by itself. getPaddingNd tells the padding in front.
  void setPaddingNd(Dims const& padding) noexcept { setPaddingNd64_(impl::widen(padding)); }
  Dims getPaddingNd() const noexcept { return impl::narrow<Dims>(getPaddingNd64_()); }
  void setPrePadding(Dims const& padding) noexcept { setPrePadding64_(impl::widen(padding)); }
  Dims getPrePadding() const noexcept { return impl::narrow<Dims>(getPrePadding64_()); }
  void setPostPadding(Dims const& padding) noexcept { setPostPadding64_(impl::widen(padding)); }
  Dims getPostPadding() const noexcept { return impl::narrow<Dims>(getPostPadding64_()); }
  virtual void setPaddingMode(PaddingMode paddingMode) noexcept = 0;
  virtual PaddingMode getPaddingMode() const noexcept = 0;

  virtual void setKernelWeights(Weights weights) noexcept = 0;
  virtual Weights getKernelWeights() const noexcept = 0;
  virtual void setBiasWeights(Weights weights) noexcept = 0;
  virtual Weights getBiasWeights() const noexcept = 0;

  // ---- Retired: two spatial dimensions, up to generation 9 ----
  void setKernelSize(DimsHW kernelSize) noexcept { setKernelSizeNd(kernelSize); }
  DimsHW getKernelSize() const noexcept { return impl::toHW(getKernelSizeNd64_()); }
  void setStride(DimsHW stride) noexcept { setStrideNd(stride); }
  DimsHW getStride() const noexcept { return impl::toHW(getStrideNd64_()); }
  void setPadding(DimsHW padding) noexcept { setPaddingNd(padding); }
  DimsHW getPadding() const noexcept { return impl::toHW(getPaddingNd64_()); }

 protected:
  ~IDeconvolutionLayer() noexcept override = default;
  virtual void setKernelSizeNd64_(Dims64 const& kernelSize) noexcept = 0;
  virtual Dims64 getKernelSizeNd64_() const noexcept = 0;
  virtual void setStrideNd64_(Dims64 const& stride) noexcept = 0;
  virtual Dims64 getStrideNd64_() const noexcept = 0;
  virtual void setDilationNd64_(Dims64 const& dilation) noexcept = 0;
  virtual Dims64 getDilationNd64_() const noexcept = 0;
  virtual void setPaddingNd64_(Dims64 const& padding) noexcept = 0;
  virtual Dims64 getPaddingNd64_() const noexcept = 0;
  virtual void setPrePadding64_(Dims64 const& padding) noexcept = 0;
  virtual Dims64 getPrePadding64_() const noexcept = 0;
  virtual void setPostPadding64_(Dims64 const& padding) noexcept = 0;
  virtual Dims64 getPostPadding64_() const noexcept = 0;
};

// The maximum or average of each window of each channel.
class IPoolingLayer : public ILayer {
 public:
  virtual void setPoolingType(PoolingType type) noexcept = 0;
  virtual PoolingType getPoolingType() const noexcept = 0;
  void setWindowSizeNd(Dims const& windowSize) noexcept { setWindowSizeNd64_(impl::widen(windowSize)); }
  Dims getWindowSizeNd() const noexcept { return impl::narrow<Dims>(getWindowSizeNd64_()); }
  void setStrideNd(Dims const& stride) noexcept { setStrideNd64_(impl::widen(stride)); }
  Dims getStrideNd() const noexcept { return impl::narrow<Dims>(getStrideNd64_()); }

  void setPaddingNd(Dims const& padding) noexcept { setPaddingNd64_(impl::widen(padding)); }
  Dims getPaddingNd() const noexcept { return impl::narrow<Dims>(getPaddingNd64_()); }
  void setPrePadding(Dims const& padding) noexcept { setPrePadding64_(impl::widen(padding)); }
  Dims getPrePadding() const noexcept { return impl::narrow<Dims>(getPrePadding64_()); }
  void setPostPadding(Dims const& padding) noexcept { setPostPadding64_(impl::widen(padding)); }
  Dims getPostPadding() const noexcept { return impl::narrow<Dims>(getPostPadding64_()); }
  virtual void setPaddingMode(PaddingMode paddingMode) noexcept = 0;
  virtual PaddingMode getPaddingMode() const noexcept = 0;

  // True divides by the values that lie within the input, false by the size of the window. True at first.
  virtual void setAverageCountExcludesPadding(bool exclusive) noexcept = 0;
  virtual bool getAverageCountExcludesPadding() const noexcept = 0;
  // For kMAX_AVERAGE_BLEND, from 0 to 1.
  virtual void setBlendFactor(float blendFactor) noexcept = 0;
  virtual float getBlendFactor() const noexcept = 0;

  // ---- Retired: two spatial dimensions, up to generation 9 ----
  void setWindowSize(DimsHW windowSize) noexcept { setWindowSizeNd(windowSize); }
  DimsHW getWindowSize() const noexcept { return impl::toHW(getWindowSizeNd64_()); }
  void setStride(DimsHW stride) noexcept { setStrideNd(stride); }
  DimsHW getStride() const noexcept { return impl::toHW(getStrideNd64_()); }
  void setPadding(DimsHW padding) noexcept { setPaddingNd(padding); }
  DimsHW getPadding() const noexcept { return impl::toHW(getPaddingNd64_()); }

 protected:
  ~IPoolingLayer() noexcept override = default;
  virtual void setWindowSizeNd64_(Dims64 const& windowSize) noexcept = 0;
  virtual Dims64 getWindowSizeNd64_() const noexcept = 0;
  virtual void setStrideNd64_(Dims64 const& stride) noexcept = 0;
  virtual Dims64 getStrideNd64_() const noexcept = 0;
  virtual void setPaddingNd64_(Dims64 const& padding) noexcept = 0;
  virtual Dims64 getPaddingNd64_() const noexcept = 0;
  virtual void setPrePadding64_(Dims64 const& padding) noexcept = 0;
  virtual Dims64 getPrePadding64_() const noexcept = 0;
  virtual void setPostPadding64_(Dims64 const& padding) noexcept = 0;
  virtual Dims64 getPostPadding64_() const noexcept = 0;
};

// Adds zeros around the last two dimensions, or cuts values off where the padding is negative.
class IPaddingLayer : public ILayer {
 public:
  void setPrePaddingNd(Dims const& padding) noexcept { setPrePaddingNd64_(impl::widen(padding)); }
  Dims getPrePaddingNd() const noexcept { return impl::narrow<Dims>(getPrePaddingNd64_()); }
  void setPostPaddingNd(Dims const& padding) noexcept { setPostPaddingNd64_(impl::widen(padding)); }
  Dims getPostPaddingNd() const noexcept { return impl::narrow<Dims>(getPostPaddingNd64_()); }

  // ---- Retired: up to generation 9 ----
  void setPrePadding(DimsHW padding) noexcept { setPrePaddingNd(padding); }
  DimsHW getPrePadding() const noexcept { return impl::toHW(getPrePaddingNd64_()); }
  void setPostPadding(DimsHW padding) noexcept { setPostPaddingNd(padding); }
  DimsHW getPostPadding() const noexcept { return impl::toHW(getPostPaddingNd64_()); }

 protected:
  ~IPaddingLayer() noexcept override = default;
  virtual void setPrePaddingNd64_(Dims64 const& padding) noexcept = 0;
  virtual Dims64 getPrePaddingNd64_() const noexcept = 0;
  virtual void setPostPaddingNd64_(Dims64 const& padding) noexcept = 0;
  virtual Dims64 getPostPaddingNd64_() const noexcept = 0;
};

}  // namespace nvinfer1
