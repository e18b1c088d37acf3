"""A bank's back office in one program: an ordinary Python program that knows nothing of enclaves.

    ledger.py DIRECTORY

It writes branches' statements as text files, walks them, parses them with regular expressions, books them into an SQLite file, closes the
year in reports and leaves an inventory of everything it wrote. All output depends on the directory's contents only, so two Pythons must
print the same and leave the same files (the database apart, whose pages carry the version of SQLite that wrote them).
"""

import bisect
import collections
import contextlib
import csv
import dataclasses
import datetime
import decimal
import functools
import hashlib
import heapq
import hmac
import io
import itertools
import json
import os
import pathlib
import re
import sqlite3
import string
import struct
import sys
import textwrap
import zlib

YEAR = 2026
BRANCHES = {
    "north": ["Aalborg", "Tromsø", "Umeå"],
    "south": ["Évora", "Cádiz", "Siracusa"],
    "overseas": ["São Paulo", "Hà Nội", "Ōsaka"],
}
CURRENCIES = {"EUR": decimal.Decimal("1"), "SEK": decimal.Decimal("0.0893"), "BRL": decimal.Decimal("0.1604")}


class Numbers:
    """A small linear congruential generator: the same numbers in every Python."""

    def __init__(self, seed):
        self.state = seed

    def below(self, bound):
        self.state = (self.state * 6364136223846793005 + 1442695040888963407) % 2**64
        return (self.state >> 33) % bound

    def choice(self, items):
        return items[self.below(len(items))]


@dataclasses.dataclass(frozen=True, order=True)
class Booking:
    """One line of a statement."""

    day: datetime.date
    account: str
    cents: int
    currency: str
    text: str
    branch: str = dataclasses.field(compare=False, default="")

    @property
    def euros(self):
        amount = decimal.Decimal(self.cents) / 100 * CURRENCIES[self.currency]
        return amount.quantize(decimal.Decimal("0.01"), rounding=decimal.ROUND_HALF_EVEN)


class StatementError(ValueError):
    """A line that is not a booking."""

    def __init__(self, path, number, line):
        super().__init__(f"{path}:{number}: not a booking: {line!r}")
        self.number = number


LINE = re.compile(
    r"""
    ^(?P<year>\d{4})-(?P<month>\d\d)-(?P<day>\d\d)      # date
    \s+(?P<account>[A-Z]{2}\d{2}(?:\s\d{4}){2})         # account
    \s+(?P<sign>[+-]?)(?P<whole>\d{1,3}(?:,\d{3})*)\.(?P<cents>\d\d)
    \s(?P<currency>%s)
    \s+"(?P<text>(?:[^"\\]|\\.)*)"$
    """
    % "|".join(CURRENCIES),
    re.VERBOSE,
)
ESCAPE = re.compile(r"\\(.)")


def account_number(numbers):
    """A made-up account whose check digits follow ISO 7064, as an IBAN's do."""
    body = f"{numbers.below(10**8):08d}"
    country = numbers.choice(["DK", "PT", "SE"])
    digits = body + "".join(str(string.ascii_uppercase.index(letter) + 10) for letter in country) + "00"
    return f"{country}{98 - int(digits) % 97:02d} {body[:4]} {body[4:]}"


def account_is_sound(account):
    compact = account.replace(" ", "")
    turned = compact[4:] + compact[:4]
    digits = "".join(str(string.ascii_uppercase.index(c) + 10) if c.isalpha() else c for c in turned)
    return int(digits) % 97 == 1


def write_statements(root, numbers):
    """A directory a region, a file a branch and month; one file has a line that cannot be read."""
    accounts = [account_number(numbers) for _ in range(40)]
    purposes = ["rent", "salary", 'the "good" coffee', "back\\slash", "naïve café", "invoice №%d", "refund"]
    for region, branches in BRANCHES.items():
        for branch in branches:
            for month in range(1, 13):
                path = root / "statements" / region / branch / f"{YEAR}-{month:02d}.txt"
                path.parent.mkdir(parents=True, exist_ok=True)
                with path.open("w", encoding="utf-8") as statement:
                    for _ in range(20 + numbers.below(20)):
                        first = datetime.date(YEAR, month, 1)
                        day = first + datetime.timedelta(days=numbers.below(28))
                        text = numbers.choice(purposes)
                        text = text % numbers.below(1000) if "%" in text else text
                        text = text.replace("\\", "\\\\").replace('"', '\\"')
                        cents = numbers.below(5_000_000) - 2_000_000
                        amount = f"{'-' if cents < 0 else '+'}{abs(cents) // 100:,}.{abs(cents) % 100:02d}"
                        currency = numbers.choice(sorted(CURRENCIES))
                        print(f'{day} {numbers.choice(accounts)} {amount} {currency}  "{text}"', file=statement)
    with (root / "statements/north/Umeå" / f"{YEAR}-03.txt").open("a", encoding="utf-8") as statement:
        print("2026-03-31 SE00 0000 0000 twelve EUR", file=statement)


def parse(path):
    """The bookings of one file; StatementError comes last, so that what can be read is."""
    broken = None
    with path.open(encoding="utf-8") as statement:
        for number, line in enumerate(map(str.rstrip, statement), start=1):
            match = LINE.match(line)
            if match is None:
                broken = StatementError(path.name, number, line)
                continue
            cents = int(match["whole"].replace(",", "")) * 100 + int(match["cents"])
            yield Booking(
                datetime.date(int(match["year"]), int(match["month"]), int(match["day"])),
                match["account"],
                -cents if match["sign"] == "-" else cents,
                match["currency"],
                ESCAPE.sub(r"\1", match["text"]),
                path.parent.name,
            )
    if broken is not None:
        raise broken


def read_all(root):
    """Every statement below `root`, in the order of their names, and the errors met."""
    bookings, errors = [], []
    for folder, folders, files in os.walk(root / "statements"):
        folders.sort()
        for name in sorted(files):
            reader = parse(pathlib.Path(folder, name))
            while True:
                try:
                    bookings.append(next(reader))
                except StopIteration:
                    break
                except StatementError as error:
                    errors.append(error)
                    break
    return bookings, errors


SCHEMA = """
CREATE TABLE branch(id INTEGER PRIMARY KEY, name TEXT UNIQUE NOT NULL, region TEXT NOT NULL);
CREATE TABLE booking(
  id INTEGER PRIMARY KEY, branch INTEGER NOT NULL REFERENCES branch(id), day TEXT NOT NULL, account TEXT NOT NULL,
  cents INTEGER NOT NULL, text TEXT NOT NULL, CHECK(day LIKE '2026-%'));
CREATE INDEX booking_by_account ON booking(account, day);
CREATE VIEW balance AS SELECT account, sum(cents) AS cents, count(*) AS bookings FROM booking GROUP BY account;
"""


class Luhn:
    """An aggregate of our own: the check digit over all cents of a group."""

    def __init__(self):
        self.sum = 0

    def step(self, cents):
        for place, digit in enumerate(reversed(str(abs(cents)))):
            value = int(digit) * (1 + place % 2)
            self.sum += value - 9 if value > 9 else value

    def finalize(self):
        return -self.sum % 10


def book(path, bookings):
    """Books everything into a new database and says what it then holds."""
    with contextlib.closing(sqlite3.connect(path)) as database:
        database.executescript(SCHEMA)
        database.create_aggregate("luhn", 1, Luhn)
        database.create_function("checksum", 1, account_is_sound, deterministic=True)
        with database:
            for region, names in BRANCHES.items():
                database.executemany("INSERT INTO branch(name, region) VALUES(?, ?)", [(name, region) for name in names])
            database.executemany(
                "INSERT INTO booking(branch, day, account, cents, text)"
                " VALUES((SELECT id FROM branch WHERE name = ?), ?, ?, ?, ?)",
                [(b.branch, b.day.isoformat(), b.account, int(b.euros * 100), b.text) for b in bookings],
            )
        try:
            with database:
                database.execute("DELETE FROM booking")
                database.execute("INSERT INTO booking(branch, day, account, cents, text) VALUES(1, '1999-01-01', 'x', 1, '')")
        except sqlite3.IntegrityError as error:
            print("rolled back:", type(error).__name__)
        print("integrity:", *database.execute("PRAGMA integrity_check").fetchone())
        print("unsound accounts:", *database.execute("SELECT count(*) FROM booking WHERE NOT checksum(account)").fetchone())
        print("by region:")
        for row in database.execute(
            "SELECT region, count(*), sum(cents), luhn(cents) FROM booking JOIN branch ON branch.id = booking.branch"
            " GROUP BY region ORDER BY region"
        ):
            print("  {:<9} {:>5} bookings {:>15,} cents, check digit {}".format(*row))
        print("poorest accounts:")
        for row in database.execute("SELECT account, cents, bookings FROM balance ORDER BY cents, account LIMIT 3"):
            print("  {} {:>14,} cents in {}".format(*row))
        running = database.execute(
            "SELECT month, sum(total) OVER (ORDER BY month) FROM"
            " (SELECT substr(day, 6, 2) AS month, sum(cents) AS total FROM booking GROUP BY month) ORDER BY month"
        ).fetchall()
        print("running total:", json.dumps(dict(running), separators=(",", ":")))


def reports(root, bookings):
    """JSON, CSV and a packed binary file; each is read back and must say the same."""
    by_day = collections.defaultdict(decimal.Decimal)
    for booking in bookings:
        by_day[booking.day] += booking.euros
    days = sorted(by_day)
    document = {
        "year": YEAR,
        "days": {day.isoformat(): str(by_day[day]) for day in days},
        "weeks": {
            f"{year}-W{week:02d}": str(sum(by_day[day] for day in group))
            for (year, week), group in itertools.groupby(days, key=lambda day: day.isocalendar()[:2])
        },
        "texts": sorted({booking.text for booking in bookings if not booking.text.startswith("invoice")}),
        "none": None,
        "nested": [[[]], {"": [True, False, 1e-7, -0.0]}],
    }
    (root / "report.json").write_text(json.dumps(document, ensure_ascii=False, indent=1, sort_keys=True), encoding="utf-8")
    assert json.loads((root / "report.json").read_text(encoding="utf-8")) == document

    with (root / "report.csv").open("w", newline="", encoding="utf-8") as table:
        writer = csv.writer(table)
        writer.writerow(["day", "account", "cents", "currency", "text", "branch"])
        writer.writerows(dataclasses.astuple(booking) for booking in sorted(bookings))
    with (root / "report.csv").open(newline="", encoding="utf-8") as table:
        assert len(list(csv.DictReader(table))) == len(bookings)

    packed = b"".join(struct.pack("<Iqd", b.day.toordinal(), b.cents, float(b.euros)) for b in bookings)
    (root / "report.bin.z").write_bytes(zlib.compress(packed, 9))
    with (root / "report.bin.z").open("r+b") as file:
        unpacked = zlib.decompress(file.read())
        file.seek(0)
        file.truncate()
        file.write(unpacked)
    (root / "report.bin.z").rename(root / "report.bin")
    total = sum(cents for _, cents, _ in struct.iter_unpack("<Iqd", (root / "report.bin").read_bytes()))
    print("packed:", len(packed), "bytes, total", total)
    largest = heapq.nlargest(3, bookings, key=lambda booking: (abs(booking.euros), booking))
    for booking in largest:
        print(textwrap.shorten(f"largest: {booking.day:%d %b %Y} {booking.euros:>12} {booking.text} in {booking.branch}", 72))
    at = bisect.bisect_left(days, datetime.date(YEAR, 7, 1))
    print("days with bookings:", at, "before July,", len(days) - at, "after")


@functools.cache
def moon_age(day):
    """Days since a new moon, by the mean month; only to have arithmetic on dates and floats."""
    return (day - datetime.date(2000, 1, 6)).days % 29.530588


def calendars(bookings):
    zone = datetime.timezone(datetime.timedelta(hours=5, minutes=45), "Kathmandu")
    moment = datetime.datetime(YEAR, 2, 28, 23, 30, 15, 250000, tzinfo=zone)
    print("moment:", moment.isoformat(), "=", moment.astimezone(datetime.timezone.utc).isoformat())
    print("next day:", (moment + datetime.timedelta(days=1)).strftime("%A %d %B %Y %j %U %Z"))
    print("parsed:", datetime.datetime.strptime("29 Feb 2028 07:05", "%d %b %Y %H:%M").timetuple()[:8])
    print("weekdays:", sorted(collections.Counter(f"{b.day:%a}" for b in bookings).items()))
    print("full moons:", sum(14 <= moon_age(b.day) < 15.5 for b in bookings))


def inventory(root):
    """What stands in the directory: sizes, digests and the shape of the tree."""
    listing = io.StringIO()
    for path in sorted(root.rglob("*"), key=lambda path: path.relative_to(root).as_posix()):
        name = path.relative_to(root).as_posix()
        if path.is_dir():
            print(f"{name}/ {len(list(path.iterdir()))}", file=listing)
        elif path.suffix != ".db":
            print(f"{name} {path.stat().st_size} {hashlib.sha256(path.read_bytes()).hexdigest()[:16]}", file=listing)
    text = listing.getvalue()
    print("inventory:", text.count("\n"), "entries")
    for algorithm in ("md5", "sha1", "sha256", "sha3_512", "blake2b"):
        print(f"  {algorithm:<9}", hashlib.new(algorithm, text.encode()).hexdigest()[:32])
    print("  hmac     ", hmac.new(b"key", text.encode(), "sha256").hexdigest()[:32])


def tidy(root):
    """Renames, links and removals, and the errors that a program expects of them."""
    attic = root / "attic"
    attic.mkdir()
    for region in sorted(BRANCHES):
        os.replace(root / "statements" / region, attic / region)
    (root / "statements").rmdir()
    os.symlink("attic/north", root / "first")
    print("through a link:", len(os.listdir(root / "first")), os.readlink(root / "first"))
    (root / "first").unlink()
    for what, act in {
        "mkdir": lambda: attic.mkdir(),
        "rmdir": lambda: attic.rmdir(),
        "open": lambda: (root / "nowhere").open(),
        "unlink": lambda: (root / "nowhere").unlink(),
        "file as directory": lambda: (root / "report.csv" / "below").stat(),
    }.items():
        try:
            act()
        except OSError as error:
            print(f"  {what}: {type(error).__name__}")
    removed = 0
    for path in attic.rglob(f"{YEAR}-1?.txt"):
        path.unlink()
        removed += 1
    print("removed:", removed)


def main():
    root = pathlib.Path(sys.argv[1])
    write_statements(root, Numbers(YEAR))
    bookings, errors = read_all(root)
    print("bookings:", len(bookings), "errors:", *errors)
    book(root / "ledger.db", bookings)
    reports(root, bookings)
    calendars(bookings)
    tidy(root)
    inventory(root)


main()
