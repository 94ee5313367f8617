#include "progress.h"

#include <algorithm>
#include <chrono>
#include <cmath>
#include <cstring>

#include "log.h"

namespace ingot::trtexec {

namespace {

constexpr auto kBetweenLines = std::chrono::milliseconds(100);

double now() { return std::chrono::duration<double>(std::chrono::steady_clock::now().time_since_epoch()).count(); }

// What a user calls a stage; its own name where it is unknown here.
std::string title_of(const char* stage) {
  static const std::pair<const char*, const char*> titles[] = {
      {"import", "Reading the model"},        {"calibrate", "Calibrating int8 ranges"},
      {"optimize", "Optimizing the network"}, {"select", "Choosing tactics"},
      {"write", "Writing the plan"},
  };
  for (const auto& [name, title] : titles) {
    if (std::strcmp(name, stage) == 0) return title;
  }
  return stage;
}

}  // namespace

std::string duration_text(double seconds) {
  if (seconds < 1) return "less than a second";
  const auto whole = static_cast<int64_t>(std::ceil(seconds));
  if (whole < 60) return std::to_string(whole) + " s";
  if (whole < 3600) return std::to_string(whole / 60) + " min " + std::to_string(whole % 60) + " s";
  return std::to_string(whole / 3600) + " h " + std::to_string(whole % 3600 / 60) + " min";
}

Progress::Progress() : has_terminal_(errors_go_to_a_terminal()) {
  if (has_terminal_) ticker_ = std::thread([this] { tick(); });
}

Progress::~Progress() {
  {
    const std::lock_guard lock(lock_);
    stop_ = true;
  }
  changed_.notify_all();
  if (ticker_.joinable()) ticker_.join();
  draw_line("");
}

void Progress::phaseStart(char const* phase, char const*, int32_t steps) {
  const std::lock_guard lock(lock_);
  stage_ = title_of(phase);
  done_ = 0;
  all_ = steps;
  start_ = last_step_ = now();
  if (has_terminal_) draw_line(text());
}

bool Progress::stepComplete(char const*, int32_t step) {
  const std::lock_guard lock(lock_);
  done_ = step + 1;
  all_ = std::max(all_, done_);
  last_step_ = now();
  return true;
}

void Progress::phaseFinish(char const*) {
  const std::lock_guard lock(lock_);
  if (stage_.empty()) return;
  const double seconds = now() - start_;
  if (has_terminal_) draw_line("");
  if (seconds >= 1) info(stage_ + " took " + text_of(std::round(seconds * 10) / 10) + " s.");
  stage_.clear();
}

std::string Progress::text() const {
  const double gone = now() - start_;
  std::string line = stage_;
  if (all_ > 1)
    line += ": " + std::to_string(done_) + " of " + std::to_string(all_) + " (" + std::to_string(100 * int64_t{done_} / all_) + "%)";
  if (gone >= 1) line += ", " + duration_text(std::floor(gone)) + " gone";
  if (all_ > 1 && done_ > 0) {
    const double left = (last_step_ - start_) / done_ * (all_ - done_) - (now() - last_step_);
    line += std::string(left < 1 ? ", " : ", about ") + duration_text(left) + " left";
  }
  return line;
}

void Progress::tick() {
  std::unique_lock lock(lock_);
  while (!stop_) {
    changed_.wait_for(lock, kBetweenLines);
    if (!stop_ && !stage_.empty()) draw_line(text());
  }
}

}  // namespace ingot::trtexec
