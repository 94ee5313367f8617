// Errors as values: Result<T> holds a T or an Error, Status holds nothing or an Error.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <utility>
#include <variant>

namespace ingot {

enum class ErrorCode { kInvalid, kUnsupported, kOutOfMemory, kInternal, kCancelled };

// What went wrong; each caller that knows more adds where with `within`.
struct Error {
  ErrorCode code = ErrorCode::kInternal;
  std::string message;

  Error within(const std::string& where) && { return {code, where + ": " + message}; }
};

struct Ok {};

template <class T>
class [[nodiscard]] Result {
 public:
  using Value = T;
  Result(T value) : state_(std::in_place_index<0>, std::move(value)) {}
  Result(Error error) : state_(std::in_place_index<1>, std::move(error)) {}

  bool ok() const { return state_.index() == 0; }
  explicit operator bool() const { return ok(); }
  T& value() & { return *std::get_if<0>(&state_); }
  const T& value() const& { return *std::get_if<0>(&state_); }
  T&& value() && { return std::move(*std::get_if<0>(&state_)); }
  T& operator*() & { return value(); }
  const T& operator*() const& { return value(); }
  T&& operator*() && { return std::move(*this).value(); }
  T* operator->() { return std::get_if<0>(&state_); }
  const T* operator->() const { return std::get_if<0>(&state_); }
  T value_or(T fallback) const { return ok() ? value() : fallback; }
  const Error& error() const& { return *std::get_if<1>(&state_); }
  Error error() && { return std::move(*std::get_if<1>(&state_)); }

  Result within(const std::string& where) && {
    if (ok()) return std::move(*this);
    return std::move(*this).error().within(where);
  }

 private:
  std::variant<T, Error> state_;
};

class [[nodiscard]] Status {
 public:
  Status(Ok = {}) {}
  Status(Error error) : error_(std::move(error)) {}

  bool ok() const { return !error_.has_value(); }
  explicit operator bool() const { return ok(); }
  const Error& error() const& { return *error_; }
  Error error() && { return std::move(*error_); }

  Status within(const std::string& where) && {
    if (ok()) return Ok{};
    return std::move(*error_).within(where);
  }

 private:
  std::optional<Error> error_;
};

inline Error invalid(std::string message) { return {ErrorCode::kInvalid, std::move(message)}; }
inline Error unsupported(std::string message) { return {ErrorCode::kUnsupported, std::move(message)}; }
inline Error out_of_memory(std::string message) { return {ErrorCode::kOutOfMemory, std::move(message)}; }
inline Error internal(std::string message) { return {ErrorCode::kInternal, std::move(message)}; }

// Hands an error of `expression` (a Status or Result) to the caller.
#define TRY(expression)                                   \
  do {                                                    \
    auto status_ = (expression);                          \
    if (!status_.ok()) return std::move(status_).error(); \
  } while (0)

#define INGOT_CONCAT_(a, b) a##b
#define INGOT_CONCAT(a, b) INGOT_CONCAT_(a, b)
#define INGOT_TRY_ASSIGN(result, target, ...)         \
  auto result = (__VA_ARGS__);                        \
  if (!result.ok()) return std::move(result).error(); \
  target = std::move(result).value()

// TRY_ASSIGN(int64_t n, count()) declares or assigns n, or hands the error on.
#define TRY_ASSIGN(target, ...) INGOT_TRY_ASSIGN(INGOT_CONCAT(result_, __LINE__), target, __VA_ARGS__)

// Declines or refuses with a reason where `condition` does not hold.
#define REQUIRES(condition, ...)                                \
  do {                                                          \
    if (!(condition)) return ::ingot::unsupported(__VA_ARGS__); \
  } while (0)

}  // namespace ingot
