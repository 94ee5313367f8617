// What earlier builds measured.
#pragma once

#include "engine_types.h"

namespace nvinfer1 {

// Names one measured piece of work.
struct TimingCacheKey {
  uint8_t data[16];
};

// The best tactic for it and its time.
struct TimingCacheValue {
  uint64_t tacticHash;  // kINVALID_TACTIC_HASH where there is none
  float timingMSec;

  static constexpr uint64_t kINVALID_TACTIC_HASH = UINT64_MAX;
};

// Created with IBuilderConfig::createTimingCache and set with setTimingCache. A build reads what it holds and adds what it measures.
class ITimingCache : public INoCopy {
 public:
  ~ITimingCache() noexcept override = default;

  // The cache as bytes, for a file. Deleted by the program.
  virtual IHostMemory* serialize() const noexcept = 0;
  // Takes over the entries of another cache. False where it comes from another device or version, unless ignoreMismatch.
  virtual bool combine(ITimingCache const& inputCache, bool ignoreMismatch) noexcept = 0;
  // Empties the cache.
  virtual bool reset() noexcept = 0;

  // Copies up to `capacity` keys and returns how many there are; -1 on an error.
  virtual int64_t queryKeys(TimingCacheKey* keyBuffer, int64_t capacity) const noexcept = 0;
  virtual TimingCacheValue query(TimingCacheKey const& key) const noexcept = 0;
  // Changes an entry. False where there is none, or the cache was not created as editable.
  virtual bool update(TimingCacheKey const& key, TimingCacheValue const& value) noexcept = 0;
};

namespace v_1_0 {
using nvinfer1::TimingCacheKey;
using nvinfer1::TimingCacheValue;
}  // namespace v_1_0
}  // namespace nvinfer1
