// How operators enter the catalogue. The build calls register_<file>() for each file of operators/ that has one.
#pragma once

#include "network/network.h"

namespace ingot {

// At the end of operators/<file>.cpp: makes the struct known under its kName, and the ONNX operators that become it.
//   OPERATOR(Softmax, softmax, {"Softmax", one_output<Softmax::from_onnx>})
#define OPERATOR(Type, file, ...)                                                                                                         \
  void register_##file(OperatorCatalogue& catalogue) {                                                                                    \
    catalogue.add(Type::kName, [] { return std::unique_ptr<Operator>(std::make_unique<Type>()); });                                       \
    for (const OnnxName& onnx : std::initializer_list<OnnxName>{__VA_ARGS__}) catalogue.add_onnx(onnx.op_type, onnx.import, onnx.domain); \
  }

// The same in free form, for files with several operators or none of their own (foreign operators that are several of ours).
//   REGISTER_OPERATORS(elementwise) { catalogue.add(...); catalogue.add_onnx("HardSwish", ...); }
#define REGISTER_OPERATORS(file) void register_##file([[maybe_unused]] OperatorCatalogue& catalogue)

struct OnnxName {
  std::string_view op_type;
  OnnxImport import;
  std::string_view domain = "";
};

// Fills the catalogue once; later calls do nothing.
void register_all_operators();

// A from_onnx that returns one tensor, as the catalogue wants it.
template <Result<Tensor*> (*kImport)(const OnnxNode&, Network&)>
Result<std::vector<Tensor*>> one_output(const OnnxNode& node, Network& network) {
  TRY_ASSIGN(Tensor * output, kImport(node, network));
  return std::vector<Tensor*>{output};
}

}  // namespace ingot
