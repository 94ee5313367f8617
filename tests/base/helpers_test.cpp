#include "base/helpers.h"

#include <gtest/gtest.h>

#include <atomic>
#include <stdexcept>

namespace ingot {
namespace {

TEST(Helpers, every_task_runs_before_the_helpers_end) {
  std::atomic<int> sum{0};
  {
    Helpers helpers(3);
    for (int i = 1; i <= 100; ++i) helpers.start([&sum, i] { sum += i; });
  }
  EXPECT_EQ(sum, 5050);
}

TEST(Helpers, tasks_run_beside_each_other_and_may_start_more) {
  Helpers helpers(2);
  std::promise<int> number;
  auto waits = helpers.start([&] { EXPECT_EQ(number.get_future().get(), 7); });
  std::future<void> inner;
  helpers.start([&] { inner = helpers.start([&] { number.set_value(7); }); }).get();
  waits.get();
  inner.get();
}

TEST(Helpers, what_a_task_throws_comes_out_of_its_future) {
  Helpers helpers(1);
  auto failed = helpers.start([] { throw std::runtime_error("no"); });
  EXPECT_THROW(failed.get(), std::runtime_error);
  helpers.start([] {}).get();  // the thread lives on
}

TEST(Helpers, they_serve_the_thread_that_says_so_for_as_long_as_it_says) {
  EXPECT_EQ(Helpers::current(), nullptr);
  Helpers outer(1), inner(1);
  {
    const Helpers::Serve serve(outer);
    {
      const Helpers::Serve nested(inner);
      EXPECT_EQ(Helpers::current(), &inner);
      outer.start([] { EXPECT_EQ(Helpers::current(), nullptr); }).get();
    }
    EXPECT_EQ(Helpers::current(), &outer);
  }
  EXPECT_EQ(Helpers::current(), nullptr);
}

}  // namespace
}  // namespace ingot
