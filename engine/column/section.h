#pragma once
// Reading and writing the parts of an encoded chunk: little-endian scalars and arrays, each part
// aligned to 8 bytes so that decoders work on them in place.
#include <cstdint>
#include <cstring>
#include <span>
#include <string>
#include <string_view>
#include <type_traits>

namespace luma {

// Thrown by decoders when bytes cannot be what they should be; readers of segments turn it into an
// XX001 that names the file.
struct CorruptChunk {
  const char* what;
};

class SectionWriter {
 public:
  explicit SectionWriter(std::string& out) : out_(out) {}
  template <typename T>
  void value(const T& v) {
    static_assert(std::is_trivially_copyable_v<T>);
    out_.append(reinterpret_cast<const char*>(&v), sizeof v);
  }
  template <typename T>
  void array(std::span<const T> values) {
    align();
    if (!values.empty()) {
      out_.append(reinterpret_cast<const char*>(values.data()), values.size_bytes());
    }
    align();
  }
  // A nested part with its length.
  void part(std::string_view bytes) {
    align();
    value(static_cast<uint64_t>(bytes.size()));
    out_.append(bytes);
    align();
  }
  // Room for `bytes`, zeroed; the pointer is good until the next call.
  std::byte* reserve(size_t bytes) {
    size_t at = out_.size();
    out_.resize(at + bytes);
    return reinterpret_cast<std::byte*>(out_.data() + at);
  }
  void align() { out_.resize((out_.size() + 7) & ~size_t{7}); }
  size_t position() const { return out_.size(); }

 private:
  std::string& out_;
};

class SectionReader {
 public:
  // `bytes` begins at an 8-byte aligned address.
  explicit SectionReader(std::string_view bytes) : bytes_(bytes) {}
  template <typename T>
  T value() {
    T v;
    std::memcpy(&v, take(sizeof v), sizeof v);
    return v;
  }
  template <typename T>
  std::span<const T> array(size_t count) {
    align();
    if (count > bytes_.size() / sizeof(T)) throw CorruptChunk{"an array is cut short"};
    auto* data = reinterpret_cast<const T*>(take(count * sizeof(T)));
    align();
    return {data, count};
  }
  std::string_view part() {
    align();
    auto size = value<uint64_t>();
    std::string_view bytes(take(size), size);
    align();
    return bytes;
  }
  std::string_view rest() const { return bytes_.substr(at_); }
  void align() { at_ = std::min((at_ + 7) & ~size_t{7}, bytes_.size()); }

 private:
  const char* take(size_t size) {
    if (size > bytes_.size() - at_) throw CorruptChunk{"a part is cut short"};
    const char* at = bytes_.data() + at_;
    at_ += size;
    return at;
  }
  std::string_view bytes_;
  size_t at_ = 0;
};

}  // namespace luma
