// Layers of detectors by regions: Proposal, also as Faster R-CNN's Python layer, ROIPooling,
// PSROIPooling, and NVIDIA's RPROI, which is both of the first.
#include <cstdlib>

#include "import/caffe/layer.h"
#include "operators/position_roi_pool.h"
#include "operators/proposal.h"
#include "operators/reshape.h"
#include "operators/roi_pool.h"
#include "operators/runtime_dims.h"

namespace ingot {
namespace {

// Bottoms scores, shifts, image; tops regions and, where it is asked for, their scores.
Result<std::vector<Tensor*>> propose(const CaffeLayer& layer, std::unique_ptr<Proposal> op) {
  std::vector<Tensor*> inputs(layer.inputs().begin(), layer.inputs().begin() + 3);
  if (inputs[2]->type.rank() == 4) {  // [N, 3, 1, 1]
    TRY_ASSIGN(inputs[2], layer.add(Reshape(std::vector<int64_t>{0, -1}), {inputs[2]}, "image"));
  }
  const Dim bound = layer.rank() > 0 ? layer.dims()[0] * op->most : Dim(op->most);
  TRY_ASSIGN(Layer * added, add_runtime_sized(layer.network(), std::move(op), std::move(inputs), layer.name(), {bound}));
  return added->outputs();
}

template <class List>
std::vector<double> numbers(const List& list, std::vector<double> fallback) {
  return list.empty() ? fallback : std::vector<double>(list.begin(), list.end());
}

Result<std::vector<Tensor*>> proposal(const CaffeLayer& layer) {
  TRY(layer.expects(3, 3, 1, 2));
  const auto& parameter = layer.parameter().proposal_param();
  auto op = std::make_unique<Proposal>();
  op->stride = parameter.feat_stride();
  op->base_size = parameter.base_size();
  op->min_size = parameter.min_size();
  op->ratios = numbers(parameter.ratio(), op->ratios);
  op->scales = numbers(parameter.scale(), op->scales);
  op->candidates = parameter.pre_nms_topn();
  op->most = parameter.post_nms_topn();
  op->overlap_threshold = parameter.nms_thresh();
  TRY_ASSIGN(std::vector<Tensor*> outputs, propose(layer, std::move(op)));
  outputs.resize(layer.output_count());
  return outputs;
}

// The number behind 'key': in a parameter string such as "'feat_stride': 16".
std::optional<double> number_in(const std::string& text, const std::string& key) {
  size_t at = text.find(key);
  if (at == std::string::npos || (at = text.find(':', at)) == std::string::npos) return std::nullopt;
  char* end = nullptr;
  const double value = std::strtod(text.c_str() + at + 1, &end);
  return end == text.c_str() + at + 1 ? std::nullopt : std::optional(value);
}

// Layers of Python code that are known by their name; none of it is run.
Result<std::vector<Tensor*>> python(const CaffeLayer& layer) {
  const auto& parameter = layer.parameter().python_param();
  if (parameter.layer() != "ProposalLayer")
    return unsupported("it runs the Python code '" + parameter.module() + "." + parameter.layer() +
                       "'; of such layers ProposalLayer alone is known. Give the parser a plugin factory that makes it");
  TRY(layer.expects(3, 3, 1, 2));
  auto op = std::make_unique<Proposal>();
  const std::string& words = parameter.param_str();
  if (const auto stride = number_in(words, "feat_stride"); stride && *stride >= 1 && *stride <= 4096)
    op->stride = static_cast<int64_t>(*stride);
  if (size_t at = words.find("scales"); at != std::string::npos) {
    op->scales.clear();
    at = words.find_first_of("[(", at);
    const char* place = at == std::string::npos ? "" : words.c_str() + at + 1;
    for (char* end = nullptr; op->scales.size() < 64; place = end + (*end == ',')) {
      const double scale = std::strtod(place, &end);
      if (end == place) break;
      op->scales.push_back(scale);
    }
  }
  TRY_ASSIGN(std::vector<Tensor*> outputs, propose(layer, std::move(op)));
  outputs.resize(layer.output_count());
  return outputs;
}

// Regions [R, 5, 1, 1] as [R, 5].
Result<Tensor*> flat_regions(const CaffeLayer& layer, Tensor* regions) {
  if (regions->type.rank() != 4) return regions;
  return layer.add(Reshape(std::vector<int64_t>{0, 5}), {regions}, "regions");
}

Result<Tensor*> pooled(const CaffeLayer& layer, Tensor* x, Tensor* regions, uint32_t height, uint32_t width, double scale) {
  if (height < 1 || width < 1 || height > 4096 || width > 4096)
    return invalid("the pooled size is " + std::to_string(height) + " by " + std::to_string(width) + "; it lies in 1 to 4096");
  TRY_ASSIGN(regions, flat_regions(layer, regions));
  RoiPool op;
  op.height = height;
  op.width = width;
  op.scale = scale;
  return layer.add(op, {x, regions}, layer.type() == "RPROI" ? "pooled" : nullptr);
}

Result<Tensor*> roi_pooling(const CaffeLayer& layer) {
  TRY(layer.expects(2, 2));
  const auto& parameter = layer.parameter().roi_pooling_param();
  return pooled(layer, layer.input(0), layer.input(1), parameter.pooled_h(), parameter.pooled_w(), parameter.spatial_scale());
}

Result<Tensor*> position_pooling(const CaffeLayer& layer) {
  TRY(layer.expects(2, 2));
  const auto& parameter = layer.parameter().psroi_pooling_param();
  PositionRoiPool op;
  op.outputs = parameter.output_dim();
  op.cells = parameter.group_size();
  op.scale = parameter.spatial_scale();
  TRY_ASSIGN(Tensor * regions, flat_regions(layer, layer.input(1)));
  return layer.add(op, {layer.input(0), regions});
}

// Bottoms scores, shifts, features, image; tops regions and what is pooled from them.
Result<std::vector<Tensor*>> rp_roi(const CaffeLayer& layer) {
  TRY(layer.expects(4, 4, 1, 2));
  const auto& parameter = layer.parameter().region_proposal_param();
  const auto& pooling = layer.parameter().roi_pooling_param();
  auto op = std::make_unique<Proposal>();
  op->stride = parameter.feature_stride();
  op->min_size = parameter.min_box_size();
  op->ratios = numbers(parameter.anchor_ratio(), op->ratios);
  op->scales = numbers(parameter.anchor_scale(), op->scales);
  op->candidates = parameter.prenms_top();
  op->most = parameter.nms_max_out();
  op->overlap_threshold = parameter.iou_threshold();
  std::vector<Tensor*> inputs = {layer.input(0), layer.input(1), layer.input(3)};
  if (inputs[2]->type.rank() == 4) {
    TRY_ASSIGN(inputs[2], layer.add(Reshape(std::vector<int64_t>{0, -1}), {inputs[2]}, "image"));
  }
  const Dim bound = layer.rank() > 0 ? layer.dims()[0] * op->most : Dim(op->most);
  TRY_ASSIGN(Layer * added, add_runtime_sized(layer.network(), std::move(op), std::move(inputs), layer.name(), {bound}));
  std::vector<Tensor*> outputs = {added->output(0)};
  if (layer.output_count() == 2) {
    TRY_ASSIGN(Tensor * cells, pooled(layer, layer.input(2), outputs[0], pooling.pooled_h(), pooling.pooled_w(), pooling.spatial_scale()));
    outputs.push_back(cells);
  }
  return outputs;
}

}  // namespace

CAFFE_LAYERS(regions) {
  catalogue.add("Proposal", proposal);
  catalogue.add("Python", python);
  catalogue.add("ROIPooling", one_caffe_output<roi_pooling>);
  catalogue.add("PSROIPooling", one_caffe_output<position_pooling>);
  catalogue.add("RPROI", rp_roi);
}

}  // namespace ingot
