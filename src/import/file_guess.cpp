#include "import/file_guess.h"

#include <algorithm>
#include <string_view>

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

}  // namespace ingot
