// The expectations themselves: each is shown a false claim and must say what is wrong with it.
#include <gtest/gtest.h>

#include "testing/example.h"
#include "testing/hooks.h"

namespace ingot::testing {
namespace {

// Collects what the expectations report while it lives.
class Reports {
 public:
  Reports() : before_(hooks()) {
    hooks().fail = [this](const std::string& message) { messages_.push_back(message); };
  }
  ~Reports() { hooks() = before_; }
  std::string only() const { return messages_.size() == 1 ? messages_[0] : std::to_string(messages_.size()) + " reports"; }
  bool none() const { return messages_.empty(); }

 private:
  Hooks before_;
  std::vector<std::string> messages_;
};

#define EXPECT_PART(text, part) EXPECT_NE((text).find(part), std::string::npos) << (text)

constexpr const char* kSum = "input x [2]\ninput y [2]\nz = add(x, y)\noutput z\n";

TEST(Expectations, values_that_agree_pass) {
  Reports reports;
  expect_values(kSum, {{{2}, {1, 2}}, {{2}, {3, 4}}}, {4, 6});
  EXPECT_TRUE(reports.none()) << reports.only();
}

TEST(Expectations, a_wrong_value_is_shown_with_its_place) {
  Reports reports;
  expect_values(kSum, {{{2}, {1, 2}}, {{2}, {3, 4}}}, {4, 7});
  EXPECT_PART(reports.only(), "element [1] is 6 and should be 7");
  EXPECT_PART(reports.only(), kSum);
}

TEST(Expectations, a_wrong_count_of_values_is_shown) {
  Reports reports;
  expect_values(kSum, {{{2}, {1, 2}}, {{2}, {3, 4}}}, {4});
  EXPECT_PART(reports.only(), "the outputs have 2 values together, the example expects 1");
}

TEST(Expectations, a_missing_input_is_shown) {
  Reports reports;
  expect_values(kSum, {{{2}, {1, 2}}}, {4, 6});
  EXPECT_PART(reports.only(), "gives 1 inputs, the network takes 2");
}

TEST(Expectations, a_network_that_does_not_parse_is_shown) {
  Reports reports;
  expect_values("input x [2]\nz = no_such_operator(x)\noutput z\n", {{{2}, {1, 2}}}, {1, 2});
  EXPECT_PART(reports.only(), "no_such_operator");
}

TEST(Expectations, a_tactic_that_disagrees_is_shown) {
  Reports reports;
  hooks().check_tactics = [](const Network&, const Arrays&) -> Status { return invalid("cpu.wrong: element [0] is 1"); };
  expect_values(kSum, {{{2}, {1, 2}}, {{2}, {3, 4}}}, {4, 6});
  EXPECT_PART(reports.only(), "cpu.wrong");
}

TEST(Expectations, a_plan_that_does_not_read_back_is_shown) {
  Reports reports;
  hooks().round_trip_plan = [](const Network&) -> Status { return invalid("a byte is lost"); };
  expect_values(kSum, {{{2}, {1, 2}}, {{2}, {3, 4}}}, {4, 6});
  EXPECT_PART(reports.only(), "the plan round trip: a byte is lost");
}

TEST(Expectations, a_wrong_type_is_shown) {
  Reports reports;
  expect_types("input x [n, 2]\ny = relu(x)\noutput y\n", {"float [n, 3]"});
  EXPECT_PART(reports.only(), "output 'y' is float [n, 2] and should be float [n, 3]");
}

TEST(Expectations, an_error_that_does_not_come_is_shown) {
  Reports reports;
  expect_error(kSum, "broadcast");
  EXPECT_PART(reports.only(), "it is accepted");
}

TEST(Expectations, another_error_is_shown) {
  Reports reports;
  expect_error("input x [2]\ninput y [3]\nz = add(x, y)\noutput z\n", "the moon");
  EXPECT_PART(reports.only(), "should contain \"the moon\"");
}

TEST(Expectations, a_rewrite_that_does_not_apply_is_shown) {
  Reports reports;
  hooks().apply_rewrite = [](std::string_view, Network&) -> Result<bool> { return false; };
  expect_rewrite("nothing", "input x [2]\ny = relu(x)\noutput y\n", "input x [2]\ny = abs(x)\noutput y\n");
  EXPECT_PART(reports.only(), "nothing does not apply");
}

TEST(Expectations, a_rewrite_that_changes_values_is_shown) {
  Reports reports;
  hooks().apply_rewrite = [](std::string_view, Network& network) -> Result<bool> {
    TRY_ASSIGN(auto op, OperatorCatalogue::instance().make("neg"));
    TRY(network.replace_op(network.layers()[0].get(), std::move(op)));
    return true;
  };
  expect_rewrite("wrong", "input x [2]\ny = relu(x)\noutput y\n", "input x [2]\ny = neg(x)\noutput y\n");
  EXPECT_PART(reports.only(), "the values change");
}

TEST(Expectations, a_change_that_should_not_be_is_shown) {
  Reports reports;
  hooks().apply_rewrite = [](std::string_view, Network& network) -> Result<bool> {
    TRY_ASSIGN(auto op, OperatorCatalogue::instance().make("abs"));
    TRY(network.replace_op(network.layers()[0].get(), std::move(op)));
    return true;
  };
  expect_unchanged("eager", "input x [2]\ny = relu(x)\noutput y\n");
  EXPECT_PART(reports.only(), "eager changes it");
}

TEST(Expectations, a_false_claim_of_change_is_shown) {
  Reports reports;
  hooks().apply_rewrite = [](std::string_view, Network&) -> Result<bool> { return true; };
  expect_unchanged("boaster", "input x [2]\ny = relu(x)\noutput y\n");
  EXPECT_PART(reports.only(), "the network is the same");
}

TEST(Expectations, names_do_not_matter_to_a_rewrite) {
  Reports reports;
  hooks().apply_rewrite = [](std::string_view, Network& network) -> Result<bool> {
    TRY_ASSIGN(auto op, OperatorCatalogue::instance().make("abs"));
    TRY(network.replace_op(network.layers()[0].get(), std::move(op)));
    return true;
  };
  expect_rewrite("right", "input x [2]\na = neg(x)\nb = abs(a)\noutput b\n", "input x [2]\nq = abs(x)\nb = abs(q)\noutput b\n");
  EXPECT_TRUE(reports.none()) << reports.only();
}

TEST(Expectations, a_claim_and_a_message_are_shown) {
  Reports reports;
  expect_true(false, "water is dry");
  EXPECT_PART(reports.only(), "water is dry");
  Reports more;
  expect_message(invalid("the axis is 3"), "the axis is 4");
  EXPECT_PART(more.only(), "the axis is 3");
}

}  // namespace
}  // namespace ingot::testing
