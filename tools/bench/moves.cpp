// usage: bench_moves [--threads N] [--ms N] [--tactic PART] [CASE_PART]
// Runs every tactic that takes one of the layers below, which move more bytes than they compute, and prints its best time and GB/s
// (inputs read once, outputs written once) beside what a copy of the same bytes reaches.
#include <algorithm>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <string>

#include "base/cpu_info.h"
#include "network/random_inputs.h"
#include "operators/register.h"
#include "tactics/tactic.h"

namespace ingot {
namespace {

using Clock = std::chrono::steady_clock;
double seconds_since(Clock::time_point start) { return std::chrono::duration<double>(Clock::now() - start).count(); }

struct Case {
  const char* name;
  const char* network;
};

constexpr Case kCases[] = {
    {"dynamic quantize fp8 64x4096 by 32",
     "input x [64, 4096]\ny, s = dynamic_quantize(x) block=[1, 32] scale_type=e8m0\noutput y\noutput s\n"},
    {"dynamic quantize fp8 1024x4096 by 32",
     "input x [1024, 4096]\ny, s = dynamic_quantize(x) block=[1, 32] scale_type=e8m0\noutput y\noutput s\n"},
    {"dynamic quantize fp4 1024x4096 by 16",
     "input x [1024, 4096]\ny, s = dynamic_quantize(x) block=[1, 16] to=fp4 scale_type=fp8\noutput y\noutput s\n"},
    {"dynamic quantize int8 1024x4096 by row",
     "input x [1024, 4096]\ny, s = dynamic_quantize(x) block=[1, -1] to=int8\noutput y\noutput s\n"},
    {"relu 8x64x56x56", "input x [8, 64, 56, 56]\ny = relu(x)\noutput y\n"},
    {"relu bf16 8x64x56x56", "input x bf16 [8, 64, 56, 56]\ny = relu(x)\noutput y\n"},
    {"add+relu 8x256x56x56",
     "input x [8, 256, 56, 56]\ninput z [8, 256, 56, 56]\ny = pointwise(x, z) expression=\"relu(add(x0, x1))\"\noutput y\n"},
    {"add+relu 1x256x14x14",
     "input x [1, 256, 14, 14]\ninput z [1, 256, 14, 14]\ny = pointwise(x, z) expression=\"relu(add(x0, x1))\"\noutput y\n"},
    {"channel scale 8x64x56x56", "input x [8, 64, 56, 56]\ninput s [8, 64, 1, 1]\ny = mul(x, s)\noutput y\n"},
    {"gelu 1024x3072", "input x [1024, 3072]\ny = gelu(x)\noutput y\n"},
    {"gelu bf16 1024x3072", "input x bf16 [1024, 3072]\ny = gelu(x)\noutput y\n"},
    {"silu 8x64x56x56", "input x [8, 64, 56, 56]\ny = silu(x)\noutput y\n"},
    {"int8 chain 8x64x56x56",
     "input x int8 [8, 64, 56, 56]\ny = pointwise(x) expression=\"cast(round(mul(cast(x0, to=float), 0.5)), to=int8)\" to=int8\noutput "
     "y\n"},
    {"softmax 1536x128", "input x [1536, 128]\ny = softmax(x)\noutput y\n"},
    {"softmax 12288x128", "input x [12288, 128]\ny = softmax(x)\noutput y\n"},
    {"softmax axis 1 8x1000x49", "input x [8, 1000, 49]\ny = softmax(x) axis=1\noutput y\n"},
    {"layer norm 128x768", "input x [128, 768]\ninput s [768]\ninput b [768]\ny = normalization(x, s, b)\noutput y\n"},
    {"layer norm 1024x768", "input x [1024, 768]\ninput s [768]\ninput b [768]\ny = normalization(x, s, b)\noutput y\n"},
    {"layer norm bf16 1024x768",
     "input x bf16 [1024, 768]\ninput s bf16 [768]\ninput b bf16 [768]\ny = normalization(x, s, b)\noutput y\n"},
    {"global pool 8x2048x7x7", "input x [8, 2048, 7, 7]\ny = reduce(x) kind=mean axes=[2, 3]\noutput y\n"},
    {"sum rows 4096x4096", "input x [4096, 4096]\ny = reduce(x) kind=sum axes=[1]\noutput y\n"},
    {"sum columns 4096x4096", "input x [4096, 4096]\ny = reduce(x) kind=sum axes=[0]\noutput y\n"},
    {"max pool 3x3/2 8x64x112x112",
     "input x [8, 64, 112, 112]\ny = pool(x) kernel=[3, 3] strides=[2, 2] pads_begin=[1, 1] pads_end=[1, 1]\noutput y\n"},
    {"max pool bf16 3x3/2 8x64x112x112",
     "input x bf16 [8, 64, 112, 112]\ny = pool(x) kernel=[3, 3] strides=[2, 2] pads_begin=[1, 1] pads_end=[1, 1]\noutput y\n"},
    {"average pool 2x2/2 8x64x56x56", "input x [8, 64, 56, 56]\ny = pool(x) kind=average kernel=[2, 2] strides=[2, 2]\noutput y\n"},
    {"transpose 2048x2048", "input x [2048, 2048]\ny = transpose(x) permutation=[1, 0]\noutput y\n"},
    {"transpose bf16 2048x2048", "input x bf16 [2048, 2048]\ny = transpose(x) permutation=[1, 0]\noutput y\n"},
    {"transpose heads 8x128x12x64", "input x [8, 128, 12, 64]\ny = transpose(x) permutation=[0, 2, 1, 3]\noutput y\n"},
    {"reformat 8x64x56x56", "input x [8, 64, 56, 56]\ny = reformat(x)\noutput y\n"},
    {"reformat picture 8x3x224x224", "input x [8, 3, 224, 224]\ny = reformat(x)\noutput y\n"},
    {"reformat to bf16 8x64x56x56", "input x [8, 64, 56, 56]\ny = reformat(x) to=bf16\noutput y\n"},
    {"reformat to int8 8x64x56x56", "input x [8, 64, 56, 56]\ny = reformat(x) to=int8 scale=0.05\noutput y\n"},
    {"concat channels 2x(8x64x56x56)", "input x [8, 64, 56, 56]\ninput z [8, 64, 56, 56]\ny = concat(x, z) axis=1\noutput y\n"},
    {"slice channels 8x128x56x56", "input x [8, 128, 56, 56]\ny = slice(x) axes=[1] starts=[0] ends=[64]\noutput y\n"},
    {"pad 1 8x64x56x56", "input x [8, 64, 56, 56]\ny = pad(x) pads=[0, 0, 1, 1, 0, 0, 1, 1]\noutput y\n"},
    {"resize nearest x2 8x64x28x28",
     "input x [8, 64, 28, 28]\ny = resize(x) mode=nearest coordinates=asymmetric rounding=floor scales=[1, 1, 2, 2]\noutput y\n"},
    {"resize linear x2 8x64x28x28", "input x [8, 64, 28, 28]\ny = resize(x) mode=linear scales=[1, 1, 2, 2]\noutput y\n"},
    {"attention b1 h12 s128 d64", "input x [1, 128, 2304]\ny = attention(x) heads=12 packed=true\noutput y\n"},
    {"attention bf16 b1 h12 s128 d64", "input x bf16 [1, 128, 2304]\ny = attention(x) heads=12 packed=true\noutput y\n"},
    {"attention b1 h12 s197 d64", "input x [1, 197, 2304]\ny = attention(x) heads=12 packed=true\noutput y\n"},
    {"attention bf16 b1 h12 s197 d64", "input x bf16 [1, 197, 2304]\ny = attention(x) heads=12 packed=true\noutput y\n"},
    {"attention b1 h8 s2048 d64", "input x [1, 2048, 1536]\ny = attention(x) heads=8 packed=true\noutput y\n"},
};

struct Options {
  int threads = 1;
  double ms = 60;
  std::string tactic, name;
};

const char* short_name(Format format) { return format == Format::kLinear ? "linear" : "last"; }

void run_layer(const Case& one, const Network& network, const Layer& layer, const Options& options, ThreadPool& pool) {
  auto inputs = random_inputs(network, 7, {});
  if (!inputs.ok()) return;
  Problem problem;
  problem.op = &layer.op();
  std::vector<Shape> shapes, output_shapes;
  std::vector<const void*> addresses;
  double bytes = 0;
  for (size_t i = 0; i < layer.inputs().size(); ++i) {
    problem.inputs.push_back(layer.input(i)->type);
    shapes.push_back(constant_shape(layer.input(i)->type.dims));
    addresses.push_back((*inputs)[i].data());
    bytes += static_cast<double>((*inputs)[i].byte_count());
  }
  problem.opt_inputs = shapes;
  problem.constants.resize(shapes.size());
  problem.present.assign(shapes.size(), true);
  Arrays results;
  std::vector<void*> outputs;
  for (const Tensor* output : layer.outputs()) {
    problem.outputs.push_back(output->type);
    output_shapes.push_back(constant_shape(output->type.dims));
    results.push_back(*Array::make(output->type.type, output_shapes.back()));
    bytes += static_cast<double>(results.back().byte_count());
    outputs.push_back(results.back().mutable_data());
  }
  for (const Tactic* tactic : TacticCatalogue::instance().all()) {
    if (tactic->name().starts_with("reference")) continue;
    if (tactic->name().find(options.tactic) == std::string_view::npos) continue;
    for (const auto& formats : tactic->proposals(problem)) {
      problem.input_formats = formats.inputs;
      problem.output_formats = formats.outputs;
      if (!tactic->accepts(problem).ok()) continue;
      auto packed = tactic->pack(problem);
      if (!packed.ok()) continue;
      auto kernel = tactic->prepare(problem, *packed);
      if (!kernel.ok()) continue;
      auto launch = (*kernel)->launch(shapes, output_shapes);
      if (!launch.ok()) continue;
      const std::shared_ptr<void> workspace(std::aligned_alloc(64, ((*launch)->workspace_bytes() + 127) / 64 * 64), std::free);
      const RunArguments arguments{addresses.data(), outputs.data(), workspace.get(), &pool, {}};
      double best = 1e9;
      const auto start = Clock::now();
      do {
        const auto once = Clock::now();
        if (!(*launch)->run(arguments).ok()) return;
        best = std::min(best, seconds_since(once));
      } while (seconds_since(start) * 1e3 < options.ms);
      std::printf("%-34s %-20s %-6s %-6s %9.1f us %7.1f GB/s\n", one.name, std::string(tactic->name()).c_str(),
                  short_name(formats.inputs[0]), short_name(formats.outputs[0]), best * 1e6, bytes / best * 1e-9);
    }
  }
}

// Reading and writing `bytes` bytes in all, by memcpy on each thread.
double copy_rate(int64_t bytes, ThreadPool& pool) {
  const int64_t half = bytes / 2, piece = half / pool.thread_count();
  const std::shared_ptr<void> from(std::aligned_alloc(64, static_cast<size_t>(half + 64)), std::free),
      to(std::aligned_alloc(64, static_cast<size_t>(half + 64)), std::free);
  std::memset(from.get(), 1, static_cast<size_t>(half));
  std::memset(to.get(), 1, static_cast<size_t>(half));
  double best = 1e9;
  for (int i = 0; i < 30; ++i) {
    const auto start = Clock::now();
    pool.run(pool.thread_count(), [&](int64_t part, int) {
      std::memcpy(static_cast<char*>(to.get()) + part * piece, static_cast<const char*>(from.get()) + part * piece,
                  static_cast<size_t>(piece));
    });
    best = std::min(best, seconds_since(start));
  }
  return static_cast<double>(half) * 2 / best * 1e-9;
}

int run(int argc, char** argv) {
  Options options;
  for (int i = 1; i < argc; ++i) {
    const std::string word = argv[i];
    const bool has_value = i + 1 < argc;
    if (word == "--threads" && has_value) {
      options.threads = std::atoi(argv[++i]);
    } else if (word == "--ms" && has_value) {
      options.ms = std::atof(argv[++i]);
    } else if (word == "--tactic" && has_value) {
      options.tactic = argv[++i];
    } else if (word.starts_with("-")) {
      std::printf("usage: bench_moves [--threads N] [--ms N] [--tactic PART] [CASE_PART]\n");
      return 2;
    } else {
      options.name = word;
    }
  }
  register_all_operators();
  register_all_tactics();
  ThreadPool pool(options.threads);
  std::printf("%s, %s, %d threads; copies: 512 KiB %.1f GB/s, 8 MiB %.1f GB/s, 128 MiB %.1f GB/s\n", cpu_name().c_str(),
              std::string(name_of(current_isa())).c_str(), options.threads, copy_rate(512 << 10, pool), copy_rate(8 << 20, pool),
              copy_rate(128 << 20, pool));
  for (const Case& one : kCases) {
    if (std::string_view(one.name).find(options.name) == std::string_view::npos) continue;
    auto network = parse_network(one.network);
    if (!network.ok()) {
      std::printf("%s: %s\n", one.name, network.error().message.c_str());
      return 1;
    }
    run_layer(one, **network, *(*network)->layers()[0], options, pool);
  }
  return 0;
}

}  // namespace
}  // namespace ingot

int main(int argc, char** argv) { return ingot::run(argc, argv); }
