"""The addresses of the workload: who has how much, who waits, and moving leads."""

from django.urls import path

from prospects.routing import workload_views

urlpatterns = [
    path("workload/", workload_views.workload_page, name="workload"),
    path("workload/rebalance/", workload_views.workload_rebalance, name="workload-rebalance"),
    path("workload/moves/<int:pk>/undo/", workload_views.workload_undo, name="workload-undo"),
]
