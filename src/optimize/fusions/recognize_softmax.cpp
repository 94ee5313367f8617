// exp(x - max(x)) / sum(exp(x - max(x))) => softmax(x); exp(x) / sum(exp(x)) => softmax(x); log(softmax(x)) => log softmax
#include "operators/reduce.h"
#include "operators/softmax.h"
#include "optimize/pattern.h"
#include "testing/example.h"

namespace ingot {

FUSION(recognize_softmax, kRecognize) {
  auto x = Pattern::any();
  const auto over_one_axis = [](ReduceKind kind) {
    return [kind](const Reduce& reduce) {
      return reduce.kind == kind && reduce.keepdims && reduce.axes.size() == 1 && reduce.epilogue.empty();
    };
  };
  auto largest = Pattern::of<Reduce>(x).with<Reduce>(over_one_axis(ReduceKind::kMax));
  auto shifted_exp = Pattern::of(ScalarOp::kExp, Pattern::of(ScalarOp::kSub, x, largest)).used_inside();
  auto shifted_sum = Pattern::of<Reduce>(shifted_exp).used_once().with<Reduce>(over_one_axis(ReduceKind::kSum));
  fusions.push_back({"recognize_softmax", Pattern::of(ScalarOp::kDiv, shifted_exp, shifted_sum),
                     [=](const Match& m, Network& network) -> Result<Tensor*> {
                       const int64_t axis = m.op<Reduce>(shifted_sum).axes[0];
                       if (m.op<Reduce>(largest).axes[0] != axis) return nullptr;
                       return network.add(Softmax(axis), {m[x]});
                     }});
  auto plain_exp = Pattern::of(ScalarOp::kExp, x).used_inside();
  auto plain_sum = Pattern::of<Reduce>(plain_exp).used_once().with<Reduce>(over_one_axis(ReduceKind::kSum));
  fusions.push_back({"recognize_softmax", Pattern::of(ScalarOp::kDiv, plain_exp, plain_sum),
                     [=](const Match& m, Network& network) { return network.add(Softmax(m.op<Reduce>(plain_sum).axes[0]), {m[x]}); }});
  auto softmax = Pattern::of<Softmax>(x).used_once().with<Softmax>([](const Softmax& op) { return !op.log; });
  fusions.push_back({"recognize_softmax", Pattern::of(ScalarOp::kLog, softmax),
                     [=](const Match& m, Network& network) { return network.add(Softmax(m.op<Softmax>(softmax).axis, true), {m[x]}); }});
}

EXAMPLE("exp(x - max(x)) / sum(exp(x - max(x))) => softmax(x)") {
  expect_rewrite("recognize_softmax", R"(
    input x [n, 3]
    m = reduce(x) kind=max axes=[1]
    d = sub(x, m)
    e = exp(d)
    s = reduce(e) kind=sum axes=[1]
    y = div(e, s)
    output y)",
                 "input x [n, 3]\n y = softmax(x) axis=1\n output y");
}
EXAMPLE("log(softmax(x)) is one layer") {
  expect_rewrite("recognize_softmax", "input x [n, 3]\n a = softmax(x) axis=1\n y = log(a)\n output y",
                 "input x [n, 3]\n y = softmax(x) axis=1 log=true\n output y");
}
EXAMPLE("exponentials that are read elsewhere stay") {
  expect_unchanged("recognize_softmax", R"(
    input x [n, 3]
    e = exp(x)
    s = reduce(e) kind=sum axes=[1]
    y = div(e, s)
    output y
    output e)");
}

}  // namespace ingot
