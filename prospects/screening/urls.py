"""The addresses of screening: its review, its rules, and the settings of the organisation."""

from django.urls import path

from prospects.screening import review_views, settings_views

urlpatterns = [
    path("screening/", review_views.screening_review, name="screening-review"),
    path("screening/<int:pk>/", review_views.screening_decide, name="screening-decide"),
    path("screening/<int:pk>/undo/", review_views.screening_undo, name="screening-undo"),
    path("screening/<int:pk>/restore/", review_views.screening_restore, name="screening-restore"),
    path("screening/out/", review_views.screening_out, name="screening-out"),
    path("settings/organization/", settings_views.organisation_edit, name="organisation-edit"),
    path("settings/market/", settings_views.market_edit, name="market-edit"),
    path("settings/lists/<slug:kind>/", settings_views.listing_list, name="listing-list"),
    path("settings/lists/<slug:kind>/off/", settings_views.listing_remove, name="listing-remove"),
    path("settings/screening/", settings_views.screening_rules, name="screening-rules"),
    path("settings/screening/anew/", settings_views.rescreening_new, name="rescreening-new"),
    path("settings/screening/<int:pk>/", settings_views.rescreening, name="rescreening"),
    path(
        "settings/screening/<int:pk>/do/", settings_views.rescreening_want, name="rescreening-want"
    ),
    path(
        "settings/screening/<int:pk>/save/",
        settings_views.rescreening_save,
        name="rescreening-save",
    ),
    path(
        "settings/screening/<int:pk>/stop/",
        settings_views.rescreening_stop,
        name="rescreening-stop",
    ),
]
