// Constants, concatenation, and shuffles.
#pragma once

#include "api/layers/layer.h"
#include "operators/concat.h"
#include "operators/constant.h"
#include "operators/gather.h"
#include "operators/shuffle.h"

namespace ingot::api {

class ConstantFacade final : public LayerFacade<nvinfer1::IConstantLayer> {
 public:
  using LayerFacade::LayerFacade;
  void setWeights(nvinfer1::Weights weights) noexcept override {
    guarded(network_.reporter(), [&]() -> Status { return replace(weights, constant_shape(value()->type.dims)); });
  }
  nvinfer1::Weights getWeights() const noexcept override {
    return {to_api(value()->constant.type()), value()->constant.data(), value()->constant.count()};
  }

 protected:
  void setDimensions64_(WideDims const& dims) noexcept override {
    guarded(network_.reporter(), [&]() -> Status {
      TRY_ASSIGN(Shape shape, to_shape(dims));
      TRY_ASSIGN(Array reshaped, value()->constant.reshaped(shape));
      return network_.core().set_input(layer_, 0, network_.core().add_constant(layer_->name + ".value", std::move(reshaped)));
    });
  }
  WideDims getDimensions64_() const noexcept override { return to_api(value()->type.dims); }

 private:
  Tensor* value() const { return layer_->input(0); }
  Status replace(const nvinfer1::Weights& weights, const Shape& shape) {
    TRY_ASSIGN(Array values, to_array(weights, shape));
    return network_.core().set_input(layer_, 0, network_.core().add_constant(layer_->name + ".value", std::move(values)));
  }
};

class ConcatenationFacade final : public LayerFacade<nvinfer1::IConcatenationLayer> {
 public:
  using LayerFacade::LayerFacade;
  void setAxis(int32_t axis) noexcept override {
    edit<Concat>([&](Concat& concat) { concat.axis = axis; });
  }
  int32_t getAxis() const noexcept override { return static_cast<int32_t>(op<Concat>().axis); }
};

class ShuffleFacade final : public LayerFacade<nvinfer1::IShuffleLayer> {
 public:
  using LayerFacade::LayerFacade;
  void setFirstTranspose(nvinfer1::Permutation permutation) noexcept override { set(&Shuffle::first, permutation, rank_of_input()); }
  nvinfer1::Permutation getFirstTranspose() const noexcept override { return get(op<Shuffle>().first); }
  void setSecondTranspose(nvinfer1::Permutation permutation) noexcept override { set(&Shuffle::second, permutation, layer_->output()->type.rank()); }
  nvinfer1::Permutation getSecondTranspose() const noexcept override { return get(op<Shuffle>().second); }
  void setZeroIsPlaceholder(bool placeholder) noexcept override {
    edit<Shuffle>([&](Shuffle& shuffle) { shuffle.zero_copies = placeholder; });
  }
  bool getZeroIsPlaceholder() const noexcept override { return op<Shuffle>().zero_copies; }

 protected:
  void setReshapeDimensions64_(WideDims const& dims) noexcept override {
    guarded(network_.reporter(), [&]() -> Status {
      TRY_ASSIGN(Shape shape, to_shape(dims));
      auto shuffle = std::make_unique<Shuffle>(op<Shuffle>());
      shuffle->reshapes = true;
      shuffle->dims = shape;
      if (shuffle->second.size() != shape.size()) shuffle->second.clear();
      return network_.core().replace_op(layer_, std::move(shuffle));
    });
  }
  WideDims getReshapeDimensions64_() const noexcept override {
    return op<Shuffle>().reshapes && layer_->inputs().size() < 2 ? to_api(Shape(op<Shuffle>().dims)) : invalid_dims();
  }

 private:
  int64_t rank_of_input() const { return layer_->input(0)->type.rank(); }
  void set(std::vector<int64_t> Shuffle::*list, const nvinfer1::Permutation& permutation, int64_t rank) noexcept {
    edit<Shuffle>([&](Shuffle& shuffle) { (shuffle.*list).assign(permutation.order, permutation.order + rank); });
  }
  static nvinfer1::Permutation get(const std::vector<int64_t>& list) noexcept {
    nvinfer1::Permutation permutation{};
    for (int32_t i = 0; i < WideDims::MAX_DIMS; ++i)
      permutation.order[i] = static_cast<size_t>(i) < list.size() ? static_cast<int32_t>(list[static_cast<size_t>(i)]) : i;
    return permutation;
  }
};

}  // namespace ingot::api
