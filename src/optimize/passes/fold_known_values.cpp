// A small integer tensor whose elements inference knows, such as the shape of a tensor of known dims, becomes a constant.
#include "optimize/edit.h"
#include "optimize/pattern.h"
#include "testing/example.h"

namespace ingot {
namespace {

bool is_known(const Tensor& tensor) {
  if (!tensor.type.values || !all_constant(tensor.type.dims) || tensor.is_output()) return false;
  auto count = volume(constant_shape(tensor.type.dims));
  return count.ok() && *count == static_cast<int64_t>(tensor.type.values->size()) && all_constant(*tensor.type.values);
}

}  // namespace

PASS(fold_known_values) {
  bool changed = false;
  TRY_ASSIGN(std::vector<Layer*> order, network.in_order());
  for (Layer* layer : order) {
    if (!layer->op().is_pure()) continue;
    for (Tensor* output : layer->outputs()) {
      if (!is_known(*output) || output->readers().empty()) continue;
      TRY_ASSIGN(Array values, Array::make(output->type.type, constant_shape(output->type.dims)));
      for (size_t i = 0; i < output->type.values->size(); ++i)
        values.set_integer(static_cast<int64_t>(i), (*output->type.values)[i].value());
      Tensor* constant = network.add_constant(output->name, std::move(values));
      TRY(network.replace_all_uses(output, constant));
      changed = true;
    }
  }
  return changed;
}

EXAMPLE("the shape of known dims is a constant") {
  expect_rewrite("fold_known_values", R"(
    input x [2, 3]
    input y int64 [2]
    s = shape(x)
    z = add(s, y)
    output z)",
                 R"(
    input x [2, 3]
    input y int64 [2]
    weights s int64 [2] = 2 3
    z = add(s, y)
    output z)");
}

EXAMPLE("the shape of open dims is computed at run time") {
  expect_unchanged("fold_known_values", R"(
    input x [n, 3]
    input y int64 [2]
    s = shape(x)
    z = add(s, y)
    output z)");
}

}  // namespace ingot
