// trtexec: builds an engine or loads a plan, runs it, and says how fast it is.
#include <cuda_runtime_api.h>

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <exception>
#include <string>

#include "build.h"
#include "cuda_calls.h"
#include "inference.h"
#include "lane.h"
#include "log.h"
#include "options.h"
#include "report.h"

namespace ingot::trtexec {

namespace {

bool choose_device(const Options& options) {
  int count = 0;
  if (!succeeded(cudaGetDeviceCount(&count), "cudaGetDeviceCount")) return false;
  char* end = nullptr;
  const long number = options.device == "cpu" ? 0 : std::strtol(options.device.c_str(), &end, 10);
  if ((end && *end) || number < 0 || number >= count) {
    return fail("--device=" + options.device + ": the devices are " + (count == 1 ? "0" : "0 to " + std::to_string(count - 1)) +
                (ingotCudartIsStandIn() ? ", which is cpu" : ""));
  }
  if (options.device == "cpu" && !ingotCudartIsStandIn())
    return fail("--device=cpu needs the host stand-in for the CUDA runtime; another one is loaded");
  if (!succeeded(cudaSetDevice(static_cast<int>(number)), "cudaSetDevice")) return false;
  cudaDeviceProp properties{};
  if (!succeeded(cudaGetDeviceProperties(&properties, static_cast<int>(number)), "cudaGetDeviceProperties")) return false;
  info("=== Device Information ===");
  info(std::string("Selected Device: ") + properties.name);
  info("Selected Device ID: " + std::to_string(number));
  info("Device Global Memory: " + std::to_string(properties.totalGlobalMem >> 20) + " MiB");
  info("");
  const int version = getInferLibVersion();
  info("TensorRT version: " + std::to_string(version / 10000) + "." + std::to_string(version / 100 % 100) + "." +
       std::to_string(version % 100));
  return true;
}

bool run(const Options& options) {
  print_options(options);
  LoadedEngine loaded;
  if (!load_cuda_runtime(options.device == "cpu") || !choose_device(options) || !make_engine(options, loaded)) return false;
  if (loaded.engine && !report_layers(options, *loaded.engine)) return false;
  if (options.skip_inference) {
    info("Skipped inference phase since --skipInference is added.");
    return true;
  }
  Measurement measurement;
  if (!run_inference(options, *loaded.engine, measurement)) return false;
  print_performance(options, measurement);
  if (options.dump_output) print_outputs(measurement);
  if (options.dump_profile) print_profile(measurement);
  return (options.export_times.empty() || export_times(options.export_times, measurement)) &&
         (options.export_output.empty() || export_outputs(options.export_output, measurement)) &&
         (options.export_profile.empty() || export_profile(options.export_profile, measurement));
}

// The line that opens and closes a test.
void mark(const char* state, int argc, char** argv) {
  std::string line = std::string("&&&& ") + state + " TensorRT.trtexec [TensorRT v" + std::to_string(getInferLibVersion()) + "] #";
  for (int i = 0; i < argc; ++i) line += std::string(" ") + argv[i];
  std::fprintf(stdout, "%s\n", line.c_str());
  std::fflush(stdout);
}

int main(int argc, char** argv) {
  const bool asks = std::any_of(argv + 1, argv + argc, [](const std::string& flag) {
    return flag == "--help" || flag == "-h" || flag == "--version" || flag == "-V";
  });
  if (!asks) mark("RUNNING", argc, argv);
  Options options;
  const Parsed parsed = parse_options(argc, argv, options);
  if (parsed == Parsed::kDone) return EXIT_SUCCESS;
  const bool good = parsed == Parsed::kRun && run(options);
  mark(good ? "PASSED" : "FAILED", argc, argv);
  return good ? EXIT_SUCCESS : EXIT_FAILURE;
}

}  // namespace

}  // namespace ingot::trtexec

int main(int argc, char** argv) {
  try {
    return ingot::trtexec::main(argc, argv);
  } catch (const std::exception& error) {  // memory ran out, or a thread could not be started
    std::fprintf(stderr, "trtexec: %s\n", error.what());
    std::printf("&&&& FAILED TensorRT.trtexec\n");
    return EXIT_FAILURE;
  }
}
