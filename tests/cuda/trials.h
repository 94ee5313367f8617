// Random problems for the GPU's tactics: few on the emulated GPU, more on a real one.
#pragma once

#include <gtest/gtest.h>

#include <cstdlib>
#include <functional>
#include <string>

#include "device/device.h"
#include "tactic_check.h"

namespace ingot::testing {

// How many problems: a real GPU takes more.
inline int trials() {
  static const bool emulated = [] {
    auto device = cuda_device(-1);
    return device.ok() && (*device)->description().find("Emulated") != std::string::npos;
  }();
  return emulated ? 4 : 60;
}

// Calls body(random) for each seed; body returns "" where right.
inline void for_seeds(const std::function<std::string(Random&)>& body) {
  auto device = cuda_device(-1);
  const char* wish = std::getenv("INGOT_DEVICE");
  ASSERT_TRUE(device.ok() || !wish || std::string(wish) != "cuda") << device.error().message;
  if (!device.ok()) GTEST_SKIP() << device.error().message;
  for (int seed = 0; seed < trials(); ++seed) {
    Random random(static_cast<uint64_t>(seed));
    const std::string failure = body(random);
    ASSERT_TRUE(failure.empty()) << "seed " << seed << ": " << failure;
  }
}

inline DataType random_float(Random& random) { return random.pick({DataType::kFloat, DataType::kFloat, DataType::kHalf, DataType::kBf16}); }

}  // namespace ingot::testing
