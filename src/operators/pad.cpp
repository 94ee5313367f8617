#include "operators/pad.h"

#include <algorithm>

#include "base/byte_reader.h"
#include "operators/concat.h"
#include "operators/dynamic_axes.h"
#include "operators/moving.h"
#include "operators/onnx_input.h"
#include "operators/register.h"
#include "operators/runtime_dims.h"
#include "operators/slice.h"
#include "testing/example.h"

namespace ingot {

namespace {

// Where the element `index` of an axis of `length` is read, or -1 for the value.
int64_t place_of(int64_t index, int64_t length, PadMode mode) {
  if (index >= 0 && index < length) return index;
  switch (mode) {
    case PadMode::kEdge: return std::clamp<int64_t>(index, 0, length - 1);
    case PadMode::kWrap: return ((index % length) + length) % length;
    case PadMode::kReflect: {
      int64_t period = std::max<int64_t>(1, 2 * (length - 1));
      int64_t place = ((index % period) + period) % period;
      return place < length ? place : period - place;
    }
    default: return -1;
  }
}

bool checked_total(int64_t length, int64_t before, int64_t after, int64_t* total) {
  return checked_add(length, before, total) && checked_add(*total, after, total);
}

}  // namespace

Result<TensorTypes> Pad::infer(const TensorTypes& inputs) const {
  TRY(check_input_count(kName, inputs.size(), 1, 3));
  const TensorType& x = inputs[0];
  std::optional<Dims> counts = Dims(pads.begin(), pads.end());
  if (inputs.size() > 1) {
    TRY(check_index_type("pads", inputs[1].type));
    if (inputs[1].rank() != 1) return invalid("pads " + inputs[1].text() + ": an integer tensor [2 * rank] is wanted");
    counts = inputs[1].values;
  }
  const size_t rank = x.dims.size();
  if (counts && counts->size() != 2 * rank) {
    return invalid(std::to_string(counts->size()) + " pads are given for an input " + to_text(x.dims) +
                   "; two for each dim are wanted: all befores, then all afters");
  }
  TensorType type{x.type, {}};
  for (size_t i = 0; i < rank; ++i) {
    Dim dim;
    if (counts) {
      dim = x.dims[i] + (*counts)[i] + (*counts)[rank + i];
      if (dim.is_constant() && dim.value() < 0)
        return invalid("pads " + to_text(*counts) + " cut more off " + to_text(x.dims) + " than it has");
    } else {
      TRY_ASSIGN(dim, runtime_dim(kName, symbol, static_cast<int64_t>(i)));
    }
    type.dims.push_back(dim);
  }
  if (inputs.size() > 2 && inputs[2].type != x.type)
    return invalid("the value is " + inputs[2].text() + "; a scalar of the type of " + x.text() + " is wanted");
  carry_values(*this, inputs, {0, 2}, &type);
  return TensorTypes{type};
}

Result<Arrays> Pad::evaluate(const Arrays& inputs) const {
  const Array& x = inputs[0];
  const std::vector<int64_t> counts = inputs.size() > 1 ? inputs[1].integers() : pads;
  const size_t rank = x.shape().size();
  if (counts.size() != 2 * rank) return invalid(std::to_string(counts.size()) + " pads are given for an input " + to_text(x.shape()));
  TRY_ASSIGN(Array fill, Array::make(x.type(), {}));
  fill.set_number(0, value);
  if (inputs.size() > 2) {
    if (inputs[2].count() != 1) return invalid("the value is " + to_text(inputs[2].shape()) + "; one element is wanted");
    fill = inputs[2];
  }
  Shape shape(rank);
  for (size_t i = 0; i < rank; ++i) {
    if (!checked_total(x.shape()[i], counts[i], counts[rank + i], &shape[i]) || shape[i] < 0) {
      return invalid("pads " + to_text(counts) + " do not serve for an input " + to_text(x.shape()));
    }
    if (x.shape()[i] == 0 && shape[i] > 0 && mode != PadMode::kConstant)
      return invalid("axis " + std::to_string(i) + " of " + to_text(x.shape()) + " has no element to repeat");
  }
  TRY_ASSIGN(Array room, Array::make(x.type(), shape));
  if (room.count() == 0) return Arrays{room};
  std::vector<std::vector<int64_t>> sources(rank);
  for (size_t i = 0; i < rank; ++i) {
    for (int64_t k = 0; k < shape[i]; ++k) sources[i].push_back(place_of(k - counts[i], x.shape()[i], mode));
  }
  TRY_ASSIGN(Array y, pick_along_axes(x, sources, &fill));
  return Arrays{y};
}

Result<Tensor*> Pad::from_onnx(const OnnxNode& node, Network& network) {
  Pad op;
  TRY_ASSIGN(Tensor * x, required_input(node, 0));
  const size_t rank = x->type.dims.size();
  TRY_ASSIGN(std::string mode, node.word("mode", "constant"));
  TRY(op.set_field("mode", mode));
  const char* attribute = node.has("paddings") ? "paddings" : "pads";  // the former in version 1
  if (node.has(attribute)) {                                           // before opset 11
    TRY_ASSIGN(op.pads, node.integers(attribute, {}));
    TRY_ASSIGN(op.value, node.number("value", 0));
    return network.add(op, {x}, node.name());
  }
  TRY_ASSIGN(std::vector<Tensor*> inputs, required_inputs(node, 2));
  auto numbers = constant_values(inputs[1]->type);
  if (numbers && (!node.input(3) || node.is_constant(3))) {
    op.pads = *numbers;
    if (node.input(3)) {
      TRY_ASSIGN(Array axes, node.constant(3));
      if (op.pads.size() != 2 * static_cast<size_t>(axes.count())) {
        return invalid(std::to_string(op.pads.size()) + " pads are given for " + std::to_string(axes.count()) +
                       " axes; two for each are wanted");
      }
      std::vector<int64_t> all(2 * rank, 0);
      for (int64_t i = 0; i < axes.count(); ++i) {
        TRY_ASSIGN(int64_t axis, normalize_axis(axes.integer(i), x->type.rank()));
        all[static_cast<size_t>(axis)] = op.pads[static_cast<size_t>(i)];
        all[rank + static_cast<size_t>(axis)] = op.pads[static_cast<size_t>(axes.count() + i)];
      }
      op.pads = all;
    }
    if (!node.input(2)) return network.add(op, {x}, node.name());
    // A value that a double holds is a field.
    if (node.is_constant(2)) {
      TRY_ASSIGN(Array value, node.constant(2));
      if (value.count() != 1) return invalid("the value is " + to_text(value.shape()) + "; one element is wanted");
      if (is_floating(value.type()) || std::abs(value.integer(0)) < int64_t{1} << 53) {
        op.value = value.number(0);
        return network.add(op, {x}, node.name());
      }
    }
    inputs[1] = network.add_constant(node.name() + ".pads", Array::from_int64s(op.pads));
    op.pads.clear();
  } else if (Tensor* axes = node.input(3)) {
    // [befores, afters] of the axes named, spread over all.
    Tensor* ends[2];
    for (int64_t i = 0; i < 2; ++i) {
      const int64_t count = axes->type.rank() == 1 ? axes->type.dims[0].constant().value_or(-1) : -1;
      if (count < 0) return unsupported("axes '" + axes->name + "' are " + axes->type.text() + "; their number must be known");
      Slice half;
      half.starts = {i * count};
      half.ends = {(i + 1) * count};
      TRY_ASSIGN(ends[i], network.add(half, {inputs[1]}));
      TRY_ASSIGN(ends[i], spread_over_axes(network, ends[i], axes, x->type.rank(), 0));
    }
    TRY_ASSIGN(inputs[1], network.add(Concat{}, {ends[0], ends[1]}));
  }
  if (node.input(2)) inputs.push_back(node.input(2));
  TRY_ASSIGN(Layer * layer, add_runtime_sized(network, op.clone(), inputs, node.name()));
  return layer->output();
}

OPERATOR(Pad, pad, {"Pad", one_output<Pad::from_onnx>})

using namespace testing;

EXAMPLE("pad adds elements at both ends") {
  const std::vector<Values> x = {{{1, 3}, {1, 2, 3}}};
  expect_values("input x [1, 3]\ny = pad(x) pads=[0, 2, 0, 1] value=9\noutput y\n", x, {9, 9, 1, 2, 3, 9});
  expect_values("input x [1, 3]\ny = pad(x) pads=[0, 2, 0, 1] mode=edge\noutput y\n", x, {1, 1, 1, 2, 3, 3});
  expect_values("input x [1, 3]\ny = pad(x) pads=[0, 2, 0, 1] mode=reflect\noutput y\n", x, {3, 2, 1, 2, 3, 2});
  expect_values("input x [1, 3]\ny = pad(x) pads=[0, 2, 0, 1] mode=wrap\noutput y\n", x, {2, 3, 1, 2, 3, 1});
  expect_values("input x [1, 3]\ny = pad(x) pads=[1, -1, 0, -1]\noutput y\n", x, {0, 2});
}

EXAMPLE("pads and value may be tensors") {
  expect_values("input x int64 [2]\ninput p int64 [2]\ninput v int64 []\ny = pad(x, p, v) symbol=run_y\noutput y\n",
                {{{2}, {1, 2}}, {{2}, {1, 0}}, {{}, {7}}}, {7, 1, 2});
  expect_types("input x [n, 3]\ny = pad(x) pads=[0, 1, 0, 1]\noutput y\n", {"float [n, 5]"});
}

EXAMPLE("pads that do not go with the input are refused") {
  expect_error("input x [1, 3]\ny = pad(x) pads=[0, 2]\noutput y\n", "2 pads are given for an input [1, 3]; two for each dim are wanted");
  expect_error("input x [1, 3]\ny = pad(x) pads=[0, -2, 0, -2]\noutput y\n", "cut more off [1, 3] than it has");
}

}  // namespace ingot
