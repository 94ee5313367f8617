#include "log.h"

#include <sys/ioctl.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <cstdio>
#include <ctime>
#include <mutex>

namespace ingot::trtexec {

namespace {

std::mutex output_lock;
std::atomic<bool> shows_verbose{false};
bool line_is_drawn = false;  // a progress line stands on the terminal; guarded by output_lock

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

bool errors_go_to_a_terminal() { return isatty(STDERR_FILENO) == 1; }

void draw_line(const std::string& text) {
  winsize window{};
  const int width = ioctl(STDERR_FILENO, TIOCGWINSZ, &window) == 0 && window.ws_col > 0 ? window.ws_col : 80;
  const std::lock_guard lock(output_lock);
  erase_line();
  if (!text.empty()) std::fprintf(stderr, "\r\033[K%.*s", std::max(width - 1, 10), text.c_str());
  std::fflush(stderr);
  line_is_drawn = !text.empty();
}

}  // namespace ingot::trtexec
