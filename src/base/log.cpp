#include "base/log.h"

#include <cstdio>
#include <vector>

#include "base/env.h"

namespace ingot {
namespace {

class StderrLog final : public Log {
 public:
  explicit StderrLog(Severity least) : least_(least) {}
  void write(Severity severity, const std::string& message) override {
    static constexpr const char* kLetters[] = {"F", "E", "W", "I", "V"};
    if (severity <= least_) std::fprintf(stderr, "[%s] %s\n", kLetters[static_cast<int>(severity)], message.c_str());
  }

 private:
  Severity least_;
};

class NullLog final : public Log {
 public:
  void write(Severity, const std::string&) override {}
};

std::vector<std::string> words_of_variable(const char* name) {
  std::vector<std::string> words;
  const std::string text = environment(name).value_or("");
  size_t begin = 0;
  while (begin < text.size()) {
    size_t end = text.find(',', begin);
    if (end == std::string::npos) end = text.size();
    if (end > begin) words.push_back(text.substr(begin, end - begin));
    begin = end + 1;
  }
  return words;
}

}  // namespace

Log& stderr_log(Severity least) {
  static StderrLog logs[] = {StderrLog(Severity::kInternalError), StderrLog(Severity::kError), StderrLog(Severity::kWarning),
                             StderrLog(Severity::kInfo), StderrLog(Severity::kVerbose)};
  return logs[static_cast<int>(least)];
}

Log& null_log() {
  static NullLog log;
  return log;
}

bool debug_enabled(std::string_view topic) {
  static const std::vector<std::string> topics = words_of_variable("INGOT_DEBUG");
  for (const std::string& word : topics) {
    if (word == topic || word == "all") return true;
  }
  return false;
}

bool is_disabled(std::string_view name) {
  static const std::vector<std::string> names = words_of_variable("INGOT_DISABLE");
  for (const std::string& word : names) {
    if (name == word || (name.size() > word.size() && name.substr(0, word.size()) == word && name[word.size()] == '.')) return true;
  }
  return false;
}

void debug(std::string_view topic, const std::string& message) {
  if (debug_enabled(topic)) std::fprintf(stderr, "[%.*s] %s\n", static_cast<int>(topic.size()), topic.data(), message.c_str());
}

}  // namespace ingot
