#include "import/onnx/graph_order.h"

#include <queue>
#include <unordered_map>

namespace ingot {
namespace {

// Recurses into graphs within graphs; the protobuf reader has bounded their depth.
void collect_free_names(const proto::GraphProto& graph, std::vector<std::string_view>* names) {
  std::unordered_set<std::string_view> defined;
  for (const auto& input : graph.input()) defined.insert(input.name());
  for (const auto& tensor : graph.initializer()) defined.insert(tensor.name());
  for (const auto& tensor : graph.sparse_initializer()) defined.insert(tensor.values().name());
  for (const auto& node : graph.node()) defined.insert(node.output().begin(), node.output().end());
  std::vector<std::string_view> read;
  for (const auto& node : graph.node()) {
    read.insert(read.end(), node.input().begin(), node.input().end());
    collect_captures(node, &read);
  }
  for (const auto& output : graph.output()) read.push_back(output.name());
  for (std::string_view name : read) {
    if (!name.empty() && !defined.contains(name)) names->push_back(name);
  }
}

// Walks back from a node that could not be placed: every step finds another such node, so a node comes twice, and between is the cycle.
std::string describe_cycle(const Nodes& nodes, const std::vector<std::vector<int>>& needs, const std::vector<bool>& placed, int start) {
  std::vector<int> path;
  std::unordered_map<int, size_t> place;
  int at = start;
  while (!place.contains(at)) {
    place[at] = path.size();
    path.push_back(at);
    for (int need : needs[at]) {
      if (!placed[need]) {
        at = need;
        break;
      }
    }
  }
  const size_t begin = place[at], length = path.size() - begin;
  std::string text;
  constexpr size_t kShown = 8;
  // The path leads against the data, so it is read backwards.
  for (size_t i = 0; i < length && i < kShown; ++i) {
    const int node = path[path.size() - 1 - i];
    text += "'" + label_of(nodes[node], node) + "' -> ";
  }
  if (length > kShown) text += "... (" + std::to_string(length) + " nodes) -> ";
  return text + "'" + label_of(nodes[path.back()], path.back()) + "'";
}

}  // namespace

void collect_captures(const proto::NodeProto& node, std::vector<std::string_view>* names) {
  for (const auto& attribute : node.attribute()) {
    if (attribute.has_g()) collect_free_names(attribute.g(), names);
    for (const auto& graph : attribute.graphs()) collect_free_names(graph, names);
  }
}

Result<std::vector<int>> order_nodes(const Nodes& nodes, const std::unordered_set<std::string_view>& given) {
  std::unordered_map<std::string_view, int> producer;
  for (int i = 0; i < nodes.size(); ++i) {
    for (const std::string& output : nodes[i].output()) {
      if (output.empty()) continue;
      const std::string label = "'" + label_of(nodes[i], i) + "'";
      if (given.contains(output)) return invalid("node " + label + " produces '" + output + "', which is an input or initializer already");
      auto [found, fresh] = producer.emplace(output, i);
      if (!fresh)
        return invalid("the nodes '" + label_of(nodes[found->second], found->second) + "' and " + label + " both produce '" + output + "'");
    }
  }
  std::vector<std::vector<int>> needs(static_cast<size_t>(nodes.size())), readers(static_cast<size_t>(nodes.size()));
  std::vector<int> missing(static_cast<size_t>(nodes.size()), 0);
  for (int i = 0; i < nodes.size(); ++i) {
    std::vector<std::string_view> read(nodes[i].input().begin(), nodes[i].input().end());
    collect_captures(nodes[i], &read);
    for (std::string_view name : read) {
      const auto found = producer.find(name);
      if (found == producer.end()) continue;
      needs[i].push_back(found->second);
      readers[found->second].push_back(i);
      ++missing[i];
    }
  }
  // The smallest index that is ready comes first, which keeps an order that is right already.
  std::priority_queue<int, std::vector<int>, std::greater<>> ready;
  for (int i = 0; i < nodes.size(); ++i) {
    if (missing[i] == 0) ready.push(i);
  }
  std::vector<int> order;
  std::vector<bool> placed(static_cast<size_t>(nodes.size()), false);
  while (!ready.empty()) {
    const int node = ready.top();
    ready.pop();
    order.push_back(node);
    placed[node] = true;
    for (int reader : readers[node]) {
      if (--missing[reader] == 0) ready.push(reader);
    }
  }
  for (int i = 0; i < nodes.size(); ++i) {
    if (!placed[i]) return invalid("the nodes form a cycle: " + describe_cycle(nodes, needs, placed, i));
  }
  return order;
}

}  // namespace ingot
