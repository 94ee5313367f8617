// EXAMPLE("a sentence") { expect_...(...); } at the foot of the file it speaks of. In the library build the body is a template nobody
// instantiates: type-checked, and no code.
#pragma once

#include <initializer_list>
#include <string>
#include <string_view>
#include <vector>

#include "network/network.h"

namespace ingot::testing {

// Row-major values; converted to the input's type.
struct Values {
  Shape shape;
  std::vector<double> values;
};

// {1, 2, 3}: the values of all outputs, one output after the other; {{1, 2}, {3}}: output by output.
struct Expected {
  std::vector<std::vector<double>> parts;
  bool by_output = false;

  Expected(std::initializer_list<double> values) : parts{std::vector<double>(values)} {}
  Expected(std::initializer_list<std::initializer_list<double>> outputs) : by_output(true) {
    for (const auto& values : outputs) parts.emplace_back(values);
  }
  Expected(std::vector<double> values) : parts{std::move(values)} {}
  Expected(std::vector<std::vector<double>> outputs) : parts(std::move(outputs)), by_output(true) {}
};

// Parses `network`, evaluates it on `inputs` and compares the outputs, flattened one after the other. Also checks the text and plan
// round trips, and every tactic that accepts a layer of it.
void expect_values(std::string_view network, const std::vector<Values>& inputs, const Expected& expected);
// The output types, e.g. "float [2, n]".
void expect_types(std::string_view network, const std::vector<std::string>& expected);
// Parsing or building the network fails with a message that contains `part`.
void expect_error(std::string_view network, std::string_view part);
// The pass or fusion turns `before` into `after` (compared as text after renumbering), and random inputs give the same values.
void expect_rewrite(std::string_view rewrite, std::string_view before, std::string_view after);
void expect_unchanged(std::string_view rewrite, std::string_view network);
void expect_true(bool condition, std::string_view claim);
void expect_message(const Error& error, std::string_view part);

struct Example {
  const char* name;
  const char* file;
  int line;
  void (*body)();
};
std::vector<Example>& examples();
struct ExampleRegistration {
  ExampleRegistration(const char* name, const char* file, int line, void (*body)()) { examples().push_back({name, file, line, body}); }
};

}  // namespace ingot::testing

namespace ingot {
using namespace testing;  // examples read as sentences
}

#define INGOT_EXAMPLE_NAME_(line) example_##line
#define INGOT_EXAMPLE_NAME(line) INGOT_EXAMPLE_NAME_(line)
#define INGOT_EXAMPLE_REG_(line) example_registration_##line
#define INGOT_EXAMPLE_REG(line) INGOT_EXAMPLE_REG_(line)
#ifdef INGOT_EXAMPLES
#define EXAMPLE(sentence)                                                                                       \
  static void INGOT_EXAMPLE_NAME(__LINE__)();                                                                   \
  static const ::ingot::testing::ExampleRegistration INGOT_EXAMPLE_REG(__LINE__)(sentence, __FILE__, __LINE__,  \
                                                                                 INGOT_EXAMPLE_NAME(__LINE__)); \
  static void INGOT_EXAMPLE_NAME(__LINE__)()
#else
#define EXAMPLE(sentence)       \
  template <class NeverCalled_> \
  [[maybe_unused]] static void INGOT_EXAMPLE_NAME(__LINE__)()
#endif
