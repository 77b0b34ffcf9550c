"""From *Apps* to the first order, as a person gets there: an Odoo that never knew the addon, and a browser."""

import time

import pytest
from playwright.sync_api import expect, sync_playwright

from dev import LOGS, databases, server
from dev.setup import find_chromium

CLICKS = 7
"""What it takes from the start page to *Go Live*, *Activate* included; no change may cost a person more."""

SECONDS = 120
ORDER = {
    "cust_ref": "FIRST-1",
    "cust_po_no": "WEB-1001",
    "order_source": "Shopify",
    "order_date": "2099-01-01",
    "created_date_time": "2099-01-01T10:00:00+00:00",
    "items": [{"item": "TEE-1", "quantity": "2", "price": "19.99"}],
}


@pytest.fixture
def without_addon(postgresql):
    """Give a session of an Odoo server whose database holds what the addon needs, and not the addon."""
    name = databases.copy(databases.base(), "extensiv_install")
    with databases.cursor(name) as cr:
        # one that runs at that moment would have Odoo refuse the installation
        cr.execute("UPDATE ir_cron SET active = false")
    with server.running(name, databases.free_port(), LOGS / "install-server.log") as (odoo, _process):
        yield odoo
    databases.drop(name)


@pytest.fixture
def page(without_addon):
    """Give a browser's page, logged in as the administrator; what it showed last is kept as a picture."""
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=find_chromium(), args=["--disable-background-networking", "--disable-sync"]
        )
        page = browser.new_page(viewport={"width": 1366, "height": 900})
        page.set_default_timeout(SECONDS * 1000)
        expect.set_options(timeout=SECONDS * 1000)
        page.goto(f"{without_addon.url}/web/login")
        page.fill("#login", server.LOGIN)
        page.fill("#password", server.PASSWORD)
        page.press("#password", "Enter")
        page.wait_for_selector(".o_navbar_apps_menu")
        yield page
        databases.SCREENSHOTS.mkdir(exist_ok=True)
        page.screenshot(path=databases.SCREENSHOTS / "install.png", full_page=True)
        browser.close()


def test_a_few_clicks_from_apps_to_live_and_orders_come_by_themselves(without_addon, page, start_sandbox):
    odoo, sandbox = without_addon, start_sandbox("--orders", "0")
    sandbox.post("/sandbox/orders", ORDER)
    odoo.call("product.product", "create", {"name": "T-shirt", "default_code": "TEE-1", "is_storable": True})
    clicks = count_clicks(page)

    page.click(".o_navbar_apps_menu button")
    page.click(".o_app[data-menu-xmlid='base.menu_management']")
    page.fill(".o_searchview_input", "extensiv")
    page.press(".o_searchview_input", "Enter")
    page.click(".o_kanban_record:has-text('Extensiv Integration Manager') button:has-text('Activate')")
    connect = page.locator("div[name=setup_connect]")
    expect(connect).to_contain_text("Single Merchant")

    # the sandbox instead of EIM; nobody else has to say where EIM is
    odoo.call("ir.default", "set", "extensiv.account", "base_url", sandbox.base_url)
    page.reload()
    expect(connect.locator("[name=api_user] input")).to_be_focused()
    page.keyboard.type("demo")
    page.keyboard.press("Tab")
    page.keyboard.type("demo-key")
    connect.locator("button[name=action_connect]").click()
    carts = page.locator("div[name=setup_carts]")
    expect(carts.locator(".o_kanban_record", has_text="Shopify")).to_be_visible()
    carts.locator("button[name=action_setup_next]").click()
    page.click("div[name=setup_settings] button[name=action_setup_next]")
    expect(page.locator("[name=live_report]")).to_contain_text("SKUs of the next orders")
    page.click("button[name=action_go_live]")
    expect(page.locator(".o_notification", has_text="The schedules have started")).to_be_visible()

    assert len(clicks) == CLICKS, clicks
    assert first_order(odoo) == [{"name": "SH:WEB-1001", "state": "sale", "amount_total": 39.98}]


def count_clicks(page):
    """Return the list that what is clicked from now on is added to, whatever page it is on."""
    clicks = []
    listen = "addEventListener('click', event => event.isTrusted && clicked(event.target.innerText), true)"
    page.expose_function("clicked", lambda what: clicks.append(what))
    page.add_init_script(listen)
    page.evaluate(listen)
    return clicks


def first_order(odoo):
    """Return the order that the schedule imports, once it is there."""
    deadline = time.monotonic() + SECONDS
    while time.monotonic() < deadline:
        found = odoo.call("sale.order", "search_read", [], ["name", "state", "amount_total"], load=None)
        if found:
            return [{name: order[name] for name in ("name", "state", "amount_total")} for order in found]
        time.sleep(0.5)
    return []
