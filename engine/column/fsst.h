#pragma once
// FSST (fast static symbol table) after the paper of Boncz, Neumann and Leis: a table of up to 255
// byte sequences of 1 to 8 bytes, found by looking at a sample, whose codes replace them. Strings
// stay separate: each can be decoded on its own, at the speed of copying 8 bytes a code.
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace luma {

class SymbolTable {
 public:
  static constexpr uint32_t kGreatestCount = 255;
  static constexpr size_t kGreatestSymbolBytes = 8;
  static constexpr uint8_t kEscape = 255;  // the next byte stands for itself

  // Learns from a sample of the strings.
  static SymbolTable train(std::span<const std::string_view> sample);
  // Writes the code of `text` to `out`, which has room for twice the text and a byte more. Returns
  // where it ends. Only of trained tables.
  char* compress(std::string_view text, char* out) const;

  // The stored form.
  void append_to(std::string& out) const;
  // Throws CorruptChunk.
  static SymbolTable parse(std::string_view bytes);

  // Decodes into `out`, which has room for the text and 8 bytes more. Returns the text's length.
  // `room`: bytes the text may take; CorruptChunk beyond.
  size_t decompress(std::string_view codes, char* out, size_t room) const;

 private:
  struct Symbol {
    uint64_t bytes;  // little-endian: the first byte lowest
    uint32_t size;
  };
  // What begins with the same three bytes: one symbol, which is how compress() needs no loop.
  struct Long {
    uint64_t bytes, mask;
    uint16_t code;
    uint16_t size;
  };
  struct Found {
    uint32_t code, size;
  };
  static constexpr int kLongBits = 11;
  static size_t long_place(uint64_t word) {
    return (word & 0xFFFFFF) * 0x9E3779B1u % (uint64_t{1} << 32) >> (32 - kLongBits);
  }
  void clear();
  // Makes it a symbol unless another one has its place.
  void add_for_compression(uint64_t bytes, uint32_t size);
  // The symbol at the beginning of the word: kEscape when there is none.
  Found find(uint64_t word) const;
  // The same where only `left` bytes of the word are text.
  Found find_within(uint64_t word, size_t left) const;
  void count(std::string_view text, std::vector<uint32_t>& singles,
             std::vector<uint32_t>& pairs) const;

  std::vector<Symbol> symbols_;
  // Only of trained tables: symbols of three bytes and more by a hash of the first three, and codes
  // and sizes of others by the first two.
  std::vector<Long> long_;
  std::vector<uint16_t> short_;
};

}  // namespace luma
