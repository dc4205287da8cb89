"""The addresses of the pages about the organisation's people."""

from django.urls import path

from team import views

urlpatterns = [
    path("settings/team/", views.team_settings, name="team-settings"),
    path("settings/team/<int:pk>/", views.person_settings, name="person-settings"),
]
