// The order in which a graph's nodes can be imported, whatever order the file has them in.
#pragma once

#include <string_view>
#include <unordered_set>
#include <vector>

#include "import/onnx/model_file.h"

namespace ingot {

using Nodes = google::protobuf::RepeatedPtrField<proto::NodeProto>;

// Indices such that each node stands behind those whose outputs it, or a graph inside it, reads; the file's own order where it is one
// already. Errors: a cycle, a name that two nodes produce or that is in `given` already.
Result<std::vector<int>> order_nodes(const Nodes& nodes, const std::unordered_set<std::string_view>& given);

// Names that the graphs inside `node` read and do not define.
void collect_captures(const proto::NodeProto& node, std::vector<std::string_view>* names);

}  // namespace ingot
