"""The pages of consent and of addresses to be left alone, included at the root."""

from django.urls import path

from prospects.consents import views

urlpatterns = [
    path("settings/suppressions/", views.suppressions, name="suppressions"),
    path("settings/suppressions/add/", views.suppression_add, name="suppression-add"),
    path(
        "settings/suppressions/<int:pk>/release/",
        views.suppression_release,
        name="suppression-release",
    ),
    path(
        "leads/<int:pk>/contacts/<int:contact_pk>/consents/",
        views.consents,
        name="contact-consents",
    ),
    path(
        "leads/<int:pk>/contacts/<int:contact_pk>/suppress/",
        views.contact_suppress,
        name="contact-suppress",
    ),
    path(
        "leads/<int:pk>/consents/<int:consent_pk>/withdraw/",
        views.consent_withdraw,
        name="consent-withdraw",
    ),
]
