#include "operators/dynamic_quantize.h"

#include <algorithm>
#include <cmath>

#include "operators/epilogue.h"
#include "operators/moving.h"
#include "operators/register.h"
#include "testing/example.h"

namespace ingot {
namespace {

// The largest number of a type of few bits; 0 for others.
double largest_of(DataType type) {
  switch (type) {
    case DataType::kFp4: return 6;
    case DataType::kFp8: return 448;
    case DataType::kInt8: return 127;
    case DataType::kInt4: return 7;
    default: return 0;
  }
}

int64_t extent(int64_t block, int64_t dim) { return block < 0 ? std::max<int64_t>(dim, 1) : block; }

}  // namespace

Result<TensorTypes> DynamicQuantize::infer(const TensorTypes& inputs) const {
  TRY(check_input_count(kName, inputs.size(), 1, 2));
  const TensorType& x = inputs[0];
  if (!is_floating(x.type)) return invalid("dynamic_quantize takes floating-point numbers, not " + x.text());
  if (largest_of(to) == 0) return invalid("dynamic_quantize gives fp4, fp8, int8 or int4, not " + std::string(name_of(to)));
  if (!is_floating(scale_type)) return invalid("scales are floating-point numbers, not " + std::string(name_of(scale_type)));
  if (static_cast<int64_t>(block.size()) != x.rank())
    return invalid("the block has " + std::to_string(block.size()) + " dimensions; " + x.text() + " has " + std::to_string(x.rank()));
  if (inputs.size() > 1 && !is_absent(inputs, 1) && !volume(inputs[1].dims).is(1))
    return invalid("the second scale is " + inputs[1].text() + "; one element is wanted");
  TensorType scales{scale_type, {}};
  for (size_t d = 0; d < block.size(); ++d) {
    if (block[d] == 0 || block[d] < -1) return invalid("a block has positive extents, or -1; got " + std::to_string(block[d]));
    scales.dims.push_back(block[d] < 0 ? Dim(1) : Dim::ceil_divide(x.dims[d], Dim(block[d])));
  }
  return TensorTypes{{to, x.dims}, std::move(scales)};
}

Result<Arrays> DynamicQuantize::evaluate(const Arrays& inputs) const {
  const Array& x = inputs[0];
  const double second = inputs.size() > 1 && !is_absent(inputs, 1) ? inputs[1].number(0) : 1;
  Shape blocks;
  for (size_t d = 0; d < block.size(); ++d) {
    const int64_t size = extent(block[d], x.shape()[d]);
    blocks.push_back(block[d] < 0 ? 1 : (x.shape()[d] + size - 1) / size);
  }
  TRY_ASSIGN(Array codes, Array::make(to, x.shape()));
  TRY_ASSIGN(Array scales, Array::make(scale_type, blocks));
  const auto block_of = [&](const Shape& index) {
    int64_t at = 0;
    for (size_t d = 0; d < block.size(); ++d) at = at * blocks[d] + index[d] / extent(block[d], x.shape()[d]);
    return at;
  };
  std::vector<double> most(static_cast<size_t>(scales.count()), 0);
  int64_t i = 0;
  for (IndexWalk walk(x.shape()); !walk.done(); walk.next(), ++i) {
    double& largest = most[static_cast<size_t>(block_of(walk.index()))];
    largest = std::max(largest, std::abs(x.number(i)));
  }
  for (int64_t k = 0; k < scales.count(); ++k) {
    double scale = most[static_cast<size_t>(k)] / largest_of(to) / second;
    if (scale_type == DataType::kE8m0)
      scale = scale > 0 ? std::exp2(std::clamp(std::ceil(std::log2(scale)), -127.0, 127.0)) : std::exp2(-127.0);
    scales.set_number(k, scale);
  }
  i = 0;
  for (IndexWalk walk(x.shape()); !walk.done(); walk.next(), ++i) {
    const double scale = scales.number(block_of(walk.index())) * second;
    const double value = scale > 0 ? x.number(i) / scale : 0;
    codes.set_number(i, std::clamp(value, -largest_of(to), largest_of(to)));
  }
  return Arrays{std::move(codes), std::move(scales)};
}

OPERATOR(DynamicQuantize, dynamic_quantize)

using namespace testing;

EXAMPLE("the largest value of a block becomes the largest code") {
  expect_values("input x [1, 4]\ny, s = dynamic_quantize(x) block=[1, 2] to=int8\noutput y\noutput s\n", {{{1, 4}, {127, -1, 0.5, 254}}},
                {127, -1, 0, 127, 1, 2});
  expect_values("input x [1, 2]\ny, s = dynamic_quantize(x) block=[1, -1] to=fp8 scale_type=e8m0\noutput y\noutput s\n",
                {{{1, 2}, {500, 1}}}, {256, 0.5, 2});
}

EXAMPLE("a block has an extent for each dimension") {
  expect_error("input x [1, 4]\ny, s = dynamic_quantize(x) block=[2]\noutput y\n", "the block has 1 dimensions");
}

}  // namespace ingot
