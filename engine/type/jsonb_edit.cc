// Operations that make a changed jsonb value.
#include <algorithm>

#include "engine/base/sql_error.h"
#include "engine/type/jsonb.h"

namespace luma {
namespace {

SqlError wrong_kind(const char* text) {
  return sql_error(SqlState::kInvalidParameterValue, "{}", text);
}

void add_elements(JsonbView view, JsonbBuilder& builder) {
  if (!view.is_array()) return builder.value(view);
  for (uint32_t i = 0; i < view.size(); ++i) builder.value(view.element(i));
}

void add_members(JsonbView view, JsonbBuilder& builder) {
  for (uint32_t i = 0; i < view.size(); ++i) {
    builder.key(view.key(i));
    builder.value(view.value(i));
  }
}

enum class PathEdit : uint8_t { kCreate, kReplace, kInsertBefore, kInsertAfter, kDelete };

// Changes what a path points to; everything else is copied.
class PathEditor {
 public:
  PathEditor(std::span<const JsonPathStep> path, PathEdit edit, JsonbView value,
             JsonbBuilder& builder)
      : path_(path), edit_(edit), value_(value), builder_(builder) {}

  void run(JsonbView view, size_t level = 0) {
    if (view.is_scalar()) return builder_.value(view);
    if (!path_[level]) {
      throw sql_error(SqlState::kNullValueNotAllowed, "path element at position {} is null",
                      level + 1);
    }
    if (view.is_object()) {
      object(view, level);
    } else {
      array(view, level);
    }
  }

 private:
  bool last(size_t level) const { return level + 1 == path_.size(); }
  bool adds() const { return edit_ != PathEdit::kReplace && edit_ != PathEdit::kDelete; }
  bool inserts() const {
    return edit_ == PathEdit::kInsertBefore || edit_ == PathEdit::kInsertAfter;
  }

  void object(JsonbView view, size_t level) {
    std::string_view wanted = *path_[level];
    bool found = false;
    builder_.begin_object();
    for (uint32_t i = 0; i < view.size(); ++i) {
      if (view.key(i) != wanted) {
        builder_.key(view.key(i));
        builder_.value(view.value(i));
        continue;
      }
      found = true;
      if (!last(level)) {
        builder_.key(wanted);
        run(view.value(i), level + 1);
        continue;
      }
      if (inserts()) {
        throw wrong_kind("cannot replace existing key")
            .hint("Try using the function jsonb_set to replace key value.");
      }
      if (edit_ == PathEdit::kDelete) continue;
      builder_.key(wanted);
      builder_.value(value_);
    }
    if (!found && last(level) && adds()) {
      builder_.key(wanted);
      builder_.value(value_);
    }
    builder_.end_object();
  }

  void array(JsonbView view, size_t level) {
    auto parsed = json_path_index(*path_[level]);
    if (!parsed) {
      throw sql_error(SqlState::kInvalidTextRepresentation,
                      "path element at position {} is not an integer: \"{}\"", level + 1,
                      *path_[level]);
    }
    int64_t count = view.size();
    int64_t index = *parsed;
    bool before_start = index < 0 && -index > count;
    if (index < 0) index += count;
    if (index > count) index = count;
    bool done = false;
    builder_.begin_array();
    if ((before_start || count == 0) && last(level) && adds()) {
      builder_.value(value_);
      done = true;
    }
    for (int64_t i = 0; i < count; ++i) {
      JsonbView element = view.element(static_cast<uint32_t>(i));
      if (before_start || i != index) {
        builder_.value(element);
        continue;
      }
      done = true;
      if (last(level)) {
        change_element(element);
      } else {
        run(element, level + 1);
      }
    }
    if (!done && last(level) && adds()) builder_.value(value_);
    builder_.end_array();
  }

  void change_element(JsonbView element) {
    if (edit_ == PathEdit::kInsertBefore || edit_ == PathEdit::kCreate) builder_.value(value_);
    if (inserts()) builder_.value(element);
    if (edit_ == PathEdit::kInsertAfter || edit_ == PathEdit::kReplace) builder_.value(value_);
  }

  std::span<const JsonPathStep> path_;
  PathEdit edit_;
  JsonbView value_;
  JsonbBuilder& builder_;
};

Datum edit_path(JsonbView view, std::span<const JsonPathStep> path, PathEdit edit, JsonbView value,
                Arena& arena) {
  if (view.is_scalar()) {
    throw wrong_kind(edit == PathEdit::kDelete ? "cannot delete path in scalar"
                                               : "cannot set path in scalar");
  }
  bool nothing = view.size() == 0 && (edit == PathEdit::kReplace || edit == PathEdit::kDelete);
  if (nothing || path.empty()) return jsonb_of(view, arena);
  JsonbBuilder builder;
  PathEditor(path, edit, value, builder).run(view);
  return builder.finish(arena);
}

void strip_nulls(JsonbView view, JsonbBuilder& builder) {
  if (view.is_scalar()) return builder.value(view);
  if (view.is_array()) {
    builder.begin_array();
    for (uint32_t i = 0; i < view.size(); ++i) strip_nulls(view.element(i), builder);
    builder.end_array();
    return;
  }
  builder.begin_object();
  for (uint32_t i = 0; i < view.size(); ++i) {
    if (view.value(i).is_null()) continue;
    builder.key(view.key(i));
    strip_nulls(view.value(i), builder);
  }
  builder.end_object();
}

}  // namespace

Datum jsonb_concat(JsonbView a, JsonbView b, Arena& arena) {
  if (a.is_object() == b.is_object()) {
    if (!a.is_scalar() && a.size() == 0 && !b.is_scalar()) return jsonb_of(b, arena);
    if (!b.is_scalar() && b.size() == 0 && !a.is_scalar()) return jsonb_of(a, arena);
  }
  JsonbBuilder builder;
  if (a.is_object() && b.is_object()) {
    builder.begin_object();
    add_members(a, builder);
    add_members(b, builder);
    builder.end_object();
  } else {
    builder.begin_array();
    add_elements(a, builder);
    add_elements(b, builder);
    builder.end_array();
  }
  return builder.finish(arena);
}

Datum jsonb_delete_keys(JsonbView view, std::span<const std::string_view> keys, Arena& arena) {
  if (view.is_scalar()) throw wrong_kind("cannot delete from scalar");
  auto listed = [&](std::string_view text) {
    return std::find(keys.begin(), keys.end(), text) != keys.end();
  };
  JsonbBuilder builder;
  if (view.is_object()) {
    builder.begin_object();
    for (uint32_t i = 0; i < view.size(); ++i) {
      if (listed(view.key(i))) continue;
      builder.key(view.key(i));
      builder.value(view.value(i));
    }
    builder.end_object();
  } else {
    builder.begin_array();
    for (uint32_t i = 0; i < view.size(); ++i) {
      JsonbView element = view.element(i);
      if (element.kind() == JsonKind::kString && listed(element.string())) continue;
      builder.value(element);
    }
    builder.end_array();
  }
  return builder.finish(arena);
}

Datum jsonb_delete_key(JsonbView view, std::string_view key, Arena& arena) {
  return jsonb_delete_keys(view, std::span(&key, 1), arena);
}

Datum jsonb_delete_element(JsonbView view, int32_t index, Arena& arena) {
  if (view.is_scalar()) throw wrong_kind("cannot delete from scalar");
  if (view.is_object()) throw wrong_kind("cannot delete from object using integer index");
  int64_t position = index < 0 ? int64_t{index} + view.size() : index;
  if (position < 0 || position >= view.size()) return jsonb_of(view, arena);
  JsonbBuilder builder;
  builder.begin_array();
  for (uint32_t i = 0; i < view.size(); ++i) {
    if (i != position) builder.value(view.element(i));
  }
  builder.end_array();
  return builder.finish(arena);
}

Datum jsonb_delete_path(JsonbView view, std::span<const JsonPathStep> path, Arena& arena) {
  return edit_path(view, path, PathEdit::kDelete, {}, arena);
}

Datum jsonb_set(JsonbView view, std::span<const JsonPathStep> path, JsonbView value, bool create,
                Arena& arena) {
  return edit_path(view, path, create ? PathEdit::kCreate : PathEdit::kReplace, value, arena);
}

Datum jsonb_insert(JsonbView view, std::span<const JsonPathStep> path, JsonbView value, bool after,
                   Arena& arena) {
  return edit_path(view, path, after ? PathEdit::kInsertAfter : PathEdit::kInsertBefore, value,
                   arena);
}

Datum jsonb_strip_nulls(JsonbView view, Arena& arena) {
  JsonbBuilder builder;
  strip_nulls(view, builder);
  return builder.finish(arena);
}

}  // namespace luma
