"""The pages of handoffs and their dossiers."""

from django.urls import path

from handoff import views

urlpatterns = [
    path("handoffs/", views.handoff_list, name="handoff-list"),
    path("handoffs/<int:pk>/", views.handoff_detail, name="handoff-detail"),
    path("handoffs/<int:pk>/accept/", views.handoff_accept, name="handoff-accept"),
    path("handoffs/<int:pk>/return/", views.handoff_return, name="handoff-return"),
    path("handoffs/<int:pk>/result/", views.handoff_result, name="handoff-result"),
    path("handoffs/<int:pk>/freeze/", views.handoff_freeze, name="handoff-freeze"),
    path("handoffs/<int:pk>/dossier.json", views.handoff_dossier, name="handoff-dossier"),
    path(
        "handoffs/<int:pk>/dossier.pdf",
        views.handoff_dossier_pdf,
        name="handoff-dossier-pdf",
    ),
    path("handoffs/<int:pk>/call.ics", views.handoff_call, name="handoff-call"),
    path("leads/<int:pk>/handoff/", views.handoff_new, name="handoff-new"),
]
