#include "operators/fill.h"

#include "api/layers/shape.h"
#include "operators/linspace.h"
#include "operators/random.h"

namespace ingot::api {

using nvinfer1::FillOperation;

FillFacade::FillFacade(NetworkFacade& network, Layer* layer, nvinfer1::LayerType type) : LayerFacade(network, layer, type) {
  dims_ = to_api(layer->output()->type.dims);
  to_ = to_api(layer->output()->type.type);
  if (const auto* random = layer->as<Random>()) {
    operation_ = random->kind == RandomKind::kUniform ? FillOperation::kRANDOM_UNIFORM : FillOperation::kRANDOM_NORMAL;
    alpha_ = random->a;
    beta_ = random->b;
  } else if (const auto* fill = layer->as<Fill>()) {
    alpha_ = fill->value.data() ? fill->value.number(0) : 0;
    beta_ = 0;
  }
}

void FillFacade::begin(const WideDims& dims, FillOperation operation, nvinfer1::DataType to) {
  made_here_ = true;
  dims_ = dims;
  operation_ = operation;
  to_ = to;
  guarded(network_.reporter(), [&] { return rebuild(); });
}

int32_t FillFacade::getNbInputs() const noexcept {
  int32_t count = 0;
  for (int32_t i = 0; i < 3; ++i) {
    if (tensors_[static_cast<size_t>(i)]) count = i + 1;
  }
  return count;
}

void FillFacade::setInput(int32_t index, nvinfer1::ITensor& tensor) noexcept {
  guarded(network_.reporter(), [&]() -> Status {
    if (index < 0 || index > 2) return invalid("layer '" + layer_->name + "' has no input " + std::to_string(index));
    tensors_[static_cast<size_t>(index)] = &core_tensor(tensor);
    return rebuild();
  });
}

void FillFacade::setOperation(FillOperation operation) noexcept {
  guarded(network_.reporter(), [&]() -> Status {
    if (static_cast<int>(operation) < 0 || static_cast<int>(operation) > 2)
      return invalid("there is no FillOperation " + std::to_string(static_cast<int>(operation)));
    operation_ = operation;
    return rebuild();
  });
}

void FillFacade::setToType(nvinfer1::DataType type) noexcept {
  guarded(network_.reporter(), [&]() -> Status {
    TRY(to_core(type));
    to_ = type;
    return rebuild();
  });
}

void FillFacade::setDimensions64_(WideDims const& dims) noexcept {
  if (!takes_dims("setDimensions", dims, std::max(0, dims.nbDims), 0)) return;
  guarded(network_.reporter(), [&] {
    dims_ = dims;
    tensors_[0] = nullptr;
    return rebuild();
  });
}

void FillFacade::set_bounds(double alpha, double beta) noexcept {
  if (!takes_number("setAlpha", alpha) || !takes_number("setBeta", beta)) return;
  guarded(network_.reporter(), [&] {
    alpha_ = alpha;
    beta_ = beta;
    integers_ = false;
    return rebuild();
  });
}

void FillFacade::set_integers(int64_t alpha, int64_t beta) noexcept {
  guarded(network_.reporter(), [&] {
    int_alpha_ = alpha;
    int_beta_ = beta;
    integers_ = true;
    return rebuild();
  });
}

Status FillFacade::rebuild() {
  if (!made_here_) return unsupported("layer '" + layer_->name + "' was imported; its settings are read only");
  TRY_ASSIGN(DataType to, to_core(to_));
  DimList dims;
  if (!tensors_[0]) {
    TRY_ASSIGN(Shape shape, to_shape(dims_));
    dims = DimList(Shape(shape));
  }
  std::vector<Tensor*> inputs{tensors_.begin(), tensors_.end()};
  while (!inputs.empty() && !inputs.back()) inputs.pop_back();
  if (operation_ == FillOperation::kLINSPACE) {
    auto op = std::make_unique<Linspace>();
    op->dims = dims;
    op->to = to;
    op->start = integers_ ? static_cast<double>(int_alpha_) : alpha_;
    op->delta = integers_ ? static_cast<double>(int_beta_) : beta_;
    op->int_start = integers_ ? int_alpha_ : static_cast<int64_t>(alpha_);
    op->int_delta = integers_ ? int_beta_ : static_cast<int64_t>(beta_);
    change(std::move(op), std::move(inputs));
    return Ok{};
  }
  auto op = std::make_unique<Random>();
  op->kind = operation_ == FillOperation::kRANDOM_UNIFORM ? RandomKind::kUniform : RandomKind::kNormal;
  op->dims = dims;
  op->to = to;
  op->a = alpha_;
  op->b = beta_;
  op->seed = layer_->id();
  // Bounds come as tensors that are known while the network is made.
  double* const bounds[] = {nullptr, &op->a, &op->b};
  for (size_t i = 1; i < inputs.size(); ++i) {
    const Tensor* source = inputs[i];
    if (source && source->producer() && source->producer()->op().name() == "constant") source = source->producer()->input(0);
    if (source && (!source->is_constant() || source->constant.count() != 1))
      return unsupported("layer '" + layer_->name + "': the bounds of random numbers are constants of one element");
    if (source) *bounds[i] = source->constant.number(0);
  }
  if (inputs.size() > 1) inputs.resize(1);
  if (!inputs.empty() && !inputs[0]) inputs.clear();
  change(std::move(op), std::move(inputs));
  return Ok{};
}

nvinfer1::IFillLayer* NetworkFacade::addFill64_(WideDims const& dims, FillOperation operation, nvinfer1::DataType type) noexcept {
  return guarded(reporter_, static_cast<nvinfer1::IFillLayer*>(nullptr), [&]() -> Result<nvinfer1::IFillLayer*> {
    if (static_cast<int>(operation) < 0 || static_cast<int>(operation) > 2)
      return invalid("addFill: there is no FillOperation " + std::to_string(static_cast<int>(operation)));
    auto op = std::make_unique<Linspace>();
    op->dims = DimList(Shape{1});
    TRY_ASSIGN(op->to, to_core(type));
    auto* layer = add<nvinfer1::IFillLayer>(std::move(op), {}, "Fill");
    if (layer) static_cast<FillFacade*>(layer)->begin(dims, operation, type);
    return layer;
  });
}

}  // namespace ingot::api
