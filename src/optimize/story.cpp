#include "optimize/story.h"

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <filesystem>
#include <fstream>

#include "base/env.h"
#include "optimize/apply.h"

namespace ingot {
namespace {

double now_ms() { return std::chrono::duration<double, std::milli>(std::chrono::steady_clock::now().time_since_epoch()).count(); }

// Weights with more elements are left out of dumps.
constexpr int64_t kMostDumpedElements = 64;

}  // namespace

Result<Story> Story::begin(Network& network, const OptimizeOptions& options) {
  auto verifier = RewriteVerifier::start(network);
  if (!verifier.ok()) return std::move(verifier).error().within("before the first pass");
  Story story(network, options, std::move(verifier).value());
  story.dump("imported");
  return story;
}

Result<bool> Story::pass(const char* name) {
  const Pass* pass = RewriteCatalogue::instance().find_pass(name);
  if (!pass) return internal("the pipeline names a pass '" + std::string(name) + "' that there is not");
  if (is_disabled(name)) return false;
  const size_t before = network_.layers().size();
  const double start = now_ms();
  auto changed = pass->run(network_, options_);
  if (!changed.ok()) return std::move(changed).error().within(name);
  if (*changed) network_.remove_unused();
  return tell(name, *changed, "", before, now_ms() - start);
}

Result<bool> Story::fuse(Chapter chapter) {
  std::vector<const Fusion*> fusions;
  for (const Fusion& fusion : RewriteCatalogue::instance().fusions()) {
    const bool belongs = std::find(fusion.chapters.begin(), fusion.chapters.end(), chapter) != fusion.chapters.end();
    if (belongs && !is_disabled(fusion.name)) fusions.push_back(&fusion);
  }
  const size_t before = network_.layers().size();
  const double start = now_ms();
  TRY_ASSIGN(auto counts, apply_fusions(network_, fusions, options_.log ? options_.log : &stderr_log()));
  std::string detail;
  for (const auto& [name, count] : counts) detail += (detail.empty() ? " " : ", ") + name + " x" + std::to_string(count);
  return tell(name_of(chapter), !counts.empty(), detail, before, now_ms() - start);
}

Result<bool> Story::tell(const std::string& name, bool changed, const std::string& detail, size_t layers_before, double ms) {
  if (debug_enabled("passes")) tell_reader(name, changed, detail, layers_before, ms);
  if (changed) {
    dump(name);
    TRY(verifier_.check(network_, name, tolerance_));
  }
  return changed;
}

// Lines are for somebody who reads what happened: passes that found nothing to do share one.
void Story::tell_reader(const std::string& name, bool changed, const std::string& detail, size_t layers_before, double ms) {
  if (!changed) {
    if (idle_.find(name) == std::string::npos) idle_ += (idle_.empty() ? "" : ", ") + name;
    idle_ms_ += ms;
    return;
  }
  tell_idle();
  char line[160];
  const size_t after = network_.layers().size();
  std::snprintf(line, sizeof line, "%2d  %-26s %4zu -> %4zu layers  %7.2f ms ", ++told_, name.c_str(), layers_before, after, ms);
  debug("passes", line + detail);
}

void Story::tell_idle() {
  if (idle_.empty()) return;
  char line[64];
  std::snprintf(line, sizeof line, "    nothing to do (%.2f ms): ", idle_ms_);
  debug("passes", line + idle_);
  idle_.clear();
  idle_ms_ = 0;
}

void Story::end() {
  if (!debug_enabled("passes")) return;
  tell_idle();
  debug("passes", std::to_string(layers_at_start_) + " layers became " + std::to_string(network_.layers().size()) + " in " +
                      std::to_string(told_) + " changes; INGOT_DUMP=DIR leaves the network after each, INGOT_DISABLE=NAME leaves one out");
}

void Story::dump(const std::string& name) {
  const auto folder = environment("INGOT_DUMP");
  if (!folder || folder->empty()) return;
  std::error_code ignored;
  std::filesystem::create_directories(*folder, ignored);
  char number[16];
  std::snprintf(number, sizeof number, "%02d-", step_++);
  const std::string path = *folder + "/" + number + name;
  std::ofstream(path + ".net") << network_.text(kMostDumpedElements);
  std::ofstream(path + ".svg") << draw_svg(network_);
}

}  // namespace ingot
