// Errors of one import: reading goes on behind an error, so that several are told at once.
#pragma once

#include <string>
#include <vector>

#include "base/result.h"

namespace ingot {

class ErrorList {
 public:
  // `name` is what messages call the model.
  explicit ErrorList(std::string name, size_t most = 100) : name_(std::move(name)), most_(most) {}

  const std::string& name() const { return name_; }
  bool empty() const { return errors_.empty(); }
  // No more are taken, and what lies behind is not looked at.
  bool full() const { return errors_.size() >= most_; }
  size_t size() const { return errors_.size(); }
  const std::vector<Error>& all() const { return errors_; }

  void add(Error error) {
    if (full()) return;
    error.message = name_ + ": " + error.message;
    errors_.push_back(std::move(error));
  }

  // One error speaks for itself; several become a list.
  Status status() const {
    if (errors_.empty()) return Ok{};
    if (errors_.size() == 1) return errors_[0];
    constexpr size_t kShown = 20;
    std::string text = name_ + ": " + std::to_string(errors_.size()) + " errors";
    for (size_t i = 0; i < errors_.size() && i < kShown; ++i) text += "\n  " + errors_[i].message;
    if (errors_.size() > kShown) text += "\n  and " + std::to_string(errors_.size() - kShown) + " more";
    return Error{errors_[0].code, text};
  }

 private:
  std::string name_;
  size_t most_;
  std::vector<Error> errors_;
};

}  // namespace ingot
