/* Private to sql/parse: the C side of the adapter. It calls PostgreSQL's raw parser (the shared
 * library libpg_query) and turns ereport into a return value; nothing here may run C++ code between
 * PG_TRY and a call that can longjmp. */
#ifndef LUMA_SQL_PARSE_PG_RAW_H_
#define LUMA_SQL_PARSE_PG_RAW_H_

#ifdef __cplusplus
extern "C" {
#endif

struct luma_pg_settings {
  int mode; /* RawParseMode */
  int standard_conforming_strings;
  int backslash_quote; /* 0 off, 1 on, 2 safe_encoding */
};

/* Texts live in the memory context that was entered before the call. */
struct luma_pg_error {
  int sqlstate;        /* packed like PostgreSQL packs it */
  int cursor_position; /* in characters from 1, 0 when unknown */
  const char* message;
  const char* detail;
  const char* hint;
};

/* Contexts are per thread; everything allocated between enter and leave is freed by leave. */
void* luma_pg_enter(void);
void luma_pg_leave(void* context);

/* The raw parse tree (a List of RawStmt, null for an empty text), or null with error->sqlstate set.
 */
void* luma_pg_raw_parse(const char* text, const struct luma_pg_settings* settings,
                        struct luma_pg_error* error);

/* 0 unreserved keyword, 1 column name, 2 type or function name, 3 reserved; -1 when no keyword. */
int luma_pg_keyword_category(const char* lower_case_word);

#ifdef __cplusplus
}
#endif

#endif
