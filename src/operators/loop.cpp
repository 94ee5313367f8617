#include "operators/loop.h"

#include "operators/moving.h"
#include "operators/onnx_input.h"
#include "operators/register.h"
#include "operators/runtime_dims.h"
#include "operators/subnetwork.h"
#include "testing/example.h"

namespace ingot {

namespace {

// A tensor of one element: what the trip count and the condition are.
Status check_scalar(const TensorType& type, DataType wanted, const std::string& what) {
  if (type.type == wanted && volume(type.dims).is(1)) return Ok{};
  return invalid(what + " is " + type.text() + "; one " + std::string(name_of(wanted)) + " is wanted");
}

}  // namespace

Result<Loop::Types> Loop::types(const TensorTypes& inputs) const {
  const size_t count = static_cast<size_t>(std::max<int64_t>(carried, 0));
  if (inputs.size() < 2 + count)
    return invalid("loop takes a trip count, a condition and " + std::to_string(count) + " carried values, not " +
                   std::to_string(inputs.size()) + " inputs");
  TRY(check_scalar(inputs[0], DataType::kInt64, "the trip count"));
  TRY(check_scalar(inputs[1], DataType::kBool, "the condition"));
  TRY(check_body(body, inputs.size(), 1 + count, "the body"));
  Types result;
  result.body_inputs = inputs;
  // The body gets scalars, or [1], as it declares them.
  for (size_t i = 0; i < 2; ++i) result.body_inputs[i] = {inputs[i].type, body->inputs()[i]->type.dims};
  for (size_t i = 0; i < 2; ++i)
    TRY(check_scalar(result.body_inputs[i], inputs[i].type, i == 0 ? "the body's iteration number" : "the body's condition"));
  for (size_t i = 0; i < count; ++i) result.body_inputs[2 + i].values.reset();

  // Dims of carried values that change from one iteration to the next become symbols, until nothing changes any more.
  std::vector<std::vector<bool>> varies(count);
  std::vector<Dims> first(count);  // what an iteration makes of the dims at the start
  for (size_t i = 0; i < count; ++i) {
    varies[i].assign(inputs[2 + i].dims.size(), false);
    first[i] = inputs[2 + i].dims;
  }
  int64_t symbols = 0;
  TensorTypes given;
  for (bool changed = true; changed;) {
    changed = false;
    TRY_ASSIGN(given, infer_subnetwork(*body, result.body_inputs, "the body"));
    for (size_t i = 0; i < count; ++i) {
      TensorType &before = result.body_inputs[2 + i], &after = given[1 + i];
      if (before.type != after.type || before.rank() != after.rank()) {
        return invalid("carried value " + std::to_string(i) + " is " + before.text() + " before an iteration of the body and " +
                       after.text() + " behind it; types and ranks must agree");
      }
      for (size_t k = 0; k < before.dims.size(); ++k) {
        if (varies[i][k] || before.dims[k] == after.dims[k]) continue;
        varies[i][k] = changed = true;
        first[i][k] = after.dims[k];
        TRY_ASSIGN(before.dims[k], runtime_dim(kName, symbol, symbols++));
      }
    }
  }

  const std::set<std::string> known = symbols_of(inputs);
  const auto add_symbol = [&](std::optional<Dim> most) -> Result<Dim> {
    TRY_ASSIGN(Dim dim, runtime_dim(kName, symbol, symbols++));
    result.symbols.emplace_back(dim, std::move(most));
    return dim;
  };
  std::optional<Dim> trips;
  if (inputs[0].values && !inputs[0].values->empty()) trips = larger((*inputs[0].values)[0], 0);
  if (trips && trips->is(INT64_MAX)) trips.reset();
  // A dim that the first iteration sets and later ones keep is bounded by both, one that grows by as much each time by their number.
  std::map<std::string, Dim, std::less<>> bounds;
  const auto bound_of_carried = [&](size_t i, size_t k) -> std::optional<Dim> {
    const Dim &carried = result.body_inputs[2 + i].dims[k], &later = given[1 + i].dims[k];
    std::optional<Dim> most = bound_in(first[i][k], *body, known);
    const Dim growth = later - carried;
    const auto is_small = [](const Dim& dim) { return !dim.is_constant() || dim.value() <= INT32_MAX; };
    if (trips && later != carried && is_known_by(growth, known) && is_small(*trips) && is_small(growth)) {
      most = inputs[2 + i].dims[k] + larger(growth, 0) * *trips;
    } else if (most && later != carried) {
      const std::optional<Dim> last = bound_in(later, *body, known);
      most = last ? std::optional(larger(*most, *last)) : std::nullopt;
    }
    if (!most) return std::nullopt;
    most = larger(inputs[2 + i].dims[k], *most);
    bounds[*carried.symbol_name()] = *most;
    return most;
  };
  for (size_t i = 0; i < count; ++i) {
    TensorType type{given[1 + i].type, given[1 + i].dims};
    for (size_t k = 0; k < type.dims.size(); ++k) {
      if (!varies[i][k]) continue;
      TRY_ASSIGN(type.dims[k], add_symbol(bound_of_carried(i, k)));
    }
    result.outputs.push_back(std::move(type));
  }
  const bool starts = inputs[1].values && inputs[1].values->size() == 1 && (*inputs[1].values)[0].is(1);
  const bool exact = trips && starts && hands_on(*body, 0, 1, true);
  for (size_t i = 1 + count; i < given.size(); ++i) {
    TensorType type{given[i].type, {}};
    Dim iterations;
    if (exact) {
      iterations = *trips;
    } else {
      TRY_ASSIGN(iterations, add_symbol(trips));
    }
    type.dims.push_back(iterations);
    for (const Dim& dim : given[i].dims) {
      Dim outer = dim;
      if (!is_known_by(dim, known)) {
        TRY_ASSIGN(outer, add_symbol(bound_in(dim.substitute(bounds), *body, known)));
      }
      type.dims.push_back(outer);
    }
    result.outputs.push_back(std::move(type));
  }
  return result;
}

Result<TensorTypes> Loop::infer(const TensorTypes& inputs) const {
  TRY_ASSIGN(Types result, types(inputs));
  return result.outputs;
}

Result<Arrays> Loop::evaluate(const Arrays& inputs) const {
  const size_t count = static_cast<size_t>(carried), scanned = body->outputs().size() - 1 - count;
  if (inputs[0].count() != 1 || inputs[1].count() != 1) return invalid("the trip count and the condition are one element each");
  const int64_t trips = inputs[0].integer(0);
  Arrays arguments = inputs;
  std::vector<Arrays> scans(scanned);
  // The body may take the number and the condition as scalars or as [1].
  TRY_ASSIGN(arguments[1], inputs[1].reshaped(constant_shape(body->inputs()[1]->type.dims)));
  for (int64_t i = 0; i < trips && arguments[1].integer(0) != 0; ++i) {
    TRY_ASSIGN(arguments[0], Array::from_int64s({i}).reshaped(constant_shape(body->inputs()[0]->type.dims)));
    TRY_ASSIGN(Arrays results, body->evaluate(arguments).within("in iteration " + std::to_string(i)));
    if (results[0].count() != 1) return invalid("the body's condition is " + to_text(results[0].shape()) + "; one bool is wanted");
    TRY_ASSIGN(arguments[1], results[0].reshaped(arguments[1].shape()));
    for (size_t k = 0; k < count; ++k) arguments[2 + k] = results[1 + k];
    for (size_t k = 0; k < scanned; ++k) scans[k].push_back(results[1 + count + k]);
  }
  Arrays outputs(arguments.begin() + 2, arguments.begin() + 2 + static_cast<ptrdiff_t>(count));
  for (size_t k = 0; k < scanned; ++k) {
    const TensorType& type = body->outputs()[1 + count + k]->type;
    // Dims of what was never computed are 0 where they are not numbers.
    Shape none;
    for (const Dim& dim : type.dims) none.push_back(dim.constant().value_or(0));
    TRY_ASSIGN(Array stacked, stack(scans[k], 0, type.type, none));
    outputs.push_back(std::move(stacked));
  }
  return outputs;
}

Result<std::vector<Tensor*>> Loop::from_onnx(const OnnxNode& node, Network& network) {
  auto op = std::make_unique<Loop>();
  std::vector<Tensor*> inputs{node.input(0), node.input(1)};
  if (!inputs[0]) {
    TRY_ASSIGN(Array forever, Array::from_int64s({INT64_MAX}).reshaped({}));
    inputs[0] = network.add_constant("", forever);
  }
  if (!inputs[1]) inputs[1] = network.add_constant("", Array::scalar(DataType::kBool, 1));
  for (size_t i = 2; i < node.input_count(); ++i) {
    TRY_ASSIGN(Tensor * start, required_input(node, i));
    inputs.push_back(start);
  }
  const size_t own = inputs.size();
  op->carried = static_cast<int64_t>(own) - 2;
  TensorTypes body_types{{DataType::kInt64, {}}, {DataType::kBool, {}}};
  for (size_t i = 2; i < own; ++i) body_types.push_back({inputs[i]->type.type, inputs[i]->type.dims});
  // The body is read with the types of the first iteration. Where these change, what was read may hold for the first one only (a shape
  // that looked constant), so it is read once more with symbols in their place.
  Types known;
  for (bool settled = false; !settled;) {
    std::vector<Tensor*> captures;
    TRY_ASSIGN(op->body, node.graph("body", &captures, &body_types));
    inputs.resize(own);
    inputs.insert(inputs.end(), captures.begin(), captures.end());
    TensorTypes outer;
    for (const Tensor* input : inputs) outer.push_back(input->type);
    if (op->symbol.empty() && !op->types(outer).ok()) op->symbol = network.make_symbol(std::string(kRuntimeSymbolPrefix) + "loop");
    TRY_ASSIGN(known, op->types(outer));
    settled = true;
    for (size_t i = 2; i < own; ++i) {
      settled = settled && known.body_inputs[i].dims == body_types[i].dims;
      body_types[i] = known.body_inputs[i];
    }
  }
  TRY_ASSIGN(Layer * layer, network.add_layer(std::move(op), inputs, node.name()));
  for (const auto& [dim, most] : known.symbols) {
    if (most) network.bound_symbol(*dim.symbol_name(), *most);
  }
  return layer->outputs();
}

OPERATOR(Loop, loop, {"Loop", Loop::from_onnx})

using namespace testing;

EXAMPLE("a loop carries a value and collects another") {
  const std::string_view network =
      "input x [2]\nweights m int64 [] = 3\nweights c bool [] = 1\n"
      "y, s = loop(m, c, x) carried=1 body={\n  input i int64 []\n  input c bool []\n  input v [2]\n"
      "  d = identity(c)\n  w = add(v, v)\n  o = identity(v)\n  output d\n  output w\n  output o\n}\noutput y\noutput s\n";
  expect_values(network, {{{2}, {1, 2}}}, {{8, 16}, {1, 2, 2, 4, 4, 8}});
  expect_types(network, {"float [2]", "float [3, 2]"});
}

EXAMPLE("a loop ends when its condition is false") {
  const std::string_view network =
      "input x int64 []\nweights m int64 [] = 100\nweights c bool [] = 1\nweights four int64 [] = 4\n"
      "y, s = loop(m, c, x, four) carried=1 symbol=run_s body={\n  input i int64 []\n  input c bool []\n  input v int64 []\n  input four "
      "int64 []\n"
      "  w = add(v, i)\n  d = less(w, four)\n  o = identity(w)\n  output d\n  output w\n  output o\n}\noutput y\noutput s\n";
  expect_values(network, {{{}, {0}}}, {{6}, {0, 1, 3, 6}});
  expect_types(network, {"int64 []", "int64 [run_s]"});
}

EXAMPLE("a carried value may grow") {
  const std::string_view network =
      "input x [1]\nweights m int64 [] = 3\nweights c bool [] = 1\n"
      "y = loop(m, c, x) carried=1 symbol=run_y body={\n  input i int64 []\n  input c bool []\n  input v [k]\n"
      "  d = identity(c)\n  w = concat(v, v)\n  output d\n  output w\n}\noutput y\n";
  expect_values(network, {{{1}, {5}}}, {5, 5, 5, 5, 5, 5, 5, 5});
  expect_types(network, {"float [run_y_1]"});
}

EXAMPLE("a loop that never runs hands on what it starts from") {
  expect_values(
      "input x [2]\nweights m int64 [] = 0\nweights c bool [] = 1\n"
      "y, s = loop(m, c, x) carried=1 body={\n  input i int64 []\n  input c bool []\n  input v [2]\n"
      "  d = identity(c)\n  w = add(v, v)\n  o = identity(v)\n  output d\n  output w\n  output o\n}\noutput y\noutput s\n",
      {{{2}, {1, 2}}}, {1, 2});
}

EXAMPLE("a body that does not fit is refused") {
  expect_error("input x [2]\nweights m int64 [] = 3\nweights c bool [] = 1\ny = loop(m, c, x) carried=1\noutput y\n",
               "the body is missing");
  expect_error(
      "input x [2]\nweights m int64 [] = 3\nweights c bool [] = 1\ny = loop(m, c, x) carried=1 body={\n  input i int64 []\n  input c bool "
      "[]\n  input v [2]\n"
      "  d = identity(c)\n  w = cast(v) to=half\n  output d\n  output w\n}\noutput y\n",
      "carried value 0 is float [2] before an iteration of the body and half [2] behind it");
  expect_error("input x [2]\nweights m int64 [2] = 3 4\nweights c bool [] = 1\ny = loop(m, c, x) carried=1\noutput y\n",
               "the trip count is int64 [2]; one int64 is wanted");
}

}  // namespace ingot
