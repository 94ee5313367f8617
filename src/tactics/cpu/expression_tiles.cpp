#include "tactics/cpu/expression_tiles.h"

#include <algorithm>
#include <cmath>
#include <cstring>

#include "base/cpu_info.h"
#include "operators/pointwise.h"
#include "operators/scalar_functions.h"
#include "tactics/cpu/convert_rows.h"
#include "tactics/cpu/expression_kernels.h"
#include "tactics/cpu/integer_tiles.h"

namespace ingot {
namespace {

constexpr int64_t kTile = CompiledExpression::kTile, kSlotBytes = kTile * 8;
constexpr int kSplat = 16;  // floats of one repeated value

// What a tile holds: floats (half, bf16 and fp8 too, and bools as 0 and 1), integers, or doubles.
enum class Domain : uint8_t { kFloat, kInteger, kDouble };

Domain domain_of(DataType type) {
  if (type == DataType::kDouble) return Domain::kDouble;
  return is_integer(type) ? Domain::kInteger : Domain::kFloat;
}

enum class Work : uint8_t {
  kLoadFloats,
  kFloats,          // a vector kernel
  kFloatsOneByOne,  // a function without one
  kPass,            // floats as they are: what the output's own store makes of them is the result
  kRoundToRow,      // floats to what `store` and `load` keep of them
  kLoadIntegers,
  kIntegers,
  kSelectIntegers,
  kCompareIntegers,  // integers in, bools out
  kFloatsToIntegers,
  kIntegersToFloats,
  kIntegersToBools,
  kLoadDoubles,  // from here on element by element
  kDoubles,
  kCompareDoubles,
  kSelectDoubles,
  kFloatsToDoubles,
  kIntegersToDoubles,
  kDoublesToFloats,
  kDoublesToIntegers,
  kDoublesToBools,
};

// Where an operand is: a slot, or a constant of the pool.
struct Where {
  int slot = -1;
  int constant = -1;
};

struct Step {
  Work work;
  ScalarOp op = ScalarOp::kIdentity;
  DataType type = DataType::kFloat;  // of the integers
  int operand_count = 0;
  Where operands[3];
  int target = -1;  // slot
  int input = -1;   // of loads
  float a = 0, b = 0;
  double wide_a = 0, wide_b = 0;
  ExpressionKernel kernel = nullptr;
  LoadRow load = nullptr;
  StoreRow store = nullptr;
};

struct Constant {
  alignas(64) float floats[kSplat];
  int64_t integer;
  double number;
};

}  // namespace

struct CompiledExpression::Program {
  std::vector<Step> steps;
  std::vector<Constant> constants;
  int inputs = 0;
  int result_slot = -1;
  DataType output = DataType::kFloat;
  Domain result_domain = Domain::kFloat;
  StoreRow store = nullptr;  // of float results that do not go straight to the output
  bool straight = false;     // the last step writes floats to the output
  std::vector<int> element_bytes;
  double cost = 0;
};

namespace {

// A node as the compiler sees it; constants are doubles, since bounds of integer clips may be large.
struct Node {
  ScalarOp op = ScalarOp::kIdentity;
  int32_t operands[3] = {0, 0, 0};
  double a = 0, b = 0;
  DataType to = DataType::kFloat;
  bool is_constant = false;
};

using Program = CompiledExpression::Program;

class Compiler {
 public:
  Compiler(std::vector<Node> nodes, std::vector<DataType> inputs, DataType output, int floats = 0)
      : nodes_(std::move(nodes)), inputs_(std::move(inputs)), output_(output), floats_(floats) {}

  Result<std::shared_ptr<const Program>> compile() {
    for (DataType type : inputs_) TRY(check_type(type));
    TRY(check_type(output_));
    TRY(infer());
    count_uses();
    for (size_t i = 0; i < nodes_.size(); ++i) {
      if (uses_[i] > 0 && !nodes_[i].is_constant) TRY(emit(static_cast<int>(i)));
    }
    TRY(finish());
    program_.inputs = static_cast<int>(inputs_.size());
    program_.output = output_;
    for (size_t i = 0; i < inputs_.size(); ++i) program_.element_bytes.push_back(bits_of(stored_type(i)) / 8);
    for (const Step& step : program_.steps) program_.cost += cost_of(step);
    return std::shared_ptr<const Program>(std::make_shared<Program>(std::move(program_)));
  }

 private:
  static bool is_elementary(ScalarOp op) {  // takes a polynomial of many terms
    using enum ScalarOp;
    constexpr ScalarOp kAll[] = {kTanh, kScaledTanh, kErf, kGelu, kGeluTanh, kSigmoid, kSilu, kExp, kLog};
    return std::find(std::begin(kAll), std::end(kAll), op) != std::end(kAll);
  }
  // Nanoseconds an element.
  static double cost_of(const Step& step) {
    switch (step.work) {
      case Work::kPass: return 0;
      case Work::kFloats: return is_elementary(step.op) ? 0.5 : 0.05;
      case Work::kLoadFloats: return 0.05;
      case Work::kFloatsOneByOne: return 8;
      default: return step.work >= Work::kLoadDoubles ? 0.8 : 0.15;
    }
  }

  static Status check_type(DataType type) {
    REQUIRES(type != DataType::kUint64, "uint64 has no tiles");
    REQUIRES(bits_of(type) >= 8 && !is_rare_float(type), std::string(name_of(type)) + " has no rows");
    return Ok{};
  }

  // Types of nodes, as Expression::infer finds them: constants follow the operand beside them.
  Status infer() {
    types_.resize(nodes_.size());
    for (size_t i = 0; i < nodes_.size(); ++i) {
      const Node& node = nodes_[i];
      if (node.is_constant) continue;
      std::vector<DataType> known;
      for (int k = 0; k < arity_of(node.op); ++k) {
        if (node.operands[k] < 0 && static_cast<size_t>(~node.operands[k]) >= inputs_.size())
          return invalid("an expression reads an input that is not there");
        if (node.operands[k] >= static_cast<int32_t>(i)) return invalid("a node of an expression reads one behind it");
        known.push_back(operand_type(static_cast<int>(i), k));
      }
      TRY_ASSIGN(types_[i], infer_scalar_op(node.op, known, node.to));
      TRY(check_type(types_[i]));
      REQUIRES(node.op != ScalarOp::kCast || node.a == 0, "a cast that lets fp8 overflow has no tiles");
    }
    return Ok{};
  }

  bool is_constant(int32_t operand) const { return operand >= 0 && nodes_[static_cast<size_t>(operand)].is_constant; }
  DataType own_type(int32_t operand) const {
    return operand < 0 ? inputs_[static_cast<size_t>(~operand)] : types_[static_cast<size_t>(operand)];
  }
  DataType operand_type(int i, int k) const {
    const Node& node = nodes_[static_cast<size_t>(i)];
    if (!is_constant(node.operands[k])) return own_type(node.operands[k]);
    const int first = node.op == ScalarOp::kSelect ? 1 : 0;
    if (k < first) return DataType::kBool;
    for (int j = first; j < arity_of(node.op); ++j) {
      if (!is_constant(node.operands[j])) return own_type(node.operands[j]);
    }
    return DataType::kFloat;
  }

  void count_uses() {
    uses_.assign(nodes_.size(), 0);
    input_uses_.assign(inputs_.size(), 0);
    input_casts_.assign(inputs_.size(), 0);
    uses_.back() = 1;
    for (size_t i = nodes_.size(); i-- > 0;) {
      if (uses_[i] == 0 || nodes_[i].is_constant) continue;
      for (int k = 0; k < arity_of(nodes_[i].op); ++k) {
        const int32_t operand = nodes_[i].operands[k];
        if (operand >= 0) {
          ++uses_[static_cast<size_t>(operand)];
        } else {
          ++input_uses_[static_cast<size_t>(~operand)];
          const bool to_float =
              nodes_[i].op == ScalarOp::kCast && domain_of(nodes_[i].to) == Domain::kFloat && nodes_[i].to != DataType::kBool;
          if (to_float) ++input_casts_[static_cast<size_t>(~operand)];
        }
      }
    }
    // Decided once: the counts fall while steps are emitted.
    loads_as_float_.assign(inputs_.size(), false);
    for (size_t i = 0; i < inputs_.size(); ++i) {
      loads_as_float_[i] = domain_of(inputs_[i]) == Domain::kInteger && input_casts_[i] == input_uses_[i];
    }
    slots_of_.assign(nodes_.size(), -1);
    input_slots_.assign(inputs_.size(), -1);
  }

  // Integers that only casts to floats read are loaded as floats.
  bool loads_as_float(size_t input) const { return loads_as_float_[input]; }
  Domain input_domain(size_t input) const {
    return loads_as_float(input) || is_float_row(input) ? Domain::kFloat : domain_of(inputs_[input]);
  }
  bool is_float_row(size_t input) const { return static_cast<int>(input) < floats_; }
  DataType stored_type(size_t input) const { return is_float_row(input) ? DataType::kFloat : inputs_[input]; }

  Result<int> take_slot() {
    for (int s = 0; s < CompiledExpression::kMostSlots; ++s) {
      if (!(taken_ >> s & 1)) {
        taken_ |= 1u << s;
        return s;
      }
    }
    return unsupported("an expression keeps more than " + std::to_string(CompiledExpression::kMostSlots) + " values at a time");
  }
  void release(int32_t operand) {
    int& uses = operand >= 0 ? uses_[static_cast<size_t>(operand)] : input_uses_[static_cast<size_t>(~operand)];
    const int slot = operand >= 0 ? slots_of_[static_cast<size_t>(operand)] : input_slots_[static_cast<size_t>(~operand)];
    if (--uses == 0 && slot >= 0) taken_ &= ~(1u << slot);
  }

  int constant(double value) {
    Constant c{};
    std::fill(std::begin(c.floats), std::end(c.floats), static_cast<float>(value));
    c.number = value;
    c.integer = integer_from_double(DataType::kInt64, value);
    program_.constants.push_back(c);
    return static_cast<int>(program_.constants.size()) - 1;
  }

  Result<Where> place(int32_t operand) {
    Where place;
    if (operand >= 0) {
      if (nodes_[static_cast<size_t>(operand)].is_constant)
        place.constant = constant(nodes_[static_cast<size_t>(operand)].a);
      else
        place.slot = slots_of_[static_cast<size_t>(operand)];
      return place;
    }
    const auto input = static_cast<size_t>(~operand);
    if (input_slots_[input] < 0) {
      TRY_ASSIGN(input_slots_[input], take_slot());
      Step load{Work::kLoadFloats};
      load.input = static_cast<int>(input);
      load.target = input_slots_[input];
      load.type = stored_type(input);
      const Domain domain = input_domain(input);
      if (domain == Domain::kInteger) load.work = Work::kLoadIntegers;
      if (domain == Domain::kDouble) load.work = Work::kLoadDoubles;
      if (domain == Domain::kFloat) {
        load.load = load_row(stored_type(input));
        if (!load.load) return unsupported(std::string(name_of(inputs_[input])) + " has no rows");
      }
      program_.steps.push_back(load);
    }
    place.slot = input_slots_[input];
    return place;
  }

  Status emit(int index) {
    const Node& node = nodes_[static_cast<size_t>(index)];
    Step step{Work::kFloats};
    step.op = node.op;
    step.operand_count = arity_of(node.op);
    step.a = static_cast<float>(node.a);
    step.b = static_cast<float>(node.b);
    step.wide_a = node.a;
    step.wide_b = node.b;
    const DataType type = types_[static_cast<size_t>(index)];
    const DataType first = operand_type(index, 0);
    Domain from = domain_of(first);
    if (node.operands[0] < 0) from = input_domain(static_cast<size_t>(~node.operands[0]));
    step.type = first;
    for (int k = 0; k < step.operand_count; ++k) {
      TRY_ASSIGN(step.operands[k], place(node.operands[k]));
    }
    TRY(choose_work(node, type, first, from, step));
    // Tiles of equal width may be overwritten in place; others must not overlap.
    const bool same_width = domain_of(type) == from && step.work != Work::kSelectIntegers && step.work != Work::kSelectDoubles;
    if (same_width) release_operands(node);
    TRY_ASSIGN(step.target, take_slot());
    if (!same_width) release_operands(node);
    slots_of_[static_cast<size_t>(index)] = step.target;
    program_.steps.push_back(step);
    return Ok{};
  }

  void release_operands(const Node& node) {
    for (int k = 0; k < arity_of(node.op); ++k) release(node.operands[k]);
  }

  Status choose_work(const Node& node, DataType type, DataType first, Domain from, Step& step) {
    if (node.op == ScalarOp::kCast) return choose_cast(node, first, from, step);
    if (node.op == ScalarOp::kPow) {
      REQUIRES(domain_of(first) == domain_of(operand_type_of_pow(node)), "a power of mixed types has no tiles");
      if (from == Domain::kFloat && is_constant(node.operands[1]) && nodes_[static_cast<size_t>(node.operands[1])].a == 2) {
        step.op = ScalarOp::kMul;
        step.operands[1] = step.operands[0];
      }
    }
    if (node.op == ScalarOp::kSelect) {
      const Domain domain = domain_of(type);
      if (domain == Domain::kInteger) step.work = Work::kSelectIntegers;
      if (domain == Domain::kDouble) step.work = Work::kSelectDoubles;
      if (domain == Domain::kFloat) step.kernel = expression_kernel(step.op);
      return Ok{};
    }
    if (from == Domain::kInteger) {
      step.work = type == DataType::kBool ? Work::kCompareIntegers : Work::kIntegers;
    } else if (from == Domain::kDouble) {
      step.work = type == DataType::kBool ? Work::kCompareDoubles : Work::kDoubles;
    } else {
      step.kernel = expression_kernel(step.op);
      if (!step.kernel) step.work = Work::kFloatsOneByOne;
    }
    return Ok{};
  }

  DataType operand_type_of_pow(const Node& node) const {
    return is_constant(node.operands[1]) ? (is_constant(node.operands[0]) ? DataType::kFloat : own_type(node.operands[0]))
                                         : own_type(node.operands[1]);
  }

  Status choose_cast(const Node& node, DataType first, Domain from, Step& step) {
    const Domain to = domain_of(node.to);
    const bool last = &node == &nodes_.back() && node.to == output_;
    step.type = node.to;
    if (from == Domain::kFloat && to == Domain::kFloat) {
      if (node.to == DataType::kFloat || node.to == first || first == DataType::kBool) {
        step.op = ScalarOp::kIdentity;
        step.kernel = expression_kernel(ScalarOp::kIdentity);
      } else if (last) {
        step.work = Work::kPass;
      } else if (node.to == DataType::kBool) {  // x or false
        step.op = ScalarOp::kOr;
        step.operand_count = 2;
        step.operands[1].constant = constant(0);
        step.kernel = expression_kernel(ScalarOp::kOr);
      } else {
        step.work = Work::kRoundToRow;
        step.store = store_row(node.to);
        step.load = load_row(node.to);
        REQUIRES(step.store && step.load, std::string(name_of(node.to)) + " has no rows");
      }
    } else if (from == Domain::kFloat) {
      step.work = to == Domain::kInteger ? Work::kFloatsToIntegers : Work::kFloatsToDoubles;
      if (last && store_row_truncated(node.to)) {
        step.work = Work::kPass;
        program_.store = store_row_truncated(node.to);
      }
    } else if (from == Domain::kInteger) {
      step.work = node.to == DataType::kBool ? Work::kIntegersToBools
                  : to == Domain::kFloat     ? Work::kIntegersToFloats
                  : to == Domain::kInteger   ? Work::kIntegers
                                             : Work::kIntegersToDoubles;
    } else {
      step.work = node.to == DataType::kBool ? Work::kDoublesToBools
                  : to == Domain::kFloat     ? Work::kDoublesToFloats
                  : to == Domain::kInteger   ? Work::kDoublesToIntegers
                                             : Work::kDoubles;
    }
    // Through float, a half or bf16 rounds once more, at the next store; that is what the reference does too.
    if (to == Domain::kFloat && from != Domain::kFloat && node.to != DataType::kFloat && node.to != DataType::kBool) {
      step.store = store_row(node.to);
      step.load = load_row(node.to);
    }
    return Ok{};
  }

  Status finish() {
    const DataType type = nodes_.back().is_constant ? output_ : types_.back();
    if (type != output_) {
      // The output of an epilogue may have another floating type than its expression.
      REQUIRES(domain_of(type) == Domain::kFloat && domain_of(output_) == Domain::kFloat && type != DataType::kBool &&
                   output_ != DataType::kBool,
               "the expression gives " + std::string(name_of(type)) + ", not " + std::string(name_of(output_)));
    }
    program_.result_domain = program_.store ? Domain::kFloat : domain_of(output_);
    if (nodes_.back().is_constant) {  // fill a tile by an identity
      Step step{program_.result_domain == Domain::kFloat     ? Work::kFloats
                : program_.result_domain == Domain::kInteger ? Work::kIntegers
                                                             : Work::kDoubles};
      step.type = output_;
      step.operand_count = 1;
      step.operands[0].constant = constant(nodes_.back().a);
      step.kernel = expression_kernel(ScalarOp::kIdentity);
      TRY_ASSIGN(step.target, take_slot());
      program_.steps.push_back(step);
    }
    program_.result_slot = program_.steps.back().target;
    if (program_.result_domain == Domain::kFloat) {
      program_.straight = output_ == DataType::kFloat && program_.steps.back().work == Work::kFloats;
      if (!program_.store) program_.store = store_row(output_);
      REQUIRES(program_.store, std::string(name_of(output_)) + " has no rows");
    }
    return Ok{};
  }

  std::vector<Node> nodes_;
  std::vector<DataType> inputs_;
  DataType output_;
  int floats_ = 0;
  std::vector<DataType> types_;
  std::vector<int> uses_, input_uses_, input_casts_, slots_of_, input_slots_;
  std::vector<bool> loads_as_float_;
  uint32_t taken_ = 0;
  Program program_;
};

}  // namespace

Result<CompiledExpression> CompiledExpression::compile(const Expression& expression, const std::vector<DataType>& inputs, DataType output,
                                                       int floats) {
  std::vector<Node> nodes;
  for (const Expression::Node& node : expression.nodes)
    nodes.push_back({node.op, {node.operands[0], node.operands[1], node.operands[2]}, node.a, node.b, node.to, node.is_constant});
  if (nodes.empty()) nodes.push_back({ScalarOp::kIdentity, {Expression::input(0), 0, 0}});
  CompiledExpression result;
  TRY_ASSIGN(result.program_, Compiler(std::move(nodes), inputs, output, floats).compile());
  return result;
}

Result<CompiledExpression> CompiledExpression::compile(const Elementwise& op, const std::vector<DataType>& inputs, DataType output) {
  Node node{op.op, {Expression::input(0), Expression::input(1), Expression::input(2)}, op.a, op.b, op.to, false};
  CompiledExpression result;
  TRY_ASSIGN(result.program_, Compiler({node}, inputs, output).compile());
  return result;
}

Result<CompiledExpression> CompiledExpression::compile(const Operator& op, const std::vector<DataType>& inputs, DataType output) {
  if (const auto* pointwise = dynamic_cast<const Pointwise*>(&op)) return compile(pointwise->expression, inputs, output);
  if (const auto* elementwise = dynamic_cast<const Elementwise*>(&op)) return compile(*elementwise, inputs, output);
  return unsupported(std::string(op.name()) + " is no pointwise operator");
}

int CompiledExpression::input_count() const { return program_->inputs; }
double CompiledExpression::cost() const { return program_->cost; }

namespace {

using Input = CompiledExpression::Input;

// What one tile's run knows. Slots lie on the stack of run().
struct Frame {
  const Program& program;
  char* slots;
  float (*splats)[kSplat];                             // by slot; apart from the slots, so that a step may write over its operand's slot
  TileOperand floats[CompiledExpression::kMostSlots];  // where a slot's floats are, which may be an input's own memory

  float* float_slot(int slot) const { return reinterpret_cast<float*>(slots + slot * kSlotBytes); }
  template <class T>
  T* wide_slot(int slot) const {
    return reinterpret_cast<T*>(slots + slot * kSlotBytes);
  }
  TileOperand operand(const Where& place) const {
    if (place.constant >= 0) return {program.constants[static_cast<size_t>(place.constant)].floats, 0};
    return floats[place.slot];
  }
  template <class T>
  WideOperand<T> wide(const Where& place) const {
    if (place.constant < 0) return {wide_slot<T>(place.slot), 1};
    const Constant& c = program.constants[static_cast<size_t>(place.constant)];
    if constexpr (std::is_same_v<T, int64_t>)
      return {&c.integer, 0};
    else
      return {&c.number, 0};
  }
};

// Elements of rows x columns behind `input`, `from` columns further on, into a row of floats.
void load_floats(Frame& frame, const Step& step, const Input& input, int64_t offset, int64_t rows, int64_t columns) {
  const int bytes = frame.program.element_bytes[static_cast<size_t>(step.input)];
  const auto* data = static_cast<const char*>(input.data) + offset * input.column_stride * bytes;
  float* target = frame.float_slot(step.target);
  TileOperand& place = frame.floats[step.target];
  const bool one_row = rows == 1;
  if (input.column_stride == 0 && (one_row || input.row_stride == 0)) {
    float value;
    step.load(data, &value, 1);
    for (int i = 0; i < kSplat; ++i) frame.splats[step.target][i] = value;
    place = {frame.splats[step.target], 0};
    return;
  }
  place = {target, 1};
  if (input.column_stride == 1 && (one_row || input.row_stride == columns)) {
    if (step.type == DataType::kFloat)
      place.data = reinterpret_cast<const float*>(data);
    else
      step.load(data, target, rows * columns);
    return;
  }
  for (int64_t r = 0; r < rows; ++r, data += input.row_stride * bytes, target += columns) {
    if (input.column_stride == 1) {
      step.load(data, target, columns);
    } else if (input.column_stride == 0) {
      step.load(data, target, 1);
      std::fill(target + 1, target + columns, target[0]);
    } else {
      for (int64_t c = 0; c < columns; ++c) step.load(data + c * input.column_stride * bytes, target + c, 1);
    }
  }
}

template <class T>
void load_wide(Frame& frame, const Step& step, const Input& input, int64_t offset, int64_t rows, int64_t columns) {
  const int bytes = frame.program.element_bytes[static_cast<size_t>(step.input)];
  const auto* data = static_cast<const char*>(input.data) + offset * input.column_stride * bytes;
  T* target = frame.wide_slot<T>(step.target);
  for (int64_t r = 0; r < rows; ++r, data += input.row_stride * bytes, target += columns) {
    if constexpr (std::is_same_v<T, int64_t>)
      load_integers(step.type, data, input.column_stride, target, columns);
    else {
      for (int64_t c = 0; c < columns; ++c) std::memcpy(target + c, data + c * input.column_stride * 8, 8);
    }
  }
}

void round_to_row(const Step& step, const float* from, float* row, int64_t count) {
  alignas(64) char narrow[kTile * 2];
  step.store(from, narrow, count);
  step.load(narrow, row, count);
}

void run_step(Frame& frame, const Step& step, float* target, int64_t count) {
  TileOperand operands[3];
  switch (step.work) {
    case Work::kFloats:
      for (int k = 0; k < step.operand_count; ++k) operands[k] = frame.operand(step.operands[k]);
      step.kernel(operands, target, count, step.a, step.b);
      break;
    case Work::kFloatsOneByOne:
      for (int k = 0; k < 3; ++k) operands[k] = k < step.operand_count ? frame.operand(step.operands[k]) : frame.operand(step.operands[0]);
      if (step.op == ScalarOp::kPow) {
        for (int64_t i = 0; i < count; ++i)
          target[i] = std::pow(operands[0].data[i * operands[0].step], operands[1].data[i * operands[1].step]);
        break;
      }
      for (int64_t i = 0; i < count; ++i)
        target[i] = evaluate_scalar(step.op, operands[0].data[i * operands[0].step], operands[1].data[i * operands[1].step],
                                    operands[2].data[i * operands[2].step], step.a, step.b);
      break;
    case Work::kRoundToRow: {
      const TileOperand x = frame.operand(step.operands[0]);
      if (x.step == 0) std::fill(target, target + count, x.data[0]);
      round_to_row(step, x.step == 0 ? target : x.data, target, count);
      break;
    }
    case Work::kFloatsToIntegers: {
      const TileOperand x = frame.operand(step.operands[0]);
      integers_from_floats(step.type, {x.data, x.step}, frame.wide_slot<int64_t>(step.target), count);
      break;
    }
    case Work::kFloatsToDoubles: {
      const TileOperand x = frame.operand(step.operands[0]);
      auto* wide = frame.wide_slot<double>(step.target);
      for (int64_t i = 0; i < count; ++i) wide[i] = x.data[i * x.step];
      break;
    }
    case Work::kIntegers:
    case Work::kCompareIntegers: {
      WideOperand<int64_t> wide[3];
      for (int k = 0; k < 3; ++k) wide[k] = frame.wide<int64_t>(step.operands[k < step.operand_count ? k : 0]);
      if (step.work == Work::kIntegers)
        compute_integers(step.op, step.type, wide, frame.wide_slot<int64_t>(step.target), count, step.wide_a, step.wide_b);
      else
        compare_integers(step.op, step.type, wide, target, count);
      break;
    }
    case Work::kSelectIntegers: {
      const TileOperand condition = frame.operand(step.operands[0]);
      select_integers({condition.data, condition.step}, frame.wide<int64_t>(step.operands[1]), frame.wide<int64_t>(step.operands[2]),
                      frame.wide_slot<int64_t>(step.target), count);
      break;
    }
    case Work::kSelectDoubles: {
      const TileOperand condition = frame.operand(step.operands[0]);
      const auto yes = frame.wide<double>(step.operands[1]), no = frame.wide<double>(step.operands[2]);
      auto* wide = frame.wide_slot<double>(step.target);
      for (int64_t i = 0; i < count; ++i) wide[i] = condition.data[i * condition.step] != 0 ? yes[i] : no[i];
      break;
    }
    case Work::kDoubles:
    case Work::kCompareDoubles: {
      WideOperand<double> wide[3];
      for (int k = 0; k < 3; ++k) wide[k] = frame.wide<double>(step.operands[k < step.operand_count ? k : 0]);
      auto* doubles = frame.wide_slot<double>(step.target);
      for (int64_t i = 0; i < count; ++i) {
        const double value = compute_real(step.op, wide[0][i], wide[1][i], wide[2][i], step.wide_a, step.wide_b);
        if (step.work == Work::kDoubles)
          doubles[i] = value;
        else
          target[i] = static_cast<float>(value);
      }
      break;
    }
    case Work::kIntegersToBools: {
      const auto x = frame.wide<int64_t>(step.operands[0]);
      for (int64_t i = 0; i < count; ++i) target[i] = x[i] != 0 ? 1.0f : 0.0f;
      break;
    }
    case Work::kIntegersToFloats:
      floats_from_integers(frame.wide<int64_t>(step.operands[0]), target, count);
      if (step.store) round_to_row(step, target, target, count);
      break;
    case Work::kDoublesToFloats:
    case Work::kDoublesToBools: {
      const auto x = frame.wide<double>(step.operands[0]);
      for (int64_t i = 0; i < count; ++i)
        target[i] = step.work == Work::kDoublesToBools ? (x[i] != 0 ? 1.0f : 0.0f) : static_cast<float>(x[i]);
      if (step.store) round_to_row(step, target, target, count);
      break;
    }
    case Work::kIntegersToDoubles: {
      const auto x = frame.wide<int64_t>(step.operands[0]);
      auto* doubles = frame.wide_slot<double>(step.target);
      for (int64_t i = 0; i < count; ++i) doubles[i] = static_cast<double>(x[i]);
      break;
    }
    case Work::kDoublesToIntegers: {
      const auto x = frame.wide<double>(step.operands[0]);
      auto* wide = frame.wide_slot<int64_t>(step.target);
      for (int64_t i = 0; i < count; ++i) wide[i] = integer_from_double(step.type, x[i]);
      break;
    }
    case Work::kPass:
    case Work::kLoadFloats:
    case Work::kLoadIntegers:
    case Work::kLoadDoubles: break;
  }
}

void run_tile(const Program& program, char* slots, const Input* inputs, char* out, int64_t offset, int64_t rows, int64_t columns) {
  alignas(64) float splats[CompiledExpression::kMostSlots][kSplat];
  Frame frame{program, slots, splats, {}};
  const int64_t count = rows * columns;
  const Step* last = &program.steps.back();
  for (const Step& step : program.steps) {
    if (step.work == Work::kLoadFloats) {
      load_floats(frame, step, inputs[step.input], offset, rows, columns);
    } else if (step.work == Work::kLoadIntegers) {
      load_wide<int64_t>(frame, step, inputs[step.input], offset, rows, columns);
    } else if (step.work == Work::kLoadDoubles) {
      load_wide<double>(frame, step, inputs[step.input], offset, rows, columns);
    } else if (step.work == Work::kPass) {
      TileOperand x = frame.operand(step.operands[0]);
      if (x.step == 0) {
        float* row = frame.float_slot(step.target);
        std::fill(row, row + count, x.data[0]);
        x = {row, 1};
      }
      frame.floats[step.target] = x;
    } else {
      float* target = program.straight && &step == last ? reinterpret_cast<float*>(out) : frame.float_slot(step.target);
      run_step(frame, step, target, count);
      frame.floats[step.target] = {target, 1};
    }
  }
  if (program.straight) return;
  if (program.result_domain == Domain::kFloat) {
    const TileOperand result = frame.floats[program.result_slot];
    program.store(result.data, out, count);
  } else if (program.result_domain == Domain::kInteger) {
    store_integers(program.output, frame.wide_slot<int64_t>(program.result_slot), out, count);
  } else {
    std::memcpy(out, frame.wide_slot<double>(program.result_slot), static_cast<size_t>(count) * 8);
  }
}

}  // namespace

void CompiledExpression::run(const Input* inputs, void* out, int64_t rows, int64_t columns) const {
  alignas(64) char slots[kMostSlots * kSlotBytes];
  auto* target = static_cast<char*>(out);
  if (rows * columns <= kTile) return run_tile(*program_, slots, inputs, target, 0, rows, columns);
  const int bytes = bits_of(program_->output) / 8;
  for (int64_t c = 0; c < columns; c += kTile) run_tile(*program_, slots, inputs, target + c * bytes, c, 1, std::min(kTile, columns - c));
}

void CompiledExpression::run_floats(const float* const* inputs, float* out, int64_t count) const {
  Input list[8];
  for (int i = 0; i < program_->inputs && i < 8; ++i) list[i] = {inputs[i], 1, 0};
  run(list, out, 1, count);
}

}  // namespace ingot
