// Sequences and optionals: lists of values that exist while the graph is read. Their tensors alone become part of the network, so places
// and lengths must be known then; a place that is not, in a sequence of equal tensors, becomes a gather.
#include <algorithm>
#include <iterator>

#include "import/onnx/importer.h"
#include "operators/concat.h"
#include "operators/gather.h"
#include "operators/slice.h"
#include "operators/squeeze.h"
#include "operators/unsqueeze.h"

namespace ingot {
namespace {

constexpr int64_t kMostItems = 100'000, kMostRounds = 100'000;

Result<Value*> sequence_input(const ImportedNode& node, size_t index) {
  Value* value = index < node.input_values().size() ? node.input_values()[index] : nullptr;
  if (!value || value->is_absent) return invalid("input " + std::to_string(index) + " is left out; a sequence is wanted");
  if (!value->is_sequence) return invalid("input " + std::to_string(index) + " is a tensor; a sequence is wanted");
  return value;
}

// The place that input `index` names among `count`; -1 is the last one.
Result<int64_t> place_input(const ImportedNode& node, size_t index, int64_t count) {
  if (!node.is_constant(index)) return unsupported("the place in the sequence must be known when the model is read");
  TRY_ASSIGN(const Array place, node.constant(index));
  if (place.count() != 1) return invalid("the place in the sequence is " + to_text(place.shape()) + "; one number is wanted");
  const int64_t at = place.integer(0) < 0 ? place.integer(0) + count : place.integer(0);
  if (at < 0 || at >= count)
    return invalid("the place " + std::to_string(place.integer(0)) + " lies outside of the sequence; it allows " + std::to_string(count));
  return at;
}

// The lengths of the pieces of an axis of `length`: equal ones (the last may be shorter), or as listed.
Result<std::vector<int64_t>> piece_lengths(const ImportedNode& node, int64_t length) {
  std::vector<int64_t> lengths;
  Array split = Array::scalar(DataType::kInt64, 1);
  if (node.input_count() > 1 && node.input(1)) {
    if (!node.is_constant(1)) return unsupported("the lengths of the pieces must be known when the model is read");
    TRY_ASSIGN(split, node.constant(1));
  }
  if (split.rank() == 0) {
    const int64_t piece = split.integer(0);
    if (piece <= 0) return invalid("pieces have a length of " + std::to_string(piece) + "; a positive one is wanted");
    if (length / piece > kMostItems) return unsupported("the sequence would have more than " + std::to_string(kMostItems) + " items");
    for (int64_t start = 0; start < length; start += piece) lengths.push_back(std::min(piece, length - start));
    return lengths;
  }
  int64_t sum = 0;
  for (int64_t i = 0; i < split.count(); ++i) {
    lengths.push_back(split.integer(i));
    if (lengths.back() < 0 || lengths.back() > length - sum)
      return invalid("pieces of " + to_text(split.integers()) + " do not make up an axis of " + std::to_string(length));
    sum += lengths.back();
  }
  if (sum != length) return invalid("pieces of " + to_text(split.integers()) + " do not make up an axis of " + std::to_string(length));
  return lengths;
}

}  // namespace

Value* Importer::new_sequence(std::vector<Value*> items) {
  Value* value = new_value("");
  value->is_sequence = true;
  value->items = std::move(items);
  return value;
}

Value* Importer::new_tensor(Tensor* tensor) {
  Value* value = new_value(tensor->name);
  value->tensor = tensor;
  return value;
}

// All tensors of the sequence along a new axis at `axis`.
Result<Tensor*> Importer::stack_items(Scope& scope, const std::vector<Value*>& items, int64_t axis) {
  std::vector<Tensor*> parts;
  for (Value* item : items) {
    TRY_ASSIGN(Tensor * part, scope.target->network->add(Unsqueeze({axis}), {tensor_of(scope, *item)}));
    parts.push_back(part);
  }
  if (parts.empty()) return unsupported("the sequence is empty, so the shape of its items is not known");
  return scope.target->network->add(Concat(axis), parts);
}

Result<Importer::Outputs> Importer::inline_graph(Scope& scope, const std::string& name, const proto::GraphProto& graph,
                                                 const Outputs& inputs) {
  if (scope.depth >= kDeepestCall) return unsupported("graphs are nested more than " + std::to_string(kDeepestCall) + " deep");
  if (inputs.size() != static_cast<size_t>(graph.input_size()))
    return invalid("the " + name + " has " + std::to_string(graph.input_size()) + " inputs, but gets " + std::to_string(inputs.size()));
  Scope inner;
  inner.target = scope.target;
  inner.outer = &scope;
  inner.opsets = scope.opsets;
  inner.attributes = scope.attributes;
  inner.call = scope.call;
  inner.prefix = scope.prefix;
  inner.captures = scope.captures;
  inner.depth = scope.depth + 1;
  import_initializers(inner, graph);
  for (int i = 0; i < graph.input_size(); ++i) inner.values.insert_or_assign(graph.input(i).name(), inputs[static_cast<size_t>(i)]);
  const size_t errors_before = errors_.size();
  TRY(import_nodes(inner, graph.node()).within("in the " + name));
  if (errors_.size() > errors_before || is_full()) return Error{ErrorCode::kInvalid, ""};
  Outputs outputs;
  for (const auto& output : graph.output()) {
    TRY_ASSIGN(Value * value, lookup(inner, output.name()));
    if (!value) return invalid("the output '" + output.name() + "' of the " + name + " is provided by no node");
    outputs.push_back(value);
  }
  return outputs;
}

Result<Importer::Outputs> Importer::split_to_sequence(Scope& scope, const ImportedNode& node) {
  Tensor* x = node.input_count() > 0 ? node.input(0) : nullptr;
  if (!x) return invalid("the tensor to split is left out");
  TRY_ASSIGN(int64_t axis, node.integer("axis", 0));
  TRY_ASSIGN(axis, normalize_axis(axis, x->type.rank()));
  TRY_ASSIGN(const int64_t keepdims, node.integer("keepdims", 1));
  const Dim length = x->type.dims[static_cast<size_t>(axis)];
  if (!length.is_constant()) return unsupported("an axis of " + length.text() + " elements does not fall into a known number of pieces");
  TRY_ASSIGN(const std::vector<int64_t> lengths, piece_lengths(node, length.value()));
  const bool drops = !keepdims && !(node.input_count() > 1 && node.input(1));
  std::vector<Value*> items;
  int64_t start = 0;
  for (int64_t piece : lengths) {
    Slice op;
    op.axes = {axis};
    op.starts = {start};
    op.ends = {start + piece};
    start += piece;
    TRY_ASSIGN(Tensor * item, scope.target->network->add(op, {x}));
    if (drops) {
      TRY_ASSIGN(item, scope.target->network->add(Squeeze({axis}), {item}));
    }
    items.push_back(new_tensor(item));
  }
  return Outputs{new_sequence(std::move(items))};
}

Result<Importer::Outputs> Importer::concat_from_sequence(Scope& scope, const ImportedNode& node) {
  TRY_ASSIGN(Value * sequence, sequence_input(node, 0));
  TRY_ASSIGN(const int64_t axis, node.integer("axis", 0));
  TRY_ASSIGN(const int64_t new_axis, node.integer("new_axis", 0));
  if (new_axis) {
    TRY_ASSIGN(Tensor * y, stack_items(scope, sequence->items, axis));
    return Outputs{new_tensor(y)};
  }
  std::vector<Tensor*> parts;
  for (Value* item : sequence->items) parts.push_back(tensor_of(scope, *item));
  if (parts.empty()) return unsupported("the sequence is empty, so the shape of its items is not known");
  TRY_ASSIGN(Tensor * y, scope.target->network->add(Concat(axis), parts));
  return Outputs{new_tensor(y)};
}

Result<Importer::Outputs> Importer::sequence_at(Scope& scope, const ImportedNode& node) {
  TRY_ASSIGN(Value * sequence, sequence_input(node, 0));
  const auto count = static_cast<int64_t>(sequence->items.size());
  if (node.is_constant(1) || !node.input(1)) {
    TRY_ASSIGN(const int64_t place, place_input(node, 1, count));
    return Outputs{sequence->items[static_cast<size_t>(place)]};
  }
  for (Value* item : sequence->items) {
    if (item->is_sequence) return unsupported("the place in a sequence of sequences must be known when the model is read");
    const TensorType &type = tensor_of(scope, *item)->type, &first = tensor_of(scope, *sequence->items[0])->type;
    if (type.type != first.type || type.dims != first.dims)
      return unsupported("the place in a sequence of different tensors (" + first.text() + ", " + type.text() +
                         ") must be known when the model is read");
  }
  TRY_ASSIGN(Tensor * all, stack_items(scope, sequence->items, 0));
  TRY_ASSIGN(Tensor * y, scope.target->network->add(Gather(0), {all, node.input(1)}));
  return Outputs{new_tensor(y)};
}

Result<Importer::Outputs> Importer::change_sequence(const ImportedNode& node) {
  TRY_ASSIGN(Value * sequence, sequence_input(node, 0));
  std::vector<Value*> items = sequence->items;
  const bool inserts = node.op_type() == "SequenceInsert";
  const size_t place_at = inserts ? 2 : 1;
  const auto count = static_cast<int64_t>(items.size());
  const bool has_place = place_at < node.input_values().size() && node.input_values()[place_at];
  if (inserts) {
    Value* added = node.input_values().size() > 1 ? node.input_values()[1] : nullptr;
    if (!added || added->is_absent) return invalid("the tensor to insert is left out");
    int64_t place = count;
    if (has_place) {
      // A negative place counts from the end of what stands there before.
      TRY_ASSIGN(const Array given, node.is_constant(2) ? node.constant(2) : Result<Array>(Array()));
      const bool is_end = given.count() == 1 && given.data() && given.integer(0) == count;
      if (!is_end) {
        TRY_ASSIGN(place, place_input(node, 2, count));
      }
    }
    if (count >= kMostItems) return unsupported("the sequence would have more than " + std::to_string(kMostItems) + " items");
    items.insert(items.begin() + place, added);
  } else {
    int64_t place = count - 1;
    if (has_place) {
      TRY_ASSIGN(place, place_input(node, 1, count));
    }
    if (place < 0) return invalid("nothing can be taken out of an empty sequence");
    items.erase(items.begin() + place);
  }
  return Outputs{new_sequence(std::move(items))};
}

// The body stands in the network once for each item.
Result<Importer::Outputs> Importer::map_sequence(Scope& scope, const ImportedNode& node) {
  TRY_ASSIGN(Value * sequence, sequence_input(node, 0));
  const proto::AttributeProto* body = node.find("body");
  if (!body || !body->has_g()) return invalid("attribute 'body' is missing; a graph is wanted");
  std::vector<std::vector<Value*>> results(static_cast<size_t>(body->g().output_size()));
  for (size_t i = 0; i < sequence->items.size(); ++i) {
    Outputs inputs;
    for (Value* input : node.input_values()) {
      if (!input) return invalid("an input of SequenceMap is left out");
      if (input->is_sequence && i >= input->items.size())
        return invalid("the sequences have " + std::to_string(sequence->items.size()) + " and " + std::to_string(input->items.size()) +
                       " items; equal numbers are wanted");
      inputs.push_back(input->is_sequence ? input->items[i] : input);
    }
    TRY_ASSIGN(const Outputs outputs, inline_graph(scope, "body", body->g(), inputs));
    for (size_t k = 0; k < results.size(); ++k) results[k].push_back(outputs[k]);
  }
  Outputs outputs;
  for (auto& items : results) outputs.push_back(new_sequence(std::move(items)));
  return outputs;
}

// A loop that carries sequences, whose rounds are known: they stand in the network one behind the other.
Result<Importer::Outputs> Importer::unroll_loop(Scope& scope, const ImportedNode& node) {
  const proto::AttributeProto* body = node.find("body");
  if (!body || !body->has_g()) return invalid("attribute 'body' is missing; a graph is wanted");
  const std::string why = "a loop that carries sequences is written out when the model is read, so ";
  int64_t rounds = kMostRounds;
  if (node.input_values()[0] && !node.input_values()[0]->is_absent) {
    if (!node.is_constant(0)) return unsupported(why + "the number of its rounds must be known then");
    TRY_ASSIGN(const Array count, node.constant(0));
    if (count.count() != 1) return invalid("the number of rounds is " + to_text(count.shape()) + "; one number is wanted");
    rounds = count.integer(0);
  }
  if (rounds > kMostRounds) return unsupported("a loop of more than " + std::to_string(kMostRounds) + " rounds that carries sequences");
  Value* going = node.input_values()[1];
  if (!going || going->is_absent) going = new_constant("", Array::scalar(DataType::kBool, 1));
  Outputs states(node.input_values().begin() + 2, node.input_values().end());
  std::vector<std::vector<Value*>> scans(
      static_cast<size_t>(std::max<int64_t>(0, body->g().output_size() - 1 - static_cast<int64_t>(states.size()))));
  for (int64_t round = 0;; ++round) {
    if (!is_constant(scope, *going)) return unsupported(why + "its condition must be known then");
    TRY_ASSIGN(const Array condition, constant_of(scope, *going));
    if (round >= rounds || condition.count() != 1 || !condition.integer(0)) break;
    TRY_ASSIGN(Array number, Array::make(DataType::kInt64, {}));
    number.set_integer(0, round);
    Outputs inputs{new_constant("", std::move(number)), going};
    inputs.insert(inputs.end(), states.begin(), states.end());
    TRY_ASSIGN(const Outputs outputs, inline_graph(scope, "body", body->g(), inputs));
    if (outputs.size() < 1 + states.size()) return invalid("the body has fewer outputs than the loop has states");
    going = outputs[0];
    for (size_t i = 0; i < states.size(); ++i) states[i] = outputs[i + 1];
    for (size_t i = 0; i < scans.size(); ++i) scans[i].push_back(outputs[1 + states.size() + i]);
  }
  Outputs outputs = states;
  for (const auto& items : scans) {
    TRY_ASSIGN(Tensor * y, stack_items(scope, items, 0));
    outputs.push_back(new_tensor(y));
  }
  return outputs;
}

std::optional<Result<Importer::Outputs>> Importer::import_sequences(Scope& scope, const ImportedNode& node) {
  const std::string& op = node.op_type();
  const std::vector<Value*>& inputs = node.input_values();
  Value* first = inputs.empty() ? nullptr : inputs[0];
  static constexpr std::string_view kNames[] = {"SequenceEmpty", "SequenceConstruct", "SequenceInsert",     "SequenceErase",
                                                "SequenceAt",    "SequenceLength",    "SplitToSequence",    "ConcatFromSequence",
                                                "SequenceMap",   "Optional",          "OptionalHasElement", "OptionalGetElement"};
  const bool any = std::any_of(inputs.begin(), inputs.end(), [](const Value* value) { return value && value->is_sequence; });
  const bool known = std::find(std::begin(kNames), std::end(kNames), op) != std::end(kNames);
  if (!known && !any) return std::nullopt;
  if (node.has_broken_input()) return Error{ErrorCode::kInvalid, ""};  // told already
  const auto truth = [&](bool value) { return Outputs{new_constant("", Array::scalar(DataType::kBool, value))}; };
  if (op == "SequenceEmpty") return Outputs{new_sequence({})};
  if (op == "SequenceConstruct") {
    if (inputs.empty() || std::count(inputs.begin(), inputs.end(), nullptr)) return invalid("a tensor of the sequence is left out");
    return Outputs{new_sequence(inputs)};
  }
  if (op == "SequenceInsert" || op == "SequenceErase") return change_sequence(node);
  if (op == "SequenceAt") return sequence_at(scope, node);
  if (op == "SequenceLength") {
    auto sequence = sequence_input(node, 0);
    if (!sequence.ok()) return std::move(sequence).error();
    auto count = Array::make(DataType::kInt64, {});
    if (!count.ok()) return std::move(count).error();
    count->set_integer(0, static_cast<int64_t>((*sequence)->items.size()));
    return Outputs{new_constant("", std::move(*count))};
  }
  if (op == "SplitToSequence") return split_to_sequence(scope, node);
  if (op == "ConcatFromSequence") return concat_from_sequence(scope, node);
  if (op == "SequenceMap") return map_sequence(scope, node);
  if (op == "Optional") {
    if (first) return Outputs{first};
    Value* none = new_value("");
    none->is_absent = true;
    return Outputs{none};
  }
  if (op == "OptionalHasElement") return truth(first && !first->is_absent);
  if (op == "OptionalGetElement") {
    if (!first || first->is_absent) return invalid("the optional is empty");
    return Outputs{first};
  }
  if (op == "Identity") return Outputs{first};
  if (op == "Loop" && inputs.size() >= 2) return unroll_loop(scope, node);
  return std::nullopt;
}

}  // namespace ingot
