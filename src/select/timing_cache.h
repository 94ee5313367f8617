// What timing taught: milliseconds by problem and tactic, for a device.
#pragma once

#include <map>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

#include "base/byte_reader.h"
#include "base/hash.h"

namespace ingot {

class TimingCache {
 public:
  explicit TimingCache(std::string device) : device_(std::move(device)) {}
  TimingCache(TimingCache&& other) noexcept : device_(std::move(other.device_)), entries_(std::move(other.entries_)) {}

  const std::string& device() const { return device_; }
  std::optional<float> find(const Hash128& key) const;
  void set(const Hash128& key, float ms);
  void remove(const Hash128& key);
  void clear();
  size_t size() const;
  std::vector<Hash128> keys() const;
  // Takes over entries that are missing here. Another device's are refused unless `ignore_mismatch`.
  Status combine(const TimingCache& other, bool ignore_mismatch);

  // "ingotTC1", the device's description, entries sorted by key, and a digest; the same entries give the same bytes.
  std::vector<std::byte> serialize() const;
  static Result<TimingCache> parse(Bytes bytes);

 private:
  std::string device_;
  mutable std::mutex mutex_;
  std::map<Hash128, float> entries_;
};

}  // namespace ingot
