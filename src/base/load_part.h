// Where the time of a load goes, for INGOT_DEBUG=load.
#pragma once

#include <chrono>
#include <string>

#include "base/log.h"

namespace ingot {

// While it lives, a part of a load runs. In the end it prints when the part began, counted from the first one of the process, and how long
// it took, where that is a tenth of a millisecond or more.
class LoadPart {
 public:
  explicit LoadPart(std::string what) : is_shown_(debug_enabled("load")) {
    if (is_shown_) begin(std::move(what));
  }
  ~LoadPart() {
    if (is_shown_) print();
  }
  LoadPart(const LoadPart&) = delete;
  LoadPart& operator=(const LoadPart&) = delete;

 private:
  void begin(std::string what);
  void print() const;

  bool is_shown_;
  std::string what_;
  std::chrono::steady_clock::time_point begin_;
};

}  // namespace ingot
