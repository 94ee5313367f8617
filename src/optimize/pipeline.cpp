#include <chrono>

#include "operators/register.h"
#include "optimize/story.h"

namespace ingot {
namespace {

// What is known at build time is computed at build time, and detours are cut short. Each round may let the next one see more.
Status tidy(Story& story) {
  for (int round = 0; round < 4; ++round) {
    TRY_ASSIGN(bool folded, story.pass("fold_constants"));
    TRY_ASSIGN(bool known, story.pass("fold_known_values"));
    TRY_ASSIGN(bool absorbed, story.pass("absorb_dims"));
    TRY(story.pass("remove_unused"));
    TRY(story.pass("merge_common_layers"));
    TRY_ASSIGN(bool simplified, story.fuse("simplify", {"remove_identities", "normalize_reshapes", "cancel_reshapes", "cancel_transposes",
                                                        "cancel_casts"}));
    if (!folded && !known && !absorbed && !simplified) break;
  }
  return Ok{};
}

Status tell_story(Network& network, const OptimizeOptions& options) {
  TRY_ASSIGN(Story story, Story::begin(network, options));
  TRY(tidy(story));
  return Ok{};
}

}  // namespace

Status optimize(Network& network, const OptimizeOptions& options) {
  register_all_operators();
  register_all_rewrites();
  return tell_story(network, options).within("optimize");
}

}  // namespace ingot
