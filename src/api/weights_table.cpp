#include "api/weights_table.h"

#include <nlohmann/json.hpp>

#include "plan/plan.h"

namespace ingot::api {

std::string write_weights_table(const std::vector<WeightsEntry>& entries) {
  auto rows = nlohmann::json::array();
  for (const WeightsEntry& entry : entries) rows.push_back({entry.constant, entry.layer, static_cast<int>(entry.role), entry.name});
  return rows.dump(-1, ' ', false, nlohmann::json::error_handler_t::replace);
}

std::vector<WeightsEntry> read_weights_table(const std::string& text) {
  std::vector<WeightsEntry> entries;
  const auto rows = nlohmann::json::parse(text, nullptr, false);
  if (!rows.is_array()) return entries;
  for (const auto& row : rows) {
    if (!row.is_array() || row.size() != 4 || !row[0].is_string() || !row[1].is_string() || !row[2].is_number_integer() ||
        !row[3].is_string())
      continue;
    entries.push_back({row[0].get<std::string>(), row[1].get<std::string>(), static_cast<nvinfer1::WeightsRole>(row[2].get<int>()),
                       row[3].get<std::string>()});
  }
  return entries;
}

std::vector<std::string> strippable_weights(const Plan& plan) {
  std::vector<std::string> names;
  for (const WeightsEntry& entry : read_weights_table(plan.property(kWeightsProperty))) {
    const Tensor* tensor = plan.network->find_tensor(entry.constant);
    if (!tensor || !tensor->constant.data() || tensor->is_packed || entry.constant.find('\n') != std::string::npos) continue;
    const DataType type = tensor->type.type;
    const bool is_bytes = bits_of(type) <= 8 && type != DataType::kBool;
    if (is_floating(type) || is_bytes) names.push_back(entry.constant);
  }
  return names;
}

}  // namespace ingot::api
