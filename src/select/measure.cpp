#include "select/measure.h"

#include <algorithm>
#include <chrono>
#include <cmath>
#include <cstring>
#include <utility>

#include "base/cpu_info.h"
#include "tactics/layout.h"
#include "tactics/opening.h"
#include "tactics/problem.h"

namespace ingot {
namespace {

// A run that takes so many times the best so far, and what launching and waiting take, is not measured more closely.
constexpr double kFarOff = 3, kLaunchMs = 0.1;
constexpr int64_t kMadeUp = int64_t{1} << 18;  // values that timing repeats

// Values in [-1, 1) for real types, small ones for integers, so that indices stay inside.
Result<Array> made_up(DataType type, const Shape& shape, uint64_t seed) {
  TRY_ASSIGN(Array array, Array::make(type, shape));
  uint64_t state = seed * 0x9e3779b97f4a7c15ull + 1;
  const auto next = [&] {
    state ^= state << 13;
    state ^= state >> 7;
    state ^= state << 17;
    return state;
  };
  const int64_t count = array.count();
  if (type == DataType::kFloat) {
    auto* values = array.as_mutable<float>();
    for (int64_t i = 0; i < count; ++i) values[i] = static_cast<float>(static_cast<int64_t>(next() >> 40) - (1 << 23)) * 0x1p-23f;
  } else if (type == DataType::kInt8 || type == DataType::kUint8) {
    auto* values = array.as_mutable<uint8_t>();
    for (int64_t i = 0; i < count; ++i) values[i] = static_cast<uint8_t>(next() >> 50);
  } else if (type == DataType::kBool) {
    auto* values = array.as_mutable<uint8_t>();
    for (int64_t i = 0; i < count; ++i) values[i] = (next() >> 50) & 1;
  } else if (is_floating(type)) {
    for (int64_t i = 0; i < count; ++i) array.set_number(i, static_cast<double>(static_cast<int64_t>(next() >> 40) - (1 << 23)) * 0x1p-23);
  }
  return array;
}

// The array's elements as they lie in a format.
Result<std::vector<std::byte>> laid_out(const Array& array, Format format) {
  TRY_ASSIGN(size_t bytes, storage_bytes(array.type(), format, array.shape()));
  std::vector<std::byte> out(bytes);
  if (usual_format(format, array.rank()) == Format::kLinear || bits_of(array.type()) < 8) {
    if (array.byte_count()) std::memcpy(out.data(), array.data(), array.byte_count());
    return out;
  }
  if (!has_strides(format)) return unsupported("values cannot be laid out as " + std::string(name_of(format)));
  const Shape strides = memory_strides(format, array.shape());
  const size_t size = static_cast<size_t>(bits_of(array.type())) / 8;
  int64_t from = 0;
  for (IndexWalk walk(array.shape()); !walk.done(); walk.next(), ++from) {
    int64_t to = 0;
    for (size_t d = 0; d < strides.size(); ++d) to += walk.index()[d] * strides[d];
    std::memcpy(out.data() + to * size, static_cast<const std::byte*>(array.data()) + from * size, size);
  }
  return out;
}

Result<Array> gathered(const std::byte* data, DataType type, const Shape& shape, Format format) {
  TRY_ASSIGN(Array array, Array::make(type, shape));
  const size_t size = static_cast<size_t>(bits_of(type)) / 8;
  if (usual_format(format, array.rank()) == Format::kLinear || bits_of(type) < 8) {
    if (array.byte_count()) std::memcpy(array.mutable_data(), data, array.byte_count());
    return array;
  }
  if (!has_strides(format)) return unsupported("values cannot be read as " + std::string(name_of(format)));
  const Shape strides = memory_strides(format, shape);
  auto* out = static_cast<std::byte*>(array.mutable_data());
  int64_t to = 0;
  for (IndexWalk walk(shape); !walk.done(); walk.next(), ++to) {
    int64_t from = 0;
    for (size_t d = 0; d < strides.size(); ++d) from += walk.index()[d] * strides[d];
    std::memcpy(out + to * size, data + from * size, size);
  }
  return array;
}

// The problem without the data of constants that are packed: prepare() must do with the packing.
Problem without_packed(const Problem& problem, const std::vector<PackedWeights>& packed) {
  Problem asked = problem;
  for (const PackedWeights& weights : packed) {
    if (weights.input >= asked.constants.size()) continue;
    const Array& plain = problem.constants[weights.input];
    asked.constants[weights.input] = Array::borrow(plain.type(), plain.shape(), nullptr, nullptr);
  }
  return asked;
}

// Memory of the device that a trial runs on.
struct Block {
  Device* device = nullptr;
  void* data = nullptr;
  size_t bytes = 0;

  Block() = default;
  Block(Block&& other) noexcept : device(other.device), data(std::exchange(other.data, nullptr)), bytes(other.bytes) {}
  Block& operator=(Block&&) = delete;
  ~Block() {
    if (data) device->release(data);
  }
  static Result<Block> make(Device& device, size_t bytes) {
    Block block;
    TRY_ASSIGN(block.data, device.allocate(bytes + 64));
    block.device = &device;
    block.bytes = bytes;
    return block;
  }
};

// A tactic made ready on made-up inputs.
struct Trial {
  Device& device;
  std::vector<PackedWeights> packed;
  std::unique_ptr<Kernel> kernel;
  std::unique_ptr<Launch> launch;
  Arrays inputs;
  std::vector<Block> blocks;
  std::vector<const void*> input_pointers;
  std::vector<void*> output_pointers;
  RunArguments arguments{};

  explicit Trial(Device& device) : device(device) {}

  Result<void*> add_block(size_t bytes) {
    TRY_ASSIGN(Block block, Block::make(device, bytes));
    blocks.push_back(std::move(block));
    return blocks.back().data;
  }

  // Values for timing: some made-up ones over and over, repeated where the memory is, since large inputs are slow to make and to copy.
  Status fill(void* memory, size_t bytes, DataType type, uint64_t seed) {
    TRY_ASSIGN(const Array values, made_up(type, {std::min(kMadeUp, static_cast<int64_t>(bytes) * 8 / bits_of(type))}, seed));
    size_t done = std::min(bytes, values.byte_count());
    TRY(device.copy(memory, values.data(), done, {}));
    auto* begin = static_cast<std::byte*>(memory);
    while (done > 0 && done < bytes) {
      const size_t more = std::min(done, bytes - done);
      TRY(device.copy(begin + done, begin, more, {}));
      done += more;
    }
    return Ok{};
  }

  Status make(const Tactic& tactic, const Problem& problem, const std::vector<Shape>& outputs, bool real_layout) {
    TRY_ASSIGN(packed, tactic.pack(problem));
    TRY_ASSIGN(kernel, tactic.prepare(without_packed(problem, packed), packed));
    TRY_ASSIGN(launch, kernel->launch(problem.opt_inputs, outputs));
    for (size_t i = 0; i < problem.inputs.size(); ++i) {
      input_pointers.push_back(nullptr);
      if (!problem.present[i]) {
        inputs.emplace_back();
        continue;
      }
      if (problem.constants[i].data()) {
        inputs.push_back(problem.constants[i]);
        input_pointers.back() = problem.constants[i].data();
        continue;
      }
      TRY_ASSIGN(size_t bytes, storage_bytes(problem.inputs[i].type, problem.input_formats[i], problem.opt_inputs[i]));
      TRY_ASSIGN(void* memory, add_block(bytes));
      input_pointers.back() = memory;
      if (!real_layout) {
        TRY(fill(memory, bytes, problem.inputs[i].type, i + 1));
        inputs.emplace_back();
        continue;
      }
      TRY_ASSIGN(Array values, made_up(problem.inputs[i].type, problem.opt_inputs[i], i + 1));
      TRY_ASSIGN(const std::vector<std::byte> laid, laid_out(values, problem.input_formats[i]));
      TRY(device.copy(memory, laid.data(), bytes, {}));
      inputs.push_back(std::move(values));
    }
    for (size_t i = 0; i < outputs.size(); ++i) {
      TRY_ASSIGN(size_t bytes, storage_bytes(problem.outputs[i].type, problem.output_formats[i], outputs[i]));
      TRY_ASSIGN(void* memory, add_block(bytes));
      output_pointers.push_back(memory);
    }
    TRY_ASSIGN(void* workspace, add_block(launch->workspace_bytes()));
    arguments = {input_pointers.data(), output_pointers.data(), workspace, &ThreadPool::shared(), {}};
    return Ok{};
  }

  Status run(Stream stream) {
    arguments.stream = stream;
    return launch->run(arguments);
  }
};

Device& device_of(const Problem& problem) { return problem.device ? *problem.device : *cpu_device(); }

// What an operator without a reference of its own gives: by the references of what it decomposes into, on the same made-up inputs.
Result<Arrays> by_decomposition(Problem problem, const std::vector<Shape>& outputs) {
  problem.input_formats.assign(problem.inputs.size(), Format::kLinear);
  problem.output_formats.assign(problem.outputs.size(), Format::kLinear);
  const Tactic* reference = TacticCatalogue::instance().find("reference.evaluate");
  if (!reference) return unsupported("the reference is switched off");
  problem.device = nullptr;
  Trial trial(*cpu_device());
  TRY(trial.make(*reference, problem, outputs, true));
  TRY(trial.launch->run(trial.arguments));
  const std::vector<Shape> produced = trial.launch->produced_shapes();
  Arrays arrays;
  for (size_t o = 0; o < outputs.size(); ++o) {
    const Shape& shape = o < produced.size() ? produced[o] : outputs[o];
    TRY_ASSIGN(Array array,
               gathered(static_cast<const std::byte*>(trial.output_pointers[o]), problem.outputs[o].type, shape, Format::kLinear));
    arrays.push_back(std::move(array));
  }
  return arrays;
}

// How far a tactic may lie from the reference, relative to the largest value. Sums of a few thousand products in float keep 1e-5; the
// rest is the type's own rounding (half 2^-11, bf16 2^-8) times a few operations. An int8 result may differ by one step where the
// reference lies between two.
double tolerance(const Problem& problem, DataType output) {
  double tolerance = problem.allow_tf32 ? 1e-3 : 1e-4;
  for (const TensorType& input : problem.inputs) {
    if (input.type == DataType::kHalf) tolerance = std::max(tolerance, 4e-3);
    if (input.type == DataType::kBf16) tolerance = std::max(tolerance, 3e-2);
  }
  if (output == DataType::kHalf) tolerance = std::max(tolerance, 4e-3);
  if (output == DataType::kBf16) tolerance = std::max(tolerance, 3e-2);
  if (output == DataType::kInt8 || output == DataType::kUint8) tolerance = 1.01 / 64;
  return tolerance;
}

}  // namespace

Hash128 timing_key(const Tactic& tactic, const Problem& problem) {
  std::string text = "1 " + std::string(tactic.name()) + " " + problem.op->hash().hex() + " " + std::string(name_of(current_isa())) + " " +
                     std::to_string(ThreadPool::shared().thread_count()) + (problem.allow_tf32 ? " tf32" : "") +
                     (problem.device && problem.device->is_asynchronous() ? " flushed" : "");  // caches of before know other figures
  if (const std::string_view library = library_of(tactic.name()); !library.empty()) text += " " + std::to_string(library_version(library));
  for (size_t i = 0; i < problem.inputs.size(); ++i) {
    text += problem.present[i] ? " " + std::string(name_of(problem.inputs[i].type)) + to_text(problem.opt_inputs[i]) : " _";
    if (problem.constants[i].data()) text += "c";
    text += name_of(problem.input_formats[i]);
  }
  for (size_t i = 0; i < problem.outputs.size(); ++i)
    text += " " + std::string(name_of(problem.outputs[i].type)) + std::string(name_of(problem.output_formats[i]));
  return hash_text(text);
}

std::vector<Shape> opt_outputs(const Layer& layer, const SymbolValues& opt) {
  std::vector<Shape> shapes;
  for (const Tensor* output : layer.outputs()) shapes.push_back(shape_at(output->type.dims, opt));
  return shapes;
}

Result<size_t> workspace_bytes(const Tactic& tactic, const Problem& problem, const std::vector<PackedWeights>* packed,
                               const std::vector<Shape>& outputs) {
  std::vector<PackedWeights> fresh;
  if (!packed) {
    TRY_ASSIGN(fresh, tactic.pack(problem));
    packed = &fresh;
  }
  TRY_ASSIGN(std::unique_ptr<Kernel> kernel, tactic.prepare(without_packed(problem, *packed), *packed));
  TRY_ASSIGN(std::unique_ptr<Launch> launch, kernel->launch(problem.opt_inputs, outputs));
  return launch->workspace_bytes();
}

Result<double> measure_ms(const Tactic& tactic, const Problem& problem, const std::vector<Shape>& outputs, double best_ms) {
  Device& device = device_of(problem);
  Trial trial(device);
  TRY(trial.make(tactic, problem, outputs, false));
  if (device.is_asynchronous() && std::isfinite(best_ms)) {
    TRY(trial.run({}));  // loads code
    TRY(device.synchronize({}));
    const auto begin = std::chrono::steady_clock::now();
    TRY(trial.run({}));
    TRY(device.synchronize({}));
    const double wall = std::chrono::duration<double, std::milli>(std::chrono::steady_clock::now() - begin).count();
    if (wall > kFarOff * best_ms + kLaunchMs) return wall;
  }
  return device.measure_ms([&](Stream stream) { return trial.run(stream); });
}

Status verify_tactic(const Tactic& tactic, const Problem& problem, const std::vector<Shape>& outputs) {
  Device& device = device_of(problem);
  Trial trial(device);
  TRY(trial.make(tactic, problem, outputs, true));
  TRY(trial.run({}));
  auto expected = problem.op->has_reference() ? problem.op->evaluate(trial.inputs) : by_decomposition(problem, outputs);
  if (!expected.ok()) return std::move(expected).error().within("reference");
  const std::vector<Shape> produced = trial.launch->produced_shapes();
  for (size_t o = 0; o < outputs.size(); ++o) {
    const Shape& shape = o < produced.size() ? produced[o] : outputs[o];
    const Array& wanted = (*expected)[o];
    if (wanted.shape() != shape)
      return internal("output " + std::to_string(o) + " has shape " + to_text(shape) + "; the reference says " + to_text(wanted.shape()));
    TRY_ASSIGN(size_t bytes, storage_bytes(problem.outputs[o].type, problem.output_formats[o], shape));
    std::vector<std::byte> result(bytes);
    TRY(device.copy(result.data(), trial.output_pointers[o], bytes, {}));
    TRY_ASSIGN(Array got, gathered(result.data(), problem.outputs[o].type, shape, problem.output_formats[o]));
    double largest = 0, error = 0;
    for (int64_t i = 0; i < wanted.count(); ++i) {
      const double a = wanted.number(i), b = got.number(i);
      if (std::isnan(a) != std::isnan(b))
        return internal("output " + std::to_string(o) + " differs from the reference in what is no number");
      if (!std::isfinite(a) || !std::isfinite(b)) {
        if (!std::isnan(a) && a != b) return internal("output " + std::to_string(o) + " differs from the reference in what is infinite");
        continue;
      }
      largest = std::max(largest, std::fabs(a));
      error = std::max(error, std::fabs(a - b));
    }
    const double allowed = tolerance(problem, problem.outputs[o].type) * std::max(largest, 1e-6);
    if (error > allowed)
      return internal("output " + std::to_string(o) + " differs from the reference by " + std::to_string(error) + "; " +
                      std::to_string(allowed) + " is allowed");
  }
  return Ok{};
}

}  // namespace ingot
