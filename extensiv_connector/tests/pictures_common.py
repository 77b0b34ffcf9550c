"""Pictures of screens: made by the browser test with the words that they show, and compared with the screens later."""

import base64
import io
import json
import os
import re
from contextlib import contextmanager
from hashlib import sha256
from pathlib import Path
from typing import NamedTuple

from PIL import Image, ImageChops, ImageStat, PngImagePlugin

from odoo.tests.common import ChromeBrowser
from odoo.tools.misc import file_path

DESK = (1366, 760)
PHONE = (390, 760)
COLOURS = 128
WORDS = "Shows"
"""The text within a PNG that has the words of the screen, a line each."""
OF = "Of"
"""The text within a banner that has the picture on it and its digest."""
MOST_DIFFERENT = 12
"""How far two pictures of one screen may be apart, of 255 on average: other fonts are less, another layout more."""
SEEN_FROM_AFAR = (30, 19)
MOST_WORDS_OTHER = 2
"""So many lines may differ: with other fonts one at an edge is in the picture or is not."""

STILL = """
    const style = document.createElement("style");
    style.textContent = "*, *::before, *::after { animation: none !important; transition: none !important;"
        + " caret-color: transparent !important; } .o_notification_manager { display: none !important; }";
    document.head.append(style);
    document.activeElement?.blur();
"""
STEPS = """
(async () => {
    async function find(selector, text = "") {
        for (let tries = 0; tries < 500; tries++) {
            const found = [...document.querySelectorAll(selector)].find(
                (node) => node.offsetParent && node.textContent.includes(text));
            if (found) {
                return found;
            }
            await new Promise((resolve) => setTimeout(resolve, 100));
        }
        throw new Error(`${selector} ${text} does not appear`);
    }
    %s
    const seen = (rects) => [...rects].some((rect) => rect.width && rect.height
        && rect.bottom > 0 && rect.top < window.innerHeight && rect.right > 0 && rect.left < window.innerWidth);
    const read = () => {
        const lines = [];
        const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
        while (walker.nextNode()) {
            const range = document.createRange();
            range.selectNodeContents(walker.currentNode);
            if (walker.currentNode.nodeValue.trim() && seen(range.getClientRects())) {
                lines.push(walker.currentNode.nodeValue);
            }
        }
        return JSON.stringify(lines);
    };
    let before;
    for (let tries = 0; tries < 50; tries++) {
        const loading = document.querySelector(".o_loading_indicator, .o_blockUI");
        const now = read();
        if (!loading && now === before) {
            break;
        }
        before = now;
        await new Promise((resolve) => setTimeout(resolve, 400));
    }
    return before;
})()
"""

BANNER = """
<body style="margin: 0; width: 1120px; height: 560px; overflow: hidden; background: #714b67; color: #fff;
    font-family: 'Odoo Unicode Support Noto', 'Lucida Grande', Helvetica, Verdana, Arial, sans-serif">
  <div style="position: absolute; left: 48px; top: 120px; width: 400px">
    <img src="data:image/png;base64,{icon}" style="width: 88px; height: 88px"/>
    <h1 style="font-size: 42px; line-height: 1.15; margin: 20px 0 16px">{title}</h1>
    <p style="font-size: 23px; line-height: 1.4; margin: 0">{says}</p>
  </div>
  <img src="data:image/png;base64,{screen}" style="position: absolute; left: 490px; top: 70px; width: 900px;
    border-radius: 10px; box-shadow: 0 12px 40px rgba(0, 0, 0, .45)"/>
</body>
"""

MONTHS = (
    "Jan(?:uary)?|Feb(?:ruary)?|Mar(?:ch)?|Apr(?:il)?|May|June?|July?|Aug(?:ust)?|Sep(?:t|tember)?|Oct(?:ober)?"
    "|Nov(?:ember)?|Dec(?:ember)?"
)
DAYS = "Mon(?:day)?|Tue(?:sday)?|Wed(?:nesday)?|Thu(?:rsday)?|Fri(?:day)?|Sat(?:urday)?|Sun(?:day)?"
VARIES = re.compile(
    rf"\b(?:{MONTHS}),? \d{{1,4}}\b|\b\d{{1,2}} (?:{MONTHS})\b|\b(?:{DAYS})\b"
    r"|\b(?:in )?(?:\d+|an?|a few) (?:second|minute|hour|day)s?(?: ago)?\b|\bjust now\b|\b(?:Today|Yesterday)\b"
    r"|[\d.,:/+-]*\d[\d.,:/+-]*(?: [AP]M\b)?"
)


class Scene(NamedTuple):
    """A screen and how it is got to."""

    path: str
    steps: str
    """JavaScript that waits for what is to be seen: `await find(selector, text)`."""
    size: tuple[int, int] = DESK
    login: str | None = "admin"


def words_of(lines):
    """Return the words of a screen, a line each, without what differs from one day to the next."""
    return sorted({" ".join(VARIES.sub("#", line).split()) for line in lines} - {""})


def far_apart(one, other):
    """Return how different two pictures are when they are seen from afar, from 0 to 255."""
    small = [picture.convert("L").resize(SEEN_FROM_AFAR, Image.Resampling.BOX) for picture in (one, other)]
    return ImageStat.Stat(ImageChops.difference(*small)).mean[0]


class PicturesMixin:
    """Walks through scenes in one browser; with ``PICTURES`` in the environment it writes them, else it compares."""

    addon = "extensiv_connector"
    browser_size = "1366x760"

    @contextmanager
    def looking(self):
        """Have a browser for as long as a block."""
        self.browser = ChromeBrowser(self)
        try:
            yield
            self.assertFalse(self.browser.had_failure, "an error was in the browser's console")
        finally:
            self.browser.stop()

    def look(self, scene):
        """Return a picture of a screen, and its lines."""
        width, height = scene.size
        self.env.flush_all()
        browser = self.browser
        with self.allow_requests(browser=browser):
            self.authenticate(scene.login, scene.login, browser=browser)
            self.cr.flush()
            self.cr.clear()
            small = width < 700
            metrics = {"mobile": small, "width": width, "height": height, "deviceScaleFactor": 1}
            browser._websocket_request("Emulation.setDeviceMetricsOverride", params=metrics)
            browser._websocket_request("Emulation.setTouchEmulationEnabled", params={"enabled": small})
            browser.navigate_to(f"{self.base_url()}{scene.path}", wait_stop=True)
            lines = json.loads(self.evaluate(STEPS % (scene.steps + STILL)))
            taken = browser._websocket_request("Page.captureScreenshot")["data"]
            browser.navigate_to("about:blank", wait_stop=True)
            self._wait_remaining_requests()
        self.env.invalidate_all()
        return self.decode(taken), lines

    def decode(self, taken):
        """Return the picture that the browser took."""
        return Image.open(io.BytesIO(base64.b64decode(taken))).convert("RGB")

    def evaluate(self, code):
        params = {"expression": code, "awaitPromise": True}
        answer = self.browser._websocket_request("Runtime.evaluate", params=params, timeout=90)
        if trouble := answer.get("exceptionDetails"):
            self.browser.take_screenshot("sc_failed_")
            self.fail(trouble["exception"].get("description", trouble["text"]))
        return answer["result"]["value"]

    def folder(self):
        return os.path.dirname(file_path(f"{self.addon}/static/description/icon.png"))

    def show(self, name, scene):
        """Take a picture of a scene and keep it, or check that the one kept shows the same."""
        with self.subTest(picture=name):
            picture, lines = self.look(scene)
            words = words_of(lines)
            file = os.path.join(self.folder(), f"{name}.png")
            if os.environ.get("PICTURES"):
                self.keep(file, picture, **{WORDS: "\n".join(words)})
                return
            again = f"{name}.png does not show the screen as it is: type `make pictures`, and look at it."
            self.assertTrue(os.path.exists(file), again)
            with Image.open(file) as kept:
                others = set(kept.text.get(WORDS, "").split("\n")).symmetric_difference(words)
                self.assertLessEqual(len(others), MOST_WORDS_OTHER, f"{again} {sorted(others)}")
                self.assertEqual(kept.size, picture.size, again)
                self.assertLess(far_apart(kept, picture), MOST_DIFFERENT, again)

    def keep_banner(self, title, says, screen):
        """Make the banner of one of the pictures, and write into it of which."""
        folder = Path(self.folder())
        picture = (folder / f"{screen}.png").read_bytes()
        html = BANNER.format(
            title=title,
            says=says,
            icon=base64.b64encode((folder / "icon.png").read_bytes()).decode(),
            screen=base64.b64encode(picture).decode(),
        )
        size = {"mobile": False, "width": 1120, "height": 560, "deviceScaleFactor": 1}
        self.browser._websocket_request("Emulation.setDeviceMetricsOverride", params=size)
        address = f"data:text/html;base64,{base64.b64encode(html.encode()).decode()}"
        self.browser.navigate_to(address, wait_stop=True)
        taken = self.browser._websocket_request("Page.captureScreenshot")["data"]
        self.keep(folder / "banner.png", self.decode(taken), **{OF: f"{screen} {sha256(picture).hexdigest()}"})

    def keep(self, file, picture, **texts):
        """Write a picture with few colours, and texts into it."""
        info = PngImagePlugin.PngInfo()
        for key, text in texts.items():
            info.add_itxt(key, text, zip=True)
        few = picture.quantize(COLOURS, dither=Image.Dither.NONE)
        few.save(file, optimize=True, pnginfo=info)
