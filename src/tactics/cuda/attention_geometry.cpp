#include "tactics/cuda/attention_geometry.h"

#include <algorithm>
#include <cmath>

namespace ingot::cuda {

AttentionGeometry attention_geometry(const Attention& op, const std::vector<Shape>& shapes, const Shape& output, DataType type,
                                     bool has_mask) {
  AttentionGeometry made;
  AttentionParameters& p = made.parameters;
  const Shape &q = shapes[0], &y = output;
  const int64_t key_heads = op.key_heads == 0 ? op.heads : op.key_heads;
  const auto strides = [](const Shape& shape, int64_t heads, int64_t depth, long long* to) {
    const Shape own = row_major_strides(shape);
    to[0] = own[0];
    to[1] = heads == 0 ? own[1] : depth;
    to[2] = heads == 0 ? own[2] : own[1];
  };
  int64_t depth = 0, value_depth = 0;
  if (op.heads == 0) {
    p.heads = static_cast<int>(q[1]);
    p.key_heads = static_cast<int>(shapes[1][1]);
    p.queries = static_cast<int>(q[2]);
    p.keys = static_cast<int>(shapes[1][2]);
    depth = q[3];
    value_depth = shapes[2][3];
    strides(shapes[1], 0, depth, p.k_strides);
    strides(shapes[2], 0, value_depth, p.v_strides);
  } else {
    p.heads = static_cast<int>(op.heads);
    p.key_heads = static_cast<int>(key_heads);
    p.queries = static_cast<int>(q[1]);
    if (op.packed) {
      p.keys = p.queries;
      depth = value_depth = q[2] / (op.heads + 2 * key_heads);
      strides(q, op.heads, depth, p.k_strides);
      strides(q, op.heads, depth, p.v_strides);
      made.k_first = op.heads * depth * bits_of(type) / 8;
      made.v_first = (op.heads + key_heads) * depth * bits_of(type) / 8;
    } else {
      p.keys = static_cast<int>(shapes[1][1]);
      depth = q[2] / op.heads;
      value_depth = shapes[2][2] / key_heads;
      strides(shapes[1], key_heads, depth, p.k_strides);
      strides(shapes[2], key_heads, value_depth, p.v_strides);
    }
  }
  strides(q, op.heads, depth, p.q_strides);
  strides(y, op.heads, value_depth, p.y_strides);
  p.batch = static_cast<int>(q[0]);
  p.depth = static_cast<int>(depth);
  p.value_depth = static_cast<int>(value_depth);
  p.scale = op.scale != 0 ? static_cast<float>(op.scale) : static_cast<float>(1 / std::sqrt(static_cast<double>(depth)));
  p.softcap = static_cast<float>(op.softcap);
  p.causal = op.causal;
  if (has_mask) {
    const Shape wanted{q[0], p.heads, p.queries, p.keys}, own = broadcast_strides(shapes[3], Format::kLinear, wanted);
    std::copy(own.begin(), own.end(), p.mask_strides);
  }
  return made;
}

}  // namespace ingot::cuda
