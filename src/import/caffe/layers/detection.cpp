// Layers of single-shot detectors: PriorBox and DetectionOutput.
#include "import/caffe/layer.h"
#include "operators/detection_output.h"
#include "operators/fill.h"
#include "operators/prior_box.h"

namespace ingot {
namespace {

Result<Tensor*> prior_box(const CaffeLayer& layer) {
  TRY(layer.expects(2, 2));
  const auto& parameter = layer.parameter().prior_box_param();
  PriorBox op;
  op.min_sizes.assign(parameter.min_size().begin(), parameter.min_size().end());
  op.max_sizes.assign(parameter.max_size().begin(), parameter.max_size().end());
  op.aspect_ratios.assign(parameter.aspect_ratio().begin(), parameter.aspect_ratio().end());
  op.flip = parameter.flip();
  op.clip = parameter.clip();
  if (parameter.variance_size() > 0) op.variances.assign(parameter.variance().begin(), parameter.variance().end());
  op.step_x = parameter.has_step_w() ? parameter.step_w() : parameter.step();
  op.step_y = parameter.has_step_h() ? parameter.step_h() : parameter.step();
  op.offset = parameter.offset();
  Tensor* image = layer.input(1);
  const int64_t high = parameter.has_img_h() ? parameter.img_h() : parameter.img_size(),
                wide = parameter.has_img_w() ? parameter.img_w() : parameter.img_size();
  if (high > 0 && wide > 0) {
    if (high > 8192 || wide > 8192)
      return invalid("the image has " + std::to_string(high) + " by " + std::to_string(wide) + " pixels; 8192 are the limit");
    Fill fill;
    fill.dims = DimList(std::vector<int64_t>{1, 1, high, wide});
    TRY_ASSIGN(image, layer.add(fill, {}, "image"));
  }
  return layer.add(op, {layer.input(), image});
}

Result<Tensor*> detection_output(const CaffeLayer& layer) {
  TRY(layer.expects(3, 3, 1, 2));
  const auto& parameter = layer.parameter().detection_output_param();
  DetectionOutput op;
  op.classes = parameter.num_classes();
  op.share_location = parameter.share_location();
  op.background = parameter.background_label_id();
  op.overlap_threshold = parameter.nms_param().nms_threshold();
  op.candidates = parameter.nms_param().has_top_k() && parameter.nms_param().top_k() > 0 ? parameter.nms_param().top_k() : 0;
  op.eta = parameter.nms_param().eta();
  switch (parameter.code_type()) {
    case caffe::CENTER_SIZE: op.code = BoxCode::kCenterSize; break;
    case caffe::CORNER_SIZE: op.code = BoxCode::kCornerSize; break;
    default: op.code = BoxCode::kCorner;
  }
  op.most = parameter.keep_top_k() > 0 ? parameter.keep_top_k() : 0;
  op.variance_encoded = parameter.variance_encoded_in_target();
  if (parameter.has_confidence_threshold()) op.score_threshold = parameter.confidence_threshold();
  TRY_ASSIGN(std::vector<Tensor*> outputs, layer.add_all(std::make_unique<DetectionOutput>(op), layer.inputs()));
  return outputs[0];
}

}  // namespace

CAFFE_LAYERS(detection) {
  catalogue.add("PriorBox", one_caffe_output<prior_box>);
  catalogue.add("DetectionOutput", one_caffe_output<detection_output>);
}

}  // namespace ingot
