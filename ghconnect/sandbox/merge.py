"""How the pretend GHEC makes one license of several accounts (reference §4.2, §4.3).

Per server account, by its primary email: first a SAML or SCIM attribute of a cloud account, else a verified email
of one, else everybody with the same primary email; without an email it stands alone. A tie goes to the oldest cloud
account. Verified emails count although no client may see them. All of it is SQL over what GHEC received.
"""

from ghconnect.sandbox.world import Connection, put

PLACED = """
CREATE TEMP TABLE placed AS
SELECT s.sent_host || ':' || r.id AS account, r.email, r.key, r.active, s.id * 1000000000000 + r.id AS place,
  coalesce((SELECT min(cloud) FROM identity i WHERE i.key = r.key AND r.key <> '' AND i.rule = 1),
           (SELECT min(cloud) FROM identity i WHERE i.key = r.key AND r.key <> '' AND i.rule = 2)) AS cloud
FROM received r JOIN server s ON s.id = r.server
WHERE r.login <> 'scim-admin'
"""

GROUP = """
SELECT min(cloud) AS cloud, min(place) AS place, max(active) AS active, count(*) AS servers,
  json_group_array(account) AS ids, json_group_array(DISTINCT email) FILTER (WHERE email IS NOT NULL) AS emails
FROM placed
"""

JOINED = f"INSERT INTO joined {GROUP} WHERE cloud IS NOT NULL GROUP BY placed.cloud"

CLOUD_SEATS = """
INSERT INTO seat (cloud, ids, emails, servers, counted)
SELECT c.id, g.ids, g.emails, coalesce(g.servers, 0), c.kind <> 'subscriber'
  AND (c.kind <> 'invitation' OR NOT EXISTS (SELECT 1 FROM meta WHERE name = 'managed_users' AND value = 1))
FROM cloud c LEFT JOIN joined g ON g.cloud = c.id
ORDER BY c.kind IN ('invitation', 'subscriber'), c.id
"""

SERVER_SEATS = f"""
INSERT INTO seat (cloud, ids, emails, servers, counted)
SELECT NULL, ids, emails, servers, 1 FROM (
  {GROUP} WHERE cloud IS NULL GROUP BY CASE key WHEN '' THEN account ELSE key END
) WHERE active ORDER BY place
"""


def merge(db: Connection) -> int:
    """Make GHEC's rows anew from what it received; returns how many licenses are consumed."""
    db.execute("DELETE FROM seat")
    db.execute(PLACED)
    db.execute("CREATE INDEX temp.placed_cloud ON placed (cloud, key)")
    db.execute("CREATE TEMP TABLE joined (cloud INTEGER PRIMARY KEY, place, active, servers, ids, emails)")
    for statement in (JOINED, CLOUD_SEATS, SERVER_SEATS):
        db.execute(statement)
    for table in ("placed", "joined"):
        db.execute(f"DROP TABLE temp.{table}")
    return count(db)


def manage(db: Connection, *, managed: bool) -> None:
    """Say whether the enterprise has managed users: an invitation into one takes no license (reference §4.2)."""
    put(db, "managed_users", int(managed))
    invited = "SELECT id FROM cloud WHERE kind = 'invitation'"
    db.execute(f"UPDATE seat SET counted = ? WHERE cloud IN ({invited})", (not managed,))
    count(db)


def count(db: Connection) -> int:
    """Count the rows again and keep the totals, so that no request has to."""
    totals = {
        "seats": "SELECT count(*) FROM seat",
        "seats_consumed": "SELECT count(*) FROM seat WHERE counted",
        "members": "SELECT count(*) FROM cloud WHERE kind = 'member'",
        "members_on_servers": """SELECT count(*) FROM seat JOIN cloud c ON c.id = cloud
            WHERE kind = 'member' AND servers""",
        "invitations": "SELECT count(*) FROM cloud WHERE kind = 'invitation'",
        "identities": "SELECT count(DISTINCT cloud) FROM identity WHERE rule = 1",
    }
    found = {name: int(db.execute(query).fetchone()[0]) for name, query in totals.items()}
    for name, value in found.items():
        put(db, name, value)
    return found["seats_consumed"]
