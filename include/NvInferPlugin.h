// The library of ready-made plugins.
#pragma once

#include "NvInfer.h"
#include "NvInferPluginUtils.h"

// Registers the creators of all ready-made plugins under a namespace; `logger` is an nvinfer1::ILogger*. False where one of them
// could not be registered.
extern "C" TENSORRTAPI bool initLibNvInferPlugins(void* logger, char const* libNamespace);

// ---- Retired: functions that make one plugin each, up to generation 5. The registry's creators took their place. ----

extern "C" TENSORRTAPI nvinfer1::IPluginV2* createRPNROIPlugin_INTERNAL(int32_t featureStride, int32_t preNmsTop, int32_t nmsMaxOut,
                                                                        float iouThreshold, float minBoxSize, float spatialScale,
                                                                        int32_t poolingH, int32_t poolingW,
                                                                        nvinfer1::Weights const* anchorRatios,
                                                                        nvinfer1::Weights const* anchorScales);
inline nvinfer1::IPluginV2* createRPNROIPlugin(int featureStride, int preNmsTop, int nmsMaxOut, float iouThreshold, float minBoxSize,
                                               float spatialScale, nvinfer1::DimsHW pooling, nvinfer1::Weights anchorRatios,
                                               nvinfer1::Weights anchorScales) {
  return createRPNROIPlugin_INTERNAL(featureStride, preNmsTop, nmsMaxOut, iouThreshold, minBoxSize, spatialScale,
                                     static_cast<int32_t>(pooling.h()), static_cast<int32_t>(pooling.w()), &anchorRatios, &anchorScales);
}
extern "C" TENSORRTAPI nvinfer1::IPluginV2* createNormalizePlugin(nvinfer1::Weights const* scales, bool acrossSpatial, bool channelShared,
                                                                  float eps);
extern "C" TENSORRTAPI nvinfer1::IPluginV2* createPriorBoxPlugin(nvinfer1::plugin::PriorBoxParameters param);
extern "C" TENSORRTAPI nvinfer1::IPluginV2* createAnchorGeneratorPlugin(nvinfer1::plugin::GridAnchorParameters* param, int numLayers);
extern "C" TENSORRTAPI nvinfer1::IPluginV2* createNMSPlugin(nvinfer1::plugin::DetectionOutputParameters param);
extern "C" TENSORRTAPI nvinfer1::IPluginV2* createLReLUPlugin(float negSlope);
extern "C" TENSORRTAPI nvinfer1::IPluginV2* createReorgPlugin(int stride);
extern "C" TENSORRTAPI nvinfer1::IPluginV2* createRegionPlugin(nvinfer1::plugin::RegionParameters params);
extern "C" TENSORRTAPI nvinfer1::IPluginV2* createClipPlugin(char const* layerName, float clipMin, float clipMax);
extern "C" TENSORRTAPI nvinfer1::IPluginV2* createBatchedNMSPlugin(nvinfer1::plugin::NMSParameters param);

namespace nvinfer1 {
namespace plugin {

// A ready-made plugin of generation 4. Freed with destroy().
class INvPlugin : public IPlugin {
 public:
  virtual PluginType getPluginType() const noexcept = 0;
  virtual char const* getName() const noexcept = 0;
  virtual void destroy() noexcept = 0;

 protected:
  ~INvPlugin() noexcept override = default;
};

// Each is made from its parameters, or from what its serialize() wrote.
TENSORRTAPI INvPlugin* createFasterRCNNPlugin_INTERNAL(int32_t featureStride, int32_t preNmsTop, int32_t nmsMaxOut, float iouThreshold,
                                                       float minBoxSize, float spatialScale, int32_t poolingH, int32_t poolingW,
                                                       Weights anchorRatios, Weights anchorScales);
inline INvPlugin* createFasterRCNNPlugin(int featureStride, int preNmsTop, int nmsMaxOut, float iouThreshold, float minBoxSize,
                                         float spatialScale, DimsHW pooling, Weights anchorRatios, Weights anchorScales) {
  return createFasterRCNNPlugin_INTERNAL(featureStride, preNmsTop, nmsMaxOut, iouThreshold, minBoxSize, spatialScale,
                                         static_cast<int32_t>(pooling.h()), static_cast<int32_t>(pooling.w()), anchorRatios, anchorScales);
}
TENSORRTAPI INvPlugin* createFasterRCNNPlugin(void const* data, std::size_t length);
TENSORRTAPI INvPlugin* createSSDNormalizePlugin(Weights const* scales, bool acrossSpatial, bool channelShared, float eps);
TENSORRTAPI INvPlugin* createSSDNormalizePlugin(void const* data, std::size_t length);
TENSORRTAPI INvPlugin* createSSDPermutePlugin(Quadruple permuteOrder);
TENSORRTAPI INvPlugin* createSSDPermutePlugin(void const* data, std::size_t length);
TENSORRTAPI INvPlugin* createSSDPriorBoxPlugin(PriorBoxParameters param);
TENSORRTAPI INvPlugin* createSSDPriorBoxPlugin(void const* data, std::size_t length);
TENSORRTAPI INvPlugin* createSSDAnchorGeneratorPlugin(GridAnchorParameters* boxParams, int numLayers);
TENSORRTAPI INvPlugin* createSSDAnchorGeneratorPlugin(void const* data, std::size_t length);
TENSORRTAPI INvPlugin* createSSDDetectionOutputPlugin(DetectionOutputParameters param);
TENSORRTAPI INvPlugin* createSSDDetectionOutputPlugin(void const* data, std::size_t length);
TENSORRTAPI INvPlugin* createConcatPlugin(int concatAxis, bool ignoreBatch);
TENSORRTAPI INvPlugin* createConcatPlugin(void const* data, std::size_t length);
TENSORRTAPI INvPlugin* createPReLUPlugin(float negSlope);
TENSORRTAPI INvPlugin* createPReLUPlugin(void const* data, std::size_t length);
TENSORRTAPI INvPlugin* createYOLOReorgPlugin(int stride);
TENSORRTAPI INvPlugin* createYOLOReorgPlugin(void const* data, std::size_t length);
TENSORRTAPI INvPlugin* createYOLORegionPlugin(RegionParameters params);
TENSORRTAPI INvPlugin* createYOLORegionPlugin(void const* data, std::size_t length);

}  // namespace plugin
}  // namespace nvinfer1
