#include "runtime/memory_map.h"

#include <algorithm>
#include <numeric>

namespace ingot {
namespace {

constexpr int kRoundsOfAnOrder = 16;  // some milliseconds for hundreds of tensors

size_t round_up(size_t value, size_t alignment) { return (value + alignment - 1) / alignment * alignment; }

// Places tensors in the given order, each at the lowest gap among those already placed that live at the same time; with
// `tightest`, at the smallest gap that fits.
MemoryMap place(const std::vector<Lifetime>& lifetimes, const std::vector<int>& order, size_t alignment, bool tightest) {
  MemoryMap map;
  map.offsets.assign(lifetimes.size(), 0);
  std::vector<int> placed;  // by offset
  for (int index : order) {
    const Lifetime& lifetime = lifetimes[index];
    const size_t bytes = round_up(lifetime.bytes, alignment);
    size_t end = 0, best = SIZE_MAX, best_gap = SIZE_MAX;
    for (int other : placed) {
      const Lifetime& neighbour = lifetimes[other];
      if (neighbour.first > lifetime.last || neighbour.last < lifetime.first) continue;
      const size_t begin = map.offsets[other];
      if (begin >= end + bytes) {
        const size_t gap = begin - end;
        if (gap < best_gap) {
          best_gap = gap;
          best = end;
          if (!tightest) break;
        }
      }
      end = std::max(end, begin + round_up(neighbour.bytes, alignment));
    }
    map.offsets[index] = best == SIZE_MAX ? end : best;
    map.bytes = std::max(map.bytes, map.offsets[index] + bytes);
    placed.insert(std::upper_bound(placed.begin(), placed.end(), index, [&](int a, int b) { return map.offsets[a] < map.offsets[b]; }),
                  index);
  }
  return map;
}

}  // namespace

MemoryMap map_memory(const std::vector<Lifetime>& lifetimes, size_t alignment) {
  int steps = 0;
  for (const Lifetime& lifetime : lifetimes) steps = std::max(steps, lifetime.last + 1);
  std::vector<size_t> live(static_cast<size_t>(steps) + 1, 0);
  for (const Lifetime& lifetime : lifetimes) {
    for (int step = lifetime.first; step <= lifetime.last; ++step) live[step] += round_up(lifetime.bytes, alignment);
  }
  const size_t lower_bound = *std::max_element(live.begin(), live.end());

  std::vector<int> by_size(lifetimes.size());
  std::iota(by_size.begin(), by_size.end(), 0);
  std::vector<int> by_time = by_size, by_breadth = by_size, by_area = by_size;
  const auto peak = [&](int i) { return *std::max_element(live.begin() + lifetimes[i].first, live.begin() + lifetimes[i].last + 1); };
  std::stable_sort(by_size.begin(), by_size.end(), [&](int a, int b) { return lifetimes[a].bytes > lifetimes[b].bytes; });
  std::stable_sort(by_time.begin(), by_time.end(), [&](int a, int b) { return lifetimes[a].first < lifetimes[b].first; });
  const auto area = [&](int i) { return lifetimes[i].bytes * static_cast<size_t>(lifetimes[i].last - lifetimes[i].first + 1); };
  std::stable_sort(by_area.begin(), by_area.end(), [&](int a, int b) { return area(a) > area(b); });
  // Those of the most crowded step first, the largest of them first.
  std::vector<size_t> peaks(lifetimes.size());
  for (size_t i = 0; i < lifetimes.size(); ++i) peaks[i] = peak(static_cast<int>(i));
  std::stable_sort(by_breadth.begin(), by_breadth.end(),
                   [&](int a, int b) { return peaks[a] != peaks[b] ? peaks[a] > peaks[b] : lifetimes[a].bytes > lifetimes[b].bytes; });

  MemoryMap best;
  best.bytes = SIZE_MAX;
  const auto reaches_bound = [&](const MemoryMap& map) {
    if (map.bytes < best.bytes) best = map;
    return best.bytes == lower_bound;
  };
  const auto try_orders = [&] {
    for (const std::vector<int>* order : {&by_size, &by_breadth, &by_area, &by_time}) {
      for (bool tightest : {false, true}) {
        if (reaches_bound(place(lifetimes, *order, alignment, tightest))) return;
      }
    }
    // What ends highest is placed first the next time.
    for (std::vector<int>* order : {&by_size, &by_breadth, &by_area, &by_time}) {
      MemoryMap map = place(lifetimes, *order, alignment, false);
      for (int round = 0; round < kRoundsOfAnOrder; ++round) {
        const auto is_highest = [&](int i) { return map.offsets[i] + round_up(lifetimes[i].bytes, alignment) == map.bytes; };
        std::stable_partition(order->begin(), order->end(), is_highest);
        map = place(lifetimes, *order, alignment, false);
        if (reaches_bound(map)) return;
      }
    }
  };
  try_orders();
  if (lifetimes.empty()) best.bytes = 0;
  best.lower_bound = lower_bound;
  return best;
}

}  // namespace ingot
