#include "operators/scan.h"

#include <algorithm>

#include "operators/moving.h"
#include "operators/onnx_input.h"
#include "operators/register.h"
#include "operators/subnetwork.h"
#include "testing/example.h"

namespace ingot {

namespace {

// x without `axis`, at `position` of it.
Result<Array> element_at(const Array& x, int64_t axis, int64_t position) {
  Shape shape = x.shape(), strides = row_major_strides(x.shape());
  const int64_t offset = position * strides[static_cast<size_t>(axis)];
  shape.erase(shape.begin() + axis);
  strides.erase(strides.begin() + axis);
  return copy_strided(x, shape, offset, strides);
}

bool is_set(const std::vector<int64_t>& flags, size_t index) { return index < flags.size() && flags[index] != 0; }

}  // namespace

// The types of the states, of the scanned inputs without their axes, and of what is captured.
Result<TensorTypes> Scan::body_inputs(const TensorTypes& inputs, Dim* length) const {
  const size_t scanned = input_axes.size();
  if (states < 0 || scanned == 0 || inputs.size() < static_cast<size_t>(states) + scanned) {
    return invalid("scan takes " + std::to_string(states) + " states and " + std::to_string(scanned) + " scanned inputs, not " +
                   std::to_string(inputs.size()) + " inputs");
  }
  TensorTypes types = inputs;
  for (size_t i = 0; i < static_cast<size_t>(states) + scanned; ++i) types[i].values.reset();
  for (size_t i = 0; i < scanned; ++i) {
    TensorType& type = types[static_cast<size_t>(states) + i];
    TRY_ASSIGN(int64_t axis, normalize_axis(input_axes[i], type.rank()));
    const Dim here = type.dims[static_cast<size_t>(axis)];
    if (i == 0) *length = here;
    TRY_ASSIGN(*length, same_dim(*length, here, "lengths of the scanned inputs"));
    type.dims.erase(type.dims.begin() + axis);
  }
  return types;
}

Result<TensorTypes> Scan::infer_one(const TensorTypes& inputs) const {
  Dim length;
  TRY_ASSIGN(TensorTypes types, body_inputs(inputs, &length));
  const size_t count = static_cast<size_t>(states);
  TRY(check_body(body, inputs.size(), count, "the body"));
  TRY_ASSIGN(TensorTypes given, infer_subnetwork(*body, types, "the body"));
  const std::set<std::string> known = symbols_of(inputs);
  TensorTypes outputs;
  for (size_t i = 0; i < given.size(); ++i) {
    TensorType type{given[i].type, given[i].dims};
    for (const Dim& dim : type.dims) {
      if (!is_known_by(dim, known))
        return unsupported("output " + std::to_string(i) + " of the body, " + type.text() + ", has dims that are known only at run time");
    }
    if (i < count) {
      const std::string change =
          "state " + std::to_string(i) + " is " + types[i].text() + " before a step of the body and " + type.text() + " behind it";
      if (type.type != types[i].type || type.rank() != types[i].rank()) return invalid(change);
      for (size_t k = 0; k < type.dims.size(); ++k) TRY(same_dim(types[i].dims[k], type.dims[k], change));
      type.dims = types[i].dims;
    } else {
      TRY_ASSIGN(int64_t axis, normalize_axis(i - count < output_axes.size() ? output_axes[i - count] : 0, type.rank() + 1));
      type.dims.insert(type.dims.begin() + axis, length);
    }
    outputs.push_back(std::move(type));
  }
  return outputs;
}

Result<Arrays> Scan::evaluate_one(const Arrays& inputs) const {
  const size_t count = static_cast<size_t>(states), scanned = input_axes.size(), collected = body->outputs().size() - count;
  TensorTypes types;
  for (const Array& input : inputs) types.push_back({input.type(), to_dims(input.shape())});
  Dim length;
  TRY(body_inputs(types, &length));
  Arrays arguments = inputs;
  std::vector<Arrays> scans(collected);
  for (int64_t step = 0; step < length.value(); ++step) {
    for (size_t i = 0; i < scanned; ++i) {
      const Array& from = inputs[count + i];
      TRY_ASSIGN(int64_t axis, normalize_axis(input_axes[i], from.rank()));
      TRY_ASSIGN(arguments[count + i], element_at(from, axis, is_set(input_reversed, i) ? length.value() - 1 - step : step));
    }
    TRY_ASSIGN(Arrays results, body->evaluate(arguments).within("in step " + std::to_string(step)));
    for (size_t i = 0; i < count; ++i) arguments[i] = results[i];
    for (size_t i = 0; i < collected; ++i) scans[i].push_back(results[count + i]);
  }
  Arrays outputs(arguments.begin(), arguments.begin() + static_cast<ptrdiff_t>(count));
  for (size_t i = 0; i < collected; ++i) {
    const TensorType& type = body->outputs()[count + i]->type;
    Shape none;
    for (const Dim& dim : type.dims) none.push_back(dim.constant().value_or(0));
    if (is_set(output_reversed, i)) std::reverse(scans[i].begin(), scans[i].end());
    TRY_ASSIGN(Array stacked, stack(scans[i], i < output_axes.size() ? output_axes[i] : 0, type.type, none));
    outputs.push_back(std::move(stacked));
  }
  return outputs;
}

Result<TensorTypes> Scan::infer(const TensorTypes& inputs) const {
  if (!batched) return infer_one(inputs);
  TensorTypes one = inputs;
  Dim batches;
  for (size_t i = 0; i < own_count() && i < one.size(); ++i) {
    if (one[i].dims.empty()) return invalid("input " + std::to_string(i) + " is " + one[i].text() + "; an axis of batches is wanted");
    if (i == 0) batches = one[i].dims[0];
    TRY_ASSIGN(batches, same_dim(batches, one[i].dims[0], "batches of the inputs"));
    one[i].dims.erase(one[i].dims.begin());
    one[i].values.reset();
  }
  TRY_ASSIGN(TensorTypes types, infer_one(one));
  for (TensorType& type : types) type.dims.insert(type.dims.begin(), batches);
  return types;
}

Result<Arrays> Scan::evaluate(const Arrays& inputs) const {
  if (!batched) return evaluate_one(inputs);
  std::vector<Arrays> results(body->outputs().size());
  for (int64_t batch = 0; batch < inputs[0].shape()[0]; ++batch) {
    Arrays one = inputs;
    for (size_t i = 0; i < own_count(); ++i) {
      if (inputs[i].shape()[0] != inputs[0].shape()[0]) return invalid("the inputs have different numbers of batches");
      TRY_ASSIGN(one[i], element_at(inputs[i], 0, batch));
    }
    TRY_ASSIGN(Arrays outputs, evaluate_one(one).within("in batch " + std::to_string(batch)));
    for (size_t i = 0; i < results.size(); ++i) results[i].push_back(outputs[i]);
  }
  Arrays outputs;
  for (size_t i = 0; i < results.size(); ++i) {
    if (results[i].empty()) return invalid("there are no batches");
    TRY_ASSIGN(Array stacked, stack(results[i], 0, results[i][0].type(), {}));
    outputs.push_back(std::move(stacked));
  }
  return outputs;
}

Result<std::vector<Tensor*>> Scan::from_onnx(const OnnxNode& node, Network& network) {
  auto op = std::make_unique<Scan>();
  TRY_ASSIGN(int64_t scanned, node.integer("num_scan_inputs", 0));
  op->batched = node.opset() < 9;
  std::vector<Tensor*> inputs;
  for (size_t i = op->batched ? 1 : 0; i < node.input_count(); ++i) {
    TRY_ASSIGN(Tensor * input, required_input(node, i));
    inputs.push_back(input);
  }
  if (op->batched && node.input(0)) return unsupported("sequence_lens of Scan, input '" + node.input(0)->name + "'");
  const auto total = static_cast<int64_t>(inputs.size());
  if (scanned < 1 || scanned > total)
    return invalid("num_scan_inputs is " + std::to_string(scanned) + ", but there are " + std::to_string(total) + " inputs");
  op->states = total - scanned;
  TRY_ASSIGN(op->input_axes, node.integers("scan_input_axes", std::vector<int64_t>(static_cast<size_t>(scanned), 0)));
  TRY_ASSIGN(op->input_reversed, node.integers(op->batched ? "directions" : "scan_input_directions", {}));
  TRY_ASSIGN(op->output_axes, node.integers("scan_output_axes", {}));
  TRY_ASSIGN(op->output_reversed, node.integers("scan_output_directions", {}));
  if (static_cast<int64_t>(op->input_axes.size()) != scanned) {
    return invalid(std::to_string(op->input_axes.size()) + " scan_input_axes are given for " + std::to_string(scanned) + " scanned inputs");
  }
  TensorTypes outer;
  for (const Tensor* input : inputs) {
    outer.push_back(input->type);
    if (!op->batched) continue;
    if (input->type.dims.empty()) return invalid("input '" + input->name + "' has no axis of batches");
    outer.back().dims.erase(outer.back().dims.begin());
  }
  Dim length;
  TRY_ASSIGN(TensorTypes types, op->body_inputs(outer, &length));
  std::vector<Tensor*> captures;
  TRY_ASSIGN(op->body, node.graph("body", &captures, &types));
  inputs.insert(inputs.end(), captures.begin(), captures.end());
  TRY_ASSIGN(Layer * layer, network.add_layer(std::move(op), inputs, node.name()));
  return layer->outputs();
}

OPERATOR(Scan, scan, {"Scan", Scan::from_onnx})

using namespace testing;

EXAMPLE("scan sums along an axis") {
  const std::string_view network =
      "input s [2]\ninput x [n, 2]\n"
      "y, z = scan(s, x) states=1 input_axes=[0] body={\n  input s [2]\n  input e [2]\n  t = add(s, e)\n  o = identity(t)\n  output t\n  "
      "output o\n}\noutput y\noutput z\n";
  expect_values(network, {{{2}, {0, 0}}, {{3, 2}, {1, 2, 3, 4, 5, 6}}}, {{9, 12}, {1, 2, 4, 6, 9, 12}});
  expect_types(network, {"float [2]", "float [n, 2]"});
}

EXAMPLE("scan reads and writes from the end, along other axes") {
  expect_values(
      "input x [2, 3]\n"
      "z = scan(x) input_axes=[1] input_reversed=[1] output_axes=[-1] body={\n  input e [2]\n  o = neg(e)\n  output o\n}\noutput z\n",
      {{{2, 3}, {1, 2, 3, 4, 5, 6}}}, {-3, -2, -1, -6, -5, -4});
  expect_values("input x [3]\nz = scan(x) input_axes=[0] output_reversed=[1] body={\n  input e []\n  o = neg(e)\n  output o\n}\noutput z\n",
                {{{3}, {1, 2, 3}}}, {-3, -2, -1});
}

EXAMPLE("batches run each by itself") {
  const std::string_view network =
      "input s [2, 1]\ninput x [2, 2, 1]\n"
      "y, z = scan(s, x) states=1 input_axes=[0] batched=true body={\n  input s [1]\n  input e [1]\n  t = add(s, e)\n  o = identity(t)\n  "
      "output t\n  output o\n}\noutput y\noutput z\n";
  expect_values(network, {{{2, 1}, {0, 10}}, {{2, 2, 1}, {1, 2, 3, 4}}}, {{3, 17}, {1, 3, 13, 17}});
}

EXAMPLE("a state that changes its dims is refused") {
  expect_error(
      "input s [1]\ninput x [3, 1]\n"
      "y = scan(s, x) states=1 input_axes=[0] body={\n  input s [1]\n  input e [1]\n  t = concat(s, e)\n  output t\n}\noutput y\n",
      "state 0 is float [1] before a step of the body and float [2] behind it");
}

}  // namespace ingot
