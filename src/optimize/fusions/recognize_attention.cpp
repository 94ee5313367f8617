// matmul(softmax(matmul(q, transpose(k)) * scale + mask), v) => attention(q, k, v, mask), with the scale on the scores, on q, on k or on
// both
#include <cmath>

#include "operators/attention.h"
#include "operators/matmul.h"
#include "operators/reshape.h"
#include "operators/softmax.h"
#include "operators/transpose.h"
#include "optimize/edit.h"
#include "optimize/pattern.h"
#include "testing/example.h"

namespace ingot {
namespace {

// From this on, a score that a select puts in place of another one counts as nothing, as adding it does.
constexpr double kDropped = -1e8;

bool is_plain(const MatMul& op) {
  return op.epilogue.empty() && !op.to.has_value() && !op.is_quantized() && op.output_scale == 0 && !op.transpose_a;
}

struct Scores {
  Tensor* q = nullptr;
  Tensor* k = nullptr;  // [.., T, D], or [.., D, T] where `k_is_transposed`
  bool k_is_transposed = false;
  double scale = 1;
  Tensor* mask = nullptr;     // added
  Tensor* dropped = nullptr;  // a condition: where it holds (or does not: `drops_where`), the score is dropped
  bool drops_where = true;
  double dropped_value = 0;
};

// Strips x * number and x / number off `tensor`.
Tensor* without_factors(Tensor* tensor, double* scale) {
  while (const auto* op = producer_as<Elementwise>(tensor)) {
    if (op->op != ScalarOp::kMul && op->op != ScalarOp::kDiv) break;
    const Layer& layer = *tensor->producer();
    const auto second = number_of(layer.input(1));
    const auto first = number_of(layer.input(0));
    if (second && (op->op == ScalarOp::kMul || *second != 0)) {
      *scale *= op->op == ScalarOp::kMul ? *second : 1 / *second;
      tensor = layer.input(0);
    } else if (first && op->op == ScalarOp::kMul) {
      *scale *= *first;
      tensor = layer.input(1);
    } else {
      break;
    }
  }
  return tensor;
}

bool leads_to_matmul(const Tensor* tensor) {
  double ignored = 1;
  return producer_as<MatMul>(without_factors(const_cast<Tensor*>(tensor), &ignored)) != nullptr;
}

// Reads the scores upwards from the softmax's input; false where they are something else.
bool read_scores(Tensor* tensor, Scores& scores) {
  if (const auto* op = producer_as<Elementwise>(tensor); op && op->op == ScalarOp::kAdd) {
    const Layer& layer = *tensor->producer();
    if (!is_used_once(*tensor)) return false;
    const bool first = leads_to_matmul(layer.input(0)), second = leads_to_matmul(layer.input(1));
    if (first == second) return false;
    scores.mask = layer.input(first ? 1 : 0);
    tensor = layer.input(first ? 0 : 1);
  } else if (op && op->op == ScalarOp::kSelect) {
    const Layer& layer = *tensor->producer();
    const auto kept = number_of(layer.input(1)), otherwise = number_of(layer.input(2));
    if (!is_used_once(*tensor) || kept.has_value() == otherwise.has_value()) return false;
    scores.dropped = layer.input(0);
    scores.drops_where = kept.has_value();
    scores.dropped_value = kept ? *kept : *otherwise;
    if (scores.dropped_value > kDropped) return false;
    tensor = layer.input(kept ? 2 : 1);
  }
  if (!is_used_once(*tensor)) return false;
  tensor = without_factors(tensor, &scores.scale);
  const auto* product = producer_as<MatMul>(tensor);
  if (!product || !is_plain(*product) || !is_used_once(*tensor)) return false;
  const Layer& layer = *tensor->producer();
  if (layer.inputs().size() > 2) return false;
  scores.q = without_factors(layer.input(0), &scores.scale);
  scores.k = without_factors(layer.input(1), &scores.scale);
  scores.k_is_transposed = !product->transpose_b;
  return true;
}

// The mask as something to add: a condition becomes 0 and the value of what is dropped.
Result<Tensor*> added_mask(Network& network, const Scores& scores) {
  if (!scores.dropped) return scores.mask;
  const DataType type = scores.q->type.type;
  Tensor* zero = add_number(network, type, 0);
  Tensor* dropped = add_number(network, type, scores.dropped_value);
  std::vector<Tensor*> inputs{scores.dropped, scores.drops_where ? dropped : zero, scores.drops_where ? zero : dropped};
  return network.add(Elementwise(ScalarOp::kSelect), inputs);
}

// [N, S, D] as [N, 1, S, D].
Result<Tensor*> with_one_head(Network& network, Tensor* tensor) {
  if (!tensor || tensor->type.rank() != 3) return tensor;
  Dims dims = tensor->type.dims;
  dims.insert(dims.begin() + 1, 1);
  auto reshape = Reshape::between(tensor->type.dims, dims);
  if (!reshape) return nullptr;
  return network.add(*reshape, {tensor});
}

Result<Tensor*> attention(const Layer& layer, Network& network) {
  Scores scores;
  Tensor* v = layer.input(1);
  if (!read_scores(layer.input(0)->producer()->input(0), scores)) return nullptr;
  const int64_t rank = scores.q->type.rank();
  if ((rank != 4 && rank != 3) || scores.k->type.rank() != rank || v->type.rank() != rank) return nullptr;
  if (!is_floating(scores.q->type.type)) return nullptr;
  // A mask of higher rank would widen the scores; one of rank 3 beside heads of rank 4 stands right.
  if (scores.mask && scores.mask->type.rank() > rank) return nullptr;
  if (scores.dropped && scores.dropped->type.rank() > rank) return nullptr;
  Tensor* k = scores.k;
  if (scores.k_is_transposed) {
    std::vector<int64_t> swap = rank == 4 ? std::vector<int64_t>{0, 1, 3, 2} : std::vector<int64_t>{0, 2, 1};
    TRY_ASSIGN(k, network.add(Transpose(swap), {k}));
  }
  TRY_ASSIGN(Tensor * mask, added_mask(network, scores));
  Tensor* q = scores.q;
  if (rank == 3) {
    for (Tensor** tensor : {&q, &k, &v, &mask}) {
      if (!*tensor) continue;
      TRY_ASSIGN(*tensor, with_one_head(network, *tensor));
      if (!*tensor) return nullptr;
    }
  }
  // Batch and heads do not broadcast in attention, as they may in a matrix product.
  for (const Tensor* tensor : {k, v}) {
    if (tensor->type.dims[0] != q->type.dims[0] || tensor->type.dims[1] != q->type.dims[1]) return nullptr;
  }
  if (mask && mask->type.type != q->type.type) return nullptr;
  Attention op;
  op.scale = scores.scale;
  if (!(op.scale != 0) || !std::isfinite(op.scale)) return nullptr;
  std::vector<Tensor*> inputs{q, k, v};
  if (mask) inputs.push_back(mask);
  TRY_ASSIGN(Tensor * result, network.add(op, inputs));
  if (rank == 4) return result;
  auto reshape = Reshape::between(result->type.dims, layer.output()->type.dims);
  if (!reshape) return nullptr;
  return network.add(*reshape, {result});
}

}  // namespace

FUSION(recognize_attention, kRecognizeAttention) {
  auto scores = Pattern::any(), v = Pattern::any();
  auto weights = Pattern::of<Softmax>(scores).used_once().where([](const Tensor& tensor) {
    const auto& op = *tensor.producer()->as<Softmax>();
    return !op.log && (op.axis == -1 || op.axis == tensor.type.rank() - 1);
  });
  auto root = Pattern::of<MatMul>(weights, v).with<MatMul>([](const MatMul& op) { return is_plain(op) && !op.transpose_b; });
  fusions.push_back({"recognize_attention", root, [=](const Match& m, Network& network) { return attention(m.layer(root), network); }});
}

EXAMPLE("scores with a scale and a mask are attention") {
  expect_rewrite("recognize_attention", R"(
    input q [n, 2, 3, 4]
    input k [n, 2, 3, 4]
    input v [n, 2, 3, 4]
    input mask [n, 1, 1, 3]
    weights scale float [] = 0.5
    t = transpose(k) permutation=[0, 1, 3, 2]
    s = matmul(q, t)
    a = mul(s, scale)
    b = add(a, mask)
    p = softmax(b)
    y = matmul(p, v)
    output y)",
                 R"(
    input q [n, 2, 3, 4]
    input k [n, 2, 3, 4]
    input v [n, 2, 3, 4]
    input mask [n, 1, 1, 3]
    t = transpose(k) permutation=[0, 1, 3, 2]
    u = transpose(t) permutation=[0, 1, 3, 2]
    y = attention(q, u, v, mask) scale=0.5
    output y)");
}

EXAMPLE("the square root of the scale on q and on k is the scale") {
  expect_rewrite("recognize_attention", R"(
    input q [n, 3, 4]
    input k [n, 3, 4]
    input v [n, 3, 4]
    weights root float [1] = 0.5
    a = mul(q, root)
    b = mul(k, root)
    s = matmul(a, b) transpose_b=true
    p = softmax(s) axis=2
    y = matmul(p, v)
    output y)",
                 R"(
    input q [n, 3, 4]
    input k [n, 3, 4]
    input v [n, 3, 4]
    a = reshape(q) dims=[0, 1, 3, 4]
    b = reshape(k) dims=[0, 1, 3, 4]
    c = reshape(v) dims=[0, 1, 3, 4]
    d = attention(a, b, c) scale=0.25
    y = reshape(d) dims=[0, 3, 4]
    output y)");
}

EXAMPLE("scores that a condition drops are a mask") {
  expect_rewrite("recognize_attention", R"(
    input q [n, 2, 3, 4]
    input k [n, 2, 3, 4]
    input v [n, 2, 3, 4]
    input keep bool [3, 3]
    weights low float [] = -1e9
    s = matmul(q, k) transpose_b=true
    b = select(keep, s, low)
    p = softmax(b)
    y = matmul(p, v)
    output y)",
                 R"(
    input q [n, 2, 3, 4]
    input k [n, 2, 3, 4]
    input v [n, 2, 3, 4]
    input keep bool [3, 3]
    weights zero float [] = 0
    weights low float [] = -1e9
    m = select(keep, zero, low)
    y = attention(q, k, v, m) scale=1
    output y)");
}

EXAMPLE("a softmax along another axis is no attention") {
  expect_unchanged("recognize_attention", R"(
    input q [n, 2, 3, 4]
    input k [n, 2, 3, 4]
    input v [n, 2, 3, 4]
    s = matmul(q, k) transpose_b=true
    p = softmax(s) axis=2
    y = matmul(p, v)
    output y)");
}

EXAMPLE("weights that are an output are not attention alone") {
  expect_unchanged("recognize_attention", R"(
    input q [n, 2, 3, 4]
    input k [n, 2, 3, 4]
    input v [n, 2, 3, 4]
    s = matmul(q, k) transpose_b=true
    p = softmax(s)
    y = matmul(p, v)
    output y
    output p)");
}

}  // namespace ingot
