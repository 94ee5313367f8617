#include "tactics/cuda/lt_product.h"

#include <algorithm>
#include <cstring>

#include "base/hash.h"
#include "base/load_part.h"
#include "device/cuda/kernel_compiler.h"
#include "tactics/cuda/equal_rows.h"

namespace ingot::cuda {
namespace {

constexpr size_t kMostWorkspace = size_t{32} << 20;
constexpr unsigned kAlignment = 16;  // of what products read and write

int lt_type(DataType type) { return type == DataType::kHalf ? kLtHalf : type == DataType::kBf16 ? kLtBf16 : kLtFloat; }

}  // namespace

// The library's descriptions of one product.
struct LtProduct::Descriptions {
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
  Status make(const ProductParameters& p, DataType type, DataType output, bool tf32, const LtEpilogue& plan, const void* bias) {
    const bool b_plain = p.b_column == 1 || p.columns == 1, a_plain = p.a_depth == 1 || p.depth == 1;
    if ((!b_plain && p.b_depth != 1 && p.depth != 1) || (!a_plain && p.a_row != 1 && p.rows != 1))
      return unsupported("an operand has no dimension without gaps");
    TRY(CublasLt::status("product_create", lt->product_create(&product, tf32 ? kLtComputeTf32 : kLtComputeFloat, kLtFloat)));
    const int b_operation = b_plain ? kLtOperationNone : kLtOperationTranspose,
              a_operation = a_plain ? kLtOperationNone : kLtOperationTranspose;
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
    TRY(b_plain ? matrix(&b, type, p.columns, p.depth, p.b_depth, batches, stride(p.b_batch))
                : matrix(&b, type, p.depth, p.columns, p.b_column, batches, stride(p.b_batch)));
    TRY(a_plain ? matrix(&a, type, p.depth, p.rows, p.a_row, batches, stride(p.a_batch))
                : matrix(&a, type, p.rows, p.depth, p.a_depth, batches, stride(p.a_batch)));
    return matrix(&y, output, p.columns, p.rows, p.y_row, batches, stride(p.y_batch));
  }

 private:
  template <class T>
  Status set(int attribute, T value) {
    return CublasLt::status("product_set", lt->product_set(product, attribute, &value, sizeof value));
  }
  Status matrix(void** made, DataType type, int64_t rows, int64_t columns, int64_t leading, int64_t batches, int64_t stride) {
    TRY(CublasLt::status("matrix_create", lt->matrix_create(made, lt_type(type), static_cast<uint64_t>(rows),
                                                            static_cast<uint64_t>(columns), std::max(leading, rows))));
    const auto count = static_cast<int32_t>(batches);
    TRY(CublasLt::status("matrix_set", lt->matrix_set(*made, kLtBatchCount, &count, sizeof count)));
    return CublasLt::status("matrix_set", lt->matrix_set(*made, kLtBatchStride, &stride, sizeof stride));
  }
};

namespace {

// Where the cache keeps what the library proposed: all that makes its answers differ.
std::string key_of(const CudaDevice& device, const CublasLt& lt, const ProductParameters& p, DataType type, DataType output, bool tf32,
                   const LtEpilogue& epilogue, int rank) {
  std::string text = "cublaslt candidate of equal rows " + std::to_string(lt.version_call()) + " " + device.description() + " " +
                     std::string(name_of(type)) + " " + std::string(name_of(output));
  const auto add = [&](int64_t number) { text += " " + std::to_string(number); };
  for (const bool flag : {tf32, epilogue.bias, epilogue.relu, epilogue.residual}) add(flag);
  for (const int64_t number : {int64_t{rank}, int64_t{p.rows}, int64_t{p.columns}, int64_t{p.depth}, int64_t{p.a_row}, int64_t{p.a_depth},
                               int64_t{p.b_column}, int64_t{p.b_depth}, int64_t{p.y_row}, int64_t{p.y_column}, int64_t{p.batch_rank}})
    add(number);
  for (int d = 0; d < p.batch_rank; ++d) {
    for (const int64_t number : {p.batch_sizes[d], p.a_batch[d], p.b_batch[d], p.y_batch[d]}) add(number);
  }
  return hash_text(text).hex();
}

// The ways that the library proposes, best first.
Result<std::vector<LtCandidate>> candidates_of(const CublasLt& lt, void* handle, void* product, void* b, void* a, void* y, int most) {
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
  const int code = lt.candidates(handle, product, b, a, y, y, wishes.made, most, found.data(), &count);
  if (code) return CublasLt::status("candidates", code).error();
  found.resize(static_cast<size_t>(count));
  std::erase_if(found, [](const LtCandidate& candidate) { return candidate.state != 0; });
  return found;
}

}  // namespace

LtProduct::LtProduct() : descriptions_(std::make_unique<Descriptions>()) {}
LtProduct::~LtProduct() = default;

Result<std::unique_ptr<LtProduct>> LtProduct::make(CudaDevice& device, const ProductParameters& p, DataType type, DataType output,
                                                   bool tf32, const LtEpilogue& epilogue, const void* bias, const LtAlgorithm* algorithm,
                                                   int rank) {
  std::unique_ptr<LtProduct> made(new LtProduct);
  const LoadPart part("a product of cuBLASLt");
  TRY_ASSIGN(made->lt_, cublaslt());
  TRY_ASSIGN(made->handle_, cublaslt_handle(device));
  TRY(device.make_current());
  Descriptions& d = *made->descriptions_;
  d.lt = made->lt_;
  TRY(d.make(p, type, output, tf32, epilogue, bias));
  made->parameters_ = p;
  for (int i = 0; i + 1 < p.batch_rank; ++i) made->outer_ *= p.batch_sizes[i];
  made->residual_ = epilogue.residual;
  made->element_ = bits_of(type) / 8;
  made->y_element_ = bits_of(output) / 8;
  if (algorithm) {
    // This loads the kernel too, which a capture of the program's would forbid later. No trial: the program may capture already.
    const LoadPart check("a check of cuBLASLt");
    const int code = made->lt_->check(made->handle_, d.product, d.b, d.a, d.y, d.y, algorithm, &made->candidate_);
    if (code == 0 && made->candidate_.state == 0 && made->candidate_.workspace_bytes <= kMostWorkspace) {
      made->candidate_.algorithm = *algorithm;
      return made;
    }
  }
  // Asking the library takes longer than anything else about a product, so what it said of this very product is kept.
  const std::string key = key_of(device, *made->lt_, p, type, output, tf32, epilogue, rank);
  std::vector<std::byte> bytes;
  if (!algorithm && read_cache_entry(key, &bytes) && bytes.size() == sizeof made->candidate_) {
    std::memcpy(&made->candidate_, bytes.data(), sizeof made->candidate_);
    if (made->candidate_.state == 0 && made->candidate_.workspace_bytes <= kMostWorkspace) return made;
  }
  TRY_ASSIGN(const std::vector<LtCandidate> found, candidates_of(*made->lt_, made->handle_, d.product, d.b, d.a, d.y, rank + 1));
  REQUIRES(found.size() > static_cast<size_t>(rank), "cuBLASLt proposes " + std::to_string(found.size()) + " ways");
  made->candidate_ = found[static_cast<size_t>(rank)];
  if (algorithm) return made;
  TRY(made->check_rows(device, type, output));
  const auto* begin = reinterpret_cast<const std::byte*>(&made->candidate_);
  write_cache_entry(key, {begin, begin + sizeof made->candidate_});
  return made;
}

Status LtProduct::check_rows(CudaDevice& device, DataType type, DataType output) const {
  const ProductParameters& p = parameters_;
  const bool dense = (p.a_depth == 1 || p.depth == 1) && p.a_row == p.depth && p.y_row == p.columns;
  if (p.batch_rank > 0 || p.rows < 2 || !dense) return Ok{};
  const LoadPart part("a trial of cuBLASLt");
  TRY_ASSIGN(const DeviceMemory a, equal_rows(device, type, p.rows, p.depth, 1));
  TRY_ASSIGN(const DeviceMemory b, equal_rows(device, type, 1, p.columns * p.depth, 2));
  TRY_ASSIGN(const DeviceMemory y, equal_rows(device, output, p.rows, p.columns, 3));
  DeviceMemory residual;
  if (residual_) {
    TRY_ASSIGN(residual, equal_rows(device, output, p.rows, p.columns, 4));
  }
  TRY_ASSIGN(const DeviceMemory workspace, device_memory(device, workspace_bytes()));
  TRY(device.run_now([&](Stream stream) { return run(a.get(), b.get(), residual.get(), y.get(), 1, workspace.get(), stream); }));
  TRY_ASSIGN(const bool equal, has_equal_rows(device, y.get(), output, p.rows, p.columns));
  REQUIRES(equal, "it rounds equal rows in different ways");
  return Ok{};
}

Status LtProduct::run(const void* a, const void* b, const void* residual, void* y, float scale, void* workspace, Stream stream) const {
  const ProductParameters& p = parameters_;
  const float beta = residual_ ? 1 : 0;
  for (int64_t i = 0; i < outer_; ++i) {
    int64_t rest = i, in_a = 0, in_b = 0, in_y = 0;
    for (int d = p.batch_rank - 2; d >= 0; --d) {
      const int64_t at = rest % p.batch_sizes[d];
      rest /= p.batch_sizes[d];
      in_a += at * p.a_batch[d];
      in_b += at * p.b_batch[d];
      in_y += at * p.y_batch[d];
    }
    char* to = static_cast<char*>(y) + in_y * y_element_;
    const void* addend = residual_ ? static_cast<const char*>(residual) + in_y * y_element_ : to;
    const int code =
        lt_->run(handle_, descriptions_->product, &scale, static_cast<const char*>(b) + in_b * element_, descriptions_->b,
                 static_cast<const char*>(a) + in_a * element_, descriptions_->a, &beta, addend, descriptions_->y, to, descriptions_->y,
                 &candidate_.algorithm, aligned_workspace(workspace), candidate_.workspace_bytes, static_cast<CuStream>(stream.handle));
    if (code) return CublasLt::status("run", code);
  }
  return Ok{};
}

}  // namespace ingot::cuda
