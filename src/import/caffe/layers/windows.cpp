// Windows as channels, rows by number or by choice, and made-up data.
#include "import/caffe/layer.h"
#include "operators/compress.h"
#include "operators/convolution.h"
#include "operators/gather.h"
#include "operators/reshape.h"
#include "operators/runtime_dims.h"

namespace ingot {
namespace {

constexpr int64_t kLargest = 4096;

template <class List>
int64_t side(const List& list, int at, bool has, int64_t value, int64_t fallback) {
  if (has) return value;
  if (list.empty()) return fallback;
  return list[list.size() == 1 ? 0 : at];
}

// y [N, C * kh * kw, oh, ow]: each window of each channel, laid out along the channels. A convolution whose kernels pick one tap each.
Result<Tensor*> im2col(const CaffeLayer& layer) {
  TRY(layer.expects(1, 1));
  const auto& parameter = layer.parameter().convolution_param();
  if (layer.rank() != 4) return invalid("it takes [N, C, H, W]");
  TRY_ASSIGN(int64_t channels, layer.known_dim(1));
  const auto& kernel = parameter.kernel_size();
  const int64_t high = side(kernel, 0, parameter.has_kernel_h(), parameter.kernel_h(), 0),
                wide = side(kernel, 1, parameter.has_kernel_w(), parameter.kernel_w(), 0);
  if (high < 1 || wide < 1 || high * wide > kLargest || channels > (1 << 16))
    return invalid("its kernel is " + std::to_string(high) + " by " + std::to_string(wide) + "; 1 to " + std::to_string(kLargest) +
                   " taps are wanted");
  Convolution op;
  op.groups = channels;
  op.strides = {side(parameter.stride(), 0, parameter.has_stride_h(), parameter.stride_h(), 1),
                side(parameter.stride(), 1, parameter.has_stride_w(), parameter.stride_w(), 1)};
  op.pads_begin = op.pads_end = {side(parameter.pad(), 0, parameter.has_pad_h(), parameter.pad_h(), 0),
                                 side(parameter.pad(), 1, parameter.has_pad_w(), parameter.pad_w(), 0)};
  op.dilations = {side(parameter.dilation(), 0, false, 0, 1), side(parameter.dilation(), 1, false, 0, 1)};
  const int64_t taps = high * wide;
  TRY_ASSIGN(Array picks, Array::make(DataType::kFloat, {channels * taps, 1, high, wide}));
  for (int64_t c = 0; c < channels; ++c) {
    for (int64_t tap = 0; tap < taps; ++tap) picks.set_number((c * taps + tap) * taps + tap, 1);
  }
  return layer.add(op, {layer.input(), layer.constant(picks, "taps")});
}

// Rows of the first bottom, by numbers that stand in floats.
Result<Tensor*> batch_reindex(const CaffeLayer& layer) {
  TRY(layer.expects(2, 2));
  if (layer.rank(1) != 1) return invalid("its second bottom is " + layer.input(1)->type.text() + "; [rows] is wanted");
  TRY_ASSIGN(Tensor * rows, layer.add(Elementwise::cast(DataType::kInt32), {layer.input(1)}, "rows"));
  return layer.add(Gather(0), {layer.input(0), rows});
}

// Constants of the dims that it names: a number, or 0. Random ones have no meaning for inference.
Result<std::vector<Tensor*>> dummy_data(const CaffeLayer& layer) {
  TRY(layer.expects(0, 0, 1, 1024));
  const auto& parameter = layer.parameter().dummy_data_param();
  std::vector<Tensor*> tops;
  for (size_t i = 0; i < layer.output_count(); ++i) {
    const auto at = [&](const auto& list) { return list.size() == 0 ? -1 : list.size() == 1 ? 0 : static_cast<int>(i); };
    Shape shape;
    if (const int place = at(parameter.shape()); place >= 0 && place < parameter.shape_size()) {
      shape.assign(parameter.shape(place).dim().begin(), parameter.shape(place).dim().end());
    } else {
      for (const auto* list : {&parameter.num(), &parameter.channels(), &parameter.height(), &parameter.width()}) {
        const int entry = at(*list);
        if (entry < 0 || entry >= list->size()) return invalid("it does not tell the dims of top " + std::to_string(i));
        shape.push_back((*list)[entry]);
      }
    }
    double value = 0;
    if (const int place = at(parameter.data_filler()); place >= 0 && place < parameter.data_filler_size()) {
      const auto& filler = parameter.data_filler(place);
      if (filler.type() != "constant")
        return unsupported("it fills its top with random numbers ('" + filler.type() + "'); for inference put an Input layer in its place");
      value = filler.value();
    }
    TRY_ASSIGN(int64_t count, volume(shape));
    if (count > (1 << 26)) return invalid("its top has dims " + to_text(shape) + ", which is above the limit");
    TRY_ASSIGN(Array array, Array::make(DataType::kFloat, shape));
    for (int64_t k = 0; k < count; ++k) array.set_number(k, value);
    tops.push_back(layer.constant(std::move(array), "data"));
  }
  return tops;
}

// The items of the batch for which the last bottom, one number each, is not 0.
Result<std::vector<Tensor*>> filter(const CaffeLayer& layer) {
  TRY(layer.expects(2, SIZE_MAX, 1, SIZE_MAX));
  const size_t count = layer.inputs().size() - 1;
  if (layer.output_count() != count)
    return invalid("it has " + std::to_string(count) + " bottoms before its selector, and " + std::to_string(layer.output_count()) +
                   " tops");
  TRY_ASSIGN(Tensor * selector, layer.add(Reshape(std::vector<int64_t>{-1}), {layer.input(count)}, "selector"));
  TRY_ASSIGN(selector, layer.add(Elementwise::cast(DataType::kBool), {selector}, "chosen"));
  std::vector<Tensor*> outputs;
  for (size_t i = 0; i < count; ++i) {
    Compress compress;
    compress.flat = false;
    const std::string name = layer.name() + (i > 0 ? "/" + std::to_string(i) : "");
    if (layer.rank(i) == 0) return invalid("bottom " + std::to_string(i) + " is one number; a batch is wanted");
    TRY_ASSIGN(Layer * added, add_runtime_sized(layer.network(), compress.clone(), {layer.input(i), selector}, name, {layer.dims(i)[0]}));
    outputs.push_back(added->output());
  }
  return outputs;
}

}  // namespace

CAFFE_LAYERS(windows) {
  catalogue.add("Im2col", one_caffe_output<im2col>);
  catalogue.add("BatchReindex", one_caffe_output<batch_reindex>);
  catalogue.add("Filter", filter);
  catalogue.add("DummyData", dummy_data);
}

}  // namespace ingot
