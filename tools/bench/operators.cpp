// Times single models for tools/bench/operators, turn by turn with another engine. Reads commands, one a line, and answers each with one:
//   load FOLDER   builds FOLDER/model.onnx, or FOLDER/network.txt, for its inputs FOLDER/input_0.pb, input_1.pb ...
//                                                                                             -> "ok TACTIC, TACTIC" or "error REASON"
//   bytes         of the inputs and outputs of what is loaded                                 -> "ok BYTES"
//   run MS        runs it for that long                                                       -> "ok MEDIAN_US" or "error REASON"
//   bandwidth     copies 128 MiB by all threads                                               -> "ok GB/S", bytes read and written
#include <sys/mman.h>

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <string>

#include "api/load_engine.h"
#include "base/mapped_file.h"
#include "build/builder.h"
#include "import/onnx/import.h"
#include "operators/register.h"
#include "runtime/execution_context.h"
#include "tactics/tactic.h"

namespace ingot {
namespace {

using Clock = std::chrono::steady_clock;
double seconds_since(Clock::time_point start) { return std::chrono::duration<double>(Clock::now() - start).count(); }

struct Memory {
  std::shared_ptr<void> address;
  size_t bytes = 0;
  void* of(size_t wanted) {
    if (wanted > bytes || !address) {
      // In huge pages from 4 MiB on, as the arrays of numpy are that the other engine gets.
      const bool is_huge = wanted >= size_t{4} << 20;
      const size_t alignment = is_huge ? size_t{2} << 20 : 64;
      bytes = (wanted + 64 + alignment - 1) / alignment * alignment;
      address = std::shared_ptr<void>(std::aligned_alloc(alignment, bytes), std::free);
      if (is_huge) madvise(address.get(), bytes, MADV_HUGEPAGE);
    }
    return address.get();
  }
};

struct Subject {
  std::shared_ptr<Engine> engine;
  std::unique_ptr<ExecutionContext> context;
  std::vector<Memory> memories;
  std::string tactics;
  int64_t bytes = 0;  // of inputs and outputs whose dims are known

  Status load(const std::string& folder) {
    OnnxImportOptions options;
    ImportErrors errors;
    auto text = MappedFile::open(folder + "/network.txt");
    auto network = text.ok() ? parse_network({reinterpret_cast<const char*>((*text)->bytes().data()), (*text)->bytes().size()})
                             : import_onnx_file(folder + "/model.onnx", options);
    if (!network.ok()) return std::move(network).error();
    bytes = 0;
    BuildConfig config;
    config.allow_tf32 = false;
    TRY_ASSIGN(Plan plan, build_plan(**network, config));
    tactics.clear();
    for (const Choice& choice : plan.choices) tactics += (tactics.empty() ? "" : ", ") + choice.tactic;
    TRY_ASSIGN(std::vector<std::byte> stored, write_plan(plan));
    TRY_ASSIGN(engine, load_engine(Bytes(stored), cpu_device(), null_log()));
    context = std::make_unique<ExecutionContext>(engine);
    const auto& io = engine->io();
    memories.assign(io.size(), {});
    for (size_t i = 0; i < io.size(); ++i) {
      const TensorType& type = io[i].tensor->type;
      if (i < engine->network().inputs().size()) {
        TRY_ASSIGN(std::shared_ptr<const MappedFile> file, MappedFile::open(folder + "/input_" + std::to_string(i) + ".pb"));
        TRY_ASSIGN(Array array, read_onnx_tensor(file->bytes()));
        void* memory = memories[i].of(array.byte_count());
        bytes += static_cast<int64_t>(array.byte_count());
        if (array.byte_count() > 0) std::memcpy(memory, array.data(), array.byte_count());
        TRY(context->set_input_shape(io[i].tensor->name, array.shape()));
        TRY(context->set_address(i, memory));
      } else if (all_constant(type.dims)) {
        TRY_ASSIGN(const int64_t count, volume(constant_shape(type.dims)));
        bytes += count * bits_of(type.type) / 8;
        TRY(context->set_address(i, memories[i].of(static_cast<size_t>(count * 8))));
      } else {
        ExecutionContext::OutputAllocator allocator;
        Memory* memory = &memories[i];
        allocator.allocate = [memory](const std::string&, void*, size_t wanted) { return memory->of(wanted); };
        context->set_output_allocator(i, std::move(allocator));
      }
    }
    return Ok{};
  }

  // Microseconds of the median run.
  Result<double> run(double milliseconds) {
    if (!context) return invalid("nothing is loaded");
    std::vector<double> times;
    const auto start = Clock::now();
    do {
      const auto once = Clock::now();
      TRY(context->execute());
      times.push_back(seconds_since(once));
    } while (seconds_since(start) * 1e3 < milliseconds || times.size() < 5);
    std::nth_element(times.begin(), times.begin() + static_cast<ptrdiff_t>(times.size() / 2), times.end());
    return times[times.size() / 2] * 1e6;
  }
};

// What memory gives to a copy by all threads: bytes read and written, in GB/s, the best of some copies.
double bandwidth() {
  constexpr size_t kBytes = size_t{128} << 20, kPart = size_t{1} << 20;
  Memory from, to;
  auto *x = static_cast<char*>(from.of(kBytes)), *y = static_cast<char*>(to.of(kBytes));
  std::memset(x, 1, kBytes);
  double best = 1e9;
  for (int round = 0; round < 6; ++round) {
    const auto once = Clock::now();
    ThreadPool::shared().run(kBytes / kPart, [&](int64_t part, int) {
      std::memcpy(y + static_cast<size_t>(part) * kPart, x + static_cast<size_t>(part) * kPart, kPart);
    });
    if (round > 0) best = std::min(best, seconds_since(once));
  }
  return 2.0 * kBytes / best * 1e-9;
}

int serve() {
  register_all_operators();
  register_all_tactics();
  Subject subject;
  char line[4096];
  while (std::fgets(line, sizeof line, stdin)) {
    std::string command(line, std::strcspn(line, "\n"));
    Status status;
    std::string answer;
    if (command.starts_with("load ")) {
      subject = Subject();
      status = subject.load(command.substr(5));
      answer = subject.tactics;
    } else if (command.starts_with("run ")) {
      auto time = subject.run(std::atof(command.c_str() + 4));
      if (time.ok())
        answer = std::to_string(*time);
      else
        status = std::move(time).error();
    } else if (command == "bytes") {
      answer = std::to_string(subject.bytes);
    } else if (command == "bandwidth") {
      answer = std::to_string(bandwidth());
    } else {
      status = invalid("the command '" + command + "' is neither load, bytes, run nor bandwidth");
    }
    if (!status.ok()) {
      std::string message = status.error().message;
      std::replace(message.begin(), message.end(), '\n', ' ');
      std::printf("error %s\n", message.c_str());
    } else {
      std::printf("ok %s\n", answer.c_str());
    }
    std::fflush(stdout);
  }
  return 0;
}

}  // namespace
}  // namespace ingot

int main() { return ingot::serve(); }
