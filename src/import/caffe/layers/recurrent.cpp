// LSTM and RNN over a sequence x [T, N, ...] with marks [T, N] that are 0 where a sequence begins: there the state before is forgotten.
#include "import/caffe/layer.h"
#include "operators/matmul.h"
#include "operators/reshape.h"
#include "operators/scan.h"
#include "operators/slice.h"
#include "operators/squeeze.h"
#include "operators/unsqueeze.h"

namespace ingot {
namespace {

// What both have in common: x and what is the same at each step, multiplied by their weights at once, [T, N, rows].
struct Steps {
  int64_t hidden = 0;
  Tensor* driven = nullptr;
  Tensor* marks = nullptr;         // [T, N, 1]
  std::vector<Tensor*> beginning;  // the states before the first step, [N, hidden] each
  int64_t next_blob = 0;
};

// [d0, d1, rest...] as [d0, d1, the rest in one]; `kept` dims in front.
Result<Tensor*> flattened(const CaffeLayer& layer, Tensor* x, int64_t kept, int64_t* length) {
  const Dims behind(x->type.dims.begin() + kept, x->type.dims.end());
  if (!all_constant(behind)) return unsupported("the dims of " + x->type.text() + " from " + std::to_string(kept) + " on have to be known");
  TRY_ASSIGN(*length, volume(constant_shape(behind)));
  if (behind.size() == 1) return x;
  Dims dims;
  for (int64_t d = 0; d < kept; ++d) dims.push_back(input_dim(d));
  dims.emplace_back(*length);
  return layer.add(Reshape(dims), {x}, "flat");
}

Result<Steps> prepare(const CaffeLayer& layer, int64_t gates, size_t states) {
  const auto& parameter = layer.parameter().recurrent_param();
  const size_t exposed = parameter.expose_hidden() ? states : 0;
  TRY(layer.expects(2 + exposed, 3 + exposed, 1, 1 + exposed));
  Steps steps;
  steps.hidden = parameter.num_output();
  if (steps.hidden < 1 || steps.hidden > (1 << 20)) return invalid("num_output is " + std::to_string(steps.hidden) + "; it is positive");
  if (layer.rank(0) < 3 || layer.rank(1) != 2)
    return invalid("its bottoms are " + layer.input(0)->type.text() + " and " + layer.input(1)->type.text() +
                   "; [T, N, ...] and [T, N] are wanted");
  const int64_t rows = gates * steps.hidden;
  int64_t length = 0;
  TRY_ASSIGN(Tensor * x, flattened(layer, layer.input(0), 2, &length));
  TRY_ASSIGN(Tensor * weights, layer.weights(0, {rows, length}, "input weights"));
  TRY_ASSIGN(Tensor * bias, layer.weights(1, {rows}, "bias"));
  TRY_ASSIGN(steps.driven, layer.add(MatMul(false, true), {x, weights, bias}, "driven"));
  steps.next_blob = 2;
  if (layer.inputs().size() == 3 + exposed) {
    TRY_ASSIGN(Tensor * constant, flattened(layer, layer.input(2), 1, &length));
    TRY_ASSIGN(Tensor * of_constant, layer.weights(2, {rows, length}, "static weights"));
    TRY_ASSIGN(constant, layer.add(MatMul(false, true), {constant, of_constant}, "static"));
    TRY_ASSIGN(steps.driven, layer.add(Elementwise(ScalarOp::kAdd), {steps.driven, constant}, "driven by both"));
    steps.next_blob = 3;
  }
  TRY_ASSIGN(steps.marks, layer.add(Unsqueeze({2}), {layer.input(1)}, "marks"));
  for (size_t i = 0; i < states; ++i) {
    Tensor* state = nullptr;
    if (exposed > 0) {
      // [1, N, hidden]
      TRY_ASSIGN(state,
                 layer.add(Reshape(Dims{input_dim(1), Dim(steps.hidden)}), {layer.input(layer.inputs().size() - exposed + i)}, "state"));
    } else {
      // Zeros of as many rows as there are sequences, which the run may tell: a part of the first step, times 0.
      Slice first;
      first.axes = {0, 2};
      first.starts = {0, 0};
      first.ends = {1, steps.hidden};
      TRY_ASSIGN(state, layer.add(first, {steps.driven}, "first step"));
      TRY_ASSIGN(state, layer.add(Squeeze({0}), {state}, "first step"));
      TRY_ASSIGN(state, layer.add(Elementwise(ScalarOp::kClip, 0, 0), {state}, "zeros"));
    }
    steps.beginning.push_back(state);
  }
  return steps;
}

// The body's layers are named by what they compute.
template <std::derived_from<Operator> Op>
Result<Tensor*> in(Network& body, Op op, std::vector<Tensor*> inputs, const char* name) {
  return body.add(std::move(op), std::move(inputs), name);
}

Result<Tensor*> output_of(Network& body, Tensor* tensor) {
  if (tensor->is_output()) {
    TRY_ASSIGN(tensor, body.add(Elementwise(ScalarOp::kIdentity), {tensor}, "scanned"));
  }
  TRY(body.mark_output(tensor));
  return tensor;
}

Result<std::vector<Tensor*>> scanned(const CaffeLayer& layer, const Steps& steps, std::shared_ptr<Network> body) {
  auto scan = std::make_unique<Scan>();
  scan->body = std::move(body);
  scan->states = static_cast<int64_t>(steps.beginning.size());
  scan->input_axes = scan->input_reversed = {0, 0};
  scan->output_axes = scan->output_reversed = {0};
  std::vector<Tensor*> inputs = steps.beginning;
  inputs.insert(inputs.end(), {steps.driven, steps.marks});
  TRY_ASSIGN(std::vector<Tensor*> outputs, layer.add_all(std::move(scan), inputs));
  // The scanned output is the first top; the last states follow as [1, N, hidden] where they are asked for.
  std::vector<Tensor*> tops = {outputs.back()};
  for (size_t i = 0; i + 1 < layer.output_count() && i < steps.beginning.size(); ++i) {
    TRY_ASSIGN(Tensor * last, layer.add(Unsqueeze({0}), {outputs[i]}, "last"));
    tops.push_back(last);
  }
  return tops;
}

struct Body {
  std::shared_ptr<Network> network = std::make_shared<Network>();
  std::vector<Tensor*> states;
  Tensor *driven = nullptr, *mark = nullptr;
};

Result<Body> body_of(const CaffeLayer& layer, const Steps& steps) {
  Body body;
  body.network->name = layer.name() + " step";
  body.network->number_symbols_from(layer.network().next_symbol_number());
  for (size_t i = 0; i < steps.beginning.size(); ++i) {
    TRY_ASSIGN(Tensor * state, body.network->add_input("state " + std::to_string(i), {DataType::kFloat, steps.beginning[i]->type.dims}));
    body.states.push_back(state);
  }
  const Dims &driven = steps.driven->type.dims, &marks = steps.marks->type.dims;
  TRY_ASSIGN(body.driven, body.network->add_input("driven", {DataType::kFloat, {driven[1], driven[2]}}));
  TRY_ASSIGN(body.mark, body.network->add_input("mark", {DataType::kFloat, {marks[1], marks[2]}}));
  return body;
}

// c' = sigmoid(f) * c * mark + sigmoid(i) * tanh(g), h' = sigmoid(o) * tanh(c'), of gates i, f, o, g = driven + w * (h * mark).
Result<std::vector<Tensor*>> lstm(const CaffeLayer& layer) {
  TRY_ASSIGN(Steps steps, prepare(layer, 4, 2));
  TRY_ASSIGN(Body body, body_of(layer, steps));
  Network& network = *body.network;
  TRY_ASSIGN(Array recurrent, layer.blob(steps.next_blob, {4 * steps.hidden, steps.hidden}));
  TRY_ASSIGN(Tensor * before, in(network, Elementwise(ScalarOp::kMul), {body.states[0], body.mark}, "hidden before"));
  TRY_ASSIGN(Tensor * gates, in(network, MatMul(false, true), {before, network.add_constant("weights", recurrent)}, "recurrent"));
  TRY_ASSIGN(gates, in(network, Elementwise(ScalarOp::kAdd), {gates, body.driven}, "gates"));
  Tensor* gate[4];
  static constexpr const char* kNames[] = {"in", "forget", "out", "new"};
  for (int64_t g = 0; g < 4; ++g) {
    Slice slice;
    slice.axes = {1};
    slice.starts = {g * steps.hidden};
    slice.ends = {(g + 1) * steps.hidden};
    TRY_ASSIGN(gate[g], in(network, slice, {gates}, kNames[g]));
    TRY_ASSIGN(gate[g], in(network, Elementwise(g == 3 ? ScalarOp::kTanh : ScalarOp::kSigmoid), {gate[g]}, kNames[g]));
  }
  TRY_ASSIGN(Tensor * cell, in(network, Elementwise(ScalarOp::kMul), {body.states[1], body.mark}, "cell before"));
  TRY_ASSIGN(cell, in(network, Elementwise(ScalarOp::kMul), {gate[1], cell}, "kept"));
  TRY_ASSIGN(Tensor * fresh, in(network, Elementwise(ScalarOp::kMul), {gate[0], gate[3]}, "fresh"));
  TRY_ASSIGN(cell, in(network, Elementwise(ScalarOp::kAdd), {cell, fresh}, "cell"));
  TRY_ASSIGN(Tensor * bounded, in(network, Elementwise(ScalarOp::kTanh), {cell}, "bounded"));
  TRY_ASSIGN(Tensor * hidden, in(network, Elementwise(ScalarOp::kMul), {gate[2], bounded}, "hidden"));
  for (Tensor* output : {hidden, cell, hidden}) TRY(output_of(network, output));
  return scanned(layer, steps, body.network);
}

// h' = tanh(driven + w * (h * mark)), y = tanh(v * h' + b).
Result<std::vector<Tensor*>> rnn(const CaffeLayer& layer) {
  TRY_ASSIGN(Steps steps, prepare(layer, 1, 1));
  TRY_ASSIGN(Body body, body_of(layer, steps));
  Network& network = *body.network;
  const Shape square = {steps.hidden, steps.hidden};
  TRY_ASSIGN(Array recurrent, layer.blob(steps.next_blob, square));
  TRY_ASSIGN(Array readout, layer.blob(steps.next_blob + 1, square));
  TRY_ASSIGN(Array bias, layer.blob(steps.next_blob + 2, {steps.hidden}));
  TRY_ASSIGN(Tensor * before, in(network, Elementwise(ScalarOp::kMul), {body.states[0], body.mark}, "hidden before"));
  TRY_ASSIGN(Tensor * hidden, in(network, MatMul(false, true), {before, network.add_constant("weights", recurrent)}, "recurrent"));
  TRY_ASSIGN(hidden, in(network, Elementwise(ScalarOp::kAdd), {hidden, body.driven}, "sum"));
  TRY_ASSIGN(hidden, in(network, Elementwise(ScalarOp::kTanh), {hidden}, "hidden"));
  TRY_ASSIGN(Tensor * y, in(network, MatMul(false, true),
                            {hidden, network.add_constant("readout", readout), network.add_constant("bias", bias)}, "readout"));
  TRY_ASSIGN(y, in(network, Elementwise(ScalarOp::kTanh), {y}, "y"));
  for (Tensor* output : {hidden, y}) TRY(output_of(network, output));
  return scanned(layer, steps, body.network);
}

}  // namespace

CAFFE_LAYERS(recurrent) {
  catalogue.add("LSTM", lstm);
  catalogue.add("RNN", rnn);
}

}  // namespace ingot
