// Content hashes (XXH3, 128 bits): plan digests, timing-cache keys, common-layer merging.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

namespace ingot {

struct Hash128 {
  uint64_t low = 0, high = 0;
  bool operator==(const Hash128&) const = default;
  auto operator<=>(const Hash128&) const = default;
  std::string hex() const;
};

Hash128 hash_bytes(const void* data, size_t size);
inline Hash128 hash_text(std::string_view text) { return hash_bytes(text.data(), text.size()); }

}  // namespace ingot
