// Runs tactics on problems and compares them with the operator's reference, and bit for bit between thread counts.
#pragma once

#include <functional>
#include <random>
#include <string>
#include <vector>

#include "base/cpu_info.h"
#include "tactics/tactic.h"

namespace ingot::testing {

// |got - expected| <= absolute + relative * max |expected| over the output.
struct Tolerance {
  double relative = 0, absolute = 0;
};
// What one rounding to `type` costs, times a small factor: for outputs computed in float.
Tolerance usual_tolerance(DataType type);

struct Trial {
  const Operator* op = nullptr;
  Arrays inputs;                // without data where left out
  std::vector<bool> constants;  // by input; missing means no constant
  Tolerance tolerance;
  bool allow_tf32 = false;
  // How tactics see it. Bit 0: dims that are the same number are the same symbol; bit 1: tuned for the shapes that run, not for others;
  // bit 2: addresses a few elements off alignment, as many as the bits above say. 0 takes that of for_random_trials, else none of it.
  uint64_t variation = 0;
  int64_t most_elements = INT64_MAX;  // of an output; larger ones are refused
};

// A trial as a problem, with the reference's answer.
struct Asked {
  Problem problem;
  Arrays expected;
  std::string text;     // the problem in words
  std::string failure;  // inference and reference disagree
};
// An error where the operator refuses the inputs.
Result<Asked> ask(const Trial& trial);

struct Outcome {
  int ran = 0;           // proposals that ran
  std::string declined;  // why the last proposal that did not run was declined
  std::string failure;   // empty where all that ran were right
};
// Tries every proposal of the tactic (or only `formats`, where given).
Outcome check(const Tactic& tactic, const Trial& trial, const Asked& asked, const std::vector<Tactic::Formats>* formats = nullptr);
Outcome check(const Tactic& tactic, const Trial& trial, const std::vector<Tactic::Formats>* formats = nullptr);

// Elements in the order of a format, padding zero; and back. Slow loops, independent of the library's own reformats.
std::vector<std::byte> stored(const Array& array, Format format);
Array loaded(const std::vector<std::byte>& bytes, DataType type, const Shape& shape, Format format);

// The levels that this machine has, weakest first.
std::vector<Isa> isa_levels();

// Random problems. Every failure message carries the seed.
class Random {
 public:
  explicit Random(uint64_t seed) : engine_(seed) {}
  int64_t between(int64_t least, int64_t most) { return std::uniform_int_distribution<int64_t>(least, most)(engine_); }
  double real(double least, double most) { return std::uniform_real_distribution<double>(least, most)(engine_); }
  bool chance(double p) { return real(0, 1) < p; }
  template <class T>
  const T& one_of(const std::vector<T>& values) {
    return values[static_cast<size_t>(between(0, static_cast<int64_t>(values.size()) - 1))];
  }
  template <class T>
  T pick(std::initializer_list<T> values) {
    return values.begin()[between(0, static_cast<int64_t>(values.size()) - 1)];
  }
  Shape shape(int64_t rank, int64_t most);
  Array array(DataType type, const Shape& shape, double least = -2, double most = 2);
  std::vector<int64_t> permutation(int64_t count);

 private:
  std::mt19937_64 engine_;
};

// `usual` times INGOT_TEST_TIMES, which asks for a longer run.
int test_cases(int usual);
// Calls body(random) `count` times (times INGOT_TEST_TIMES) for each instruction set, and reports the seed of the first failing call. body
// returns "" where right. `levels` picks the instruction sets; by default those up to AVX-512, for kernels that need no more.
void for_random_trials(int count, const std::function<std::string(Random&)>& body, const std::vector<Isa>* levels = nullptr);

// Runs the tactic of that name on the trial and demands that at least one proposal ran; then all other tactics that take it.
std::string run_trial(std::string_view tactic, const Trial& trial);
// The same where the tactic may decline; `ran` counts proposals that ran.
std::string try_trial(std::string_view tactic, const Trial& trial, int* ran = nullptr);

}  // namespace ingot::testing
