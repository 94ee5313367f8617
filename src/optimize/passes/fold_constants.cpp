// A layer that reads only constants becomes constants, computed by its reference.
#include <algorithm>

#include "operators/dequantize.h"
#include "operators/gather.h"
#include "operators/reshape.h"
#include "operators/transpose.h"
#include "optimize/edit.h"
#include "optimize/pattern.h"
#include "optimize/product.h"
#include "testing/example.h"

namespace ingot {
namespace {

// Layers that make much out of little (expand, tile, constant_of_shape) are cheaper to run than to keep.
constexpr size_t kMostGrowthBytes = 1 << 20;

bool is_weight(const Tensor& tensor) { return is_floating(tensor.type.type) && tensor.constant.count() > 1; }

// Bytes that a product or a table look-up may read as they are: what the fusions of quantized layers look for.
bool is_quantized_weight(const Layer& dequantize) {
  if (dequantize.input(0)->type.type != DataType::kInt8) return false;
  for (const Layer* reader : dequantize.output()->readers()) {
    if (epilogue_of(reader->op()) || reader->as<Transpose>() || reader->as<Reshape>() || reader->as<Gather>()) return true;
  }
  return false;
}

bool may_fold(const Layer& layer, const OptimizeOptions& options) {
  const Operator& op = layer.op();
  if (!op.is_pure() || !(op.has_reference() || op.has_decomposition())) return false;
  if (layer.as<Dequantize>() && is_quantized_weight(layer)) return false;
  bool any = false;
  for (const Tensor* input : layer.inputs()) {
    if (!input) continue;
    any = true;
    if (!input->is_constant() || input->is_packed) return false;
    if (options.refittable && is_weight(*input)) return false;
  }
  if (!any) return false;
  return std::all_of(layer.outputs().begin(), layer.outputs().end(), [](const Tensor* output) { return !output->is_output(); });
}

bool grows_too_much(const Layer& layer) {
  size_t input_bytes = 0, output_bytes = 0;
  for (const Tensor* input : layer.inputs()) input_bytes += input ? input->constant.byte_count() : 0;
  for (const Tensor* output : layer.outputs()) {
    if (!all_constant(output->type.dims)) return true;
    auto count = volume(constant_shape(output->type.dims));
    if (!count.ok()) return true;
    output_bytes += bytes_of(output->type.type, *count);
  }
  return output_bytes > kMostGrowthBytes && output_bytes > 2 * input_bytes;
}

std::string recipe_for(const Layer& layer) {
  std::string recipe;
  for (const Tensor* input : layer.inputs()) recipe += (recipe.empty() ? "" : ", ") + (input ? recipe_of(*input) : std::string("_"));
  return std::string(layer.op().name()) + "(" + recipe + ")" + layer.op().fields_text();
}

}  // namespace

PASS(fold_constants) {
  bool changed = false;
  TRY_ASSIGN(std::vector<Layer*> order, network.in_order());
  for (Layer* layer : order) {
    if (!may_fold(*layer, options) || grows_too_much(*layer)) continue;
    Arrays inputs;
    for (const Tensor* input : layer->inputs()) inputs.push_back(input ? input->constant : Array());
    auto values = evaluate_operator(layer->op(), inputs);
    // A layer that fails on its constants fails at run time too, with a better message.
    if (!values.ok() || values->size() != layer->outputs().size()) continue;
    const std::string recipe = recipe_for(*layer);
    for (size_t i = 0; i < values->size(); ++i) {
      Tensor* output = layer->outputs()[i];
      Tensor* constant = network.add_constant(output->name, std::move((*values)[i]));
      constant->recipe = recipe.size() < 2000 ? recipe : "";
      TRY(network.replace_all_uses(output, constant));
    }
    network.remove_layer(layer);
    changed = true;
  }
  return changed;
}

EXAMPLE("arithmetic on constants is done once") {
  expect_rewrite("fold_constants", R"(
    input x [2]
    weights a float [2] = 1 2
    weights b float [2] = 10 20
    s = add(a, b)
    t = mul(s, a)
    y = mul(x, t)
    output y)",
                 R"(
    input x [2]
    weights t float [2] = 11 44
    y = mul(x, t)
    output y)");
}

EXAMPLE("what depends on an input is not folded") {
  expect_unchanged("fold_constants", R"(
    input x [2]
    weights a float [2] = 1 2
    s = add(a, x)
    output s)");
}

EXAMPLE("weights that may be refitted stay") {
  expect_unchanged("fold_constants refittable", R"(
    input x [2]
    weights a float [2] = 1 2
    weights b float [2] = 10 20
    s = add(a, b)
    y = mul(x, s)
    output y)");
}

EXAMPLE("a large tensor of equal values is not kept") {
  expect_unchanged("fold_constants", R"(
    input x [1024, 1024]
    weights a float [1, 1] = 1
    s = expand(a) dims=[1024, 1024]
    y = mul(x, s)
    output y)");
}

}  // namespace ingot
