// What trtexec prints: lines with time and severity, and the progress of a build.
#pragma once

#include <cstdint>
#include <string>

#include "NvInfer.h"

namespace ingot::trtexec {

using Severity = nvinfer1::ILogger::Severity;

// "[mm/dd/yyyy-hh:mm:ss] [I] text": up to kWARNING to the error stream, the rest to the output.
void say(Severity severity, const std::string& text);
inline void info(const std::string& text) { say(Severity::kINFO, text); }
inline void warn(const std::string& text) { say(Severity::kWARNING, text); }
inline void verbose(const std::string& text) { say(Severity::kVERBOSE, text); }
// Says what is wrong and returns false.
[[nodiscard]] bool fail(const std::string& text);

// Shows kVERBOSE lines too.
void set_verbose(bool on);

// Six significant digits, as an output stream prints a number.
std::string text_of(double number);
// "1x3x224x224"; "" for a scalar.
std::string text_of(const nvinfer1::Dims& dims);
std::string text_of(nvinfer1::DataType type);
// Bytes in MiB.
std::string mebibytes(double bytes);

// The library's messages, marked with [TRT].
nvinfer1::ILogger& library_logger();

// One line on a terminal that follows a build: the stage, how far it is and about how long it takes still.
class Progress final : public nvinfer1::IProgressMonitor {
 public:
  ~Progress() override;
  // True where the error stream is a terminal, so that a line can be drawn over.
  static bool has_terminal();
  void phaseStart(char const* phase, char const* parent, int32_t steps) override;
  bool stepComplete(char const* phase, int32_t step) override;
  void phaseFinish(char const* phase) override;

 private:
  std::string phase_;
  int32_t steps_ = 0;
  double start_ = 0, shown_ = 0;  // seconds
};

}  // namespace ingot::trtexec
