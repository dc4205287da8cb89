"""Every URL of the project: wiring here, pages in the apps."""

from django.contrib.auth import views as auth
from django.contrib.auth.decorators import login_required
from django.urls import include, path
from drf_spectacular.views import SpectacularAPIView, SpectacularSwaggerSplitView

from leadflow import demo, health, views
from team.login import Login

urlpatterns = [
    path("", views.home, name="home"),
    path("settings/", views.settings_index, name="settings"),
    path("healthz", health.healthz, name="healthz"),
    path("readyz", health.readyz, name="readyz"),
    path("metrics", health.metrics, name="metrics"),
    path(
        "login/",
        Login.as_view(
            extra_context={"demo_people": demo.people_present, "demo_password": demo.PASSWORD},
        ),
        name="login",
    ),
    path("logout/", auth.LogoutView.as_view(), name="logout"),
    path("", include("team.urls")),
    path("", include("prospects.urls")),
    path("", include("prospects.screening.urls")),
    path("", include("prospects.routing.urls")),
    path("", include("prospects.imports.urls")),
    path("", include("prospects.capture.urls")),
    path("", include("prospects.consents.urls")),
    path("", include("nurture.urls")),
    path("", include("nurture.capture.urls")),
    path("", include("nurture.filling.urls")),
    path("", include("nurture.absence.urls")),
    path("", include("nurture.cadences.urls")),
    path("", include("nurture.contacting.urls")),
    path("", include("nurture.mail_templates.urls")),
    path("", include("nurture.trace.urls")),
    path("", include("nurture.engine.urls")),
    path("", include("nurture.inbox.urls")),
    path("", include("nurture.letters.urls")),
    path("", include("nurture.duplicates.urls")),
    path("", include("handoff.urls")),
    path("", include("reports.urls")),
    path("api/v1/", include("leadflow.api_urls")),
    path("api/schema/", SpectacularAPIView.as_view(), name="api-schema"),
    path(
        "api/docs/",
        login_required(SpectacularSwaggerSplitView.as_view(url_name="api-schema")),
        name="api-docs",
    ),
]
