// Layers that make, reshape, cut and join tensors: constants, fills, shuffles, slices, concatenations, squeezes, assertions.
#pragma once

#include <array>

#include "api/layers/layer.h"
#include "operators/assertion.h"
#include "operators/concat.h"
#include "operators/constant.h"
#include "operators/pad.h"
#include "operators/shuffle.h"
#include "operators/slice.h"

namespace ingot::api {

class ConstantFacade final : public LayerFacade<nvinfer1::IConstantLayer> {
 public:
  using LayerFacade::LayerFacade;
  int32_t getNbInputs() const noexcept override { return 0; }
  void setWeights(nvinfer1::Weights weights) noexcept override {
    guarded(network_.reporter(), [&]() -> Status {
      TRY_ASSIGN(Array values, to_array(weights, constant_shape(value()->type.dims)));
      return replace(std::move(values));
    });
  }
  nvinfer1::Weights getWeights() const noexcept override {
    return {to_api(value()->constant.type()), value()->constant.data(), value()->constant.count()};
  }

 protected:
  void setDimensions64_(WideDims const& dims) noexcept override {
    guarded(network_.reporter(), [&]() -> Status {
      TRY_ASSIGN(Shape shape, to_shape(dims));
      shape.insert(shape.begin(), static_cast<size_t>(network_.lead()), 1);
      TRY_ASSIGN(Array reshaped, value()->constant.reshaped(shape));
      return replace(std::move(reshaped));
    });
  }
  WideDims getDimensions64_() const noexcept override { return network_.visible(value()->type.dims); }

 private:
  Tensor* value() const { return current_inputs()[0]; }
  Status replace(Array values) {
    change(current_op().clone(), {network_.core().add_constant(layer_->name + ".value", std::move(values))});
    return Ok{};
  }
};

class ConcatenationFacade final : public LayerFacade<nvinfer1::IConcatenationLayer> {
 public:
  using LayerFacade::LayerFacade;
  void setAxis(int32_t axis) noexcept override {
    if (!takes_axis("setAxis", axis)) return;
    edit<Concat>([&](Concat& concat) { concat.axis = axis < 0 ? axis : axis + network_.lead(); });
  }
  int32_t getAxis() const noexcept override {
    const int64_t axis = op<Concat>().axis;
    return static_cast<int32_t>((axis < 0 ? axis + rank_of_input() : axis) - network_.lead());
  }

 protected:
  int32_t most_input() const noexcept override { return this->getNbInputs(); }
};

// Over a Shuffle; or over a reshape, transpose or flatten of an imported model, which a setter turns into one.
class ShuffleFacade final : public LayerFacade<nvinfer1::IShuffleLayer> {
 public:
  using LayerFacade::LayerFacade;
  void setFirstTranspose(nvinfer1::Permutation permutation) noexcept override { set(&Shuffle::first, permutation, rank_of_input()); }
  nvinfer1::Permutation getFirstTranspose() const noexcept override { return get(shuffle().first); }
  void setSecondTranspose(nvinfer1::Permutation permutation) noexcept override;
  nvinfer1::Permutation getSecondTranspose() const noexcept override { return get(shuffle().second); }
  void setZeroIsPlaceholder(bool placeholder) noexcept override;
  bool getZeroIsPlaceholder() const noexcept override { return shuffle().zero_copies; }

 protected:
  int32_t most_input() const noexcept override { return 1; }
  void setReshapeDimensions64_(WideDims const& dims) noexcept override;
  WideDims getReshapeDimensions64_() const noexcept override;

 private:
  Shuffle shuffle() const;
  void set(std::vector<int64_t> Shuffle::*list, const nvinfer1::Permutation& permutation, int64_t rank) noexcept;
  nvinfer1::Permutation get(const std::vector<int64_t>& list) const noexcept;
};

// Over a sized Slice; or over a slice, pad, expand or tile of an imported model, which a setter turns into one.
class SliceFacade final : public LayerFacade<nvinfer1::ISliceLayer> {
 public:
  SliceFacade(NetworkFacade& network, Layer* layer, nvinfer1::LayerType type);
  int32_t getNbInputs() const noexcept override;
  nvinfer1::ITensor* getInput(int32_t index) const noexcept override;
  void setInput(int32_t index, nvinfer1::ITensor& tensor) noexcept override;
  void setMode(nvinfer1::SampleMode mode) noexcept override;
  nvinfer1::SampleMode getMode() const noexcept override { return mode_; }
  // What addSlice was given, shapes that tensors will give left out.
  void begin(const WideDims& start, const WideDims& size, const WideDims& stride);

 protected:
  void setStart64_(WideDims const& dims) noexcept override { set(1, dims); }
  WideDims getStart64_() const noexcept override { return get(1); }
  void setSize64_(WideDims const& dims) noexcept override { set(2, dims); }
  WideDims getSize64_() const noexcept override { return get(2); }
  void setStride64_(WideDims const& dims) noexcept override { set(3, dims); }
  WideDims getStride64_() const noexcept override { return get(3); }
  void setAxes64_(WideDims const& dims) noexcept override;
  WideDims getAxes64_() const noexcept override { return axes_; }

 private:
  void set(size_t index, const WideDims& dims) noexcept;
  WideDims get(size_t index) const noexcept { return tensors_[index] ? invalid_dims() : numbers_[index]; }
  Status rebuild();

  std::array<WideDims, 4> numbers_;   // start, size and stride at 1 to 3
  std::array<Tensor*, 5> tensors_{};  // what setInput gave for 1 to 4
  WideDims axes_ = invalid_dims();
  nvinfer1::SampleMode mode_ = nvinfer1::SampleMode::kSTRICT_BOUNDS;
};

// Squeeze and unsqueeze: input 1 is a tensor of axes that is known while the network is made.
template <class Interface, class Op>
class AxesFacade final : public LayerFacade<Interface> {
 public:
  using LayerFacade<Interface>::LayerFacade;
  int32_t getNbInputs() const noexcept override { return 2; }
  nvinfer1::ITensor* getInput(int32_t index) const noexcept override {
    return index == 1 ? this->network_.facade(axes_) : LayerFacade<Interface>::getInput(index);
  }
  void setInput(int32_t index, nvinfer1::ITensor& tensor) noexcept override {
    if (index != 1) return LayerFacade<Interface>::setInput(index, tensor);
    guarded(this->network_.reporter(), [&]() -> Status {
      TRY_ASSIGN(std::vector<int64_t> axes, known_values(core_tensor(tensor), "axes"));
      axes_ = &core_tensor(tensor);
      this->template edit<Op>([&](Op& op) { op.axes = axes; });
      return Ok{};
    });
  }
  void note_axes(Tensor* axes) { axes_ = axes; }

 private:
  Tensor* axes_ = nullptr;
};

// Over a Linspace or Random; or over a fill or range of an imported model, whose settings are read only.
class FillFacade final : public LayerFacade<nvinfer1::IFillLayer> {
 public:
  FillFacade(NetworkFacade& network, Layer* layer, nvinfer1::LayerType type);
  int32_t getNbInputs() const noexcept override;
  nvinfer1::ITensor* getInput(int32_t index) const noexcept override {
    return index < 0 || index > 2 ? nullptr : network_.facade(tensors_[static_cast<size_t>(index)]);
  }
  void setInput(int32_t index, nvinfer1::ITensor& tensor) noexcept override;
  void setOperation(nvinfer1::FillOperation operation) noexcept override;
  nvinfer1::FillOperation getOperation() const noexcept override { return operation_; }
  void setToType(nvinfer1::DataType type) noexcept override;
  nvinfer1::DataType getToType() const noexcept override { return to_; }
  void setAlpha(double alpha) noexcept override { set_bounds(alpha, beta_); }
  double getAlpha() const noexcept override { return alpha_; }
  void setBeta(double beta) noexcept override { set_bounds(alpha_, beta); }
  double getBeta() const noexcept override { return beta_; }
  void setAlphaInt64(int64_t alpha) noexcept override { set_integers(alpha, int_beta_); }
  int64_t getAlphaInt64() const noexcept override { return int_alpha_; }
  void setBetaInt64(int64_t beta) noexcept override { set_integers(int_alpha_, beta); }
  int64_t getBetaInt64() const noexcept override { return int_beta_; }
  bool isAlphaBetaInt64() const noexcept override { return integers_; }
  void begin(const WideDims& dims, nvinfer1::FillOperation operation, nvinfer1::DataType to);

 protected:
  void setDimensions64_(WideDims const& dims) noexcept override;
  WideDims getDimensions64_() const noexcept override { return tensors_[0] ? invalid_dims() : dims_; }

 private:
  void set_bounds(double alpha, double beta) noexcept;
  void set_integers(int64_t alpha, int64_t beta) noexcept;
  Status rebuild();

  bool made_here_ = false;
  WideDims dims_ = invalid_dims();
  std::array<Tensor*, 3> tensors_{};
  nvinfer1::FillOperation operation_ = nvinfer1::FillOperation::kLINSPACE;
  nvinfer1::DataType to_ = nvinfer1::DataType::kFLOAT;
  double alpha_ = 0, beta_ = 1;
  int64_t int_alpha_ = 0, int_beta_ = 1;
  bool integers_ = false;
};

class AssertionFacade final : public LayerFacade<nvinfer1::IAssertionLayer> {
 public:
  using LayerFacade::LayerFacade;
  void setMessage(char const* message) noexcept override {
    edit<Assertion>([&](Assertion& op) { op.message = message ? message : ""; });
  }
  char const* getMessage() const noexcept override { return op<Assertion>().message.c_str(); }
};

}  // namespace ingot::api
