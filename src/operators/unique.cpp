#include "operators/unique.h"

#include <algorithm>
#include <numeric>

#include "operators/moving.h"
#include "operators/onnx_input.h"
#include "operators/register.h"
#include "operators/runtime_dims.h"
#include "testing/example.h"

namespace ingot {

Result<TensorTypes> Unique::infer(const TensorTypes& inputs) const {
  TRY(check_input_count(kName, inputs.size(), 1, 1));
  const TensorType& x = inputs[0];
  TRY_ASSIGN(int64_t along, flat ? Result<int64_t>(0) : normalize_axis(axis, x.rank()));
  TensorType type{x.type, flat ? Dims{volume(x.dims)} : x.dims};
  const Dim length = type.dims[static_cast<size_t>(along)];
  TRY_ASSIGN(Dim count, runtime_dim(kName, symbol, 0));
  type.dims[static_cast<size_t>(along)] = count;
  return TensorTypes{type, {DataType::kInt64, {count}}, {DataType::kInt64, {length}}, {DataType::kInt64, {count}}};
}

Result<Arrays> Unique::evaluate(const Arrays& inputs) const {
  Array x = inputs[0];
  if (flat) {
    TRY_ASSIGN(x, inputs[0].reshaped({inputs[0].count()}));
  }
  TRY_ASSIGN(int64_t along, normalize_axis(flat ? 0 : axis, x.rank()));
  const int64_t length = x.shape()[static_cast<size_t>(along)];
  int64_t outer = 1, inner = 1;
  for (int64_t i = 0; i < x.rank(); ++i) (i < along ? outer : inner) *= i == along ? 1 : x.shape()[static_cast<size_t>(i)];
  const bool floating = is_floating(x.type());
  // -1, 0 or 1: how slice a compares with slice b.
  const auto compare = [&](int64_t a, int64_t b) {
    for (int64_t row = 0; row < outer; ++row) {
      for (int64_t column = 0; column < inner; ++column) {
        const int64_t i = (row * length + a) * inner + column, k = (row * length + b) * inner + column;
        if (floating ? x.number(i) < x.number(k) : x.integer(i) < x.integer(k)) return -1;
        if (floating ? x.number(i) > x.number(k) : x.integer(i) > x.integer(k)) return 1;
      }
    }
    return 0;
  };
  std::vector<int64_t> order(static_cast<size_t>(length));
  std::iota(order.begin(), order.end(), 0);
  std::stable_sort(order.begin(), order.end(), [&](int64_t a, int64_t b) { return compare(a, b) < 0; });
  // Groups of equal slices; the first of each is its first place, since the sort is stable.
  std::vector<std::vector<int64_t>> groups;
  for (int64_t i : order) {
    if (groups.empty() || compare(groups.back()[0], i) != 0) groups.emplace_back();
    groups.back().push_back(i);
  }
  if (!sorted) std::sort(groups.begin(), groups.end(), [](const auto& a, const auto& b) { return a[0] < b[0]; });
  std::vector<int64_t> first, counts, inverse(static_cast<size_t>(length));
  for (size_t group = 0; group < groups.size(); ++group) {
    first.push_back(groups[group][0]);
    counts.push_back(static_cast<int64_t>(groups[group].size()));
    for (int64_t member : groups[group]) inverse[static_cast<size_t>(member)] = static_cast<int64_t>(group);
  }
  std::vector<std::vector<int64_t>> sources(x.shape().size());
  for (size_t i = 0; i < sources.size(); ++i) {
    sources[i].resize(static_cast<size_t>(x.shape()[i]));
    std::iota(sources[i].begin(), sources[i].end(), 0);
  }
  sources[static_cast<size_t>(along)] = first;
  TRY_ASSIGN(Array values, pick_along_axes(x, sources));
  return Arrays{values, Array::from_int64s(first), Array::from_int64s(inverse), Array::from_int64s(counts)};
}

Result<std::vector<Tensor*>> Unique::from_onnx(const OnnxNode& node, Network& network) {
  Unique op;
  op.flat = !node.has("axis");
  TRY_ASSIGN(op.axis, node.integer("axis", 0));
  TRY_ASSIGN(int64_t sorted, node.integer("sorted", 1));
  op.sorted = sorted != 0;
  TRY_ASSIGN(Tensor * x, required_input(node, 0));
  Dim most = volume(x->type.dims);
  if (!op.flat) {
    TRY_ASSIGN(int64_t along, normalize_axis(op.axis, x->type.rank()));
    most = x->type.dims[static_cast<size_t>(along)];
  }
  TRY_ASSIGN(Layer * layer, add_runtime_sized(network, op.clone(), {x}, node.name(), {most}));
  return layer->outputs();
}

OPERATOR(Unique, unique, {"Unique", Unique::from_onnx})

using namespace testing;

EXAMPLE("unique sorts, or keeps the order of first places") {
  const std::vector<Values> x = {{{5}, {2, 1, 2, 3, 1}}};
  expect_values("input x [5]\nv, i, r, c = unique(x) symbol=run_n\noutput v\noutput i\noutput r\noutput c\n", x,
                {{1, 2, 3}, {1, 0, 3}, {1, 0, 1, 2, 0}, {2, 2, 1}});
  expect_values("input x [5]\nv, i, r, c = unique(x) sorted=false symbol=run_n\noutput v\noutput i\noutput r\noutput c\n", x,
                {{2, 1, 3}, {0, 1, 3}, {0, 1, 0, 2, 1}, {2, 2, 1}});
}

EXAMPLE("slices can be unique") {
  expect_values("input x [3, 2]\nv = unique(x) flat=false symbol=run_n\noutput v\n", {{{3, 2}, {3, 4, 1, 2, 3, 4}}}, {1, 2, 3, 4});
  expect_types("input x [3, 2]\nv = unique(x) flat=false axis=1 symbol=run_n\noutput v\n", {"float [3, run_n]"});
}

}  // namespace ingot
