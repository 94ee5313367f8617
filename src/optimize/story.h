// Runs passes and fusions by name, and says on the way what each did.
#pragma once

#include <string>

#include "optimize/rewrite.h"
#include "optimize/verify.h"

namespace ingot {

class Story {
 public:
  static Result<Story> begin(Network& network, const OptimizeOptions& options);

  // Runs the pass; whether anything changed.
  Result<bool> pass(const char* name);
  // Applies the chapter's fusions together until none fits; whether any did.
  Result<bool> fuse(Chapter chapter);
  // Says with INGOT_DEBUG=passes what came of it.
  void end();
  // From here on values may move by this much, relative to the largest: a lower precision is meant to show.
  void allow_difference(double tolerance) { tolerance_ = tolerance; }

 private:
  Story(Network& network, const OptimizeOptions& options, RewriteVerifier verifier)
      : network_(network), options_(options), verifier_(std::move(verifier)) {}
  Result<bool> tell(const std::string& name, bool changed, const std::string& detail, size_t layers_before, double ms);
  void tell_reader(const std::string& name, bool changed, const std::string& detail, size_t layers_before, double ms);
  void tell_idle();
  void dump(const std::string& name);

  Network& network_;
  const OptimizeOptions& options_;
  RewriteVerifier verifier_;
  double tolerance_ = 1e-4;
  int step_ = 0;
  size_t layers_at_start_ = network_.layers().size();
  int told_ = 0;      // changes told so far
  std::string idle_;  // passes since the last one that changed nothing
  double idle_ms_ = 0;
};

}  // namespace ingot
