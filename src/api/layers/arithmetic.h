// Layers of one scalar function, reductions and products.
#pragma once

#include "api/layers/layer.h"
#include "operators/elementwise.h"
#include "operators/matmul.h"
#include "operators/reduce.h"
#include "operators/softmax.h"

namespace ingot::api {

// The scalar function behind each word of the API; an error for a number that is none.
Result<ScalarOp> to_core(nvinfer1::ActivationType type);
Result<ScalarOp> to_core(nvinfer1::UnaryOperation op);
Result<ScalarOp> to_core(nvinfer1::ElementWiseOperation op);
Result<ReduceKind> to_core(nvinfer1::ReduceOperation op);
std::optional<nvinfer1::ActivationType> activation_of(ScalarOp op);
std::optional<nvinfer1::UnaryOperation> unary_of(ScalarOp op);
std::optional<nvinfer1::ElementWiseOperation> elementwise_of(ScalarOp op);
nvinfer1::ReduceOperation reduction_of(ReduceKind kind);
// Softplus is alpha * log(exp(beta * x) + 1) there and b * log(1 + exp(a * x)) here.
Elementwise activation(ScalarOp op, float alpha, float beta);

class ActivationFacade final : public LayerFacade<nvinfer1::IActivationLayer> {
 public:
  using LayerFacade::LayerFacade;
  void setActivationType(nvinfer1::ActivationType type) noexcept override;
  nvinfer1::ActivationType getActivationType() const noexcept override {
    return activation_of(op<Elementwise>().op).value_or(nvinfer1::ActivationType::kRELU);
  }
  void setAlpha(float alpha) noexcept override;
  float getAlpha() const noexcept override { return static_cast<float>(swapped() ? op<Elementwise>().b : op<Elementwise>().a); }
  void setBeta(float beta) noexcept override;
  float getBeta() const noexcept override { return static_cast<float>(swapped() ? op<Elementwise>().a : op<Elementwise>().b); }

 private:
  bool swapped() const { return op<Elementwise>().op == ScalarOp::kSoftplus; }
};

class UnaryFacade final : public LayerFacade<nvinfer1::IUnaryLayer> {
 public:
  using LayerFacade::LayerFacade;
  void setOperation(nvinfer1::UnaryOperation operation) noexcept override;
  nvinfer1::UnaryOperation getOperation() const noexcept override {
    return unary_of(op<Elementwise>().op).value_or(nvinfer1::UnaryOperation::kEXP);
  }
};

class ElementWiseFacade final : public LayerFacade<nvinfer1::IElementWiseLayer> {
 public:
  using LayerFacade::LayerFacade;
  void setOperation(nvinfer1::ElementWiseOperation operation) noexcept override;
  nvinfer1::ElementWiseOperation getOperation() const noexcept override {
    return elementwise_of(op<Elementwise>().op).value_or(nvinfer1::ElementWiseOperation::kSUM);
  }
};

class CastFacade final : public LayerFacade<nvinfer1::ICastLayer> {
 public:
  using LayerFacade::LayerFacade;
  void setToType(nvinfer1::DataType type) noexcept override;
  nvinfer1::DataType getToType() const noexcept override { return to_api(op<Elementwise>().to); }
};

class ReduceFacade final : public LayerFacade<nvinfer1::IReduceLayer> {
 public:
  using LayerFacade::LayerFacade;
  void setOperation(nvinfer1::ReduceOperation operation) noexcept override;
  nvinfer1::ReduceOperation getOperation() const noexcept override { return reduction_of(op<Reduce>().kind); }
  void setReduceAxes(uint32_t axes) noexcept override {
    if (!takes_axes("setReduceAxes", axes)) return;
    edit<Reduce>([&](Reduce& reduce) { reduce.axes = axes_of(axes, network_.lead()); });
  }
  uint32_t getReduceAxes() const noexcept override { return bits_of_axes(op<Reduce>().axes, rank_of_input(), network_.lead()); }
  void setKeepDimensions(bool keep) noexcept override {
    edit<Reduce>([&](Reduce& reduce) { reduce.keepdims = keep; });
  }
  bool getKeepDimensions() const noexcept override { return op<Reduce>().keepdims; }
};

class SoftMaxFacade final : public LayerFacade<nvinfer1::ISoftMaxLayer> {
 public:
  using LayerFacade::LayerFacade;
  void setAxes(uint32_t axes) noexcept override;
  uint32_t getAxes() const noexcept override { return bits_of_axes({op<Softmax>().axis}, rank_of_input(), network_.lead()); }
};

// Over the core's MatMul, or over a MatrixProduct where an operand is a vector.
class MatrixMultiplyFacade final : public LayerFacade<nvinfer1::IMatrixMultiplyLayer> {
 public:
  using LayerFacade::LayerFacade;
  void setOperation(int32_t index, nvinfer1::MatrixOperation operation) noexcept override;
  nvinfer1::MatrixOperation getOperation(int32_t index) const noexcept override;
};

}  // namespace ingot::api
