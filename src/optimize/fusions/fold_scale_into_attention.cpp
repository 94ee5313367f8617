// attention(q * c, k) => attention(q, k) with scale c; the same for k; c a number
#include "operators/attention.h"
#include "optimize/edit.h"
#include "optimize/pattern.h"
#include "testing/example.h"

namespace ingot {

FUSION(fold_scale_into_attention, kRecognizeAttention) {
  auto q = Pattern::any(), k = Pattern::any(), v = Pattern::any(), c = Pattern::number();
  for (const bool on_q : {true, false}) {
    for (ScalarOp op : {ScalarOp::kMul, ScalarOp::kDiv}) {
      auto scaled = Pattern::of(op, on_q ? q : k, c).used_once();
      auto root =
          Pattern::of<Attention>(on_q ? scaled : q, on_q ? k : scaled, v).with_more_inputs().with<Attention>([](const Attention& op) {
            return op.scale != 0 && !op.packed && op.softcap == 0;
          });
      fusions.push_back({"fold_scale_into_attention", root, [=](const Match& m, Network& network) -> Result<Tensor*> {
                           Attention attention = m.op<Attention>(root);
                           const double factor = m.number(c);
                           if (factor == 0) return nullptr;
                           attention.scale = op == ScalarOp::kMul ? attention.scale * factor : attention.scale / factor;
                           std::vector<Tensor*> inputs{m[q], m[k], m[v]};
                           if (m.layer(root).input(3)) inputs.push_back(m.layer(root).input(3));
                           return network.add(attention, inputs);
                         }});
    }
  }
}

EXAMPLE("factors on q and k are part of the scale") {
  expect_rewrite("fold_scale_into_attention", R"(
    input q [n, 3, 8]
    input k [n, 3, 8]
    input v [n, 3, 8]
    weights c float [1] = 0.5
    a = mul(q, c)
    b = mul(c, k)
    y = attention(a, b, v) scale=1 heads=2
    output y)",
                 R"(
    input q [n, 3, 8]
    input k [n, 3, 8]
    input v [n, 3, 8]
    y = attention(q, k, v) scale=0.25 heads=2
    output y)");
}

EXAMPLE("a factor for each column stays") {
  expect_unchanged("fold_scale_into_attention", R"(
    input q [n, 3, 2]
    input k [n, 3, 2]
    input v [n, 3, 2]
    weights c float [2] = 0.5 2
    a = mul(q, c)
    y = attention(a, k, v) scale=1 heads=2
    output y)");
}

}  // namespace ingot
