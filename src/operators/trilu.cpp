#include "operators/trilu.h"

#include "operators/moving.h"
#include "operators/onnx_input.h"
#include "operators/register.h"
#include "testing/example.h"

namespace ingot {

Result<TensorTypes> Trilu::infer(const TensorTypes& inputs) const {
  TRY(check_input_count(kName, inputs.size(), 1, 2));
  if (inputs[0].rank() < 2) return invalid("the input is " + inputs[0].text() + "; matrices [..., rows, columns] are wanted");
  if (inputs.size() > 1) TRY(check_index_type("k", inputs[1].type));
  return TensorTypes{{inputs[0].type, inputs[0].dims}};
}

Result<Arrays> Trilu::evaluate(const Arrays& inputs) const {
  const Array& x = inputs[0];
  if (bits_of(x.type()) < 8) return unsupported("elements of less than a byte");
  if (inputs.size() > 1 && inputs[1].count() != 1) return invalid("k is " + to_text(inputs[1].shape()) + "; one element is wanted");
  const int64_t diagonal = inputs.size() > 1 ? inputs[1].integer(0) : k;
  const int64_t columns = x.shape().back(), rows = x.shape()[x.shape().size() - 2];
  TRY_ASSIGN(Array y, Array::make(x.type(), x.shape()));
  with_element_of(x.type(), [&](auto element) {
    using T = decltype(element);
    T* to = y.as_mutable<T>();
    for (int64_t i = 0; i < x.count(); ++i) {
      const int64_t column = i % columns, row = i / columns % rows;
      // As numbers that cannot overflow: k may be anything.
      const bool stays = upper ? diagonal <= column - row : diagonal >= column - row;
      to[i] = stays ? x.as<T>()[i] : T{0};
    }
  });
  return Arrays{y};
}

Result<Tensor*> Trilu::from_onnx(const OnnxNode& node, Network& network) {
  Trilu op;
  TRY_ASSIGN(int64_t upper, node.integer("upper", 1));
  op.upper = upper != 0;
  TRY_ASSIGN(Tensor * x, required_input(node, 0));
  Tensor* k = node.input(1);
  if (!k) return network.add(op, {x}, node.name());
  auto numbers = constant_values(k->type);
  if (!numbers || numbers->size() != 1) return network.add(op, {x, k}, node.name());
  op.k = (*numbers)[0];
  return network.add(op, {x}, node.name());
}

OPERATOR(Trilu, trilu, {"Trilu", one_output<Trilu::from_onnx>})

using namespace testing;

EXAMPLE("trilu keeps a triangle") {
  const std::vector<Values> x = {{{2, 3}, {1, 2, 3, 4, 5, 6}}};
  expect_values("input x [2, 3]\ny = trilu(x)\noutput y\n", x, {1, 2, 3, 0, 5, 6});
  expect_values("input x [2, 3]\ny = trilu(x) k=1\noutput y\n", x, {0, 2, 3, 0, 0, 6});
  expect_values("input x [2, 3]\nweights k int64 [] = -1\ny = trilu(x, k) upper=false\noutput y\n", x, {0, 0, 0, 4, 0, 0});
}

EXAMPLE("a vector has no triangle") { expect_error("input x [3]\ny = trilu(x)\noutput y\n", "matrices [..., rows, columns] are wanted"); }

}  // namespace ingot
