// What trtexec prints: lines with time and severity.
#pragma once

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

// True where the error stream is a terminal, so that a line can be drawn over.
bool errors_go_to_a_terminal();
// Shows a line on the terminal, cut to its width, until another takes its place or something is said; "" takes it away.
void draw_line(const std::string& text);

}  // namespace ingot::trtexec
