"""The storyline "The week before renewal": the world as the console first read it, and as it is today.

`before` is the world of the last good readings: Berlin's report is whole, Nagoya's token works, Fatima Zahra is
active, Kenji Sato still has his old address on Osaka, and Osaka's three new people are not there yet. GHEC's rows
(236) describe exactly that. `today` is what a newcomer meets: the report of Berlin holds its site administrators
only, Nagoya's token is revoked, Fatima was suspended this morning, Kenji's address was put right yesterday, three
people arrived on Osaka. A new world is at `today`; a program that fills a console asks for `before`, lets the
console read all servers, then asks for `today`.
"""

from ghconnect.sandbox.accounts import KENJI_BEFORE, KENJI_TODAY
from ghconnect.sandbox.fleet import DOMAIN, host_of, reading_token
from ghconnect.sandbox.text import DAY, key
from ghconnect.sandbox.world import Connection, note, number, put

NEW_ON_OSAKA = (
    ("Yuki Takahashi", "yuki-takahashi"),
    ("Nikhil Rao", "nikhil-rao"),
    ("Dewi Lestari", "dewi-lestari"),
)

_ON = "(SELECT id FROM server WHERE short = '{}')"


def before(db: Connection) -> None:
    """The world of the last good readings."""
    _trouble(db, on=False)
    _suspend_fatima(db, suspended=False)
    _address_of_kenji(db, KENJI_BEFORE)
    _remove_new_people(db)
    _changed(db, "before")


def today(db: Connection) -> None:
    """The world a newcomer meets."""
    _trouble(db, on=True)
    _suspend_fatima(db, suspended=True)
    _address_of_kenji(db, KENJI_TODAY)
    _remove_new_people(db)
    _add_new_people(db)
    _changed(db, "today")


STAGES = {"before": before, "today": today}


def _changed(db: Connection, stage: str) -> None:
    put(db, "stage", stage)
    db.execute("UPDATE server SET report_made_at = NULL, report_asked_at = NULL")
    note(db, f"The storyline is at “{stage}”")


def _trouble(db: Connection, *, on: bool) -> None:
    db.execute("DELETE FROM trouble WHERE host = ? AND kind = 'filtered'", (host_of("berlin"),))
    if on:
        db.execute(
            "INSERT INTO trouble (host, kind, path, remaining) VALUES (?, 'filtered', '', NULL)",
            (host_of("berlin"),),
        )
    state = "revoked" if on else "good"
    db.execute("UPDATE token SET state = ? WHERE token = ?", (state, reading_token("nagoya")))


def _suspend_fatima(db: Connection, *, suspended: bool) -> None:
    db.execute(
        f"UPDATE account SET suspended = ? WHERE login = 'fatima-zahra' AND server = {_ON.format('tokyo')}",
        (int(suspended),),
    )


def _address_of_kenji(db: Connection, email: str) -> None:
    db.execute(
        f"UPDATE account SET email = ?, key = ? WHERE login = 'ksato' AND server = {_ON.format('osaka')}",
        (email, key(email)),
    )


def _remove_new_people(db: Connection) -> None:
    logins = [login for _, login in NEW_ON_OSAKA]
    db.execute(f"DELETE FROM account WHERE login IN (?, ?, ?) AND server = {_ON.format('osaka')}", logins)


def _add_new_people(db: Connection) -> None:
    osaka = db.execute("SELECT id FROM server WHERE short = 'osaka'").fetchone()[0]
    last = db.execute("SELECT coalesce(max(id), 0) FROM account WHERE server = ?", (osaka,)).fetchone()[0]
    for days, (name, login) in enumerate(NEW_ON_OSAKA, start=1):
        email = f"{login.replace('-', '.')}@{DOMAIN}"
        created = number(db, "made_at") - (20 - 5 * days) * DAY
        db.execute(
            """INSERT INTO account (server, id, login, name, email, key, admin, suspended, dormant, two_factor,
               created_at, last_active) VALUES (?, ?, ?, ?, ?, ?, 0, 0, 0, 1, ?, ?)""",
            (osaka, last + days, login, name, email, key(email), created, created + DAY),
        )
