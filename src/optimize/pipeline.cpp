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
                                                        "cancel_casts", "simplify_moves", "simplify_slices"}));
    if (!folded && !known && !absorbed && !simplified) break;
  }
  return Ok{};
}

// A few roundings to bf16 or int8, relative to the largest value.
constexpr double kLowPrecisionDifference = 0.05;

// Quantize goes up and dequantize down to the layers that absorb them: those then read, multiply and store bytes.
Status compute_on_bytes(Story& story) {
  TRY(story.fuse("move quantization", {"sink_dequantize", "hoist_quantize", "cancel_quantization"}));
  TRY_ASSIGN(const bool any,
             story.fuse("compute on bytes", {"absorb_dequantize", "sink_dequantize", "absorb_scales", "cancel_quantization"}));
  if (!any) return Ok{};
  // A value near the middle between two steps may round to the other one.
  story.allow_difference(kLowPrecisionDifference);
  TRY(story.fuse("quantize inside epilogues", {"snap_into_product", "fuse_activation_into_product", "fuse_residual_into_product"}));
  TRY(story.fuse("store bytes", {"absorb_quantize", "hoist_quantize", "absorb_scales", "cancel_quantization"}));
  TRY(story.fuse("read bytes", {"absorb_dequantize", "sink_dequantize", "absorb_scales", "cancel_quantization"}));
  return Ok{};
}

Status tell_story(Network& network, const OptimizeOptions& options) {
  TRY_ASSIGN(Story story, Story::begin(network, options));
  TRY(story.pass("inline_if_known"));
  TRY(tidy(story));

  // What exporters write in pieces is one layer again.
  TRY(story.fuse("recognize", {"lower_scale", "recognize_softplus", "recognize_gelu", "recognize_silu", "recognize_mish",
                               "recognize_hard_sigmoid", "recognize_hard_swish", "recognize_softmax", "recognize_normalization"}));

  // The rest of what only stands for other operators.
  TRY(story.pass("decompose"));
  TRY(tidy(story));

  // Layers between dequantize and quantize compute on bytes.
  TRY(compute_on_bytes(story));
  TRY(story.fuse("recognize snaps", {"recognize_snap", "cancel_snaps"}));
  TRY(tidy(story));

  // Factors and sums go into the weights, where they cost nothing; reshapes and transposes meet and cancel behind them.
  if (!options.refittable) {
    TRY(story.fuse("fold into weights", {"fold_scale_into_product", "fold_bias_into_product", "fold_scale_into_normalization"}));
  }
  TRY(story.fuse("fold padding", {"fold_pad_into_window"}));
  TRY(story.fuse("cancel moves",
                 {"sink_moves", "hoist_slices", "simplify_moves", "cancel_reshapes", "cancel_transposes", "remove_identities"}));
  TRY(story.fuse("recognize attention",
                 {"recognize_attention", "fold_scale_into_attention", "join_heads_of_attention", "pack_attention", "sink_moves",
                  "hoist_slices", "simplify_moves", "cancel_reshapes", "cancel_transposes", "remove_identities"}));
  TRY(tidy(story));

  // What follows a product is done on its result while that is at hand.
  TRY(story.fuse("grow epilogues", {"fuse_activation_into_product", "fuse_residual_into_product"}));
  TRY_ASSIGN(const bool by_ranges, story.pass("quantize_by_ranges"));
  if (by_ranges) {
    TRY(compute_on_bytes(story));
    TRY(story.fuse("recognize snaps", {"recognize_snap", "cancel_snaps"}));
    TRY(story.pass("fold_constants"));
  }
  // Between bytes and floats that nothing absorbed, chains of functions convert on the way.
  TRY(story.pass("split_dequantize"));
  TRY(story.fuse("lower quantization", {"lower_quantize"}));
  TRY(story.fuse("fuse pointwise", {"fuse_pointwise"}));

  // What is left is what runs, in the types that the user allows.
  story.allow_difference(kLowPrecisionDifference);
  TRY_ASSIGN(const bool lowered, story.pass("lower_precision"));
  if (lowered) TRY(story.fuse("fuse casts", {"cancel_casts", "fuse_pointwise"}));
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
