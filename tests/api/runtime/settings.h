// A setting of an object of the API: what it is at first, that it takes a good value, and that it refuses bad ones and keeps the good one.
#pragma once

#include <cstring>

#include "harness.h"

namespace harness {

// Rows of tables: SETTING(object, setter, getter, value at first, another good value, values that are refused...).
// Values have the getter's type; commas of braces stand in parentheses.
#define SETTING(object, set, get, first, good, ...)                                                                \
  check_setting(                                                                                                   \
      program.log, #object "." #set, [&](const auto& value) { return call([&] { return (object).set(value); }); }, \
      [&] { return (object).get(); }, first, good, {__VA_ARGS__})

// True where `action` gives nothing back or true.
template <class Action>
bool call(Action action) {
  if constexpr (std::is_void_v<decltype(action())>) {
    action();
    return true;
  } else {
    return action();
  }
}

template <class T>
bool same(const T& a, const T& b) {
  if constexpr (std::is_base_of_v<Dims, T>)
    return a.nbDims == b.nbDims && std::equal(a.d, a.d + std::max(0, a.nbDims), b.d);
  else if constexpr (std::is_same_v<T, Permutation>)
    return std::equal(a.order, a.order + 2, b.order);  // all here have rank 2
  else if constexpr (std::is_same_v<T, Weights>)
    return a.count == b.count && (a.count == 0 || std::memcmp(a.values, b.values, static_cast<size_t>(a.count) * sizeof(float)) == 0);
  else if constexpr (std::is_same_v<T, const char*>)
    return std::strcmp(a ? a : "", b ? b : "") == 0;
  else
    return a == b;
}

// Names no template argument, so that braces and literals become values of the getter's type.
template <class T>
struct PlainType {
  using type = T;
};
template <class T>
using Plain = typename PlainType<T>::type;

template <class Set, class Get, class Value = std::decay_t<std::invoke_result_t<Get>>>
void check_setting(Messages& log, const char* name, Set set, Get get, Plain<Value> first, Plain<Value> good,
                   std::vector<Plain<Value>> bad) {
  log.errors.clear();
  EXPECT_TRUE(same<Value>(get(), first)) << name << " at first";
  EXPECT_TRUE(set(good)) << name;
  EXPECT_TRUE(same<Value>(get(), good)) << name << " after it was set";
  EXPECT_EQ(log.errors, "") << name;
  for (size_t i = 0; i < bad.size(); ++i) {
    log.errors.clear();
    const bool taken = set(bad[i]);
    EXPECT_TRUE(!taken || !log.errors.empty()) << name << ": bad value " << i << " is taken";
    EXPECT_TRUE(same<Value>(get(), good)) << name << ": bad value " << i << " stays";
  }
  log.errors.clear();
  EXPECT_TRUE(set(first)) << name << " back again";
  EXPECT_TRUE(same<Value>(get(), first)) << name << " back again";
  EXPECT_EQ(log.errors, "") << name;
}

// An enumerator that is none.
template <class Enum>
constexpr Enum none_of() {
  return static_cast<Enum>(99);
}

}  // namespace harness
