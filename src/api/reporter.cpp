#include "api/reporter.h"

namespace ingot::api {

using nvinfer1::ILogger;

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
