#include "operators/resize.h"

#include <algorithm>
#include <cmath>
#include <numeric>

#include "operators/moving.h"
#include "operators/onnx_input.h"
#include "operators/register.h"
#include "operators/runtime_dims.h"
#include "testing/example.h"

namespace ingot {

namespace {

constexpr double kLargest = 2147483647;

// How far along each axis the output is stretched, and how many elements it has.
struct Extent {
  size_t axis;  // of x
  double scale;
  int64_t length;             // of y
  double start = 0, end = 1;  // the region of interest, as fractions
};

// A fraction that stands for the scale, such as 1/3 for the float next to it; sizes then follow exactly, and for symbols, too.
std::optional<std::pair<int64_t, int64_t>> as_fraction(double scale) {
  for (int64_t q = 1; q <= 4096; ++q) {
    const double p = std::round(scale * static_cast<double>(q));
    if (p >= 1 && std::abs(p / static_cast<double>(q) - scale) <= 1e-7 * scale) return std::pair{static_cast<int64_t>(p), q};
  }
  return std::nullopt;
}

std::optional<Dim> scaled(const Dim& dim, double scale) {
  if (auto fraction = as_fraction(scale)) return Dim::floor_divide(dim * Dim(fraction->first), Dim(fraction->second));
  // In float, as the exporters' frameworks compute it.
  if (dim.is_constant()) return Dim(static_cast<int64_t>(std::floor(static_cast<float>(dim.value()) * static_cast<float>(scale))));
  return std::nullopt;
}

Status check_scale(double scale) {
  if (scale > 0 && scale < kLargest) return Ok{};
  return invalid("the scale is " + std::to_string(scale) + "; scales are positive");
}

Result<std::vector<size_t>> resolve_axes(const std::vector<int64_t>& axes, size_t count, int64_t rank) {
  if (axes.empty() && static_cast<int64_t>(count) != rank) {
    return invalid(std::to_string(count) + " scales or sizes are given for a tensor of rank " + std::to_string(rank));
  }
  if (!axes.empty() && axes.size() != count) {
    return invalid(std::to_string(count) + " scales or sizes are given for " + std::to_string(axes.size()) + " axes");
  }
  std::vector<size_t> resolved(count);
  std::iota(resolved.begin(), resolved.end(), 0);
  for (size_t i = 0; i < axes.size(); ++i) {
    TRY_ASSIGN(int64_t axis, normalize_axis(axes[i], rank));
    resolved[i] = static_cast<size_t>(axis);
  }
  return resolved;
}

// The weights of a cubic kernel with parameter a at distance x.
double cubic(double x, double a) {
  x = std::abs(x);
  if (x <= 1) return ((a + 2) * x - (a + 3)) * x * x + 1;
  if (x < 2) return ((a * x - 5 * a) * x + 8 * a) * x - 4 * a;
  return 0;
}

// Where output position `i` lies in x, in the arithmetic of T: float for nearest neighbours, whose choice hangs on how exporters'
// frameworks round, double where weights are wanted.
template <class T>
T coordinate(ResizeCoordinates kind, const Extent& extent, int64_t in, int64_t i) {
  const T x = static_cast<T>(i), scale = static_cast<T>(extent.scale), half = T(0.5);
  // The length before it is rounded down, as ONNX measures the output.
  const T exact = static_cast<T>(in) * scale, whole = static_cast<T>(extent.length);
  const T length = std::abs(exact - whole) < T(1e-3) ? whole : exact;
  switch (kind) {
    case ResizeCoordinates::kHalfPixel: return (x + half) / scale - half;
    case ResizeCoordinates::kHalfPixelSymmetric: {
      const T adjustment = whole / length, centre = static_cast<T>(in) / 2;
      return centre * (1 - adjustment) + (x + half) / scale - half;
    }
    case ResizeCoordinates::kPytorchHalfPixel: return extent.length > 1 ? (x + half) / scale - half : 0;
    case ResizeCoordinates::kAlignCorners: return extent.length == 1 ? 0 : x * static_cast<T>(in - 1) / (length - 1);
    case ResizeCoordinates::kAsymmetric: return x / scale;
    case ResizeCoordinates::kHalfPixelNn: return (x + half) / scale;
    case ResizeCoordinates::kCropAndResize: break;
  }
  const T start = static_cast<T>(extent.start), end = static_cast<T>(extent.end), last = static_cast<T>(in - 1);
  if (extent.length == 1) return (start + end) * last / 2;
  return start * last + x * (end - start) * last / (length - 1);
}

int64_t nearest(float x, ResizeRounding rounding) {
  switch (rounding) {
    case ResizeRounding::kRoundPreferFloor: return static_cast<int64_t>(std::ceil(x - 0.5f));
    case ResizeRounding::kRoundPreferCeil: return static_cast<int64_t>(std::floor(x + 0.5f));
    case ResizeRounding::kFloor: return static_cast<int64_t>(std::floor(x));
    default: return static_cast<int64_t>(std::ceil(x));
  }
}

Resize::Taps taps_along(const Resize& op, const Extent& extent, int64_t in) {
  Resize::Taps taps(static_cast<size_t>(extent.length));
  const bool crops = op.coordinates == ResizeCoordinates::kCropAndResize;
  // Antialiasing widens the kernel by the factor that the image shrinks by.
  const double shrink = op.antialias ? std::min(extent.scale, 1.0) : 1.0;
  for (int64_t i = 0; i < extent.length; ++i) {
    auto& here = taps[static_cast<size_t>(i)];
    const double x = coordinate<double>(op.coordinates, extent, in, i);
    if (crops && (x < 0 || x > static_cast<double>(in - 1))) continue;
    if (op.mode == ResizeMode::kNearest) {
      const int64_t index = nearest(coordinate<float>(op.coordinates, extent, in, i), op.rounding);
      here.push_back({std::clamp<int64_t>(index, 0, in - 1), 1});
      continue;
    }
    const double base = std::floor(x), ratio = x - base;
    const int64_t reach = static_cast<int64_t>(-std::floor((op.mode == ResizeMode::kLinear ? -1 : -2) / shrink));
    double sum = 0;
    for (int64_t k = 1 - reach; k <= reach; ++k) {
      const double distance = (static_cast<double>(k) - ratio) * shrink;
      double weight = op.mode == ResizeMode::kLinear ? std::max(0.0, 1 - std::abs(distance)) : cubic(distance, op.cubic_a);
      const int64_t index = static_cast<int64_t>(base) + k;
      if (op.exclude_outside && (index < 0 || index >= in)) weight = 0;
      sum += weight;
      if (weight != 0) here.push_back({std::clamp<int64_t>(index, 0, in - 1), weight});
    }
    for (Resize::Tap& tap : here) tap.weight /= sum;
  }
  return taps;
}

// y along one axis as weighted sums of x; positions without taps become 0.
std::vector<double> resample(const std::vector<double>& x, int64_t outer, int64_t in, int64_t inner, const Resize::Taps& taps) {
  std::vector<double> y(static_cast<size_t>(outer * inner) * taps.size(), 0);
  for (int64_t row = 0; row < outer; ++row) {
    for (size_t i = 0; i < taps.size(); ++i) {
      double* to = y.data() + (static_cast<size_t>(row) * taps.size() + i) * static_cast<size_t>(inner);
      for (const Resize::Tap& tap : taps[i]) {
        const double* from = x.data() + (row * in + tap.index) * inner;
        for (int64_t k = 0; k < inner; ++k) to[k] += from[k] * tap.weight;
      }
    }
  }
  return y;
}

Result<std::vector<Extent>> extents(const Resize& op, const Shape& input, const Array* given) {
  const bool by_scale = given ? is_floating(given->type()) : op.sizes.empty();
  std::vector<double> scales = op.scales;
  std::vector<int64_t> sizes = op.sizes;
  if (given) {
    scales.clear();
    for (float scale : given->floats()) scales.push_back(scale);
    if (!by_scale) sizes = given->integers();
  }
  const size_t count = by_scale ? scales.size() : sizes.size();
  TRY_ASSIGN(std::vector<size_t> along, resolve_axes(op.axes, count, static_cast<int64_t>(input.size())));
  std::vector<Extent> result;
  double common = op.policy == ResizePolicy::kNotLarger ? kLargest : 0;
  for (size_t i = 0; i < count; ++i) {
    Extent extent{along[i], 1, 0};
    const double in = static_cast<double>(input[along[i]]);
    if (op.coordinates == ResizeCoordinates::kCropAndResize) {
      extent.start = op.region[i];
      extent.end = op.region[count + i];
    }
    if (by_scale) {
      TRY(check_scale(scales[i]));
      extent.scale = scales[i];
      TRY(check_scale(in * scales[i] + 1));
      if (op.coordinates == ResizeCoordinates::kCropAndResize)
        extent.length = static_cast<int64_t>(std::floor(in * (extent.end - extent.start) * extent.scale));
      else
        extent.length = scaled(input[along[i]], scales[i])->value();
    } else {
      if (sizes[i] < 0) return invalid("size " + std::to_string(sizes[i]) + " of axis " + std::to_string(along[i]) + " is negative");
      extent.length = sizes[i];
      extent.scale = in > 0 ? static_cast<double>(sizes[i]) / in : 1;
      common = op.policy == ResizePolicy::kNotLarger ? std::min(common, extent.scale) : std::max(common, extent.scale);
    }
    result.push_back(extent);
  }
  for (Extent& extent : result) {
    if (by_scale || op.policy == ResizePolicy::kStretch) continue;
    extent.scale = common;
    extent.length = static_cast<int64_t>(std::floor(static_cast<double>(input[extent.axis]) * common + 0.5));
  }
  for (const Extent& extent : result) {
    if (extent.length < 0 || (extent.length > 0 && input[extent.axis] == 0)) {
      return invalid("axis " + std::to_string(extent.axis) + " of " + to_text(input) + " cannot become " + std::to_string(extent.length) +
                     " elements");
    }
  }
  return result;
}

}  // namespace

Result<std::vector<Resize::Taps>> Resize::taps(const Shape& input, const Shape& output, const Array* scales_or_sizes) const {
  TRY_ASSIGN(std::vector<Extent> along, extents(*this, input, scales_or_sizes));
  std::vector<Taps> result(input.size());
  for (const Extent& extent : along) {
    if (output[extent.axis] != extent.length)
      return internal("resize gives " + std::to_string(extent.length) + " elements, not " + to_text(output));
    const bool whole = coordinates != ResizeCoordinates::kCropAndResize || (extent.start == 0 && extent.end == 1);
    if (extent.scale == 1 && extent.length == input[extent.axis] && whole && coordinates != ResizeCoordinates::kHalfPixelNn) continue;
    result[extent.axis] = taps_along(*this, extent, input[extent.axis]);
  }
  return result;
}

Result<TensorTypes> Resize::infer(const TensorTypes& inputs) const {
  TRY(check_input_count(kName, inputs.size(), 1, 3));
  const TensorType& x = inputs[0];
  const bool given = inputs.size() > 1, crops = coordinates == ResizeCoordinates::kCropAndResize;
  if (!given && scales.empty() == sizes.empty() && !x.dims.empty())
    return invalid("either scales or sizes must be given, not " + std::string(scales.empty() ? "none" : "both"));
  std::optional<Dims> lengths = Dims(sizes.begin(), sizes.end());
  const bool by_scale = given ? is_floating(inputs[1].type) : sizes.empty();
  size_t count = by_scale ? scales.size() : sizes.size();
  if (given) {
    if (inputs[1].rank() != 1 || !inputs[1].dims[0].is_constant())
      return invalid("scales or sizes " + inputs[1].text() + ": a tensor [axes] of a known length is wanted");
    count = static_cast<size_t>(inputs[1].dims[0].value());
    lengths = inputs[1].values;
  }
  TRY_ASSIGN(std::vector<size_t> along, resolve_axes(axes, count, x.rank()));
  if (crops && inputs.size() < 3 && region.size() != 2 * count)
    return invalid("the region has " + std::to_string(region.size()) + " numbers; two for each of " + std::to_string(count) +
                   " axes are wanted");
  if (!given && all_constant(x.dims)) {
    TensorType type{x.type, x.dims};
    TRY_ASSIGN(std::vector<Extent> known, extents(*this, constant_shape(x.dims), nullptr));
    for (const Extent& extent : known) type.dims[extent.axis] = extent.length;
    return TensorTypes{type};
  }
  TensorType type{x.type, x.dims};
  for (size_t i = 0; i < count; ++i) {
    Dim& dim = type.dims[along[i]];
    std::optional<Dim> length;
    if (by_scale && !given && !crops) {
      TRY(check_scale(scales[i]));
      length = scaled(dim, scales[i]);
    } else if (!by_scale && lengths && policy == ResizePolicy::kStretch) {
      length = (*lengths)[i];
      if (length->is_constant() && length->value() < 0)
        return invalid("size " + length->text() + " of axis " + std::to_string(along[i]) + " is negative");
    }
    if (!length) {
      TRY_ASSIGN(length, runtime_dim(kName, symbol, static_cast<int64_t>(i)));
    }
    dim = *length;
  }
  return TensorTypes{type};
}

Result<Arrays> Resize::evaluate(const Arrays& inputs) const {
  if (inputs.size() > 2) {
    Resize fixed = *this;
    fixed.region.clear();
    for (int64_t i = 0; i < inputs[2].count(); ++i) fixed.region.push_back(inputs[2].number(i));
    if (inputs[2].count() != 2 * inputs[1].count()) {
      return invalid("the region has " + std::to_string(inputs[2].count()) + " numbers; two for each of " +
                     std::to_string(inputs[1].count()) + " axes are wanted");
    }
    return fixed.evaluate({inputs[0], inputs[1]});
  }
  const Array& x = inputs[0];
  const Array* given = inputs.size() > 1 ? &inputs[1] : nullptr;
  TRY_ASSIGN(std::vector<Extent> along, extents(*this, x.shape(), given));
  Shape shape = x.shape();
  for (const Extent& extent : along) shape[extent.axis] = extent.length;
  TRY_ASSIGN(Array y, Array::make(x.type(), shape));
  if (y.count() == 0) return Arrays{y};
  TRY_ASSIGN(std::vector<Taps> by_axis, taps(x.shape(), shape, given));
  if (mode == ResizeMode::kNearest) {
    std::vector<std::vector<int64_t>> sources(shape.size());
    for (size_t i = 0; i < shape.size(); ++i) {
      for (int64_t k = 0; k < shape[i]; ++k) {
        const bool stays = by_axis[i].empty();
        if (stays)
          sources[i].push_back(k);
        else
          sources[i].push_back(by_axis[i][static_cast<size_t>(k)].empty() ? -1 : by_axis[i][static_cast<size_t>(k)][0].index);
      }
    }
    TRY_ASSIGN(Array fill, Array::make(x.type(), {}));
    fill.set_number(0, extrapolation);
    TRY_ASSIGN(y, pick_along_axes(x, sources, &fill));
    return Arrays{y};
  }
  std::vector<double> values(static_cast<size_t>(x.count()));
  for (int64_t i = 0; i < x.count(); ++i) values[static_cast<size_t>(i)] = x.number(i);
  Shape now = x.shape();
  for (size_t i = 0; i < shape.size(); ++i) {
    if (by_axis[i].empty()) continue;
    int64_t outer = 1, inner = 1;
    for (size_t k = 0; k < shape.size(); ++k) (k < i ? outer : inner) *= k == i ? 1 : now[k];
    values = resample(values, outer, now[i], inner, by_axis[i]);
    now[i] = shape[i];
  }
  int64_t position = 0;
  for (IndexWalk walk(shape); !walk.done(); walk.next(), ++position) {
    bool outside = false;
    for (size_t i = 0; i < shape.size(); ++i)
      outside = outside || (!by_axis[i].empty() && by_axis[i][static_cast<size_t>(walk.index()[i])].empty());
    y.set_number(position, outside ? extrapolation : values[static_cast<size_t>(position)]);
  }
  return Arrays{y};
}

namespace {

// Upsample, and Resize of opset 10: nearest takes the floor, and positions are i / scale.
Status set_old_style(const OnnxNode& node, Resize* op) {
  TRY_ASSIGN(const std::string mode, node.word("mode", "nearest"));
  TRY(op->set_field("mode", mode == std::string_view("bilinear") ? "linear" : mode));
  op->coordinates = ResizeCoordinates::kAsymmetric;
  op->rounding = ResizeRounding::kFloor;
  return Ok{};
}

// Moves the numbers of input `index` into the field, or makes it the second input.
Result<Tensor*> add_scaled(Resize op, const OnnxNode& node, Network& network, size_t index) {
  TRY_ASSIGN(Tensor * x, required_input(node, 0));
  Tensor* given = node.input(index);
  if (!given) return invalid("neither scales nor sizes are given");
  std::vector<Tensor*> inputs{x};
  const bool by_scale = is_floating(given->type.type);
  auto numbers = constant_values(given->type);
  const bool region_is_late = op.coordinates == ResizeCoordinates::kCropAndResize && op.region.empty();
  if (region_is_late) {
    TRY_ASSIGN(Tensor * region, required_input(node, 1));
    inputs.insert(inputs.end(), {given, region});
  } else if (by_scale && node.is_constant(index)) {
    TRY_ASSIGN(Array scales, node.constant(index));
    for (float scale : scales.floats()) op.scales.push_back(scale);
  } else if (!by_scale && numbers) {
    op.sizes = *numbers;
  } else {
    inputs.push_back(given);
  }
  TRY_ASSIGN(Layer * layer, add_runtime_sized(network, op.clone(), inputs, node.name()));
  return layer->output();
}

}  // namespace

Result<Tensor*> Resize::from_onnx(const OnnxNode& node, Network& network) {
  Resize op;
  if (node.op_type() == "Upsample" || node.opset() < 11) {
    TRY(set_old_style(node, &op));
    if (node.has("height_scale")) {  // version 1
      TRY_ASSIGN(const double height, node.number("height_scale", 1));
      TRY_ASSIGN(const double width, node.number("width_scale", 1));
      TRY_ASSIGN(Tensor * x, required_input(node, 0));
      op.scales = {1, 1, height, width};
      return network.add(op, {x}, node.name());
    }
    if (!node.has("scales")) return add_scaled(op, node, network, 1);
    TRY_ASSIGN(op.scales, node.numbers("scales", {}));
    TRY_ASSIGN(Tensor * x, required_input(node, 0));
    return network.add(op, {x}, node.name());
  }
  for (auto [attribute, field, fallback] : {std::tuple{"mode", "mode", "nearest"},
                                            {"coordinate_transformation_mode", "coordinates", "half_pixel"},
                                            {"nearest_mode", "rounding", "round_prefer_floor"},
                                            {"keep_aspect_ratio_policy", "policy", "stretch"}}) {
    TRY_ASSIGN(std::string word, node.word(attribute, fallback));
    TRY(op.set_field(field, word));
  }
  TRY_ASSIGN(op.axes, node.integers("axes", {}));
  TRY_ASSIGN(op.cubic_a, node.number("cubic_coeff_a", -0.75));
  TRY_ASSIGN(op.extrapolation, node.number("extrapolation_value", 0));
  TRY_ASSIGN(int64_t exclude, node.integer("exclude_outside", 0));
  TRY_ASSIGN(int64_t antialias, node.integer("antialias", 0));
  op.exclude_outside = exclude != 0;
  op.antialias = antialias != 0;
  if (op.coordinates == ResizeCoordinates::kCropAndResize && node.is_constant(1)) {
    TRY_ASSIGN(Array region, node.constant(1));
    for (int64_t i = 0; i < region.count(); ++i) op.region.push_back(region.number(i));
  }
  // A tensor of scales without elements means that sizes are given.
  const bool by_scale = node.input(2) && !(node.input(2)->type.rank() == 1 && node.input(2)->type.dims[0].is(0));
  return add_scaled(op, node, network, by_scale ? 2 : 3);
}

OPERATOR(Resize, resize, {"Resize", one_output<Resize::from_onnx>}, {"Upsample", one_output<Resize::from_onnx>})

using namespace testing;

EXAMPLE("nearest repeats elements") {
  expect_values("input x [1, 2]\ny = resize(x) scales=[2.0, 2.0]\noutput y\n", {{{1, 2}, {1, 2}}}, {1, 1, 2, 2, 1, 1, 2, 2});
  expect_types("input x [n, 3, h, w]\ny = resize(x) scales=[1.0, 1.0, 2.0, 0.5]\noutput y\n", {"float [n, 3, 2*h, floor(w / 2)]"});
}

EXAMPLE("linear between centres of elements, and between corners") {
  expect_values("input x [2]\ny = resize(x) mode=linear scales=[2.0]\noutput y\n", {{{2}, {1, 2}}}, {1, 1.25, 1.75, 2});
  expect_values("input x [2]\ny = resize(x) mode=linear coordinates=align_corners sizes=[4]\noutput y\n", {{{2}, {1, 4}}}, {1, 2, 3, 4});
  expect_values("input x [2]\ny = resize(x) mode=linear coordinates=asymmetric sizes=[4]\noutput y\n", {{{2}, {1, 2}}}, {1, 1.5, 2, 2});
}

EXAMPLE("cubic overshoots") {
  expect_values("input x [4]\ny = resize(x) mode=cubic scales=[2.0]\noutput y\n", {{{4}, {1, 2, 3, 4}}},
                {0.89453125, 1.19140625, 1.66796875, 2.296875, 2.703125, 3.33203125, 3.80859375, 4.10546875});
}

EXAMPLE("antialias averages what falls together") {
  expect_values("input x [4]\ny = resize(x) mode=linear antialias=true exclude_outside=true scales=[0.5]\noutput y\n",
                {{{4}, {1, 2, 3, 4}}}, {1.7142857, 3.2857143});
}

EXAMPLE("the crop reads a region, and a number outside of the input") {
  expect_values(
      "input x [3]\ny = resize(x) mode=linear coordinates=tf_crop_and_resize region=[0.5, 1.5] sizes=[3] extrapolation=9\noutput y\n",
      {{{3}, {1, 2, 3}}}, {2, 3, 9});
}

EXAMPLE("sizes may be a tensor, and keep the aspect ratio") {
  expect_values("input x [1, 2]\ninput s int64 [2]\ny = resize(x, s) symbol=run_y\noutput y\n", {{{1, 2}, {1, 2}}, {{2}, {1, 4}}},
                {1, 1, 2, 2});
  expect_types(
      "input x [2, 4]\ny = resize(x) sizes=[6, 8] policy=not_larger\nz = resize(x) sizes=[6, 8] policy=not_smaller\noutput y\noutput z\n",
      {"float [4, 8]", "float [6, 12]"});
}

EXAMPLE("a resize without sense is refused") {
  expect_error("input x [2]\ny = resize(x)\noutput y\n", "either scales or sizes must be given, not none");
  expect_error("input x [2]\ny = resize(x) scales=[-1.0]\noutput y\n", "scales are positive");
  expect_error("input x [2, 2]\ny = resize(x) scales=[1.0]\noutput y\n", "1 scales or sizes are given for a tensor of rank 2");
}

}  // namespace ingot
