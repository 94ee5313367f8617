#include "base/helpers.h"

#include <utility>

namespace ingot {
namespace {

thread_local Helpers* serving = nullptr;

}  // namespace

Helpers::Helpers(int count) {
  for (int i = 0; i < count; ++i) threads_.emplace_back([this] { work(); });
}

Helpers::~Helpers() {
  {
    std::lock_guard lock(mutex_);
    ends_ = true;
  }
  changed_.notify_all();
  for (std::thread& thread : threads_) thread.join();
}

std::future<void> Helpers::start(std::function<void()> task) {
  std::packaged_task<void()> packaged(std::move(task));
  std::future<void> done = packaged.get_future();
  {
    std::lock_guard lock(mutex_);
    tasks_.push(std::move(packaged));
  }
  changed_.notify_one();
  return done;
}

void Helpers::work() {
  while (true) {
    std::unique_lock lock(mutex_);
    changed_.wait(lock, [this] { return ends_ || !tasks_.empty(); });
    if (tasks_.empty()) return;
    std::packaged_task<void()> task = std::move(tasks_.front());
    tasks_.pop();
    lock.unlock();
    task();
  }
}

Helpers* Helpers::current() { return serving; }

Helpers::Serve::Serve(Helpers& helpers) : before_(std::exchange(serving, &helpers)) {}
Helpers::Serve::~Serve() { serving = before_; }

}  // namespace ingot
