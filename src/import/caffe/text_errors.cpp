#include "import/caffe/text_errors.h"

#include <google/protobuf/descriptor.h>

#include <algorithm>
#include <vector>

#include "base/spelling.h"

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
  std::vector<std::string> known;
  if (const auto* message_type = google::protobuf::DescriptorPool::generated_pool()->FindMessageTypeByName(type)) {
    for (int i = 0; i < message_type->field_count(); ++i) known.push_back(message_type->field(i)->name());
  }
  return "'" + field.substr(0, 100) + "' is no field of " + type.substr(dot == std::string::npos ? 0 : dot + 1) +
         meant_instead_of(field, known);
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
