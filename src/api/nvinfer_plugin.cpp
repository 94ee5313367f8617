// libnvinfer_plugin: the entry by which programs ask for the ready-made plugins, and the functions of generation 5 that made one each. This
// version has none of them: each function says so and gives null.
#include <string>

#include "NvInferPlugin.h"

namespace {

nvinfer1::plugin::INvPlugin* missing(const char* function) noexcept {
  nvinfer1::ILogger* logger = getLogger();
  if (!logger) return nullptr;
  try {
    logger->log(nvinfer1::ILogger::Severity::kERROR,
                (std::string(function) +
                 ": the ready-made plugins of generation 5 are not in this version; write the layer with the network's own, or as a plugin")
                    .c_str());
  } catch (...) {
    // A logger that throws has nobody to tell.
  }
  return nullptr;
}

nvinfer1::IPluginV2* missing_v2(const char* function) noexcept {
  missing(function);
  return nullptr;
}

}  // namespace

extern "C" {

// The registry exists from the start; this version has no plugins of its own to add to it.
TENSORRTAPI bool initLibNvInferPlugins(void* /*logger*/, char const* /*libNamespace*/) { return getPluginRegistry() != nullptr; }

TENSORRTAPI nvinfer1::IPluginV2* createRPNROIPlugin_INTERNAL(int32_t, int32_t, int32_t, float, float, float, int32_t, int32_t,
                                                             nvinfer1::Weights const*, nvinfer1::Weights const*) {
  return missing_v2("createRPNROIPlugin");
}
TENSORRTAPI nvinfer1::IPluginV2* createNormalizePlugin(nvinfer1::Weights const*, bool, bool, float) {
  return missing_v2("createNormalizePlugin");
}
TENSORRTAPI nvinfer1::IPluginV2* createPriorBoxPlugin(nvinfer1::plugin::PriorBoxParameters) { return missing_v2("createPriorBoxPlugin"); }
TENSORRTAPI nvinfer1::IPluginV2* createAnchorGeneratorPlugin(nvinfer1::plugin::GridAnchorParameters*, int) {
  return missing_v2("createAnchorGeneratorPlugin");
}
TENSORRTAPI nvinfer1::IPluginV2* createNMSPlugin(nvinfer1::plugin::DetectionOutputParameters) { return missing_v2("createNMSPlugin"); }
TENSORRTAPI nvinfer1::IPluginV2* createLReLUPlugin(float) { return missing_v2("createLReLUPlugin"); }
TENSORRTAPI nvinfer1::IPluginV2* createReorgPlugin(int) { return missing_v2("createReorgPlugin"); }
TENSORRTAPI nvinfer1::IPluginV2* createRegionPlugin(nvinfer1::plugin::RegionParameters) { return missing_v2("createRegionPlugin"); }
TENSORRTAPI nvinfer1::IPluginV2* createClipPlugin(char const*, float, float) { return missing_v2("createClipPlugin"); }
TENSORRTAPI nvinfer1::IPluginV2* createBatchedNMSPlugin(nvinfer1::plugin::NMSParameters) { return missing_v2("createBatchedNMSPlugin"); }

}  // extern "C"

namespace nvinfer1 {
namespace plugin {

TENSORRTAPI INvPlugin* createFasterRCNNPlugin_INTERNAL(int32_t, int32_t, int32_t, float, float, float, int32_t, int32_t, Weights, Weights) {
  return missing("createFasterRCNNPlugin");
}
TENSORRTAPI INvPlugin* createFasterRCNNPlugin(void const*, std::size_t) { return missing("createFasterRCNNPlugin"); }
TENSORRTAPI INvPlugin* createSSDNormalizePlugin(Weights const*, bool, bool, float) { return missing("createSSDNormalizePlugin"); }
TENSORRTAPI INvPlugin* createSSDNormalizePlugin(void const*, std::size_t) { return missing("createSSDNormalizePlugin"); }
TENSORRTAPI INvPlugin* createSSDPermutePlugin(Quadruple) { return missing("createSSDPermutePlugin"); }
TENSORRTAPI INvPlugin* createSSDPermutePlugin(void const*, std::size_t) { return missing("createSSDPermutePlugin"); }
TENSORRTAPI INvPlugin* createSSDPriorBoxPlugin(PriorBoxParameters) { return missing("createSSDPriorBoxPlugin"); }
TENSORRTAPI INvPlugin* createSSDPriorBoxPlugin(void const*, std::size_t) { return missing("createSSDPriorBoxPlugin"); }
TENSORRTAPI INvPlugin* createSSDAnchorGeneratorPlugin(GridAnchorParameters*, int) { return missing("createSSDAnchorGeneratorPlugin"); }
TENSORRTAPI INvPlugin* createSSDAnchorGeneratorPlugin(void const*, std::size_t) { return missing("createSSDAnchorGeneratorPlugin"); }
TENSORRTAPI INvPlugin* createSSDDetectionOutputPlugin(DetectionOutputParameters) { return missing("createSSDDetectionOutputPlugin"); }
TENSORRTAPI INvPlugin* createSSDDetectionOutputPlugin(void const*, std::size_t) { return missing("createSSDDetectionOutputPlugin"); }
TENSORRTAPI INvPlugin* createConcatPlugin(int, bool) { return missing("createConcatPlugin"); }
TENSORRTAPI INvPlugin* createConcatPlugin(void const*, std::size_t) { return missing("createConcatPlugin"); }
TENSORRTAPI INvPlugin* createPReLUPlugin(float) { return missing("createPReLUPlugin"); }
TENSORRTAPI INvPlugin* createPReLUPlugin(void const*, std::size_t) { return missing("createPReLUPlugin"); }
TENSORRTAPI INvPlugin* createYOLOReorgPlugin(int) { return missing("createYOLOReorgPlugin"); }
TENSORRTAPI INvPlugin* createYOLOReorgPlugin(void const*, std::size_t) { return missing("createYOLOReorgPlugin"); }
TENSORRTAPI INvPlugin* createYOLORegionPlugin(RegionParameters) { return missing("createYOLORegionPlugin"); }
TENSORRTAPI INvPlugin* createYOLORegionPlugin(void const*, std::size_t) { return missing("createYOLORegionPlugin"); }

}  // namespace plugin
}  // namespace nvinfer1
