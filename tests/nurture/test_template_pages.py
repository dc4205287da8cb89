"""The pages of templates: the list, one with its versions, the editor with its preview, a test to oneself."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from django.test import Client

from nurture.actions import log_touch
from nurture.cadences.enrolments import enrol
from nurture.cadences.reads import newest_published
from nurture.engine.dispatching import dispatch
from nurture.mail_templates.actions import retire_template, write_template
from nurture.mail_templates.reads import template_list, template_page
from nurture.models import Cadence, Enrolment, Template, Touch
from nurture.touching import Channel, Outcome
from prospects.actions import NotAllowed
from prospects.models import Lead
from team.models import Organisation, User
from tests.cadences import template
from tests.fixtures import NOW
from tests.mail_server import MailServer

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("posting_address", "clock_at_now")]

AsUser = Callable[[User], Client]
MakeCadence = Callable[..., Cadence]
HTMX = {"HX-Request": "true"}


def typed(**own: Any) -> dict[str, Any]:
    """What the editor of a new mail posts."""
    return {
        "name": "hello",
        "channel": "email",
        "subject": "Drives at {{ company }}",
        "body": "Hello {{ first_name }},\n\nhow is line 3?",
        "seen": "0",
        **own,
    }


# The list and one template


def test_without_templates_the_list_says_what_to_do(
    dana: User, jennifer: User, as_user: AsUser
) -> None:
    assert "Write a template" in as_user(jennifer).get("/templates/").content.decode()
    said = as_user(dana).get("/templates/").content.decode()
    assert "Your manager writes them" in said
    assert "New template" not in said


def test_the_list_says_where_each_is_used_and_what_came_of_it(
    dana: User, make_cadence: MakeCadence, raw_lead: Lead, mail_server: MailServer
) -> None:
    cadence = make_cadence(("email", 0), ("email", 3))
    enrol(lead=raw_lead, cadence=cadence, by=dana, now=NOW)
    dispatch()
    log_touch(lead=raw_lead, channel=Channel.EMAIL, outcome=Outcome.REPLIED, by=dana, now=NOW)
    (mails,) = template_list(NOW)
    first, second = mails.rows
    assert (first.name, first.used) == ("First contact 1", "First contact")
    assert (first.effect.sent_words, first.effect.replies_words) == ("1", "1, 100%")
    assert (second.effect.sent_words, second.effect.replies_words) == ("0", "")


def test_more_templates_cost_no_more_queries(
    jennifer: User,
    as_user: AsUser,
    make_cadence: MakeCadence,
    django_assert_max_num_queries: Any,
    django_assert_num_queries: Any,
) -> None:
    client = as_user(jennifer)
    make_cadence(("email", 0))
    pk = Template.objects.get().pk
    client.get("/templates/")
    with django_assert_max_num_queries(7) as listed:
        client.get("/templates/")
    with django_assert_max_num_queries(9) as shown:
        client.get(f"/templates/{pk}/")
    for number in range(10):
        make_cadence(("email", 0), ("email", 2), name=f"Fair {number}")
    with django_assert_num_queries(len(listed)):
        client.get("/templates/")
    with django_assert_num_queries(len(shown)):
        client.get(f"/templates/{pk}/")


# Versions


def test_a_new_version_is_written_and_the_old_words_stay(
    jennifer: User, as_user: AsUser, make_cadence: MakeCadence, raw_lead: Lead, dana: User
) -> None:
    cadence = make_cadence(("email", 0))
    enrolment = enrol(lead=raw_lead, cadence=cadence, by=dana, now=NOW)
    old = Template.objects.get()
    answer = as_user(jennifer).post(
        f"/templates/{old.pk}/edit/",
        {"subject": "One question", "body": "Hello {{ first_name }}", "seen": "1", "renews": "on"},
    )
    new = Template.objects.get(version=2)
    assert answer["Location"] == f"/templates/{new.pk}/"
    old.refresh_from_db()
    assert old.subject == "Drives at {{ company }}"
    assert old.superseded_at is not None
    # Who is under way keeps theirs; who starts from now on gets the new ones.
    enrolment.refresh_from_db()
    assert [step.template for step in enrolment.version.steps.all()] == [old]
    published = newest_published().get(cadence=cadence)
    assert published.number == 2
    assert [step.template for step in published.steps.all()] == [new]


def test_words_that_are_not_renewed_are_behind_until_the_cadence_is_published(
    jennifer: User, as_user: AsUser, make_cadence: MakeCadence
) -> None:
    cadence = make_cadence(("email", 0))
    old = Template.objects.get()
    new = write_template(
        name=old.name,
        channel="email",
        subject="New",
        body="New",
        seen=1,
        renews=False,
        by=jennifer,
        now=NOW,
    )
    assert template_page(new, NOW).is_behind
    # The builder begins with the newest words.
    said = as_user(jennifer).get(f"/cadences/{cadence.pk}/edit/").context["builder"]
    assert said.main.forms[0]["template"].value() == new.pk


def test_the_same_words_make_no_version_and_a_stale_save_is_refused(jennifer: User) -> None:
    old = template("hello")
    words: dict[str, Any] = {
        "name": "hello",
        "channel": "email",
        "renews": True,
        "by": jennifer,
        "now": NOW,
    }
    assert write_template(subject=old.subject, body=old.body, seen=1, **words) == old
    write_template(subject="Second", body="Words", seen=1, **words)
    with pytest.raises(NotAllowed, match="Version 2 was written meanwhile"):
        write_template(subject="Third", body="Words", seen=1, **words)


def test_only_managers_write(dana: User, as_user: AsUser) -> None:
    assert as_user(dana).post("/templates/new/", typed()).status_code == 403
    with pytest.raises(NotAllowed):
        write_template(
            name="a",
            channel="email",
            subject="b",
            body="c",
            seen=0,
            renews=False,
            by=dana,
            now=NOW,
        )


def test_one_that_is_used_is_not_retired(
    jennifer: User, as_user: AsUser, make_cadence: MakeCadence
) -> None:
    make_cadence(("email", 0))
    used, unused = Template.objects.get(), template("unused")
    with pytest.raises(NotAllowed, match="First contact"):
        retire_template(template=used, by=jennifer, now=NOW)
    client = as_user(jennifer)
    assert "Retire" not in client.get(f"/templates/{used.pk}/").content.decode()
    client.post(f"/templates/{unused.pk}/retire/")
    assert "retired" in client.get(f"/templates/{unused.pk}/").content.decode()
    client.post(f"/templates/{unused.pk}/edit/", {"subject": "Back", "body": "Back", "seen": "1"})
    assert Template.objects.get(name="unused", superseded_at=None).version == 2


# What is refused, beside its field

REFUSED = [
    ({"name": ""}, "name", "required"),
    ({"subject": ""}, "subject", "A mail needs a subject."),
    ({"subject": "Hi {{ nobody }}"}, "subject", "“nobody” is not a field we know."),
    ({"body": "{% if x %}"}, "body", "is no field"),
    ({"body": "Hello {{ first_name"}, "body", "A field is not closed"),
    ({"body": "  \n "}, "body", ""),
    ({"channel": "fax"}, "channel", ""),
]


@pytest.mark.parametrize(("own", "field", "words"), REFUSED)
def test_what_could_never_be_sent_is_refused_beside_its_field(
    jennifer: User, as_user: AsUser, own: dict[str, str], field: str, words: str
) -> None:
    answer = as_user(jennifer).post("/templates/new/", typed(**own))
    assert answer.status_code == 422
    errors = answer.context["form"].errors
    assert words in str(errors[field])
    assert set(errors) == {field}
    assert answer.context["form"]["name"].value() == own.get("name", "hello")
    assert not Template.objects.exists()


def test_a_name_that_is_taken_is_refused(jennifer: User, as_user: AsUser) -> None:
    template("hello")
    answer = as_user(jennifer).post("/templates/new/", typed())
    assert answer.status_code == 422
    assert "There is a template of this name already" in str(answer.context["form"].errors["name"])


def test_a_letter_needs_no_subject(jennifer: User, as_user: AsUser) -> None:
    answer = as_user(jennifer).post("/templates/new/", typed(channel="letter"))
    assert answer.status_code == 302
    written = Template.objects.get()
    assert (written.channel, written.subject) == ("letter", "")


# The preview


def shown(client: Client, **own: Any) -> Any:
    answer = client.post("/templates/new/", typed(do="preview", **own), headers=HTMX)
    assert answer.status_code == 200
    return answer


def test_the_preview_is_for_an_example_until_a_lead_is_chosen(
    jennifer: User, as_user: AsUser, raw_lead: Lead
) -> None:
    client = as_user(jennifer)
    said = shown(client).content.decode()
    assert "Drives at Jensen Paper" in said
    assert "<html" not in said
    said = shown(client, lead=raw_lead.pk).content.decode()
    assert "Drives at Halden Paper" in said
    # Without script, the words alone find them, and the whole page comes back.
    answer = client.post("/templates/new/", typed(do="preview", lead_words="halden"))
    assert "Drives at Halden Paper" in answer.content.decode()
    assert "<html" in answer.content.decode()


def test_a_lead_that_the_reader_does_not_see_is_no_lead(
    sam: User, raw_lead: Lead, as_user: AsUser
) -> None:
    words = template("hello")
    client = as_user(sam)
    said = client.get(f"/templates/{words.pk}/?lead={raw_lead.pk}").content.decode()
    assert "Halden" not in said
    assert "an example" in said
    assert "Halden" not in client.get("/templates/leads/?q=halden").content.decode()


def test_leads_are_found_by_words(dana: User, raw_lead: Lead, as_user: AsUser) -> None:
    said = as_user(dana).get("/templates/leads/?q=hald").content.decode()
    assert f'data-code="{raw_lead.pk}"' in said
    assert "No lead of yours" in as_user(dana).get("/templates/leads/?q=zz9").content.decode()


def test_what_is_empty_and_what_was_not_done_is_said(
    jennifer: User, as_user: AsUser, raw_lead: Lead
) -> None:
    body = "I left you a message on {{ left_voicemail_on }}, {{ first_name }}."
    preview = shown(as_user(jennifer), body=body, lead=raw_lead.pk).context["preview"]
    assert preview.shown.empty == ("day of our last voicemail",)
    assert "[day of our last voicemail]" in preview.shown.body
    assert [claim.holds for claim in preview.shown.claims] == [False]
    assert not preview.shown.goes


def test_what_was_done_is_said_too(
    jennifer: User, dana: User, as_user: AsUser, raw_lead: Lead
) -> None:
    log_touch(lead=raw_lead, channel=Channel.VOICEMAIL, outcome=Outcome.LEFT, by=dana, now=NOW)
    answer = shown(as_user(jennifer), body="I left you a message.", lead=raw_lead.pk)
    assert "It says that we left a voicemail, and we did: Wednesday." in answer.content.decode()
    assert answer.context["preview"].shown.goes


@pytest.mark.parametrize(
    ("subject", "tone"), [("a" * 45, "on"), ("a" * 46, "due"), ("a" * 71, "late")]
)
def test_a_long_subject_is_told(jennifer: User, as_user: AsUser, subject: str, tone: str) -> None:
    assert shown(as_user(jennifer), subject=subject).context["preview"].shown.subject_tone == tone


def test_what_is_half_typed_is_not_yet_wrong(jennifer: User, as_user: AsUser) -> None:
    answer = as_user(jennifer).post(
        "/templates/new/", typed(do="preview", name="", body="Hello {{ first_na")
    )
    assert answer.status_code == 200
    assert not answer.context["form"].errors
    assert "A field is not closed" in answer.content.decode()


@pytest.mark.parametrize(
    "words", ["<script>alert(1)</script>", "{{ first_name }}<b>", "\0", "€" * 50]
)
def test_naughty_words_are_shown_as_they_are(jennifer: User, as_user: AsUser, words: str) -> None:
    said = shown(as_user(jennifer), body=words, lead_words=words, lead="x").content.decode()
    assert "<script>alert" not in said
    assert "<b>" not in said.partition('class="lines"')[2].partition("</div>")[0]


# A test to oneself


def test_a_test_goes_to_oneself_and_to_nobody_else(
    jennifer: User, as_user: AsUser, raw_lead: Lead, mail_server: MailServer
) -> None:
    words = template("hello")
    before = Touch.objects.count()
    answer = as_user(jennifer).post(
        f"/templates/{words.pk}/test/", {"lead": raw_lead.pk}, follow=True
    )
    assert "Sent to jennifer@northwind.example, marked as a test." in answer.content.decode()
    (mail,) = mail_server.arrived
    assert mail_server.recipients == [["jennifer@northwind.example"]]
    assert mail["Subject"] == "[Test] Drives at Halden Paper"
    assert mail["List-Unsubscribe"] is None
    assert "1 Canal Street" in mail.as_string()
    assert Touch.objects.count() == before
    assert not Enrolment.objects.exists()


def test_what_is_typed_is_tested_without_being_saved(
    jennifer: User, as_user: AsUser, mail_server: MailServer
) -> None:
    answer = as_user(jennifer).post("/templates/new/", typed(do="test"))
    assert answer.status_code == 200
    assert "Sent to jennifer@northwind.example" in answer.content.decode()
    assert len(mail_server.arrived) == 1
    assert not Template.objects.exists()


def test_without_mail_a_test_says_what_is_missing(
    jennifer: User, as_user: AsUser, organisation: Organisation, settings: Any
) -> None:
    client = as_user(jennifer)
    settings.EMAIL_HOST = ""
    answer = client.post("/templates/new/", typed(do="test"))
    assert answer.status_code == 422
    assert "No mail server is set up" in answer.content.decode()
    settings.EMAIL_HOST = "127.0.0.1"
    organisation.mail_from = ""
    organisation.save()
    answer = client.post("/templates/new/", typed(do="test"))
    assert "No sender address is set" in answer.content.decode()


def test_what_would_not_be_sent_is_not_tested_either(
    jennifer: User, as_user: AsUser, raw_lead: Lead, mail_server: MailServer
) -> None:
    answer = as_user(jennifer).post(
        "/templates/new/", typed(do="test", body="My call of {{ called_on }}", lead=raw_lead.pk)
    )
    assert answer.status_code == 422
    assert "nothing is known for: day of our last call" in answer.content.decode()
    assert not mail_server.arrived


def test_what_the_mail_server_says_is_passed_on(
    jennifer: User, as_user: AsUser, mail_server: MailServer
) -> None:
    mail_server.refuse_recipients.add("jennifer@northwind.example")
    answer = as_user(jennifer).post("/templates/new/", typed(do="test"))
    assert answer.status_code == 422
    assert "550 5.1.1 No such mailbox" in answer.content.decode()
    mail_server.refuse_recipients.clear()
    mail_server.answers.append("")
    answer = as_user(jennifer).post("/templates/new/", typed(do="test"))
    assert answer.status_code == 422
    assert "The mail server did not take it" in answer.content.decode()


# Mail settings


def test_an_administrator_says_who_mail_comes_from(
    ada: User, jennifer: User, as_user: AsUser, organisation: Organisation
) -> None:
    client = as_user(ada)
    page = client.get("/settings/mail/")
    version = page.context["form"].standing_version
    answer = client.post(
        "/settings/mail/",
        {"mail_from": "dana@northwind.example", "postal_address": "1 Pier", "version": version},
    )
    assert answer.status_code == 302
    organisation.refresh_from_db()
    assert organisation.mail_from == "dana@northwind.example"
    assert as_user(jennifer).get("/settings/mail/").status_code == 403


def test_a_sender_needs_a_postal_address(ada: User, as_user: AsUser) -> None:
    client = as_user(ada)
    version = client.get("/settings/mail/").context["form"].standing_version
    answer = client.post(
        "/settings/mail/",
        {"mail_from": "dana@northwind.example", "postal_address": " ", "version": version},
    )
    assert answer.status_code == 422
    assert "Mail may not go out without one" in str(answer.context["form"].errors)


def test_the_page_says_whether_mail_leaves(
    ada: User, as_user: AsUser, settings: Any, mail_server: MailServer
) -> None:
    client = as_user(ada)
    assert "mail leaves" in client.get("/settings/mail/").content.decode()
    client.post("/settings/mail/test/")
    assert mail_server.recipients == [["ada@northwind.example"]]
    settings.EMAIL_HOST = ""
    assert "no mail leaves" in client.get("/settings/mail/").content.decode()
    said = client.post("/settings/mail/test/", follow=True).content.decode()
    assert "No mail server is set up" in said
