// ITimingCache over the core's timing cache.
#pragma once

#include "api/host_memory.h"
#include "api/reporter.h"
#include "select/timing_cache.h"

namespace ingot::api {

class TimingCacheFacade final : public nvinfer1::ITimingCache {
 public:
  TimingCacheFacade(const Reporter& reporter, std::shared_ptr<TimingCache> cache, bool editable)
      : reporter_(reporter), cache_(std::move(cache)), editable_(editable) {}

  const std::shared_ptr<TimingCache>& core() const { return cache_; }

  nvinfer1::IHostMemory* serialize() const noexcept override;
  bool combine(nvinfer1::ITimingCache const& input, bool ignore_mismatch) noexcept override;
  bool reset() noexcept override;
  int64_t queryKeys(nvinfer1::TimingCacheKey* keys, int64_t capacity) const noexcept override;
  nvinfer1::TimingCacheValue query(nvinfer1::TimingCacheKey const& key) const noexcept override;
  bool update(nvinfer1::TimingCacheKey const& key, nvinfer1::TimingCacheValue const& value) noexcept override;

 private:
  mutable Reporter reporter_;
  std::shared_ptr<TimingCache> cache_;
  bool editable_;
};

}  // namespace ingot::api
