// libFuzzer's target for plans: any bytes end in an engine or an error, and small engines run. The size and the sections' digests are made
// right first, so that what lies behind their checks is reached.
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <cstring>
#include <vector>

#include "api/load_engine.h"
#include "limits.h"
#include "runtime/execution_context.h"

namespace {

using namespace ingot;

constexpr size_t kMostBytes = 16 << 20;

void mend_digests(std::vector<std::byte>& bytes) {
  if (bytes.size() < 64) return;
  const uint64_t size = bytes.size();
  std::memcpy(bytes.data() + 8, &size, 8);
  uint32_t sections = 0;
  std::memcpy(&sections, bytes.data() + 20, 4);
  for (uint32_t i = 0; i < std::min(sections, 16u) && 64 + (i + 1) * 40 <= bytes.size(); ++i) {
    std::byte* entry = bytes.data() + 64 + i * 40;
    uint64_t offset = 0, length = 0;
    std::memcpy(&offset, entry + 8, 8);
    std::memcpy(&length, entry + 16, 8);
    if (offset > size || length > size - offset) continue;
    const Hash128 digest = hash_bytes(bytes.data() + offset, length);
    std::memcpy(entry + 24, &digest.low, 8);
    std::memcpy(entry + 32, &digest.high, 8);
  }
}

void run(const std::shared_ptr<Engine>& engine) {
  ExecutionContext context(engine);
  std::vector<std::vector<std::byte>> memory(engine->io().size());
  for (size_t i = 0; i < engine->io().size(); ++i) {
    const IoTensor& io = engine->io()[i];
    if (io.is_input && !context.input_shape(i)) {
      Shape shape;
      for (const Dim& dim : io.tensor->type.dims) shape.push_back(dim.is_constant() ? dim.value() : 1);
      if (!context.set_input_shape(io.tensor->name, shape).ok()) return;
    }
  }
  for (size_t i = 0; i < engine->io().size(); ++i) {
    const IoTensor& io = engine->io()[i];
    auto shape = context.io_shape(i);
    if (!shape.ok()) return;
    for (int64_t size : *shape) {
      if (size < 0) return;
    }
    auto bytes = storage_bytes(io.tensor->type.type, io.format, *shape);
    if (!bytes.ok() || *bytes > kMostBytes) return;
    // Exactly as many bytes as the tensor has: AddressSanitizer sees a step that goes beyond them.
    memory[i].resize(std::max<size_t>(*bytes, 1));
    if (!context.set_address(i, memory[i].data()).ok()) return;
  }
  (void)context.execute().ok();
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  std::vector<std::byte> bytes(reinterpret_cast<const std::byte*>(data), reinterpret_cast<const std::byte*>(data) + size);
  mend_digests(bytes);
  auto engine = load_engine(Bytes(bytes), cpu_device(), null_log());
  if (!engine.ok()) return 0;
  const auto shapes = shape_case((*engine)->network());
  if (!shapes.ok() || !is_quick_to_run((*engine)->network(), shapes->most, 1 << 14)) return 0;
  const auto needed = (*engine)->activation_bytes();
  if (!needed.ok() || *needed > kMostBytes) return 0;
  run(*engine);
  return 0;
}
