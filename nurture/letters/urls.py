"""The pages of letters, included at the root."""

from django.urls import path

from nurture.letters import views

urlpatterns = [
    path("letters/", views.letter_list, name="letter-list"),
    path("letters/print/", views.letter_print, name="letter-print"),
    path("letters/find/", views.letter_find, name="letter-find"),
    path("letters/<int:pk>/", views.letter_batch, name="letter-batch"),
    path("letters/<int:pk>/letters.pdf", views.letter_batch_pdf, name="letter-batch-pdf"),
    path("letters/<int:pk>/labels.pdf", views.letter_batch_labels, name="letter-batch-labels"),
    path("letters/<int:pk>/post/", views.letter_batch_post, name="letter-batch-post"),
    path("letters/<int:pk>/cancel/", views.letter_batch_cancel, name="letter-batch-cancel"),
    path("letters/<int:pk>/out/", views.letter_out, name="letter-out"),
    path("letters/<int:pk>/<int:number>/posted/", views.letter_posted, name="letter-posted"),
    path("letters/<int:pk>/<int:number>/return/", views.letter_return, name="letter-return"),
]
