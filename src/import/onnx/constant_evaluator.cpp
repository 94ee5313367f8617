#include "import/onnx/constant_evaluator.h"

#include <algorithm>

#include "base/byte_reader.h"

namespace ingot {
namespace {

bool has_values(const TensorType& type) {
  return type.values && all_constant(type.dims) &&
         std::all_of(type.values->begin(), type.values->end(), [](const Dim& dim) { return dim.is_constant(); });
}

Result<Array> values_of(const TensorType& type) {
  TRY_ASSIGN(Array array, Array::make(type.type, constant_shape(type.dims)));
  const int64_t count = std::min(array.count(), static_cast<int64_t>(type.values->size()));
  for (int64_t i = 0; i < count; ++i) array.set_integer(i, (*type.values)[static_cast<size_t>(i)].value());
  return array;
}

bool may_fold(const Operator& op) { return op.is_pure() && op.subnetworks().empty(); }

}  // namespace

bool ConstantEvaluator::is_constant(const Tensor& tensor) {
  std::vector<const Tensor*> stack{&tensor};
  while (!stack.empty()) {
    const Tensor* at = stack.back();
    if (constant_.contains(at->id())) {
      stack.pop_back();
      continue;
    }
    const Layer* producer = at->producer();
    if (at->is_constant() || has_values(at->type) || !producer || !may_fold(producer->op())) {
      constant_[at->id()] = at->is_constant() || has_values(at->type);
      stack.pop_back();
      continue;
    }
    bool all = true, open = false;
    for (const Tensor* input : producer->inputs()) {
      if (!input) continue;
      const auto found = constant_.find(input->id());
      if (found == constant_.end()) {
        stack.push_back(input);
        open = true;
      } else {
        all = all && found->second;
      }
    }
    if (open) continue;
    constant_[at->id()] = all;
    stack.pop_back();
  }
  return constant_[tensor.id()];
}

Result<Array> ConstantEvaluator::evaluate(const Tensor& tensor) {
  if (tensor.is_constant()) return tensor.constant;
  if (has_values(tensor.type)) return values_of(tensor.type);
  if (const auto found = values_.find(tensor.id()); found != values_.end()) return found->second;
  if (!is_constant(tensor))
    return unsupported("the values of '" + tensor.name +
                       "' are not known before the network runs; they must be constants, or follow from shapes that are given");
  TRY_ASSIGN(Array value, compute(tensor));
  values_[tensor.id()] = value;
  return value;
}

// Builds the part of the network that `tensor` needs and asks its references.
Result<Array> ConstantEvaluator::compute(const Tensor& tensor) {
  Network part;
  std::unordered_map<int64_t, Tensor*> twins;
  std::vector<const Tensor*> stack{&tensor};
  while (!stack.empty()) {
    const Tensor* at = stack.back();
    if (twins.contains(at->id())) {
      stack.pop_back();
      continue;
    }
    const auto known = values_.find(at->id());
    if (at->is_constant() || known != values_.end() || has_values(at->type)) {
      Array value = at->constant;
      if (known != values_.end()) {
        value = known->second;
      } else if (!at->is_constant()) {
        TRY_ASSIGN(value, values_of(at->type));
      }
      twins[at->id()] = part.add_constant(at->name, std::move(value));
      stack.pop_back();
      continue;
    }
    const Layer* producer = at->producer();
    if (!producer) return internal("the constant '" + at->name + "' comes from nowhere");
    std::vector<Tensor*> inputs;
    bool open = false;
    for (const Tensor* input : producer->inputs()) {
      const auto twin = input ? twins.find(input->id()) : twins.end();
      if (input && twin == twins.end()) {
        stack.push_back(input);
        open = true;
      } else {
        inputs.push_back(input ? twin->second : nullptr);
      }
    }
    if (open) continue;
    for (const Tensor* output : producer->outputs()) {
      if (!all_constant(output->type.dims))
        return unsupported("the shape of the constant '" + output->name + "' is not known: " + output->type.text());
      TRY_ASSIGN(int64_t count, volume(constant_shape(output->type.dims)));
      // A count of 2^59 or more would overflow in bits.
      if (count >> 58 || static_cast<int64_t>(bytes_of(output->type.type, count)) > *bytes_left_)
        return unsupported("the constant '" + output->name + "' (" + output->type.text() +
                           ") is too large to be computed during import; store it as an initializer");
      *bytes_left_ -= static_cast<int64_t>(bytes_of(output->type.type, count));
    }
    TRY_ASSIGN(Layer * layer, part.add_layer(producer->op().clone(), std::move(inputs), producer->name));
    for (size_t i = 0; i < producer->outputs().size() && i < layer->outputs().size(); ++i)
      twins[producer->outputs()[i]->id()] = layer->output(i);
    stack.pop_back();
  }
  TRY(part.mark_output(twins[tensor.id()]));
  TRY_ASSIGN(Arrays results, part.evaluate({}));
  return results.at(0);
}

}  // namespace ingot
