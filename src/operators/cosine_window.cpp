#include "operators/cosine_window.h"

#include <cmath>

#include "operators/moving.h"
#include "operators/onnx_input.h"
#include "operators/onnx_types.h"
#include "operators/register.h"
#include "operators/runtime_dims.h"
#include "testing/example.h"

namespace ingot {

Result<TensorTypes> CosineWindow::infer(const TensorTypes& inputs) const {
  TRY(check_input_count(kName, inputs.size(), 1, 1));
  TRY(check_index_type("lengths of a window", inputs[0].type));
  if (terms.size() != 3) return invalid("a window has 3 terms, not " + std::to_string(terms.size()));
  if (inputs[0].values && inputs[0].values->size() == 1) {
    const Dim length = (*inputs[0].values)[0];
    if (length.is_constant() && length.value() < 0) return invalid("the length of the window is " + length.text());
    return TensorTypes{{to, {length}}};
  }
  TRY_ASSIGN(Dim length, runtime_dim(kName, symbol, 0));
  return TensorTypes{{to, {length}}};
}

Result<Arrays> CosineWindow::evaluate(const Arrays& inputs) const {
  if (inputs[0].count() != 1) return invalid("the length is " + to_text(inputs[0].shape()) + "; one integer is wanted");
  const int64_t length = inputs[0].integer(0);
  TRY_ASSIGN(Array y, Array::make(to, {length}));
  const auto n = static_cast<double>(periodic ? length : length - 1);
  for (int64_t i = 0; i < length; ++i) {
    const double turn = 2 * M_PI * static_cast<double>(i) / n;
    y.set_number(i, terms[0] - terms[1] * std::cos(turn) + terms[2] * std::cos(2 * turn));
  }
  return Arrays{y};
}

Result<Tensor*> CosineWindow::from_onnx(const OnnxNode& node, Network& network) {
  CosineWindow op;
  if (node.op_type() == "HammingWindow") op.terms = {25.0 / 46, 21.0 / 46, 0};
  if (node.op_type() == "BlackmanWindow") op.terms = {0.42, 0.5, 0.08};
  TRY_ASSIGN(int64_t periodic, node.integer("periodic", 1));
  op.periodic = periodic != 0;
  TRY_ASSIGN(int64_t number, node.integer("output_datatype", 1));
  TRY_ASSIGN(op.to, data_type_from_onnx(number));
  TRY_ASSIGN(Tensor * length, required_input(node, 0));
  TRY_ASSIGN(Layer * layer, add_runtime_sized(network, op.clone(), {length}, node.name()));
  return layer->output();
}

OPERATOR(CosineWindow, cosine_window, {"HannWindow", one_output<CosineWindow::from_onnx>},
         {"HammingWindow", one_output<CosineWindow::from_onnx>}, {"BlackmanWindow", one_output<CosineWindow::from_onnx>})

using namespace testing;

EXAMPLE("a window rises and falls") {
  expect_values("weights n int64 [] = 4\ny = cosine_window(n)\noutput y\n", {}, {0, 0.5, 1, 0.5});
  expect_values("weights n int64 [] = 3\ny = cosine_window(n) periodic=false terms=[0.42, 0.5, 0.08]\noutput y\n", {}, {0, 1, 0});
  expect_types("input n int64 []\ny = cosine_window(n) symbol=run_n to=half\noutput y\n", {"half [run_n]"});
  expect_error("weights n int64 [] = -4\ny = cosine_window(n)\noutput y\n", "the length of the window is -4");
}

}  // namespace ingot
