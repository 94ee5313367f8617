// Plugins that put elements where indices say.
#include "api/plugins/kinds.h"
#include "api/plugins/wiring.h"
#include "operators/concat.h"
#include "operators/expand.h"
#include "operators/onnx_reroute.h"
#include "operators/scatter_elements.h"
#include "operators/scatter_nd.h"
#include "operators/unsqueeze.h"

namespace ingot::api {
namespace {

Result<Tensors> scatter_slices(Network& network, const Tensors& in, const StockFields&) {
  Wiring w(network);
  w.require(in.size() == 3, "ScatterND has three inputs: data, indices and updates");
  return w.done({w.add(ScatterNd{}, in)});
}

// y = data, but y[..., indices[i], ...] = reduction(y[...], updates[i]) along an axis. "mean" counts the element that was there.
Result<Tensors> scatter_elements(Network& network, const Tensors& in, const StockFields& fields) {
  Wiring w(network);
  w.require(in.size() == 3, "ScatterElements has three inputs: data, indices and updates");
  std::string word;
  for (const double letter : fields.numbers("reduction")) {
    if (letter != 0) word += static_cast<char>(letter);
  }
  ScatterElements op;
  op.axis = fields.integer("axis");
  const bool mean = word == "mean";
  if (word == "add" || mean) {
    op.reduction = ScatterReduction::kAdd;
  } else if (word == "mul") {
    op.reduction = ScatterReduction::kMul;
  } else if (word == "min") {
    op.reduction = ScatterReduction::kMin;
  } else if (word == "max") {
    op.reduction = ScatterReduction::kMax;
  } else {
    w.require(word == "none" || word.empty(), "the reduction of ScatterElements is '" + word + "'; add, mul, mean, min and max are known");
  }
  if (!w.ok()) return w.done({});
  Tensor* y = w.add(op, in);
  if (!mean) return w.done({y});
  const auto ones = [&](Tensor* like) { return w.add(Elementwise(ScalarOp::kAffine, 0, 1), {w.cast(like, DataType::kFloat)}); };
  Tensor* count = w.add(op, {ones(in[0]), in[1], ones(in[2])});
  return w.done({w.apply(ScalarOp::kDiv, {y, w.cast(count, in[0]->type.type)})});
}

// The pillars of a point cloud (A. Lang et al., 2019) as an image: features [B, P, C], places [B, P, 4] whose last two numbers are row and
// column, and how many pillars of each cloud count, [B]. y [B, C, H, W] is 0 where there is no pillar.
Result<Tensors> scatter_pillars(Network& network, const Tensors& in, const StockFields& fields) {
  Wiring w(network);
  const std::vector<int64_t> shape = fields.integers("dense_shape");
  w.require(in.size() == 3 && w.dims(in[0]).size() == 3 && w.dims(in[1]).size() == 3,
            "PillarScatterPlugin has three inputs: features [B, P, C], places [B, P, 4] and counts [B]");
  w.require(shape.size() == 2 && shape[0] > 0 && shape[1] > 0 && shape[0] <= 65536 && shape[1] <= 65536,
            "dense_shape of PillarScatterPlugin has two numbers: height and width");
  if (!w.ok()) return w.done({});
  const Dim batch = in[0]->type.dims[0], pillars = in[0]->type.dims[1];
  const int64_t channels = w.size(in[0], 2), places = shape[0] * shape[1];
  const auto whole = [&](int64_t value) { return w.constant(Array::from_int64s({value})); };
  Tensor* rows = w.cast(w.slice(in[1], 2, 2, 1), DataType::kInt64);
  Tensor* columns = w.cast(w.slice(in[1], 2, 3, 1), DataType::kInt64);
  Tensor* place = w.apply(ScalarOp::kAdd, {w.apply(ScalarOp::kMul, {rows, whole(shape[1])}), columns});
  if (!w.ok()) return w.done({});
  // Pillars that do not count go to a place behind the image.
  TRY_ASSIGN(Tensor * count, length_of(network, in[0], 1));
  TRY_ASSIGN(Tensor * each, count_up(network, count));
  Tensor* counts = w.add(Unsqueeze({1}), {w.reshape(w.cast(in[2], DataType::kInt64), {batch})});
  Tensor* is_there = w.add(Unsqueeze({2}), {w.apply(ScalarOp::kLess, {each, counts})});
  place = w.apply(ScalarOp::kSelect, {is_there, place, whole(places)});
  TRY_ASSIGN(Tensor * clouds, length_of(network, in[0], 0));
  TRY_ASSIGN(Tensor * cloud, count_up(network, clouds));
  // [B, P, 2]: cloud and place.
  cloud = w.apply(ScalarOp::kAdd, {w.add(Unsqueeze({1, 2}), {cloud}), w.add(Elementwise(ScalarOp::kMul), {place, whole(0)})});
  Tensor* tuples = w.concat({cloud, place}, 2);
  Tensor* dims = w.concat({clouds, w.constant(Array::from_int64s({places + 1, channels}))}, 0);
  Tensor* empty = w.add(Expand{}, {w.numbers({0}, {1, 1, 1}, in[0]), dims});
  Tensor* image = w.slice(w.add(ScatterNd{}, {empty, tuples, in[0]}), 1, 0, places);
  image = w.reshape(w.transpose(image, {0, 2, 1}), {batch, Dim(channels), Dim(shape[0]), Dim(shape[1])});
  return w.done({image});
}

}  // namespace

std::vector<StockKind> scattering_plugins() {
  return {
      {"ScatterND", "1", {}, always("x"), scatter_slices},
      {"ScatterElements", "1", {{"axis", kInteger, {0}}, {"reduction", nvinfer1::PluginFieldType::kCHAR}}, always("x"), scatter_elements},
      {"PillarScatterPlugin", "1", {{"dense_shape", kInteger}}, always("x"), scatter_pillars}};
}

}  // namespace ingot::api
