// A dequantize that several layers read becomes one for each of them, so that each can absorb its own and the bytes are what is stored.
#include <algorithm>

#include "operators/dequantize.h"
#include "optimize/edit.h"
#include "optimize/pattern.h"
#include "testing/example.h"

namespace ingot {

PASS(split_dequantize) {
  bool changed = false;
  TRY_ASSIGN(std::vector<Layer*> order, network.in_order());
  for (Layer* layer : order) {
    const auto* op = layer->as<Dequantize>();
    if (!op || layer->input(0)->is_constant()) continue;
    Tensor* output = layer->output();
    std::vector<Layer*> readers = output->readers();
    std::sort(readers.begin(), readers.end(), [](const Layer* a, const Layer* b) { return a->id() < b->id(); });
    readers.erase(std::unique(readers.begin(), readers.end()), readers.end());
    const size_t kept = output->is_output() ? 0 : 1;
    for (size_t i = kept; i < readers.size(); ++i) {
      TRY_ASSIGN(Tensor * own, network.add(*op, layer->inputs(), layer->name));
      for (size_t k = 0; k < readers[i]->inputs().size(); ++k) {
        if (readers[i]->input(k) == output) TRY(network.set_input(readers[i], k, own));
      }
      changed = true;
    }
  }
  return changed;
}

EXAMPLE("each reader dequantizes for itself") {
  expect_rewrite("split_dequantize", R"(
    input x int8 [2]
    weights s float [] = 0.5
    a = dequantize(x, s)
    y = relu(a)
    z = exp(a)
    output y
    output z)",
                 R"(
    input x int8 [2]
    weights s float [] = 0.5
    a = dequantize(x, s)
    b = dequantize(x, s)
    y = relu(a)
    z = exp(b)
    output y
    output z)");
}

EXAMPLE("one reader has it for itself already") {
  expect_unchanged("split_dequantize", R"(
    input x int8 [2]
    weights s float [] = 0.5
    a = dequantize(x, s)
    y = mul(a, a)
    output y)");
}

}  // namespace ingot
