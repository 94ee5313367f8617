// Layers and constants that no output needs are removed.
#include "optimize/pattern.h"
#include "testing/example.h"

namespace ingot {

PASS(remove_unused) {
  const size_t layers = network.layers().size(), tensors = network.tensors().size();
  network.remove_unused();
  return network.layers().size() != layers || network.tensors().size() != tensors;
}

EXAMPLE("a layer that nobody reads goes") {
  expect_rewrite("remove_unused", R"(
    input x [2]
    y = relu(x)
    z = abs(x)
    w = neg(z)
    output y)",
                 R"(
    input x [2]
    y = relu(x)
    output y)");
}

EXAMPLE("a layer that an output needs stays") {
  expect_unchanged("remove_unused", R"(
    input x [2]
    y = relu(x)
    z = neg(y)
    output z)");
}

}  // namespace ingot
