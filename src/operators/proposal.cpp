#include "operators/proposal.h"

#include <algorithm>
#include <cmath>

#include "operators/moving.h"
#include "operators/register.h"
#include "operators/runtime_dims.h"
#include "testing/example.h"

namespace ingot {
namespace {

struct Region {
  double x0, y0, x1, y1;
  double width() const { return x1 - x0 + 1; }
  double height() const { return y1 - y0 + 1; }
};

// Around the same centre, with another width and height.
Region resized(const Region& region, double width, double height) {
  const double x = region.x0 + 0.5 * (region.width() - 1), y = region.y0 + 0.5 * (region.height() - 1);
  return {x - 0.5 * (width - 1), y - 0.5 * (height - 1), x + 0.5 * (width - 1), y + 0.5 * (height - 1)};
}

bool overlap(const Region& a, const Region& b, double threshold) {
  const double width = std::min(a.x1, b.x1) - std::max(a.x0, b.x0) + 1, height = std::min(a.y1, b.y1) - std::max(a.y0, b.y0) + 1;
  if (width <= 0 || height <= 0) return false;
  const double shared = width * height;
  return shared / (a.width() * a.height() + b.width() * b.height() - shared) > threshold;
}

}  // namespace

// Widths and heights of a ratio are rounded to pixels, half to even, as the layer's own code does it.
std::vector<std::array<double, 4>> Proposal::anchors() const {
  std::vector<std::array<double, 4>> anchors;
  const auto last = static_cast<double>(base_size - 1);
  const Region base{0, 0, last, last};
  for (double ratio : ratios) {
    const double width = std::nearbyint(std::sqrt(base.width() * base.height() / ratio));
    const Region shaped = resized(base, width, std::nearbyint(width * ratio));
    for (double scale : scales) {
      const Region anchor = resized(shaped, shaped.width() * scale, shaped.height() * scale);
      anchors.push_back({anchor.x0, anchor.y0, anchor.x1, anchor.y1});
    }
  }
  return anchors;
}

Result<TensorTypes> Proposal::infer(const TensorTypes& inputs) const {
  TRY(check_input_count(kName, inputs.size(), 3, 3));
  const TensorType &scores = inputs[0], &shifts = inputs[1], &images = inputs[2];
  const auto anchors = static_cast<int64_t>(ratios.size() * scales.size());
  if (anchors == 0) return invalid("there are no anchors: ratios and scales name at least one each");
  if (stride < 1 || base_size < 1 || most < 1 || candidates < 0)
    return invalid("stride " + std::to_string(stride) + ", base_size " + std::to_string(base_size) + " and most " + std::to_string(most) +
                   " are positive");
  for (double value : ratios) {
    if (!(value > 0)) return invalid("the ratio " + std::to_string(value) + " is not positive");
  }
  if (scores.rank() != 4 || !is_floating(scores.type) || (scores.dims[1].is_constant() && !scores.dims[1].is(2 * anchors)))
    return invalid("scores are " + scores.text() + "; [N, " + std::to_string(2 * anchors) + ", H, W] is wanted for " +
                   std::to_string(anchors) + " anchors");
  if (shifts.rank() != 4 || shifts.type != scores.type || (shifts.dims[1].is_constant() && !shifts.dims[1].is(4 * anchors)))
    return invalid("shifts are " + shifts.text() + "; " + std::string(name_of(scores.type)) + " [N, " + std::to_string(4 * anchors) +
                   ", H, W] is wanted for " + std::to_string(anchors) + " anchors");
  for (size_t d : {0, 2, 3}) TRY(same_dim(scores.dims[d], shifts.dims[d], "dims of scores and shifts"));
  if (images.rank() < 2 || (images.dims[1].is_constant() && images.dims[1].value() < 2))
    return invalid("images are " + images.text() + "; [N, 2 or more] as height and width is wanted");
  if (padded) {
    const Dim rows = scores.dims[0] * Dim(most);
    return TensorTypes{{scores.type, {rows, 5}}, {scores.type, {rows, 1}}};
  }
  TRY_ASSIGN(Dim count, runtime_dim(kName, symbol, 0));
  return TensorTypes{{scores.type, {count, 5}}, {scores.type, {count, 1}}};
}

Result<Arrays> Proposal::evaluate(const Arrays& inputs) const {
  const Array &scores = inputs[0], &shifts = inputs[1], &images = inputs[2];
  std::vector<Region> anchors;
  for (const auto& [x0, y0, x1, y1] : this->anchors()) anchors.push_back({x0, y0, x1, y1});
  const auto anchor_count = static_cast<int64_t>(anchors.size());
  const int64_t batches = scores.shape()[0], rows = scores.shape()[2], columns = scores.shape()[3], places = rows * columns;
  const int64_t words = images.shape()[1];
  if (images.shape()[0] != 1 && images.shape()[0] != batches)
    return invalid("images are " + to_text(images.shape()) + " for " + std::to_string(batches) + " batches");
  std::vector<double> regions, kept_scores;
  struct Candidate {
    Region region;
    double score;
  };
  for (int64_t batch = 0; batch < batches; ++batch) {
    const int64_t image = images.shape()[0] == 1 ? 0 : batch * (images.count() / images.shape()[0]);
    const double high = images.number(image), wide = images.number(image + 1);
    const double least = min_size * (words > 2 ? images.number(image + 2) : 1);
    std::vector<Candidate> found;
    for (int64_t place = 0; place < places; ++place) {
      const auto x = static_cast<double>(place % columns * stride), y = static_cast<double>(place / columns * stride);
      for (int64_t a = 0; a < anchor_count; ++a) {
        const Region& anchor = anchors[static_cast<size_t>(a)];
        const auto shift = [&](int64_t k) { return shifts.number(((batch * anchor_count + a) * 4 + k) * places + place); };
        const double width = anchor.width(), height = anchor.height();
        const double centre_x = anchor.x0 + x + 0.5 * width + shift(0) * width, centre_y = anchor.y0 + y + 0.5 * height + shift(1) * height;
        const double half_width = 0.5 * std::exp(shift(2)) * width, half_height = 0.5 * std::exp(shift(3)) * height;
        const auto cut = [](double at, double length) { return std::max(std::min(at, length - 1), 0.0); };
        const Region region{cut(centre_x - half_width, wide), cut(centre_y - half_height, high), cut(centre_x + half_width, wide),
                            cut(centre_y + half_height, high)};
        if (!(region.width() >= least && region.height() >= least)) continue;
        found.push_back({region, scores.number(((batch * 2 + 1) * anchor_count + a) * places + place)});
      }
    }
    std::stable_sort(found.begin(), found.end(), [](const Candidate& a, const Candidate& b) { return a.score > b.score; });
    if (candidates > 0 && static_cast<int64_t>(found.size()) > candidates) found.resize(static_cast<size_t>(candidates));
    std::vector<Region> chosen;
    for (const Candidate& candidate : found) {
      if (static_cast<int64_t>(chosen.size()) >= most) break;
      const Region& region = candidate.region;
      if (std::any_of(chosen.begin(), chosen.end(), [&](const Region& better) { return overlap(region, better, overlap_threshold); }))
        continue;
      chosen.push_back(region);
      regions.insert(regions.end(), {static_cast<double>(batch), region.x0, region.y0, region.x1, region.y1});
      kept_scores.push_back(candidate.score);
    }
    for (auto row = static_cast<int64_t>(chosen.size()); padded && row < most; ++row) {
      regions.insert(regions.end(), {static_cast<double>(batch), 0, 0, 0, 0});
      kept_scores.push_back(0);
    }
  }
  const auto count = static_cast<int64_t>(kept_scores.size());
  return Arrays{Array::of(scores.type(), {count, 5}, regions), Array::of(scores.type(), {count, 1}, kept_scores)};
}

OPERATOR(Proposal, proposal)

using namespace testing;

// One anchor of 4 by 4 pixels at each of two places that lie 4 apart; the image is 8 wide and 4 high. A decoded region ends its whole width
// behind its beginning, so it is a pixel wider than its anchor, as the layer has it.
EXAMPLE("proposal orders regions by the foreground's score and cuts them to the image") {
  const char* network =
      "input s [1, 2, 1, 2]\ninput d [1, 4, 1, 2]\ninput i [1, 3]\n"
      "r, p = proposal(s, d, i) stride=4 base_size=4 min_size=1 ratios=[1] scales=[1] symbol=run_n\noutput r\noutput p\n";
  const Values image{{1, 3}, {4, 8, 1}};
  expect_values(network, {{{1, 2, 1, 2}, {0, 0, 0.25, 0.75}}, {{1, 4, 1, 2}, std::vector<double>(8)}, image},
                {{0, 4, 0, 7, 3, 0, 0, 0, 4, 3}, {0.75, 0.25}});
  // Moved by half a width: from x = 2 to 6, and from 6 to what the image ends with.
  expect_values(network, {{{1, 2, 1, 2}, {0, 0, 0.75, 0.25}}, {{1, 4, 1, 2}, {0.5, 0.5, 0, 0, 0, 0, 0, 0}}, image},
                {{0, 2, 0, 6, 3, 0, 6, 0, 7, 3}, {0.75, 0.25}});
}

EXAMPLE("proposal leaves out what is small or overlaps") {
  const Values image{{1, 3}, {4, 8, 2}};
  const std::vector<Values> inputs = {{{1, 2, 1, 2}, {0, 0, 0.75, 0.25}}, {{1, 4, 1, 2}, {0.5, 0.5, 0, 0, 0, 0, 0, 0}}, image};
  // The second is 2 wide; 1.5 counts twice, by the image's scale.
  expect_values(
      "input s [1, 2, 1, 2]\ninput d [1, 4, 1, 2]\ninput i [1, 3]\n"
      "r, p = proposal(s, d, i) stride=4 base_size=4 min_size=1.5 ratios=[1] scales=[1] symbol=run_n\noutput r\n",
      inputs, {0, 2, 0, 6, 3});
  expect_values(
      "input s [1, 2, 1, 2]\ninput d [1, 4, 1, 2]\ninput i [1, 3]\n"
      "r, p = proposal(s, d, i) stride=4 base_size=4 min_size=0 ratios=[1] scales=[1] overlap_threshold=0.1 symbol=run_n\noutput r\n",
      inputs, {0, 2, 0, 6, 3});
}

EXAMPLE("a padded proposal has as many rows for each image") {
  expect_values(
      "input s [2, 2, 1, 2]\ninput d [2, 4, 1, 2]\ninput i [1, 3]\n"
      "r, p = proposal(s, d, i) stride=4 base_size=4 min_size=1 ratios=[1] scales=[1] most=2 overlap_threshold=0.1 padded=true\n"
      "output r\noutput p\n",
      {{{2, 2, 1, 2}, {0, 0, 0.75, 0.25, 0, 0, 0.25, 0.5}},
       {{2, 4, 1, 2}, {0.5, 0.5, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0}},
       {{1, 3}, {4, 8, 1}}},
      {{0, 2, 0, 6, 3, 0, 0, 0, 0, 0, 1, 4, 0, 7, 3, 1, 0, 0, 0, 0}, {0.75, 0, 0.5, 0}});
  expect_types("input s [n, 18, h, w]\ninput d [n, 36, h, w]\ninput i [1, 3]\nr, p = proposal(s, d, i) padded=true\noutput r\noutput p\n",
               {"float [300*n, 5]", "float [300*n, 1]"});
}

EXAMPLE("proposal says which dims fit its anchors") {
  expect_types("input s [n, 18, h, w]\ninput d [n, 36, h, w]\ninput i [1, 3]\nr, p = proposal(s, d, i) symbol=run_n\noutput r\noutput p\n",
               {"float [run_n, 5]", "float [run_n, 1]"});
  expect_error("input s [1, 16, 2, 2]\ninput d [1, 36, 2, 2]\ninput i [1, 3]\nr, p = proposal(s, d, i) symbol=run_n\noutput r\n",
               "[N, 18, H, W] is wanted for 9 anchors");
  expect_error("input s [1, 18, 2, 2]\ninput d [1, 30, 2, 2]\ninput i [1, 3]\nr, p = proposal(s, d, i) symbol=run_n\noutput r\n",
               "[N, 36, H, W] is wanted");
}

}  // namespace ingot
