#include "optimize/product.h"

#include <unordered_map>

#include "operators/convolution.h"
#include "operators/deconvolution.h"
#include "operators/expand.h"
#include "operators/matmul.h"
#include "operators/reshape.h"
#include "optimize/edit.h"

namespace ingot {

const EpilogueFields* epilogue_of(const Operator& op) {
  if (const auto* convolution = dynamic_cast<const Convolution*>(&op)) return convolution;
  if (const auto* matmul = dynamic_cast<const MatMul*>(&op)) return matmul;
  if (const auto* deconvolution = dynamic_cast<const Deconvolution*>(&op)) return deconvolution;
  return nullptr;
}

ProductCopy copy_product(const Operator& op) {
  ProductCopy copy{op.clone(), nullptr};
  copy.epilogue = const_cast<EpilogueFields*>(epilogue_of(*copy.op));
  return copy;
}

Result<Tensor*> add_product(Network& network, ProductCopy copy, std::vector<Tensor*> inputs) {
  while (!inputs.empty() && !inputs.back()) inputs.pop_back();
  TRY_ASSIGN(Layer * layer, network.add_layer(std::move(copy.op), std::move(inputs)));
  return layer->output();
}

std::vector<Tensor*> product_inputs(const Layer& layer) { return {layer.input(0), layer.input(1), layer.input(2), layer.input(3)}; }

Pattern any_product() {
  return Pattern::any().where([](const Tensor& tensor) { return tensor.producer() && epilogue_of(tensor.producer()->op()); });
}

Pattern plain_product() {
  return any_product().where([](const Tensor& tensor) {
    const EpilogueFields& fields = *epilogue_of(tensor.producer()->op());
    return !tensor.producer()->input(3) && fields.epilogue.empty() && fields.output_scale == 0;
  });
}

int64_t product_depth(const Layer* layer) {
  std::unordered_map<const Layer*, int64_t> depth;
  std::vector<const Layer*> stack{layer};
  while (!stack.empty()) {
    const Layer* top = stack.back();
    bool ready = true;
    int64_t deepest = 0;
    for (const Tensor* input : top->inputs()) {
      const Layer* producer = input ? input->producer() : nullptr;
      if (!producer) continue;
      auto known = depth.find(producer);
      if (known == depth.end()) {
        stack.push_back(producer);
        ready = false;
      } else {
        deepest = std::max(deepest, known->second);
      }
    }
    if (!ready) continue;
    depth[top] = deepest + (epilogue_of(top->op()) ? 1 : 0);
    stack.pop_back();
  }
  return depth[layer];
}

std::optional<int64_t> channel_axis(const Layer& product) {
  if (!product.as<MatMul>()) return 1;
  const Tensor* b = product.input(1);
  const int64_t rank = product.output()->type.rank();
  if (b->type.rank() < 2 || rank < 1) return std::nullopt;
  return rank - 1;
}

std::optional<int64_t> weight_channel_axis(const Layer& product) {
  if (product.as<Convolution>()) return 0;
  if (const auto* deconvolution = product.as<Deconvolution>()) return deconvolution->groups == 1 ? std::optional<int64_t>(1) : std::nullopt;
  const int64_t rank = product.input(1)->type.rank();
  if (rank < 2) return std::nullopt;
  return product.as<MatMul>()->transpose_b ? rank - 2 : rank - 1;
}

bool varies_along(const Dims& dims, const Dims& output, int64_t axis) {
  if (dims.size() > output.size()) return false;
  const size_t lead = output.size() - dims.size();
  for (size_t i = 0; i < dims.size(); ++i) {
    if (dims[i].is(1)) continue;
    if (static_cast<int64_t>(lead + i) != axis || dims[i] != output[lead + i]) return false;
  }
  return true;
}

Result<Tensor*> per_channel(Network& network, Tensor* constant, const Dims& output, int64_t axis) {
  const Dim& channels = output[static_cast<size_t>(axis)];
  if (!channels.is_constant() || !constant->constant.data() || !varies_along(constant->type.dims, output, axis)) return nullptr;
  const Shape wanted{channels.value()};
  if (constant->constant.shape() == wanted) return constant;
  if (constant->constant.count() == channels.value()) return compute_constant(network, Reshape(wanted), {constant});
  TRY_ASSIGN(Tensor * single, compute_constant(network, Reshape(Shape{1}), {constant}));
  Expand expand;
  expand.dims = DimList(wanted);
  return compute_constant(network, expand, {single});
}

}  // namespace ingot
