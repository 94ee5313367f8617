// ONNX NegativeLogLikelihoodLoss-22 and SoftmaxCrossEntropyLoss-13: loss = -w[t] * x[n, t, d...] for the target t of each place.
#include <numeric>

#include "operators/elementwise.h"
#include "operators/gather.h"
#include "operators/gather_elements.h"
#include "operators/moving.h"
#include "operators/onnx_input.h"
#include "operators/reduce.h"
#include "operators/register.h"
#include "operators/softmax.h"
#include "operators/squeeze.h"
#include "operators/unsqueeze.h"
#include "testing/example.h"

namespace ingot {

namespace {

Result<Tensor*> add_loss(const OnnxNode& node, Network& network, Tensor* x, const std::string& name) {
  TRY_ASSIGN(Tensor * target, required_input(node, 1));
  TRY_ASSIGN(std::string reduction, node.word("reduction", "mean"));
  if (reduction != "mean" && reduction != "sum" && reduction != "none")
    return invalid("reduction is '" + reduction + "'; mean, sum or none is wanted");
  const auto binary = [&](ScalarOp op, Tensor* a, Tensor* b) { return network.add(Elementwise(op), {a, b}); };
  const DataType type = x->type.type;
  Tensor* ignored = nullptr;
  if (node.has("ignore_index")) {
    TRY_ASSIGN(int64_t index, node.integer("ignore_index", 0));
    TRY_ASSIGN(ignored, binary(ScalarOp::kEqual, target, add_scalar(network, target, static_cast<double>(index))));
    TRY_ASSIGN(target, network.add(Elementwise(ScalarOp::kSelect), {ignored, add_scalar(network, target, 0), target}));
  }
  TRY_ASSIGN(Tensor * places, network.add(Unsqueeze({1}), {target}));
  GatherElements pick;
  pick.axis = 1;
  TRY_ASSIGN(Tensor * loss, network.add(pick, {x, places}));
  TRY_ASSIGN(loss, network.add(Squeeze({1}), {loss}));
  const bool plain = reduction == "none";
  Tensor* weights = nullptr;
  if (node.input(2)) {
    TRY_ASSIGN(weights, network.add(Gather{}, {node.input(2), target}));
  }
  if (ignored) {
    TRY_ASSIGN(Tensor * counts, network.add(Elementwise(ScalarOp::kNot), {ignored}));
    TRY_ASSIGN(counts, network.add(Elementwise::cast(type), {counts}));
    TRY_ASSIGN(weights, weights ? binary(ScalarOp::kMul, weights, counts) : Result<Tensor*>(counts));
  }
  if (weights) {
    TRY_ASSIGN(loss, binary(ScalarOp::kMul, loss, weights));
  }
  if (plain) return network.add(Elementwise(ScalarOp::kNeg), {loss}, name);
  TRY_ASSIGN(loss, network.add(Elementwise(ScalarOp::kNeg), {loss}));
  std::vector<int64_t> axes(loss->type.dims.size());
  std::iota(axes.begin(), axes.end(), 0);
  if (reduction == "sum") return network.add(Reduce(ReduceKind::kSum, axes, false), {loss}, name);
  if (!weights) return network.add(Reduce(ReduceKind::kMean, axes, false), {loss}, name);
  TRY_ASSIGN(loss, network.add(Reduce(ReduceKind::kSum, axes, false), {loss}));
  TRY_ASSIGN(weights, network.add(Reduce(ReduceKind::kSum, axes, false), {weights}));
  return network.add(Elementwise(ScalarOp::kDiv), {loss, weights}, name);
}

Result<std::vector<Tensor*>> import_likelihood_loss(const OnnxNode& node, Network& network) {
  TRY_ASSIGN(Tensor * x, required_input(node, 0));
  TRY_ASSIGN(Tensor * loss, add_loss(node, network, x, node.name()));
  return std::vector<Tensor*>{loss};
}

Result<std::vector<Tensor*>> import_cross_entropy_loss(const OnnxNode& node, Network& network) {
  TRY_ASSIGN(Tensor * x, required_input(node, 0));
  Softmax softmax;
  softmax.axis = 1;
  softmax.log = true;
  TRY_ASSIGN(Tensor * probabilities, network.add(softmax, {x}, node.name() + ":log_prob"));
  TRY_ASSIGN(Tensor * loss, add_loss(node, network, probabilities, node.name()));
  return std::vector<Tensor*>{loss, probabilities};
}

}  // namespace

REGISTER_OPERATORS(loss) {
  catalogue.add_onnx("NegativeLogLikelihoodLoss", import_likelihood_loss);
  catalogue.add_onnx("SoftmaxCrossEntropyLoss", import_cross_entropy_loss);
}

}  // namespace ingot
