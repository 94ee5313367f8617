// ONNX Split as slices along one axis.
#include "operators/elementwise.h"
#include "operators/moving.h"
#include "operators/onnx_input.h"
#include "operators/register.h"
#include "operators/runtime_dims.h"
#include "operators/shape.h"
#include "operators/slice.h"
#include "testing/example.h"

namespace ingot {

namespace {

// The lengths of the pieces, from the node's attribute or input, or equal ones.
Result<Dims> piece_lengths(const OnnxNode& node, const Dim& length) {
  if (node.has("split")) {
    TRY_ASSIGN(std::vector<int64_t> numbers, node.integers("split", {}));
    return Dims(numbers.begin(), numbers.end());
  }
  if (Tensor* split = node.input(1)) {
    if (split->type.rank() != 1) return invalid("the lengths of the pieces are " + split->type.text() + "; int64 [outputs] is wanted");
    if (split->type.values) return *split->type.values;
    // Lengths known only at run time stand as symbols here: the places are computed from the tensor itself.
    Dims lengths;
    for (size_t i = 0; i < node.output_count(); ++i) lengths.push_back(Dim::symbol("length"));
    return lengths;
  }
  TRY_ASSIGN(int64_t count, node.integer("num_outputs", static_cast<int64_t>(node.output_count())));
  if (count < 1) return invalid("num_outputs is " + std::to_string(count) + "; at least one is wanted");
  // The pieces are equal, rounded up; the last one takes what is left.
  Dim piece = Dim::ceil_divide(length, count);
  if (!node.has("num_outputs") && length.is_constant() && length.value() % count != 0) {
    return invalid("an axis of " + length.text() + " does not fall into " + std::to_string(count) + " equal pieces");
  }
  Dims lengths(static_cast<size_t>(count), piece);
  lengths.back() = larger(length - piece * Dim(count - 1), 0);
  return lengths;
}

std::string piece_name(const OnnxNode& node, size_t index) {
  return node.output_count() == 1 ? node.name() : node.name() + ":" + std::to_string(index);
}

// Slices whose bounds are computed by layers: sums of the lengths given, or of the axis over the number of pieces.
Result<std::vector<Tensor*>> split_at_run_time(const OnnxNode& node, Network& network, Tensor* x, int64_t axis) {
  const auto count = static_cast<int64_t>(node.output_count());
  Tensor *lengths = node.input(1), *equal = nullptr;
  if (!lengths) {
    ShapeOf length;
    length.start = axis;
    length.end = axis + 1;
    TRY_ASSIGN(equal, network.add(length, {x}));
    Tensor* most = network.add_constant("", Array::from_int64s({count - 1}));
    TRY_ASSIGN(equal, network.add(Elementwise(ScalarOp::kAdd), {equal, most}));
    Tensor* divisor = network.add_constant("", Array::from_int64s({count}));
    TRY_ASSIGN(equal, network.add(Elementwise(ScalarOp::kFloorDiv), {equal, divisor}));
  } else if (lengths->type.type != DataType::kInt64) {
    return invalid("the lengths of the pieces are " + lengths->type.text() + "; int64 [outputs] is wanted");
  }
  Tensor* start = network.add_constant("", Array::from_int64s({0}));
  std::vector<Tensor*> pieces;
  for (int64_t i = 0; i < count; ++i) {
    Tensor* end = network.add_constant("", Array::from_int64s({INT64_MAX}));
    if (i + 1 < count) {
      Tensor* length = equal;
      if (lengths) {
        Slice one;
        one.starts = {i};
        one.ends = {i + 1};
        TRY_ASSIGN(length, network.add(one, {lengths}));
      }
      TRY_ASSIGN(end, network.add(Elementwise(ScalarOp::kAdd), {start, length}));
    }
    Slice op;
    op.axes = {axis};
    const Dim most = x->type.dims[static_cast<size_t>(axis)];
    TRY_ASSIGN(Layer * piece, add_runtime_sized(network, op.clone(), {x, start, end}, piece_name(node, static_cast<size_t>(i)), {most}));
    pieces.push_back(piece->output());
    start = end;
  }
  return pieces;
}

Result<std::vector<Tensor*>> import_split(const OnnxNode& node, Network& network) {
  TRY_ASSIGN(Tensor * x, required_input(node, 0));
  TRY_ASSIGN(int64_t given, node.integer("axis", 0));
  TRY_ASSIGN(int64_t axis, normalize_axis(given, x->type.rank()));
  const Dim length = x->type.dims[static_cast<size_t>(axis)];
  TRY_ASSIGN(Dims lengths, piece_lengths(node, length));
  if (lengths.size() != node.output_count()) {
    return invalid(std::to_string(lengths.size()) + " pieces are given for " + std::to_string(node.output_count()) + " outputs");
  }
  Dim sum = 0;
  for (const Dim& piece : lengths) {
    if (piece.is_constant() && piece.value() < 0) return invalid("pieces of " + to_text(lengths) + " elements are negative");
    sum = sum + piece;
  }
  if (sum.is_constant() && length.is_constant() && sum != length) {
    return invalid("pieces of " + to_text(lengths) + " elements do not make up an axis of " + length.text());
  }
  std::vector<Tensor*> pieces;
  Dim start = 0;
  for (size_t i = 0; i < lengths.size(); ++i) {
    const Dim end = start + lengths[i];
    const bool last = i + 1 == lengths.size();
    if (!start.is_constant() || !(end.is_constant() || last)) return split_at_run_time(node, network, x, axis);
    Slice op;
    op.axes = {axis};
    op.starts = {start.value()};
    op.ends = {last ? INT64_MAX : end.value()};
    TRY_ASSIGN(Tensor * piece, network.add(op, {x}, piece_name(node, i)));
    pieces.push_back(piece);
    start = end;
  }
  return pieces;
}

}  // namespace

REGISTER_OPERATORS(split) { catalogue.add_onnx("Split", import_split); }

}  // namespace ingot
