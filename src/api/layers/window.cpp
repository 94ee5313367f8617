#include "api/layers/window.h"

namespace ingot::api {

using nvinfer1::PoolingType;
using nvinfer1::Weights;

Result<PoolKind> to_core(PoolingType type) {
  switch (type) {
    case PoolingType::kMAX: return PoolKind::kMax;
    case PoolingType::kAVERAGE: return PoolKind::kAverage;
    case PoolingType::kMAX_AVERAGE_BLEND: return PoolKind::kBlend;
  }
  return invalid("there is no PoolingType " + std::to_string(static_cast<int>(type)));
}

Shape ConvolutionFacade::kernel_shape() const {
  const Tensor* kernel = layer_->input(1);
  return kernel && all_constant(kernel->type.dims) ? constant_shape(kernel->type.dims) : Shape{};
}

Weights ConvolutionFacade::weights(size_t input) const noexcept {
  const Tensor* tensor = layer_->input(input);
  if (!tensor || !tensor->is_constant()) return {nvinfer1::DataType::kFLOAT, nullptr, 0};
  return {to_api(tensor->constant.type()), tensor->constant.data(), tensor->constant.count()};
}

void ConvolutionFacade::set_weights(size_t input, const Weights& weights) noexcept {
  guarded(network_.reporter(), [&]() -> Status {
    if (input == 2 && weights.count == 0) return layer_->inputs().size() > 2 ? network_.core().set_input(layer_, 2, nullptr) : Status(Ok{});
    const Shape shape = input == 1 ? kernel_shape() : Shape{getNbOutputMaps()};
    auto values = to_array(weights, shape);
    if (!values.ok()) return std::move(values).error().within("layer '" + layer_->name + "'");
    Tensor* constant = network_.core().add_constant(layer_->name + (input == 1 ? ".kernel" : ".bias"), std::move(values).value());
    return network_.core().set_input(layer_, input, constant);
  });
}

// The kernel's shape follows from its weights, so a change of one needs new weights of the other size: they are set first.
void ConvolutionFacade::setNbOutputMaps(int64_t count) noexcept {
  if (count != getNbOutputMaps())
    network_.reporter().report(invalid("layer '" + layer_->name + "' has weights for " + std::to_string(getNbOutputMaps()) + " output maps; add a new layer for " + std::to_string(count)));
}

void ConvolutionFacade::setKernelSizeNd64_(WideDims const& dims) noexcept {
  const WideDims now = getKernelSizeNd64_();
  bool same = now.nbDims == dims.nbDims;
  for (int i = 0; same && i < now.nbDims; ++i) same = now.d[i] == dims.d[i];
  if (!same) network_.reporter().report(invalid("layer '" + layer_->name + "' has weights of another kernel size; add a new layer for it"));
}

WideDims ConvolutionFacade::getKernelSizeNd64_() const noexcept {
  const Shape shape = kernel_shape();
  return shape.size() < 3 ? invalid_dims() : to_api(Shape(shape.begin() + 2, shape.end()));
}

// addConvolutionNd reads the groups off the number of weights, so this confirms them.
void ConvolutionFacade::setNbGroups(int64_t groups) noexcept {
  if (groups != getNbGroups())
    network_.reporter().report(invalid("layer '" + layer_->name + "' has weights for " + std::to_string(getNbGroups()) + " groups, not for " + std::to_string(groups)));
}

void PoolingFacade::setPoolingType(PoolingType type) noexcept {
  const auto core = to_core(type);
  if (!core.ok()) return network_.reporter().report(core.error());
  edit<Pool>([&](Pool& pool) { pool.kind = *core; });
}

PoolingType PoolingFacade::getPoolingType() const noexcept {
  switch (op<Pool>().kind) {
    case PoolKind::kAverage: return PoolingType::kAVERAGE;
    case PoolKind::kBlend: return PoolingType::kMAX_AVERAGE_BLEND;
    default: return PoolingType::kMAX;
  }
}

}  // namespace ingot::api
