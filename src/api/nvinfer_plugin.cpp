// libnvinfer_plugin: the entry by which programs ask for the ready-made plugins, and the functions of generations 4 and 5 that make one
// each. The plugins live in libnvinfer with the operators that compute them.
#include <memory>
#include <new>
#include <string>
#include <vector>

#include "NvInferPlugin.h"
#include "api/plugins/stock_creators.h"

namespace {

using namespace nvinfer1;
using nvinfer1::plugin::INvPlugin;

// Fields as the creators take them; values live as long as the list.
class Fields {
 public:
  Fields& integers(const char* name, std::vector<int32_t> values) {
    integers_.push_back(std::make_unique<std::vector<int32_t>>(std::move(values)));
    const auto& kept = *integers_.back();
    fields_.emplace_back(name, kept.data(), PluginFieldType::kINT32, static_cast<int32_t>(kept.size()));
    return *this;
  }
  Fields& integer(const char* name, int32_t value) { return integers(name, {value}); }
  Fields& reals(const char* name, const float* values, int64_t count) {
    if (values && count > 0) fields_.emplace_back(name, values, PluginFieldType::kFLOAT32, static_cast<int32_t>(count));
    return *this;
  }
  Fields& real(const char* name, float value) {
    reals_.push_back(std::make_unique<float>(value));
    return reals(name, reals_.back().get(), 1);
  }
  PluginFieldCollection collection() const { return {static_cast<int32_t>(fields_.size()), fields_.data()}; }

 private:
  std::vector<std::unique_ptr<std::vector<int32_t>>> integers_;
  std::vector<std::unique_ptr<float>> reals_;
  std::vector<PluginField> fields_;
};

// Makes the plugin whose fields `fill` gives; null where memory runs out or the fields are wrong.
template <class Fill>
IPluginV2* make(const char* name, Fill&& fill) noexcept {
  try {
    Fields fields;
    fill(fields);
    const PluginFieldCollection collection = fields.collection();
    return ingotMakePlugin(name, &collection);
  } catch (...) {
    return nullptr;
  }
}

Fields& prior_box(Fields& fields, const plugin::PriorBoxParameters& p) {
  return fields.reals("minSize", p.minSize, p.numMinSize)
      .reals("maxSize", p.maxSize, p.numMaxSize)
      .reals("aspectRatios", p.aspectRatios, p.numAspectRatios)
      .integer("flip", p.flip)
      .integer("clip", p.clip)
      .reals("variance", p.variance, 4)
      .integer("imgH", p.imgH)
      .integer("imgW", p.imgW)
      .real("stepH", p.stepH)
      .real("stepW", p.stepW)
      .real("offset", p.offset);
}

// Ratios and scales are counted by the plugin.
IPluginV2* region_pooling(int32_t stride, int32_t candidates, int32_t most, float overlap, float least, float scale, int32_t high,
                          int32_t wide, const Weights& ratios, const Weights& scales) noexcept {
  return make("RPROI_TRT", [&](Fields& f) {
    f.integer("poolingH", high)
        .integer("poolingW", wide)
        .integer("featureStride", stride)
        .integer("preNmsTop", candidates)
        .integer("nmsMaxOut", most)
        .real("iouThreshold", overlap)
        .real("minBoxSize", least)
        .real("spatialScale", scale)
        .reals("anchorsRatios", static_cast<const float*>(ratios.values), ratios.count)
        .reals("anchorsScales", static_cast<const float*>(scales.values), scales.count);
  });
}

Fields& normalize(Fields& fields, const Weights* weights, bool across, bool shared, float eps) {
  if (weights) fields.reals("weights", static_cast<const float*>(weights->values), weights->count);
  return fields.integer("acrossSpatial", across).integer("channelShared", shared).real("eps", eps);
}

Fields& detection(Fields& fields, const plugin::DetectionOutputParameters& p) {
  return fields.integer("shareLocation", p.shareLocation)
      .integer("varianceEncodedInTarget", p.varianceEncodedInTarget)
      .integer("backgroundLabelId", p.backgroundLabelId)
      .integer("numClasses", p.numClasses)
      .integer("topK", p.topK)
      .integer("keepTopK", p.keepTopK)
      .real("confidenceThreshold", p.confidenceThreshold)
      .real("nmsThreshold", p.nmsThreshold)
      .integers("inputOrder", {p.inputOrder[0], p.inputOrder[1], p.inputOrder[2]})
      .integer("confSigmoid", p.confSigmoid)
      .integer("isNormalized", p.isNormalized)
      .integer("codeType", static_cast<int32_t>(p.codeType));
}

Fields& region(Fields& fields, const plugin::RegionParameters& p) {
  if (p.smTree) fields.integer("smTree", 1);  // which the plugin refuses
  return fields.integer("num", p.num).integer("coords", p.coords).integer("classes", p.classes);
}

// The scales of layer 0 hold for all; sizes of the maps and ratios come with each.
Fields& grid(Fields& fields, const plugin::GridAnchorParameters* p, int32_t layers) {
  std::vector<int32_t> sizes;
  for (int32_t i = 0; i < layers; ++i) {
    sizes.push_back(p[i].H);
    sizes.push_back(p[i].W);
  }
  // The lowest layer has ratios of its own.
  const plugin::GridAnchorParameters& upper = p[layers > 1 ? 1 : 0];
  return fields.real("minSize", p[0].minSize)
      .real("maxSize", p[0].maxSize)
      .reals("aspectRatios", upper.aspectRatios, upper.numAspectRatios)
      .reals("variance", p[0].variance, 4)
      .integers("featureMapShapes", std::move(sizes))
      .integer("numLayers", layers);
}

// A plugin of today as one of generation 4.
class OldPlugin final : public INvPlugin {
 public:
  OldPlugin(PluginType type, IPluginV2* plugin) : type_(type), plugin_(plugin) {}
  PluginType getPluginType() const noexcept override { return type_; }
  char const* getName() const noexcept override { return plugin_->getPluginType(); }
  void destroy() noexcept override {
    plugin_->destroy();
    delete this;
  }
  int32_t getNbOutputs() const noexcept override { return plugin_->getNbOutputs(); }
  Dims getOutputDimensions(int32_t index, Dims const* inputs, int32_t count) noexcept override {
    Dims64 wide[8];
    if (count > 8) count = 8;  // no plugin of that generation has more
    for (int32_t i = 0; i < count; ++i) wide[i] = impl::widen(inputs[i]);
    return impl::narrow<Dims>(plugin_->getOutputDimensions64_(index, wide, count));
  }
  Dims64 getOutputDimensions64_(int32_t index, Dims64 const* inputs, int32_t count) noexcept override {
    return plugin_->getOutputDimensions64_(index, inputs, count);
  }
  void configure64_(Dims64 const* inputs, int32_t count, Dims64 const* outputs, int32_t output_count, int32_t batch) noexcept override {
    plugin_->configureWithFormat64_(inputs, count, outputs, output_count, DataType::kFLOAT, PluginFormat::kLINEAR, batch);
  }
  int32_t initialize() noexcept override { return plugin_->initialize(); }
  void terminate() noexcept override { plugin_->terminate(); }
  std::size_t getWorkspaceSize(int32_t batch) const noexcept override { return plugin_->getWorkspaceSize(batch); }
  int32_t enqueue(int32_t batch, void const* const* inputs, void** outputs, void* workspace, cudaStream_t stream) noexcept override {
    return plugin_->enqueue(batch, inputs, const_cast<void* const*>(outputs), workspace, stream);
  }
  std::size_t getSerializationSize() noexcept override { return plugin_->getSerializationSize(); }
  void serialize(void* buffer) noexcept override { plugin_->serialize(buffer); }

 private:
  ~OldPlugin() noexcept override = default;
  PluginType type_;
  IPluginV2* plugin_;
};

INvPlugin* old(PluginType type, IPluginV2* plugin) noexcept {
  if (!plugin) return nullptr;
  auto* made = new (std::nothrow) OldPlugin(type, plugin);
  if (!made) plugin->destroy();
  return made;
}

INvPlugin* old(PluginType type, const char* name, const void* data, std::size_t length) noexcept {
  return old(type, ingotLoadPlugin(name, data, length));
}

}  // namespace

extern "C" {

TENSORRTAPI bool initLibNvInferPlugins(void* logger, char const* libNamespace) { return ingotRegisterPlugins(logger, libNamespace); }

TENSORRTAPI IPluginV2* createRPNROIPlugin_INTERNAL(int32_t featureStride, int32_t preNmsTop, int32_t nmsMaxOut, float iouThreshold,
                                                   float minBoxSize, float spatialScale, int32_t poolingH, int32_t poolingW,
                                                   Weights const* anchorRatios, Weights const* anchorScales) {
  if (!anchorRatios || !anchorScales) return nullptr;
  return region_pooling(featureStride, preNmsTop, nmsMaxOut, iouThreshold, minBoxSize, spatialScale, poolingH, poolingW, *anchorRatios,
                        *anchorScales);
}
TENSORRTAPI IPluginV2* createNormalizePlugin(Weights const* scales, bool acrossSpatial, bool channelShared, float eps) {
  return make("Normalize_TRT", [&](Fields& f) { normalize(f, scales, acrossSpatial, channelShared, eps); });
}
TENSORRTAPI IPluginV2* createPriorBoxPlugin(plugin::PriorBoxParameters param) {
  return make("PriorBox_TRT", [&](Fields& f) { prior_box(f, param); });
}
TENSORRTAPI IPluginV2* createAnchorGeneratorPlugin(plugin::GridAnchorParameters* param, int numLayers) {
  if (!param || numLayers < 1) return nullptr;
  return make("GridAnchorRect_TRT", [&](Fields& f) { grid(f, param, numLayers); });
}
TENSORRTAPI IPluginV2* createNMSPlugin(plugin::DetectionOutputParameters param) {
  return make("NMS_TRT", [&](Fields& f) { detection(f, param); });
}
TENSORRTAPI IPluginV2* createLReLUPlugin(float negSlope) {
  return make("LReLU_TRT", [&](Fields& f) { f.real("negSlope", negSlope); });
}
TENSORRTAPI IPluginV2* createReorgPlugin(int stride) {
  return make("Reorg_TRT", [&](Fields& f) { f.integer("stride", stride); });
}
TENSORRTAPI IPluginV2* createRegionPlugin(plugin::RegionParameters params) {
  return make("Region_TRT", [&](Fields& f) { region(f, params); });
}
TENSORRTAPI IPluginV2* createClipPlugin(char const*, float clipMin, float clipMax) {
  return make("Clip_TRT", [&](Fields& f) { f.real("clipMin", clipMin).real("clipMax", clipMax); });
}
TENSORRTAPI IPluginV2* createBatchedNMSPlugin(plugin::NMSParameters param) {
  return make("BatchedNMS_TRT", [&](Fields& f) {
    f.integer("shareLocation", param.shareLocation)
        .integer("backgroundLabelId", param.backgroundLabelId)
        .integer("numClasses", param.numClasses)
        .integer("topK", param.topK)
        .integer("keepTopK", param.keepTopK)
        .real("scoreThreshold", param.scoreThreshold)
        .real("iouThreshold", param.iouThreshold)
        .integer("isNormalized", param.isNormalized);
  });
}

}  // extern "C"

namespace nvinfer1 {
namespace plugin {

TENSORRTAPI INvPlugin* createFasterRCNNPlugin_INTERNAL(int32_t featureStride, int32_t preNmsTop, int32_t nmsMaxOut, float iouThreshold,
                                                       float minBoxSize, float spatialScale, int32_t poolingH, int32_t poolingW,
                                                       Weights anchorRatios, Weights anchorScales) {
  return old(PluginType::kFASTERRCNN, region_pooling(featureStride, preNmsTop, nmsMaxOut, iouThreshold, minBoxSize, spatialScale, poolingH,
                                                     poolingW, anchorRatios, anchorScales));
}
TENSORRTAPI INvPlugin* createFasterRCNNPlugin(void const* data, std::size_t length) {
  return old(PluginType::kFASTERRCNN, "RPROI_TRT", data, length);
}
TENSORRTAPI INvPlugin* createSSDNormalizePlugin(Weights const* scales, bool acrossSpatial, bool channelShared, float eps) {
  return old(PluginType::kNORMALIZE, createNormalizePlugin(scales, acrossSpatial, channelShared, eps));
}
TENSORRTAPI INvPlugin* createSSDNormalizePlugin(void const* data, std::size_t length) {
  return old(PluginType::kNORMALIZE, "Normalize_TRT", data, length);
}
// The order is of the batch and three dims.
TENSORRTAPI INvPlugin* createSSDPermutePlugin(Quadruple order) {
  return old(PluginType::kPERMUTE, make("Permute_TRT", [&](Fields& f) {
               f.integers("order", {order.data[0], order.data[1], order.data[2], order.data[3]});
             }));
}
TENSORRTAPI INvPlugin* createSSDPermutePlugin(void const* data, std::size_t length) {
  return old(PluginType::kPERMUTE, "Permute_TRT", data, length);
}
TENSORRTAPI INvPlugin* createSSDPriorBoxPlugin(PriorBoxParameters param) { return old(PluginType::kPRIORBOX, createPriorBoxPlugin(param)); }
TENSORRTAPI INvPlugin* createSSDPriorBoxPlugin(void const* data, std::size_t length) {
  return old(PluginType::kPRIORBOX, "PriorBox_TRT", data, length);
}
TENSORRTAPI INvPlugin* createSSDAnchorGeneratorPlugin(GridAnchorParameters* boxParams, int numLayers) {
  return old(PluginType::kANCHORGENERATOR, createAnchorGeneratorPlugin(boxParams, numLayers));
}
TENSORRTAPI INvPlugin* createSSDAnchorGeneratorPlugin(void const* data, std::size_t length) {
  return old(PluginType::kANCHORGENERATOR, "GridAnchorRect_TRT", data, length);
}
TENSORRTAPI INvPlugin* createSSDDetectionOutputPlugin(DetectionOutputParameters param) {
  return old(PluginType::kSSDDETECTIONOUTPUT, createNMSPlugin(param));
}
TENSORRTAPI INvPlugin* createSSDDetectionOutputPlugin(void const* data, std::size_t length) {
  return old(PluginType::kSSDDETECTIONOUTPUT, "NMS_TRT", data, length);
}
TENSORRTAPI INvPlugin* createConcatPlugin(int concatAxis, bool ignoreBatch) {
  return old(PluginType::kCONCAT,
             make("Concat_TRT", [&](Fields& f) { f.integer("axis", concatAxis).integer("ignoreBatch", ignoreBatch); }));
}
TENSORRTAPI INvPlugin* createConcatPlugin(void const* data, std::size_t length) {
  return old(PluginType::kCONCAT, "Concat_TRT", data, length);
}
TENSORRTAPI INvPlugin* createPReLUPlugin(float negSlope) { return old(PluginType::kPRELU, createLReLUPlugin(negSlope)); }
TENSORRTAPI INvPlugin* createPReLUPlugin(void const* data, std::size_t length) {
  return old(PluginType::kPRELU, "LReLU_TRT", data, length);
}
TENSORRTAPI INvPlugin* createYOLOReorgPlugin(int stride) { return old(PluginType::kYOLOREORG, createReorgPlugin(stride)); }
TENSORRTAPI INvPlugin* createYOLOReorgPlugin(void const* data, std::size_t length) {
  return old(PluginType::kYOLOREORG, "Reorg_TRT", data, length);
}
TENSORRTAPI INvPlugin* createYOLORegionPlugin(RegionParameters params) { return old(PluginType::kYOLOREGION, createRegionPlugin(params)); }
TENSORRTAPI INvPlugin* createYOLORegionPlugin(void const* data, std::size_t length) {
  return old(PluginType::kYOLOREGION, "Region_TRT", data, length);
}

}  // namespace plugin
}  // namespace nvinfer1
