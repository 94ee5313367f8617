// Regular expressions as ONNX's RegexFullMatch has them, for strings that are known when a model is read.
// Source: the syntax of RE2, without flags, word boundaries and classes of Unicode.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "base/result.h"

namespace ingot {

class Pattern {
 public:
  // An error names the part that is not understood.
  static Result<Pattern> parse(const std::string& text);
  // Whether the whole of `text` matches. All ways are followed at once, so that the time is at most length times size; `steps_left` counts
  // down, and below 0 is an error.
  Result<bool> matches(const std::string& text, int64_t* steps_left) const;

 private:
  friend class PatternParser;
  enum class Kind { kOneOf, kSplit, kJump, kAtStart, kAtEnd, kDone };
  struct Range {
    uint32_t first, last;
  };
  struct Set {
    std::vector<Range> ranges;
    bool inverted = false;
    bool has(uint32_t letter) const;
  };
  struct Step {
    Kind kind = Kind::kDone;
    size_t a = 0, b = 0;  // where it goes on; of kOneOf, a is the number of its set
  };
  std::vector<Set> sets_;
  std::vector<Step> steps_;
};

}  // namespace ingot
