"""What programs are told when no page can be made: JSON by the address alone, without asking anything."""

from __future__ import annotations

from http import HTTPStatus

from django.http import HttpRequest, JsonResponse


def for_programs(request: HttpRequest) -> bool:
    """Whether an address is asked by programs."""
    return request.path_info.startswith("/api/")


def answer(request: HttpRequest, status: int, detail: str, headers: dict[str, str]) -> JsonResponse:
    """Answer as GitHub does under /api/v3 (reference §13), and as problem details (RFC 9457) everywhere else."""
    title = HTTPStatus(status).phrase
    if request.path_info.startswith("/api/v3"):
        body = {"message": title, "documentation_url": "https://docs.github.com/rest", "status": str(status)}
        return JsonResponse(body, status=status, headers=headers)
    problem = {"type": "about:blank", "title": title, "status": status, "detail": detail}
    return JsonResponse(
        problem,
        status=status,
        content_type="application/problem+json",
        headers=headers,
        json_dumps_params={"ensure_ascii": False},
    )
