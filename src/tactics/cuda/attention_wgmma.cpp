// cuda.attention_wgmma: attention of half and bf16 by the warp groups of sm_90a, for heads of 64 numbers.
#include "tactics/cuda/attention_cores.h"

namespace ingot::cuda {
namespace {

constexpr int kDepth = 64, kKeys = 128, kRows = 64;
constexpr int64_t kAlignment = 1024;  // of the tiles in shared memory

Status fits(const AttentionParameters& p) {
  for (const int depth : {p.depth, p.value_depth}) REQUIRES(depth == kDepth, "a head has " + std::to_string(depth) + " numbers");
  return Ok{};
}

struct WgmmaKernel final : Kernel {
  AttentionCores cores;

  Result<std::unique_ptr<Launch>> launch(const std::vector<Shape>& shapes, const std::vector<Shape>& outputs) const override {
    auto launch = cores.launch(shapes, outputs);
    const AttentionParameters& p = launch->geometry.parameters;
    // Heads whose size was not known before.
    if (!fits(p).ok()) return launch_by("cuda.attention", cores.problem, shapes, outputs);
    launch->rows = kRows;
    launch->threads = 128;
    const bool tiles = cores.has_mask_tiles(*launch);
    const int stages = p.keys <= kKeys ? 1 : 2;
    // As the kernel counts them, of 16 bytes.
    const int64_t packs = (kRows + 2 * stages * kKeys) * (kDepth / 8) + (tiles ? stages * kRows * (kKeys / 8 + 1) : 0);
    const std::string code = cores.code(
        *launch, {{"MIN_BLOCKS", 5 - stages - tiles}, {"STAGES", stages}, {"DEPTH", kDepth}, {"VALUES", kDepth}, {"KEYS", kKeys}});
    TRY_ASSIGN(launch->kernel,
               KernelFunction::make(*cores.device, kernel_source("attention_wgmma", std::string(kernel_text("warp_group")) + code),
                                    "attention_wgmma", static_cast<size_t>(packs * 16 + kAlignment)));
    return std::unique_ptr<Launch>(std::move(launch));
  }
};

struct WgmmaAttention final : CudaTactic {
  std::string_view name() const override { return "cuda.attention_wgmma"; }
  Status accepts(const Problem& problem) const override {
    TRY_ASSIGN(const AttentionParameters p, accepts_attention_cores(problem));
    TRY_ASSIGN(const CudaDevice* device, device_of(problem));
    REQUIRES(device->architecture() == "sm_90a", "the GPU is of " + device->architecture());
    return fits(p);
  }
  std::vector<Formats> proposals(const Problem& problem) const override { return {linear_formats(problem)}; }
  Result<std::unique_ptr<Kernel>> prepare(const Problem& problem, const std::vector<PackedWeights>&) const override {
    auto kernel = std::make_unique<WgmmaKernel>();
    TRY_ASSIGN(kernel->cores, AttentionCores::make(problem));
    return std::unique_ptr<Kernel>(std::move(kernel));
  }
  std::optional<double> estimate_ms(const Problem& problem) const override { return 0.0035 + input_elements(problem) * 8e-10; }
};

}  // namespace
}  // namespace ingot::cuda

namespace ingot {
TACTIC(cuda::WgmmaAttention, cuda, attention_wgmma)
}  // namespace ingot
