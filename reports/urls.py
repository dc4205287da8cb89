"""The pages of reports."""

from django.urls import path

from reports import views

urlpatterns = [
    path("reports/", views.report_current, name="report-current"),
    path("reports/all/", views.report_program, name="report-program"),
    path("reports/<str:month>/", views.report_month, name="report-month"),
    path("reports/<str:month>/<str:figure>/", views.report_figure, name="report-figure"),
]
