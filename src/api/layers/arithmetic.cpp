#include "api/layers/arithmetic.h"

#include "operators/matrix_product.h"

namespace ingot::api {

using nvinfer1::ActivationType;
using nvinfer1::ElementWiseOperation;
using nvinfer1::MatrixOperation;
using nvinfer1::ReduceOperation;
using nvinfer1::UnaryOperation;

namespace {

template <class Word, class Core>
struct Pair {
  Word word;
  Core core;
};

constexpr Pair<ActivationType, ScalarOp> kActivations[] = {
    {ActivationType::kRELU, ScalarOp::kRelu},
    {ActivationType::kSIGMOID, ScalarOp::kSigmoid},
    {ActivationType::kTANH, ScalarOp::kTanh},
    {ActivationType::kLEAKY_RELU, ScalarOp::kLeakyRelu},
    {ActivationType::kELU, ScalarOp::kElu},
    {ActivationType::kSELU, ScalarOp::kSelu},
    {ActivationType::kSOFTSIGN, ScalarOp::kSoftsign},
    {ActivationType::kSOFTPLUS, ScalarOp::kSoftplus},
    {ActivationType::kCLIP, ScalarOp::kClip},
    {ActivationType::kHARD_SIGMOID, ScalarOp::kHardSigmoid},
    {ActivationType::kSCALED_TANH, ScalarOp::kScaledTanh},
    {ActivationType::kTHRESHOLDED_RELU, ScalarOp::kThresholdedRelu},
    {ActivationType::kGELU_ERF, ScalarOp::kGelu},
    {ActivationType::kGELU_TANH, ScalarOp::kGeluTanh},
};
constexpr Pair<UnaryOperation, ScalarOp> kUnaries[] = {
    {UnaryOperation::kEXP, ScalarOp::kExp},          {UnaryOperation::kLOG, ScalarOp::kLog},     {UnaryOperation::kSQRT, ScalarOp::kSqrt},
    {UnaryOperation::kRECIP, ScalarOp::kReciprocal}, {UnaryOperation::kABS, ScalarOp::kAbs},     {UnaryOperation::kNEG, ScalarOp::kNeg},
    {UnaryOperation::kSIN, ScalarOp::kSin},          {UnaryOperation::kCOS, ScalarOp::kCos},     {UnaryOperation::kTAN, ScalarOp::kTan},
    {UnaryOperation::kSINH, ScalarOp::kSinh},        {UnaryOperation::kCOSH, ScalarOp::kCosh},   {UnaryOperation::kASIN, ScalarOp::kAsin},
    {UnaryOperation::kACOS, ScalarOp::kAcos},        {UnaryOperation::kATAN, ScalarOp::kAtan},   {UnaryOperation::kASINH, ScalarOp::kAsinh},
    {UnaryOperation::kACOSH, ScalarOp::kAcosh},      {UnaryOperation::kATANH, ScalarOp::kAtanh}, {UnaryOperation::kCEIL, ScalarOp::kCeil},
    {UnaryOperation::kFLOOR, ScalarOp::kFloor},      {UnaryOperation::kERF, ScalarOp::kErf},     {UnaryOperation::kNOT, ScalarOp::kNot},
    {UnaryOperation::kSIGN, ScalarOp::kSign},        {UnaryOperation::kROUND, ScalarOp::kRound}, {UnaryOperation::kISINF, ScalarOp::kIsInf},
    {UnaryOperation::kISNAN, ScalarOp::kIsNan},
};
constexpr Pair<ElementWiseOperation, ScalarOp> kElementwise[] = {
    {ElementWiseOperation::kSUM, ScalarOp::kAdd},         {ElementWiseOperation::kPROD, ScalarOp::kMul},
    {ElementWiseOperation::kMAX, ScalarOp::kMax},         {ElementWiseOperation::kMIN, ScalarOp::kMin},
    {ElementWiseOperation::kSUB, ScalarOp::kSub},         {ElementWiseOperation::kDIV, ScalarOp::kDiv},
    {ElementWiseOperation::kPOW, ScalarOp::kPow},         {ElementWiseOperation::kFLOOR_DIV, ScalarOp::kFloorDiv},
    {ElementWiseOperation::kAND, ScalarOp::kAnd},         {ElementWiseOperation::kOR, ScalarOp::kOr},
    {ElementWiseOperation::kXOR, ScalarOp::kXor},         {ElementWiseOperation::kEQUAL, ScalarOp::kEqual},
    {ElementWiseOperation::kGREATER, ScalarOp::kGreater}, {ElementWiseOperation::kLESS, ScalarOp::kLess},
};
constexpr Pair<ReduceOperation, ReduceKind> kReductions[] = {
    {ReduceOperation::kSUM, ReduceKind::kSum}, {ReduceOperation::kPROD, ReduceKind::kProduct}, {ReduceOperation::kMAX, ReduceKind::kMax},
    {ReduceOperation::kMIN, ReduceKind::kMin}, {ReduceOperation::kAVG, ReduceKind::kMean},
};

template <class Word, class Table, class Core>
std::optional<Word> word_of(const Table& table, Core core) {
  for (const auto& pair : table) {
    if (pair.core == core) return pair.word;
  }
  return std::nullopt;
}

}  // namespace

Result<ScalarOp> to_core(ActivationType type) {
  for (const auto& pair : kActivations) {
    if (pair.word == type) return pair.core;
  }
  return invalid("there is no ActivationType " + std::to_string(static_cast<int>(type)));
}
Result<ScalarOp> to_core(UnaryOperation op) {
  for (const auto& pair : kUnaries) {
    if (pair.word == op) return pair.core;
  }
  return invalid("there is no UnaryOperation " + std::to_string(static_cast<int>(op)));
}
Result<ScalarOp> to_core(ElementWiseOperation op) {
  for (const auto& pair : kElementwise) {
    if (pair.word == op) return pair.core;
  }
  return invalid("there is no ElementWiseOperation " + std::to_string(static_cast<int>(op)));
}
Result<ReduceKind> to_core(ReduceOperation op) {
  for (const auto& pair : kReductions) {
    if (pair.word == op) return pair.core;
  }
  return invalid("there is no reduction of ReduceOperation " + std::to_string(static_cast<int>(op)));
}
std::optional<ActivationType> activation_of(ScalarOp op) { return word_of<ActivationType>(kActivations, op); }
std::optional<UnaryOperation> unary_of(ScalarOp op) { return word_of<UnaryOperation>(kUnaries, op); }
std::optional<ElementWiseOperation> elementwise_of(ScalarOp op) { return word_of<ElementWiseOperation>(kElementwise, op); }
ReduceOperation reduction_of(ReduceKind kind) { return word_of<ReduceOperation>(kReductions, kind).value_or(ReduceOperation::kSUM); }

Elementwise activation(ScalarOp op, float alpha, float beta) {
  return op == ScalarOp::kSoftplus ? Elementwise(op, beta, alpha) : Elementwise(op, alpha, beta);
}

void ActivationFacade::setActivationType(ActivationType type) noexcept {
  const auto core = to_core(type);
  if (!core.ok()) return network_.reporter().report(core.error());
  const float alpha = getAlpha(), beta = getBeta();
  edit<Elementwise>([&](Elementwise& elementwise) { elementwise = activation(*core, alpha, beta); });
}
void ActivationFacade::setAlpha(float alpha) noexcept {
  if (!takes_number("setAlpha", alpha)) return;
  const bool second = swapped();
  edit<Elementwise>([&](Elementwise& elementwise) { (second ? elementwise.b : elementwise.a) = alpha; });
}
void ActivationFacade::setBeta(float beta) noexcept {
  if (!takes_number("setBeta", beta)) return;
  const bool second = swapped();
  edit<Elementwise>([&](Elementwise& elementwise) { (second ? elementwise.a : elementwise.b) = beta; });
}

void UnaryFacade::setOperation(UnaryOperation operation) noexcept {
  const auto core = to_core(operation);
  if (!core.ok()) return network_.reporter().report(core.error());
  edit<Elementwise>([&](Elementwise& elementwise) { elementwise.op = *core; });
}

void ElementWiseFacade::setOperation(ElementWiseOperation operation) noexcept {
  const auto core = to_core(operation);
  if (!core.ok()) return network_.reporter().report(core.error());
  edit<Elementwise>([&](Elementwise& elementwise) { elementwise.op = *core; });
}

void CastFacade::setToType(nvinfer1::DataType type) noexcept {
  const auto core = to_core(type);
  if (!core.ok()) return network_.reporter().report(core.error());
  edit<Elementwise>([&](Elementwise& elementwise) { elementwise.to = *core; });
}

void ReduceFacade::setOperation(ReduceOperation operation) noexcept {
  const auto core = to_core(operation);
  if (!core.ok()) return network_.reporter().report(core.error());
  edit<Reduce>([&](Reduce& reduce) { reduce.kind = *core; });
}

void SoftMaxFacade::setAxes(uint32_t axes) noexcept {
  if (!takes_axes("setAxes", axes)) return;
  const std::vector<int64_t> list = axes_of(axes, network_.lead());
  if (list.size() != 1)
    return network_.reporter().report(invalid("softmax runs along one axis; " + std::to_string(list.size()) + " bits are set"));
  edit<Softmax>([&](Softmax& softmax) { softmax.axis = list[0]; });
}

namespace {

MatrixForm form_of(MatrixOperation operation) {
  return operation == MatrixOperation::kTRANSPOSE ? MatrixForm::kTransposed
         : operation == MatrixOperation::kVECTOR  ? MatrixForm::kVector
                                                  : MatrixForm::kPlain;
}
MatrixOperation operation_of(MatrixForm form) {
  return form == MatrixForm::kTransposed ? MatrixOperation::kTRANSPOSE
         : form == MatrixForm::kVector   ? MatrixOperation::kVECTOR
                                         : MatrixOperation::kNONE;
}
// The forms of both operands, whichever operator holds them.
MatrixProduct forms_of(const Operator& op, const std::vector<Tensor*>& inputs) {
  MatrixProduct forms;
  if (const auto* product = dynamic_cast<const MatrixProduct*>(&op)) return *product;
  const auto& matmul = static_cast<const MatMul&>(op);
  const auto rank = [&](size_t i) { return inputs[i]->type.rank(); };
  forms.a = rank(0) == 1 ? MatrixForm::kVector : matmul.transpose_a ? MatrixForm::kTransposed : MatrixForm::kPlain;
  forms.b = rank(1) == 1 ? MatrixForm::kVector : matmul.transpose_b ? MatrixForm::kTransposed : MatrixForm::kPlain;
  return forms;
}
std::unique_ptr<Operator> product_of(const MatrixProduct& forms) {
  if (forms.a == MatrixForm::kVector || forms.b == MatrixForm::kVector) return std::make_unique<MatrixProduct>(forms);
  return std::make_unique<MatMul>(forms.a == MatrixForm::kTransposed, forms.b == MatrixForm::kTransposed);
}

}  // namespace

void MatrixMultiplyFacade::setOperation(int32_t index, MatrixOperation operation) noexcept {
  guarded(network_.reporter(), [&]() -> Status {
    if (index < 0 || index > 1) return invalid("a matrix product has operands 0 and 1; got " + std::to_string(index));
    if (!takes_word("setOperation", operation)) return Ok{};
    MatrixProduct forms = forms_of(current_op(), current_inputs());
    (index ? forms.b : forms.a) = form_of(operation);
    change(product_of(forms), current_inputs());
    return Ok{};
  });
}

MatrixOperation MatrixMultiplyFacade::getOperation(int32_t index) const noexcept {
  if (index < 0 || index > 1) return MatrixOperation::kNONE;
  const MatrixProduct forms = forms_of(current_op(), current_inputs());
  return operation_of(index ? forms.b : forms.a);
}

std::unique_ptr<LayerHandle> make_arithmetic_facade(NetworkFacade& network, Layer* layer) {
  using nvinfer1::LayerType;
  if (layer->as<Softmax>()) return std::make_unique<SoftMaxFacade>(network, layer, LayerType::kSOFTMAX);
  if (layer->as<Reduce>()) return std::make_unique<ReduceFacade>(network, layer, LayerType::kREDUCE);
  if (layer->as<MatMul>() || layer->as<MatrixProduct>())
    return std::make_unique<MatrixMultiplyFacade>(network, layer, LayerType::kMATRIX_MULTIPLY);
  const auto* elementwise = layer->as<Elementwise>();
  if (!elementwise) return nullptr;
  const ScalarOp op = elementwise->op;
  if (op == ScalarOp::kCast) return std::make_unique<CastFacade>(network, layer, LayerType::kCAST);
  if (op == ScalarOp::kIdentity) return std::make_unique<SettinglessFacade<nvinfer1::IIdentityLayer>>(network, layer, LayerType::kIDENTITY);
  if (op == ScalarOp::kSelect) return std::make_unique<SettinglessFacade<nvinfer1::ISelectLayer>>(network, layer, LayerType::kSELECT);
  if (op == ScalarOp::kPrelu)
    return std::make_unique<SettinglessFacade<nvinfer1::IParametricReLULayer>>(network, layer, LayerType::kPARAMETRIC_RELU);
  if (activation_of(op)) return std::make_unique<ActivationFacade>(network, layer, LayerType::kACTIVATION);
  if (unary_of(op)) return std::make_unique<UnaryFacade>(network, layer, LayerType::kUNARY);
  if (elementwise_of(op)) return std::make_unique<ElementWiseFacade>(network, layer, LayerType::kELEMENTWISE);
  return nullptr;
}

// ---- Adding ----

using nvinfer1::ITensor;

nvinfer1::IActivationLayer* NetworkFacade::addActivation(ITensor& input, ActivationType type) noexcept {
  return guarded(reporter_, static_cast<nvinfer1::IActivationLayer*>(nullptr), [&]() -> nvinfer1::IActivationLayer* {
    const auto op = to_core(type);
    if (!op.ok()) return reporter_.report(op.error()), nullptr;
    return add<nvinfer1::IActivationLayer>(std::make_unique<Elementwise>(activation(*op, 0, 0)), {&core_tensor(input)}, "Activation");
  });
}

nvinfer1::IParametricReLULayer* NetworkFacade::addParametricReLU(ITensor& input, ITensor& slope) noexcept {
  return guarded(reporter_, static_cast<nvinfer1::IParametricReLULayer*>(nullptr), [&]() -> nvinfer1::IParametricReLULayer* {
    return add<nvinfer1::IParametricReLULayer>(std::make_unique<Elementwise>(ScalarOp::kPrelu), {&core_tensor(input), &core_tensor(slope)},
                                               "ParametricReLU");
  });
}

nvinfer1::IUnaryLayer* NetworkFacade::addUnary(ITensor& input, UnaryOperation operation) noexcept {
  return guarded(reporter_, static_cast<nvinfer1::IUnaryLayer*>(nullptr), [&]() -> nvinfer1::IUnaryLayer* {
    const auto op = to_core(operation);
    if (!op.ok()) return reporter_.report(op.error()), nullptr;
    return add<nvinfer1::IUnaryLayer>(std::make_unique<Elementwise>(*op), {&core_tensor(input)}, "Unary");
  });
}

nvinfer1::IElementWiseLayer* NetworkFacade::addElementWise(ITensor& input1, ITensor& input2, ElementWiseOperation operation) noexcept {
  return guarded(reporter_, static_cast<nvinfer1::IElementWiseLayer*>(nullptr), [&]() -> nvinfer1::IElementWiseLayer* {
    const auto op = to_core(operation);
    if (!op.ok()) return reporter_.report(op.error()), nullptr;
    const int64_t rank1 = core_tensor(input1).type.rank() - lead(), rank2 = core_tensor(input2).type.rank() - lead();
    if (rank1 != rank2) {
      reporter_.report(invalid("addElementWise: the inputs have " + std::to_string(rank1) + " and " + std::to_string(rank2) +
                               " dimensions; they must agree"));
      return nullptr;
    }
    return add<nvinfer1::IElementWiseLayer>(std::make_unique<Elementwise>(*op), {&core_tensor(input1), &core_tensor(input2)},
                                            "ElementWise");
  });
}

nvinfer1::ISelectLayer* NetworkFacade::addSelect(ITensor& condition, ITensor& then_input, ITensor& else_input) noexcept {
  return guarded(reporter_, static_cast<nvinfer1::ISelectLayer*>(nullptr), [&]() -> nvinfer1::ISelectLayer* {
    const auto rank = [&](ITensor& tensor) { return core_tensor(tensor).type.rank() - lead(); };
    if (rank(condition) != rank(then_input) || rank(condition) != rank(else_input)) {
      reporter_.report(invalid("addSelect: the inputs have " + std::to_string(rank(condition)) + ", " + std::to_string(rank(then_input)) +
                               " and " + std::to_string(rank(else_input)) + " dimensions; they must agree"));
      return nullptr;
    }
    return add<nvinfer1::ISelectLayer>(std::make_unique<Elementwise>(ScalarOp::kSelect),
                                       {&core_tensor(condition), &core_tensor(then_input), &core_tensor(else_input)}, "Select");
  });
}

nvinfer1::IIdentityLayer* NetworkFacade::addIdentity(ITensor& input) noexcept {
  return guarded(reporter_, static_cast<nvinfer1::IIdentityLayer*>(nullptr), [&]() -> nvinfer1::IIdentityLayer* {
    return add<nvinfer1::IIdentityLayer>(std::make_unique<Elementwise>(ScalarOp::kIdentity), {&core_tensor(input)}, "Identity");
  });
}

nvinfer1::ICastLayer* NetworkFacade::addCast(ITensor& input, nvinfer1::DataType type) noexcept {
  return guarded(reporter_, static_cast<nvinfer1::ICastLayer*>(nullptr), [&]() -> nvinfer1::ICastLayer* {
    const auto core = to_core(type);
    if (!core.ok()) return reporter_.report(core.error()), nullptr;
    return add<nvinfer1::ICastLayer>(std::make_unique<Elementwise>(Elementwise::cast(*core)), {&core_tensor(input)}, "Cast");
  });
}

nvinfer1::IReduceLayer* NetworkFacade::addReduce(ITensor& input, ReduceOperation operation, uint32_t axes, bool keep) noexcept {
  return guarded(reporter_, static_cast<nvinfer1::IReduceLayer*>(nullptr), [&]() -> nvinfer1::IReduceLayer* {
    const auto kind = to_core(operation);
    if (!kind.ok()) return reporter_.report(kind.error()), nullptr;
    if (axes == 0) return reporter_.report(invalid("addReduce: no axis is set; each bit stands for one")), nullptr;
    return add<nvinfer1::IReduceLayer>(std::make_unique<Reduce>(*kind, axes_of(axes, lead()), keep), {&core_tensor(input)}, "Reduce");
  });
}

nvinfer1::ISoftMaxLayer* NetworkFacade::addSoftMax(ITensor& input) noexcept {
  return guarded(reporter_, static_cast<nvinfer1::ISoftMaxLayer*>(nullptr), [&]() -> nvinfer1::ISoftMaxLayer* {
    const int64_t axis = lead() + std::max<int64_t>(0, core_tensor(input).type.rank() - lead() - 3);
    return add<nvinfer1::ISoftMaxLayer>(std::make_unique<Softmax>(axis), {&core_tensor(input)}, "Softmax");
  });
}

nvinfer1::IMatrixMultiplyLayer* NetworkFacade::addMatrixMultiply(ITensor& input0, MatrixOperation op0, ITensor& input1,
                                                                 MatrixOperation op1) noexcept {
  return guarded(reporter_, static_cast<nvinfer1::IMatrixMultiplyLayer*>(nullptr), [&]() -> nvinfer1::IMatrixMultiplyLayer* {
    for (const auto& [tensor, operation] : {std::pair{&input0, op0}, std::pair{&input1, op1}}) {
      const int64_t rank = core_tensor(*tensor).type.rank() - lead();
      if (operation == MatrixOperation::kVECTOR || rank >= 2) continue;
      reporter_.report(invalid("addMatrixMultiply: a tensor of " + std::to_string(rank) +
                               " dimensions is no matrix; kVECTOR takes its last dimension as a vector"));
      return nullptr;
    }
    MatrixProduct forms;
    forms.a = form_of(op0);
    forms.b = form_of(op1);
    return add<nvinfer1::IMatrixMultiplyLayer>(product_of(forms), {&core_tensor(input0), &core_tensor(input1)}, "Matrix Multiply");
  });
}

}  // namespace ingot::api
