// Recordings whose parts can be exchanged one by one, so that steps whose addresses change are recorded again by themselves.
#pragma once

#include <functional>

#include "device/device.h"

namespace ingot {

class PatchableRecording : public Recording {
 public:
  // While this thread's device records: what comes on the stream from here on is the next part. Says nothing at other times.
  static void begin_part();
  // Puts what `run` puts on the stream that it is given in place of part `part`. After an error the recording is good for nothing but
  // being made into another.
  virtual Status patch(size_t part, const std::function<Status(Stream stream)>& run) = 0;

 protected:
  // While it lives, begin_part() of this thread calls `begin`.
  class Marks {
   public:
    explicit Marks(std::function<void()> begin);
    ~Marks();
    Marks(const Marks&) = delete;
    Marks& operator=(const Marks&) = delete;

   private:
    friend class PatchableRecording;
    std::function<void()> begin_;
    Marks* before_;
  };
};

}  // namespace ingot
