#include "report.h"

#include <algorithm>
#include <cstdio>
#include <nlohmann/json.hpp>

#include "cost.h"

namespace ingot::tools {
namespace {

using Json = nlohmann::ordered_json;

// 1234567 as "1,234,567".
std::string grouped(double value) {
  const std::string digits = std::to_string(static_cast<int64_t>(value));
  std::string text;
  for (size_t i = 0; i < digits.size(); ++i) {
    if (i > 0 && (digits.size() - i) % 3 == 0) text += ',';
    text += digits[i];
  }
  return text;
}

std::string scaled(double value, double step, std::initializer_list<const char*> units) {
  auto unit = units.begin();
  while (value >= step && unit + 1 != units.end()) value /= step, ++unit;
  char text[48];
  if (unit == units.begin())
    std::snprintf(text, sizeof text, **unit ? "%.0f %s" : "%.0f%s", value, *unit);
  else
    std::snprintf(text, sizeof text, value < 10 ? "%.2f %s" : value < 100 ? "%.1f %s" : "%.0f %s", value, *unit);
  return text;
}
std::string bytes_text(double bytes) { return scaled(bytes, 1024, {"bytes", "KiB", "MiB", "GiB", "TiB"}); }
std::string flops_text(double flops) { return scaled(flops, 1000, {"", "thousand", "million", "billion", "trillion"}); }

void add_row(std::string& text, const std::string& name, size_t width, const std::string& value) {
  text += "  " + name + std::string(name.size() < width ? width - name.size() : 0, ' ') + "  " + value + "\n";
}

template <class Map>
size_t widest(const Map& map) {
  size_t width = 0;
  for (const auto& [name, value] : map) width = std::max(width, std::string(name).size());
  return std::min<size_t>(width, 60);
}

// By falling count, then by name.
std::vector<std::pair<std::string, int64_t>> by_count(const std::map<std::string, int64_t>& counts) {
  std::vector<std::pair<std::string, int64_t>> sorted(counts.begin(), counts.end());
  std::stable_sort(sorted.begin(), sorted.end(), [](const auto& a, const auto& b) { return a.second > b.second; });
  return sorted;
}

int64_t total(const std::map<std::string, int64_t>& counts) {
  int64_t sum = 0;
  for (const auto& [name, count] : counts) sum += count;
  return sum;
}

std::string ports_text(const char* title, const std::vector<Tensor*>& tensors) {
  if (tensors.empty()) return "";
  std::string text = std::string(title) + "\n";
  size_t width = 0;
  for (const Tensor* tensor : tensors) width = std::max(width, std::min<size_t>(tensor->name.size(), 60));
  for (const Tensor* tensor : tensors) add_row(text, tensor->name, width, tensor->type.text());
  return text;
}

Json ports_json(const std::vector<Tensor*>& tensors) {
  Json list = Json::array();
  for (const Tensor* tensor : tensors) {
    Json dims = Json::array();
    for (const Dim& dim : tensor->type.dims) {
      if (dim.is_constant())
        dims.push_back(dim.value());
      else
        dims.push_back(dim.text());
    }
    list.push_back({{"name", tensor->name}, {"type", std::string(name_of(tensor->type.type))}, {"dims", dims}});
  }
  return list;
}

std::string joined(const std::vector<std::string>& words) {
  std::string text;
  for (const std::string& word : words) text += (text.empty() ? "" : ", ") + word;
  return text;
}

std::string weights_text(const WeightMap& weights) {
  std::string text;
  double elements = 0, bytes = 0;
  const size_t width = widest(weights);
  for (const auto& [name, array] : weights) {
    add_row(text, name, width, std::string(name_of(array.type())) + " " + to_text(array.shape()));
    elements += static_cast<double>(array.count());
    bytes += static_cast<double>(array.byte_count());
  }
  return "weights: " + std::to_string(weights.size()) + "\n" + text + "parameters: " + grouped(elements) + " (" + bytes_text(bytes) + ")\n";
}

}  // namespace

std::string report_text(const std::string& path, const ModelFile& file) {
  std::string text = path + ": " + std::string(name_of(file.format)) + "\n";
  const size_t width = widest(file.details);
  for (const auto& [name, value] : file.details) add_row(text, name, width, value);
  if (file.weights) return text + weights_text(*file.weights);
  const Network& network = *file.network;
  text += ports_text("inputs", network.inputs()) + ports_text("outputs", network.outputs());
  if (!file.operators.empty()) {
    text += "operators of the file: " + std::to_string(total(file.operators)) + "\n";
    for (const auto& [name, count] : by_count(file.operators)) add_row(text, name, widest(file.operators), std::to_string(count));
  }
  const NetworkCost cost = cost_of(network);
  if (!network.layers().empty()) {
    std::map<std::string, int64_t> counts;
    for (const auto& [name, of] : cost.operators) counts[name] = of.layers;
    text += "layers: " + std::to_string(total(counts)) + "\n";
    for (const auto& [name, count] : by_count(counts)) {
      const double flops = cost.operators.at(name).flops;
      add_row(text, name, widest(counts), std::to_string(count) + (flops > 0 ? "  " + flops_text(flops) + " FLOPs" : ""));
    }
  }
  if (!file.places.empty()) {
    std::map<std::string, int64_t> tactics;
    for (const auto& [layer, tactic] : file.places) ++tactics[tactic];
    text += "tactics\n";
    for (const auto& [name, count] : by_count(tactics)) add_row(text, name, widest(tactics), std::to_string(count));
  }
  text += "parameters: " + grouped(cost.parameters) + " (" + bytes_text(cost.parameter_bytes) + ")\n";
  text += "FLOPs: " + flops_text(cost.flops) + (cost.open.empty() ? "" : ", with 1 for " + joined(cost.open) + " (--shapes gives others)") +
          "\n";
  if (file.declined.empty()) return text + "declined: nothing\n";
  text += "declined: " + std::to_string(file.declined.size()) + "; the numbers above are of what could be read\n";
  for (const std::string& message : file.declined) text += "  " + message + "\n";
  return text;
}

std::string report_json(const std::string& path, const ModelFile& file) {
  Json json = {{"file", path}, {"format", std::string(name_of(file.format))}};
  Json details = Json::object();
  for (const auto& [name, value] : file.details) details[name] = value;
  json["details"] = details;
  if (file.weights) {
    Json list = Json::array();
    double elements = 0, bytes = 0;
    for (const auto& [name, array] : *file.weights) {
      list.push_back({{"name", name}, {"type", std::string(name_of(array.type()))}, {"dims", array.shape()}});
      elements += static_cast<double>(array.count());
      bytes += static_cast<double>(array.byte_count());
    }
    json["weights"] = list;
    json["parameters"] = static_cast<int64_t>(elements);
    json["parameter_bytes"] = static_cast<int64_t>(bytes);
    return json.dump(2, ' ', false, Json::error_handler_t::replace) + "\n";
  }
  json["inputs"] = ports_json(file.network->inputs());
  json["outputs"] = ports_json(file.network->outputs());
  json["operators"] = file.operators;
  const NetworkCost cost = cost_of(*file.network);
  Json layers = Json::object();
  for (const auto& [name, of] : cost.operators) layers[name] = {{"count", of.layers}, {"flops", of.flops}};
  json["layers"] = layers;
  if (!file.places.empty()) json["tactics"] = file.places;
  json["parameters"] = static_cast<int64_t>(cost.parameters);
  json["parameter_bytes"] = static_cast<int64_t>(cost.parameter_bytes);
  json["flops"] = cost.flops;
  json["counted_as_one"] = cost.open;
  json["declined"] = file.declined;
  return json.dump(2, ' ', false, Json::error_handler_t::replace) + "\n";
}

}  // namespace ingot::tools
