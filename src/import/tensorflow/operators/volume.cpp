// Operators of volumes [N, D, H, W, C], and moves of blocks into the batch.
#include "import/tensorflow/node.h"
#include "operators/convolution.h"
#include "operators/deconvolution.h"
#include "operators/pad.h"
#include "operators/pool.h"
#include "operators/reshape.h"
#include "operators/slice.h"
#include "operators/transpose.h"

namespace ingot {
namespace {

constexpr int64_t kLargest = 1 << 20;

bool channels_first(const TfOp& op) {
  const auto* format = op.node().find<std::string>("data_format");
  return format && *format == "NCDHW";
}

// The three entries of depth, height and width.
Result<Shape> sides(const TfOp& op, const char* attribute) {
  TRY_ASSIGN(std::vector<int64_t> list, op.list(attribute, {1, 1, 1, 1, 1}));
  if (list.size() != 5) return invalid(std::string(attribute) + " has " + std::to_string(list.size()) + " entries; 5 are wanted");
  const size_t first = channels_first(op) ? 2 : 1;
  for (size_t d = 0; d < 5; ++d) {
    if (list[d] < 1 || list[d] > kLargest) return invalid(std::string(attribute) + " is " + std::to_string(list[d]));
    if ((d < first || d >= first + 3) && list[d] != 1) return unsupported(std::string(attribute) + " are not 1 along batch and channels");
  }
  return Shape(list.begin() + static_cast<ptrdiff_t>(first), list.begin() + static_cast<ptrdiff_t>(first) + 3);
}

Result<Window> window(const TfOp& op) {
  Window window;
  TRY_ASSIGN(window.strides, sides(op, "strides"));
  TRY_ASSIGN(window.dilations, sides(op, "dilations"));
  TRY_ASSIGN(std::string padding, op.word("padding", "VALID"));
  if (padding == "SAME")
    window.auto_pad = AutoPad::kSameUpper;
  else if (padding != "VALID")
    return unsupported("padding is '" + padding + "'; SAME and VALID are known for volumes");
  return window;
}

Result<Tensor*> volume_of(const TfOp& op, size_t index) {
  if (op.rank(index) != 5) return invalid("a volume of rank 5 is wanted, not " + op.type(index).text());
  TRY_ASSIGN(Tensor * x, op.tensor(index));
  if (channels_first(op)) return x;
  return op.add(Transpose({0, 4, 1, 2, 3}), {x}, "channels first");
}

Result<TfValue> volume_value(const TfOp& op, Tensor* y) {
  if (channels_first(op)) return TfValue{y};
  TRY_ASSIGN(y, op.add(Transpose({0, 2, 3, 4, 1}), {y}, "channels last"));
  return TfValue{y};
}

// A kernel [D, H, W, a, b] as [b, a, D, H, W].
Result<Tensor*> kernel_of(const TfOp& op, size_t index) {
  if (op.rank(index) != 5) return invalid("the kernel is " + op.type(index).text() + "; rank 5 is wanted");
  const std::vector<int64_t> permutation = {4, 3, 0, 1, 2};
  if (op.is_constant(index)) {
    TRY_ASSIGN(Array array, op.constant(index, "the kernel"));
    TRY_ASSIGN(Arrays moved, Transpose(permutation).evaluate({array}));
    return op.add_constant(moved[0], "kernel");
  }
  TRY_ASSIGN(Tensor * kernel, op.tensor(index));
  return op.add(Transpose(permutation), {kernel}, "kernel");
}

Result<TfValue> convolution(const TfOp& op) {
  TRY(op.expects(2, 2));
  Convolution convolution;
  TRY_ASSIGN(static_cast<Window&>(convolution), window(op));
  TRY_ASSIGN(Tensor * x, volume_of(op, 0));
  TRY_ASSIGN(Tensor * kernel, kernel_of(op, 1));
  const Dim &channels = x->type.dims[1], &each = kernel->type.dims[1];
  if (channels.is_constant() && each.is_constant() && each.value() > 0)
    convolution.groups = std::max<int64_t>(channels.value() / each.value(), 1);
  TRY_ASSIGN(Tensor * y, op.add(convolution, {x, kernel}, "convolution"));
  return volume_value(op, y);
}

// Inputs: dims of y, kernel [D, H, W, M, C], x.
Result<TfValue> deconvolution(const TfOp& op) {
  TRY(op.expects(3, 3));
  Deconvolution deconvolution;
  TRY_ASSIGN(static_cast<Window&>(deconvolution), window(op));
  const auto wanted = op.elements(0);
  if (!wanted || wanted->size() != 5) return unsupported("the dims of its output have to be five known numbers");
  for (size_t d = 0; d < 3; ++d) {
    const Dim& length = (*wanted)[(channels_first(op) ? 2 : 1) + d];
    if (!length.is_constant()) return unsupported("the dims of its output have to be known");
    deconvolution.output_shape.push_back(length.value());
  }
  deconvolution.auto_pad = AutoPad::kSameUpper;
  TRY_ASSIGN(Tensor * x, volume_of(op, 2));
  TRY_ASSIGN(Tensor * kernel, kernel_of(op, 1));
  TRY_ASSIGN(Tensor * y, op.add(deconvolution, {x, kernel}, "convolution"));
  return volume_value(op, y);
}

template <PoolKind kKind>
Result<TfValue> pool(const TfOp& op) {
  TRY(op.expects(1, 1));
  Pool pool;
  pool.kind = kKind;
  TRY_ASSIGN(static_cast<Window&>(pool), window(op));
  TRY_ASSIGN(pool.kernel, sides(op, "ksize"));
  TRY_ASSIGN(Tensor * x, volume_of(op, 0));
  TRY_ASSIGN(Tensor * y, op.add(pool, {x}, "pool"));
  return volume_value(op, y);
}

// ---- Blocks and batches ----

struct Blocks {
  std::vector<int64_t> block, sides;  // sides: two for each axis
};

Result<Blocks> blocks_of(const TfOp& op, const char* what) {
  TRY(op.expects(3, 3));
  Blocks blocks;
  TRY_ASSIGN(blocks.block, op.integers(1, "the block"));
  TRY_ASSIGN(blocks.sides, op.integers(2, what));
  const auto axes = static_cast<int64_t>(blocks.block.size());
  if (axes < 1 || axes + 1 > op.rank(0) || blocks.sides.size() != 2 * blocks.block.size())
    return invalid("a block of " + std::to_string(axes) + " axes and " + std::to_string(blocks.sides.size()) + " " + what + " do not fit " +
                   op.type(0).text());
  for (int64_t length : blocks.block) {
    if (length < 1 || length > 1024) return invalid("the block is " + std::to_string(length) + " long");
  }
  for (int64_t side : blocks.sides) {
    if (side < 0 || side > kLargest) return invalid(std::string(what) + " are " + std::to_string(side));
  }
  return blocks;
}

// x [N, L..., rest] => pad => [N, L / b, b, ..., rest] => [b..., N, L / b..., rest] => [N * b..., L / b..., rest].
Result<TfValue> space_to_batch(const TfOp& op) {
  TRY_ASSIGN(Blocks blocks, blocks_of(op, "paddings"));
  TRY_ASSIGN(Tensor * x, op.tensor(0));
  const size_t rank = x->type.dims.size(), axes = blocks.block.size();
  Pad pad;
  pad.pads.assign(2 * rank, 0);
  for (size_t d = 0; d < axes; ++d) {
    pad.pads[d + 1] = blocks.sides[2 * d];
    pad.pads[rank + d + 1] = blocks.sides[2 * d + 1];
  }
  TRY_ASSIGN(x, op.add(pad, {x}, "pad"));
  Dims split = {input_dim(0)}, joined = {Dim(-1)};
  std::vector<int64_t> order;
  for (size_t d = 0; d < axes; ++d) {
    const Dim& length = x->type.dims[d + 1];
    if (!length.is_constant() || length.value() % blocks.block[d] != 0)
      return unsupported("with its paddings the input is " + x->type.text() + ", which blocks of " + std::to_string(blocks.block[d]) +
                         " do not divide");
    split.insert(split.end(), {Dim(length.value() / blocks.block[d]), Dim(blocks.block[d])});
    joined.push_back(length.value() / blocks.block[d]);
    order.push_back(static_cast<int64_t>(2 * d + 2));
  }
  order.push_back(0);
  for (size_t d = 0; d < axes; ++d) order.push_back(static_cast<int64_t>(2 * d + 1));
  for (size_t d = axes + 1; d < rank; ++d) {
    split.push_back(input_dim(static_cast<int64_t>(d)));
    order.push_back(static_cast<int64_t>(d + axes));
    if (!x->type.dims[d].is_constant()) return unsupported("the dims of " + x->type.text() + " have to be known");
    joined.push_back(x->type.dims[d]);
  }
  TRY_ASSIGN(x, op.add(Reshape(split), {x}, "split"));
  TRY_ASSIGN(x, op.add(Transpose(order), {x}, "move"));
  TRY_ASSIGN(x, op.add(Reshape(joined), {x}));
  return TfValue{x};
}

// The way back: x [N * b..., L..., rest] => [b..., N, L..., rest] => [N, L, b, ..., rest] => [N, L * b, ..., rest] => crop.
Result<TfValue> batch_to_space(const TfOp& op) {
  TRY_ASSIGN(Blocks blocks, blocks_of(op, "crops"));
  TRY_ASSIGN(Tensor * x, op.tensor(0));
  const size_t rank = x->type.dims.size(), axes = blocks.block.size();
  for (size_t d = 1; d < rank; ++d) {
    if (!x->type.dims[d].is_constant()) return unsupported("the dims of " + x->type.text() + " have to be known");
  }
  Dims split, joined = {Dim(-1)};
  std::vector<int64_t> order = {static_cast<int64_t>(axes)};
  Slice slice;
  for (int64_t length : blocks.block) split.push_back(length);
  split.push_back(-1);
  for (size_t d = 1; d < rank; ++d) split.push_back(x->type.dims[d]);
  for (size_t d = 0; d < axes; ++d) {
    order.insert(order.end(), {static_cast<int64_t>(axes + 1 + d), static_cast<int64_t>(d)});
    const int64_t whole = x->type.dims[d + 1].value() * blocks.block[d];
    if (blocks.sides[2 * d] + blocks.sides[2 * d + 1] > whole)
      return invalid("the crops are larger than what is there, " + std::to_string(whole));
    joined.push_back(whole);
    slice.axes.push_back(static_cast<int64_t>(d + 1));
    slice.starts.push_back(blocks.sides[2 * d]);
    slice.ends.push_back(whole - blocks.sides[2 * d + 1]);
  }
  for (size_t d = axes + 1; d < rank; ++d) {
    order.push_back(static_cast<int64_t>(axes + d));
    joined.push_back(x->type.dims[d]);
  }
  TRY_ASSIGN(x, op.add(Reshape(split), {x}, "split"));
  TRY_ASSIGN(x, op.add(Transpose(order), {x}, "move"));
  TRY_ASSIGN(x, op.add(Reshape(joined), {x}, "join"));
  TRY_ASSIGN(x, op.add(slice, {x}));
  return TfValue{x};
}

}  // namespace

TF_OPERATORS(volume) {
  catalogue.add("Conv3D", one_tf_output<convolution>);
  catalogue.add("Conv3DBackpropInputV2", one_tf_output<deconvolution>);
  catalogue.add("MaxPool3D", one_tf_output<pool<PoolKind::kMax>>);
  catalogue.add("AvgPool3D", one_tf_output<pool<PoolKind::kAverage>>);
  catalogue.add("SpaceToBatchND", one_tf_output<space_to_batch>);
  catalogue.add("BatchToSpaceND", one_tf_output<batch_to_space>);
}

}  // namespace ingot
