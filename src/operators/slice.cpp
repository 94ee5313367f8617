#include "operators/slice.h"

#include <algorithm>
#include <numeric>

#include "operators/dynamic_axes.h"
#include "operators/moving.h"
#include "operators/onnx_input.h"
#include "operators/register.h"
#include "operators/runtime_dims.h"
#include "testing/example.h"

namespace ingot {

namespace {

// Bounds this far out mean "as far as it goes".
constexpr int64_t kFar = int64_t{1} << 31;

Result<std::vector<int64_t>> resolve_axes(const std::vector<int64_t>& axes, size_t count, int64_t rank) {
  std::vector<int64_t> resolved(count);
  std::iota(resolved.begin(), resolved.end(), 0);
  if (!axes.empty() && axes.size() != count) {
    return invalid(std::to_string(axes.size()) + " axes are given for " + std::to_string(count) + " starts");
  }
  if (static_cast<int64_t>(count) > rank)
    return invalid(std::to_string(count) + " starts are given for a tensor of rank " + std::to_string(rank));
  std::vector<bool> seen(static_cast<size_t>(rank), false);
  for (size_t i = 0; i < axes.size(); ++i) {
    TRY_ASSIGN(resolved[i], normalize_axis(axes[i], rank));
    if (seen[static_cast<size_t>(resolved[i])]) return invalid("axis " + std::to_string(axes[i]) + " is named twice");
    seen[static_cast<size_t>(resolved[i])] = true;
  }
  return resolved;
}

Status check_lengths(size_t starts, size_t ends, size_t steps, bool sized) {
  if (starts == ends && (steps == 0 || steps == starts)) return Ok{};
  return invalid("starts, " + std::string(sized ? "sizes" : "ends") + " and steps have the lengths " + std::to_string(starts) + ", " +
                 std::to_string(ends) + " and " + std::to_string(steps) + "; they must be the same");
}

// A bound counted from the front, where its sign is known.
std::optional<Dim> from_front(const Dim& bound, const Dim& dim) {
  if (bound.is_constant()) return bound.value() < -kFar ? Dim(-kFar) : bound.value() < 0 ? bound + dim : bound;
  auto range = range_of(bound);
  if (range && range->least >= 0) return bound;
  if (range && range->most < 0) return bound + dim;
  return std::nullopt;
}

// The size along one axis; nothing where it is known only at run time.
std::optional<Dim> symbolic_size(const Dim& dim, const Dim& start, const Dim& end, int64_t step) {
  auto first = from_front(start, dim), last = from_front(end, dim);
  if (!first || !last) return std::nullopt;
  const bool far_start = start.is_constant() && start.value() >= kFar, far_end = end.is_constant() && end.value() >= kFar;
  if (step > 0) {
    Dim low = far_start ? dim : smaller(larger(*first, 0), dim);
    Dim high = far_end ? dim : smaller(larger(*last, 0), dim);
    return larger(Dim::ceil_divide(high - low, step), 0);
  }
  Dim low = far_start ? dim - 1 : smaller(larger(*first, 0), dim - 1);
  Dim high = far_end ? dim - 1 : smaller(larger(*last, -1), dim - 1);
  return larger(Dim::ceil_divide(low - high, -step), 0);
}

}  // namespace

Result<int64_t> slice_place(int64_t index, int64_t length, SliceMode mode) {
  if (index >= 0 && index < length) return index;
  if (mode == SliceMode::kFill) return -1;
  if (length == 0) return invalid("an axis without elements has none to repeat");
  switch (mode) {
    case SliceMode::kWrap: return ((index % length) + length) % length;
    case SliceMode::kClamp: return std::clamp<int64_t>(index, 0, length - 1);
    case SliceMode::kReflect: {
      int64_t period = std::max<int64_t>(1, 2 * (length - 1));
      int64_t place = ((index % period) + period) % period;
      return place < length ? place : period - place;
    }
    default:
      return invalid("index " + std::to_string(index) + " lies outside of an axis of " + std::to_string(length) +
                     "; mode wrap, clamp, fill or reflect allows that");
  }
}

Result<Slice::Window> Slice::window(const Shape& input) const {
  Window window{Shape(input.size(), 0), input, Shape(input.size(), 1)};
  TRY(check_lengths(starts.size(), ends.size(), steps.size(), sized));
  TRY_ASSIGN(std::vector<int64_t> along, resolve_axes(axes, starts.size(), static_cast<int64_t>(input.size())));
  for (size_t i = 0; i < along.size(); ++i) {
    const size_t axis = static_cast<size_t>(along[i]);
    const int64_t length = input[axis], step = steps.empty() ? 1 : steps[i];
    int64_t start = starts[i], end = ends[i];
    window.step[axis] = step;
    if (sized) {
      if (end < 0) return invalid("size " + std::to_string(end) + " of axis " + std::to_string(axis) + " is negative");
      window.start[axis] = start;
      window.size[axis] = end;
      continue;
    }
    if (step == 0) return invalid("the step of axis " + std::to_string(axis) + " is 0");
    if (start < 0) start = start < -kFar ? -kFar : start + length;
    if (end < 0) end = end < -kFar ? -kFar : end + length;
    if (step > 0) {
      start = std::clamp<int64_t>(start, 0, length);
      end = std::clamp<int64_t>(end, 0, length);
      window.size[axis] = end > start ? 1 + (end - start - 1) / step : 0;
    } else {
      start = std::min(std::max<int64_t>(start, 0), length - 1);
      end = std::min(std::max<int64_t>(end, -1), length - 1);
      // Minus a step of INT64_MIN does not exist; one so far goes nowhere.
      window.size[axis] = start > end ? 1 + (start - end - 1) / -std::max(step, -kFar) : 0;
    }
    window.start[axis] = start;
  }
  return window;
}

Result<TensorTypes> Slice::infer(const TensorTypes& inputs) const {
  TRY(check_input_count(kName, inputs.size(), 1, 5));
  const TensorType& x = inputs[0];
  if (mode != SliceMode::kDefault && !sized) return invalid("a mode other than default needs sizes, not ends");
  const std::vector<int64_t>* fields[] = {&starts, &ends, &steps};
  std::optional<Dims> bounds[3];
  size_t lengths[3];
  for (size_t i = 0; i < 3; ++i) {
    bounds[i] = Dims(fields[i]->begin(), fields[i]->end());
    lengths[i] = fields[i]->size();
    if (inputs.size() <= i + 1) continue;
    const TensorType& input = inputs[i + 1];
    static constexpr const char* kNames[] = {"starts", "ends", "steps"};
    TRY(check_index_type(kNames[i], input.type));
    if (input.rank() != 1 || !input.dims[0].is_constant())
      return invalid(std::string(kNames[i]) + " " + input.text() + ": an integer tensor [axes] of a known length is wanted");
    lengths[i] = static_cast<size_t>(input.dims[0].value());
    bounds[i] = input.values;
  }
  TRY(check_lengths(lengths[0], lengths[1], lengths[2], sized));
  TRY_ASSIGN(std::vector<int64_t> along, resolve_axes(axes, lengths[0], x.rank()));
  TensorType type{x.type, x.dims};
  for (size_t i = 0; i < along.size(); ++i) {
    Dim& dim = type.dims[static_cast<size_t>(along[i])];
    std::optional<Dim> size;
    std::optional<Dim> step = lengths[2] == 0 ? Dim(1) : bounds[2] ? std::optional((*bounds[2])[i]) : std::nullopt;
    if (sized) {
      if (bounds[1]) size = (*bounds[1])[i];
      if (size && size->is_constant() && size->value() < 0)
        return invalid("size " + size->text() + " of axis " + std::to_string(along[i]) + " is negative");
      // With a stated mode only the default one can run past the end.
      if (mode == SliceMode::kDefault && size && bounds[0] && step && size->is_constant() && step->is_constant() && dim.is_constant() &&
          (*bounds[0])[i].is_constant() && size->value() > 0) {
        int64_t first = (*bounds[0])[i].value(), last = first + (size->value() - 1) * step->value();
        for (int64_t index : {first, last}) TRY(slice_place(index, dim.value(), mode));
      }
    } else if (step && step->is(0)) {
      return invalid("the step of axis " + std::to_string(along[i]) + " is 0");
    } else if (bounds[0] && bounds[1] && step && step->is_constant()) {
      size = symbolic_size(dim, (*bounds[0])[i], (*bounds[1])[i], std::max(step->value(), -kFar));
    }
    if (!size) {
      TRY_ASSIGN(size, runtime_dim(kName, symbol, static_cast<int64_t>(i)));
    }
    dim = *size;
  }
  if (inputs.size() > 4 && inputs[4].type != x.type)
    return invalid("the fill is " + inputs[4].text() + "; the type of " + x.text() + " is wanted");
  carry_values(*this, inputs, {0, 4}, &type);
  return TensorTypes{type};
}

Result<Arrays> Slice::evaluate(const Arrays& inputs) const {
  Slice fixed = *this;
  if (inputs.size() > 1) fixed.starts = inputs[1].integers();
  if (inputs.size() > 2) fixed.ends = inputs[2].integers();
  if (inputs.size() > 3) fixed.steps = inputs[3].integers();
  const Shape& shape = inputs[0].shape();
  TRY_ASSIGN(Window window, fixed.window(shape));
  TRY(volume(window.size));
  if (mode == SliceMode::kDefault && std::count(window.size.begin(), window.size.end(), 0) == 0) {
    Shape strides = row_major_strides(shape);
    int64_t offset = 0;
    for (size_t i = 0; i < shape.size(); ++i) {
      int64_t span, last;
      if (__builtin_mul_overflow(window.size[i] - 1, window.step[i], &span) || __builtin_add_overflow(window.start[i], span, &last))
        span = last = INT64_MAX;
      for (int64_t index : {window.start[i], last}) TRY(slice_place(index, shape[i], mode));
      offset += window.start[i] * strides[i];
      // A step from an only element leads nowhere, and may be too far to count.
      strides[i] = window.size[i] == 1 ? 0 : strides[i] * window.step[i];
    }
    TRY_ASSIGN(Array y, copy_strided(inputs[0], window.size, offset, strides));
    return Arrays{y};
  }
  TRY_ASSIGN(Array room, Array::make(inputs[0].type(), window.size));
  if (room.count() == 0) return Arrays{room};
  std::vector<std::vector<int64_t>> sources(shape.size());
  for (size_t i = 0; i < shape.size(); ++i) {
    for (int64_t k = 0; k < window.size[i]; ++k) {
      TRY_ASSIGN(int64_t place, slice_place(window.start[i] + k * window.step[i], shape[i], mode));
      sources[i].push_back(place);
    }
  }
  TRY_ASSIGN(Array y, pick_along_axes(inputs[0], sources, inputs.size() > 4 ? &inputs[4] : nullptr));
  return Arrays{y};
}

Result<Tensor*> Slice::from_onnx(const OnnxNode& node, Network& network) {
  Slice op;
  TRY_ASSIGN(Tensor * x, required_input(node, 0));
  if (node.has("starts")) {  // before opset 10
    TRY_ASSIGN(op.starts, node.integers("starts", {}));
    TRY_ASSIGN(op.ends, node.integers("ends", {}));
    TRY_ASSIGN(op.axes, node.integers("axes", {}));
    return network.add(op, {x}, node.name());
  }
  TRY_ASSIGN(std::vector<Tensor*> inputs, required_inputs(node, 3));
  Tensor *axes = node.input(3), *steps = node.input(4);
  if (axes && node.is_constant(3)) {
    TRY_ASSIGN(Array numbers, node.constant(3));
    op.axes = numbers.integers();
  } else if (axes) {
    // For all axes: those that are not named go from 0 as far as they go.
    const int64_t rank = x->type.rank(), far = inputs[2]->type.type == DataType::kInt32 ? INT32_MAX : INT64_MAX;
    TRY_ASSIGN(inputs[1], spread_over_axes(network, inputs[1], axes, rank, 0));
    TRY_ASSIGN(inputs[2], spread_over_axes(network, inputs[2], axes, rank, far));
    if (steps) {
      TRY_ASSIGN(steps, spread_over_axes(network, steps, axes, rank, 1));
    }
  }
  if (steps) inputs.push_back(steps);
  std::optional<std::vector<int64_t>> numbers[3];
  bool known = true;
  for (size_t i = 1; i < inputs.size(); ++i) {
    numbers[i - 1] = constant_values(inputs[i]->type);
    known = known && numbers[i - 1];
  }
  if (known) {
    op.starts = *numbers[0];
    op.ends = *numbers[1];
    if (numbers[2] && std::any_of(numbers[2]->begin(), numbers[2]->end(), [](int64_t step) { return step != 1; })) op.steps = *numbers[2];
    return network.add(op, {x}, node.name());
  }
  // The symbols of a slice are numbered by axis given.
  std::vector<Dim> most;
  for (int64_t axis : op.axes) {
    TRY_ASSIGN(int64_t index, normalize_axis(axis, x->type.rank()));
    most.push_back(x->type.dims[static_cast<size_t>(index)]);
  }
  if (op.axes.empty()) most = x->type.dims;
  TRY_ASSIGN(Layer * layer, add_runtime_sized(network, op.clone(), inputs, node.name(), most));
  return layer->output();
}

OPERATOR(Slice, slice, {"Slice", one_output<Slice::from_onnx>})

using namespace testing;

EXAMPLE("slice takes a part along each axis") {
  expect_values("input x [2, 4]\ny = slice(x) axes=[1] starts=[1] ends=[-1]\noutput y\n", {{{2, 4}, {1, 2, 3, 4, 5, 6, 7, 8}}},
                {2, 3, 6, 7});
  expect_values("input x [5]\ny = slice(x) starts=[0] ends=[9] steps=[2]\noutput y\n", {{{5}, {1, 2, 3, 4, 5}}}, {1, 3, 5});
}

EXAMPLE("a negative step walks backwards") {
  expect_values(
      "input x [4]\ny = slice(x) starts=[-1] ends=[-9223372036854775808] steps=[-1]\nz = slice(x) starts=[9] ends=[0] steps=[-2]\noutput "
      "y\noutput z\n",
      {{{4}, {1, 2, 3, 4}}}, {{4, 3, 2, 1}, {4, 2}});
}

EXAMPLE("sizes follow for symbolic dims") {
  expect_types(
      "input x [n, 8]\na = slice(x) starts=[1] ends=[9223372036854775807]\nb = slice(x) starts=[0] ends=[-1]\nc = slice(x) starts=[0] "
      "ends=[9223372036854775807] steps=[2]\nd = slice(x) starts=[-1] ends=[9223372036854775807]\ne = slice(x) axes=[1] starts=[2] "
      "ends=[4]\n"
      "f = slice(x) starts=[-1] ends=[-9223372036854775808] steps=[-1]\n"
      "output a\noutput b\noutput c\noutput d\noutput e\noutput f\n",
      {"float [n - 1, 8]", "float [n - 1, 8]", "float [floor((n + 1) / 2), 8]", "float [1, 8]", "float [n, 2]", "float [n, 8]"});
}

EXAMPLE("bounds may be tensors") {
  expect_values("input x [4]\ninput s int64 [1]\ninput e int64 [1]\ny = slice(x, s, e) symbol=run_y\noutput y\n",
                {{{4}, {1, 2, 3, 4}}, {{1}, {1}}, {{1}, {3}}}, {2, 3});
  expect_types(
      "input x [1, 512, 8]\ninput t [seq]\nweights z int64 [1] = 0\ns = shape(t)\ny = slice(x, z, s) axes=[1]\noutput y\noutput t\n",
      {"float [1, min(512, seq), 8]", "float [seq]"});
}

EXAMPLE("sizes may run past the end in a mode that says what is read there") {
  const std::vector<Values> x = {{{3}, {1, 2, 3}}};
  expect_values("input x [3]\ny = slice(x) starts=[-1] ends=[5] sized=true mode=clamp\noutput y\n", x, {1, 1, 2, 3, 3});
  expect_values("input x [3]\ny = slice(x) starts=[-1] ends=[5] sized=true mode=wrap\noutput y\n", x, {3, 1, 2, 3, 1});
  expect_values("input x [3]\ny = slice(x) starts=[-1] ends=[5] sized=true mode=reflect\noutput y\n", x, {2, 1, 2, 3, 2});
  expect_values("input x [3]\ny = slice(x) starts=[-1] ends=[5] sized=true mode=fill\noutput y\n", x, {0, 1, 2, 3, 0});
  expect_error("input x [3]\ny = slice(x) starts=[1] ends=[3] sized=true\noutput y\n", "index 3 lies outside of an axis of 3");
}

EXAMPLE("a slice that makes no sense is refused") {
  expect_error("input x [3]\ny = slice(x) starts=[0] ends=[3] steps=[0]\noutput y\n", "the step of axis 0 is 0");
  expect_error("input x [3]\ny = slice(x) starts=[0, 0] ends=[3, 3]\noutput y\n", "2 starts are given for a tensor of rank 1");
  expect_error("input x [3]\ny = slice(x) starts=[0] ends=[3, 4]\noutput y\n", "starts, ends and steps have the lengths 1, 2 and 0");
  expect_error("input x [3, 3]\ny = slice(x) axes=[0, -2] starts=[0, 0] ends=[1, 1]\noutput y\n", "axis -2 is named twice");
}

EXAMPLE("an empty slice is no error") { expect_types("input x [3, 2]\ny = slice(x) starts=[2] ends=[1]\noutput y\n", {"float [0, 2]"}); }

}  // namespace ingot
