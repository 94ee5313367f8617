// cuda.matmul_cublaslt_N: matrix products by cuBLASLt, by the N-th of the ways that it proposes for the shapes to tune for, so that selection
// times them; the same way serves other shapes, so that a row's sums do not hang on how many rows stand beside it. Bias, residual and ReLU are
// part of the product, other epilogues a pass over its result.
#include <algorithm>

#include "device/cuda/cublaslt.h"
#include "operators/matmul.h"
#include "tactics/cuda/finish.h"
#include "tactics/cuda/matmul_geometry.h"

namespace ingot::cuda {
namespace {

constexpr int kRanks = 4;
constexpr size_t kMostWorkspace = size_t{32} << 20;
constexpr unsigned kAlignment = 16;  // of what products read and write

bool has_input(const Problem& problem, size_t input) { return input < problem.inputs.size() && is_present(problem, input); }

int lt_type(DataType type) { return type == DataType::kHalf ? kLtHalf : type == DataType::kBf16 ? kLtBf16 : kLtFloat; }

// What of the epilogue is part of the product; the rest is a pass of its own.
struct Plan {
  bool bias = false, relu = false, residual = false, rest = false;
};
Plan plan_of(const Problem& problem, const EpilogueFields& fields) {
  Plan plan;
  plan.bias = has_input(problem, 2);
  const std::string text = fields.epilogue.text();
  const bool alike = has_input(problem, 3) && problem.inputs[3].type == problem.outputs[0].type;
  if (text == "x0") return plan;
  if (text == "relu(x0)") plan.relu = true;
  else if (alike && (text == "add(x0, x1)" || text == "add(x1, x0)")) plan.residual = true;
  else if (alike && (text == "relu(add(x0, x1))" || text == "relu(add(x1, x0))")) plan.relu = plan.residual = true;
  else plan.rest = true;
  return plan;
}

// The library's descriptions of one product.
struct Descriptions {
  const CublasLt* lt = nullptr;
  void *product = nullptr, *a = nullptr, *b = nullptr, *y = nullptr;

  Descriptions() = default;
  Descriptions(const Descriptions&) = delete;
  Descriptions& operator=(const Descriptions&) = delete;
  ~Descriptions() {
    if (product) lt->product_destroy(product);
    for (void* matrix : {a, b, y}) {
      if (matrix) lt->matrix_destroy(matrix);
    }
  }

  // The library's matrices are column by column: it computes y' = b' * a'.
  Status make(const ProductParameters& p, DataType type, DataType output, bool tf32, const Plan& plan, const void* bias) {
    const bool b_plain = p.b_column == 1 || p.columns == 1, a_plain = p.a_depth == 1 || p.depth == 1;
    if ((!b_plain && p.b_depth != 1 && p.depth != 1) || (!a_plain && p.a_row != 1 && p.rows != 1)) return unsupported("an operand has no dimension without gaps");
    TRY(CublasLt::status("product_create", lt->product_create(&product, tf32 ? kLtComputeTf32 : kLtComputeFloat, kLtFloat)));
    const int b_operation = b_plain ? kLtOperationNone : kLtOperationTranspose, a_operation = a_plain ? kLtOperationNone : kLtOperationTranspose;
    TRY(set(kLtTransposeA, b_operation));
    TRY(set(kLtTransposeB, a_operation));
    const int epilogue = (plan.bias ? kLtEpilogueBias : 0) + (plan.relu ? kLtEpilogueRelu : 0);
    TRY(set(kLtEpilogue, epilogue ? epilogue : kLtEpilogueNone));
    if (plan.bias) {
      TRY(set(kLtBiasPointer, bias));
      TRY(set(kLtBiasType, lt_type(output)));
    }
    const int64_t batches = p.batch_rank > 0 ? p.batch_sizes[p.batch_rank - 1] : 1;
    const auto stride = [&](const long long* strides) { return p.batch_rank > 0 ? int64_t{strides[p.batch_rank - 1]} : 0; };
    TRY(b_plain ? matrix(&b, type, p.columns, p.depth, p.b_depth, batches, stride(p.b_batch)) : matrix(&b, type, p.depth, p.columns, p.b_column, batches, stride(p.b_batch)));
    TRY(a_plain ? matrix(&a, type, p.depth, p.rows, p.a_row, batches, stride(p.a_batch)) : matrix(&a, type, p.rows, p.depth, p.a_depth, batches, stride(p.a_batch)));
    return matrix(&y, output, p.columns, p.rows, p.y_row, batches, stride(p.y_batch));
  }

 private:
  template <class T>
  Status set(int attribute, T value) {
    return CublasLt::status("product_set", lt->product_set(product, attribute, &value, sizeof value));
  }
  Status matrix(void** made, DataType type, int64_t rows, int64_t columns, int64_t leading, int64_t batches, int64_t stride) {
    TRY(CublasLt::status("matrix_create", lt->matrix_create(made, lt_type(type), static_cast<uint64_t>(rows), static_cast<uint64_t>(columns), std::max(leading, rows))));
    const auto count = static_cast<int32_t>(batches);
    TRY(CublasLt::status("matrix_set", lt->matrix_set(*made, kLtBatchCount, &count, sizeof count)));
    return CublasLt::status("matrix_set", lt->matrix_set(*made, kLtBatchStride, &stride, sizeof stride));
  }
};

// The ways that the library proposes, best first.
Result<std::vector<LtCandidate>> candidates_of(const CublasLt& lt, void* handle, const Descriptions& d, int most) {
  struct Wishes {
    const CublasLt& lt;
    void* made = nullptr;
    ~Wishes() {
      if (made) lt.wishes_destroy(made);
    }
  } wishes{lt};
  TRY(CublasLt::status("wishes_create", lt.wishes_create(&wishes.made)));
  const size_t workspace = kMostWorkspace;
  TRY(CublasLt::status("wishes_set", lt.wishes_set(wishes.made, kLtMostWorkspace, &workspace, sizeof workspace)));
  TRY(CublasLt::status("wishes_set", lt.wishes_set(wishes.made, kLtReductionSchemes, &kLtOrderedReductions, sizeof kLtOrderedReductions)));
  for (int attribute : {kLtAlignmentA, kLtAlignmentB, kLtAlignmentC, kLtAlignmentD})
    TRY(CublasLt::status("wishes_set", lt.wishes_set(wishes.made, attribute, &kAlignment, sizeof kAlignment)));
  std::vector<LtCandidate> found(static_cast<size_t>(most));
  int count = 0;
  const int code = lt.candidates(handle, d.product, d.b, d.a, d.y, d.y, wishes.made, most, found.data(), &count);
  if (code) return CublasLt::status("candidates", code).error();
  found.resize(static_cast<size_t>(count));
  std::erase_if(found, [](const LtCandidate& candidate) { return candidate.state != 0; });
  return found;
}

struct LtLaunch final : Launch {
  std::shared_ptr<const void> owner;  // of the weights
  const CublasLt* lt = nullptr;
  void* handle = nullptr;
  Descriptions descriptions;
  LtCandidate candidate{};
  ProductParameters parameters{};
  Operands operands;
  Plan plan;
  Finish finish;
  bool has_residual = false;
  int64_t outer = 1;  // products besides those that lie evenly
  int64_t element = 4, y_element = 4, count = 0;

  size_t workspace_bytes() const override { return candidate.workspace_bytes; }
  Status run(const RunArguments& arguments) const override {
    const ProductParameters& p = parameters;
    const float one = 1, none = 0;
    const auto* a = static_cast<const char*>(operands.at(arguments, 0));
    const auto* b = static_cast<const char*>(operands.at(arguments, 1));
    auto* y = static_cast<char*>(arguments.outputs[0]);
    const auto* residual = has_residual ? static_cast<const char*>(operands.at(arguments, 3)) : nullptr;
    for (int64_t i = 0; i < outer; ++i) {
      int64_t rest = i, in_a = 0, in_b = 0, in_y = 0;
      for (int d = p.batch_rank - 2; d >= 0; --d) {
        const int64_t at = rest % p.batch_sizes[d];
        rest /= p.batch_sizes[d];
        in_a += at * p.a_batch[d];
        in_b += at * p.b_batch[d];
        in_y += at * p.y_batch[d];
      }
      char* to = y + in_y * y_element;
      const char* addend = plan.residual ? residual + in_y * y_element : to;
      const int code = lt->run(handle, descriptions.product, &one, b + in_b * element, descriptions.b, a + in_a * element, descriptions.a, plan.residual ? &one : &none,
                               addend, descriptions.y, to, descriptions.y, &candidate.algorithm, arguments.workspace, candidate.workspace_bytes,
                               static_cast<CuStream>(arguments.stream.handle));
      if (code) return CublasLt::status("run", code);
    }
    return plan.rest ? finish.run(y, residual, y, count, arguments.stream) : Status(Ok{});
  }
};

struct LtKernel final : Kernel {
  CudaDevice* device = nullptr;
  const CublasLt* lt = nullptr;
  void* handle = nullptr;
  MatMul op;
  Problem problem;
  Operands operands;
  DeviceMemory bias;
  Plan plan;
  LtAlgorithm algorithm{};

  Status describe(const ProductParameters& p, Descriptions* d) const {
    d->lt = lt;
    const bool tf32 = problem.allow_tf32 && problem.inputs[0].type == DataType::kFloat;
    return d->make(p, problem.inputs[0].type, problem.outputs[0].type, tf32, plan, bias.get());
  }

  Result<std::unique_ptr<Launch>> launch(const std::vector<Shape>& shapes, const std::vector<Shape>& outputs) const override {
    auto launch = std::make_unique<LtLaunch>();
    TRY_ASSIGN(launch->parameters, matmul_geometry(op, shapes, outputs[0]));
    const ProductParameters& p = launch->parameters;
    TRY_ASSIGN(launch->count, volume(outputs[0]));
    if (launch->count == 0 || p.depth == 0) return by_tiles(shapes, outputs);
    TRY(device->make_current());
    TRY(describe(p, &launch->descriptions));
    const Descriptions& d = launch->descriptions;
    if (lt->check(handle, d.product, d.b, d.a, d.y, d.y, &algorithm, &launch->candidate) == 0 && launch->candidate.state == 0 && launch->candidate.workspace_bytes <= kMostWorkspace) {
      launch->candidate.algorithm = algorithm;
    } else {
      auto found = candidates_of(*lt, handle, d, 1);
      if (!found.ok() || found->empty()) return by_tiles(shapes, outputs);
      launch->candidate = found->front();
    }
    for (int i = 0; i + 1 < p.batch_rank; ++i) launch->outer *= p.batch_sizes[i];
    launch->lt = lt;
    launch->handle = handle;
    launch->operands = operands;
    launch->plan = plan;
    launch->has_residual = has_input(problem, 3);
    launch->element = bits_of(problem.inputs[0].type) / 8;
    launch->y_element = bits_of(problem.outputs[0].type) / 8;
    if (plan.rest) {
      const DataType residual = launch->has_residual ? problem.inputs[3].type : DataType::kFloat;
      TRY_ASSIGN(launch->finish, Finish::make(*device, op, problem.outputs[0].type, launch->has_residual, residual, problem.outputs[0].type, launch->count));
    }
    return std::unique_ptr<Launch>(std::move(launch));
  }

  // Products that the library has no way for.
  Result<std::unique_ptr<Launch>> by_tiles(const std::vector<Shape>& shapes, const std::vector<Shape>& outputs) const {
    const Tactic* tiles = TacticCatalogue::instance().find("cuda.matmul");
    if (!tiles) return unsupported("cuBLASLt has no way for this product, and cuda.matmul is switched off");
    TRY_ASSIGN(std::unique_ptr<Kernel> kernel, tiles->prepare(problem, {}));
    return kernel->launch(shapes, outputs);
  }
};

class CublasLtProduct final : public CudaTactic {
 public:
  explicit CublasLtProduct(int rank) : rank_(rank), name_("cuda.matmul_cublaslt_" + std::to_string(rank)) {}

  std::string_view name() const override { return name_; }
  Status accepts(const Problem& problem) const override {
    const auto* op = dynamic_cast<const MatMul*>(problem.op);
    REQUIRES(op, std::string(problem.op->name()) + " is no matrix product");
    TRY_ASSIGN([[maybe_unused]] const CublasLt* lt, cublaslt());
    REQUIRES(problem.inputs.size() >= 2 && is_present(problem, 0) && is_present(problem, 1), "an operand is left out");
    TRY(all_linear(problem));
    const DataType type = problem.inputs[0].type, output = problem.outputs[0].type;
    REQUIRES(type == DataType::kHalf || type == DataType::kBf16 || type == DataType::kFloat, "the operands are of type " + std::string(name_of(type)));
    REQUIRES(problem.inputs[1].type == type, "the operands differ in type");
    REQUIRES(output == type || output == DataType::kFloat, "the output is of type " + std::string(name_of(output)));
    REQUIRES(!op->is_quantized() && op->sum_scale == 0 && op->residual_scale == 0 && op->output_scale == 0, "the layer is quantized");
    REQUIRES(!has_input(problem, 2) || (is_constant(problem, 2) && is_floating(problem.inputs[2].type)), "the bias is no constant");
    REQUIRES(!has_input(problem, 2) || problem.inputs[1].rank() >= 2, "a vector has a bias");
    REQUIRES(!has_input(problem, 3) || (problem.inputs[3].dims == problem.outputs[0].dims && is_floating(problem.inputs[3].type)), "the residual is broadcast");
    return Ok{};
  }
  std::vector<Formats> proposals(const Problem& problem) const override { return {{std::vector<Format>(problem.inputs.size(), Format::kLinear), {Format::kLinear}}}; }

  Result<std::unique_ptr<Kernel>> prepare(const Problem& problem, const std::vector<PackedWeights>&) const override {
    auto kernel = std::make_unique<LtKernel>();
    TRY_ASSIGN(kernel->device, device_of(problem));
    TRY_ASSIGN(kernel->lt, cublaslt());
    TRY_ASSIGN(kernel->handle, cublaslt_handle(*kernel->device));
    kernel->op = static_cast<const MatMul&>(*problem.op);
    kernel->problem = problem;
    kernel->plan = plan_of(problem, kernel->op);
    TRY_ASSIGN(kernel->operands, Operands::make(*kernel->device, problem));
    if (kernel->plan.bias) {
      // The library wants it in the type of the output.
      const Array& given = problem.constants[2];
      TRY_ASSIGN(Array bias, Array::make(problem.outputs[0].type, given.shape()));
      bias.mutable_data();
      for (int64_t i = 0; i < given.count(); ++i) bias.set_number(i, given.number(i));
      TRY_ASSIGN(kernel->bias, uploaded(*kernel->device, bias));
    }
    TensorTypes types = problem.inputs;
    for (size_t i = 0; i < types.size(); ++i) {
      if (is_present(problem, i)) types[i].dims = to_dims(problem.opt_inputs[i]);
    }
    TRY_ASSIGN(const TensorTypes outputs, problem.op->infer(types));
    TRY_ASSIGN(const ProductParameters p, matmul_geometry(kernel->op, problem.opt_inputs, constant_shape(outputs[0].dims)));
    REQUIRES(p.rows > 0 && p.columns > 0 && p.depth > 0 && batch_count(p) > 0, "the product is empty");
    TRY(kernel->device->make_current());
    Descriptions descriptions;
    TRY(kernel->describe(p, &descriptions));
    TRY_ASSIGN(const std::vector<LtCandidate> found, candidates_of(*kernel->lt, kernel->handle, descriptions, rank_ + 1));
    REQUIRES(found.size() > static_cast<size_t>(rank_), "cuBLASLt proposes " + std::to_string(found.size()) + " ways");
    kernel->algorithm = found[static_cast<size_t>(rank_)].algorithm;
    return std::unique_ptr<Kernel>(std::move(kernel));
  }
  // About what a GPU of these years takes; the library's first proposal is most often its best.
  std::optional<double> estimate_ms(const Problem& problem) const override {
    double elements = 0;
    for (const Shape& shape : problem.opt_inputs) elements += static_cast<double>(volume(shape).value_or(0));
    return 0.003 + 0.001 * rank_ + elements * 1e-9;
  }

 private:
  int rank_;
  std::string name_;
};

}  // namespace
}  // namespace ingot::cuda

namespace ingot {
#define REGISTER_TACTICS(function) void function(TacticCatalogue& catalogue)
REGISTER_TACTICS(register_tactic_cuda_matmul_cublaslt) {
  for (int rank = 0; rank < cuda::kRanks; ++rank) catalogue.add(std::make_unique<cuda::CublasLtProduct>(rank));
}
}  // namespace ingot
