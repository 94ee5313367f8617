// Every tactic against the reference on mutations of the examples' layers: other shapes, types, values and fields, on every instruction
// set of the machine. A new operator or tactic is covered by the operator's examples alone.
//   INGOT_TEST_TIMES=20   20 times as many cases
//   INGOT_TEST_SEED=n     the one case of that seed, on every layer
//   INGOT_TEST_SHOW=1     prints each case before it runs
//   INGOT_TEST_PART=i/n   the i-th of n parts of the layers, counted from 0
// With INGOT_DEVICE=cuda the tactics of the GPU take the cases, in place of the CPU's.
#include <execinfo.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <cmath>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <map>
#include <set>
#include <unordered_map>

#include "network/random_inputs.h"
#include "stages.h"
#include "tactic_check.h"
#include "testing/example.h"
#include "testing/hooks.h"

namespace ingot::testing {
namespace {

constexpr int kCasesOfALayer = 4, kTries = 6;
constexpr int64_t kMostElements = 1 << 15;
constexpr size_t kMostFailures = 25;

struct Seed {
  std::unique_ptr<Operator> op;
  Arrays inputs;
  std::vector<bool> constants;
};

// The layers of all examples, with what flows into them.
std::vector<Seed> layers_of_examples() {
  std::vector<Seed> layers;
  const Hooks kept = hooks();
  hooks().fail = [](const std::string&) {};
  hooks().round_trip_plan = nullptr;
  const auto take = [&](const Network& network, const Arrays& inputs) -> Status {
    TRY_ASSIGN(auto trials, trials_of(network, inputs));
    for (const auto& [layer, trial] : trials) layers.push_back({layer->op().clone(), trial.inputs, trial.constants});
    return Ok{};
  };
  hooks().check_tactics = take;
  // What rewrites make has the epilogues that no file format knows.
  hooks().apply_rewrite = [&](std::string_view rewrite, Network& network) -> Result<bool> {
    TRY_ASSIGN(SymbolValues sizes, small_sizes(network));
    TRY_ASSIGN(Arrays inputs, random_inputs(network, 1, sizes));
    TRY_ASSIGN(bool changed, kept.apply_rewrite(rewrite, network));
    TRY(take(network, inputs));
    return changed;
  };
  for (const Example& example : examples()) example.body();
  hooks() = kept;
  return layers;
}

// Values that the fields of an operator have in its examples.
using FieldPool = std::map<std::string, std::map<std::string, std::vector<FieldValue>>>;

FieldPool pool_of(const std::vector<Seed>& layers) {
  FieldPool pool;
  for (const Seed& layer : layers) {
    for (Field& field : layer.op->fields()) pool[std::string(layer.op->name())][field.name].push_back(std::move(field.value));
  }
  return pool;
}

int64_t near(Random& random, int64_t value) {
  if (random.chance(0.3)) return random.between(-1, 4);
  return static_cast<int64_t>(static_cast<uint64_t>(value) +
                              static_cast<uint64_t>(random.pick<int64_t>({-1, 1, 2})));  // some are the largest
}

void mutate_field(Random& random, const FieldPool& pool, Operator& op) {
  const std::vector<Field> fields = op.fields();
  if (fields.empty()) return;
  const Field& field = random.one_of(fields);
  FieldValue value = field.value;
  if (auto* flag = std::get_if<bool>(&value)) {
    *flag = !*flag;
  } else if (auto* integer = std::get_if<int64_t>(&value); integer && random.chance(0.7)) {
    *integer = near(random, *integer);
  } else if (auto* number = std::get_if<double>(&value); number && random.chance(0.5)) {
    *number = random.pick({0.0, 0.5, 1.0, -1.0, *number * 1.5});
  } else if (auto* list = std::get_if<std::vector<int64_t>>(&value); list && !list->empty() && random.chance(0.7)) {
    int64_t& item = (*list)[static_cast<size_t>(random.between(0, static_cast<int64_t>(list->size()) - 1))];
    item = near(random, item);
  } else {
    value = random.one_of(pool.at(std::string(op.name())).at(field.name));
  }
  (void)op.set_field(field.name, value);  // what it refuses stays as it was
}

int64_t some_length(Random& random) {
  if (random.chance(0.03)) return 0;
  return random.pick<int64_t>({1, 1, 2, 3, 4, 5, 7, 8, 9, 12, 15, 16, 17, 20, 31, 32, 33, 48, 64, 65, random.between(1, 40)});
}

// Values within the range of `like`, so that indices and counts stay what they are.
Array some_values(Random& random, const Array& like, DataType type, const Shape& shape) {
  double least = 0, most = is_floating(type) ? 1 : 0;
  for (int64_t i = 0; i < like.count(); ++i) {
    const double value = like.number(i);
    if (!std::isfinite(value)) continue;
    least = i ? std::min(least, value) : value;
    most = i ? std::max(most, value) : value;
  }
  if (is_floating(type) && least == most) least -= 1, most += 1;
  return random.array(type, shape, least, most);
}

// One mutation; false where it has nothing to run.
bool mutate(Random& random, const Seed& seed, const FieldPool& pool, Operator& op, Trial* trial) {
  if (op.subnetworks().empty()) {
    for (int i = static_cast<int>(random.between(0, 2)); i > 0; --i) mutate_field(random, pool, op);
  }
  std::map<int64_t, int64_t> lengths;  // what was equal stays equal
  const double keep = random.pick({0.2, 0.5, 0.9});
  std::map<DataType, DataType> types;
  if (random.chance(0.35)) types[DataType::kFloat] = random.pick({DataType::kHalf, DataType::kBf16, DataType::kBf16, DataType::kDouble});
  if (random.chance(0.2)) types[DataType::kInt8] = DataType::kUint8;
  const bool same_values = random.chance(0.2);
  trial->op = &op;
  for (size_t i = 0; i < seed.inputs.size(); ++i) {
    const Array& like = seed.inputs[i];
    bool constant = seed.constants[i];
    if (like.data() && !op.reads_values_of(i) && random.chance(0.15)) constant = !constant;
    trial->constants.push_back(constant);
    // Few operators take values that say other shapes than the example's.
    if (!like.data() || (op.reads_values_of(i) && random.chance(0.6))) {
      trial->inputs.push_back(like);
      continue;
    }
    Shape shape;
    int64_t count = 1;
    for (int64_t length : like.shape()) {
      auto [entry, fresh] = lengths.try_emplace(length, length);
      // Bodies of loops are made for their shapes.
      if (fresh && op.subnetworks().empty() && !random.chance(keep)) entry->second = some_length(random);
      shape.push_back(entry->second);
      count *= entry->second;
      if (count > kMostElements) return false;
    }
    const auto type = types.find(like.type());
    const DataType wanted = type == types.end() ? like.type() : type->second;
    if (bits_of(wanted) < 8 || (same_values && shape == like.shape() && wanted == like.type())) {
      trial->inputs.push_back(like);
      continue;
    }
    trial->inputs.push_back(some_values(random, like, wanted, shape));
  }
  trial->variation = random.chance(0.3) ? 0 : static_cast<uint64_t>(random.between(1, 63));
  trial->most_elements = kMostElements;
  return true;
}

// What is being tried. Where a signal ends the process, that and the calls on the stack are told: gtest keeps its messages until a test is
// over.
char trying[4096];

void tell_what_was_tried(int signal) {
  const auto tell = [](const char* text) { (void)!write(STDERR_FILENO, text, std::strlen(text)); };
  tell("seed and layer when a signal came: ");
  tell(trying);
  tell("\n");
  void* calls[64];
  backtrace_symbols_fd(calls, backtrace(calls, 64), STDERR_FILENO);
  std::signal(signal, SIG_DFL);
  std::raise(signal);
}

void listen_to_signals() {
  static char stack[1 << 16];  // its own, for signals of a stack that is full
  stack_t own{};
  own.ss_sp = stack;
  own.ss_size = sizeof stack;
  sigaltstack(&own, nullptr);
  struct sigaction action {};
  action.sa_handler = tell_what_was_tried;
  action.sa_flags = SA_ONSTACK | SA_NODEFER;
  for (int signal : {SIGSEGV, SIGBUS, SIGFPE, SIGILL, SIGABRT}) sigaction(signal, &action, nullptr);
}

TEST(Mutations, EveryTacticAgreesWithTheReference) {
  const std::vector<Seed> layers = layers_of_examples();
  ASSERT_GT(layers.size(), 200u);
  const FieldPool pool = pool_of(layers);
  const std::vector<const Tactic*> tactics = TacticCatalogue::instance().all();
  const char* wish = std::getenv("INGOT_TEST_SEED");
  const int count = wish ? 1 : test_cases(kCasesOfALayer);
  const char *device = std::getenv("INGOT_DEVICE"), *part = std::getenv("INGOT_TEST_PART");
  const DeviceKind kind_of_device = device && std::string(device) == "cuda" ? DeviceKind::kCuda : DeviceKind::kCpu;
  if (kind_of_device == DeviceKind::kCuda) listen_to_signals();
  const std::vector<Isa> levels = kind_of_device == DeviceKind::kCpu ? isa_levels() : std::vector<Isa>{Isa::kAmx};
  size_t own_part = 0, parts = 1;
  ASSERT_TRUE(!part || std::sscanf(part, "%zu/%zu", &own_part, &parts) == 2) << part;
  int cases = 0;
  std::map<std::string, int> runs;
  std::set<std::string> failures;  // one of each kind
  for (size_t l = 0; l < layers.size() && failures.size() < kMostFailures; ++l) {
    if (l % parts != own_part) continue;
    if (!layers[l].op->is_pure()) continue;  // random numbers have no one answer
    for (int i = 0; i < count; ++i) {
      const uint64_t number = wish ? std::strtoull(wish, nullptr, 10) : static_cast<uint64_t>(i) + 1;
      Random random(number * 100003 + l);
      for (int attempt = 0; attempt < kTries; ++attempt) {
        const auto op = layers[l].op->clone();
        Trial trial;
        if (!mutate(random, layers[l], pool, *op, &trial)) continue;
        if (std::getenv("INGOT_TEST_SHOW"))
          std::fprintf(stderr, "seed %d, layer %zu: %s%s\n", static_cast<int>(number), l, std::string(op->name()).c_str(),
                       op->fields_text().c_str());
        auto asked = ask(trial);
        if (!asked.ok()) continue;  // the operator refuses such inputs
        ++cases;
        if (std::getenv("INGOT_TEST_SHOW")) std::fprintf(stderr, "  %s\n", asked->text.c_str());
        trial.tolerance = tolerance_for(*op, asked->problem.inputs, asked->problem.outputs);
        const std::string layer = std::string(op->name()) + op->fields_text();
        for (Isa isa : levels) {
          cap_isa(isa);
          for (const Tactic* tactic : tactics) {
            if (tactic->device() != kind_of_device) continue;
            std::snprintf(trying, sizeof trying, "%d, %zu: %s on %s", static_cast<int>(number), l, std::string(tactic->name()).c_str(),
                          layer.c_str());
            const Outcome outcome = check(*tactic, trial, *asked);
            runs[std::string(tactic->name())] += outcome.ran;
            if (outcome.failure.empty()) continue;
            const std::string kind = std::string(op->name()) + " " + std::string(asked->failure.empty() ? tactic->name() : "inference");
            if (failures.insert(kind).second) {
              ADD_FAILURE() << "INGOT_TEST_SEED=" << number << ", layer " << l << ", on " << name_of(isa) << ": " << outcome.failure;
            }
            if (!asked->failure.empty()) break;
          }
        }
        cap_isa(Isa::kAmx);
        break;
      }
    }
  }
  int all = 0;
  std::string idle;
  for (const Tactic* tactic : tactics) {
    all += runs[std::string(tactic->name())];
    if (runs[std::string(tactic->name())] == 0) idle += " " + std::string(tactic->name());
  }
  std::printf("%d cases of %zu layers, seeds 1 to %d: %d runs of %zu tactics; never taken:%s\n", cases, layers.size(), count, all,
              tactics.size(), idle.empty() ? " none" : idle.c_str());
  EXPECT_GT(cases, static_cast<int>(layers.size() / parts) / 2);
  EXPECT_GT(all, cases / 2) << "the device's tactics took few of the cases";
}

}  // namespace
}  // namespace ingot::testing
