#include "optimize/rewrite.h"

#include "operators/register.h"
#include "optimize/apply.h"

namespace ingot {

const char* name_of(Chapter chapter) {
  switch (chapter) {
    case Chapter::kSimplify: return "simplify";
    case Chapter::kRecognize: return "recognize";
    case Chapter::kMoveQuantization: return "move quantization";
    case Chapter::kComputeOnBytes: return "compute on bytes";
    case Chapter::kQuantizeInsideEpilogues: return "quantize inside epilogues";
    case Chapter::kStoreBytes: return "store bytes";
    case Chapter::kReadBytes: return "read bytes";
    case Chapter::kRecognizeSnaps: return "recognize snaps";
    case Chapter::kFoldIntoWeights: return "fold into weights";
    case Chapter::kFoldPadding: return "fold padding";
    case Chapter::kCancelMoves: return "cancel moves";
    case Chapter::kRecognizeAttention: return "recognize attention";
    case Chapter::kGrowEpilogues: return "grow epilogues";
    case Chapter::kLower: return "lower";
    case Chapter::kFusePointwise: return "fuse pointwise";
    case Chapter::kFuseCasts: return "fuse casts";
  }
  return "";
}

RewriteCatalogue& RewriteCatalogue::instance() {
  static RewriteCatalogue catalogue;
  return catalogue;
}

void RewriteCatalogue::add(Pass pass) { passes_.push_back(std::move(pass)); }
void RewriteCatalogue::add(Fusion fusion) { fusions_.push_back(std::move(fusion)); }

const Pass* RewriteCatalogue::find_pass(std::string_view name) const {
  for (const Pass& pass : passes_) {
    if (pass.name == name) return &pass;
  }
  return nullptr;
}

const Fusion* RewriteCatalogue::find_fusion(std::string_view name) const {
  for (const Fusion& fusion : fusions_) {
    if (fusion.name == name) return &fusion;
  }
  return nullptr;
}

// "lower_precision bf16" runs the pass under that option.
Result<bool> apply_rewrite(std::string_view name, Network& network) {
  register_all_operators();
  register_all_rewrites();
  OptimizeOptions options;
  const std::string_view rewrite = name.substr(0, name.find(' '));
  while (name.find(' ') != std::string_view::npos) {
    name = name.substr(name.find(' ') + 1);
    const std::string_view word = name.substr(0, name.find(' '));
    if (word == "half")
      options.allow_half = true;
    else if (word == "half_is_fast")
      options.half_is_fast = true;
    else if (word == "bf16")
      options.allow_bf16 = true;
    else if (word == "int8")
      options.allow_int8 = true;
    else if (word == "refittable")
      options.refittable = true;
    else if (word == "strongly_typed")
      options.strongly_typed = true;
    else
      return invalid("the option '" + std::string(word) + "' of a rewrite is unknown; half, bf16, int8, refittable and strongly_typed are");
  }
  const RewriteCatalogue& catalogue = RewriteCatalogue::instance();
  if (const Pass* pass = catalogue.find_pass(rewrite)) {
    TRY_ASSIGN(bool changed, pass->run(network, options));
    if (changed) network.remove_unused();
    return changed;
  }
  const Fusion* fusion = catalogue.find_fusion(rewrite);
  if (!fusion) return invalid("there is no pass or fusion '" + std::string(rewrite) + "'");
  TRY_ASSIGN(auto counts, apply_fusions(network, {fusion}));
  return !counts.empty();
}

}  // namespace ingot
