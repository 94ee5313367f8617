// Dilated convolutions that are written around convolutions without dilation:
//   batch_to_space(f(conv(space_to_batch(x, block, pads))), block, crops) => f(conv(x) with dilation `block` and pads - crops)
// where f works element by element, or channel by channel.
#include <algorithm>
#include <set>
#include <unordered_map>

#include "import/tensorflow/graph.h"

namespace ingot {
namespace {

class Dilations {
 public:
  explicit Dilations(TfGraph& graph) : graph_(graph) {
    for (TfNode& node : graph.nodes) {
      nodes_.emplace(node.name, &node);
      for (const TfInput& input : node.inputs) ++readers_[input.node];
    }
  }

  void fold() {
    for (TfNode& node : graph_.nodes) {
      if (node.op == "BatchToSpaceND") fold(node);
    }
  }

 private:
  TfNode* source(const TfNode& node, size_t input) const {
    if (input >= node.inputs.size()) return nullptr;
    const auto found = nodes_.find(node.inputs[input].node);
    return found == nodes_.end() ? nullptr : found->second;
  }
  std::optional<std::vector<int64_t>> integers(const TfNode& node, size_t input) const {
    const TfNode* at = source(node, input);
    for (int steps = 0; at && at->op == "Identity" && steps < 8; ++steps) at = source(*at, 0);
    const Array* value = at && at->op == "Const" ? at->find<Array>("value") : nullptr;
    if (!value || !is_integer(value->type()) || value->count() > 8) return std::nullopt;
    return value->integers();
  }
  bool is_read_once(const TfNode& node) const {
    const auto found = readers_.find(node.name);
    return found != readers_.end() && found->second == 1;
  }

  void fold(TfNode& last) {
    static const std::set<std::string_view> kSteps = {"BiasAdd",         "Relu", "Relu6",    "LeakyRelu",      "Elu",
                                                      "Sigmoid",         "Tanh", "Identity", "FusedBatchNorm", "FusedBatchNormV2",
                                                      "FusedBatchNormV3"};
    TfNode* conv = source(last, 0);
    for (int steps = 0; conv && kSteps.contains(conv->op) && steps < 16; ++steps) {
      if (!is_read_once(*conv) || is_channels_first(*conv)) return;
      conv = source(*conv, 0);
    }
    if (!conv || (conv->op != "Conv2D" && conv->op != "DepthwiseConv2dNative") || !is_read_once(*conv) || is_channels_first(*conv)) return;
    const TfNode* first = source(*conv, 0);
    if (!first || first->op != "SpaceToBatchND" || first->inputs.size() != 3 || last.inputs.size() != 3) return;
    const auto* padding = conv->find<std::string>("padding");
    const auto* strides = conv->find<std::vector<int64_t>>("strides");
    const auto* dilations = conv->find<std::vector<int64_t>>("dilations");
    const auto all_one = [](const std::vector<int64_t>* list) {
      return !list || std::all_of(list->begin(), list->end(), [](int64_t value) { return value == 1; });
    };
    if (!padding || *padding != "VALID" || !all_one(strides) || !all_one(dilations)) return;
    const auto block = integers(*first, 1), pads = integers(*first, 2), behind = integers(last, 1), crops = integers(last, 2);
    if (!block || block->size() != 2 || !pads || pads->size() != 4 || behind != block || !crops || crops->size() != 4) return;
    std::vector<int64_t> explicit_pads = {0, 0};
    for (size_t i = 0; i < 4; ++i) {
      if ((*pads)[i] < (*crops)[i] || (*pads)[i] > (1 << 20) || (*crops)[i] < 0) return;
      explicit_pads.push_back((*pads)[i] - (*crops)[i]);
    }
    explicit_pads.resize(8, 0);
    conv->inputs[0] = first->inputs[0];
    conv->attributes.insert_or_assign("padding", std::string("EXPLICIT"));
    conv->attributes.insert_or_assign("explicit_paddings", explicit_pads);
    conv->attributes.insert_or_assign("dilations", std::vector<int64_t>{1, (*block)[0], (*block)[1], 1});
    last.op = "Identity";
    last.inputs.resize(1);
  }

  static bool is_channels_first(const TfNode& node) {
    const auto* format = node.find<std::string>("data_format");
    return format && *format == "NCHW";
  }

  TfGraph& graph_;
  std::unordered_map<std::string_view, TfNode*> nodes_;
  std::unordered_map<std::string_view, int64_t> readers_;
};

}  // namespace

void fold_dilations(TfGraph& graph) {
  const bool any = std::any_of(graph.nodes.begin(), graph.nodes.end(), [](const TfNode& node) { return node.op == "BatchToSpaceND"; });
  if (any) Dilations(graph).fold();
}

}  // namespace ingot
