-- The pretend world. Times are epoch seconds in the world's own clock; "key" is an address as GHEC compares it.

CREATE TABLE meta (name TEXT PRIMARY KEY, value) WITHOUT ROWID;

-- Instances, as they are and as GHEC knows them (sent_*).
CREATE TABLE server (
  id INTEGER PRIMARY KEY,
  short TEXT NOT NULL UNIQUE,
  host TEXT NOT NULL,
  server_id TEXT NOT NULL,
  known_id TEXT NOT NULL,         -- the server_id GHEC reports for it
  version TEXT NOT NULL,
  state TEXT NOT NULL,            -- live · airgapped · retired · hidden (not there yet)
  way_in TEXT NOT NULL,           -- how the console is meant to read it: pull · upload · none
  scim INTEGER NOT NULL,
  connected INTEGER NOT NULL,
  created_at INTEGER NOT NULL,
  next_send_at INTEGER,           -- its own weekly clock; null: none, or stuck
  sent_at INTEGER,
  sent_how TEXT,                  -- connect · upload
  sent_host TEXT,
  reader TEXT NOT NULL,           -- login of the account whose token reads it
  report_asked_at REAL,           -- real time: a report is made while one waits
  report_made_at INTEGER          -- null: none cached
);

-- Accounts on the instances, as they are now.
CREATE TABLE account (
  server INTEGER NOT NULL, id INTEGER NOT NULL,
  login TEXT NOT NULL, name TEXT NOT NULL, email TEXT, key TEXT NOT NULL,
  admin INTEGER NOT NULL, suspended INTEGER NOT NULL, dormant INTEGER NOT NULL, two_factor INTEGER NOT NULL,
  created_at INTEGER NOT NULL, last_active INTEGER,
  PRIMARY KEY (server, id)
) WITHOUT ROWID;
CREATE TABLE secondary (server INTEGER NOT NULL, account INTEGER NOT NULL, email TEXT NOT NULL);

-- What GHEC last received of them.
CREATE TABLE received (
  server INTEGER NOT NULL, id INTEGER NOT NULL,
  login TEXT NOT NULL, name TEXT NOT NULL, email TEXT, key TEXT NOT NULL,
  admin INTEGER NOT NULL, active INTEGER NOT NULL, created_at INTEGER NOT NULL,
  PRIMARY KEY (server, id)
) WITHOUT ROWID;
CREATE TABLE received_secondary (server INTEGER NOT NULL, account INTEGER NOT NULL, email TEXT NOT NULL);

-- People of the enterprise at GHEC. kind: member · outside · invitation · subscriber (Visual Studio only, not counted).
CREATE TABLE cloud (
  id INTEGER PRIMARY KEY,
  login TEXT NOT NULL, name TEXT, kind TEXT NOT NULL,
  member_roles TEXT NOT NULL, enterprise_role TEXT NOT NULL, two_factor INTEGER,
  invited_to TEXT NOT NULL, invited_by_email INTEGER NOT NULL, expires_at INTEGER,
  studio_email TEXT, studio_status TEXT, created_at INTEGER NOT NULL
);

-- Values GHEC can match by (reference §4.3). rule 1: SAML or SCIM attribute, 2: verified email.
-- source: the attribute's name, `scim:username`, `scim:emails`, or `verified`.
CREATE TABLE identity (
  cloud INTEGER NOT NULL, rule INTEGER NOT NULL, source TEXT NOT NULL, value TEXT NOT NULL, key TEXT NOT NULL
);

-- GHEC's merged rows, in the order they are served.
CREATE TABLE seat (
  position INTEGER PRIMARY KEY, cloud INTEGER, ids TEXT, emails TEXT, servers INTEGER NOT NULL,
  counted INTEGER NOT NULL
);

CREATE TABLE token (
  id INTEGER PRIMARY KEY, host TEXT NOT NULL, token TEXT NOT NULL, login TEXT NOT NULL, scopes TEXT NOT NULL,
  state TEXT NOT NULL             -- good · revoked · sso (not authorized for single sign-on)
);

CREATE TABLE domain (
  id INTEGER PRIMARY KEY, domain TEXT NOT NULL, verified INTEGER NOT NULL, approved INTEGER NOT NULL,
  created_at INTEGER NOT NULL
);

-- People of octo-garden, an organization of its own. kind: member · outside · invitation.
CREATE TABLE garden (
  id INTEGER PRIMARY KEY, login TEXT NOT NULL, name TEXT, kind TEXT NOT NULL, role TEXT NOT NULL, two_factor INTEGER,
  email TEXT, repository TEXT NOT NULL, by_email INTEGER NOT NULL, created_at INTEGER NOT NULL
);

-- Switched-on trouble: for `remaining` requests, or until it is cleared (null).
CREATE TABLE trouble (
  id INTEGER PRIMARY KEY, host TEXT NOT NULL, kind TEXT NOT NULL, value REAL, path TEXT NOT NULL, remaining INTEGER
);

-- What happened, for the control page.
CREATE TABLE event (id INTEGER PRIMARY KEY, at INTEGER NOT NULL, text TEXT NOT NULL);
