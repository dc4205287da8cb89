"""The addresses of possible duplicates and of merging."""

from django.urls import path

from nurture.duplicates import views as merge_views

urlpatterns = [
    path("duplicates/", merge_views.duplicate_list, name="duplicate-list"),
    path(
        "duplicates/<int:pk>/different/",
        merge_views.duplicate_different,
        name="duplicate-different",
    ),
    path("duplicates/<int:pk>/merge/", merge_views.duplicate_merge, name="duplicate-merge"),
    path("leads/<int:pk>/merge/", merge_views.lead_merge_find, name="lead-merge-find"),
    path("leads/<int:pk>/merge/<int:other>/", merge_views.lead_merge, name="lead-merge"),
    path("merges/", merge_views.merge_list, name="merge-list"),
    path("merges/<int:pk>/undo/", merge_views.merge_undo, name="merge-undo"),
]
