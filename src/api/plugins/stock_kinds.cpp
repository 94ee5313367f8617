#include "api/plugins/kinds.h"

namespace ingot::api {

const std::vector<StockKind>& stock_kinds() {
  static const std::vector<StockKind> kinds = [] {
    std::vector<StockKind> all;
    for (const auto& group : {activation_plugins, detection_plugins, prior_plugins, normalization_plugins, moving_plugins, region_plugins,
                              region_proposal_plugins, scattering_plugins, transformer_plugins}) {
      for (StockKind& kind : group()) all.push_back(std::move(kind));
    }
    // Versions that differ from those before by their interface alone.
    struct Newer {
      const char *name, *version, *before = "1";
    };
    const Newer newer[] = {{"InstanceNormalization_TRT", "3"},
                           {"ScatterElements", "2"},
                           {"DisentangledAttention_TRT", "2"},
                           {"CustomEmbLayerNormPluginDynamic", "6"},
                           {"CustomQKVToContextPluginDynamic", "4"},
                           {"CustomSkipLayerNormPluginDynamic", "5"},
                           {"CustomEmbLayerNormPluginDynamic", "4", "2"},
                           {"CustomQKVToContextPluginDynamic", "5", "2"},
                           {"CustomSkipLayerNormPluginDynamic", "6", "2"},
                           {"CustomFCPluginDynamic", "2"},
                           {"CustomGeluPluginDynamic", "2"},
                           {"ROIAlign_TRT", "2"},
                           {"ModulatedDeformConv2d", "2"},
                           {"CropAndResizeDynamic", "2"}};
    for (const auto& [name, version, before] : newer) {
      for (size_t i = 0; i < all.size(); ++i) {
        if (all[i].name != name || all[i].version != before) continue;
        StockKind kind = all[i];
        kind.version = version;
        kind.is_v3 = true;
        all.push_back(std::move(kind));
        break;
      }
    }
    return all;
  }();
  return kinds;
}

}  // namespace ingot::api
