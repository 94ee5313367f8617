// Pooling and SPP. Sizes round up unless torch_pooling, round_mode or ceil_mode say otherwise; averages count the padding.
#include "import/caffe/layer.h"
#include "operators/concat.h"
#include "operators/pool.h"
#include "operators/reduce.h"
#include "operators/reshape.h"

namespace ingot {
namespace {

constexpr int64_t kLargest = 1 << 20;

struct Sides {
  int64_t high, wide;
};

Result<Sides> sides(bool has_both, int64_t both, bool has_sides, int64_t high, int64_t wide, int64_t fallback, const char* what) {
  const Sides result = has_sides ? Sides{high, wide} : has_both ? Sides{both, both} : Sides{fallback, fallback};
  if (result.high > kLargest || result.wide > kLargest) return invalid(std::string(what) + " is above " + std::to_string(kLargest));
  return result;
}

// In inference, stochastic pooling is the mean weighted by the values themselves: sum(x^2) / sum(x).
Result<Tensor*> stochastic(const CaffeLayer& layer, Pool op) {
  op.kind = PoolKind::kAverage;
  op.count_include_pad = true;
  TRY_ASSIGN(Tensor * squares, layer.add(Elementwise(ScalarOp::kMul), {layer.input(), layer.input()}, "squares"));
  TRY_ASSIGN(Tensor * above, layer.add(op, {squares}, "mean of squares"));
  TRY_ASSIGN(Tensor * below, layer.add(op, {layer.input()}, "mean"));
  TRY_ASSIGN(below, layer.add(Elementwise(ScalarOp::kAffine, 1, 1e-37), {below}, "above zero"));
  return layer.add(Elementwise(ScalarOp::kDiv), {above, below});
}

Result<std::vector<Tensor*>> pooling(const CaffeLayer& layer) {
  TRY(layer.expects(1, 1, 1, 2));
  const auto& parameter = layer.parameter().pooling_param();
  if (layer.rank() != 4) return invalid("it takes [N, C, H, W]");
  using Method = caffe::PoolingParameter;
  Pool op;
  TRY_ASSIGN(Sides kernel, sides(parameter.has_kernel_size(), parameter.kernel_size(), parameter.has_kernel_h() || parameter.has_kernel_w(),
                                 parameter.kernel_h(), parameter.kernel_w(), 0, "kernel_size"));
  TRY_ASSIGN(Sides stride, sides(parameter.has_stride(), parameter.stride(), parameter.has_stride_h() || parameter.has_stride_w(),
                                 parameter.stride_h(), parameter.stride_w(), 1, "stride"));
  TRY_ASSIGN(Sides pad, sides(parameter.has_pad(), parameter.pad(), parameter.has_pad_h() || parameter.has_pad_w(), parameter.pad_h(),
                              parameter.pad_w(), 0, "pad"));
  if (layer.output_count() == 2 && parameter.pool() != Method::MAX) return invalid("only maximum pooling has a mask as its second top");
  if (parameter.global_pooling()) {
    if (layer.output_count() == 1 && parameter.pool() != Method::STOCHASTIC) {
      TRY_ASSIGN(Tensor * y,
                 layer.add(Reduce(parameter.pool() == Method::MAX ? ReduceKind::kMax : ReduceKind::kMean, {2, 3}), {layer.input()}));
      return std::vector<Tensor*>{y};
    }
    TRY_ASSIGN(kernel.high, layer.known_dim(2));
    TRY_ASSIGN(kernel.wide, layer.known_dim(3));
    stride = {1, 1};
    pad = {0, 0};
  }
  if (kernel.high == 0 || kernel.wide == 0) return invalid("kernel_size is 0 or missing; it is positive");
  if (pad.high >= kernel.high || pad.wide >= kernel.wide) return invalid("pad is not below kernel_size");
  op.kernel = {kernel.high, kernel.wide};
  op.strides = {stride.high, stride.wide};
  op.pads_begin = op.pads_end = {pad.high, pad.wide};
  op.ceil_mode = !(parameter.torch_pooling() || parameter.round_mode() == Method::FLOOR || !parameter.ceil_mode());
  switch (parameter.pool()) {
    case Method::MAX:
      op.kind = PoolKind::kMax;
      op.with_indices = layer.output_count() == 2;
      break;
    case Method::AVE:
      op.kind = PoolKind::kAverage;
      op.count_include_pad = true;
      break;
    case Method::STOCHASTIC: {
      TRY_ASSIGN(Tensor * y, stochastic(layer, op));
      return std::vector<Tensor*>{y};
    }
  }
  return layer.add_all(std::make_unique<Pool>(op), {layer.input()});
}

// Level l of the pyramid has 2^l by 2^l bins: a pool whose kernel is ceil(length / bins), padded to bins * kernel.
Result<Tensor*> spp(const CaffeLayer& layer) {
  TRY(layer.expects(1, 1));
  const auto& parameter = layer.parameter().spp_param();
  if (layer.rank() != 4) return invalid("it takes [N, C, H, W]");
  if (parameter.pyramid_height() < 1 || parameter.pyramid_height() > 8)
    return invalid("pyramid_height is " + std::to_string(parameter.pyramid_height()) + "; it lies in 1 to 8");
  if (parameter.pool() == caffe::SPPParameter::STOCHASTIC) return unsupported("stochastic pooling in a pyramid is not supported");
  TRY_ASSIGN(int64_t high, layer.known_dim(2));
  TRY_ASSIGN(int64_t wide, layer.known_dim(3));
  if (high < 1 || wide < 1) return invalid("its image is empty");
  std::vector<Tensor*> levels;
  for (uint32_t level = 0; level < parameter.pyramid_height(); ++level) {
    const int64_t bins = int64_t{1} << level;
    Pool op;
    op.kind = parameter.pool() == caffe::SPPParameter::MAX ? PoolKind::kMax : PoolKind::kAverage;
    op.count_include_pad = true;
    op.ceil_mode = true;
    for (int64_t length : {high, wide}) {
      const int64_t kernel = (length + bins - 1) / bins, pad = (kernel * bins - length + 1) / 2;
      if (pad >= kernel)
        return invalid("an image of " + std::to_string(high) + " by " + std::to_string(wide) + " is too small for level " +
                       std::to_string(level));
      op.kernel.push_back(kernel);
      op.strides.push_back(kernel);
      op.pads_begin.push_back(pad);
    }
    op.pads_end = op.pads_begin;
    const std::string part = "level " + std::to_string(level);
    TRY_ASSIGN(Tensor * y, layer.add(op, {layer.input()}, part.c_str()));
    TRY_ASSIGN(y, layer.add(Reshape(std::vector<int64_t>{0, -1}), {y}, "flat"));
    levels.push_back(y);
  }
  return layer.add(Concat(1), levels);
}

}  // namespace

CAFFE_LAYERS(pooling) {
  catalogue.add("Pooling", pooling);
  catalogue.add("SPP", one_caffe_output<spp>);
}

}  // namespace ingot
