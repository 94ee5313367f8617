// How far a build is.
#pragma once

#include <condition_variable>
#include <cstdint>
#include <mutex>
#include <string>
#include <thread>

#include "NvInfer.h"

namespace ingot::trtexec {

// On a terminal one line that is drawn over: the stage, how far it is, and about how long it takes still. Stages that took a second or
// longer leave a line in the log, on a terminal or not.
class Progress final : public nvinfer1::IProgressMonitor {
 public:
  Progress();
  Progress(const Progress&) = delete;
  Progress& operator=(const Progress&) = delete;
  ~Progress() override;

  void phaseStart(char const* phase, char const* parent, int32_t steps) override;
  bool stepComplete(char const* phase, int32_t step) override;
  void phaseFinish(char const* phase) override;

 private:
  void tick();
  std::string text() const;

  const bool has_terminal_;
  mutable std::mutex lock_;
  std::condition_variable changed_;
  std::string stage_;  // empty between stages
  int32_t done_ = 0, all_ = 0;
  double start_ = 0, last_step_ = 0;  // seconds
  bool stop_ = false;
  std::thread ticker_;
};

// "less than a second", "12 s", "3 min 20 s", "1 h 5 min".
std::string duration_text(double seconds);

}  // namespace ingot::trtexec
