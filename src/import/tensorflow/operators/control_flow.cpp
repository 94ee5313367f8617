// Functions: calls, branches and loops.
#include <algorithm>
#include <functional>

#include "import/tensorflow/node.h"
#include "operators/if.h"
#include "operators/loop.h"
#include "operators/reshape.h"

namespace ingot {
namespace {

Result<std::string> function_name(const TfOp& op, const char* attribute) {
  const auto* name = op.node().find<std::string>(attribute);
  if (!name || name->empty()) return invalid("its attribute '" + std::string(attribute) + "' names no function");
  return *name;
}

Result<std::vector<TfValue>> partitioned_call(const TfOp& op) {
  TRY_ASSIGN(std::string function, function_name(op, "f"));
  std::vector<TfValue> arguments;
  for (size_t i = 0; i < op.input_count(); ++i) arguments.push_back(op.value(i));
  return op.call(function, std::move(arguments), op.network());
}

// A scalar as a tensor of the given type, out of numbers, [1] and the like.
Result<Tensor*> scalar_of(const TfOp& op, Network& network, Tensor* tensor, DataType type) {
  if (tensor->type.rank() > 0) {
    if (!volume(tensor->type.dims).is(1)) return invalid("the condition is " + tensor->type.text() + "; one value is wanted");
    TRY_ASSIGN(tensor, network.add(Reshape(std::vector<int64_t>{}), {tensor}, op.node().name + "/scalar"));
  }
  if (tensor->type.type == type) return tensor;
  // A number is true where it is not 0, which a cast to bool says.
  return network.add(Elementwise::cast(type), {tensor}, op.node().name + "/cast");
}

// An output has a place of its own in its network.
Status add_output(Network& network, Tensor* tensor) {
  if (tensor->is_input() || tensor->is_constant() || tensor->is_output()) {
    TRY_ASSIGN(tensor, network.add(Elementwise(ScalarOp::kIdentity), {tensor}, "result"));
  }
  return network.mark_output(tensor);
}

// ---- if, case ----

// What a branch computes in `network` from its arguments there.
using Compute = std::function<Result<std::vector<TfValue>>(Network& network, std::vector<TfValue> arguments)>;

// The branch as a network of its own, whose inputs are all arguments that are not constant.
Result<std::shared_ptr<Network>> branch(const TfOp& op, Network& outer, const std::string& name, const std::vector<TfValue>& values,
                                        const Compute& compute) {
  auto network = std::make_shared<Network>();
  network->name = name;
  network->number_symbols_from(outer.next_symbol_number());
  std::vector<TfValue> arguments;
  for (const TfValue& value : values) {
    TfValue argument = value;
    if (value.is_constant) {
      argument.tensor = argument.other = nullptr;
    } else {
      TRY_ASSIGN(Tensor * input, network->add_input("argument " + std::to_string(arguments.size()), value.tensor->type));
      argument = TfValue{input, value.is_planes};
    }
    arguments.push_back(std::move(argument));
  }
  TRY_ASSIGN(std::vector<TfValue> results, compute(*network, std::move(arguments)));
  for (TfValue& result : results) {
    if (result.list != TfList::kNone && result.list != TfList::kFilled) return unsupported("a branch gives a list that is not written");
    TRY_ASSIGN(Tensor * tensor, op.tensor_in(*network, result));
    TRY(add_output(*network, tensor));
  }
  outer.number_symbols_from(network->next_symbol_number());
  return network;
}

// One of two computations of the same arguments.
Result<std::vector<TfValue>> choose(const TfOp& op, Network& network, Tensor* condition, const std::vector<TfValue>& arguments,
                                    const std::string& then_name, const Compute& then_branch, const std::string& else_name,
                                    const Compute& else_branch) {
  If conditional;
  TRY_ASSIGN(conditional.then_branch, branch(op, network, then_name, arguments, then_branch));
  TRY_ASSIGN(conditional.else_branch, branch(op, network, else_name, arguments, else_branch));
  conditional.symbol = network.make_symbol("if");
  TRY_ASSIGN(condition, scalar_of(op, network, condition, DataType::kBool));
  std::vector<Tensor*> inputs = {condition};
  for (int side = 0; side < 2; ++side) {
    for (const TfValue& value : arguments) {
      if (!value.is_constant) inputs.push_back(value.tensor);
    }
  }
  TRY_ASSIGN(Layer * layer, network.add_layer(std::make_unique<If>(std::move(conditional)), std::move(inputs), op.node().name));
  std::vector<TfValue> results;
  for (Tensor* output : layer->outputs()) results.push_back({output});
  return results;
}

Result<std::vector<TfValue>> arguments_of_branches(const TfOp& op) {
  std::vector<TfValue> arguments;
  for (size_t i = 1; i < op.input_count(); ++i) {
    const TfValue& value = op.value(i);
    if (value.list == TfList::kReserved || value.list == TfList::kWritten) return unsupported("a list of tensors goes into a branch");
    arguments.push_back(value);
  }
  return arguments;
}

Compute call_of(const TfOp& op, const std::string& function) {
  return [&op, function](Network& network, std::vector<TfValue> arguments) { return op.call(function, std::move(arguments), network); };
}

Result<std::vector<TfValue>> conditional(const TfOp& op) {
  TRY(op.expects(1, SIZE_MAX));
  TRY_ASSIGN(std::string then_branch, function_name(op, "then_branch"));
  TRY_ASSIGN(std::string else_branch, function_name(op, "else_branch"));
  if (op.is_constant(0)) {
    TRY_ASSIGN(Array condition, op.constant(0, "the condition"));
    if (condition.count() != 1) return invalid("the condition is " + to_text(condition.shape()) + "; one value is wanted");
    std::vector<TfValue> arguments;
    for (size_t i = 1; i < op.input_count(); ++i) arguments.push_back(op.value(i));
    return op.call(condition.number(0) != 0 ? then_branch : else_branch, std::move(arguments), op.network());
  }
  TRY_ASSIGN(const std::vector<TfValue> arguments, arguments_of_branches(op));
  TRY_ASSIGN(Tensor * condition, op.tensor(0));
  return choose(op, op.network(), condition, arguments, then_branch, call_of(op, then_branch), else_branch, call_of(op, else_branch));
}

// The branch that the index names, the last one where there is none of it: a branch for this number, or those behind it.
Result<std::vector<TfValue>> case_from(const TfOp& op, Network& network, Tensor* index, std::vector<TfValue> arguments,
                                       const std::vector<std::string>& branches, size_t first) {
  if (first + 1 == branches.size()) return op.call(branches[first], std::move(arguments), network);
  TRY_ASSIGN(Array number, Array::from_int64s({static_cast<int64_t>(first)}).reshaped({}));
  TRY_ASSIGN(Tensor * wide, scalar_of(op, network, index, DataType::kInt64));
  Tensor* own = network.add_constant(op.node().name + "/number", number);
  TRY_ASSIGN(Tensor * condition, network.add(Elementwise(ScalarOp::kEqual), {wide, own}, op.node().name + "/chosen"));
  if (first + 2 == branches.size())
    return choose(op, network, condition, arguments, branches[first], call_of(op, branches[first]), branches.back(),
                  call_of(op, branches.back()));
  arguments.push_back(TfValue{index});
  const auto without_index = [&](Network& inner, std::vector<TfValue> inputs) {
    inputs.pop_back();
    return op.call(branches[first], std::move(inputs), inner);
  };
  const auto behind = [&](Network& inner, std::vector<TfValue> inputs) {
    Tensor* inner_index = inputs.back().tensor;
    inputs.pop_back();
    return case_from(op, inner, inner_index, std::move(inputs), branches, first + 1);
  };
  return choose(op, network, condition, arguments, branches[first], without_index, "case", behind);
}

Result<std::vector<TfValue>> switch_case(const TfOp& op) {
  constexpr size_t kMostBranches = 64;  // each is a network within that of the one before
  TRY(op.expects(1, SIZE_MAX));
  const auto* branches = op.node().find<std::vector<std::string>>("branches");
  if (!branches || branches->empty()) return invalid("its attribute 'branches' names no functions");
  if (branches->size() > kMostBranches)
    return unsupported("it has " + std::to_string(branches->size()) + " branches; up to " + std::to_string(kMostBranches) +
                       " are supported");
  if (op.is_constant(0)) {
    TRY_ASSIGN(Array index, op.constant(0, "the index"));
    if (index.count() != 1) return invalid("the index is " + to_text(index.shape()) + "; one number is wanted");
    const int64_t at = index.integer(0);
    const bool known = at >= 0 && at < static_cast<int64_t>(branches->size());
    std::vector<TfValue> arguments;
    for (size_t i = 1; i < op.input_count(); ++i) arguments.push_back(op.value(i));
    return op.call(known ? (*branches)[static_cast<size_t>(at)] : branches->back(), std::move(arguments), op.network());
  }
  TRY_ASSIGN(std::vector<TfValue> arguments, arguments_of_branches(op));
  TRY_ASSIGN(Tensor * index, op.tensor(0));
  return case_from(op, op.network(), index, std::move(arguments), *branches, 0);
}

// ---- while ----

// A function by the words that it is written in, before any of it becomes layers.
class Text {
 public:
  explicit Text(const TfFunction& function) : function_(function) {
    for (const TfNode& node : function.graph.nodes) nodes_.emplace(node.name, &node);
    for (size_t i = 0; i < function.arguments.size(); ++i) arguments_.emplace(function.arguments[i], i);
  }

  // What `input` reads, behind nodes that only hand on; null where there is no such node.
  const TfNode* source(TfInput input) const {
    for (int steps = 0; steps < 64; ++steps) {
      const auto found = nodes_.find(input.node);
      if (found == nodes_.end()) return nullptr;
      const TfNode& node = *found->second;
      if (node.op != "Identity" || node.inputs.empty()) return &node;
      input = node.inputs[0];
    }
    return nullptr;
  }
  std::optional<size_t> argument(const TfInput& input) const {
    const TfNode* node = source(input);
    if (!node) return std::nullopt;
    const auto found = arguments_.find(node->name);
    return found == arguments_.end() ? std::nullopt : std::optional(found->second);
  }
  std::optional<int64_t> integer(const TfInput& input) const {
    const TfNode* node = source(input);
    const Array* value = node && node->op == "Const" ? node->find<Array>("value") : nullptr;
    if (!value || !is_integer(value->type()) || value->count() != 1) return std::nullopt;
    return value->integer(0);
  }
  const std::vector<TfInput>& results() const { return function_.results; }

  bool hands_on(size_t result) const {
    const auto from = argument(function_.results[result]);
    return from && *from == result;
  }
  // Whether result k is argument k plus 1.
  bool counts(size_t k) const {
    const TfNode* node = source(function_.results[k]);
    if (!node || (node->op != "Add" && node->op != "AddV2") || node->inputs.size() != 2) return false;
    for (size_t side = 0; side < 2; ++side) {
      const auto from = argument(node->inputs[side]);
      if (from && *from == k && integer(node->inputs[1 - side]) == 1) return true;
    }
    return false;
  }

 private:
  const TfFunction& function_;
  std::map<std::string_view, const TfNode*> nodes_;
  std::map<std::string_view, size_t> arguments_;
};

// One of the comparisons that all have to hold for another turn: counter < limit, the limit an argument or a number.
struct Bound {
  size_t counter;
  std::optional<size_t> argument;
  int64_t number = 0;
};

// The condition as such comparisons; false where it is anything else.
bool find_bounds(const Text& condition, const Text& body, const TfInput& input, std::vector<Bound>& bounds, int depth = 0) {
  const TfNode* node = condition.source(input);
  if (!node || depth > 8) return false;
  if (node->op == "LogicalAnd" && node->inputs.size() == 2)
    return find_bounds(condition, body, node->inputs[0], bounds, depth + 1) &&
           find_bounds(condition, body, node->inputs[1], bounds, depth + 1);
  if (node->op != "Less" || node->inputs.size() != 2) return false;
  const auto counter = condition.argument(node->inputs[0]);
  if (!counter || !body.counts(*counter)) return false;
  if (const auto limit = condition.argument(node->inputs[1])) {
    if (!body.hands_on(*limit)) return false;
    bounds.push_back({*counter, limit});
    return true;
  }
  const auto number = condition.integer(node->inputs[1]);
  if (!number) return false;
  bounds.push_back({*counter, std::nullopt, *number});
  return true;
}

class WhileImport {
 public:
  WhileImport(const TfOp& op, const TfFunction& condition, const TfFunction& body) : op_(op), condition_(condition), body_(body) {}

  Result<std::vector<TfValue>> run() {
    const size_t count = op_.input_count();
    if (condition_.results().size() != 1 || body_.results().size() != count)
      return invalid("it carries " + std::to_string(count) + " values, and its body gives " + std::to_string(body_.results().size()));
    TRY_ASSIGN(std::string condition, function_name(op_, "cond"));
    TRY_ASSIGN(std::string body, function_name(op_, "body"));
    counted_ = find_bounds(condition_, body_, condition_.results()[0], bounds_);
    for (size_t k = 0; k < count; ++k) {
      const TfValue& value = op_.value(k);
      if (body_.hands_on(k))
        kinds_.push_back(Kind::kInvariant);
      else
        kinds_.push_back(value.list == TfList::kReserved ? Kind::kList : Kind::kCarried);
      if (value.list == TfList::kWritten) return unsupported("a list that is half written goes into a loop");
    }
    TRY_ASSIGN(Tensor * trips, trip_count());
    TRY_ASSIGN(Tensor * starts, start(condition));
    std::vector<Tensor*> inputs = {trips, starts};
    Loop loop;
    loop.body = std::make_shared<Network>();
    Network& network = *loop.body;
    network.name = body;
    network.number_symbols_from(op_.network().next_symbol_number());
    TRY_ASSIGN(Tensor * turn, network.add_input("turn", {DataType::kInt64, {}}));
    TRY_ASSIGN(Tensor * goes_on, network.add_input("goes on", {DataType::kBool, {}}));
    (void)turn;
    std::vector<TfValue> arguments(count);
    for (Kind kind : {Kind::kCarried, Kind::kInvariant}) {
      for (size_t k = 0; k < count; ++k) {
        if (kinds_[k] == kind) TRY(add_argument(k, network, arguments[k], inputs));
      }
    }
    for (size_t k = 0; k < count; ++k) {
      if (kinds_[k] != Kind::kList) continue;
      arguments[k].list = TfList::kReserved;
      arguments[k].slot = static_cast<int64_t>(k);
      arguments[k].count = op_.value(k).count;
    }
    const std::vector<TfValue> given = arguments;
    TRY_ASSIGN(std::vector<TfValue> results, op_.call(body, std::move(arguments), network));
    // The condition of the next turn reads what this one gives.
    if (counted_) {
      TRY(add_output(network, goes_on));
    } else {
      std::vector<TfValue> next = given;
      for (size_t k = 0; k < count; ++k) {
        if (kinds_[k] == Kind::kCarried) next[k] = results[k];
      }
      TRY_ASSIGN(std::vector<TfValue> verdict, op_.call(condition, std::move(next), network));
      TRY_ASSIGN(Tensor * more, op_.tensor_in(network, verdict[0]));
      TRY_ASSIGN(more, scalar_of(op_, network, more, DataType::kBool));
      TRY(add_output(network, more));
    }
    for (size_t k = 0; k < count; ++k) {
      if (kinds_[k] != Kind::kCarried) continue;
      TRY_ASSIGN(Tensor * carried, op_.tensor_in(network, results[k]));
      TRY(add_output(network, carried));
      ++loop.carried;
    }
    for (size_t k = 0; k < count; ++k) {
      if (kinds_[k] != Kind::kList) continue;
      TRY(check_written(k, results[k], given));
      TRY(add_output(network, results[k].tensor));
    }
    op_.network().number_symbols_from(network.next_symbol_number());
    loop.symbol = op_.network().make_symbol("loop");
    TRY_ASSIGN(Layer * layer, op_.network().add_layer(std::make_unique<Loop>(std::move(loop)), std::move(inputs), op_.node().name));
    return outputs(*layer);
  }

 private:
  enum class Kind { kCarried, kInvariant, kList };

  // How often the body runs: the least of limit - start over all comparisons; without such, as long as the condition holds.
  Result<Tensor*> trip_count() {
    Network& network = op_.network();
    if (!counted_) {
      TRY_ASSIGN(Array forever, Array::from_int64s({INT64_MAX}).reshaped({}));
      return network.add_constant(op_.node().name + "/turns", forever);
    }
    std::optional<Dim> known;
    bool all_known = true;
    for (const Bound& bound : bounds_) {
      const auto from = op_.element(bound.counter);
      const auto to = bound.argument ? op_.element(*bound.argument) : std::optional(Dim(bound.number));
      all_known = all_known && from && to && (*to - *from).is_constant();
      if (all_known) known = known ? Dim::min(*known, *to - *from) : *to - *from;
    }
    if (all_known && known && known->is_constant()) {
      TRY_ASSIGN(Array trips, Array::from_int64s({std::max<int64_t>(known->value(), 0)}).reshaped({}));
      return network.add_constant(op_.node().name + "/turns", trips);
    }
    Tensor* trips = nullptr;
    for (const Bound& bound : bounds_) {
      TRY_ASSIGN(Tensor * from, op_.tensor(bound.counter));
      TRY_ASSIGN(from, scalar_of(op_, network, from, DataType::kInt64));
      Tensor* to = nullptr;
      if (bound.argument) {
        TRY_ASSIGN(to, op_.tensor(*bound.argument));
        TRY_ASSIGN(to, scalar_of(op_, network, to, DataType::kInt64));
      } else {
        TRY_ASSIGN(Array number, Array::from_int64s({bound.number}).reshaped({}));
        to = network.add_constant(op_.node().name + "/limit", number);
      }
      TRY_ASSIGN(Tensor * each, network.add(Elementwise(ScalarOp::kSub), {to, from}, op_.node().name + "/turns"));
      if (trips) {
        TRY_ASSIGN(trips, network.add(Elementwise(ScalarOp::kMin), {trips, each}, op_.node().name + "/turns"));
      } else {
        trips = each;
      }
    }
    return trips;
  }

  // The condition before the first turn.
  Result<Tensor*> start(const std::string& condition) {
    Network& network = op_.network();
    if (counted_) return network.add_constant(op_.node().name + "/starts", Array::scalar(DataType::kBool, 1));
    std::vector<TfValue> arguments;
    for (size_t i = 0; i < op_.input_count(); ++i) arguments.push_back(op_.value(i));
    TRY_ASSIGN(std::vector<TfValue> verdict, op_.call(condition, std::move(arguments), network));
    TRY_ASSIGN(Tensor * starts, op_.tensor_of(verdict[0]));
    return scalar_of(op_, network, starts, DataType::kBool);
  }

  Status add_argument(size_t k, Network& network, TfValue& argument, std::vector<Tensor*>& inputs) {
    const TfValue& value = op_.value(k);
    argument = value;
    argument.tensor = argument.other = nullptr;
    const bool carried = kinds_[k] == Kind::kCarried;
    if (!carried && (value.is_constant || value.list == TfList::kReserved)) return Ok{};
    Tensor* outer = value.tensor;
    if (carried || !outer) {
      TRY_ASSIGN(outer, op_.tensor(k));
      argument.is_planes = false;
    }
    argument.is_constant = false;
    argument.constant = {};
    TensorType type = outer->type;
    if (carried) type.values.reset();
    TRY_ASSIGN(argument.tensor, network.add_input("argument " + std::to_string(k), std::move(type)));
    inputs.push_back(outer);
    return Ok{};
  }

  // A list becomes what the loop scans where each turn writes one element, the first at 0 and each behind the one before.
  Status check_written(size_t k, const TfValue& result, const std::vector<TfValue>& given) const {
    const std::string list = "the list of tensors that it carries as value " + std::to_string(k);
    if (result.list != TfList::kWritten || result.slot != static_cast<int64_t>(k)) return unsupported(list + " is not written once a turn");
    if (!counted_)
      return unsupported(list + " has as many elements as there are turns, which only running tells; bound the loop by a counter");
    for (size_t c = 0; c < given.size(); ++c) {
      if (kinds_[c] == Kind::kCarried && given[c].tensor == result.place && body_.counts(c) && op_.element(c) == Dim(0)) return Ok{};
    }
    return unsupported(list + " is written at places that are not 0, 1, 2 and so on");
  }

  Result<std::vector<TfValue>> outputs(const Layer& layer) const {
    std::vector<TfValue> results(kinds_.size());
    size_t next = 0;
    for (Kind kind : {Kind::kCarried, Kind::kList}) {
      for (size_t k = 0; k < kinds_.size(); ++k) {
        if (kinds_[k] != kind) continue;
        results[k].tensor = layer.output(next++);
        if (kind == Kind::kList || op_.value(k).list == TfList::kFilled) results[k].list = TfList::kFilled;
      }
    }
    for (size_t k = 0; k < kinds_.size(); ++k) {
      if (kinds_[k] == Kind::kInvariant) results[k] = op_.value(k);
    }
    return results;
  }

  const TfOp& op_;
  Text condition_, body_;
  bool counted_ = false;
  std::vector<Bound> bounds_;
  std::vector<Kind> kinds_;
};

Result<std::vector<TfValue>> while_loop(const TfOp& op) {
  TRY(op.expects(1, SIZE_MAX));
  TRY_ASSIGN(std::string condition, function_name(op, "cond"));
  TRY_ASSIGN(std::string body, function_name(op, "body"));
  const TfFunction *first = op.function(condition), *second = op.function(body);
  if (!first || !second) return invalid("there is no function '" + (first ? body : condition) + "'");
  for (const TfFunction* function : {first, second}) {
    if (function->arguments.size() == op.input_count()) continue;
    return invalid("the function '" + (function == first ? condition : body) + "' takes " + std::to_string(function->arguments.size()) +
                   " arguments, and the loop carries " + std::to_string(op.input_count()) + " values");
  }
  return WhileImport(op, *first, *second).run();
}

// Values of variables come with the file.
Result<TfValue> variable(const TfOp& op) {
  const auto* values = op.node().find<Array>("value");
  if (!values)
    return unsupported(
        "a graph alone does not tell the values of its variables; give the folder of a SavedModel with its variables, or freeze the graph");
  TfValue value;
  value.is_constant = true;
  value.constant = *values;
  return value;
}

}  // namespace

TF_OPERATORS(control_flow) {
  for (const char* name : {"PartitionedCall", "StatefulPartitionedCall"}) catalogue.add(name, partitioned_call);
  for (const char* name : {"If", "StatelessIf"}) catalogue.add(name, conditional);
  for (const char* name : {"Case", "StatelessCase"}) catalogue.add(name, switch_case);
  for (const char* name : {"While", "StatelessWhile"}) catalogue.add(name, while_loop);
  for (const char* name : {"VarHandleOp", "VariableV2", "Variable"}) catalogue.add(name, one_tf_output<variable>);
}

}  // namespace ingot
