// ONNX Attention-23 and -24: caches, masks and the scores as an output are layers around the attention itself.
#include <fmt/format.h>

#include <cmath>
#include <limits>

#include "operators/attention.h"
#include "operators/concat.h"
#include "operators/elementwise.h"
#include "operators/matmul.h"
#include "operators/onnx_input.h"
#include "operators/register.h"
#include "operators/reshape.h"
#include "operators/runtime_dims.h"
#include "operators/softmax.h"
#include "operators/transpose.h"
#include "operators/unsqueeze.h"

namespace ingot {
namespace {

constexpr double kInfinity = std::numeric_limits<double>::infinity();

// [B, length, H * depth] as [B, H, length, depth].
Result<Tensor*> spread_heads(Network& network, Tensor* x, int64_t heads) {
  TRY_ASSIGN(x, network.add(Reshape(std::vector<int64_t>{0, 0, heads, -1}), {x}));
  return network.add(Transpose({0, 2, 1, 3}), {x});
}

Result<int64_t> known_length(const Dim& dim, std::string_view why) {
  if (dim.is_constant()) return dim.value();
  return unsupported(fmt::format("Attention {} needs a known length, not {}", why, dim.text()));
}

// Everything that decides which scores count, as one mask or none.
class MaskBuilder {
 public:
  MaskBuilder(Network& network, DataType type) : network_(network), type_(type) {}

  // The user's mask; columns behind its end are dropped.
  Status start(Tensor* mask, const Dim& columns) {
    const Dim have = mask->type.dims.empty() ? Dim(1) : mask->type.dims.back();
    mask_ = mask;
    if (have == columns || have.is(1)) return Ok{};
    TRY_ASSIGN(const int64_t wanted, known_length(columns, "with a short mask"));
    TRY_ASSIGN(const int64_t given, known_length(have, "with a short mask"));
    if (given >= wanted) return Ok{};
    Dims dims = mask->type.dims;
    dims.back() = Dim(wanted - given);
    if (!all_constant(dims)) return unsupported("Attention with a short mask of unknown dims " + to_text(mask->type.dims));
    TRY_ASSIGN(Array rest, Array::make(mask->type.type, constant_shape(dims)));
    if (mask->type.type != DataType::kBool) {
      for (int64_t i = 0; i < rest.count(); ++i) rest.set_number(i, -kInfinity);
    }
    TRY_ASSIGN(mask_, network_.add(Concat(-1), {mask, network_.add_constant("", std::move(rest))}));
    return Ok{};
  }
  // Also drops what `allowed` (bool) says false to.
  Status restrict_to(Tensor* allowed) {
    if (!mask_) {
      mask_ = allowed;
    } else if (mask_->type.type == DataType::kBool) {
      TRY_ASSIGN(mask_, network_.add(Elementwise(ScalarOp::kAnd), {mask_, allowed}));
    } else {
      TRY_ASSIGN(mask_, network_.add(Elementwise(ScalarOp::kSelect),
                                     {allowed, mask_, network_.add_constant("", Array::scalar(type_, -kInfinity))}));
    }
    return Ok{};
  }
  Tensor* mask() const { return mask_; }

 private:
  Network& network_;
  DataType type_;
  Tensor* mask_ = nullptr;
};

// The scores q * k^T * scale of all heads, [B, H, S, T].
Result<Tensor*> all_scores(Network& network, Tensor* q, Tensor* k, double scale) {
  const Dim heads = q->type.dims[1], key_heads = k->type.dims[1];
  const Dims wanted{q->type.dims[0], heads, q->type.dims[2], k->type.dims[2]};
  Tensor* scores = nullptr;
  if (heads == key_heads) {
    TRY_ASSIGN(scores, network.add(MatMul(false, true), {q, k}));
  } else {
    REQUIRES(heads.is_constant() && key_heads.is_constant() && !key_heads.is(0), "Attention with unknown numbers of heads");
    const int64_t group = heads.value() / key_heads.value();
    TRY_ASSIGN(q, network.add(Reshape(Dims{input_dim(0), key_heads, Dim(group), input_dim(2), input_dim(3)}), {q}));
    TRY_ASSIGN(k, network.add(Unsqueeze({2}), {k}));
    TRY_ASSIGN(scores, network.add(MatMul(false, true), {q, k}));
    TRY_ASSIGN(scores, network.add(Reshape(Dims{input_dim(0), heads, input_dim(3), input_dim(4)}), {scores}));
  }
  return network.add(Elementwise(ScalarOp::kAffine, scale, 0), {scores});
}

enum class ScoresMode { kProduct, kCapped, kMasked, kSoftmax };

// The scores as they are after a stage of the computation.
Result<Tensor*> scores_output(Network& network, Tensor* scores, Tensor* mask, double softcap, ScoresMode mode) {
  const auto cap = [&](Tensor* x) -> Result<Tensor*> {
    if (softcap == 0) return x;
    return network.add(Elementwise(ScalarOp::kScaledTanh, softcap, 1 / softcap), {x});
  };
  if (mode == ScoresMode::kProduct) return scores;
  TRY_ASSIGN(scores, cap(scores));
  if (mode == ScoresMode::kCapped) return scores;
  if (mask && mask->type.type == DataType::kBool) {
    TRY_ASSIGN(scores, network.add(Elementwise(ScalarOp::kSelect),
                                   {mask, scores, network.add_constant("", Array::scalar(scores->type.type, -kInfinity))}));
  } else if (mask) {
    TRY_ASSIGN(scores, network.add(Elementwise(ScalarOp::kAdd), {scores, mask}));
  }
  if (mode == ScoresMode::kMasked) return scores;
  return network.add(Softmax(-1), {scores});
}

Result<std::vector<Tensor*>> import_attention(const OnnxNode& node, Network& network) {
  Tensor* in[7] = {};
  for (size_t i = 0; i < 7 && i < node.input_count(); ++i) in[i] = node.input(i);
  for (size_t i = 0; i < 3; ++i) TRY(required_input(node, i));
  TRY_ASSIGN(const int64_t is_causal, node.integer("is_causal", 0));
  TRY_ASSIGN(int64_t q_heads, node.integer("q_num_heads", 0));
  TRY_ASSIGN(int64_t key_heads, node.integer("kv_num_heads", 0));
  TRY_ASSIGN(double scale, node.number("scale", 0));
  TRY_ASSIGN(const double softcap, node.number("softcap", 0));
  TRY_ASSIGN(const int64_t mode_number, node.integer("qk_matmul_output_mode", 0));
  for (const char* side : {"left_window_size", "right_window_size"}) {
    TRY_ASSIGN(const int64_t size, node.integer(side, -1));
    REQUIRES(size < 0, fmt::format("Attention with {} = {} (a sliding window) is not supported", side, size));
  }
  Tensor *q = in[0], *k = in[1], *v = in[2], *past_key = in[4], *past_value = in[5], *lengths = in[6];
  if ((past_key == nullptr) != (past_value == nullptr)) return invalid("past_key and past_value come together");
  const auto wants = [&](size_t output) { return output < node.output_count() && node.output_is_used(output); };
  const bool is_3d = q->type.rank() == 3;
  if (is_3d && (q_heads <= 0 || key_heads <= 0)) return invalid("inputs of rank 3 need q_num_heads and kv_num_heads");
  if (!is_3d && q->type.rank() != 4) return invalid("q is of rank 3 or 4, not " + to_text(q->type.dims));
  const bool is_simple = !past_key && !wants(1) && !wants(2) && !wants(3);
  Attention op;
  op.softcap = softcap;
  if (is_3d && is_simple) {
    op.heads = q_heads;
    op.key_heads = key_heads == q_heads ? 0 : key_heads;
  } else if (is_3d) {
    TRY_ASSIGN(q, spread_heads(network, q, q_heads));
    TRY_ASSIGN(k, spread_heads(network, k, key_heads));
    TRY_ASSIGN(v, spread_heads(network, v, key_heads));
  }
  if (past_key) {
    TRY_ASSIGN(k, network.add(Concat(2), {past_key, k}));
    TRY_ASSIGN(v, network.add(Concat(2), {past_value, v}));
  }
  const size_t length_axis = op.heads > 0 ? 1 : 2;
  if (k->type.rank() <= static_cast<int64_t>(length_axis)) return invalid("k has dims " + to_text(k->type.dims) + "; it has the rank of q");
  const Dim rows = q->type.dims[length_axis], columns = k->type.dims[length_axis];
  op.scale = scale;
  MaskBuilder masks(network, q->type.type);
  if (in[3]) TRY(masks.start(in[3], columns));
  if (is_causal && (past_key || lengths || wants(3))) {
    // Row s stands behind `offset` columns: t - s <= offset.
    TRY_ASSIGN(const int64_t row_count, known_length(rows, "with a causal mask over a cache"));
    TRY_ASSIGN(const int64_t column_count, known_length(columns, "with a causal mask over a cache"));
    const int64_t offset = past_key ? column_count - in[1]->type.dims[is_3d ? 1 : 2].constant().value_or(row_count) : 0;
    TRY_ASSIGN(Array ahead, Array::make(DataType::kInt64, {row_count, column_count}));
    for (int64_t i = 0; i < ahead.count(); ++i) ahead.set_integer(i, i % column_count - i / column_count);
    Tensor* limit = network.add_constant("", Array::scalar(DataType::kInt64, static_cast<double>(offset)));
    if (lengths) {
      TRY_ASSIGN(limit, network.add(Elementwise(ScalarOp::kSub),
                                    {lengths, network.add_constant("", Array::scalar(DataType::kInt64, static_cast<double>(row_count)))}));
      TRY_ASSIGN(limit, network.add(Unsqueeze({1, 2, 3}), {limit}));
    }
    TRY_ASSIGN(Tensor * allowed, network.add(Elementwise(ScalarOp::kLessEqual), {network.add_constant("", std::move(ahead)), limit}));
    TRY(masks.restrict_to(allowed));
  } else {
    op.causal = is_causal != 0;
  }
  if (lengths) {
    TRY_ASSIGN(const int64_t column_count, known_length(columns, "with nonpad_kv_seqlen"));
    std::vector<int64_t> numbers(static_cast<size_t>(column_count));
    for (size_t t = 0; t < numbers.size(); ++t) numbers[t] = static_cast<int64_t>(t);
    TRY_ASSIGN(Tensor * each, network.add(Unsqueeze({1, 2, 3}), {lengths}));
    TRY_ASSIGN(Tensor * allowed, network.add(Elementwise(ScalarOp::kLess), {network.add_constant("", Array::from_int64s(numbers)), each}));
    TRY(masks.restrict_to(allowed));
  }
  std::vector<Tensor*> inputs{q, k, v};
  if (masks.mask()) inputs.push_back(masks.mask());
  TRY_ASSIGN(Tensor * y, network.add(op, inputs));
  if (is_3d && !is_simple) {
    TRY_ASSIGN(y, network.add(Transpose({0, 2, 1, 3}), {y}));
    TRY_ASSIGN(y, network.add(Reshape(Dims{input_dim(0), input_dim(1), input_dim(2) * input_dim(3)}), {y}));
  }
  std::vector<Tensor*> outputs{y};
  if (is_simple) return outputs;
  if (k == in[1]) {
    TRY_ASSIGN(k, network.add(Elementwise(ScalarOp::kIdentity), {k}));
  }
  if (v == in[2]) {
    TRY_ASSIGN(v, network.add(Elementwise(ScalarOp::kIdentity), {v}));
  }
  outputs.push_back(k);
  outputs.push_back(v);
  if (!wants(3)) return outputs;
  if (mode_number < 0 || mode_number > 3) return invalid(fmt::format("qk_matmul_output_mode is {}; it is 0 to 3", mode_number));
  if (scale == 0) {
    TRY_ASSIGN(const int64_t depth, known_length(q->type.dims[3], "without a scale"));
    scale = 1 / std::sqrt(static_cast<double>(depth));
  }
  constexpr ScoresMode kModes[] = {ScoresMode::kProduct, ScoresMode::kCapped, ScoresMode::kMasked, ScoresMode::kSoftmax};
  TRY_ASSIGN(Tensor * scores, all_scores(network, q, k, scale));
  TRY_ASSIGN(scores, scores_output(network, scores, masks.mask(), softcap, kModes[mode_number]));
  outputs.push_back(scores);
  return outputs;
}

}  // namespace

REGISTER_OPERATORS(attention_onnx) { catalogue.add_onnx("Attention", import_attention); }

}  // namespace ingot
