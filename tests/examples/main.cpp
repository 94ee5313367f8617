// Runs every EXAMPLE of operators/ and optimize/ as one test, named by its file and its sentence.
#include <gtest/gtest.h>

#include <cctype>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <set>

#include "operators/register.h"
#include "optimize/rewrite.h"
#include "stages.h"
#include "tactics/tactic.h"
#include "testing/example.h"
#include "testing/hooks.h"

namespace ingot::testing {
namespace {

class ExampleTest : public ::testing::Test {
 public:
  explicit ExampleTest(const Example& example) : example_(example) {}
  void TestBody() override { example_.body(); }

 private:
  const Example& example_;
};

// "src/operators/softmax.cpp" becomes "operators.softmax", so that filters can name a folder or a file.
std::string suite_name(const std::string& file) {
  std::string name = std::filesystem::path(file).replace_extension("").string();
  if (const size_t src = name.rfind("src/"); src != std::string::npos) name = name.substr(src + 4);
  for (char& c : name) c = c == '/' ? '.' : c;
  return name;
}

// A sentence without the signs that a filter gives a meaning.
std::string test_name(const std::string& sentence) {
  std::string name;
  for (char c : sentence) name += std::isalnum(static_cast<unsigned char>(c)) ? c : '_';
  return name;
}

void register_examples() {
  std::map<std::string, int> used;
  for (const Example& example : examples()) {
    const std::string suite = suite_name(example.file);
    std::string name = test_name(example.name);
    if (const int before = used[suite + name]++) name += "_" + std::to_string(before + 1);
    ::testing::RegisterTest(suite.c_str(), name.c_str(), nullptr, nullptr, example.file, example.line,
                            [&example]() -> ::testing::Test* { return new ExampleTest(example); });
  }
}

}  // namespace
}  // namespace ingot::testing

int main(int argc, char** argv) {
  using namespace ingot;
  ::testing::InitGoogleTest(&argc, argv);
  register_all_operators();
  register_all_rewrites();
  register_all_tactics();
  hooks().fail = [](const std::string& message) { ADD_FAILURE() << message; };
  hooks().apply_rewrite = [](std::string_view rewrite, Network& network) { return apply_rewrite(rewrite, network); };
  hooks().round_trip_plan = round_trip_plan;
  hooks().check_tactics = check_tactics;
  register_examples();
  const int failed = RUN_ALL_TESTS();
  // Who asks for the GPU wants to hear that it was not there.
  const char* device = std::getenv("INGOT_DEVICE");
  const std::string filter = ::testing::GTEST_FLAG(filter);
  if (!failed && device && std::string(device) == "cuda" && filter.starts_with("operators") && gpu_runs == 0) {
    std::printf("no tactic of the GPU ran\n");
    return 1;
  }
  // Shapes are worked out on the host; the others are gone before a plan is made.
  const std::set<std::string, std::less<>> none = {"collective", "constant", "held", "shape", "size"};
  for (const auto& [name, runs] : gpu_kernel_runs) {
    if (failed || filter != "operators.*" || gpu_runs == 0 || runs > 0 || none.contains(name)) continue;
    std::printf("no tactic of the GPU itself ran %s\n", name.c_str());
    return 1;
  }
  return failed;
}
