// Errors of an import as the ONNX parser and its refitter hand them out.
#pragma once

#include <string>
#include <vector>

#include "NvOnnxParser.h"
#include "import/onnx/import.h"

namespace ingot::api {

inline nvonnxparser::ErrorCode code_of(ImportCode code) {
  switch (code) {
    case ImportCode::kOutOfMemory: return nvonnxparser::ErrorCode::kMEM_ALLOC_FAILED;
    case ImportCode::kUnreadable: return nvonnxparser::ErrorCode::kMODEL_DESERIALIZE_FAILED;
    case ImportCode::kInvalidGraph: return nvonnxparser::ErrorCode::kINVALID_GRAPH;
    case ImportCode::kInvalidNode: return nvonnxparser::ErrorCode::kINVALID_NODE;
    case ImportCode::kUnsupportedGraph: return nvonnxparser::ErrorCode::kUNSUPPORTED_GRAPH;
    case ImportCode::kUnsupportedNode: return nvonnxparser::ErrorCode::kUNSUPPORTED_NODE;
    case ImportCode::kInternal: break;
  }
  return nvonnxparser::ErrorCode::kINTERNAL_ERROR;
}

class ParserErrorFacade final : public nvonnxparser::IParserError {
 public:
  explicit ParserErrorFacade(ImportError error) : error_(std::move(error)) {
    for (const std::string& function : error_.functions) stack_.push_back(function.c_str());
  }
  nvonnxparser::ErrorCode code() const override { return code_of(error_.code); }
  char const* desc() const override { return error_.message.c_str(); }
  char const* file() const override { return "onnx_parser.cpp"; }
  int line() const override { return 0; }
  char const* func() const override { return "parse"; }
  int node() const override { return static_cast<int>(error_.node); }
  char const* nodeName() const override { return error_.node_name.c_str(); }
  char const* nodeOperator() const override { return error_.op_type.c_str(); }
  char const* const* localFunctionStack() const override { return stack_.empty() ? nullptr : stack_.data(); }
  int32_t localFunctionStackSize() const override { return static_cast<int32_t>(stack_.size()); }

 private:
  ImportError error_;
  std::vector<char const*> stack_;
};

// The folder of a model, with which its external data is found.
inline std::string directory_of(const char* path) {
  const std::string text = path ? path : "";
  const size_t slash = text.rfind('/');
  return slash == std::string::npos ? (text.empty() ? "" : ".") : text.substr(0, slash + 1);
}

}  // namespace ingot::api
