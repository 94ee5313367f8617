// Loops and conditionals written layer by layer.
#include "harness.h"

using namespace harness;

namespace {

TEST(Control, a_counted_loop_carries_joins_and_iterates) {
  Program p;
  ITensor& x = p.input("x", {3, 2});
  ITensor& trips = p.input("trips", {}, DataType::kINT32);
  ILoop* loop = p.network->addLoop();
  ASSERT_NE(loop, nullptr);
  loop->setName("sum");
  ASSERT_NE(loop->addTripLimit(trips, TripLimit::kCOUNT), nullptr) << p.log.errors;
  IIteratorLayer* row = loop->addIterator(x, 0, true);
  IRecurrenceLayer* sum = loop->addRecurrence(p.constant({2}, {100, 0}));
  ILayer* added = p.network->addElementWise(*sum->getOutput(0), *row->getOutput(0), ElementWiseOperation::kSUM);
  sum->setInput(1, *added->getOutput(0));
  EXPECT_EQ(sum->getNbInputs(), 2);
  EXPECT_EQ(sum->getLoop(), loop);
  EXPECT_EQ(row->getOutput(0)->getDimensions().nbDims, 1);
  ILoopOutputLayer* last = loop->addLoopOutput(*sum->getOutput(0), LoopOutput::kLAST_VALUE);
  ILoopOutputLayer* all = loop->addLoopOutput(*added->getOutput(0), LoopOutput::kCONCATENATE, 1);
  all->setInput(1, trips);
  ILoopOutputLayer* backwards = loop->addLoopOutput(*added->getOutput(0), LoopOutput::kREVERSE, 0);
  backwards->setInput(1, p.integers({}, {4}));
  EXPECT_EQ(all->getLoopOutput(), LoopOutput::kCONCATENATE);
  for (auto* output : {last, all, backwards}) p.output(*output);
  const auto values = p.run({{"x", {{3, 2}, {1, 2, 3, 4, 5, 6}}}, {"trips", {{}, {2}}}});
  ASSERT_EQ(values.size(), 3u) << p.log.errors;
  expect_near(values[0], {2}, {108, 10});
  expect_near(values[1], {2, 2}, {105, 108, 6, 10});
  expect_near(values[2], {4, 2}, {108, 10, 105, 6, 0, 0, 0, 0});
}

TEST(Control, a_loop_ends_when_its_condition_is_false) {
  // Doubles x while it is below 100.
  Program p;
  ITensor& x = p.input("x", {1});
  ILoop* loop = p.network->addLoop();
  IRecurrenceLayer* value = loop->addRecurrence(x);
  ILayer* below = p.network->addElementWise(*value->getOutput(0), p.constant({1}, {100}), ElementWiseOperation::kLESS);
  loop->addTripLimit(*below->getOutput(0), TripLimit::kWHILE);
  ILayer* twice = p.network->addElementWise(*value->getOutput(0), *value->getOutput(0), ElementWiseOperation::kSUM);
  value->setInput(1, *twice->getOutput(0));
  p.output(*loop->addLoopOutput(*value->getOutput(0), LoopOutput::kLAST_VALUE));
  const auto engine = p.engine();
  ASSERT_NE(engine, nullptr);
  expect_near(run_engine(*engine, {{"x", {{1}, {3}}}}, p.log)[0], {1}, {192});
  expect_near(run_engine(*engine, {{"x", {{1}, {300}}}}, p.log)[0], {1}, {300});
}

TEST(Control, a_loop_inside_a_loop) {
  // y = sum over i < 2 of sum over j < 3 of x: 6 * x
  Program p;
  ITensor& x = p.input("x", {1});
  ILoop* outer = p.network->addLoop();
  outer->addTripLimit(p.integers({}, {2}), TripLimit::kCOUNT);
  IRecurrenceLayer* total = outer->addRecurrence(p.constant({1}, {0}));
  ILoop* inner = p.network->addLoop();
  inner->addTripLimit(p.integers({}, {3}), TripLimit::kCOUNT);
  IRecurrenceLayer* part = inner->addRecurrence(*total->getOutput(0));
  part->setInput(1, *p.network->addElementWise(*part->getOutput(0), x, ElementWiseOperation::kSUM)->getOutput(0));
  ILoopOutputLayer* inner_last = inner->addLoopOutput(*part->getOutput(0), LoopOutput::kLAST_VALUE);
  total->setInput(1, *inner_last->getOutput(0));
  p.output(*outer->addLoopOutput(*total->getOutput(0), LoopOutput::kLAST_VALUE));
  const auto values = p.run({{"x", {{1}, {7}}}});
  ASSERT_EQ(values.size(), 1u) << p.log.errors;
  expect_near(values[0], {1}, {42});
}

TEST(Control, a_loop_without_an_end_or_a_next_value_is_refused) {
  Program p;
  ILoop* loop = p.network->addLoop();
  IRecurrenceLayer* value = loop->addRecurrence(p.input("x", {1}));
  p.output(*loop->addLoopOutput(*value->getOutput(0), LoopOutput::kLAST_VALUE));
  EXPECT_EQ(p.builder->buildSerializedNetwork(*p.network, *p.config), nullptr);
  EXPECT_NE(p.log.errors.find("no trip limit"), std::string::npos) << p.log.errors;
  loop->addTripLimit(p.integers({}, {1}), TripLimit::kCOUNT);
  EXPECT_EQ(p.builder->buildSerializedNetwork(*p.network, *p.config), nullptr);
  EXPECT_NE(p.log.errors.find("no value for the next iteration"), std::string::npos) << p.log.errors;
}

TEST(Control, a_conditional_takes_one_branch) {
  Program p;
  ITensor& x = p.input("x", {2});
  ITensor& flag = p.input("flag", {}, DataType::kBOOL);
  IIfConditional* conditional = p.network->addIfConditional();
  IConditionLayer* condition = conditional->setCondition(flag);
  ASSERT_NE(condition, nullptr) << p.log.errors;
  IIfConditionalInputLayer* entry = conditional->addInput(x);
  ILayer* then_branch = p.network->addUnary(*entry->getOutput(0), UnaryOperation::kNEG);
  ILayer* else_branch = p.network->addElementWise(*entry->getOutput(0), x, ElementWiseOperation::kPROD);
  IIfConditionalOutputLayer* output = conditional->addOutput(*then_branch->getOutput(0), *else_branch->getOutput(0));
  EXPECT_EQ(condition->getType(), LayerType::kCONDITION);
  EXPECT_EQ(entry->getConditional(), conditional);
  EXPECT_EQ(output->getType(), LayerType::kCONDITIONAL_OUTPUT);
  p.output(*output);
  const auto engine = p.engine();
  ASSERT_NE(engine, nullptr);
  expect_near(run_engine(*engine, {{"x", {{2}, {2, 3}}}, {"flag", {{}, {1}}}}, p.log)[0], {2}, {-2, -3});
  expect_near(run_engine(*engine, {{"x", {{2}, {2, 3}}}, {"flag", {{}, {0}}}}, p.log)[0], {2}, {4, 9});
}

TEST(Control, only_the_branch_that_is_taken_runs) {
  // The other branch would divide into a failing assertion.
  Program p;
  ITensor& flag = p.input("flag", {}, DataType::kBOOL);
  IIfConditional* conditional = p.network->addIfConditional();
  conditional->setCondition(flag);
  IIfConditionalInputLayer* entry = conditional->addInput(p.input("x", {1}));
  auto* far = p.network->addGather(*entry->getOutput(0), p.input("which", {1}, DataType::kINT32), 0);
  p.output(*conditional->addOutput(*far->getOutput(0), *entry->getOutput(0)));
  const auto engine = p.engine();
  ASSERT_NE(engine, nullptr);
  expect_near(run_engine(*engine, {{"x", {{1}, {5}}}, {"flag", {{}, {0}}}, {"which", {{1}, {999}}}}, p.log)[0], {1}, {5});
}

}  // namespace
