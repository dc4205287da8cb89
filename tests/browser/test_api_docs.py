"""The API's reader, in a browser under the Content-Security-Policy."""

from playwright.sync_api import Page, expect

from team.models import User
from tests.fixtures import PASSWORD


def test_the_reader_shows_the_schema(page: Page, dana: User) -> None:
    page.goto("/api/docs/")
    page.get_by_label("Email").fill(str(dana.email))
    page.get_by_label("Password").fill(PASSWORD)
    page.get_by_role("button", name="Log in").click()
    expect(page).to_have_title("LeadFlow")
    expect(page.locator("#swagger-ui .info .title")).to_contain_text("LeadFlow")


def test_what_is_tried_out_there_is_answered(page: Page, dana: User) -> None:
    """Reading and writing, the latter with the CSRF token that the reader sends along."""
    page.goto("/api/docs/")
    page.get_by_label("Email").fill(str(dana.email))
    page.get_by_label("Password").fill(PASSWORD)
    page.get_by_role("button", name="Log in").click()
    for operation, answer in (("get_me", "200"), ("post_lead_enter_program", "404")):
        block = page.locator(f"[id$={operation}]")
        block.locator(".opblock-summary-control").click()
        block.get_by_role("button", name="Try it out").click()
        if answer == "404":
            block.get_by_placeholder("id").fill("999999")
        block.get_by_role("button", name="Execute").click()
        told = block.locator("tbody .response-col_status").first
        expect(told).to_contain_text(answer)
