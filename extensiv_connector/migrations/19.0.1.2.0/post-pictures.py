import base64
import hashlib

from odoo import SUPERUSER_ID, api
from odoo.tools import file_open

# What the catalogue was installed with before, by SHA-1: a picture that a person chose is none of them, and stays.
BEFORE = {
    "1shoppingcart": "f4157770bce059afc554c3e0021652ee006ba8e6",
    "3dcart": "c95c140fe97a758b5b2577519af2d575708cd07e",
    "amazon": "96ba01a62b20cb6f3137b7beb23e7f2785bda1ba",
    "amazondf": "1e49c67076e52ec2924332465f5a14e02e946d43",
    "amazonvendor": "e82e689ffe2372433a400190b062b9bb7484211d",
    "apiaccess": "fa87f1a1e50fb736a81f1dfa5045517e33e1285d",
    "apparelmagic": "80dd9fed362f127f5b5d3beab0b2fff8d71583e3",
    "aspdotnetstorefront": "7c69e00889a92dbefe98db3d467ed419760c5c32",
    "bestbuycanada": "2080adbabc44eb5747f34edaa060a2fc19313fc7",
    "bigcommerce": "4c6db9452e42eb479d9b84af3a0658484c647627",
    "bluecherry": "97c784de562a91e14ae4f3b768400e0eb7903c51",
    "brightsites": "00ac15888dcf7cdb7624df6898d029567a564888",
    "centra": "f7f234c2fd3583f29370d079234c36a02b612d42",
    "channeladvisor": "8b2bdee0925ad2124182bdb740d37ddec4d0232d",
    "cin7": "5bb76268404b0f1b8c126929ab60f4c0354fde65",
    "clickbank": "6d93fb6826ece0be53510f0d768d51299d899667",
    "commercehub": "3405d3e4b1fc57bab7a9d81fa5b95dca4c7817e8",
    "cratejoy": "304bbcf94a49806f63172a4d6811b25ec7bbb772",
    "cscart": "af94ea071b911e55eef06da390cb7f7240a4589c",
    "csvcart": "7bdca061b3c46b03874844c949c174605254c2b7",
    "dearsystems": "3bcb299a468bd09e3597e907ccd8ff27abdfe44f",
    "dsco": "94b391ac5483715d33b589051a83ba26d90c00dd",
    "ebay": "1b04f90fa4752111964ae0948bbad1a8433bdb43",
    "ecwid": "b532f3438943de63089e1f171c11f04150737a45",
    "etsy": "3fb84cffdb2aededc50f9fb4e998a226fc856392",
    "faire": "c1dfd63dc4a8488eda875354fa63ac733d05c717",
    "goldbelly": "ed958f5dad70f509a9273edbc6d6ac821b0495ab",
    "google": "d5f20adc98a2e007c5b738c99f61a0d079a0dfeb",
    "groupon": "d85093df82233a25ce10dc6e707bd3d9e7fc4782",
    "houzz": "0dbe18fc693eedd0d01f51f9c332d26e4f0e4b45",
    "infusionsoft": "46d408cb37ae56c854966631305fec1f720dbdf1",
    "joor": "c5e59c52d1af76c330f711615925310c3eec8df4",
    "lightspeed": "df5e3052ca8b39c6fec37f698e51f7aab18420be",
    "linnworks": "7217a1d07923ed7f3bef8ab11141a5f352f57b42",
    "magento1": "f7ebcb7369a867379e948c59b09d64028b7944ba",
    "magento2": "546c1b9090b97c743bdac2434ed8380169ad0d97",
    "neto": "149ea3d23731a5ac1ebb1314b5c4b8f7a2dd40d0",
    "netsuite": "bf0821cf679e6b77a896c7eda16190d0558eadb9",
    "nexternal": "90aa4921c1f2ffb16048573d9503db05b4e5044b",
    "opencart": "d48919070a80d103adb9b4a8dda2631693c19d9b",
    "ordermanager": "ea4d3cb8224caee4200d78368f76ec96ff162d92",
    "paypal": "0db92c088556b3b8fc7e6c4a6aa313e31b6de7d0",
    "salesforce": "00baca8dadafe7264c551fe21c9757f14c111184",
    "shipstation": "8ff494daa41e79fb118e202322b66725689ccada",
    "shopify": "ac908adcbbdd884828440211c220407c4344c815",
    "walmart": "4fb96a3c100cf1ba05ec3d1df75557ea363327ed",
    "woocommerce": "73f137651a909c55619e103d430d680a271108d3",
    "zoho": "08b47290d27e318223d476e5586b202526b7f4fc",
}


def migrate(cr, version):
    """Give the kinds of carts their new pictures, of which no two look alike."""
    env = api.Environment(cr, SUPERUSER_ID, {})
    for name, before in BEFORE.items():
        cart_type = env.ref(f"extensiv_connector.cart_type_{name}", raise_if_not_found=False)
        if cart_type and hashlib.sha1(base64.b64decode(cart_type.image_128 or b"")).hexdigest() == before:
            with file_open(f"extensiv_connector/static/img/carts/{name}.png", "rb") as picture:
                cart_type.image_128 = base64.b64encode(picture.read())
