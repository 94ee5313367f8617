// Runs one model on arrays from .npy files and compares what comes out with others.
//   check_model MODEL [--engine=reference] [--limit=1e-4] --input NAME=FILE... --expect NAME=FILE...
//     --weights FILE             the weights of a Caffe definition
//     --output NAME              a tensor to mark as output, in place of the file's own; once for each
//     --fill NAME=VALUE,DIM,...   an input of these dims that is VALUE throughout
//     --rows NAME=FILE            an input that takes one row of the file a step, so that the model runs once for each row
//     --state INPUT=OUTPUT        this output of a step is this input of the next
//     --expect-rows NAME=FILE     an output whose values, step by step, are the rows of the file
//     --time                      says how long a run takes, as the device measures it, and what building, loading and enqueuing take
//     --plan FILE                 loads the plan from there, or leaves it there where there is none
//     --expect-rows-found NAME=FILE  detections: rows of 7 that begin with the image, whose score is above 0; the others count not
//     --static                    imports for the shapes of the given arrays alone
//     --planes                    images go into TensorFlow's graphs as [N, C, H, W]
//     --looser NAME=LIMIT         another limit for this output
//     --batches 1,2,7             runs on so many rows of all inputs and expectations, taken round and round; equal rows must give
//                                 equal bits, whatever stands beside them
//     --profiles 4,128            builds a profile for batches up to each of these; each run takes the first that fits
//     --each-batch                runs of different batch sizes may differ in bits: libraries take other kernels for them
//     --most-memory=1.1           how much memory activations may take, as a multiple of what lives at the same time
// Prints the largest difference from the expected values, relative to the largest of them, and the memory of activations; fails above
// the limits.
#include <algorithm>
#include <cmath>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <map>

#include "engines.h"
#include "import_file.h"
#include "npy.h"

namespace ingot::tools {
namespace {

using Named = std::map<std::string, std::string>;

struct Options {
  std::string model, weights, plan, engine = "reference";
  std::vector<std::string> outputs;
  double limit = 1e-4, most_memory = 1.1;
  Named inputs, fills, looser, rows, states, expected, expected_rows, expected_found;
  std::vector<int64_t> batches, profiles;
  bool is_static = false, planes = false, times = false, each_batch = false;
};

Result<Options> parse(int argc, char** argv) {
  Options options;
  for (int i = 1; i < argc; ++i) {
    const std::string argument = argv[i];
    Named* named = argument == "--input"               ? &options.inputs
                   : argument == "--fill"              ? &options.fills
                   : argument == "--looser"            ? &options.looser
                   : argument == "--rows"              ? &options.rows
                   : argument == "--state"             ? &options.states
                   : argument == "--expect"            ? &options.expected
                   : argument == "--expect-rows"       ? &options.expected_rows
                   : argument == "--expect-rows-found" ? &options.expected_found
                                                       : nullptr;
    if (argument == "--weights" || argument == "--output" || argument == "--plan") {
      if (++i == argc) return invalid(argument + " wants a value");
      if (argument == "--weights")
        options.weights = argv[i];
      else if (argument == "--plan")
        options.plan = argv[i];
      else
        options.outputs.emplace_back(argv[i]);
    } else if (named || argument == "--batches" || argument == "--profiles") {
      if (++i == argc) return invalid(argument + " wants a value");
      const std::string value = argv[i];
      if (named) {
        const size_t equals = value.find('=');
        if (equals == std::string::npos) return invalid(argument + " wants NAME=FILE; got '" + value + "'");
        (*named)[value.substr(0, equals)] = value.substr(equals + 1);
      } else {
        for (const char* at = value.c_str(); *at;) {
          char* end = nullptr;
          (argument == "--batches" ? options.batches : options.profiles).push_back(std::strtoll(at, &end, 10));
          if (end == at) return invalid(argument + " wants numbers; got '" + value + "'");
          at = *end == ',' ? end + 1 : end;
        }
      }
    } else if (argument == "--time") {
      options.times = true;
    } else if (argument == "--planes") {
      options.planes = true;
    } else if (argument == "--each-batch") {
      options.each_batch = true;
    } else if (argument == "--static") {
      options.is_static = true;
    } else if (argument.starts_with("--engine=")) {
      options.engine = argument.substr(9);
    } else if (argument.starts_with("--limit=")) {
      options.limit = std::atof(argument.c_str() + 8);
    } else if (argument.starts_with("--most-memory=")) {
      options.most_memory = std::atof(argument.c_str() + 14);
    } else if (argument.starts_with("--")) {
      return invalid("the option " + argument + " is not known");
    } else {
      options.model = argument;
    }
  }
  if (options.model.empty()) return invalid("which model?");
  return options;
}

Result<std::map<std::string, Array>> read(const Named& files) {
  std::map<std::string, Array> arrays;
  for (const auto& [name, file] : files) {
    TRY_ASSIGN(arrays[name], read_npy(file));
  }
  return arrays;
}

// "VALUE,DIM,..." as an array of `type`.
Result<Array> filled(const std::string& text, DataType type) {
  std::vector<double> numbers;
  for (const char* at = text.c_str(); *at;) {
    char* end = nullptr;
    numbers.push_back(std::strtod(at, &end));
    if (end == at) return invalid("--fill wants numbers; got '" + text + "'");
    at = *end == ',' ? end + 1 : end;
  }
  if (numbers.empty()) return invalid("--fill wants a value");
  TRY_ASSIGN(Array array, Array::make(type, Shape(numbers.begin() + 1, numbers.end())));
  for (int64_t i = 0; i < array.count(); ++i) array.set_number(i, numbers[0]);
  return array;
}

// Rows first, first + 1, ... of the array, round and round.
Result<Array> take_rows(const Array& from, int64_t first, int64_t count) {
  Shape shape = from.shape();
  if (shape.empty() || shape[0] == 0) return invalid("an array " + to_text(shape) + " has no rows");
  const int64_t rows = shape[0];
  const size_t row_bytes = from.byte_count() / static_cast<size_t>(rows);
  shape[0] = count;
  TRY_ASSIGN(Array taken, Array::make(from.type(), shape));
  auto* target = static_cast<std::byte*>(taken.mutable_data());
  for (int64_t i = 0; i < count; ++i)
    std::memcpy(target + static_cast<size_t>(i) * row_bytes,
                static_cast<const std::byte*>(from.data()) + static_cast<size_t>((first + i) % rows) * row_bytes, row_bytes);
  return taken;
}

struct Difference {
  double largest = 0, relative = 0;
};

// Shapes may differ in ones: expectations of rows lack the batch.
Result<Difference> compare(const Array& got, const Array& expected, const std::string& name, double largest) {
  if (got.count() != expected.count())
    return invalid("the output '" + name + "' is " + to_text(got.shape()) + "; expected " + to_text(expected.shape()));
  Difference difference;
  for (int64_t i = 0; i < got.count(); ++i) {
    const double a = got.number(i), b = expected.number(i);
    if (std::isnan(a) != std::isnan(b))
      return invalid("the output '" + name + "' is " + std::to_string(a) + " at " + std::to_string(i) + "; expected " + std::to_string(b));
    if (a == b || std::isnan(a)) continue;
    difference.largest = std::max(difference.largest, std::abs(a - b));
  }
  difference.relative = difference.largest / std::max(largest, 1e-30);
  return difference;
}

// The rows [image, class, score, x0, y0, x1, y1] whose score is above 0.
Result<Array> rows_found(const Array& array) {
  constexpr int64_t kNumbers = 7;
  std::vector<double> kept;
  for (int64_t at = 0; at + kNumbers <= array.count(); at += kNumbers) {
    if (!(array.number(at + 2) > 0)) continue;
    for (int64_t i = 0; i < kNumbers; ++i) kept.push_back(array.number(at + i));
  }
  if (kept.empty()) return invalid("no detections are expected; such a check says nothing");
  return Array::of(DataType::kFloat, {static_cast<int64_t>(kept.size()) / kNumbers, kNumbers}, kept);
}

double largest_of(const Array& array) {
  double largest = 0;
  for (int64_t i = 0; i < array.count(); ++i) {
    if (std::isfinite(array.number(i))) largest = std::max(largest, std::abs(array.number(i)));
  }
  return largest;
}

Result<size_t> find(const std::vector<Tensor*>& tensors, const std::string& name, const char* what) {
  std::string known;
  for (size_t i = 0; i < tensors.size(); ++i) {
    if (tensors[i]->name == name) return i;
    known += (i ? ", " : "") + tensors[i]->name;
  }
  return invalid(std::string("there is no ") + what + " '" + name + "'; there is " + known);
}

class Checker {
 public:
  Checker(const Network& network, Run run, EngineFacts& facts) : network_(network), run_(std::move(run)), facts_(facts) {}

  // Runs once, or once for each row of inputs that have rows.
  Status check(const Options& options, int64_t batch) {
    TRY_ASSIGN(auto inputs, read(options.inputs));
    TRY_ASSIGN(auto expected, read(options.expected));
    if (batch > 0) {
      for (auto* arrays : {&inputs, &expected}) {
        for (auto& [name, array] : *arrays) {
          TRY_ASSIGN(array, take_rows(array, 0, batch));
        }
      }
    }
    TRY_ASSIGN(auto rows, read(options.rows));
    TRY_ASSIGN(auto expected_rows, read(options.expected_rows));
    const int64_t steps = rows.empty() ? 1 : rows.begin()->second.shape().at(0);
    Arrays outputs, arguments;
    for (int64_t step = 0; step < steps; ++step) {
      arguments.assign(network_.inputs().size(), {});
      for (const auto& [name, array] : inputs) {
        TRY_ASSIGN(size_t index, find(network_.inputs(), name, "input"));
        arguments[index] = array;
      }
      for (const auto& [name, text] : options.fills) {
        TRY_ASSIGN(size_t index, find(network_.inputs(), name, "input"));
        TRY_ASSIGN(arguments[index], filled(text, network_.inputs()[index]->type.type));
      }
      for (const auto& [name, array] : rows) {
        TRY_ASSIGN(size_t index, find(network_.inputs(), name, "input"));
        TRY_ASSIGN(arguments[index], take_rows(array, step, 1));
      }
      for (const auto& [input, output] : options.states) {
        TRY_ASSIGN(size_t index, find(network_.inputs(), input, "input"));
        TRY_ASSIGN(size_t from, find(network_.outputs(), output, "output"));
        if (step > 0) {
          arguments[index] = outputs[from];
        } else if (!arguments[index].data()) {
          return invalid("the state '" + input + "' needs a first value: --fill or --input");
        }
      }
      for (size_t i = 0; i < arguments.size(); ++i) {
        if (!arguments[i].data())
          return invalid("the input '" + network_.inputs()[i]->name + "' (" + network_.inputs()[i]->type.text() + ") is not given");
      }
      TRY_ASSIGN(outputs, run_(arguments));
      for (const auto& [name, array] : expected_rows) {
        TRY_ASSIGN(size_t index, find(network_.outputs(), name, "output"));
        TRY_ASSIGN(Array row, take_rows(array, step, 1));
        TRY_ASSIGN(Difference difference, compare(outputs[index], row, name, largest_of(array)));
        keep_worst(options, difference.relative, name);
      }
    }
    for (const auto& [name, array] : expected) {
      TRY_ASSIGN(size_t index, find(network_.outputs(), name, "output"));
      TRY_ASSIGN(Difference difference, compare(outputs[index], array, name, largest_of(array)));
      keep_worst(options, difference.relative, name);
    }
    TRY_ASSIGN(auto expected_found, read(options.expected_found));
    for (const auto& [name, array] : expected_found) {
      TRY_ASSIGN(size_t index, find(network_.outputs(), name, "output"));
      TRY_ASSIGN(Array wanted, rows_found(array));
      TRY_ASSIGN(Array got, rows_found(outputs[index]));
      TRY_ASSIGN(Difference difference, compare(got, wanted, name, largest_of(wanted)));
      keep_worst(options, difference.relative, name);
    }
    if (batch == 0 || options.inputs.empty()) return Ok{};
    TRY_ASSIGN(Array first, read_npy(options.inputs.begin()->second));
    const int64_t different = first.shape()[0];
    const Status rows_are_equal = compare_rows(options, outputs, batch, different);
    if (rows_are_equal.ok()) return Ok{};
    TRY_ASSIGN(const std::string found, step_with_other_rows(arguments, batch, different));
    return invalid(rows_are_equal.error().message + found);
  }
  bool right() const { return right_; }
  // The difference that comes nearest to its limit, or passes it farthest.
  double worst() const { return worst_; }
  const std::string& worst_output() const { return worst_output_; }

 private:
  // The same row of the input has the same bits in the output, at any place of any batch.
  Status compare_rows(const Options& options, const Arrays& outputs, int64_t batch, int64_t different) {
    if (options.each_batch) rows_.clear();
    for (size_t o = 0; o < outputs.size(); ++o) {
      if (outputs[o].rank() == 0 || outputs[o].shape()[0] != batch) continue;
      auto& known = rows_[network_.outputs()[o]->name];
      for (int64_t row = 0; row < batch; ++row) {
        TRY_ASSIGN(Array bits, take_rows(outputs[o], row, 1));
        const auto [entry, fresh] = known.try_emplace(row % different, bits);
        if (!fresh && !entry->second.same_bits(bits))
          return internal("row " + std::to_string(row) + " of the output '" + network_.outputs()[o]->name + "' at batch " +
                          std::to_string(batch) + " has other bits than the same row has elsewhere");
      }
    }
    return Ok{};
  }
  // The first step of a run whose output has other bits in one row than in the same row at another place of it.
  Result<std::string> step_with_other_rows(const Arrays& arguments, int64_t batch, int64_t different) {
    std::string found = facts_.steps > 0 ? "; no step alone has such rows" : "";
    bool is_found = false;
    facts_.watch = [&](const std::string& step, const Shape& shape, std::span<const std::byte> bytes) {
      if (is_found || shape.empty() || shape[0] != batch || bytes.size() % static_cast<size_t>(batch) != 0) return;
      const size_t size = bytes.size() / static_cast<size_t>(batch);
      int64_t others = 0;
      std::string which;
      for (int64_t row = different; row < batch; ++row) {
        const auto* at = bytes.data() + static_cast<size_t>(row) * size;
        const auto* same = bytes.data() + static_cast<size_t>(row % different) * size;
        if (std::memcmp(at, same, size) == 0) continue;
        size_t count = 0, first = size;
        for (size_t i = 0; i < size; ++i) {
          if (at[i] == same[i]) continue;
          first = std::min(first, i);
          ++count;
        }
        if (++others <= 8)
          which += " " + std::to_string(row) + " (" + std::to_string(count) + " bytes of " + std::to_string(size) + ", the first at " +
                   std::to_string(first) + ")";
      }
      is_found = others > 0;
      if (is_found) found = "; in " + std::to_string(others) + " rows first so behind " + step + " " + to_text(shape) + ":" + which;
    };
    const auto ran = run_(arguments);
    facts_.watch = nullptr;
    if (!ran.ok()) return ran.error();
    return found;
  }
  void keep_worst(const Options& options, double difference, const std::string& output) {
    const auto looser = options.looser.find(output);
    const double limit = looser == options.looser.end() ? options.limit : std::atof(looser->second.c_str());
    right_ = right_ && difference <= limit;
    if (difference / limit < worst_share_) return;
    worst_share_ = difference / limit;
    worst_ = difference;
    worst_output_ = output;
  }
  const Network& network_;
  Run run_;
  EngineFacts& facts_;
  bool right_ = true;
  double worst_ = 0, worst_share_ = 0;
  std::map<std::string, std::map<int64_t, Array>> rows_;  // by output and row of the input
  std::string worst_output_;
};

Result<bool> run(int argc, char** argv) {
  TRY_ASSIGN(Options options, parse(argc, argv));
  auto facts = std::make_shared<EngineFacts>();
  facts->times = options.times;
  facts->plan_file = options.plan;
  facts->profile_ends = options.profiles;
  TRY_ASSIGN(Engine engine, engine_by_name(options.engine, facts));
  FileImport import;
  import.model = options.model;
  import.weights = options.weights;
  import.outputs = options.outputs;
  import.channels_first = options.planes;
  import.log = &stderr_log();
  if (options.is_static) {
    TRY_ASSIGN(auto inputs, read(options.inputs));
    TRY_ASSIGN(auto rows, read(options.rows));
    for (const auto& [name, array] : inputs) import.input_shapes[name] = array.shape();
    for (const auto& [name, array] : rows) {
      import.input_shapes[name] = array.shape();
      import.input_shapes[name][0] = 1;
    }
    for (const auto& [name, text] : options.fills) {
      TRY_ASSIGN(Array array, filled(text, DataType::kFloat));
      import.input_shapes[name] = array.shape();
    }
  }
  TRY_ASSIGN(std::shared_ptr<const Network> network, import_file(import));
  TRY(network->verify());
  TRY_ASSIGN(Run runner, engine(network));
  Checker checker(*network, std::move(runner), *facts);
  if (options.batches.empty()) options.batches = {0};
  double memory = 1;
  for (int64_t batch : options.batches) {
    TRY(checker.check(options, batch).within(options.model + (batch ? ", batch " + std::to_string(batch) : "")));
    if (facts->live_bytes) memory = std::max(memory, static_cast<double>(facts->arena_bytes) / static_cast<double>(facts->live_bytes));
  }
  const bool right = checker.right(), small = memory <= options.most_memory;
  std::printf("%.2e %s", checker.worst(), right ? "ok" : "WRONG");
  if (!right) std::printf(" in '%s'", checker.worst_output().c_str());
  if (facts->steps) {
    std::printf(", %zu steps, %.1f MiB of activations", facts->steps, static_cast<double>(facts->arena_bytes) / (1 << 20));
    std::printf(small ? " (%.2fx)" : ", WRONG: %.2f times what lives at once", memory);
  }
  if (options.times) {
    std::printf(", %.3f ms a run, %.1f us to enqueue, ", facts->ms, facts->enqueue_us);
    if (facts->build_ms > 0) std::printf("built in %.1f s, ", facts->build_ms / 1e3);
    std::printf("loaded in %.0f ms, the first run in %.0f ms", facts->load_ms, facts->first_ms);
  }
  std::printf("\n");
  return right && small;
}

}  // namespace
}  // namespace ingot::tools

int main(int argc, char** argv) {
  auto right = ingot::tools::run(argc, argv);
  if (!right.ok()) std::fprintf(stderr, "%s\n", right.error().message.c_str());
  return right.ok() && *right ? 0 : 1;
}
