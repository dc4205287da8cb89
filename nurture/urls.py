"""The pages of nurture, included at the root."""

from django.urls import path

from nurture import views

urlpatterns = [
    path("today/", views.today, name="today"),
    path("today/next/", views.today_next, name="today-next"),
    path("today/take/", views.today_take, name="today-take"),
    path("leads/<int:pk>/", views.lead_detail, name="lead-detail"),
    path("leads/<int:pk>/story/", views.lead_story, name="lead-story"),
    path("leads/<int:pk>/take/", views.lead_take, name="lead-take"),
    path("leads/<int:pk>/skip/", views.lead_skip, name="lead-skip"),
    path("leads/<int:pk>/touches/", views.touch_log, name="touch-log"),
    path(
        "leads/<int:pk>/touches/<int:touch_pk>/take-back/",
        views.touch_take_back,
        name="touch-take-back",
    ),
    path("leads/<int:pk>/answers/<slug:attribute>/", views.answer_document, name="answer-document"),
    path(
        "leads/<int:pk>/answers/<slug:attribute>/contradict/",
        views.answer_contradict,
        name="answer-contradict",
    ),
    path("leads/<int:pk>/promises/new/", views.promise_new, name="promise-new"),
    path("leads/<int:pk>/not-now/", views.lead_not_now, name="lead-not-now"),
    path("leads/<int:pk>/disqualify/", views.lead_disqualify, name="lead-disqualify"),
    path("leads/<int:pk>/give-up/", views.lead_give_up, name="lead-give-up"),
]
