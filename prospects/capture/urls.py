"""The settings of sources: their forms, and what they cost."""

from django.urls import path

from prospects.capture import views

urlpatterns = [
    path("settings/sources/", views.source_list, name="source-list"),
    path("settings/sources/new/", views.source_new, name="source-new"),
    path("settings/sources/<int:pk>/", views.source_edit, name="source-edit"),
    path("settings/sources/costs/", views.source_costs, name="source-costs"),
    path("settings/sources/costs/<str:month>/", views.source_costs, name="source-costs-month"),
    path("settings/forms/new/", views.form_new, name="form-new"),
    path("settings/forms/<int:pk>/", views.form_detail, name="form-detail"),
    path("settings/forms/<int:pk>/edit/", views.form_edit, name="form-edit"),
    path("settings/forms/<int:pk>/renew-link/", views.form_renew_link, name="form-renew-link"),
    path("settings/forms/<int:pk>/make-key/", views.form_make_key, name="form-make-key"),
    path("settings/forms/<int:pk>/close/", views.form_close, name="form-close"),
    path("settings/forms/<int:pk>/reopen/", views.form_reopen, name="form-reopen"),
]
