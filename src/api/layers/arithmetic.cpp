#include "api/layers/arithmetic.h"

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
    {UnaryOperation::kEXP, ScalarOp::kExp},     {UnaryOperation::kLOG, ScalarOp::kLog},     {UnaryOperation::kSQRT, ScalarOp::kSqrt},
    {UnaryOperation::kRECIP, ScalarOp::kReciprocal}, {UnaryOperation::kABS, ScalarOp::kAbs}, {UnaryOperation::kNEG, ScalarOp::kNeg},
    {UnaryOperation::kSIN, ScalarOp::kSin},     {UnaryOperation::kCOS, ScalarOp::kCos},     {UnaryOperation::kTAN, ScalarOp::kTan},
    {UnaryOperation::kSINH, ScalarOp::kSinh},   {UnaryOperation::kCOSH, ScalarOp::kCosh},   {UnaryOperation::kASIN, ScalarOp::kAsin},
    {UnaryOperation::kACOS, ScalarOp::kAcos},   {UnaryOperation::kATAN, ScalarOp::kAtan},   {UnaryOperation::kASINH, ScalarOp::kAsinh},
    {UnaryOperation::kACOSH, ScalarOp::kAcosh}, {UnaryOperation::kATANH, ScalarOp::kAtanh}, {UnaryOperation::kCEIL, ScalarOp::kCeil},
    {UnaryOperation::kFLOOR, ScalarOp::kFloor}, {UnaryOperation::kERF, ScalarOp::kErf},     {UnaryOperation::kNOT, ScalarOp::kNot},
    {UnaryOperation::kSIGN, ScalarOp::kSign},   {UnaryOperation::kROUND, ScalarOp::kRound}, {UnaryOperation::kISINF, ScalarOp::kIsInf},
    {UnaryOperation::kISNAN, ScalarOp::kIsNan},
};
constexpr Pair<ElementWiseOperation, ScalarOp> kElementwise[] = {
    {ElementWiseOperation::kSUM, ScalarOp::kAdd},   {ElementWiseOperation::kPROD, ScalarOp::kMul},        {ElementWiseOperation::kMAX, ScalarOp::kMax},
    {ElementWiseOperation::kMIN, ScalarOp::kMin},   {ElementWiseOperation::kSUB, ScalarOp::kSub},         {ElementWiseOperation::kDIV, ScalarOp::kDiv},
    {ElementWiseOperation::kPOW, ScalarOp::kPow},   {ElementWiseOperation::kFLOOR_DIV, ScalarOp::kFloorDiv}, {ElementWiseOperation::kAND, ScalarOp::kAnd},
    {ElementWiseOperation::kOR, ScalarOp::kOr},     {ElementWiseOperation::kXOR, ScalarOp::kXor},         {ElementWiseOperation::kEQUAL, ScalarOp::kEqual},
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
  const bool second = swapped();
  edit<Elementwise>([&](Elementwise& elementwise) { (second ? elementwise.b : elementwise.a) = alpha; });
}
void ActivationFacade::setBeta(float beta) noexcept {
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
  const std::vector<int64_t> list = axes_of(axes);
  if (list.size() != 1) return network_.reporter().report(invalid("softmax runs along one axis; " + std::to_string(list.size()) + " bits are set"));
  edit<Softmax>([&](Softmax& softmax) { softmax.axis = list[0]; });
}

void MatrixMultiplyFacade::setOperation(int32_t index, MatrixOperation operation) noexcept {
  if (index < 0 || index > 1) return network_.reporter().report(invalid("a matrix product has operands 0 and 1; got " + std::to_string(index)));
  if (operation == MatrixOperation::kVECTOR)
    return network_.reporter().report(unsupported("MatrixOperation::kVECTOR is set with addMatrixMultiply on a tensor of one dimension"));
  edit<MatMul>([&](MatMul& product) { (index ? product.transpose_b : product.transpose_a) = operation == MatrixOperation::kTRANSPOSE; });
}

MatrixOperation MatrixMultiplyFacade::getOperation(int32_t index) const noexcept {
  if (index < 0 || index > 1) return MatrixOperation::kNONE;
  const Tensor* operand = layer_->input(static_cast<size_t>(index));
  if (operand && operand->type.rank() == 1) return MatrixOperation::kVECTOR;
  return (index ? op<MatMul>().transpose_b : op<MatMul>().transpose_a) ? MatrixOperation::kTRANSPOSE : MatrixOperation::kNONE;
}

}  // namespace ingot::api
