// Runs ONNX's backend tests: DIR/test_*/model.onnx on test_data_set_*/input_*.pb against output_*.pb.
//   onnx_node_tests DIR [FILTER] [--engine=reference] [--all] [--no-fork]
// FILTER takes tests whose name contains it; --all lists those that passed, too.
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <cmath>
#include <cstdio>
#include <cstring>
#include <filesystem>
#include <map>

#include "base/mapped_file.h"
#include "engines.h"
#include "import/onnx/import.h"
#include "operators/register.h"

namespace fs = std::filesystem;

namespace ingot::tools {
namespace {

enum class Verdict { kPassed, kPassedWithConstants, kDeclined, kFailed, kNotTaken };

struct Outcome {
  Verdict verdict = Verdict::kFailed;
  std::string reason;
};

constexpr double kRelative = 1e-3, kRelativeBf16 = 1.0 / 64,
                 kAbsolute = 1e-7;  // those of ONNX's own runner, the last of the largest element
constexpr unsigned kMostSeconds = 120;

std::string compare(const Array& got, const Array& expected, bool is_random) {
  if (got.type() != expected.type())
    return "type " + std::string(name_of(got.type())) + " instead of " + std::string(name_of(expected.type()));
  if (got.shape() != expected.shape()) return "shape " + to_text(got.shape()) + " instead of " + to_text(expected.shape());
  if (is_random) return "";
  const bool floating = is_floating(got.type());
  const double relative = got.type() == DataType::kBf16 ? kRelativeBf16 : kRelative;
  // Where large terms cancel, what is left is the rounding of the largest.
  double largest = 1;
  for (int64_t i = 0; floating && i < expected.count(); ++i) {
    if (std::isfinite(expected.number(i))) largest = std::max(largest, std::abs(expected.number(i)));
  }
  for (int64_t i = 0; i < got.count(); ++i) {
    bool same;
    if (floating) {
      const double a = got.number(i), b = expected.number(i);
      same = a == b || (std::isnan(a) && std::isnan(b)) || std::abs(a - b) <= kAbsolute * largest + relative * std::abs(b);
    } else {
      same = got.integer(i) == expected.integer(i) ||
             std::abs(static_cast<double>(got.integer(i)) - static_cast<double>(expected.integer(i))) <=
                 relative * std::abs(static_cast<double>(expected.integer(i)));
    }
    if (!same)
      return "element " + std::to_string(i) + " of " + to_text(got.shape()) + " is " + std::to_string(got.number(i)) + " instead of " +
             std::to_string(expected.number(i));
  }
  return "";
}

Result<Array> read_pb(const fs::path& path) {
  TRY_ASSIGN(std::shared_ptr<const MappedFile> file, MappedFile::open(path.string()));
  return read_onnx_tensor(file->bytes());
}

Result<Arrays> read_all(const fs::path& folder, const std::string& stem) {
  Arrays arrays;
  for (int i = 0;; ++i) {
    const fs::path path = folder / (stem + "_" + std::to_string(i) + ".pb");
    if (!fs::exists(path)) return arrays;
    TRY_ASSIGN(Array array, read_pb(path));
    arrays.push_back(std::move(array));
  }
}

std::string one_line(std::string text) {
  std::replace(text.begin(), text.end(), '\n', ' ');
  return text;
}

// Operators that the catalogue lacks; those that the importer itself knows are taken.
std::string unknown_operators(const std::vector<std::string>& operators) {
  std::string unknown;
  for (const std::string& op : operators) {
    const size_t dot = op.rfind('.');
    const std::string domain = dot == std::string::npos ? "" : op.substr(0, dot);
    const std::string type = dot == std::string::npos ? op : op.substr(dot + 1);
    if (OperatorCatalogue::instance().onnx(type, domain) || op == "Constant") continue;
    unknown += (unknown.empty() ? "" : " ") + op;
  }
  return unknown;
}

// Whether the outputs hang on random numbers, which no two engines share: types and shapes are compared alone.
bool draws_random_numbers(const std::vector<std::string>& operators) {
  return std::any_of(operators.begin(), operators.end(),
                     [](const std::string& op) { return op.starts_with("Random") || op == "Bernoulli" || op == "Multinomial"; });
}

// Runs the data sets of one test, with all inputs at run time or those from `first_known` on as constants.
Outcome run_sets(const fs::path& folder, const Engine& engine, size_t first_known) {
  auto file = MappedFile::open((folder / "model.onnx").string());
  if (!file.ok()) return {Verdict::kFailed, file.error().message};
  auto summary = summarize_onnx((*file)->bytes());
  if (!summary.ok()) return {Verdict::kFailed, summary.error().message};
  if (const std::string unknown = unknown_operators(summary->operators); !unknown.empty()) return {Verdict::kNotTaken, unknown};
  int sets = 0;
  for (const auto& entry : fs::directory_iterator(folder)) {
    if (!entry.path().filename().string().starts_with("test_data_set_")) continue;
    ++sets;
    auto inputs = read_all(entry.path(), "input"), expected = read_all(entry.path(), "output");
    OnnxImportOptions options;
    options.name = "model";
    if (inputs.ok() && inputs->size() > first_known) {
      for (size_t i = first_known; i < inputs->size() && i < summary->inputs.size(); ++i)
        options.known_inputs[summary->inputs[i]] = (*inputs)[i];
      inputs->resize(first_known);
    }
    auto network = import_onnx((*file)->bytes(), folder.string(), options);
    if (!network.ok()) return {Verdict::kDeclined, one_line(network.error().message)};
    if (!inputs.ok()) return {Verdict::kDeclined, "its inputs: " + inputs.error().message};
    if (!expected.ok()) return {Verdict::kDeclined, "its outputs: " + expected.error().message};
    auto run = engine(std::shared_ptr<const Network>(std::move(*network)));
    if (!run.ok()) return {Verdict::kFailed, run.error().message};
    auto outputs = (*run)(*inputs);
    if (!outputs.ok())
      return {outputs.error().code == ErrorCode::kUnsupported ? Verdict::kDeclined : Verdict::kFailed, outputs.error().message};
    if (outputs->size() != expected->size())
      return {Verdict::kFailed, std::to_string(outputs->size()) + " outputs instead of " + std::to_string(expected->size())};
    for (size_t i = 0; i < expected->size(); ++i) {
      const std::string difference = compare((*outputs)[i], (*expected)[i], draws_random_numbers(summary->operators));
      if (!difference.empty()) return {Verdict::kFailed, "output " + std::to_string(i) + ": " + difference};
    }
  }
  if (sets == 0) return {Verdict::kFailed, "there is no test_data_set"};
  return {Verdict::kPassed, ""};
}

// The tests hand axes, pads and the like over as inputs, where models have initializers. What is declined so is tried once more with all
// inputs but the first as constants, and then with all of them.
Outcome run_test(const fs::path& folder, const Engine& engine) {
  const Outcome first = run_sets(folder, engine, SIZE_MAX);
  for (size_t first_known : {1, 0}) {
    if (first.verdict != Verdict::kDeclined) break;
    const Outcome again = run_sets(folder, engine, first_known);
    if (again.verdict == Verdict::kPassed) return {Verdict::kPassedWithConstants, first.reason};
    if (again.verdict != Verdict::kDeclined) return again;
  }
  return first;
}

// In a process of its own, so that a crash or an endless loop costs one test.
Outcome run_apart(const fs::path& folder, const Engine& engine) {
  int ends[2];
  if (pipe(ends) != 0) return {Verdict::kFailed, "no pipe"};
  const pid_t child = fork();
  if (child == 0) {
    close(ends[0]);
    alarm(kMostSeconds);
    const Outcome outcome = run_test(folder, engine);
    std::string text(1, static_cast<char>('0' + static_cast<int>(outcome.verdict)));
    text += outcome.reason;
    for (size_t done = 0; done < text.size();) {
      const ssize_t wrote = write(ends[1], text.data() + done, text.size() - done);
      if (wrote <= 0) break;
      done += static_cast<size_t>(wrote);
    }
    _exit(0);
  }
  close(ends[1]);
  std::string text;
  char buffer[4096];
  for (ssize_t got; (got = read(ends[0], buffer, sizeof buffer)) > 0;) text.append(buffer, static_cast<size_t>(got));
  close(ends[0]);
  int status = 0;
  waitpid(child, &status, 0);
  if (WIFSIGNALED(status))
    return {Verdict::kFailed, WTERMSIG(status) == SIGALRM ? "no answer in " + std::to_string(kMostSeconds) + " s"
                                                          : std::string("crashed: ") + strsignal(WTERMSIG(status))};
  if (text.empty()) return {Verdict::kFailed, "ended without an answer"};
  return {static_cast<Verdict>(text[0] - '0'), text.substr(1)};
}

// "Conv" for a model of one operator, "several" for others.
std::string group_of(const fs::path& folder) {
  auto file = MappedFile::open((folder / "model.onnx").string());
  if (!file.ok()) return "?";
  auto summary = summarize_onnx((*file)->bytes());
  if (!summary.ok()) return "?";
  return summary->operators.size() == 1 ? summary->operators.front() : "(several)";
}

// The last part of a message, which does not tell the place: "elements of ONNX type int2 are not supported".
std::string reason_alone(const std::string& message) {
  const size_t colon = message.rfind(": ");
  std::string reason = colon == std::string::npos ? message : message.substr(colon + 2);
  // Names in quotes differ from test to test.
  for (size_t from = 0; (from = reason.find('\'', from)) != std::string::npos;) {
    const size_t to = reason.find('\'', from + 1);
    if (to == std::string::npos) break;
    reason.replace(from, to - from + 1, "...");
    from += 3;
  }
  return reason;
}

struct Counts {
  int passed = 0, with_constants = 0, declined = 0, failed = 0, not_taken = 0;
  void add(Verdict verdict) {
    passed += verdict == Verdict::kPassed || verdict == Verdict::kPassedWithConstants;
    with_constants += verdict == Verdict::kPassedWithConstants;
    declined += verdict == Verdict::kDeclined;
    failed += verdict == Verdict::kFailed;
    not_taken += verdict == Verdict::kNotTaken;
  }
};

const char* word_for(Verdict verdict) {
  switch (verdict) {
    case Verdict::kPassed: return "passed";
    case Verdict::kPassedWithConstants: return "passed with constants";
    case Verdict::kDeclined: return "declined";
    case Verdict::kFailed: return "FAILED";
    default: return "not taken";
  }
}

int run(int argc, char** argv) {
  std::string directory, filter, engine_name = "reference";
  bool list_all = false, apart = true;
  for (int i = 1; i < argc; ++i) {
    const std::string argument = argv[i];
    if (argument == "--all")
      list_all = true;
    else if (argument == "--no-fork")
      apart = false;
    else if (argument.starts_with("--engine="))
      engine_name = argument.substr(9);
    else if (directory.empty())
      directory = argument;
    else
      filter = argument;
  }
  auto engine = engine_by_name(engine_name);
  if (directory.empty() || !engine.ok()) {
    std::fprintf(stderr, "%s\nusage: onnx_node_tests DIR [FILTER] [--engine=NAME] [--all] [--no-fork]\n",
                 engine.ok() ? "" : engine.error().message.c_str());
    return 2;
  }
  register_all_operators();
  std::vector<fs::path> tests;
  std::error_code failure;
  for (const auto& entry : fs::directory_iterator(directory, failure)) {
    if (fs::exists(entry.path() / "model.onnx") && entry.path().filename().string().find(filter) != std::string::npos)
      tests.push_back(entry.path());
  }
  std::sort(tests.begin(), tests.end());
  if (tests.empty()) {
    std::fprintf(stderr, "%s holds no tests%s%s\n", directory.c_str(), filter.empty() ? "" : " whose name contains ", filter.c_str());
    return 2;
  }
  std::map<std::string, Counts> groups;
  Counts total;
  std::map<std::string, int> reasons;  // of those that are declined
  for (const fs::path& test : tests) {
    const Outcome outcome = apart ? run_apart(test, *engine) : run_test(test, *engine);
    groups[group_of(test)].add(outcome.verdict);
    total.add(outcome.verdict);
    if (outcome.verdict == Verdict::kDeclined) ++reasons[reason_alone(outcome.reason)];
    const bool quiet = outcome.verdict != Verdict::kDeclined && outcome.verdict != Verdict::kFailed;
    if (!quiet || list_all)
      std::printf("%-9s %s%s%s\n", word_for(outcome.verdict), test.filename().c_str(), outcome.reason.empty() ? "" : ": ",
                  outcome.reason.c_str());
    std::fflush(stdout);
  }
  std::printf("\n%-28s %7s %9s %7s %10s\n", "operator", "passed", "declined", "failed", "not taken");
  int taken = 0;
  for (const auto& [name, counts] : groups) {
    std::printf("%-28s %7d %9d %7d %10d\n", name.c_str(), counts.passed, counts.declined, counts.failed, counts.not_taken);
    taken += name[0] != '(' && counts.passed > 0;
  }
  std::printf("%-28s %7d %9d %7d %10d\n", "total", total.passed, total.declined, total.failed, total.not_taken);
  if (!reasons.empty()) std::printf("\nwhy %d are declined:\n", total.declined);
  for (const auto& [reason, count] : reasons) std::printf("%7d  %s\n", count, reason.c_str());
  const int asked = total.passed + total.declined + total.failed;
  std::printf("\n%zu tests; %d use an operator that is not taken. %d operators are taken; of their %d tests\n", tests.size(),
              total.not_taken, taken, asked);
  std::printf("%7d passed (%d of them once inputs were given as constants, as models do)\n", total.passed, total.with_constants);
  std::printf("%7d declined with a reason (%.1f%%)\n", total.declined, asked ? 100.0 * total.declined / asked : 0.0);
  std::printf("%7d failed\n", total.failed);
  return total.failed == 0 ? 0 : 1;
}

}  // namespace
}  // namespace ingot::tools

int main(int argc, char** argv) { return ingot::tools::run(argc, argv); }
