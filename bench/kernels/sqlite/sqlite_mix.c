// SQLite on a database in memory: inserts with and without an index, range and point queries, text search, joins, updates,
// deletions, sorting and aggregates, in the manner of SQLite's own speed test. Linked with SQLite's amalgamation.
#include <stdlib.h>

#include "../kernel.h"
#include "sqlite3.h"

enum { kRows = KERNEL_SIZE(30000, 1000), kQueries = KERNEL_SIZE(400, 20) };

static sqlite3* database;
static int64_t sum;

static void check(int status) {
  if (status == SQLITE_OK || status == SQLITE_DONE || status == SQLITE_ROW) return;
  fprintf(stderr, "sqlite_mix: %s\n", sqlite3_errmsg(database));
  exit(1);
}

static void execute(const char* sql) {
  check(sqlite3_exec(database, sql, NULL, NULL, NULL));
}

static sqlite3_stmt* prepared(const char* sql) {
  sqlite3_stmt* statement;
  check(sqlite3_prepare_v2(database, sql, -1, &statement, NULL));
  return statement;
}

// Steps through a statement, adds up the integers of its rows, and resets it.
static void drain(sqlite3_stmt* statement) {
  int status;
  while ((status = sqlite3_step(statement)) == SQLITE_ROW) {
    for (int i = 0; i < sqlite3_column_count(statement); ++i)
      sum += sqlite3_column_int64(statement, i) % 1000003;
  }
  check(status);
  check(sqlite3_reset(statement));
}

// A number in English words, so that text has structure.
static int in_words(char* to, uint32_t number) {
  static const char* const digits[] = {"zero", "one", "two",   "three", "four",
                                       "five", "six", "seven", "eight", "nine"};
  int length = 0;
  for (uint32_t unit = 100000; unit > 0; unit /= 10) {
    if (number < unit && unit > 1) continue;
    length += sprintf(to + length, length ? " %s" : "%s", digits[number / unit % 10]);
  }
  return length;
}

static void insert(const char* sql, uint64_t seed) {
  sqlite3_stmt* const statement = prepared(sql);
  execute("BEGIN");
  for (int row = 1; row <= kRows; ++row) {
    const uint32_t number = kernel_random(&seed) % 500000;
    char words[96];
    const int length = in_words(words, number);
    check(sqlite3_bind_int(statement, 1, row));
    check(sqlite3_bind_int(statement, 2, (int)number));
    check(sqlite3_bind_text(statement, 3, words, length, SQLITE_TRANSIENT));
    drain(statement);
  }
  execute("COMMIT");
  sqlite3_finalize(statement);
}

// Runs a statement with two bounds, kQueries times.
static void query(const char* sql, uint64_t seed, int width) {
  sqlite3_stmt* const statement = prepared(sql);
  for (int i = 0; i < kQueries; ++i) {
    const int low = (int)(kernel_random(&seed) % 490000);
    check(sqlite3_bind_int(statement, 1, low));
    check(sqlite3_bind_int(statement, 2, low + width));
    drain(statement);
  }
  sqlite3_finalize(statement);
}

static void prepare(void) {
  kernel_touch_heap(KERNEL_SIZE(16 << 20, 1 << 20));
  check(sqlite3_open(":memory:", &database));
  execute("PRAGMA cache_size = 20000");
}

static void run(void) {
  execute("CREATE TABLE plain(a INTEGER, b INTEGER, c TEXT)");
  insert("INSERT INTO plain VALUES(?1, ?2, ?3)", 1);
  execute(
      "CREATE TABLE keyed(a INTEGER PRIMARY KEY, b INTEGER, c TEXT); CREATE INDEX by_b ON keyed(b); CREATE "
      "INDEX by_c ON keyed(c)");
  insert("INSERT INTO keyed VALUES(?1, ?2, ?3)", 2);
  execute("CREATE INDEX plain_b ON plain(b)");
  query("SELECT count(*), sum(b), avg(length(c)) FROM plain WHERE b BETWEEN ?1 AND ?2", 3, 5000);
  query("SELECT count(*), max(a) FROM keyed WHERE b BETWEEN ?1 AND ?2 AND c > 'one'", 4, 5000);
  query("SELECT a, b, c FROM keyed WHERE b >= ?1 AND ?2 ORDER BY c LIMIT 20", 5, 0);
  drain(prepared("SELECT count(*), sum(b) FROM plain WHERE c LIKE '%seven%two%'"));
  drain(prepared("SELECT sum(p.a), count(*) FROM plain p JOIN keyed k ON k.b = p.b"));
  drain(
      prepared("SELECT b / 10000 AS bucket, count(*), sum(length(c)), min(c) FROM keyed GROUP BY bucket "
               "ORDER BY 2, 1"));
  drain(
      prepared("WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 50000) SELECT sum(i "
               "* i % 7) FROM n"));
  execute("BEGIN");
  query("UPDATE plain SET b = b + 1 WHERE b BETWEEN ?1 AND ?2", 6, 1000);
  query("UPDATE keyed SET c = c || ' again' WHERE b BETWEEN ?1 AND ?2", 7, 1000);
  query("DELETE FROM keyed WHERE b BETWEEN ?1 AND ?2", 8, 200);
  execute("COMMIT");
  execute("INSERT INTO plain SELECT a, b, c FROM keyed ORDER BY c; DELETE FROM plain WHERE a % 3 = 0");
  drain(prepared("SELECT count(*), sum(b), sum(length(c)) FROM plain"));
}

static double checksum(void) {
  return (double)sum;
}

KERNEL(prepare, run, checksum)
