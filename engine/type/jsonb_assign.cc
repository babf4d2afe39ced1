// Assignment to a part of a jsonb value, as subscripts do it: unlike jsonb_set(), what is missing
// on the way is made.
#include "engine/base/sql_error.h"
#include "engine/type/jsonb.h"

namespace luma {
namespace {

class PartAssigner {
 public:
  PartAssigner(std::span<const std::string_view> path, JsonbView value, JsonbBuilder& builder)
      : path_(path), value_(value), builder_(builder) {}

  void run(JsonbView view, size_t level) {
    if (view.is_scalar()) {
      throw sql_error(SqlState::kInvalidParameterValue, "cannot replace existing key")
          .detail("The path assumes key is a composite object, but it is a scalar value.");
    }
    if (view.is_object()) {
      object(view, level);
    } else {
      array(view, level);
    }
  }

  // A value that holds nothing but the path from `level` on.
  void make(size_t level) {
    if (level == path_.size()) return builder_.value(value_);
    if (std::optional<int32_t> index = json_path_index(path_[level])) {
      builder_.begin_array();
      for (int32_t i = 0; i < *index; ++i) builder_.null();
      make(level + 1);
      builder_.end_array();
    } else {
      builder_.begin_object();
      builder_.key(path_[level]);
      make(level + 1);
      builder_.end_object();
    }
  }

 private:
  void replace(JsonbView old, size_t level) {
    if (level + 1 == path_.size()) {
      builder_.value(value_);
    } else {
      run(old, level + 1);
    }
  }

  void object(JsonbView view, size_t level) {
    bool found = false;
    builder_.begin_object();
    for (uint32_t i = 0; i < view.size(); ++i) {
      builder_.key(view.key(i));
      if (view.key(i) == path_[level]) {
        found = true;
        replace(view.value(i), level);
      } else {
        builder_.value(view.value(i));
      }
    }
    if (!found) {
      builder_.key(path_[level]);
      make(level + 1);
    }
    builder_.end_object();
  }

  void array(JsonbView view, size_t level) {
    std::optional<int32_t> parsed = json_path_index(path_[level]);
    if (!parsed) {
      throw sql_error(SqlState::kInvalidTextRepresentation,
                      "path element at position {} is not an integer: \"{}\"", level + 1,
                      path_[level]);
    }
    int64_t count = view.size();
    int64_t index = *parsed < 0 ? *parsed + count : *parsed;
    if (index < 0) {
      throw sql_error(SqlState::kInvalidParameterValue,
                      "path element at position {} is out of range: {}", level + 1, *parsed);
    }
    builder_.begin_array();
    for (int64_t i = 0; i < count; ++i) {
      JsonbView element = view.element(static_cast<uint32_t>(i));
      if (i == index) {
        replace(element, level);
      } else {
        builder_.value(element);
      }
    }
    for (int64_t i = count; i < index; ++i) builder_.null();
    if (index >= count) make(level + 1);
    builder_.end_array();
  }

  std::span<const std::string_view> path_;
  JsonbView value_;
  JsonbBuilder& builder_;
};

}  // namespace

Datum jsonb_assign(JsonbView view, std::span<const std::string_view> path, JsonbView value,
                   Arena& arena) {
  JsonbBuilder builder;
  PartAssigner(path, value, builder).run(view, 0);
  return builder.finish(arena);
}

}  // namespace luma
