// Prints a model's network, as imported or optimized: its text without large weights, and how many layers of each operator it has.
//   show_network MODEL.onnx [--optimize] [--half|--bf16|--int8] [--refittable] [--counts]
#include <cstdio>
#include <map>

#include "import/onnx/import.h"
#include "optimize/rewrite.h"

namespace ingot::tools {
namespace {

constexpr int64_t kMostElements = 8;

void print_counts(const Network& network) {
  std::map<std::string, int64_t> counts;
  for (const auto& layer : network.layers()) ++counts[std::string(layer->op().name())];
  std::printf("%zu layers:", network.layers().size());
  for (const auto& [name, count] : counts) std::printf(" %s %lld", name.c_str(), static_cast<long long>(count));
  std::printf("\n");
}

Status run(int argc, char** argv) {
  std::string model;
  OptimizeOptions options;
  bool optimizes = false, only_counts = false;
  for (int i = 1; i < argc; ++i) {
    const std::string argument = argv[i];
    if (argument == "--optimize")
      optimizes = true;
    else if (argument == "--counts")
      only_counts = true;
    else if (argument == "--half")
      options.allow_half = true;
    else if (argument == "--bf16")
      options.allow_bf16 = true;
    else if (argument == "--int8")
      options.allow_int8 = true;
    else if (argument == "--refittable")
      options.refittable = true;
    else if (argument.starts_with("--"))
      return invalid("the option " + argument + " is not known");
    else
      model = argument;
  }
  if (model.empty()) return invalid("which model?");
  OnnxImportOptions import;
  import.log = options.log = &stderr_log();
  TRY_ASSIGN(std::unique_ptr<Network> network, import_onnx_file(model, import));
  if (optimizes) TRY(optimize(*network, options));
  if (!only_counts) std::fputs(network->text(kMostElements).c_str(), stdout);
  print_counts(*network);
  return Ok{};
}

}  // namespace
}  // namespace ingot::tools

int main(int argc, char** argv) {
  const ingot::Status status = ingot::tools::run(argc, argv);
  if (status.ok()) return 0;
  std::fprintf(stderr, "show_network: %s\n", status.error().message.c_str());
  return 1;
}
