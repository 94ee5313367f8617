// cpu.proposal: anchors in the order of their scores, taken from a heap and decoded one by one, until enough regions stay.
#include "operators/proposal.h"

#include <algorithm>
#include <cmath>
#include <cstring>
#include <functional>

#include "tactics/cpu/plain_tactic.h"

namespace ingot {
namespace {

struct Region {
  double x0, y0, x1, y1;
  double width() const { return x1 - x0 + 1; }
  double height() const { return y1 - y0 + 1; }
};

struct Kept {
  Region region;
  float score;
};

bool overlap(const Region& a, const Region& b, double threshold) {
  const double width = std::min(a.x1, b.x1) - std::max(a.x0, b.x0) + 1, height = std::min(a.y1, b.y1) - std::max(a.y0, b.y0) + 1;
  if (width <= 0 || height <= 0) return false;
  const double shared = width * height;
  return shared / (a.width() * a.height() + b.width() * b.height() - shared) > threshold;
}

// Better scores have smaller keys; -0 equals 0.
uint32_t key_of(float score) {
  score += 0.0f;
  uint32_t bits;
  std::memcpy(&bits, &score, 4);
  return bits >> 31 ? bits : ~(bits | 0x80000000u);
}

using Anchors = std::vector<std::array<double, 4>>;

// One image's scores and shifts.
struct Image {
  const Proposal& op;
  const Anchors& anchors;
  const float *scores, *shifts, *size;
  int64_t places, columns;
  bool has_scale;

  int64_t anchor_count() const { return static_cast<int64_t>(anchors.size()); }

  Region decoded(int64_t candidate) const {
    const int64_t place = candidate / anchor_count(), a = candidate % anchor_count();
    const auto& corners = anchors[static_cast<size_t>(a)];
    const Region anchor{corners[0], corners[1], corners[2], corners[3]};
    const auto x = static_cast<double>(place % columns * op.stride), y = static_cast<double>(place / columns * op.stride);
    const auto shift = [&](int64_t k) { return static_cast<double>(shifts[(a * 4 + k) * places + place]); };
    const double width = anchor.width(), height = anchor.height();
    const double centre_x = anchor.x0 + x + 0.5 * width + shift(0) * width, centre_y = anchor.y0 + y + 0.5 * height + shift(1) * height;
    const double half_width = 0.5 * std::exp(shift(2)) * width, half_height = 0.5 * std::exp(shift(3)) * height;
    const double high = static_cast<double>(size[0]), wide = static_cast<double>(size[1]);
    const auto cut = [](double at, double length) { return std::max(std::min(at, length - 1), 0.0); };
    return {cut(centre_x - half_width, wide), cut(centre_y - half_height, high), cut(centre_x + half_width, wide),
            cut(centre_y + half_height, high)};
  }

  // How many regions stay; the best stands first.
  int64_t choose(uint64_t* keys, Kept* kept) const {
    const int64_t count = places * anchor_count();
    for (int64_t a = 0; a < anchor_count(); ++a) {
      const float* own = scores + (anchor_count() + a) * places;
      for (int64_t place = 0; place < places; ++place) {
        const int64_t candidate = place * anchor_count() + a;
        keys[candidate] = static_cast<uint64_t>(key_of(own[place])) << 32 | static_cast<uint64_t>(candidate);
      }
    }
    const double least = op.min_size * (has_scale ? static_cast<double>(size[2]) : 1);
    std::make_heap(keys, keys + count, std::greater<>());
    int64_t chosen = 0, looked = 0;
    for (int64_t left = count; left > 0 && chosen < op.most && (op.candidates == 0 || looked < op.candidates); --left) {
      std::pop_heap(keys, keys + left, std::greater<>());
      const auto candidate = static_cast<int64_t>(keys[left - 1] & UINT32_MAX);
      const Region region = decoded(candidate);
      if (!(region.width() >= least && region.height() >= least)) continue;
      ++looked;
      bool stays = true;
      for (int64_t k = 0; stays && k < chosen; ++k) stays = !overlap(region, kept[k].region, op.overlap_threshold);
      if (stays) kept[chosen++] = {region, scores[(anchor_count() + candidate % anchor_count()) * places + candidate / anchor_count()]};
    }
    return chosen;
  }
};

struct ProposalHeap final : PlainTactic {
  std::string_view name() const override { return "cpu.proposal"; }
  bool tells_shapes() const override { return true; }

  Status accepts(const Problem& problem) const override {
    REQUIRES(dynamic_cast<const Proposal*>(problem.op), std::string(problem.op->name()) + " is no proposal");
    return accepts_plain_floats(problem, {0, 1, 2});
  }

  static int64_t candidates_of(const Proposal& op, const Shape& scores) {
    return scores[2] * scores[3] * static_cast<int64_t>(op.ratios.size() * op.scales.size());
  }
  // Of each image: how many stay, those, and a key for each candidate.
  static int64_t kept_of(const Proposal& op, const Shape& scores) { return std::min(op.most, candidates_of(op, scores)); }
  size_t workspace_bytes(const Operator& op, const std::vector<Shape>& inputs, const std::vector<Shape>&) const override {
    const auto& proposal = static_cast<const Proposal&>(op);
    const int64_t candidates = candidates_of(proposal, inputs[0]), kept = kept_of(proposal, inputs[0]);
    return static_cast<size_t>(inputs[0][0]) *
           (sizeof(int64_t) + static_cast<size_t>(kept) * sizeof(Kept) + static_cast<size_t>(candidates) * sizeof(uint64_t));
  }
  std::shared_ptr<const void> make_tables(const Operator& op, const std::vector<Shape>&, const std::vector<Shape>&) const override {
    return std::make_shared<Anchors>(static_cast<const Proposal&>(op).anchors());
  }

  Status run(const PlainCall& call) const override {
    const auto& op = call.as<Proposal>();
    const auto& anchors = *static_cast<const Anchors*>(call.tables);
    const Shape &scores = call.inputs[0], &sizes = call.inputs[2];
    const int64_t images = scores[0], candidates = candidates_of(op, scores), most = kept_of(op, scores);
    if (candidates > int64_t{UINT32_MAX}) return unsupported(std::to_string(candidates) + " regions are too many for proposal");
    if (sizes[0] != 1 && sizes[0] != images) return invalid("images are " + to_text(sizes) + " for " + std::to_string(images) + " batches");
    int64_t words = 1;
    for (size_t d = 1; d < sizes.size(); ++d) words *= sizes[d];
    auto* found = static_cast<int64_t*>(call.workspace);
    auto* kept = reinterpret_cast<Kept*>(found + images);
    auto* keys = reinterpret_cast<uint64_t*>(kept + images * most);
    call.share(images, candidates * 32, [&](int64_t first, int64_t last) {
      for (int64_t n = first; n < last; ++n) {
        const Image image{op,
                          anchors,
                          call.from<float>(0) + n * candidates * 2,
                          call.from<float>(1) + n * candidates * 4,
                          call.from<float>(2) + (sizes[0] == 1 ? 0 : n * words),
                          scores[2] * scores[3],
                          scores[3],
                          sizes[1] > 2};
        found[n] = image.choose(keys + n * candidates, kept + n * most);
      }
    });
    auto* regions = call.to<float>(0);
    auto* values = call.to<float>(1);
    int64_t rows = 0;
    for (int64_t n = 0; n < images; ++n) {
      const int64_t own = op.padded ? op.most : found[n];
      for (int64_t k = 0; k < own; ++k, ++rows) {
        const Kept none{};
        const Kept& one = k < found[n] ? kept[n * most + k] : none;
        const Region& r = k < found[n] ? one.region : Region{0, 0, 0, 0};
        const double row[] = {static_cast<double>(n), r.x0, r.y0, r.x1, r.y1};
        for (int i = 0; i < 5; ++i) regions[rows * 5 + i] = static_cast<float>(row[i]);
        values[rows] = one.score;
      }
    }
    call.produced[0][0] = call.produced[1][0] = rows;
    return Ok{};
  }
};

}  // namespace

TACTIC(ProposalHeap, cpu, proposal)

}  // namespace ingot
