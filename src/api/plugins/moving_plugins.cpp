// Plugins that move elements: reorganizing, flattening, tiling, slicing.
#include "api/plugins/kinds.h"
#include "api/plugins/wiring.h"

namespace ingot::api {
namespace {

// The reorganization of YOLO 2 (J. Redmon, A. Farhadi, 2016) as darknet lays it out: the input's memory, read as [C / s^2, H * s, W * s],
// is cut into s x s fields, whose places become channels. [N, C, H, W] => [N, C * s^2, H / s, W / s].
Result<Tensors> reorganize(Network& network, const Tensors& in, const StockFields& fields) {
  Wiring w(network);
  w.require(in.size() == 1 && w.dims(in[0]).size() == 4, "Reorg_TRT has one input of three dims behind the batch");
  const int64_t s = fields.integer("stride");
  w.require(s > 0, "the stride of Reorg_TRT is " + std::to_string(s) + "; it is positive");
  if (!w.ok()) return w.done({});
  const Dim n = in[0]->type.dims[0];
  const int64_t c = w.size(in[0], 1), high = w.size(in[0], 2), wide = w.size(in[0], 3);
  w.require(c % (s * s) == 0 && high % s == 0 && wide % s == 0,
            "Reorg_TRT of stride " + std::to_string(s) + " does not divide " + to_text(in[0]->type.dims));
  Tensor* cut = w.reshape(in[0], {n, Dim(c / (s * s)), Dim(high), Dim(s), Dim(wide), Dim(s)});
  Tensor* moved = w.transpose(cut, {0, 3, 5, 1, 2, 4});
  return w.done({w.reshape(moved, {n, Dim(c * s * s), Dim(high / s), Dim(wide / s)})});
}

// Each input as one row behind the batch, one behind the other: [N, sum of volumes, 1, 1].
Result<Tensors> flatten_concat(Network& network, const Tensors& in, const StockFields& fields) {
  Wiring w(network);
  w.require(!in.empty(), "FlattenConcat_TRT has at least one input");
  const int64_t axis = fields.integer("axis");
  w.require(axis >= 0 && axis <= 3, "the axis of FlattenConcat_TRT is " + std::to_string(axis) + "; 0 to 3 are known");
  Tensors rows;
  for (Tensor* x : in) {
    const Dims dims = w.dims(x);
    w.require(!dims.empty(), "an input of FlattenConcat_TRT has no batch");
    if (!w.ok()) return w.done({});
    rows.push_back(w.reshape(x, {dims[0], volume(Dims(dims.begin() + 1, dims.end())), Dim(1), Dim(1)}));
  }
  return w.done({w.concat(rows, 1)});
}

// The second input, [1, ...], for each image of the first.
Result<Tensors> batch_tile(Network& network, const Tensors& in, const StockFields&) {
  Wiring w(network);
  w.require(in.size() == 2, "BatchTilePlugin_TRT has two inputs");
  if (!w.ok()) return w.done({});
  if (in[1]->type.dims == in[0]->type.dims || w.dims(in[1])[0] == w.dims(in[0])[0]) return w.done({in[1]});
  return w.done({w.for_each_image(in[1], in[0])});
}

// x and two channels more: the row and the column of each element, from -1 to 1 (R. Liu et al., 2018).
Result<Tensors> coordinates(Network& network, const Tensors& in, const StockFields&) {
  Wiring w(network);
  w.require(in.size() == 1 && w.dims(in[0]).size() == 4, "CoordConvAC has one input of three dims behind the batch");
  if (!w.ok()) return w.done({});
  const int64_t high = w.size(in[0], 2), wide = w.size(in[0], 3);
  std::vector<double> values;
  const auto along = [](int64_t i, int64_t count) {
    return count < 2 ? -1.0 : 2.0 * static_cast<double>(i) / static_cast<double>(count - 1) - 1;
  };
  for (int64_t y = 0; y < high; ++y) values.insert(values.end(), static_cast<size_t>(wide), along(y, high));
  for (int64_t y = 0; y < high; ++y) {
    for (int64_t x = 0; x < wide; ++x) values.push_back(along(x, wide));
  }
  return w.done({w.concat({in[0], w.for_each_image(w.numbers(values, {1, 2, high, wide}, in[0]), in[0])}, 1)});
}

// The boxes of detections [N, D, 6]: their first four numbers.
Result<Tensors> special_slice(Network& network, const Tensors& in, const StockFields&) {
  Wiring w(network);
  w.require(in.size() == 1 && w.dims(in[0]).size() == 3, "SpecialSlice_TRT has one input [N, detections, 6]");
  if (!w.ok()) return w.done({});
  return w.done({w.slice(in[0], 2, 0, 4)});
}

// Pieces of the given lengths along an axis, where the batch is dim 0.
Result<Tensors> split(Network& network, const Tensors& in, const StockFields& fields) {
  Wiring w(network);
  w.require(in.size() == 1, "Split has one input");
  Tensors pieces;
  int64_t from = 0;
  for (int64_t length : fields.integers("output_lengths")) {
    w.require(length > 0, "a length of Split is " + std::to_string(length) + "; lengths are positive");
    pieces.push_back(w.slice(in[0], fields.integer("axis"), from, length));
    from += length;
  }
  w.require(!pieces.empty(), "Split has no output_lengths");
  return w.done(std::move(pieces));
}

// One behind the other along an axis, where the batch is dim 0.
Result<Tensors> join(Network& network, const Tensors& in, const StockFields& fields) {
  Wiring w(network);
  w.require(!in.empty(), "a concatenation has at least one input");
  return w.done({w.concat(in, fields.integer("axis"))});
}

Result<Tensors> permute(Network& network, const Tensors& in, const StockFields& fields) {
  Wiring w(network);
  w.require(in.size() == 1, "a permutation has one input");
  return w.done({w.transpose(in[0], fields.integers("order"))});
}

}  // namespace

std::vector<StockKind> moving_plugins() {
  return {
      {"Reorg_TRT", "1", {{"stride", kInteger, {2}}}, always("x"), reorganize},
      {"FlattenConcat_TRT", "1", {{"axis", kInteger, {1}}, {"ignoreBatch", kInteger, {0}}}, always("x"), flatten_concat},
      {"BatchTilePlugin_TRT", "1", {}, always("x"), batch_tile},
      {"CoordConvAC", "1", {}, always("x"), coordinates},
      {"SpecialSlice_TRT", "1", {}, always("x"), special_slice},
      {"Split",
       "1",
       {{"axis", kInteger, {0}}, {"output_lengths", kInteger}},
       [](const StockFields& fields) { return std::string(std::max<size_t>(fields.numbers("output_lengths").size(), 1), 'x'); },
       split},
      // In the registry of no year: what createSSDPermutePlugin and createConcatPlugin make.
      {"Concat_TRT", "1", {{"axis", kInteger, {1}}, {"ignoreBatch", kInteger, {0}}}, always("x"), join},
      {"Permute_TRT", "1", {{"order", kInteger, {0, 1, 2, 3}}}, always("x"), permute},
  };
}

}  // namespace ingot::api
