// What the programs share: checks that say where they fail, and a logger that shows warnings and errors.
#pragma once

#include <cmath>
#include <cstdio>
#include <cstdlib>
#include <string>
#include <vector>

#include "NvInfer.h"

#define CHECK(condition)                                                                 \
  do {                                                                                   \
    if (!(condition)) {                                                                  \
      std::fprintf(stderr, "%s:%d: %s does not hold\n", __FILE__, __LINE__, #condition); \
      std::exit(1);                                                                      \
    }                                                                                    \
  } while (false)

inline void check_values(const std::vector<float>& got, const std::vector<float>& wanted, float tolerance = 1e-5f) {
  CHECK(got.size() == wanted.size());
  for (std::size_t i = 0; i < got.size(); ++i) {
    if (std::fabs(got[i] - wanted[i]) <= tolerance) continue;
    std::fprintf(stderr, "value %zu is %g; %g is wanted\n", i, static_cast<double>(got[i]), static_cast<double>(wanted[i]));
    std::exit(1);
  }
}

#if NV_TENSORRT_MAJOR >= 8
#define SINCE_8_NOEXCEPT noexcept
#else
#define SINCE_8_NOEXCEPT
#endif

class ShowingLogger : public nvinfer1::ILogger {
 public:
  void log(Severity severity, const char* message) SINCE_8_NOEXCEPT override {
    if (severity > Severity::kWARNING) return;
    if (severity <= Severity::kERROR) errors += std::string(message) + "\n";
    if (!quiet) std::fprintf(stderr, "%s\n", message);
  }
  std::string errors;
  bool quiet = false;
};
