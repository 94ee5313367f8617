// The spellings of 2013 (V0) and 2014 (V1) become today's layers.
#include <string_view>

#include "import/caffe/net_file.h"

namespace ingot {
namespace {

using caffe::LayerParameter;
using caffe::V0LayerParameter;
using caffe::V1LayerParameter;

struct OldType {
  V1LayerParameter::LayerType type;
  const char* name;
};
constexpr OldType kTypes[] = {
    {V1LayerParameter::ACCURACY, "Accuracy"},
    {V1LayerParameter::BNLL, "BNLL"},
    {V1LayerParameter::CONCAT, "Concat"},
    {V1LayerParameter::CONVOLUTION, "Convolution"},
    {V1LayerParameter::DATA, "Data"},
    {V1LayerParameter::DROPOUT, "Dropout"},
    {V1LayerParameter::EUCLIDEAN_LOSS, "EuclideanLoss"},
    {V1LayerParameter::FLATTEN, "Flatten"},
    {V1LayerParameter::HDF5_DATA, "HDF5Data"},
    {V1LayerParameter::HDF5_OUTPUT, "HDF5Output"},
    {V1LayerParameter::IM2COL, "Im2col"},
    {V1LayerParameter::IMAGE_DATA, "ImageData"},
    {V1LayerParameter::INFOGAIN_LOSS, "InfogainLoss"},
    {V1LayerParameter::INNER_PRODUCT, "InnerProduct"},
    {V1LayerParameter::LRN, "LRN"},
    {V1LayerParameter::MULTINOMIAL_LOGISTIC_LOSS, "MultinomialLogisticLoss"},
    {V1LayerParameter::POOLING, "Pooling"},
    {V1LayerParameter::RELU, "ReLU"},
    {V1LayerParameter::SIGMOID, "Sigmoid"},
    {V1LayerParameter::SOFTMAX, "Softmax"},
    {V1LayerParameter::SOFTMAX_LOSS, "SoftmaxWithLoss"},
    {V1LayerParameter::SPLIT, "Split"},
    {V1LayerParameter::TANH, "TanH"},
    {V1LayerParameter::WINDOW_DATA, "WindowData"},
    {V1LayerParameter::ELTWISE, "Eltwise"},
    {V1LayerParameter::POWER, "Power"},
    {V1LayerParameter::SIGMOID_CROSS_ENTROPY_LOSS, "SigmoidCrossEntropyLoss"},
    {V1LayerParameter::HINGE_LOSS, "HingeLoss"},
    {V1LayerParameter::MEMORY_DATA, "MemoryData"},
    {V1LayerParameter::ARGMAX, "ArgMax"},
    {V1LayerParameter::THRESHOLD, "Threshold"},
    {V1LayerParameter::DUMMY_DATA, "DummyData"},
    {V1LayerParameter::SLICE, "Slice"},
    {V1LayerParameter::MVN, "MVN"},
    {V1LayerParameter::ABSVAL, "AbsVal"},
    {V1LayerParameter::SILENCE, "Silence"},
    {V1LayerParameter::CONTRASTIVE_LOSS, "ContrastiveLoss"},
    {V1LayerParameter::EXP, "Exp"},
    {V1LayerParameter::DECONVOLUTION, "Deconvolution"},
};

struct OldestType {
  std::string_view word;
  const char* name;
};
constexpr OldestType kOldestTypes[] = {{"accuracy", "Accuracy"},
                                       {"bnll", "BNLL"},
                                       {"concat", "Concat"},
                                       {"conv", "Convolution"},
                                       {"data", "Data"},
                                       {"dropout", "Dropout"},
                                       {"euclidean_loss", "EuclideanLoss"},
                                       {"flatten", "Flatten"},
                                       {"hdf5_data", "HDF5Data"},
                                       {"hdf5_output", "HDF5Output"},
                                       {"im2col", "Im2col"},
                                       {"images", "ImageData"},
                                       {"infogain_loss", "InfogainLoss"},
                                       {"innerproduct", "InnerProduct"},
                                       {"lrn", "LRN"},
                                       {"multinomial_logistic_loss", "MultinomialLogisticLoss"},
                                       {"pool", "Pooling"},
                                       {"relu", "ReLU"},
                                       {"sigmoid", "Sigmoid"},
                                       {"softmax", "Softmax"},
                                       {"softmax_loss", "SoftmaxWithLoss"},
                                       {"split", "Split"},
                                       {"tanh", "TanH"},
                                       {"window_data", "WindowData"}};

void upgrade(const V1LayerParameter& old, LayerParameter& layer) {
  layer.set_name(old.name());
  *layer.mutable_bottom() = old.bottom();
  *layer.mutable_top() = old.top();
  *layer.mutable_include() = old.include();
  *layer.mutable_exclude() = old.exclude();
  for (const OldType& entry : kTypes) {
    if (entry.type == old.type()) layer.set_type(entry.name);
  }
#define INGOT_COPY(field) \
  if (old.has_##field()) *layer.mutable_##field() = old.field()
  INGOT_COPY(concat_param);
  INGOT_COPY(convolution_param);
  INGOT_COPY(inner_product_param);
  INGOT_COPY(lrn_param);
  INGOT_COPY(pooling_param);
  INGOT_COPY(power_param);
  INGOT_COPY(memory_data_param);
  INGOT_COPY(argmax_param);
  INGOT_COPY(eltwise_param);
  INGOT_COPY(threshold_param);
  INGOT_COPY(dummy_data_param);
  INGOT_COPY(relu_param);
  INGOT_COPY(slice_param);
  INGOT_COPY(mvn_param);
  INGOT_COPY(softmax_param);
  INGOT_COPY(exp_param);
#undef INGOT_COPY
}

Status upgrade(const V0LayerParameter& old, LayerParameter& layer) {
  layer.set_name(old.name());
  for (const OldestType& entry : kOldestTypes) {
    if (entry.word == old.type()) layer.set_type(entry.name);
  }
  if (layer.type().empty()) return invalid("layer '" + old.name() + "': the type '" + old.type() + "' is not known in this old spelling");
  if (layer.type() == "Convolution") {
    auto& convolution = *layer.mutable_convolution_param();
    convolution.set_num_output(old.num_output());
    convolution.set_bias_term(old.biasterm());
    if (old.has_pad()) convolution.add_pad(old.pad());
    if (old.has_kernelsize()) convolution.add_kernel_size(old.kernelsize());
    if (old.has_stride()) convolution.add_stride(old.stride());
    if (old.has_group()) convolution.set_group(old.group());
  } else if (layer.type() == "InnerProduct") {
    layer.mutable_inner_product_param()->set_num_output(old.num_output());
    layer.mutable_inner_product_param()->set_bias_term(old.biasterm());
  } else if (layer.type() == "Pooling") {
    auto& pooling = *layer.mutable_pooling_param();
    pooling.set_pool(old.pool());
    if (old.has_kernelsize()) pooling.set_kernel_size(old.kernelsize());
    if (old.has_stride()) pooling.set_stride(old.stride());
    if (old.has_pad()) pooling.set_pad(old.pad());
  } else if (layer.type() == "LRN") {
    auto& lrn = *layer.mutable_lrn_param();
    if (old.has_local_size()) lrn.set_local_size(old.local_size());
    if (old.has_alpha()) lrn.set_alpha(old.alpha());
    if (old.has_beta()) lrn.set_beta(old.beta());
    if (old.has_k()) lrn.set_k(old.k());
  } else if (layer.type() == "Concat" && old.has_concat_dim()) {
    layer.mutable_concat_param()->set_concat_dim(old.concat_dim());
  }
  return Ok{};
}

}  // namespace

Status upgrade_caffe_net(caffe::NetParameter& net) {
  if (net.layers_size() == 0) return Ok{};
  if (net.layer_size() > 0) return invalid("the definition has both 'layer' and 'layers'; Caffe takes one spelling in a file");
  // In 2013 padding was a layer of its own in front of a convolution: by the name of its output.
  std::unordered_map<std::string, const V1LayerParameter*> paddings;
  for (const auto& old : net.layers()) {
    if (old.has_layer() && old.layer().type() == "padding") {
      if (old.bottom_size() != 1 || old.top_size() != 1)
        return invalid("layer '" + old.layer().name() + "' (padding) has one bottom and one top");
      paddings.emplace(old.top(0), &old);
      continue;
    }
    LayerParameter& layer = *net.add_layer();
    upgrade(old, layer);
    if (!old.has_layer()) continue;
    TRY(upgrade(old.layer(), layer));
    for (std::string& bottom : *layer.mutable_bottom()) {
      const auto padding = paddings.find(bottom);
      if (padding == paddings.end()) continue;
      if (layer.type() != "Convolution") return invalid("layer '" + layer.name() + "' reads a padding layer; only convolutions do");
      bottom = padding->second->bottom(0);
      layer.mutable_convolution_param()->clear_pad();
      layer.mutable_convolution_param()->add_pad(padding->second->layer().pad());
    }
  }
  net.clear_layers();
  return Ok{};
}

}  // namespace ingot
