#include "tactic_check.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <cstdlib>
#include <cstring>
#include <memory>

#include "device/device.h"
#include "tactics/layout.h"

namespace ingot::testing {
int64_t allocation_count();  // calls of operator new in this process so far
}

namespace ingot::testing {
namespace {

constexpr size_t kGuardBytes = 256;
constexpr auto kGuard = std::byte{0xa5};

// A block `offset` bytes behind an address that is aligned as the runtime aligns, between bytes that must stay as they are.
class Block {
 public:
  explicit Block(size_t size, size_t offset = 0) : size_(size), offset_(offset), memory_(size + offset + 2 * kGuardBytes + 64, kGuard) {}
  std::byte* data() { return first_guard() + kGuardBytes + offset_; }
  size_t size() const { return size_; }
  bool intact() {
    for (size_t i = 0; i < kGuardBytes; ++i) {
      if (first_guard()[offset_ + i] != kGuard || data()[size_ + i] != kGuard) return false;
    }
    return true;
  }

 private:
  std::byte* first_guard() { return reinterpret_cast<std::byte*>((reinterpret_cast<uintptr_t>(memory_.data()) + 63) / 64 * 64); }
  size_t size_, offset_;
  std::vector<std::byte> memory_;
};

// Of the random trial at hand; see Trial::variation.
uint64_t random_variation = 0;

int64_t stored_index(const Shape& index, const Shape& shape, Format format) {
  if (shape.size() < 3 || has_strides(format)) {
    const Shape strides = memory_strides(format, shape);
    int64_t at = 0;
    for (size_t d = 0; d < shape.size(); ++d) at += index[d] * strides[d];
    return at;
  }
  const int64_t group = channel_group(format), blocks = (shape[1] + group - 1) / group;
  int64_t at = index[0] * blocks + index[1] / group;
  for (size_t d = 2; d < shape.size(); ++d) at = at * shape[d] + index[d];
  return at * group + index[1] % group;
}

std::string describe(const Problem& problem) {
  std::string text = std::string(problem.op->name()) + problem.op->fields_text() + " on";
  for (size_t i = 0; i < problem.inputs.size(); ++i) {
    text += " " + (problem.present[i] ? problem.inputs[i].text() + " " + std::string(name_of(problem.input_formats[i])) : std::string("-"));
    if (problem.constants[i].data()) text += " constant";
    if (problem.present[i] && !all_constant(problem.inputs[i].dims)) text += " tuned for " + to_text(problem.opt_inputs[i]);
  }
  text += " ->";
  for (size_t i = 0; i < problem.outputs.size(); ++i)
    text += " " + problem.outputs[i].text() + " " + std::string(name_of(problem.output_formats[i]));
  return text;
}

std::string compare(const Array& got, const Array& expected, Tolerance tolerance) {
  double largest = 0;
  for (int64_t i = 0; i < expected.count(); ++i) {
    const double x = expected.number(i);
    if (std::isfinite(x)) largest = std::max(largest, std::fabs(x));
  }
  const double bound = tolerance.absolute + tolerance.relative * largest;
  for (int64_t i = 0; i < expected.count(); ++i) {
    const double g = got.number(i), e = expected.number(i);
    const bool same = g == e || (std::isnan(g) && std::isnan(e)) || std::fabs(g - e) <= bound;
    if (!same)
      return "element " + std::to_string(i) + " is " + std::to_string(g) + ", not " + std::to_string(e) + " (bound " +
             std::to_string(bound) + ")";
  }
  return "";
}

// Bytes by which an address lies off its alignment: a few elements, since programs hand over the middle of their arrays.
size_t offset_of(uint64_t variation, size_t tensor, DataType type) {
  if ((variation & 4) == 0 || bits_of(type) < 8) return 0;
  return (variation / 8 + tensor * 3) % 8 * static_cast<size_t>(bits_of(type) / 8);
}

std::string run_one(const Tactic& tactic, const Problem& problem, const Trial& trial, const Arrays& expected) {
  const uint64_t variation = trial.variation ? trial.variation : random_variation;
  auto packed = tactic.pack(problem);
  if (!packed.ok()) return "pack: " + packed.error().message;
  Problem stripped = problem;
  for (const PackedWeights& weights : *packed) stripped.constants[weights.input] = Array();
  auto kernel = tactic.prepare(stripped, *packed);
  if (!kernel.ok()) return "prepare: " + kernel.error().message;
  std::vector<Shape> inputs, outputs;
  for (const Array& array : trial.inputs) inputs.push_back(array.shape());
  for (const Array& array : expected) outputs.push_back(array.shape());
  auto launch = (*kernel)->launch(inputs, outputs);
  if (!launch.ok()) return "launch: " + launch.error().message;

  std::vector<Block> input_blocks;
  std::vector<const void*> addresses;
  input_blocks.reserve(trial.inputs.size());
  for (size_t i = 0; i < trial.inputs.size(); ++i) {
    if (!problem.present[i] || problem.constants[i].data()) {
      addresses.push_back(nullptr);
      continue;
    }
    const auto bytes = stored(trial.inputs[i], input_format(problem, i));
    Block& block = input_blocks.emplace_back(bytes.size(), offset_of(variation, i, trial.inputs[i].type()));
    if (!bytes.empty()) std::memcpy(block.data(), bytes.data(), bytes.size());
    addresses.push_back(block.data());
  }
  std::vector<std::vector<std::byte>> first;
  for (int threads : {1, 2}) {
    static ThreadPool one(1), two(2);
    ThreadPool& pool = threads == 1 ? one : two;
    std::vector<Block> output_blocks;
    output_blocks.reserve(outputs.size());
    std::vector<void*> targets;
    for (size_t i = 0; i < outputs.size(); ++i) {
      output_blocks.emplace_back(*storage_bytes(problem.outputs[i].type, output_format(problem, i), outputs[i]),
                                 offset_of(variation, i + 5, problem.outputs[i].type));
      targets.push_back(output_blocks.back().data());
    }
    Block workspace((*launch)->workspace_bytes());
    const RunArguments arguments{addresses.data(), targets.data(), workspace.data(), &pool, {}};
    const int64_t before = allocation_count();
    const Status status = (*launch)->run(arguments);
    const int64_t allocated = allocation_count() - before;
    if (!status.ok()) return "run: " + status.error().message;
    if (allocated && !tactic.name().starts_with("reference.")) return "run allocated " + std::to_string(allocated) + " times";
    if (!workspace.intact()) return "run wrote outside its workspace";
    const std::vector<Shape> produced = (*launch)->produced_shapes();
    for (size_t i = 0; i < produced.size(); ++i) {
      if (produced[i] != expected[i].shape())
        return "output " + std::to_string(i) + " is said to be " + to_text(produced[i]) + ", not " + to_text(expected[i].shape());
    }
    for (size_t i = 0; i < outputs.size(); ++i) {
      Block& block = output_blocks[i];
      if (!block.intact()) return "run wrote outside output " + std::to_string(i);
      const std::vector<std::byte> bytes(block.data(), block.data() + block.size());
      if (threads == 1) {
        first.push_back(bytes);
        const Array got = loaded(bytes, problem.outputs[i].type, outputs[i], output_format(problem, i));
        if (!got.data()) return "output " + std::to_string(i) + " has padding that is not zero";
        if (auto difference = compare(got, expected[i], trial.tolerance); !difference.empty())
          return "output " + std::to_string(i) + ": " + difference;
      } else if (bytes != first[i]) {
        return "output " + std::to_string(i) + " differs between 1 and 2 threads";
      }
    }
  }
  return "";
}

// The same on a device whose memory the host cannot touch; each output is followed by bytes that must stay as they are.
std::string run_on_device(Device& device, const Tactic& tactic, const Problem& problem, const Trial& trial, const Arrays& expected) {
  std::vector<std::shared_ptr<void>> memory;
  const auto allocated = [&](size_t bytes, const void* content, size_t content_bytes) -> Result<void*> {
    TRY_ASSIGN(void* address, device.allocate(bytes));
    memory.emplace_back(address, [&device](void* own) { device.release(own); });
    std::vector<std::byte> filled(bytes, kGuard);
    if (content_bytes) std::memcpy(filled.data(), content, content_bytes);
    TRY(device.copy(address, filled.data(), bytes, {}));
    return address;
  };
  const auto run = [&]() -> Status {
    TRY_ASSIGN(auto packed, tactic.pack(problem));
    Problem stripped = problem;
    for (const PackedWeights& weights : packed) stripped.constants[weights.input] = Array();
    // A library may have nothing for a problem; selection passes on then.
    auto made = tactic.prepare(stripped, packed);
    if (!made.ok() && made.error().code == ErrorCode::kUnsupported) return Ok{};
    TRY_ASSIGN(auto kernel, std::move(made));
    std::vector<Shape> inputs, outputs;
    for (const Array& array : trial.inputs) inputs.push_back(array.shape());
    for (const Array& array : expected) outputs.push_back(array.shape());
    TRY_ASSIGN(auto launch, kernel->launch(inputs, outputs));
    std::vector<const void*> addresses;
    for (size_t i = 0; i < trial.inputs.size(); ++i) {
      addresses.push_back(nullptr);
      if (!problem.present[i] || problem.constants[i].data()) continue;
      const auto bytes = stored(trial.inputs[i], input_format(problem, i));
      TRY_ASSIGN(void* address, allocated(bytes.size(), bytes.data(), bytes.size()));
      addresses.back() = address;
    }
    std::vector<void*> targets;
    std::vector<size_t> sizes;
    for (size_t i = 0; i < outputs.size(); ++i) {
      sizes.push_back(*storage_bytes(problem.outputs[i].type, output_format(problem, i), outputs[i]));
      TRY_ASSIGN(void* address, allocated(sizes.back() + kGuardBytes, nullptr, 0));
      targets.push_back(address);
    }
    TRY_ASSIGN(void* workspace, allocated(launch->workspace_bytes() + kGuardBytes, nullptr, 0));
    std::vector<std::vector<std::byte>> first;
    for (int round = 0; round < 2; ++round) {
      TRY(launch->run({addresses.data(), targets.data(), workspace, &ThreadPool::shared(), {}}));
      TRY(device.synchronize({}));
      for (size_t i = 0; i < outputs.size(); ++i) {
        std::vector<std::byte> bytes(sizes[i] + kGuardBytes);
        TRY(device.copy(bytes.data(), targets[i], bytes.size(), {}));
        for (size_t g = sizes[i]; g < bytes.size(); ++g) {
          if (bytes[g] != kGuard) return internal("run wrote behind output " + std::to_string(i));
        }
        bytes.resize(sizes[i]);
        if (round == 1) {
          if (bytes != first[i]) return internal("output " + std::to_string(i) + " differs between runs");
          continue;
        }
        first.push_back(bytes);
        const Array got = loaded(bytes, problem.outputs[i].type, outputs[i], output_format(problem, i));
        if (!got.data()) return internal("output " + std::to_string(i) + " has padding that is not zero");
        if (auto difference = compare(got, expected[i], trial.tolerance); !difference.empty())
          return internal("output " + std::to_string(i) + ": " + difference);
      }
    }
    return Ok{};
  };
  const Status status = run();
  return status.ok() ? "" : status.error().message;
}

}  // namespace

namespace {

// By the reference, or by those of what the operator decomposes into.
Result<Arrays> evaluated(const Operator& op, const Arrays& inputs) {
  if (op.has_reference()) return op.evaluate(inputs);
  Network network;
  std::vector<Tensor*> tensors;
  Arrays given;
  for (const Array& input : inputs) {
    tensors.push_back(nullptr);
    if (!input.data()) continue;
    TRY_ASSIGN(tensors.back(), network.add_input("x" + std::to_string(tensors.size()), {input.type(), to_dims(input.shape())}));
    given.push_back(input);
  }
  TRY_ASSIGN(Layer * layer, network.add_layer(op.clone(), tensors));
  for (Tensor* output : layer->outputs()) TRY(network.mark_output(output));
  return network.evaluate(given);
}

}  // namespace

Tolerance usual_tolerance(DataType type) {
  switch (type) {
    case DataType::kFloat: return {2e-6, 1e-6};
    case DataType::kHalf: return {2e-3, 1e-6};
    case DataType::kBf16: return {1.6e-2, 1e-6};
    case DataType::kDouble: return {1e-12, 1e-12};
    default: return {0, 0};
  }
}

std::vector<std::byte> stored(const Array& array, Format format) {
  std::vector<std::byte> bytes(*storage_bytes(array.type(), format, array.shape()));
  if (format == Format::kLinear || array.rank() < 3) {
    if (!bytes.empty()) std::memcpy(bytes.data(), array.data(), bytes.size());
    return bytes;
  }
  const auto size = static_cast<size_t>(bits_of(array.type()) / 8);
  size_t i = 0;
  for (IndexWalk walk(array.shape()); !walk.done(); walk.next(), ++i) {
    const auto at = static_cast<size_t>(stored_index(walk.index(), array.shape(), format));
    std::memcpy(bytes.data() + at * size, array.as<std::byte>() + i * size, size);
  }
  return bytes;
}

// An array without data where padding holds something else than zeros.
Array loaded(const std::vector<std::byte>& bytes, DataType type, const Shape& shape, Format format) {
  Array array = *Array::make(type, shape);
  auto* data = static_cast<std::byte*>(array.mutable_data());
  if (format == Format::kLinear || shape.size() < 3) {
    if (!bytes.empty()) std::memcpy(data, bytes.data(), bytes.size());
    return array;
  }
  const auto size = static_cast<size_t>(bits_of(type) / 8);
  std::vector<bool> used(bytes.size() / size);
  size_t i = 0;
  for (IndexWalk walk(shape); !walk.done(); walk.next(), ++i) {
    const auto at = static_cast<size_t>(stored_index(walk.index(), shape, format));
    std::memcpy(data + i * size, bytes.data() + at * size, size);
    used[at] = true;
  }
  for (size_t at = 0; at < used.size(); ++at) {
    for (size_t b = 0; b < size; ++b) {
      if (!used[at] && bytes[at * size + b] != std::byte{0}) return Array();
    }
  }
  return array;
}

namespace {

// Dims that are the same number become the same symbol, so that tactics see what a dynamic network shows them; where inference wants
// numbers, they stay. Returns what is wrong.
std::string make_symbolic(const Trial& trial, uint64_t variation, const Arrays& expected, Problem* problem) {
  Problem symbolic = *problem;
  SymbolValues values, tuned;
  for (size_t i = 0; i < symbolic.inputs.size(); ++i) {
    if (!symbolic.present[i] || symbolic.constants[i].data() || symbolic.inputs[i].values) continue;
    for (Dim& dim : symbolic.inputs[i].dims) {
      if (dim.value() < 2) continue;
      const std::string name = "s" + dim.text();
      values[name] = dim.value();
      tuned[name] = variation & 2 ? dim.value() : dim.value() + 3;
      dim = Dim::symbol(name);
    }
  }
  auto types = trial.op->infer(symbolic.inputs);
  if (!types.ok()) return "";
  for (size_t i = 0; i < types->size(); ++i) {
    auto shape = evaluate((*types)[i].dims, values);
    if (shape.ok() && *shape != expected[i].shape())
      return "inference with symbols gives " + (*types)[i].text() + " for output " + std::to_string(i) + ", which is " + to_text(*shape) +
             ", not " + to_text(expected[i].shape());
    if (!shape.ok()) (*types)[i].dims = to_dims(expected[i].shape());
  }
  symbolic.outputs = *types;
  for (size_t i = 0; i < symbolic.inputs.size(); ++i) {
    if (symbolic.present[i]) symbolic.opt_inputs[i] = *evaluate(symbolic.inputs[i].dims, tuned);
  }
  *problem = std::move(symbolic);
  return "";
}

}  // namespace

Result<Asked> ask(const Trial& trial) {
  Asked asked;
  Problem& problem = asked.problem;
  problem.op = trial.op;
  problem.allow_tf32 = trial.allow_tf32;
  for (size_t i = 0; i < trial.inputs.size(); ++i) {
    const Array& array = trial.inputs[i];
    TensorType type;
    if (array.data()) {
      type.type = array.type();
      type.dims = to_dims(array.shape());
      const bool known = trial.op->reads_values_of(i) || (i < trial.constants.size() && trial.constants[i]);
      if (known && !is_floating(type.type) && array.count() <= TensorType::kMostValues) {
        type.values.emplace();
        for (int64_t value : array.integers()) type.values->push_back(value);
      }
    }
    problem.inputs.push_back(type);
    problem.present.push_back(array.data() != nullptr);
    problem.constants.push_back(i < trial.constants.size() && trial.constants[i] ? array : Array());
    problem.opt_inputs.push_back(array.shape());
  }
  TRY_ASSIGN(problem.outputs, trial.op->infer(problem.inputs));
  for (const TensorType& output : problem.outputs) {
    if (!all_constant(output.dims)) continue;
    TRY_ASSIGN(int64_t count, volume(constant_shape(output.dims)));
    if (count > trial.most_elements) return invalid("an output has " + std::to_string(count) + " elements");
  }
  TRY_ASSIGN(asked.expected, evaluated(*trial.op, trial.inputs));
  for (size_t i = 0; i < problem.outputs.size(); ++i) {
    const Shape& shape = asked.expected[i].shape();
    if (all_constant(problem.outputs[i].dims) && constant_shape(problem.outputs[i].dims) != shape)
      asked.failure =
          "inference gives " + problem.outputs[i].text() + " for output " + std::to_string(i) + ", the reference " + to_text(shape);
    problem.outputs[i].dims = to_dims(shape);
  }
  problem.input_formats.assign(problem.inputs.size(), Format::kLinear);
  problem.output_formats.assign(problem.outputs.size(), Format::kLinear);
  const uint64_t variation = trial.variation ? trial.variation : random_variation;
  if (asked.failure.empty() && variation & 1) asked.failure = make_symbolic(trial, variation, asked.expected, &problem);
  asked.text = describe(problem);
  if (!asked.failure.empty()) asked.failure = asked.text + ": " + asked.failure;
  return asked;
}

Outcome check(const Tactic& tactic, const Trial& trial, const Asked& asked, const std::vector<Tactic::Formats>* formats) {
  Outcome outcome;
  outcome.failure = asked.failure;
  if (!outcome.failure.empty()) return outcome;
  Problem problem = asked.problem;
  std::shared_ptr<Device> device;
  if (tactic.device() == DeviceKind::kCuda) {
    auto found = cuda_device(-1);
    if (!found.ok()) {
      outcome.declined = found.error().message;
      return outcome;
    }
    device = *found;
    problem.device = device.get();
  }
  for (const Tactic::Formats& proposal : formats ? *formats : tactic.proposals(problem)) {
    problem.input_formats = proposal.inputs;
    problem.output_formats = proposal.outputs;
    if (const Status status = tactic.accepts(problem); !status.ok()) {
      outcome.declined = status.error().message;
      continue;
    }
    ++outcome.ran;
    const std::string failure =
        device ? run_on_device(*device, tactic, problem, trial, asked.expected) : run_one(tactic, problem, trial, asked.expected);
    if (!failure.empty()) {
      outcome.failure = std::string(tactic.name()) + ": " + describe(problem) + ": " + failure;
      return outcome;
    }
  }
  return outcome;
}

Outcome check(const Tactic& tactic, const Trial& trial, const std::vector<Tactic::Formats>* formats) {
  Outcome outcome;
  auto asked = ask(trial);
  if (asked.ok()) return check(tactic, trial, *asked, formats);
  outcome.failure = std::string(trial.op->name()) + trial.op->fields_text() + ": " + asked.error().message;
  return outcome;
}

std::vector<Isa> isa_levels() {
  std::vector<Isa> levels;
  for (Isa isa : {Isa::kPortable, Isa::kAvx2, Isa::kAvx512, Isa::kVnni, Isa::kBf16, Isa::kAmx}) {
    if (isa <= machine_isa()) levels.push_back(isa);
  }
  return levels;
}

Shape Random::shape(int64_t rank, int64_t most) {
  Shape shape;
  for (int64_t d = 0; d < rank; ++d) shape.push_back(between(1, most));
  return shape;
}

Array Random::array(DataType type, const Shape& shape, double least, double most) {
  Array array = *Array::make(type, shape);
  array.mutable_data();
  for (int64_t i = 0; i < array.count(); ++i) {
    if (is_floating(type))
      array.set_number(i, real(least, most));
    else if (type == DataType::kBool)
      array.set_integer(i, between(0, 1));
    else
      array.set_integer(i, between(static_cast<int64_t>(is_signed(type) ? least : std::max(least, 0.0)), static_cast<int64_t>(most)));
  }
  return array;
}

std::vector<int64_t> Random::permutation(int64_t count) {
  std::vector<int64_t> order;
  for (int64_t i = 0; i < count; ++i) order.push_back(i);
  std::shuffle(order.begin(), order.end(), engine_);
  return order;
}

int test_cases(int usual) {
  const char* times = std::getenv("INGOT_TEST_TIMES");
  return usual * std::max(1, times ? std::atoi(times) : 1);
}

void for_random_trials(int count, const std::function<std::string(Random&)>& body, const std::vector<Isa>* levels) {
  const char* wish = std::getenv("INGOT_TEST_SEED");
  for (Isa isa : levels ? *levels : isa_levels()) {
    if (!levels && isa > Isa::kAvx512) continue;
    cap_isa(isa);
    for (int i = 0; i < (wish ? 1 : test_cases(count)); ++i) {
      const uint64_t seed = wish ? std::strtoull(wish, nullptr, 10) : 1000 + static_cast<uint64_t>(i);
      Random random(seed);
      random_variation = seed;
      const std::string failure = body(random);
      random_variation = 0;
      if (!failure.empty()) {
        ADD_FAILURE() << "INGOT_TEST_SEED=" << seed << " on " << name_of(isa) << ": " << failure;
        cap_isa(Isa::kAmx);
        return;
      }
    }
  }
  cap_isa(Isa::kAmx);
}

namespace {

// The tactic of that name on the trial, then all others that take it: what fits one may fit more.
Outcome check_all(std::string_view name, const Trial& trial) {
  register_all_tactics();
  Outcome outcome;
  const Tactic* wanted = TacticCatalogue::instance().find(name);
  if (!wanted) {
    outcome.failure = "there is no tactic " + std::string(name);
    return outcome;
  }
  auto asked = ask(trial);
  if (!asked.ok()) {
    outcome.failure = std::string(trial.op->name()) + trial.op->fields_text() + ": " + asked.error().message;
    return outcome;
  }
  outcome = check(*wanted, trial, *asked);
  if (outcome.failure.empty() && outcome.ran == 0 && random_variation & 1 && !trial.variation) {
    // With numbers in place of symbols it may run after all.
    Trial numbers = trial;
    numbers.variation = random_variation & ~uint64_t{1};
    if (numbers.variation == 0) numbers.variation = 2;
    return check_all(name, numbers);
  }
  for (const Tactic* tactic : TacticCatalogue::instance().all()) {
    if (!outcome.failure.empty()) break;
    if (tactic != wanted && tactic->device() == DeviceKind::kCpu) outcome.failure = check(*tactic, trial, *asked).failure;
  }
  return outcome;
}

}  // namespace

std::string try_trial(std::string_view name, const Trial& trial, int* ran) {
  const Outcome outcome = check_all(name, trial);
  if (ran) *ran += outcome.ran;
  return outcome.failure;
}

std::string run_trial(std::string_view name, const Trial& trial) {
  const Outcome outcome = check_all(name, trial);
  if (outcome.failure.empty() && outcome.ran == 0)
    return std::string(name) + " declined " + std::string(trial.op->name()) + trial.op->fields_text() + ": " + outcome.declined;
  return outcome.failure;
}

}  // namespace ingot::testing
