"""The API, version 1: every address, and which resource answers there."""

from __future__ import annotations

from django.urls import path

from handoff import api as handoff
from leadflow import api_errors
from nurture import api as nurture
from nurture.cadences import api as cadences
from nurture.capture import api as capture
from nurture.engine import api as engine
from nurture.filling import api as filling
from prospects import api as prospects
from prospects.imports import api as imports
from reports import api as reports

urlpatterns = [
    path("leads/", prospects.LeadList.as_view(), name="api-lead-list"),
    path("leads/<int:pk>/", prospects.LeadDetail.as_view(), name="api-lead"),
    path("leads/<int:pk>/answers/", nurture.LeadAnswers.as_view(), name="api-lead-answers"),
    path("leads/<int:pk>/attempts/", nurture.LeadAttempts.as_view(), name="api-lead-attempts"),
    path("leads/<int:pk>/promises/", nurture.LeadPromises.as_view(), name="api-lead-promises"),
    path("leads/<int:pk>/reps/", handoff.LeadReps.as_view(), name="api-lead-reps"),
    path("leads/<int:pk>/touches/", nurture.LeadTouches.as_view(), name="api-lead-touches"),
    path("leads/<int:pk>/assign/", prospects.LeadAssign.as_view(), name="api-lead-assign"),
    path(
        "leads/<int:pk>/disqualify/", nurture.LeadDisqualify.as_view(), name="api-lead-disqualify"
    ),
    path(
        "leads/<int:pk>/enter-program/",
        prospects.LeadEnterProgram.as_view(),
        name="api-lead-enter-program",
    ),
    path("leads/<int:pk>/give-up/", nurture.LeadGiveUp.as_view(), name="api-lead-give-up"),
    path("leads/<int:pk>/not-now/", nurture.LeadNotNow.as_view(), name="api-lead-not-now"),
    path("leads/<int:pk>/hand-off/", handoff.LeadHandOff.as_view(), name="api-lead-hand-off"),
    path("leads/<int:pk>/restore/", prospects.LeadRestore.as_view(), name="api-lead-restore"),
    path("leads/<int:pk>/revive/", prospects.LeadRevive.as_view(), name="api-lead-revive"),
    path(
        "leads/<int:pk>/screen-out/", prospects.LeadScreenOut.as_view(), name="api-lead-screen-out"
    ),
    path("companies/", prospects.CompanyList.as_view(), name="api-company-list"),
    path("companies/<int:pk>/", prospects.CompanyDetail.as_view(), name="api-company"),
    path("contacts/", prospects.ContactList.as_view(), name="api-contact-list"),
    path("contacts/<int:pk>/", prospects.ContactDetail.as_view(), name="api-contact"),
    path("touches/", nurture.TouchList.as_view(), name="api-touch-list"),
    path("touches/<int:pk>/", nurture.TouchDetail.as_view(), name="api-touch"),
    path(
        "touches/<int:pk>/take-back/", nurture.TouchTakeBack.as_view(), name="api-touch-take-back"
    ),
    path("answers/", nurture.AnswerList.as_view(), name="api-answer-list"),
    path("cadences/", cadences.CadenceList.as_view(), name="api-cadence-list"),
    path("cadences/<int:pk>/", cadences.CadenceDetail.as_view(), name="api-cadence"),
    path("cadences/<int:pk>/pause/", cadences.CadencePause.as_view(), name="api-cadence-pause"),
    path("cadences/<int:pk>/resume/", cadences.CadenceResume.as_view(), name="api-cadence-resume"),
    path(
        "cadences/<int:pk>/archive/", cadences.CadenceArchive.as_view(), name="api-cadence-archive"
    ),
    path("cadences/<int:pk>/reopen/", cadences.CadenceReopen.as_view(), name="api-cadence-reopen"),
    path("enrolments/", cadences.EnrolmentList.as_view(), name="api-enrolment-list"),
    path("enrolments/<int:pk>/", cadences.EnrolmentDetail.as_view(), name="api-enrolment"),
    path(
        "enrolments/<int:pk>/pause/", cadences.EnrolmentPause.as_view(), name="api-enrolment-pause"
    ),
    path(
        "enrolments/<int:pk>/resume/",
        cadences.EnrolmentResume.as_view(),
        name="api-enrolment-resume",
    ),
    path("enrolments/<int:pk>/stop/", cadences.EnrolmentStop.as_view(), name="api-enrolment-stop"),
    path("fillings/", filling.FillingList.as_view(), name="api-filling-list"),
    path("fillings/<int:pk>/", filling.FillingDetail.as_view(), name="api-filling"),
    path("fillings/<int:pk>/cancel/", filling.FillingCancel.as_view(), name="api-filling-cancel"),
    path("planned-touches/", engine.PlannedTouchList.as_view(), name="api-planned-list"),
    path("planned-touches/<int:pk>/", engine.PlannedTouchDetail.as_view(), name="api-planned"),
    path(
        "planned-touches/<int:pk>/settle/",
        engine.PlannedTouchSettle.as_view(),
        name="api-planned-settle",
    ),
    path("engine/", engine.EngineStatus.as_view(), name="api-engine"),
    path("engine/pause/", engine.EnginePause.as_view(), name="api-engine-pause"),
    path("engine/resume/", engine.EngineResume.as_view(), name="api-engine-resume"),
    path("engine/uncertain/", engine.EngineUncertain.as_view(), name="api-uncertain-list"),
    path("handoffs/", handoff.HandoffList.as_view(), name="api-handoff-list"),
    path("handoffs/<int:pk>/", handoff.HandoffDetail.as_view(), name="api-handoff"),
    path("handoffs/<int:pk>/accept/", handoff.HandoffAccept.as_view(), name="api-handoff-accept"),
    path("handoffs/<int:pk>/return/", handoff.HandoffReturn.as_view(), name="api-handoff-return"),
    path("handoffs/<int:pk>/result/", handoff.HandoffResult.as_view(), name="api-handoff-result"),
    path("imports/", imports.ImportList.as_view(), name="api-import-list"),
    path("imports/<int:pk>/", imports.ImportDetail.as_view(), name="api-import"),
    path("imports/<int:pk>/confirm/", imports.ImportConfirm.as_view(), name="api-import-confirm"),
    path("imports/<int:pk>/cancel/", imports.ImportCancel.as_view(), name="api-import-cancel"),
    path("imports/<int:pk>/undo/", imports.ImportUndo.as_view(), name="api-import-undo"),
    path("reports/<str:month>/", reports.MonthView.as_view(), name="api-report-month"),
    path("inquiries/", capture.InquiryList.as_view(), name="api-inquiry-list"),
    path("sources/", prospects.SourceList.as_view(), name="api-source-list"),
    path("industries/", prospects.IndustryList.as_view(), name="api-industry-list"),
    path("me/", prospects.Me.as_view(), name="api-me"),
    path("people/", prospects.PersonList.as_view(), name="api-person-list"),
    path("<path:elsewhere>", api_errors.Nowhere.as_view(), name="api-nowhere"),
]
