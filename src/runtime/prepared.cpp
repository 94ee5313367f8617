#include "runtime/prepared.h"

#include <algorithm>
#include <numeric>
#include <unordered_map>

#include "runtime/memory_map.h"

namespace ingot {
namespace {

constexpr size_t kAlignment = 64;
constexpr size_t kMostTensorBytes = size_t{1} << 46;  // so that sums over all tensors of a plan stay within 64 bits

// Tensors that share memory: an output of a view step and what it views.
class Groups {
 public:
  explicit Groups(const Network& network) {
    for (const auto& tensor : network.tensors()) {
      place_[tensor.get()] = static_cast<int>(parent_.size());
      parent_.push_back(static_cast<int>(parent_.size()));
      // A constant, an input and an output of the program have addresses of their own; a group can hold one of them.
      fixed_.push_back(tensor->is_constant() || tensor->is_input() || tensor->is_output());
    }
  }
  int of(const Tensor* tensor) {
    int index = place_.at(tensor);
    while (parent_[index] != index) index = parent_[index] = parent_[parent_[index]];
    return index;
  }
  bool join(const Tensor* a, const Tensor* b) {
    const int x = of(a), y = of(b);
    if (x == y) return true;
    if (fixed_[x] && fixed_[y]) return false;
    parent_[y] = x;
    fixed_[x] = fixed_[x] || fixed_[y];
    return true;
  }
  size_t size() const { return parent_.size(); }

 private:
  std::unordered_map<const Tensor*, int> place_;
  std::vector<int> parent_;
  std::vector<bool> fixed_;
};

size_t round_up(size_t bytes) { return (bytes + kAlignment - 1) / kAlignment * kAlignment; }

Shape shape_or_bound(const Dims& dims, const SymbolValues& known, const SymbolValues& most) {
  return shape_at(dims, depends_on_unknown(dims, known) ? most : known);
}

// Where each tensor lies; for INGOT_DEBUG=memory.
void print_map(const MemoryMap& map, const std::vector<Lifetime>& lifetimes, const std::vector<const Tensor*>& tensors) {
  std::vector<size_t> order(lifetimes.size());
  std::iota(order.begin(), order.end(), size_t{0});
  std::stable_sort(order.begin(), order.end(), [&](size_t a, size_t b) { return map.offsets[a] < map.offsets[b]; });
  debug("memory", std::to_string(map.bytes) + " bytes for " + std::to_string(lifetimes.size()) + " tensors; " +
                      std::to_string(map.lower_bound) + " live at the same time");
  for (size_t i : order) {
    const Lifetime& lifetime = lifetimes[i];
    debug("memory", "  at " + std::to_string(map.offsets[i]) + ": " + std::to_string(lifetime.bytes) + " bytes, steps " +
                        std::to_string(lifetime.first) + " to " + std::to_string(lifetime.last) + ", '" + tensors[i]->name + "'");
  }
}

}  // namespace

void Prepared::point_at(void* arena) {
  for (size_t i = 0; i < slots.size(); ++i) {
    if (slots[i].kind == Location::kArena) pointers[i] = static_cast<std::byte*>(arena) + slots[i].offset;
    if (slots[i].kind == Location::kConstant) pointers[i] = const_cast<void*>(slots[i].constant);
  }
  base = arena;
}

namespace {

// Whether the values of all outputs follow from the shapes that are known; they lie in memory of the device then.
Result<bool> make_known(const Engine& engine, const Layer& layer, Groups& groups, Prepared& prepared,
                        std::unordered_map<int, Location>* locations) {
  std::vector<Array> values;
  for (const Tensor* output : layer.outputs()) {
    const TensorType& type = output->type;
    if (locations->contains(groups.of(output)) || !type.values || depends_on_unknown(type.dims, prepared.known) ||
        depends_on_unknown(*type.values, prepared.known) || bits_of(type.type) < 8)
      return false;
    TRY_ASSIGN(Array array, Array::make(type.type, shape_at(type.dims, prepared.known)));
    const Shape numbers = shape_at(*type.values, prepared.known);
    if (static_cast<int64_t>(numbers.size()) != array.count()) return false;
    array.mutable_data();
    for (int64_t i = 0; i < array.count(); ++i) array.set_integer(i, numbers[static_cast<size_t>(i)]);
    values.push_back(std::move(array));
  }
  Device& device = engine.device();
  for (size_t o = 0; o < values.size(); ++o) {
    TRY_ASSIGN(void* memory, device.allocate(values[o].byte_count()));
    prepared.known_values.emplace_back(memory, [keeper = engine.shared_device()](void* address) { keeper->release(address); });
    TRY(device.copy(memory, values[o].data(), values[o].byte_count(), {}));
    (*locations)[groups.of(layer.output(o))] = {Location::kConstant, 0, memory};
  }
  return !values.empty();
}

}  // namespace

Result<std::shared_ptr<Prepared>> prepare_engine(const Engine& engine, const std::vector<Shape>& input_shapes, size_t profile,
                                                 bool with_launches, const std::vector<const void*>& host_inputs,
                                                 const std::vector<std::unique_ptr<Kernel>>& own) {
  const Network& network = engine.network();
  auto prepared = std::make_shared<Prepared>();
  prepared->input_shapes = input_shapes;
  prepared->profile = profile;
  for (size_t i = 0; i < network.inputs().size(); ++i) {
    const Tensor* input = network.inputs()[i];
    TRY(bind_symbols(input->type.dims, input_shapes[i], &prepared->known).within("input '" + input->name + "'"));
  }
  for (size_t i = 0; i < network.inputs().size(); ++i) {
    const Tensor* input = network.inputs()[i];
    // Dims that are expressions of other inputs' symbols are checked now that all of them are bound.
    TRY_ASSIGN(Shape wanted, evaluate(input->type.dims, prepared->known));
    if (wanted != input_shapes[i])
      return invalid("input '" + input->name + "': " + to_text(input->type.dims) + " makes " + to_text(wanted) +
                     " of the other inputs' shapes; got " + to_text(input_shapes[i]));
    if (!input->type.values || i >= host_inputs.size() || !host_inputs[i]) continue;
    const Array values = Array::borrow(input->type.type, input_shapes[i], host_inputs[i], nullptr);
    TRY(bind_symbols(*input->type.values, values.integers(), &prepared->known).within("values of input '" + input->name + "'"));
  }
  prepared->most = prepared->known;
  bind_bounds(network, &prepared->most);

  // Formats: of inputs by the engine's list, of others by who makes them.
  std::unordered_map<const Tensor*, Format> formats;
  for (const IoTensor& io : engine.io()) formats[io.tensor] = io.format;
  for (size_t step = 0; step < engine.step_count(); ++step) {
    const Layer& layer = engine.layer(step);
    for (size_t i = 0; i < layer.outputs().size(); ++i) formats[layer.output(i)] = engine.choice(step).output_formats[i];
  }

  Groups groups(network);
  prepared->steps.resize(engine.step_count());
  for (size_t step = 0; step < engine.step_count(); ++step) {
    if (!is_view_tactic(engine.choice(step).tactic)) continue;
    const Layer& layer = engine.layer(step);
    // A constant of the network lies in the host's memory.
    if (engine.device().is_asynchronous() && layer.input(0)->is_constant()) continue;
    if (groups.join(layer.input(0), layer.output(0))) prepared->steps[step].is_view = true;
  }

  // Where steps cannot run on the device itself, small integers that hang on shapes alone are worked out now, not in each run.
  std::vector<bool> is_known(engine.step_count(), false);
  std::unordered_map<int, Location> locations;
  for (size_t i = 0; i < engine.io().size(); ++i) locations[groups.of(engine.io()[i].tensor)] = {Location::kIo, i, nullptr};
  for (const auto& tensor : network.tensors()) {
    if (tensor->is_constant()) locations[groups.of(tensor.get())] = {Location::kConstant, 0, tensor->constant.data()};
  }
  for (size_t step = 0; with_launches && engine.device().is_asynchronous() && step < engine.step_count(); ++step) {
    if (!is_reference_tactic(engine.choice(step).tactic)) continue;
    TRY_ASSIGN(is_known[step], make_known(engine, engine.layer(step), groups, *prepared, &locations));
  }
  // What hangs on values gets its memory during the run: bounds may be far above what the values turn out to ask for.
  for (const auto& tensor : network.tensors()) {
    const int group = groups.of(tensor.get());
    if (locations.contains(group) || !depends_on_unknown(tensor->type.dims, prepared->known)) continue;
    locations[group] = {Location::kLate, prepared->late_buffers.size(), nullptr};
    prepared->late_buffers.emplace_back();
  }
  std::vector<Lifetime> lifetimes;
  std::vector<int> owners;
  std::vector<const Tensor*> first_tensors;
  std::unordered_map<int, size_t> lifetime_of;
  const auto touch = [&](const Tensor* tensor, int step) -> Status {
    const int group = groups.of(tensor);
    if (locations.contains(group)) return Ok{};
    const auto [entry, fresh] = lifetime_of.emplace(group, lifetimes.size());
    if (fresh) {
      lifetimes.push_back({0, step, step});
      owners.push_back(group);
      first_tensors.push_back(tensor);
    }
    Lifetime& lifetime = lifetimes[entry->second];
    lifetime.last = step;
    const auto bytes =
        storage_bytes(tensor->type.type, formats[tensor], shape_or_bound(tensor->type.dims, prepared->known, prepared->most));
    if (!bytes.ok()) return Error(bytes.error()).within("tensor '" + tensor->name + "'");
    if (*bytes > kMostTensorBytes) return out_of_memory("tensor '" + tensor->name + "' takes " + std::to_string(*bytes) + " bytes");
    lifetime.bytes = std::max(lifetime.bytes, std::max<size_t>(*bytes, 1));
    return Ok{};
  };
  for (size_t step = 0; step < engine.step_count(); ++step) {
    const Layer& layer = engine.layer(step);
    for (const Tensor* input : layer.inputs()) {
      if (input) TRY(touch(input, static_cast<int>(step)));
    }
    for (const Tensor* output : layer.outputs()) TRY(touch(output, static_cast<int>(step)));
  }
  const MemoryMap map = map_memory(lifetimes, kAlignment);
  if (debug_enabled("memory")) print_map(map, lifetimes, first_tensors);
  for (size_t i = 0; i < owners.size(); ++i) locations[owners[i]] = {Location::kArena, map.offsets[i], nullptr};
  prepared->arena_bytes = round_up(map.bytes);
  prepared->lower_bound = map.lower_bound;

  const auto add_slot = [&](const Tensor* tensor) {
    const Location location = tensor ? locations[groups.of(tensor)] : Location{};
    if (location.kind == Location::kIo)
      prepared->io_slots.emplace_back(static_cast<uint32_t>(prepared->slots.size()), static_cast<uint32_t>(location.offset));
    if (location.kind == Location::kLate)
      prepared->late_buffers[location.offset].slots.push_back(static_cast<uint32_t>(prepared->slots.size()));
    prepared->slots.push_back(location);
  };
  for (size_t step = 0; step < engine.step_count(); ++step) {
    const Layer& layer = engine.layer(step);
    PreparedStep& made = prepared->steps[step];
    std::vector<Shape> inputs, outputs;
    made.inputs = static_cast<uint32_t>(prepared->slots.size());
    for (const Tensor* input : layer.inputs()) {
      add_slot(input);
      made.is_late |= input && depends_on_unknown(input->type.dims, prepared->known);
      inputs.push_back(input ? shape_or_bound(input->type.dims, prepared->known, prepared->most) : Shape{});
    }
    made.outputs = static_cast<uint32_t>(prepared->slots.size());
    for (const Tensor* output : layer.outputs()) {
      add_slot(output);
      made.produces_shapes |= depends_on_unknown(output->type.dims, prepared->known);
      outputs.push_back(shape_or_bound(output->type.dims, prepared->known, prepared->most));
    }
    made.is_late |= made.produces_shapes;
    prepared->any_late |= made.is_late;
    if (!with_launches || made.is_view || made.is_late || is_known[step]) continue;
    const Kernel& kernel = step < own.size() && own[step] ? *own[step] : engine.kernel(step);
    auto launch = kernel.launch(inputs, outputs);
    if (!launch.ok()) return std::move(launch).error().within("layer '" + layer.name + "' (" + engine.choice(step).tactic + ")");
    made.launch = std::move(launch).value();
    prepared->workspace_bytes = std::max(prepared->workspace_bytes, round_up(made.launch->workspace_bytes()));
  }
  prepared->pointers.assign(prepared->slots.size(), nullptr);
  for (const IoTensor& io : engine.io()) {
    prepared->is_late_io.push_back(depends_on_unknown(io.tensor->type.dims, prepared->known));
    Shape shape = shape_or_bound(io.tensor->type.dims, prepared->known, prepared->most);
    for (size_t d = 0; d < shape.size(); ++d) {
      if (depends_on_unknown({io.tensor->type.dims[d]}, prepared->most)) shape[d] = -1;
    }
    prepared->io_shapes.push_back(std::move(shape));
  }
  return prepared;
}

}  // namespace ingot
