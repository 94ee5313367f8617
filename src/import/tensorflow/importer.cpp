#include "import/tensorflow/importer.h"

#include <algorithm>
#include <cmath>

#include "operators/register.h"
#include "operators/reshape.h"
#include "operators/transpose.h"

namespace ingot {
namespace {

const std::vector<int64_t> kToPlanes = {0, 3, 1, 2}, kFromPlanes = {0, 2, 3, 1};

// "; its placeholders are 'x', 'y'", for who looks for an input.
std::string placeholders_of(const TfGraph& graph) {
  constexpr size_t kShown = 5;
  std::string text;
  size_t count = 0;
  for (const TfNode& node : graph.nodes) {
    if (node.op != "Placeholder" && node.op != "PlaceholderWithDefault" && node.op != "Input") continue;
    if (++count <= kShown) text += (text.empty() ? "; its placeholders are '" : ", '") + node.name + "'";
  }
  if (count > kShown) text += " and others";
  return text;
}

}  // namespace

TfCatalogue& TfCatalogue::instance() {
  static TfCatalogue catalogue;
  return catalogue;
}

TfImporter::TfImporter(const TfGraph& graph, Network& network, const TfImportOptions& options, TfImporter* outer)
    : outer_(outer),
      depth_(outer ? outer->depth_ + 1 : 0),
      graph_(graph),
      network_(network),
      options_(options),
      log_(options.log ? *options.log : null_log()),
      errors_(options.name, options.most_errors),
      channels_first_(reads_images_channels_first()),
      folded_bytes_left_(options.most_constant_bytes),
      evaluator_(&root().folded_bytes_left_) {
  register_all_operators();
  register_all_tf_operators();
}

bool TfImporter::reads_images_channels_first() const {
  return std::any_of(graph_.nodes.begin(), graph_.nodes.end(), [](const TfNode& node) {
    const auto* format = node.find<std::string>("data_format");
    return format && *format == "NCHW";
  });
}

Status TfImporter::index_nodes() {
  if (static_cast<int64_t>(graph_.nodes.size()) > options_.most_nodes)
    return invalid("the graph has " + std::to_string(graph_.nodes.size()) + " nodes; " + std::to_string(options_.most_nodes) +
                   " are the limit");
  for (const TfNode& node : graph_.nodes) {
    if (!nodes_.emplace(node.name, &node).second) return invalid("two nodes are called '" + node.name + "'");
  }
  return Ok{};
}

std::vector<std::string> TfImporter::wanted_outputs() const {
  if (!options_.outputs.empty()) {
    std::vector<std::string> outputs = options_.outputs;
    for (std::string& output : outputs) {
      for (const std::string& tensor : graph_.outputs) {
        const auto name = graph_.names.find(tensor);
        if (name != graph_.names.end() && name->second == output) output = tensor;
      }
    }
    return outputs;
  }
  return graph_.outputs.empty() ? graph_.ends : graph_.outputs;
}

// "node" or "node:1".
Result<TfImporter::Place> TfImporter::find(const std::string& text) const {
  if (const auto found = nodes_.find(text); found != nodes_.end()) return Place{found->second, 0};
  const size_t colon = text.rfind(':');
  if (colon != std::string::npos && colon + 1 < text.size() && text.find_first_not_of("0123456789", colon + 1) == std::string::npos &&
      text.size() - colon < 6) {
    const auto found = nodes_.find(std::string_view(text).substr(0, colon));
    if (found != nodes_.end()) return Place{found->second, std::atoll(text.c_str() + colon + 1)};
  }
  return invalid("there is no node '" + text + "'");
}

const std::string& TfImporter::name_of_input(const TfNode& node) const {
  const auto name = graph_.names.find(node.name);
  return name != graph_.names.end() && node.op == "Placeholder" ? name->second : node.name;
}

const TfInputSpec* TfImporter::spec_of(const TfNode& node) const {
  if (outer_) return nullptr;
  auto found = options_.inputs.find(node.name);
  if (found == options_.inputs.end()) found = options_.inputs.find(name_of_input(node));
  return found == options_.inputs.end() ? nullptr : &found->second;
}

bool TfImporter::is_input(const TfNode& node) const { return !outer_ && (node.op == "Placeholder" || spec_of(node) != nullptr); }

Result<std::vector<const TfNode*>> TfImporter::in_order(const std::vector<std::string>& outputs) {
  enum class State { kOpen, kDone };
  std::unordered_map<const TfNode*, State> states;
  std::vector<const TfNode*> order;
  struct Frame {
    const TfNode* node;
    size_t next;
  };
  std::vector<Frame> stack;
  for (const std::string& text : outputs) {
    TRY_ASSIGN(Place place, find(text));
    if (states.contains(place.node)) continue;
    states[place.node] = State::kOpen;
    stack.push_back({place.node, 0});
    while (!stack.empty()) {
      Frame& frame = stack.back();
      if (is_input(*frame.node) || frame.next == frame.node->inputs.size()) {
        states[frame.node] = State::kDone;
        order.push_back(frame.node);
        stack.pop_back();
        continue;
      }
      const TfInput& input = frame.node->inputs[frame.next++];
      const auto found = nodes_.find(input.node);
      if (found == nodes_.end()) {
        report(
            invalid("node '" + frame.node->name + "' (" + frame.node->op + "): it reads '" + input.node + "', and there is no such node"));
        continue;
      }
      const auto state = states.find(found->second);
      if (state == states.end()) {
        states[found->second] = State::kOpen;
        stack.push_back({found->second, 0});
      } else if (state->second == State::kOpen) {
        return unsupported("the nodes '" + found->second->name + "' and '" + frame.node->name +
                           "' lie on a cycle that is no loop as tf.while_loop writes it; export the model without it");
      }
    }
  }
  return order;
}

Status TfImporter::run() {
  TRY(index_nodes().within(errors_.name()));
  const auto is_named = [&](const std::string& input) {
    return std::any_of(graph_.names.begin(), graph_.names.end(), [&](const auto& name) { return name.second == input; });
  };
  for (const auto& [name, spec] : options_.inputs) {
    if (!nodes_.contains(name) && !is_named(name))
      return invalid(errors_.name() + ": there is no node '" + name + "' that could be an input" + placeholders_of(graph_));
  }
  const std::vector<std::string> outputs = wanted_outputs();
  if (outputs.empty()) return invalid(errors_.name() + ": the graph has no outputs; name the nodes that give them");
  auto order = in_order(outputs);
  if (!order.ok()) return std::move(order).error().within(errors_.name());
  for (const TfNode* node : *order) {
    if (errors_.full()) break;
    import_node(*node);
  }
  if (options_.errors) *options_.errors = errors_.all();
  TRY(errors_.status());
  for (const std::string& output : outputs) TRY(mark_output(output).within(errors_.name()));
  return Ok{};
}

// An error without words has been reported where it happened.
void TfImporter::report(Error error) {
  if (error.message.empty()) return;
  error.message = where_ + error.message;
  root().errors_.add(std::move(error));
}

const TfNode* TfImporter::node(std::string_view name) const {
  const auto found = nodes_.find(name);
  return found == nodes_.end() ? nullptr : found->second;
}

const TfFunction* TfImporter::function(std::string_view name) const {
  if (outer_) return outer_->function(name);
  const auto found = graph_.functions.find(name);
  return found == graph_.functions.end() ? nullptr : found->second.get();
}

Result<std::vector<TfValue>> TfImporter::call(const std::string& name, std::vector<TfValue> arguments, Network& network) {
  constexpr int kDeepest = 32;
  const TfFunction* called = function(name);
  if (!called) return invalid("there is no function '" + name + "'");
  if (depth_ >= kDeepest) return unsupported("functions call each other more than " + std::to_string(kDeepest) + " deep");
  if (arguments.size() != called->arguments.size())
    return invalid("the function '" + name + "' takes " + std::to_string(called->arguments.size()) + " arguments; got " +
                   std::to_string(arguments.size()));
  TfImporter inner(called->graph, network, options_, this);
  inner.where_ = where_ + "in function '" + name + "': ";
  inner.channels_first_ = channels_first_;
  TRY(inner.index_nodes());
  for (size_t i = 0; i < arguments.size(); ++i) {
    const auto node = inner.nodes_.find(called->arguments[i]);
    if (node != inner.nodes_.end()) inner.values_[node->second].push_back(std::move(arguments[i]));
  }
  const size_t errors_before = root().errors_.size();
  std::vector<std::string> wanted;
  for (const TfInput& result : called->results) wanted.push_back(result.node);
  TRY_ASSIGN(auto order, inner.in_order(wanted).within("in function '" + name + "'"));
  for (const TfNode* node : order) {
    if (is_full()) break;
    inner.import_node(*node);
  }
  if (root().errors_.size() > errors_before || is_full()) return Error{ErrorCode::kInvalid, ""};
  std::vector<TfValue> results;
  for (const TfInput& result : called->results) {
    const auto node = inner.nodes_.find(result.node);
    if (node == inner.nodes_.end()) return invalid("the function '" + name + "' gives '" + result.node + "', and there is no such node");
    const std::deque<TfValue>& values = inner.values_[node->second];
    if (result.output < 0 || result.output >= static_cast<int64_t>(values.size()))
      return invalid("the function '" + name + "' gives output " + std::to_string(result.output) + " of '" + result.node + "', which has " +
                     std::to_string(values.size()));
    if (values[static_cast<size_t>(result.output)].is_broken) return Error{ErrorCode::kInvalid, ""};
    results.push_back(values[static_cast<size_t>(result.output)]);
  }
  return results;
}

void TfImporter::import_node(const TfNode& node) {
  if (!values_[&node].empty()) return;  // an argument
  if (++root().imported_ > options_.most_nodes) {
    report(unsupported("with its functions written out, the graph has more than " + std::to_string(options_.most_nodes) + " nodes"));
    values_[&node].emplace_back().is_broken = true;
    return;
  }
  std::vector<TfValue*> inputs;
  bool broken = false;
  std::string types;
  if (!is_input(node)) {
    for (const TfInput& input : node.inputs) {
      const auto found = nodes_.find(input.node);
      if (found == nodes_.end()) {
        broken = true;
        continue;
      }
      std::deque<TfValue>& values = values_[found->second];
      if (values.empty() || values[0].is_broken) {
        broken = true;
        continue;
      }
      if (input.output < 0 || input.output >= static_cast<int64_t>(values.size())) {
        report(invalid("node '" + node.name + "' (" + node.op + "): it reads output " + std::to_string(input.output) + " of '" +
                       input.node + "', which has " + std::to_string(values.size())));
        broken = true;
        continue;
      }
      inputs.push_back(&values[static_cast<size_t>(input.output)]);
    }
  }
  std::deque<TfValue>& values = values_[&node];
  if (!broken) {
    const TfOp op(*this, node, inputs);
    auto outputs = node.broken.empty() ? dispatch(node, op) : Result<std::vector<TfValue>>(invalid(node.broken));
    if (outputs.ok()) {
      for (TfValue& output : *outputs) values.push_back(std::move(output));
      return;
    }
    std::string where = "node '" + node.name + "' (" + node.op;
    for (size_t i = 0; i < inputs.size(); ++i) where += (i ? ", " : "; inputs ") + op.type(i).text();
    if (!outputs.error().message.empty()) report(std::move(outputs).error().within(where + ")"));
  }
  values.emplace_back();
  values.back().is_broken = true;
}

Result<std::vector<TfValue>> TfImporter::dispatch(const TfNode& node, const TfOp& op) {
  if (is_input(node)) {
    TRY_ASSIGN(TfValue input, add_input(node));
    return std::vector<TfValue>{input};
  }
  if (node.op == "Const") {
    const auto* values = node.find<Array>("value");
    if (!values) return invalid("it has no values that could be read");
    TfValue value;
    value.is_constant = true;
    value.constant = *values;
    if (options_.half_weights && values->type() == DataType::kFloat && values->count() > 0) {
      const float* numbers = values->as<float>();
      for (int64_t i = 0; i < values->count(); ++i) {
        if (!(std::fabs(numbers[i]) < 65520.f))
          return invalid("element " + std::to_string(i) + " is " + std::to_string(numbers[i]) + ", which no half holds");
      }
      TRY_ASSIGN(Array halfs, values->converted(DataType::kHalf));
      TRY_ASSIGN(value.constant, halfs.converted(DataType::kFloat));
    }
    return std::vector<TfValue>{std::move(value)};
  }
  if (const TfImport import = TfCatalogue::instance().find(node.op)) return import(op);
  if (function(node.op)) {
    std::vector<TfValue> arguments;
    for (size_t i = 0; i < op.input_count(); ++i) arguments.push_back(op.value(i));
    return call(node.op, std::move(arguments), network_);
  }
  if (options_.custom) {
    TfForeignNode foreign{node.name, node.op, {}, {}, node.attributes};
    for (size_t i = 0; i < op.input_count(); ++i) {
      if (op.value(i).is_constant) {
        foreign.constants.push_back(op.value(i).constant);
      } else {
        TRY_ASSIGN(Tensor * tensor, op.tensor(i));
        foreign.inputs.push_back(tensor);
      }
    }
    if (auto outputs = options_.custom(foreign, network_)) {
      TRY_ASSIGN(std::vector<Tensor*> tensors, std::move(*outputs));
      std::vector<TfValue> values;
      for (Tensor* tensor : tensors) values.push_back({tensor});
      return values;
    }
  }
  return unsupported(
      "no such operator is known; put known operators in its place, or make the node an input where what lies before it can be left out");
}

// A node of the file that the program names, or a placeholder.
Result<TfValue> TfImporter::add_input(const TfNode& node) {
  TensorType type;
  const auto* dtype = node.find<TfType>("dtype");
  if (dtype && !dtype->type) return unsupported("its elements are no numbers (strings, perhaps); name values behind it as the inputs");
  if (dtype) type.type = *dtype->type;
  const auto* attribute = node.find<TfShape>("shape");
  const std::optional<Shape> declared = attribute ? attribute->dims : std::nullopt;
  const TfInputSpec* given = spec_of(node);
  const std::string& name = name_of_input(node);
  if (!given && !declared) return invalid("the graph does not tell its dims; give them for the input '" + name + "'");
  Shape shape = given ? given->shape : *declared;
  if (options_.batch && !given && !shape.empty()) shape.erase(shape.begin());
  if (options_.batch) type.dims.push_back(*options_.batch);
  for (int64_t size : shape) {
    if (size < -1 || size > INT32_MAX) return invalid("the input has a dimension of " + std::to_string(size));
    type.dims.push_back(size < 0 ? Dim::symbol(network_.make_symbol("d")) : Dim(size));
  }
  TRY(free_name(name));
  TRY_ASSIGN(Tensor * tensor, network_.add_input(name, std::move(type)));
  TfValue value{tensor};
  const TfInputOrder order = given ? given->order : TfInputOrder::kAsInFile;
  const Dims& dims = tensor->type.dims;
  if (declared && declared->size() != dims.size() && given && !declared->empty()) {
    // The program gave dims of another rank, such as [C, 1, 1] for a vector.
    std::vector<int64_t> wanted(declared->begin(), declared->end());
    wanted[0] = 0;
    TRY_ASSIGN(value.tensor, network_.add(Reshape(wanted), {tensor}, node.name + "/as declared"));
    return value;
  }
  if (dims.size() != 4 || order == TfInputOrder::kAsInFile) return value;
  if (order == TfInputOrder::kChannelsFirst) value.is_planes = !channels_first_;
  if (order == TfInputOrder::kChannelsLast && channels_first_) {
    TRY_ASSIGN(value.tensor, network_.add(Transpose(kToPlanes), {tensor}, node.name + "/channels first"));
  }
  return value;
}

Result<Tensor*> TfImporter::tensor_of(TfValue& value, const std::string& name) {
  if (value.list == TfList::kReserved || value.list == TfList::kWritten)
    return unsupported("the list of tensors '" + name + "' is read before it is written as a whole");
  if (!value.tensor) value.tensor = network_.add_constant(name, value.constant);
  if (!value.is_planes) return value.tensor;
  if (!value.other) {
    TRY_ASSIGN(value.other, network_.add(Transpose(kFromPlanes), {value.tensor}, name + "/channels last"));
  }
  return value.other;
}

Result<Tensor*> TfImporter::planes_of(TfValue& value, const std::string& name) {
  if (value.is_planes) return value.tensor;
  if (!value.tensor) value.tensor = network_.add_constant(name, value.constant);
  if (value.tensor->type.rank() != 4) return invalid("an image [N, H, W, C] is wanted, not " + value.tensor->type.text());
  if (!value.other) {
    TRY_ASSIGN(value.other, network_.add(Transpose(kToPlanes), {value.tensor}, name + "/channels first"));
  }
  return value.other;
}

bool TfImporter::is_constant(const TfValue& value) {
  if (value.is_constant) return true;
  return value.tensor && !value.is_planes && evaluator_.is_constant(*value.tensor);
}

Result<Array> TfImporter::constant_of(const TfValue& value) {
  if (value.is_constant) return value.constant;
  if (!value.tensor || value.is_planes) return invalid("it is no constant");
  return evaluator_.evaluate(*value.tensor);
}

Status TfImporter::free_name(const std::string& name) {
  Tensor* other = network_.find_tensor(name);
  if (!other || other->is_input() || other->is_output()) return Ok{};
  std::string spare;
  int64_t suffix = other->id();
  do {
    spare = name + "_" + std::to_string(suffix++);
  } while (network_.find_tensor(spare));
  return network_.rename(other, spare);
}

Status TfImporter::mark_output(const std::string& text) {
  TRY_ASSIGN(Place place, find(text));
  std::deque<TfValue>& values = values_[place.node];
  if (place.output >= static_cast<int64_t>(values.size()))
    return invalid("the node '" + place.node->name + "' has " + std::to_string(values.size()) + " outputs; '" + text + "' is wanted");
  const auto called = graph_.names.find(text);
  const std::string& name = called != graph_.names.end() ? called->second : place.output == 0 ? place.node->name : text;
  TRY_ASSIGN(Tensor * tensor, tensor_of(values[static_cast<size_t>(place.output)], place.node->name));
  if (options_.four_dims && tensor->type.rank() < 4) {
    Dims dims;
    for (int64_t d = 0; d < tensor->type.rank(); ++d) dims.push_back(input_dim(d));
    dims.resize(4, Dim(1));
    TRY_ASSIGN(tensor, network_.add(Reshape(dims), {tensor}, name + "/four dims"));
  }
  // An output has a place of its own.
  if (tensor->is_input() || tensor->is_constant() || tensor->is_output()) {
    TRY_ASSIGN(tensor, network_.add(Elementwise(ScalarOp::kIdentity), {tensor}, "output '" + name + "'"));
  }
  if (tensor->name != name) TRY(free_name(name));
  if (!network_.find_tensor(name)) TRY(network_.rename(tensor, name));
  return network_.mark_output(tensor);
}

// ---- What operators see ----

bool TfOp::is_uff() const { return importer_.graph().is_uff; }
bool TfOp::batch_is_open() const { return importer_.options().batch.has_value(); }
Network& TfOp::network() const { return importer_.network(); }

Status TfOp::expects(size_t least, size_t most) const {
  if (inputs_.size() >= least && inputs_.size() <= most) return Ok{};
  return invalid("it has " + std::to_string(inputs_.size()) + " inputs; " + std::to_string(least) +
                 (most == least      ? ""
                  : most == SIZE_MAX ? " or more"
                                     : " to " + std::to_string(most)) +
                 " are wanted");
}

Result<Tensor*> TfOp::tensor(size_t index) const { return importer_.tensor_of(*inputs_[index], node_.inputs[index].node); }
Result<Tensor*> TfOp::planes(size_t index) const { return importer_.planes_of(*inputs_[index], node_.inputs[index].node); }

Result<Tensor*> TfOp::image(size_t index) const {
  if (!channels_first()) return planes(index);
  TRY_ASSIGN(Tensor * tensor, this->tensor(index));
  if (tensor->type.rank() != 4) return invalid("an image [N, C, H, W] is wanted, not " + tensor->type.text());
  return tensor;
}

bool TfOp::channels_first() const {
  const auto* format = node_.find<std::string>("data_format");
  return format && (*format == "NCHW" || *format == "NC+");
}

Result<Tensor*> TfOp::tensor_of(TfValue& value) const { return importer_.tensor_of(value, node_.name + "/value"); }
Result<Tensor*> TfOp::tensor_in(Network& network, const TfValue& value) const {
  if (value.list == TfList::kReserved || value.list == TfList::kWritten) return unsupported("a list of tensors is no tensor yet");
  if (!value.tensor) return network.add_constant(node_.name + "/value", value.constant);
  if (!value.is_planes) return value.tensor;
  return network.add(Transpose(kFromPlanes), {value.tensor}, node_.name + "/channels last");
}
const TfNode* TfOp::source(size_t index) const { return importer_.node(node_.inputs[index].node); }

bool TfOp::is_counting(const TfNode& range) const {
  const auto is = [&](size_t input, int64_t number) {
    const TfNode* node = input < range.inputs.size() ? importer_.node(range.inputs[input].node) : nullptr;
    const Array* value = node && node->op == "Const" ? node->find<Array>("value") : nullptr;
    return value && is_integer(value->type()) && value->count() == 1 && value->integer(0) == number;
  };
  return is(0, 0) && is(2, 1);
}

const TfFunction* TfOp::function(std::string_view name) const { return importer_.function(name); }
Result<std::vector<TfValue>> TfOp::call(const std::string& function, std::vector<TfValue> arguments, Network& network) const {
  return importer_.call(function, std::move(arguments), network);
}

TensorType TfOp::type(size_t index) const {
  const TfValue& value = *inputs_[index];
  if (!value.tensor) return {value.constant.type(), to_dims(value.constant.shape())};
  TensorType type = value.tensor->type;
  if (!value.is_planes) return type;
  const Dims dims = type.dims;
  for (size_t d = 0; d < 4; ++d) type.dims[d] = dims[static_cast<size_t>(kFromPlanes[d])];
  return type;
}

int64_t TfOp::rank(size_t index) const {
  const TfValue& value = *inputs_[index];
  return value.tensor ? value.tensor->type.rank() : value.constant.rank();
}

bool TfOp::is_constant(size_t index) const { return importer_.is_constant(*inputs_[index]); }

Result<Array> TfOp::constant(size_t index, std::string_view what) const {
  if (index >= inputs_.size()) return invalid("its input " + std::to_string(index) + ", " + std::string(what) + ", is missing");
  if (!is_constant(index))
    return unsupported("its input " + std::to_string(index) + ", " + std::string(what) +
                       ", has to be constant; freezing the graph makes its variables constants");
  return importer_.constant_of(*inputs_[index]).within(std::string(what));
}

Result<std::vector<int64_t>> TfOp::integers(size_t index, std::string_view what) const {
  TRY_ASSIGN(Array array, constant(index, what));
  if (!is_integer(array.type())) return invalid(std::string(what) + " are " + std::string(name_of(array.type())) + "; integers are wanted");
  if (array.count() > 1024) return invalid(std::string(what) + " are " + std::to_string(array.count()) + " numbers, too many");
  return array.integers();
}

std::optional<std::vector<Dim>> TfOp::elements(size_t index) const {
  const TfValue& value = *inputs_[index];
  if (value.is_constant) {
    if (!is_integer(value.constant.type()) || value.constant.count() > TensorType::kMostValues) return std::nullopt;
    const std::vector<int64_t> numbers = value.constant.integers();
    return std::vector<Dim>(numbers.begin(), numbers.end());
  }
  if (value.is_planes || !value.tensor) return std::nullopt;
  return value.tensor->type.values;
}

std::optional<Dim> TfOp::element(size_t index) const {
  const auto all = elements(index);
  return all && all->size() == 1 ? std::optional(all->front()) : std::nullopt;
}

namespace {

Error wrong_kind(std::string_view attribute, const char* wanted) {
  return invalid("its attribute '" + std::string(attribute) + "' is no " + wanted);
}

}  // namespace

Result<int64_t> TfOp::integer(std::string_view attribute, int64_t fallback) const {
  if (!has(attribute)) return fallback;
  const auto* value = node_.find<int64_t>(attribute);
  if (!value) return wrong_kind(attribute, "integer");
  return *value;
}

Result<double> TfOp::number(std::string_view attribute, double fallback) const {
  if (!has(attribute)) return fallback;
  if (const auto* value = node_.find<double>(attribute)) return *value;
  if (const auto* value = node_.find<int64_t>(attribute)) return static_cast<double>(*value);
  return wrong_kind(attribute, "number");
}

Result<bool> TfOp::flag(std::string_view attribute, bool fallback) const {
  if (!has(attribute)) return fallback;
  if (const auto* value = node_.find<bool>(attribute)) return *value;
  if (const auto* value = node_.find<int64_t>(attribute)) return *value != 0;
  return wrong_kind(attribute, "truth value");
}

Result<std::string> TfOp::word(std::string_view attribute, std::string fallback) const {
  if (!has(attribute)) return fallback;
  const auto* value = node_.find<std::string>(attribute);
  if (!value) return wrong_kind(attribute, "word");
  return *value;
}

Result<std::vector<int64_t>> TfOp::list(std::string_view attribute, std::vector<int64_t> fallback) const {
  if (!has(attribute)) return fallback;
  if (const auto* value = node_.find<int64_t>(attribute)) return std::vector<int64_t>{*value};
  const auto* value = node_.find<std::vector<int64_t>>(attribute);
  if (!value) return wrong_kind(attribute, "list of integers");
  return *value;
}

Result<std::vector<int64_t>> TfOp::axes(std::string_view attribute, size_t index, int64_t rank) const {
  std::vector<int64_t> axes;
  if (has(attribute)) {
    TRY_ASSIGN(axes, list(attribute, {}));
  } else if (index < inputs_.size()) {
    TRY_ASSIGN(axes, integers(index, "the axes"));
  }
  for (int64_t& axis : axes) {
    TRY_ASSIGN(axis, normalize_axis(axis, rank));
  }
  return axes;
}

Result<TfValue> TfOp::elementwise(const Elementwise& op, size_t count) const {
  bool any = false;
  for (size_t i = 0; i < count; ++i) any = any || inputs_[i]->is_planes;
  for (size_t i = 0; i < count; ++i) any = any && rank(i) <= 4;
  std::vector<Tensor*> operands;
  for (size_t i = 0; i < count; ++i) {
    if (!any || rank(i) == 0) {
      TRY_ASSIGN(Tensor * operand, tensor(i));
      operands.push_back(operand);
    } else if (rank(i) == 4 && !inputs_[i]->is_constant) {
      TRY_ASSIGN(Tensor * operand, planes(i));
      operands.push_back(operand);
    } else if (inputs_[i]->is_constant) {
      Shape shape = inputs_[i]->constant.shape();
      shape.insert(shape.begin(), 4 - shape.size(), 1);
      TRY_ASSIGN(Array array, inputs_[i]->constant.reshaped(shape));
      TRY_ASSIGN(Arrays moved, Transpose(kToPlanes).evaluate({array}));
      operands.push_back(add_constant(moved[0], "constant"));
    } else {
      TRY_ASSIGN(Tensor * operand, tensor(i));
      Dims dims(static_cast<size_t>(4 - rank(i)), Dim(1));
      for (int64_t d = 0; d < rank(i); ++d) dims.push_back(input_dim(d));
      TRY_ASSIGN(operand, add(Reshape(dims), {operand}, "wide"));
      TRY_ASSIGN(operand, add(Transpose(kToPlanes), {operand}, "channels first"));
      operands.push_back(operand);
    }
  }
  TRY_ASSIGN(Tensor * y, add(op, std::move(operands)));
  return TfValue{y, any};
}

}  // namespace ingot
