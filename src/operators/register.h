// How operators enter the catalogue. The build calls register_<file>() for each file of operators/ that has one.
#pragma once

#include "network/network.h"

namespace ingot {

// At the end of operators/<file>.cpp: makes the struct known under its kName, and its from_onnx under the ONNX names given.
//   OPERATOR(Softmax, softmax)
//   ONNX(softmax_onnx, "Softmax", Softmax::from_onnx)
#define OPERATOR(Type, file)                                                                          \
  void register_##file(OperatorCatalogue& catalogue) {                                                \
    catalogue.add(Type::kName, [] { return std::unique_ptr<Operator>(std::make_unique<Type>()); });   \
    register_onnx_##file(catalogue);                                                                  \
  }

// Fills the catalogue once; later calls do nothing.
void register_all_operators();

// A from_onnx that returns one tensor, as the catalogue wants it.
template <Result<Tensor*> (*kImport)(const OnnxNode&, Network&)>
Result<std::vector<Tensor*>> one_output(const OnnxNode& node, Network& network) {
  TRY_ASSIGN(Tensor * output, kImport(node, network));
  return std::vector<Tensor*>{output};
}

}  // namespace ingot
