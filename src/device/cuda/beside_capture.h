#pragma once

#include "device/cuda/driver.h"

namespace ingot::cuda {

// While it lives, the driver takes calls of this thread that a capture of the program's would forbid: memory for new shapes, and code that
// is loaded for them, are none of the program's graph.
class BesideCapture {
 public:
  explicit BesideCapture(const Driver& driver) : driver_(driver) { driver_.exchange_capture_mode(&mode_); }
  ~BesideCapture() { driver_.exchange_capture_mode(&mode_); }
  BesideCapture(const BesideCapture&) = delete;
  BesideCapture& operator=(const BesideCapture&) = delete;

 private:
  const Driver& driver_;
  int mode_ = kCaptureRelaxed;  // then the one before
};

}  // namespace ingot::cuda
