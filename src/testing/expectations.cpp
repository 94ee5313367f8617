#include <algorithm>

#include "network/random_inputs.h"
#include "testing/canonical.h"
#include "testing/compare.h"
#include "testing/example.h"
#include "testing/hooks.h"

namespace ingot::testing {
namespace {

void fail(std::string_view network, const std::string& message) {
  std::string text = message;
  if (!network.empty()) text += "\nin the network:\n" + std::string(network);
  if (hooks().fail) hooks().fail(text);
}

std::string difference(const std::string& got, const std::string& want) { return "--- got\n" + got + "--- want\n" + want + "---"; }

// What Network::text writes reads back as the same network.
Status round_trip_text(const Network& network) {
  const std::string text = network.text();
  auto again = parse_network(text);
  if (!again.ok()) return std::move(again).error().within("its own text does not read back:\n" + text);
  if (const std::string second = (*again)->text(); second != text) {
    return invalid("its text changes on the way through parse_network:\n" + difference(second, text));
  }
  return (*again)->verify();
}

Result<Arrays> arrays_of(const Network& network, const std::vector<Values>& inputs) {
  if (inputs.size() != network.inputs().size()) {
    return invalid("the example gives " + std::to_string(inputs.size()) + " inputs, the network takes " +
                   std::to_string(network.inputs().size()));
  }
  Arrays arrays;
  for (size_t i = 0; i < inputs.size(); ++i) {
    TRY_ASSIGN(int64_t count, volume(inputs[i].shape));
    if (count != static_cast<int64_t>(inputs[i].values.size())) {
      return invalid("input " + std::to_string(i) + " of shape " + to_text(inputs[i].shape) + " is given " +
                     std::to_string(inputs[i].values.size()) + " values");
    }
    arrays.push_back(Array::of(network.inputs()[i]->type.type, inputs[i].shape, inputs[i].values));
  }
  return arrays;
}

// The expected values of each output; one list for all is cut by the outputs' sizes.
Result<std::vector<std::vector<double>>> split(const Expected& expected, const Arrays& outputs) {
  if (expected.by_output) {
    if (outputs.size() == expected.parts.size()) return expected.parts;
    return invalid("it has " + std::to_string(outputs.size()) + " outputs, the example expects " + std::to_string(expected.parts.size()));
  }
  const std::vector<double>& all = expected.parts[0];
  int64_t count = 0;
  for (const Array& output : outputs) count += output.count();
  if (count != static_cast<int64_t>(all.size())) {
    return invalid("the outputs have " + std::to_string(count) + " values together, the example expects " + std::to_string(all.size()));
  }
  std::vector<std::vector<double>> parts;
  auto next = all.begin();
  for (const Array& output : outputs) {
    parts.emplace_back(next, next + output.count());
    next += output.count();
  }
  return parts;
}

Status check_values(const Network& network, const Arrays& inputs, const Expected& expected) {
  auto outputs = network.evaluate(inputs);
  if (!outputs.ok()) return std::move(outputs).error().within("it does not evaluate");
  TRY_ASSIGN(auto parts, split(expected, *outputs));
  for (size_t i = 0; i < parts.size(); ++i) {
    const Array& got = (*outputs)[i];
    const std::string where = "output '" + network.outputs()[i]->name + "'";
    if (got.count() != static_cast<int64_t>(parts[i].size())) {
      return invalid(where + " of shape " + to_text(got.shape()) + " has " + std::to_string(got.count()) + " values, the example expects " +
                     std::to_string(parts[i].size()));
    }
    TRY(compare(got, Array::of(got.type(), got.shape(), parts[i])).within(where));
  }
  return Ok{};
}

Status check_everything(const Network& network, const Arrays& inputs) {
  TRY(network.verify().within("it does not verify"));
  TRY(round_trip_text(network));
  if (hooks().round_trip_plan) TRY(hooks().round_trip_plan(network).within("the plan round trip"));
  if (hooks().check_tactics) TRY(hooks().check_tactics(network, inputs));
  return Ok{};
}

// Both networks give the same values on random inputs.
Status compare_on_random_inputs(const Network& before, const Network& after, double looser) {
  TRY_ASSIGN(SymbolValues sizes, small_sizes(before));
  for (uint64_t seed = 1; seed <= 2; ++seed) {
    TRY_ASSIGN(Arrays inputs, random_inputs(before, seed, sizes));
    auto want = before.evaluate(inputs);
    if (!want.ok()) return std::move(want).error().within("the network before does not evaluate");
    auto got = after.evaluate(inputs);
    if (!got.ok()) return std::move(got).error().within("the network after does not evaluate");
    if (got->size() != want->size()) return invalid("the number of outputs changes");
    for (size_t i = 0; i < want->size(); ++i) {
      TRY(compare((*got)[i], (*want)[i], looser)
              .within("the values change, seed " + std::to_string(seed) + ", output '" + before.outputs()[i]->name + "'"));
    }
  }
  return Ok{};
}

Status check_rewrite(std::string_view rewrite, std::string_view before_text, const std::string_view* after_text) {
  auto before = parse_network(before_text);
  if (!before.ok()) return std::move(before).error().within("the network before");
  if (!hooks().apply_rewrite) return internal("no hook applies rewrites");
  auto network = (*before)->clone();
  auto changed = hooks().apply_rewrite(rewrite, *network);
  if (!changed.ok()) return std::move(changed).error().within(std::string(rewrite));
  TRY(network->verify().within("the result does not verify"));
  TRY_ASSIGN(std::string got, canonical_text(*network));
  TRY_ASSIGN(std::string untouched, canonical_text(**before));
  if (!after_text) {
    if (got != untouched) return invalid(std::string(rewrite) + " changes it:\n" + difference(got, untouched));
    if (*changed) return invalid(std::string(rewrite) + " says that it changed something, but the network is the same");
    return Ok{};
  }
  auto after = parse_network(*after_text);
  if (!after.ok()) return std::move(after).error().within("the expected network");
  TRY_ASSIGN(std::string want, canonical_text(**after));
  if (got != want) {
    if (got == untouched) return invalid(std::string(rewrite) + " does not apply:\n" + difference(got, want));
    return invalid(std::string(rewrite) + " gives another network:\n" + difference(got, want));
  }
  if (!*changed) return invalid(std::string(rewrite) + " changes the network, but says that it did not");
  // Where a lower precision is asked for, values move by its roundings.
  const bool rounds = rewrite.find(" bf16") != std::string_view::npos || rewrite.find(" half") != std::string_view::npos;
  const double looser = rounds ? 4 * tolerance_of(DataType::kBf16) / tolerance_of(DataType::kFloat) : 2;
  TRY(compare_on_random_inputs(**before, *network, looser));
  return round_trip_text(*network);
}

}  // namespace

Hooks& hooks() {
  static Hooks all;
  return all;
}

std::vector<Example>& examples() {
  static std::vector<Example> all;
  return all;
}

void expect_values(std::string_view network, const std::vector<Values>& inputs, const Expected& expected) {
  const auto check = [&]() -> Status {
    TRY_ASSIGN(std::unique_ptr<Network> parsed, parse_network(network));
    TRY_ASSIGN(Arrays arrays, arrays_of(*parsed, inputs));
    TRY(check_values(*parsed, arrays, expected));
    return check_everything(*parsed, arrays);
  };
  if (Status status = check(); !status.ok()) fail(network, status.error().message);
}

void expect_types(std::string_view network, const std::vector<std::string>& expected) {
  const auto check = [&]() -> Status {
    TRY_ASSIGN(std::unique_ptr<Network> parsed, parse_network(network));
    TRY(parsed->verify());
    TRY(round_trip_text(*parsed));
    if (parsed->outputs().size() != expected.size()) {
      return invalid("it has " + std::to_string(parsed->outputs().size()) + " outputs, the example expects " +
                     std::to_string(expected.size()));
    }
    for (size_t i = 0; i < expected.size(); ++i) {
      const Tensor& output = *parsed->outputs()[i];
      if (const std::string got = output.type.text(); got != expected[i]) {
        return invalid("output '" + output.name + "' is " + got + " and should be " + expected[i]);
      }
    }
    return Ok{};
  };
  if (Status status = check(); !status.ok()) fail(network, status.error().message);
}

void expect_error(std::string_view network, std::string_view part) {
  auto parsed = parse_network(network);
  if (parsed.ok()) {
    fail(network, "it is accepted, but should fail with a message that contains \"" + std::string(part) + "\"");
  } else if (parsed.error().message.find(part) == std::string::npos) {
    fail(network, "the error is \"" + parsed.error().message + "\" and should contain \"" + std::string(part) + "\"");
  }
}

void expect_rewrite(std::string_view rewrite, std::string_view before, std::string_view after) {
  if (Status status = check_rewrite(rewrite, before, &after); !status.ok()) fail(before, status.error().message);
}

void expect_unchanged(std::string_view rewrite, std::string_view network) {
  if (Status status = check_rewrite(rewrite, network, nullptr); !status.ok()) fail(network, status.error().message);
}

void expect_true(bool condition, std::string_view claim) {
  if (!condition) fail("", "it does not hold that " + std::string(claim));
}

void expect_message(const Error& error, std::string_view part) {
  if (error.message.find(part) == std::string::npos) {
    fail("", "the error is \"" + error.message + "\" and should contain \"" + std::string(part) + "\"");
  }
}

}  // namespace ingot::testing
