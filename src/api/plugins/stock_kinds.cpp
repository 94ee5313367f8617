#include "api/plugins/kinds.h"

namespace ingot::api {

const std::vector<StockKind>& stock_kinds() {
  static const std::vector<StockKind> kinds = [] {
    std::vector<StockKind> all;
    for (const auto& group :
         {activation_plugins, detection_plugins, prior_plugins, normalization_plugins, moving_plugins, region_plugins}) {
      for (StockKind& kind : group()) all.push_back(std::move(kind));
    }
    return all;
  }();
  return kinds;
}

}  // namespace ingot::api
