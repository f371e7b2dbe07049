"""Enterprise Managed Users, advanced security and cost centers of the pretend GHEC (reference §6.4, §5.2)."""

from starlette.requests import Request
from starlette.responses import Response

from ghconnect.sandbox import ghec, scim
from ghconnect.sandbox.answers import answer, error, link, page_of, tagged
from ghconnect.sandbox.fleet import API_HOST, DOMAIN
from ghconnect.sandbox.text import guid, iso
from ghconnect.sandbox.tokens import Refused
from ghconnect.sandbox.world import Connection, Row, number

# Suspended managed users: no license at GitHub, and no row of its report (reference §4.2).
SUSPENDED = (("Quinn Foster", "quinn.foster"), ("Rosa Lima", "rosa.lima"))
PRODUCTS = ("code_security", "secret_protection")
CENTERS = ("Platform", "Firmware")


def users(request: Request) -> Response:
    """`GET /scim/v2/enterprises/{enterprise}/Users`: where the enterprise has managed users, else 404."""
    with request.state.world.read() as db:
        who = ghec.enterprise_admin(db, request)
        if not number(db, "managed_users") or not who.may("admin:enterprise"):
            raise Refused(scim.failure(404, "Not Found"))
        return scim.listed(request, _users(db))


def _users(db: Connection) -> list[dict[str, object]]:
    rows = db.execute("SELECT * FROM cloud WHERE kind = 'member' ORDER BY id").fetchall()
    made = number(db, "made_at")
    active = [
        _resource(row["id"], f"{row['login']}@{DOMAIN}", str(row["name"]), made, active=True) for row in rows
    ]
    return active + [
        _resource(index, f"{local}@{DOMAIN}", name, made, active=False)
        for index, (name, local) in enumerate(SUSPENDED, start=1)
    ]


def _resource(number_: int, user_name: str, name: str, made: int, *, active: bool) -> dict[str, object]:
    identifier = guid("managed", number_)
    given, _, family = name.partition(" ")
    return {
        "schemas": [scim.USER], "id": identifier, "externalId": f"M-{number_}", "active": active, "userName": user_name,
        "displayName": name, "name": {"formatted": name, "givenName": given, "familyName": family},
        "emails": [{"value": user_name, "type": "work", "primary": True}],
        "roles": [{"value": "user", "primary": True}], "groups": [],
        "meta": {
            "resourceType": "User", "created": iso(made), "lastModified": iso(made),
            "location": f"https://{API_HOST}/scim/v2/enterprises/octo-corp/Users/{identifier}",
        },
    }  # fmt: skip


def advanced_security(request: Request) -> Response:
    """`GET …/settings/billing/advanced-security`: active committers by repository."""
    product = request.query_params.get("advanced_security_product", "")
    page, per_page = page_of(request)
    with request.state.world.read() as db:
        ghec.enterprise_admin(db, request)
        if product not in ("", *PRODUCTS):
            raise Refused(error(422, "Validation Failed"))
        step = 11 if product == "secret_protection" else 7
        rows = db.execute(
            "SELECT * FROM cloud WHERE kind = 'member' AND id % ? = 0 ORDER BY id", (step,)
        ).fetchall()
    repositories = [
        _repository(f"octo-platform/service-{place}", part) for place, part in enumerate(_parts(rows), 1)
    ]
    body = {
        "total_advanced_security_committers": len(rows), "total_count": len(repositories),
        "maximum_advanced_security_committers": len(rows), "purchased_advanced_security_committers": 50,
        "repositories": repositories[(page - 1) * per_page : page * per_page],
    }  # fmt: skip
    return tagged(request, body, link(request, page, max(1, -(-len(repositories) // per_page))))


def _parts(rows: list[Row]) -> list[list[Row]]:
    return [rows[start : start + 8] for start in range(0, len(rows), 8)]


def _repository(name: str, rows: list[Row]) -> dict[str, object]:
    pushed = [
        {
            "user_login": row["login"], "last_pushed_date": "2026-11-03",
            "last_pushed_email": f"{row['login']}@users.noreply.github.com",
        }
        for row in rows
    ]  # fmt: skip
    return {
        "name": name, "advanced_security_committers": len(rows), "advanced_security_committers_breakdown": pushed,
    }  # fmt: skip


def cost_centers(request: Request) -> Response:
    """`GET …/settings/billing/cost-centers`: each with the users, organizations and repositories it holds."""
    with request.state.world.read() as db:
        ghec.enterprise_admin(db, request)
        rows = db.execute("SELECT * FROM cloud WHERE kind = 'member' ORDER BY id").fetchall()
    return answer({"costCenters": [_center(place, name, rows) for place, name in enumerate(CENTERS)]})


def _center(place: int, name: str, rows: list[Row]) -> dict[str, object]:
    users = [{"type": "User", "name": row["login"]} for row in rows if row["id"] % 5 == place]
    return {
        "id": guid("center", place), "name": name, "state": "active",
        "resources": [*users, {"type": "Organization", "name": "octo-labs"}],
    }  # fmt: skip
