"""Who may do what: every address × method × person, generated from the URLconf (trust.md, first row).

OUTCOMES is the table to read. An address or a method that it does not list fails, as does an answer
that differs; the failure prints the line as it was answered. Whoever may not see the leads must not
find a word of them in any answer, whatever its code. No answer may be a 500.
"""

from __future__ import annotations

import uuid
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import timedelta
from http.cookies import SimpleCookie
from typing import Any

import pytest
import time_machine
from django.db import transaction
from django.http import HttpResponse
from django.test import Client
from django.urls import URLPattern, URLResolver, get_resolver, reverse

from handoff.actions import accept, report_result
from handoff.dossier import Word, to_json
from handoff.models import Dossier, Handoff
from handoff.reads import current_dossier
from nurture.actions import Promised, log_touch, promise
from nurture.cadences.enrolments import enrol
from nurture.capture.inquiries import receive_inquiry
from nurture.filling.jobs import ask_filling
from nurture.models import (
    Absence,
    Cadence,
    EnrolmentRule,
    Filling,
    IncomingMail,
    PlannedTouch,
    PrintBatch,
    Submission,
    Touch,
)
from prospects import actions
from prospects.capture.inquiry import Doubt
from prospects.consents.actions import record_consent
from prospects.models import (
    Consent,
    DuplicatePair,
    Import,
    Inquiry,
    Lead,
    Merge,
    Merged,
    Rebalancing,
    RefusedRow,
    Rescreening,
    Source,
    Standard,
    Suppression,
    WebForm,
)
from prospects.screening.rescreening import ask_rescreening
from prospects.stages import Stage
from team.models import Role, Side, Team, User
from tests.fixtures import NOW

PEOPLE = ("anonymous", "dana", "sam", "carol", "luis", "jennifer", "otto", "ada", "charlie")
"""Dana and Carol (specialist and rep) of the Northeast, whose everything is here; Sam and Luis (the
same) of the South; Jennifer manages both, Otto another region; Ada administers; Charlie is a
specialist without a team."""

OUTSIDERS = ("anonymous", "sam", "luis", "otto", "charlie")
SECRETS = (b"Halden", b"halden", b"Lindqvist", b"617 555")
"""What the leads are told by: no answer to an outsider holds any of it."""

METHODS = ("GET", "POST", "PUT", "PATCH", "DELETE")
REFUSED = {"401", "403", "404", "405", "login"}
"""What everybody is answered to a method that the table does not list."""

# A code; `login`: sent there to say who one is; `moved`: sent to another page.
OUTCOMES = """
                               anonymous dana      sam       carol     luis      jennifer  otto      ada       charlie

home                    GET    login     moved     moved     moved     moved     moved     moved     moved     moved
healthz                 GET    200       200       200       200       200       200       200       200       200
readyz                  GET    503       503       503       503       503       503       503       503       503
metrics                 GET    200       200       200       200       200       200       200       200       200
login                   GET    200       moved     moved     moved     moved     moved     moved     moved     moved
login                   POST   200       moved     moved     moved     moved     moved     moved     moved     moved
login                   PUT    200       moved     moved     moved     moved     moved     moved     moved     moved
login                   PATCH  405       moved     moved     moved     moved     moved     moved     moved     moved
login                   DELETE 405       moved     moved     moved     moved     moved     moved     moved     moved
logout                  POST   login     login     login     login     login     login     login     login     login

lead-list               GET    login     200       200       200       200       200       200       200       200
lead-new                GET    login     200       200       403       403       200       200       200       200
lead-new                POST   login     422       422       403       403       422       422       422       422
lead-edit               GET    login     200       404       200       404       200       404       200       404
lead-edit               POST   login     422       404       422       404       422       404       422       404
company-edit            GET    login     200       404       200       404       200       404       200       404
company-edit            POST   login     422       404       422       404       422       404       422       404
contact-new             GET    login     200       404       200       404       200       404       200       404
contact-new             POST   login     422       404       422       404       422       404       422       404
contact-edit            GET    login     200       404       200       404       200       404       200       404
contact-edit            POST   login     422       404       422       404       422       404       422       404
lead-assign             GET    login     200       404       403       403       200       404       200       404
lead-assign             POST   login     422       404       403       403       422       404       422       404
lead-screen-out         GET    login     200       404       403       403       200       404       200       404
lead-screen-out         POST   login     422       404       403       403       422       404       422       404
lead-restore            GET    login     200       404       403       403       200       404       200       404
lead-restore            POST   login     moved     404       403       403       moved     404       moved     404
lead-enter-program      GET    login     200       404       403       403       200       404       200       404
lead-enter-program      POST   login     moved     404       403       403       moved     404       moved     404
lead-revive             GET    login     200       404       403       403       200       404       200       404
lead-revive             POST   login     moved     404       403       403       moved     404       moved     404
lead-alike              GET    login     200       200       403       403       200       200       200       200
lead-merge-find         GET    login     200       404       403       403       200       404       200       404
lead-merge              GET    login     200       404       403       403       200       404       200       404
lead-merge              POST   login     422       404       403       403       422       404       422       404
duplicate-list          GET    login     200       200       403       403       200       200       200       200
duplicate-different     POST   login     moved     404       403       403       moved     404       moved     404
duplicate-merge         GET    login     200       404       403       403       200       404       200       404
duplicate-merge         POST   login     422       404       403       403       422       404       422       404
merge-list              GET    login     200       200       403       403       200       200       200       200
merge-undo              POST   login     moved     404       403       403       moved     404       moved     404
industry-search         GET    login     200       200       200       200       200       200       200       200

standard                GET    login     200       200       200       200       200       200       200       200
standard-draft          POST   login     403       403       403       403       moved     moved     moved     403
standard-edit           GET    login     403       403       403       403       200       200       200       403
standard-edit           POST   login     403       403       403       403       422       422       422       403
standard-sign           POST   login     403       403       403       403       422       422       422       403

workload                GET    login     200       200       403       403       200       200       200       200
workload-rebalance      GET    login     403       403       403       403       200       200       200       403
workload-rebalance      POST   login     403       403       403       403       422       422       422       403
workload-undo           POST   login     403       403       403       403       moved     404       moved     403
team-settings           GET    login     403       403       403       403       200       200       200       403
person-settings         GET    login     403       403       403       403       200       404       200       403
person-settings         POST   login     403       403       403       403       422       404       422       403

settings                GET    login     200       200       200       200       200       200       200       200
organisation-edit       GET    login     403       403       403       403       403       403       200       403
organisation-edit       POST   login     403       403       403       403       403       403       422       403
mail-settings           GET    login     403       403       403       403       403       403       200       403
mail-settings           POST   login     403       403       403       403       403       403       422       403
mail-test               POST   login     403       403       403       403       403       403       moved     403
market-edit             GET    login     403       403       403       403       200       200       200       403
market-edit             POST   login     403       403       403       403       422       422       422       403
listing-list            GET    login     403       403       403       403       200       200       200       403
listing-list            POST   login     403       403       403       403       422       422       422       403
listing-remove          POST   login     403       403       403       403       moved     moved     moved     403
screening-rules         GET    login     403       403       403       403       200       200       200       403
rescreening-new         POST   login     403       403       403       403       moved     moved     moved     403
rescreening             GET    login     403       403       403       403       200       404       200       403
rescreening-want        POST   login     403       403       403       403       moved     404       moved     403
rescreening-save        POST   login     403       403       403       403       moved     404       moved     403
rescreening-stop        POST   login     403       403       403       403       moved     404       moved     403

screening-review        GET    login     200       200       403       403       200       200       200       200
screening-decide        POST   login     422       404       403       403       422       404       422       404
screening-undo          POST   login     moved     404       403       403       moved     404       moved     404
screening-out           GET    login     200       200       403       403       200       200       200       200
screening-restore       POST   login     moved     404       403       403       moved     404       moved     404

import-list             GET    login     200       200       404       404       200       200       200       200
import-list             POST   login     422       422       404       404       422       422       422       422
import-detail           GET    login     200       404       404       404       200       404       200       404
import-columns          GET    login     moved     404       404       404       moved     404       moved     404
import-columns          POST   login     moved     404       404       404       moved     404       moved     404
import-confirm          POST   login     moved     404       404       404       moved     404       moved     404
import-cancel           POST   login     moved     404       404       404       moved     404       moved     404
import-undo             GET    login     moved     404       404       404       moved     404       moved     404
import-undo             POST   login     moved     404       404       404       moved     404       moved     404
import-refused          GET    login     200       404       404       404       200       404       200       404

cadence-list            GET    login     200       200       403       403       200       200       200       200
cadence-ship            POST   login     403       403       403       403       moved     moved     moved     403
cadence-new             GET    login     403       403       403       403       200       200       200       403
cadence-new             POST   login     403       403       403       403       422       422       422       403
cadence-detail          GET    login     200       200       403       403       200       200       200       200
cadence-edit            GET    login     403       403       403       403       200       200       200       403
cadence-edit            POST   login     403       403       403       403       422       422       422       403
cadence-pause           POST   login     403       403       403       403       moved     moved     moved     403
cadence-resume          POST   login     403       403       403       403       moved     moved     moved     403
cadence-archive         POST   login     403       403       403       403       moved     moved     moved     403
cadence-reopen          POST   login     403       403       403       403       moved     moved     moved     403
absence-list            GET    login     200       200       403       403       200       200       200       200
absence-new             GET    login     moved     moved     403       403       200       404       200       moved
absence-new             POST   login     moved     moved     403       403       422       404       422       moved
absence-edit            GET    login     200       404       403       403       200       404       200       404
absence-edit            POST   login     422       404       403       403       422       404       422       404
absence-end             POST   login     moved     404       403       403       moved     404       moved     404
cadence-month           GET    login     200       200       403       403       200       200       200       200
rule-list               GET    login     403       403       403       403       200       200       200       403
rule-new                GET    login     403       403       403       403       200       200       200       403
rule-new                POST   login     403       403       403       403       422       422       422       403
rule-edit               GET    login     403       403       403       403       200       404       200       403
rule-edit               POST   login     403       403       403       403       422       404       422       403
rule-pause              POST   login     403       403       403       403       moved     404       moved     403
rule-resume             POST   login     403       403       403       403       moved     404       moved     403
filling                 GET    login     200       404       403       403       404       404       200       404
filling-cancel          POST   login     moved     404       403       403       404       404       moved     404
cadence-fill            GET    login     200       200       403       403       200       200       200       200
cadence-fill            POST   login     422       422       403       403       422       422       422       422
lead-enrol              GET    login     200       404       403       403       200       404       200       404
lead-enrol              POST   login     422       404       403       403       422       404       422       404
enrolment-stop          POST   login     moved     404       403       403       moved     404       moved     404
enrolment-pause         POST   login     moved     404       403       403       moved     404       moved     404
enrolment-resume        POST   login     moved     404       403       403       moved     404       moved     404

planned-detail          GET    login     200       404       404       404       200       404       200       404
lead-planned            GET    login     200       404       200       404       200       404       200       404

template-list           GET    login     200       200       403       403       200       200       200       200
template-new            GET    login     403       403       403       403       200       200       200       403
template-new            POST   login     403       403       403       403       422       422       422       403
template-leads          GET    login     200       200       403       403       200       200       200       200
template-detail         GET    login     200       200       403       403       200       200       200       200
template-edit           GET    login     403       403       403       403       200       200       200       403
template-edit           POST   login     403       403       403       403       422       422       422       403
template-test           POST   login     moved     moved     403       403       moved     moved     moved     moved
template-retire         POST   login     403       403       403       403       moved     moved     moved     403

contacting              GET    login     200       200       200       200       200       200       200       200
limits-edit             GET    login     403       403       403       403       200       200       200       403
limits-edit             POST   login     403       403       403       403       422       422       422       403
regional-rule-new       GET    login     403       403       403       403       200       200       200       403
regional-rule-new       POST   login     403       403       403       403       422       422       422       403
suppressions            GET    login     403       403       403       403       200       200       200       403
suppressions            POST   login     403       403       403       403       422       422       422       403
suppression-add         GET    login     403       403       403       403       200       200       200       403
suppression-add         POST   login     403       403       403       403       422       422       422       403
suppression-release     GET    login     403       403       403       403       403       403       200       403
suppression-release     POST   login     403       403       403       403       403       403       422       403
contact-consents        GET    login     200       404       403       403       200       404       200       404
contact-consents        POST   login     422       404       403       403       422       404       422       404
contact-suppress        POST   login     422       404       403       403       422       404       422       404
consent-withdraw        GET    login     200       404       403       403       200       404       200       404
consent-withdraw        POST   login     moved     404       403       403       moved     404       moved     404

letter-list             GET    login     200       200       403       403       200       200       200       200
letter-print            POST   login     moved     moved     403       403       moved     moved     moved     moved
letter-find             GET    login     200       200       403       403       200       200       200       200
letter-batch            GET    login     200       404       403       403       200       404       200       404
letter-batch-pdf        GET    login     200       404       403       403       200       404       200       404
letter-batch-labels     GET    login     200       404       403       403       200       404       200       404
letter-batch-post       POST   login     422       404       403       403       422       404       422       404
letter-batch-cancel     POST   login     moved     404       403       403       moved     404       moved     404
letter-out              POST   login     moved     404       403       403       moved     404       moved     404
letter-posted           POST   login     moved     404       403       403       moved     404       moved     404
letter-return           POST   login     moved     404       403       403       moved     404       moved     404

engine                  GET    login     403       403       403       403       200       200       200       403
engine-pause            POST   login     403       403       403       403       422       422       422       403
engine-resume           POST   login     403       403       403       403       422       422       422       403
engine-settle           POST   login     403       403       403       403       422       422       422       403
engine-limits           GET    login     403       403       403       403       200       200       200       403
engine-limits           POST   login     403       403       403       403       422       422       422       403
unsubscribe             GET    200       200       200       200       200       200       200       200       200
unsubscribe             POST   200       200       200       200       200       200       200       200       200

inbox                   GET    login     200       200       403       403       200       200       200       200
mail-detail             GET    login     200       404       403       403       200       404       200       404
mail-assign             POST   login     moved     404       403       403       moved     404       moved     404
mail-ignore             POST   login     moved     404       403       403       moved     404       moved     404
mail-opt-out            POST   login     moved     404       403       403       moved     404       moved     404
provider-hook           POST   404       404       404       404       404       404       404       404       404

today                   GET    login     200       200       403       403       200       200       200       200
today-next              GET    login     moved     moved     403       403       moved     moved     moved     moved
today-take              POST   login     moved     moved     403       403       moved     moved     moved     moved
lead-detail             GET    login     200       404       200       404       200       404       200       404
lead-story              GET    login     200       404       200       404       200       404       200       404
lead-take               POST   login     moved     404       403       403       moved     404       moved     404
lead-skip               POST   login     moved     404       403       403       moved     404       moved     404
touch-log               POST   login     422       404       422       404       422       404       422       404
touch-take-back         POST   login     moved     404       moved     404       moved     404       moved     404
answer-document         GET    login     200       404       403       403       200       404       200       404
answer-document         POST   login     422       404       403       403       422       404       422       404
answer-contradict       POST   login     422       404       403       403       422       404       422       404
promise-new             GET    login     200       404       403       403       200       404       200       404
promise-new             POST   login     422       404       403       403       422       404       422       404
lead-not-now            GET    login     200       404       403       403       200       404       200       404
lead-not-now            POST   login     422       404       403       403       422       404       422       404
lead-disqualify         GET    login     200       404       403       403       200       404       200       404
lead-disqualify         POST   login     422       404       403       403       422       404       422       404
lead-give-up            GET    login     200       404       403       403       200       404       200       404
lead-give-up            POST   login     422       404       403       403       422       404       422       404

source-list             GET    login     403       403       403       403       200       200       200       403
source-new              GET    login     403       403       403       403       200       200       200       403
source-new              POST   login     403       403       403       403       422       422       422       403
source-edit             GET    login     403       403       403       403       200       200       200       403
source-edit             POST   login     403       403       403       403       422       422       422       403
source-costs            GET    login     403       403       403       403       200       200       200       403
source-costs            POST   login     403       403       403       403       moved     moved     moved     403
source-costs-month      GET    login     403       403       403       403       200       200       200       403
source-costs-month      POST   login     403       403       403       403       moved     moved     moved     403
form-new                GET    login     403       403       403       403       200       200       200       403
form-new                POST   login     403       403       403       403       422       422       422       403
form-detail             GET    login     403       403       403       403       200       404       200       403
form-edit               GET    login     403       403       403       403       200       404       200       403
form-edit               POST   login     403       403       403       403       422       404       422       403
form-renew-link         POST   login     403       403       403       403       moved     404       moved     403
form-make-key           POST   login     403       403       403       403       200       404       200       403
form-close              POST   login     403       403       403       403       moved     404       moved     403
form-reopen             POST   login     403       403       403       403       moved     404       moved     403
form-show               GET    200       200       200       200       200       200       200       200       200
form-show               POST   422       422       422       422       422       422       422       422       422
form-thanks             GET    200       200       200       200       200       200       200       200       200
inquiry-list            GET    login     200       200       403       403       200       200       200       200
inquiry-take            POST   login     moved     404       403       403       moved     404       moved     404
inquiry-discard         POST   login     moved     404       403       403       moved     404       moved     404
lead-inquiries          GET    login     200       404       200       404       200       404       200       404
today-fresh             GET    204       200       200       204       204       200       200       200       200

handoff-list            GET    login     200       200       200       200       200       200       200       200
handoff-detail          GET    login     200       404       200       404       200       404       200       404
handoff-accept          GET    login     moved     404       moved     404       moved     404       moved     404
handoff-accept          POST   login     403       404       moved     404       403       404       403       404
handoff-return          GET    login     moved     404       moved     404       moved     404       moved     404
handoff-return          POST   login     403       404       422       404       403       404       403       404
handoff-result          GET    login     moved     404       moved     404       moved     404       moved     404
handoff-result          POST   login     403       404       422       404       403       404       403       404
handoff-freeze          GET    login     moved     404       moved     404       moved     404       moved     404
handoff-freeze          POST   login     moved     404       moved     404       moved     404       moved     404
handoff-dossier         GET    login     200       404       200       404       200       404       200       404
handoff-dossier-pdf     GET    login     200       404       200       404       200       404       200       404
handoff-call            GET    login     200       404       200       404       200       404       200       404
handoff-new             GET    login     200       404       403       403       200       404       200       404
handoff-new             POST   login     422       404       403       403       422       404       422       404

report-current          GET    login     200       200       403       403       200       200       200       200
report-program          GET    login     200       200       403       403       200       200       200       200
report-month            GET    login     200       200       403       403       200       200       200       200
report-figure           GET    login     200       200       403       403       200       200       200       200

api-lead-list           GET    401       200       200       200       200       200       200       200       200
api-lead-list           POST   401       201       201       403       403       201       201       400       400
api-lead                GET    401       200       404       200       404       200       404       200       404
api-lead                PATCH  401       200       404       200       404       200       404       200       404
api-lead-answers        GET    401       200       404       200       404       200       404       200       404
api-lead-answers        POST   401       201       404       403       403       201       404       201       404
api-lead-attempts       GET    401       200       404       200       404       200       404       200       404
api-lead-promises       GET    401       200       404       200       404       200       404       200       404
api-lead-promises       POST   401       201       404       403       403       201       404       201       404
api-lead-reps           GET    401       200       404       403       403       200       404       200       404
api-lead-touches        GET    401       200       404       200       404       200       404       200       404
api-lead-touches        POST   401       201       404       201       404       201       404       201       404
api-lead-assign         POST   401       200       404       403       403       200       404       200       404
api-lead-disqualify     POST   401       409       404       403       403       409       404       409       404
api-lead-not-now        POST   401       403       404       403       403       403       404       403       404
api-lead-give-up        POST   401       403       404       403       403       409       404       409       404
api-lead-enter-program  POST   401       200       404       403       403       200       404       200       404
api-lead-hand-off       POST   401       201       404       403       403       201       404       201       404
api-lead-restore        POST   401       200       404       403       403       200       404       200       404
api-lead-revive         POST   401       200       404       403       403       200       404       200       404
api-lead-screen-out     POST   401       200       404       403       403       200       404       200       404

api-company-list        GET    401       200       200       200       200       200       200       200       200
api-company             GET    401       200       404       200       404       200       404       200       404
api-company             PATCH  401       200       404       200       404       200       404       200       404
api-contact-list        GET    401       200       200       200       200       200       200       200       200
api-contact-list        POST   401       201       400       201       400       201       400       201       400
api-contact             GET    401       200       404       200       404       200       404       200       404
api-contact             PATCH  401       200       404       200       404       200       404       200       404
api-touch-list          GET    401       200       200       200       200       200       200       200       200
api-touch-list          POST   401       201       400       201       400       201       400       201       400
api-touch               GET    401       200       404       200       404       200       404       200       404
api-touch-take-back     POST   401       200       404       403       404       403       404       403       404
api-answer-list         GET    401       200       200       200       200       200       200       200       200
api-answer-list         POST   401       201       400       403       403       201       400       201       400
api-filling-list        GET    401       200       200       403       403       200       200       200       200
api-filling-list        POST   401       400       400       403       403       400       400       400       400
api-filling             GET    401       200       404       403       403       404       404       200       404
api-filling-cancel      POST   401       200       404       403       403       404       404       200       404
api-cadence-list        GET    401       200       200       403       403       200       200       200       200
api-cadence-list        POST   401       403       403       403       403       201       201       201       403
api-cadence             GET    401       200       200       403       403       200       200       200       200
api-cadence             PUT    401       403       403       403       403       200       200       200       403
api-cadence-pause       POST   401       403       403       403       403       200       200       200       403
api-cadence-resume      POST   401       403       403       403       403       200       200       200       403
api-cadence-archive     POST   401       403       403       403       403       200       200       200       403
api-cadence-reopen      POST   401       403       403       403       403       200       200       200       403
api-enrolment-list      GET    401       200       200       403       403       200       200       200       200
api-enrolment-list      POST   401       201       400       403       403       201       400       201       400
api-enrolment           GET    401       200       404       403       403       200       404       200       404
api-enrolment-pause     POST   401       200       404       403       403       200       404       200       404
api-enrolment-resume    POST   401       200       404       403       403       200       404       200       404
api-enrolment-stop      POST   401       200       404       403       403       200       404       200       404
api-planned-list        GET    401       200       200       403       403       200       200       200       200
api-planned             GET    401       200       404       403       403       200       404       200       404
api-planned-settle      POST   401       200       404       403       403       200       404       200       404
api-engine              GET    401       403       403       403       403       200       200       200       403
api-engine-pause        POST   401       403       403       403       403       200       200       200       403
api-engine-resume       POST   401       403       403       403       403       200       200       200       403
api-uncertain-list      GET    401       403       403       403       403       200       200       200       403
api-uncertain-list      POST   401       403       403       403       403       200       200       200       403
api-handoff-list        GET    401       200       200       200       200       200       200       200       200
api-handoff             GET    401       200       404       200       404       200       404       200       404
api-handoff-accept      POST   401       403       404       200       404       403       404       403       404
api-handoff-return      POST   401       403       404       200       404       403       404       403       404
api-handoff-result      POST   401       403       404       200       404       403       404       403       404
api-import-list         GET    401       200       200       403       403       200       200       200       200
api-import-list         POST   401       415       415       403       403       415       415       415       415
api-import              GET    401       200       404       403       403       200       404       200       404
api-import-confirm      POST   401       409       404       403       403       409       404       409       404
api-import-cancel       POST   401       409       404       403       403       409       404       409       404
api-import-undo         POST   401       409       404       403       403       409       404       409       404
api-report-month        GET    401       200       200       403       403       200       200       200       200
api-source-list         GET    401       200       200       200       200       200       200       200       200
api-industry-list       GET    401       400       400       403       403       400       400       400       400
api-inquiry-list        POST   401       401       401       401       401       401       401       401       401
api-me                  GET    401       200       200       200       200       200       200       200       200
api-person-list         GET    401       200       200       200       200       200       200       200       200
api-nowhere             GET    401       404       404       404       404       404       404       404       404
api-schema              GET    401       200       200       200       200       200       200       200       200
api-docs                GET    login     200       200       200       200       200       200       200       200
"""


@dataclass
class World:
    """The rows that addresses speak of, all of the Northeast."""

    people: dict[str, User]
    raw: Lead
    screened_out: Lead
    qualified: Lead
    lost: Lead
    waiting: Handoff
    accepted: Handoff
    touch: Touch
    standard: Standard
    source: Source
    intake: Import
    rebalancing: Rebalancing
    pair: DuplicatePair
    merge: Merge
    web_form: WebForm
    inquiry: Inquiry
    rescreening: Rescreening
    absence: Absence
    rule: EnrolmentRule
    filling: Filling
    submission: Submission
    batch: PrintBatch
    consent: Consent
    suppression: Suppression
    mail: IncomingMail


def lead_of(name: str, world: World) -> Lead:
    """The lead that an address is asked about: one in the stage that its verb is for."""
    in_stage = {
        "enter-program": world.raw,
        "take": world.raw,
        "screen-out": world.raw,
        "restore": world.screened_out,
        "revive": world.lost,
        "hand-off": world.qualified,
        "handoff-new": world.qualified,
    }
    # Otherwise one that Carol holds, so that it is a rep's own too.
    return in_stage.get(name.removeprefix("api-").removeprefix("lead-"), world.accepted.lead)


def arguments(name: str, needed: set[str], world: World) -> dict[str, Any]:
    """What stands in the address. `pk` is of the row that the address is called after, else a lead's."""
    handoff = world.accepted if "result" in name else world.waiting
    rows = {
        "company": world.accepted.lead.company,
        "contact": world.accepted.lead.contact,
        "touch": world.touch,
        "handoff": handoff,
        "import": world.intake,
        "workload": world.rebalancing,
        "duplicate": world.pair,
        "merge": world.merge,
        "person": world.people["dana"],
        "form": world.web_form,
        "inquiry": world.inquiry,
        "source": world.source,
        "screening": world.screened_out if "restore" in name else world.raw,
        "rescreening": world.rescreening,
        "rule": world.rule,
        "absence": world.people["dana"] if name == "absence-edit" else world.absence,
        "filling": world.filling,
        "planned": world.submission.planned,
        "letter": world.batch,
        "enrolment": world.submission.planned.enrolment,
        "cadence": world.submission.planned.enrolment.version.cadence,
        "template": world.submission.planned.step.template,
        "suppression": world.suppression,
        "mail": world.mail,
    }
    called_after = name.removeprefix("api-").split("-")[0]
    of_a_lead = {
        *("handoff-new", "contact-new", "contact-edit", "company-edit", "touch-log"),
        *("contact-consents", "contact-suppress"),
    }
    is_of_lead = name in of_a_lead or "touch_pk" in needed
    known: dict[str, Any] = {
        "pk": getattr(
            None if is_of_lead else rows.get(called_after), "pk", lead_of(name, world).pk
        ),
        "contact_pk": world.accepted.lead.contact_id,
        "consent_pk": world.consent.pk,
        "other": world.qualified.pk,
        "touch_pk": world.touch.pk,
        "attribute": "pain",
        "version": world.standard.version,
        "month": "2026-06",
        "figure": "handed_off",
        "elsewhere": "nowhere/",
        "token": (
            world.submission.unsubscribe_token if name == "unsubscribe" else world.web_form.token
        ),
        "kind": "competitor",
        "number": 1,
        "provider": "postmark",
        "what": "tracking",
    }
    unknown = needed - known.keys()
    assert not unknown, f"Say in `arguments` what {unknown} in the address of {name} stands for."
    return {argument: known[argument] for argument in needed}


def body(name: str, method: str, world: World) -> dict[str, Any]:
    """What is sent: as much as the address asks for, so that only the person makes a difference."""
    promised = {"due_at": "2026-07-01T15:00:00Z", "words": "call me in July"}
    call = {"channel": "phone", "outcome": "no_answer"}
    pain = {"attribute": "pain", "words": "Line 3 stops twice a week"}
    lead = world.accepted.lead_id
    bodies: dict[str, dict[str, Any]] = {
        "api-lead-list POST": {"source": world.source.pk, "company": {"name": "Skyline Foods"}},
        "api-lead PATCH": {"version": world.accepted.lead.version, "note": "asked again"},
        "api-lead-answers POST": pain,
        "api-lead-assign POST": {"specialist": world.people["dana"].pk},
        "api-lead-disqualify POST": {"reason": "no_need"},
        "api-lead-give-up POST": {"override": "they never answer"},
        "api-lead-hand-off POST": {"rep": world.people["carol"].pk},
        "api-lead-promises POST": promised,
        "api-lead-screen-out POST": {"reason": "student"},
        "api-lead-touches POST": call,
        "api-company PATCH": {"employees": 300},
        "api-contact-list POST": {"lead": lead, "last_name": "Berg"},
        "api-contact PATCH": {"title": "Plant Manager"},
        "api-touch-list POST": {"lead": lead, **call},
        "api-answer-list POST": {"lead": lead, **pain},
        "api-cadence-list POST": {"name": "Fair", "steps": [{"channel": "phone", "after_days": 0}]},
        "api-cadence PUT": {
            "name": "Fair",
            "steps": [{"channel": "phone", "after_days": 0}],
            "version": 1,
        },
        "api-enrolment-list POST": {
            "lead": world.raw.pk,
            "cadence": world.submission.planned.enrolment.version.cadence_id,
        },
        "api-planned-settle POST": {"fate": "leave", "why": "it is in no log"},
        "api-engine-pause POST": {"why": "a new mail server"},
        "api-engine-resume POST": {"why": "it is there"},
        "api-uncertain-list POST": {
            "planned_touches": [world.submission.planned_id],
            "fate": "leave",
            "why": "it is in no log",
        },
        "api-handoff-return POST": {"reason": "no budget after all"},
        "api-handoff-result POST": {"result": "won", "revenue": "380000"},
    }
    return bodies.get(f"{name} {method}", {})


# The machinery


def addresses(
    patterns: list[URLPattern | URLResolver], inherited: frozenset[str] = frozenset()
) -> Iterator[tuple[str, set[str]]]:
    """Every address of the URLconf by its name, with the arguments it takes."""
    for pattern in patterns:
        taken = inherited | set(pattern.pattern.converters)
        if isinstance(pattern, URLResolver):
            yield from addresses(pattern.url_patterns, taken)
        else:
            assert pattern.name, f"{pattern} has no name: give it one, and lines in OUTCOMES."
            yield pattern.name, set(taken)


def table() -> dict[tuple[str, str], list[str]]:
    """OUTCOMES by address and method."""
    _people, *lines = filter(None, map(str.split, OUTCOMES.splitlines()))
    return {(name, method): codes for name, method, *codes in lines}


def outcome(answer: HttpResponse) -> str:
    location = answer.headers.get("Location", "")
    if not 300 <= answer.status_code < 400:
        return str(answer.status_code)
    return "login" if location.startswith("/login/") else "moved"


def line(name: str, method: str, codes: list[str]) -> str:
    return f"{name:<24}{method:<7}" + "".join(f"{code:<10}" for code in codes).rstrip()


class Visitor:
    """One person, whose every request is undone again."""

    def __init__(self, person: User | None) -> None:
        self.client = Client(raise_request_exception=False)
        if person is not None:
            self.client.force_login(person)
        self.cookies = {name: morsel.value for name, morsel in self.client.cookies.items()}

    def ask(self, method: str, url: str, sent: dict[str, Any]) -> HttpResponse:
        options: dict[str, Any] = {}
        if url.startswith("/api/") and method != "GET":
            options = {"data": sent, "content_type": "application/json"}
        elif method == "POST":
            options = {"data": sent}
        # Whoever was logged out comes back.
        self.client.cookies = SimpleCookie(self.cookies)
        with transaction.atomic():
            answer: HttpResponse = getattr(self.client, method.lower())(url, **options)
            transaction.set_rollback(True)
        return answer


@pytest.fixture
def otto(person: Callable[..., User]) -> User:
    west = Team.objects.create(name="West")
    return person("Otto Berg", Role.MANAGER, west, side=Side.SALES)


@pytest.fixture
def handed(make_lead: Callable[..., Lead], dana: User, carol: User) -> Callable[[], Handoff]:
    """Make a lead that Carol was handed. How it qualified is no matter here."""

    def hand() -> Handoff:
        lead = make_lead(now=NOW - timedelta(days=9))
        for to_stage, rep in (
            (Stage.NURTURING, None),
            (Stage.QUALIFIED, None),
            (Stage.HANDED_OFF, carol),
        ):
            actions.change_stage(lead=lead, to_stage=to_stage, now=NOW, by=dana, rep=rep)
        promise(lead=lead, promised=Promised(NOW + timedelta(days=1)), by=dana, now=NOW)
        handoff = Handoff.objects.create(
            lead=lead, rep=carol, specialist=dana, by=dana, handed_off_at=NOW
        )
        frozen = to_json(current_dossier(lead, now=NOW, word=Word()))
        Dossier.objects.create(handoff=handoff, frozen_at=NOW, body=frozen)
        return handoff

    return hand


def pair_of(first: Lead, second: Lead) -> DuplicatePair:
    """The companies of two leads that may be one."""
    low, high = sorted((first.company_id or 0, second.company_id or 0))
    return DuplicatePair.objects.create(
        first_company_id=low, second_company_id=high, reasons=["words"], found_at=NOW
    )


def merge_into(lead: Lead, *, by: User) -> Merge:
    """A company that went into that of the lead."""
    merge = Merge.objects.create(by=by, at=NOW, words="Halden Mills into Halden Paper")
    Merged.objects.create(merge=merge, kind="company", old_id=10**9, company=lead.company)
    return merge


@pytest.fixture
def uncertain(
    make_lead: Callable[..., Lead], make_cadence: Callable[..., Cadence], dana: User
) -> Submission:
    """A mail of which nobody knows whether it arrived."""
    enrolment = enrol(lead=make_lead(), cadence=make_cadence(("email", 0)), by=dana, now=NOW)
    planned = enrolment.planned.get()
    token, until = uuid.uuid4(), NOW + timedelta(minutes=5)
    for columns in (
        {"state": "claimed", "lease": token, "lease_until": until},
        {"state": "submitting"},
        {"state": "uncertain", "reason": "silence", "lease": None, "lease_until": None},
    ):
        PlannedTouch.objects.filter(pk=planned.pk).update(**columns)
    return Submission.objects.create(
        planned=planned,
        number=1,
        lease=token,
        opened_at=NOW,
        message_id="<1@northwind.example>",
        unsubscribe_token="never-guessed",
        address_hash="0" * 64,
        subject="Drives at Halden",
        body="Hello",
        body_sha256="0" * 64,
        result="unknown",
        closed_at=NOW,
    )


@pytest.fixture
def world(
    request: pytest.FixtureRequest,
    qualified_lead: Lead,
    make_lead: Callable[..., Lead],
    handed: Callable[[], Handoff],
    uncertain: Submission,
    batch: PrintBatch,
) -> World:
    people: dict[str, User] = {who: request.getfixturevalue(who) for who in PEOPLE[1:]}
    dana, carol = people["dana"], people["carol"]
    waiting, accepted, closed = (handed() for _ in range(3))
    for handoff in (accepted, closed):
        accept(handoff=handoff, by=carol, now=NOW)
    report_result(handoff=closed, result="lost", lost_reason="no money", by=carol, now=NOW)
    touch = log_touch(lead=accepted.lead, channel="phone", outcome="no_answer", by=dana, now=NOW)
    for row in (accepted, closed, touch):
        row.refresh_from_db()
    intake = Import.objects.create(
        kind="leads",
        file_name="halden.csv",
        sha256="0" * 64,
        team=dana.team,
        by=dana,
        started_at=NOW,
        finished_at=NOW,
        read=1,
        refused=1,
    )
    RefusedRow.objects.create(
        intake=intake, line=2, cells=[["company", "Halden"]], reasons=["no such source"]
    )
    web_form = WebForm.objects.create(
        source=Source.objects.get(), team=waiting.lead.team, name="Contact", created_at=NOW
    )
    return World(
        people=people,
        raw=make_lead(),
        screened_out=actions.screen_out(lead=make_lead(), reason="student", by=dana, now=NOW),
        qualified=qualified_lead,
        lost=closed.lead,
        waiting=waiting,
        accepted=accepted,
        touch=touch,
        standard=actions.draft_standard(by=people["jennifer"], now=NOW),
        source=Source.objects.get(),
        intake=intake,
        pair=pair_of(qualified_lead, accepted.lead),
        merge=merge_into(accepted.lead, by=dana),
        rebalancing=Rebalancing.objects.create(
            by=people["jennifer"], at=NOW, words="evenly", moved=0
        ),
        web_form=web_form,
        inquiry=receive_inquiry(
            form=web_form,
            said={"name": "Maria Lindqvist", "company": "Halden"},
            way=Inquiry.Way.PAGE,
            doubts=[Doubt("links", "3 links in the message")],
            now=NOW,
        ),
        rescreening=ask_rescreening(by=people["jennifer"], now=NOW),
        absence=Absence.objects.create(
            person=dana,
            away_from=NOW.date() + timedelta(days=30),
            way="paused",
            mail_goes_on=True,
            by=dana,
            asked_at=NOW,
        ),
        rule=EnrolmentRule.objects.create(
            cadence=Cadence.objects.get(pk=uncertain.planned.enrolment.version.cadence_id),
            when="screened",
            team=dana.team,
            created_at=NOW,
            by=people["jennifer"],
        ),
        filling=ask_filling(
            cadence=Cadence.objects.get(pk=uncertain.planned.enrolment.version.cadence_id),
            leads=Lead.objects.all(),
            words="all",
            paced=False,
            by=dana,
            now=NOW,
        ),
        submission=uncertain,
        mail=IncomingMail.objects.create(
            origin="played",
            digest="0" * 64,
            kind="reply",
            received_at=NOW,
            taken_at=NOW,
            sender="maria@halden.example",
            subject="Drives at Halden",
            lead=accepted.lead,
            fate="waiting",
        ),
        batch=batch,
        consent=record_consent(
            contact=accepted.lead.contact,  # type: ignore[arg-type]
            channel="email",
            basis="consent",
            source="conversation",
            words="said so",
            given_at=NOW,
            by=dana,
            now=NOW,
        ),
        suppression=Suppression.objects.create(
            channel="phone", address_hash="0" * 64, why="do_not_call", at=NOW
        ),
    )


# The tests


def test_every_address_is_in_the_table() -> None:
    """No database needed to find out that somebody added an address and not its line."""
    listed = {name for name, _method in table()}
    found = {name for name, _arguments in addresses(get_resolver().url_patterns)}
    assert not found - listed, (
        f"Not in OUTCOMES: {', '.join(sorted(found - listed))}. Add a line for each of its methods;"
        " test_everybody_is_answered_as_the_table_says prints them, for you to judge."
    )
    assert not listed - found, f"No address any more: {', '.join(sorted(listed - found))}."


@time_machine.travel(NOW, tick=False)
def test_everybody_is_answered_as_the_table_says(world: World) -> None:
    visitors = [(who, Visitor(world.people.get(who))) for who in PEOPLE]
    expected, wrong, leaks = table(), [], []
    for name, needed in addresses(get_resolver().url_patterns):
        url = reverse(name, kwargs=arguments(name, needed, world))
        for method in METHODS:
            sent, known = body(name, method, world), expected.get((name, method))
            answers = {
                who: visitor.ask(method, url, sent)
                for who, visitor in visitors
                if known is not None or who not in OUTSIDERS
            }
            codes = [outcome(answer) for answer in answers.values()]
            if known is None and set(codes) - REFUSED:
                codes = [outcome(visitor.ask(method, url, sent)) for _who, visitor in visitors]
            if (known is None and len(codes) == len(PEOPLE)) or known not in (None, codes):
                wrong.append(line(name, method, codes))
            leaks += [
                f"{who} reads of {secret.decode()} in {method} {url}"
                for who in OUTSIDERS
                for secret in SECRETS
                if who in answers and secret in answers[who].content
            ]
    assert not leaks
    assert not [text for text in wrong if " 500" in text], "\n".join(["", *wrong])
    assert not wrong, "\n".join(
        ["OUTCOMES says otherwise. Right as it is? Then these are its lines:", "", *wrong]
    )
