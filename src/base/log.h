// Where messages go: the user's logger at the border, standard error in tools and tests.
#pragma once

#include <string>
#include <string_view>

namespace ingot {

enum class Severity { kInternalError, kError, kWarning, kInfo, kVerbose };

class Log {
 public:
  virtual ~Log() = default;
  virtual void write(Severity severity, const std::string& message) = 0;

  void error(const std::string& message) { write(Severity::kError, message); }
  void warning(const std::string& message) { write(Severity::kWarning, message); }
  void info(const std::string& message) { write(Severity::kInfo, message); }
  void verbose(const std::string& message) { write(Severity::kVerbose, message); }
};

// Drops everything below `least`; the rest goes to standard error.
Log& stderr_log(Severity least = Severity::kWarning);
Log& null_log();

// INGOT_DEBUG=passes,tactics,memory,steps: whether `topic` is on.
bool debug_enabled(std::string_view topic);
// INGOT_DISABLE=name,...: whether the pass, fusion, tactic or tactic source `name` is switched off.
// A name matches whole, or up to a dot: "cpu" switches off "cpu.gemm".
bool is_disabled(std::string_view name);
// Prints one line to standard error where the topic is on.
void debug(std::string_view topic, const std::string& message);

}  // namespace ingot
