// With bf16 allowed, products and what lies between them run in bf16, with casts at the borders: sums, softmax and normalizations still
// accumulate in float, epilogues and chains of functions compute in float. A precision that the user gave to a layer is obeyed. Half is
// taken for such layers alone: no kernel of the CPU multiplies halves, so they save nothing. With halves the rows that are gathered from
// tables of constants, and what lies between them and products, are halves too. Strongly typed networks stay as they are.
#include <algorithm>
#include <cmath>
#include <map>
#include <unordered_map>

#include "operators/attention.h"
#include "operators/concat.h"
#include "operators/depth_to_space.h"
#include "operators/expand.h"
#include "operators/flatten.h"
#include "operators/gather.h"
#include "operators/normalization.h"
#include "operators/pad.h"
#include "operators/pointwise.h"
#include "operators/pool.h"
#include "operators/reduce.h"
#include "operators/reshape.h"
#include "operators/resize.h"
#include "operators/slice.h"
#include "operators/softmax.h"
#include "operators/space_to_depth.h"
#include "operators/squeeze.h"
#include "operators/tile.h"
#include "operators/transpose.h"
#include "operators/unsqueeze.h"
#include "optimize/edit.h"
#include "optimize/product.h"
#include "testing/example.h"

namespace ingot {
namespace {

constexpr double kMostTableValue = 1024;  // far from what half holds at most, which sums may reach

bool is_pointwise(const Layer& layer) { return layer.as<Elementwise>() || layer.as<Pointwise>(); }

bool is_product(const Layer& layer) {
  const EpilogueFields* fields = epilogue_of(layer.op());
  return fields && !fields->is_quantized() && fields->output_scale == 0 && layer.input(0)->type.type == DataType::kFloat &&
         layer.input(1)->type.type == DataType::kFloat && layer.output()->type.type == DataType::kFloat;
}

bool moves_first_input(const Layer& layer) {
  return layer.as<Reshape>() || layer.as<Transpose>() || layer.as<Slice>() || layer.as<Squeeze>() || layer.as<Unsqueeze>() ||
         layer.as<Flatten>() || layer.as<Expand>() || layer.as<Gather>() || layer.as<Tile>() || layer.as<DepthToSpace>() ||
         layer.as<SpaceToDepth>() || layer.as<Pad>() || layer.as<Resize>();
}

// A layer that may stand between two products in their type: it rounds its result to that type, and nothing before.
bool is_bearer(const Layer& layer) {
  if (layer.outputs().size() != 1 || layer.output()->type.type != DataType::kFloat || layer.output()->type.values) return false;
  if (is_pointwise(layer)) return true;
  if (layer.inputs().empty() || !layer.input(0) || layer.input(0)->type.type != DataType::kFloat) return false;
  if (const auto* pool = layer.as<Pool>()) return !pool->with_indices && !pool->is_scaled();
  if (const auto* softmax = layer.as<Softmax>()) return !softmax->is_scaled();
  if (const auto* normalization = layer.as<Normalization>()) return !normalization->is_scaled() && normalization->epilogue.empty();
  if (const auto* reduce = layer.as<Reduce>()) return !reduce->is_scaled() && reduce->epilogue.empty() && layer.inputs().size() == 1;
  return layer.as<Attention>() || layer.as<Concat>() || moves_first_input(layer);
}

// Which inputs of a bearer hold what it computes on; the others are indices, parameters and masks.
bool is_data_input(const Layer& layer, size_t index) {
  if (is_pointwise(layer) || layer.as<Concat>()) return true;
  if (layer.as<Attention>()) return index < 3;
  return index == 0;
}
bool reads_as_data(const Layer& layer, const Tensor* tensor) {
  for (size_t i = 0; i < layer.inputs().size(); ++i) {
    if (layer.input(i) == tensor && (is_product(layer) ? i != 2 : is_data_input(layer, i))) return true;
  }
  return false;
}

bool wants_float_result(const Layer& layer) { return !layer.output_types.empty() && layer.output_types[0] == DataType::kFloat; }

// The type that each layer runs in, by its id; those left out stay as they are.
using Types = std::unordered_map<int64_t, DataType>;

Types choose_types(const std::vector<Layer*>& order, const OptimizeOptions& options) {
  const bool in_half = options.allow_half && options.half_is_fast, lowers = in_half || options.allow_bf16;
  const DataType usual = in_half ? DataType::kHalf : DataType::kBf16;
  Types types;
  std::unordered_map<int64_t, bool> behind, before;  // a lowered product, with only bearers between
  const auto reads_table = [](const Layer& layer) {
    if (!layer.as<Gather>()) return false;
    const Array& table = layer.input(0)->constant;
    for (int64_t i = 0; i < table.count(); ++i) {
      if (!(std::abs(table.number(i)) <= kMostTableValue)) return false;
    }
    return table.data() != nullptr;
  };
  const auto may_bear = [&](const Layer& layer) { return is_bearer(layer) && !layer.precision && !wants_float_result(layer); };
  for (const Layer* layer : order) {
    const bool product = is_product(*layer);
    if (layer->precision && (product || is_bearer(*layer))) {
      const DataType wish = *layer->precision;
      if ((wish == DataType::kBf16 && options.allow_bf16) || (wish == DataType::kHalf && options.allow_half)) types[layer->id()] = wish;
    } else if (product && lowers) {
      types[layer->id()] = usual;
      behind[layer->id()] = true;
    } else if (lowers && may_bear(*layer)) {
      for (size_t i = 0; i < layer->inputs().size(); ++i) {
        const Tensor* input = layer->input(i);
        if (input && input->producer() && is_data_input(*layer, i) && behind.contains(input->producer()->id())) behind[layer->id()] = true;
      }
      if (in_half && reads_table(*layer)) behind[layer->id()] = true;
    }
  }
  for (size_t at = order.size(); at-- > 0;) {
    const Layer& layer = *order[at];
    if (layer.outputs().size() != 1 || !(is_product(layer) || may_bear(layer))) continue;
    for (const Layer* reader : layer.output()->readers()) {
      const bool lowered = is_product(*reader) && types.contains(reader->id());
      if ((lowered || before.contains(reader->id())) && reads_as_data(*reader, layer.output())) before[layer.id()] = !is_product(layer);
    }
    if (is_product(layer)) before.erase(layer.id());
    if (before.contains(layer.id()) && behind.contains(layer.id())) types[layer.id()] = usual;
  }
  return types;
}

class Lowering {
 public:
  Lowering(Network& network, Types types) : network_(network), types_(std::move(types)) {}

  Status lower(Layer& layer) {
    const DataType type = types_.at(layer.id());
    Tensor* old = layer.output();
    bool is_read_in_float = old->is_output() || wants_float_result(layer), is_read_lower = false;
    for (const Layer* reader : old->readers()) (types_.contains(reader->id()) ? is_read_lower : is_read_in_float) = true;
    TRY_ASSIGN(Layer * lowered, is_product(layer)     ? product(layer, type, is_read_in_float && !is_read_lower)
                                : is_pointwise(layer) ? pointwise(layer, type)
                                                      : bearer(layer, type));
    lowered->name = layer.name;
    lowered->metadata = layer.metadata;
    lowered->precision = layer.precision;
    Tensor* result = lowered->output();
    Tensor* wide = result;
    if (is_read_in_float && result->type.type != DataType::kFloat) {
      TRY_ASSIGN(wide, network_.add(Elementwise::cast(DataType::kFloat), {result}));
    }
    versions_[old->id()] = result;
    if (wide->type.type == DataType::kFloat) {
      TRY(network_.replace_all_uses(old, wide));
      versions_[wide->id()] = result;
    }
    return Ok{};
  }

 private:
  // The tensor in `type`: as it was made, a constant converted now, or a cast of it.
  Result<Tensor*> in_type(Tensor* tensor, DataType type) {
    Tensor* stored = as_stored(tensor);
    if (!stored || stored->type.type == type) return stored;
    Tensor*& cast = casts_[{stored->id(), type}];
    if (!cast) {
      const Elementwise op = Elementwise::cast(type);
      if (stored->constant.data()) {
        TRY_ASSIGN(cast, compute_constant(network_, op, {stored}));
      } else {
        TRY_ASSIGN(cast, network_.add(op, {stored}));
      }
    }
    return cast;
  }
  Tensor* as_stored(Tensor* tensor) {
    if (!tensor) return nullptr;
    const auto found = versions_.find(tensor->id());
    return found == versions_.end() ? tensor : found->second;
  }

  Result<Layer*> product(const Layer& layer, DataType type, bool to_float) {
    ProductCopy copy = copy_product(layer.op());
    copy.epilogue->to = to_float ? OptionalType(DataType::kFloat) : OptionalType();
    std::vector<Tensor*> inputs = product_inputs(layer);
    TRY_ASSIGN(inputs[0], in_type(inputs[0], type));
    TRY_ASSIGN(inputs[1], in_type(inputs[1], type));
    inputs[3] = as_stored(inputs[3]);
    TRY_ASSIGN(Tensor * result, add_product(network_, std::move(copy), std::move(inputs)));
    return result->producer();
  }
  // Reads what it finds, computes in float and rounds once.
  Result<Layer*> pointwise(const Layer& layer, DataType type) {
    Expression expression;
    std::vector<Tensor*> inputs;
    std::vector<int32_t> operands;
    for (Tensor* input : layer.inputs()) {
      inputs.push_back(as_stored(input));
      int32_t operand = Expression::input(static_cast<int>(inputs.size()) - 1);
      if (inputs.back()->type.type != input->type.type) operand = add_cast(expression, operand, input->type.type);
      operands.push_back(operand);
    }
    int32_t result = 0;
    if (const auto* op = layer.as<Elementwise>()) {
      operands.resize(3, 0);
      result = expression.add(op->op, operands[0], operands[1], operands[2], static_cast<float>(op->a), static_cast<float>(op->b));
      expression.nodes.back().to = op->to;
    } else {
      const auto offset = static_cast<int32_t>(expression.nodes.size());
      result = operands[0];
      for (Expression::Node node : layer.as<Pointwise>()->expression.nodes) {
        for (int k = 0; !node.is_constant && k < arity_of(node.op); ++k) {
          int32_t& operand = node.operands[k];
          operand = operand < 0 ? operands[static_cast<size_t>(~operand)] : operand + offset;
        }
        expression.nodes.push_back(node);
        result = static_cast<int32_t>(expression.nodes.size()) - 1;
      }
    }
    add_cast(expression, result, type);
    Pointwise op;
    op.expression = std::move(expression);
    op.to = type;
    return network_.add_layer(std::make_unique<Pointwise>(std::move(op)), std::move(inputs));
  }
  static int32_t add_cast(Expression& expression, int32_t operand, DataType to) {
    const int32_t at = expression.add(ScalarOp::kCast, operand);
    expression.nodes.back().to = to;
    return at;
  }
  Result<Layer*> bearer(const Layer& layer, DataType type) {
    std::vector<Tensor*> inputs = layer.inputs();
    for (size_t i = 0; i < inputs.size(); ++i) {
      if (!inputs[i] || !is_data_input(layer, i)) continue;
      TRY_ASSIGN(inputs[i], in_type(inputs[i], type));
    }
    return network_.add_layer(layer.op().clone(), std::move(inputs));
  }

  Network& network_;
  Types types_;
  // By the id of a tensor: what holds its values now.
  std::unordered_map<int64_t, Tensor*> versions_;
  std::map<std::pair<int64_t, DataType>, Tensor*> casts_;
};

}  // namespace

PASS(lower_precision) {
  if (options.strongly_typed || !(options.allow_bf16 || options.allow_half)) return false;
  TRY_ASSIGN(std::vector<Layer*> order, network.in_order());
  Types types = choose_types(order, options);
  if (types.empty()) return false;
  const auto is_lowered = [&](const Layer* layer) { return types.contains(layer->id()); };
  std::vector<Layer*> chosen;
  std::copy_if(order.begin(), order.end(), std::back_inserter(chosen), is_lowered);
  Lowering lowering(network, std::move(types));
  for (Layer* layer : chosen) TRY(lowering.lower(*layer).within("layer '" + layer->name + "'"));
  return true;
}

EXAMPLE("products and what lies between them run in bf16") {
  expect_rewrite("lower_precision bf16", R"(
    input x [n, 2]
    weights w float [2, 2] = 1 2 3 4
    weights b float [2] = 1 2
    a = matmul(x, w, b)
    c = softmax(a)
    d = matmul(c, w)
    y = softmax(d)
    output y)",
                 R"(
    input x [n, 2]
    weights w bf16 [2, 2] = 1 2 3 4
    weights b float [2] = 1 2
    u = cast(x) to=bf16
    a = matmul(u, w, b)
    c = softmax(a)
    d = matmul(c, w) to=float
    y = softmax(d)
    output y)");
}

EXAMPLE("functions between products compute in float") {
  expect_rewrite("lower_precision bf16", R"(
    input x [n, 2]
    weights w float [2, 2] = 1 2 3 4
    a = matmul(x, w)
    c = exp(a)
    d = matmul(c, w)
    output d)",
                 R"net(
    input x [n, 2]
    weights w bf16 [2, 2] = 1 2 3 4
    u = cast(x) to=bf16
    a = matmul(u, w)
    c = pointwise(a) expression="cast(exp(cast(x0, to=float)), to=bf16)" to=bf16
    d = matmul(c, w) to=float
    output d)net");
}

EXAMPLE("a result that is read in both types is cast once") {
  expect_rewrite("lower_precision bf16", R"(
    input x [n, 2]
    weights w float [2, 2] = 1 2 3 4
    a = matmul(x, w)
    d = matmul(a, w)
    y = exp(a)
    output d
    output y)",
                 R"(
    input x [n, 2]
    weights w bf16 [2, 2] = 1 2 3 4
    u = cast(x) to=bf16
    a = matmul(u, w)
    c = cast(a)
    d = matmul(a, w) to=float
    y = exp(c)
    output d
    output y)");
}

EXAMPLE("without the flag, and in a strongly typed network, nothing changes") {
  expect_unchanged("lower_precision", R"(
    input x [n, 2]
    weights w float [2, 2] = 1 2 3 4
    a = matmul(x, w)
    output a)");
  expect_unchanged("lower_precision bf16 strongly_typed", R"(
    input x [n, 2]
    weights w float [2, 2] = 1 2 3 4
    a = matmul(x, w)
    output a)");
}

EXAMPLE("the CPU multiplies no halves") {
  expect_unchanged("lower_precision half", R"(
    input x [n, 2]
    weights w float [2, 2] = 1 2 3 4
    a = matmul(x, w)
    output a)");
}

EXAMPLE("a device that is fast in halves gets them") {
  expect_rewrite("lower_precision half half_is_fast", R"net(
    input x [n, 2]
    weights w float [2, 2] = 1 2 3 4
    a = matmul(x, w)
    b = relu(a)
    d = matmul(b, w)
    output d)net",
                 R"net(
    input x [n, 2]
    weights w half [2, 2] = 1 2 3 4
    u = cast(x) to=half
    a = matmul(u, w)
    b = pointwise(a) expression="cast(relu(cast(x0, to=float)), to=half)" to=half
    d = matmul(b, w) to=float
    output d)net");
}

EXAMPLE("rows of a table are halves up to the product") {
  expect_rewrite("lower_precision half half_is_fast", R"net(
    weights i int64 [2] = 2 0
    weights t float [3, 2] = 1 2 3 4 5 6
    weights w float [2, 2] = 1 2 3 4
    r = gather(t, i)
    b = relu(r)
    d = matmul(b, w)
    output d)net",
                 R"net(
    weights i int64 [2] = 2 0
    weights t half [3, 2] = 1 2 3 4 5 6
    weights w half [2, 2] = 1 2 3 4
    r = gather(t, i)
    b = pointwise(r) expression="cast(relu(cast(x0, to=float)), to=half)" to=half
    d = matmul(b, w) to=float
    output d)net");
}

EXAMPLE("products over bytes stay") {
  expect_unchanged("lower_precision bf16", R"(
    input x int8 [n, 2]
    weights w int8 [2, 2] = 1 2 3 4
    a = matmul(x, w) input_scale=0.5
    output a)");
}

}  // namespace ingot
