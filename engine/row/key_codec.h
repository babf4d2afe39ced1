#pragma once
// Keys of rows and index entries. Bytewise order of keys is the order of the index:
//   row key            u32 storage id, then the row key's columns or a hidden 8-byte row id
//   index key          u32 storage id, key columns, then (not in unique indexes, except where a
//                      NULL makes the key distinct) the row key without its storage id
// A nullable part begins with a tag byte that places NULLs; DESC parts have their bytes inverted
// (the tag is not). Every part is prefix-free, so parts can be read one after the other.
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "engine/base/arena.h"
#include "engine/row/table_desc.h"

namespace luma {

inline constexpr size_t kStorageIdBytes = 4;
inline constexpr char kKeyNullFirstTag = 0;
inline constexpr char kKeyValueTag = 1;
inline constexpr char kKeyNullLastTag = 2;

void append_storage_id(std::string& out, uint32_t storage_id);
void append_row_id(std::string& out, uint64_t row_id);
// The smallest key that does not begin with `prefix` and is greater; changes it in place. Empty (no
// bound) when there is none.
void make_prefix_end(std::string& prefix);

// Encodes and decodes the parts of one kind of key. Immutable; threads may share it.
class KeyCodec {
 public:
  // Throws 0A000 for a type without an order.
  explicit KeyCodec(std::span<const KeyPart> parts);

  size_t size() const { return parts_.size(); }
  void append(size_t part, const Value& value, std::string& out) const;
  // Only the tag of a value that is not NULL, if the part has tags at all.
  void append_value_tag(size_t part, std::string& out) const {
    if (parts_[part].nullable) out.push_back(kKeyValueTag);
  }
  bool nullable(size_t part) const { return parts_[part].nullable; }
  bool descending(size_t part) const { return parts_[part].descending; }

  // How many leading parts decode() can read: some types' keys do not hold the exact value.
  size_t decodable_parts() const { return decodable_parts_; }
  // Reads `part` from the front of `key` and removes it. Strings are allocated from `arena`.
  Value decode(size_t part, std::string_view& key, Arena& arena) const;

 private:
  struct Part {
    const TypeInfo* type;
    bool nullable;
    bool descending;
    char null_tag;
  };
  std::vector<Part> parts_;
  size_t decodable_parts_ = 0;
};

}  // namespace luma
