// INGOT_VERIFY=1: whether a rewrite keeps the values, on random inputs and by the references.
#pragma once

#include <optional>

#include "network/network.h"

namespace ingot {

class RewriteVerifier {
 public:
  // Off where INGOT_VERIFY is not set; an error where the network is not well formed.
  static Result<RewriteVerifier> start(const Network& network);
  // Compares the network after `rewrite` with what it was before; `tolerance` is relative to the largest value of each output.
  Status check(const Network& network, const std::string& rewrite, double tolerance);

 private:
  bool on_ = false;
  std::optional<Arrays> inputs_, outputs_;
};

}  // namespace ingot
