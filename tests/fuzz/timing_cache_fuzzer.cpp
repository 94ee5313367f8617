// libFuzzer's target for timing caches: any bytes end in a cache that writes the same bytes, or in an error. The digest at the end is made
// right, so that what lies behind its check is reached too.
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <cstring>
#include <vector>

#include "select/timing_cache.h"

namespace {

using namespace ingot;

void read(Bytes bytes) {
  auto cache = TimingCache::parse(bytes);
  if (!cache.ok()) return;
  const std::vector<std::byte> written = cache->serialize();
  auto again = TimingCache::parse(Bytes(written));
  if (!again.ok() || again->serialize() != written) std::abort();
  // Doubled and unsorted keys are written once and in order, so only the size can tell.
  if (written.size() > bytes.size()) std::abort();
  TimingCache other("another device");
  if (cache->device() != other.device() && other.combine(*cache, false).ok()) std::abort();
  if (!other.combine(*cache, true).ok() || other.size() != cache->size()) std::abort();
  for (const Hash128& key : other.keys()) {
    if (other.find(key) != cache->find(key)) std::abort();
    other.remove(key);
  }
  if (other.size() != 0) std::abort();
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  std::vector<std::byte> bytes(reinterpret_cast<const std::byte*>(data), reinterpret_cast<const std::byte*>(data) + size);
  read(Bytes(bytes));
  if (size < 16) return 0;
  const Hash128 digest = hash_bytes(bytes.data(), size - 16);
  std::memcpy(bytes.data() + size - 16, &digest.low, 8);
  std::memcpy(bytes.data() + size - 8, &digest.high, 8);
  read(Bytes(bytes));
  return 0;
}
