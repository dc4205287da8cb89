"""The pages of filling cadences, included at the root."""

from django.urls import path

from nurture.filling import views

urlpatterns = [
    path("cadences/month/", views.cadence_month, name="cadence-month"),
    path("cadences/rules/", views.rule_list, name="rule-list"),
    path("cadences/rules/new/", views.rule_new, name="rule-new"),
    path("cadences/rules/<int:pk>/", views.rule_edit, name="rule-edit"),
    path("cadences/rules/<int:pk>/pause/", views.rule_pause, name="rule-pause"),
    path("cadences/rules/<int:pk>/resume/", views.rule_resume, name="rule-resume"),
    path("cadences/<int:pk>/enrol/", views.cadence_fill, name="cadence-fill"),
    path("cadences/fillings/<int:pk>/", views.filling, name="filling"),
    path("cadences/fillings/<int:pk>/cancel/", views.filling_cancel, name="filling-cancel"),
]
