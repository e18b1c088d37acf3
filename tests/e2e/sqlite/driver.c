// A small SQL shell over SQLite's library: runs a script on a database file and prints rows as the sqlite3 shell's list mode does.
//
//   driver DATABASE SCRIPT     exits 0, or 1 with the error and its place on standard error
//
// Files are not locked: WASI preview 1 has no locks, and nobody else uses the file meanwhile.
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "sqlite3.h"

static char* read_whole(const char* path) {
  FILE* file = fopen(path, "rb");
  if (!file) return NULL;
  size_t size = 0, capacity = 1 << 16;
  char* text = malloc(capacity);
  size_t got;
  while (text && (got = fread(text + size, 1, capacity - size - 1, file)) > 0) {
    size += got;
    if (size == capacity - 1) text = realloc(text, capacity *= 2);
  }
  if (text) text[size] = 0;
  fclose(file);
  return text;
}

static int fail(sqlite3* database, const char* what, const char* sql) {
  fprintf(stderr, "driver: %s: %s", what, database ? sqlite3_errmsg(database) : "no database");
  if (sql) fprintf(stderr, " in: %.200s", sql);
  fprintf(stderr, "\n");
  return 1;
}

// Runs one statement, printing its rows.
static int execute(sqlite3* database, sqlite3_stmt* statement) {
  int step;
  while ((step = sqlite3_step(statement)) == SQLITE_ROW) {
    for (int i = 0; i < sqlite3_column_count(statement); ++i) {
      const unsigned char* text = sqlite3_column_text(statement, i);
      printf("%s%s", i ? "|" : "", text ? (const char*)text : "");
    }
    printf("\n");
  }
  return step == SQLITE_DONE ? 0 : fail(database, "statement failed", sqlite3_sql(statement));
}

int main(int argc, char** argv) {
  if (argc != 3) {
    fprintf(stderr, "usage: driver DATABASE SCRIPT\n");
    return 2;
  }
  char* script = read_whole(argv[2]);
  if (!script) {
    fprintf(stderr, "driver: %s cannot be read\n", argv[2]);
    return 1;
  }
  sqlite3* database = NULL;
  if (sqlite3_open_v2(argv[1], &database, SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE, "unix-none") !=
      SQLITE_OK) {
    return fail(database, argv[1], NULL);
  }
  int status = 0;
  for (const char* rest = script; status == 0 && *rest;) {
    sqlite3_stmt* statement = NULL;
    if (sqlite3_prepare_v2(database, rest, -1, &statement, &rest) != SQLITE_OK) {
      status = fail(database, "statement is wrong", rest);
    } else if (statement) {
      status = execute(database, statement);
    }
    sqlite3_finalize(statement);
  }
  if (sqlite3_close(database) != SQLITE_OK) status = fail(database, "closing failed", NULL);
  free(script);
  return status;
}
