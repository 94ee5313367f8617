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
    TRY_ASSIGN(bool simplified, story.fuse(Chapter::kSimplify));
    if (!folded && !known && !absorbed && !simplified) break;
  }
  return Ok{};
}

// A few roundings to bf16 or int8, relative to the largest value.
constexpr double kLowPrecisionDifference = 0.05;

// Quantize goes up and dequantize down to the layers that absorb them: those then read, multiply and store bytes.
Status compute_on_bytes(Story& story) {
  TRY(story.fuse(Chapter::kMoveQuantization));
  TRY_ASSIGN(const bool any, story.fuse(Chapter::kComputeOnBytes));
  if (!any) return Ok{};
  // A value near the middle between two steps may round to the other one.
  story.allow_difference(kLowPrecisionDifference);
  TRY(story.fuse(Chapter::kQuantizeInsideEpilogues));
  TRY(story.fuse(Chapter::kStoreBytes));
  TRY(story.fuse(Chapter::kReadBytes));
  return Ok{};
}

Status tell_story(Network& network, const OptimizeOptions& options) {
  TRY_ASSIGN(Story story, Story::begin(network, options));
  TRY(story.pass("inline_if_known"));
  TRY(tidy(story));

  // What exporters write in pieces is one layer again.
  TRY(story.fuse(Chapter::kRecognize));

  // The rest of what only stands for other operators.
  TRY(story.pass("decompose"));
  TRY(tidy(story));

  // Layers between dequantize and quantize compute on bytes.
  TRY(compute_on_bytes(story));
  TRY(story.fuse(Chapter::kRecognizeSnaps));
  TRY(tidy(story));

  // Factors and sums go into the weights, where they cost nothing; reshapes and transposes meet and cancel behind them.
  if (!options.refittable) {
    TRY(story.fuse(Chapter::kFoldIntoWeights));
  }
  TRY(story.fuse(Chapter::kFoldPadding));
  TRY(story.fuse(Chapter::kCancelMoves));
  TRY(story.fuse(Chapter::kRecognizeAttention));
  TRY(tidy(story));

  // What follows a product is done on its result while that is at hand.
  TRY(story.fuse(Chapter::kGrowEpilogues));
  TRY_ASSIGN(const bool by_ranges, story.pass("quantize_by_ranges"));
  if (by_ranges) {
    TRY(compute_on_bytes(story));
    TRY(story.fuse(Chapter::kRecognizeSnaps));
    TRY(story.pass("fold_constants"));
  }
  // Between bytes and floats that nothing absorbed, chains of functions convert on the way.
  TRY(story.pass("split_dequantize"));
  TRY(story.fuse(Chapter::kLower));
  TRY(story.fuse(Chapter::kFusePointwise));

  // What is left is what runs, in the types that the user allows.
  story.allow_difference(kLowPrecisionDifference);
  TRY_ASSIGN(const bool lowered, story.pass("lower_precision"));
  if (lowered) TRY(story.fuse(Chapter::kFuseCasts));
  story.end();
  return Ok{};
}

}  // namespace

Status optimize(Network& network, const OptimizeOptions& options) {
  register_all_operators();
  register_all_rewrites();
  return tell_story(network, options).within("optimize");
}

}  // namespace ingot
