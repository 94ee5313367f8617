// Convolution, its depthwise spellings, and Deconvolution. Weights are [num_output, C / group, kernel...], of a deconvolution
// [C, num_output / group, kernel...]. Sizes round down.
#include "operators/convolution.h"

#include "import/caffe/layer.h"
#include "operators/deconvolution.h"

namespace ingot {
namespace {

constexpr int64_t kLargest = 1 << 20;  // of kernels, strides, pads; more is no network

// `list` has one entry for all spatial dims or one for each; height and width win where they are given.
Result<std::vector<int64_t>> spread(const google::protobuf::RepeatedField<uint32_t>& list, bool has_sides, int64_t high, int64_t wide,
                                    int64_t fallback, size_t spatial, const char* what) {
  std::vector<int64_t> values;
  if (has_sides) {
    if (spatial != 2) return invalid(std::string(what) + "_h and _w are for two spatial dimensions; there are " + std::to_string(spatial));
    values = {high, wide};
  } else if (list.size() <= 1) {
    values.assign(spatial, list.empty() ? fallback : list[0]);
  } else if (static_cast<size_t>(list.size()) == spatial) {
    values.assign(list.begin(), list.end());
  } else {
    return invalid(std::string(what) + " has " + std::to_string(list.size()) + " entries; 1 or " + std::to_string(spatial) + " are wanted");
  }
  for (int64_t value : values) {
    if (value > kLargest)
      return invalid(std::string(what) + " is " + std::to_string(value) + "; " + std::to_string(kLargest) + " is the limit");
  }
  return values;
}

struct Shared {
  Window window;
  Shape kernel;
  int64_t channels = 0, groups = 1, outputs = 0;
};

Result<Shared> read(const CaffeLayer& layer, bool depthwise) {
  TRY(layer.expects(1, 1));
  const auto& parameter = layer.parameter().convolution_param();
  if (layer.rank() < 3 || layer.rank() > 5) return invalid("it takes [N, C, spatial...] with 1 to 3 spatial dimensions");
  TRY_ASSIGN(int64_t axis, layer.axis(parameter.axis()));
  if (axis != 1) return unsupported("its channel axis is " + std::to_string(axis) + "; only 1 is supported");
  const auto spatial = static_cast<size_t>(layer.rank() - 2);
  Shared shared;
  TRY_ASSIGN(shared.channels, layer.known_dim(1));
  TRY_ASSIGN(shared.kernel, spread(parameter.kernel_size(), parameter.has_kernel_h() || parameter.has_kernel_w(), parameter.kernel_h(),
                                   parameter.kernel_w(), 0, spatial, "kernel_size"));
  for (int64_t size : shared.kernel) {
    if (size == 0) return invalid("kernel_size is 0 or missing; it is positive");
  }
  TRY_ASSIGN(shared.window.strides, spread(parameter.stride(), parameter.has_stride_h() || parameter.has_stride_w(), parameter.stride_h(),
                                           parameter.stride_w(), 1, spatial, "stride"));
  TRY_ASSIGN(shared.window.pads_begin, spread(parameter.pad(), parameter.has_pad_h() || parameter.has_pad_w(), parameter.pad_h(),
                                              parameter.pad_w(), 0, spatial, "pad"));
  shared.window.pads_end = shared.window.pads_begin;
  TRY_ASSIGN(shared.window.dilations, spread(parameter.dilation(), false, 0, 0, 1, spatial, "dilation"));
  shared.outputs = parameter.num_output();
  if (depthwise && shared.outputs == 0) shared.outputs = shared.channels;
  if (shared.outputs == 0) return invalid("num_output is 0 or missing; it is positive");
  shared.groups = depthwise ? shared.channels : parameter.group();
  if (shared.groups <= 0 || shared.channels % shared.groups != 0 || shared.outputs % shared.groups != 0)
    return invalid("group is " + std::to_string(shared.groups) + "; it divides the " + std::to_string(shared.channels) +
                   " channels and the " + std::to_string(shared.outputs) + " outputs");
  return shared;
}

template <class Op>
Result<Tensor*> import(const CaffeLayer& layer, const Shared& shared, int64_t first, int64_t second) {
  Op op;
  static_cast<Window&>(op) = shared.window;
  op.groups = shared.groups;
  Shape shape = {first, second / shared.groups};
  shape.insert(shape.end(), shared.kernel.begin(), shared.kernel.end());
  TRY_ASSIGN(Tensor * kernel, layer.weights(0, shape, "kernel"));
  std::vector<Tensor*> inputs = {layer.input(), kernel};
  if (layer.parameter().convolution_param().bias_term()) {
    TRY_ASSIGN(Tensor * bias, layer.weights(1, {shared.outputs}, "bias"));
    inputs.push_back(bias);
  }
  return layer.add(std::move(op), std::move(inputs));
}

Result<Tensor*> convolution(const CaffeLayer& layer) {
  TRY_ASSIGN(Shared shared, read(layer, false));
  return import <Convolution>(layer, shared, shared.outputs, shared.channels);
}

Result<Tensor*> depthwise(const CaffeLayer& layer) {
  TRY_ASSIGN(Shared shared, read(layer, true));
  return import <Convolution>(layer, shared, shared.outputs, shared.channels);
}

Result<Tensor*> deconvolution(const CaffeLayer& layer) {
  TRY_ASSIGN(Shared shared, read(layer, false));
  return import <Deconvolution>(layer, shared, shared.channels, shared.outputs);
}

}  // namespace

CAFFE_LAYERS(convolution) {
  catalogue.add("Convolution", one_caffe_output<convolution>);
  catalogue.add("ConvolutionDepthwise", one_caffe_output<depthwise>);
  catalogue.add("DepthwiseConvolution", one_caffe_output<depthwise>);
  catalogue.add("Deconvolution", one_caffe_output<deconvolution>);
}

}  // namespace ingot
