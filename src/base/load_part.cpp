#include "base/load_part.h"

#include <cstdio>
#include <utility>

namespace ingot {
namespace {

using Clock = std::chrono::steady_clock;
constexpr double kLeastMs = 0.1;

double ms_between(Clock::time_point begin, Clock::time_point end) { return std::chrono::duration<double, std::milli>(end - begin).count(); }

Clock::time_point first_begin(Clock::time_point now) {
  static const Clock::time_point first = now;
  return first;
}

}  // namespace

void LoadPart::begin(std::string what) {
  what_ = std::move(what);
  begin_ = Clock::now();
  first_begin(begin_);
}

void LoadPart::print() const {
  const Clock::time_point now = Clock::now();
  const double ms = ms_between(begin_, now);
  if (ms < kLeastMs) return;
  char times[64];
  std::snprintf(times, sizeof times, "%8.2f + %8.2f ms  ", ms_between(first_begin(begin_), begin_), ms);
  debug("load", times + what_);
}

}  // namespace ingot
