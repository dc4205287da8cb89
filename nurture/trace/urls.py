"""The pages of planned touches, included at the root."""

from django.urls import path

from nurture.trace import views

urlpatterns = [
    path("planned/<int:pk>/", views.planned_detail, name="planned-detail"),
    path("leads/<int:pk>/planned/", views.lead_planned, name="lead-planned"),
]
