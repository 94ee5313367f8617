#include "select/timing_cache.h"

#include <cmath>

namespace ingot {
namespace {

constexpr char kMagic[9] = "ingotTC1";
constexpr size_t kEntrySize = 20;
constexpr uint32_t kLongestDevice = 4096;

template <class T>
void append(std::vector<std::byte>& out, const T& value) {
  const auto* begin = reinterpret_cast<const std::byte*>(&value);
  out.insert(out.end(), begin, begin + sizeof value);
}

}  // namespace

std::optional<float> TimingCache::find(const Hash128& key) const {
  std::lock_guard lock(mutex_);
  const auto found = entries_.find(key);
  return found == entries_.end() ? std::nullopt : std::optional(found->second);
}

void TimingCache::set(const Hash128& key, float ms) {
  std::lock_guard lock(mutex_);
  entries_[key] = ms;
}

void TimingCache::remove(const Hash128& key) {
  std::lock_guard lock(mutex_);
  entries_.erase(key);
}

void TimingCache::clear() {
  std::lock_guard lock(mutex_);
  entries_.clear();
}

size_t TimingCache::size() const {
  std::lock_guard lock(mutex_);
  return entries_.size();
}

std::vector<Hash128> TimingCache::keys() const {
  std::lock_guard lock(mutex_);
  std::vector<Hash128> keys;
  for (const auto& [key, ms] : entries_) keys.push_back(key);
  return keys;
}

Status TimingCache::combine(const TimingCache& other, bool ignore_mismatch) {
  if (&other == this) return Ok{};
  if (other.device_ != device_ && !ignore_mismatch)
    return invalid("the timing cache was made on '" + other.device_ + "'; this device is '" + device_ + "'");
  std::scoped_lock lock(mutex_, other.mutex_);
  entries_.insert(other.entries_.begin(), other.entries_.end());
  return Ok{};
}

std::vector<std::byte> TimingCache::serialize() const {
  std::lock_guard lock(mutex_);
  std::vector<std::byte> out;
  const auto* magic = reinterpret_cast<const std::byte*>(kMagic);
  out.insert(out.end(), magic, magic + 8);
  append(out, static_cast<uint32_t>(device_.size()));
  append(out, static_cast<uint32_t>(entries_.size()));
  const auto* device = reinterpret_cast<const std::byte*>(device_.data());
  out.insert(out.end(), device, device + device_.size());
  for (const auto& [key, ms] : entries_) {
    append(out, key.low);
    append(out, key.high);
    append(out, ms);
  }
  const Hash128 digest = hash_bytes(out.data(), out.size());
  append(out, digest.low);
  append(out, digest.high);
  return out;
}

Result<TimingCache> TimingCache::parse(Bytes bytes) {
  ByteReader reader(bytes);
  TRY_ASSIGN(Bytes magic, reader.take(8));
  if (std::memcmp(magic.data(), kMagic, 8) != 0) return invalid("this is no timing cache: it does not begin with \"ingotTC1\"");
  TRY_ASSIGN(uint32_t device_size, reader.read<uint32_t>());
  TRY_ASSIGN(uint32_t count, reader.read<uint32_t>());
  if (device_size > kLongestDevice) return invalid("the timing cache's device description is too long");
  TRY_ASSIGN(Bytes device, reader.take(device_size));
  if (reader.remaining() != count * uint64_t{kEntrySize} + 16)
    return invalid("the timing cache says it has " + std::to_string(count) + " entries, but " + std::to_string(reader.remaining()) +
                   " bytes follow");
  TimingCache cache(std::string(reinterpret_cast<const char*>(device.data()), device.size()));
  for (uint32_t i = 0; i < count; ++i) {
    Hash128 key;
    TRY_ASSIGN(key.low, reader.read<uint64_t>());
    TRY_ASSIGN(key.high, reader.read<uint64_t>());
    TRY_ASSIGN(float ms, reader.read<float>());
    if (!std::isfinite(ms) || ms < 0) return invalid("the timing cache has a time that is no number of milliseconds");
    cache.entries_[key] = ms;
  }
  Hash128 digest;
  TRY_ASSIGN(digest.low, reader.read<uint64_t>());
  TRY_ASSIGN(digest.high, reader.read<uint64_t>());
  if (digest != hash_bytes(bytes.data(), bytes.size() - 16)) return invalid("the timing cache is damaged: its digest differs");
  return cache;
}

}  // namespace ingot
