#include "import/caffe/text_errors.h"

#include <google/protobuf/descriptor.h>

#include <algorithm>
#include <vector>

namespace ingot {
namespace {

// Fields that say how to train, or nothing of the answer.
constexpr std::string_view kOfTraining[] = {"param",
                                            "weight_filler",
                                            "bias_filler",
                                            "filler",
                                            "scale_filler",
                                            "slope_filler",
                                            "propagate_down",
                                            "dropout_param",
                                            "use_global_stats",
                                            "moving_average_fraction",
                                            "engine",
                                            "loss_weight",
                                            "loss_param",
                                            "accuracy_param",
                                            "data_param",
                                            "transform_param",
                                            "image_data_param",
                                            "annotated_data_param",
                                            "hdf5_data_param",
                                            "hdf5_output_param",
                                            "window_data_param",
                                            "blobs_lr",
                                            "weight_decay",
                                            "force_backward",
                                            "debug_info",
                                            "stable_prod_grad",
                                            "save_output_param",
                                            "visualize",
                                            "visualize_threshold",
                                            "infogain_loss_param",
                                            "hinge_loss_param",
                                            "contrastive_loss_param",
                                            "multibox_loss_param",
                                            "force_nd_im2col",
                                            "sigmoid_param",
                                            "tanh_param",
                                            "temporal_param",
                                            "fix_scale",
                                            "source",
                                            "meanfile",
                                            "batchsize",
                                            "cropsize",
                                            "mirror",
                                            "rand_skip",
                                            "dropout_ratio",
                                            "share_in_parallel"};

// How many letters are to be changed, added, left out or swapped with their neighbour to make one word of the other.
size_t distance(std::string_view a, std::string_view b) {
  std::vector<std::vector<size_t>> cost(a.size() + 1, std::vector<size_t>(b.size() + 1));
  for (size_t i = 0; i <= a.size(); ++i) {
    for (size_t j = 0; j <= b.size(); ++j) {
      if (i == 0 || j == 0) {
        cost[i][j] = i + j;
        continue;
      }
      cost[i][j] = std::min({cost[i - 1][j] + 1, cost[i][j - 1] + 1, cost[i - 1][j - 1] + (a[i - 1] != b[j - 1])});
      if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1]) cost[i][j] = std::min(cost[i][j], cost[i - 2][j - 2] + 1);
    }
  }
  return cost[a.size()][b.size()];
}

// The field of the message that is written most like `word`; empty where none is much like it.
std::string nearest_field(const std::string& message, const std::string& word) {
  const auto* type = google::protobuf::DescriptorPool::generated_pool()->FindMessageTypeByName(message);
  if (!type || word.size() > 64) return "";
  std::string nearest;
  size_t least = word.size() / 3 + 1;
  for (int i = 0; i < type->field_count(); ++i) {
    const std::string& name = type->field(i)->name();
    if (const size_t changes = distance(word, name); changes < least) {
      least = changes;
      nearest = name;
    }
  }
  return nearest;
}

// The `number`th part of a message in double quotes.
std::string quoted(const std::string& message, size_t number) {
  size_t begin = message.find('"');
  for (size_t i = 0; i < number && begin != std::string::npos; ++i) {
    begin = message.find('"', begin + 1);
    if (begin != std::string::npos) begin = message.find('"', begin + 1);
  }
  if (begin == std::string::npos) return "";
  const size_t end = message.find('"', begin + 1);
  return end == std::string::npos ? "" : message.substr(begin + 1, end - begin - 1);
}

// Message type "ingot_caffe.PoolingParameter" has no field named "kernal_size".
std::string told_of_field(const std::string& message) {
  const std::string type = quoted(message, 0), field = quoted(message, 1);
  const size_t dot = type.rfind('.');
  const std::string nearest = nearest_field(type, field);
  return "'" + field.substr(0, 100) + "' is no field of " + type.substr(dot == std::string::npos ? 0 : dot + 1) +
         (nearest.empty() ? "" : "; is '" + nearest + "' meant?");
}

bool is_letter(char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_'; }

}  // namespace

void CaffeTextErrors::AddError(int line, int column, const std::string& message) {
  if (!error_.empty()) return;
  at_end_ = message.ends_with("got: ");
  error_ = "line " + std::to_string(line + 1) + ", column " + std::to_string(column + 1) + ": " + message;
}

void CaffeTextErrors::AddWarning(int line, int /*column*/, const std::string& message) {
  constexpr size_t kMost = 2000;
  const bool is_field = message.find("has no field named") != std::string::npos;
  if (warnings_.size() >= kMost ||
      (is_field && std::find(std::begin(kOfTraining), std::end(kOfTraining), quoted(message, 1)) != std::end(kOfTraining)))
    return;
  warnings_ += (warnings_.empty() ? "line " : "; line ") + std::to_string(line + 1) + ": " + (is_field ? told_of_field(message) : message);
}

std::string CaffeTextErrors::told(std::string_view text) const {
  const std::string brace = unmatched_brace(text);
  if (error_.empty()) return brace.empty() ? "it does not parse" : brace;
  if (brace.empty()) return error_;
  return at_end_ ? brace : error_ + "; " + brace;
}

std::string unmatched_brace(std::string_view text) {
  struct Open {
    std::string_view word;  // what the brace belongs to
    int line;
  };
  std::vector<Open> open;
  std::string_view word;
  int line = 1;
  for (size_t at = 0; at < text.size(); ++at) {
    const char c = text[at];
    if (c == '\n') {
      ++line;
    } else if (c == '#') {
      at = std::min(text.find('\n', at), text.size()) - 1;
    } else if (c == '"' || c == '\'') {
      while (++at < text.size() && text[at] != c && text[at] != '\n') at += text[at] == '\\';
      if (at < text.size() && text[at] == '\n') ++line;
    } else if (is_letter(c)) {
      size_t end = at;
      while (end < text.size() && is_letter(text[end])) ++end;
      word = text.substr(at, end - at);
      at = end - 1;
    } else if (c == '{') {
      // A layer holds no layer of its own spelling, so the one before has not ended.
      const auto same = std::find_if(open.begin(), open.end(), [&](const Open& each) { return each.word == word; });
      if ((word == "layer" || word == "layers") && same != open.end())
        return "a '}' is missing: '" + std::string(word) + " {' of line " + std::to_string(same->line) + " is still open in line " +
               std::to_string(line) + ", where the next one begins";
      open.push_back({word, line});
      word = {};
    } else if (c == '}') {
      if (open.empty()) return "line " + std::to_string(line) + " has a '}' that closes nothing";
      open.pop_back();
    }
  }
  if (open.empty()) return "";
  const Open& last = open.back();
  return "a '}' is missing: '" + (last.word.empty() ? "" : std::string(last.word.substr(0, 100)) + " ") + "{' of line " +
         std::to_string(last.line) + " is never closed";
}

}  // namespace ingot
