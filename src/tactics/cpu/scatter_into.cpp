#include "tactics/cpu/scatter_into.h"

namespace ingot {

constexpr int64_t kPartBytes = 64 * 1024;

Status accepts_scatter(const Problem& problem, ScatterReduction reduction) {
  const DataType type = problem.inputs[0].type;
  REQUIRES(bits_of(type) >= 8, std::string(name_of(type)) + " elements are smaller than a byte");
  REQUIRES(reduction == ScatterReduction::kNone || type == DataType::kFloat || type == DataType::kInt32 || type == DataType::kInt64,
           std::string(name_of(type)) + " elements are not joined");
  return all_linear(problem);
}

void copy_by_all(ThreadPool& pool, const void* from, void* to, int64_t bytes) {
  const int64_t parts = std::max<int64_t>(1, bytes / kPartBytes);
  if (bytes == 0) return;
  pool.run(parts, [&](int64_t part, int) {
    const int64_t first = bytes / 64 * part / parts * 64, last = part + 1 == parts ? bytes : bytes / 64 * (part + 1) / parts * 64;
    std::memcpy(static_cast<char*>(to) + first, static_cast<const char*>(from) + first, static_cast<size_t>(last - first));
  });
}

}  // namespace ingot
