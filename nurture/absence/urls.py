"""The pages about who is away, included at the root."""

from django.urls import path

from nurture.absence import views

urlpatterns = [
    path("absences/", views.absence_list, name="absence-list"),
    path("absences/new/", views.absence_new, name="absence-new"),
    path("absences/of/<int:pk>/", views.absence_edit, name="absence-edit"),
    path("absences/<int:pk>/end/", views.absence_end, name="absence-end"),
]
