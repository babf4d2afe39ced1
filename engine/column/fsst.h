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
  // Appends the code of `text`.
  void compress(std::string_view text, std::string& out) const;

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
  void add(uint64_t bytes, uint32_t size);
  void index();
  // The longest symbol at `text`, -1 when there is none.
  int find(const char* text, size_t left) const;
  void count(std::string_view text, std::vector<uint32_t>& singles,
             std::vector<uint32_t>& pairs) const;

  std::vector<Symbol> symbols_;
  // Only of trained tables. Codes of symbols of two bytes and more, by their first two bytes,
  // longest first; where those of two bytes begin, and how many there are.
  std::vector<uint8_t> ordered_, begins_, counts_;
  // Codes of single bytes, -1 for none.
  std::vector<int16_t> single_;
};

}  // namespace luma
