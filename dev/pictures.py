"""`python -m dev.pictures`: draw the pictures of the catalogue of carts, a tile for each kind.

They are drawings of our own, no logos: a letter or two on a shape. Each kind has letters of its own, and no two share
both colour and shape; neighbours in the alphabet share neither.
"""

from __future__ import annotations

from pathlib import Path

from PIL import Image, ImageDraw, ImageFont

from . import ADDON, ROOT, run_command, say

FOLDER = ROOT / ADDON / "static" / "img" / "carts"
FONT = Path("/usr/share/fonts/truetype/dejavu/DejaVuSans-Bold.ttf")
SIZE = 128
SCALE = 4
"""Drawn this much larger, then reduced: smooth edges."""

LETTERS = {
    "1shoppingcart": "1S",
    "3dcart": "3D",
    "amazon": "Am",
    "amazondf": "DF",
    "amazonvendor": "VC",
    "apiaccess": "API",
    "apparelmagic": "Mg",
    "aspdotnetstorefront": "asp",
    "bestbuycanada": "BB",
    "bigcommerce": "Bi",
    "bluecherry": "BC",
    "brightsites": "Br",
    "centra": "Ce",
    "channeladvisor": "CA",
    "cin7": "C7",
    "clickbank": "CB",
    "commercehub": "CH",
    "cratejoy": "Cj",
    "cscart": "CS",
    "csvcart": "csv",
    "dearsystems": "De",
    "dsco": "Ds",
    "ebay": "eB",
    "ecwid": "Ec",
    "etsy": "Et",
    "faire": "Fa",
    "goldbelly": "Gb",
    "google": "Go",
    "groupon": "Gr",
    "houzz": "Ho",
    "infusionsoft": "In",
    "joor": "Jo",
    "lightspeed": "Li",
    "linnworks": "Lw",
    "magento1": "M1",
    "magento2": "M2",
    "neto": "Ne",
    "netsuite": "NS",
    "nexternal": "Nx",
    "opencart": "Oc",
    "ordermanager": "OM",
    "paypal": "Pp",
    "salesforce": "Sf",
    "shipstation": "St",
    "shopify": "Sh",
    "walmart": "Wa",
    "woocommerce": "Wo",
    "zoho": "Zo",
}
COLOURS = ["#c0392b", "#1f6fb2", "#d98200", "#2e7d32", "#6a3fa0", "#00838f", "#ad1457", "#455a64"]


def square(draw: ImageDraw.ImageDraw, side: int, colour: str) -> None:
    draw.rounded_rectangle((4, 4, side - 4, side - 4), side // 6, fill=colour)


def circle(draw: ImageDraw.ImageDraw, side: int, colour: str) -> None:
    draw.ellipse((4, 4, side - 4, side - 4), fill=colour)


def hexagon(draw: ImageDraw.ImageDraw, side: int, colour: str) -> None:
    draw.regular_polygon((side // 2, side // 2, side // 2 - 2), 6, rotation=30, fill=colour)


def shield(draw: ImageDraw.ImageDraw, side: int, colour: str) -> None:
    draw.polygon(
        [
            (side * x // 100, side * y // 100)
            for x, y in ((6, 8), (94, 8), (94, 58), (80, 80), (50, 98), (20, 80), (6, 58))
        ],
        fill=colour,
    )


def bag(draw: ImageDraw.ImageDraw, side: int, colour: str) -> None:
    draw.arc((side * 30 // 100, 4, side * 70 // 100, side * 52 // 100), 180, 360, fill=colour, width=side // 14)
    draw.rounded_rectangle((side * 6 // 100, side * 24 // 100, side * 94 // 100, side - 4), side // 10, fill=colour)


def house(draw: ImageDraw.ImageDraw, side: int, colour: str) -> None:
    stripe = side * 88 // 100 // 6
    left = side * 6 // 100
    top = side * 4 // 100
    low = side * 28 // 100
    draw.rectangle((left, low, left + 6 * stripe, side - 6), fill=colour)
    for number in range(6):
        box = (left + number * stripe, top, left + (number + 1) * stripe, low + stripe // 2)
        draw.rounded_rectangle(box, stripe // 2, fill=colour, outline="white", width=side // 64)


SHAPES = {
    square: 50,
    circle: 50,
    hexagon: 50,
    shield: 46,
    bag: 61,
    house: 65,
}
"""The shapes, and how far down their middle is, in percent."""


def draw(letters: str, colour: str, shape) -> Image.Image:
    side = SIZE * SCALE
    image = Image.new("RGBA", (side, side), (255, 255, 255, 0))
    canvas = ImageDraw.Draw(image)
    shape(canvas, side, colour)
    font = ImageFont.truetype(FONT, side * (42 if len(letters) < 3 else 31) // 100)
    canvas.text((side // 2, side * SHAPES[shape] // 100), letters, font=font, fill="white", anchor="mm")
    return image.resize((SIZE, SIZE), Image.Resampling.LANCZOS).quantize(64, Image.Quantize.FASTOCTREE)


def main() -> int:
    shapes = list(SHAPES)
    for number, name in enumerate(sorted(LETTERS)):
        turn, place = divmod(number, len(COLOURS))
        shape = shapes[(2 * place + turn) % len(shapes)]
        draw(LETTERS[name], COLOURS[place], shape).save(FOLDER / f"{name}.png", optimize=True)
    say(f"{len(LETTERS)} pictures in {FOLDER.relative_to(ROOT)}")
    return 0


if __name__ == "__main__":
    run_command(main)
