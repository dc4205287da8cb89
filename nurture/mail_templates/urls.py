"""The pages of templates, included at the root."""

from django.urls import path

from nurture.mail_templates import settings_views, views

urlpatterns = [
    path("templates/", views.template_list, name="template-list"),
    path("templates/new/", views.template_new, name="template-new"),
    path("templates/leads/", views.template_leads, name="template-leads"),
    path("templates/<int:pk>/", views.template_detail, name="template-detail"),
    path("templates/<int:pk>/edit/", views.template_edit, name="template-edit"),
    path("templates/<int:pk>/test/", views.template_test, name="template-test"),
    path("templates/<int:pk>/retire/", views.template_retire, name="template-retire"),
    path("settings/mail/", settings_views.mail_settings, name="mail-settings"),
    path("settings/mail/test/", settings_views.mail_test, name="mail-test"),
]
