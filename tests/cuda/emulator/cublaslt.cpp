// Stands in for cuBLASLt in tests: products on the emulated device, as its documentation defines them, by plain loops. It proposes two
// ways.
#include <dlfcn.h>

#include <cstdint>
#include <cstdlib>
#include <cstring>
#include <functional>

namespace {

struct Product {
  int compute = 0, transpose_a = 0, transpose_b = 0, epilogue = 1, bias_type = -1;
  const void* bias = nullptr;
};
struct Matrix {
  int type = 0;
  uint64_t rows = 0, columns = 0;
  int64_t leading = 0, stride = 0;
  int32_t batches = 1;
};
struct Candidate {
  uint64_t algorithm[8];
  size_t workspace;
  int state;
  float waves;
  int reserved[4];
};
constexpr size_t kWorkspace = 64;
constexpr uint64_t kMark = 0x1f3a5u;

using Submit = int (*)(void* stream, std::function<int()>* work);
int submit(void* stream, std::function<int()> work) {
  static const auto call = reinterpret_cast<Submit>(dlsym(dlopen("libcuda.so.1", RTLD_NOW | RTLD_NOLOAD), "emulatedSubmit"));
  return call ? call(stream, &work) : 1;
}

float number(int type, const void* data, int64_t at) {
  if (type == 0) return static_cast<const float*>(data)[at];
  const uint16_t bits = static_cast<const uint16_t*>(data)[at];
  if (type == 2) {
    _Float16 value;
    std::memcpy(&value, &bits, 2);
    return static_cast<float>(value);
  }
  const uint32_t wide = static_cast<uint32_t>(bits) << 16;
  float value;
  std::memcpy(&value, &wide, 4);
  return value;
}
void put(int type, void* data, int64_t at, float value) {
  if (type == 0) {
    static_cast<float*>(data)[at] = value;
  } else if (type == 2) {
    const auto narrow = static_cast<_Float16>(value);
    std::memcpy(static_cast<uint16_t*>(data) + at, &narrow, 2);
  } else {
    uint32_t bits;
    std::memcpy(&bits, &value, 4);
    static_cast<uint16_t*>(data)[at] = static_cast<uint16_t>((bits + 0x7fff + ((bits >> 16) & 1)) >> 16);
  }
}
bool fits(const Product& p, const Matrix& a, const Matrix& b, const Matrix& c, const Matrix& d) {
  const uint64_t m = p.transpose_a ? a.columns : a.rows, k = p.transpose_a ? a.rows : a.columns, k2 = p.transpose_b ? b.columns : b.rows,
                 n = p.transpose_b ? b.rows : b.columns;
  for (const Matrix& x : {a, b, c, d}) {
    if (x.leading < static_cast<int64_t>(x.rows) || x.rows == 0 || x.columns == 0 || x.batches != d.batches) return false;
  }
  return k == k2 && d.rows == m && d.columns == n && c.rows == m && c.columns == n && a.type == b.type && c.type == d.type;
}
size_t bytes_of(int type) { return type == 0 ? 4 : 2; }

}  // namespace

extern "C" {

int cublasLtCreate(void** handle) {
  *handle = new int(0);
  return 0;
}
size_t cublasLtGetVersion() {
  const char* wish = std::getenv("EMULATED_CUBLASLT_VERSION");
  return wish ? static_cast<size_t>(std::atol(wish)) : 130000;
}
int cublasLtMatmulDescCreate(Product** product, int compute, int) {
  *product = new Product;
  (*product)->compute = compute;
  return 0;
}
int cublasLtMatmulDescDestroy(Product* product) {
  delete product;
  return 0;
}
int cublasLtMatmulDescSetAttribute(Product* product, int attribute, const void* value, size_t bytes) {
  void* to = attribute == 3    ? static_cast<void*>(&product->transpose_a)
             : attribute == 4  ? &product->transpose_b
             : attribute == 7  ? &product->epilogue
             : attribute == 26 ? &product->bias_type
             : attribute == 8  ? static_cast<void*>(&product->bias)
                               : nullptr;
  if (!to || bytes != (attribute == 8 ? 8u : 4u)) return 7;
  std::memcpy(to, value, bytes);
  return 0;
}
int cublasLtMatrixLayoutCreate(Matrix** matrix, int type, uint64_t rows, uint64_t columns, int64_t leading) {
  *matrix = new Matrix{type, rows, columns, leading};
  return 0;
}
int cublasLtMatrixLayoutDestroy(Matrix* matrix) {
  delete matrix;
  return 0;
}
int cublasLtMatrixLayoutSetAttribute(Matrix* matrix, int attribute, const void* value, size_t bytes) {
  if (attribute == 5 && bytes == 4)
    std::memcpy(&matrix->batches, value, 4);
  else if (attribute == 6 && bytes == 8)
    std::memcpy(&matrix->stride, value, 8);
  else
    return 7;
  return 0;
}
int cublasLtMatmulPreferenceCreate(void** wishes) {
  *wishes = new int(0);
  return 0;
}
int cublasLtMatmulPreferenceDestroy(int* wishes) {
  delete wishes;
  return 0;
}
int cublasLtMatmulPreferenceSetAttribute(int*, int, const void*, size_t) { return 0; }
int cublasLtMatmulAlgoCheck(void*, Product* product, Matrix* a, Matrix* b, Matrix* c, Matrix* d, const uint64_t* algorithm,
                            Candidate* result) {
  if (algorithm[0] != kMark || !fits(*product, *a, *b, *c, *d)) return 15;
  *result = Candidate{{kMark}, kWorkspace, 0, 1, {}};
  return 0;
}
int cublasLtMatmulAlgoGetHeuristic(void*, Product* product, Matrix* a, Matrix* b, Matrix* c, Matrix* d, void*, int most, Candidate* found,
                                   int* count) {
  *count = 0;
  if (!fits(*product, *a, *b, *c, *d)) return 15;
  while (*count < most && *count < 2) found[(*count)++] = Candidate{{kMark}, kWorkspace, 0, 1, {}};
  return 0;
}
int cublasLtMatmul(void*, Product* product, const float* alpha, const void* a, Matrix* of_a, const void* b, Matrix* of_b, const float* beta,
                   const void* c, Matrix* of_c, void* d, Matrix* of_d, const uint64_t* algorithm, void* workspace, size_t workspace_bytes,
                   void* stream) {
  if (algorithm[0] != kMark || workspace_bytes < kWorkspace || !workspace || !fits(*product, *of_a, *of_b, *of_c, *of_d)) return 7;
  for (const void* address : {a, b, c, static_cast<const void*>(d)}) {
    if (reinterpret_cast<uintptr_t>(address) % bytes_of(of_a->type)) return 7;
  }
  return submit(stream, [p = *product, x = *of_a, w = *of_b, z = *of_c, y = *of_d, a, b, c, d, alpha = *alpha, beta = *beta, workspace] {
    std::memset(workspace, 0xff, kWorkspace);
    const uint64_t depth = p.transpose_a ? x.rows : x.columns;
    for (int32_t batch = 0; batch < y.batches; ++batch) {
      for (uint64_t n = 0; n < y.columns; ++n) {
        for (uint64_t m = 0; m < y.rows; ++m) {
          float sum = 0;
          for (uint64_t k = 0; k < depth; ++k) {
            const uint64_t at_a = p.transpose_a ? k + m * x.leading : m + k * x.leading,
                           at_b = p.transpose_b ? n + k * w.leading : k + n * w.leading;
            sum += number(x.type, a, batch * x.stride + static_cast<int64_t>(at_a)) *
                   number(w.type, b, batch * w.stride + static_cast<int64_t>(at_b));
          }
          const int64_t at = static_cast<int64_t>(m + n * y.leading);
          float value = alpha * sum;
          if (beta != 0) value += beta * number(z.type, c, batch * z.stride + at);
          if (p.epilogue & 4) value += number(p.bias_type < 0 ? y.type : p.bias_type, p.bias, static_cast<int64_t>(m));
          if (p.epilogue & 2) value = value > 0 ? value : 0;
          put(y.type, d, batch * y.stride + at, value);
        }
      }
    }
    return 0;
  });
}

}  // extern "C"
