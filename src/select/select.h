// Chooses a tactic and formats for every layer: measures candidates on this device and finds the choice of least total time,
// reformats included.
#pragma once

#include <functional>
#include <string>
#include <unordered_map>
#include <unordered_set>
#include <vector>

#include "base/log.h"
#include "network/choice.h"
#include "network/network.h"
#include "select/timing_cache.h"
#include "tactics/tactic.h"

namespace ingot {

// One way to run a layer, before it is chosen.
struct Candidate {
  const Tactic* tactic = nullptr;
  Tactic::Formats formats;
  double ms = 0;
  bool measured = false;
};

struct SelectOptions {
  Log* log = nullptr;
  Device* device = nullptr;
  TimingCache* cache = nullptr;  // read and filled; null for none
  bool measure = true;           // else by cache and estimate
  bool error_on_cache_miss = false;
  bool allow_tf32 = false;
  bool verify = false;              // check each tactic that would be chosen against the reference
  bool keep_plain_weights = false;  // of refittable plans
  bool reference_only = false;
  int most_tactics = 0;  // candidates to time for a layer; 0 for all
  // Choices that stand: by layer.
  const std::unordered_map<const Layer*, Choice>* pinned = nullptr;
  // Of those, layers whose weights are packed again: they have new values.
  const std::unordered_set<const Layer*>* repacked = nullptr;
  // Drops candidates that the user does not want; returns those to keep.
  std::function<Result<std::vector<size_t>>(const Network&, const Layer&, const std::vector<Candidate>&)> filter;
  // Layers done, of how many; returning false cancels.
  std::function<bool(size_t done, size_t all)> progress;
};

struct Selection {
  std::vector<Choice> choices;  // by layer, in the network's order afterwards
  size_t measured = 0, cache_hits = 0;
  size_t verified = 0, rejected = 0;  // tactics that agreed with the reference, and that did not
  double total_ms = 0;                // as predicted
};

// Adds reformat layers to the network and sorts its layers by the flow of data.
Result<Selection> select(Network& network, const SelectOptions& options);

}  // namespace ingot
