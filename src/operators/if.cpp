#include "operators/if.h"

#include "operators/moving.h"
#include "operators/onnx_input.h"
#include "operators/register.h"
#include "operators/runtime_dims.h"
#include "operators/subnetwork.h"
#include "testing/example.h"

namespace ingot {

Result<If::Joined> If::join(const TensorTypes& inputs) const {
  if (inputs.empty() || inputs[0].type != DataType::kBool)
    return invalid("the condition is " + (inputs.empty() ? "missing" : inputs[0].text()) + "; one bool is wanted");
  const size_t then_count = then_branch ? then_branch->inputs().size() : 0, else_count = else_branch ? else_branch->inputs().size() : 0;
  if (inputs.size() != 1 + then_count + else_count) {
    return invalid("if takes the condition, " + std::to_string(then_count) + " inputs of then_branch and " + std::to_string(else_count) +
                   " of else_branch, not " + std::to_string(inputs.size()) + " inputs");
  }
  TRY(check_body(then_branch, then_count, 1, "then_branch"));
  TRY(check_body(else_branch, else_count, 1, "else_branch"));
  const auto middle = inputs.begin() + 1 + static_cast<ptrdiff_t>(then_count);
  TRY_ASSIGN(TensorTypes first, infer_subnetwork(*then_branch, {inputs.begin() + 1, middle}, "then_branch"));
  TRY_ASSIGN(TensorTypes second, infer_subnetwork(*else_branch, {middle, inputs.end()}, "else_branch"));
  if (first.size() != second.size()) {
    return invalid("then_branch gives " + std::to_string(first.size()) + " outputs, else_branch " + std::to_string(second.size()));
  }
  const std::set<std::string> known = symbols_of(inputs);
  Joined joined;
  for (size_t i = 0; i < first.size(); ++i) {
    if (first[i].type != second[i].type || first[i].rank() != second[i].rank()) {
      return invalid("output " + std::to_string(i) + " is " + first[i].text() + " of then_branch, but " + second[i].text() +
                     " of else_branch; types and ranks must agree");
    }
    TensorType type{first[i].type, first[i].dims};
    for (size_t k = 0; k < type.dims.size(); ++k) {
      if (type.dims[k] == second[i].dims[k] && is_known_by(type.dims[k], known)) continue;
      auto most = bound_in(first[i].dims[k], *then_branch, known), other = bound_in(second[i].dims[k], *else_branch, known);
      TRY_ASSIGN(type.dims[k], runtime_dim(kName, symbol, static_cast<int64_t>(joined.most.size())));
      joined.most.push_back(most && other ? std::optional(larger(*most, *other)) : std::nullopt);
    }
    if (first[i].values == second[i].values && type.dims == first[i].dims) type.values = first[i].values;
    joined.types.push_back(std::move(type));
  }
  return joined;
}

Result<TensorTypes> If::infer(const TensorTypes& inputs) const {
  TRY_ASSIGN(Joined joined, join(inputs));
  return joined.types;
}

Result<Arrays> If::evaluate(const Arrays& inputs) const {
  if (inputs[0].count() != 1) return invalid("the condition is " + to_text(inputs[0].shape()) + "; one bool is wanted");
  const auto middle = inputs.begin() + 1 + static_cast<ptrdiff_t>(then_branch->inputs().size());
  if (inputs[0].integer(0) != 0) return then_branch->evaluate({inputs.begin() + 1, middle}).within("in then_branch");
  return else_branch->evaluate({middle, inputs.end()}).within("in else_branch");
}

Result<std::vector<Tensor*>> If::from_onnx(const OnnxNode& node, Network& network) {
  auto op = std::make_unique<If>();
  TRY_ASSIGN(std::vector<Tensor*> inputs, required_inputs(node, 1));
  for (auto [attribute, branch] : {std::pair{"then_branch", &op->then_branch}, std::pair{"else_branch", &op->else_branch}}) {
    std::vector<Tensor*> captures;
    TRY_ASSIGN(*branch, node.graph(attribute, &captures));
    inputs.insert(inputs.end(), captures.begin(), captures.end());
  }
  TensorTypes types;
  for (const Tensor* input : inputs) types.push_back(input->type);
  if (!op->infer(types).ok()) op->symbol = network.make_symbol(std::string(kRuntimeSymbolPrefix) + "if");
  TRY_ASSIGN(Joined joined, op->join(types));
  const std::string symbol = op->symbol;
  TRY_ASSIGN(Layer * layer, network.add_layer(std::move(op), inputs, node.name()));
  for (size_t i = 0; i < joined.most.size(); ++i) {
    TRY_ASSIGN(Dim dim, runtime_dim(kName, symbol, static_cast<int64_t>(i)));
    if (joined.most[i]) network.bound_symbol(*dim.symbol_name(), *joined.most[i]);
  }
  return layer->outputs();
}

OPERATOR(If, if, {"If", If::from_onnx})

using namespace testing;

EXAMPLE("if takes one branch") {
  const std::string_view network =
      "input c bool []\ninput x [2]\ninput z [2]\n"
      "y = if(c, x, z) then_branch={\n  input x [2]\n  y = neg(x)\n  output y\n} else_branch={\n  input z [2]\n  y = exp(z)\n  output "
      "y\n}\noutput y\n";
  expect_values(network, {{{}, {1}}, {{2}, {1, 2}}, {{2}, {0, 0}}}, {-1, -2});
  expect_values(network, {{{}, {0}}, {{2}, {1, 2}}, {{2}, {0, 0}}}, {1, 1});
}

EXAMPLE("dims that differ between the branches get symbols") {
  const std::string_view network =
      "input c bool []\ninput x [n, 2]\n"
      "y = if(c, x, x) symbol=run_y then_branch={\n  input x [n, 2]\n  y = neg(x)\n  output y\n} else_branch={\n  input x [n, 2]\n  y = "
      "concat(x, x)\n  output y\n}\noutput y\n";
  expect_types(network, {"float [run_y, 2]"});
  expect_values(network, {{{}, {0}}, {{1, 2}, {1, 2}}}, {1, 2, 1, 2});
}

EXAMPLE("branches that do not agree are refused") {
  expect_error(
      "input c bool []\ninput x [2]\ny = if(c, x, x) then_branch={\n  input x [2]\n  y = neg(x)\n  output y\n} else_branch={\n  input x "
      "[2]\n  y = cast(x) to=int32\n  "
      "output y\n}\noutput y\n",
      "output 0 is float [2] of then_branch, but int32 [2] of else_branch");
  expect_error("input c bool []\ny = if(c)\noutput y\n", "then_branch is missing");
  expect_error("input c [2]\ny = if(c)\noutput y\n", "the condition is float [2]; one bool is wanted");
}

EXAMPLE("a branch is copied into the network around it") {
  auto body = parse_network("input x [2, m]\nweights w [1] = 3\ny = mul(x, w)\ni = nonzero(y) symbol=run_n\noutput y\noutput i\n");
  auto outer = parse_network("input x [2, k]\nweights w [1] = 5\ny = mul(x, w)\noutput y\n");
  expect_true(body.ok() && outer.ok(), "both parse");
  auto outputs = inline_subnetwork(**outer, **body, {(*outer)->find_tensor("y")});
  expect_true(outputs.ok() && outputs->size() == 2, "two outputs stand for the body's");
  for (Tensor* output : *outputs) expect_true((*outer)->mark_output(output).ok(), "they can be marked");
  expect_true((*outer)->verify().ok(), "the network is whole");
  auto values = (*outer)->evaluate({Array::of(DataType::kFloat, {2, 1}, std::vector<float>{1, 0})});
  expect_true(values.ok() && (*values)[1].floats() == std::vector<float>{15, 0} && (*values)[2].count() == 2, "15 0, and one place");
  expect_true((*outputs)[1]->type.dims[1] != Dim::symbol("run_n"), "the count has a name of its own");
}

}  // namespace ingot
