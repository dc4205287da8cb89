"""The pages of the engine, included at the root."""

from django.urls import path

from nurture.engine import views

urlpatterns = [
    path("engine/", views.engine, name="engine"),
    path("engine/pause/", views.engine_pause, name="engine-pause"),
    path("engine/resume/", views.engine_resume, name="engine-resume"),
    path("engine/settle/", views.engine_settle, name="engine-settle"),
    path("settings/mail-limits/", views.engine_limits, name="engine-limits"),
    path("unsubscribe/<str:token>/", views.unsubscribe, name="unsubscribe"),
]
