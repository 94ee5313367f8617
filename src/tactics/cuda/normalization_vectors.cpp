// cuda.normalization_vectors: layer and RMS normalization of floats along dense rows that a warp keeps in registers, with the epilogue
// fused.
#include "tactics/cuda/normalization_code.h"

namespace ingot::cuda {
namespace {

constexpr int64_t kMostHeld = 64;  // floats of a row that a thread keeps

int64_t vector_of(DataType type) { return 128 / bits_of(type); }

// Elements of a row: the axes are the last ones, and their lengths are known.
Result<int64_t> row_length(const Normalization& op, const Problem& problem) {
  const Dims& dims = problem.inputs[0].dims;
  const size_t first = dims.size() - op.axes.size();
  int64_t length = 1;
  for (size_t d = first; d < dims.size(); ++d) {
    REQUIRES(dims[d].is_constant(), "the length of a row is not known");
    length *= dims[d].value();
  }
  for (int64_t axis : op.axes) {
    TRY_ASSIGN(const int64_t at, normalize_axis(axis, static_cast<int64_t>(dims.size())));
    REQUIRES(static_cast<size_t>(at) >= first, "the axes are not the last ones");
  }
  return length;
}

struct VectorsLaunch final : Launch {
  KernelFunction kernel;
  RowParameters parameters{};
  Operands operands;
  size_t inputs = 0;
  int warps = 4;

  Status run(const RunArguments& arguments) const override {
    RowParameters p = parameters;
    p.x = operands.at(arguments, 0);
    p.y = arguments.outputs[0];
    for (size_t i = 1; i < inputs; ++i) p.extra[i - 1] = operands.at(arguments, i);
    return kernel.launch({ceil_divide(p.outputs, warps)}, 32 * warps, arguments.stream, p);
  }
};

struct VectorsKernel final : Kernel {
  CudaDevice* device = nullptr;
  Operands operands;
  std::string code;
  size_t inputs = 0;
  int64_t row = 1;
  double epsilon = 0;

  Result<std::unique_ptr<Launch>> launch(const std::vector<Shape>& shapes, const std::vector<Shape>&) const override {
    auto launch = std::make_unique<VectorsLaunch>();
    TRY_ASSIGN(const int64_t count, volume(shapes[0]));
    launch->parameters.outputs = count / row;
    launch->parameters.epsilon = static_cast<float>(epsilon);
    // Few rows are spread over more blocks.
    launch->warps = launch->parameters.outputs < 4 * device->multiprocessors() ? 1 : 4;
    const std::string definitions = code + "#define WARPS " + std::to_string(launch->warps) + "\n";
    TRY_ASSIGN(launch->kernel, KernelFunction::make(*device, kernel_source("normalize_vectors", definitions, true), "normalize_vectors"));
    launch->operands = operands;
    launch->inputs = inputs;
    return std::unique_ptr<Launch>(std::move(launch));
  }
};

struct NormalizationVectors final : CudaTactic {
  std::string_view name() const override { return "cuda.normalization_vectors"; }
  Status accepts(const Problem& problem) const override {
    const auto* op = dynamic_cast<const Normalization*>(problem.op);
    REQUIRES(op, std::string(problem.op->name()) + " is no normalization");
    REQUIRES(op->kind == NormalizationKind::kLayer || op->kind == NormalizationKind::kRms, "its rows are not dense");
    REQUIRES(!op->is_scaled(), "it has scales around it");
    TRY(all_linear(problem));
    TRY(accepts_normalization(problem));
    const DataType type = problem.inputs[0].type;
    for (size_t i = 0; i < problem.inputs.size(); ++i)
      REQUIRES(!is_present(problem, i) || bits_of(problem.inputs[i].type) <= 32, "input " + std::to_string(i) + " is wider than 32 bits");
    REQUIRES(type == DataType::kFloat || type == DataType::kHalf || type == DataType::kBf16,
             "the elements are of type " + std::string(name_of(type)));
    REQUIRES(is_floating(problem.outputs[0].type) && bits_of(problem.outputs[0].type) <= 32,
             "the output is of type " + std::string(name_of(problem.outputs[0].type)));
    TRY_ASSIGN(const int64_t row, row_length(*op, problem));
    REQUIRES(row > 0 && row % vector_of(type) == 0 && row <= 32 * kMostHeld, "a row has " + std::to_string(row) + " elements");
    // One value for each element of a row.
    for (size_t i = 1; i < 3 && i < problem.inputs.size(); ++i) {
      if (!is_present(problem, i)) continue;
      int64_t length = 1;
      for (const Dim& dim : problem.inputs[i].dims) length *= dim.is_constant() ? dim.value() : 0;
      REQUIRES(length == row, "input " + std::to_string(i) + " is broadcast along the row");
    }
    return Ok{};
  }
  std::vector<Formats> proposals(const Problem& problem) const override { return {linear_formats(problem)}; }
  Result<std::unique_ptr<Kernel>> prepare(const Problem& problem, const std::vector<PackedWeights>&) const override {
    auto kernel = std::make_unique<VectorsKernel>();
    const auto& op = static_cast<const Normalization&>(*problem.op);
    TRY_ASSIGN(kernel->device, device_of(problem));
    TRY_ASSIGN(kernel->row, row_length(op, problem));
    kernel->epsilon = op.epsilon;
    kernel->inputs = problem.inputs.size();
    TRY_ASSIGN(kernel->operands, Operands::make(*kernel->device, problem));
    TRY_ASSIGN(kernel->code, normalization_code(problem));
    kernel->code +=
        "#define ROW " + std::to_string(kernel->row) + "\n#define VECTOR " + std::to_string(vector_of(problem.inputs[0].type)) + "\n";
    return std::unique_ptr<Kernel>(std::move(kernel));
  }
};

}  // namespace
}  // namespace ingot::cuda

namespace ingot {
TACTIC(cuda::NormalizationVectors, cuda, normalization_vectors)
}  // namespace ingot
