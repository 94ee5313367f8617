#include "api/layers/layer.h"

#include <algorithm>

namespace ingot::api {

Status LayerHandle::settle() {
  if (!waiting_op_) return Ok{};
  TRY(name_runtime_dims(network_.core(), *waiting_op_, waiting_inputs_));
  std::unique_ptr<Operator> before = layer_->op().clone();
  const std::vector<Tensor*> inputs = layer_->inputs();
  take_inputs(waiting_inputs_);
  Status status = network_.core().replace_op(layer_, waiting_op_->clone());
  if (status.ok()) status = network_.check_ranks(*layer_);
  if (status.ok()) {
    waiting_op_.reset();
    return Ok{};
  }
  take_inputs(inputs);
  (void)network_.core().replace_op(layer_, std::move(before));
  return status;
}

// What the types of the new inputs mean for the old operator is nobody's concern: the new one follows.
void LayerHandle::take_inputs(const std::vector<Tensor*>& inputs) {
  const size_t count = std::max(inputs.size(), layer_->inputs().size());
  for (size_t i = 0; i < count; ++i) {
    Tensor* wanted = i < inputs.size() ? inputs[i] : nullptr;
    if (i >= layer_->inputs().size() || layer_->input(i) != wanted) (void)network_.core().set_input(layer_, i, wanted);
  }
}

void LayerHandle::change(std::unique_ptr<Operator> op, std::vector<Tensor*> inputs) {
  waiting_op_ = std::move(op);
  waiting_inputs_ = std::move(inputs);
  adjust(*waiting_op_, waiting_inputs_);
  Status status = settle();
  if (status.ok()) return;
  if (std::vector<Tensor*> alike = network_.in_one_type(waiting_inputs_); alike != waiting_inputs_) {
    std::swap(alike, waiting_inputs_);
    if (settle().ok()) return;
    std::swap(alike, waiting_inputs_);
  }
  network_.reporter().log().verbose(status.error().message + " (so far)");
}

size_t LayerHandle::inputs_without_weights() const {
  const auto& inputs = current_inputs();
  size_t count = inputs.size();
  while (count > 1 && (!inputs[count - 1] || inputs[count - 1]->is_constant())) --count;
  return count;
}

nvinfer1::Weights LayerHandle::weights_of(size_t input) const noexcept {
  const auto& inputs = current_inputs();
  const Tensor* tensor = input < inputs.size() ? inputs[input] : nullptr;
  if (!tensor || !tensor->is_constant()) return {nvinfer1::DataType::kFLOAT, nullptr, 0};
  return {to_api(tensor->constant.type()), tensor->constant.data(), tensor->constant.count()};
}

Status LayerHandle::set_weights(size_t input, const nvinfer1::Weights& weights, const Shape& shape, const char* role) {
  std::vector<Tensor*> inputs = current_inputs();
  if (inputs.size() <= input) inputs.resize(input + 1, nullptr);
  if (weights.count == 0) {
    inputs[input] = nullptr;
  } else {
    auto values = to_array(weights, shape);
    if (!values.ok()) return std::move(values).error().within("layer '" + layer_->name + "'");
    inputs[input] = network_.core().add_constant(layer_->name + "." + role, std::move(values).value());
  }
  while (!inputs.empty() && !inputs.back()) inputs.pop_back();
  change(current_op().clone(), std::move(inputs));
  return Ok{};
}

Result<std::vector<int64_t>> known_values(const Tensor& tensor, const char* what) {
  if (tensor.is_constant()) return tensor.constant.integers();
  std::vector<int64_t> numbers;
  if (tensor.type.values) {
    for (const Dim& dim : *tensor.type.values) {
      if (!dim.is_constant()) return invalid(std::string(what) + " hang on shapes that are not known yet ('" + tensor.name + "')");
      numbers.push_back(dim.value());
    }
    return numbers;
  }
  return invalid(std::string(what) + " must be constant; '" + tensor.name + "' is computed at run time");
}

}  // namespace ingot::api
