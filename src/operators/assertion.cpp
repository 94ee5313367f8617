#include "operators/assertion.h"

#include "operators/register.h"
#include "testing/example.h"

namespace ingot {

Result<TensorTypes> Assertion::infer(const TensorTypes& inputs) const {
  if (inputs.size() != 1 || inputs[0].type != DataType::kBool)
    return invalid("an assertion takes one condition of bools, not " + (inputs.empty() ? "nothing" : inputs[0].text()));
  for (const Dim& value : inputs[0].values.value_or(std::vector<Dim>())) {
    if (value.is(0)) return invalid("the assertion is false: " + message);
  }
  return TensorTypes{};
}

Result<Arrays> Assertion::evaluate(const Arrays& inputs) const {
  for (int64_t i = 0; i < inputs[0].count(); ++i) {
    if (inputs[0].integer(i) == 0) return invalid("the assertion is false: " + message);
  }
  return Arrays{};
}

OPERATOR(Assertion, assertion)

EXAMPLE("an assertion that holds is silent, and one that does not says its message") {
  Assertion op;
  op.message = "sizes differ";
  const Array held = Array::of(DataType::kBool, {2}, std::vector<int64_t>{1, 1}),
              broken = Array::of(DataType::kBool, {2}, std::vector<int64_t>{1, 0});
  testing::expect_true(op.evaluate({held}).ok(), "all elements are true");
  const auto failed = op.evaluate({broken});
  testing::expect_true(!failed.ok(), "one element is false");
  if (!failed.ok()) testing::expect_message(failed.error(), "sizes differ");
}

}  // namespace ingot
