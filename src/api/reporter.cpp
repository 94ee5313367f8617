#include "api/reporter.h"

#include <algorithm>
#include <mutex>
#include <vector>

namespace ingot::api {

using nvinfer1::ILogger;

namespace {

// Loggers in use, the oldest first, each with the number of its users: a program may delete a logger when the objects that it gave it to
// are gone.
struct Loggers {
  std::mutex mutex;
  std::vector<std::pair<ILogger*, int>> used;
};

// Never destroyed: objects with loggers may go while the process ends.
Loggers& loggers() {
  static auto* instance = new Loggers;
  return *instance;
}

auto place_of(Loggers& all, const ILogger* logger) {
  return std::find_if(all.used.begin(), all.used.end(), [&](const auto& entry) { return entry.first == logger; });
}

}  // namespace

ILogger* oldest_logger() noexcept {
  try {
    Loggers& all = loggers();
    std::lock_guard lock(all.mutex);
    return all.used.empty() ? nullptr : all.used.front().first;
  } catch (...) {
    return nullptr;
  }
}

LogAdapter::LogAdapter(ILogger* logger) : logger_(logger) {
  if (!logger_) return;
  try {
    Loggers& all = loggers();
    std::lock_guard lock(all.mutex);
    const auto found = place_of(all, logger_);
    if (found == all.used.end())
      all.used.emplace_back(logger_, 1);
    else
      ++found->second;
  } catch (...) {
    // Memory ran out: the logger works for this object and is not counted.
  }
}

LogAdapter::~LogAdapter() {
  if (!logger_) return;
  try {
    Loggers& all = loggers();
    std::lock_guard lock(all.mutex);
    const auto found = place_of(all, logger_);
    if (found != all.used.end() && --found->second == 0) all.used.erase(found);
  } catch (...) {
    // A lock that fails leaves the count as it is.
  }
}

void LogAdapter::write(Severity severity, const std::string& message) {
  if (!logger_) return;
  try {
    logger_->log(static_cast<ILogger::Severity>(severity), message.c_str());
  } catch (...) {
    // A logger that throws has nobody to tell.
  }
}

nvinfer1::ErrorCode code_of(ErrorCode code) {
  switch (code) {
    case ErrorCode::kInvalid: return nvinfer1::ErrorCode::kINVALID_ARGUMENT;
    case ErrorCode::kUnsupported: return nvinfer1::ErrorCode::kUNSUPPORTED_STATE;
    case ErrorCode::kOutOfMemory: return nvinfer1::ErrorCode::kFAILED_ALLOCATION;
    case ErrorCode::kCancelled: return nvinfer1::ErrorCode::kINVALID_STATE;
    case ErrorCode::kInternal: break;
  }
  return nvinfer1::ErrorCode::kINTERNAL_ERROR;
}

void Reporter::set_recorder(nvinfer1::IErrorRecorder* recorder) {
  if (recorder == recorder_) return;
  try {
    if (recorder) recorder->incRefCount();
    if (recorder_) recorder_->decRefCount();
  } catch (...) {
    // The count is the user's own; the recorder is set all the same.
  }
  recorder_ = recorder;
}

void Reporter::report(const Error& error) noexcept {
  try {
    log_.write(error.code == ErrorCode::kInternal ? Severity::kInternalError : Severity::kError, error.message);
    if (recorder_) recorder_->reportError(code_of(error.code), error.message.c_str());
  } catch (...) {
    // A recorder that throws has nobody to tell.
  }
}

}  // namespace ingot::api
