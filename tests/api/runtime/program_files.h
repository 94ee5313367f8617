// What programs of tests share: a logger, and numbers from files.
#pragma once

#include <cstring>
#include <fstream>
#include <iterator>
#include <string>
#include <vector>

#include "NvInfer.h"

namespace {

class ProgramLogger : public nvinfer1::ILogger {
 public:
#if NV_TENSORRT_MAJOR >= 8
  void log(Severity severity, const char* message) noexcept override {
#else
  void log(Severity severity, const char* message) override {
#endif
    if (severity <= Severity::kERROR) errors += std::string(message) + "\n";
  }
  std::string errors;
};

inline std::vector<unsigned char> bytes_at_end(const std::string& path, size_t count) {
  std::ifstream stream(path, std::ios::binary);
  const std::vector<unsigned char> bytes((std::istreambuf_iterator<char>(stream)), std::istreambuf_iterator<char>());
  return bytes.size() < count ? std::vector<unsigned char>()
                              : std::vector<unsigned char>(bytes.end() - static_cast<std::ptrdiff_t>(count), bytes.end());
}

// The values of an .npy file of floats.
inline std::vector<float> floats_at_end(const std::string& path, size_t count) {
  const std::vector<unsigned char> bytes = bytes_at_end(path, count * sizeof(float));
  std::vector<float> values(bytes.size() / sizeof(float));
  if (!values.empty()) std::memcpy(values.data(), bytes.data(), bytes.size());
  return values;
}

// The place of the largest of each ten numbers, as a digit.
inline std::string largest_of_rows(const std::vector<float>& answers) {
  std::string seen;
  for (size_t row = 0; row + 10 <= answers.size(); row += 10) {
    size_t best = 0;
    for (size_t i = 1; i < 10; ++i) {
      if (answers[row + i] > answers[row + best]) best = i;
    }
    seen += std::to_string(best);
  }
  return seen;
}

}  // namespace
