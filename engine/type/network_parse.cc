#include "engine/type/network_parse.h"

#include <cstring>

namespace luma {
namespace {

bool is_digit(char c) { return c >= '0' && c <= '9'; }
int hex_value(char c) {
  if (is_digit(c)) return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  if (c >= 'A' && c <= 'F') return c - 'A' + 10;
  return -1;
}

// The end reads as a zero byte.
class Cursor {
 public:
  explicit Cursor(std::string_view text) : text_(text) {}
  char peek(size_t ahead = 0) const { return at_ + ahead < text_.size() ? text_[at_ + ahead] : 0; }
  void skip(size_t count = 1) { at_ += count; }
  bool at_end() const { return at_ >= text_.size(); }
  size_t position() const { return at_; }
  std::string_view from(size_t position) const { return text_.substr(position); }

 private:
  std::string_view text_;
  size_t at_ = 0;
};

// Digits up to `highest`; false when there is none or the number is larger.
bool read_number(Cursor& in, int highest, int& number) {
  if (!is_digit(in.peek())) return false;
  number = 0;
  for (; is_digit(in.peek()); in.skip()) {
    number = number * 10 + (in.peek() - '0');
    if (number > highest) return false;
  }
  return true;
}

// Digits without leading zeros that end the text.
bool read_v6_number(Cursor& in, int highest, int& number) {
  return !(in.peek() == '0' && is_digit(in.peek(1))) && read_number(in, highest, number);
}

// "/bits" and the end of the text. Without it `bits` stays -1.
bool read_v4_mask(Cursor& in, int& bits) {
  bits = -1;
  if (in.peek() == '/') {
    in.skip();
    if (!read_number(in, 32, bits)) return false;
  }
  return in.at_end();
}

int class_bits(uint8_t first, int octets) {
  int bits = first >= 240 ? 32 : first >= 224 ? 8 : first >= 192 ? 24 : first >= 128 ? 16 : 8;
  bits = std::max(bits, octets * 8);
  return bits == 8 && first == 224 ? 4 : bits;
}

bool read_v4_hex(Cursor& in, uint8_t* bytes, int& count) {
  in.skip(2);
  int nibbles = 0;
  for (; hex_value(in.peek()) >= 0; in.skip(), ++nibbles) {
    if (nibbles == 8) return false;
    auto value = static_cast<uint8_t>(hex_value(in.peek()));
    bytes[nibbles / 2] |= static_cast<uint8_t>(nibbles % 2 == 0 ? value << 4 : value);
  }
  count = (nibbles + 1) / 2;
  return true;
}

bool parse_v4(std::string_view text, bool is_cidr, NetworkAddress& address) {
  Cursor in(text);
  int count = 0;
  if (is_cidr && in.peek() == '0' && (in.peek(1) == 'x' || in.peek(1) == 'X') &&
      hex_value(in.peek(2)) >= 0) {
    if (!read_v4_hex(in, address.bytes, count)) return false;
  } else {
    for (;;) {
      int octet = 0;
      if (count == 4 || !read_number(in, 255, octet)) return false;
      address.bytes[count++] = static_cast<uint8_t>(octet);
      if (in.peek() != '.') break;
      in.skip();
      // inet takes a point before the mask.
      if (!is_cidr && !is_digit(in.peek())) break;
    }
  }
  int bits = -1;
  if (!read_v4_mask(in, bits)) return false;
  if (bits < 0) {
    if (!is_cidr && count < 4) return false;
    bits = is_cidr ? class_bits(address.bytes[0], count) : 32;
  } else if (!is_cidr && bits / 8 > count) {
    return false;
  }
  address.bits = static_cast<uint8_t>(bits);
  return true;
}

// The dotted end of an IPv6 address, with the mask that may follow.
bool read_embedded_v4(Cursor in, uint8_t* bytes, int& bits) {
  for (int i = 0; i < 4; ++i) {
    int octet = 0;
    if (!read_v6_number(in, 255, octet)) return false;
    bytes[i] = static_cast<uint8_t>(octet);
    // Octets that are missing are zeros.
    if (in.peek() != '.') break;
    if (i < 3) in.skip();
  }
  if (in.at_end()) return true;
  if (in.peek() != '/') return false;
  in.skip();
  return read_v6_number(in, 128, bits) && in.at_end();
}

bool parse_v6(std::string_view text, NetworkAddress& address) {
  constexpr int kBytes = 16;
  Cursor in(text);
  uint8_t bytes[kBytes] = {};
  int count = 0;
  int gap = -1;  // where "::" stood
  int bits = -1;
  if (in.peek() == ':') {
    in.skip();
    if (in.peek() != ':') return false;
  }
  while (!in.at_end()) {
    if (in.peek() == '/') {
      in.skip();
      if (!read_v6_number(in, 128, bits) || !in.at_end()) return false;
      break;
    }
    if (in.peek() == ':') {
      if (gap >= 0) return false;
      gap = count;
      in.skip();
      continue;
    }
    size_t start = in.position();
    int word = 0;
    int digits = 0;
    for (; hex_value(in.peek()) >= 0; in.skip(), ++digits) word = word << 4 | hex_value(in.peek());
    if (in.peek() == '.' && digits > 0 && count + 4 <= kBytes) {
      if (!read_embedded_v4(Cursor(in.from(start)), bytes + count, bits)) return false;
      count += 4;
      break;
    }
    if (digits == 0 || digits > 4 || count + 2 > kBytes) return false;
    bytes[count++] = static_cast<uint8_t>(word >> 8);
    bytes[count++] = static_cast<uint8_t>(word);
    if (in.peek() == ':') {
      in.skip();
      if (in.at_end()) return false;
    } else if (!in.at_end() && in.peek() != '/') {
      return false;
    }
  }
  if (gap >= 0) {
    if (count == kBytes) return false;
    int moved = count - gap;
    std::memmove(bytes + kBytes - moved, bytes + gap, static_cast<size_t>(moved));
    std::memset(bytes + gap, 0, static_cast<size_t>(kBytes - moved - gap));
  } else if (count != kBytes) {
    return false;
  }
  std::memcpy(address.bytes, bytes, kBytes);
  address.bits = static_cast<uint8_t>(bits < 0 ? 128 : bits);
  return true;
}

}  // namespace

bool parse_network_address(std::string_view text, bool is_cidr, NetworkAddress& address) {
  address = NetworkAddress();
  address.is_v6 = text.find(':') != std::string_view::npos;
  return address.is_v6 ? parse_v6(text, address) : parse_v4(text, is_cidr, address);
}

}  // namespace luma
