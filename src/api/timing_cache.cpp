#include "api/timing_cache.h"

#include <cstring>

namespace ingot::api {

using nvinfer1::TimingCacheKey;
using nvinfer1::TimingCacheValue;

namespace {

static_assert(sizeof(Hash128) == sizeof(TimingCacheKey));

Hash128 to_core(const TimingCacheKey& key) {
  Hash128 hash;
  std::memcpy(&hash, key.data, sizeof hash);
  return hash;
}

}  // namespace

nvinfer1::IHostMemory* TimingCacheFacade::serialize() const noexcept {
  return guarded(reporter_, static_cast<nvinfer1::IHostMemory*>(nullptr), [&] { return new HostMemory(cache_->serialize()); });
}

bool TimingCacheFacade::combine(nvinfer1::ITimingCache const& input, bool ignore_mismatch) noexcept {
  return guarded(reporter_, false, [&] { return cache_->combine(*static_cast<const TimingCacheFacade&>(input).cache_, ignore_mismatch); });
}

bool TimingCacheFacade::reset() noexcept {
  cache_->clear();
  return true;
}

int64_t TimingCacheFacade::queryKeys(TimingCacheKey* keys, int64_t capacity) const noexcept {
  return guarded(reporter_, int64_t{-1}, [&]() -> Result<int64_t> {
    if (capacity > 0 && !keys) return invalid("queryKeys: the buffer is null");
    const std::vector<Hash128> all = cache_->keys();
    for (int64_t i = 0; i < capacity && i < static_cast<int64_t>(all.size()); ++i) std::memcpy(keys[i].data, &all[i], sizeof all[i]);
    return static_cast<int64_t>(all.size());
  });
}

TimingCacheValue TimingCacheFacade::query(TimingCacheKey const& key) const noexcept {
  const auto ms = cache_->find(to_core(key));
  if (!ms) return {TimingCacheValue::kINVALID_TACTIC_HASH, 0};
  return {to_core(key).low, *ms};
}

bool TimingCacheFacade::update(TimingCacheKey const& key, TimingCacheValue const& value) noexcept {
  return guarded(reporter_, false, [&]() -> Status {
    if (!editable_) return invalid("the timing cache cannot be edited: set BuilderFlag::kEDITABLE_TIMING_CACHE before it is created");
    if (!cache_->find(to_core(key))) return invalid("the timing cache has no entry for this key");
    if (!(value.timingMSec >= 0)) return invalid("a time is a number of milliseconds, not negative");
    cache_->set(to_core(key), value.timingMSec);
    return Ok{};
  });
}

}  // namespace ingot::api
