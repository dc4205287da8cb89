"""The pages of cadences, included at the root."""

from django.urls import path

from nurture.cadences import views

urlpatterns = [
    path("cadences/", views.cadence_list, name="cadence-list"),
    path("cadences/ship/", views.cadence_ship, name="cadence-ship"),
    path("cadences/new/", views.cadence_new, name="cadence-new"),
    path("cadences/<int:pk>/", views.cadence_detail, name="cadence-detail"),
    path("cadences/<int:pk>/edit/", views.cadence_edit, name="cadence-edit"),
    path("cadences/<int:pk>/pause/", views.cadence_pause, name="cadence-pause"),
    path("cadences/<int:pk>/resume/", views.cadence_resume, name="cadence-resume"),
    path("cadences/<int:pk>/archive/", views.cadence_archive, name="cadence-archive"),
    path("cadences/<int:pk>/reopen/", views.cadence_reopen, name="cadence-reopen"),
    path("leads/<int:pk>/enrol/", views.lead_enrol, name="lead-enrol"),
    path("enrolments/<int:pk>/stop/", views.enrolment_stop, name="enrolment-stop"),
    path("enrolments/<int:pk>/pause/", views.enrolment_pause, name="enrolment-pause"),
    path("enrolments/<int:pk>/resume/", views.enrolment_resume, name="enrolment-resume"),
]
