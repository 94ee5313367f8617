#include "import/file_guess.h"

#include <algorithm>
#include <filesystem>
#include <string_view>
#include <system_error>
#include <vector>

namespace ingot {

std::string guess_of(Bytes bytes, bool wants_text) {
  struct Known {
    size_t at;
    std::string_view start, text;
  };
  using namespace std::string_view_literals;
  static constexpr Known kKnown[] = {
      {0, "version https://git-lfs"sv, "it is a pointer of Git LFS: fetch the file itself with git lfs pull"},
      {0, "<!DOCTYPE"sv, "it is a web page: download the file itself"},
      {0, "<!doctype"sv, "it is a web page: download the file itself"},
      {0, "<html"sv, "it is a web page: download the file itself"},
      {0, "\x1f\x8b"sv, "it is packed by gzip: unpack it first"},
      {0, "PK\x03\x04"sv, "it is a zip archive: unpack it, or, where PyTorch or Keras saved it, export the model as ONNX"},
      {0, "\x89HDF"sv, "it is an HDF5 file, as Keras saves them: export the model as ONNX or as a SavedModel"},
      {4, "TFL3"sv, "it is a TensorFlow Lite model: take the model that it was converted from"},
      {0, "\x80\x02"sv, "it is a Python pickle, as PyTorch saves them: export the model as ONNX"},
      {0, "ftrt"sv, "it is a plan: load it as an engine"},
  };
  if (bytes.empty()) return "; the file is empty";
  const std::string_view text(reinterpret_cast<const char*>(bytes.data()), bytes.size());
  for (const Known& known : kKnown) {
    if (text.size() >= known.at && text.substr(known.at).starts_with(known.start)) return "; " + std::string(known.text);
  }
  if (wants_text) return "";
  const std::string_view head = text.substr(0, 256);
  const auto is_letter = [](char c) { return (c >= ' ' && c <= '~') || c == '\n' || c == '\t' || c == '\r'; };
  if (std::all_of(head.begin(), head.end(), is_letter)) {
    std::string line(head.substr(0, std::min<size_t>(head.find_first_of("\r\n"), 40)));
    return "; it is text that begins with '" + line + "'";
  }
  return "";
}

bool is_folder(const std::string& path) {
  std::error_code failure;
  return std::filesystem::is_directory(path, failure);
}

Error error_of_folder(const std::string& path) {
  constexpr size_t kMost = 1000, kShown = 5;
  const std::string text = "'" + path + "' is a folder without saved_model.pb, so no SavedModel of TensorFlow; ";
  std::vector<std::string> names;
  std::string inner;  // of TensorFlow Serving, whose folders have one for each version
  std::error_code failure;
  for (std::filesystem::directory_iterator entry(path, failure), end; !failure && entry != end && names.size() < kMost;
       entry.increment(failure)) {
    names.push_back(entry->path().filename().string());
    std::error_code ignored;
    if (std::filesystem::is_regular_file(entry->path() / "saved_model.pb", ignored)) inner = std::max(inner, names.back());
  }
  std::sort(names.begin(), names.end());
  if (!inner.empty()) return invalid(text + "'" + path + "/" + inner + "' is one");
  if (std::find(names.begin(), names.end(), "saved_model.pbtxt") != names.end())
    return invalid(text + "its saved_model.pbtxt is text, which is not read: save the model in the binary form");
  if (names.empty()) return invalid(text + "it is empty");
  std::string shown;
  for (size_t i = 0; i < names.size() && i < kShown; ++i) shown += (i == 0 ? "" : ", ") + names[i];
  return invalid(text + "it holds " + shown + (names.size() > kShown ? " and more" : ""));
}

}  // namespace ingot
