// usage: bench_kernels [--threads N] [--ms N] [--type float|bf16|int8] [--tactic PART] [CASE_PART]
// Runs every tactic that takes a layer of ResNet-50, MobileNetV2, BERT-base or ViT-B/16 and prints its best time, GFLOP/s and the part of
// the machine's peak. One thread is timed by the CPU time it got, more by the clock. The peak is what a tile kernel reaches on operands in
// the first-level cache.
#include <algorithm>
#include <chrono>
#include <cmath>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <ctime>
#include <random>
#include <string>

#include "operators/convolution.h"
#include "operators/matmul.h"
#include "operators/register.h"
#include "tactics/cpu/tile_kernel.h"
#include "tactics/tactic.h"

namespace ingot {
namespace {

using Clock = std::chrono::steady_clock;
// Of this thread alone, so that other programs on a shared machine count only through the caches.
double cpu_seconds() {
  timespec now;
  clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
  return static_cast<double>(now.tv_sec) + 1e-9 * static_cast<double>(now.tv_nsec);
}
double seconds_since(Clock::time_point start) { return std::chrono::duration<double>(Clock::now() - start).count(); }

struct Case {
  std::string name;
  std::unique_ptr<Operator> op;
  Shape x, w, y;
  bool has_residual = false, has_bias = true;
  double operations = 0;  // multiplications and additions
};

Case convolution(std::string name, int64_t batch, int64_t channels, int64_t outputs, int64_t size, int64_t kernel, int64_t stride,
                 int64_t groups = 1, bool residual = false) {
  auto op = std::make_unique<Convolution>();
  op->strides = {stride, stride};
  op->pads_begin = op->pads_end = {kernel / 2, kernel / 2};
  op->groups = groups;
  op->epilogue = *Expression::parse(residual ? "relu(add(x0, x1))" : "relu(x0)");
  const int64_t out = (size + 2 * (kernel / 2) - kernel) / stride + 1;
  Case made{
      std::move(name), nullptr, {batch, channels, size, size}, {outputs, channels / groups, kernel, kernel}, {batch, outputs, out, out},
      residual};
  made.operations = 2.0 * static_cast<double>(batch * outputs * out * out * (channels / groups) * kernel * kernel);
  made.op = std::move(op);
  return made;
}

Case matmul(std::string name, int64_t m, int64_t k, int64_t n, const char* epilogue = "") {
  auto op = std::make_unique<MatMul>();
  op->epilogue = *Expression::parse(epilogue);
  Case made{std::move(name), nullptr, {m, k}, {k, n}, {m, n}, std::strstr(epilogue, "x1") != nullptr};
  made.operations = 2.0 * static_cast<double>(m * k * n);
  made.op = std::move(op);
  return made;
}

std::vector<Case> cases() {
  std::vector<Case> all;
  auto add = [&](Case made) { all.push_back(std::move(made)); };
  add(convolution("resnet50 stem 7x7/2", 1, 3, 64, 224, 7, 2));
  add(convolution("resnet50 1x1 64-64@56", 1, 64, 64, 56, 1, 1));
  add(convolution("resnet50 3x3 64@56", 1, 64, 64, 56, 3, 1));
  add(convolution("resnet50 1x1 64-256@56 +res", 1, 64, 256, 56, 1, 1, 1, true));
  add(convolution("resnet50 1x1 256-64@56", 1, 256, 64, 56, 1, 1));
  add(convolution("resnet50 3x3 128@56/2", 1, 128, 128, 56, 3, 2));
  add(convolution("resnet50 1x1 256-512@56/2", 1, 256, 512, 56, 1, 2));
  add(convolution("resnet50 3x3 128@28", 1, 128, 128, 28, 3, 1));
  add(convolution("resnet50 1x1 128-512@28 +res", 1, 128, 512, 28, 1, 1, 1, true));
  add(convolution("resnet50 1x1 512-128@28", 1, 512, 128, 28, 1, 1));
  add(convolution("resnet50 3x3 256@14", 1, 256, 256, 14, 3, 1));
  add(convolution("resnet50 1x1 1024-256@14", 1, 1024, 256, 14, 1, 1));
  add(convolution("resnet50 1x1 256-1024@14 +res", 1, 256, 1024, 14, 1, 1, 1, true));
  add(convolution("resnet50 3x3 512@7", 1, 512, 512, 7, 3, 1));
  add(convolution("resnet50 1x1 2048-512@7", 1, 2048, 512, 7, 1, 1));
  add(convolution("resnet50 1x1 512-2048@7 +res", 1, 512, 2048, 7, 1, 1, 1, true));
  add(matmul("resnet50 fc 1x2048x1000", 1, 2048, 1000));
  add(convolution("mobilenet stem 3x3/2", 1, 3, 32, 224, 3, 2));
  add(convolution("mobilenet dw 32@112", 1, 32, 32, 112, 3, 1, 32));
  add(convolution("mobilenet 1x1 32-16@112", 1, 32, 16, 112, 1, 1));
  add(convolution("mobilenet 1x1 16-96@112", 1, 16, 96, 112, 1, 1));
  add(convolution("mobilenet dw 96@112/2", 1, 96, 96, 112, 3, 2, 96));
  add(convolution("mobilenet 1x1 24-144@56", 1, 24, 144, 56, 1, 1));
  add(convolution("mobilenet dw 144@56", 1, 144, 144, 56, 3, 1, 144));
  add(convolution("mobilenet 1x1 144-24@56", 1, 144, 24, 56, 1, 1));
  add(convolution("mobilenet dw 192@28", 1, 192, 192, 28, 3, 1, 192));
  add(convolution("mobilenet 1x1 64-384@14", 1, 64, 384, 14, 1, 1));
  add(convolution("mobilenet dw 384@14", 1, 384, 384, 14, 3, 1, 384));
  add(convolution("mobilenet dw 960@7", 1, 960, 960, 7, 3, 1, 960));
  add(convolution("mobilenet 1x1 320-1280@7", 1, 320, 1280, 7, 1, 1));
  add(convolution("efficientnet dw5 240@28", 1, 240, 240, 28, 5, 1, 240));
  add(matmul("bert 128x768x768", 128, 768, 768));
  add(matmul("bert 128x768x2304", 128, 768, 2304));
  add(matmul("bert 128x768x3072 gelu", 128, 768, 3072, "gelu(x0)"));
  add(matmul("bert 128x3072x768 +res", 128, 3072, 768, "add(x0, x1)"));
  add(matmul("bert b8 1024x768x3072 gelu", 1024, 768, 3072, "gelu(x0)"));
  add(matmul("bert b8 1024x3072x768 +res", 1024, 3072, 768, "add(x0, x1)"));
  add(matmul("vit 197x768x3072 gelu", 197, 768, 3072, "gelu(x0)"));
  add(matmul("gemv 1x768x3072", 1, 768, 3072));
  add(matmul("gemm 512^3", 512, 512, 512));
  return all;
}

Array random_array(DataType type, const Shape& shape) {
  static std::mt19937 engine(7);
  Array array = *Array::make(type, shape);
  array.mutable_data();
  for (int64_t i = 0; i < array.count(); ++i) {
    const double x = static_cast<double>(engine() % 2001) / 1000 - 1;
    array.set_number(i, type == DataType::kInt8 ? std::round(x * 100) : x);
  }
  return array;
}

// Multiplications and additions a second of one thread, operands in L1.
double peak(Product product) {
  const TileKernel kernel = tile_kernel(product, current_isa());
  constexpr int64_t kDepth = 192;
  const int64_t k = kDepth * unit_of(product);
  std::vector<std::byte> a(static_cast<size_t>(12 * kDepth * 4)), c(12 * 128);
  std::shared_ptr<void> b(std::aligned_alloc(64, kDepth * 128), std::free);
  std::memset(b.get(), 0, kDepth * 128);
  std::vector<float> ones(32, 1.0f);
  std::vector<int32_t> none(32, 0);
  Finish finish;
  finish.bias = finish.scale = ones.data();
  if (product == Product::kFloat || product == Product::kBf16) finish.scale = nullptr;
  finish.compensation = none.data();
  const void* rows[12];
  void* outputs[12];
  for (int m = 0; m < 12; ++m) {
    rows[m] = a.data() + m * kDepth * 4;
    outputs[m] = c.data() + m * 128;
  }
  const Tile tile{rows, 12, 1, 0, k, b.get(), 128, outputs, nullptr, 0, 0, std::min(12, kernel.most_rows), 32, &finish};
  double best = 1e9;
  for (int r = 0; r < 50; ++r) {
    const auto start = Clock::now();
    if (kernel.begin) kernel.begin();
    for (int i = 0; i < 200; ++i) kernel.run(tile);
    if (kernel.end) kernel.end();
    best = std::min(best, seconds_since(start) / 200);
  }
  return 2.0 * tile.rows * 32 * static_cast<double>(k) / best;
}

struct Options {
  int threads = 1;
  double ms = 60;
  std::string type, tactic, name;
};

void run_case(Case& layer, DataType type, double peak_rate, const Options& options, ThreadPool& pool) {
  const bool is_int8 = type == DataType::kInt8;
  if (is_int8) {
    auto set = [&](EpilogueFields& fields, int64_t channels) {
      fields.input_scale = 0.01;
      fields.weight_scales.assign(static_cast<size_t>(channels), 0.01);
      fields.output_scale = 0.05;
      fields.residual_scale = layer.has_residual ? 0.05 : 0;
      fields.to = type;
    };
    if (auto* op = dynamic_cast<Convolution*>(layer.op.get())) set(*op, layer.w[0]);
    if (auto* op = dynamic_cast<MatMul*>(layer.op.get())) set(*op, layer.w[1]);
  }
  const int64_t channels = layer.y.size() == 2 ? layer.y[1] : layer.y[1];
  Problem problem;
  problem.op = layer.op.get();
  const Array weights = random_array(type, layer.w), bias = random_array(DataType::kFloat, {channels});
  problem.inputs = {{type, to_dims(layer.x)}, {type, to_dims(layer.w)}, {DataType::kFloat, {channels}}, {type, to_dims(layer.y)}};
  problem.outputs = {{type, to_dims(layer.y)}};
  problem.constants = {Array(), weights, bias, Array()};
  problem.present = {true, true, true, layer.has_residual};
  problem.opt_inputs = {layer.x, layer.w, {channels}, layer.y};
  if (!layer.has_residual) {
    problem.inputs.pop_back();
    problem.constants.pop_back();
    problem.present.pop_back();
    problem.opt_inputs.pop_back();
  }
  for (const Tactic* tactic : TacticCatalogue::instance().all()) {
    if (tactic->name().starts_with("reference")) continue;
    if (!options.tactic.empty() && tactic->name().find(options.tactic) == std::string_view::npos) continue;
    for (const auto& formats : tactic->proposals(problem)) {
      problem.input_formats = formats.inputs;
      problem.output_formats = formats.outputs;
      if (!tactic->accepts(problem).ok()) continue;
      auto packed = tactic->pack(problem);
      if (!packed.ok()) {
        std::printf("%s: %s\n", std::string(tactic->name()).c_str(), packed.error().message.c_str());
        continue;
      }
      auto kernel = tactic->prepare(problem, *packed);
      if (!kernel.ok()) {
        std::printf("%s: %s\n", std::string(tactic->name()).c_str(), kernel.error().message.c_str());
        continue;
      }
      auto launch = (*kernel)->launch(problem.opt_inputs, {layer.y});
      if (!launch.ok()) continue;
      const Array x = random_array(type, layer.x), residual = random_array(type, layer.y);
      Array y = *Array::make(type, layer.y);
      std::shared_ptr<void> workspace(std::aligned_alloc(64, (*launch)->workspace_bytes() + 64), std::free);
      const void* inputs[] = {x.data(), nullptr, nullptr, residual.data()};
      void* outputs[] = {y.mutable_data()};
      const RunArguments arguments{inputs, outputs, workspace.get(), &pool, {}};
      double best = 1e9;
      const auto start = Clock::now();
      do {
        const auto once = Clock::now();
        const double cpu = cpu_seconds();
        if (!(*launch)->run(arguments).ok()) return;
        best = std::min(best, options.threads == 1 ? cpu_seconds() - cpu : seconds_since(once));
      } while (seconds_since(start) * 1e3 < options.ms);
      std::printf("%-32s %-5s %-26s %-9s %9.1f us %8.1f GFLOP/s %5.1f%%\n", layer.name.c_str(), std::string(name_of(type)).c_str(),
                  std::string(tactic->name()).c_str(),
                  formats.inputs[0] == Format::kLinear ? "linear"
                  : formats.inputs[0] == Format::kC16  ? "c16"
                                                       : "last",
                  best * 1e6, layer.operations / best * 1e-9, 100 * layer.operations / best / peak_rate / options.threads);
    }
  }
}

int run(int argc, char** argv) {
  Options options;
  for (int i = 1; i < argc; ++i) {
    const std::string word = argv[i];
    const bool has_value = i + 1 < argc;
    if (word == "--threads" && has_value)
      options.threads = std::atoi(argv[++i]);
    else if (word == "--ms" && has_value)
      options.ms = std::atof(argv[++i]);
    else if (word == "--type" && has_value)
      options.type = argv[++i];
    else if (word == "--tactic" && has_value)
      options.tactic = argv[++i];
    else if (word.starts_with("-")) {
      std::printf("usage: bench_kernels [--threads N] [--ms N] [--type float|bf16|int8] [--tactic PART] [CASE_PART]\n");
      return 2;
    } else
      options.name = word;
  }
  register_all_operators();
  register_all_tactics();
  ThreadPool pool(options.threads);
  std::printf("%s, %s, %d threads\n", cpu_name().c_str(), std::string(name_of(current_isa())).c_str(), options.threads);
  for (auto [type, product] :
       {std::pair{DataType::kFloat, Product::kFloat}, {DataType::kBf16, Product::kBf16}, {DataType::kInt8, Product::kInt8}}) {
    if (!options.type.empty() && options.type != name_of(type)) continue;
    const double rate = peak(product);
    std::printf("%s: %.1f GFLOP/s a thread at best\n", std::string(name_of(type)).c_str(), rate * 1e-9);
    for (Case& layer : cases()) {
      if (layer.name.find(options.name) != std::string::npos) run_case(layer, type, rate, options, pool);
    }
  }
  return 0;
}

}  // namespace
}  // namespace ingot

int main(int argc, char** argv) { return ingot::run(argc, argv); }
