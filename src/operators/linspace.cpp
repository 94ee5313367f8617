#include "operators/linspace.h"

#include "operators/epilogue.h"
#include "operators/moving.h"
#include "operators/register.h"
#include "operators/runtime_dims.h"
#include "testing/example.h"

namespace ingot {

Result<Dims> filled_dims(std::string_view op, const DimList& dims, const TensorTypes& inputs, const std::string& symbol) {
  Dims result;
  if (inputs.empty() || is_absent(inputs, 0)) {
    TRY_ASSIGN(result, dims.resolve({}));
  } else {
    TRY(check_index_type("dims", inputs[0].type));
    if (inputs[0].rank() != 1 || !inputs[0].dims[0].is_constant())
      return invalid("dims " + inputs[0].text() + ": an integer tensor [rank] of a known length is wanted");
    if (inputs[0].values) result = *inputs[0].values;
    for (int64_t i = 0; i < inputs[0].dims[0].value() && !inputs[0].values; ++i) {
      TRY_ASSIGN(Dim dim, runtime_dim(op, symbol, i));
      result.push_back(dim);
    }
  }
  for (const Dim& dim : result) {
    if (dim.is_constant() && dim.value() < 0) return invalid("dims " + to_text(result) + ": " + dim.text() + " is no dim");
  }
  return result;
}

Result<TensorTypes> Linspace::infer(const TensorTypes& inputs) const {
  TRY(check_input_count(kName, inputs.size(), 0, 3));
  if (to == DataType::kBool || bits_of(to) < 8)
    return invalid("linspace gives numbers of at least a byte, not " + std::string(name_of(to)));
  TensorType type{to, {}};
  TRY_ASSIGN(type.dims, filled_dims(kName, dims, inputs, symbol));
  if (inputs.size() > 1 && !is_absent(inputs, 1) && !volume(inputs[1].dims).is(1))
    return invalid("the start is " + inputs[1].text() + "; one element is wanted");
  if (inputs.size() > 2 && !is_absent(inputs, 2)) {
    const Dim count = volume(inputs[2].dims);
    if (!count.is(1) && !count.is(type.rank()))
      return invalid("delta is " + inputs[2].text() + "; one element, or one a dimension of " + to_text(type.dims) + ", is wanted");
    if (count.is(1) && type.rank() > 1) return invalid("delta is one element for " + to_text(type.dims) + "; one a dimension is wanted");
  } else if (type.rank() > 1) {
    return invalid("a linspace of " + to_text(type.dims) + " needs a delta for each dimension, as a tensor");
  }
  carry_all_values(*this, inputs, &type);
  return TensorTypes{type};
}

Result<Arrays> Linspace::evaluate(const Arrays& inputs) const {
  const bool has_dims = !inputs.empty() && !is_absent(inputs, 0), has_start = inputs.size() > 1 && !is_absent(inputs, 1),
             has_delta = inputs.size() > 2 && !is_absent(inputs, 2);
  const Shape shape = has_dims ? Shape(inputs[0].integers()) : constant_shape(dims.dims);
  TRY_ASSIGN(Array y, Array::make(to, shape));
  const bool exact = to == DataType::kInt64 || to == DataType::kInt32;
  int64_t i = 0;
  for (IndexWalk walk(shape); !walk.done(); walk.next(), ++i) {
    if (exact) {
      // Wraps around like the types do.
      const auto a = static_cast<uint64_t>(has_start                ? inputs[1].integer(0)
                                           : to == DataType::kInt64 ? int_start
                                                                    : static_cast<int64_t>(start));
      uint64_t sum = a;
      for (size_t d = 0; d < shape.size(); ++d) {
        const int64_t step = has_delta                ? inputs[2].integer(static_cast<int64_t>(d))
                             : to == DataType::kInt64 ? int_delta
                                                      : static_cast<int64_t>(delta);
        sum += static_cast<uint64_t>(walk.index()[d]) * static_cast<uint64_t>(step);
      }
      y.set_integer(i, to == DataType::kInt32 ? static_cast<int32_t>(sum) : static_cast<int64_t>(sum));
    } else {
      double sum = has_start ? inputs[1].number(0) : start;
      for (size_t d = 0; d < shape.size(); ++d)
        sum += static_cast<double>(walk.index()[d]) * (has_delta ? inputs[2].number(static_cast<int64_t>(d)) : delta);
      y.set_number(i, sum);
    }
  }
  return Arrays{std::move(y)};
}

OPERATOR(Linspace, linspace)

using namespace testing;

EXAMPLE("a line, and a plane with a step for each dimension") {
  expect_values("y = linspace() dims=[3] start=1 delta=0.5\noutput y\n", {}, {1, 1.5, 2});
  expect_values("input a int32 []\ninput d int32 [2]\ninput s int32 [2]\ny = linspace(s, a, d) to=int32 symbol=run_n\noutput y\n",
                {{{}, {7}}, {{2}, {10, 1}}, {{2}, {2, 3}}}, {7, 8, 9, 17, 18, 19});
  expect_error("y = linspace() dims=[2, 3]\noutput y\n", "a delta for each dimension");
}

EXAMPLE("in more dims than kernels of the GPU count") {
  expect_values("input a int32 []\ninput d int32 [9]\ny = linspace(_, a, d) dims=[1, 1, 1, 1, 2, 1, 1, 1, 2] to=int32\noutput y\n",
                {{{}, {7}}, {{9}, {0, 0, 0, 0, 10, 0, 0, 0, 1}}}, {7, 8, 17, 18});
}

}  // namespace ingot
