"""The inbox, and the addresses that mail providers report to."""

from django.urls import path

from nurture.inbox import hooks, views

urlpatterns = [
    path("inbox/", views.inbox_list, name="inbox"),
    path("inbox/<int:pk>/", views.mail_detail, name="mail-detail"),
    path("inbox/<int:pk>/assign/", views.mail_assign, name="mail-assign"),
    path("inbox/<int:pk>/ignore/", views.mail_ignore, name="mail-ignore"),
    path("inbox/<int:pk>/opt-out/", views.mail_opt_out, name="mail-opt-out"),
    path("hooks/<slug:provider>/<slug:what>/", hooks.provider_hook, name="provider-hook"),
]
