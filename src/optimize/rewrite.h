// Passes rewrite the whole network; fusions are local rewrites that a pass applies to a fixed point.
#pragma once

#include <functional>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "base/log.h"
#include "network/network.h"

namespace ingot {

struct OptimizeOptions {
  bool refittable = false;  // keep original weights: nothing folds them
  bool strongly_typed = false;
  bool allow_half = false, allow_bf16 = false, allow_int8 = false;
  bool half_is_fast = false;  // on the device at hand: products run in half where it is allowed
  bool strict_nans = false;
  Log* log = nullptr;
};

struct Pass {
  std::string name;
  // Whether anything changed.
  std::function<Result<bool>(Network&, const OptimizeOptions&)> run;
};

// The groups of fusions in pipeline.cpp: those of a chapter are applied together until none fits. A fusion says in its own file where it
// belongs, in one chapter or several.
enum class Chapter {
  kSimplify,
  kRecognize,
  kMoveQuantization,
  kComputeOnBytes,
  kQuantizeInsideEpilogues,
  kStoreBytes,
  kReadBytes,
  kRecognizeSnaps,
  kFoldIntoWeights,
  kFoldPadding,
  kCancelMoves,
  kRecognizeAttention,
  kGrowEpilogues,
  kLower,
  kFusePointwise,
  kFuseCasts,
};
const char* name_of(Chapter chapter);

// A fusion looks at one layer as the root of its pattern; returns the tensor that takes the place of the root's output, or null where
// it does not apply. Layers that fall out of use are removed afterwards.
struct Fusion {
  std::string name;
  std::vector<Chapter> chapters;
  std::function<Result<Tensor*>(Layer& root, Network& network)> apply;
};

class RewriteCatalogue {
 public:
  static RewriteCatalogue& instance();
  void add(Pass pass);
  void add(Fusion fusion);
  const Pass* find_pass(std::string_view name) const;
  const Fusion* find_fusion(std::string_view name) const;
  const std::vector<Fusion>& fusions() const { return fusions_; }

 private:
  std::vector<Pass> passes_;
  std::vector<Fusion> fusions_;
};
void register_all_rewrites();

// The story of an optimization, top to bottom; in pipeline.cpp. Honours INGOT_DISABLE, INGOT_DEBUG=passes, INGOT_VERIFY, INGOT_DUMP.
Status optimize(Network& network, const OptimizeOptions& options);
// Applies the one pass or fusion `name`; whether anything changed.
Result<bool> apply_rewrite(std::string_view name, Network& network);

}  // namespace ingot
