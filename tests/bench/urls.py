"""The product's pages, and beside them what the cheapest Django pages cost on the same server."""

from django.contrib.auth.decorators import login_not_required
from django.db import connection
from django.http import HttpRequest, HttpResponse
from django.template import engines
from django.urls import include, path

LIST = engines["django"].from_string(
    "<!doctype html><title>Floor</title><table>{% for row in rows %}<tr><td>{{ row.0 }}</td>"
    "<td>{{ row.1 }}</td><td>{{ row.2 }}</td><td>{{ row.3 }}</td></tr>{% endfor %}</table>"
)
ONE = engines["django"].from_string(
    "<!doctype html><title>Floor</title><h1>{{ row.0 }}</h1><p>{{ row.1 }} {{ row.2 }}</p>"
)


@login_not_required
def floor_list(request: HttpRequest) -> HttpResponse:
    """Fifty rows by one indexed query, as HTML."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT id, stage, documented, activity_at FROM prospects_lead"
            " WHERE team_id = (SELECT min(id) FROM team_team WHERE parent_id IS NOT NULL)"
            " ORDER BY activity_at DESC, id DESC LIMIT 50"
        )
        return HttpResponse(LIST.render({"rows": cursor.fetchall()}, request))


@login_not_required
def floor_one(request: HttpRequest, pk: int) -> HttpResponse:
    """One row by its key, as HTML."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT id, stage, activity_at FROM prospects_lead WHERE id = %s", [pk])
        return HttpResponse(ONE.render({"row": cursor.fetchone()}, request))


urlpatterns = [
    path("floor/list/", floor_list),
    path("floor/<int:pk>/", floor_one),
    path("", include("leadflow.urls")),
]
