// cuda.attention_cublaslt: attention as two products by cuBLASLt, with a pass between that turns scores into weights. The scores are floats
// in the workspace, so this is for lengths whose scores fit there.
#include <algorithm>

#include "tactics/cuda/attention_geometry.h"
#include "tactics/cuda/expression_code.h"
#include "tactics/cuda/library_product.h"
#include "tactics/cuda/lt_product.h"

namespace ingot::cuda {
namespace {

constexpr size_t kMostScores = size_t{4} << 30;  // bytes
constexpr int64_t kKept = 16;                    // scores that a lane keeps in registers, at most

// Batch dims of both products: images, heads of keys, heads of queries that share them; the largest last, for the library walks that one
// itself.
void set_batches(const AttentionParameters& p, const long long (&a)[3], const long long (&b)[3], const long long (&y)[3],
                 ProductParameters* product) {
  const int64_t group = p.heads / p.key_heads;
  struct Dim {
    int64_t size, a, b, y;
  };
  // The strides' last entry is that of a head of queries; keys and values stay where they are for those of a group.
  std::vector<Dim> dims{{p.batch, a[0], b[0], y[0]}, {p.key_heads, a[1] * group, b[1], y[1] * group}, {group, a[1], 0, y[1]}};
  std::erase_if(dims, [](const Dim& dim) { return dim.size == 1; });
  std::stable_sort(dims.begin(), dims.end(), [](const Dim& x, const Dim& z) { return x.size < z.size; });
  product->batch_rank = static_cast<int>(dims.size());
  for (size_t d = 0; d < dims.size(); ++d) {
    product->batch_sizes[d] = dims[d].size;
    product->a_batch[d] = dims[d].a;
    product->b_batch[d] = dims[d].b;
    product->y_batch[d] = dims[d].y;
  }
}

struct AttentionLaunch final : Launch {
  KernelFunction weights;
  AttentionGeometry geometry;
  std::unique_ptr<LtProduct> scores, values;
  Operands operands;
  bool packed = false, has_mask = false;
  size_t score_bytes = 0;

  size_t workspace_bytes() const override {
    return score_bytes + kWorkspaceAlignment + std::max(scores->workspace_bytes(), values->workspace_bytes());
  }
  Status run(const RunArguments& arguments) const override {
    AttentionParameters p = geometry.parameters;
    p.q = operands.at(arguments, 0);
    p.k = packed ? static_cast<const char*>(p.q) + geometry.k_first : operands.at(arguments, 1);
    p.v = packed ? static_cast<const char*>(p.q) + geometry.v_first : operands.at(arguments, 2);
    p.mask = has_mask ? operands.at(arguments, 3) : nullptr;
    p.scores = aligned_workspace(arguments.workspace);
    void* rest = static_cast<char*>(p.scores) + score_bytes;
    TRY(scores->run(p.q, p.k, nullptr, p.scores, p.scale, rest, arguments.stream));
    TRY(weights.launch({ceil_divide(int64_t{p.batch} * p.heads * p.queries, 4)}, 128, arguments.stream, p));
    return values->run(p.scores, p.v, nullptr, arguments.outputs[0], 1, rest, arguments.stream);
  }
};

struct AttentionKernel final : Kernel {
  CudaDevice* device = nullptr;
  Problem problem;
  Attention op;
  Operands operands;
  DataType type = DataType::kHalf;
  bool has_mask = false;

  Result<std::unique_ptr<Launch>> launch(const std::vector<Shape>& shapes, const std::vector<Shape>& outputs) const override {
    auto made = by_products(shapes, outputs);
    if (made.ok()) return made;
    // Scores that are too many, and products that the library has no way for.
    return launch_by("cuda.attention", problem, shapes, outputs);
  }

  Result<std::unique_ptr<Launch>> by_products(const std::vector<Shape>& shapes, const std::vector<Shape>& outputs) const {
    auto launch = std::make_unique<AttentionLaunch>();
    launch->geometry = attention_geometry(op, shapes, outputs[0], type, has_mask);
    AttentionParameters& p = launch->geometry.parameters;
    REQUIRES(p.batch > 0 && p.heads > 0 && p.queries > 0 && p.keys > 0 && p.depth > 0 && p.value_depth > 0,
             "there is nothing to attend to");
    REQUIRES(p.key_heads > 0 && p.heads % p.key_heads == 0, "the heads of keys do not divide those of queries");
    // Rows end on 16 bytes, of floats and of what is written over them.
    const int64_t row = ceil_divide(p.keys, 8) * 8, count = int64_t{p.batch} * p.heads * p.queries;
    launch->score_bytes = static_cast<size_t>(ceil_divide(count * row * 4, 256)) * 256;
    REQUIRES(launch->score_bytes <= kMostScores, "the scores take " + std::to_string(launch->score_bytes >> 20) + " MiB");
    p.score_row = row;
    const long long of_scores[3] = {int64_t{p.heads} * p.queries * row, p.queries * row, row};
    ProductParameters first{}, second{};
    first.rows = p.queries;
    first.depth = p.depth;
    first.columns = p.keys;
    first.a_row = p.q_strides[2];
    first.a_depth = 1;
    first.b_depth = 1;
    first.b_column = p.k_strides[2];
    first.y_row = row;
    first.y_column = 1;
    set_batches(p, p.q_strides, p.k_strides, of_scores, &first);
    const int64_t ratio = 32 / bits_of(type);
    const long long of_weights[3] = {of_scores[0] * ratio, of_scores[1] * ratio, of_scores[2] * ratio};
    second.rows = p.queries;
    second.depth = p.keys;
    second.columns = p.value_depth;
    second.a_row = row * ratio;
    second.a_depth = 1;
    second.b_depth = p.v_strides[2];
    second.b_column = 1;
    second.y_row = p.y_strides[2];
    second.y_column = 1;
    set_batches(p, of_weights, p.v_strides, p.y_strides, &second);
    const bool tf32 = problem.allow_tf32 && type == DataType::kFloat;
    TRY_ASSIGN(launch->scores, LtProduct::make(*device, first, type, DataType::kFloat, tf32, {}, nullptr, nullptr, 0));
    TRY_ASSIGN(launch->values, LtProduct::make(*device, second, type, type, tf32, {}, nullptr, nullptr, 0));
    launch->operands = operands;
    launch->packed = op.packed;
    launch->has_mask = has_mask;
    const DataType mask = has_mask ? problem.inputs[3].type : DataType::kFloat;
    const std::string code = "typedef " + storage_type(type) + " T;\ntypedef " + storage_type(mask) + " MASK;\n#define HAS_MASK " +
                             std::to_string(has_mask) + "\n#define MASK_DROPS " + std::to_string(mask == DataType::kBool) +
                             "\n#define KEPT " + std::to_string(std::min<int64_t>(kKept, ceil_divide(p.keys, 32))) + "\n";
    TRY_ASSIGN(launch->weights, KernelFunction::make(*device, kernel_source("attention_weights", code), "attention_weights"));
    return std::unique_ptr<Launch>(std::move(launch));
  }
};

struct CublasLtAttention final : CudaTactic {
  std::string_view name() const override { return "cuda.attention_cublaslt"; }
  Status accepts(const Problem& problem) const override {
    const auto* op = dynamic_cast<const Attention*>(problem.op);
    REQUIRES(op, std::string(problem.op->name()) + " is no attention");
    TRY_ASSIGN([[maybe_unused]] const CublasLt* lt, cublaslt());
    TRY(has_known_types(problem));
    TRY(all_linear(problem));
    const DataType type = problem.inputs[0].type;
    REQUIRES(type == DataType::kHalf || type == DataType::kBf16 || type == DataType::kFloat,
             "the elements are of type " + std::string(name_of(type)));
    REQUIRES(problem.outputs[0].type == type, "the output is of type " + std::string(name_of(problem.outputs[0].type)));
    REQUIRES(op->packed || (has_input(problem, 1) && has_input(problem, 2)), "k or v is left out");
    REQUIRES(op->packed || (problem.inputs[1].type == type && problem.inputs[2].type == type), "q, k and v differ in type");
    return Ok{};
  }
  std::vector<Formats> proposals(const Problem& problem) const override { return {linear_formats(problem)}; }
  Result<std::unique_ptr<Kernel>> prepare(const Problem& problem, const std::vector<PackedWeights>&) const override {
    auto kernel = std::make_unique<AttentionKernel>();
    TRY_ASSIGN(kernel->device, device_of(problem));
    TRY_ASSIGN([[maybe_unused]] void* handle, cublaslt_handle(*kernel->device));
    TRY_ASSIGN(kernel->operands, Operands::make(*kernel->device, problem));
    kernel->problem = problem;
    kernel->op = static_cast<const Attention&>(*problem.op);
    kernel->type = problem.inputs[0].type;
    kernel->has_mask = has_input(problem, 3);
    return std::unique_ptr<Kernel>(std::move(kernel));
  }
  std::optional<double> estimate_ms(const Problem& problem) const override { return 0.01 + input_elements(problem) * 2e-9; }
};

}  // namespace
}  // namespace ingot::cuda

namespace ingot {
TACTIC(cuda::CublasLtAttention, cuda, attention_cublaslt)
}  // namespace ingot
