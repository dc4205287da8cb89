"""Web forms, which strangers see; what was kept aside; and news for Today."""

from django.urls import path

from nurture.capture import views

urlpatterns = [
    path("f/<str:token>/", views.form_show, name="form-show"),
    path("f/<str:token>/thanks/", views.form_thanks, name="form-thanks"),
    path("inquiries/", views.inquiry_list, name="inquiry-list"),
    path("inquiries/<int:pk>/take/", views.inquiry_take, name="inquiry-take"),
    path("inquiries/<int:pk>/discard/", views.inquiry_discard, name="inquiry-discard"),
    path("leads/<int:pk>/inquiries/", views.lead_inquiries, name="lead-inquiries"),
    path("today/fresh/", views.today_fresh, name="today-fresh"),
]
