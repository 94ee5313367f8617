#include "log.h"

#include <sys/ioctl.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <cmath>
#include <cstdio>
#include <ctime>
#include <mutex>

namespace ingot::trtexec {

namespace {

std::mutex output_lock;
std::atomic<bool> shows_verbose{false};
bool line_is_drawn = false;  // a progress line stands on the terminal; guarded by output_lock

double now_seconds() { return std::chrono::duration<double>(std::chrono::steady_clock::now().time_since_epoch()).count(); }

void erase_line() {
  if (line_is_drawn) std::fputs("\r\033[K", stderr);
  line_is_drawn = false;
}

class LibraryLogger final : public nvinfer1::ILogger {
 public:
  void log(Severity severity, nvinfer1::AsciiChar const* message) override {
    if (severity == Severity::kVERBOSE && !shows_verbose) return;
    say(severity, std::string("[TRT] ") + (message ? message : ""));
  }
};

}  // namespace

void say(Severity severity, const std::string& text) {
  if (severity == Severity::kVERBOSE && !shows_verbose) return;
  const std::time_t now = std::time(nullptr);
  std::tm parts{};
  localtime_r(&now, &parts);
  char stamp[32];
  std::strftime(stamp, sizeof stamp, "[%m/%d/%Y-%H:%M:%S]", &parts);
  std::FILE* stream = severity <= Severity::kWARNING ? stderr : stdout;
  const std::lock_guard lock(output_lock);
  erase_line();
  std::fprintf(stream, "%s [%c] %s\n", stamp, "FEWIV"[static_cast<int>(severity)], text.c_str());
  std::fflush(stream);
}

bool fail(const std::string& text) {
  say(Severity::kERROR, text);
  return false;
}

void set_verbose(bool on) { shows_verbose = on; }

std::string text_of(double number) {
  char text[40];
  std::snprintf(text, sizeof text, "%g", number);
  return text;
}

std::string text_of(const nvinfer1::Dims& dims) {
  std::string text;
  for (int32_t i = 0; i < dims.nbDims; ++i) text += (i ? "x" : "") + std::to_string(dims.d[i]);
  return text;
}

std::string text_of(nvinfer1::DataType type) {
  static const char* const names[] = {"float32", "float16",  "int8",  "int32", "bool",   "uint8",
                                      "float8",  "bfloat16", "int64", "int4",  "float4", "e8m0"};
  const auto index = static_cast<size_t>(type);
  return index < std::size(names) ? names[index] : "type " + std::to_string(index);
}

std::string mebibytes(double bytes) { return text_of(bytes / (1 << 20)) + " MiB"; }

nvinfer1::ILogger& library_logger() {
  static LibraryLogger logger;
  return logger;
}

Progress::~Progress() {
  const std::lock_guard lock(output_lock);
  erase_line();
  std::fflush(stderr);
}

bool Progress::has_terminal() { return isatty(STDERR_FILENO) == 1; }

void Progress::phaseStart(char const* phase, char const*, int32_t steps) {
  phase_ = phase;
  steps_ = steps;
  start_ = now_seconds();
  shown_ = 0;
}

bool Progress::stepComplete(char const*, int32_t step) {
  const double now = now_seconds();
  if (now - shown_ < 0.1) return true;  // ten lines a second are enough
  shown_ = now;
  const int32_t done = step + 1, all = std::max(steps_, done);
  const double left = (now - start_) / done * (all - done);
  winsize window{};
  const int width = ioctl(STDERR_FILENO, TIOCGWINSZ, &window) == 0 && window.ws_col > 0 ? window.ws_col : 80;
  char line[256];
  std::snprintf(line, sizeof line, "%s: %d of %d (%d%%), about %.0f s left", phase_.c_str(), done, all,
                static_cast<int>(100.0 * done / all), std::ceil(left));
  const std::lock_guard lock(output_lock);
  std::fprintf(stderr, "\r\033[K%.*s", std::max(width - 1, 10), line);
  std::fflush(stderr);
  line_is_drawn = true;
  return true;
}

void Progress::phaseFinish(char const*) {
  const std::lock_guard lock(output_lock);
  erase_line();
  std::fflush(stderr);
}

}  // namespace ingot::trtexec
