"""The addresses of the pages of imports."""

from django.urls import path

from prospects import import_views as views

urlpatterns = [
    path("imports/", views.import_list, name="import-list"),
    path("imports/confirm/", views.import_confirm, name="import-confirm"),
    path("imports/<int:pk>/", views.import_detail, name="import-detail"),
    path("imports/<int:pk>/refused.csv", views.import_refused, name="import-refused"),
]
