#include "tactics/cuda/pointwise_kernel.h"

#include <cstring>

#include "tactics/cuda/expression_code.h"

namespace ingot::cuda {
namespace {

constexpr int kBlock = 256;

// The kernel for dims of a rank, `vector` elements a thread; bit i of `scalars` says that input i has one element for a whole vector.
std::string source_of(const Problem& problem, const std::string& function, size_t rank, int vector, uint32_t scalars, bool narrow) {
  std::string code = function +
                     "extern \"C\" __global__ void __launch_bounds__(256) pointwise(const PointwiseParameters p) {\n"
                     "  const int64 i = (int64)blockIdx.x * 256 + threadIdx.x;\n  if (i >= p.count) return;\n";
  const std::string index = narrow ? "uint32" : "int64", output = storage_type(problem.outputs[0].type), v = std::to_string(vector);
  code += "  " + index + " rest = (" + index + ")i, at;\n";
  for (size_t k = 0; k < problem.inputs.size(); ++k) code += "  int64 o" + std::to_string(k) + " = 0;\n";
  for (size_t d = rank; d-- > 0;) {
    const std::string dim = std::to_string(d);
    code += d > 0 ? "  at = rest % (" + index + ")p.sizes[" + dim + "]; rest /= (" + index + ")p.sizes[" + dim + "];\n" : "  at = rest;\n";
    for (size_t k = 0; k < problem.inputs.size(); ++k) {
      if (!is_present(problem, k)) continue;
      const std::string input = std::to_string(k);
      code += "  o" + input + " += (int64)at * p.strides[" + input + "][" + dim + "];\n";
    }
  }
  std::string call;
  for (size_t k = 0; k < problem.inputs.size(); ++k) {
    const std::string input = std::to_string(k), type = storage_type(problem.inputs[k].type);
    if (!is_present(problem, k)) {
      call += k ? ", 0" : "0";
      continue;
    }
    const bool one = vector == 1 || (scalars >> k & 1);
    if (one)
      code += "  const " + type + " v" + input + " = ((const " + type + "*)p.inputs[" + input + "])[o" + input + "];\n";
    else
      code += "  const Pack<" + type + ", " + v + "> v" + input + " = *(const Pack<" + type + ", " + v + ">*)((const " + type +
              "*)p.inputs[" + input + "] + o" + input + ");\n";
    call += (k ? ", load(v" : "load(v") + input + (one ? ")" : ".items[j])");
  }
  code += "  Pack<" + output + ", " + v + "> y;\n#pragma unroll\n  for (int j = 0; j < " + v + "; ++j) y.items[j] = store<" + output +
          ">(compute(" + call + "));\n";
  return code + "  ((Pack<" + output + ", " + v + ">*)p.output)[i] = y;\n}\n";
}

struct PointwiseLaunch final : Launch {
  Operands operands;
  KernelFunction vectors, single;  // the second where an address is not aligned for the first
  PointwiseParameters in_vectors{}, in_elements{};
  size_t inputs = 0;
  uint32_t scalars = 0;
  std::vector<size_t> vector_bytes;

  Status run(const RunArguments& arguments) const override {
    PointwiseParameters parameters = in_vectors;
    bool aligned = true;
    for (size_t i = 0; i < inputs; ++i) {
      parameters.inputs[i] = operands.at(arguments, i);  // null where left out
      aligned = aligned && ((scalars >> i & 1) || reinterpret_cast<uintptr_t>(parameters.inputs[i]) % vector_bytes[i] == 0);
    }
    parameters.output = arguments.outputs[0];
    aligned = aligned && reinterpret_cast<uintptr_t>(parameters.output) % vector_bytes[inputs] == 0;
    if (!aligned) {
      PointwiseParameters elements = in_elements;
      std::memcpy(elements.inputs, parameters.inputs, sizeof elements.inputs);
      elements.output = parameters.output;
      return single.launch({ceil_divide(elements.count, kBlock)}, kBlock, arguments.stream, elements);
    }
    return vectors.launch({ceil_divide(parameters.count, kBlock)}, kBlock, arguments.stream, parameters);
  }
};

struct PointwiseKernel final : Kernel {
  CudaDevice* device = nullptr;
  Problem problem;
  std::string function;
  Operands operands;
  BroadcastShape shape_of;

  Shape operand_strides(size_t input, const Shape& own, const Shape& output, const std::vector<size_t>& order) const {
    if (!is_present(problem, input)) return Shape(output.size(), 0);
    return reordered(broadcast_strides(shape_of ? shape_of(input, own, output) : own, input_format(problem, input), output), order);
  }

  Result<std::unique_ptr<Launch>> launch(const std::vector<Shape>& inputs, const std::vector<Shape>& outputs) const override {
    auto launch = std::make_unique<PointwiseLaunch>();
    const Shape& shape = outputs[0];
    const auto order = memory_order(output_format(problem, 0), shape.size());
    Shape sizes = reordered(shape, order), dense = reordered(memory_strides(output_format(problem, 0), shape), order);
    std::vector<Shape> strides;
    std::vector<Shape*> all{&dense};
    for (size_t i = 0; i < inputs.size(); ++i) strides.push_back(operand_strides(i, inputs[i], shape, order));
    for (Shape& list : strides) all.push_back(&list);
    TRY(merge_dims(&sizes, all));
    TRY_ASSIGN(const int64_t count, volume(shape));
    launch->operands = operands;
    launch->inputs = inputs.size();
    if (sizes.empty()) {
      sizes.push_back(1);
      for (Shape& list : strides) list.push_back(0);
    }
    // Vectors of 16 bytes of the widest element, where the innermost dim allows it.
    const size_t last = sizes.size() - 1;
    size_t widest = static_cast<size_t>(bits_of(problem.outputs[0].type)) / 8;
    bool dense_rows = true;
    for (size_t i = 0; i < inputs.size(); ++i) {
      widest = std::max(widest, static_cast<size_t>(bits_of(problem.inputs[i].type)) / 8);
      dense_rows = dense_rows && (strides[i][last] == 1 || strides[i][last] == 0);
      for (size_t d = 0; d < last && strides[i][last] == 1; ++d) dense_rows = dense_rows && strides[i][d] % 4 == 0;
    }
    int vector = 1;
    while (dense_rows && vector < 4 && static_cast<size_t>(vector) * 2 * widest <= 16 && sizes[last] % (vector * 2) == 0) vector *= 2;
    for (size_t i = 0; i < inputs.size(); ++i) {
      if (vector > 1 && strides[i][last] == 0) launch->scalars |= 1u << i;
      launch->vector_bytes.push_back(static_cast<size_t>(bits_of(problem.inputs[i].type) / 8 * vector));
    }
    launch->vector_bytes.push_back(static_cast<size_t>(bits_of(problem.outputs[0].type) / 8 * vector));
    const auto fill = [&](PointwiseParameters* parameters, int width) {
      parameters->count = count / width;
      for (size_t d = 0; d < sizes.size(); ++d) {
        parameters->sizes[d] = d == last ? sizes[d] / width : sizes[d];
        for (size_t i = 0; i < inputs.size(); ++i) parameters->strides[i][d] = strides[i][d] * (d == last ? width : 1);
      }
    };
    fill(&launch->in_vectors, vector);
    fill(&launch->in_elements, 1);
    const auto compiled = [&](int width, uint32_t scalars) {
      return KernelFunction::make(
          *device, kernel_source("none", source_of(problem, function, sizes.size(), width, scalars, count < (int64_t{1} << 31)), true),
          "pointwise");
    };
    TRY_ASSIGN(launch->vectors, compiled(vector, launch->scalars));
    launch->single = launch->vectors;
    if (vector > 1) {
      TRY_ASSIGN(launch->single, compiled(1, 0));
    }
    return std::unique_ptr<Launch>(std::move(launch));
  }
};

}  // namespace

Result<std::unique_ptr<Kernel>> pointwise_kernel(const Problem& problem, std::string function, BroadcastShape shape_of) {
  auto kernel = std::make_unique<PointwiseKernel>();
  TRY_ASSIGN(kernel->device, device_of(problem));
  TRY_ASSIGN(kernel->operands, Operands::make(*kernel->device, problem));
  kernel->function = std::move(function);
  kernel->problem = problem;
  kernel->problem.op = nullptr;
  kernel->shape_of = std::move(shape_of);
  return std::unique_ptr<Kernel>(std::move(kernel));
}

std::vector<Tactic::Formats> pointwise_formats(const Problem& problem) {
  Tactic::Formats linear = Tactic::linear_formats(problem);
  std::vector<Tactic::Formats> result{linear};
  const int64_t rank = problem.outputs[0].rank();
  if (rank < 3) return result;
  Tactic::Formats last = linear;
  last.outputs[0] = Format::kChannelsLast;
  for (size_t i = 0; i < problem.inputs.size(); ++i) {
    if (is_present(problem, i) && !is_constant(problem, i) && problem.inputs[i].rank() == rank) last.inputs[i] = Format::kChannelsLast;
  }
  result.push_back(std::move(last));
  return result;
}

Status accepts_pointwise(const Problem& problem) {
  REQUIRES(problem.inputs.size() <= kMostInputs, "there are more than " + std::to_string(kMostInputs) + " inputs");
  TRY(has_known_types(problem));
  return has_plain_formats(problem);
}

}  // namespace ingot::cuda
