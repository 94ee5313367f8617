#include "operators/reshape.h"

#include <algorithm>

#include "operators/moving.h"
#include "operators/onnx_input.h"
#include "operators/register.h"
#include "operators/runtime_dims.h"
#include "testing/example.h"

namespace ingot {

namespace {

// from's volume divided by that of `known`, where the quotient takes the place of -1 in `wanted`.
Result<Dim> remaining_dim(Dims from, Dims known, const Dims& wanted) {
  const std::string claim = "dims " + to_text(wanted) + " do not fit an input " + to_text(from);
  for (size_t i = 0; i < known.size();) {
    auto same = std::find(from.begin(), from.end(), known[i]);
    if (same == from.end() || known[i].is(0)) {
      ++i;
      continue;
    }
    from.erase(same);
    known.erase(known.begin() + static_cast<ptrdiff_t>(i));
  }
  Dim elements = volume(from), divisor = volume(known);
  if (divisor.is(0)) return invalid(claim + ": -1 stands beside a dim of 0, so it could be any number");
  if (elements.is_constant() && divisor.is_constant() && elements.value() % divisor.value() != 0) {
    return invalid(claim + ": " + elements.text() + " is no multiple of " + divisor.text());
  }
  return Dim::floor_divide(elements, divisor);
}

// The dims of the output, where 0 copies and -1 infers.
Result<Dims> resolve_dims(const Dims& from, const Dims& wanted, bool zero_copies) {
  Dims dims, known;
  size_t inferred = wanted.size();
  for (size_t i = 0; i < wanted.size(); ++i) {
    Dim dim = wanted[i];
    if (dim.is(0) && zero_copies) {
      if (i >= from.size())
        return invalid("dims " + to_text(wanted) + ": the 0 at " + std::to_string(i) + " copies a dim that an input " + to_text(from) +
                       " does not have");
      dim = from[i];
    }
    if (dim.is(-1)) {
      if (inferred < wanted.size()) return invalid("dims " + to_text(wanted) + " hold more than one -1");
      inferred = i;
    } else if (dim.is_constant() && dim.value() < 0) {
      return invalid("dims " + to_text(wanted) + ": " + dim.text() + " is no dim; 0 copies and -1 infers");
    } else {
      known.push_back(dim);
    }
    dims.push_back(dim);
  }
  if (inferred < wanted.size()) {
    TRY_ASSIGN(dims[inferred], remaining_dim(from, known, wanted));
  }
  auto difference = range_of(volume(from) - volume(dims));
  if (difference && (difference->least > 0 || difference->most < 0)) {
    return invalid("dims " + to_text(dims) + " do not fit an input " + to_text(from) + ": " + volume(dims).text() + " elements are not " +
                   volume(from).text());
  }
  return dims;
}

}  // namespace

std::optional<Reshape> Reshape::between(const Dims& from, const Dims& to) {
  Reshape op;
  std::map<std::string, Dim, std::less<>> known;
  for (size_t i = 0; i < from.size(); ++i) {
    if (auto symbol = from[i].symbol_name()) known.emplace(*symbol, input_dim(static_cast<int64_t>(i)));
  }
  op.zero_copies = std::none_of(to.begin(), to.end(), [](const Dim& dim) { return dim.is(0); });
  bool inferred = false;
  for (size_t i = 0; i < to.size(); ++i) {
    bool follows = true;
    to[i].visit_symbols([&](const std::string& symbol) { follows = follows && known.contains(symbol); });
    auto same = std::find(from.begin(), from.end(), to[i]);
    if (to[i].is_constant()) {
      op.dims.dims.push_back(to[i]);
    } else if (i < from.size() && to[i] == from[i] && op.zero_copies) {
      op.dims.dims.push_back(0);
    } else if (!inferred) {
      op.dims.dims.push_back(-1);
      inferred = true;
    } else if (same != from.end()) {
      op.dims.dims.push_back(input_dim(same - from.begin()));
    } else if (follows) {
      op.dims.dims.push_back(to[i].substitute(known));
    } else {
      return std::nullopt;
    }
  }
  // A dim of 0 beside an inferred one leaves that one open; and the first inferred one may be the one that follows from the input.
  TensorTypes types{{DataType::kFloat, from}};
  auto result = op.infer(types);
  if (!result.ok() || (*result)[0].dims != to) return std::nullopt;
  return op;
}

Result<TensorTypes> Reshape::infer(const TensorTypes& inputs) const {
  TRY(check_input_count(kName, inputs.size(), 1, 2));
  TensorType type{inputs[0].type, {}};
  if (inputs.size() == 1) {
    TRY_ASSIGN(Dims wanted, dims.resolve(inputs[0].dims));
    // Only zeros that were written copy; a dim d0 that is 0 stays so.
    for (size_t i = 0; i < wanted.size(); ++i) {
      if (zero_copies && dims.dims[i].is(0) && i < inputs[0].dims.size())
        wanted[i] = inputs[0].dims[i];
      else if (zero_copies && dims.dims[i].is(0))
        return resolve_dims(inputs[0].dims, wanted, true).error();
    }
    TRY_ASSIGN(type.dims, resolve_dims(inputs[0].dims, wanted, false));
  } else {
    TRY(check_index_type("dims", inputs[1].type));
    if (inputs[1].rank() != 1 || !inputs[1].dims[0].is_constant()) {
      return invalid("dims " + inputs[1].text() + ": an integer tensor [rank] of a known length is wanted");
    }
    if (inputs[1].values) {
      TRY_ASSIGN(type.dims, resolve_dims(inputs[0].dims, *inputs[1].values, zero_copies));
    } else {
      for (int64_t i = 0; i < inputs[1].dims[0].value(); ++i) {
        TRY_ASSIGN(Dim dim, runtime_dim(kName, symbol, i));
        type.dims.push_back(dim);
      }
    }
  }
  TensorTypes outputs{type};
  if (inputs[0].values && all_constant(type.dims)) outputs[0].values = inputs[0].values;
  return outputs;
}

Result<Arrays> Reshape::evaluate(const Arrays& inputs) const {
  Dims from = to_dims(inputs[0].shape()), to;
  if (inputs.size() > 1) {
    auto numbers = inputs[1].integers();
    TRY_ASSIGN(to, resolve_dims(from, Dims(numbers.begin(), numbers.end()), zero_copies));
  } else {
    TRY_ASSIGN(TensorTypes types, infer({{inputs[0].type(), from}}));
    to = types[0].dims;
  }
  TRY_ASSIGN(Array y, inputs[0].reshaped(constant_shape(to)));
  return Arrays{y};
}

Result<Tensor*> Reshape::from_onnx(const OnnxNode& node, Network& network) {
  Reshape op;
  TRY_ASSIGN(Tensor * x, required_input(node, 0));
  TRY_ASSIGN(int64_t allow_zero, node.integer("allowzero", 0));
  op.zero_copies = allow_zero == 0;
  if (node.has("shape")) {
    TRY_ASSIGN(std::vector<int64_t> numbers, node.integers("shape", {}));
    op.dims = DimList(numbers);
    return network.add(op, {x}, node.name());
  }
  TRY_ASSIGN(Tensor * shape, required_input(node, 1));
  if (node.is_constant(1)) {
    TRY_ASSIGN(Array numbers, node.constant(1));
    op.dims = DimList(numbers.integers());
    return network.add(op, {x}, node.name());
  }
  if (shape->type.values) {
    TRY_ASSIGN(TensorTypes types, op.infer({x->type, shape->type}));
    if (auto fixed = between(x->type.dims, types[0].dims)) return network.add(*fixed, {x}, node.name());
  }
  std::vector<Dim> most;
  if (shape->type.rank() == 1 && shape->type.dims[0].is_constant())
    most.assign(static_cast<size_t>(shape->type.dims[0].value()), volume(x->type.dims));
  TRY_ASSIGN(Layer * layer, add_runtime_sized(network, op.clone(), {x, shape}, node.name(), most));
  return layer->output();
}

OPERATOR(Reshape, reshape, {"Reshape", one_output<Reshape::from_onnx>})

using namespace testing;

EXAMPLE("reshape keeps the order of the elements") {
  expect_values("input x [2, 3]\ny = reshape(x) dims=[3, 2]\noutput y\n", {{{2, 3}, {1, 2, 3, 4, 5, 6}}}, {1, 2, 3, 4, 5, 6});
}

EXAMPLE("0 copies and -1 infers, with symbols too") {
  expect_types("input x [batch, 3, 4]\ny = reshape(x) dims=[0, -1]\noutput y\n", {"float [batch, 12]"});
  expect_types("input x [batch, seq, 768]\ny = reshape(x) dims=[0, 0, 12, -1]\noutput y\n", {"float [batch, seq, 12, 64]"});
  expect_types("input x [batch, seq, 768]\ny = reshape(x) dims=[-1, 768]\noutput y\n", {"float [batch*seq, 768]"});
}

EXAMPLE("0 is a dim of no elements where it does not copy") {
  expect_types("input x [0, 3]\ny = reshape(x) dims=[3, 0] zero_copies=false\noutput y\n", {"float [3, 0]"});
}

EXAMPLE("dims may be expressions over those of the input") {
  expect_values("input x [n, 4]\ny = reshape(x) dims=\"[2, d0*2]\"\noutput y\n", {{{1, 4}, {1, 2, 3, 4}}}, {1, 2, 3, 4});
  expect_types("input x [n, 4]\ny = reshape(x) dims=\"[2, d0*2]\"\noutput y\n", {"float [2, 2*n]"});
}

EXAMPLE("shape, gather and concat resolve to symbols") {
  expect_types(
      "input x [batch, seq, 768]\nweights zero int64 [1] = 0\nweights one int64 [1] = 1\nweights rest int64 [2] = 12 64\n"
      "s = shape(x)\nb = gather(s, zero)\nq = gather(s, one)\nd = concat(b, q, rest) axis=0\ny = reshape(x, d)\noutput y\n",
      {"float [batch, seq, 12, 64]"});
}

EXAMPLE("dims known only at run time take the symbols that the field names") {
  expect_types("input x [6]\ninput d int64 [2]\ny = reshape(x, d) symbol=run_y\noutput y\n", {"float [run_y, run_y_1]"});
  expect_values("input x [6]\ninput d int64 [2]\ny = reshape(x, d) symbol=run_y\noutput y\n", {{{6}, {1, 2, 3, 4, 5, 6}}, {{2}, {2, -1}}},
                {1, 2, 3, 4, 5, 6});
  expect_error("input x [6]\ninput d int64 [2]\ny = reshape(x, d)\noutput y\n", "its field 'symbol' must name them");
}

EXAMPLE("integers carry their values through a reshape") {
  expect_types("input x [a, b]\ns = shape(x)\nr = reshape(s) dims=[2, 1]\nt = squeeze(r) axes=[1]\ny = fill(t)\noutput y\n",
               {"float [a, b]"});
}

EXAMPLE("dims that do not fit are refused") {
  expect_error("input x [2, 3]\ny = reshape(x) dims=[4, 2]\noutput y\n", "dims [4, 2] do not fit an input [2, 3]: 8 elements are not 6");
  expect_error("input x [2, 3]\ny = reshape(x) dims=[4, -1]\noutput y\n", "6 is no multiple of 4");
  expect_error("input x [n, 3]\ny = reshape(x) dims=[0, 4]\noutput y\n", "4*n elements are not 3*n");
  expect_error("input x [2, 3]\ny = reshape(x) dims=[-1, -1]\noutput y\n", "more than one -1");
  expect_error("input x [2, 3]\ny = reshape(x) dims=[2, 3, 0]\noutput y\n", "the 0 at 2 copies a dim");
  expect_error("input x [2, 3]\ny = reshape(x) dims=[-2, 3]\noutput y\n", "-2 is no dim");
  expect_error("input x [2, 3]\ny = reshape(x) dims=\"[d5]\"\noutput y\n", "'d5' in [d5] is none of d0, d1");
}

EXAMPLE("a reshape between symbolic dims needs no second input where the rest follows") {
  const Dim batch = Dim::symbol("batch"), seq = Dim::symbol("seq");
  const auto expect_dims = [](const Dims& from, const Dims& to, const std::string& dims) {
    auto op = Reshape::between(from, to);
    expect_true(op && op->fields_text() == dims,
                to_text(from) + " to " + to_text(to) + (op ? " gave" + op->fields_text() : " gave nothing"));
  };
  expect_dims({batch, seq, 768}, {batch, seq, 12, 64}, " dims=[0, 0, 12, 64]");
  expect_dims({batch, seq, 768}, {batch * seq, 768}, " dims=[-1, 768]");
  expect_dims({batch, 12, seq, 64}, {seq, batch, 768}, " dims=\"[-1, d0, 768]\"");
  expect_true(!Reshape::between({batch * seq, 768}, {batch, seq, 768}), "two dims that do not follow");
}

}  // namespace ingot
