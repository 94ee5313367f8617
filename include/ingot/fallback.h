// How two forms of one virtual function stand in for each other.
#pragma once

namespace nvinfer1 {
namespace impl {

// Each form's default calls the other one, so that overriding either is enough. Where neither is overridden, the second default finds
// that the first one is running on the same object in the same thread, and gives the failure value.
//
//   virtual bool parse(const char* text, int flags) {
//     impl::Fallback fallback(this);
//     return fallback.first() && parse(text);
//   }
class Fallback {
 public:
  explicit Fallback(void const* object) noexcept : before_(running()), object_(object) { running() = object; }
  Fallback(Fallback const&) = delete;
  Fallback& operator=(Fallback const&) = delete;
  ~Fallback() { running() = before_; }

  // True where no default is running on the object yet.
  bool first() const noexcept { return before_ != object_; }

 private:
  static void const*& running() noexcept {
    static thread_local void const* object = nullptr;
    return object;
  }

  void const* before_;
  void const* object_;
};

}  // namespace impl
}  // namespace nvinfer1
