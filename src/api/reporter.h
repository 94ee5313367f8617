// The fence at the border: failures become the user's error recorder, one log line and the documented failure value.
#pragma once

#include <new>
#include <string>
#include <type_traits>
#include <utility>

#include "NvInfer.h"
#include "base/log.h"
#include "base/result.h"

namespace ingot::api {

// Hands the core's messages to the user's logger; exceptions of the logger end here.
class LogAdapter final : public Log {
 public:
  explicit LogAdapter(nvinfer1::ILogger* logger);
  LogAdapter(const LogAdapter&) = delete;
  LogAdapter& operator=(const LogAdapter&) = delete;
  ~LogAdapter() override;
  void write(Severity severity, const std::string& message) override;
  nvinfer1::ILogger* logger() const { return logger_; }

 private:
  nvinfer1::ILogger* logger_;
};

// The logger that has been in use longest; null where no object with a logger is there.
nvinfer1::ILogger* oldest_logger() noexcept;

nvinfer1::ErrorCode code_of(ErrorCode code);

// Where an object of the API reports. Copied from the object that creates it, as TensorRT does.
class Reporter {
 public:
  explicit Reporter(nvinfer1::ILogger* logger) : log_(logger) {}
  Reporter(const Reporter& other) : log_(other.log_.logger()) { set_recorder(other.recorder_); }
  Reporter& operator=(const Reporter&) = delete;
  ~Reporter() { set_recorder(nullptr); }

  Log& log() { return log_; }
  nvinfer1::ILogger* logger() const { return log_.logger(); }
  // Counts itself in and out.
  void set_recorder(nvinfer1::IErrorRecorder* recorder);
  nvinfer1::IErrorRecorder* recorder() const { return recorder_; }

  void report(const Error& error) noexcept;

 private:
  LogAdapter log_;
  nvinfer1::IErrorRecorder* recorder_ = nullptr;
};

namespace detail {

template <class T>
Error take_error(T& failed) {
  return std::move(failed).error();
}

}  // namespace detail

// Runs `work`, which returns a Status (then the result is true), a Result<T> (T converts to the fallback's type), or a plain value.
// A failure, or an exception of the standard library or of the user's code, is reported, and `fallback` returned.
template <class Fallback, class Work>
Fallback guarded(Reporter& reporter, Fallback fallback, Work&& work) noexcept {
  try {
    using Outcome = std::invoke_result_t<Work>;
    if constexpr (std::is_same_v<Outcome, Status>) {
      Status status = work();
      if (!status.ok()) {
        reporter.report(status.error());
        return fallback;
      }
      return static_cast<Fallback>(true);
    } else if constexpr (requires(Outcome outcome) { typename Outcome::Value; }) {
      Outcome result = work();
      if (!result.ok()) {
        reporter.report(result.error());
        return fallback;
      }
      return static_cast<Fallback>(std::move(result).value());
    } else {
      return static_cast<Fallback>(work());
    }
  } catch (const std::bad_alloc&) {
    reporter.report(Error{ErrorCode::kOutOfMemory, "memory ran out"});
  } catch (const std::exception& exception) {
    reporter.report(Error{ErrorCode::kInternal, exception.what()});
  } catch (...) {
    reporter.report(Error{ErrorCode::kInternal, "an exception that is no std::exception"});
  }
  return fallback;
}

// The same for functions without a result.
template <class Work>
void guarded(Reporter& reporter, Work&& work) noexcept {
  guarded(reporter, false, [&]() -> Status {
    if constexpr (std::is_same_v<std::invoke_result_t<Work>, Status>) {
      return work();
    } else {
      work();
      return Ok{};
    }
  });
}

}  // namespace ingot::api
