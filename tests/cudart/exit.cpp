// Ends while streams are busy, in the way that the argument names. The test is that it ends, with status 0.
#include <cuda_runtime.h>
#include <sys/wait.h>
#include <unistd.h>

#include <atomic>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <string>
#include <thread>

namespace {

void sleep_long(void*) { std::this_thread::sleep_for(std::chrono::hours(1)); }
void leave(void*) { std::exit(0); }

void require(bool holds, const char* what) {
  if (holds) return;
  std::fprintf(stderr, "not so: %s\n", what);
  std::_Exit(1);
}

std::atomic<int> begun{0}, read_dead{0};
std::atomic<bool> are_words_gone{false};

void sleep_for(void* milliseconds) {
  ++begun;
  std::this_thread::sleep_for(std::chrono::milliseconds(*static_cast<int*>(milliseconds)));
}

// Destroyed last: by now no more work is begun, and none saw the words gone.
struct Check {
  ~Check() {
    const int before = begun;
    std::this_thread::sleep_for(std::chrono::milliseconds(250));
    if (begun != before || read_dead) std::_Exit(1);
  }
} check;

// Work that uses a static of the program: at exit it must be over before the static is gone.
struct Words {
  ~Words() { are_words_gone = true; }
} words;
void read_words(void*) {
  for (int i = 0; i < 100; ++i) {
    if (are_words_gone) ++read_dead;
    std::this_thread::sleep_for(std::chrono::milliseconds(1));
  }
}

// Frees after main, as a program's static objects do.
struct Late {
  void* memory = nullptr;
  cudaStream_t stream = nullptr;
  ~Late() {
    if (!memory) return;
    cudaStreamSynchronize(stream);
    cudaMemsetAsync(memory, 0, 1, stream);
    cudaFree(memory);
    cudaStreamDestroy(stream);
    cudaGetLastError();
  }
} late;

int fork_while_busy(cudaStream_t stream) {
  static int milliseconds = 30;
  static int ran = 0;
  void* memory = nullptr;
  require(cudaMalloc(&memory, 64) == cudaSuccess, "memory before the fork");
  cudaLaunchHostFunc(stream, sleep_for, &milliseconds);
  cudaLaunchHostFunc(
      stream, [](void* count) { ++*static_cast<int*>(count); }, &ran);
  std::this_thread::sleep_for(std::chrono::milliseconds(5));  // AddressSanitizer's own locks do not survive a fork while a thread starts
  pid_t child = fork();
  if (child == 0) {
    require(cudaStreamSynchronize(stream) == cudaSuccess, "the stream has nothing to do in the child");
    require(ran == 0, "queued work is the parent's");
    require(cudaLaunchHostFunc(
                stream, [](void* count) { ++*static_cast<int*>(count); }, &ran) == cudaSuccess,
            "work in the child");
    require(cudaStreamSynchronize(stream) == cudaSuccess && ran == 1, "the stream works in the child");
    require(cudaMemset(memory, 1, 64) == cudaSuccess && cudaFree(memory) == cudaSuccess, "memory lives on in the child");
    return 0;
  }
  int status = 1;
  require(child > 0 && waitpid(child, &status, 0) == child && status == 0, "the child ends well");
  require(cudaStreamSynchronize(stream) == cudaSuccess && ran == 1, "the parent's work is done");
  return 0;
}

}  // namespace

int main(int, char** arguments) {
  const std::string way = arguments[1];
  static int milliseconds = 100;
  cudaStream_t stream;
  require(cudaStreamCreate(&stream) == cudaSuccess, "a stream");
  if (way == "fork") return fork_while_busy(stream);
  if (way == "exit-in-host-function") {
    cudaLaunchHostFunc(stream, leave, nullptr);
    std::this_thread::sleep_for(std::chrono::hours(1));
  }
  if (way == "blocked") {
    cudaLaunchHostFunc(stream, sleep_long, nullptr);
    cudaLaunchHostFunc(nullptr, sleep_long, nullptr);
    std::this_thread::sleep_for(std::chrono::milliseconds(50));
    return 0;
  }
  cudaLaunchHostFunc(stream, read_words, nullptr);
  for (int i = 0; i < 100; ++i) cudaLaunchHostFunc(stream, sleep_for, &milliseconds);
  cudaLaunchHostFunc(cudaStreamPerThread, sleep_for, &milliseconds);
  std::this_thread::sleep_for(std::chrono::milliseconds(10));
  if (way == "late-free") {
    cudaMalloc(&late.memory, 64);
    late.stream = stream;
  }
  return 0;
}
