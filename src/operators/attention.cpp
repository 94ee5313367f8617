#include "operators/attention.h"

#include <fmt/format.h>

#include <cmath>

#include "operators/epilogue.h"
#include "operators/register.h"
#include "testing/example.h"

namespace ingot {
namespace {

// One of q, k, v, y as [batch, heads, length, depth], wherever its heads stand in memory.
struct Heads {
  Dim batch, heads, length, depth;
};

// The four sides of the computation; an error names the input that does not fit.
struct Sizes {
  Heads q, k, v;
};

Result<Heads> split_heads(const TensorType& type, int64_t heads, std::string_view what) {
  if (heads == 0) {
    if (type.rank() != 4) return invalid(fmt::format("{} of attention is [B, H, length, depth], not {}", what, to_text(type.dims)));
    return Heads{type.dims[0], type.dims[1], type.dims[2], type.dims[3]};
  }
  if (type.rank() != 3)
    return invalid(fmt::format("{} of attention with heads side by side is [B, length, H * depth], not {}", what, to_text(type.dims)));
  if (type.dims[2].is_constant() && type.dims[2].value() % heads != 0) {
    return invalid(fmt::format("{} numbers of {} cannot be split into {} heads", type.dims[2].text(), what, heads));
  }
  return Heads{type.dims[0], Dim(heads), type.dims[1], Dim::floor_divide(type.dims[2], Dim(heads))};
}

Result<Sizes> sizes_of(const Attention& op, const TensorTypes& inputs) {
  if (op.heads < 0 || op.key_heads < 0) return invalid("the number of heads is negative");
  if (op.packed && op.heads == 0) return invalid("packed attention needs its number of heads");
  const int64_t key_heads = op.key_heads == 0 ? op.heads : op.key_heads;
  Sizes sizes;
  if (op.packed) {
    if (inputs.empty()) return invalid("attention needs an input");
    TRY_ASSIGN(sizes.q, split_heads(inputs[0], op.heads + 2 * key_heads, "the packed input"));
    sizes.k = sizes.v = sizes.q;
    sizes.q.heads = op.heads;
    sizes.k.heads = sizes.v.heads = key_heads;
  } else {
    if (inputs.size() < 3) return invalid("attention needs q, k and v");
    TRY_ASSIGN(sizes.q, split_heads(inputs[0], op.heads, "q"));
    TRY_ASSIGN(sizes.k, split_heads(inputs[1], key_heads, "k"));
    TRY_ASSIGN(sizes.v, split_heads(inputs[2], key_heads, "v"));
    if (inputs[1].type != inputs[0].type || inputs[2].type != inputs[0].type) {
      return invalid(fmt::format("q, k and v are of one type, not {}, {} and {}", name_of(inputs[0].type), name_of(inputs[1].type),
                                 name_of(inputs[2].type)));
    }
  }
  const auto differ = [](const Dim& a, const Dim& b) { return a.is_constant() && b.is_constant() && a != b; };
  if (differ(sizes.q.depth, sizes.k.depth))
    return invalid(fmt::format("q has {} numbers a head and k {}", sizes.q.depth.text(), sizes.k.depth.text()));
  if (differ(sizes.k.length, sizes.v.length))
    return invalid(fmt::format("k has length {} and v {}", sizes.k.length.text(), sizes.v.length.text()));
  if (differ(sizes.k.heads, sizes.v.heads))
    return invalid(fmt::format("k has {} heads and v {}", sizes.k.heads.text(), sizes.v.heads.text()));
  if (differ(sizes.q.batch, sizes.k.batch) || differ(sizes.q.batch, sizes.v.batch)) {
    return invalid(
        fmt::format("q, k and v are batches of {}, {} and {}", sizes.q.batch.text(), sizes.k.batch.text(), sizes.v.batch.text()));
  }
  if (sizes.q.heads.is_constant() && sizes.k.heads.is_constant() &&
      (sizes.k.heads.is(0) || sizes.q.heads.value() % sizes.k.heads.value() != 0)) {
    return invalid(fmt::format("{} heads of q are no multiple of {} heads of k and v", sizes.q.heads.text(), sizes.k.heads.text()));
  }
  return sizes;
}

// Elements between neighbours, and where the first one stands.
struct Strides {
  int64_t first, batch, head, position;
};

Strides strides_of(const Array& array, int64_t heads, int64_t first_head, int64_t depth) {
  const Shape strides = row_major_strides(array.shape());
  if (heads == 0) return {0, strides[0], strides[1], strides[2]};
  return {first_head * depth, strides[0], depth, strides[1]};
}

}  // namespace

Result<TensorTypes> Attention::infer(const TensorTypes& inputs) const {
  TRY_ASSIGN(const Sizes sizes, sizes_of(*this, inputs));
  if (!is_floating(inputs[0].type)) return invalid("attention takes floating-point numbers, not " + std::string(name_of(inputs[0].type)));
  if (scale < 0 || softcap < 0) return invalid("scale and softcap of attention are positive, or 0 for none");
  if (!is_absent(inputs, 3)) {
    const Dims wanted{sizes.q.batch, sizes.q.heads, sizes.q.length, sizes.k.length};
    auto together = broadcast(wanted, inputs[3].dims);
    if (!together.ok() || together->size() != 4 || (all_constant(wanted) && *together != wanted)) {
      return invalid(fmt::format("the mask has dims {}, which do not broadcast to {}", to_text(inputs[3].dims), to_text(wanted)));
    }
    if (!is_floating(inputs[3].type) && inputs[3].type != DataType::kBool)
      return invalid("the mask is bool or floating point, not " + std::string(name_of(inputs[3].type)));
  }
  if (heads == 0) return TensorTypes{{inputs[0].type, {sizes.q.batch, sizes.q.heads, sizes.q.length, sizes.v.depth}}};
  return TensorTypes{{inputs[0].type, {sizes.q.batch, sizes.q.length, sizes.q.heads * sizes.v.depth}}};
}

Result<Arrays> Attention::evaluate(const Arrays& inputs) const {
  const TensorTypes types = types_of(inputs);
  TRY_ASSIGN(const TensorTypes outputs, infer(types));
  TRY_ASSIGN(const Sizes sizes, sizes_of(*this, types));
  TRY_ASSIGN(Array y, Array::make(outputs[0].type, constant_shape(outputs[0].dims)));
  const int64_t head_count = sizes.q.heads.value(), key_head_count = sizes.k.heads.value(), depth = sizes.q.depth.value(),
                value_depth = sizes.v.depth.value();
  const int64_t rows = sizes.q.length.value(), columns = sizes.k.length.value(),
                group = std::max<int64_t>(1, head_count / std::max<int64_t>(1, key_head_count));
  const Array &q = inputs[0], &k = packed ? inputs[0] : inputs[1], &v = packed ? inputs[0] : inputs[2];
  const Strides q_at = strides_of(q, heads, 0, depth), k_at = strides_of(k, heads, packed ? head_count : 0, depth);
  const Strides v_at = strides_of(v, heads, packed ? head_count + key_head_count : 0, value_depth),
                y_at = strides_of(y, heads, 0, value_depth);
  const double factor = scale != 0 ? scale : 1 / std::sqrt(static_cast<double>(depth));
  const bool has_mask = !is_absent(inputs, 3);
  const Shape mask_shape = has_mask ? inputs[3].shape() : Shape{};

  std::vector<double> scores(static_cast<size_t>(columns));
  for (int64_t b = 0; b < sizes.q.batch.value(); ++b) {
    for (int64_t h = 0; h < head_count; ++h) {
      for (int64_t s = 0; s < rows; ++s) {
        const int64_t q_row = q_at.first + b * q_at.batch + h * q_at.head + s * q_at.position;
        double largest = -INFINITY;
        for (int64_t t = 0; t < columns; ++t) {
          const int64_t k_row = k_at.first + b * k_at.batch + h / group * k_at.head + t * k_at.position;
          double score = 0;
          for (int64_t d = 0; d < depth; ++d) score += q.number(q_row + d) * k.number(k_row + d);
          score *= factor;
          if (softcap != 0) score = softcap * std::tanh(score / softcap);
          if (has_mask) {
            const int64_t index[4] = {b, h, s, t};
            int64_t at = 0;
            for (size_t d = 0; d < mask_shape.size(); ++d)
              at = at * mask_shape[d] + (mask_shape[d] == 1 ? 0 : index[4 - mask_shape.size() + d]);
            const double mask = inputs[3].number(at);
            // A masked score counts for nothing, whatever it is.
            if (inputs[3].type() == DataType::kBool ? mask == 0 : mask == -INFINITY)
              score = -INFINITY;
            else if (inputs[3].type() != DataType::kBool)
              score += mask;
          }
          if (causal && t > s) score = -INFINITY;
          scores[static_cast<size_t>(t)] = score;
          largest = std::max(largest, score);
        }
        double sum = 0;
        for (double& score : scores) {
          score = score == -INFINITY ? 0 : std::exp(score - largest);  // a row that sees nothing gives zeros
          sum += score;
        }
        const int64_t y_row = y_at.first + b * y_at.batch + h * y_at.head + s * y_at.position;
        for (int64_t d = 0; d < value_depth; ++d) {
          double value = 0;
          for (int64_t t = 0; t < columns; ++t) {
            const double weight = scores[static_cast<size_t>(t)];
            if (weight != 0) value += weight * v.number(v_at.first + b * v_at.batch + h / group * v_at.head + t * v_at.position + d);
          }
          y.set_number(y_row + d, sum == 0 ? 0 : value / sum);
        }
      }
    }
  }
  return Arrays{std::move(y)};
}

OPERATOR(Attention, attention)

}  // namespace ingot

namespace ingot::testing {

EXAMPLE("equal scores average the values") {
  expect_values(
      "input q [1, 1, 1, 2]\ninput k [1, 1, 2, 2]\ninput v [1, 1, 2, 1]\ny = attention(q, k, v)\nz = add(y, y)\noutput y\noutput z\n",
      {{{1, 1, 1, 2}, {0, 0}}, {{1, 1, 2, 2}, {1, 2, 3, 4}}, {{1, 1, 2, 1}, {10, 20}}}, {15, 30});
}

EXAMPLE("a causal row sees what stands before it") {
  expect_values("input q [1, 1, 2, 1]\ninput v [1, 1, 2, 1]\ny = attention(q, q, v) causal=true\noutput y\n",
                {{{1, 1, 2, 1}, {0, 0}}, {{1, 1, 2, 1}, {10, 20}}}, {10, 15});
}

EXAMPLE("scale, softcap and an added mask act in this order") {
  // Scores 2 * [1, 2] = [2, 4], capped to tanh(.) = [0.964028, 0.999329], plus [1, 0].
  expect_values(
      "input q [1, 1, 1, 1]\ninput k [1, 1, 2, 1]\ninput v [1, 1, 2, 2]\ninput m [1, 2]\ny = attention(q, k, v, m) scale=2.0 "
      "softcap=1.0\noutput y\n",
      {{{1, 1, 1, 1}, {1}}, {{1, 1, 2, 1}, {1, 2}}, {{1, 1, 2, 2}, {1, 0, 0, 1}}, {{1, 2}, {1, 0}}}, {0.724064, 0.275936});
}

EXAMPLE("a bool mask drops where it is false, and a row that sees nothing is zero") {
  expect_values(
      "input q [1, 1, 2, 1]\ninput k [1, 1, 2, 1]\ninput v [1, 1, 2, 1]\ninput m bool [2, 2]\ny = attention(q, k, v, m)\noutput y\n",
      {{{1, 1, 2, 1}, {1, 1}}, {{1, 1, 2, 1}, {5, 7}}, {{1, 1, 2, 1}, {10, 20}}, {{2, 2}, {0, 1, 0, 0}}}, {20, 0});
}

EXAMPLE("several heads of q share a head of k and v") {
  expect_values("input q [1, 2, 1, 1]\ninput k [1, 1, 1, 1]\ninput v [1, 1, 1, 1]\ny = attention(q, k, v)\noutput y\n",
                {{{1, 2, 1, 1}, {1, 2}}, {{1, 1, 1, 1}, {3}}, {{1, 1, 1, 1}, {7}}}, {7, 7});
}

EXAMPLE("heads that lie side by side, and all three in one input") {
  expect_values("input q [1, 1, 2]\ninput k [1, 2, 2]\ninput v [1, 2, 2]\ny = attention(q, k, v) heads=2\noutput y\n",
                {{{1, 1, 2}, {0, 1}}, {{1, 2, 2}, {1, 0, 1, 100}}, {{1, 2, 2}, {10, 20, 30, 40}}}, {20, 40});
  expect_values("input x [1, 1, 6]\ny = attention(x) heads=2 packed=true\noutput y\n", {{{1, 1, 6}, {1, 2, 3, 4, 5, 6}}}, {5, 6});
  expect_types("input q [b, s, 64]\ninput k [b, t, 64]\ninput v [b, t, 32]\ny = attention(q, k, v) heads=8\noutput y\n",
               {"float [b, s, 32]"});
}

EXAMPLE("heads that do not divide are refused") {
  expect_error("input q [1, 3, 1, 2]\ninput k [1, 2, 1, 2]\ny = attention(q, k, k)\noutput y\n",
               "3 heads of q are no multiple of 2 heads of k and v");
}

EXAMPLE("a mask of other dims is refused") {
  expect_error("input q [1, 1, 2, 2]\ninput m [3, 3]\ny = attention(q, q, q, m)\noutput y\n",
               "the mask has dims [3, 3], which do not broadcast to [1, 1, 2, 2]");
}

}  // namespace ingot::testing
