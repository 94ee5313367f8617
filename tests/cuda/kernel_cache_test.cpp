// The user's cache of compiled kernels: whole or not at all, whatever happens to writers, files and folders.
#include <gtest/gtest.h>
#include <signal.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>

#include "device/cuda/kernel_compiler.h"

namespace ingot::cuda {
namespace {

namespace fs = std::filesystem;

class KernelCache : public ::testing::Test {
 protected:
  void SetUp() override {
    char path[] = "/tmp/ingot-kernel-cache-XXXXXX";
    ASSERT_NE(mkdtemp(path), nullptr);
    root_ = path;
    setenv("INGOT_CACHE_DIR", path, 1);
  }
  void TearDown() override { fs::remove_all(root_); }

  fs::path entry(const std::string& key) const { return root_ / "kernels" / (key + ".kernel"); }

  fs::path root_;
  const std::string key_ = std::string(32, 'a');
};

std::vector<std::byte> bytes_of(size_t count, int seed) {
  std::vector<std::byte> bytes(count);
  for (size_t i = 0; i < count; ++i) bytes[i] = static_cast<std::byte>(i * 31 + static_cast<size_t>(seed));
  return bytes;
}

TEST_F(KernelCache, an_entry_comes_back_and_belongs_to_the_user_alone) {
  std::vector<std::byte> got;
  EXPECT_FALSE(read_cache_entry(key_, &got));
  write_cache_entry(key_, bytes_of(1000, 1));
  ASSERT_TRUE(read_cache_entry(key_, &got));
  EXPECT_EQ(got, bytes_of(1000, 1));
  struct stat info {};
  ASSERT_EQ(stat(entry(key_).c_str(), &info), 0);
  EXPECT_EQ(info.st_mode & 0777, 0600u);
  ASSERT_EQ(stat((root_ / "kernels").c_str(), &info), 0);
  EXPECT_EQ(info.st_mode & 0777, 0700u);
}

TEST_F(KernelCache, a_damaged_entry_is_none) {
  write_cache_entry(key_, bytes_of(1000, 1));
  std::string whole;
  {
    std::ifstream file(entry(key_), std::ios::binary);
    whole.assign(std::istreambuf_iterator<char>(file), {});
  }
  std::vector<std::byte> got;
  for (const size_t at : {size_t{0}, size_t{9}, size_t{41}, size_t{80}, whole.size() - 1}) {
    std::string damaged = whole;
    damaged[at] = static_cast<char>(damaged[at] ^ 4);
    std::ofstream(entry(key_), std::ios::binary) << damaged;
    EXPECT_FALSE(read_cache_entry(key_, &got)) << "byte " << at;
  }
  for (const size_t length : {size_t{0}, size_t{7}, size_t{40}, size_t{72}, whole.size() - 1}) {
    std::ofstream(entry(key_), std::ios::binary) << whole.substr(0, length);
    EXPECT_FALSE(read_cache_entry(key_, &got)) << length << " bytes";
  }
  // The next writer mends it; an entry under another's name is none.
  write_cache_entry(key_, bytes_of(1000, 1));
  EXPECT_TRUE(read_cache_entry(key_, &got));
  const std::string other(32, 'b');
  fs::copy_file(entry(key_), entry(other));
  EXPECT_FALSE(read_cache_entry(other, &got));
}

TEST_F(KernelCache, two_processes_that_write_at_once_leave_a_whole_entry) {
  pid_t writers[2];
  for (int i = 0; i < 2; ++i) {
    writers[i] = fork();
    ASSERT_GE(writers[i], 0);
    if (writers[i] == 0) {
      for (int round = 0; round < 200; ++round) write_cache_entry(key_, bytes_of(200000, i));
      _exit(0);
    }
  }
  int seen = 0;
  std::vector<std::byte> got;
  while (waitpid(writers[0], nullptr, WNOHANG) == 0) {
    if (!read_cache_entry(key_, &got)) {
      EXPECT_EQ(seen, 0) << "an entry went away while others wrote it";
      continue;
    }
    ++seen;
    ASSERT_TRUE(got == bytes_of(200000, 0) || got == bytes_of(200000, 1));
  }
  waitpid(writers[1], nullptr, 0);
  ASSERT_TRUE(read_cache_entry(key_, &got));
  size_t files = 0;
  for ([[maybe_unused]] const auto& file : fs::directory_iterator(root_ / "kernels")) ++files;
  EXPECT_EQ(files, 1u) << "temporary files are left";
}

TEST_F(KernelCache, a_writer_that_is_killed_leaves_the_old_entry_or_the_new) {
  const std::vector<std::byte> bytes = bytes_of(3000000, 5);  // made before, so that writers write most of the time
  write_cache_entry(key_, bytes);
  for (int round = 0; round < 20; ++round) {
    const pid_t writer = fork();
    ASSERT_GE(writer, 0);
    if (writer == 0) {
      while (true) write_cache_entry(key_, bytes);
    }
    usleep(static_cast<useconds_t>(1000 + round * 700));
    kill(writer, SIGKILL);
    waitpid(writer, nullptr, 0);
    std::vector<std::byte> got;
    ASSERT_TRUE(read_cache_entry(key_, &got));
    ASSERT_TRUE(got == bytes);
  }
}

TEST_F(KernelCache, folders_and_files_that_others_could_write_are_not_used) {
  std::vector<std::byte> got;
  write_cache_entry(key_, bytes_of(1000, 1));
  ASSERT_EQ(chmod((root_ / "kernels").c_str(), 0777), 0);
  EXPECT_EQ(cache_folder(), "");
  EXPECT_FALSE(read_cache_entry(key_, &got));
  ASSERT_EQ(chmod((root_ / "kernels").c_str(), 0700), 0);
  EXPECT_TRUE(read_cache_entry(key_, &got));
  // A link to elsewhere is not followed.
  fs::rename(entry(key_), root_ / "elsewhere");
  fs::create_symlink(root_ / "elsewhere", entry(key_));
  EXPECT_FALSE(read_cache_entry(key_, &got));
  // Nor a folder that is a link.
  fs::rename(root_ / "kernels", root_ / "moved");
  fs::create_directory_symlink(root_ / "moved", root_ / "kernels");
  EXPECT_EQ(cache_folder(), "");
}

}  // namespace
}  // namespace ingot::cuda
