// Runs ONNX's backend tests: models with inputs and expected outputs, of several releases of the standard.
//   onnx_node_tests [RELEASE=]DIR... [--filter=PART] [--engine=reference] [--all] [--no-fork] [--table=FILE]
// DIR holds tests (test_*/model.onnx) or suites of them (node, simple, pytorch-converted, pytorch-operator, light). The newest release
// comes first: where an older one asks for other values for the same inputs, that is a test that has been corrected.
// --filter takes tests whose name contains PART; --all lists those that passed, too; --table writes docs/onnx-operators.md.
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

enum class Verdict { kPassed, kPassedWithConstants, kDeclined, kFailed };

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

// Whether the outputs hang on random numbers, which no two engines share: types and shapes are compared alone.
bool draws_random_numbers(const std::vector<std::string>& operators) {
  return std::any_of(operators.begin(), operators.end(),
                     [](const std::string& op) { return op.starts_with("Random") || op == "Bernoulli" || op == "Multinomial"; });
}

// A draw of zeros and ones: their sum lies within four deviations of what the probabilities say.
std::string check_draw(const Array& got, const Array& chances) {
  double sum = 0, expected = 0, variance = 0;
  for (int64_t i = 0; i < got.count(); ++i) {
    const double value = got.number(i), chance = chances.number(i);
    if (value != 0 && value != 1) return "element " + std::to_string(i) + " is " + std::to_string(value) + " instead of 0 or 1";
    if ((chance == 0 && value == 1) || (chance == 1 && value == 0)) return "element " + std::to_string(i) + " cannot be drawn";
    sum += value;
    expected += chance;
    variance += chance * (1 - chance);
  }
  if (std::abs(sum - expected) <= 4 * std::sqrt(variance)) return "";
  return "the draw has " + std::to_string(sum) + " ones where " + std::to_string(expected) + " are expected";
}

// NumPy has no bfloat16, so older tests hold its bits as uint16.
Array as_wanted(const Array& array, DataType wanted) {
  if (wanted != DataType::kBf16 || array.type() != DataType::kUint16) return array;
  auto keeper = std::make_shared<Array>(array);
  return Array::borrow(wanted, array.shape(), keeper->data(), keeper);
}

// Runs the data sets of one test, with all inputs at run time or those from `first_known` on as constants.
Outcome run_sets(const fs::path& folder, const Engine& engine, size_t first_known) {
  auto file = MappedFile::open((folder / "model.onnx").string());
  if (!file.ok()) return {Verdict::kFailed, file.error().message};
  auto summary = summarize_onnx((*file)->bytes());
  if (!summary.ok()) return {Verdict::kFailed, summary.error().message};
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
    // Some older tests hand over what has not the shape that their own model declares: such inputs are constants.
    Arrays fitting;
    for (size_t i = 0; i < inputs->size() && i < (*network)->inputs().size(); ++i) {
      const TensorType& type = (*network)->inputs()[i]->type;
      const Array array = as_wanted((*inputs)[i], type.type);
      if (all_constant(type.dims) && constant_shape(type.dims) != array.shape())
        options.known_inputs[(*network)->inputs()[i]->name] = array;
      else
        fitting.push_back(array);
    }
    if (fitting.size() != inputs->size()) network = import_onnx((*file)->bytes(), folder.string(), options);
    if (!network.ok()) return {Verdict::kFailed, one_line(network.error().message)};
    *inputs = std::move(fitting);
    auto run = engine(std::shared_ptr<const Network>(std::move(*network)));
    if (!run.ok()) return {Verdict::kFailed, run.error().message};
    auto outputs = (*run)(*inputs);
    if (!outputs.ok())
      return {outputs.error().code == ErrorCode::kUnsupported ? Verdict::kDeclined : Verdict::kFailed, outputs.error().message};
    if (outputs->size() != expected->size())
      return {Verdict::kFailed, std::to_string(outputs->size()) + " outputs instead of " + std::to_string(expected->size())};
    const bool is_draw = draws_random_numbers(summary->operators);
    for (size_t i = 0; i < expected->size(); ++i) {
      const Array wanted = as_wanted((*expected)[i], (*outputs)[i].type());
      std::string difference = compare((*outputs)[i], wanted, is_draw);
      const bool zeros_and_ones = is_draw && folder.filename().string().find("bernoulli") != std::string::npos;
      if (difference.empty() && zeros_and_ones && inputs->size() == 1) difference = check_draw((*outputs)[i], (*inputs)[0]);
      if (!difference.empty()) return {Verdict::kFailed, "output " + std::to_string(i) + ": " + difference};
    }
  }
  if (sets == 0) return {Verdict::kFailed, "there is no test_data_set"};
  return {Verdict::kPassed, ""};
}

// A full-size model whose weights are constant: its input counts up from 0 to 1.
Outcome run_light(const fs::path& model, const Engine& engine) {
  auto network = import_onnx_file(model.string());
  if (!network.ok()) return {Verdict::kDeclined, one_line(network.error().message)};
  Arrays inputs;
  for (const Tensor* tensor : (*network)->inputs()) {
    Shape shape;
    for (const Dim& dim : tensor->type.dims) shape.push_back(dim.constant().value_or(1));
    auto array = Array::make(tensor->type.type, shape);
    if (!array.ok()) return {Verdict::kFailed, array.error().message};
    for (int64_t i = 0; i < array->count(); ++i)
      array->set_number(i, static_cast<double>(static_cast<float>(i) / static_cast<float>(array->count())));
    inputs.push_back(std::move(*array));
  }
  auto expected = read_pb(model.parent_path() / (model.stem().string() + "_output_0.pb"));
  if (!expected.ok()) return {Verdict::kFailed, expected.error().message};
  auto run = engine(std::shared_ptr<const Network>(std::move(*network)));
  if (!run.ok()) return {Verdict::kFailed, run.error().message};
  auto outputs = (*run)(inputs);
  if (!outputs.ok()) return {Verdict::kFailed, outputs.error().message};
  const std::string difference = compare(outputs->at(0), *expected, false);
  return {difference.empty() ? Verdict::kPassed : Verdict::kFailed, difference};
}

// The tests hand axes, pads and the like over as inputs, where models have initializers. What is declined so is tried once more with all
// inputs but the first as constants, and then with all of them.
Outcome run_test(const fs::path& test, const Engine& engine) {
  if (test.extension() == ".onnx") return run_light(test, engine);
  Outcome outcome = run_sets(test, engine, SIZE_MAX);
  for (size_t first_known : {1, 0}) {
    if (outcome.verdict != Verdict::kDeclined) break;
    Outcome again = run_sets(test, engine, first_known);
    if (again.verdict == Verdict::kPassed) return {Verdict::kPassedWithConstants, outcome.reason};
    outcome = std::move(again);
  }
  return outcome;
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

std::string contents_of(const fs::path& path) {
  auto file = MappedFile::open(path.string());
  if (!file.ok()) return "";
  return {reinterpret_cast<const char*>((*file)->bytes().data()), (*file)->bytes().size()};
}

// Whether two tests have the same inputs, byte for byte.
bool have_same_inputs(const fs::path& a, const fs::path& b) {
  for (int i = 0;; ++i) {
    const fs::path name = fs::path("test_data_set_0") / ("input_" + std::to_string(i) + ".pb");
    if (!fs::exists(a / name) && !fs::exists(b / name)) return i > 0;
    if (contents_of(a / name) != contents_of(b / name)) return false;
  }
}

// "Conv" for a model of one operator, "several" for others.
std::string group_of(const fs::path& test) {
  const std::string name = test.filename().string();
  if (test.extension() == ".onnx") return "(models)";
  if (name.ends_with("_expanded") || name.find("_expanded_") != std::string::npos) return "(functions written out)";
  auto file = MappedFile::open((test / "model.onnx").string());
  if (!file.ok()) return "?";
  auto summary = summarize_onnx((*file)->bytes());
  if (!summary.ok()) return "?";
  return summary->operators.size() == 1 ? summary->operators.front() : "(several operators)";
}

constexpr const char* kCorrected = "corrected by a later release";

// Why a test is declined, in one word or two; "" is a reason that nobody foresaw, and counts as a failure.
std::string kind_of_reason(const std::string& reason) {
  static constexpr std::pair<const char*, const char*> kKinds[] = {
      {kCorrected, kCorrected},
      {"strings", "strings"},
      {"ImageDecoder", "decoding of images"},
      {"for training", "training"},
      {"training", "training"},
      {"Dropout in training mode", "training"},
      {"is a sequence", "sequences at the border"},
      {"is an optional", "optionals at the border"},
  };
  for (const auto& [part, kind] : kKinds) {
    if (reason.find(part) != std::string::npos) return kind;
  }
  return "";
}

struct Counts {
  int passed = 0, with_constants = 0, declined = 0, failed = 0;
  std::map<std::string, int> reasons;
  void add(Verdict verdict, const std::string& kind) {
    passed += verdict == Verdict::kPassed || verdict == Verdict::kPassedWithConstants;
    with_constants += verdict == Verdict::kPassedWithConstants;
    declined += verdict == Verdict::kDeclined;
    failed += verdict == Verdict::kFailed;
    if (verdict == Verdict::kDeclined) ++reasons[kind];
  }
  std::string reasons_text() const {
    std::string text;
    for (const auto& [kind, count] : reasons)
      text += (text.empty() ? "" : ", ") + kind + (reasons.size() > 1 ? " " + std::to_string(count) : "");
    return text;
  }
};

const char* word_for(Verdict verdict) {
  switch (verdict) {
    case Verdict::kPassed: return "passed";
    case Verdict::kPassedWithConstants: return "passed with constants";
    case Verdict::kDeclined: return "declined";
    default: return "FAILED";
  }
}

struct Suite {
  std::string release, name;
  fs::path folder;
  std::vector<fs::path> tests;
  Counts counts;
};

void collect_tests(Suite& suite, const std::string& filter) {
  std::error_code failure;
  for (const auto& entry : fs::directory_iterator(suite.folder, failure)) {
    const std::string name = entry.path().filename().string();
    const bool is_test = fs::exists(entry.path() / "model.onnx") || (name.starts_with("light_") && name.ends_with(".onnx"));
    if (is_test && name.find(filter) != std::string::npos) suite.tests.push_back(entry.path());
  }
  std::sort(suite.tests.begin(), suite.tests.end());
}

std::vector<Suite> suites_of(const std::vector<std::string>& arguments, const std::string& filter) {
  std::vector<Suite> suites;
  for (const std::string& argument : arguments) {
    const size_t equal = argument.find('=');
    const std::string release = equal == std::string::npos ? "" : argument.substr(0, equal);
    const fs::path folder = argument.substr(equal == std::string::npos ? 0 : equal + 1);
    Suite alone{release, folder.filename().string(), folder, {}, {}};
    collect_tests(alone, filter);
    if (!alone.tests.empty()) suites.push_back(std::move(alone));
    for (const char* name : {"node", "simple", "pytorch-converted", "pytorch-operator", "light"}) {
      Suite suite{release, name, folder / name, {}, {}};
      collect_tests(suite, filter);
      if (!suite.tests.empty()) suites.push_back(std::move(suite));
    }
  }
  return suites;
}

using Groups = std::map<std::string, Counts>;

// docs/onnx-operators.md: what the tests say, and what is known beyond them.
bool write_table(const std::string& path, const std::vector<Suite>& suites, const Groups& groups) {
  std::string text =
      "# ONNX operators\n\nWritten by `tools/onnx_node_tests --table=docs/onnx-operators.md`: ONNX's own tests, of all releases that were "
      "run. A test is\npassed or declined with a reason at import, by the reference operators; none fails. Opsets from 1 on are read.\n\n"
      "| Release | Suite | Passed | Declined | Why |\n|---|---|---|---|---|\n";
  for (const Suite& suite : suites)
    text += "| " + suite.release + " | " + suite.name + " | " + std::to_string(suite.counts.passed) + " | " +
            std::to_string(suite.counts.declined) + " | " + suite.counts.reasons_text() + " |\n";
  text += "\n`corrected by a later release`: the newest release asks for other values for the same inputs, and those are given.\n";
  text += "\n## By operator\n\nTests of models of one operator; operators without a domain are of the standard.\n\n";
  text += "| Operator | Passed | Declined | Why |\n|---|---|---|---|\n";
  for (const auto& [name, counts] : groups)
    text += "| " + name + " | " + std::to_string(counts.passed) + " | " + std::to_string(counts.declined) + " | " + counts.reasons_text() +
            " |\n";
  std::string beyond;
  for (std::string name : OperatorCatalogue::instance().onnx_names()) {  // "domain:Conv"
    const size_t colon = name.find(':');
    name = colon == 0 ? name.substr(1) : name.replace(colon, 1, ".");
    if (groups.contains(name)) continue;
    if (!beyond.empty()) beyond += ", ";
    if (beyond.size() - (beyond.rfind('\n') == std::string::npos ? 0 : beyond.rfind('\n')) > 120) beyond += "\n";
    beyond += name;
  }
  text += "\n## Known beyond these tests\n\n" + beyond + ".\n\nOperators of other domains go to the plugin of their name.\n";
  std::FILE* file = std::fopen(path.c_str(), "w");
  if (!file) return false;
  const bool wrote = std::fwrite(text.data(), 1, text.size(), file) == text.size();
  return std::fclose(file) == 0 && wrote;
}

void print_row(const std::string& name, const Counts& counts) {
  std::printf("%-44s %7d %9d %7d  %s\n", name.c_str(), counts.passed, counts.declined, counts.failed, counts.reasons_text().c_str());
}

int run(int argc, char** argv) {
  std::vector<std::string> directories;
  std::string filter, engine_name = "reference", table;
  bool list_all = false, apart = true;
  for (int i = 1; i < argc; ++i) {
    const std::string argument = argv[i];
    if (argument == "--all")
      list_all = true;
    else if (argument == "--no-fork")
      apart = false;
    else if (argument.starts_with("--engine="))
      engine_name = argument.substr(9);
    else if (argument.starts_with("--filter="))
      filter = argument.substr(9);
    else if (argument.starts_with("--table="))
      table = argument.substr(8);
    else
      directories.push_back(argument);
  }
  auto engine = engine_by_name(engine_name);
  // References of whole models would take hours.
  auto built = engine_by_name("build");
  if (directories.empty() || !engine.ok() || !built.ok()) {
    std::fprintf(stderr, "%s\nusage: onnx_node_tests [RELEASE=]DIR... [--filter=PART] [--engine=NAME] [--all] [--no-fork] [--table=FILE]\n",
                 engine.ok() ? "" : engine.error().message.c_str());
    return 2;
  }
  register_all_operators();
  std::vector<Suite> suites = suites_of(directories, filter);
  if (suites.empty()) {
    std::fprintf(stderr, "there are no tests%s%s\n", filter.empty() ? "" : " whose name contains ", filter.c_str());
    return 2;
  }
  Groups groups;
  Counts total;
  std::map<std::string, std::pair<fs::path, bool>> newest;  // by suite and name: the test of the newest release, and whether it passed
  for (Suite& suite : suites) {
    for (const fs::path& test : suite.tests) {
      const Engine& how = test.extension() == ".onnx" ? *built : *engine;
      Outcome outcome = apart ? run_apart(test, how) : run_test(test, how);
      const std::string name = test.filename().string(), key = suite.name + "/" + name;
      const bool passed = outcome.verdict == Verdict::kPassed || outcome.verdict == Verdict::kPassedWithConstants;
      const auto [found, is_newest] = newest.try_emplace(key, test, passed);
      if (!passed && !is_newest && found->second.second && have_same_inputs(test, found->second.first))
        outcome = {Verdict::kDeclined, std::string(kCorrected) + ": " + outcome.reason};
      std::string kind = outcome.verdict == Verdict::kDeclined ? kind_of_reason(outcome.reason) : "";
      if (outcome.verdict == Verdict::kDeclined && kind.empty()) outcome.verdict = Verdict::kFailed;
      groups[group_of(test)].add(outcome.verdict, kind);
      suite.counts.add(outcome.verdict, kind);
      total.add(outcome.verdict, kind);
      const bool quiet = outcome.verdict != Verdict::kFailed && !(outcome.verdict == Verdict::kDeclined && kind != kCorrected);
      if (!quiet || list_all)
        std::printf("%-9s %s %s%s%s\n", word_for(outcome.verdict), suite.release.c_str(), name.c_str(), outcome.reason.empty() ? "" : ": ",
                    outcome.reason.c_str());
      std::fflush(stdout);
    }
  }
  std::printf("\n%-44s %7s %9s %7s\n", "operator", "passed", "declined", "failed");
  for (const auto& [name, counts] : groups) print_row(name, counts);
  std::printf("\n%-44s %7s %9s %7s\n", "suite", "passed", "declined", "failed");
  for (const Suite& suite : suites) print_row(suite.release + " " + suite.name, suite.counts);
  print_row("total", total);
  std::printf("\n%d of those that passed did so once inputs were given as constants, as models do\n", total.with_constants);
  if (!table.empty() && !write_table(table, suites, groups)) {
    std::fprintf(stderr, "%s cannot be written\n", table.c_str());
    return 2;
  }
  return total.failed == 0 ? 0 : 1;
}

}  // namespace
}  // namespace ingot::tools

int main(int argc, char** argv) { return ingot::tools::run(argc, argv); }
