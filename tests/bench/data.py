"""Any number of leads with ten touches each, made in sets: what the pages are measured on."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from django.db import connection
from django.utils import timezone

from prospects.models import Standard
from team.models import Organisation, Role, Side, Team, User

TEAMS, SPECIALISTS_A_TEAM = 4, 3


def people() -> None:
    """One region with four teams, three specialists and a rep each, and two managers."""
    Organisation.objects.create(pk=1, name="Bench", timezone="America/New_York")
    region = Team.objects.create(name="Region")
    for number in range(TEAMS):
        team = Team.objects.create(name=f"Team {number}", parent=region)
        for person in range(SPECIALISTS_A_TEAM):
            _person(f"specialist-{number}-{person}", Role.SPECIALIST, team, capacity=10_000)
        _person(f"rep-{number}", Role.REP, team, capacity=10_000)
    _person("marketing", Role.MANAGER, region, side=Side.MARKETING)
    _person("sales", Role.MANAGER, region, side=Side.SALES)
    now = timezone.now() - timedelta(days=400)
    marketing, sales = User.objects.filter(role=Role.MANAGER).order_by("name")
    Standard.objects.create(
        version=1,
        created_at=now,
        marketing_by=marketing,
        marketing_at=now,
        sales_by=sales,
        sales_at=now,
        signed_at=now,
    )


def _person(name: str, role: str, team: Team, **fields: Any) -> User:
    return User.objects.create_user(
        f"{name}@bench.example", name=name.replace("-", " ").title(), role=role, team=team, **fields
    )


def grow_to(leads: int) -> None:
    """Add leads until there are so many, spread over a year, the teams and their specialists."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT count(*) FROM prospects_lead")
        have = cursor.fetchone()[0]
        for statement in STATEMENTS:
            cursor.execute(
                statement,
                {"first": have + 1, "last": leads, "specialists": SPECIALISTS_A_TEAM},
            )
        cursor.execute("VACUUM ANALYZE")


STATEMENTS = (
    """
    INSERT INTO prospects_source (name, kind)
    SELECT 'Source ' || n, 'list' FROM generate_series(1, 8) n
     WHERE NOT EXISTS (SELECT 1 FROM prospects_source)
    """,
    """
    INSERT INTO prospects_company (id, name, name_key, domain, industry_basis, firmographics_basis,
                                   revenue, employees, locations, country, region, city,
                                   postal_code, street, timezone, created_at)
    SELECT n, 'Company ' || n, 'company' || n, 'company' || n || '.example', '', 'imported',
           1000000 + n, 20 + n %% 900, 1 + n %% 4, 'US', 'Ohio', 'Toledo', '43601',
           n || ' Mill Street', 'America/New_York', now()
      FROM generate_series(%(first)s, %(last)s) n
    """,
    """
    INSERT INTO prospects_contact (id, company_id, first_name, last_name, title, buying_role, email,
                                   email_key, phone, phone_key, timezone, created_at)
    SELECT n, n, 'Maria', 'Lindqvist ' || n, 'Plant Director', 'decision_maker',
           'm' || n || '@company' || n || '.example', 'm' || n || '@company' || n || '.example',
           '+1 419 ' || lpad((2000000 + n)::text, 7, '0'), '+1419' || (2000000 + n), '', now()
      FROM generate_series(%(first)s, %(last)s) n
    """,
    # What is said of a lead comes from its number and from parts of a hash of it, so that no stage,
    # source or team goes with another. The first specialist of each team has three of four of its
    # leads: their pages are full with a thousand leads too, and what grows is not what they show.
    """
    INSERT INTO prospects_lead (
        id, company_id, contact_id, source_id, team_id, specialist_id, rep_id, assigned_why,
        received_at, horizon, note, version, stage, stage_at, entered_program_at, screening,
        contradictions, documented, open_attributes, outbound_touches, complete_attempts,
        next_touch_at, next_touch_channel, next_touch_rank, next_touch_why, activity_at,
        search_text)
    SELECT n, n, n,
           (SELECT array_agg(id ORDER BY id) FROM prospects_source)[1 + of.source],
           teams.ids[1 + of.team],
           specialists.ids[1 + of.team * %(specialists)s + of.member],
           CASE WHEN of.turn = 2 THEN reps.ids[1 + of.team] END,
           '', came.at, 'near_term', '', 1,
           CASE WHEN of.turn < 2 THEN 'disqualified'
                WHEN of.turn = 2 AND came.at < now() - interval '60 days' THEN 'won'
                WHEN of.turn = 2 THEN 'accepted'
                WHEN of.turn < 12 THEN 'nurturing'
                ELSE 'screened_out' END,
           came.at + interval '1 day',
           CASE WHEN of.turn < 12 THEN came.at + interval '1 day' END, '[]', '{}',
           n %% 10, '{environment,pain}', 10, 3,
           CASE WHEN of.turn BETWEEN 3 AND 11
                THEN now() + (of.hours - 48) * interval '1 hour' END,
           'phone', 9, 'attempt 4 of 6 is next', LEAST(came.at + interval '30 days', now()),
           lower('Company ' || n || ' company' || n || '.example Maria Lindqvist ' || n)
      FROM generate_series(%(first)s, %(last)s) n,
           LATERAL (SELECT now() - (n * 7919 %% 525600) * interval '1 minute' AS at) came,
           LATERAL (SELECT hashint4(n::integer)::bigint + 2147483648 AS hash) its,
           LATERAL (SELECT hash %% 20 AS turn, hash / 20 %% 8 AS source, hash / 160 %% 60 AS hours,
                           n %% 4 AS team,
                           greatest(hash / 9600 %% 8 - 5, 0) AS member) of,
           (SELECT array_agg(id ORDER BY id) AS ids FROM team_team WHERE parent_id IS NOT NULL) teams,
           (SELECT array_agg(id ORDER BY name) AS ids FROM team_user WHERE role = 'specialist')
               specialists,
           (SELECT array_agg(id ORDER BY name) AS ids FROM team_user WHERE role = 'rep') reps
    """,
    """
    INSERT INTO prospects_stagechange (lead_id, from_stage, to_stage, at, reason, note, brought_along)
    SELECT lead.id, '', 'raw', lead.received_at, '', '', true FROM prospects_lead lead
     WHERE lead.id BETWEEN %(first)s AND %(last)s
    UNION ALL
    SELECT lead.id, 'raw', lead.stage, lead.stage_at,
           CASE lead.stage WHEN 'screened_out' THEN 'unreachable' ELSE '' END, '', true
      FROM prospects_lead lead WHERE lead.id BETWEEN %(first)s AND %(last)s
    """,
    """
    INSERT INTO nurture_touch (lead_id, contact_id, channel, direction, outcome, occurred_at, by_id,
                               note)
    SELECT lead.id, lead.contact_id,
           (array['phone', 'voicemail', 'email'])[1 + t %% 3], 'out',
           (array['no_answer', 'left', 'sent'])[1 + t %% 3],
           LEAST(lead.received_at + t * interval '2 days', now()), lead.specialist_id,
           'Left the example of the plant in Erie and my direct number.'
      FROM prospects_lead lead, generate_series(1, 10) t
     WHERE lead.id BETWEEN %(first)s AND %(last)s
    """,
    """
    INSERT INTO nurture_attempt (lead_id, number, opened_at, closes_at, called, left_voicemail,
                                 emailed, completed_at)
    SELECT lead.id, t, lead.received_at + t * interval '6 days',
           lead.received_at + t * interval '6 days' + interval '4 days', true, true, true,
           lead.received_at + t * interval '6 days' + interval '1 day'
      FROM prospects_lead lead, generate_series(1, 3) t
     WHERE lead.id BETWEEN %(first)s AND %(last)s
    """,
    """
    INSERT INTO handoff_handoff (lead_id, rep_id, specialist_id, proposed_why, handed_off_at,
                                 accepted_at, return_reason, wrong_attributes, potential_revenue,
                                 result, result_at, revenue, lost_reason, touches_before,
                                 documented, contradictions)
    SELECT lead.id, lead.rep_id, lead.specialist_id, '', lead.stage_at, lead.stage_at, '', '{}',
           200000,
           CASE lead.stage WHEN 'won' THEN 'won' ELSE '' END,
           CASE lead.stage WHEN 'won' THEN lead.stage_at + interval '30 days' END,
           CASE lead.stage WHEN 'won' THEN 180000 END, '', 10, 10, '{}'
      FROM prospects_lead lead
     WHERE lead.rep_id IS NOT NULL AND lead.id BETWEEN %(first)s AND %(last)s
    """,
    "SELECT setval(pg_get_serial_sequence('prospects_company', 'id'), %(last)s)",
    "SELECT setval(pg_get_serial_sequence('prospects_contact', 'id'), %(last)s)",
    "SELECT setval(pg_get_serial_sequence('prospects_lead', 'id'), %(last)s)",
)
