// The kinds of ready-made plugins, by what they do. A new one goes into the file of its like.
#pragma once

#include "api/plugins/stock.h"

namespace ingot::api {

std::vector<StockKind> activation_plugins();
std::vector<StockKind> detection_plugins();
std::vector<StockKind> prior_plugins();
std::vector<StockKind> normalization_plugins();
std::vector<StockKind> moving_plugins();
std::vector<StockKind> region_plugins();
std::vector<StockKind> region_proposal_plugins();
std::vector<StockKind> scattering_plugins();
std::vector<StockKind> transformer_plugins();

// The outputs of a plugin whose number and types do not hang on its fields.
inline std::function<std::string(const StockFields&)> always(std::string letters) {
  return [letters = std::move(letters)](const StockFields&) { return letters; };
}

}  // namespace ingot::api
