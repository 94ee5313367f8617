#include "operators/topk.h"

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

// Orders elements of one type; NaN stands above all numbers, as in frameworks.
template <class T>
bool above(T a, T b) {
  if constexpr (std::is_floating_point_v<T>) {
    if (std::isnan(a) || std::isnan(b)) return std::isnan(a) && !std::isnan(b);
  }
  return a > b;
}

template <class T>
void select(const std::vector<T>& row, int64_t k, bool largest, std::vector<int64_t>* order) {
  order->resize(row.size());
  std::iota(order->begin(), order->end(), 0);
  const auto first = [&](int64_t a, int64_t b) {
    const T x = row[static_cast<size_t>(a)], y = row[static_cast<size_t>(b)];
    if (largest ? above(x, y) : above(y, x)) return true;
    if (largest ? above(y, x) : above(x, y)) return false;
    return a < b;
  };
  std::partial_sort(order->begin(), order->begin() + k, order->end(), first);
}

}  // namespace

Result<TensorTypes> TopK::infer(const TensorTypes& inputs) const {
  TRY(check_input_count(kName, inputs.size(), 1, 2));
  const TensorType& x = inputs[0];
  TRY_ASSIGN(int64_t along, normalize_axis(axis, x.rank()));
  const Dim& length = x.dims[static_cast<size_t>(along)];
  Dim count = k;
  if (inputs.size() > 1) {
    TRY(check_index_type("k", inputs[1].type));
    if (inputs[1].values && inputs[1].values->size() == 1) {
      count = (*inputs[1].values)[0];
    } else {
      TRY_ASSIGN(count, runtime_dim(kName, symbol, 0));
    }
  }
  auto excess = range_of(count - length);
  if ((count.is_constant() && count.value() < 0) || (excess && excess->least > 0)) {
    return invalid("k is " + count.text() + ", but axis " + std::to_string(along) + " of " + to_text(x.dims) + " has " + length.text() +
                   " elements");
  }
  TensorType values{x.type, x.dims}, indices{index_type, x.dims};
  values.dims[static_cast<size_t>(along)] = indices.dims[static_cast<size_t>(along)] = count;
  return TensorTypes{values, indices};
}

Result<Arrays> TopK::evaluate(const Arrays& inputs) const {
  const Array& x = inputs[0];
  TRY_ASSIGN(int64_t along, normalize_axis(axis, x.rank()));
  int64_t count = k;
  if (inputs.size() > 1) {
    if (inputs[1].count() != 1) return invalid("k is " + to_text(inputs[1].shape()) + "; one element is wanted");
    count = inputs[1].integer(0);
  }
  Shape shape = x.shape();
  const int64_t length = shape[static_cast<size_t>(along)];
  if (count < 0 || count > length)
    return invalid("k is " + std::to_string(count) + ", but axis " + std::to_string(along) + " of " + to_text(shape) + " has " +
                   std::to_string(length) + " elements");
  shape[static_cast<size_t>(along)] = count;
  TRY_ASSIGN(Array values, Array::make(x.type(), shape));
  TRY_ASSIGN(Array indices, Array::make(index_type, shape));
  int64_t inner = 1;
  for (size_t i = static_cast<size_t>(along) + 1; i < shape.size(); ++i) inner *= shape[i];
  const int64_t rows = values.count() == 0 ? 0 : values.count() / (count * inner);
  std::vector<double> numbers(static_cast<size_t>(length));
  std::vector<int64_t> integers(static_cast<size_t>(length)), order;
  for (int64_t row = 0; row < rows; ++row) {
    for (int64_t column = 0; column < inner; ++column) {
      const auto from = [&](int64_t i) { return (row * length + i) * inner + column; };
      if (is_floating(x.type())) {
        for (int64_t i = 0; i < length; ++i) numbers[static_cast<size_t>(i)] = x.number(from(i));
        select(numbers, count, largest, &order);
      } else {
        for (int64_t i = 0; i < length; ++i) integers[static_cast<size_t>(i)] = x.integer(from(i));
        select(integers, count, largest, &order);
      }
      for (int64_t i = 0; i < count; ++i) {
        const int64_t to = (row * count + i) * inner + column, source = order[static_cast<size_t>(i)];
        if (is_floating(x.type()))
          values.set_number(to, numbers[static_cast<size_t>(source)]);
        else
          values.set_integer(to, integers[static_cast<size_t>(source)]);
        indices.set_integer(to, source);
      }
    }
  }
  return Arrays{values, indices};
}

Result<std::vector<Tensor*>> TopK::from_onnx(const OnnxNode& node, Network& network) {
  TopK op;
  TRY_ASSIGN(Tensor * x, required_input(node, 0));
  TRY_ASSIGN(op.axis, node.integer("axis", -1));
  TRY_ASSIGN(int64_t largest, node.integer("largest", 1));
  TRY_ASSIGN(int64_t sorted, node.integer("sorted", 1));
  op.largest = largest != 0;
  op.sorted = sorted != 0;
  std::vector<Tensor*> inputs{x};
  if (node.has("k")) {  // before opset 10
    TRY_ASSIGN(op.k, node.integer("k", -1));
  } else {
    TRY_ASSIGN(Tensor * count, required_input(node, 1));
    auto numbers = constant_values(count->type);
    if (numbers && numbers->size() == 1)
      op.k = (*numbers)[0];
    else
      inputs.push_back(count);
  }
  TRY_ASSIGN(int64_t along, normalize_axis(op.axis, x->type.rank()));
  TRY_ASSIGN(Layer * layer, add_runtime_sized(network, op.clone(), inputs, node.name(), {x->type.dims[static_cast<size_t>(along)]}));
  return layer->outputs();
}

OPERATOR(TopK, topk, {"TopK", TopK::from_onnx})

using namespace testing;

EXAMPLE("topk gives the largest elements and their places") {
  expect_values("input x [2, 4]\nv, i = topk(x) k=2\noutput v\noutput i\n", {{{2, 4}, {1, 4, 3, 2, 5, 5, 7, 5}}},
                {{4, 3, 7, 5}, {1, 2, 2, 0}});
  expect_values("input x [3, 1]\nv, i = topk(x) k=1 axis=0 largest=false index_type=int32\noutput v\noutput i\n", {{{3, 1}, {3, 1, 2}}},
                {1, 1});
}

EXAMPLE("k may be a tensor") {
  expect_types("input x [2, n]\ninput k int64 [1]\nv, i = topk(x, k) symbol=run_k\noutput v\noutput i\n",
               {"float [2, run_k]", "int64 [2, run_k]"});
}

EXAMPLE("a k larger than the axis is refused") {
  expect_error("input x [2, 4]\nv, i = topk(x) k=5\noutput v\n", "k is 5, but axis 1 of [2, 4] has 4 elements");
}

}  // namespace ingot
