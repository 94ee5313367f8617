// Threads that are there before they are needed.
#pragma once

#include <condition_variable>
#include <functional>
#include <future>
#include <mutex>
#include <queue>
#include <thread>
#include <vector>

namespace ingot {

// While the dynamic loader maps a library, which takes a GPU's libraries tens of milliseconds, no thread can be made: the loader holds a
// lock that new threads take. These are made before, and take tasks in the order in which they come.
class Helpers {
 public:
  explicit Helpers(int count);
  // Waits for the tasks that were begun, and for those that wait.
  ~Helpers();
  Helpers(const Helpers&) = delete;
  Helpers& operator=(const Helpers&) = delete;

  // What the task throws comes out of the future.
  std::future<void> start(std::function<void()> task);

  // Those that serve the calling thread; null where there are none.
  static Helpers* current();
  // While it lives, `helpers` serve the calling thread.
  class Serve {
   public:
    explicit Serve(Helpers& helpers);
    ~Serve();
    Serve(const Serve&) = delete;
    Serve& operator=(const Serve&) = delete;

   private:
    Helpers* before_;
  };

 private:
  void work();

  std::mutex mutex_;
  std::condition_variable changed_;
  std::queue<std::packaged_task<void()>> tasks_;
  bool ends_ = false;
  std::vector<std::thread> threads_;
};

}  // namespace ingot
