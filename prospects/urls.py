"""The addresses of the pages about leads. The lead’s own page, `lead-detail`, is nurture’s."""

from django.urls import path

from prospects import views
from prospects.duplicates import views as duplicate_views

urlpatterns = [
    path("leads/", views.lead_list, name="lead-list"),
    path("leads/new/", views.lead_new, name="lead-new"),
    path("leads/alike/", duplicate_views.lead_alike, name="lead-alike"),
    path("leads/<int:pk>/edit/", views.lead_edit, name="lead-edit"),
    path("leads/<int:pk>/company/", views.company_edit, name="company-edit"),
    path("leads/<int:pk>/contacts/new/", views.contact_new, name="contact-new"),
    path("leads/<int:pk>/contacts/<int:contact_pk>/", views.contact_edit, name="contact-edit"),
    path("leads/<int:pk>/assign/", views.lead_assign, name="lead-assign"),
    path("leads/<int:pk>/screen-out/", views.lead_screen_out, name="lead-screen-out"),
    path("leads/<int:pk>/restore/", views.lead_restore, name="lead-restore"),
    path("leads/<int:pk>/enter-program/", views.lead_enter_program, name="lead-enter-program"),
    path("leads/<int:pk>/revive/", views.lead_revive, name="lead-revive"),
    path("industries/", views.industry_search, name="industry-search"),
    path("settings/standard/", views.standard, name="standard"),
    path("settings/standard/draft/", views.standard_draft, name="standard-draft"),
    path("settings/standard/<int:version>/", views.standard_edit, name="standard-edit"),
    path("settings/standard/<int:version>/sign/", views.standard_sign, name="standard-sign"),
]
