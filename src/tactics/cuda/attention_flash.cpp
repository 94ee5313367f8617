// cuda.attention_flash: attention of half and bf16 on tensor cores, whose scores never lie in memory.
#include <algorithm>

#include "tactics/cuda/attention_cores.h"

namespace ingot::cuda {
namespace {

constexpr int64_t kMostDepth = 128;

int64_t rounded_up(int64_t count) { return std::max<int64_t>(16, ceil_divide(count, 16) * 16); }

// Heads of this many numbers are read 16 bytes at a time.
Status fits(const AttentionParameters& p) {
  for (const int depth : {p.depth, p.value_depth})
    REQUIRES(depth % 8 == 0 && depth <= kMostDepth, "a head has " + std::to_string(depth) + " numbers");
  return Ok{};
}

struct FlashKernel final : Kernel {
  AttentionCores cores;

  Result<std::unique_ptr<Launch>> launch(const std::vector<Shape>& shapes, const std::vector<Shape>& outputs) const override {
    auto launch = cores.launch(shapes, outputs);
    const AttentionParameters& p = launch->geometry.parameters;
    // Heads whose size was not known before.
    if (!fits(p).ok()) return launch_by("cuda.attention", cores.problem, shapes, outputs);
    const bool tiles = cores.has_mask_tiles(*launch);
    // Small problems are spread over more blocks. A row's sums are the same in all of them.
    const int64_t heads = int64_t{p.batch} * p.heads;
    int warps = tiles ? 8 : 4;
    while (warps > 1 && ceil_divide(p.queries, 16 * warps) * heads < 2 * cores.device->multiprocessors()) warps /= 2;
    launch->rows = 16 * warps;
    launch->threads = 32 * warps;
    const int64_t depth = rounded_up(p.depth), values = rounded_up(p.value_depth), keys = std::max(depth, values) <= 64 ? 64 : 32;
    // As the kernel counts them, of 16 bytes.
    const int64_t packs = launch->rows * (std::max(depth, values) / 8 + 1) + 2 * keys * (depth / 8 + values / 8 + 2) +
                          (tiles ? 2 * launch->rows * (keys / 8 + 1) : 0);
    // Registers for 16 warps on a multiprocessor, where there is work for them.
    const int least_blocks = keys == 64 && warps >= 4 ? 16 / warps : 1;
    const std::string code =
        cores.code(*launch, {{"MIN_BLOCKS", least_blocks}, {"WARPS", warps}, {"DEPTH", depth}, {"VALUES", values}, {"KEYS", keys}});
    TRY_ASSIGN(launch->kernel, KernelFunction::make(*cores.device, kernel_source("attention_flash", code), "attention_flash",
                                                    static_cast<size_t>(packs) * 16));
    return std::unique_ptr<Launch>(std::move(launch));
  }
};

struct FlashAttention final : CudaTactic {
  std::string_view name() const override { return "cuda.attention_flash"; }
  Status accepts(const Problem& problem) const override {
    TRY_ASSIGN(const AttentionParameters p, accepts_attention_cores(problem));
    return fits(p);
  }
  std::vector<Formats> proposals(const Problem& problem) const override { return {linear_formats(problem)}; }
  Result<std::unique_ptr<Kernel>> prepare(const Problem& problem, const std::vector<PackedWeights>&) const override {
    auto kernel = std::make_unique<FlashKernel>();
    TRY_ASSIGN(kernel->cores, AttentionCores::make(problem));
    return std::unique_ptr<Kernel>(std::move(kernel));
  }
  std::optional<double> estimate_ms(const Problem& problem) const override { return 0.004 + input_elements(problem) * 1e-9; }
};

}  // namespace
}  // namespace ingot::cuda

namespace ingot {
TACTIC(cuda::FlashAttention, cuda, attention_flash)
}  // namespace ingot
