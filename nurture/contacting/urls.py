"""The pages of limits and regional rules, included at the root."""

from django.urls import path

from nurture.contacting import views

urlpatterns = [
    path("settings/contacting/", views.contacting, name="contacting"),
    path("settings/contacting/limits/", views.limits_edit, name="limits-edit"),
    path("settings/contacting/rules/new/", views.rule_new, name="regional-rule-new"),
]
