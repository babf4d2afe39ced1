#pragma once
// Chunks of strings: a dictionary with packed codes when values repeat, FSST when it saves enough,
// plain bytes otherwise. Strings of dictionary and plain chunks are read in place, without a copy.
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "engine/base/arena.h"
#include "engine/column/fsst.h"
#include "engine/column/int_codec.h"
#include "engine/type/datum.h"

namespace luma {

enum class StringEncoding : uint8_t { kDictionary, kFsst, kPlain };

// Appends a chunk. The first form chooses.
void encode_strings(std::span<const StringRef> values, std::string& out);
void encode_strings_as(StringEncoding encoding, std::span<const StringRef> values,
                       std::string& out);

// A view; threads may share it. Throws CorruptChunk.
class StringReader {
 public:
  StringReader() = default;
  explicit StringReader(std::string_view bytes);

  StringEncoding encoding() const { return encoding_; }
  uint32_t size() const { return lengths_or_codes_.size(); }
  // `out` has room for kBlockRows. Strings that are not stored as such go to `heap`; the others
  // refer to the chunk.
  void read_block(uint32_t block, StringRef* out, Arena& heap) const;
  // Some rows of the block, ascending.
  void read_rows(uint32_t block, const uint32_t* rows, uint32_t count, StringRef* out,
                 Arena& heap) const;
  // Of a dictionary chunk: its values, and which of them the rows have.
  std::span<const StringRef> dictionary() const { return dictionary_; }
  const IntReader& codes() const { return lengths_or_codes_; }

  struct Block {
    uint64_t offset;  // of the block's first byte
    uint64_t text_bytes;
  };

 private:
  StringEncoding encoding_ = StringEncoding::kPlain;
  IntReader lengths_or_codes_;
  std::span<const Block> blocks_;
  std::string_view bytes_;
  std::vector<StringRef> dictionary_;
  SymbolTable symbols_;
};

}  // namespace luma
