// Runs a fuzzer's target over the files of folders, without libFuzzer: what was hard once stays solved.
#include <sys/resource.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <cstdint>
#include <cstdio>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <string>
#include <vector>

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size);

namespace {

constexpr unsigned kMostSeconds = 30;  // a file; a slow machine with sanitizers counted in
constexpr int kFewestFiles = 5;

}  // namespace

int main(int count, char** arguments) {
  std::vector<std::filesystem::path> paths;
  for (int i = 1; i < count; ++i) {
    if (!std::filesystem::is_directory(arguments[i])) {
      paths.emplace_back(arguments[i]);
      continue;
    }
    for (const auto& entry : std::filesystem::directory_iterator(arguments[i])) paths.push_back(entry.path());
  }
  std::sort(paths.begin(), paths.end());
  double slowest = 0;
  for (const auto& path : paths) {
    std::ifstream stream(path, std::ios::binary);
    const std::string bytes((std::istreambuf_iterator<char>(stream)), std::istreambuf_iterator<char>());
    // The name goes out first, so that the last line of a crash tells which file it was.
    std::printf("%s\n", path.filename().c_str());
    std::fflush(stdout);
    alarm(kMostSeconds);
    const auto begin = std::chrono::steady_clock::now();
    LLVMFuzzerTestOneInput(reinterpret_cast<const uint8_t*>(bytes.data()), bytes.size());
    slowest = std::max(slowest, std::chrono::duration<double>(std::chrono::steady_clock::now() - begin).count());
  }
  alarm(0);
  rusage usage{};
  getrusage(RUSAGE_SELF, &usage);
  std::printf("%zu files, the slowest %.2f s, at most %ld MiB\n", paths.size(), slowest, usage.ru_maxrss >> 10);
  if (count == 2 && std::filesystem::is_directory(arguments[1]) && paths.size() < kFewestFiles) {
    std::printf("a corpus has %d files at least\n", kFewestFiles);
    return 1;
  }
  return usage.ru_maxrss >> 10 > 2048 ? 1 : 0;
}
