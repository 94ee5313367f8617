#include "operators/random.h"

#include <cmath>

#include "base/hash.h"
#include "operators/elementwise.h"
#include "operators/moving.h"
#include "operators/onnx_input.h"
#include "operators/onnx_types.h"
#include "operators/register.h"
#include "operators/runtime_dims.h"
#include "operators/shape.h"
#include "testing/example.h"

namespace ingot {

double random_uniform(int64_t seed, int64_t index) { return static_cast<double>(random_bits(seed, index)) / static_cast<double>(1 << 24); }

Result<int64_t> seed_of(const OnnxNode& node) {
  if (!node.has("seed")) return static_cast<int64_t>(hash_text(node.name()).low >> 1);
  TRY_ASSIGN(double seed, node.number("seed", 0));
  return static_cast<int64_t>(bits_from_float(static_cast<float>(seed)));
}

Result<TensorTypes> Random::infer(const TensorTypes& inputs) const {
  TRY(check_input_count(kName, inputs.size(), 0, 1));
  if (!is_floating(to)) return invalid("random numbers are floating-point, not " + std::string(name_of(to)));
  TensorType type{to, {}};
  if (inputs.empty()) {
    TRY_ASSIGN(type.dims, dims.resolve({}));
  } else {
    TRY(check_index_type("dims", inputs[0].type));
    if (inputs[0].rank() != 1 || !inputs[0].dims[0].is_constant())
      return invalid("dims " + inputs[0].text() + ": an integer tensor [rank] of a known length is wanted");
    if (inputs[0].values) type.dims = *inputs[0].values;
    for (int64_t i = 0; i < inputs[0].dims[0].value() && !inputs[0].values; ++i) {
      TRY_ASSIGN(Dim dim, runtime_dim(kName, symbol, i));
      type.dims.push_back(dim);
    }
  }
  for (const Dim& dim : type.dims) {
    if (dim.is_constant() && dim.value() < 0) return invalid("dims " + to_text(type.dims) + ": " + dim.text() + " is no dim");
  }
  return TensorTypes{type};
}

Result<Arrays> Random::evaluate(const Arrays& inputs) const {
  TRY_ASSIGN(Array y, Array::make(to, inputs.empty() ? constant_shape(dims.dims) : inputs[0].integers()));
  for (int64_t i = 0; i < y.count(); ++i) {
    if (kind == RandomKind::kUniform) {
      y.set_number(i, a + (b - a) * random_uniform(seed, i));
    } else {
      // Box and Muller; 1 - u is never 0.
      const double radius = std::sqrt(-2 * std::log(1 - random_uniform(seed, 2 * i))), angle = 2 * M_PI * random_uniform(seed, 2 * i + 1);
      y.set_number(i, a + b * radius * std::cos(angle));
    }
  }
  return Arrays{y};
}

namespace {

Result<Random> read(const OnnxNode& node, DataType fallback) {
  Random op;
  op.to = fallback;
  if (node.op_type().starts_with("RandomNormal")) {
    op.kind = RandomKind::kNormal;
    TRY_ASSIGN(op.a, node.number("mean", 0));
    TRY_ASSIGN(op.b, node.number("scale", 1));
  } else {
    TRY_ASSIGN(op.a, node.number("low", 0));
    TRY_ASSIGN(op.b, node.number("high", 1));
  }
  TRY_ASSIGN(op.seed, seed_of(node));
  if (node.has("dtype")) {
    TRY_ASSIGN(int64_t number, node.integer("dtype", 0));
    TRY_ASSIGN(op.to, data_type_from_onnx(number));
  }
  return op;
}

Result<Tensor*> import_random(const OnnxNode& node, Network& network) {
  TRY_ASSIGN(Random op, read(node, DataType::kFloat));
  TRY_ASSIGN(std::vector<int64_t> numbers, node.integers("shape", {}));
  op.dims = DimList(numbers);
  return network.add(op, {}, node.name());
}

Result<Tensor*> import_random_like(const OnnxNode& node, Network& network) {
  TRY_ASSIGN(Tensor * x, required_input(node, 0));
  TRY_ASSIGN(Random op, read(node, x->type.type));
  TRY_ASSIGN(Tensor * shape, network.add(ShapeOf{}, {x}));
  return network.add(op, {shape}, node.name());
}

// 1 with the probability x, else 0.
Result<Tensor*> import_bernoulli(const OnnxNode& node, Network& network) {
  TRY_ASSIGN(Tensor * x, required_input(node, 0));
  DataType to = x->type.type;
  if (node.has("dtype")) {
    TRY_ASSIGN(int64_t number, node.integer("dtype", 0));
    TRY_ASSIGN(to, data_type_from_onnx(number));
  }
  Random op;
  op.to = x->type.type;
  TRY_ASSIGN(op.seed, seed_of(node));
  TRY_ASSIGN(Tensor * shape, network.add(ShapeOf{}, {x}));
  TRY_ASSIGN(Tensor * chance, network.add(op, {shape}));
  TRY_ASSIGN(Tensor * hit, network.add(Elementwise(ScalarOp::kLess), {chance, x}));
  return network.add(Elementwise::cast(to), {hit}, node.name());
}

}  // namespace

REGISTER_OPERATORS(random) {
  catalogue.add(Random::kName, [] { return std::unique_ptr<Operator>(std::make_unique<Random>()); });
  catalogue.add_onnx("RandomUniform", one_output<import_random>);
  catalogue.add_onnx("RandomNormal", one_output<import_random>);
  catalogue.add_onnx("RandomUniformLike", one_output<import_random_like>);
  catalogue.add_onnx("RandomNormalLike", one_output<import_random_like>);
  catalogue.add_onnx("Bernoulli", one_output<import_bernoulli>);
}

using namespace testing;

EXAMPLE("random numbers follow from the seed") {
  Random op;
  op.dims = DimList(std::vector<int64_t>{10000});
  for (RandomKind kind : {RandomKind::kUniform, RandomKind::kNormal}) {
    op.kind = kind;
    op.seed = 1;
    auto first = op.evaluate({}), again = op.evaluate({});
    op.seed = 2;
    auto other = op.evaluate({});
    expect_true(first.ok() && again.ok() && other.ok(), "all evaluate");
    expect_true((*first)[0].same_bits((*again)[0]) && !(*first)[0].same_bits((*other)[0]), "equal seeds give equal numbers, others do not");
    double sum = 0, squares = 0;
    for (float x : (*first)[0].floats()) sum += x, squares += x * x;
    const double mean = sum / 10000, variance = squares / 10000 - mean * mean;
    const bool uniform = kind == RandomKind::kUniform;
    expect_true(std::abs(mean - (uniform ? 0.5 : 0)) < 0.03 && std::abs(variance - (uniform ? 1.0 / 12 : 1)) < 0.05,
                "mean and variance are those of the distribution");
  }
}

EXAMPLE("random numbers have a type and dims") {
  expect_types("input x [n, 2]\ns = shape(x)\ny = random(s) kind=normal to=half\nz = random() dims=[3]\noutput y\noutput z\noutput x\n",
               {"half [n, 2]", "float [3]", "float [n, 2]"});
  expect_error("y = random() dims=[3] to=int32\noutput y\n", "random numbers are floating-point, not int32");
}

}  // namespace ingot
