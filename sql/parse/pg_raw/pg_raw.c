#include "sql/parse/pg_raw.h"

/* libpg_query keeps PostgreSQL's globals per thread, the server's headers do not know. The macros
 * hide the headers' declarations; ours follow. */
#define CurrentMemoryContext luma_hidden_current_memory_context
#define PG_exception_stack luma_hidden_exception_stack
#define error_context_stack luma_hidden_error_context_stack
#define backslash_quote luma_hidden_backslash_quote
#define standard_conforming_strings luma_hidden_standard_conforming_strings
#define escape_string_warning luma_hidden_escape_string_warning
/* clang-format off */
#include "postgres.h"
#include "common/keywords.h"
#include "parser/parser.h"
#include "utils/memutils.h"
/* clang-format on */
#undef CurrentMemoryContext
#undef PG_exception_stack
#undef error_context_stack
#undef backslash_quote
#undef standard_conforming_strings
#undef escape_string_warning

#if PG_MAJORVERSION_NUM != 15
#error "the raw parse tree of libpg_query 15 needs the headers of PostgreSQL 15"
#endif

extern __thread MemoryContext CurrentMemoryContext;
extern __thread sigjmp_buf* PG_exception_stack;
extern __thread ErrorContextCallback* error_context_stack;
extern __thread int backslash_quote;
extern __thread bool standard_conforming_strings;
extern __thread bool escape_string_warning;

extern MemoryContext pg_query_enter_memory_context(void);
extern void pg_query_exit_memory_context(MemoryContext context);

void* luma_pg_enter(void) { return pg_query_enter_memory_context(); }

void luma_pg_leave(void* context) { pg_query_exit_memory_context((MemoryContext)context); }

void* luma_pg_raw_parse(const char* text, const struct luma_pg_settings* settings,
                        struct luma_pg_error* error) {
  MemoryContext context = CurrentMemoryContext;
  List* volatile tree = NULL;
  backslash_quote = settings->backslash_quote;
  standard_conforming_strings = settings->standard_conforming_strings != 0;
  escape_string_warning = false; /* there is nobody to tell */
  error->sqlstate = 0;
  PG_TRY();
  { tree = raw_parser(text, (RawParseMode)settings->mode); }
  PG_CATCH();
  {
    ErrorData* data;
    CurrentMemoryContext = context;
    data = CopyErrorData();
    FlushErrorState();
    tree = NULL;
    error->sqlstate = data->sqlerrcode;
    error->cursor_position = data->cursorpos;
    error->message = data->message;
    error->detail = data->detail;
    error->hint = data->hint;
  }
  PG_END_TRY();
  return tree;
}

int luma_pg_keyword_category(const char* lower_case_word) {
  int keyword = ScanKeywordLookup(lower_case_word, &ScanKeywords);
  return keyword < 0 ? -1 : ScanKeywordCategories[keyword];
}
